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

mod columns;
mod compressed;
mod connection;
#[cfg(test)]
mod docs;
mod env;
mod errors;
mod find;
mod folder;
mod frames;
mod lines;
mod list;
mod machines;
mod manifest;
mod numbers;
mod patched;
mod plan;
mod prediction;
mod read;
mod remove;
mod request;
mod row;
mod same;
mod scan;
mod sides;
mod status;
#[cfg(test)]
pub(crate) mod synthetic;
#[cfg(test)]
mod tests;
mod timeline;
mod write;

use std::io;
use std::path::PathBuf;

pub use columns::{Column, Row};
pub use compressed::{CompressedRows, read_compressed, write_compressed};
pub use connection::{ConnectionRow, Fate};
pub use env::EnvRow;
pub use errors::ErrorClasses;
pub use find::{Found, SelectError, find, find_recordings, find_runs};
pub use frames::LatencyRow;
pub use list::{Listed, State, list};
pub use machines::{FoundMachine, LabelError, label_machine, machines};
pub use manifest::{
    Build, Event, FORMAT, Given, GivenPath, Happening, Manifest, Origin, ProgramFacts, RecordingId,
    Side,
};
pub use numbers::Numbers;
pub use patched::{Patch, Patched, patch_option};
pub use prediction::{EarlierRow, PredictionRow, RunPredictions};
pub use read::{Recording, read_trials};
pub use remove::{check_removable, remove};
pub use request::RequestRow;
pub use row::TrialRow;
pub use same::{Kinship, kinship};
pub use scan::{RequestScan, Scanned};
pub use status::{NOT_ENOUGH_MEMORY, Status};
pub use timeline::TimelineRow;
pub use write::{NewRun, Repair, RunWriter, replace};

/// The experiment file of a record.
pub const EXPERIMENT: &str = "experiment.toml";
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
    /// Written by a later inflight, in another format.
    #[error(
        "{file}: the recording has format {found}, this inflight reads format {FORMAT}; use a newer inflight"
    )]
    TooNew {
        /// The path of the manifest.
        file: String,
        /// The format of the recording.
        found: u64,
    },
    /// Written by an earlier inflight.
    #[error(
        "{file}: the recording has format {found}, this inflight reads format {FORMAT}; record it again, or use the inflight of its commit"
    )]
    TooOld {
        /// The path of the manifest.
        file: String,
        /// The format of the recording.
        found: u64,
    },
    /// It has the format that this inflight reads, and something besides that it does not know.
    #[error(
        "{file}: this inflight does not know {what}; use a newer inflight, or undo the change if someone edited the file"
    )]
    Newer {
        /// The file, with the recording's folder.
        file: String,
        /// The column, or the key.
        what: String,
    },
    /// A file is not what it should be.
    #[error("{file}{}: damaged: {what}", line_number(*.line))]
    Damaged {
        /// The file, with the recording's folder.
        file: String,
        /// The line, from 1; 0 if it is not known.
        line: u64,
        /// The damage: in a table with the column and its value.
        what: String,
    },
    /// The experiment beside the record does not parse or does not give the plan of the record.
    #[error(
        "{}: {EXPERIMENT} does not give the plan that {MANIFEST} and {PLAN} have: {what}",
        .recording.display()
    )]
    Plan {
        /// The recording's folder.
        recording: PathBuf,
        /// The difference.
        what: String,
    },
    /// A run cannot go on here.
    #[error("{}: {what}", .recording.display())]
    Elsewhere {
        /// The recording's folder.
        recording: PathBuf,
        /// The difference, with advice.
        what: String,
    },
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
