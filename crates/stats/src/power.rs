//! Differences that a number of blocks can show.

use super::{
    estimate::{ALPHA, MIN_BLOCKS},
    normal,
    null::Null,
};

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
    if ratio <= 0.0 || target == 0.0 || !target.is_finite() {
        return None;
    }
    // The slack lets a ratio from `detectable_ratio` have its own blocks in spite of rounding.
    let sees = |blocks: usize| {
        detectable_ratio(sd_log, blocks, power).is_some_and(|ratio| ratio.ln() <= target + 1e-12)
    };
    sees(PRACTICAL_BLOCKS).then(|| least(MIN_BLOCKS, PRACTICAL_BLOCKS, sees))
}

/// The fewest blocks with which a family of so many paired comparisons can be decided: the least n
/// with 2 ÷ 2ⁿ × `comparisons` ≤ 5 %, and at least the six that an interval needs.
///
/// The smallest p of n blocks is 2 ÷ 2ⁿ: all differences have one sign, which is one of 2ⁿ patterns
/// and counts for both directions. [`super::judge()`] multiplies the smallest p of a family by the
/// size of the family (Holm). If every comparison is as clear as that, all of them pass together,
/// or, one block earlier, none does, however large the differences are.
#[must_use]
pub fn blocks_to_judge(comparisons: usize) -> usize {
    // 2ⁿ × 5 % has to reach twice the number of comparisons, of which 2⁶⁴ are more than enough.
    let decides = |blocks: &usize| {
        let least_p = 2.0 * 0.5_f64.powi(i32::try_from(*blocks).unwrap_or(i32::MAX));
        least_p * comparisons as f64 <= ALPHA
    };
    (MIN_BLOCKS..128).find(decides).unwrap_or(128)
}

/// The fewest blocks with which so many treatments can be ranked: [`blocks_to_judge`] of one
/// comparison for every two of them, since a ranking states an order of every two.
///
/// The comparisons with one of them are among these, and those with the fastest one. That one is
/// chosen by the data, and any could have been chosen; that is why its family is that of all pairs.
#[must_use]
pub fn blocks_to_rank(treatments: usize) -> usize {
    blocks_to_judge(treatments.saturating_mul(treatments.saturating_sub(1)) / 2)
}

/// The least `extra` such that `extra` more values on both sides shrink an interval to `factor`
/// (below 1) of its width, which goes with √(1/m + 1/n). None if that is not practical.
pub(super) fn extra_to_shrink(n_base: usize, n_new: usize, factor: f64) -> Option<usize> {
    let width = |extra: usize| 1.0 / (n_base + extra) as f64 + 1.0 / (n_new + extra) as f64;
    let wanted = width(0) * factor * factor;
    if width(PRACTICAL_BLOCKS) > wanted {
        return None;
    }
    Some(least(0, PRACTICAL_BLOCKS, |extra| width(extra) <= wanted))
}

/// The least number in [low, high] that is enough, if every greater one is and `high` is.
fn least(mut low: usize, mut high: usize, enough: impl Fn(usize) -> bool) -> usize {
    while low < high {
        let middle = usize::midpoint(low, high);
        if enough(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    high
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Comparison, Direction, Doubt, Judged, Margin, Verdict, judge, paired_ratio};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, LogNormal};

    #[test]
    fn fifteen_blocks_of_2_percent_noise_see_3_percent() {
        let ratio = detectable_ratio(0.02, 15, 0.9).unwrap();
        assert!((1.024..1.028).contains(&ratio), "{ratio}");
        assert_eq!(blocks_for(0.02, ratio, 0.9), Some(15));
        assert_eq!(blocks_for(0.02, 1.0 / ratio, 0.9), Some(15));
    }

    /// The formula's promise, kept by the engine itself: nine of ten simulated runs see the
    /// difference, give or take three standard errors, 3·√(0.9·0.1 ÷ 400) = 4.5 %, and the formula's
    /// own error.
    #[test]
    fn the_promised_power_is_the_simulated_one() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(3);
        for blocks in [10, 15, 30] {
            let ratio = detectable_ratio(0.02, blocks, 0.9).unwrap();
            let trial = LogNormal::new(0.0, 0.02).unwrap();
            let runs = 400;
            let seen = (0..runs)
                .filter(|_| {
                    let mut draw = |factor: f64| -> Vec<f64> {
                        (0..blocks).map(|_| factor * trial.sample(&mut rng)).collect()
                    };
                    let (base, new) = (draw(1.0), draw(ratio));
                    let estimate = paired_ratio(&base, &new).unwrap();
                    estimate.ratio.interval.unwrap().low > 1.0
                })
                .count();
            let power = seen as f64 / f64::from(runs);
            assert!((0.84..0.96).contains(&power), "{blocks} blocks: {power}");
        }
    }

    #[test]
    fn what_no_number_of_blocks_shows() {
        assert_eq!(detectable_ratio(0.02, 5, 0.9), None);
        assert_eq!(detectable_ratio(f64::NAN, 15, 0.9), None);
        assert_eq!(detectable_ratio(0.02, 15, 1.0), None);
        assert_eq!(detectable_ratio(0.0, 15, 0.9), Some(1.0));
        assert_eq!(blocks_for(0.02, 1.0, 0.9), None);
        assert_eq!(blocks_for(0.5, 1.001, 0.9), None);
        assert_eq!(blocks_for(0.0, 1.5, 0.9), Some(6));
    }

    #[test]
    fn more_blocks_always_see_more() {
        let ratios: Vec<f64> =
            (6..200).map(|blocks| detectable_ratio(0.02, blocks, 0.9).unwrap()).collect();
        assert!(ratios.is_sorted_by(|fewer, more| fewer > more));
    }

    #[test]
    fn half_the_width_takes_four_times_the_blocks() {
        assert_eq!(extra_to_shrink(10, 10, 0.5), Some(30));
        assert_eq!(extra_to_shrink(10, 10, 1.0), Some(0));
        assert_eq!(extra_to_shrink(10, 10, 1e-3), None);
    }

    #[test]
    fn five_cells_need_nine_blocks_to_be_ranked() {
        // 10 pairs: 10 × 2 ÷ 2⁹ = 3.9 %, and 7.8 % with one block fewer.
        assert_eq!(blocks_to_rank(5), 9);
        // Four comparisons with a baseline: 4 × 2 ÷ 2⁸ = 3.1 %.
        assert_eq!(blocks_to_judge(4), 8);
        assert_eq!([0, 1, 2, 3, 4, 6, 7, 8].map(blocks_to_rank), [6, 6, 6, 7, 8, 10, 10, 11]);
        assert!(blocks_to_rank(usize::MAX) < 128);
    }

    /// All pairs of `cells` cells that are a third apart, over `blocks` blocks with a noise of 2 %.
    fn all_pairs(cells: usize, blocks: usize, seed: u64) -> Vec<Judged> {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        let noise = LogNormal::new(0.0, 0.02).unwrap();
        let walls: Vec<Vec<f64>> = (0..cells)
            .map(|cell| {
                let middle = 1.33_f64.powi(i32::try_from(cell).unwrap());
                (0..blocks).map(|_| middle * noise.sample(&mut rng)).collect()
            })
            .collect();
        let pairs = (0..cells).flat_map(|base| (base + 1..cells).map(move |new| (base, new)));
        let family: Vec<Comparison> = pairs
            .map(|(base, new)| Comparison {
                ratio: paired_ratio(&walls[base], &walls[new]),
                direction: Direction::LowerIsBetter,
            })
            .collect();
        judge(&family, Margin::default(), None)
    }

    proptest! {
        /// The law that ties the number to the judge: so many blocks rank clear cells, one block
        /// fewer ranks none of them, and the judge then asks for one more.
        #[test]
        fn so_many_blocks_rank_clear_cells_and_one_fewer_does_not(
            cells in 2..12_usize, seed in any::<u64>(),
        ) {
            let blocks = blocks_to_rank(cells);
            for judged in all_pairs(cells, blocks, seed) {
                prop_assert_eq!(judged.verdict, Ok(Verdict::Slower));
            }
            for judged in all_pairs(cells, blocks - 1, seed) {
                prop_assert_eq!(
                    judged.verdict, Ok(Verdict::Inconclusive { more_blocks: Some(1) })
                );
                let few = matches!(
                    judged.doubt, Some(Doubt::Multiplicity { .. } | Doubt::NoInterval(_))
                );
                prop_assert!(few);
            }
        }

        #[test]
        fn more_comparisons_never_need_fewer_blocks(comparisons in 0..100_000_usize) {
            let (fewer, more) = (blocks_to_judge(comparisons), blocks_to_judge(comparisons + 1));
            prop_assert!(fewer <= more && more <= fewer + 1);
        }

        #[test]
        fn blocks_and_ratios_invert_each_other(sd in 0.001..0.2, ratio in 1.01..2.0_f64) {
            if let Some(blocks) = blocks_for(sd, ratio, 0.9) {
                prop_assert!(detectable_ratio(sd, blocks, 0.9).unwrap() <= ratio * (1.0 + 1e-12));
                if blocks > 6 {
                    prop_assert!(detectable_ratio(sd, blocks - 1, 0.9).unwrap() > ratio);
                }
            }
        }
    }
}
