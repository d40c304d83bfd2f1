//! Signs that a cell was not measured in peace. They are flagged, never deleted.

use std::fmt;

use super::{
    estimate::{Interval, NoEstimate, Side, check_finite, middle},
    normal,
    verdict::Margin,
};

/// Spread, relative to the median, from which a cell is flagged: with 15 blocks and 5 % noise,
/// differences below about 7 % stay unseen (see [`super::detectable_ratio`]).
const DISPERSED: f64 = 0.05;

/// Distance from the median in robust standard deviations from which a value is extreme (Iglewicz &
/// Hoaglin 1993). Of normal values, 1 in 2 000 is.
const EXTREME: f64 = 3.5;

/// Turns a median absolute deviation into the standard deviation of normal noise: 1 ÷ Φ⁻¹(¾).
const MAD_TO_SD: f64 = 1.482_602_218_505_602;

/// Level of the tests for trend and autocorrelation: each runs for every cell, and of a hundred
/// quiet cells one flag each is bearable.
const FLAG_LEVEL: f64 = 0.01;

/// Fewest blocks for the tests of order: from 8 on, the normal approximation of Kendall's S is
/// right to the second digit at [`FLAG_LEVEL`].
const MIN_ORDERED: usize = 8;

/// A sign of disturbance; `Display` says what to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Instability {
    /// The blocks spread widely.
    Dispersed {
        /// Robust standard deviation ÷ median.
        relative: f64,
    },
    /// Some blocks lie far from the others.
    Extremes {
        /// Their positions, counted from 1.
        blocks: Vec<usize>,
    },
    /// The first block is slower than the rest.
    SlowStart {
        /// First block ÷ median of the rest.
        ratio: f64,
    },
    /// The blocks rise or fall over the run.
    Trend {
        /// Kendall's τ with the order of blocks: −1 falling, 1 rising.
        tau: f64,
    },
    /// A block resembles the one before it.
    Autocorrelated {
        /// Autocorrelation at lag 1.
        lag_1: f64,
    },
    /// The same cell measured twice seems to differ by more than the margin.
    WideControl {
        /// The end of the A/A interval that is farther from 1, as a ratio of at least 1.
        reach: f64,
        /// The margin.
        margin: f64,
    },
}

impl fmt::Display for Instability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dispersed { relative } => write!(
                f,
                "blocks spread by {:.1} %: close other programs, or take more blocks",
                relative * 100.0
            ),
            Self::Extremes { blocks } => {
                let (noun, verb) = if blocks.len() == 1 {
                    ("block", "lies")
                } else {
                    ("blocks", "lie")
                };
                let list: Vec<String> = blocks.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "{noun} {} {verb} far from the others: look there for load and steal",
                    list.join(", ")
                )
            }
            Self::SlowStart { ratio } => write!(
                f,
                "the first block took {ratio:.2} times as long as the rest: add a warm-up block"
            ),
            Self::Trend { tau } => write!(
                f,
                "blocks {} over the run (tau {tau:.2}): look for heat, leaks or a filling disk; \
                 comparisons inside a block still hold",
                if *tau > 0.0 { "rise" } else { "fall" }
            ),
            Self::Autocorrelated { lag_1 } => write!(
                f,
                "a block resembles the one before it (r = {lag_1:.2}): intervals of one cell are \
                 too narrow; trust comparisons inside a block"
            ),
            Self::WideControl { reach, margin } => write!(
                f,
                "the same cell measured twice may differ by {:.1} %, more than the margin of \
                 {:.1} %: take more blocks or a quieter machine; no verdict says equivalent",
                (reach - 1.0) * 100.0,
                margin * 100.0
            ),
        }
    }
}

/// Flags for one cell, from its values in the order of blocks (of a metric where more is slower,
/// any unit).
///
/// # Errors
///
/// Without values, or with one that is not finite.
pub fn stability(blocks: &[f64]) -> Result<Vec<Instability>, NoEstimate> {
    check_finite(blocks, Side::Only)?;
    let flags = [
        dispersion(blocks),
        extremes(blocks),
        slow_start(blocks),
        trend(blocks),
        autocorrelation(blocks),
    ];
    Ok(flags.into_iter().flatten().collect())
}

/// The flag for an A/A control whose interval reaches beyond the margin.
#[must_use]
pub fn wide_control(control: &Interval, margin: Margin) -> Option<Instability> {
    let reach = control.high.ln().abs().max(control.low.ln().abs());
    (reach > margin.log()).then(|| Instability::WideControl {
        reach: reach.exp(),
        margin: margin.relative(),
    })
}

/// Median and robust standard deviation; none where more than half of the values are equal, which
/// leaves no measure of what is far.
fn center_and_spread(values: &[f64]) -> Option<(f64, f64)> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    if sorted.is_empty() {
        return None;
    }
    let center = middle(&sorted);
    let mut distances: Vec<f64> = values.iter().map(|value| (value - center).abs()).collect();
    distances.sort_by(f64::total_cmp);
    let spread = middle(&distances) * MAD_TO_SD;
    (spread > 0.0).then_some((center, spread))
}

fn dispersion(blocks: &[f64]) -> Option<Instability> {
    let (center, spread) = center_and_spread(blocks)?;
    let relative = spread / center.abs();
    (relative > DISPERSED).then_some(Instability::Dispersed { relative })
}

fn extremes(blocks: &[f64]) -> Option<Instability> {
    let (center, spread) = center_and_spread(blocks)?;
    let far: Vec<usize> = (1..)
        .zip(blocks)
        .filter(|(_, value)| (**value - center).abs() > EXTREME * spread)
        .map(|(position, _)| position)
        .collect();
    (!far.is_empty()).then_some(Instability::Extremes { blocks: far })
}

fn slow_start(blocks: &[f64]) -> Option<Instability> {
    let (first, rest) = blocks.split_first()?;
    let (center, spread) = center_and_spread(rest)?;
    (center > 0.0 && first - center > EXTREME * spread).then(|| Instability::SlowStart {
        ratio: first / center,
    })
}

/// Mann's (1945) test for trend: Kendall's S against the order of blocks, its variance corrected
/// for ties (Kendall 1975).
fn trend(blocks: &[f64]) -> Option<Instability> {
    let n = blocks.len();
    if n < MIN_ORDERED {
        return None;
    }
    let mut s = 0.0_f64;
    for (later, value) in blocks.iter().enumerate() {
        for earlier in &blocks[..later] {
            s += match value.total_cmp(earlier) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.0,
                std::cmp::Ordering::Less => -1.0,
            };
        }
    }
    let mut sorted = blocks.to_vec();
    sorted.sort_by(f64::total_cmp);
    let groups = |weight: fn(f64) -> f64| {
        let tied = sorted.chunk_by(|a, b| a == b);
        tied.map(|group| weight(group.len() as f64)).sum::<f64>()
    };
    let inversions: fn(f64) -> f64 = |t| t * (t - 1.0) * (2.0 * t + 5.0) / 18.0;
    let variance = inversions(n as f64) - groups(inversions);
    if variance <= 0.0 {
        return None;
    }
    let z = (s.abs() - 1.0).max(0.0) / variance.sqrt();
    let pairs: fn(f64) -> f64 = |t| t * (t - 1.0) / 2.0;
    let comparable = pairs(n as f64) - groups(pairs);
    // τ-b: the order of blocks itself has no ties.
    let tau = s / (comparable * pairs(n as f64)).sqrt();
    (2.0 * normal::cdf(-z) <= FLAG_LEVEL).then_some(Instability::Trend { tau })
}

/// Anderson (1942): of independent values, the autocorrelation at lag 1 has the mean −1/n and about
/// the variance 1/n.
fn autocorrelation(blocks: &[f64]) -> Option<Instability> {
    let n = blocks.len();
    if n < MIN_ORDERED {
        return None;
    }
    let count = n as f64;
    let mean = blocks.iter().sum::<f64>() / count;
    let product = |a: f64, b: f64| (a - mean) * (b - mean);
    let variance: f64 = blocks.iter().map(|&value| product(value, value)).sum();
    if variance == 0.0 {
        return None;
    }
    let covariance: f64 = blocks
        .windows(2)
        .map(|pair| product(pair[0], pair[1]))
        .sum();
    let lag_1 = covariance / variance;
    let limit = -1.0 / count - normal::quantile(FLAG_LEVEL) / count.sqrt();
    (lag_1 > limit).then_some(Instability::Autocorrelated { lag_1 })
}
