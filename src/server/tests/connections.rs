//! Connections before a request, and the list of them.

use super::*;

#[test]
fn nothing_is_read_before_the_pause() {
    let connect_delay_ns = 40_000_000;
    let server = Running::start(ServerConfig { connect_delay_ns, ..config(1, 0) });
    let start = Instant::now();
    let mut client = server.connect();
    let connected = start.elapsed();
    assert_eq!(client.get(0, "").status, 200);
    assert!(start.elapsed() >= Duration::from_nanos(connect_delay_ns));
    // Only what was sent into the queue of the system waits: the connection itself is there.
    assert!(connected < PATIENCE);
    let reply = client.get(1, "");
    // A delay counts from a head that is read, so the pause is not in it.
    assert!(reply.delay_ns() < 1_000_000_000);
    let report = server.stop();
    assert_eq!((report.requests, report.connections), (2, 1));
    assert_eq!(report.lateness.delays.pauses, 0);
}

#[test]
fn every_connection_is_listed_in_order() {
    let server = Running::start(config(1, 0));
    let mut want = Vec::new();
    let mut open = Vec::new();
    for requests in [2, 0, 5, 1] {
        let mut client = server.connect();
        (0..requests).for_each(|index| assert_eq!(client.get(index, "").status, 200));
        want.push((client.0.get_ref().local_addr().unwrap().port(), requests as u32));
        open.push(client);
    }
    // An answer shows that whoever connected before was accepted before.
    assert_eq!(open[0].get(9, "").status, 200);
    want[0].1 += 1;
    let report = server.stop();
    assert_eq!(report.accepted, want);
    assert_eq!((report.connections, report.requests), (4, 9));
}

#[test]
fn silence_and_noise_disturb_nobody() {
    let server = Running::start(config(1, 0));
    let silent = server.connect();
    let mut hesitant = server.connect();
    hesitant.0.get_mut().write_all(b"PR").unwrap();
    let mut noisy = server.connect();
    noisy.0.get_mut().write_all(&[0xff; 64]).unwrap();
    let mut told = Vec::new();
    let _ = noisy.0.read_to_end(&mut told);
    assert!(told.is_empty() || told.starts_with(b"HTTP/1.1 400 "), "{told:?}");
    assert_eq!(server.connect().get(0, "").status, 200);
    // What looked like the beginning of HTTP/2 is a method of HTTP/1.1 after all.
    hesitant.0.get_mut().write_all(b"OPFIND /0 HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    assert_eq!(hesitant.receive().status, 405);
    let report = server.stop();
    drop(silent);
    assert_eq!((report.connections, report.requests, report.answered), (4, 2, 1));
}
