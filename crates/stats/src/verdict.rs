//! The words of a judgement: what goes in, what comes out.

use std::fmt;

use super::{
    estimate::{NoEstimate, NoInterval},
    ratio::RatioEstimate,
    sample::Direction,
};

/// One row of a family. `E` is the reason of a row without a ratio.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison<E = NoEstimate> {
    /// new ÷ base, or why there is none.
    pub ratio: Result<RatioEstimate, E>,
    /// The direction in which a value improves.
    pub direction: Direction,
}

/// The smallest difference that matters, fixed before measuring.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Margin(f64);

impl Margin {
    /// A relative difference: 0.02 is a ratio of 1.02 or of 1 ÷ 1.02. None unless it is a finite
    /// number of at least 0.
    #[must_use]
    pub fn new(relative: f64) -> Option<Self> {
        (relative.is_finite() && relative >= 0.0).then_some(Self(relative))
    }

    /// The relative difference.
    #[must_use]
    pub fn relative(self) -> f64 {
        self.0
    }

    pub(super) fn log(self) -> f64 {
        self.0.ln_1p()
    }
}

impl Default for Margin {
    /// 2 %: smaller differences rarely decide between strategies, and the layout of code in memory
    /// alone moves a build by as much (Mytkowicz et al. 2009).
    fn default() -> Self {
        Self(0.02)
    }
}

/// A comparison after judgement.
#[derive(Clone, Debug, PartialEq)]
pub struct Judged<E = NoEstimate> {
    /// The word, or why the comparison could not be computed.
    pub verdict: Result<Verdict, E>,
    /// Reason for an inconclusive comparison; none with any other verdict.
    pub doubt: Option<Doubt>,
    /// The ratio (at least 1) that the interval had to pass: the margin's, or that of the A/A
    /// control where it is farther.
    pub bound: f64,
    /// Two-sided p of "the ratio is within the bound".
    pub p: Option<f64>,
    /// Its p after Holm's adjustment over the family.
    pub adjusted_p: Option<f64>,
}

/// The word for a comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Better by more than the bound.
    Faster,
    /// Worse by more than the bound.
    Slower,
    /// Different by less than the margin, if at all.
    Equivalent,
    /// None of these yet.
    Inconclusive {
        /// About how many more blocks (more trials on both sides, if unpaired) decide it, should
        /// the estimates stay what they are; none where no practical number does.
        more_blocks: Option<usize>,
    },
}

/// Reason why a comparison has no verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// There is no interval.
    #[error("no interval: {0}")]
    NoInterval(NoInterval),
    /// The interval reaches across the margin.
    #[error("the interval reaches across the margin")]
    Wide,
    /// The A/A control, one cell measured twice, differs as much.
    #[error("the A/A control differs as much")]
    Noise,
    /// Too many comparisons for this p.
    #[error("not significant among {family} comparisons")]
    Multiplicity {
        /// Comparisons with a p.
        family: usize,
    },
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Faster => f.write_str("faster"),
            Self::Slower => f.write_str("slower"),
            Self::Equivalent => f.write_str("equivalent"),
            Self::Inconclusive { more_blocks: None } => f.write_str("inconclusive"),
            Self::Inconclusive { more_blocks: Some(1) } => {
                f.write_str("inconclusive (about 1 more block)")
            }
            Self::Inconclusive { more_blocks: Some(blocks) } => {
                write!(f, "inconclusive (about {blocks} more blocks)")
            }
        }
    }
}
