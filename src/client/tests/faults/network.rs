//! Faults before there is a connection.

use std::io::Read;
use std::net::{TcpListener, TcpStream, UdpSocket};

use rustix::net::{AddressFamily, SocketType};

use super::server::{let_it_read, reset, server};
use super::*;

pub(super) fn cases() -> Vec<Case> {
    [names(), connections(), uploads(), shared()].into_iter().flatten().collect()
}

/// The name of the host.
fn names() -> Vec<Case> {
    vec![
        Case::new("the name has no address", BOTH, one_name, fails("dns").in_phase(Phase::Dns))
            // The name server knows the first of these two hosts.
            .with(|scenario| Scenario { targets: 2, ..scenario })
            .to(is_odd),
        Case::new(
            "the name server refuses to answer",
            BOTH,
            || names_with(Some(SERVER_FAILURE)),
            fails("dns").in_phase(Phase::Dns),
        ),
        Case::new(
            "there is no name server",
            BOTH,
            || {
                let port = UdpSocket::bind("127.0.0.1:0").expect("a port");
                let nobody = port.local_addr().expect("an address");
                Faulty::ready(ServerReady { dns: Some(nobody), ..ServerReady::at(nobody) })
            },
            fails("refused").in_phase(Phase::Dns).errno(&[libc::ECONNREFUSED]),
        ),
        Case::new(
            "the name server does not answer",
            BOTH,
            || names_with(None),
            fails("timeout(dns)").in_phase(Phase::Dns),
        ),
        Case::new(
            "the name server does not answer in the time of the request",
            BOTH,
            || names_with(None),
            fails("timeout(dns)").in_phase(Phase::Dns),
        )
        .in_time(),
    ]
}

/// Its connection.
fn connections() -> Vec<Case> {
    vec![
        Case::new(
            "nobody listens",
            BOTH,
            nobody,
            fails("refused").in_phase(Phase::Connect).errno(&[libc::ECONNREFUSED]),
        ),
        Case::new(
            "the connection is never opened",
            BOTH,
            full,
            fails("timeout(connect)").in_phase(Phase::Connect),
        )
        .in_time(),
        Case::new(
            "the connection is cut as it is accepted",
            HTTP1,
            || Faulty::at(server(reset)),
            // Whether the request was written or not.
            fails("reset").errno(&[libc::ECONNRESET, libc::EPIPE]),
        ),
        Case::new(
            "the connection is cut as it is accepted",
            HTTP2,
            || Faulty::at(server(reset)),
            fails("reset").errno(&[libc::ECONNRESET, libc::EPIPE]),
        )
        .with(one)
        .unlike(
            &["reqwest", "reqwest-blocking"],
            fails("reset").or("closed").errno(&[libc::ECONNRESET]),
            "of a write that fails, h2 tells requests no more than that the connection has ended",
        ),
    ]
}

/// Adds a body that clients send in pieces, while another thread may make the request.
fn with_body(scenario: Scenario) -> Scenario {
    Scenario { upload_bytes: 20_000, ..scenario }
}

/// Faults before a request with a body is sent.
fn uploads() -> Vec<Case> {
    vec![
        Case::new(
            "nobody listens, and requests have a body",
            BOTH,
            nobody,
            fails("refused").in_phase(Phase::Connect).errno(&[libc::ECONNREFUSED]),
        )
        .with(with_body),
        Case::new(
            "the name has no address, and requests have a body",
            BOTH,
            || names_with(Some(NO_SUCH_NAME)),
            fails("dns").in_phase(Phase::Dns),
        )
        .with(with_body),
        Case::new(
            "the connection is never opened, and requests have a body",
            BOTH,
            full,
            fails("timeout(connect)").in_phase(Phase::Connect),
        )
        .with(with_body)
        .in_time(),
        Case::new(
            "the connection is cut within the body of a request",
            HTTP1,
            || {
                Faulty::at(server(|mut stream: TcpStream| {
                    let _ = stream.read_exact(&mut [0; 16_384]);
                    let_it_read();
                    reset(stream);
                }))
            },
            fails("reset").errno(&[libc::ECONNRESET, libc::EPIPE]),
        )
        // More than what the system and the libraries keep on the way.
        .with(|scenario| Scenario { upload_bytes: 16_000_000, ..scenario })
        .unlike(
            &["reqwest-blocking"],
            fails("other"),
            "the blocking client of reqwest says that nobody takes the body any more, and drops the error itself",
        ),
    ]
}

/// Over HTTP/2, requests wait for the connection that one of them opens.
fn shared() -> Vec<Case> {
    vec![
        Case::new(
            "nobody listens, and four requests wait for one connection",
            HTTP2,
            nobody,
            fails("refused").errno(&[libc::ECONNREFUSED]),
        ),
        Case::new(
            "nobody listens, and four requests with a body wait for one connection",
            HTTP2,
            nobody,
            fails("refused").errno(&[libc::ECONNREFUSED]),
        )
        .with(with_body),
        Case::new(
            "the name has no address, and four requests wait for one connection",
            HTTP2,
            || names_with(Some(NO_SUCH_NAME)),
            fails("dns"),
        ),
        Case::new(
            "the connection is never opened, and four requests wait for it",
            HTTP2,
            full,
            fails("timeout(connect)"),
        )
        .in_time(),
        Case::new(
            "the connection is never opened, and the time of the request that opens it is over first",
            HTTP2,
            full,
            fails("timeout(connect)"),
        )
        .with(|scenario| Scenario { requests: 2, ..apart(scenario) })
        .in_time(),
    ]
}

/// The code of an answer that there is no such name.
const NO_SUCH_NAME: u8 = 3;

/// The code of an answer to a question that the name server could not find an answer to.
const SERVER_FAILURE: u8 = 2;

fn nobody() -> Faulty {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    Faulty::at(listener.local_addr().expect("an address"))
}

/// Nobody accepts, and the queue of those who wait is full.
fn full() -> Faulty {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("one");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    rustix::net::bind(&socket, &any).expect("a port");
    rustix::net::listen(&socket, 0).expect("a queue");
    let listener = TcpListener::from(socket);
    let at = listener.local_addr().expect("an address");
    // The queue holds one more than its length; the others keep trying.
    let waiting: Vec<_> =
        (0..4).map(|_| TcpStream::connect_timeout(&at, Duration::from_millis(50))).collect();
    Faulty::at(at).keeping((listener, waiting))
}

/// A delay server with names, which knows one host.
fn one_name() -> Faulty {
    let serving = Serving::with(ServerConfig::of(&Scenario {
        dns_delay_ns: Some(0),
        ..scenario(REQUESTS, fixed_ms(0))
    }));
    Faulty::ready(serving.ready.clone()).keeping(serving)
}

/// A name server that answers every question with this code (RFC 1035, section 4.1.1), or, without
/// one, not at all. There is no other server.
fn names_with(code: Option<u8>) -> Faulty {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let addr = socket.local_addr().expect("an address");
    let ready = ServerReady { dns: Some(addr), ..ServerReady::at(addr) };
    let Some(code) = code else { return Faulty::ready(ready).keeping(socket) };
    std::thread::spawn(move || {
        let mut packet = [0; 512];
        while let Ok((length, from)) = socket.recv_from(&mut packet) {
            // The question itself, marked as an answer.
            packet[2] |= 0x80;
            packet[3] = packet[3] & 0xf0 | code;
            let _ = socket.send_to(&packet[..length], from);
        }
    });
    Faulty::ready(ready)
}
