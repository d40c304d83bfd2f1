//! `inflight history`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::Format;
use super::known::Known;
use crate::spec::Metric;

/// `inflight history`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight history quickstart                       wall time over all its recordings
  inflight history quickstart --metric cpu,memory   what else changed
  inflight history quickstart --format csv          for a spreadsheet

Each recording is compared with the one before it on the same machine, as `inflight diff` does, and the
last with the first. All steps are one family: a long history calls no more changes by chance than a short one.
Recordings of two builds (`inflight ab`) and copies are left out.")]
pub struct History {
    /// The experiment's name: that of its file, without the ending.
    #[arg(value_name = "EXPERIMENT")]
    pub experiment: String,
    /// Only this machine, by its identity or label.
    #[arg(long, value_name = "ID-OR-LABEL")]
    pub machine: Option<String>,
    /// What to compare: wall, cpu, memory, p99 and so on; see `inflight diff --help`.
    #[arg(
        long,
        value_name = "METRIC",
        value_delimiter = ',',
        value_parser = Known(metrics),
        hide_possible_values = true
    )]
    pub metric: Vec<String>,
    /// Output format.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    pub format: Format,
    /// Folder of the records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

fn metrics() -> Vec<&'static str> {
    Metric::ALL.into_iter().map(Metric::name).collect()
}
