//! The record of a run: what stands in `results/`, its types, writing and reading.
//!
//! ```text
//! results/<machine>/machine.toml
//! results/<machine>/<utc>-<experiment>-<commit8>[-dirty]/
//!   experiment.toml           verbatim, with the trace files that it names beside it
//!   plan.csv                  every trial in order, written before the first
//!   manifest.json             format, build, plan, command line, events
//!   trials.csv                one row for each trial
//!   env.csv                   the machine at the start of each block
//!   predictions.csv           what was predicted for each cell, where something was
//!   earlier-predictions.csv   what became of the predictions of earlier runs
//!   latency.csv.zst           a latency histogram of every trial
//!   requests/<trial>.csv.zst  rows of single requests
//!   connections/<trial>.csv.zst  rows of single connections
//!   timeline/<trial>.csv      samples of a trial while it ran
//! ```

mod checks;
mod compressed;
mod connection;
mod env;
mod errors;
mod find;
mod frames;
mod lines;
mod list;
mod machines;
mod manifest;
mod numbers;
mod prediction;
mod read;
mod request;
mod row;
mod scan;
mod sides;
mod status;
#[cfg(test)]
pub(crate) mod synthetic;
mod timeline;
mod write;

use std::io;
use std::path::PathBuf;

pub use checks::{Check, PEAK_REACHED, invalid, is_invalid_by_machine, lost_to_lateness};
pub use compressed::{CompressedRows, read_compressed, write_compressed};
pub use connection::{ConnectionRow, Fate};
pub use env::EnvRow;
pub use errors::ErrorClasses;
pub use find::{Found, SelectError, find, find_runs};
pub use frames::LatencyRow;
pub use list::{Listed, State, list};
pub use machines::{FoundMachine, LabelError, label_machine, machines};
pub use manifest::{Build, Event, FORMAT, Happening, Manifest, Origin, Side};
pub use numbers::Numbers;
pub use prediction::{EarlierRow, Foreseen, PredictionRow};
pub use read::{Recording, read_trials};
pub use request::RequestRow;
pub use row::TrialRow;
pub use scan::{RequestScan, Scanned};
pub use status::{NOT_ENOUGH_MEMORY, Status};
pub use timeline::TimelineRow;
pub use write::{NewRun, Repair, RunWriter, replace};

const EXPERIMENT: &str = "experiment.toml";
const PLAN: &str = "plan.csv";
const MANIFEST: &str = "manifest.json";
const TRIALS: &str = "trials.csv";
const ENV: &str = "env.csv";
const LATENCY: &str = "latency.csv.zst";
const REQUESTS: &str = "requests";
const CONNECTIONS: &str = "connections";
const TIMELINE: &str = "timeline";
/// Facts about the machine, beside its runs.
pub const MACHINE: &str = "machine.toml";

/// Why a record cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The system said no.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// There is no record here.
    #[error("{}: not a recording: it has no {MANIFEST}; name a folder such as results/<machine>/<run>", .0.display())]
    NotARecording(PathBuf),
    /// Written by a later inflight.
    #[error(
        "{MANIFEST}: the recording has format {found}, this inflight reads format {FORMAT}; use a newer inflight"
    )]
    TooNew {
        /// The format of the recording.
        found: u64,
    },
    /// Written by an earlier inflight.
    #[error(
        "{MANIFEST}: the recording has format {found}, this inflight reads format {FORMAT}; record it again, or use the inflight of its commit"
    )]
    TooOld {
        /// The format of the recording.
        found: u64,
    },
    /// A file is not what it should be.
    #[error("{file}{}: damaged: {what}", line_number(*.line))]
    Damaged {
        /// The file, relative to the run's folder.
        file: String,
        /// The line, from 1; 0 if it is not known.
        line: u64,
        /// What is wrong.
        what: String,
    },
    /// The experiment beside the record does not parse or does not give the plan of the record.
    #[error("the recorded experiment does not give the recorded plan: {0}")]
    Plan(String),
    /// Another process writes this record.
    #[error("{}: another inflight is writing this recording; wait for it to end", .0.display())]
    Locked(PathBuf),
}

/// A line as it stands behind a file's name; nothing if it is not known.
fn line_number(line: u64) -> String {
    if line == 0 { String::new() } else { format!(":{line}") }
}

impl RecordError {
    fn damaged(file: &str, line: u64, what: impl Into<String>) -> RecordError {
        RecordError::Damaged { file: file.to_owned(), line, what: what.into() }
    }
}
