//! Writes a recording with many request rows: `cargo run --release --example large_requests --
//! FOLDER ROWS`. `tests/large-report.sh` reports it. The numbers are planned; every row has all
//! phases, a connection and a delay of its own, as rows of a real trial do.

use std::num::NonZeroUsize;
use std::path::Path;

use inflight::machine::Machine;
use inflight::plan::{Only, Plan, PlannedTrial};
use inflight::record::{
    Event, Happening, Manifest, NewRun, RequestRow, RunPredictions, Status, TrialRow,
    write_compressed,
};
use inflight::spec::{Experiment, Source};
use inflight::vocabulary::Reuse;

/// Five cells, in eight blocks: forty trials share the rows.
const EXPERIMENT: &str = r#"
title = "Many requests"
question = "How long does the report of many request rows take?"
record = "all"

[workload]
requests = REQUESTS
delay = { uniform = ["0ms", "100ms"] }
body = "4kB"

[[strategy]]
label = "sync"
model = "sequential"
client = "ureq"
reuse = ["none", "session"]

[[strategy]]
label = "async"
model = "async-workers"
client = "reqwest"
limit = [10, 100, 1000]

[blocks]
count = 8
warmup = 0
"#;

const TRIALS: u32 = 40;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().ok_or("name a folder to write to")?;
    let rows: u32 = arguments.next().ok_or("say how many rows")?.parse()?;
    let requests = (rows / TRIALS).max(1);
    let text = EXPERIMENT.replace("REQUESTS", &requests.to_string());
    let results = Path::new(&folder);
    let source = Source { name: "many.toml".to_owned(), text, overrides: Vec::new() };
    let experiment = Experiment::parse(&source, results)?;
    let plan = Plan::new(experiment, &Only::default()).ok_or("the experiment has cells")?;
    println!("{}", write(results, &source.text, &plan, requests)?);
    Ok(())
}

fn write(
    results: &Path,
    experiment: &str,
    plan: &Plan,
    requests: u32,
) -> Result<String, Box<dyn std::error::Error>> {
    let machine = Machine::this();
    let finished = [Happening::Started, Happening::Finished];
    let manifest = Manifest {
        events: finished.map(|what| Event { what, at_unix_ms: 0 }).into(),
        ..Manifest::of(plan, &machine)
    };
    let mut writer = NewRun {
        results,
        experiment,
        traces: Vec::new(),
        plan,
        predictions: RunPredictions::default(),
        manifest,
        machine: &machine,
        start: jiff::Timestamp::UNIX_EPOCH,
    }
    .create()?;
    // The rows of all trials are written by as many threads as there are CPUs, trials in turn.
    let threads = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    let kept: Vec<&PlannedTrial> =
        plan.trials.iter().filter(|t| t.replica.letter() == "a").collect();
    std::thread::scope(|scope| {
        let write = |thread: usize| {
            for planned in kept.iter().skip(thread).step_by(threads) {
                let file = fs_err::File::create(writer.requests_path(&planned.trial))?;
                write_compressed(std::io::BufWriter::new(file), rows(plan, planned, requests))?;
            }
            Ok::<(), std::io::Error>(())
        };
        let workers: Vec<_> = (0..threads).map(|n| scope.spawn(move || write(n))).collect();
        workers.into_iter().try_for_each(|worker| worker.join().expect("it does not panic"))
    })?;
    for planned in &plan.trials {
        let row = trial(plan, planned, requests);
        writer.append_trial(&row, &[(50_000_000, u64::from(requests))])?;
    }
    Ok(writer.dir().display().to_string())
}

/// A number that looks random, the same for the same input.
fn mixed(n: u64) -> u64 {
    let n = (n ^ (n >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    (n ^ (n >> 29)).wrapping_mul(0xBF58_476D_1CE4_E5B9) >> 16
}

/// Whether a request, of which one in ten thousand does, fails while it waits.
fn fails(planned: &PlannedTrial, index: u32) -> bool {
    random(planned, index, 8, 10_000) == 0
}

/// A number below `most`, another for each `salt`.
fn random(planned: &PlannedTrial, index: u32, salt: u64, most: u64) -> u64 {
    let seed = u64::from(planned.block) << 32 | u64::from(planned.position) << 40;
    mixed(seed ^ u64::from(index) << 4 ^ salt) % most
}

fn is_new(plan: &Plan, planned: &PlannedTrial, index: u32) -> bool {
    let strategy = &plan.cells[planned.cell].strategy;
    strategy.reuse == Reuse::None || index < slots(plan, planned)
}

fn slots(plan: &Plan, planned: &PlannedTrial) -> u32 {
    plan.cells[planned.cell].strategy.limit.map_or(1, std::num::NonZeroU32::get)
}

/// Requests in the order of their index, each when its slot is free.
fn rows(plan: &Plan, planned: &PlannedTrial, requests: u32) -> impl Iterator<Item = RequestRow> {
    let slots = slots(plan, planned);
    let mut free = vec![0u64; slots as usize];
    (0..requests).map(move |index| {
        let random = |salt: u64, most: u64| random(planned, index, salt, most);
        let slot = &mut free[(index % slots) as usize];
        let first = is_new(plan, planned, index);
        let delay = random(1, 100_000_000);
        let start = *slot;
        let pool = start + 2_000 + random(2, 3_000);
        let dns = pool + 900_000 + random(3, 300_000);
        let connect = if first { dns + 80_000 + random(4, 90_000) } else { pool };
        let send = connect + 15_000 + random(5, 9_000);
        let head = send + delay + 60_000 + random(6, 90_000);
        let end = head + 20_000 + random(7, 40_000);
        *slot = end;
        let failed = fails(planned, index);
        RequestRow {
            index,
            scheduled_ns: start.saturating_sub(random(9, 5_000)),
            start_ns: start,
            pool_ns: Some(pool),
            dns_ns: first.then_some(dns),
            connect_ns: first.then_some(connect),
            send_ns: Some(send),
            head_ns: (!failed).then_some(head),
            first_body_ns: (!failed).then_some(head + 5_000),
            end_ns: end,
            planned_delay_ns: delay,
            served_delay_ns: (!failed).then_some(delay + 60_000),
            status: (!failed).then_some(200),
            body_bytes: if failed { 0 } else { 4_000 },
            chunks: Some(u32::from(!failed)),
            sent_chunks: Some(0),
            redirects: Some(0),
            connection: Some(if first { index } else { index % slots }),
            nth: Some(if first { 1 } else { index / slots + 1 }),
            error: failed.then(|| "reset".to_owned()),
            errno: failed.then_some(104),
            error_chain: failed
                .then(|| "io: \"Connection reset by peer\", os error 104".to_owned()),
            ..RequestRow::default()
        }
    })
}

/// The trial of these rows, with sums that are near theirs.
fn trial(plan: &Plan, planned: &PlannedTrial, requests: u32) -> TrialRow {
    let mut row = TrialRow::planned(plan, planned, 1);
    row.set_status(Status::Ok, "");
    // 2 % up and down.
    let step = (u64::from(planned.block) * 7_919 + u64::from(planned.position) * 31) % 41;
    row.wall_ns = Some(row.ideal_ns + row.ideal_ns / 1_000 * step + 1_000_000);
    let failed = (0..requests).filter(|&index| fails(planned, index)).count() as u64;
    let opened = (0..requests).filter(|&index| is_new(plan, planned, index)).count() as u64;
    let requests = u64::from(requests);
    (row.issued, row.ok, row.errors) = (Some(requests), Some(requests - failed), Some(failed));
    if failed > 0 {
        row.error_classes.0.insert("reset".to_owned(), failed);
    }
    let wave = |ns: u64| Some(ns + ns / 1_000 * step);
    row.phase_queue_ns = wave(2_500);
    row.phase_pool_ns = wave(3_500);
    row.phase_connect_ns = wave(120_000 * opened / requests);
    row.phase_send_ns = wave(19_500);
    row.phase_wait_ns = wave(50_105_000);
    row.phase_receive_ns = wave(40_000);
    row.server_requests = Some(requests);
    row.server_delay_sum_ns = Some(50_000_000 * requests);
    row.connections_opened = Some(opened);
    row.connections_unused = Some(0);
    row
}
