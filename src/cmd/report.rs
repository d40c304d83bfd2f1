//! `inflight report`.

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};

use super::{Failure, say};
use crate::analyse::Analysis;
use crate::cli::{self, AnswerFormat};
use crate::exit::Exit;
use crate::record::{RecordError, Recording, find, find_runs, replace};
use crate::report;
use crate::units::counted;

pub(super) fn run(args: &cli::Report) -> Result<Exit, Failure> {
    if args.png && cfg!(not(feature = "png")) {
        return Err(Failure::Usage(format!("--png: {}", super::WITHOUT_PNG)));
    }
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
    match args.format {
        Some(format) => answer(&runs, format),
        None if args.check => check(args, &runs),
        None => write(args, &runs),
    }
}

/// Prints the answers. A recording that cannot be read is told and left out.
fn answer(runs: &[PathBuf], format: AnswerFormat) -> Result<Exit, Failure> {
    let mut trouble = Trouble::default();
    let mut answers = Vec::new();
    for run in runs {
        match Recording::read(run) {
            Ok(recording) => {
                let analysis = Analysis::of(&recording);
                match format {
                    AnswerFormat::Json => answers.push(report::Answer::of(&recording, &analysis)),
                    AnswerFormat::Text => {
                        let name = if runs.len() > 1 {
                            format!("{}\n", recording.name)
                        } else {
                            String::new()
                        };
                        let answer = report::answer(&recording, &analysis, super::screen());
                        super::print(&format!("{name}{answer}\n"))?;
                    }
                }
            }
            Err(error) => trouble.tell(&[error.into()]),
        }
    }
    if format == AnswerFormat::Json {
        super::print(&report::json(&answers))?;
    }
    Ok(trouble.exit().unwrap_or(Exit::Fine))
}

/// Entries of recordings that were read already; `None` where one cannot be read, which has been
/// told.
type Known = HashMap<PathBuf, Option<report::Entry>>;

/// Recordings that could not be read, or whose reports could not be written. The others go on.
#[derive(Default)]
struct Trouble {
    recordings: usize,
    damaged: bool,
}

impl Trouble {
    /// Tells every failure of one recording.
    fn tell(&mut self, failures: &[Failure]) {
        self.recordings += 1;
        for failure in failures {
            self.damaged |= failure.exit() == Exit::BadInput;
            say(failure.report().trim_end());
        }
    }

    /// Damage counts more than what the system refused.
    fn exit(&self) -> Option<Exit> {
        let exit = if self.damaged { Exit::BadInput } else { Exit::Io };
        (self.recordings > 0).then_some(exit)
    }
}

fn write(args: &cli::Report, runs: &[PathBuf]) -> Result<Exit, Failure> {
    prepare(&args.folders)?;
    let mut trouble = Trouble::default();
    let mut known = Known::new();
    for run in runs {
        match write_anew(args, run) {
            Ok((path, entry)) => {
                known.insert(run.clone(), Some(entry));
                super::print(&format!("{}\n", path.display()))?;
            }
            Err(failure) => {
                trouble.tell(&[failure]);
                known.insert(run.clone(), None);
            }
        }
    }
    if known.values().any(Option::is_some) {
        write_index_of(&args.folders, &known)?;
    }
    if let Some(exit) = trouble.exit() {
        say(&format!("{} of {} reports could not be made", trouble.recordings, runs.len()));
        return Ok(exit);
    }
    Ok(Exit::Fine)
}

fn write_anew(args: &cli::Report, run: &Path) -> Result<(PathBuf, report::Entry), Failure> {
    let recording = Recording::read(run)?;
    let analysis = Analysis::of(&recording);
    let rendered = report::render(&recording, &analysis)?;
    #[cfg(feature = "png")]
    let rendered = if args.png { rendered.with_png() } else { rendered };
    let path = write_one(&recording, &rendered, &args.folders.reports)?;
    Ok((path, report::Entry::of(&recording, &analysis)))
}

fn check(args: &cli::Report, runs: &[PathBuf]) -> Result<Exit, Failure> {
    let mut trouble = Trouble::default();
    let mut known = Known::new();
    let mut differing = 0;
    for run in runs {
        match check_one(args, run) {
            Ok((dir, differences, entry)) => {
                differing += usize::from(!differences.is_empty());
                for difference in differences {
                    say(&format!("{}: {difference}", dir.display()));
                }
                known.insert(run.clone(), Some(entry));
            }
            Err(failures) => {
                trouble.tell(&failures);
                known.insert(run.clone(), None);
            }
        }
    }
    let mut index_differs = false;
    if args.runs.is_empty() {
        for (name, content) in index(&args.folders, &known)? {
            let path = args.folders.reports.join(name);
            if fs_err::read_to_string(&path).unwrap_or_default() != content {
                index_differs = true;
                say(&format!("{}: is not what the records give", path.display()));
            }
        }
    }
    let mut sum = Vec::new();
    if differing > 0 {
        let verb = if runs.len() == 1 { "differs" } else { "differ" };
        sum.push(format!("{differing} of {} {verb}", counted(runs.len(), "report")));
    }
    if index_differs {
        sum.push("the list of reports differs".to_owned());
    }
    if trouble.recordings > 0 {
        let of = counted(runs.len(), "recording");
        sum.push(format!("{} of {of} cannot be read", trouble.recordings));
    }
    if sum.is_empty() {
        let verb = if runs.len() == 1 {
            "is what its record gives"
        } else {
            "are what their records give"
        };
        super::print(&format!("{} {verb}\n", counted(runs.len(), "report")))?;
        return Ok(Exit::Fine);
    }
    let hint =
        if differing > 0 || index_differs { "; write them with `inflight report`" } else { "" };
    say(&format!("{}{hint}", sum.join("; ")));
    Ok(trouble.exit().unwrap_or(Exit::Worse))
}

/// Reads every file of a recording, and holds its report against what is there. Returns the report's
/// folder and what differs, or every file that cannot be read.
fn check_one(
    args: &cli::Report,
    run: &Path,
) -> Result<(PathBuf, Vec<report::Difference>, report::Entry), Vec<Failure>> {
    let one = |error: RecordError| vec![Failure::from(error)];
    let recording = Recording::read(run).map_err(one)?;
    let damaged = recording.check_files();
    if !damaged.is_empty() {
        return Err(damaged.into_iter().map(Failure::from).collect());
    }
    let analysis = Analysis::of(&recording);
    let rendered = report::render(&recording, &analysis).map_err(one)?;
    let dir = args.folders.reports.join(&recording.name);
    let differences = report::check(&rendered, &dir).err().unwrap_or_default();
    Ok((dir, differences, report::Entry::of(&recording, &analysis)))
}

/// Makes the folder of the reports and tries to write there: hours of trials must not end in that it
/// cannot be written.
pub(super) fn prepare(folders: &cli::Folders) -> Result<(), Failure> {
    fs_err::create_dir_all(&folders.reports)?;
    for (name, _) in report::index(&[]) {
        let index = folders.reports.join(name);
        if index.is_dir() {
            let what =
                format!("{}: is a folder; the list of reports needs its name", index.display());
            return Err(io::Error::new(io::ErrorKind::IsADirectory, what).into());
        }
    }
    tempfile::Builder::new().prefix(".new-").tempfile_in(&folders.reports).map_err(|error| {
        let what = format!("{}: cannot be written: {error}", folders.reports.display());
        io::Error::new(error.kind(), what)
    })?;
    Ok(())
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

/// Writes the list of all reports, and returns the files. A recording that cannot be read is told and left
/// out: it must not keep the others from being listed.
pub(super) fn write_index(folders: &cli::Folders) -> Result<Vec<PathBuf>, Failure> {
    write_index_of(folders, &Known::new())
}

fn write_index_of(folders: &cli::Folders, known: &Known) -> Result<Vec<PathBuf>, Failure> {
    // Other records beside the usual reports, or the other way round: the list would lose entries.
    if folders.is_usual(&folders.out) != folders.is_usual(&folders.reports) {
        return Ok(Vec::new());
    }
    let mut written = Vec::new();
    for (name, content) in index(folders, known)? {
        let path = folders.reports.join(name);
        replace(&path, content.as_bytes())?;
        written.push(path);
    }
    Ok(written)
}

/// The list of the recordings under `out`. What is not known of them is read; one that cannot be read is
/// told.
fn index(folders: &cli::Folders, known: &Known) -> Result<report::Index, Failure> {
    let mut entries = Vec::new();
    for run in find_runs(&folders.out)? {
        match known.get(&run) {
            Some(entry) => entries.extend(entry.clone()),
            None => match Recording::read(&run) {
                Ok(recording) => {
                    entries.push(report::Entry::of(&recording, &Analysis::of(&recording)));
                }
                Err(error) => say(&format!("not in the list of reports: {error}")),
            },
        }
    }
    Ok(report::index(&entries))
}
