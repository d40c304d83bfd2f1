//! From intervals to words: faster, slower, equivalent, or not known yet.

use std::fmt;

use super::{
    estimate::{ALPHA, Interval, NoEstimate, NoInterval},
    holm::holm,
    normal,
    power::{PRACTICAL_BLOCKS, extra_to_shrink},
    ratio::{Logs, RatioEstimate},
};

/// Judges a family of comparisons: all that one table prints.
///
/// With δ the margin fixed beforehand and a the end of the A/A interval that is farther from 1 (all
/// on logs, so that swapping base and new swaps the words), a metric of which less is better is
///
/// * *slower* where the interval of new ÷ base lies beyond max(δ, a), and *faster* below its inverse;
/// * *equivalent* where the interval lies within ±δ, and a does not exceed δ;
/// * *inconclusive* otherwise.
///
/// Noise in the A/A control therefore only ever takes verdicts away.
///
/// *Faster* and *slower* also have to survive Holm's adjustment over the family. What is adjusted is
/// [`RatioEstimate::p_beyond`] that same bound, not the p of "no difference": the sentence printed
/// is "slower by more than the bound", so that is what must rarely be wrong. Because the
/// p and the interval invert one test, this is the same as widening the intervals to Holm's levels,
/// while readers still see plain 95 % intervals; alone in its family, a comparison is decided by its
/// 95 % interval. The chance of any false *faster* or *slower* in a table is at most 5 %. Holm on
/// the p of "no difference" would not give that: far from 1, it stops nothing that lies on the bound.
/// *Equivalent* is a statement of each comparison by itself (two one-sided tests of 2.5 %).
///
/// A comparison that could not be computed keeps its place and its reason; it is no test, and does
/// not make the others harder.
#[must_use]
pub fn judge(comparisons: &[Comparison], margin: Margin, control: Option<Interval>) -> Vec<Judged> {
    let noise = control.map_or(Noise::default(), |control| Noise::of(&control));
    let bound = margin.log().max(noise.reach()).exp();
    let p_values: Vec<Option<f64>> = comparisons
        .iter()
        .map(|comparison| {
            comparison
                .ratio
                .as_ref()
                .ok()
                .map(|ratio| ratio.p_beyond(bound))
        })
        .collect();

    comparisons
        .iter()
        .zip(&p_values)
        .zip(holm(&p_values))
        .map(|((comparison, &p), adjusted_p)| {
            let ruling = comparison
                .ratio
                .as_ref()
                .map_err(NoEstimate::clone)
                .map(|ratio| {
                    // What Holm multiplies this p with: the number of p that are not smaller.
                    let rivals = p_values
                        .iter()
                        .flatten()
                        .filter(|&&other| Some(other) >= p)
                        .count();
                    let case = Case {
                        ratio,
                        delta: margin.log(),
                        noise,
                        rivals,
                        family: p_values.iter().flatten().count(),
                    };
                    case.rule(comparison.direction, adjusted_p)
                });
            let (verdict, doubt) = match ruling {
                Ok((verdict, doubt)) => (Ok(verdict), doubt),
                Err(reason) => (Err(reason), None),
            };
            Judged {
                verdict,
                doubt,
                bound,
                p,
                adjusted_p,
            }
        })
        .collect()
}

/// One row of a family.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    /// new ÷ base, or why there is none.
    pub ratio: Result<RatioEstimate, NoEstimate>,
    /// Which way is better.
    pub direction: Direction,
}

/// Which way a metric improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Durations, memory, errors.
    LowerIsBetter,
    /// Throughput, efficiency.
    HigherIsBetter,
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
pub struct Judged {
    /// The word, or why the comparison could not be computed.
    pub verdict: Result<Verdict, NoEstimate>,
    /// What stood in the way of an inconclusive comparison; none with any other verdict.
    pub doubt: Option<Doubt>,
    /// The ratio (at least 1) that the interval had to pass: the margin's, or that of the A/A
    /// control where it is farther.
    pub bound: f64,
    /// Two-sided p of "the ratio is within the bound".
    pub p: Option<f64>,
    /// The same after Holm's adjustment over the family.
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

/// What kept a comparison from a verdict.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Doubt {
    /// There is no interval.
    #[error("no interval: {0}")]
    NoInterval(NoInterval),
    /// The interval reaches across the margin.
    #[error("the interval reaches across the margin")]
    Wide,
    /// The same cell measured twice differs as much.
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
            Self::Inconclusive {
                more_blocks: Some(1),
            } => f.write_str("inconclusive (about 1 more block)"),
            Self::Inconclusive {
                more_blocks: Some(blocks),
            } => write!(f, "inconclusive (about {blocks} more blocks)"),
        }
    }
}

/// The A/A interval on logs.
#[derive(Clone, Copy, Default)]
struct Noise {
    center: f64,
    half_width: f64,
}

impl Noise {
    fn of(control: &Interval) -> Self {
        let (low, high) = (control.low.ln(), control.high.ln());
        Self {
            center: f64::midpoint(low, high).abs(),
            half_width: (high - low) / 2.0,
        }
    }

    /// The farther end from 1.
    fn reach(self) -> f64 {
        self.center + self.half_width
    }
}

/// One comparison with what it is held against.
struct Case<'a> {
    ratio: &'a RatioEstimate,
    delta: f64,
    noise: Noise,
    rivals: usize,
    family: usize,
}

impl Case<'_> {
    fn rule(&self, direction: Direction, adjusted_p: Option<f64>) -> (Verdict, Option<Doubt>) {
        let interval = match &self.ratio.ratio.interval {
            Ok(interval) => interval.map(f64::ln),
            Err(reason) => {
                let verdict = Verdict::Inconclusive {
                    more_blocks: self.until_possible(self.family),
                };
                return (verdict, Some(Doubt::NoInterval(reason.clone())));
            }
        };
        let bound = self.delta.max(self.noise.reach());
        let beyond = |limit: f64| interval.low > limit || interval.high < -limit;
        let doubt = if beyond(bound) {
            if adjusted_p.is_some_and(|p| p <= ALPHA) {
                let lower = interval.high < 0.0;
                let better = lower == (direction == Direction::LowerIsBetter);
                let verdict = if better {
                    Verdict::Faster
                } else {
                    Verdict::Slower
                };
                return (verdict, None);
            }
            Doubt::Multiplicity {
                family: self.family,
            }
        } else if interval.low >= -self.delta && interval.high <= self.delta {
            if self.noise.reach() <= self.delta {
                return (Verdict::Equivalent, None);
            }
            Doubt::Noise
        } else if beyond(self.delta) {
            Doubt::Noise
        } else {
            Doubt::Wide
        };
        let verdict = Verdict::Inconclusive {
            more_blocks: self.until_decided(&interval),
        };
        (verdict, Some(doubt))
    }

    /// More blocks until the interval, and that of the A/A control with it, is narrow enough, if
    /// estimates stay and widths go with 1/√n.
    fn until_decided(&self, interval: &Interval) -> Option<usize> {
        let value = self.ratio.ratio.value.ln();
        let distance = value.abs();
        let half_width = (interval.high - value).max(value - interval.low);
        let Noise {
            center,
            half_width: noise,
        } = self.noise;
        // The factor that the widths have to shrink by.
        let (shrink, possible) = if distance > self.delta {
            let holm =
                normal::quantile(ALPHA / 2.0 / self.rivals as f64) / normal::quantile(ALPHA / 2.0);
            let past_delta = (distance - self.delta) / (half_width * holm);
            let past_noise = (distance - center) / (half_width * holm + noise);
            (
                past_delta.min(past_noise),
                self.until_possible(self.rivals)?,
            )
        } else {
            let within = (self.delta - distance) / half_width;
            let quiet = (self.delta - center) / noise;
            // Neither width nor noise: 0 ÷ 0, and then there is nothing to wait for.
            (within.min(quiet), 0)
        };
        if shrink <= 0.0 || shrink.is_nan() {
            return None;
        }
        let extra = extra_to_shrink(self.ratio.n_base, self.ratio.n_new, shrink.min(1.0))?;
        Some(extra.max(possible).max(1))
    }

    /// More blocks until the least possible p passes Holm's adjustment by `factor`.
    fn until_possible(&self, factor: usize) -> Option<usize> {
        let RatioEstimate { n_base, n_new, .. } = *self.ratio;
        let needed = ALPHA / factor as f64;
        (0..PRACTICAL_BLOCKS).find(|extra| {
            let log_ways = match self.ratio.logs {
                // 2ⁿ sign patterns.
                Logs::Paired(_) => (n_base + extra) as f64 * std::f64::consts::LN_2,
                // C(m + n, n) splits.
                Logs::Unpaired { .. } => {
                    let (m, n) = ((n_base + extra) as f64, n_new + extra);
                    (1..=n).map(|i| ((m + i as f64) / i as f64).ln()).sum()
                }
            };
            (2.0_f64.ln() - log_ways).exp() <= needed
        })
    }
}
