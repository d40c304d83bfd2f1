//! What a number of blocks can see.

use super::{estimate::MIN_BLOCKS, normal, null::Null};

/// Most blocks that are ever proposed: at ten seconds per block, a day and more of measuring.
pub(super) const PRACTICAL_BLOCKS: usize = 10_000;

/// The ratio, above 1, that a paired comparison of `blocks` blocks tells from 1 with the chance
/// `power` (0.9: in nine of ten runs). None for too few blocks, for noise that is not a finite
/// number of at least 0, and for a power outside (0, 1).
///
/// `sd_log` is the standard deviation of the log of one trial, which for small noise is its
/// relative standard deviation (2 % is 0.02), without what all trials of a block share; the
/// log-ratio of two trials spreads √2 times as far.
///
/// A verdict needs the interval beyond the margin, not just beyond 1: multiply the result by the
/// margin's factor (1.02 for 2 %). The noise is taken for normal.
///
/// Formula: n = (z₁₋α⸝₂ + z_power)² σ² ÷ θ² · π/3 + z₁₋α⸝₂² ÷ 2, solved for θ, with σ the spread and
/// θ the centre of the log-ratios; 3/π is the efficiency of the signed-rank test relative to the t
/// test under normal noise (Hodges & Lehmann 1956), the last term corrects small samples (Guenther
/// 1981), and α is the exact level of the interval of so many blocks. Against simulation the power
/// is right to a few percent from 10 blocks on, and too hopeful below.
#[must_use]
pub fn detectable_ratio(sd_log: f64, blocks: usize, power: f64) -> Option<f64> {
    let sane = sd_log.is_finite() && sd_log >= 0.0 && power > 0.0 && power < 1.0;
    let critical = Null::signed_rank(blocks).critical()?;
    let z = normal::quantile((1.0 + critical.achieved) / 2.0);
    let sd_difference = sd_log * std::f64::consts::SQRT_2;
    let effective = (blocks as f64 - z * z / 2.0) * 3.0 / std::f64::consts::PI;
    // Below power α/2 nothing needs to differ.
    let distance = (z + normal::quantile(power)).max(0.0);
    sane.then(|| (distance * sd_difference / effective.sqrt()).exp())
}

/// The fewest blocks whose [`detectable_ratio`] is at most `ratio` (or its inverse, for a ratio
/// below 1). None if 10 000 are not enough, for example for a ratio of 1.
#[must_use]
pub fn blocks_for(sd_log: f64, ratio: f64, power: f64) -> Option<usize> {
    let target = ratio.ln().abs();
    let sees = |blocks: usize| {
        detectable_ratio(sd_log, blocks, power).is_some_and(|ratio| ratio.ln() <= target)
    };
    if ratio <= 0.0 || target == 0.0 || !target.is_finite() || !sees(PRACTICAL_BLOCKS) {
        return None;
    }
    (MIN_BLOCKS..=PRACTICAL_BLOCKS).find(|&blocks| sees(blocks))
}

/// The least `extra` such that `extra` more values on both sides shrink an interval to `factor`
/// (below 1) of its width, which goes with √(1/m + 1/n). None if that is not practical.
pub(super) fn extra_to_shrink(n_base: usize, n_new: usize, factor: f64) -> Option<usize> {
    let width = |extra: usize| 1.0 / (n_base + extra) as f64 + 1.0 / (n_new + extra) as f64;
    let wanted = width(0) * factor * factor;
    if width(PRACTICAL_BLOCKS) > wanted {
        return None;
    }
    let (mut low, mut high) = (0, PRACTICAL_BLOCKS);
    while low < high {
        let middle = usize::midpoint(low, high);
        if width(middle) <= wanted {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Some(high)
}
