//! Redirects before an answer.

use super::*;

#[test]
fn a_chain_ends_with_the_answer() {
    let server = Running::start(config(10, 20));
    let mut client = server.connect();
    let mut target = "/17?redirects=2".to_owned();
    let mut seen = Vec::new();
    let start = Instant::now();
    let reply = loop {
        client.send(&format!("GET {target}"), "");
        let reply = client.receive();
        if reply.status == 200 {
            break reply;
        }
        assert_eq!((reply.status, reply.body.len()), (302, 0));
        assert!(!reply.headers.contains_key("server-timing"));
        target = reply.headers["location"].clone();
        seen.push(target.clone());
    };
    assert_eq!(seen, ["/17?redirects=1", "/17"]);
    assert_eq!(reply.headers["inflight-index"], "17");
    assert_eq!(reply.body, payload::pattern(7, 10));
    // Only the answer takes its time.
    assert!(start.elapsed() >= Duration::from_millis(20));
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.redirected), (1, 1, 2));
    assert_eq!((report.peak_in_flight, report.requests_per_connection_max), (1, 3));
    assert_eq!(report.accepted[0].1, 3);
    assert!(
        report.delay_served_sum_ns >= 20_000_000 && report.delay_served_sum_ns < 40_000_000_000
    );
}

#[test]
fn a_redirect_is_never_in_flight() {
    let server = Running::start(config(10, 3_600_000));
    let mut client = server.connect();
    client.send("GET /0?redirects=1", "");
    assert_eq!(client.receive().status, 302);
    let report = server.stop();
    assert_eq!((report.requests, report.redirected, report.peak_in_flight), (0, 1, 0));
    assert_eq!(report.delay_served_sum_ns, 0);
}

#[test]
fn a_post_keeps_its_method_and_its_body() {
    let server = Running::start(ServerConfig { upload_bytes: Some(5), ..config(10, 0) });
    let mut client = server.connect();
    for (target, status, location) in [
        ("/4?redirects=2", 307, Some("/4?redirects=1")),
        ("/4?redirects=1", 307, Some("/4")),
        ("/4", 200, None),
    ] {
        let reply = client.post(target, &payload::pattern(7, 5));
        assert_eq!(
            (reply.status, reply.headers.get("location").map(String::as_str)),
            (status, location)
        );
    }
    // Another body is refused on the way as well.
    assert_eq!(client.post("/4?redirects=1", b"hello").status, 400);
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.redirected), (1, 1, 2));
    assert_eq!((report.uploaded_bytes, report.accepted[0].1), (20, 4));
}
