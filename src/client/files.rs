//! Number of files that the process has open.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::machine::process;

/// The most open files of the process, of those that its limit counts.
pub(super) struct FilesGauge {
    /// Open files that the limit does not count.
    beyond: u64,
    peak: AtomicU64,
}

impl FilesGauge {
    /// Reads for the first time. `None` where the system does not count open files.
    pub(super) fn new(nofile: u64) -> Option<FilesGauge> {
        let gauge =
            FilesGauge { beyond: process::open_files_beyond(nofile), peak: AtomicU64::new(0) };
        gauge.read().then_some(gauge)
    }

    /// Reads again, and keeps the most. Whether it could.
    pub(super) fn read(&self) -> bool {
        let Some(files) = process::count_open_files() else { return false };
        self.peak.fetch_max(files.saturating_sub(self.beyond), Ordering::Relaxed);
        true
    }

    /// The most seen.
    pub(super) fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }
}
