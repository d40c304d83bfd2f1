//! Requests beyond what a server takes.

use super::*;

fn taking(requests: u32, retry_after: Duration) -> ServerConfig {
    let retry_after_ns = retry_after.as_nanos() as u64;
    ServerConfig { capacity: Some(Capacity { requests, retry_after_ns }), ..config(3, 300) }
}

#[test]
fn a_full_server_refuses_at_once_and_says_when_to_come_again() {
    let server = Running::start(taking(2, Duration::from_millis(1_200)));
    let mut busy = [server.connect(), server.connect()];
    busy.iter_mut().for_each(|client| client.send("GET /0", ""));
    server.wait_for_in_flight(2);
    let mut late = server.connect();
    // The others are in flight still, so it had no delay.
    let refused = late.get(1, "");
    assert_eq!((refused.status, refused.headers["retry-after"].as_str()), (429, "2"));
    assert!(refused.text().starts_with("2 requests are in flight"), "{}", refused.text());
    assert!(busy.iter_mut().all(|client| client.receive().status == 200));
    // There is room again, on the same connection.
    server.wait_for_in_flight(0);
    assert_eq!(late.get(2, "Inflight-Delay: 0s\r\n").status, 200);
    server.wait_for_in_flight(0);
    let report = server.stop();
    assert_eq!((report.refused, report.requests, report.answered), (1, 4, 3));
    assert_eq!(report.peak_in_flight, 2);
}

#[test]
fn what_a_refused_request_brings_is_read() {
    const LENGTH: usize = 200_000;
    let config = ServerConfig { upload_bytes: Some(LENGTH as u64), ..taking(1, Duration::ZERO) };
    let server = Running::start(config);
    let mut busy = server.connect();
    busy.send("GET /0", "");
    server.wait_for_in_flight(1);
    let mut late = server.connect();
    let refused = late.post("/1", &payload::pattern(7, LENGTH));
    assert_eq!((refused.status, refused.headers["retry-after"].as_str()), (429, "0"));
    assert_eq!(busy.receive().status, 200);
    server.wait_for_in_flight(0);
    let report = server.stop();
    assert_eq!((report.refused, report.uploaded_bytes), (1, LENGTH as u64));
}
