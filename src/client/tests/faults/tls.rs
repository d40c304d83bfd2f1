//! Servers of TLS. What is within it is HTTP/1.1; a handshake comes before either version.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use rustls::{ServerConfig as Tls, ServerConnection, StreamOwned};

use super::server::{answer, answer_well, body, let_it_read, read_request, reset, server, stall};
use super::*;
use crate::tls::Identity;

const RECEIVE: Phase = Phase::Receive;

pub(super) fn cases() -> Vec<Case> {
    [handshakes(), versions(), bodies()].into_iter().flatten().collect()
}

/// No session comes about.
fn handshakes() -> Vec<Case> {
    vec![
        Case::new("the certificate is for another name", BOTH, elsewhere, no_session()),
        Case::new("the certificate is not trusted", BOTH, untrusted, no_session()),
        Case::new(
            "what answers is not TLS",
            BOTH,
            || {
                trusted(server(|mut stream: TcpStream| {
                    let _ = stream.write_all(b"220 what do you want?\r\n");
                    stall(stream);
                }))
            },
            no_session(),
        ),
        Case::new(
            "the handshake is answered by an alert",
            BOTH,
            || {
                greeted(|mut stream| {
                    let _ = stream.write_all(&HANDSHAKE_FAILURE);
                    stall(stream);
                })
            },
            no_session(),
        ),
        Case::new(
            "the connection is closed in the handshake",
            BOTH,
            || greeted(|stream| drop(stream.shutdown(Shutdown::Both))),
            fails("closed").in_phase(Phase::Tls),
        ),
        Case::new(
            "the connection is cut in the handshake",
            BOTH,
            || greeted(reset),
            fails("reset").in_phase(Phase::Tls).errno(&[libc::ECONNRESET]),
        ),
        Case::new(
            "the handshake does not come",
            BOTH,
            || greeted(stall),
            fails("timeout(tls)").in_phase(Phase::Tls),
        )
        .in_time(),
        Case::new(
            "the certificate is not trusted, and requests have a body",
            BOTH,
            untrusted,
            no_session(),
        )
        .with(|scenario| Scenario { upload_bytes: 20_000, ..scenario }),
    ]
}

/// Both sides have to mean the same version of HTTP.
fn versions() -> Vec<Case> {
    vec![
        Case::new(
            "TLS agrees on HTTP/1.1 alone",
            HTTP2,
            || offering(&[b"http/1.1"], answer_well),
            no_session(),
        ),
        Case::new(
            "TLS agrees on no version of HTTP",
            HTTP2,
            || offering(&[], answer_well),
            // There is a session, which nobody takes a request over.
            fails("tls").in_phase(Phase::Stream),
        )
        .unlike(&["reqwest", "reqwest-blocking"], FINE, "reqwest then speaks HTTP/1.1"),
    ]
}

/// There is a session, and it ends within the body of an answer.
fn bodies() -> Vec<Case> {
    vec![
        Case::new(
            "the connection is closed within the encrypted body, with notice",
            HTTP1,
            || {
                encrypted(|mut stream, index| {
                    half(&mut stream, index);
                    stream.conn.send_close_notify();
                    let _ = stream.flush();
                })
            },
            fails("truncated").in_phase(RECEIVE),
        ),
        Case::new(
            "the connection is closed within the encrypted body, without notice",
            HTTP1,
            || encrypted(|mut stream, index| half(&mut stream, index)),
            fails("truncated").in_phase(RECEIVE),
        ),
        Case::new(
            "the connection is cut within the encrypted body",
            HTTP1,
            || {
                encrypted(|mut stream, index| {
                    half(&mut stream, index);
                    let_it_read();
                    reset(stream.sock);
                })
            },
            fails("reset").in_phase(RECEIVE).errno(&[libc::ECONNRESET]),
        )
        .unlike(&["ureq"], fails("truncated").in_phase(RECEIVE), NO_RESET),
        Case::new(
            "a record of the encrypted body is damaged",
            HTTP1,
            || {
                encrypted(|mut stream, index| {
                    half(&mut stream, index);
                    let_it_read();
                    let _ = stream.sock.write_all(&DAMAGED);
                    stall(stream.sock);
                })
            },
            fails("tls").in_phase(RECEIVE),
        ),
        Case::new(
            "the encrypted body does not come to its end",
            HTTP1,
            || {
                encrypted(|mut stream, index| {
                    half(&mut stream, index);
                    stall(stream.sock);
                })
            },
            fails("timeout(body)").in_phase(RECEIVE),
        )
        .in_time(),
    ]
}

const fn no_session() -> Said {
    fails("tls").in_phase(Phase::Tls)
}

/// A fatal alert, `handshake_failure` (RFC 8446, sections 5.1 and 6).
const HANDSHAKE_FAILURE: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];

/// A record of application data with 32 bytes that nobody has encrypted.
const DAMAGED: [u8; 37] = {
    let mut record = [0xa5; 37];
    (record[0], record[1], record[2], record[3], record[4]) = (23, 3, 3, 0, 32);
    record
};

/// An encrypted connection.
type Stream = StreamOwned<ServerConnection, TcpStream>;

fn identity(name: &str) -> Identity {
    Identity::new(vec![name.to_owned()]).expect("a certificate")
}

/// A server here, with the certificate that its client trusts.
fn with_certificate(addr: SocketAddr, identity: &Identity) -> Faulty {
    let certificate = Some(identity.certificate().to_vec());
    Faulty::ready(ServerReady { certificate, ..ServerReady::at(addr) })
}

/// A server here whose client trusts a certificate that it may not use.
fn trusted(addr: SocketAddr) -> Faulty {
    with_certificate(addr, &identity("127.0.0.1"))
}

/// A server that does this when it has read the first message of a handshake.
fn greeted(then: fn(TcpStream)) -> Faulty {
    trusted(server(move |mut stream: TcpStream| {
        let mut header = [0; 5];
        let hello = stream.read_exact(&mut header).and_then(|()| {
            stream.read_exact(&mut vec![0; u16::from_be_bytes([header[3], header[4]]).into()])
        });
        if hello.is_ok() {
            then(stream);
        }
    }))
}

/// Shakes hands as it should, and does this with the first request.
fn shaking(config: Arc<Tls>, then: fn(Stream, u32)) -> SocketAddr {
    server(move |stream| {
        let session = ServerConnection::new(Arc::clone(&config)).expect("a session");
        let mut stream = StreamOwned::new(session, stream);
        if let Some(index) = read_request(&mut stream) {
            then(stream, index);
        } else {
            // An alert, if there is one, is on its way.
            let _ = stream.sock.shutdown(Shutdown::Write);
            stall(stream.sock);
        }
    })
}

fn config(identity: &Identity) -> Arc<Tls> {
    identity.server(true).expect("a configuration")
}

fn elsewhere() -> Faulty {
    let identity = identity("elsewhere.test");
    with_certificate(shaking(config(&identity), |_, _| {}), &identity)
}

fn untrusted() -> Faulty {
    trusted(shaking(config(&identity("127.0.0.1")), |_, _| {}))
}

fn encrypted(then: fn(Stream, u32)) -> Faulty {
    let identity = identity("127.0.0.1");
    with_certificate(shaking(config(&identity), then), &identity)
}

/// A server that offers these versions of HTTP over TLS.
fn offering(versions: &[&[u8]], then: fn(Stream, u32)) -> Faulty {
    let identity = identity("127.0.0.1");
    let mut config = Arc::unwrap_or_clone(config(&identity));
    config.alpn_protocols = versions.iter().map(|version| version.to_vec()).collect();
    with_certificate(shaking(Arc::new(config), then), &identity)
}

/// The beginning of an answer.
fn half(stream: &mut Stream, index: u32) {
    answer(stream, index, BODY_BYTES, &body()[..100]);
}
