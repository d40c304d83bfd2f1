//! What a link is like from inside: connections, throughput, and how exact the relay stays as
//! packets become more.
//!
//! Not for criterion: each line is one experiment of its own link. `cargo bench --bench link`
//! prints them, by the relay and, where the machine has it, by netem. The relay and whoever listens
//! are on the last CPU, whoever asks on the first, as in a trial.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use inflight::child::Wait;
use inflight::machine::process::{allowed_cpus, pin, set_exact_timers};
use inflight::network::RelayReport;
use inflight::run::network::{Link, Network};
use inflight::vocabulary::RttBy;

const RTT: Duration = Duration::from_millis(15);
/// Known before this process keeps itself on another.
static SERVER_CPU: OnceLock<usize> = OnceLock::new();
const DEADLINE: Duration = Duration::from_secs(60);
/// Names the part that a process inside a link plays, after the addresses of its two sides.
const PART: &str = "INFLIGHT_BENCH_LINK";
const PARTS: [&str; 8] = [
    "connects 200",
    "packets 1000",
    "packets 10000",
    "packets 20000",
    "packets 50000",
    "packets 100000",
    "bytes 100000",
    "bytes 20000000",
];

fn main() {
    if let Ok(part) = std::env::var(PART) {
        return play(&part);
    }
    for by in [RttBy::Tun, RttBy::Netem] {
        println!("{}:", by.name());
        // Where there is no link for the first, there is none for the others.
        PARTS.iter().all(|part| run(by, part));
    }
}

/// Whether there was a link to run it in.
fn run(by: RttBy, part: &str) -> bool {
    let cpus: Vec<usize> = allowed_cpus().pop().into_iter().collect();
    let stop = AtomicBool::new(false);
    let program = Path::new(env!("CARGO_BIN_EXE_inflight"));
    let network = Network { rtt: Some(RTT), rtt_by: by, ports: None };
    let link = match Link::open(program, network, &cpus, &Wait::new(DEADLINE, &stop)) {
        Ok(link) => link,
        Err(why) => {
            println!("no link: {why:?}");
            return false;
        }
    };
    let mut command = Command::new(std::env::current_exe().expect("this binary"));
    command.env(PART, format!("{} {} {part}", link.near(), link.far()));
    link.enter(&mut command);
    assert!(command.status().expect("a process inside").success());
    let report = link.close(&Wait::new(DEADLINE, &stop)).expect("its end").expect("a report");
    let RelayReport { packets, dropped, peak_queue, cpu_user_ns, cpu_sys_ns, .. } = report;
    let us = |ns: Option<u64>| ns.unwrap_or(0) / 1_000;
    let held = peak_queue.map_or(String::new(), |peak| format!(", {peak} held at most"));
    println!(
        "    relay: {packets} packets, {dropped} dropped{held}; late by {} µs (p50), {} µs (p99), {} \
         µs (max); {} µs of CPU a packet",
        us(report.hold_error_p50_ns),
        us(report.hold_error_p99_ns),
        us(report.hold_error_max_ns),
        (cpu_user_ns + cpu_sys_ns) / packets.max(1) / 1_000,
    );
    true
}

fn play(part: &str) {
    let words: Vec<&str> = part.split(' ').collect();
    let [near, far, what, number] = words[..] else { panic!("no part: {part}") };
    let address = |text: &str| -> Ipv4Addr { text.parse().expect("an address") };
    let sides = Sides { near: address(near), far: address(far) };
    let number = number.parse().expect("a number");
    set_exact_timers().expect("exact timers");
    let cpus = allowed_cpus();
    cpus.last().map(|&last| SERVER_CPU.set(last));
    pin(&cpus[..cpus.len().min(1)]).expect("the first CPU");
    match what {
        "connects" => sides.connects(number),
        "packets" => sides.packets(number as u64),
        _ => sides.bytes(number),
    }
}

/// The addresses that servers listen on and clients connect to.
struct Sides {
    near: Ipv4Addr,
    far: Ipv4Addr,
}

/// On the CPU that a trial's server would have.
fn beside_the_relay<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> std::thread::JoinHandle<T> {
    let last = SERVER_CPU.get().copied();
    std::thread::spawn(move || {
        pin(last.as_slice()).expect("the last CPU");
        work()
    })
}

impl Sides {
    fn listener(&self) -> (TcpListener, u16) {
        let listener = TcpListener::bind((self.near, 0)).expect("the near address");
        let port = listener.local_addr().expect("an address").port();
        (listener, port)
    }

    fn connects(&self, count: usize) {
        let (listener, port) = self.listener();
        let accepting = beside_the_relay(move || {
            (0..count).for_each(|_| drop(listener.accept().expect("a connection")));
        });
        let mut times: Vec<Duration> = (0..count)
            .map(|_| {
                let start = Instant::now();
                drop(TcpStream::connect((self.far, port)).expect("a connection"));
                start.elapsed()
            })
            .collect();
        accepting.join().expect("no panic");
        times.sort_unstable();
        let at = |share: usize| times[(count - 1) * share / 100];
        println!(
            "{count} connects: {:?} (min), {:?} (p50), {:?} (p99), {:?} (max)",
            times[0],
            at(50),
            at(99),
            at(100)
        );
    }

    /// Datagrams at a steady rate for two seconds, in a batch each millisecond.
    fn packets(&self, per_second: u64) {
        const SECONDS: u64 = 2;
        const TICK: Duration = Duration::from_millis(1);
        let sink = UdpSocket::bind((self.near, 0)).expect("the near address");
        let to = (self.far, sink.local_addr().expect("an address").port());
        sink.set_read_timeout(Some(Duration::from_millis(500))).expect("a timeout");
        let counting = beside_the_relay(move || {
            let mut buffer = [0; 64];
            std::iter::repeat_with(|| sink.recv(&mut buffer)).take_while(Result::is_ok).count()
        });
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).expect("a socket");
        let start = Instant::now();
        let sent = per_second * SECONDS;
        for batch in 0..SECONDS * 1_000 {
            let due = start + TICK * batch as u32;
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            for _ in 0..per_second / 1_000 {
                socket.send_to(&[0; 32], to).expect("sent");
            }
        }
        let took = start.elapsed();
        let received = counting.join().expect("no panic");
        println!("{per_second} packets a second: {sent} sent in {took:.2?}, {received} received");
    }

    fn bytes(&self, count: usize) {
        let (listener, port) = self.listener();
        let sending = beside_the_relay(move || {
            let (mut stream, _) = listener.accept().expect("a connection");
            stream.write_all(&vec![0; count]).expect("all of it");
        });
        let mut stream = TcpStream::connect((self.far, port)).expect("a connection");
        let start = Instant::now();
        let mut received = Vec::new();
        stream.read_to_end(&mut received).expect("all of it");
        let took = start.elapsed();
        sending.join().expect("no panic");
        let rate = received.len() as f64 / took.as_secs_f64() / 1e6;
        println!("{} bytes of one connection: {took:.2?}, {rate:.0} MB/s", received.len());
    }
}
