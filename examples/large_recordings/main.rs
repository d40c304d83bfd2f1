//! Writes two recordings of 10 000 trials each, with planned wall times: `cargo run --release
//! --example large_recordings -- FOLDER`. `tests/large-comparison.sh` compares them.

use std::path::Path;

use inflight::machine::Machine;
use inflight::plan::{Only, Plan};
use inflight::record::{
    Event, Happening, Manifest, NewRun, RunPredictions, Status, TrialRow, find_runs,
};
use inflight::spec::{Experiment, Source};

/// 99 cells and the twin of the control, in 100 blocks.
const EXPERIMENT: &str = r#"
title = "Large"
question = "How long does a comparison of 10 000 trials take?"

[workload]
requests = 1000
delay = "10ms"

[[strategy]]
label = "any"
model = ["threads", "async-semaphore", "async-workers"]
limit = [
    1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17,
    18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32, 33,
]

[blocks]
count = 100
warmup = 0
"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::env::args().nth(1).ok_or("name a folder to write to")?;
    let folder = Path::new(&folder);
    let source = Source {
        name: "large.toml".to_owned(),
        text: EXPERIMENT.to_owned(),
        overrides: Vec::new(),
    };
    let experiment = Experiment::parse(&source, folder)?;
    let plan = Plan::new(experiment, &Only::default()).ok_or("the experiment has cells")?;
    for recording in 0..2 {
        write(folder, &plan, recording)?;
    }
    for run in find_runs(folder)? {
        println!("{}", run.display());
    }
    Ok(())
}

fn write(results: &Path, plan: &Plan, recording: u64) -> Result<(), Box<dyn std::error::Error>> {
    let machine = Machine::this();
    let finished = [Happening::Started, Happening::Finished];
    let manifest = Manifest {
        events: finished.map(|what| Event { what, at_unix_ms: recording }).into(),
        ..Manifest::of(plan, &machine)
    };
    let mut writer = NewRun {
        results,
        experiment: EXPERIMENT,
        traces: Vec::new(),
        plan,
        predictions: RunPredictions::default(),
        manifest,
        machine: &machine,
        start: jiff::Timestamp::from_second(i64::try_from(recording)?)?,
    }
    .create()?;
    for (index, planned) in (0u64..).zip(&plan.trials) {
        let mut row = TrialRow::planned(plan, planned, 1);
        row.set_status(Status::Ok, "");
        // 2 % up and down, out of step between the two.
        let step = (index * 7_919 + recording * 31) % 41;
        row.wall_ns = Some(row.ideal_ns + row.ideal_ns / 1_000 * step);
        (row.issued, row.ok, row.errors) = (Some(1_000), Some(1_000), Some(0));
        writer.append_trial(&row, &[(10_000_000, 1_000)])?;
    }
    Ok(())
}
