//! Pure statistics over a recording: no I/O, no clock, no globals.
//!
//! The trial is the unit; requests are never pooled for a test.
//!
//! ```text
//! trials of one cell            ─Fitness::check→             may it be judged, or why not
//! Sample of one cell            ─median, bootstrap→          Estimate
//! Pairs of two cells, by block  ─lossy_paired_ratio→         RatioEstimate ┐
//! Samples of two runs           ─lossy_shift_ratio→          RatioEstimate ┴─judge→ Verdict per comparison
//! values of which some are zero ─rank_test→                  RankTest
//! failed trials of two sides    ─fails_more→                 p
//! Estimate and the bounds of a claim ─judge_claim→           Finding
//! values of one cell in block order  ─stability→             flags with advice
//! trials so far, stopping rule  ─narrow_enough→ whether the run may end
//! rows of the environment            ─disturbances→          the same for the machine
//! noise, blocks, power          ─detectable_ratio, blocks_for→ what a plan can see
//! comparisons or cells at once  ─blocks_to_judge, blocks_to_rank→ blocks that can decide them
//! cells that differ in their limit   ─Sweep→    scalability law, knee, what binds there
//! ```
//!
//! Every result is an estimate with its interval and its number of values. What cannot be computed
//! is a variant that gives the reason ([`NoEstimate`], [`NoInterval`]), never a neutral number.

mod analysis;
mod bootstrap;
mod claim;
mod claims;
mod counts;
mod dip;
mod disturbance;
mod estimate;
mod fitness;
#[cfg(test)]
pub(crate) mod fixtures;
mod holm;
mod judge;
mod levels;
mod median;
mod metric;
mod null;
mod paired;
mod power;
mod rank;
mod ratio;
mod sample;
mod select;
mod stability;
mod stop;
mod sweep;
mod unpaired;
mod usl;
mod verdict;

use crate::normal;

pub use self::{
    analysis::{Analysis, CellAnalysis, Compared, Control, paired, sample},
    bootstrap::bootstrap,
    claim::{Bounds, Finding, Undecided, judge_claim},
    claims::{ClaimAnalysis, ClaimCell, ClaimFinding},
    counts::{fails_more, fails_more_by_block},
    disturbance::{Disturbance, disturbances},
    estimate::{Estimate, Interval, NoEstimate, NoInterval, Side},
    fitness::{Fitness, Unfit, allowance},
    holm::holm,
    judge::{judge, judge_each},
    levels::Levels,
    median::median,
    paired::{lossy_paired_ratio, paired_ratio},
    power::{blocks_for, blocks_to_judge, blocks_to_rank, detectable_ratio},
    rank::{RankTest, difference_interval, paired_rank_test, rank_test},
    ratio::RatioEstimate,
    sample::{Pairs, Sample},
    stability::{Instability, stability, wide_control},
    stop::{narrow_enough, widest_half_width},
    sweep::{BEHIND, Binds, FULL, Knee, LeftOut, Sweep, SweepPoint},
    unpaired::{lossy_shift_ratio, shift_interval, shift_ratio},
    usl::{LINEAR, MIN_LIMITS, MISSES, NoLaw, Peak, Saturation, Scalability, Usl, scalability},
    verdict::{Comparison, Direction, Doubt, Judged, Margin, Verdict},
};
