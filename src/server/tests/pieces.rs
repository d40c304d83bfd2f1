//! Answers in pieces, as they come over the wire.

use super::*;

fn in_pieces(body_bytes: u64, chunks: u32, chunk_delay_ms: u64) -> ServerConfig {
    let chunk_delay_ns = chunk_delay_ms * 1_000_000;
    ServerConfig { chunks, chunk_delay_ns, ..config(body_bytes, 0) }
}

/// The head of an answer, without its status line.
fn head(client: &mut Client) -> String {
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(client.0.read_line(&mut head).unwrap() > 0);
    }
    head.to_ascii_lowercase()
}

/// The next piece by chunked transfer coding; the last is empty.
fn piece(client: &mut Client) -> Vec<u8> {
    let mut line = String::new();
    client.0.read_line(&mut line).unwrap();
    let length = usize::from_str_radix(line.trim_end(), 16).unwrap();
    let mut bytes = vec![0; length + 2];
    client.0.read_exact(&mut bytes).unwrap();
    assert!(bytes.ends_with(b"\r\n"));
    bytes.truncate(length);
    bytes
}

#[test]
fn pieces_come_one_after_the_other() {
    let server = Running::start(in_pieces(10, 4, 30));
    let mut client = server.connect();
    for index in 0..2 {
        client.send(&format!("GET /{index}"), "");
        let head = head(&mut client);
        assert!(head.contains("transfer-encoding: chunked\r\n"), "{head}");
        assert!(!head.contains("content-length"), "{head}");
        let start = Instant::now();
        let mut pieces = Vec::new();
        let mut times = Vec::new();
        loop {
            let piece = piece(&mut client);
            if piece.is_empty() {
                break;
            }
            // In flight until the last one is handed over.
            if pieces.is_empty() {
                assert_eq!(server.shared.ledger.in_flight(), 1);
            }
            pieces.push(piece);
            times.push(start.elapsed());
        }
        assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [3, 3, 2, 2]);
        assert_eq!(pieces.concat(), payload::pattern(7, 10));
        // This reader may have been late for a piece, never early: each is there no sooner than
        // its pauses after the first was sent, which is before this clock by a moment.
        for (i, time) in times.iter().enumerate() {
            let least = Duration::from_millis(30 * i as u64).saturating_sub(SLACK);
            assert!(*time >= least, "{times:?}");
        }
        // Not all at once in the end: the first was there long before the last.
        assert!(times[3] - times[0] >= Duration::from_millis(60), "{times:?}");
    }
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.peak_in_flight), (2, 2, 1));
}

/// A reader may be late for the first piece by this much.
const SLACK: Duration = Duration::from_millis(25);

#[test]
fn pieces_without_a_pause_are_written_apart() {
    // Each is flushed before the next is made: with a reader that looks at single segments, what
    // comes together is at most what came while it was away.
    let server = Running::start(in_pieces(4, 4, 0));
    let mut client = server.connect();
    client.send("GET /0", "");
    head(&mut client);
    let pieces: Vec<Vec<u8>> = (0..5).map(|_| piece(&mut client)).collect();
    assert_eq!(pieces.iter().map(Vec::len).collect::<Vec<_>>(), [1, 1, 1, 1, 0]);
    assert_eq!(pieces.concat(), payload::pattern(7, 4));
    assert_eq!(server.stop().answered, 1);
}

#[test]
fn long_pieces_are_whole() {
    const LENGTH: usize = 400_001;
    let server = Running::start(in_pieces(LENGTH as u64, 2, 1));
    let mut client = server.connect();
    client.send("GET /0", "");
    head(&mut client);
    let mut body = Vec::new();
    loop {
        let piece = piece(&mut client);
        if piece.is_empty() {
            break;
        }
        body.extend(piece);
    }
    assert_eq!(body, payload::pattern(7, LENGTH));
    assert_eq!(server.stop().answered, 1);
}

#[test]
fn one_piece_has_a_length() {
    for config in [in_pieces(10, 1, 30), in_pieces(1, 5, 30), in_pieces(0, 3, 30)] {
        let bytes = config.body_bytes;
        let server = Running::start(config);
        let mut client = server.connect();
        let start = Instant::now();
        let reply = client.get(0, "");
        assert_eq!(reply.body.len() as u64, bytes);
        assert_eq!(reply.headers["content-length"], bytes.to_string());
        assert!(start.elapsed() < PATIENCE);
        assert_eq!(server.stop().answered, 1);
    }
}

#[test]
fn a_client_that_goes_between_pieces_is_in_flight_no_more() {
    let server = Running::start(in_pieces(10, 2, 3_600_000));
    let mut client = server.connect();
    client.send("GET /0", "");
    head(&mut client);
    assert_eq!(piece(&mut client), payload::pattern(7, 10)[..5]);
    server.wait_for_in_flight(1);
    drop(client);
    server.wait_for_in_flight(0);
    let report = server.stop();
    assert_eq!((report.requests, report.answered), (1, 0));
}
