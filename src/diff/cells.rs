//! Cells of two recordings: which both have, how they compare, and the word for each.

use crate::analyse::{
    Analysis, CellAnalysis, Comparison, Direction, Judged, Margin, NoEstimate, RatioEstimate,
    Verdict, judge_each, shift_ratio,
};
use crate::plan::{Cell, Plan};
use crate::record::Recording;

use super::noise::{self, ControlPair};
use super::{CellDiff, CellSide, LoneCell, Outcome};

/// A cell of both recordings: its index in either plan.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    base: usize,
    new: usize,
}

impl Pair {
    /// Index of its scenario in either plan.
    pub(super) fn scenarios(self, [base, new]: [&Recording; 2]) -> [usize; 2] {
        [base.plan.cells[self.base].scenario, new.plan.cells[self.new].scenario]
    }
}

/// Cells by where they are found.
pub(super) struct Found {
    pub(super) common: Vec<Pair>,
    pub(super) only_in_base: Vec<LoneCell>,
    pub(super) only_in_new: Vec<LoneCell>,
}

/// Sorts the cells of two recordings by where they are found, each in the order of its plan.
pub(super) fn find(base: &Recording, new: &Recording) -> Found {
    let place = |plan: &Plan, cell: &Cell| plan.cells.iter().position(|c| c.id == cell.id);
    let lone = |here: &Plan, there: &Plan| -> Vec<LoneCell> {
        here.cells
            .iter()
            .filter(|cell| place(there, cell).is_none())
            .map(|cell| LoneCell {
                id: cell.id.to_string(),
                name: cell.name.clone(),
                scenario: here.facts_of(cell).name.clone(),
            })
            .collect()
    };
    let common = new.plan.cells.iter().enumerate();
    Found {
        common: common
            .filter_map(|(index, cell)| Some(Pair { base: place(&base.plan, cell)?, new: index }))
            .collect(),
        only_in_base: lone(&base.plan, &new.plan),
        only_in_new: lone(&new.plan, &base.plan),
    }
}

/// Compares every common cell, worst news first; without a margin, no verdicts are given.
pub(super) fn compare(
    sides: [(&Recording, &Analysis); 2],
    common: &[Pair],
    controls: &[ControlPair],
    margin: Option<Margin>,
) -> Vec<CellDiff> {
    let mut cells: Vec<CellDiff> =
        common.iter().map(|&pair| cell_diff(sides, pair, controls)).collect();
    if let Some(margin) = margin {
        let family: Vec<Comparison> = cells
            .iter()
            .map(|cell| Comparison {
                ratio: cell.ratio.clone(),
                direction: Direction::LowerIsBetter,
            })
            .collect();
        let with_noise: Vec<_> =
            family.iter().zip(cells.iter().map(|c| c.noise.map(|n| n.interval))).collect();
        for (cell, judged) in cells.iter_mut().zip(judge_each(&with_noise, margin)) {
            cell.outcome = outcome(cell, &judged, margin);
            cell.judged = Some(judged);
        }
    }
    // A stable sort: equal changes stay in the order of the plan.
    cells.sort_by(|a, b| a.outcome.cmp(&b.outcome).then_with(|| change(b).total_cmp(&change(a))));
    cells
}

/// How far the ratio is from 1, in either direction; unknown is farthest.
fn change(cell: &CellDiff) -> f64 {
    cell.ratio.as_ref().map_or(f64::INFINITY, |r| r.ratio.value.ln().abs())
}

fn cell_diff(
    sides: [(&Recording, &Analysis); 2],
    pair: Pair,
    controls: &[ControlPair],
) -> CellDiff {
    let [(base, base_analysis), (new, new_analysis)] = sides;
    let [base_scenario, new_scenario] = pair.scenarios([base, new]);
    let analysed = [&base_analysis.cells[pair.base], &new_analysis.cells[pair.new]];
    let control = controls
        .iter()
        .find(|c| (c.base_scenario, c.new_scenario) == (base_scenario, new_scenario))
        .expect("controls are made of the same pairs");
    let cell = &new.plan.cells[pair.new];
    CellDiff {
        id: cell.id.to_string(),
        name: cell.name.clone(),
        scenario: new.plan.scenarios[new_scenario].name.clone(),
        base: side(analysed[0]),
        new: side(analysed[1]),
        ratio: ratio(analysed),
        noise: noise::worst(control, analysed[0], analysed[1]),
        judged: None,
        outcome: Outcome::NotComparable,
    }
}

fn ratio([base, new]: [&CellAnalysis; 2]) -> Result<RatioEstimate, NoEstimate> {
    let walls =
        |cell: &CellAnalysis| -> Vec<f64> { cell.walls.iter().map(|&(_, ns)| ns as f64).collect() };
    shift_ratio(&walls(base), &walls(new))
}

fn side(cell: &CellAnalysis) -> CellSide {
    CellSide {
        ok: cell.ok,
        failed: cell.failed,
        invalid: cell.invalid,
        reasons: cell.reasons.clone(),
        wall: cell.wall.clone(),
        failed_requests: cell.failed_requests,
    }
}

fn outcome(cell: &CellDiff, judged: &Judged, margin: Margin) -> Outcome {
    let (base, new) = (&cell.base, &cell.new);
    match (base.ok > 0, new.ok > 0) {
        (true, true) => {}
        // Without trials nothing failed.
        (true, false) if new.trials() > 0 => return Outcome::NewlyFailing,
        (false, true) if base.trials() > 0 => return Outcome::Fixed,
        _ => return Outcome::NotMeasured,
    }
    // Requests that fail are work that is not done: such wall times are not of the same work. What
    // moves less than the margin cannot make a difference that matters, and is not looked at.
    let lost = |side: &CellSide| side.failed_requests.unwrap_or(0.0);
    let more_lost = lost(new) - lost(base);
    if more_lost > margin.relative() {
        return Outcome::NewlyFailing;
    }
    if more_lost < -margin.relative() {
        return Outcome::Fixed;
    }
    match judged.verdict {
        Ok(Verdict::Slower) => Outcome::Slower,
        Ok(Verdict::Faster) => Outcome::Faster,
        Ok(Verdict::Equivalent) => Outcome::Equivalent,
        Ok(Verdict::Inconclusive { .. }) => Outcome::Inconclusive,
        Err(_) => Outcome::NotMeasured,
    }
}
