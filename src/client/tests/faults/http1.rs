//! Servers of HTTP/1.1.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use super::server::{
    answer, body, let_it_read, misbehaving, read_request, reset, server, stall, status,
};
use super::*;

pub(super) fn cases() -> Vec<Case> {
    [heads(), bodies(), answers()].into_iter().flatten().collect()
}

/// Nothing but a head could have come.
fn heads() -> Vec<Case> {
    vec![
        Case::new(
            "the connection is cut before the head",
            HTTP1,
            || Faulty::at(misbehaving(|stream, _| reset(stream))),
            fails("reset").in_phase(Phase::Wait).errno(&[libc::ECONNRESET]),
        ),
        Case::new(
            "the connection is closed before the head",
            HTTP1,
            || Faulty::at(misbehaving(|stream, _| drop(stream.shutdown(Shutdown::Both)))),
            fails("closed"),
        ),
        Case::new(
            "the head ends early",
            HTTP1,
            || says(b"HTTP/1.1 200 OK\r\nInfl"),
            fails("closed"),
        ),
        Case::new(
            "the head is not HTTP",
            HTTP1,
            || says(b"what do you want?\r\n\r\n"),
            fails("parse"),
        ),
        Case::new(
            "the head does not come",
            HTTP1,
            || Faulty::at(misbehaving(|stream, _| stall(stream))),
            fails("timeout(head)"),
        )
        .in_time(),
        Case::new("a redirect follows the last that is followed", HTTP1, round, fails("redirects"))
            .with(|scenario| Scenario { redirects: 2, ..scenario }),
    ]
}

/// The head was there.
fn bodies() -> Vec<Case> {
    vec![
        Case::new(
            "the body does not come to its end",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    half(&stream, index);
                    stall(stream);
                }))
            },
            fails("timeout(body)"),
        )
        .in_time(),
        Case::new(
            "the connection is closed within the body",
            HTTP1,
            || Faulty::at(misbehaving(|stream, index| half(&stream, index))),
            fails("truncated"),
        ),
        Case::new(
            "the connection is cut within the body",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    half(&stream, index);
                    let_it_read();
                    reset(stream);
                }))
            },
            fails("reset").errno(&[libc::ECONNRESET]),
        )
        .unlike(
            &["ureq"],
            fails("truncated"),
            "It takes a reset within a body for the body's end, and does not tell.",
        ),
        Case::new(
            "a chunk has no length",
            HTTP1,
            || {
                Faulty::at(misbehaving(|mut s, _| {
                    let _ = s.write_all(&chunked(b"5\r\nhello\r\nzz\r\n"));
                    let _ = s.shutdown(Shutdown::Write);
                    stall(s);
                }))
            },
            fails("parse"),
        ),
        Case::new(
            "the last chunk does not come",
            HTTP1,
            || Faulty::at(misbehaving(|mut s, _| drop(s.write_all(&chunked(b"5\r\nhello\r\n"))))),
            fails("truncated"),
        ),
    ]
}

/// An answer came, and it is the wrong one.
fn answers() -> Vec<Case> {
    vec![
        Case::new(
            "a byte of the body is wrong",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    let mut body = body();
                    body[10_000] ^= 1;
                    answer(stream, index, BODY_BYTES, &body);
                }))
            },
            fails("body_mismatch"),
        ),
        Case::new(
            "the body is whole, but shorter than it should be",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    answer(stream, index, BODY_BYTES - 1, &body()[1..]);
                }))
            },
            fails("body_mismatch"),
        ),
        Case::new(
            "the answer is to another request",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    answer(stream, index ^ 1, BODY_BYTES, &body());
                }))
            },
            fails("body_mismatch"),
        ),
        Case::new(
            "the status is 404",
            HTTP1,
            || Faulty::at(misbehaving(|s, _| status(s, "404 Not Found"))),
            fails("status(4xx)"),
        ),
        Case::new(
            "the status is 503",
            HTTP1,
            || Faulty::at(misbehaving(|s, _| status(s, "503 Service Unavailable"))),
            fails("status(5xx)"),
        ),
        Case::new(
            "the status is a redirect, and none is followed",
            HTTP1,
            || {
                Faulty::at(misbehaving(|s, _| {
                    status(s, "302 Found\r\nLocation: http://127.0.0.1:1/");
                }))
            },
            fails("status(3xx)"),
        ),
    ]
}

/// A server that answers every request with this, and closes.
fn says(answer: &'static [u8]) -> Faulty {
    Faulty::at(server(move |mut stream| {
        if read_request(&mut stream).is_some() {
            let _ = stream.write_all(answer);
        }
    }))
}

/// The beginning of an answer.
fn half(stream: &TcpStream, index: u32) {
    answer(stream, index, BODY_BYTES, &body()[..100]);
}

/// The head of an answer in chunks, and these.
fn chunked(chunks: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks].concat()
}

/// Redirects every request, and the one that comes of it.
fn round() -> Faulty {
    Faulty::at(server(|mut stream| {
        while read_request(&mut stream).is_some() {
            let head = b"HTTP/1.1 302 Found\r\nLocation: /0\r\nContent-Length: 0\r\n\r\n";
            let _ = stream.write_all(head);
        }
    }))
}
