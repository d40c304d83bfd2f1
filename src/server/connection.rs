//! A connection from its acceptance to its end: pauses, encryption, version of HTTP.

use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{HttpService, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::HandshakeKind;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use super::Shared;
use super::answer::answer;
use super::body::AnswerBody;
use super::ledger::Handshake;
use super::pause::pause;
use super::preface::{self, Version};
use crate::protocol::{Pause, TlsTerms};
use crate::timer::Moment;
use crate::tls::{Identity, TlsError};

/// Bytes of uploads that an HTTP/2 client may send before it hears more: the most that the protocol
/// has. Bodies are read as they come, so the window holds no memory; and a smaller one would be a
/// limit of its own (a window of 1 MiB, hyper's default, is 66 MB/s at a round trip of 15 ms). What
/// the client's own windows do to answers is the client's doing.
const WINDOW_BYTES: u32 = (1 << 31) - 1;

/// Bodies up to this size are copied behind their heads, and written with them from one piece of memory:
/// cheaper than having the system gather two, and every connection keeps that much.
const COPIED_BYTES: usize = 4 * 1024;

/// The name of HTTP/2 in ALPN.
const ALPN_HTTP2: &[u8] = b"h2";

/// Encryption of connections.
#[derive(Debug)]
pub(super) struct Tls {
    config: Arc<rustls::ServerConfig>,
    handshake_delay_ns: u64,
}

impl Tls {
    pub(super) fn new(terms: &TlsTerms, identity: &Identity) -> Result<Tls, TlsError> {
        let config = identity.server(terms.resumption)?;
        Ok(Tls { config, handshake_delay_ns: terms.handshake_delay_ns })
    }
}

/// Serves a connection until its end, whoever ends it.
pub(super) async fn serve(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    // It fails only for a connection that is gone, and reading from it will tell.
    let _ = stream.set_nodelay(true);
    pause(&shared, Pause::Connect, Moment::now(), shared.connect_delay_ns).await;
    // Only what an unencrypted HTTP/1.1 connection needs is in this future itself: the others would
    // make it several times as large, for each connection that is spawned.
    if shared.tls.is_some() {
        return Box::pin(serve_encrypted(stream, connection, shared)).await;
    }
    // A connection that ends without a word had no request.
    let Ok((version, stream)) = preface::read(stream).await else { return };
    match version {
        Version::Http1 => serve_http1(stream, connection, shared).await,
        Version::Http2 => Box::pin(serve_http2(stream, connection, shared)).await,
    }
}

async fn serve_encrypted(stream: TcpStream, connection: usize, shared: Arc<Shared>) {
    let Some(tls) = &shared.tls else { return };
    pause(&shared, Pause::Handshake, Moment::now(), tls.handshake_delay_ns).await;
    let Ok(stream) = TlsAcceptor::from(tls.config.clone()).accept(stream).await else {
        return shared.ledger.shook_hands(Handshake::Failed);
    };
    let session = stream.get_ref().1;
    let resumed = session.handshake_kind() == Some(HandshakeKind::Resumed);
    shared.ledger.shook_hands(if resumed { Handshake::Resumed } else { Handshake::Full });
    // A client that asks for no version speaks the one from before there was a choice.
    if session.alpn_protocol() == Some(ALPN_HTTP2) {
        serve_http2(stream, connection, shared).await;
    } else {
        serve_http1(stream, connection, shared).await;
    }
}

async fn serve_http1<S>(stream: S, connection: usize, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // An error is the peer's end of the connection, which the client's record explains better.
    let _ = http1::Builder::new()
        .header_read_timeout(None)
        .keep_alive(true)
        .writev(shared.body_bytes > COPIED_BYTES)
        // An answer is a function of seed and index; its date would be one more difference.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service(connection, shared))
        .await;
}

async fn serve_http2<S>(stream: S, connection: usize, shared: Arc<Shared>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // As above.
    let _ = http2::Builder::new(TokioExecutor::new())
        .max_concurrent_streams(shared.streams)
        .initial_stream_window_size(WINDOW_BYTES)
        .initial_connection_window_size(WINDOW_BYTES)
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service(connection, shared))
        .await;
}

fn service(
    connection: usize,
    shared: Arc<Shared>,
) -> impl HttpService<
    Incoming,
    ResBody = AnswerBody,
    Error = Infallible,
    Future: Future<Output = Result<Response<AnswerBody>, Infallible>> + Send + 'static,
> {
    service_fn(move |request: Request<Incoming>| {
        let start = Moment::now();
        answer(shared.clone(), connection, request, start)
    })
}
