//! Findings of the record on the claims of an experiment.

use std::fmt;

use super::{Estimate, NoEstimate, NoInterval, Unfit};

/// Bounds that a claim sets to its ratio; both ends belong to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Bounds {
    /// `at_least = …`
    AtLeast(f64),
    /// `at_most = …`
    AtMost(f64),
    /// Both.
    Between {
        /// `at_least = …`
        low: f64,
        /// `at_most = …`
        high: f64,
    },
}

/// Finding of the record on a claim.
#[derive(Clone, Debug, PartialEq)]
pub enum Finding {
    /// The whole interval lies within the bounds.
    Held,
    /// The whole interval lies outside the bounds.
    Refuted,
    /// Neither.
    Undecided(Undecided),
    /// The cell is not fit to be judged.
    NotJudged(Unfit),
}

/// Why a claim is neither held nor refuted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Undecided {
    /// A bound lies inside the interval.
    #[error("the interval reaches across the bound")]
    Straddles,
    /// The ratio has no interval.
    #[error("the ratio has no interval: {0}")]
    NoInterval(NoInterval),
    /// There is no ratio.
    #[error("there is no ratio: {0}")]
    NoEstimate(NoEstimate),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("held"),
            Self::Refuted => f.write_str("refuted"),
            Self::Undecided(reason) => write!(f, "undecided ({reason})"),
            Self::NotJudged(reason) => write!(f, "not judged ({reason})"),
        }
    }
}

/// Judges one claim for one cell from the interval of its ratio, never from the value alone.
#[must_use]
pub fn judge_claim(ratio: Result<&Estimate, &NoEstimate>, bounds: Bounds) -> Finding {
    let interval = match ratio.map(|estimate| &estimate.interval) {
        Ok(Ok(interval)) => interval,
        Ok(Err(NoInterval::TrialsLost { lost, of }))
        | Err(NoEstimate::Values(inflight_stats::NoEstimate::TrialsLost { lost, of })) => {
            return Finding::NotJudged(Unfit::TrialsLost { lost: *lost, of: *of });
        }
        Ok(Err(reason)) => return Finding::Undecided(Undecided::NoInterval(reason.clone())),
        Err(reason) => return Finding::Undecided(Undecided::NoEstimate(reason.clone())),
    };
    let (least, most) = match bounds {
        Bounds::AtLeast(low) => (low, f64::INFINITY),
        Bounds::AtMost(high) => (f64::NEG_INFINITY, high),
        Bounds::Between { low, high } => (low, high),
    };
    if least <= interval.low && interval.high <= most {
        Finding::Held
    } else if interval.high < least || most < interval.low {
        Finding::Refuted
    } else {
        Finding::Undecided(Undecided::Straddles)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::Interval;

    fn estimate(low: f64, high: f64) -> Estimate {
        Estimate {
            value: f64::midpoint(low, high),
            n: 15,
            interval: Ok(Interval { low, high, nominal: 0.95, achieved: 0.952, exact: true }),
        }
    }

    #[test]
    fn the_whole_interval_decides() {
        let straddles = Finding::Undecided(Undecided::Straddles);
        let between = Bounds::Between { low: 1.0, high: 1.2 };
        for (bounds, low, high, expected) in [
            (Bounds::AtMost(1.15), 1.0, 1.15, Finding::Held),
            (Bounds::AtMost(1.15), 1.1, 1.16, straddles.clone()),
            (Bounds::AtMost(1.15), 1.151, 1.2, Finding::Refuted),
            (Bounds::AtLeast(2.0), 2.0, 3.0, Finding::Held),
            (Bounds::AtLeast(2.0), 1.9, 3.0, straddles.clone()),
            (Bounds::AtLeast(2.0), 1.0, 1.99, Finding::Refuted),
            (between, 1.05, 1.15, Finding::Held),
            (between, 0.9, 1.3, straddles.clone()),
            (between, 1.21, 1.3, Finding::Refuted),
            (between, 0.8, 0.9, Finding::Refuted),
        ] {
            let finding = judge_claim(Ok(&estimate(low, high)), bounds);
            assert_eq!(finding, expected, "{bounds:?} of {low} to {high}");
        }
    }

    #[test]
    fn without_an_interval_nothing_is_decided() {
        let bare = Estimate {
            value: 1.0,
            n: 4,
            interval: Err(NoInterval::TooFewBlocks { needs: 6, has: 4 }),
        };
        let finding = judge_claim(Ok(&bare), Bounds::AtMost(1.15));
        assert_eq!(
            finding.to_string(),
            "undecided (the ratio has no interval: needs at least 6 blocks, has 4)"
        );
        let finding = judge_claim(Err(&NoEstimate::NoBaseline), Bounds::AtMost(1.15));
        assert!(matches!(finding, Finding::Undecided(_)));
    }
}
