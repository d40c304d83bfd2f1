//! Comparison as blocks, for a pull request and for a report of two builds.

use crate::page::{Align, Block, Table, Words, cells, code, markdown, strong, words};

use super::words::{self as said, labels};
use super::{CellDiff, Diff, Effect};

/// Comparisons as Markdown: of each the summary first, then everything that the terminal shows.
pub fn markdown(diffs: &[Diff]) -> String {
    format!("{}\n", markdown::text(&diffs.iter().flat_map(blocks).collect::<Vec<_>>()))
}

/// A comparison: the summary first, then everything that the terminal shows.
pub fn blocks(diff: &Diff) -> Vec<Block> {
    let [base, new] = labels(diff);
    let mut out: Vec<Block> =
        said::summary(diff).lines().map(|line| Block::from(strong(line))).collect();
    let (base_run, new_run) = (code(&diff.base.recording), code(&diff.new.recording));
    out.push(words!(base " " base_run ", " new " " new_run).into());
    out.push(said::standing(diff).into());
    let gates: Vec<Words> = said::gates(diff).into_iter().map(Words::from).collect();
    let warnings: Vec<Words> = diff.warnings.iter().map(|w| words!("Warning: " w)).collect();
    for list in [gates, warnings].into_iter().filter(|list| !list.is_empty()) {
        out.push(Block::List(list));
    }
    let mut differing = Table::new(["to note", base, new]);
    for c in diff.conditions.iter().filter(|c| c.effect != Effect::Same) {
        let breaks = if c.effect == Effect::Breaks { " (not comparable)" } else { "" };
        differing.row(cells![words!((c.what) breaks), &c.base, &c.new]);
    }
    if !differing.is_empty() {
        out.push(differing.into());
    }
    if !said::same(diff).is_empty() {
        out.push(format!("The same: {}.", said::same(diff)).into());
    }
    out.extend(said::not_shown(diff).map(Block::from));
    let shown: Vec<&CellDiff> = diff.shown().collect();
    for rows in shown.chunk_by(|a, b| a.metric == b.metric) {
        out.push(said::table(diff, rows, Align::Right).into());
    }
    for (side, cells) in [(base, &diff.only_in_base), (new, &diff.only_in_new)] {
        if !cells.is_empty() {
            out.push(format!("Only in {side}: {}", said::lone(cells)).into());
        }
    }
    out.push(format!("{}.", said::yardsticks(diff).join("; ")).into());
    if said::is_limited(diff) {
        out.push(said::LIMIT.into());
    }
    out
}
