//! Servers of HTTP/2, which speak it by hand.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicU32, Ordering};

use super::server::{After, body, let_it_read, server, stall};
use super::*;

const WAIT: Phase = Phase::Wait;
const RECEIVE: Phase = Phase::Receive;

pub(super) fn cases() -> Vec<Case> {
    [heads(), bodies(), kept()].into_iter().flatten().collect()
}

/// Nothing but a head could have come.
fn heads() -> Vec<Case> {
    vec![
        Case::new(
            "the connection is cut before the head",
            HTTP2,
            || {
                http2(|_, _| {
                    let_it_read();
                    After::Cuts
                })
            },
            fails("reset").in_phase(WAIT).errno(&[libc::ECONNRESET]),
        )
        .with(one),
        Case::new(
            "the connection is closed before the head",
            HTTP2,
            || http2(|_, _| After::Closes),
            fails("closed").in_phase(WAIT),
        )
        .with(one),
        Case::new(
            "the connection is closed before the head, with four requests under way",
            HTTP2,
            || counting(|_, _, nth| if nth < REQUESTS { After::Goes } else { After::Closes }),
            fails("closed"),
        ),
        Case::new(
            "the head does not come",
            HTTP2,
            || http2(|_, _| After::Goes),
            fails("timeout(head)").in_phase(WAIT),
        )
        .in_time()
        .unlike(&["reqwest"], fails("timeout(head)").in_phase(Phase::Pool), NO_CONNECTION),
        Case::new(
            "the server's settings do not come",
            HTTP2,
            || Faulty::at(server(stall)),
            fails("timeout(head)").in_phase(WAIT),
        )
        .with(one)
        .in_time()
        .unlike(&["reqwest"], fails("timeout(head)").in_phase(Phase::Pool), NO_CONNECTION),
        Case::new(
            "the stream is given up (RST_STREAM) before the head",
            HTTP2,
            || http2(|stream, id| send(stream, &[frame(RST_STREAM, 0, id, &INTERNAL_ERROR)])),
            fails("h2_reset").in_phase(WAIT),
        ),
        Case::new(
            "the connection is given up (GOAWAY) before the head",
            HTTP2,
            || http2(|stream, _| send(stream, &[go_away(0)])),
            fails("h2_goaway"),
        ),
        Case::new(
            "a frame is too long",
            HTTP2,
            || http2(|stream, id| send(stream, &[frame(DATA, 0, id, &[0; 20_000])])),
            fails("parse"),
        ),
        Case::new(
            "a body belongs to no stream",
            HTTP2,
            || http2(|stream, _| send(stream, &[frame(DATA, 0, 0, b"hello")])),
            fails("parse"),
        ),
        Case::new(
            "the head cannot be read",
            HTTP2,
            // An entry of a table that has none (RFC 7541, section 6.1).
            || http2(|stream, id| send(stream, &[frame(HEADERS, END_HEADERS, id, &[0xff, 0x7f])])),
            fails("parse"),
        ),
        Case::new("the head has no end", HTTP2, || http2(endless), fails("parse")),
        Case::new("the server has only HTTP/1.1", HTTP2, old, fails("parse")),
        Case::new(
            "the head does not come, and there is one stream",
            HTTP2,
            || {
                Faulty::at(server(|stream: TcpStream| {
                    let after = serve(&stream, &ONE_STREAM, |_| After::Goes);
                    after.unwrap_or(After::Closes).end(stream);
                }))
            },
            fails("timeout(head)").or("timeout(stream)"),
        )
        .in_time()
        .unlike(
            &["reqwest", "reqwest-blocking"],
            fails("timeout(head)"),
            "reqwest does not say that a request waits for a stream",
        ),
        Case::new(
            "the stream is refused (REFUSED_STREAM) once",
            HTTP2,
            || Faulty::at(refusing(1, refuse)),
            fails("h2_reset").in_phase(WAIT),
        )
        .with(one)
        .unlike(&["reqwest", "reqwest-blocking"], FINE, SENT_AGAIN),
        Case::new(
            "the stream is refused (REFUSED_STREAM) again and again",
            HTTP2,
            || Faulty::at(refusing(u32::MAX, refuse)),
            fails("h2_reset").in_phase(WAIT),
        )
        .with(one),
        Case::new(
            "the connection is given up (GOAWAY) without an error, once, before the stream is begun",
            HTTP2,
            || Faulty::at(refusing(1, leave)),
            fails("h2_goaway").in_phase(WAIT),
        )
        .with(one)
        .unlike(&["reqwest", "reqwest-blocking"], FINE, SENT_AGAIN),
    ]
}

/// The head was there.
fn bodies() -> Vec<Case> {
    vec![
        Case::new(
            "the connection is cut within the body",
            HTTP2,
            || {
                http2(|stream, id| {
                    half(stream, id);
                    let_it_read();
                    After::Cuts
                })
            },
            fails("reset").in_phase(RECEIVE).errno(&[libc::ECONNRESET]),
        )
        .with(one),
        Case::new(
            "the connection is closed within the body",
            HTTP2,
            || {
                http2(|stream, id| {
                    half(stream, id);
                    After::Closes
                })
            },
            fails("truncated").in_phase(RECEIVE),
        )
        .with(one),
        Case::new(
            "the body does not come to its end",
            HTTP2,
            || http2(half),
            fails("timeout(body)").in_phase(RECEIVE),
        )
        .in_time(),
        Case::new(
            "the stream is given up (RST_STREAM) within the body",
            HTTP2,
            || {
                http2(|stream, id| {
                    half(stream, id);
                    let_it_read();
                    send(stream, &[frame(RST_STREAM, 0, id, &INTERNAL_ERROR)])
                })
            },
            fails("h2_reset").in_phase(RECEIVE),
        )
        .with(one),
        Case::new(
            "the connection is given up (GOAWAY) within the body",
            HTTP2,
            || {
                http2(|stream, id| {
                    half(stream, id);
                    let_it_read();
                    send(stream, &[go_away(0)])
                })
            },
            fails("h2_goaway").in_phase(RECEIVE),
        )
        .with(one),
        Case::new(
            "the stream ends before the length that was said",
            HTTP2,
            || {
                http2(|stream, id| {
                    let head = [&[STATUS_200][..], &CONTENT_LENGTH_20000].concat();
                    let data = frame(DATA, END_STREAM, id, &body()[..100]);
                    send(stream, &[frame(HEADERS, END_HEADERS, id, &head), data])
                })
            },
            fails("parse").in_phase(RECEIVE),
        ),
        Case::new(
            "the stream ends early, and no length was said",
            HTTP2,
            || {
                http2(|stream, id| {
                    let data = frame(DATA, END_STREAM, id, &body()[..100]);
                    send(stream, &[frame(HEADERS, END_HEADERS, id, &[STATUS_200]), data])
                })
            },
            fails("body_mismatch").in_phase(RECEIVE),
        ),
        Case::new(
            "the status is 404",
            HTTP2,
            || {
                http2(|stream, id| {
                    send(stream, &[frame(HEADERS, END_HEADERS | END_STREAM, id, &[STATUS_404])])
                })
            },
            fails("status(4xx)").in_phase(RECEIVE),
        ),
    ]
}

/// Faults of connections that are kept.
fn kept() -> Vec<Case> {
    vec![
        Case::new("an idle connection is closed", HTTP2, || in_turn(After::Closes, 1), FINE)
            .with(apart),
        Case::new("an idle connection is cut", HTTP2, || in_turn(After::Cuts, 1), FINE).with(apart),
        Case::new(
            "a kept connection is closed when the next request has come",
            HTTP2,
            || in_turn(After::Closes, 2),
            fails("closed").in_phase(WAIT),
        )
        .with(apart)
        .to(is_odd),
        Case::new(
            "a kept connection is cut when the next request has come",
            HTTP2,
            || in_turn(After::Cuts, 2),
            fails("reset").in_phase(WAIT).errno(&[libc::ECONNRESET]),
        )
        .with(apart)
        .to(is_odd),
    ]
}

/// Kinds of frames, and their flags (RFC 9113, section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;
const END_STREAM: u8 = 1;
const ACK: u8 = 1;
const END_HEADERS: u8 = 4;

/// An error code (RFC 9113, section 7).
const INTERNAL_ERROR: [u8; 4] = [0, 0, 0, 2];
const REFUSED_STREAM: [u8; 4] = [0, 0, 0, 7];

/// `SETTINGS_MAX_CONCURRENT_STREAMS`, and its value (RFC 9113, section 6.5.2).
const ONE_STREAM: [u8; 6] = [0, 3, 0, 0, 0, 1];

const SENT_AGAIN: &str = "reqwest sends a request again that the server did not begin (`retries`)";

/// Entries of the static table of heads (RFC 7541, appendix A).
const STATUS_200: u8 = 0x80 | 8;
const STATUS_404: u8 = 0x80 | 13;

/// A name by its entry, and a value of five plain bytes (RFC 7541, section 6.2.2).
const CONTENT_LENGTH_20000: [u8; 8] = [0x0f, 28 - 15, 5, b'2', b'0', b'0', b'0', b'0'];

/// Bytes of a frame at most, unless the other side allows more (RFC 9113, section 4.2).
const FRAME_BYTES: usize = 16_384;

/// A frame of HTTP/2 (RFC 9113, section 4.1).
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short frame").to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

fn go_away(last_stream: u32) -> Vec<u8> {
    frame(GOAWAY, 0, 0, &[last_stream.to_be_bytes(), INTERNAL_ERROR].concat())
}

/// A server that does this with the first `times` requests, and answers the others, which are all of
/// index 0.
pub(super) fn refusing(times: u32, how: fn(&TcpStream, u32) -> After) -> SocketAddr {
    let seen = Arc::new(AtomicU32::new(0));
    server(move |stream: TcpStream| {
        let after = serve(&stream, &[], |id| match seen.fetch_add(1, Ordering::Relaxed) {
            nth if nth < times => how(&stream, id),
            _ => answer(&stream, id, 0),
        });
        after.unwrap_or(After::Closes).end(stream);
    })
}

/// Says that a stream was not begun.
pub(super) fn refuse(stream: &TcpStream, id: u32) -> After {
    send(stream, &[frame(RST_STREAM, 0, id, &REFUSED_STREAM)])
}

/// Says that no stream was begun, and that there will be no others.
fn leave(stream: &TcpStream, _: u32) -> After {
    send(stream, &[frame(GOAWAY, 0, 0, &[0; 8])])
}

fn send(mut stream: &TcpStream, frames: &[Vec<u8>]) -> After {
    match stream.write_all(&frames.concat()) {
        Ok(()) => After::Goes,
        Err(_) => After::Closes,
    }
}

/// The beginning of an answer.
fn half(stream: &TcpStream, id: u32) -> After {
    let head = frame(HEADERS, END_HEADERS, id, &[STATUS_200]);
    send(stream, &[head, frame(DATA, 0, id, &body()[..100])])
}

/// A head that goes on until the client has had enough.
fn endless(stream: &TcpStream, id: u32) -> After {
    let mut part = frame(HEADERS, 0, id, &[STATUS_200]);
    while let After::Goes = send(stream, &[part]) {
        // A header of one byte's name and value, again and again.
        part = frame(CONTINUATION, 0, id, &[0, 1, b'a', 1, b'b'].repeat(FRAME_BYTES / 5));
    }
    After::Closes
}

/// A server that does this with each request of a connection, whose number it is told: 1 is the first.
fn counting(each: impl Fn(&TcpStream, u32, u32) -> After + Clone + Send + 'static) -> Faulty {
    Faulty::at(server(move |stream| {
        let mut nth = 0;
        let after = serve(&stream, &[], |id| {
            nth += 1;
            each(&stream, id, nth)
        });
        after.unwrap_or(After::Closes).end(stream);
    }))
}

/// A server that does this with each request, by the number of its stream.
fn http2(each: fn(&TcpStream, u32) -> After) -> Faulty {
    counting(move |stream, id, _| each(stream, id))
}

/// Settings, and then what is done with each request, until the connection is to end.
fn serve(
    mut stream: &TcpStream,
    settings: &[u8],
    mut each: impl FnMut(u32) -> After,
) -> io::Result<After> {
    stream.read_exact(&mut [0; 24])?;
    stream.write_all(&frame(SETTINGS, 0, 0, settings))?;
    let mut head = [0; 9];
    loop {
        stream.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize;
        let id = u32::from_be_bytes([head[5], head[6], head[7], head[8]]);
        stream.read_exact(&mut vec![0; length])?;
        match head[3] {
            SETTINGS if head[4] & ACK == 0 => stream.write_all(&frame(SETTINGS, ACK, 0, &[]))?,
            HEADERS => match each(id) {
                After::Goes => {}
                ends => return Ok(ends),
            },
            _ => {}
        }
    }
}

/// Requests that come in turn, of which the last of each connection is the `last` one. If that is
/// the first, it is answered and the connection ends while it is idle; the second is not answered.
fn in_turn(after: After, last: u32) -> Faulty {
    let index = Arc::new(AtomicU32::new(0));
    counting(move |stream, id, nth| {
        let index = index.fetch_add(1, Ordering::Relaxed);
        if nth == 1 {
            answer(stream, id, index);
        }
        let_it_read();
        if nth == last { after } else { After::Goes }
    })
}

/// Answers a request as it should.
fn answer(stream: &TcpStream, id: u32, index: u32) -> After {
    let name = b"inflight-index";
    let text = index.to_string();
    let mut head = vec![STATUS_200, 0, name.len() as u8];
    head.extend_from_slice(name);
    head.push(text.len() as u8);
    head.extend_from_slice(text.as_bytes());
    let body = body();
    let (first, rest) = body.split_at(FRAME_BYTES);
    send(
        stream,
        &[
            frame(HEADERS, END_HEADERS, id, &head),
            frame(DATA, 0, id, first),
            frame(DATA, END_STREAM, id, rest),
        ],
    )
}

fn old() -> Faulty {
    Faulty::at(server(|mut stream: TcpStream| {
        let _ = stream.read(&mut [0; 64]);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        // To the client's end: closing with bytes unread would be a reset.
        stall(stream);
    }))
}
