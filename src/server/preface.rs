//! Which version of HTTP a client speaks on a connection that is not encrypted.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// First bytes of HTTP/2, and of nothing else: `PRI` is a method that HTTP/1.1 will never have (RFC
/// 9113, section 3.4).
const HTTP2: &[u8] = b"PRI ";

/// Bytes that are read first. The head of most requests fits; the rest of a longer one comes later.
const FIRST_BYTES: usize = 1_024;

/// A version of HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Version {
    Http1,
    Http2,
}

/// Waits for the first bytes of a connection. They can be read again from what is returned.
///
/// Not `hyper_util::server::conn::auto`: that asks the system for the 24 bytes of the preface, so
/// a connection of HTTP/1.1 costs one more call.
///
/// # Errors
///
/// If the connection ends before it tells.
pub(super) async fn read<S: AsyncRead + Unpin>(mut stream: S) -> io::Result<(Version, Rewound<S>)> {
    let mut first = BytesMut::with_capacity(FIRST_BYTES);
    loop {
        if stream.read_buf(&mut first).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        let version = if first.starts_with(HTTP2) {
            Version::Http2
        } else if HTTP2.starts_with(&first) {
            // `P` may begin `POST`.
            continue;
        } else {
            Version::Http1
        };
        return Ok((version, Rewound { first: first.freeze(), stream }));
    }
}

/// A connection whose first bytes are read once more.
#[derive(Debug)]
pub(super) struct Rewound<S> {
    first: Bytes,
    stream: S,
}

impl<S: AsyncRead + Unpin> AsyncRead for Rewound<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.stream).poll_read(context, buffer);
        }
        let length = self.first.len().min(buffer.remaining());
        buffer.put_slice(&self.first[..length]);
        self.first.advance(length);
        if self.first.is_empty() {
            // A connection may stay open for long; its beginning is no longer needed.
            self.first = Bytes::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Rewound<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::AsyncWriteExt;

    use super::*;

    /// The version read from bytes that come in these pieces, and the text that is read afterwards.
    fn told(pieces: &'static [&'static str]) -> io::Result<(Version, String)> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let (mut client, server) = tokio::io::duplex(64);
            tokio::spawn(async move {
                for piece in pieces {
                    client.write_all(piece.as_bytes()).await.unwrap();
                    tokio::task::yield_now().await;
                }
            });
            let (version, mut stream) = read(server).await?;
            let mut text = String::new();
            stream.read_to_string(&mut text).await?;
            Ok((version, text))
        })
    }

    #[test]
    fn the_first_bytes_tell_and_are_not_lost() {
        for (pieces, version) in [
            (&["GET / HTTP/1.1\r\n"][..], Version::Http1),
            (&["P", "O", "ST / HTTP/1.1\r\n"], Version::Http1),
            (&["PR", "OPFIND / HTTP/1.1\r\n"], Version::Http1),
            (&["PRI * HTTP/2.0\r\n", "\r\nSM\r\n\r\n"], Version::Http2),
            (&["P", "R", "I", " ", "* HTTP/2.0\r\n\r\nSM\r\n\r\n"], Version::Http2),
            (&["\0"], Version::Http1),
        ] {
            assert_eq!(told(pieces).unwrap(), (version, pieces.concat()));
        }
    }

    #[test]
    fn an_early_end_tells_nothing() {
        for pieces in [&[][..], &["PR"]] {
            assert_eq!(told(pieces).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
