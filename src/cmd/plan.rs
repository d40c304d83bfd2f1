//! `inflight plan`.

use std::path::Path;

use super::describe::describe;
use super::{Failure, print};
use crate::cli;
use crate::exit::Exit;
use crate::plan::{Only, Plan};
use crate::spec::{Experiment, Source};

pub(super) fn run(args: &cli::Plan) -> Result<Exit, Failure> {
    let (_, plan) = read(&args.file, &args.selection)?;
    print(&describe(&plan))?;
    Ok(Exit::Fine)
}

/// Reads an experiment file and expands what is selected of it.
pub(super) fn read(file: &Path, selection: &cli::Selection) -> Result<(Source, Plan), Failure> {
    let source = Source::read(file, selection.overrides())?;
    let experiment = Experiment::parse(&source, folder(file))?;
    let only = Only::parse(&selection.only).map_err(Failure::Usage)?;
    let plan = Plan::new(experiment, &only).ok_or_else(|| {
        let terms = selection.only.join(" --only ");
        Failure::Usage(format!(
            "--only {terms} selects no cell; `inflight plan {}` lists them",
            file.display()
        ))
    })?;
    Ok((source, plan))
}

/// The folder that the trace files of an experiment are looked for in.
pub(super) fn folder(file: &Path) -> &Path {
    file.parent().unwrap_or(Path::new("."))
}
