//! A ratio of two samples, with everything a verdict needs.

use super::{
    estimate::Estimate,
    wilcoxon::{mann_whitney_p, signed_rank_p},
};

/// Ratio of the new side to the base.
#[derive(Clone, Debug, PartialEq)]
pub struct RatioEstimate {
    /// new ÷ base, dimensionless, with its interval.
    pub ratio: Estimate,
    /// Values on the base side.
    pub n_base: usize,
    /// Values on the new side; equal to `n_base` where they are paired.
    pub n_new: usize,
    /// Two-sided p of "the ratio is 1".
    pub p: f64,
    /// Whether `p` comes from the exact distribution.
    pub p_exact: bool,
    /// Chance that the new value is the larger one, ties counted half: within a block where values
    /// are paired, of two random trials where they are not.
    pub superiority: f64,
    pub(super) logs: Logs,
    /// Pairs without a value, or trials of both sides without one; see [`Sample`](super::Sample).
    pub(super) lost: Lost,
}

/// Trials without a value on either side; of pairs, `new` counts the pairs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Lost {
    pub(super) base: usize,
    pub(super) new: usize,
}

/// The logarithms behind a ratio, ascending, to test it against other values than 1.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Logs {
    /// One log-ratio per block.
    Paired(Vec<f64>),
    /// The logs of either side.
    Unpaired { base: Vec<f64>, new: Vec<f64> },
}

impl RatioEstimate {
    /// Two-sided p of "the ratio lies within 1 ÷ `bound` and `bound`", for a bound of at least 1.
    ///
    /// It is the largest p of any ratio in that range, which is that of the end nearest to the
    /// estimate; 1 if the estimate itself lies within. With bound 1 it is [`RatioEstimate::p`].
    /// By the duality of tests and intervals, p is at most 5 % where the 95 % interval lies beyond
    /// the bound.
    #[must_use]
    pub fn p_beyond(&self, bound: f64) -> f64 {
        let limit = bound.ln();
        let estimate = self.ratio.value.ln();
        if limit <= 0.0 {
            self.p
        } else if estimate > limit {
            self.logs.p_of(limit, self.lost, estimate)
        } else if estimate < -limit {
            self.logs.p_of(-limit, self.lost, estimate)
        } else {
            1.0
        }
    }
}

impl Logs {
    /// Two-sided p of "the log-ratio is `shift`", the lost trials taken to lie on the other side of
    /// it than the estimate: the largest p of all that they may have shown.
    fn p_of(&self, shift: f64, lost: Lost, estimate: f64) -> f64 {
        self.test(shift, lost, estimate).0
    }

    /// Two-sided p of "the log-ratio is `shift`", as [`p_of`](Logs::p_of) gives it, and whether it
    /// is exact.
    pub(super) fn test(&self, shift: f64, lost: Lost, estimate: f64) -> (f64, bool) {
        let against = if estimate >= shift { f64::NEG_INFINITY } else { f64::INFINITY };
        let shifted = |logs: &[f64]| -> Vec<f64> {
            logs.iter().map(|log| log - shift).chain(vec![against; lost.new]).collect()
        };
        match self {
            Self::Paired(logs) => signed_rank_p(&shifted(logs)),
            Self::Unpaired { base, new } => mann_whitney_p(
                &[base.as_slice(), &vec![-against; lost.base]].concat(),
                &shifted(new),
            ),
        }
    }
}

/// ln(new ÷ base), such that swapping the two negates it exactly and equal quotients of whole
/// numbers give equal logs (so that ties stay ties).
pub(super) fn log_ratio(base: f64, new: f64) -> f64 {
    if new < base {
        return -log_ratio(new, base);
    }
    let quotient = new / base;
    if quotient.is_finite() { quotient.ln() } else { new.ln() - base.ln() }
}
