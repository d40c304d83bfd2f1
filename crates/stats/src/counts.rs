//! Exact one-sided tests of shares: trials that failed, of those that were tried.

use super::null::Null;

/// Chance that at least as many of `new` failed as did, if a trial fails as easily on either side:
/// Fisher's exact test, given how many failed in all. Each side is (failed, tried).
///
/// One-sided, because failing more often and failing less often are two questions with a family of
/// their own each. It never grows when one more trial of the new side fails.
#[must_use]
pub fn fails_more(base: (usize, usize), new: (usize, usize)) -> f64 {
    let (tried, failed) = (base.1 + new.1, base.0 + new.0);
    let log_factorials: Vec<f64> = std::iter::once(0.0)
        .chain((1..=tried).scan(0.0, |sum, n| {
            *sum += (n as f64).ln();
            Some(*sum)
        }))
        .collect();
    let log_ways =
        |n: usize, k: usize| log_factorials[n] - log_factorials[k] - log_factorials[n - k];
    let possible = new.0..=failed.min(new.1);
    let chance: f64 = possible
        .filter(|in_new| failed - in_new <= base.1)
        .map(|in_new| {
            let log = log_ways(new.1, in_new) + log_ways(base.1, failed - in_new);
            (log - log_ways(tried, failed)).exp()
        })
        .sum();
    chance.min(1.0)
}

/// Chance that in at least as many blocks only the new side failed as did, if either side fails as
/// easily: the exact sign test (McNemar's). Blocks in which both failed, or neither, say nothing.
#[must_use]
pub fn fails_more_by_block(only_base: usize, only_new: usize) -> f64 {
    // Bin(n, ½) is symmetric.
    Null::binomial(only_base + only_new).at_most(only_base)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Fisher's tea: 4 cups of each kind, 3 of 4 right, p = 17 ÷ 70. Others by counting:
    /// C(10, 6) ÷ C(20, 6), and 2⁻⁶.
    #[test]
    fn the_chances_are_those_of_the_textbook() {
        for (base, new, chance) in [
            ((1, 4), (3, 4), 17.0 / 70.0),
            ((0, 10), (6, 10), 210.0 / 38_760.0),
            ((0, 10), (0, 10), 1.0),
            ((10, 10), (10, 10), 1.0),
            ((6, 10), (0, 10), 1.0),
            ((0, 3), (3, 3), 1.0 / 20.0),
            ((0, 0), (3, 3), 1.0),
        ] {
            assert!((fails_more(base, new) - chance).abs() < 1e-12, "{base:?} {new:?}");
        }
        assert_eq!(fails_more_by_block(0, 0), 1.0);
        assert!((fails_more_by_block(0, 6) - 1.0 / 64.0).abs() < 1e-12);
        // 1 + 6 + 15 of 64.
        assert!((fails_more_by_block(2, 4) - 22.0 / 64.0).abs() < 1e-12);
    }

    #[test]
    fn thousands_of_trials_do_not_overflow() {
        let p = fails_more((300, 10_000), (420, 10_000));
        assert!((1e-7..1e-4).contains(&p), "{p}");
        assert!(fails_more_by_block(2_000, 2_500) < 1e-10);
    }

    proptest! {
        #[test]
        fn one_more_failure_never_makes_it_look_better(
            base in 0..30_usize, of_base in 0..10_usize,
            new in 0..30_usize, of_new in 1..10_usize,
        ) {
            let base = (base, base + of_base);
            let (before, after) = ((new, new + of_new), (new + 1, new + of_new));
            prop_assert!(fails_more(base, after) <= fails_more(base, before) + 1e-12);
            prop_assert!(fails_more_by_block(of_base, new + 1) <= fails_more_by_block(of_base, new));
        }
    }
}
