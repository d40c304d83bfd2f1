//! `inflight run`: record, then report.

use std::collections::{BTreeMap, HashMap};
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use super::cautions::cautions;
use super::describe::{commands, summary};
use super::{Failure, diff, plan, predict, print, report, say};
use crate::analyse::{Analysis, ClaimFinding, narrow_enough};
use crate::cli;
use crate::delay::Model;
use crate::events::{Bar, Event, Json, Lines, Quiet, Sink};
use crate::exit::Exit;
use crate::machine::{Machine, kernel, process, without_folders};
use crate::page::terminal::Screen;
use crate::plan::Plan;
use crate::record::{
    Build, Given, GivenPath, Manifest, NewRun, Origin, ProgramFacts, RecordError, Recording,
    RunWriter, Side, Status, find,
};
use crate::run::{ChildExecutor, Cpus, Done, programs, record};
use crate::spec::Source;
use crate::units::{counted, rough};
use crate::vocabulary::Runtime;

pub(super) fn run(args: &cli::Run) -> Result<Exit, Failure> {
    let mut executor = ChildExecutor::new(stop_on_signals()?);
    if let Some(run) = &args.resume {
        return resume(args, &find(&args.folders.out, run)?.dir, &mut executor);
    }
    // All files are read before the first is run: an hour later would be too late for an error.
    let mut plans = Vec::new();
    for file in &args.files {
        plans.push((file, plan::read(file, &args.selection)?));
    }
    // The recording too: after the first file, it might no longer be the newest.
    let predictions: Vec<_> = plans
        .iter()
        .map(|(_, (_, plan))| predict::predictions(args, plan))
        .collect::<Result<_, Failure>>()?;
    report::prepare(&args.folders)?;
    let mut worst = Exit::Fine;
    for ((file, (source, plan)), predictions) in plans.into_iter().zip(predictions) {
        let (builds, binaries) = (&[], BTreeMap::new());
        let begin = Begin { file, source: &source, plan: &plan, builds, binaries, predictions };
        let exit = fresh(args, begin, &mut executor)?;
        if severity(exit) > severity(worst) {
            worst = exit;
        }
        if exit == Exit::Interrupted {
            break;
        }
    }
    Ok(worst)
}

/// Is set by the first signal that asks to end.
pub(super) fn stop_on_signals() -> Result<Arc<AtomicBool>, Failure> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second signal ends the process at once: what is recorded is on disk already.
        signal_hook::flag::register_conditional_shutdown(signal, 130, Arc::clone(&stop))?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

/// Rank of an exit code: of several runs the worst decides. A report that could not be written
/// counts more than what trials found, and an interruption, which leaves experiments out, more than
/// all.
fn severity(exit: Exit) -> u8 {
    match exit {
        Exit::Fine => 0,
        Exit::Worse => 1,
        Exit::BadTrials => 2,
        Exit::Interrupted => 4,
        _ => 3,
    }
}

/// Experiment, plan and builds that a recording begins with.
pub(super) struct Begin<'a> {
    /// The experiment file,
    pub(super) file: &'a Path,
    /// its text,
    pub(super) source: &'a Source,
    /// and what it amounts to.
    pub(super) plan: &'a Plan,
    /// The builds of the plan, if it has several, in their order.
    pub(super) builds: &'a [Side],
    /// The binaries that were given for them, by the name of the side.
    pub(super) binaries: BTreeMap<String, GivenPath>,
    /// Predictions for the run.
    pub(super) predictions: predict::Expected,
}

/// Records a plan from its first trial, then reports.
pub(super) fn fresh(
    args: &cli::Run,
    begin: Begin,
    executor: &mut ChildExecutor,
) -> Result<Exit, Failure> {
    let Begin { file, source, plan, builds, binaries, predictions } = begin;
    let cpus = Cpus::split(&process::allowed_cpus());
    tell(args, &summary(plan));
    commands(plan).lines().for_each(|line| tell(args, line));
    let mut sink = sink(args);
    caution(args, plan, &cpus, sink.as_mut());
    if let Some(line) = predictions.summary() {
        tell(args, &line);
    }
    let programs = look_for_programs(plan, executor, sink.as_mut());
    let machine = Machine::this();
    let new = NewRun {
        results: &args.folders.out,
        experiment: &source.text,
        traces: traces(plan, plan::folder(file))?,
        plan,
        predictions: predictions.as_record(),
        manifest: Manifest {
            builds: builds.to_vec(),
            given: Some(given(args, file, binaries)),
            programs,
            ..manifest(args, plan, &machine, &cpus)
        },
        machine: &machine,
        start: jiff::Timestamp::now(),
    };
    let mut writer = new.create()?;
    go(args, plan, &cpus, &Done::default(), &mut writer, executor, sink.as_mut())
}

/// Goes on with a recording, then reports.
pub(super) fn resume(
    args: &cli::Run,
    dir: &Path,
    executor: &mut ChildExecutor,
) -> Result<Exit, Failure> {
    let mut writer = RunWriter::resume(dir)?;
    let before = Recording::read(dir)?;
    if before.plan.builds.len() != executor.builds() {
        return Err(of_other_command(dir, &before));
    }
    if before.manifest.is_finished() {
        tell(args, &format!("{} is complete; nothing is left to run", dir.display()));
        return finish(args, dir);
    }
    let elsewhere = |what: String| {
        let recording = dir.to_owned();
        Failure::Record(RecordError::Elsewhere { recording, what })
    };
    let machine = Machine::this();
    if machine.id() != before.manifest.machine {
        return Err(elsewhere(format!(
            "it was begun on {}, this is {}; a run stays on its machine",
            before.manifest.machine,
            machine.id()
        )));
    }
    let build = Build::this();
    if build != before.manifest.build {
        return Err(elsewhere(format!(
            "it was begun by build {}, this is {}; check out that commit, or record anew",
            before.manifest.build.short(),
            build.short()
        )));
    }
    report::prepare(&args.folders)?;
    let repairs = writer.mend()?;
    let cpus = Cpus {
        server: before.manifest.server_cpus.clone(),
        client: before.manifest.client_cpus.clone(),
    };
    let plan = &with_programs_here(before.plan.clone(), before.manifest.given.as_ref())?;
    let done = Done::of(plan, &before.trials, &before.all_trials, &before.env);
    let left = || plan.trials.iter().filter(|t| !done.blocks.contains(&t.block));
    // How early a stopping rule will end it is not known.
    let most = if plan.experiment.blocks.until.is_some() { "at most " } else { "" };
    let line = format!(
        "{}: going on with {most}{} of {}, about {}",
        plan.experiment.name,
        left().count(),
        counted(plan.trials.len(), "trial"),
        rough(Duration::from_nanos(plan.expected_of_ns(left())))
    );
    tell(args, &line);
    let mut sink = sink(args);
    caution(args, plan, &cpus, sink.as_mut());
    look_for_programs(plan, executor, sink.as_mut());
    for repair in repairs {
        tell(args, &format!("{}: cut {} bytes of an unfinished write", repair.file, repair.bytes));
    }
    go(args, plan, &cpus, &done, &mut writer, executor, sink.as_mut())
}

/// A recording has copies of files that name programs, and not the programs: those are where they were.
fn with_programs_here(mut plan: Plan, given: Option<&Given>) -> Result<Plan, Failure> {
    if plan.programs().is_empty() {
        return Ok(plan);
    }
    let Some(file) = given.map(|given| &given.file).filter(|file| !file.absolute) else {
        let what = "its experiment was given with an absolute path, so its programs cannot be found: record anew";
        return Err(Failure::Usage(what.to_owned()));
    };
    let base = Path::new(&file.path).parent().unwrap_or(Path::new("")).to_owned();
    for cell in &mut plan.cells {
        cell.strategy.programs_mut().for_each(|program| program.moved(&base));
    }
    Ok(plan)
}

/// Finds the programs of a plan. One that is missing is told, and its trials are skipped.
fn look_for_programs(
    plan: &Plan,
    executor: &mut ChildExecutor,
    sink: &mut dyn Sink,
) -> Vec<ProgramFacts> {
    let found = programs::found(plan);
    let missing = found.iter().filter_map(|f| Some((f.name.clone(), f.missing.clone()?)));
    let missing: HashMap<String, String> = missing.collect();
    for why in missing.values() {
        sink.note(plan, Event::Warning(why));
    }
    executor.without_programs(missing);
    found
}

/// Says which command goes on with a recording.
pub(super) fn of_other_command(dir: &Path, recording: &Recording) -> Failure {
    let command = if recording.plan.builds.is_empty() { "run" } else { "ab" };
    let dir = dir.display();
    Failure::Usage(format!(
        "{dir} is a recording of `inflight {command}`; go on with `inflight {command} --resume {dir}`"
    ))
}

/// Says a line to a person, if there is one who wants to hear it.
fn tell(args: &cli::Run, line: &str) {
    if args.output.prints_text() {
        say(line);
    }
}

/// The sink of a run's events.
fn sink(args: &cli::Run) -> Box<dyn Sink> {
    if args.output.json {
        Box::new(Json::new(std::io::stdout()))
    } else if args.output.quiet {
        Box::new(Quiet)
    } else if std::io::stderr().is_terminal() {
        Box::new(Bar::default())
    } else {
        Box::new(Lines::new(anstream::stderr()))
    }
}

/// Tells what to know before the first trial.
fn caution(args: &cli::Run, plan: &Plan, cpus: &Cpus, sink: &mut dyn Sink) {
    if args.output.quiet {
        return;
    }
    let mut warn = |text: &str| sink.note(plan, Event::Warning(text));
    if !cpus.are_apart() {
        warn("one CPU only: client and server share it and distort each other");
    }
    if cfg!(debug_assertions) {
        warn("a debug build: its CPU times mean little; use --release");
    }
    if let (Some(files), needed) = (process::hard_nofile(), most_connections(plan))
        && needed > files
    {
        warn(&format!(
            "up to {needed} connections, and a process may open {files} files: requests or trials \
             will fail; raise the hard limit (`ulimit -Hn`)"
        ));
    }
    if let Some(workers) = too_many_workers(plan, cpus) {
        warn(&format!(
            "a runtime of {workers} threads on {} of the client: they take turns",
            counted(cpus.client.len(), "CPU")
        ));
    }
    cautions(plan).iter().for_each(|caution| warn(caution));
}

/// Files that the server needs for the cell with the most requests in flight: a connection each,
/// and some of its own.
fn most_connections(plan: &Plan) -> u64 {
    const OWN: u64 = 32;
    let connections = |c: &crate::plan::Cell| {
        let scenario = plan.scenario_of(c);
        let slots = c.strategy.concurrency(scenario.requests, scenario.streams);
        slots.saturating_mul(scenario.known_hosts()).min(scenario.requests)
    };
    let most = plan.cells.iter().map(connections).max();
    u64::from(most.unwrap_or(0)) + OWN
}

/// The largest runtime with more threads than the client has CPUs.
fn too_many_workers(plan: &Plan, cpus: &Cpus) -> Option<u32> {
    let workers = plan.cells.iter().filter_map(|c| match c.strategy.runtime? {
        Runtime::MultiThread(n) => Some(n.get()),
        Runtime::CurrentThread => None,
    });
    workers.filter(|&n| n as usize > cpus.client.len().max(1)).max()
}

fn go(
    args: &cli::Run,
    plan: &Plan,
    cpus: &Cpus,
    done: &Done,
    writer: &mut RunWriter,
    executor: &mut ChildExecutor,
    sink: &mut dyn Sink,
) -> Result<Exit, Failure> {
    let summary = record(plan, cpus, done, narrow_enough, writer, executor, sink)?;
    if summary.interrupted {
        interrupted(args, writer.dir(), &writer.manifest().builds)
    } else {
        Ok(finish(args, writer.dir()).unwrap_or_else(|failure| {
            // The recording is whole, and others may follow it.
            say(failure.report().trim_end());
            say(&format!(
                "the recording is complete; `inflight report {}` writes its report",
                writer.dir().display()
            ));
            failure.exit()
        }))
    }
}

/// Says how to go on.
fn interrupted(args: &cli::Run, dir: &Path, builds: &[Side]) -> Result<Exit, Failure> {
    let command = if builds.is_empty() { "run" } else { "ab" };
    let mut resume = format!("inflight {command} --resume {}", dir.display());
    for side in builds.iter().filter(|side| side.origin == Origin::Binary) {
        resume += &format!(" --{}-bin PATH", side.name);
    }
    for option in builds.iter().flat_map(Side::patch_options) {
        resume += &format!(" {option}");
    }
    if let Some(source) = &args.source {
        resume += &format!(" --source {}", source.display());
    }
    let defaults =
        [(&args.folders.out, "--out", "results"), (&args.folders.reports, "--reports", "reports")];
    for (folder, option, default) in defaults {
        if folder != Path::new(default) {
            resume += &format!(" {option} {}", folder.display());
        }
    }
    if args.strict_claims {
        resume += " --strict-claims";
    }
    if args.output.json {
        event(&serde_json::json!({ "event": "interrupted", "run": dir, "resume": resume }))?;
    } else {
        say(&format!("interrupted; nothing is lost. Go on with:\n  {resume}"));
    }
    Ok(Exit::Interrupted)
}

/// Writes the report and says where it stands.
pub(super) fn finish(args: &cli::Run, dir: &Path) -> Result<Exit, Failure> {
    let recording = Recording::read(dir)?;
    let analysis = Analysis::of(&recording);
    let rendered = crate::report::render(&recording, &analysis)?;
    let path = report::write_one(&recording, &rendered, &args.folders.reports)?;
    let page = path.with_file_name(crate::report::PAGE_FILE);
    let refuted = analysis.claims.iter().any(|c| c.finding == ClaimFinding::Refuted);
    let warnings = crate::report::warnings(&recording, &analysis);
    if args.output.json {
        event(&serde_json::json!({
            "event": "report",
            "run": dir,
            "report": path,
            "page": page,
            "answer": crate::report::answer(&recording, &analysis, Screen::default()),
            "warnings": warnings,
        }))?;
    } else if !args.output.quiet {
        let answer = crate::report::answer(&recording, &analysis, super::screen());
        let [record, report, page] = [dir, &path, &page].map(|path| path.display());
        print(&format!("\n{answer}\n\nrecord: {record}\nreport: {report}\npage:   {page}\n"))?;
        warn(&warnings);
    }
    report::write_index(&args.folders)?;
    // From the record, so that trials of before an interruption count too.
    let of = |status: Status| recording.trials.iter().filter(|t| t.status == status).count();
    let (measured, skipped) = (of(Status::Ok), of(Status::Skipped));
    if skipped > 0 {
        let why = recording.trials.iter().find(|t| t.status == Status::Skipped);
        let why = why.map_or("", |t| t.reason.as_str());
        say(&format!(
            "{skipped} of {} {} skipped: {why}",
            counted(recording.trials.len(), "trial"),
            if skipped == 1 { "was" } else { "were" }
        ));
    }
    let without_success = analysis.without_success(&recording.plan);
    if let Some(&first) = without_success.first() {
        say(&format!(
            "no request succeeded in {} of {}, `{}` first; if that is intended, add a claim \
             over `errors`",
            without_success.len(),
            counted(recording.plan.cells.len(), "cell"),
            recording.plan.cells[first].name
        ));
    }
    if let Some(judging) = &args.judging {
        let exit = compare_builds(args, &recording, judging)?;
        let is_useless = exit == Exit::Fine && !without_success.is_empty();
        return Ok(if is_useless { Exit::BadTrials } else { exit });
    }
    let (failed, invalid) = (of(Status::Failed), of(Status::Invalid));
    if failed + invalid > 0 {
        say(&format!(
            "{} failed, {invalid} invalid; the report says why",
            counted(failed, "trial")
        ));
        return Ok(Exit::BadTrials);
    }
    if measured == 0 && skipped > 0 {
        say("nothing was measured: this machine can run no trial of this experiment");
        return Ok(Exit::BadTrials);
    }
    if args.strict_claims && refuted {
        return Ok(Exit::Worse);
    }
    Ok(if without_success.is_empty() { Exit::Fine } else { Exit::BadTrials })
}

/// Compares the builds of a recording. Its trials that failed are told by the comparison, so that it
/// ends as `inflight diff` does.
fn compare_builds(
    args: &cli::Run,
    recording: &Recording,
    judging: &cli::Judging,
) -> Result<Exit, Failure> {
    let diffs = diff::builds(recording, judging)?;
    if args.output.json {
        let json = diff::rendered(&diffs, cli::Format::Json, judging);
        let comparison: serde_json::Value = serde_json::from_str(&json).expect("our own document");
        event(&serde_json::json!({ "event": "comparison", "comparison": comparison }))?;
    } else if !args.output.quiet {
        print(&format!("\n{}", diff::rendered(&diffs, cli::Format::Text, judging)))?;
    }
    diff::published(&diffs, judging, !args.output.prints_text())?;
    Ok(crate::diff::exit(&diffs, judging.strict))
}

/// The first of these; the report has them all.
fn warn(warnings: &[String]) {
    const SHOWN: usize = 5;
    for warning in warnings.iter().take(SHOWN) {
        say(&format!("warning: {warning}"));
    }
    if warnings.len() > SHOWN {
        say(&format!(
            "warning: {} more signs of disturbance; the report has them all",
            warnings.len() - SHOWN
        ));
    }
}

fn event(event: &serde_json::Value) -> Result<(), Failure> {
    Ok(print(&format!("{event}\n"))?)
}

fn manifest(args: &cli::Run, plan: &Plan, machine: &Machine, cpus: &Cpus) -> Manifest {
    Manifest {
        overrides: args.selection.overrides(),
        only: args.selection.only.clone(),
        argv: std::env::args_os().map(|arg| without_folders(&arg.to_string_lossy())).collect(),
        kernel: kernel(),
        server_cpus: cpus.server.clone(),
        client_cpus: cpus.client.clone(),
        programs: Vec::new(),
        nofile: process::hard_nofile(),
        ..Manifest::of(plan, machine)
    }
}

fn given(args: &cli::Run, file: &Path, binaries: BTreeMap<String, GivenPath>) -> Given {
    Given {
        file: GivenPath::of(file),
        results: GivenPath::of(&args.folders.out),
        binaries,
        in_checkout: is_checkout(Path::new(".")),
    }
}

/// Whether a folder is the top of a checkout of inflight itself.
fn is_checkout(folder: &Path) -> bool {
    let package = crate::ab::package_name(folder);
    folder.join(".git").exists() && package.as_deref() == Some(env!("CARGO_PKG_NAME"))
}

/// The trace files that an experiment names, by name.
fn traces(plan: &Plan, folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    let mut files: BTreeMap<String, PathBuf> = BTreeMap::new();
    for scenario in &plan.experiment.scenarios {
        if let Model::Trace(trace) = &scenario.delay.model {
            files.insert(trace.file.clone(), folder.join(&trace.file));
        }
    }
    for written in &plan.experiment.program_files {
        let path = folder.join(written);
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        files.insert(name.unwrap_or_default(), path);
    }
    files.into_iter().map(|(name, path)| Ok((name, fs_err::read(path)?))).collect()
}
