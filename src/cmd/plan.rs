//! `inflight plan`.

use std::path::Path;

use super::cautions::with_enough_blocks;
use super::describe::describe;
use super::{Failure, predict, print};
use crate::cli;
use crate::exit::Exit;
use crate::plan::{Only, Plan};
use crate::record::{EXPERIMENT, Manifest};
use crate::spec::{Experiment, Source};

pub(super) fn run(args: &cli::Plan) -> Result<Exit, Failure> {
    let (_, plan) = read(&args.file, &args.selection)?;
    if args.predicts() || args.json {
        return predict::plan(args, &plan);
    }
    print(&describe(&plan))?;
    Ok(Exit::Fine)
}

/// Reads an experiment file and expands what is selected of it.
pub(super) fn read(file: &Path, selection: &cli::Selection) -> Result<(Source, Plan), Failure> {
    let source = Source::read(file, selection.overrides())?;
    let mut experiment = Experiment::parse(&source, folder(file))?;
    if let (true, Ok(manifest)) = (file.ends_with(EXPERIMENT), Manifest::read(folder(file))) {
        // The copy in a record: it has the name of its experiment, not of its file.
        experiment.name = manifest.experiment;
    }
    check_length(&source, &experiment)?;
    let only = Only::parse(&selection.only).map_err(Failure::Usage)?;
    let plan = Plan::new(experiment, &only).ok_or_else(|| {
        let terms = selection.only.join(" --only ");
        Failure::Usage(format!(
            "--only {terms} selects no cell; `inflight plan {}` lists them",
            file.display()
        ))
    })?;
    Ok((source, with_enough_blocks(plan)))
}

/// Sums of delays, and ten times them, must fit into 64 bits of nanoseconds: 18 years of waiting.
fn check_length(source: &Source, experiment: &Experiment) -> Result<(), Failure> {
    const LONGEST_NS: u128 = u64::MAX as u128 / 32;
    for scenario in &experiment.scenarios {
        let delays = scenario.planned().all_ns();
        if delays.iter().map(|&ns| u128::from(ns)).sum::<u128>() > LONGEST_NS {
            return Err(Failure::TooLong(format!(
                "{}: {} requests with delay {} would wait for more than 18 years one after the \
                 other; lower `requests`, `delay` or `time_scale`",
                source.name,
                scenario.requests,
                scenario.delay.describe()
            )));
        }
    }
    Ok(())
}

/// The folder that the trace files of an experiment are looked for in.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}
