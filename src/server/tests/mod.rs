//! The server over real sockets, on a thread of this process or as a child.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::*;
use crate::delay::{Delay, Fixed, Model, Uniform};
use crate::payload;
use crate::protocol::{ServerReady, ServerReport};
use crate::spec::Scenario;

/// Far longer than any of it takes, so that a machine under load does not fail a test.
const PATIENCE: Duration = Duration::from_secs(20);

fn config(body_bytes: u64, delay_ms: u64) -> ServerConfig {
    let model = Model::Fixed(Fixed { ns: delay_ms * 1_000_000 });
    let delay = Delay { model, max_ns: None };
    ServerConfig::of(&Scenario { body_bytes, seed: 7, ..Scenario::plain(1, delay) })
}

/// A server on a thread of its own.
struct Running {
    addr: SocketAddr,
    ready: ServerReady,
    shared: Arc<Shared>,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<ServerReport, ChildError>>,
}

impl Running {
    fn start(config: ServerConfig) -> Running {
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            let server = Server::start(config)?;
            let shared = server.shared.clone();
            let on_ready = |r: ServerReady| {
                ready.send((r, shared)).unwrap();
                Ok(())
            };
            server.run(on_ready, |_| Ok(()), async { drop(stopped.await) })
        });
        let (ready, shared) = is_ready.recv_timeout(PATIENCE).unwrap();
        Running { addr: ready.addr, ready, shared, stop, thread }
    }

    fn connect(&self) -> Client {
        Client::to(self.addr)
    }

    fn stop(self) -> ServerReport {
        self.stop.send(()).unwrap();
        self.thread.join().unwrap().unwrap()
    }

    fn wait_for_in_flight(&self, want: u64) {
        let start = Instant::now();
        while self.shared.ledger.in_flight() != want {
            assert!(start.elapsed() < PATIENCE, "in flight: {}", self.shared.ledger.in_flight());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// One connection.
struct Client(BufReader<TcpStream>);

struct Reply {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Reply {
    fn delay_ns(&self) -> u64 {
        let ms = self.headers["server-timing"].strip_prefix("delay;dur=").unwrap();
        let (whole, fraction) = ms.split_once('.').unwrap();
        assert_eq!(fraction.len(), 6);
        whole.parse::<u64>().unwrap() * 1_000_000 + fraction.parse::<u64>().unwrap()
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Client {
    fn to(addr: SocketAddr) -> Client {
        let stream = TcpStream::connect(addr).unwrap();
        stream.set_nodelay(true).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        Client(BufReader::new(stream))
    }

    fn send(&mut self, line: &str, header: &str) {
        write!(self.0.get_mut(), "{line} HTTP/1.1\r\nHost: x\r\n{header}\r\n").unwrap();
    }

    fn post(&mut self, target: &str, body: &[u8]) -> Reply {
        self.send(&format!("POST {target}"), &format!("Content-Length: {}\r\n", body.len()));
        self.0.get_mut().write_all(body).unwrap();
        self.receive()
    }

    fn receive(&mut self) -> Reply {
        let mut lines = Vec::new();
        loop {
            let mut line = String::new();
            assert!(self.0.read_line(&mut line).unwrap() > 0, "closed after {lines:?}");
            match line.trim_end() {
                "" => break,
                line => lines.push(line.to_owned()),
            }
        }
        let headers: HashMap<String, String> = lines[1..]
            .iter()
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect();
        let mut body = vec![0; headers["content-length"].parse().unwrap()];
        self.0.read_exact(&mut body).unwrap();
        Reply { status: lines[0][9..12].parse().unwrap(), headers, body }
    }

    fn get(&mut self, index: u64, header: &str) -> Reply {
        self.send(&format!("GET /{index}"), header);
        self.receive()
    }
}

#[test]
fn no_answer_comes_before_its_planned_delay() {
    let delay = Model::Uniform(Uniform { low_ns: 0, high_ns: 40_000_000 });
    let config = ServerConfig {
        delay: Delay { model: delay, max_ns: None },
        time_scale: 0.1,
        ..config(100, 0)
    };
    let planned = config.delay.clone();
    let server = Running::start(config);
    let mut client = server.connect();
    let mut sum = 0;
    for index in 0..30 {
        let start = Instant::now();
        let reply = client.get(index, "");
        let waited_ns = start.elapsed().as_nanos() as u64;
        assert_eq!((reply.status, &*reply.headers["inflight-index"]), (200, &*index.to_string()));
        let planned_ns = planned.planned_ns(7, index, 0.1);
        assert!(planned_ns <= reply.delay_ns() && reply.delay_ns() <= waited_ns);
        sum += reply.delay_ns();
    }
    let report = server.stop();
    assert_eq!(report.delay_served_sum_ns, sum);
    let delays = report.lateness.delays;
    assert_eq!(delays.pauses, 30);
    assert!(delays.error_p50_ns <= delays.error_p99_ns);
    assert!(delays.error_p99_ns <= delays.error_max_ns);
    assert!(delays.error_max_ns.is_some());
    assert!(report.cpu_user_ns + report.cpu_sys_ns > 0);
}

#[test]
fn a_header_asks_for_another_delay() {
    let server = Running::start(ServerConfig { time_scale: 100.0, ..config(1, 60) });
    let mut client = server.connect();
    // Neither the planned six seconds nor a scaled one.
    let reply = client.get(0, "Inflight-Delay: 2.5ms\r\n");
    assert!((2_500_000..6_000_000_000).contains(&reply.delay_ns()));
    let refused = client.get(0, "Inflight-Delay: soon\r\n");
    assert_eq!(refused.status, 400);
    assert!(refused.text().starts_with("header Inflight-Delay: `soon` is not a duration"));
    // The connection is as good as before.
    assert_eq!(client.get(0, "inflight-delay: 0s\r\n").status, 200);
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.connections), (3, 2, 1));
}

#[test]
fn a_body_is_the_pattern_of_the_seed() {
    for length in [0, 1, 65_536, 65_537, 440_000] {
        let server = Running::start(config(length, 0));
        let mut client = server.connect();
        for index in 0..2 {
            let body = client.get(index, "").body;
            let want = payload::pattern(7, length as usize);
            assert_eq!(body.len() as u64, length);
            assert_eq!(payload::checksum(&body), payload::checksum(&want));
        }
        server.wait_for_in_flight(0);
        let report = server.stop();
        assert_eq!((report.requests, report.answered, report.peak_in_flight), (2, 2, 1));
        assert_eq!(report.lateness.delays.pauses, 0);
    }
}

#[test]
fn requests_are_counted_by_connection() {
    let server = Running::start(config(10, 0));
    let idle = server.connect();
    for requests in [1, 5, 2] {
        let mut client = server.connect();
        (0..requests).for_each(|index| assert_eq!(client.get(index, "").status, 200));
    }
    let report = server.stop();
    drop(idle);
    assert_eq!((report.requests, report.answered, report.connections), (8, 8, 4));
    assert_eq!(report.requests_per_connection_min, 0);
    assert_eq!(report.requests_per_connection_p50, 1);
    assert_eq!(report.requests_per_connection_max, 5);
}

#[test]
fn the_peak_is_what_was_in_flight_at_once() {
    let server = Running::start(config(100_000, 0));
    let at_once = |n: usize, delay: &'static str| {
        let addr = server.addr;
        let threads: Vec<_> = (0..n)
            .map(|_| {
                std::thread::spawn(move || {
                    let mut client = Client::to(addr);
                    client.get(0, delay);
                    client.get(1, "");
                })
            })
            .collect();
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    };
    at_once(3, "");
    // Long enough for all of them to start, on a busy machine too.
    at_once(12, "Inflight-Delay: 500ms\r\n");
    at_once(2, "");
    let report = server.stop();
    assert_eq!((report.peak_in_flight, report.answered), (12, 34));
}

#[test]
fn aborted_requests_are_in_flight_no_more() {
    let server = Running::start(config(8_000_000, 0));
    let mut waiting = server.connect();
    waiting.send("GET /0", "Inflight-Delay: 1h\r\n");
    server.wait_for_in_flight(1);
    drop(waiting);
    server.wait_for_in_flight(0);
    // One that does not read what is sent, and goes.
    let mut stuck = server.connect();
    stuck.send("GET /1", "");
    server.wait_for_in_flight(1);
    drop(stuck);
    server.wait_for_in_flight(0);
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.peak_in_flight), (2, 0, 1));
}

#[test]
fn open_requests_do_not_hold_up_the_end() {
    let server = Running::start(config(1, 0));
    let mut client = server.connect();
    client.send("GET /0", "Inflight-Delay: 1h\r\n");
    server.wait_for_in_flight(1);
    let shared = server.shared.clone();
    let report = server.stop();
    assert_eq!((report.requests, report.answered), (1, 0));
    assert_eq!(shared.ledger.in_flight(), 0);
    assert!(client.0.read_line(&mut String::new()).is_ok_and(|n| n == 0));
}

#[test]
fn a_burst_of_connects_fits_the_accept_queue() {
    let most: usize = fs_err::read_to_string("/proc/sys/net/core/somaxconn")
        .ok()
        .and_then(|n| n.trim().parse().ok())
        .unwrap_or(128);
    let server = Server::start(config(10, 5)).unwrap();
    let addr = server.listener.local_addr().unwrap();
    // Nobody accepts yet: all of them are in the queue. One that did not fit would wait a second.
    let limit = Duration::from_millis(900);
    let burst: Vec<_> =
        (0..most.min(300)).map(|_| TcpStream::connect_timeout(&addr, limit).unwrap()).collect();
    let (stop, stopped) = oneshot::channel();
    let clients = std::thread::spawn(move || {
        let mut clients: Vec<_> = burst.into_iter().map(|s| Client(BufReader::new(s))).collect();
        clients.iter_mut().for_each(|client| client.send("GET /0", ""));
        let ok = clients.iter_mut().filter_map(|c| (c.receive().status == 200).then_some(()));
        let ok = ok.count() as u64;
        stop.send(()).unwrap();
        ok
    });
    let seen = server.run(|_| Ok(()), |_| Ok(()), async { drop(stopped.await) }).unwrap();
    let ok = clients.join().unwrap();
    assert_eq!((ok, seen.connections), (seen.answered, ok));
    assert_eq!(ok, most.min(300) as u64);
}

#[test]
fn what_is_not_served_is_explained() {
    let server = Running::start(config(10, 0));
    let mut client = server.connect();
    for (line, status, text) in [
        ("GET /", 404, "`/` is unknown: ask for the index of a request, as in `/0`\n"),
        ("GET /a", 404, "`/a` is unknown: ask for the index of a request, as in `/0`\n"),
        ("GET /+1", 404, "`/+1` is unknown: ask for the index of a request, as in `/0`\n"),
        ("DELETE /1", 405, "DELETE is not possible here: use GET or POST\n"),
        (
            "GET /1?redirects=x",
            400,
            "`redirects=x` is no number of redirects: `redirects=2` is one\n",
        ),
        ("GET /1?x=y", 200, ""),
    ] {
        client.send(line, "");
        let reply = client.receive();
        assert_eq!(reply.status, status, "{line}");
        if status != 200 {
            assert_eq!(reply.text(), text);
        }
        assert_eq!(reply.headers.contains_key("allow"), status == 405);
    }
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.peak_in_flight), (6, 1, 1));
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let server = Running::start(config(0, 0));
    let port = server.addr.port();
    let error = Server::start(ServerConfig { port, ..config(0, 0) }).unwrap_err().to_string();
    assert!(error.starts_with(&format!("port {port} of 127.0.0.1 is in use: stop ")), "{error}");
    assert!(error.ends_with("or take port 0 for a free one"), "{error}");
    server.stop();
}

#[test]
fn a_body_beyond_memory_is_refused() {
    let error = Server::start(config(1 << 40, 0)).unwrap_err().to_string();
    assert!(error.starts_with("a body of 1099511627776 B is too long"), "{error}");
}

#[test]
fn serve_tells_where_it_listens_and_what_it_saw() {
    let (ready, is_ready) = mpsc::channel();
    let (stop, stopped) = oneshot::channel();
    let client = std::thread::spawn(move || {
        let ready: ServerReady = is_ready.recv_timeout(PATIENCE).unwrap();
        assert_eq!(ready.protocol, VERSION);
        assert_eq!(Client::to(ready.addr).get(3, "").status, 200);
        stop.send(()).unwrap();
    });
    let on_ready = |r| ready.send(r).unwrap();
    let report = serve(config(10, 1), on_ready, async { drop(stopped.await) }).unwrap();
    client.join().unwrap();
    assert_eq!((report.requests, report.answered, report.connections), (1, 1, 1));
}

#[test]
fn a_self_check_looks_at_every_sleep() {
    let check = self_check(&[]).unwrap();
    assert_eq!(check.sleeps, 1_600);
    // Reading the clock, waking a task and reading it again takes longer than this anywhere.
    assert!(check.late_p50_ns > 100, "{check:?}");
    assert!(check.late_p50_ns <= check.late_p99_ns && check.late_p99_ns <= check.late_max_ns);
}

mod as_a_child;
mod capacity;
mod connections;
mod encrypted;
mod http2;
mod lateness;
mod names;
mod pieces;
mod redirects;
mod uploads;
