//! `inflight report`.

use std::path::{Path, PathBuf};

use super::{Failure, say};
use crate::analyse::Analysis;
use crate::cli;
use crate::exit::Exit;
use crate::record::{RecordError, Recording, find, find_runs, replace};
use crate::report;

/// The page that lists all reports.
const INDEX: &str = "README.md";

pub(super) fn run(args: &cli::Report) -> Result<Exit, Failure> {
    let runs = match args.runs.as_slice() {
        [] => find_runs(&args.folders.out)?,
        named => named
            .iter()
            .map(|text| Ok(find(&args.folders.out, text)?.dir))
            .collect::<Result<_, Failure>>()?,
    };
    if runs.is_empty() {
        return Err(Failure::Usage(super::no_recording(&args.folders.out)));
    }
    if args.check { check(args, &runs) } else { write(args, &runs) }
}

fn write(args: &cli::Report, runs: &[PathBuf]) -> Result<Exit, Failure> {
    for run in runs {
        let recording = Recording::read(run)?;
        let analysis = Analysis::of(&recording);
        let rendered = report::render(&recording, &analysis)?;
        #[cfg(feature = "png")]
        let rendered = if args.png { rendered.with_png() } else { rendered };
        let path = write_one(&recording, &rendered, &args.folders.reports)?;
        super::print(&format!("{}\n", path.display()))?;
    }
    write_index(&args.folders)?;
    Ok(Exit::Fine)
}

fn check(args: &cli::Report, runs: &[PathBuf]) -> Result<Exit, Failure> {
    let mut differing = 0;
    for run in runs {
        let recording = Recording::read(run)?;
        let rendered = report::render(&recording, &Analysis::of(&recording))?;
        let dir = args.folders.reports.join(&recording.name);
        if let Err(differences) = report::check(&rendered, &dir) {
            differing += 1;
            for difference in differences {
                say(&format!("{}: {difference}", dir.display()));
            }
        }
    }
    if args.runs.is_empty() {
        let index = args.folders.reports.join(INDEX);
        if fs_err::read_to_string(&index).unwrap_or_default()
            != index_text(&args.folders, |_, failure| Err(failure.into()))?
        {
            differing += 1;
            say(&format!("{}: is not what the records give", index.display()));
        }
    }
    if differing > 0 {
        say(&format!(
            "{differing} of {} reports differ; write them with `inflight report`",
            runs.len()
        ));
        return Ok(Exit::Worse);
    }
    super::print(&format!("{} reports are what their records give\n", runs.len()))?;
    Ok(Exit::Fine)
}

/// Writes the report of one recording. Returns the path of its page.
pub(super) fn write_one(
    recording: &Recording,
    rendered: &report::Rendered,
    reports: &Path,
) -> Result<PathBuf, Failure> {
    let dir = reports.join(&recording.name);
    report::write(rendered, &dir)?;
    Ok(dir.join(report::REPORT))
}

/// Writes the list of all reports. A recording that cannot be read is told and left out: it must
/// not keep the others from being listed.
pub(super) fn write_index(folders: &cli::Folders) -> Result<(), Failure> {
    // Other records beside the usual reports, or the other way round: the list would lose entries.
    if folders.is_usual(&folders.out) != folders.is_usual(&folders.reports) {
        return Ok(());
    }
    let text = index_text(folders, |run, failure| {
        say(&format!("not in the index: {}: {failure}", run.display()));
        Ok(())
    })?;
    Ok(replace(&folders.reports.join(INDEX), text.as_bytes())?)
}

/// The list of the recordings under `out` that have a report.
fn index_text(
    folders: &cli::Folders,
    unreadable: impl Fn(&Path, RecordError) -> Result<(), Failure>,
) -> Result<String, Failure> {
    let mut entries = Vec::new();
    for run in find_runs(&folders.out)? {
        match Recording::read(&run) {
            Ok(recording) => {
                entries.push(report::Entry::of(&recording, &Analysis::of(&recording)));
            }
            Err(error) => unreadable(&run, error)?,
        }
    }
    Ok(report::index(&entries))
}
