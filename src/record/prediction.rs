//! `predictions.csv` and `earlier-predictions.csv`: what was expected of a run before its first
//! trial, and how good such expectations were until then. Only runs that were predicted have them.

use std::path::Path;

use fs_err as fs;
use serde::{Deserialize, Serialize};

use super::columns::{Row, row};
use super::{RecordError, Recording, lines};

/// Predictions for the cells of a run.
pub(super) const PREDICTIONS: &str = "predictions.csv";

/// Outcomes of the predictions of earlier runs.
pub(super) const EARLIER: &str = "earlier-predictions.csv";

row! {
    /// A prediction for one cell, made before the first trial; unknown values are empty. `low` and
    /// `high` are the ends that the blocks of the recording behind it give.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    pub struct PredictionRow {
        /// Identity of the cell.
        pub cell: String,
        /// Requests of a trial.
        pub requests: u64,
        /// Name of the recording behind it.
        pub from: String,
        /// Requests of the recorded cells behind it, with spaces between.
        pub from_requests: String,
        /// Blocks of it with a measurement of each of these.
        pub from_blocks: Option<u64>,
        /// Wall time; its ends are what the blocks of the recording give, from 95 % intervals.
        pub wall_ns: Option<u64>,
        /// Lower end of the wall time.
        pub wall_low_ns: Option<u64>,
        /// Upper end of the wall time.
        pub wall_high_ns: Option<u64>,
        /// CPU time of the client in the window.
        pub cpu_ns: Option<u64>,
        /// Lower end of the CPU time.
        pub cpu_low_ns: Option<u64>,
        /// Upper end of the CPU time.
        pub cpu_high_ns: Option<u64>,
        /// Peak memory of the client.
        pub memory_bytes: Option<u64>,
        /// Lower end of the peak memory.
        pub memory_low_bytes: Option<u64>,
        /// Upper end of the peak memory.
        pub memory_high_bytes: Option<u64>,
        /// Limits of the recorded cells behind it, with spaces between, if they are not those of
        /// `from_requests`.
        #[since("2026-11-21")]
        pub memory_from_limits: String,
        /// Bound of the wall time: `limit`, `CPU` (of the client), `server`, `longest delay`.
        pub bound: String,
        /// Why nothing is predicted; empty if something is.
        pub reason: String,
    }
}

row! {
    /// One cell of an earlier run: what was predicted, and the median of what was measured.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    pub struct EarlierRow {
        /// Name of the run's folder.
        pub run: String,
        /// Identity of the cell.
        pub cell: String,
        /// Requests of a trial.
        pub requests: u64,
        /// Requests of the recorded cells behind the prediction, with spaces between.
        pub from_requests: String,
        /// Predicted wall time.
        pub predicted_wall_ns: Option<u64>,
        /// Measured wall time, median.
        pub measured_wall_ns: Option<u64>,
        /// Predicted CPU time of the client.
        pub predicted_cpu_ns: Option<u64>,
        /// Measured CPU time of the client, median.
        pub measured_cpu_ns: Option<u64>,
        /// Predicted peak memory of the client.
        pub predicted_memory_bytes: Option<u64>,
        /// Measured peak memory of the client, median.
        pub measured_memory_bytes: Option<u64>,
    }
}

/// The predictions of a run that is about to be made.
#[derive(Debug, Clone, Copy, Default)]
pub struct RunPredictions<'a> {
    /// One for each cell; without any, there are no files.
    pub predictions: &'a [PredictionRow],
    /// Outcomes of earlier predictions.
    pub earlier: &'a [EarlierRow],
}

impl RunPredictions<'_> {
    /// The files with their content.
    pub(super) fn files(self) -> Result<Vec<(&'static str, Vec<u8>)>, RecordError> {
        if self.predictions.is_empty() {
            return Ok(Vec::new());
        }
        Ok(vec![(PREDICTIONS, table(self.predictions)?), (EARLIER, table(self.earlier)?)])
    }
}

fn table<T: Serialize + Row>(rows: &[T]) -> Result<Vec<u8>, RecordError> {
    let mut text = lines::header::<T>();
    for row in rows {
        text.extend(lines::line(row, false)?);
    }
    Ok(text)
}

impl Recording {
    /// Whether the run in this folder was predicted; nothing is read for it.
    pub fn is_predicted(dir: &Path) -> bool {
        dir.join(PREDICTIONS).is_file()
    }

    /// Predictions made before the first trial; none if the run was not predicted.
    pub fn predictions(&self) -> Result<Vec<PredictionRow>, RecordError> {
        self.prediction_rows(PREDICTIONS)
    }

    /// Outcomes of the predictions of earlier runs, as they were known when this one began.
    pub fn earlier_predictions(&self) -> Result<Vec<EarlierRow>, RecordError> {
        self.prediction_rows(EARLIER)
    }

    fn prediction_rows<T: Row>(&self, name: &str) -> Result<Vec<T>, RecordError> {
        let path = self.dir.join(name);
        if !path.is_file() {
            return Ok(Vec::new());
        }
        lines::read_all_rows(&path.display().to_string(), &fs::read(path)?)
    }
}
