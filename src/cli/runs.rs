//! `inflight runs`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

/// `inflight runs`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight runs                                     every recording, the newest last
  inflight runs --experiment quickstart --since 7d  those of the last week
  inflight runs --state interrupted                 what `inflight run --resume` can go on with
  inflight runs --machine \"lab box\" --format csv    for a spreadsheet
  inflight runs --commit 0c29fda --format json      for a program
  inflight runs rm @latest                          remove a recording and its report

States: finished; running (a process writes it); interrupted (stopped or killed); damaged (the
reason stands below the table). Only what a list needs is read: `inflight report --check` reads all.

Other commands take a recording by its folder, the beginning of its name, its experiment or commit,
or as @latest, @latest~1, @latest:EXPERIMENT.")]
pub struct Runs {
    /// The command; without one, list the recordings.
    #[command(subcommand)]
    pub command: Option<RunsCommand>,
    /// Folder of the records.
    #[arg(long, global = true, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
    /// Only recordings of this experiment.
    #[arg(long, value_name = "NAME")]
    pub experiment: Option<String>,
    /// Only those of this machine, by its identity or label.
    #[arg(long, value_name = "ID-OR-LABEL")]
    pub machine: Option<String>,
    /// Only those of a commit that begins like this.
    #[arg(long, value_name = "PREFIX")]
    pub commit: Option<String>,
    /// Only those in this state.
    #[arg(long, value_enum)]
    pub state: Option<RunState>,
    /// Only those begun since: a date (UTC), or as long ago as 36h or 7d.
    #[arg(long, value_name = "DATE-OR-DURATION", value_parser = since)]
    pub since: Option<jiff::Timestamp>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = ListFormat::Text)]
    pub format: ListFormat,
}

/// Commands on recordings.
#[derive(Debug, Subcommand)]
pub enum RunsCommand {
    /// Remove recordings and their reports, then write the index of the reports again.
    Rm(Remove),
}

/// `inflight runs rm`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight runs rm @latest                          asks first
  inflight runs rm --yes 20260101T000000Z-quickstart-0c29fda8

Everything is looked up before anything is removed. A folder that is no recording is refused, and so
is one that a process writes. Trials that are gone cannot be made again.")]
pub struct Remove {
    /// Recordings, by folder, beginning of the name, experiment, commit or @latest.
    #[arg(value_name = "RECORDING", required = true)]
    pub recordings: Vec<String>,
    /// Do not ask; needed where there is no terminal to ask at.
    #[arg(long, short)]
    pub yes: bool,
    /// Folder of the reports.
    #[arg(long, value_name = "DIR", default_value = "reports")]
    pub reports: PathBuf,
}

/// The state of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RunState {
    /// Nothing is left to run.
    Finished,
    /// A process writes it.
    Running,
    /// It was stopped or killed.
    Interrupted,
    /// It cannot be read.
    Damaged,
}

/// A form of a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ListFormat {
    /// For a terminal.
    Text,
    /// For a spreadsheet.
    Csv,
    /// For a program.
    Json,
}

fn since(text: &str) -> Result<jiff::Timestamp, String> {
    since_at(text, jiff::Timestamp::now())
}

fn since_at(text: &str, now: jiff::Timestamp) -> Result<jiff::Timestamp, String> {
    let midnight = text.parse::<jiff::civil::Date>();
    let in_utc = |date: jiff::civil::Date| date.to_zoned(jiff::tz::TimeZone::UTC);
    if let Ok(date) = midnight.and_then(in_utc) {
        return Ok(date.timestamp());
    }
    if let Ok(at) = text.parse() {
        return Ok(at);
    }
    let days = jiff::SpanRelativeTo::days_are_24_hours();
    let ago = text.parse::<jiff::Span>().and_then(|ago| ago.to_duration(days));
    ago.and_then(|ago| now.checked_sub(ago.abs())).map_err(|_| {
        "write a date, as in 2026-01-31 or 2026-01-31T12:00Z, or a duration, as in 36h or 7d"
            .to_owned()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_is_a_moment_or_a_distance() {
        let at = |text: &str| text.parse::<jiff::Timestamp>().expect("a moment");
        let now = at("2026-03-10T12:00:00Z");
        let since = |text: &str| since_at(text, now);
        assert_eq!(since("2026-03-01"), Ok(at("2026-03-01T00:00:00Z")));
        assert_eq!(since("2026-03-01T10:30Z"), Ok(at("2026-03-01T10:30:00Z")));
        assert_eq!(since("36h"), Ok(at("2026-03-09T00:00:00Z")));
        assert_eq!(since("7d"), Ok(at("2026-03-03T12:00:00Z")));
        assert_eq!(since("2w"), Ok(at("2026-02-24T12:00:00Z")));
        for bad in ["", "yesterday", "2026-13-01", "7", "99999999d"] {
            assert!(since(bad).is_err_and(|e| e.contains("36h or 7d")), "{bad}");
        }
    }
}
