//! Warnings about differences between plan and record.

use super::super::facts::Facts;
use super::super::numbers::{and, count};
use crate::page::{Words, strong, words};
use crate::record::{Happening, Status, TrialRow};

/// A warning for each thing that does.
pub(super) fn trouble(facts: &Facts) -> Vec<Words> {
    let analysis = facts.analysis;
    let mut warnings = Vec::new();
    if analysis.blocks < analysis.planned_blocks {
        let last = facts.recording.manifest.events.last().map(|e| e.what);
        let how = if last == Some(Happening::Interrupted) { " and was interrupted" } else { "" };
        let most = match facts.plan().experiment.blocks.until {
            Some(_) => "at most ",
            None => "",
        };
        warnings.push(words!(
            (strong("The recording is incomplete")) ": it holds " (analysis.blocks) " of " most
            (analysis.planned_blocks) " planned blocks" how "."
        ));
    }
    if facts.recording.manifest.build.profile != "release" {
        warnings.push(words!(
            (strong("This is no release build")) ": its CPU times and efficiencies are not those of a \
             program that is shipped."
        ));
    }
    let rows: Vec<&TrialRow> = facts.recording.measured().collect();
    let of = |status: Status| rows.iter().filter(|r| r.status == status).count();
    let affected = |is: fn(Status) -> bool| {
        let of = rows.iter().filter(|r| is(r.status)).filter_map(|r| facts.cell_of(r));
        let mut cells: Vec<usize> = of.collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    };
    let (failed, invalid) = (of(Status::Failed), of(Status::Invalid));
    if failed + invalid > 0 {
        let affected = affected(|status| matches!(status, Status::Failed | Status::Invalid));
        let mut what = Vec::new();
        if failed > 0 {
            what.push(format!("{failed} failed"));
        }
        if invalid > 0 {
            what.push(format!("{invalid} measured something else than their cell names"));
        }
        let trials = count(rows.len() as u64);
        warnings.push(words!(
            (strong(format!("Of {trials} trials, {}", and(&what)))) " (" (facts.codes(&affected, 4))
            "); intervals hold whatever these trials would have shown."
        ));
    }
    let skipped = of(Status::Skipped);
    if skipped > 0 {
        let skipped_rows = rows.iter().filter(|r| r.status == Status::Skipped);
        let mut why: Vec<&str> = skipped_rows.map(|r| r.reason.trim()).collect();
        why.sort_unstable();
        why.dedup();
        let (were, trials) = (if skipped == 1 { "was" } else { "were" }, count(rows.len() as u64));
        let cells = affected(|status| status == Status::Skipped);
        warnings.push(words!(
            (strong(format!("Of {trials} trials, {skipped} {were} skipped"))) " ("
            (facts.codes(&cells, 4)) "): " (why.join("; ")) "."
        ));
    }
    warnings
}
