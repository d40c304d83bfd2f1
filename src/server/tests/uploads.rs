//! Bodies of requests.

use super::*;

fn expecting(upload_bytes: Option<u64>, delay_ms: u64) -> ServerConfig {
    ServerConfig { upload_bytes, ..config(3, delay_ms) }
}

#[test]
fn the_delay_begins_when_the_body_is_read() {
    const LENGTH: usize = 200_000;
    let server = Running::start(expecting(Some(LENGTH as u64), 30));
    let upload = payload::pattern(7, LENGTH);
    let mut client = server.connect();
    client.send("POST /1", &format!("Content-Length: {LENGTH}\r\n"));
    client.0.get_mut().write_all(&upload[..LENGTH / 2]).unwrap();
    server.wait_for_in_flight(1);
    // Longer than the delay, which would be over if it had begun with the head.
    std::thread::sleep(Duration::from_millis(60));
    let rest_sent = Instant::now();
    client.0.get_mut().write_all(&upload[LENGTH / 2..]).unwrap();
    let reply = client.receive();
    assert!(rest_sent.elapsed() >= Duration::from_millis(30), "{:?}", rest_sent.elapsed());
    assert_eq!((reply.status, &reply.body[..]), (200, &payload::pattern(7, 3)[..]));
    // What it says of its delay has no share of the upload.
    assert!(reply.delay_ns() >= 30_000_000);
    let report = server.stop();
    assert_eq!((report.uploaded_bytes, report.answered), (LENGTH as u64, 1));
    assert!(report.lateness.delays.pauses > 0);
}

#[test]
fn another_body_is_refused_and_the_connection_goes_on() {
    let server = Running::start(expecting(Some(5), 0));
    let mut client = server.connect();
    let right = payload::pattern(7, 5);
    let wrong_length = "the body has 4 B, and those of this server 5 B\n";
    assert_eq!(client.post("/0", &right[..4]).text(), wrong_length);
    let longer = client.post("/0", &payload::pattern(7, 70_000));
    assert_eq!(longer.text(), "the body has 70000 B, and those of this server 5 B\n");
    let mut wrong = right.to_vec();
    wrong[4] ^= 1;
    let refused = client.post("/0", &wrong);
    assert_eq!((refused.status, refused.text()), (400, "the body is not that of the seed\n"));
    assert_eq!(client.post("/0", &right).status, 200);
    // A request without a body is one all the same.
    assert_eq!(client.get(0, "").status, 200);
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.connections), (5, 2, 1));
    assert_eq!((report.uploaded_bytes, report.peak_in_flight), (70_014, 1));
}

#[test]
fn a_body_may_come_in_chunks() {
    let server = Running::start(expecting(Some(5), 0));
    let mut client = server.connect();
    let right = payload::pattern(7, 5);
    client.send("POST /0", "Transfer-Encoding: chunked\r\n");
    for piece in [&right[..2], &right[2..]] {
        let stream = client.0.get_mut();
        write!(stream, "{:x}\r\n", piece.len()).unwrap();
        stream.write_all(piece).unwrap();
        stream.write_all(b"\r\n").unwrap();
    }
    client.0.get_mut().write_all(b"0\r\n\r\n").unwrap();
    assert_eq!(client.receive().status, 200);
    assert_eq!(server.stop().uploaded_bytes, 5);
}

#[test]
fn by_hand_any_body_will_do() {
    let server = Running::start(expecting(None, 0));
    let mut client = server.connect();
    for body in [&b""[..], b"hello", &[0; 100_000]] {
        assert_eq!(client.post("/0", body).status, 200);
    }
    let report = server.stop();
    assert_eq!((report.uploaded_bytes, report.answered), (100_005, 3));
}

#[test]
fn a_body_that_breaks_off_is_in_flight_no_more() {
    let server = Running::start(expecting(Some(10), 0));
    let mut client = server.connect();
    client.send("POST /0", "Content-Length: 10\r\n");
    client.0.get_mut().write_all(&payload::pattern(7, 4)).unwrap();
    server.wait_for_in_flight(1);
    drop(client);
    server.wait_for_in_flight(0);
    let report = server.stop();
    assert_eq!((report.requests, report.answered), (1, 0));
}
