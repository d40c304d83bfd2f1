//! Cells of two sides: which both have, how they compare, and the word for each.

use std::collections::{BTreeMap, HashMap};

use crate::analyse::{
    Judged, Margin, NoEstimate, RatioEstimate, Verdict, median, paired_ratio, shift_ratio,
};
use crate::spec::{Factor, Metric};

use super::noise::{self, ControlPair};
use super::side::{Side, SideCell, paired};
use super::{CellDiff, CellSide, LoneCell, Outcome, Pairing};

/// A cell of both sides: its index on either.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) base: usize,
    pub(super) new: usize,
}

impl Pair {
    /// Index of its scenario on either side.
    pub(super) fn scenarios(self, [base, new]: [&Side; 2]) -> [usize; 2] {
        [base.cells[self.base].scenario, new.cells[self.new].scenario]
    }
}

/// Cells by where they are found.
pub(super) struct Found {
    pub(super) common: Vec<Pair>,
    pub(super) only_in_base: Vec<LoneCell>,
    pub(super) only_in_new: Vec<LoneCell>,
    /// What looks like the same work and is not, or cannot be told apart.
    pub(super) warnings: Vec<String>,
}

/// Sorts the cells of two sides by where they are found, each in the order of its plan.
pub(super) fn find(base: &Side, new: &Side) -> Found {
    let places = |side: &Side| {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (index, cell) in side.cells.iter().enumerate() {
            places.entry(cell.key.clone()).or_default().push(index);
        }
        places
    };
    let (in_base, in_new) = (places(base), places(new));
    // More than one cell with the same key has no counterpart of its own.
    let one = |places: &HashMap<String, Vec<usize>>, key: &str| match places.get(key)?.as_slice() {
        [one] => Some(*one),
        _ => None,
    };
    let pair = |cell: &SideCell| {
        Some(Pair { base: one(&in_base, &cell.key)?, new: one(&in_new, &cell.key)? })
    };
    let lone = |side: &Side| -> Vec<LoneCell> {
        let without = side.cells.iter().filter(|cell| pair(cell).is_none());
        without
            .map(|cell| LoneCell {
                id: cell.id.clone(),
                name: cell.name.clone(),
                scenario: side.scenario_of(cell).name.clone(),
            })
            .collect()
    };
    let several: usize = [&in_base, &in_new]
        .into_iter()
        .map(|places| places.values().filter(|cells| cells.len() > 1).count())
        .sum();
    let mut warnings = other_work(base, new, &|cell| pair(cell).is_none());
    if several > 0 {
        warnings.push(format!(
            "{several} {} more than one counterpart and cannot be compared",
            if several == 1 { "cell has" } else { "cells have" }
        ));
    }
    Found {
        common: new.cells.iter().filter_map(pair).collect(),
        only_in_base: lone(base),
        only_in_new: lone(new),
        warnings,
    }
}

/// Cells of the same name without a counterpart: the factors that they differ in are easily
/// overlooked, as most names leave them out.
fn other_work(base: &Side, new: &Side, lone: &dyn Fn(&SideCell) -> bool) -> Vec<String> {
    let mut differing: BTreeMap<(Factor, String, String), usize> = BTreeMap::new();
    for cell in new.cells.iter().filter(|c| lone(c)) {
        let same_name = |c: &&SideCell| lone(c) && c.name == cell.name;
        let Some(twin) = base.cells.iter().find(same_name) else { continue };
        for (factor, value) in &cell.factors {
            if twin.factor(*factor) != value {
                let key = (*factor, twin.factor(*factor).to_owned(), value.clone());
                *differing.entry(key).or_default() += 1;
            }
        }
    }
    let warning = |((factor, base, new), n): ((Factor, String, String), usize)| {
        let cells = if n == 1 { "cell has" } else { "cells have" };
        format!(
            "{n} {cells} the same name and another {} ({base} against {new}): other work, not \
             compared",
            factor.name()
        )
    };
    differing.into_iter().map(warning).collect()
}

/// How cells are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct How<'a> {
    pub(super) sides: [&'a Side; 2],
    pub(super) pairing: Pairing,
    /// Each cell is divided by the baseline of its scenario first.
    pub(super) relative: bool,
}

impl How<'_> {
    /// Compares one metric of a cell of both sides; the verdict is still to come. `None` for the
    /// baseline itself, where cells are divided by it.
    pub(super) fn compare(
        &self,
        pair: Pair,
        metric: Metric,
        controls: &[ControlPair],
    ) -> Option<CellDiff> {
        let [base, new] = self.sides;
        let cells = [&base.cells[pair.base], &new.cells[pair.new]];
        let is_divisor = is_divided(metric, self.relative)
            && (is_baseline(base, pair.base) || is_baseline(new, pair.new));
        // The baseline itself has no ratio to itself, but it may have stopped to work.
        let measured = cells.map(|cell| cell.analysed.fitness.ok > 0);
        if is_divisor && measured[0] == measured[1] {
            return None;
        }
        let scenarios = pair.scenarios(self.sides);
        let control = controls
            .iter()
            .find(|c| [c.base_scenario, c.new_scenario] == scenarios && c.metric == metric)
            .expect("controls are made of the same pairs");
        let values = [self.values(base, cells[0], metric), self.values(new, cells[1], metric)];
        Some(CellDiff {
            id: cells[1].id.clone(),
            name: cells[1].name.clone(),
            scenario: new.scenarios[scenarios[1]].name.clone(),
            metric,
            factors: cells[1].factors.clone(),
            plan: pair.new,
            ratio: self.ratio(&values),
            any: [0, 1].map(|side| {
                values[side].as_ref().is_ok_and(|of| of.values().any(|&value| value > 0.0))
            }),
            noise: noise::worst(control, &values, self.pairing),
            base: side(cells[0], &values[0]),
            new: side(cells[1], &values[1]),
            judged: None,
            outcome: Outcome::NotComparable,
        })
    }

    /// The values of a cell by block, divided by those of the baseline where asked for.
    fn values(
        &self,
        side: &Side,
        cell: &SideCell,
        metric: Metric,
    ) -> Result<BTreeMap<u32, f64>, NoEstimate> {
        metric.check_told(&cell.trials)?;
        let values = cell.values(metric);
        if !is_divided(metric, self.relative) {
            return Ok(values);
        }
        let baseline = side.scenario_of(cell).baseline.ok_or(NoEstimate::NoBaseline)?;
        metric.check_told(&side.cells[baseline].trials)?;
        let baseline = side.cells[baseline].values(metric);
        let divided = values.into_iter().filter_map(|(block, value)| {
            Some((block, value / *baseline.get(&block).filter(|&&b| b > 0.0)?))
        });
        Ok(divided.collect())
    }

    fn ratio(
        &self,
        values: &[Result<BTreeMap<u32, f64>, NoEstimate>; 2],
    ) -> Result<RatioEstimate, NoEstimate> {
        let [base, new] = values;
        let (base, new) =
            (base.as_ref().map_err(Clone::clone)?, new.as_ref().map_err(Clone::clone)?);
        match self.pairing {
            Pairing::None => {
                let all = |side: &BTreeMap<u32, f64>| side.values().copied().collect::<Vec<f64>>();
                shift_ratio(&all(base), &all(new))
            }
            Pairing::Blocks => {
                let (base, new) = paired(base, new);
                paired_ratio(&base, &new)
            }
        }
    }
}

/// Whether the values of a metric are divided by those of the baseline, where cells are.
pub(super) fn is_divided(metric: Metric, relative: bool) -> bool {
    relative && !metric.is_share()
}

fn is_baseline(side: &Side, cell: usize) -> bool {
    side.scenario_of(&side.cells[cell]).baseline == Some(cell)
}

/// Whether a scenario of the two sides has another baseline on either, so that ratios to it are
/// ratios to different work.
pub(super) fn baselines_differ(sides: [&Side; 2], common: &[Pair]) -> bool {
    let key = |side: &Side, scenario: usize| {
        let baseline = side.scenarios[scenario].baseline?;
        Some(side.cells[baseline].key.clone())
    };
    common.iter().any(|pair| {
        let [base, new] = pair.scenarios(sides);
        key(sides[0], base) != key(sides[1], new)
    })
}

fn side(cell: &SideCell, values: &Result<BTreeMap<u32, f64>, NoEstimate>) -> CellSide {
    let analysed = &cell.analysed;
    let values = values.as_ref().map_err(Clone::clone);
    CellSide {
        ok: analysed.fitness.ok,
        failed: analysed.fitness.failed,
        invalid: analysed.fitness.invalid,
        skipped: analysed.fitness.skipped,
        reasons: analysed.reasons.clone(),
        value: values.and_then(|v| median(&v.values().copied().collect::<Vec<f64>>())),
        failed_requests: analysed.fitness.failed_requests,
    }
}

/// The word for a cell that was judged.
pub(super) fn outcome(cell: &CellDiff, judged: &Judged, margin: Margin) -> Outcome {
    let (base, new) = (&cell.base, &cell.new);
    match (base.ok > 0, new.ok > 0) {
        (true, true) => {}
        // Without trials nothing failed.
        (true, false) if new.trials() > 0 => return Outcome::NewlyFailing,
        (false, true) if base.trials() > 0 => return Outcome::Fixed,
        _ => return Outcome::NotMeasured,
    }
    // Requests that fail are work that is not done: such numbers are not of the same work. What
    // moves less than the margin cannot make a difference that matters, and is not looked at.
    let lost = |side: &CellSide| side.failed_requests.unwrap_or(0.0);
    let more_lost = lost(new) - lost(base);
    if more_lost > margin.relative() {
        return Outcome::NewlyFailing;
    }
    if more_lost < -margin.relative() {
        return Outcome::Fixed;
    }
    match &judged.verdict {
        Ok(Verdict::Slower) => Outcome::Slower,
        Ok(Verdict::Faster) => Outcome::Faster,
        Ok(Verdict::Equivalent) => Outcome::Equivalent,
        Ok(Verdict::Inconclusive { .. }) => Outcome::Inconclusive,
        // What is 0 has no ratio, and is known all the same.
        Err(NoEstimate::NotPositive { .. }) => match (cell.any, cell.metric) {
            ([false, false], _) => Outcome::Equivalent,
            ([false, true], Metric::Errors) => Outcome::NewlyFailing,
            ([true, false], Metric::Errors) => Outcome::Fixed,
            // Something on both sides, and nothing in some trials: measured, and not told apart.
            ([true, true], _) => Outcome::Inconclusive,
            _ => Outcome::NotMeasured,
        },
        Err(_) => Outcome::NotMeasured,
    }
}
