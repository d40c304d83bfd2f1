//! `inflight plan`, as typed.

use std::path::PathBuf;

use clap::Args;

use super::Selection;

/// `inflight plan`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight plan experiments/quickstart.toml                   cells, order, ideal times, duration
  inflight plan million.toml --from @latest                   wall, CPU and memory of each cell
  inflight plan million.toml --from small --requests 1e6      of a million requests of each
  inflight plan million.toml --from small --requests 1e9 --machines 100 --json

A prediction simulates the schedule of a cell with what a request cost in a recording. It needs a
recorded cell of the same strategy and server settings; requests, delay, time_scale and seed may
differ. Record two sizes, both with more requests than the limit: one alone does not tell what
starting costs from what requests cost, nor how memory grows. Without --from it is the newest
recording of the experiment.")]
pub struct Plan {
    /// Experiment file.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Predict from this recording: its folder, the beginning of its name, its experiment or
    /// commit, or @latest.
    #[arg(long, value_name = "RUN")]
    pub from: Option<String>,
    /// Predict this many requests of each cell, as in 1_000_000 or 1e9.
    #[arg(long, value_name = "N", value_parser = crate::units::parse_count)]
    pub requests: Option<u64>,
    /// Share the requests evenly among this many machines like that of the recording.
    #[arg(long, value_name = "N", value_parser = crate::units::parse_count)]
    pub machines: Option<u64>,
    /// Print the plan as a JSON document: delays, warnings, and the prediction if there is a recording.
    #[arg(long)]
    pub json: bool,
    #[command(flatten)]
    #[expect(missing_docs, reason = "clap would print them")]
    pub selection: Selection,
    /// Folder of the records.
    #[arg(long, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

impl Plan {
    /// Whether a prediction is asked for.
    pub fn predicts(&self) -> bool {
        self.from.is_some() || self.requests.is_some() || self.machines.is_some()
    }
}
