//! `inflight runs rm`.

use std::io::{self, BufRead, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::{Failure, print, report, say};
use crate::cli;
use crate::exit::Exit;
use crate::record::{check_removable, find, find_runs, remove};
use crate::report::{PAGE_FILE, REPORT};
use crate::units::counted;

/// A recording, and its report if it has one.
#[derive(Debug, PartialEq, Eq)]
struct Doomed {
    recording: PathBuf,
    /// Path of the folder without links, whatever way it was named.
    real: PathBuf,
    report: Option<PathBuf>,
}

pub(super) fn run(out: &Path, args: &cli::Remove) -> Result<Exit, Failure> {
    let mut all: Vec<Doomed> = Vec::new();
    for text in &args.recordings {
        let dir = find(out, text)?.dir;
        check_removable(&dir)?;
        let real = dir.canonicalize()?;
        if all.iter().all(|doomed| doomed.real != real) {
            all.push(Doomed { recording: dir, real, report: None });
        }
    }
    for n in 0..all.len() {
        all[n].report = report_of(out, &args.reports, &all, n)?;
    }
    if !args.yes && !is_wanted(&all)? {
        return Err(Failure::Usage("nothing was removed".to_owned()));
    }
    for doomed in &all {
        remove(&doomed.recording)?;
        print(&format!("removed {}\n", doomed.recording.display()))?;
        if let Some(report) = &doomed.report {
            fs_err::remove_dir_all(report)?;
            print(&format!("removed {}\n", report.display()))?;
        }
    }
    let folders = cli::Folders { out: out.to_owned(), reports: args.reports.clone() };
    if crate::report::index(&[]).iter().any(|(name, _)| args.reports.join(name).is_file()) {
        let written = report::write_index(&folders)?;
        if written.is_empty() {
            say("the list of reports may name other records, and is left alone");
        }
        for path in written {
            print(&format!("wrote {}\n", path.display()))?;
        }
    }
    Ok(Exit::Fine)
}

/// The report of a recording. One that another recording of the same name has too stays.
fn report_of(
    out: &Path,
    reports: &Path,
    all: &[Doomed],
    n: usize,
) -> Result<Option<PathBuf>, Failure> {
    let Some(name) = all[n].real.file_name() else { return Ok(None) };
    let dir = reports.join(name);
    let is_report = [REPORT, PAGE_FILE].iter().any(|file| dir.join(file).is_file());
    let mut others = find_runs(out)?;
    others.retain(|run| run.file_name() == Some(name));
    let stays = others.iter().any(|run| {
        run.canonicalize().is_ok_and(|run| all[..=n].iter().all(|doomed| doomed.real != run))
    });
    Ok((is_report && !stays).then_some(dir))
}

/// Asks at a terminal.
fn is_wanted(all: &[Doomed]) -> Result<bool, Failure> {
    if !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let what = "there is no terminal to ask at: say --yes to remove";
        return Err(Failure::Usage(format!("{what} {}", counted(all.len(), "recording"))));
    }
    asked(all, &mut io::stdin().lock(), &mut io::stderr())
}

fn asked(all: &[Doomed], input: &mut dyn BufRead, output: &mut dyn Write) -> Result<bool, Failure> {
    for doomed in all {
        writeln!(output, "{}", doomed.recording.display())?;
        if let Some(report) = &doomed.report {
            writeln!(output, "{}", report.display())?;
        }
    }
    let these = if all.len() == 1 { "this recording" } else { "these recordings" };
    write!(output, "Remove {these} for good? [y/N] ")?;
    output.flush()?;
    let mut line = String::new();
    input.read_line(&mut line)?;
    Ok(["y", "yes"].contains(&line.trim().to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_yes_is_one() {
        let recording = PathBuf::from("results/m/x");
        let all = [Doomed { real: recording.clone(), recording, report: Some("reports/x".into()) }];
        let answer = |text: &str| {
            let mut said = Vec::new();
            let yes = asked(&all, &mut text.as_bytes(), &mut said).expect("an answer");
            let said = String::from_utf8(said).expect("text");
            assert_eq!(said, "results/m/x\nreports/x\nRemove this recording for good? [y/N] ");
            yes
        };
        assert!(["y\n", "Yes\n", " YES "].into_iter().all(answer));
        assert!(!["", "\n", "n\n", "no\n", "yes, but\n"].into_iter().any(answer));
    }
}
