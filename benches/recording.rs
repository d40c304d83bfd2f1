//! What a report of a recording costs: `cargo bench --bench report`.

use std::hint::black_box;
use std::num::NonZeroU32;

use criterion::{Criterion, criterion_group, criterion_main};
use inflight::analyse::Analysis;
use inflight::delay::{Choice, Delay, Model};
use inflight::machine::Machine;
use inflight::plan::{Only, Plan, PlannedTrial};
use inflight::record::{
    Build, FORMAT, Manifest, NewRun, Recording, RequestRow, Status, TrialRow, write_requests,
};
use inflight::report::render;
use inflight::spec::{Blocks, Experiment, RecordLevel, Scenario};
use inflight::strategy::{Reuse, Strategy, library, model};

criterion_main!(benches);

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = whole
}

/// Twenty cells, fifteen blocks, a thousand request rows and a histogram of as many buckets each:
/// a large experiment.
fn whole(c: &mut Criterion) {
    let results = tempfile::tempdir().expect("a folder");
    let recording = recording(results.path());
    c.bench_function("analyse/20 cells", |b| b.iter(|| Analysis::of(black_box(&recording))));
    let analysis = Analysis::of(&recording);
    c.bench_function("render/20 cells", |b| {
        b.iter(|| render(black_box(&recording), &analysis).expect("a report"));
    });
}

const REQUESTS: u32 = 1_000;

fn experiment() -> Experiment {
    let strategy = |name: &str, limit: u32| {
        let model = model::named(name).expect("a model");
        let library = library::of_flavour(model.flavour()).next().expect("a library");
        let limit = NonZeroU32::new(limit);
        Strategy::new(name.to_owned(), model, library, Reuse::Session, limit, None, None, None)
            .expect("a strategy")
    };
    let models = ["threads", "thread-pool", "async-semaphore", "async-workers"];
    let limits = [1, 10, 50, 100, 500];
    let strategies = models.iter().flat_map(|m| limits.iter().map(|&n| strategy(m, n))).collect();
    let of_ns = vec![0, 10_000_000, 20_000_000, 30_000_000];
    Experiment {
        name: "bench".to_owned(),
        title: "A bench".to_owned(),
        question: "How long does a report take?".to_owned(),
        scenarios: vec![Scenario {
            requests: REQUESTS,
            delay: Delay { model: Model::Choice(Choice { of_ns }), max_ns: None },
            time_scale: 1.0,
            body_bytes: 4_000,
            seed: 1,
            backlog: 4_096,
        }],
        strategies,
        excludes: Vec::new(),
        baseline: None,
        control: None,
        blocks: Blocks { count: 15, warmup: 1, seed: 1 },
        claims: Vec::new(),
        record: RecordLevel::Sample,
        margin: 0.02,
        deadline_ns: None,
    }
}

fn recording(results: &std::path::Path) -> Recording {
    let plan = Plan::new(experiment(), &Only::default()).expect("a plan");
    let machine = Machine::this();
    let manifest = Manifest {
        format: FORMAT,
        experiment: "bench".to_owned(),
        build: Build::this(),
        plan: plan.digest(),
        overrides: Vec::new(),
        only: Vec::new(),
        argv: Vec::new(),
        machine: machine.id(),
        kernel: "any".to_owned(),
        server_cpus: Vec::new(),
        client_cpus: Vec::new(),
        nofile: None,
        events: Vec::new(),
    };
    let new = NewRun {
        results,
        experiment: "",
        traces: Vec::new(),
        plan: &plan,
        manifest: manifest.clone(),
        machine: &machine,
        start: jiff::Timestamp::UNIX_EPOCH,
    };
    let mut writer = new.create().expect("a record");
    let mut trials = Vec::new();
    for planned in &plan.trials {
        let row = row(&plan, planned);
        let histogram: Vec<(u64, u64)> =
            (1..=u64::from(REQUESTS)).map(|n| (n * 30_000, 1)).collect();
        writer.append_trial(&row, &histogram).expect("a row");
        if planned.block == 1 {
            let file = std::fs::File::create(writer.requests_path(&row.trial)).expect("a file");
            write_requests(file, (0..REQUESTS).map(request)).expect("rows");
        }
        trials.push(row);
    }
    let name = "19700101T000000Z-bench".to_owned();
    let dir = writer.requests_path("any").ancestors().nth(2).expect("a run").to_owned();
    Recording {
        dir,
        name,
        manifest,
        machine: Some(machine),
        experiment_text: String::new(),
        plan,
        all_trials: trials.clone(),
        trials,
        env: Vec::new(),
    }
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
        error: None,
        error_chain: None,
    }
}
