//! Numbers of a recording, and conclusions from them: no I/O, no clock, no globals.
//!
//! The trial is the unit; requests are never pooled for a test. The statistics themselves are those of
//! [`inflight_stats`], which knows of no recording.
//!
//! ```text
//! trials of one cell                 ─Fitness::check→             may it be judged, or why not
//! trials of one cell, a metric       ─Metric::sample→             Sample ─median→ Estimate
//! trials of two cells, a metric      ─Metric::pairs→              Pairs ─lossy_paired_ratio→ RatioEstimate
//! comparisons of a scenario          ─judge→                      Verdict per comparison
//! Estimate and the bounds of a claim ─judge_claim→                Finding
//! values of one cell in block order  ─stability→                  flags with advice
//! trials so far, stopping rule       ─narrow_enough→              whether the run may end
//! rows of the environment            ─disturbances→               the same for the machine
//! cells that differ in their limit   ─Sweep→                      scalability law, knee, what binds there
//! ```
//!
//! A number that cannot be computed is a variant that gives the reason ([`NoEstimate`], [`NoInterval`]), never a
//! neutral number.

mod analysis;
mod claim;
mod claims;
mod disturbance;
mod fitness;
mod metric;
mod reason;
mod stability;
mod stop;
mod sweep;
mod workers;

pub use inflight_stats::{
    Direction, Doubt, Estimate, Interval, Levels, MIN_LIMITS, MISSES, Margin, NoInterval, NoLaw,
    Pairs, Peak, RankTest, RatioEstimate, Sample, Scalability, Side, Verdict, blocks_to_judge,
    blocks_to_rank, detectable_ratio, difference_interval, fails_more, fails_more_by_block, holm,
    judge, judge_each, lossy_paired_ratio, lossy_shift_ratio, median, paired_rank_test,
    paired_ratio, rank_test, shift_interval, shift_ratio,
};

pub use self::{
    analysis::{Analysis, CellAnalysis, Compared, Control},
    claim::{Bounds, Finding, Undecided, judge_claim},
    claims::{ClaimAnalysis, ClaimCell, ClaimFinding},
    disturbance::{Disturbance, disturbances},
    fitness::{Fitness, Unfit, allowance},
    reason::{Comparison, Judged, NoEstimate},
    stability::{Instability, stability, wide_control},
    stop::{narrow_enough, widest_half_width},
    sweep::{BEHIND, CpuUse, FULL, Knee, LeftOut, Sweep, SweepPoint},
    workers::check_workers,
};
