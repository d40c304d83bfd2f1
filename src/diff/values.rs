//! The values of a metric on one side of a cell, and the trials that gave none.

use std::collections::{BTreeMap, BTreeSet};

use inflight_stats::NoEstimate;

use crate::analyse::{
    Direction, Pairs, RankTest, RatioEstimate, Sample, lossy_paired_ratio, lossy_shift_ratio,
    paired_rank_test, rank_test,
};
use crate::record::Status;
use crate::spec::Metric;

use super::Pairing;
use super::side::{SideCell, paired};

/// Worse than anything that is measured, where less is better; its inverse is, where more is. Their
/// logarithms are finite.
const WORST: f64 = 1e300;

/// The values of a metric on one side of a cell, by block.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) known: BTreeMap<u32, f64>,
    /// Blocks whose trial was tried and gave no value.
    pub(super) lost: BTreeSet<u32>,
}

impl Values {
    /// The values of a cell, divided by those of `divisor` in the same block. Without a value of that
    /// one, a block is lost.
    pub(super) fn of(cell: &SideCell, metric: Metric, divisor: Option<&SideCell>) -> Values {
        let mut known = cell.values(metric);
        if let Some(divisor) = divisor {
            let by = divisor.values(metric);
            known = known
                .into_iter()
                .filter_map(|(block, value)| {
                    Some((block, value / *by.get(&block).filter(|&&by| by > 0.0)?))
                })
                .collect();
        }
        // What a machine cannot run is not known, and has not failed.
        let tried = cell.trials.iter().filter(|row| row.status != Status::Skipped);
        let lost = tried.map(|row| row.block).filter(|block| !known.contains_key(block)).collect();
        Values { known, lost }
    }

    fn all(&self) -> Vec<f64> {
        self.known.values().copied().collect()
    }

    fn sample(&self) -> Sample {
        Sample { values: self.all(), lost: self.lost.len() }
    }

    fn has(&self, block: u32) -> bool {
        self.known.contains_key(&block) || self.lost.contains(&block)
    }

    /// These values with the worst one in the place of each that was lost.
    fn at_worst(&self, direction: Direction) -> Values {
        let worst = match direction {
            Direction::LowerIsBetter => WORST,
            Direction::HigherIsBetter => 1.0 / WORST,
        };
        let mut known = self.known.clone();
        known.extend(self.lost.iter().map(|&block| (block, worst)));
        Values { known, lost: BTreeSet::new() }
    }
}

/// new ÷ base, with an interval that holds whatever the lost trials would have shown.
pub(super) fn ratio(
    base: &Values,
    new: &Values,
    pairing: Pairing,
) -> Result<RatioEstimate, NoEstimate> {
    match pairing {
        Pairing::None => lossy_shift_ratio(&base.sample(), &new.sample()),
        Pairing::Blocks => lossy_paired_ratio(&pairs(base, new)),
    }
}

/// new ÷ base with the trials that the new side lost as its worst ones, if it lost any. This is what
/// is judged: a trial that fails never makes a slow side look faster.
pub(super) fn ratio_at_worst(
    base: &Values,
    new: &Values,
    pairing: Pairing,
    direction: Direction,
) -> Option<RatioEstimate> {
    let lost_all = new.known.is_empty();
    (!new.lost.is_empty() && !lost_all)
        .then(|| ratio(base, &new.at_worst(direction), pairing).ok())
        .flatten()
}

/// Compares values that have no ratio, by their ranks.
pub(super) fn ranks(base: &Values, new: &Values, pairing: Pairing) -> Option<RankTest> {
    match pairing {
        Pairing::None => rank_test(&base.all(), &new.all()).ok(),
        Pairing::Blocks => {
            let (base, new) = paired(&base.known, &new.known);
            paired_rank_test(&base, &new).ok()
        }
    }
}

fn pairs(base: &Values, new: &Values) -> Pairs {
    let (of_base, of_new) = paired(&base.known, &new.known);
    let blocks = base.known.keys().chain(&base.lost).filter(|&&block| new.has(block)).count();
    Pairs { lost: blocks - of_base.len(), base: of_base, new: of_new }
}
