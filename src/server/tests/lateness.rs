//! A server that stands still says so, whatever it was doing.

use rustix::process::{Pid, Signal, kill_process};

use super::as_a_child::Process;
use super::*;
use crate::dns::{self, Resolver};
use crate::protocol::{DnsTerms, Lateness, Pause, TlsTerms};

/// The server is stopped well within a pause of this length, and goes on long after its end.
const PAUSE_NS: u64 = 300_000_000;
const STILL: Duration = Duration::from_millis(600);

/// Stops a server for a while.
fn stop_for_a_while(process: &Process, meanwhile: impl FnOnce()) {
    let pid = Pid::from_child(&process.child);
    // The pause has begun by then.
    std::thread::sleep(Duration::from_millis(50));
    kill_process(pid, Signal::STOP).unwrap();
    std::thread::sleep(STILL);
    meanwhile();
    kill_process(pid, Signal::CONT).unwrap();
}

/// One pause of this kind was late, and the server stood still.
#[track_caller]
fn assert_late(report: &ServerReport, pause: Pause) {
    let lateness = &report.lateness;
    let &Lateness { pauses, late, error_p50_ns, error_max_ns, .. } = lateness.of(pause);
    assert_eq!((pauses, late), (1, 1), "{lateness:?}");
    // 600 ms of standing still began 250 ms before the end of the pause, or less.
    assert!(error_p50_ns == error_max_ns && error_max_ns >= Some(300_000_000), "{lateness:?}");
    assert!(lateness.late_max_ns >= 250_000_000, "{lateness:?}");
    assert_stalled(report);
}

#[track_caller]
fn assert_stalled(report: &ServerReport) {
    let stalled: u64 = report.lateness.stalls.iter().map(|stall| stall.ns).sum();
    // All but the time between two beats and some CPU time.
    assert!(stalled >= 500_000_000, "{:?}", report.lateness);
}

#[test]
fn in_a_delay() {
    let (process, ready) = Process::start(&config(1, PAUSE_NS / 1_000_000));
    let mut client = Client::to(ready.addr);
    client.send("GET /0", "");
    stop_for_a_while(&process, || ());
    assert_eq!(client.receive().status, 200);
    assert_late(&process.stop(), Pause::Delay);
}

#[test]
fn in_a_delay_that_the_client_does_not_wait_for() {
    let (process, ready) = Process::start(&config(1, PAUSE_NS / 1_000_000));
    let mut client = Client::to(ready.addr);
    client.send("GET /0", "");
    stop_for_a_while(&process, || drop(client));
    // It goes on with its other work first.
    assert_eq!(Client::to(ready.addr).get(1, "Inflight-Delay: 0s\r\n").status, 200);
    assert_late(&process.stop(), Pause::Delay);
}

#[test]
fn between_two_pieces() {
    let config = ServerConfig { chunks: 2, chunk_delay_ns: PAUSE_NS, ..config(2, 0) };
    let (process, ready) = Process::start(&config);
    let mut client = Client::to(ready.addr);
    client.send("GET /0", "");
    stop_for_a_while(&process, || ());
    let mut all = Vec::new();
    while !all.ends_with(b"0\r\n\r\n") {
        assert!(client.0.read_until(b'\n', &mut all).unwrap() > 0);
    }
    assert_late(&process.stop(), Pause::Piece);
}

#[test]
fn before_it_reads_from_a_connection() {
    let config = ServerConfig { connect_delay_ns: PAUSE_NS, ..config(1, 0) };
    let (process, ready) = Process::start(&config);
    let mut client = Client::to(ready.addr);
    client.send("GET /0", "");
    stop_for_a_while(&process, || ());
    assert_eq!(client.receive().status, 200);
    assert_late(&process.stop(), Pause::Connect);
}

#[test]
fn before_a_handshake() {
    let terms = TlsTerms { handshake_delay_ns: PAUSE_NS, resumption: true };
    let (process, ready) = Process::start(&ServerConfig { tls: Some(terms), ..config(1, 0) });
    let mut client = Client::to(ready.addr);
    // What comes after the pause is no handshake, and the server says so.
    client.send("GET /0", "");
    stop_for_a_while(&process, || ());
    let mut said = Vec::new();
    let _ = client.0.read_to_end(&mut said);
    let report = process.stop();
    assert_eq!(report.tls_failed, 1);
    assert_late(&report, Pause::Handshake);
}

#[test]
fn before_it_answers_about_a_name() {
    let terms =
        DnsTerms { targets: 1, address: [127, 0, 0, 1].into(), delay_ns: PAUSE_NS, ttl_ns: 1 };
    let (process, ready) = Process::start(&ServerConfig { dns: Some(terms), ..config(1, 0) });
    let addr = ready.dns.unwrap();
    let asking = std::thread::spawn(move || {
        Resolver::new(addr, false, PATIENCE).resolve_blocking(&dns::host(0)).unwrap()
    });
    stop_for_a_while(&process, || ());
    asking.join().unwrap();
    assert_late(&process.stop(), Pause::Name);
}

#[test]
fn without_any_pause() {
    let (process, ready) = Process::start(&config(1, 0));
    stop_for_a_while(&process, || {
        // Connected by the kernel, and waiting to be accepted.
        drop(TcpStream::connect(ready.addr).unwrap());
    });
    assert_eq!(Client::to(ready.addr).get(1, "").status, 200);
    let report = process.stop();
    assert_eq!(report.lateness.late_max_ns, 0);
    assert_stalled(&report);
}

/// A busy server is late by its own work, and that is nobody's fault but the load's.
#[test]
fn own_work_is_not_standing_still() {
    let server = Running::start(config(1 << 20, 1));
    let mut client = server.connect();
    let start = Instant::now();
    let mut answers = 0;
    while start.elapsed() < Duration::from_millis(300) {
        assert_eq!(client.get(answers, "").status, 200);
        answers += 1;
    }
    let report = server.stop();
    assert_eq!(report.lateness.delays.pauses, answers);
    // This machine may be busy with something else: but it does not stand still all the time.
    let stalled: u64 = report.lateness.stalls.iter().map(|stall| stall.ns).sum();
    assert!(stalled < 250_000_000, "{:?}", report.lateness);
}
