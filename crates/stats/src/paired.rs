//! Two sides, compared block by block.

use super::{
    estimate::{
        Estimate, Interval, MIN_BLOCKS, NOMINAL, NoEstimate, NoInterval, Side, check_positive,
    },
    null::Null,
    ratio::{Logs, Lost, RatioEstimate, log_ratio},
    sample::Pairs,
    select::{walsh_kth, walsh_median},
};

/// The ratio new ÷ base of two sides whose values stand in the same order of blocks.
///
/// The estimate is Hodges & Lehmann's (1963): the median of the Walsh averages of the log-ratios,
/// back on the ratio scale. The interval runs between the k-th smallest and k-th largest Walsh
/// average, k from Wilcoxon's signed-rank distribution (Hollander & Wolfe 1999, section 3.3): exact
/// up to 50 blocks for log-ratios that are symmetric about their centre, which A/A noise is by the
/// random order within a block; beyond 50 a normal approximation with continuity correction.
///
/// The test ranks the log-ratios by size. Ties take midranks, zeros are ranked and then carry no
/// sign (Pratt 1959), and p comes from all sign patterns of just these ranks, so it stays exact
/// with both. The interval treats ties as the limit of untied data, and then covers more.
///
/// # Errors
///
/// Without values, with unequal numbers of them, or with one that is not a finite number above 0.
pub fn paired_ratio(base: &[f64], new: &[f64]) -> Result<RatioEstimate, NoEstimate> {
    ratio_of(base, new, 0)
}

/// The ratio of [`paired_ratio`] where blocks gave no pair: interval and p hold whatever they would
/// have shown (see [`Pairs`]).
///
/// # Errors
///
/// Those of [`paired_ratio`].
pub fn lossy_paired_ratio(pairs: &Pairs) -> Result<RatioEstimate, NoEstimate> {
    ratio_of(&pairs.base, &pairs.new, pairs.lost)
}

fn ratio_of(base: &[f64], new: &[f64], lost: usize) -> Result<RatioEstimate, NoEstimate> {
    let logs = sorted_logs(base, new)?;
    let n = logs.len();
    let lost = Lost { base: 0, new: lost };
    let center = walsh_median(&logs);
    let interval = log_interval(&logs, lost.new).map(|interval| interval.map(f64::exp));
    let above = logs.iter().filter(|&&log| log > 0.0).count() as f64;
    let equal = logs.iter().filter(|&&log| log == 0.0).count() as f64;
    let logs = Logs::Paired(logs);
    let (p, p_exact) = logs.test(0.0, lost, center);
    Ok(RatioEstimate {
        ratio: Estimate { value: center.exp(), n, interval },
        n_base: n,
        n_new: n,
        p,
        p_exact,
        superiority: (above + equal / 2.0) / n as f64,
        logs,
        lost,
    })
}

/// The interval of [`lossy_paired_ratio`] alone, which is a small part of its work.
///
/// # Errors
///
/// Those of [`paired_ratio`].
pub fn paired_interval(pairs: &Pairs) -> Result<Result<Interval, NoInterval>, NoEstimate> {
    let logs = sorted_logs(&pairs.base, &pairs.new)?;
    Ok(log_interval(&logs, pairs.lost).map(|interval| interval.map(f64::exp)))
}

/// The log-ratios in ascending order.
fn sorted_logs(base: &[f64], new: &[f64]) -> Result<Vec<f64>, NoEstimate> {
    check_positive(base, Side::Base)?;
    check_positive(new, Side::New)?;
    if base.len() != new.len() {
        return Err(NoEstimate::NotPaired { base: base.len(), new: new.len() });
    }
    let mut logs: Vec<f64> =
        base.iter().zip(new).map(|(&base, &new)| log_ratio(base, new)).collect();
    logs.sort_by(f64::total_cmp);
    Ok(logs)
}

/// A lost pair takes its Walsh averages to −∞ for the lower end, and to ∞ for the upper one.
fn log_interval(logs: &[f64], lost: usize) -> Result<Interval, NoInterval> {
    let (n, of) = (logs.len(), logs.len() + lost);
    let Some(critical) = Null::signed_rank(of).critical().filter(|_| n >= MIN_BLOCKS) else {
        return Err(NoInterval::TooFewBlocks { needs: MIN_BLOCKS, has: n });
    };
    let averages = |n: usize| n as u64 * (n as u64 + 1) / 2;
    let infinite = averages(of) - averages(n);
    let Some(rank) = critical.rank.checked_sub(infinite).filter(|&rank| rank > 0) else {
        return Err(NoInterval::TrialsLost { lost, of });
    };
    Ok(Interval {
        low: walsh_kth(logs, rank),
        high: walsh_kth(logs, averages(n) + 1 - rank),
        nominal: NOMINAL,
        achieved: critical.achieved,
        exact: critical.exact,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::fixtures;
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, LogNormal};

    #[test]
    fn agrees_with_scipy() {
        for case in fixtures().paired {
            case.check(&paired_ratio(&case.base, &case.new).unwrap());
        }
    }

    #[test]
    fn few_blocks_give_a_ratio_and_a_reason() {
        let estimate = paired_ratio(&[1.0, 2.0, 4.0, 8.0], &[2.0, 4.0, 8.0, 16.0]).unwrap();
        assert_eq!(estimate.ratio.value, 2.0);
        let reason = estimate.ratio.interval.unwrap_err();
        assert_eq!(reason.to_string(), "needs at least 6 blocks, has 4");
        assert_eq!(estimate.p, 0.125);
    }

    #[test]
    fn refuses_what_cannot_be_paired() {
        let unequal = paired_ratio(&[1.0], &[1.0, 2.0]).unwrap_err();
        assert_eq!(
            unequal.to_string(),
            "values cannot be paired: 1 on the base side, 2 on the new side"
        );
        assert!(paired_ratio(&[], &[]).is_err());
        assert!(paired_ratio(&[0.0], &[1.0]).is_err());
        assert!(paired_ratio(&[1.0], &[f64::INFINITY]).is_err());
    }

    /// Of intervals that cover 95.2 %, 4.8 % miss. The tolerance is three standard errors of 600
    /// simulated runs: 3·√(0.048·0.952 ÷ 600) = 2.6 %.
    #[test]
    fn intervals_of_equal_cells_exclude_1_as_rarely_as_promised() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(1);
        let block = LogNormal::new(0.0, 0.2).unwrap();
        let trial = LogNormal::new(0.0, 0.02).unwrap();
        let runs = 600;
        let missed = (0..runs)
            .filter(|_| {
                let shared: Vec<f64> = (0..15).map(|_| block.sample(&mut rng)).collect();
                let base: Vec<f64> = shared.iter().map(|b| b * trial.sample(&mut rng)).collect();
                let new: Vec<f64> = shared.iter().map(|b| b * trial.sample(&mut rng)).collect();
                let interval = paired_ratio(&base, &new).unwrap().ratio.interval.unwrap();
                !interval.contains(1.0)
            })
            .count();
        let share = missed as f64 / f64::from(runs);
        assert!((0.022..=0.074).contains(&share), "{share}");
    }

    fn walls() -> impl Strategy<Value = (Vec<f64>, Vec<f64>)> {
        let wall = || prop_oneof![1e6..1e10, (1..5_u32).prop_map(f64::from)];
        prop::collection::vec((wall(), wall()), 1..30).prop_map(|pairs| pairs.into_iter().unzip())
    }

    proptest! {
        #[test]
        fn swapping_inverts((base, new) in walls()) {
            let there = paired_ratio(&base, &new).unwrap();
            let back = paired_ratio(&new, &base).unwrap();
            prop_assert!((there.ratio.value * back.ratio.value - 1.0).abs() < 1e-12);
            prop_assert_eq!(there.p, back.p);
            prop_assert!((there.superiority + back.superiority - 1.0).abs() < 1e-12);
            if let (Ok(there), Ok(back)) = (there.ratio.interval, back.ratio.interval) {
                prop_assert!((there.low * back.high - 1.0).abs() < 1e-12);
                prop_assert!((there.high * back.low - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn units_do_not_matter((base, new) in walls(), power in -20..20_i32) {
            let factor = 2_f64.powi(power);
            let scale = |values: &[f64]| values.iter().map(|value| value * factor).collect::<Vec<_>>();
            let plain = paired_ratio(&base, &new).unwrap();
            prop_assert_eq!(&paired_ratio(&scale(&base), &scale(&new)).unwrap(), &plain);
            let slower = paired_ratio(&base, &scale(&new)).unwrap();
            prop_assert!((slower.ratio.value / plain.ratio.value / factor - 1.0).abs() < 1e-12);
        }

        #[test]
        fn the_interval_contains_the_ratio((base, new) in walls()) {
            let ratio = paired_ratio(&base, &new).unwrap().ratio;
            if let Ok(interval) = ratio.interval {
                prop_assert!(interval.contains(ratio.value));
                prop_assert!(interval.achieved >= interval.nominal);
            }
        }

        #[test]
        fn a_cell_equals_itself((base, _) in walls()) {
            let same = paired_ratio(&base, &base).unwrap();
            prop_assert_eq!((same.ratio.value, same.p, same.superiority), (1.0, 1.0, 0.5));
        }

        /// Tests and intervals invert each other: the interval excludes 1 exactly if p does.
        #[test]
        fn interval_and_p_agree_without_ties(
            logs in prop::collection::vec(-0.1..0.2_f64, 6..20),
        ) {
            let new: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
            let estimate = paired_ratio(&vec![1.0; new.len()], &new).unwrap();
            let interval = estimate.ratio.interval.unwrap();
            prop_assert_eq!(!interval.contains(1.0), estimate.p <= 0.05);
        }
    }
}
