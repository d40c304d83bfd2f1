//! Servers that misbehave, and the class that each library's error gets.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use super::*;

/// What a server does with a connection on which a request has come in.
pub(super) type Behaviour = fn(TcpStream, u32);

/// A server that treats every connection alike; it goes on until the test process ends.
pub(super) fn misbehaving(behaviour: Behaviour) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                if let Some(index) = read_request(&mut stream) {
                    behaviour(stream, index);
                }
            });
        }
    });
    addr
}

pub(super) fn read_request(stream: &mut TcpStream) -> Option<u32> {
    let (mut head, mut buffer) = (Vec::new(), [0; 1024]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buffer).ok()? {
            0 => return None,
            n => head.extend_from_slice(&buffer[..n]),
        }
    }
    let head = String::from_utf8(head).ok()?;
    head.strip_prefix("GET /")?.split(' ').next()?.parse().ok()
}

pub(super) fn body() -> Vec<u8> {
    body::pattern(SEED, BODY_BYTES as usize).to_vec()
}

pub(super) fn answer(mut stream: TcpStream, index: u32, length: u64, body: &[u8]) {
    let head = format!(
        "HTTP/1.1 200 OK\r\nInflight-Index: {index}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n"
    );
    drop(stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)));
}

pub(super) fn reset(stream: TcpStream) {
    // Closing at once with no linger sends RST.
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).expect("a socket");
}

fn status(mut stream: TcpStream, line: &str) {
    let text = format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    drop(stream.write_all(text.as_bytes()));
}

pub(super) fn stall(stream: TcpStream) {
    std::thread::sleep(Duration::from_secs(20));
    drop(stream);
}

/// Four requests with every library: all fail with its class, and the trial has a report.
fn fails(server: SocketAddr, timeout: Option<Duration>, class: impl Fn(&str) -> &'static str) {
    for (model, client) in [
        ("threads", "ureq"),
        ("thread-pool", "reqwest-blocking"),
        ("async-workers", "reqwest"),
        ("async-workers", "hyper"),
    ] {
        let mut strategy = strategy(model, client, Reuse::Session, 2);
        strategy.timeout_ns = timeout.map(|t| t.as_nanos() as u64);
        let report = run(&config(server, strategy, 4, fixed_ms(0))).expect("a report");
        let chain = report.first_error.unwrap_or_default();
        let errors: Vec<_> = report.errors.into_iter().collect();
        assert_eq!(errors, [(class(client).to_owned(), 4)], "{client}: {chain}");
        assert!(!chain.is_empty() && report.ok == 0 && report.issued == 4, "{client}: {chain}");
        let mismatches = if class(client) == "body_mismatch" { 4 } else { 0 };
        assert_eq!(report.body_mismatches, mismatches, "{client}");
    }
}

#[test]
fn nobody_listens() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    drop(listener);
    fails(addr, None, |_| "refused");
}

#[test]
fn the_connection_is_cut() {
    fails(misbehaving(|stream, _| reset(stream)), None, |_| "reset");
}

#[test]
fn the_connection_is_closed_before_the_head() {
    fails(misbehaving(|stream, _| drop(stream.shutdown(Shutdown::Both))), None, |_| "closed");
}

#[test]
fn the_head_is_not_http() {
    let garbage: Behaviour = |mut stream, _| drop(stream.write_all(b"what do you want?\r\n\r\n"));
    fails(misbehaving(garbage), None, |_| "parse");
}

#[test]
fn the_head_does_not_come() {
    fails(misbehaving(|s, _| stall(s)), Some(Duration::from_millis(300)), |_| "timeout(head)");
}

#[test]
fn the_body_does_not_come() {
    let half: Behaviour = |stream, index| {
        let copy = stream.try_clone().expect("a socket");
        answer(stream, index, BODY_BYTES, &body()[..100]);
        stall(copy);
    };
    fails(misbehaving(half), Some(Duration::from_millis(300)), |_| "timeout(body)");
}

#[test]
fn the_body_ends_early() {
    let half: Behaviour = |stream, index| answer(stream, index, BODY_BYTES, &body()[..100]);
    fails(misbehaving(half), None, |_| "truncated");
}

#[test]
fn the_body_is_wrong() {
    let flipped: Behaviour = |stream, index| {
        let mut body = body();
        body[10_000] ^= 1;
        answer(stream, index, BODY_BYTES, &body);
    };
    fails(misbehaving(flipped), None, |_| "body_mismatch");
}

#[test]
fn the_body_is_whole_but_shorter_than_it_should_be() {
    let short: Behaviour =
        |stream, index| answer(stream, index, BODY_BYTES - 1, &body()[..BODY_BYTES as usize - 1]);
    fails(misbehaving(short), None, |_| "body_mismatch");
}

#[test]
fn the_answer_is_to_another_request() {
    let swapped: Behaviour = |stream, index| answer(stream, index ^ 1, BODY_BYTES, &body());
    fails(misbehaving(swapped), None, |_| "body_mismatch");
}

#[test]
fn the_status_is_an_error() {
    fails(misbehaving(|s, _| status(s, "404 Not Found")), None, |_| "status(4xx)");
    fails(misbehaving(|s, _| status(s, "503 Service Unavailable")), None, |_| "status(5xx)");
}

#[test]
fn a_redirect_is_not_followed() {
    fails(
        misbehaving(|s, _| status(s, "302 Found\r\nLocation: http://127.0.0.1:1/")),
        None,
        |_| "status(3xx)",
    );
}

#[test]
fn one_failure_does_not_stop_the_others() {
    let server = misbehaving(|stream, index| match index {
        3 => reset(stream),
        5 => answer(stream, 6, BODY_BYTES, &body()),
        _ => answer(stream, index, BODY_BYTES, &body()),
    });
    for model in model::ALL {
        let client = library::of_flavour(model.flavour()).next().expect("a library");
        let strategy = strategy(model.name, client.name, Reuse::Session, 3);
        let report = run(&config(server, strategy, 10, fixed_ms(0))).expect("a report");
        let errors: Vec<_> = report.errors.iter().map(|(c, n)| (c.as_str(), *n)).collect();
        assert_eq!(errors, [("body_mismatch", 1), ("reset", 1)], "{}", model.name);
        assert_eq!(
            (report.ok, report.issued, report.body_mismatches),
            (8, 10, 1),
            "{}",
            model.name
        );
    }
}
