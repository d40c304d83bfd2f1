//! Cells of two sides: which both have, how they compare, and the word for each.

use std::collections::{BTreeMap, HashMap};

use crate::analyse::{Judged, Margin, NoEstimate, Unfit, Verdict, check_workers, median};
use crate::spec::{Factor, Metric};

use super::failures::{Failures, Trend};
use super::noise::{self, ControlPair};
use super::result::is_divided;
use super::side::{self, Pair, Side, SideCell};
use super::values::{self, Values};
use super::{CellDiff, CellSide, LoneCell, Outcome, Pairing, Ranked, Withheld};

/// Cells by where they are found.
pub(super) struct Found {
    pub(super) common: Vec<Pair>,
    pub(super) only_in_base: Vec<LoneCell>,
    pub(super) only_in_new: Vec<LoneCell>,
    /// Warnings about cells that look like the same work and are not, or cannot be told apart.
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

/// Rules by which cells are compared.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rules<'a> {
    pub(super) sides: [&'a Side; 2],
    pub(super) pairing: Pairing,
    /// Each cell is divided by the baseline of its scenario first.
    pub(super) relative: bool,
    /// The share of failed requests up to which the work is the same.
    pub(super) margin: Margin,
}

impl Rules<'_> {
    /// Compares one metric of a cell of both sides; the verdict is still to come. `None` for the
    /// baseline itself, where cells are divided by it.
    pub(super) fn compare(
        &self,
        pair: Pair,
        metric: Metric,
        controls: &[ControlPair],
        failures: Failures,
    ) -> Option<CellDiff> {
        let [base, new] = self.sides;
        let cells = [&base.cells[pair.base], &new.cells[pair.new]];
        let is_divisor = is_divided(metric, self.relative)
            && (is_baseline(base, pair.base) || is_baseline(new, pair.new));
        // The baseline itself has no ratio to itself, but it may have stopped to work.
        let measured = cells.map(|cell| cell.analysed.fitness.ok > 0);
        let unfit = self.unfit(cells, metric);
        let is_worse = failures.trials.rose() || unfit.is_some();
        if is_divisor && measured[0] == measured[1] && !is_worse {
            return None;
        }
        let scenarios = pair.scenarios(self.sides);
        let control = controls
            .iter()
            .find(|c| [c.base_scenario, c.new_scenario] == scenarios && c.metric == metric)
            .expect("controls are made of the same pairs");
        let values = [self.values(base, cells[0], metric), self.values(new, cells[1], metric)];
        let both = match (unfit, &values) {
            (Some(unfit), _) => Err(NoEstimate::from(unfit)),
            (None, _) if is_divisor => Err(inflight_stats::NoEstimate::Undefined.into()),
            (None, [Ok(base), Ok(new)]) => shared_evenly(cells).map(|()| [base, new]),
            (None, [Err(reason), _] | [_, Err(reason)]) => Err(reason.clone()),
        };
        let ratio =
            both.clone().and_then(|[base, new]| Ok(values::ratio(base, new, self.pairing)?));
        let at_worst = both.as_ref().ok().filter(|_| ratio.is_ok()).and_then(|[base, new]| {
            values::ratio_at_worst(base, new, self.pairing, metric.direction())
        });
        let ranked = match (&ratio, &both) {
            (
                Err(NoEstimate::Values(inflight_stats::NoEstimate::NotPositive { .. })),
                Ok([base, new]),
            ) => {
                let [base_side, new_side] = self.sides;
                let of = [&base_side.scenarios[scenarios[0]], &new_side.scenarios[scenarios[1]]];
                values::ranks(base, new, self.pairing).map(|test| Ranked {
                    test,
                    noise: noise::shift(of, |trials| side::values(trials, metric)),
                    at_once: base.known.values().all(|&value| value == 0.0)
                        && new.known.values().all(|&value| value > 0.0),
                })
            }
            _ => None,
        };
        let lost =
            |side: usize| values[side].as_ref().map_or(0, |values: &Values| values.lost.len());
        Some(CellDiff {
            id: cells[1].id.clone(),
            name: cells[1].name.clone(),
            scenario: new.scenarios[scenarios[1]].name.clone(),
            metric,
            factors: cells[1].factors.clone(),
            plan: pair.new,
            ratio,
            at_worst,
            ranked,
            failures,
            noise: noise::worst(control, &values, self.pairing),
            control_lost: control.lost_reach,
            base: side(cells[0], &values[0], lost(0)),
            new: side(cells[1], &values[1], lost(1)),
            judged: None,
            outcome: Outcome::NotComparable,
            withheld: None,
        })
    }

    /// Why a cell, or what it is divided by, is not fit to be judged, if it was measured. Its failed
    /// trials are compared apart, and count as the slowest.
    fn unfit(&self, cells: [&SideCell; 2], metric: Metric) -> Option<Unfit> {
        let baseline = |(side, cell): (&&Side, &SideCell)| {
            let baseline = side.scenario_of(cell).baseline;
            Some(
                side.cells[baseline.filter(|_| is_divided(metric, self.relative))?]
                    .analysed
                    .fitness,
            )
        };
        let baselines = self.sides.iter().zip(cells).filter_map(baseline);
        let all = cells.iter().map(|cell| cell.analysed.fitness).chain(baselines);
        let mut unfit = all.filter_map(|fitness| fitness.check_requests(metric, self.margin).err());
        // Without a measurement there is no value either, and that tells on which side.
        unfit.find(|unfit| *unfit != Unfit::NotMeasured)
    }

    /// The values of a cell by block, divided by those of the baseline where asked for.
    fn values(&self, side: &Side, cell: &SideCell, metric: Metric) -> Result<Values, NoEstimate> {
        metric.check_measured(&cell.trials)?;
        if !is_divided(metric, self.relative) {
            return Ok(Values::of(cell, metric, None));
        }
        let baseline = side.scenario_of(cell).baseline.ok_or(NoEstimate::NoBaseline)?;
        metric.check_measured(&side.cells[baseline].trials)?;
        Ok(Values::of(cell, metric, Some(&side.cells[baseline])))
    }
}

/// Checks that workers shared the load where their numbers are compared.
fn shared_evenly(cells: [&SideCell; 2]) -> Result<(), NoEstimate> {
    let rows = cells.map(|cell| cell.trials.iter().collect::<Vec<_>>());
    check_workers([(cells[0].workers, &rows[0]), (cells[1].workers, &rows[1])])
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

fn side(cell: &SideCell, values: &Result<Values, NoEstimate>, lost: usize) -> CellSide {
    let fitness = &cell.analysed.fitness;
    let values = values.as_ref().map_err(Clone::clone);
    CellSide {
        ok: fitness.ok,
        failed: fitness.failed,
        invalid: fitness.invalid,
        skipped: fitness.skipped,
        lost,
        reasons: cell.analysed.reasons.clone(),
        value: values.and_then(|v| Ok(median(&v.known.values().copied().collect::<Vec<f64>>())?)),
        failed_requests: fitness.failed_requests,
    }
}

/// The word for a cell that was judged, and what keeps it from a good one.
pub(super) fn outcome(
    cell: &CellDiff,
    judged: &Judged,
    margin: Margin,
) -> (Outcome, Option<Withheld>) {
    let withheld = cell.withheld(margin);
    let outcome = match failing(cell) {
        Some(outcome) => outcome,
        None => match (verdict(cell, &judged.verdict), withheld) {
            (outcome, Some(_)) if outcome.is_good() => match judged.verdict {
                Ok(_) => Outcome::Inconclusive,
                Err(_) => Outcome::NotJudged,
            },
            (outcome, _) => outcome,
        },
    };
    (outcome, withheld.filter(|_| !outcome.is_good() && !outcome.is_bad()))
}

/// The word for a cell that fails more often, or that one side did not measure.
fn failing(cell: &CellDiff) -> Option<Outcome> {
    let (base, new) = (&cell.base, &cell.new);
    let trends = [cell.failures.trials.trend(), cell.failures.requests.trend()];
    match (base.ok > 0, new.ok > 0) {
        (true, true) if trends.contains(&Trend::Newly) => Some(Outcome::NewlyFailing),
        (true, true) if trends.contains(&Trend::More) => Some(Outcome::FailingMoreOften),
        (true, true) => None,
        // Without trials nothing failed; and all of them did: there is nothing left to compare.
        (true, false) if new.trials() == 0 => Some(Outcome::NotMeasured),
        (true, false) if base.ok == base.trials() => Some(Outcome::NewlyFailing),
        (true, false) => Some(Outcome::FailingMoreOften),
        (false, true) => Some(match trends[0] {
            Trend::Fixed => Outcome::Fixed,
            Trend::Less => Outcome::FailingLessOften,
            _ => Outcome::NotMeasured,
        }),
        (false, false) => Some(Outcome::NotMeasured),
    }
}

fn verdict(cell: &CellDiff, verdict: &Result<Verdict, NoEstimate>) -> Outcome {
    let counts_failures = matches!(
        cell.metric,
        Metric::Errors
            | Metric::ErrorsEmfile
            | Metric::ErrorsEaddrnotavail
            | Metric::ErrorsStatus4xx
    );
    let ranked = cell.ranked.as_ref().filter(|_| counts_failures);
    let from_none = ranked.is_some_and(|ranked| ranked.test.base == 0.0);
    let to_none = ranked.is_some_and(|ranked| ranked.test.base + ranked.test.difference == 0.0);
    match verdict {
        _ if ranked.is_some_and(|ranked| ranked.at_once) => Outcome::NewlyFailing,
        Ok(Verdict::Slower) if from_none => Outcome::NewlyFailing,
        Ok(Verdict::Slower) => Outcome::Slower,
        Ok(Verdict::Faster) if to_none => Outcome::Fixed,
        Ok(Verdict::Faster) => Outcome::Faster,
        Ok(Verdict::Equivalent) => Outcome::Equivalent,
        Ok(Verdict::Inconclusive { .. }) => Outcome::Inconclusive,
        Err(NoEstimate::RequestsFailed | NoEstimate::FailuresUnknown) => {
            match cell.failures.requests.trend() {
                Trend::Fixed => Outcome::Fixed,
                Trend::Less => Outcome::FailingLessOften,
                _ => Outcome::NotJudged,
            }
        }
        Err(_) => Outcome::NotMeasured,
    }
}
