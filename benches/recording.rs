//! Time to write, read, analyse and report a recording: `cargo bench --bench recording`.

use std::hint::black_box;
use std::path::Path;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use inflight::analyse::Analysis;
use inflight::machine::Machine;
use inflight::plan::{Only, Plan, PlannedTrial};
use inflight::record::{
    Manifest, NewRun, Recording, RequestRow, RunPredictions, RunWriter, Status, TrialRow,
    read_compressed, write_compressed,
};
use inflight::report::render;
use inflight::spec::{Experiment, Source};

criterion_main!(benches);

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = requests, whole
}

/// Request rows of a trial: a million, of which a hundredth is enough to see what each costs.
const ROWS: u32 = 10_000;

fn requests(c: &mut Criterion) {
    let mut group = c.benchmark_group("requests");
    group.throughput(Throughput::Elements(u64::from(ROWS)));
    let write = || write_compressed(Vec::new(), (0..ROWS).map(request)).expect("rows");
    group.bench_function("write", |b| b.iter(write));
    let rows = write();
    group.bench_function("read", |b| {
        let read = || read_compressed::<_, RequestRow>("rows", black_box(&rows[..])).expect("rows");
        b.iter(read);
    });
    group.finish();
}

/// Twenty cells, fifteen blocks, a thousand request rows and a histogram of as many buckets each:
/// a large experiment.
fn whole(c: &mut Criterion) {
    let results = tempfile::tempdir().expect("a folder");
    let (plan, mut writer) = create(results.path());
    for planned in &plan.trials {
        let row = row(&plan, planned);
        writer.append_trial(&row, &histogram()).expect("a row");
        if planned.block == 1 {
            let file = std::fs::File::create(writer.requests_path(&row.trial)).expect("a file");
            write_compressed(file, (0..REQUESTS).map(request)).expect("rows");
        }
    }
    let dir = writer.dir().to_owned();
    c.bench_function("read/20 cells", |b| b.iter(|| Recording::read(&dir).expect("a recording")));
    let recording = Recording::read(&dir).expect("a recording");
    c.bench_function("analyse/20 cells", |b| b.iter(|| Analysis::of(black_box(&recording))));
    let analysis = Analysis::of(&recording);
    c.bench_function("render/20 cells", |b| {
        b.iter(|| render(black_box(&recording), &analysis).expect("a report"));
    });
    // Last, because the record is damaged by it: a trial stands in it many times.
    let (row, histogram) = (row(&plan, &plan.trials[0]), histogram());
    c.bench_function("append a trial, synced", |b| {
        b.iter(|| writer.append_trial(black_box(&row), &histogram).expect("a row"));
    });
}

const REQUESTS: u32 = 1_000;

const EXPERIMENT: &str = r#"
title = "A bench"
question = "How long does a report take?"

[workload]
requests = 1000
delay = { choice = ["0ms", "10ms", "20ms", "30ms"] }
body = "4kB"

[[strategy]]
model = ["threads", "thread-pool", "async-semaphore", "async-workers"]
label = "any"
limit = [1, 10, 50, 100, 500]

[blocks]
count = 15
"#;

fn create(results: &Path) -> (Plan, RunWriter) {
    let source = Source {
        name: "bench.toml".to_owned(),
        text: EXPERIMENT.to_owned(),
        overrides: Vec::new(),
    };
    let experiment = Experiment::parse(&source, results).expect("an experiment");
    let plan = Plan::new(experiment, &Only::default()).expect("a plan");
    let machine = Machine::this();
    let manifest = Manifest::of(&plan, &machine);
    let new = NewRun {
        results,
        experiment: EXPERIMENT,
        traces: Vec::new(),
        plan: &plan,
        predictions: RunPredictions::default(),
        manifest,
        machine: &machine,
        start: jiff::Timestamp::UNIX_EPOCH,
    };
    let writer = new.create().expect("a record");
    (plan, writer)
}

fn histogram() -> Vec<(u64, u64)> {
    (1..=u64::from(REQUESTS)).map(|n| (n * 30_000, 1)).collect()
}

fn row(plan: &Plan, planned: &PlannedTrial) -> TrialRow {
    let mut row = TrialRow::planned(plan, planned, 1);
    row.set_status(Status::Ok, "");
    // Trials differ, or every interval would be a point.
    let noise = u64::from(planned.block * 7 + planned.position * 3) % 11;
    row.wall_ns = Some(row.ideal_ns * (1_000 + noise) / 980);
    row.issued = Some(u64::from(REQUESTS));
    row.ok = row.issued;
    row.errors = Some(0);
    row.latency_p50_ns = Some(15_000_000 + noise);
    row.latency_p99_ns = Some(29_000_000 + noise);
    row.client_cpu_user_ns = Some(50_000_000 + noise);
    row.client_cpu_sys_ns = Some(30_000_000 + noise);
    row.client_max_rss_bytes = Some(9_000_000);
    row.server_requests = row.issued;
    row.server_peak_in_flight = Some(u64::from(row.expected_peak_in_flight));
    row
}

fn request(index: u32) -> RequestRow {
    let start_ns = u64::from(index) * 100_000;
    RequestRow {
        index,
        scheduled_ns: 0,
        start_ns,
        head_ns: Some(start_ns + 10_000_000),
        end_ns: start_ns + 10_500_000,
        planned_delay_ns: 10_000_000,
        served_delay_ns: Some(10_000_000),
        status: Some(200),
        body_bytes: 4_000,
        ..RequestRow::default()
    }
}
