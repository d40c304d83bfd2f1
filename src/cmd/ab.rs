//! `inflight ab`: two builds, one interleaved recording, then its report and the comparison.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use super::run as recording;
use super::{Failure, diff, plan, print, report, say};
use crate::ab::{AbError, Builds, Options, SIDES, Source, Step, Wanted};
use crate::cli;
use crate::exit::Exit;
use crate::record::{GivenPath, Recording, find};
use crate::run::ChildExecutor;
use crate::units::rough;

pub(super) fn run(args: &cli::Ab) -> Result<Exit, Failure> {
    diff::check(&args.judging)?;
    let stop = recording::stop_on_signals()?;
    let prepare = |wanted: [&Wanted; 2]| {
        let options = Options {
            source: args.source.clone(),
            target_dir: args.target_dir.clone(),
            keep: args.keep.clone(),
        };
        Builds::prepare(wanted, &options, &stop, &|step| tell(args, step))
    };
    let executor = |builds: &Builds| {
        ChildExecutor::new(Arc::clone(&stop)).with_clients(builds.binaries.clone())
    };
    let ended = match (&args.resume, &args.file) {
        (Some(run), _) => resume(args, &find(&args.folders.out, run)?.dir, prepare, executor),
        (None, Some(file)) => fresh(args, file, prepare, executor),
        (None, None) => Err(Failure::Usage("name an experiment file, or --resume RUN".to_owned())),
    };
    match ended {
        Err(Failure::Ab(error)) if matches!(*error, AbError::Stopped) => {
            say("interrupted; nothing is lost");
            Ok(Exit::Interrupted)
        }
        other => other,
    }
}

fn fresh(
    args: &cli::Ab,
    file: &Path,
    prepare: impl Fn([&Wanted; 2]) -> Result<Builds, AbError>,
    executor: impl Fn(&Builds) -> ChildExecutor,
) -> Result<Exit, Failure> {
    // Before some minutes are spent on builds.
    let (source, plan) = plan::read(file, &args.selection)?;
    let plan = plan.with_builds(&SIDES);
    report::prepare(&args.folders)?;
    let revision = |named: &Option<String>| named.clone().map(Source::Revision);
    let is_patched = !args.patch.is_empty() || !args.base_patch.is_empty();
    // Patches are compared, unless something else is named too.
    let usual_base = || {
        if is_patched { Source::WorkingTree } else { Source::Revision("HEAD".to_owned()) }
    };
    let base = given(args, 0).or_else(|| revision(&args.base)).unwrap_or_else(usual_base);
    let new = given(args, 1).or_else(|| revision(&args.new)).unwrap_or(Source::WorkingTree);
    let [base, new] = [(base, &args.base_patch), (new, &args.patch)]
        .map(|(source, patches)| Wanted { source, patches: patches.clone() });
    let builds = prepare([&base, &new])?;
    warn(args, &builds);
    let begin = recording::Begin {
        file,
        source: &source,
        plan: &plan,
        builds: &builds.sides,
        binaries: binaries(args),
        predictions: super::predict::Expected::default(),
    };
    recording::fresh(&as_run(args), begin, &mut executor(&builds))
}

fn resume(
    args: &cli::Ab,
    dir: &Path,
    prepare: impl Fn([&Wanted; 2]) -> Result<Builds, AbError>,
    executor: impl Fn(&Builds) -> ChildExecutor,
) -> Result<Exit, Failure> {
    let before = Recording::read(dir)?;
    let recorded = &before.manifest.builds;
    let [base, new] = recorded.as_slice() else {
        return Err(recording::of_other_command(dir, &before));
    };
    if before.manifest.is_finished() {
        return recording::finish(&as_run(args), dir);
    }
    report::prepare(&args.folders)?;
    let again = |index: usize, side| match given(args, index) {
        Some(source) => Ok(Wanted { source, patches: Vec::new() }),
        None => Wanted::again(side, [&args.base_patch, &args.patch][index].clone()),
    };
    let builds = prepare([&again(0, base)?, &again(1, new)?])?;
    builds.are_those_of(recorded)?;
    recording::resume(&as_run(args), dir, &mut executor(&builds))
}

/// The binary that the command line gives for a side.
fn given(args: &cli::Ab, side: usize) -> Option<Source> {
    [&args.base_bin, &args.new_bin][side].clone().map(Source::Binary)
}

/// The binaries that the command line gives, by the name of the side.
fn binaries(args: &cli::Ab) -> BTreeMap<String, GivenPath> {
    let sides = SIDES.into_iter().zip([&args.base_bin, &args.new_bin]);
    sides
        .filter_map(|(side, path)| Some((side.to_owned(), GivenPath::of(path.as_ref()?))))
        .collect()
}

/// Options of `inflight ab` in the form of `inflight run`.
fn as_run(args: &cli::Ab) -> cli::Run {
    cli::Run {
        files: args.file.iter().cloned().collect(),
        resume: args.resume.clone(),
        predict_from: None,
        selection: args.selection.clone(),
        folders: args.folders.clone(),
        output: args.output,
        strict_claims: false,
        judging: Some(args.judging.clone()),
        source: args.source.clone(),
    }
}

fn tell(args: &cli::Ab, step: Step) {
    if args.output.json {
        let event = match step {
            Step::Locked { side, changes } => {
                serde_json::json!({ "event": "locked", "side": side, "changes": changes })
            }
            Step::Building { side, what } => {
                serde_json::json!({ "event": "building", "side": side, "what": what })
            }
            Step::Built { side, what, took } => serde_json::json!({
                "event": "built",
                "side": side,
                "what": what,
                "took_ns": u64::try_from(took.as_nanos()).unwrap_or(u64::MAX),
            }),
            Step::Kept { side, path } => {
                serde_json::json!({ "event": "kept", "side": side, "path": path })
            }
        };
        // A reader that has gone is noticed by the events of the run.
        let _ = print(&format!("{event}\n"));
    } else if !args.output.quiet {
        say(&match step {
            Step::Locked { side, changes } => {
                format!("{side}: Cargo.lock changes for the patches: {}", changes.join(", "))
            }
            Step::Building { side, what } => {
                format!("building {side} ({what}); the first time it takes some minutes")
            }
            Step::Built { side, what, took } => {
                format!("built {side} ({what}) in {}", rough(took))
            }
            Step::Kept { side, path } => format!("kept {side} as {}", path.display()),
        });
    }
}

fn warn(args: &cli::Ab, builds: &Builds) {
    if !args.output.prints_text() {
        return;
    }
    let [base, new] = builds.sides.as_slice() else { return };
    say(&format!("base: {}, new: {}", base.build.short(), new.build.short()));
    if base.build == new.build {
        say("both sides are the same build: what differs is noise");
    }
    for side in builds.sides.iter().filter(|side| side.build.profile != "release") {
        let (name, profile) = (&side.name, &side.build.profile);
        say(&format!("warning: {name} is a {profile} build: its CPU times mean little"));
    }
    if base.build.rustc != new.build.rustc {
        let (base, new) = (&base.build.rustc, &new.build.rustc);
        say(&format!("warning: the compilers differ: base {base}, new {new}"));
    }
}
