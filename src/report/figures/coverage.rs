//! Data behind a chart, and data left out of it.

use crate::analyse::{CellAnalysis, Levels};

use super::super::facts::Facts;
use super::super::numbers::{and, counted, intervals_of};

/// `n = 12 trials of each cell, one in each block. Left out: 1 failed trial, the warm-up.`
/// Plain text.
pub(super) fn coverage(facts: &Facts, cells: &[usize]) -> String {
    let of =
        |count: fn(&CellAnalysis) -> usize| cells.iter().map(move |&c| count(facts.analysed(c)));
    let (least, most) =
        (of(|c| c.fitness.ok).min().unwrap_or(0), of(|c| c.fitness.ok).max().unwrap_or(0));
    let blocks = facts.analysis.blocks;
    let trials = if least != most {
        format!("n = {least} to {most} trials of each cell, from {}", counted(blocks, "block"))
    } else if most == blocks {
        format!("n = {} of each cell, one in each block", counted(most, "trial"))
    } else {
        format!("n = {} of each cell, from {}", counted(most, "trial"), counted(blocks, "block"))
    };
    let counts = [
        of(|c| c.fitness.failed).sum(),
        of(|c| c.fitness.invalid).sum(),
        of(|c| c.fitness.skipped).sum(),
    ];
    let left_out = left_out(facts, counts);
    format!("{trials}.{left_out}")
}

/// Trials that failed, were invalid, were skipped.
fn left_out(facts: &Facts, counts: [usize; 3]) -> String {
    let whats = ["failed trial", "invalid trial", "skipped trial"];
    let mut parts: Vec<String> = counts
        .into_iter()
        .zip(whats)
        .filter(|(n, _)| *n > 0)
        .map(|(n, what)| counted(n, what))
        .collect();
    parts.push("the second trials of the A/A control".to_owned());
    if facts.plan().experiment.blocks.warmup > 0 {
        parts.push("the warm-up".to_owned());
    }
    let missing = facts.analysis.planned_blocks.saturating_sub(facts.analysis.blocks);
    if missing > 0 {
        parts.push(format!("{} not (wholly) recorded", counted(missing, "block")));
    }
    if parts.is_empty() { String::new() } else { format!(" Left out: {}.", and(&parts)) }
}

/// `Intervals are 95 %.`, or why there are none.
pub(super) fn intervals(facts: &Facts, cells: &[usize]) -> String {
    let walls = || cells.iter().filter_map(|&c| facts.analysed(c).wall.as_ref().ok());
    if let Some(levels) = Levels::of(intervals_of(walls())) {
        return format!("Intervals are 95 % (order statistics of the blocks, {levels}).");
    }
    match walls().find_map(|e| e.interval.as_ref().err()) {
        Some(reason) => format!("No intervals: {reason}."),
        None => String::new(),
    }
}

/// Sentences in one paragraph; empty ones are skipped.
pub(super) fn joined(sentences: &[&str]) -> String {
    let said: Vec<&str> = sentences.iter().copied().filter(|s| !s.is_empty()).collect();
    said.join(" ")
}
