//! Values that have no ratio, because some are zero: compared by their ranks alone.

use std::cmp::Ordering;

use super::{
    estimate::{Interval, NOMINAL, NoEstimate, Side, check_finite},
    null::Null,
    select::walsh_kth,
    wilcoxon::{mann_whitney_p, signed_rank_p},
};

/// Whether one side has more than the other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RankTest {
    /// Mean of the base, in the unit of the values.
    pub base: f64,
    /// Mean of the new side less that of the base, in the same unit.
    pub difference: f64,
    /// Whether no value differs from what it is compared with.
    pub equal: bool,
    /// Which side has the larger ranks: `Greater` if it is the new one.
    pub ranks: Ordering,
    /// Two-sided p of "both sides have one distribution".
    pub p: f64,
}

impl RankTest {
    /// One-sided p of "the new side has no more", for `Greater`, or no less, for `Less`.
    #[must_use]
    pub fn one_sided(&self, direction: Ordering) -> f64 {
        let moved = self.difference.partial_cmp(&0.0);
        if self.ranks == direction && moved == Some(direction) { self.p / 2.0 } else { 1.0 }
    }
}

/// Compares two independent samples by Mann and Whitney's test, ties as midranks: exact up to 50
/// values on either side.
///
/// # Errors
///
/// Without values on a side, or with one that is not finite.
pub fn rank_test(base: &[f64], new: &[f64]) -> Result<RankTest, NoEstimate> {
    check_finite(base, Side::Base)?;
    check_finite(new, Side::New)?;
    let mut sorted = base.to_vec();
    sorted.sort_by(f64::total_cmp);
    // Pairs in which the new value is the larger one, less those in which it is the smaller one.
    let surplus: i64 = new
        .iter()
        .map(|value| {
            let below = sorted.partition_point(|b| b < value) as i64;
            below - (sorted.len() - sorted.partition_point(|b| b <= value)) as i64
        })
        .sum();
    let equal = base.iter().chain(new).all(|value| *value == base[0]);
    // Ties of all values are the slowest case of an exact p, and need none.
    let p = if equal { 1.0 } else { mann_whitney_p(base, new).0 };
    let base = mean(base);
    Ok(RankTest { base, difference: mean(new) - base, equal, ranks: surplus.cmp(&0), p })
}

/// Compares two samples that stand in the same order of blocks by the signed-rank test of their
/// differences: exact up to 50 blocks, with ties and zeros as Pratt (1959) has them.
///
/// # Errors
///
/// Without values, with unequal numbers of them, or with one that is not finite.
pub fn paired_rank_test(base: &[f64], new: &[f64]) -> Result<RankTest, NoEstimate> {
    let differences = differences(base, new)?;
    let mut by_size = differences.clone();
    by_size.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    let mut before = 0;
    let mut surplus = 0;
    for tied in by_size.chunk_by(|a, b| a.abs() == b.abs()) {
        let rank = (2 * before + tied.len() + 1) as i64;
        before += tied.len();
        let above = tied.iter().filter(|&&d| d > 0.0).count() as i64;
        let below = tied.iter().filter(|&&d| d < 0.0).count() as i64;
        surplus += rank * (above - below);
    }
    Ok(RankTest {
        base: mean(base),
        difference: mean(&differences),
        equal: differences.iter().all(|&d| d == 0.0),
        ranks: surplus.cmp(&0),
        p: signed_rank_p(&differences).0,
    })
}

/// The 95 % interval of the shift new − base of two samples that stand in the same order of blocks,
/// in the unit of the values; none with too few blocks.
pub fn difference_interval(base: &[f64], new: &[f64]) -> Option<Interval> {
    let mut differences = differences(base, new).ok()?;
    differences.sort_by(f64::total_cmp);
    let n = differences.len();
    let critical = Null::signed_rank(n).critical()?;
    let averages = n as u64 * (n as u64 + 1) / 2;
    Some(Interval {
        low: walsh_kth(&differences, critical.rank),
        high: walsh_kth(&differences, averages + 1 - critical.rank),
        nominal: NOMINAL,
        achieved: critical.achieved,
        exact: critical.exact,
    })
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

fn differences(base: &[f64], new: &[f64]) -> Result<Vec<f64>, NoEstimate> {
    check_finite(base, Side::Base)?;
    check_finite(new, Side::New)?;
    if base.len() != new.len() {
        return Err(NoEstimate::NotPaired { base: base.len(), new: new.len() });
    }
    Ok(base.iter().zip(new).map(|(base, new)| new - base).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// All of one side are above all of the other: 2 of C(20, 10) splits, 2 of 2⁸ patterns.
    #[test]
    fn none_against_some_is_the_least_possible_p() {
        let test = rank_test(&[0.0; 10], &[7.0; 10]).unwrap();
        assert_eq!((test.difference, test.ranks), (7.0, Ordering::Greater));
        assert!((test.p - 2.0 / 184_756.0).abs() < 1e-15, "{}", test.p);
        assert_eq!(test.one_sided(Ordering::Greater), test.p / 2.0);
        assert_eq!(test.one_sided(Ordering::Less), 1.0);
        let test = paired_rank_test(&[0.0; 8], &[7.0; 8]).unwrap();
        assert_eq!((test.ranks, test.p), (Ordering::Greater, 2.0 / 256.0));
    }

    #[test]
    fn nothing_on_both_sides_is_no_difference() {
        for test in [rank_test(&[0.0; 9], &[0.0; 12]), paired_rank_test(&[0.0; 9], &[0.0; 9])] {
            let test = test.unwrap();
            assert_eq!((test.difference, test.ranks, test.p), (0.0, Ordering::Equal, 1.0));
            assert!(test.equal);
        }
        let interval = difference_interval(&[0.0; 9], &[0.0; 9]).unwrap();
        assert_eq!((interval.low, interval.high), (0.0, 0.0));
    }

    #[test]
    fn what_cannot_be_compared_says_why() {
        assert_eq!(rank_test(&[], &[1.0]), Err(NoEstimate::Empty(Side::Base)));
        assert!(rank_test(&[1.0], &[f64::NAN]).is_err());
        assert!(paired_rank_test(&[1.0], &[1.0, 2.0]).is_err());
        assert_eq!(difference_interval(&[0.0; 5], &[1.0; 5]), None);
    }

    fn counts() -> impl Strategy<Value = Vec<(f64, f64)>> {
        prop::collection::vec((0..4_u32, 0..4_u32), 1..20)
            .prop_map(|pairs| pairs.into_iter().map(|(a, b)| (a.into(), b.into())).collect())
    }

    proptest! {
        #[test]
        fn swapping_the_sides_turns_the_answer(pairs in counts()) {
            let (base, new): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
            for (there, back) in [
                (rank_test(&base, &new), rank_test(&new, &base)),
                (paired_rank_test(&base, &new), paired_rank_test(&new, &base)),
            ] {
                let (there, back) = (there.unwrap(), back.unwrap());
                prop_assert!((there.p - back.p).abs() < 1e-12);
                prop_assert_eq!(there.ranks, back.ranks.reverse());
                prop_assert!((there.difference + back.difference).abs() < 1e-12);
            }
        }
    }
}
