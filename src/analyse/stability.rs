//! Signs that a cell was not measured in peace. They are flagged, never deleted.

use std::fmt;

use inflight_stats::{Interval, Kendall, Margin, is_multimodal, middle, normal};

/// Spread, relative to the median, from which a cell is flagged: with 15 blocks and 5 % noise,
/// differences below about 7 % stay unseen (see [`super::detectable_ratio`]).
pub(super) const DISPERSED: f64 = 0.05;

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
    /// The blocks fall into groups.
    Multimodal {
        /// Median of the upper group ÷ median of the lower one.
        ratio: f64,
    },
    /// The two measurements of the A/A control seem to differ by more than the margin.
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
                let (noun, verb) =
                    if blocks.len() == 1 { ("block", "lies") } else { ("blocks", "lie") };
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
            Self::Multimodal { ratio } => write!(
                f,
                "blocks fall into groups, the upper one {ratio:.2} times the lower: look for what \
                 is now one way and now another (placement of threads, clock, a job in the \
                 background); the median may lie where no block does"
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
/// any unit; all finite).
#[must_use]
pub fn stability(blocks: &[f64]) -> Vec<Instability> {
    let flags = [
        dispersion(blocks),
        extremes(blocks),
        slow_start(blocks),
        trend(blocks),
        autocorrelation(blocks),
        multimodality(blocks),
    ];
    flags.into_iter().flatten().collect()
}

/// The flag for an A/A control whose interval reaches beyond the margin.
#[must_use]
pub fn wide_control(control: &Interval, margin: Margin) -> Option<Instability> {
    let reach = control.reach();
    (reach > 1.0 + margin.relative())
        .then(|| Instability::WideControl { reach, margin: margin.relative() })
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

/// Less than this share of the median is no disturbance, however quiet the other blocks are: the
/// default margin, below which no difference matters.
const NEGLIGIBLE: f64 = 0.02;

fn extremes(blocks: &[f64]) -> Option<Instability> {
    let (center, spread) = center_and_spread(blocks)?;
    let far: Vec<usize> = (1..)
        .zip(blocks)
        .filter(|(_, value)| {
            (**value - center).abs() > (EXTREME * spread).max(NEGLIGIBLE * center.abs())
        })
        .map(|(position, _)| position)
        .collect();
    (!far.is_empty()).then_some(Instability::Extremes { blocks: far })
}

fn slow_start(blocks: &[f64]) -> Option<Instability> {
    let (first, rest) = blocks.split_first()?;
    let (center, spread) = center_and_spread(rest)?;
    (center > 0.0 && first - center > (EXTREME * spread).max(NEGLIGIBLE * center))
        .then(|| Instability::SlowStart { ratio: first / center })
}

/// Mann's (1945) test for trend: Kendall's S against the order of blocks.
fn trend(blocks: &[f64]) -> Option<Instability> {
    if blocks.len() < MIN_ORDERED {
        return None;
    }
    let kendall = Kendall::of(blocks);
    // All values equal: p is not a number, and flags nothing.
    (kendall.p() <= FLAG_LEVEL).then_some(Instability::Trend { tau: kendall.tau })
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
    let covariance: f64 = blocks.windows(2).map(|pair| product(pair[0], pair[1])).sum();
    let lag_1 = covariance / variance;
    let limit = -1.0 / count - normal::quantile(FLAG_LEVEL) / count.sqrt();
    (lag_1 > limit).then_some(Instability::Autocorrelated { lag_1 })
}

/// The dip test says whether there are groups; where they part is where the two together spread
/// least around their own means (Fisher 1958).
fn multimodality(blocks: &[f64]) -> Option<Instability> {
    let mut sorted = blocks.to_vec();
    sorted.sort_by(f64::total_cmp);
    if !is_multimodal(&sorted) {
        return None;
    }
    let spread = |group: &[f64]| -> f64 {
        let mean = group.iter().sum::<f64>() / group.len() as f64;
        group.iter().map(|value| (value - mean) * (value - mean)).sum()
    };
    let both = |at: &usize| spread(&sorted[..*at]) + spread(&sorted[*at..]);
    let parting = (1..sorted.len()).min_by(|a, b| both(a).total_cmp(&both(b)))?;
    let (lower, upper) = (middle(&sorted[..parting]), middle(&sorted[parting..]));
    (lower > 0.0 && upper > lower * (1.0 + NEGLIGIBLE))
        .then(|| Instability::Multimodal { ratio: upper / lower })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Seconds without any pattern.
    const QUIET: [f64; 12] =
        [1.002, 0.998, 1.001, 0.999, 1.004, 0.997, 1.000, 1.003, 0.996, 1.002, 0.999, 1.001];

    fn texts(blocks: &[f64]) -> Vec<String> {
        stability(blocks).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn quiet_blocks_raise_no_flag() {
        for quiet in [&QUIET[..], &[1.0; 12], &[1.0], &[]] {
            assert_eq!(stability(quiet), []);
        }
    }

    #[test]
    fn each_disturbance_has_its_advice() {
        let mut slow = QUIET;
        slow[0] = 1.5;
        assert_eq!(
            texts(&slow),
            [
                "block 1 lies far from the others: look there for load and steal",
                "the first block took 1.50 times as long as the rest: add a warm-up block",
            ]
        );
        let mut hit = QUIET;
        (hit[4], hit[9]) = (2.0, 2.1);
        assert_eq!(
            texts(&hit),
            ["blocks 5, 10 lie far from the others: look there for load and steal"]
        );
        let wide: Vec<f64> = QUIET.iter().map(|value| 1.0 + 30.0 * (value - 1.0)).collect();
        assert_eq!(
            texts(&wide),
            ["blocks spread by 6.6 %: close other programs, or take more blocks"]
        );
        let rising: Vec<f64> = (0..12).map(|block| 1.0 + f64::from(block) * 1e-3).collect();
        assert_eq!(
            texts(&rising),
            [
                "blocks rise over the run (tau 1.00): look for heat, leaks or a filling disk; \
                 comparisons inside a block still hold",
                "a block resembles the one before it (r = 0.75): intervals of one cell are too \
                 narrow; trust comparisons inside a block",
            ]
        );
    }

    #[test]
    fn groups_are_told_from_fifteen_blocks_on() {
        // Without order: every second value but one.
        let groups = |blocks: usize, upper: f64| -> Vec<f64> {
            let level = |block| if [1, 2, 5, 7, 8, 11, 14].contains(&block) { upper } else { 1.0 };
            (0..blocks).map(|block| level(block) * QUIET[block % QUIET.len()]).collect()
        };
        // Those of one group also lie far from those of the other.
        let told = |blocks: Vec<f64>| {
            let mut all = texts(&blocks);
            all.retain(|text| text.contains("groups"));
            all
        };
        assert_eq!(
            told(groups(15, 1.04)),
            ["blocks fall into groups, the upper one 1.04 times the lower: look for what is now \
              one way and now another (placement of threads, clock, a job in the background); the \
              median may lie where no block does"]
        );
        assert_eq!(told(groups(15, 1.015)), [""; 0], "too near to matter");
        assert_eq!(told(groups(14, 1.04)), [""; 0], "too few");
    }

    #[test]
    fn a_control_is_wide_beyond_the_margin_on_either_side() {
        let control =
            |low, high| Interval { low, high, nominal: 0.95, achieved: 0.952, exact: true };
        let margin = Margin::default();
        assert_eq!(wide_control(&control(0.99, 1.01), margin), None);
        let flag = wide_control(&control(1.0 / 1.03, 1.01), margin).unwrap();
        assert_eq!(
            flag.to_string(),
            "the same cell measured twice may differ by 3.0 %, more than the margin of 2.0 %: take \
             more blocks or a quieter machine; no verdict says equivalent"
        );
    }
}
