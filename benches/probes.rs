//! Cost of probes: CPU time of a client with them over that of one without, for each request.
//!
//! Both are measured in this run, in turns, so that a machine that becomes slower does so for both.
//! CPU time and not wall time: probes work, they do not wait. The server is a process of its own,
//! so only the client's time is counted.
//!
//! `cargo bench --bench probes -- ureq` measures the clients whose name contains `ureq`, `-- hyper
//! http1 --pairs=400` a way in as many pairs.

use std::num::NonZeroU32;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use inflight::analyse::{median, paired_ratio};
use inflight::child::{Process, SERVER_COMMAND, Wait, command};
use inflight::client;
use inflight::delay::Delay;
use inflight::machine::process;
use inflight::protocol::{ClientConfig, ServerConfig, ServerReady};
use inflight::spec::Scenario;
use inflight::strategy::{Library, Strategy, library, model};
use inflight::vocabulary::{Flavour, Protocol, Reuse};

/// Requests of a trial: opening connections and starting threads is shared by so many.
const REQUESTS: u32 = 4_000;
/// In flight at most.
const LIMIT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
/// Pairs of trials, if not told otherwise.
const PAIRS: usize = 25;
/// Fits into one read, as a small answer of a service does.
const BODY_BYTES: u64 = 1_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let pairs = args.iter().find_map(|a| a.strip_prefix("--pairs="));
    let pairs = pairs.map_or(PAIRS, |pairs| pairs.parse().expect("--pairs=NUMBER"));
    // Without the flag, which `cargo bench` gives, somebody wants to know only that it runs.
    let measures = args.iter().any(|a| a == "--bench");
    let (requests, pairs) = if measures { (REQUESTS, pairs) } else { (50, 1) };
    let words: Vec<&String> = args.iter().filter(|a| !a.starts_with('-')).collect();
    let wanted = |way: &str| words.iter().all(|word| way.contains(word.as_str()));
    let cpus = process::allowed_cpus();
    if let [first, .., last] = cpus[..] {
        process::pin(&[last]).expect("a CPU that is allowed");
        println!("client on CPU {last}, server on CPU {first}");
    }
    println!("| client | protocol | TLS | CPU per request | with probes | ratio (95 % interval) |");
    println!("| --- | --- | --- | --- | --- | --- |");
    for &library in library::ALL {
        for (&protocol, tls) in library.protocols.iter().flat_map(|p| [(p, false), (p, true)]) {
            if wanted(&format!("{} {protocol} {}", library.name, if tls { "tls" } else { "" })) {
                measure(library, protocol, tls, cpus.first(), requests, pairs);
            }
        }
    }
}

fn measure(
    library: &'static Library,
    protocol: Protocol,
    tls: bool,
    cpu: Option<&usize>,
    requests: u32,
    pairs: usize,
) {
    let scenario =
        Scenario { body_bytes: BODY_BYTES, tls, ..Scenario::plain(requests, Delay::NONE) };
    let strategy = |probes| strategy(library, protocol, probes);
    let (_server, ready) = serve(&scenario, cpu);
    let cpu_ns = |probes| trial(&ready, &scenario, &strategy(probes));
    // Both once before: pages, ports and caches are warm from then on.
    let (_, _) = (cpu_ns(false), cpu_ns(true));
    let (mut without, mut with) = (Vec::new(), Vec::new());
    for pair in 0..pairs {
        // Each goes first as often as the other.
        let first = pair % 2 == 1;
        for probes in [first, !first] {
            if probes { &mut with } else { &mut without }.push(cpu_ns(probes));
        }
    }
    let us = |all: &[f64]| median(all).map_or(f64::NAN, |median| median.value / 1e3);
    let ratio = paired_ratio(&without, &with).expect("times above 0").ratio;
    // Too few pairs have none.
    let interval =
        ratio.interval.map_or(String::new(), |i| format!(" ({:.3} to {:.3})", i.low, i.high));
    println!(
        "| {} | {protocol} | {} | {:.2} µs | {:.2} µs | {:.3}{interval} |",
        library.name,
        if tls { "yes" } else { "no" },
        us(&without),
        us(&with),
        ratio.value,
    );
}

fn strategy(library: &'static Library, protocol: Protocol, probes: bool) -> Strategy {
    let model = match library.flavour() {
        Flavour::Blocking => "threads",
        Flavour::Async => "async-workers",
    };
    let model = model::named(model).expect("a model");
    let limit = Some(LIMIT);
    let wanted = Strategy {
        reuse: Reuse::Session,
        limit,
        protocol,
        probes,
        ..Strategy::of("bench", model, library)
    };
    wanted.checked().expect("a valid combination")
}

/// A server in a process of its own, until it is dropped.
fn serve(scenario: &Scenario, cpu: Option<&usize>) -> (Process, ServerReady) {
    let command = command(Path::new(env!("CARGO_BIN_EXE_inflight")), SERVER_COMMAND);
    let mut server = Process::start("server", command).expect("a process");
    let cpus = cpu.copied().into_iter().collect();
    let config = ServerConfig { cpus, ..ServerConfig::of(scenario) };
    server.send(&config).expect("a server that reads");
    let stop = AtomicBool::new(false);
    let ready = server.answer(&Wait::new(Duration::from_secs(60), &stop));
    (server, ready.expect("a server that is ready"))
}

/// CPU time of each request, in nanoseconds.
fn trial(server: &ServerReady, scenario: &Scenario, strategy: &Strategy) -> f64 {
    let config = ClientConfig::of(scenario, strategy, server);
    let report = client::run(&config).expect("a report");
    assert_eq!(report.ok, u64::from(scenario.requests), "{:?}", report.first_error);
    (report.cpu_user_ns + report.cpu_sys_ns) as f64 / f64::from(scenario.requests)
}
