//! Two independent samples, compared without pairs.

use super::{
    estimate::{Estimate, Interval, NOMINAL, NoEstimate, NoInterval, Side, check_positive},
    null::Null,
    ratio::{Logs, Lost, RatioEstimate},
    sample::Sample,
    select::{difference_kth, difference_median},
    wilcoxon::Ranks,
};

/// The ratio new ÷ base of two independent samples.
///
/// The estimate is Hodges & Lehmann's (1963): the median of all differences of logs, back on the
/// ratio scale. The interval runs between the k-th smallest and k-th largest difference, k from the
/// distribution of Mann and Whitney's U (Hollander & Wolfe 1999, section 4.3): exact up to 50 trials
/// per side, and for a side of one or two, if the two distributions of logs differ by a shift only; beyond, a normal approximation
/// with continuity correction.
///
/// Ties take midranks. p then comes from all splits of just these midranks (exact), or beyond 50
/// trials from the normal approximation with its variance corrected for ties. The interval treats
/// ties as the limit of untied data, and then covers more.
///
/// Across machines only ratios of ratios mean anything: give the ratios of the blocks of either
/// machine as `base` and `new`.
///
/// Differences are counted, never stored: 10 000 trials per side take milliseconds and no memory.
///
/// # Errors
///
/// Without values on a side, or with one that is not a finite number above 0.
pub fn shift_ratio(base: &[f64], new: &[f64]) -> Result<RatioEstimate, NoEstimate> {
    ratio_of(base, new, Lost::default())
}

/// The ratio of [`shift_ratio`] where trials gave no value: interval and p hold whatever they would
/// have shown (see [`Sample`]).
///
/// # Errors
///
/// Those of [`shift_ratio`].
pub fn lossy_shift_ratio(base: &Sample, new: &Sample) -> Result<RatioEstimate, NoEstimate> {
    ratio_of(&base.values, &new.values, Lost { base: base.lost, new: new.lost })
}

fn ratio_of(base: &[f64], new: &[f64], lost: Lost) -> Result<RatioEstimate, NoEstimate> {
    let base = logs(base, Side::Base)?;
    let new = logs(new, Side::New)?;
    let (n_base, n_new) = (base.len(), new.len());
    let pairs = n_base as f64 * n_new as f64;
    let center = difference_median(&base, &new);
    let interval = log_interval(&base, &new, lost).map(|interval| interval.map(f64::exp));
    let superiority = Ranks::of(&base, &new).doubled_u as f64 / 2.0 / pairs;
    let logs = Logs::Unpaired { base, new };
    let (p, p_exact) = logs.test(0.0, lost, center);
    Ok(RatioEstimate {
        ratio: Estimate { value: center.exp(), n: n_base.min(n_new), interval },
        n_base,
        n_new,
        p,
        p_exact,
        superiority,
        logs,
        lost,
    })
}

/// The interval of [`shift_ratio`] alone: an exact p takes far longer where values are tied.
pub fn shift_interval(base: &[f64], new: &[f64]) -> Option<Interval> {
    let (base, new) = (logs(base, Side::Base).ok()?, logs(new, Side::New).ok()?);
    Some(log_interval(&base, &new, Lost::default()).ok()?.map(f64::exp))
}

fn logs(values: &[f64], side: Side) -> Result<Vec<f64>, NoEstimate> {
    check_positive(values, side)?;
    let mut logs: Vec<f64> = values.iter().map(|value| value.ln()).collect();
    logs.sort_by(f64::total_cmp);
    Ok(logs)
}

/// A lost trial takes its differences to −∞ for the lower end, and to ∞ for the upper one.
fn log_interval(base: &[f64], new: &[f64], lost: Lost) -> Result<Interval, NoInterval> {
    let (all_base, all_new) = (base.len() + lost.base, new.len() + lost.new);
    let Some(critical) = Null::mann_whitney(all_base, all_new).critical() else {
        return Err(too_few(all_base, all_new));
    };
    let pairs = base.len() as u64 * new.len() as u64;
    let infinite = all_base as u64 * all_new as u64 - pairs;
    let Some(rank) = critical.rank.checked_sub(infinite).filter(|&rank| rank > 0) else {
        let (lost, of) = (lost.base + lost.new, all_base + all_new);
        return Err(NoInterval::TrialsLost { lost, of });
    };
    Ok(Interval {
        low: difference_kth(base, new, rank),
        high: difference_kth(base, new, pairs + 1 - rank),
        nominal: NOMINAL,
        achieved: critical.achieved,
        exact: critical.exact,
    })
}

/// Whether so many trials have a 95 % interval: the widest one, from the least difference to the greatest,
/// covers 1 − 2 ÷ C(m + n, n), which is 97.1 % for 4 and 4, 97.0 % for 10 and 2, and 93.9 % for 7 and 2.
fn have_interval(m: usize, n: usize) -> bool {
    Null::mann_whitney(m, n).critical().is_some()
}

/// The error for so few trials, with the number that suffices. With four on either side there
/// always is an interval.
fn too_few(base: usize, new: usize) -> NoInterval {
    let (more, fewer) = (base.max(new), base.min(new));
    let enough = (fewer..=more).find(|&n| have_interval(more, n)).map(|n| (more, n));
    let (more, fewer) = enough.unwrap_or((MIN_EQUAL, MIN_EQUAL));
    let needs = if base >= new { (more, fewer) } else { (fewer, more) };
    NoInterval::TooFewTrials { needs, base, new }
}

/// Fewest trials on either side of equal sides with a 95 % interval.
const MIN_EQUAL: usize = 4;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::fixtures;
    use crate::{Comparison, Direction, Margin, Verdict, judge};
    use proptest::prelude::*;

    #[test]
    fn agrees_with_scipy() {
        for case in fixtures().unpaired {
            case.check(&shift_ratio(&case.base, &case.new).unwrap());
        }
    }

    #[test]
    fn few_trials_give_a_ratio_and_a_reason() {
        let estimate = shift_ratio(&[1.0, 1.0], &[3.0]).unwrap();
        assert!((estimate.ratio.value - 3.0).abs() < 1e-12);
        let reason = estimate.ratio.interval.unwrap_err();
        assert_eq!(reason.to_string(), "2 and 1 trials give no 95 % interval, 4 and 4 do");
    }

    /// The number of trials that an error asks for gives an interval, and nothing less of it does.
    #[test]
    fn what_few_trials_lack_is_the_least_that_they_lack() {
        let at_hand = |n: usize| (1..=n).map(|value| value as f64).collect::<Vec<_>>();
        let interval =
            |m: usize, n: usize| shift_ratio(&at_hand(m), &at_hand(n)).unwrap().ratio.interval;
        let mut lacking = Vec::new();
        for (base, new) in (1..=60).flat_map(|m| (1..=60).map(move |n| (m, n))) {
            let Err(NoInterval::TooFewTrials { needs, .. }) = interval(base, new) else {
                continue;
            };
            lacking.push((base, new));
            assert!(interval(needs.0, needs.1).is_ok(), "{base} and {new}: {needs:?}");
            assert!(needs.0 >= base && needs.1 >= new, "{base} and {new}: {needs:?}");
            let fewer =
                if needs.0 >= needs.1 { (needs.0, needs.1 - 1) } else { (needs.0 - 1, needs.1) };
            assert!(interval(fewer.0, fewer.1).is_err(), "{base} and {new}: {needs:?}");
            let turned =
                NoInterval::TooFewTrials { needs: (needs.1, needs.0), base: new, new: base };
            assert_eq!(interval(new, base).map(|_| ()), Err(turned));
            // So many more blocks are proposed, and one less would not do.
            let rows = shift_ratio(&at_hand(base), &at_hand(new)).unwrap();
            let comparison: Comparison =
                Comparison { ratio: Ok(rows), direction: Direction::LowerIsBetter };
            let judged = judge(&[comparison], Margin::default(), None);
            let Ok(Verdict::Inconclusive { more_blocks: Some(more) }) = judged[0].verdict else {
                panic!()
            };
            assert!(interval(base + more, new + more).is_ok(), "{base} and {new}: {more}");
            assert!(interval(base + more - 1, new + more - 1).is_err(), "{base} and {new}: {more}");
        }
        // C(m + n, n) is below 40: from 39 on, one trial is enough on the other side.
        assert!(lacking.contains(&(38, 1)) && !lacking.contains(&(39, 1)), "{lacking:?}");
        assert!(
            lacking.contains(&(7, 2)) && !lacking.contains(&(8, 2)) && !lacking.contains(&(5, 3))
        );
        assert!(!lacking.contains(&(60, 1)), "as many as ever do no harm");
        assert_eq!(too_few(10, 1), NoInterval::TooFewTrials { needs: (10, 2), base: 10, new: 1 });
    }

    #[test]
    fn thousands_of_trials_need_no_memory() {
        let base: Vec<f64> = (0..3_000).map(|i| 1e9 + f64::from(i * 7_919 % 3_001)).collect();
        let new: Vec<f64> = base.iter().map(|value| value * 1.5).collect();
        let estimate = shift_ratio(&base, &new).unwrap();
        assert!((estimate.ratio.value - 1.5).abs() < 1e-9);
        assert!(!estimate.ratio.interval.unwrap().exact);
        assert_eq!(estimate.superiority, 1.0);
    }

    fn walls() -> impl Strategy<Value = Vec<f64>> {
        let wall = prop_oneof![1e6..1e10, (1..5_u32).prop_map(f64::from)];
        prop::collection::vec(wall, 1..20)
    }

    proptest! {
        #[test]
        fn swapping_inverts(base in walls(), new in walls()) {
            let there = shift_ratio(&base, &new).unwrap();
            let back = shift_ratio(&new, &base).unwrap();
            prop_assert!((there.ratio.value * back.ratio.value - 1.0).abs() < 1e-12);
            prop_assert!((there.p - back.p).abs() < 1e-12);
            prop_assert!((there.superiority + back.superiority - 1.0).abs() < 1e-12);
            if let (Ok(there), Ok(back)) = (there.ratio.interval, back.ratio.interval) {
                prop_assert!((there.low * back.high - 1.0).abs() < 1e-12);
                prop_assert!((there.high * back.low - 1.0).abs() < 1e-12);
            }
        }

        #[test]
        fn the_interval_contains_the_ratio(base in walls(), new in walls()) {
            let ratio = shift_ratio(&base, &new).unwrap().ratio;
            if let Ok(interval) = ratio.interval {
                prop_assert!(interval.contains(ratio.value));
                prop_assert!(interval.achieved >= interval.nominal);
            }
        }

        #[test]
        fn a_cell_equals_itself(base in walls()) {
            let same = shift_ratio(&base, &base).unwrap();
            prop_assert_eq!((same.ratio.value, same.p, same.superiority), (1.0, 1.0, 0.5));
        }

        #[test]
        fn factors_show(base in walls(), factor in 0.01..100.0_f64) {
            let new: Vec<f64> = base.iter().map(|value| value * factor).collect();
            let ratio = shift_ratio(&base, &new).unwrap().ratio.value;
            prop_assert!((ratio / factor - 1.0).abs() < 1e-9);
        }
    }
}
