//! The checks of every trial: how many passed, why others were not asked, and what was seen.

use crate::page::{Block, Table, Words, blocks, cells, code, term, words};
use crate::report::facts::Facts;
use crate::report::numbers::{UNKNOWN, count};
use crate::validity::{CHECKS, MeasuredTrial, Tally};

/// Cells that a line names at most.
const NAMED: usize = 4;

/// A line for each check that asks something of these trials.
pub(super) fn table(facts: &Facts) -> Vec<Block> {
    let rows = facts.all_ok_rows().filter_map(|row| Some((row, facts.cell_of(row)?)));
    let trials: Vec<MeasuredTrial> =
        rows.map(|(row, cell)| MeasuredTrial::new(facts.plan(), cell, row)).collect();
    let codes = |cells: &[usize]| facts.codes(cells, NAMED);
    let lines: Vec<(&str, Tally)> = CHECKS
        .iter()
        .map(|check| (check.words, check.tally(&trials, &codes)))
        .filter(|(_, tally)| tally.has_subject())
        .collect();
    let all_asked = lines.iter().all(|(_, tally)| tally.reasons().next().is_none());
    let mut table = Table::new([words!("check of every " (code("ok")) " trial")])
        .numbers(["passed"])
        .text((!all_asked).then_some("not asked"))
        .text(["seen"]);
    for (what, tally) in lines {
        let passed = match tally.passed + tally.failed {
            0 => UNKNOWN.to_owned(),
            asked => format!("{} of {asked}", tally.passed),
        };
        let mut row = cells![what, passed];
        row.extend((!all_asked).then(|| why_not_asked(&tally)));
        row.push(tally.seen.unwrap_or_else(|| UNKNOWN.into()));
        table.row(row);
    }
    let meaning = words!(
        "A trial that fails a check is " (term("invalid")) " and not in this table. Failed requests \
         are a result of the strategy, not a reason."
    );
    blocks![table, meaning]
}

/// `3 (requests failed)`
fn why_not_asked(tally: &Tally) -> Words {
    let reasons = tally.reasons().map(|(why, n)| words!((count(n as u64)) " (" (why.words()) ")"));
    Words::join(reasons, ", ")
}
