//! Failed requests: what they died of, and where.

use crate::page::{Block, Table, Words, blocks, cells, code, heading, term, words};
use crate::record::RecordError;

use super::facts::Facts;
use super::numbers::{UNKNOWN, count};
use super::requests::FailedRows;

/// A quoted chain is cut to this many characters.
const CHAIN: usize = 160;

/// Failed requests by class and phase; nothing where none failed.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut table = Table::new(["cell", "class"])
        .numbers(["failed", "of"])
        .text(["failed in", "the first says"]);
    for cell in 0..facts.plan().cells.len() {
        let (_, issued) = facts.errors(cell);
        let classes = facts.error_classes(cell);
        for (class, failed) in &classes {
            let failures = &facts.digest(cell)?.failures;
            let rows: Vec<&FailedRows> = failures.iter().filter(|f| f.class == *class).collect();
            table.row(cells![
                facts.full_code(cell),
                code(class),
                count(*failed),
                count(issued),
                phases(&facts.error_phases(cell, class), &rows, *failed),
                first(facts, cell, &rows, classes.len()),
            ]);
        }
    }
    if table.is_empty() {
        return Ok(Vec::new());
    }
    let counted = |cell| facts.error_classes(cell).is_empty() || facts.counts_phases(cell);
    let source = match (0..facts.plan().cells.len()).all(counted) {
        true => "",
        false => " It is taken from the request rows that were kept.",
    };
    let meaning = words!(
        "All trials of a cell together. A request " (term("failed in")) " the phase after the last \
         that it is known to have come through; what its library cannot tell is part of the next \
         phase." source
    );
    Ok(blocks![heading(2, "Failed requests"), table, meaning])
}

/// `connect`, `connect 12, wait 3`, `connect (of 15 rows)`
fn phases(all: &[(String, u64)], rows: &[&FailedRows], failed: u64) -> String {
    match all {
        [] => {}
        [(phase, n)] if *n == failed => return phase.clone(),
        many => {
            let each = many.iter().map(|(phase, n)| format!("{phase} {}", count(*n)));
            return each.collect::<Vec<_>>().join(", ");
        }
    }
    let known: u64 = rows.iter().map(|f| f.requests).sum();
    let words = match rows {
        [] => return UNKNOWN.to_owned(),
        [one] => one.phase.name().to_owned(),
        many => {
            let each = many.iter().map(|f| format!("{} {}", f.phase.name(), count(f.requests)));
            each.collect::<Vec<_>>().join(", ")
        }
    };
    if known == failed { words } else { format!("{words} (of {} in rows)", count(known)) }
}

/// The raw chain of the first failure: of the rows, or of the trial where it has one class only.
fn first(facts: &Facts, cell: usize, rows: &[&FailedRows], classes: usize) -> Words {
    let of_rows = rows.iter().map(|f| f.chain.as_str()).find(|chain| !chain.is_empty());
    let trials = facts.ok_rows(cell);
    let of_trial = || {
        let said = trials.iter().map(|r| r.first_error.as_str()).find(|chain| !chain.is_empty());
        said.filter(|_| classes == 1)
    };
    match of_rows.or_else(of_trial) {
        Some(chain) if chain.chars().count() > CHAIN => {
            let cut: String = chain.chars().take(CHAIN).collect();
            code(format!("{cut}…"))
        }
        Some(chain) => code(chain),
        None => UNKNOWN.into(),
    }
}
