//! `inflight report`, as typed.

use clap::Args;

use super::Folders;

/// `inflight report`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight report results/MACHINE/RUN               one report
  inflight report @latest                           that of the newest recording
  inflight report                                   every report, and their index
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
    /// Write PNG copies of the charts too.
    #[cfg(feature = "png")]
    #[arg(long, conflicts_with = "check")]
    pub png: bool,
}
