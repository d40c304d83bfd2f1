//! Servers of HTTP/1.1.

use std::io::Write;
use std::net::{Shutdown, TcpStream};

use super::server::{
    After, answer, answer_well, body, let_it_read, misbehaving, read_request, reset, server, stall,
    status, write_answer,
};
use super::*;

const WAIT: Phase = Phase::Wait;
const RECEIVE: Phase = Phase::Receive;

pub(super) fn cases() -> Vec<Case> {
    [heads(), bodies(), answers(), kept()].into_iter().flatten().collect()
}

/// Nothing but a head could have come.
fn heads() -> Vec<Case> {
    vec![
        Case::new(
            "the connection is cut before the head",
            HTTP1,
            || Faulty::at(misbehaving(|stream, _| reset(stream))),
            fails("reset").in_phase(WAIT).errno(&[libc::ECONNRESET]),
        ),
        Case::new(
            "the connection is closed before the head",
            HTTP1,
            || Faulty::at(misbehaving(|stream, _| drop(stream.shutdown(Shutdown::Both)))),
            fails("closed").in_phase(WAIT),
        ),
        Case::new(
            "the head ends early",
            HTTP1,
            || says("HTTP/1.1 200 OK\r\nInfl"),
            fails("closed").in_phase(WAIT),
        ),
        Case::new(
            "the head does not come",
            HTTP1,
            || Faulty::at(misbehaving(|stream, _| stall(stream))),
            fails("timeout(head)").in_phase(WAIT),
        )
        .in_time()
        .unlike(&["reqwest"], fails("timeout(head)").in_phase(Phase::Pool), NO_CONNECTION),
        Case::new(
            "the head is not HTTP",
            HTTP1,
            || says("what do you want?\r\n\r\n"),
            fails("parse").in_phase(WAIT),
        ),
        Case::new("the server speaks first", HTTP1, chatty, fails("parse")),
        Case::new("a line of the head has no end", HTTP1, endless, fails("parse").in_phase(WAIT))
            .unlike(
                &["ureq"],
                fails("closed").in_phase(WAIT),
                "ureq takes a buffer that is full for the end of the connection; it has 8 KiB here, and its own 128 KiB are more than its limit of a head, so that it then says what it is",
            ),
        Case::new("the head has a thousand lines", HTTP1, long, fails("parse").in_phase(WAIT)),
        Case::new(
            "the length of the body is no number",
            HTTP1,
            || says("HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n"),
            fails("parse").in_phase(WAIT),
        ),
        Case::new(
            "the head says two lengths",
            HTTP1,
            || says("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello"),
            fails("parse").in_phase(WAIT),
        ),
        Case::new("a redirect follows the last that is followed", HTTP1, round, fails("redirects"))
            .with(|scenario| Scenario { redirects: 2, ..scenario }),
    ]
}

/// The head was there.
fn bodies() -> Vec<Case> {
    vec![
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
            fails("reset").in_phase(RECEIVE).errno(&[libc::ECONNRESET]),
        )
        .unlike(&["ureq"], fails("truncated").in_phase(RECEIVE), NO_RESET),
        Case::new(
            "the connection is closed within the body",
            HTTP1,
            || Faulty::at(misbehaving(|stream, index| half(&stream, index))),
            fails("truncated").in_phase(RECEIVE),
        ),
        Case::new(
            "the body does not come to its end",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    half(&stream, index);
                    stall(stream);
                }))
            },
            fails("timeout(body)").in_phase(RECEIVE),
        )
        .in_time(),
        Case::new(
            "the body drips, and does not end in time",
            HTTP1,
            || Faulty::at(misbehaving(drip)),
            fails("timeout(body)").in_phase(RECEIVE),
        )
        .in_time(),
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
            fails("parse").in_phase(RECEIVE),
        ),
        Case::new(
            "the last chunk does not come",
            HTTP1,
            || Faulty::at(misbehaving(|mut s, _| drop(s.write_all(&chunked(b"5\r\nhello\r\n"))))),
            fails("truncated").in_phase(RECEIVE),
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
            fails("body_mismatch").in_phase(RECEIVE),
        ),
        Case::new(
            "the body is whole, but shorter than it should be",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    answer(stream, index, BODY_BYTES - 1, &body()[1..]);
                }))
            },
            fails("body_mismatch").in_phase(RECEIVE),
        ),
        Case::new(
            "the body is longer than it should be",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    answer(stream, index, BODY_BYTES + 1, &[&body()[..], b"!"].concat());
                }))
            },
            fails("body_mismatch").in_phase(RECEIVE),
        ),
        Case::new(
            "the answer is to another request",
            HTTP1,
            || {
                Faulty::at(misbehaving(|stream, index| {
                    answer(stream, index ^ 1, BODY_BYTES, &body());
                }))
            },
            fails("body_mismatch").in_phase(RECEIVE),
        ),
        Case::new(
            "the status is 404",
            HTTP1,
            || Faulty::at(misbehaving(|s, _| status(s, "404 Not Found"))),
            fails("status(4xx)").in_phase(RECEIVE),
        ),
        Case::new(
            "the status is 503",
            HTTP1,
            || Faulty::at(misbehaving(|s, _| status(s, "503 Service Unavailable"))),
            fails("status(5xx)").in_phase(RECEIVE),
        ),
        Case::new(
            "the status is a redirect, and none is followed",
            HTTP1,
            || {
                Faulty::at(misbehaving(|s, _| {
                    status(s, "302 Found\r\nLocation: http://127.0.0.1:1/");
                }))
            },
            fails("status(3xx)").in_phase(RECEIVE),
        ),
        Case::new(
            "the status is 204, and there is a body",
            HTTP1,
            || says("HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello"),
            fails("status(2xx)").in_phase(RECEIVE),
        ),
        Case::new(
            "the status is 101, which nobody asked for",
            HTTP1,
            || says("HTTP/1.1 101 Switching Protocols\r\nUpgrade: chat\r\n\r\n"),
            fails("status(1xx)").in_phase(RECEIVE),
        ),
        Case::new(
            "a status of 103 comes before the answer",
            HTTP1,
            || {
                Faulty::at(misbehaving(|mut stream, index| {
                    let _ = stream.write_all(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
                    answer(stream, index, BODY_BYTES, &body());
                }))
            },
            FINE,
        ),
    ]
}

/// Faults of connections that are kept.
fn kept() -> Vec<Case> {
    vec![
        Case::new(
            "the answer goes on after its end",
            HTTP1,
            || {
                answering(|stream, index, _| {
                    let more = [&body()[..], b"and more"].concat();
                    write_answer(stream, index, "", BODY_BYTES, &more);
                    After::Goes
                })
            },
            FINE,
        )
        .with(apart),
        Case::new(
            "an idle connection is closed",
            HTTP1,
            || {
                answering(|stream, index, _| {
                    answer_well(stream, index);
                    After::Closes
                })
            },
            FINE,
        )
        .with(apart),
        Case::new(
            "an idle connection is cut",
            HTTP1,
            || {
                answering(|stream, index, _| {
                    answer_well(stream, index);
                    let_it_read();
                    After::Cuts
                })
            },
            FINE,
        )
        .with(apart),
        Case::new(
            "every second answer is the last of its connection, and says so",
            HTTP1,
            || {
                answering(|stream, index, nth| {
                    let lines = if nth == 2 { "Connection: close\r\n" } else { "" };
                    write_answer(stream, index, lines, BODY_BYTES, &body());
                    if nth == 2 { After::Closes } else { After::Goes }
                })
            },
            FINE,
        )
        .with(apart),
        Case::new(
            "a kept connection is closed when the next request has come",
            HTTP1,
            || answering(|stream, index, nth| first_alone(stream, index, nth, After::Closes)),
            fails("closed").in_phase(WAIT),
        )
        .with(apart)
        .to(is_odd),
        Case::new(
            "a kept connection is cut when the next request has come",
            HTTP1,
            || answering(|stream, index, nth| first_alone(stream, index, nth, After::Cuts)),
            fails("reset").in_phase(WAIT).errno(&[libc::ECONNRESET]),
        )
        .with(apart)
        .to(is_odd),
    ]
}

/// A server that answers every request with this, and closes.
fn says(answer: &'static str) -> Faulty {
    Faulty::at(server(move |mut stream| {
        if read_request(&mut stream).is_some() {
            let _ = stream.write_all(answer.as_bytes());
        }
    }))
}

/// A server that does this with the requests of each connection, the first of which is 1.
fn answering(each: fn(&TcpStream, u32, u32) -> After) -> Faulty {
    Faulty::at(server(move |mut stream| {
        for nth in 1.. {
            let Some(index) = read_request(&mut stream) else { return };
            match each(&stream, index, nth) {
                After::Goes => {}
                ends => return ends.end(stream),
            }
        }
    }))
}

/// Answers the first request of a connection, and none after it.
fn first_alone(stream: &TcpStream, index: u32, nth: u32, after: After) -> After {
    if nth > 1 {
        return after;
    }
    answer_well(stream, index);
    After::Goes
}

/// The beginning of an answer.
fn half(stream: &TcpStream, index: u32) {
    answer(stream, index, BODY_BYTES, &body()[..100]);
}

/// A byte of a body now and then.
fn drip(mut stream: TcpStream, index: u32) {
    half(&stream, index);
    for byte in &body()[100..] {
        std::thread::sleep(Duration::from_millis(50));
        if stream.write_all(&[*byte]).is_err() {
            return;
        }
    }
}

/// The head of an answer in chunks, and these.
fn chunked(chunks: &[u8]) -> Vec<u8> {
    [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunks].concat()
}

/// Says something before it is asked.
fn chatty() -> Faulty {
    Faulty::at(server(|mut stream| {
        let _ = stream.write_all(b"220 what do you want?\r\n");
        stall(stream);
    }))
}

/// Goes on with one line until the client has had enough.
fn endless() -> Faulty {
    Faulty::at(misbehaving(|mut stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nA: ");
        while stream.write_all(&[b'a'; 4096]).is_ok() {}
    }))
}

/// A head of lines that are short, and too many.
fn long() -> Faulty {
    Faulty::at(misbehaving(|mut stream, _| {
        let lines = "a: b\r\n".repeat(1_000);
        let _ = stream.write_all(format!("HTTP/1.1 200 OK\r\n{lines}\r\n").as_bytes());
        stall(stream);
    }))
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
