//! Servers that break the protocol, encrypted connections that do not come about, connections that
//! never open: the class of each, for every library. What plain HTTP/1.1 servers do wrong is in
//! `failures.rs`, what no server has done wrong in `unreachable.rs`.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use rustix::net::{AddressFamily, SocketType};

use super::failures::{answer, body, misbehaving, reset, stall};
use super::unreachable::server;
use super::*;
use crate::strategy::Protocol;
use crate::tls::Identity;

/// Long enough for a healthy exchange on a machine under load, short enough to wait for.
const TIMEOUT: Duration = Duration::from_millis(300);

/// Two requests with every library that speaks this protocol: both fail with this class, and the
/// chain says something.
fn fails(
    protocol: Protocol,
    ready: &ServerReady,
    timeout: Option<Duration>,
    class: impl Fn(&str) -> &'static str,
) {
    let tls = ready.certificate.is_some();
    let scenario = Scenario { tls, ..scenario(2, fixed_ms(0)) };
    for &library in library::ALL.iter().filter(|l| l.protocols.contains(&protocol)) {
        let wanted = wanted(library, protocol, Reuse::Session);
        let mut strategy = Strategy::new(wanted).expect("valid");
        strategy.timeout_ns = timeout.map(|t| t.as_nanos() as u64);
        let config = ClientConfig::of(&scenario, &strategy, ready);
        let report = run(&config).expect("a report");
        let chain = report.first_error.unwrap_or_default();
        let errors: Vec<_> = report.errors.into_iter().collect();
        assert_eq!(errors, [(class(library.name).to_owned(), 2)], "{}: {chain}", library.name);
        assert!(!chain.is_empty(), "{}", library.name);
    }
}

fn plain(addr: SocketAddr) -> ServerReady {
    ServerReady::at(addr)
}

/// A server that the client trusts, under this name.
fn encrypted(addr: SocketAddr, name: &str) -> (ServerReady, Identity) {
    let identity = Identity::new(vec![name.to_owned()]).expect("a certificate");
    let certificate = Some(identity.certificate().to_vec());
    (ServerReady { certificate, ..ServerReady::at(addr) }, identity)
}

#[test]
fn the_head_ends_early() {
    let half = |mut s: TcpStream, _| drop(s.write_all(b"HTTP/1.1 200 OK\r\nInfl"));
    fails(Protocol::Http1, &plain(misbehaving(half)), None, |_| "closed");
}

#[test]
fn a_chunk_has_no_length() {
    let bad = |mut s: TcpStream, _| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n";
        drop(s.write_all(head));
        drop(s.shutdown(Shutdown::Write));
        drop(s.read(&mut [0; 64]));
    };
    fails(Protocol::Http1, &plain(misbehaving(bad)), None, |_| "parse");
}

#[test]
fn the_last_chunk_does_not_come() {
    let half = |mut s: TcpStream, _| {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
        drop(s.write_all(head));
    };
    fails(Protocol::Http1, &plain(misbehaving(half)), None, |_| "truncated");
}

#[test]
fn the_connection_is_cut_within_the_body() {
    let cut = |s: TcpStream, index| {
        let copy = s.try_clone().expect("a socket");
        answer(s, index, BODY_BYTES, &body()[..100]);
        // The client is to have read what was sent: a reset throws the rest away.
        std::thread::sleep(Duration::from_millis(100));
        reset(copy);
    };
    // ureq takes a reset within a body for the body's end, and does not tell.
    let class = |client: &str| if client == "ureq" { "truncated" } else { "reset" };
    fails(Protocol::Http1, &plain(misbehaving(cut)), None, class);
}

#[test]
fn the_connection_is_cut_on_acceptance() {
    fails(Protocol::Http1, &plain(server(reset)), None, |_| "reset");
}

#[test]
fn the_certificate_is_for_another_name() {
    let (ready, identity) = encrypted(SocketAddr::from(([127, 0, 0, 1], 0)), "elsewhere.test");
    let config = identity.server(true).expect("a configuration");
    let shake = move |mut stream: TcpStream, config: &Arc<rustls::ServerConfig>| {
        let mut session = rustls::ServerConnection::new(config.clone()).expect("a session");
        drop(session.complete_io(&mut stream));
    };
    // A server for every library would be as good; the sessions are its own.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let config = config.clone();
            std::thread::spawn(move || shake(stream, &config));
        }
    });
    fails(Protocol::Http1, &ServerReady { addr, ..ready }, None, |_| "tls");
}

#[test]
fn the_connection_is_closed_in_the_handshake() {
    let close = |mut stream: TcpStream| {
        drop(stream.read(&mut [0; 512]));
        drop(stream.shutdown(Shutdown::Both));
    };
    let (ready, _) = encrypted(server(close), "127.0.0.1");
    fails(Protocol::Http1, &ready, None, |_| "closed");
}

#[test]
fn the_handshake_does_not_come() {
    let (ready, _) = encrypted(server(stall), "127.0.0.1");
    fails(Protocol::Http1, &ready, Some(TIMEOUT), |client| match client {
        "hyper" => "timeout(tls)",
        // Their timeouts do not say what they have waited for.
        _ => "timeout(head)",
    });
}

/// Nobody accepts, and the queue of those who wait is full: a connection is never opened.
#[test]
fn the_connection_is_never_opened() {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("one");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    rustix::net::bind(&socket, &any).expect("a port");
    rustix::net::listen(&socket, 0).expect("a queue");
    let addr = std::net::TcpListener::from(socket);
    let at = addr.local_addr().expect("an address");
    // The queue holds one more than its length; the others keep trying.
    let _waiting: Vec<_> =
        (0..4).map(|_| TcpStream::connect_timeout(&at, Duration::from_millis(50))).collect();
    fails(Protocol::Http1, &plain(at), Some(TIMEOUT), |client| match client {
        "hyper" | "ureq" => "timeout(connect)",
        // Its timeout of a whole request does not say what it has waited for.
        _ => "timeout(head)",
    });
    drop(addr);
}

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
}

const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const INTERNAL_ERROR: [u8; 4] = [0, 0, 0, 2];

/// Speaks HTTP/2 by hand: settings, then this frame for each request's head.
fn http2(each: impl Fn(u32) -> Vec<u8> + Copy + Send + 'static) -> SocketAddr {
    server(move |mut stream: TcpStream| {
        let mut preface = [0; 24];
        let mut head = [0; 9];
        let _ = stream
            .read_exact(&mut preface)
            .and_then(|()| stream.write_all(&frame(SETTINGS, 0, &[])));
        while stream.read_exact(&mut head).is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let read = stream.read_exact(&mut vec![0; length]);
            // Type 1 is a request's head.
            if read.is_err() || (head[3] == 1 && stream.write_all(&each(id)).is_err()) {
                return;
            }
        }
    })
}

#[test]
fn a_stream_is_given_up() {
    let addr = http2(|id| frame(RST_STREAM, id, &INTERNAL_ERROR));
    fails(Protocol::Http2, &plain(addr), None, |_| "h2_reset");
}

#[test]
fn a_connection_is_given_up() {
    let last_stream_and_reason = [[0; 4], INTERNAL_ERROR].concat();
    let payload: [u8; 8] = last_stream_and_reason.try_into().expect("eight bytes");
    let addr = http2(move |_| frame(GOAWAY, 0, &payload));
    fails(Protocol::Http2, &plain(addr), None, |_| "h2_goaway");
}

#[test]
fn a_frame_is_too_long() {
    let addr = http2(|id| frame(0, id, &[0; 20_000]));
    fails(Protocol::Http2, &plain(addr), None, |_| "parse");
}

#[test]
fn http2_is_asked_of_a_server_that_has_only_http1() {
    let old = server(|mut s: TcpStream| {
        drop(s.read(&mut [0; 64]));
        drop(s.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"));
        // To the client's end: closing with bytes unread would be a reset.
        drop(std::io::copy(&mut s, &mut std::io::sink()));
    });
    fails(Protocol::Http2, &plain(old), None, |_| "parse");
}
