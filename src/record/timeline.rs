//! Samples of a trial while it ran: `timeline/<trial>.csv`.

use serde::{Deserialize, Serialize};

/// The client at one moment of a trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TimelineRow {
    /// Nanoseconds since the start of the trial's window.
    pub at_ns: u64,
    /// Requests started and not ended.
    pub in_flight: u64,
    /// Requests ended, failed ones too.
    pub completed: u64,
    /// CPU time of the process since the start of the window, user and kernel.
    pub cpu_ns: u64,
    /// Resident memory; empty where the system does not tell.
    pub rss_bytes: Option<u64>,
    /// Threads of the process.
    pub threads: Option<u64>,
    /// Open files of the process.
    pub open_files: Option<u64>,
}
