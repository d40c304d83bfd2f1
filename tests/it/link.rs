//! A network with a round trip, as a process inside it meets it.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use inflight::child::{Ended, Wait};
use inflight::network::{LinkKind, RelayReport};
use inflight::run::network::{Link, Network};
use inflight::vocabulary::RttBy;
use serde::{Deserialize, Serialize};

use crate::bench::{Bench, alone};

const RTT: Duration = Duration::from_millis(10);
const DEADLINE: Duration = Duration::from_secs(60);
/// Of each kind.
const TRIPS: usize = 20;

/// Values that a process inside saw.
#[derive(Debug, Serialize, Deserialize)]
struct Seen {
    connects_ns: Vec<u64>,
    echoes_ns: Vec<u64>,
    peer: String,
    refused: String,
    bytes: usize,
}

/// Set for a process that is to look, so that the function below is harmless otherwise.
const ADDRESSES: &str = "INFLIGHT_TEST_LINK";

/// Not a test: this binary, started inside a link by the tests below.
#[test]
#[ignore = "a process that other tests start inside a link"]
fn inside() {
    let Ok(addresses) = std::env::var(ADDRESSES) else { return };
    let (near, far) = addresses.split_once(' ').expect("two addresses");
    let seen = look(near.parse().expect("an address"), far.parse().expect("an address"));
    println!("\n{}", serde_json::to_string(&seen).expect("plain data"));
}

fn look(near: Ipv4Addr, far: Ipv4Addr) -> Seen {
    let timed = |step: &mut dyn FnMut()| {
        let start = Instant::now();
        step();
        start.elapsed().as_nanos() as u64
    };
    let listener = TcpListener::bind((near, 0)).expect("the near address");
    let port = listener.local_addr().expect("an address").port();
    let connects_ns: Vec<u64> = (0..TRIPS)
        .map(|_| timed(&mut || drop(TcpStream::connect((far, port)).expect("a connection"))))
        .collect();
    (0..TRIPS).for_each(|_| drop(listener.accept().expect("a connection")));

    // More than one window, each way.
    let mut client = TcpStream::connect((far, port)).expect("a connection");
    let (mut server, peer) = listener.accept().expect("a connection");
    let sent: Vec<u8> = (0..1_000_000_u32).map(|i| (i % 251) as u8).collect();
    let echo = std::thread::spawn(move || {
        let mut received = vec![0; 1_000_000];
        server.read_exact(&mut received).expect("all of it");
        server.write_all(&received).expect("all of it");
    });
    client.write_all(&sent).expect("all of it");
    let mut received = Vec::new();
    client.read_to_end(&mut received).expect("all of it");
    echo.join().expect("no panic");
    assert!(received == sent, "what came back is not what was sent");

    let server = UdpSocket::bind((near, 0)).expect("the near address");
    let client = UdpSocket::bind((near, 0)).expect("the near address");
    client.set_read_timeout(Some(DEADLINE)).expect("a timeout");
    client.connect((far, server.local_addr().expect("an address").port())).expect("a peer");
    let mut buffer = [0; 16];
    let echoes_ns = (0..TRIPS)
        .map(|_| {
            timed(&mut || {
                client.send(b"ping").expect("sent");
                let (len, from) = server.recv_from(&mut buffer).expect("received");
                server.send_to(&buffer[..len], from).expect("answered");
                assert_eq!(client.recv(&mut buffer).expect("an answer"), 4);
            })
        })
        .collect();

    // Nobody listens there any more: the error must find its sender.
    drop(server);
    client.send(b"ping").expect("sent");
    let refused = client.recv(&mut buffer).expect_err("nobody listens").kind().to_string();
    Seen { connects_ns, echoes_ns, peer: peer.ip().to_string(), refused, bytes: received.len() }
}

fn open(by: RttBy, stop: &AtomicBool) -> Result<Link, Ended> {
    let network = Network { rtt: Some(RTT), rtt_by: by, ports: None };
    let program = Path::new(env!("CARGO_BIN_EXE_inflight"));
    Link::open(program, network, &[], &Wait::new(DEADLINE, stop))
}

/// The link, where the machine allows one; otherwise a reason that can be read is all there is to
/// assert.
fn link(by: RttBy) -> Option<Link> {
    match open(by, &AtomicBool::new(false)) {
        Ok(link) => Some(link),
        Err(Ended::Unavailable(why)) => {
            assert!(why.contains(' ') && !why.contains('\n'), "no sentence: {why}");
            println!("skipped: {why}");
            None
        }
        Err(other) => panic!("neither a link nor a reason: {other:?}"),
    }
}

fn median(mut times: Vec<u64>) -> Duration {
    times.sort_unstable();
    Duration::from_nanos(times[times.len() / 2])
}

#[test]
fn connections_and_datagrams_take_the_round_trip_and_not_much_more() {
    let _alone = alone();
    takes_the_round_trip(RttBy::Tun, LinkKind::Tun);
    takes_the_round_trip(RttBy::Netem, LinkKind::Netem);
}

fn takes_the_round_trip(by: RttBy, kind: LinkKind) {
    let Some(link) = link(by) else { return };
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command
        .args(["--exact", "link::inside", "--ignored", "--nocapture"])
        .env(ADDRESSES, format!("{} {}", link.near(), link.far()))
        .stderr(Stdio::inherit());
    link.enter(&mut command);
    let output = command.output().expect("a process inside");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{text}");
    let line = text.lines().find(|l| l.starts_with('{')).expect("a document");
    let seen: Seen = serde_json::from_str(line).expect("what it saw");

    for times in [seen.connects_ns, seen.echoes_ns] {
        assert_eq!(times.len(), TRIPS);
        let shortest = times.iter().min().copied().map(Duration::from_nanos);
        assert!(shortest >= Some(RTT), "{shortest:?}");
        // Two waits of a process that may have to share its CPU with other tests.
        assert!(median(times.clone()) < RTT + Duration::from_millis(15), "{times:?}");
    }
    assert_eq!((seen.peer, seen.bytes), (link.far().to_string(), 1_000_000));
    assert_eq!(seen.refused, "connection refused");

    let stop = AtomicBool::new(false);
    let report = link.close(&Wait::new(DEADLINE, &stop)).expect("its end").expect("a report");
    let RelayReport { packets, bytes, dropped, peak_queue, .. } = report;
    assert_eq!((report.kind, dropped), (kind, 0), "{report:?}");
    // A handshake is three packets; a byte goes twice, at most 1 460 of them in a packet.
    assert!(packets > 3 * TRIPS as u64 + 2 * 1_000_000 / 1_460, "{report:?}");
    assert!(bytes > 2_000_000 && peak_queue.is_none_or(|n| n > 1), "{report:?}");
    let (p50, p99) = (report.hold_error_p50_ns, report.hold_error_p99_ns);
    assert!(p50.is_some() && p50 <= p99 && p99 <= report.hold_error_max_ns, "{report:?}");
    assert!(p50 < Some(5_000_000), "{report:?}");
}

#[test]
fn a_link_that_is_dropped_leaves_no_process() {
    let Some(link) = link(RttBy::Auto) else { return };
    let relay = format!("/proc/{}", link.id());
    assert!(Path::new(&relay).exists());
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.arg("--list").stdout(Stdio::null());
    link.enter(&mut command);
    drop(link);
    assert!(!Path::new(&relay).exists());
    // The command keeps the namespace: entering needs no relay, only a round trip does.
    assert!(command.status().expect("a process inside").success());
}

#[test]
fn whoever_asked_to_stop_does_not_wait_for_a_link() {
    assert!(matches!(open(RttBy::Auto, &AtomicBool::new(true)), Err(Ended::Stopped)));
}

/// Opening a connection takes a round trip, and so does a request.
const EXPERIMENT: &str = r#"
title = "Round trip"
question = "Does reuse pay?"

[workload]
requests = 10
delay = "1ms"
rtt = "10ms"

[[strategy]]
label = "sync"
model = "sequential"
reuse = ["none", "session"]

[blocks]
count = 2
warmup = 0
"#;

#[test]
fn a_trial_has_the_round_trip_that_its_experiment_asks_for_or_is_skipped() {
    let _alone = alone();
    let expected = if link(RttBy::Netem).is_some() { "netem" } else { "tun" };
    trials_have_the_round_trip(RttBy::Auto, expected);
}

#[test]
fn a_trial_that_asks_for_netem_has_it_or_is_skipped_with_the_reason() {
    let _alone = alone();
    trials_have_the_round_trip(RttBy::Netem, "netem");
}

fn trials_have_the_round_trip(by: RttBy, kind: &str) {
    let bench = Bench::new();
    bench.file("rtt.toml", EXPERIMENT);
    let set = format!("workload.rtt_by={}", by.name());
    let called = bench.call(&["run", "--json", "--set", &set, "rtt.toml"]);
    let run = bench.runs().pop().expect("a run");
    let recording = inflight::record::Recording::read(&run).expect("a readable record");
    assert_eq!(recording.trials.len(), 6);
    if link(by).is_none() {
        called.exits(5).says("6 of 6 trials were skipped: ");
        called.says("nothing was measured").prints("\"skipped\":6");
        for row in &recording.trials {
            assert_eq!(row.status.name(), "skipped");
            assert!(row.reason.contains("this machine"), "{}", row.reason);
            // Without any network of a trial's own, there is no other way to name.
            let way_out = by == RttBy::Netem && link(RttBy::Tun).is_some();
            let names_it = !way_out || row.reason.contains("rtt_by = \"tun\"");
            assert!(names_it, "no way out: {}", row.reason);
        }
        return;
    }
    called.has_recorded();
    for row in recording.trials.iter().filter(|row| row.is_ok()) {
        let wall = Duration::from_nanos(row.wall_ns.expect("a wall time"));
        // Of a single connection, or of one for each request.
        let trips = if row.reuse == "none" { 2 * 10 } else { 1 + 10 };
        let least = trips * RTT + Duration::from_millis(10);
        assert!(wall >= least, "{}: {wall:?}, not {least:?}", row.reuse);
        assert_eq!((row.rtt_kind.as_str(), row.rtt_dropped), (kind, Some(0)));
        // Known where netem would have been taken, and was not.
        let wanted = by == RttBy::Auto && kind != "netem";
        assert_eq!(row.rtt_no_netem.contains("netem"), wanted, "{}", row.rtt_no_netem);
        assert!(row.rtt_error_p50_ns.is_some() && row.rtt_error_p50_ns <= row.rtt_error_max_ns);
        // At least a question and an answer for each request.
        assert!(row.rtt_packets >= Some(20), "{:?}", row.rtt_packets);
        // Without the connection.
        assert_eq!(row.ideal_ns, 10 * (1_000_000 + 10_000_000));
    }
    let opened: Vec<Option<u64>> = recording.trials.iter().map(|r| r.server_connections).collect();
    assert!(opened.contains(&Some(1)) && opened.contains(&Some(10)), "{opened:?}");
}

/// Every client, with and without names, over whatever may lie between it and its server.
const ENCRYPTED: &str = r#"
title = "TLS over a network of its own"
question = "Does the certificate hold for the address that a client connects to?"
blocks = { count = 1, warmup = 0 }
server = { tls = true NAMES }
workload = { requests = 2, delay = "1ms" NETWORK }
strategy = [
    { label = "one by one", model = "sequential", client = ["ureq", "reqwest-blocking"] PORTS },
    { label = "a worker", model = "async-workers", limit = 1, client = ["hyper", "reqwest"], protocol = ["http1", "http2"] PORTS },
]
"#;

#[test]
fn a_certificate_holds_for_the_address_that_a_client_connects_to() {
    let _alone = alone();
    let networks = [
        ("", ""),
        ("", ", ports = 200"),
        (", rtt = \"4ms\", rtt_by = \"tun\"", ""),
        (", rtt = \"4ms\", rtt_by = \"netem\"", ""),
        (", rtt = \"4ms\", rtt_by = \"tun\"", ", ports = 200"),
    ];
    for (network, ports) in networks {
        for names in ["", ", dns_delay = \"1ms\""] {
            let text = ENCRYPTED.replace("NAMES", names).replace("NETWORK", network);
            let bench = Bench::new();
            bench.file("tls.toml", &text.replace("PORTS", ports));
            bench.call(&["run", "--quiet", "tls.toml"]);
            let run = bench.runs().pop().expect("a run");
            let recording = inflight::record::Recording::read(&run).expect("a readable record");
            let measured = recording.trials.iter().filter(|row| row.status.name() != "skipped");
            for row in measured {
                let what = format!("{network}{ports}{names} {} {}", row.client, row.protocol);
                assert_eq!((row.ok, row.errors), (Some(2), Some(0)), "{what}: {}", row.first_error);
                assert_eq!(row.tls_failed, Some(0), "{what}");
            }
        }
    }
}
