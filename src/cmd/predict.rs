//! Predictions of `inflight plan`, and those that `inflight run` makes before its first trial.

use std::path::Path;

use super::cautions::{cautions, document};
use super::{Failure, print, say};
use crate::cli;
use crate::exit::Exit;
use crate::machine::Machine;
use crate::plan::Plan;
use crate::predict::{self, Accuracy, Ask, predict};
use crate::record::{
    Build, EarlierRow, PredictionRow, Recording, RunPredictions, find, find_recordings,
};

/// Prints the prediction for the cells of a plan.
pub(super) fn plan(args: &cli::Plan, plan: &Plan) -> Result<Exit, Failure> {
    let newest = || format!("@latest:{}", plan.experiment.name);
    let found = recording(&args.out, &args.from.clone().unwrap_or_else(newest), "--from");
    // A document of the plan alone needs no recording, unless one was asked for.
    let is_optional = args.json && !args.predicts();
    let recording = match found {
        Err(Failure::Select(_)) if is_optional => {
            let nothing = predict::unpredicted(plan);
            print(&predict::json(&nothing, None, &document(plan)))?;
            return Ok(Exit::Fine);
        }
        other => other?,
    };
    if !args.json {
        for caution in cautions(plan) {
            say(&format!("warning: {caution}"));
        }
    }
    if recording.manifest.build.profile != "release" {
        let profile = &recording.manifest.build.profile;
        say(&format!("warning: recorded by a {profile} build: its CPU times mean little"));
    }
    let ask = Ask { requests: args.requests, machines: args.machines.unwrap_or(1) };
    let predictions = predict(plan, &recording, ask);
    let earlier = Accuracy::of_walls(&earlier(&args.out, &recording.manifest.machine)?);
    print(&match args.json {
        true => predict::json(&predictions, earlier.as_ref(), &document(plan)),
        false => predict::text(&predictions, earlier.as_ref()),
    })?;
    Ok(Exit::Fine)
}

fn recording(results: &Path, text: &str, option: &str) -> Result<Recording, Failure> {
    let found = find(results, text)?;
    if found.dir.is_file() {
        return Err(Failure::Usage(format!(
            "{option} {text}: a prediction needs a recording; a trials.csv alone has no plan"
        )));
    }
    Ok(Recording::read(&found.dir)?)
}

/// Outcomes of the predictions of one machine so far. A recording that cannot be read is told and
/// left out.
fn earlier(results: &Path, machine: &str) -> Result<Vec<EarlierRow>, Failure> {
    let mut rows = Vec::new();
    for run in find_recordings(results)? {
        // Most were not predicted, and reading a recording takes its time.
        if !Recording::is_predicted(&run) {
            continue;
        }
        let read = Recording::read(&run).and_then(|recording| {
            let is_here = recording.manifest.machine == machine;
            if is_here { predict::earlier(&recording) } else { Ok(Vec::new()) }
        });
        match read {
            Ok(of_run) => rows.extend(of_run),
            Err(error) => {
                say(&format!("left out of earlier predictions: {error}"));
            }
        }
    }
    Ok(rows)
}

/// Predictions for a run.
#[derive(Debug, Default)]
pub(super) struct Expected {
    predictions: Vec<PredictionRow>,
    earlier: Vec<EarlierRow>,
}

impl Expected {
    /// In one line, if there is anything.
    pub(super) fn summary(&self) -> Option<String> {
        let first = self.predictions.first()?;
        let cells = self.predictions.len();
        let known = self.predictions.iter().filter(|row| row.wall_ns.is_some()).count();
        Some(format!("predicted from {}: {known} of {cells} cells", first.from))
    }

    /// As the record has it.
    pub(super) fn as_record(&self) -> RunPredictions<'_> {
        RunPredictions { predictions: &self.predictions, earlier: &self.earlier }
    }
}

/// Predicts the cells of a plan, if the command line asks for it.
pub(super) fn predictions(args: &cli::Run, plan: &Plan) -> Result<Expected, Failure> {
    let Some(from) = &args.predict_from else { return Ok(Expected::default()) };
    let results = &args.folders.out;
    let recording = recording(results, from, "--predict-from")?;
    let here = Machine::this().id();
    if args.output.prints_text() {
        warn(&recording, &here);
    }
    let predictions = predict::rows(&predict(plan, &recording, Ask::AS_PLANNED));
    Ok(Expected { predictions, earlier: earlier(results, &here)? })
}

/// Warns of a recording that is a bad witness for a run on this machine by this build.
fn warn(recording: &Recording, here: &str) {
    let machine = &recording.manifest.machine;
    if machine != here {
        say(&format!("warning: predicted from a recording of another machine: {machine}"));
    }
    let (then, now) = (&recording.manifest.build.profile, Build::this().profile);
    if *then != now {
        say(&format!(
            "warning: predicted from a recording of a {then} build; this is a {now} build"
        ));
    }
}
