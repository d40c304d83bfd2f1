//! Servers that misbehave.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use super::super::*;

/// A server's treatment of a connection on which a request has come in.
pub(in crate::client::tests) type Behaviour = fn(TcpStream, u32);

/// A server that does this with every connection, until the test process ends.
pub(super) fn server(each: impl Fn(TcpStream) + Clone + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let each = each.clone();
            std::thread::spawn(move || each(stream));
        }
    });
    addr
}

/// A server that does this when it has read a request of HTTP/1.1.
pub(in crate::client::tests) fn misbehaving(behaviour: Behaviour) -> SocketAddr {
    server(move |mut stream| {
        if let Some(index) = read_request(&mut stream) {
            behaviour(stream, index);
        }
    })
}

/// Reads the head of a request; gives the index that it asks for.
pub(in crate::client::tests) fn read_request(stream: &mut impl Read) -> Option<u32> {
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            n => head.extend_from_slice(&buffer[..n]),
        }
    }
    let head = String::from_utf8(head).ok()?;
    head.strip_prefix("GET /")?.split([' ', '?']).next()?.parse().ok()
}

/// The right body.
pub(in crate::client::tests) fn body() -> Vec<u8> {
    crate::payload::pattern(SEED, BODY_BYTES as usize).to_vec()
}

/// Answers a request, with this length said and this body, as the last one of its connection.
pub(in crate::client::tests) fn answer(stream: impl Write, index: u32, length: u64, body: &[u8]) {
    write_answer(stream, index, "Connection: close\r\n", length, body);
}

/// Answers a request as it should, and the connection may be kept.
pub(super) fn answer_well(stream: impl Write, index: u32) {
    write_answer(stream, index, "", BODY_BYTES, &body());
}

/// Answers a request, with these lines in the head.
pub(super) fn write_answer(
    mut stream: impl Write,
    index: u32,
    lines: &str,
    length: u64,
    body: &[u8],
) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nInflight-Index: {index}\r\nContent-Length: {length}\r\n{lines}\r\n"
    );
    let answer = [head.as_bytes(), body].concat();
    // The client may be gone already.
    let _ = stream.write_all(&answer).and_then(|()| stream.flush());
}

/// Answers with nothing but a status.
pub(super) fn status(mut stream: impl Write, line: &str) {
    let text = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    let _ = stream.write_all(text.as_bytes());
}

/// Cuts the connection: closing at once with no linger sends RST.
pub(in crate::client::tests) fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("a socket");
}

/// Says no more, until the client has closed.
pub(in crate::client::tests) fn stall(mut stream: TcpStream) {
    let _ = std::io::copy(&mut stream, &mut std::io::sink());
}

/// Fate of a connection after a request.
#[derive(Clone, Copy)]
pub(super) enum After {
    /// It is kept.
    Goes,
    Closes,
    Cuts,
}

impl After {
    pub(super) fn end(self, stream: TcpStream) {
        match self {
            After::Cuts => reset(stream),
            After::Goes | After::Closes => {
                // With bytes unread, closing would be a reset.
                let _ = stream.shutdown(Shutdown::Write);
                stall(stream);
            }
        }
    }
}

/// Waits until a client has read what was sent: a reset throws the rest away.
pub(super) fn let_it_read() {
    std::thread::sleep(Duration::from_millis(150));
}
