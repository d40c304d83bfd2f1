//! The verdicts of rows that are one family: ratios, values that have none, and failures.

use std::collections::BTreeMap;

use crate::analyse::{Comparison, Direction, Doubt, Judged, Margin, Verdict, holm, judge_each};

use super::{CellDiff, Diff, Failures, P};

/// Chance of a false *faster* or *slower* in a family: that of [`judge_each`].
const ALPHA: f64 = 0.05;

/// Judges rows, each with its margin.
///
/// Rows without a ratio are judged by their ranks, in one family with the others. A row that lost
/// its ratio because something failed stays in the family as a test that shows nothing: no failure
/// makes it easier for another row to be *faster*.
pub(super) fn judged(rows: &[(&CellDiff, Margin)]) -> Vec<Judged> {
    let comparisons: Vec<Comparison> = rows
        .iter()
        .map(|(cell, _)| Comparison {
            ratio: cell.at_worst.clone().map_or_else(|| cell.ratio.clone(), Ok),
            direction: cell.metric.direction(),
        })
        .collect();
    let family: Vec<_> = rows
        .iter()
        .zip(&comparisons)
        .map(|((cell, margin), comparison)| (comparison, *margin, cell.noise.map(|n| n.interval)))
        .collect();
    let mut judged = judge_each(&family);
    let alone: Vec<Option<f64>> = rows
        .iter()
        .zip(&judged)
        .map(|((cell, _), judged)| match &cell.ranked {
            Some(ranked) => (!ranked.test.equal).then_some(ranked.test.p),
            None => judged.p.or_else(|| cell.lost_its_ratio().then_some(1.0)),
        })
        .collect();
    let family = alone.iter().flatten().count();
    for (index, (adjusted, judged)) in holm(&alone).into_iter().zip(&mut judged).enumerate() {
        let (cell, margin) = rows[index];
        if cell.ranked.is_some() {
            *judged = by_ranks(cell, margin, alone[index], adjusted, family);
        } else if judged.p.is_some() {
            judged.adjusted_p = adjusted;
            let is_word = matches!(judged.verdict, Ok(Verdict::Faster | Verdict::Slower));
            if is_word && adjusted.is_some_and(|p| p > ALPHA) {
                judged.verdict = Ok(Verdict::Inconclusive { more_blocks: None });
                judged.doubt = Some(Doubt::Multiplicity { family });
            }
        }
    }
    judged
}

/// Any difference is one where the base has none; else it has to exceed the margin of the base's
/// mean. It always has to exceed what the A/A control shows.
fn by_ranks(
    cell: &CellDiff,
    margin: Margin,
    p: Option<f64>,
    adjusted_p: Option<f64>,
    family: usize,
) -> Judged {
    let ranked = cell.ranked.as_ref().expect("a row that is judged by its ranks");
    let (test, noise) = (&ranked.test, ranked.noise);
    let least = margin.relative() * test.base.abs();
    let open = Ok(Verdict::Inconclusive { more_blocks: None });
    let significant = |p: Option<f64>| p.is_some_and(|p| p <= ALPHA);
    let (verdict, doubt) = if test.equal {
        (Ok(Verdict::Equivalent), None)
    } else if !significant(p) {
        (open, None)
    } else if !significant(adjusted_p) {
        (open, Some(Doubt::Multiplicity { family }))
    } else if test.difference.abs() <= least {
        (open, Some(Doubt::Wide))
    } else if test.difference.abs() <= noise {
        (open, Some(Doubt::Noise))
    } else {
        let is_less = test.difference < 0.0;
        let better = is_less == (cell.metric.direction() == Direction::LowerIsBetter);
        (Ok(if better { Verdict::Faster } else { Verdict::Slower }), None)
    };
    Judged { verdict, doubt, bound: 1.0 + margin.relative(), p, adjusted_p }
}

/// Adjusts the p-values of failures: *more* is one family and *less* another, each of all cells of all
/// tables that are judged.
pub(super) fn adjust_failures(diffs: &mut [Diff]) {
    let each: [fn(&mut Failures) -> [&mut P; 2]; 2] = [
        |failures| [&mut failures.trials.more, &mut failures.requests.more],
        |failures| [&mut failures.trials.less, &mut failures.requests.less],
    ];
    for family in each {
        let judged = || diffs.iter().enumerate().filter(|(_, diff)| diff.is_judged());
        // The rows of one cell, one for each metric, share its failures.
        let mut cells: BTreeMap<(usize, usize), [f64; 2]> = BTreeMap::new();
        for (d, diff) in judged() {
            for cell in &diff.cells {
                let mut failures = cell.failures;
                cells.insert((d, cell.plan), family(&mut failures).map(|p| p.alone));
            }
        }
        let alone: Vec<Option<f64>> = cells.values().flatten().copied().map(Some).collect();
        let mut adjusted = holm(&alone).into_iter().flatten();
        for p in cells.values_mut().flatten() {
            *p = adjusted.next().expect("one for each");
        }
        for (d, diff) in diffs.iter_mut().enumerate() {
            for cell in &mut diff.cells {
                let Some(adjusted) = cells.get(&(d, cell.plan)) else { continue };
                for (p, adjusted) in family(&mut cell.failures).into_iter().zip(adjusted) {
                    p.adjusted = *adjusted;
                }
            }
        }
    }
}
