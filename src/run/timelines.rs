//! Which timelines are taken, how often they look, and which of them stay.

use std::io;
use std::path::Path;

use fs_err as fs;

use super::{Kept, Trial};
use crate::record::{Status, TrialRow};

/// Samples that the timeline of a warm-up aims at: as many as a chart can show.
const SAMPLES: u64 = 400;

/// Time between two samples of a warm-up, at least: its times are not used, and a look takes some
/// ten microseconds.
const WARM_UP_NS: u64 = 2_000_000;

/// Time between two samples of a measured trial, at least: 100 a second are a thousandth of a CPU.
const MEASURED_NS: u64 = 10_000_000;

/// Time between two samples at most: 20 a second show a stall of a fraction of a second in a trial
/// of any length.
const MOST_NS: u64 = 50_000_000;

/// Timelines of broken trials that stay for each cell: enough to see whether they break alike.
const BROKEN: usize = 3;

/// Whether requests failed, or the trial is no measurement though it was run.
fn is_broken(row: &TrialRow) -> bool {
    match row.status {
        Status::Ok => row.errors > Some(0),
        Status::Failed | Status::Invalid => true,
        Status::Skipped | Status::Aborted => false,
    }
}

impl Trial<'_> {
    /// Time between samples; `None` without a timeline. Which trial will break is not known
    /// beforehand, so all have one. Where builds are compared only those that stay in any case have:
    /// what a look costs is a matter of the build.
    pub(super) fn sampled_every_ns(&self, kept: &Kept) -> Option<u64> {
        if !self.plan.builds.is_empty() && kept.timelines.contains(&self.cell_and_build()) {
            return None;
        }
        let least = if self.planned.block == 0 { WARM_UP_NS } else { MEASURED_NS };
        let ideal_ns = self.plan.cells[self.planned.cell].ideal.wall_ns;
        Some((ideal_ns / SAMPLES).clamp(least, MOST_NS))
    }

    /// Keeps the timeline of the first good trial of a cell (from its warm-up as a rule) and of those
    /// that broke, on the disk itself; removes others.
    pub(super) fn settle_timeline(
        &self,
        path: &Path,
        row: &TrialRow,
        kept: &mut Kept,
    ) -> io::Result<()> {
        let written = match fs::metadata(path) {
            Ok(file) => file.len() > 0,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
            Err(e) => return Err(e),
        };
        let key = self.cell_and_build();
        let represents = row.is_ok() && !kept.timelines.contains(&key);
        let broken = kept.broken.entry(key).or_default();
        let breaks = is_broken(row) && *broken < BROKEN;
        if !written || !(represents || breaks) {
            return fs::remove_file(path);
        }
        *broken += usize::from(breaks);
        fs::File::open(path)?.sync_all()
    }
}

impl Kept {
    /// Counts a broken trial whose timeline an earlier process kept.
    pub(super) fn count_broken(&mut self, key: super::CellAndBuild, row: &TrialRow) {
        if is_broken(row) {
            *self.broken.entry(key).or_default() += 1;
        }
    }
}
