//! Trace that the thread which samples a trial leaves in the client's figures, once its own time is
//! taken off.
//!
//! The same requests, one after the other, with a short and with a long delay, and each with and without
//! a sampler that looks as often as one may. Waiting for 400 ms costs more than for 5 ms without any
//! sampler too: caches are cold then. That is what idling costs; beyond it, a request is to cost the
//! same. Trials are processes of their own, in turns.
//!
//! `cargo bench --bench observer -- ureq --rounds=9` measures the clients whose name contains `ureq`, in
//! nine rounds.

use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use inflight::analyse::median;
use inflight::child::{CLIENT_COMMAND, Process, SERVER_COMMAND, Wait, command};
use inflight::delay::{Delay, Fixed, Model};
use inflight::machine::process;
use inflight::protocol::{ClientConfig, ClientReport, ServerConfig, ServerReady, Timeline};
use inflight::spec::Scenario;
use inflight::strategy::{Library, Strategy, library, model};
use inflight::vocabulary::Flavour;

/// Requests of a trial, as in the case that this is about.
const REQUESTS: u32 = 20;
/// Rounds, if not told otherwise.
const ROUNDS: usize = 5;
const SHORT_MS: u64 = 5;
const LONG_MS: u64 = 400;
/// As often as a measured trial is looked at.
const EVERY_NS: u64 = 10_000_000;
/// A long delay may make a request dearer by this, beyond what idling costs.
const ALLOWED: f64 = 0.2;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let rounds = args.iter().find_map(|a| a.strip_prefix("--rounds="));
    let rounds = rounds.map_or(ROUNDS, |rounds| rounds.parse().expect("--rounds=NUMBER"));
    // Without the flag, which `cargo bench` gives, somebody wants to know only that it runs.
    let measures = args.iter().any(|a| a == "--bench");
    let (requests, rounds) = if measures { (REQUESTS, rounds) } else { (2, 1) };
    let words: Vec<&String> = args.iter().filter(|a| !a.starts_with('-')).collect();
    println!("| client | delay | sampler | CPU per request | taken off | switches | memory |");
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let verdicts: Vec<String> = library::ALL
        .iter()
        .filter(|library| words.iter().all(|word| library.name.contains(word.as_str())))
        .map(|library| measure(library, requests, rounds))
        .collect();
    println!("\n{}", verdicts.join("\n"));
}

fn measure(library: &'static Library, requests: u32, rounds: usize) -> String {
    let [first, .., last] = process::allowed_cpus()[..] else { return "one CPU only".to_owned() };
    let strategy = strategy(library);
    let scenarios = [SHORT_MS, LONG_MS].map(|ms| {
        let delay = Delay { model: Model::Fixed(Fixed { ns: ms * 1_000_000 }), max_ns: None };
        Scenario::plain(requests, delay)
    });
    let servers = scenarios.each_ref().map(|scenario| serve(scenario, first));
    let mut reports: [[Vec<ClientReport>; 2]; 2] = Default::default();
    for round in 0..=rounds {
        for delay in [0, 1] {
            for sampled in [round % 2 == 0, round % 2 == 1] {
                let report = trial(&servers[delay].1, &scenarios[delay], &strategy, last, sampled);
                // The first round fills caches.
                if round > 0 {
                    reports[delay][usize::from(sampled)].push(report);
                }
            }
        }
    }
    let cost = |delay: usize, sampled: usize| {
        let all = &reports[delay][sampled];
        let of = |value: &dyn Fn(&ClientReport) -> u64| {
            let values: Vec<f64> = all.iter().map(|r| value(r) as f64).collect();
            median(&values).map_or(f64::NAN, |m| m.value) / f64::from(requests)
        };
        let cpu_ns = of(&|r| r.cpu_user_ns + r.cpu_sys_ns);
        println!(
            "| {} | {} ms | {} | {:.1} µs | {:.1} µs | {:.2} | {:.2} MB |",
            library.name,
            [SHORT_MS, LONG_MS][delay],
            ["no", "yes"][sampled],
            cpu_ns / 1e3,
            of(&|r| r.sampler_cpu_ns.unwrap_or(0)) / 1e3,
            of(&|r| r.voluntary_switches + r.involuntary_switches),
            of(&|r| r.max_rss_bytes.unwrap_or(0)) * f64::from(requests) / 1e6,
        );
        cpu_ns
    };
    let [[short, short_sampled], [long, long_sampled]] =
        [0, 1].map(|delay| [0, 1].map(|sampled| cost(delay, sampled)));
    let idling = long - short;
    let ratio = (long_sampled - idling) / short_sampled;
    format!(
        "{}: idling costs {:.1} µs a request; beyond it, {LONG_MS} ms cost {ratio:.2} times as much as {SHORT_MS} ms ({})",
        library.name,
        idling / 1e3,
        if (ratio - 1.0).abs() <= ALLOWED { "within 20 %" } else { "more than 20 % apart" },
    )
}

fn strategy(library: &'static Library) -> Strategy {
    let (model, limit) = match library.flavour() {
        Flavour::Blocking => ("sequential", None),
        Flavour::Async => ("async-workers", std::num::NonZeroU32::new(1)),
    };
    let model = model::named(model).expect("a model");
    Strategy { limit, ..Strategy::of("bench", model, library) }.checked().expect("valid")
}

/// A client in a process of its own.
fn trial(
    server: &ServerReady,
    scenario: &Scenario,
    strategy: &Strategy,
    cpu: usize,
    sampled: bool,
) -> ClientReport {
    let dir = tempfile::tempdir().expect("a folder");
    let timeline = Timeline { path: dir.path().join("timeline.csv"), every_ns: EVERY_NS };
    let config = ClientConfig {
        cpus: vec![cpu],
        timeline: sampled.then_some(timeline),
        ..ClientConfig::of(scenario, strategy, server)
    };
    let mut client = start(CLIENT_COMMAND);
    client.send(&config).expect("a client that reads");
    client.close_input();
    let report: ClientReport = client.answer(&wait()).expect("a report");
    assert_eq!(report.ok, u64::from(scenario.requests), "{:?}", report.first_error);
    report
}

/// A server in a process of its own, until it is dropped.
fn serve(scenario: &Scenario, cpu: usize) -> (Process, ServerReady) {
    let mut server = start(SERVER_COMMAND);
    let config = ServerConfig { cpus: vec![cpu], ..ServerConfig::of(scenario) };
    server.send(&config).expect("a server that reads");
    let ready = server.answer(&wait()).expect("a server that is ready");
    (server, ready)
}

fn start(subcommand: &str) -> Process {
    let program = Path::new(env!("CARGO_BIN_EXE_inflight"));
    Process::start(subcommand, command(program, subcommand)).expect("a process")
}

fn wait() -> Wait<'static> {
    static STOP: AtomicBool = AtomicBool::new(false);
    Wait::new(Duration::from_secs(600), &STOP)
}
