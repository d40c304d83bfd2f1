//! The loop over trials, exactly: planned outcomes, no processes, no sleeping.

mod builds;
mod repeats;
mod timelines;

use std::path::Path;

use super::*;
use crate::analyse::narrow_enough;
use crate::events::Quiet;
use crate::machine::Machine;
use crate::plan::Only;
use crate::protocol::{ClientReport, Lateness, PauseReport, Percentiles, ServerReport, Stall};
use crate::record::{Build, Manifest, NewRun, Recording, RunPredictions, Side};
use crate::server::SelfCheck;
use crate::spec::{Experiment, Source};

const EXPERIMENT: &str = r#"
title = "t"
question = "q?"

[workload]
requests = 10
delay = "1ms"

[[strategy]]
label = "sync"
model = "sequential"

[[strategy]]
label = "Fäden"
model = "threads"
limit = 5

[blocks]
count = 3
"#;

/// Answers as planned; stops, or fails, at given executions.
#[derive(Default)]
struct Planned {
    executed: usize,
    abort_at: Option<usize>,
    fail_at: Option<usize>,
    /// Has no network with a round trip.
    loopback_only: bool,
    /// Every other trial takes half as long again.
    noisy: bool,
    /// The server stood still at these executions, for as long as the trial took.
    late_at: Vec<usize>,
    jobs: Vec<Job>,
}

impl Executor for Planned {
    fn execute(&mut self, job: &Job, _: &mut dyn FnMut(Tick)) -> Result<Reports, Ended> {
        self.executed += 1;
        self.jobs.push(job.clone());
        if self.abort_at == Some(self.executed) {
            return Err(Ended::Stopped);
        }
        if self.fail_at == Some(self.executed) {
            return Err(Ended::Failed("client ended\nwithout an answer".to_owned()));
        }
        if self.loopback_only && job.network.is_needed() {
            return Err(Ended::Unavailable("no network here".to_owned()));
        }
        let delays = job.client.delay.all_ns(1, job.client.requests, 1.0);
        let ideal = job.client.strategy.ideal(&delays, 200).expect("a known model");
        let requests = u64::from(job.client.requests);
        let latency = 1_100_000;
        Ok(Reports {
            client: ClientReport {
                began_ns: Some(0),
                wall_ns: (ideal.wall_ns + 1)
                    * if self.noisy && self.executed.is_multiple_of(2) { 3 } else { 2 }
                    / 2,
                issued: requests,
                ok: requests,
                peak_in_flight: u64::from(ideal.peak),
                latency: vec![(latency, requests)],
                latency_percentiles: Some(Percentiles {
                    p50_ns: latency,
                    p90_ns: latency,
                    p99_ns: latency,
                    max_ns: latency,
                    ..Percentiles::default()
                }),
                ..ClientReport::default()
            },
            link: None,
            client_lived: Some(Duration::from_nanos(ideal.wall_ns + 20_000_000)),
            server: Served::ByDelayServer(Box::new(ServerReport {
                requests,
                answered: requests,
                connections: u64::from(ideal.peak),
                requests_per_connection_max: requests,
                peak_in_flight: u64::from(ideal.peak),
                lateness: PauseReport {
                    delays: Lateness { error_p50_ns: Some(20_000), ..Lateness::default() },
                    stalls: self
                        .late_at
                        .contains(&self.executed)
                        .then_some(Stall { end_ns: 1 << 40, ns: 1 << 40 })
                        .into_iter()
                        .collect(),
                    ..PauseReport::default()
                },
                ..ServerReport::default()
            })),
        })
    }

    fn self_check(&mut self, _cpus: &[usize]) -> Option<SelfCheck> {
        None
    }

    fn stopping(&self) -> bool {
        false
    }
}

fn plan() -> Plan {
    plan_of(EXPERIMENT)
}

fn plan_of(text: &str) -> Plan {
    let source =
        Source { name: "loop.toml".to_owned(), text: text.to_owned(), overrides: Vec::new() };
    let experiment = Experiment::parse(&source, Path::new(".")).expect("a good experiment");
    Plan::new(experiment, &Only::default()).expect("a plan")
}

fn cpus() -> Cpus {
    Cpus { server: vec![1], client: vec![0] }
}

fn create(results: &Path, plan: &Plan) -> RunWriter {
    create_with(results, EXPERIMENT, plan, Vec::new())
}

fn create_of(results: &Path, text: &str, plan: &Plan) -> RunWriter {
    create_with(results, text, plan, Vec::new())
}

fn create_with(results: &Path, text: &str, plan: &Plan, builds: Vec<Side>) -> RunWriter {
    let machine = Machine::this();
    let manifest = Manifest {
        builds,
        server_cpus: vec![1],
        client_cpus: vec![0],
        ..Manifest::of(plan, &machine)
    };
    let new = NewRun {
        results,
        experiment: text,
        traces: Vec::new(),
        plan,
        predictions: RunPredictions::default(),
        manifest,
        machine: &machine,
        start: jiff::Timestamp::UNIX_EPOCH,
    };
    new.create().expect("a new run")
}

fn go(writer: &mut RunWriter, plan: &Plan, done: &Done, executor: &mut Planned) -> Summary {
    record(plan, &cpus(), done, narrow_enough, writer, executor, &mut Quiet).expect("a record")
}

/// Goes on with a recording until it is whole.
fn resume(dir: &Path, executor: &mut Planned) -> Summary {
    let mut writer = RunWriter::resume(dir).expect("a record to go on with");
    writer.mend().expect("whole files");
    let before = Recording::read(dir).expect("a readable record");
    let done = Done::of(&before.plan, &before.trials, &before.all_trials, &before.env);
    go(&mut writer, &before.plan, &done, executor)
}

/// Every planned trial once, with its histogram.
fn assert_whole(dir: &Path, plan: &Plan) {
    let recording = Recording::read(dir).expect("a readable record");
    let found: Vec<(u32, u32, &str)> =
        recording.trials.iter().map(|t| (t.block, t.position, t.cell.as_str())).collect();
    let cells: Vec<String> =
        plan.trials.iter().map(|t| plan.cells[t.cell].id.to_string()).collect();
    let planned: Vec<(u32, u32, &str)> = plan
        .trials
        .iter()
        .zip(&cells)
        .map(|(t, cell)| (t.block, t.position, cell.as_str()))
        .collect();
    assert_eq!(found, planned);
    let latencies = recording.latencies().expect("histograms");
    for trial in &recording.trials {
        let requests: u64 = latencies[&trial.trial].iter().map(|(_, n)| n).sum();
        assert_eq!(requests, 10, "{}", trial.trial);
    }
    assert!(recording.manifest.is_finished());
}

#[test]
fn every_planned_trial_is_recorded_once_and_in_order() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let mut writer = create(results.path(), &plan);
    let mut executor = Planned::default();
    let summary = go(&mut writer, &plan, &Done::default(), &mut executor);
    // Two cells and the control twin, in a warm-up of one cell each and three blocks.
    assert_eq!(plan.trials.len(), 3 * 4);
    assert_eq!(summary, Summary { ok: 12, ..Summary::default() });
    assert_whole(writer.dir(), &plan);
}

#[test]
fn request_rows_come_from_the_first_block() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let mut writer = create(results.path(), &plan);
    let mut executor = Planned::default();
    go(&mut writer, &plan, &Done::default(), &mut executor);
    let logged = executor.jobs.iter().filter(|j| j.client.request_log.is_some()).count();
    assert_eq!(logged, 2);
    let first_block = &executor.jobs[3..6];
    assert!(first_block.iter().any(|j| j.client.request_log.is_some()));
    assert!(executor.jobs[..3].iter().all(|j| j.client.request_log.is_none()));
}

#[test]
fn a_failed_trial_is_a_row_and_the_run_goes_on() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let mut writer = create(results.path(), &plan);
    let mut executor = Planned { fail_at: Some(5), ..Planned::default() };
    let summary = go(&mut writer, &plan, &Done::default(), &mut executor);
    assert_eq!((summary.ok, summary.failed), (11, 1));
    let recording = Recording::read(writer.dir()).expect("a readable record");
    let failed: Vec<&TrialRow> = recording.measured().filter(|t| !t.is_ok()).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].reason, "client ended without an answer");
    assert_eq!(failed[0].wall_ns, None);
}

#[test]
fn a_trial_that_the_machine_cannot_run_is_a_row_and_the_run_goes_on() {
    let results = tempfile::tempdir().expect("a folder");
    let text = EXPERIMENT.replace("delay = \"1ms\"", "delay = \"1ms\"\nrtt = [\"2ms\", \"4ms\"]");
    let plan = plan_of(&text);
    let mut writer = create_of(results.path(), &text, &plan);
    let mut able = Planned::default();
    go(&mut writer, &plan, &Done::default(), &mut able);
    let rtts: Vec<_> = able.jobs.iter().filter_map(|job| job.network.rtt).collect();
    assert_eq!(rtts.len(), plan.trials.len());
    assert!(rtts.contains(&Duration::from_millis(2)) && rtts.contains(&Duration::from_millis(4)));

    let results = tempfile::tempdir().expect("a folder");
    let mut writer = create_of(results.path(), &text, &plan);
    let mut unable = Planned { loopback_only: true, ..Planned::default() };
    let summary = go(&mut writer, &plan, &Done::default(), &mut unable);
    let all = plan.trials.len() as u64;
    assert_eq!(summary, Summary { skipped: all, ..Summary::default() });
    let recording = Recording::read(writer.dir()).expect("a readable record");
    assert_eq!(recording.trials.len() as u64, all);
    assert!(recording.manifest.is_finished());
    for row in &recording.trials {
        assert_eq!((row.status, row.reason.as_str()), (Status::Skipped, "no network here"));
        assert_eq!((row.wall_ns, row.issued), (None, None));
    }
}

#[test]
fn an_interrupted_run_goes_on_from_every_trial() {
    let plan = plan();
    for stop in 1..=plan.trials.len() {
        let results = tempfile::tempdir().expect("a folder");
        let mut writer = create(results.path(), &plan);
        let mut executor = Planned { abort_at: Some(stop), ..Planned::default() };
        let summary = go(&mut writer, &plan, &Done::default(), &mut executor);
        assert!(summary.interrupted);
        let dir = writer.dir().to_owned();
        drop(writer);
        assert!(!resume(&dir, &mut Planned::default()).interrupted);
        assert_whole(&dir, &plan);
    }
}

/// The plan with a rule that its steady trials fulfil at the first look.
fn ruled() -> (String, Plan) {
    let text = EXPERIMENT.replace("count = 3", "until = { half_width = \"2%\", min = 6, max = 9 }");
    let plan = plan_of(&text);
    (text, plan)
}

/// Six measured blocks and the warm-up, and nothing is missing.
fn assert_ended_by_its_rule(dir: &Path) {
    let recording = Recording::read(dir).expect("a readable record");
    assert_eq!(recording.complete_blocks(), [1, 2, 3, 4, 5, 6]);
    assert_eq!(recording.trials.len(), 7 * 3);
    assert_eq!(recording.planned_blocks(), 6);
    assert!(recording.manifest.is_finished());
    let last = recording.manifest.events.last().map(|e| e.what);
    assert_eq!(last, Some(Happening::NarrowEnough));
}

#[test]
fn a_run_ends_by_its_rule_after_a_whole_block() {
    let results = tempfile::tempdir().expect("a folder");
    let (text, plan) = ruled();
    assert_eq!(plan.trials.len(), 10 * 3);
    let mut writer = create_of(results.path(), &text, &plan);
    let summary = go(&mut writer, &plan, &Done::default(), &mut Planned::default());
    assert_eq!(summary, Summary { ok: 21, narrow_enough_after: Some(6), ..Summary::default() });
    assert_ended_by_its_rule(writer.dir());
}

#[test]
fn a_rule_that_never_holds_ends_with_the_plan() {
    let results = tempfile::tempdir().expect("a folder");
    let (text, plan) = ruled();
    let mut writer = create_of(results.path(), &text, &plan);
    let mut executor = Planned { noisy: true, ..Planned::default() };
    let summary = go(&mut writer, &plan, &Done::default(), &mut executor);
    assert_eq!(summary, Summary { ok: 30, ..Summary::default() });
    let recording = Recording::read(writer.dir()).expect("a readable record");
    assert_eq!((recording.complete_blocks().len(), recording.planned_blocks()), (9, 9));
    let last = recording.manifest.events.last().map(|e| e.what);
    assert_eq!(last, Some(Happening::Finished));
}

#[test]
fn a_run_with_a_rule_that_was_interrupted_anywhere_ends_where_it_would_have() {
    let (text, plan) = ruled();
    for stop in 1..=21 {
        let results = tempfile::tempdir().expect("a folder");
        let mut writer = create_of(results.path(), &text, &plan);
        let mut executor = Planned { abort_at: Some(stop), ..Planned::default() };
        assert!(go(&mut writer, &plan, &Done::default(), &mut executor).interrupted);
        let dir = writer.dir().to_owned();
        drop(writer);
        assert_eq!(resume(&dir, &mut Planned::default()).narrow_enough_after, Some(6));
        assert_ended_by_its_rule(&dir);
    }
}

#[test]
fn a_run_that_was_killed_before_it_noted_its_end_runs_nothing_more() {
    let results = tempfile::tempdir().expect("a folder");
    let (text, plan) = ruled();
    let mut writer = create_of(results.path(), &text, &plan);
    go(&mut writer, &plan, &Done::default(), &mut Planned::default());
    let dir = writer.dir().to_owned();
    drop(writer);
    let mut manifest = Manifest::read(&dir).expect("a manifest");
    manifest.events.truncate(1);
    let text = serde_json::to_string(&manifest).expect("a manifest");
    fs_err::write(dir.join("manifest.json"), text).expect("a manifest");
    let mut executor = Planned::default();
    assert_eq!(resume(&dir, &mut executor).narrow_enough_after, Some(6));
    assert_eq!(executor.executed, 0);
    assert_ended_by_its_rule(&dir);
}

#[test]
fn a_record_torn_at_any_byte_of_its_last_rows_goes_on() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let mut writer = create(results.path(), &plan);
    go(
        &mut writer,
        &plan,
        &Done::default(),
        &mut Planned { abort_at: Some(8), ..Planned::default() },
    );
    let dir = writer.dir().to_owned();
    drop(writer);
    let trials = fs_err::read(dir.join("trials.csv")).expect("rows");
    let latency = fs_err::read(dir.join("latency.csv.zst")).expect("frames");
    let manifest = fs_err::read(dir.join("manifest.json")).expect("a manifest");
    let env = fs_err::read(dir.join("env.csv")).expect("rows");
    // Where the header and each row end.
    let ends: Vec<usize> =
        (1..).zip(&trials).filter(|(_, byte)| **byte == b'\n').map(|(end, _)| end).collect();
    let cuts = (ends[0]..trials.len()).step_by(41).chain([trials.len() - 1]);
    for cut in cuts {
        fs_err::write(dir.join("trials.csv"), &trials[..cut]).expect("a torn file");
        // A histogram is written before its row: only that of a row that is not whole may be torn.
        // The last of eight rows is the interrupted trial's, which has none.
        let torn = if cut < ends[7] { cut % 20 } else { 0 };
        fs_err::write(dir.join("latency.csv.zst"), &latency[..latency.len() - torn])
            .expect("a torn file");
        fs_err::write(dir.join("manifest.json"), &manifest).expect("a manifest");
        fs_err::write(dir.join("env.csv"), &env).expect("rows");
        resume(&dir, &mut Planned::default());
        assert_whole(&dir, &plan);
    }
}

#[test]
fn a_second_writer_is_kept_out() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let writer = create(results.path(), &plan);
    let second = RunWriter::resume(writer.dir());
    assert!(matches!(second, Err(RecordError::Locked(_))));
}

#[test]
fn damage_in_the_middle_is_an_error_and_not_repaired() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let mut writer = create(results.path(), &plan);
    go(&mut writer, &plan, &Done::default(), &mut Planned::default());
    let path = writer.dir().join("trials.csv");
    let text = fs_err::read_to_string(&path).expect("rows");
    let spoiled: Vec<String> = text
        .lines()
        .enumerate()
        .map(|(i, line)| if i == 4 { line.replacen("ok", "fine", 1) } else { line.to_owned() })
        .collect();
    fs_err::write(&path, spoiled.join("\n") + "\n").expect("a spoiled file");
    let error = Recording::read(writer.dir()).expect_err("damage").to_string();
    let wanted = "trials.csv:5: damaged: column `status`: `fine` is none of ok, failed, ";
    assert!(error.contains(wanted) && error.starts_with(&*path.to_string_lossy()), "{error}");
}

/// Turns the columns of a table around.
fn turn_columns(path: &Path) {
    let text = fs_err::read_to_string(path).expect("a table");
    let turned = |line: &str| line.rsplit(',').collect::<Vec<_>>().join(",") + "\n";
    fs_err::write(path, text.lines().map(turned).collect::<String>()).expect("a table");
}

#[test]
fn a_run_goes_on_under_the_headers_that_are_there() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let mut writer = create(results.path(), &plan);
    let mut executor = Planned { abort_at: Some(8), ..Planned::default() };
    go(&mut writer, &plan, &Done::default(), &mut executor);
    let dir = writer.dir().to_owned();
    drop(writer);
    let before = Recording::read(&dir).expect("a recording").all_trials;
    for table in ["trials.csv", "env.csv", "plan.csv"] {
        turn_columns(&dir.join(table));
    }
    assert_eq!(Recording::read(&dir).expect("the same").all_trials, before);
    resume(&dir, &mut Planned::default());
    assert_whole(&dir, &plan);
    let after = Recording::read(&dir).expect("a recording");
    assert_eq!(after.all_trials[..before.len()], before);
    let of_cell = |row: &TrialRow| plan.cells.iter().find(|c| c.id.to_string() == row.cell);
    for row in after.trials.iter().filter(|row| row.is_ok()) {
        let ideal_ns = of_cell(row).expect("a cell").ideal.wall_ns;
        assert_eq!((row.ideal_ns, row.wall_ns), (ideal_ns, Some(ideal_ns + 1)));
    }
    assert_eq!(after.env.last().map(|row| (row.block, row.attempt)), Some((3, 1)));
}

#[test]
fn a_run_whose_rows_fit_no_header_is_refused_and_left_alone() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan();
    let mut writer = create(results.path(), &plan);
    let mut executor = Planned { abort_at: Some(8), ..Planned::default() };
    go(&mut writer, &plan, &Done::default(), &mut executor);
    let dir = writer.dir().to_owned();
    drop(writer);
    for (table, name) in [("trials.csv", "wall_ns"), ("env.csv", "steal_percent")] {
        let path = dir.join(table);
        let whole = fs_err::read_to_string(&path).expect("a table");
        // Torn besides: it is not cut either.
        let torn = &whole[..whole.len() - 3];
        for other in ["speed".to_owned(), format!("{name},{name}")] {
            let text = torn.replacen(name, &other, 1);
            fs_err::write(&path, &text).expect("a table");
            let error = RunWriter::resume(&dir).expect_err("another header").to_string();
            assert!(error.contains(table), "{error}");
            assert_eq!(fs_err::read_to_string(&path).expect("a table"), text);
        }
        fs_err::write(&path, whole).expect("a table");
    }
    resume(&dir, &mut Planned::default());
    assert_whole(&dir, &plan);
}

#[test]
fn one_cpu_is_shared_and_more_are_split() {
    assert_eq!(Cpus::split(&[0, 1]), Cpus { server: vec![1], client: vec![0] });
    assert_eq!(Cpus::split(&[2, 3, 5]), Cpus { server: vec![5], client: vec![2, 3] });
    assert!(!Cpus::split(&[4]).are_apart());
    assert!(Cpus::split(&[0, 1]).are_apart());
}
