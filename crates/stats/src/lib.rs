//! Statistics of repeated measurements: slices of numbers in, estimates with intervals out. No I/O,
//! no clock, and no knowledge of what was measured.
//!
//! The words are those of a randomised block design: a *trial* gives one value, a *block* one value of
//! every treatment, a *side* of a comparison is its base or what is new.
//!
//! ```text
//! values of one sample            ─median, bootstrap→                    Estimate
//! Pairs of two sides, by block    ─paired_ratio, lossy_paired_ratio→     RatioEstimate ┐
//! two independent Samples         ─shift_ratio, lossy_shift_ratio→       RatioEstimate ┴─judge→ Verdict
//! values of which some are zero   ─rank_test, paired_rank_test→          RankTest
//! failed trials of two sides      ─fails_more, fails_more_by_block→      p
//! p values of one family          ─holm→                                 adjusted p
//! values in the order of blocks   ─Kendall, is_multimodal→               signs of trend and of groups
//! noise, blocks, power            ─detectable_ratio, blocks_for→         what a plan can see
//! comparisons or treatments       ─blocks_to_judge, blocks_to_rank→      blocks that can decide them
//! throughputs by limit and block  ─scalability→                          scalability law
//! ```
//!
//! Every result is an estimate with its interval and its number of values. What cannot be computed
//! is a variant that gives the reason ([`NoEstimate`], [`NoInterval`]), never a neutral number.

mod bootstrap;
mod counts;
mod dip;
mod estimate;
#[cfg(test)]
mod fixtures;
mod holm;
mod judge;
mod kendall;
mod levels;
mod median;
pub mod normal;
mod null;
mod paired;
mod power;
mod rank;
mod ratio;
mod sample;
mod select;
mod unpaired;
mod usl;
mod verdict;
mod wilcoxon;

pub use self::{
    bootstrap::bootstrap,
    counts::{fails_more, fails_more_by_block},
    dip::is_multimodal,
    estimate::{ALPHA, Estimate, Interval, MIN_BLOCKS, NoEstimate, NoInterval, Side, middle},
    holm::holm,
    judge::{judge, judge_each},
    kendall::Kendall,
    levels::Levels,
    median::median,
    paired::{lossy_paired_ratio, paired_interval, paired_ratio},
    power::{blocks_for, blocks_to_judge, blocks_to_rank, detectable_ratio},
    rank::{RankTest, difference_interval, paired_rank_test, rank_test},
    ratio::RatioEstimate,
    sample::{Direction, Pairs, Sample},
    unpaired::{lossy_shift_ratio, shift_interval, shift_ratio},
    usl::{LINEAR, MIN_LIMITS, MISSES, NoLaw, Peak, Saturation, Scalability, Usl, scalability},
    verdict::{Comparison, Doubt, Judged, Margin, Verdict},
};
