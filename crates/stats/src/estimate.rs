//! Result of every statistic: a value, its interval, and the number of values it rests on.

use std::fmt;

/// Coverage that every interval aims at: 95 %, the custom of the field.
/// Exact intervals are at least this wide (see [`Interval::achieved`]).
pub(super) const NOMINAL: f64 = 0.95;

/// Error rate of every interval; also the family-wise rate of [`super::judge()`].
pub const ALPHA: f64 = 0.05;

/// Fewest blocks with a two-sided 95 % interval for a median or a signed-rank shift: the widest
/// interval, from least to greatest, covers 1 − 2/2ⁿ, which is 93.75 % for 5 and 96.875 % for 6.
pub const MIN_BLOCKS: usize = 6;

/// A value together with how sure it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Estimate {
    /// The estimate, in the unit of the values (dimensionless for a ratio).
    pub value: f64,
    /// Number of values it rests on: blocks, or trials of the smaller side.
    pub n: usize,
    /// The interval, or why there is none.
    pub interval: Result<Interval, NoInterval>,
}

/// A confidence interval, both ends included.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end, in the unit of the estimate.
    pub low: f64,
    /// Upper end, in the unit of the estimate.
    pub high: f64,
    /// Coverage aimed at, for example 0.95.
    pub nominal: f64,
    /// Coverage of exactly this interval. Order statistics cannot meet an arbitrary level, so an
    /// exact interval achieves `nominal` or slightly more. Where `exact` is false this is what the
    /// approximation promises.
    pub achieved: f64,
    /// Whether `achieved` follows from an exact null distribution; false for a normal approximation
    /// and for the bootstrap.
    pub exact: bool,
}

impl Interval {
    /// Whether `value` lies in the interval.
    #[must_use]
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }

    /// For the interval of a ratio: its farther end from 1, as a ratio of at least 1.
    #[must_use]
    pub fn reach(&self) -> f64 {
        self.high.max(1.0 / self.low)
    }

    /// This interval on another scale; `scale` must be increasing.
    #[must_use]
    pub fn map(self, scale: impl Fn(f64) -> f64) -> Self {
        Self { low: scale(self.low), high: scale(self.high), ..self }
    }
}

/// Reason why an estimate has no interval.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoInterval {
    /// Too few blocks for the nominal coverage.
    #[error("needs at least {needs} blocks, has {has}")]
    TooFewBlocks {
        /// Fewest blocks that give an interval.
        needs: usize,
        /// Blocks at hand.
        has: usize,
    },
    /// Too few trials on the two sides of an unpaired comparison.
    #[error(
        "{base} and {new} trials give no 95 % interval, {} and {} do", .needs.0, .needs.1
    )]
    TooFewTrials {
        /// Trials of either side, base first, that give an interval: the side with more as it is, if
        /// the other can make up for it.
        needs: (usize, usize),
        /// Trials of the base.
        base: usize,
        /// Trials of the new side.
        new: usize,
    },
    /// Too many trials gave no value: the interval could reach anywhere.
    #[error("{lost} of {of} trials gave no value")]
    TrialsLost {
        /// Trials, or pairs of them, without a value.
        lost: usize,
        /// All of them.
        of: usize,
    },
    /// A statistic could not be computed for every resample.
    #[error("the statistic is undefined for {undefined} of {resamples} resamples")]
    Undefined {
        /// Resamples without a value.
        undefined: usize,
        /// All resamples.
        resamples: usize,
    },
    /// The resamples do not spread around the estimate, so they say nothing of its error.
    #[error("the resamples do not vary around the estimate")]
    Degenerate,
}

/// Reason why there is not even a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEstimate {
    /// Nothing to estimate from.
    #[error("there are no {0} values")]
    Empty(Side),
    /// A value is infinite or not a number.
    #[error("{side} value {position} is not finite")]
    NotFinite {
        /// Where the value stands.
        side: Side,
        /// Its position, counted from 1.
        position: usize,
    },
    /// A ratio needs values above zero.
    #[error("{side} value {position} is not above zero, so it has no ratio")]
    NotPositive {
        /// Where the value stands.
        side: Side,
        /// Its position, counted from 1.
        position: usize,
    },
    /// A paired comparison with different numbers of values.
    #[error("values cannot be paired: {base} on the base side, {new} on the new side")]
    NotPaired {
        /// Values of the base.
        base: usize,
        /// Values of the new side.
        new: usize,
    },
    /// The statistic has no value for these blocks.
    #[error("the statistic is undefined for these blocks")]
    Undefined,
    /// Half of the trials, or more, gave no value.
    #[error("{lost} of {of} trials gave no value")]
    TrialsLost {
        /// Trials without a value.
        lost: usize,
        /// All trials.
        of: usize,
    },
}

/// Which of the given samples an error speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The only sample.
    Only,
    /// The base of a comparison.
    Base,
    /// The new side of a comparison.
    New,
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Only => "sample",
            Self::Base => "base",
            Self::New => "new",
        })
    }
}

/// The values in ascending order, if there is at least one and all are finite.
pub(super) fn sorted(values: &[f64], side: Side) -> Result<Vec<f64>, NoEstimate> {
    check_finite(values, side)?;
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    Ok(sorted)
}

/// Refuses an empty sample and a value that is not finite.
pub(super) fn check_finite(values: &[f64], side: Side) -> Result<(), NoEstimate> {
    if values.is_empty() {
        return Err(NoEstimate::Empty(side));
    }
    match values.iter().position(|value| !value.is_finite()) {
        Some(index) => Err(NoEstimate::NotFinite { side, position: index + 1 }),
        None => Ok(()),
    }
}

/// Refuses what has no logarithm, too.
pub(super) fn check_positive(values: &[f64], side: Side) -> Result<(), NoEstimate> {
    check_finite(values, side)?;
    match values.iter().position(|&value| value <= 0.0) {
        Some(index) => Err(NoEstimate::NotPositive { side, position: index + 1 }),
        None => Ok(()),
    }
}

/// The middle of an ascending, non-empty slice; of the two middle values their mean.
#[must_use]
pub fn middle(sorted: &[f64]) -> f64 {
    let n = sorted.len();
    let (low, high) = (sorted[(n - 1) / 2], sorted[n / 2]);
    low + (high - low) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_name_the_side_and_the_number() {
        let few = NoInterval::TooFewBlocks { needs: 6, has: 4 };
        assert_eq!(few.to_string(), "needs at least 6 blocks, has 4");
        let zero = check_positive(&[1.0, 0.0], Side::New).unwrap_err();
        assert_eq!(zero.to_string(), "new value 2 is not above zero, so it has no ratio");
        let nan = check_finite(&[f64::NAN], Side::Base).unwrap_err();
        assert_eq!(nan.to_string(), "base value 1 is not finite");
        let empty = sorted(&[], Side::Only).unwrap_err();
        assert_eq!(empty.to_string(), "there are no sample values");
    }
}
