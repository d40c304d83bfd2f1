//! Reports of synthetic recordings.

mod broke;
mod builds;
mod honest;
mod json;
mod life;
mod metrics;
mod odd;
mod open;
mod own_work;
mod predicted;
mod scaling;
mod services;
mod survivors;
mod unknown;
mod whole;

use std::num::NonZeroU32;

use super::facts::Facts;
use super::{Rendered, render};
use crate::analyse::Analysis;
use crate::delay::{Choice, Model};
use crate::page::terminal;
use crate::plan::{Plan, PlannedTrial};
use crate::record::synthetic::{experiment, on_disk, recording, strategy};
use crate::record::{EnvRow, Event, Happening, Recording, TrialRow};
use crate::spec::{Claim, Experiment, Factor, Metric, Over, Selector};
use crate::strategy::{Strategy, library, model};
use crate::vocabulary::Reuse;

/// A number that looks random in [−1, 1], the same for the same trial.
fn wobble(trial: &PlannedTrial, salt: u64) -> f64 {
    let mut x = u64::from(trial.block) << 32 | u64::from(trial.position) << 8 | salt;
    for _ in 0..3 {
        x = (x ^ (x >> 31)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }
    (x >> 11) as f64 / (1u64 << 52) as f64 - 1.0
}

fn scaled(ns: Option<u64>, factor: f64) -> Option<u64> {
    ns.map(|ns| (ns as f64 * factor) as u64)
}

/// The seed experiment in small: sequential, threads, async; delays of 0 to 300 ms.
fn seed(blocks: u32) -> Experiment {
    let sequential = |label: &str, client: &str, reuse: Reuse| {
        let model = model::named("sequential").expect("a model");
        let library = library::named(client).expect("a library");
        Strategy { reuse, ..Strategy::of(label, model, library) }.checked().expect("a strategy")
    };
    let mut strategies = vec![
        sequential("sync", "ureq", Reuse::None),
        sequential("sync", "ureq", Reuse::Session),
        sequential("sync", "reqwest-blocking", Reuse::Session),
    ];
    strategies.extend([5, 10, 20, 50].map(|n| strategy("threads", "threads", Some(n))));
    strategies.extend([10, 50, 100].map(|n| strategy("async", "async-semaphore", Some(n))));
    strategies.push(strategy("gather", "async-all", None));
    let mut experiment = experiment(strategies, blocks);
    experiment.name = "003-async".to_owned();
    experiment.title = "Is async worth it?".to_owned();
    experiment.question =
        "How long do 100 requests take when every answer is 0 to 3 s away, a tenth of it here?"
            .to_owned();
    let of_ns = (0..4).map(|s| s * 1_000_000_000).collect();
    experiment.scenarios[0].delay.model = Model::Choice(Choice { of_ns });
    experiment.scenarios[0].time_scale = 0.1;
    experiment.baseline =
        Some(Selector { terms: [of("sync").terms, reuse("none").terms].concat() });
    experiment.claims = vec![
        claim("Sync takes the sum of the delays", of("sync"), Over::SumOfDelays, 1.05),
        claim("Async takes as long as the slowest answer", of("gather"), Over::LongestDelay, 1.15),
        claim("Threads are as good as their schedule", of("threads"), Over::Ideal, 1.06),
    ];
    experiment
}

fn of(label: &str) -> Selector {
    Selector { terms: vec![(Factor::Label, vec![label.to_owned()])] }
}

fn reuse(mode: &str) -> Selector {
    Selector { terms: vec![(Factor::Reuse, vec![mode.to_owned()])] }
}

fn claim(text: &str, of: Selector, over: Over, at_most: f64) -> Claim {
    let metric = Metric::Wall;
    Claim {
        text: text.to_owned(),
        metric,
        of,
        over,
        than: None,
        at_least: None,
        at_most: Some(at_most),
    }
}

/// Overhead and cost as a small machine may show them, with noise.
fn lifelike(plan: &Plan, planned: &PlannedTrial, row: &mut TrialRow) {
    let cell = &plan.cells[planned.cell];
    let limit = f64::from(cell.strategy.limit.map_or(1, NonZeroU32::get));
    let overhead = match cell.strategy.model.name() {
        "sequential" => 1.004,
        "threads" => 1.02 + limit * 0.002,
        _ => 1.03,
    };
    let overhead = if row.reuse == "none" { overhead * 1.012 } else { overhead };
    row.wall_ns = scaled(row.wall_ns, overhead * (1.0 + 0.003 * wobble(planned, 1)));
    let cpu = 1.0 + limit * 0.01 + 0.05 * wobble(planned, 2);
    row.client_cpu_user_ns = scaled(row.client_cpu_user_ns, cpu);
    row.client_cpu_sys_ns = scaled(row.client_cpu_sys_ns, cpu);
    row.client_max_rss_bytes = scaled(row.client_max_rss_bytes, 1.0 + limit * 0.02);
    row.server_requests_per_connection_max = Some(if row.reuse == "none" { 1 } else { 20 });
    if row.reuse == "none" {
        row.server_connections = row.issued;
    }
}

/// Environment rows and events, as a run that was finished has them.
fn finished(recording: &mut Recording) {
    let blocks = recording.plan.experiment.blocks.count;
    recording.env = (0..=blocks)
        .map(|block| EnvRow {
            block,
            attempt: 1,
            at_unix_ms: 1_767_225_600_000 + u64::from(block) * 60_000,
            load_1min: Some(0.5 + f64::from(block % 3) / 10.0),
            steal_percent: Some(f64::from(block % 4) / 10.0),
            busy_percent: Some(2.0),
            cpu_mhz: Some(2_400.0),
            available_memory_bytes: Some(6_000_000_000),
            timer_error_p50_ns: Some(18_000),
            timer_error_p99_ns: Some(55_000),
        })
        .collect();
    let event = |what, at_unix_ms| Event { what, at_unix_ms };
    recording.manifest.events = vec![
        event(Happening::Started, 1_767_225_600_000),
        event(Happening::Finished, 1_767_226_200_000),
    ];
    recording.manifest.experiment.clone_from(&recording.plan.experiment.name);
    recording.experiment_text = "title = \"A title\"\n\n[workload]\nrequests = 100\n".to_owned();
}

/// A whole recording with its files, in a folder that lives as long as the guard.
fn on_a_disk(mut recording: Recording) -> (tempfile::TempDir, Recording) {
    finished(&mut recording);
    let dir = tempfile::tempdir().expect("a folder");
    on_disk(&mut recording, dir.path());
    (dir, recording)
}

/// The report of a recording. Whatever the recording is, the JSON of its answer says the same, and one thing
/// is not told of as several.
fn rendered(recording: &Recording) -> Rendered {
    let analysis = Analysis::of(recording);
    let rendered = render(recording, &analysis).expect("a report");
    json::assert_same(recording, &analysis, &rendered);
    let page = String::from_utf8_lossy(&rendered.files[super::REPORT]);
    assert_eq!(crate::words::plurals_of_one(&page), [""; 0]);
    rendered
}

pub(super) fn page(recording: &Recording) -> String {
    let page = rendered(recording).files[super::REPORT].clone();
    String::from_utf8(page).expect("text")
}

/// The answer as the report has it: at a glance, and in full.
fn answer(recording: &Recording) -> String {
    let analysis = Analysis::of(recording);
    let subject = recording.subject();
    let facts = Facts::new(recording, &subject, &analysis);
    let mut blocks = super::answer::section(&facts).expect("an answer");
    blocks.extend(super::answer::whole(&facts).expect("an answer"));
    terminal::text(&blocks)
}
