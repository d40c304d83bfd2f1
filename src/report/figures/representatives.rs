//! A few cells that speak for many.

use super::super::facts::Facts;
use super::super::standing::Standing;
use crate::page::{Words, words};

/// The cells of a scenario that are shown where there is room for `most`, and the others; both in
/// the order of the plan. First come the baseline and the fastest, then the fastest of each model;
/// then, up to `enough`, the fastest of each client and mode of reuse, and what is left.
pub(super) fn representatives(
    facts: &Facts,
    scenario: usize,
    most: usize,
    enough: usize,
) -> (Vec<usize>, Vec<usize>) {
    let measured: Vec<usize> =
        facts.cells_of(scenario).into_iter().filter(|&c| facts.wall_ns(c).is_some()).collect();
    if measured.len() <= most {
        return (measured, Vec::new());
    }
    let baseline = facts.plan().scenarios[scenario].baseline;
    let mut wanted = vec![baseline];
    wanted.extend(Standing::of(facts, scenario).fastest);
    wanted.extend(fastest_by(facts, &measured, |c| facts.cell(c).strategy.model.name().to_owned()));
    let first = wanted.len();
    wanted.extend(fastest_by(facts, &measured, |c| facts.family(c)));
    wanted.extend(&measured);
    let mut shown: Vec<usize> = Vec::new();
    for (place, cell) in wanted.into_iter().enumerate() {
        let room = if place < first { most } else { enough };
        if shown.len() < room && measured.contains(&cell) && !shown.contains(&cell) {
            shown.push(cell);
        }
    }
    measured.into_iter().partition(|c| shown.contains(c))
}

/// The cell with the shortest median wall time of each kind; kinds in the order of the plan.
fn fastest_by(facts: &Facts, cells: &[usize], kind: impl Fn(usize) -> String) -> Vec<usize> {
    // A cell with failures stands behind those without.
    let order = |cell: usize| (!facts.is_ranked(cell), facts.wall_ns(cell));
    let mut best: Vec<(String, usize)> = Vec::new();
    for &cell in cells {
        let kind = kind(cell);
        match best.iter_mut().find(|(k, _)| *k == kind) {
            Some((_, other)) if order(cell) < order(*other) => *other = cell,
            Some(_) => {}
            None => best.push((kind, cell)),
        }
    }
    best.into_iter().map(|(_, cell)| cell).collect()
}

/// `Not measured: a (3 of 3 failed).`: the cells of some scenarios that no chart can show; empty if there
/// are none.
pub(super) fn not_measured(facts: &Facts, scenarios: &[usize]) -> Words {
    let cells = scenarios.iter().flat_map(|&scenario| facts.cells_of(scenario));
    let missing: Vec<usize> = cells.filter(|&cell| facts.wall_ns(cell).is_none()).collect();
    if missing.is_empty() {
        return Words::default();
    }
    let named = missing
        .iter()
        .map(|&cell| words!((facts.full_code(cell)) " (" (facts.why_unmeasured(cell)) ")"));
    words!("Not measured: " (Words::some(named, 6)) ".")
}

/// `Not shown: a, b and 12 more.`; empty if all are shown.
pub(super) fn not_shown(facts: &Facts, others: &[usize]) -> Words {
    match others {
        [] => Words::default(),
        others => words!(
            "Shown are the baseline, the fastest and one of each kind; not shown: "
            (facts.codes(others, 6)) "."
        ),
    }
}
