//! `inflight report`, as typed.

use clap::{Args, ValueEnum};

use super::Folders;

/// `inflight report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight report results/MACHINE/RUN               one report
  inflight report @latest                           that of the newest recording
  inflight report                                   every report, and their index
  inflight report @latest --format json             the answer for a program; writes nothing
  inflight report --check                           exit 1 if a report is not what its record gives")]
pub struct Report {
    /// Recordings, by folder, beginning of the name, experiment, commit or @latest; all under
    /// --out, if none is named.
    #[arg(value_name = "RUN")]
    pub runs: Vec<String>,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub folders: Folders,
    /// Compare the reports with what the records give, byte for byte; write nothing.
    #[arg(long)]
    pub check: bool,
    /// Print the answers on standard output in this form, and write nothing.
    #[arg(long, value_enum, conflicts_with = "check")]
    pub format: Option<AnswerFormat>,
    /// Write PNG copies of the charts too; needs a build with `--features png`.
    #[arg(long, conflicts_with_all = ["check", "format"])]
    pub png: bool,
}

/// A form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum AnswerFormat {
    /// For a terminal, as after a run.
    Text,
    /// For a program.
    Json,
}
