//! Servers of HTTP/2, which speak it by hand.

use std::io::{Read, Write};
use std::net::TcpStream;

use super::server::server;
use super::*;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new(
            "the stream is given up (RST_STREAM)",
            HTTP2,
            || http2(|id| frame(RST_STREAM, id, &INTERNAL_ERROR)),
            fails("h2_reset"),
        ),
        Case::new(
            "the connection is given up (GOAWAY)",
            HTTP2,
            || http2(|_| frame(GOAWAY, 0, &[[0; 4], INTERNAL_ERROR].concat())),
            fails("h2_goaway"),
        ),
        Case::new(
            "a frame is too long",
            HTTP2,
            || http2(|id| frame(DATA, id, &[0; 20_000])),
            fails("parse"),
        ),
        Case::new("the server has only HTTP/1.1", HTTP2, old, fails("parse")),
    ]
}

/// Kinds of frames (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;

const INTERNAL_ERROR: [u8; 4] = [0, 0, 0, 2];

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, 0], &stream.to_be_bytes(), payload].concat()
}

/// Settings, then this frame for the head of each request.
fn http2(each: fn(u32) -> Vec<u8>) -> Faulty {
    Faulty::at(server(move |mut stream: TcpStream| {
        let mut preface = [0; 24];
        let mut head = [0; 9];
        let _ = stream
            .read_exact(&mut preface)
            .and_then(|()| stream.write_all(&frame(SETTINGS, 0, &[])));
        while stream.read_exact(&mut head).is_ok() {
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
            let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
            let read = stream.read_exact(&mut vec![0; length]);
            if read.is_err() || (head[3] == HEADERS && stream.write_all(&each(id)).is_err()) {
                return;
            }
        }
    }))
}

fn old() -> Faulty {
    Faulty::at(server(|mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        // To the client's end: closing with bytes unread would be a reset.
        let _ = std::io::copy(&mut stream, &mut std::io::sink());
    }))
}
