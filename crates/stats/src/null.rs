//! Null distributions of rank statistics, exact while the counts are.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use super::{estimate::ALPHA, normal};

/// Largest sample (of each side) with an exact distribution of ranks. For 50 pairs the 2⁵⁰ sign
/// patterns fit a `u64`, and for 50 + 50 trials the 10²⁹ splits fit an `i128`; beyond, the normal
/// approximation is right to the fourth digit.
pub(super) const EXACT_LIMIT: usize = 50;

/// Whether the distribution of U of m and n values is counted: up to [`EXACT_LIMIT`] on either side, and
/// beyond where one side has one value or two. There the normal approximation knows no interval for one
/// value, and is coarse for two; the counts are few.
pub(super) fn is_exact(m: usize, n: usize) -> bool {
    let (more, fewer) = (m.max(n), m.min(n));
    more <= EXACT_LIMIT || (fewer <= 2 && more * fewer <= EXACT_LIMIT * EXACT_LIMIT)
}

/// A symmetric distribution of a statistic with the values 0, 1, 2, …
pub(super) enum Null {
    /// Chance of a value of at most k, for each k.
    Exact(Arc<[f64]>),
    /// Normal approximation; used with continuity correction.
    Normal {
        /// Mean of the statistic.
        mean: f64,
        /// Its standard deviation.
        sd: f64,
    },
}

/// Which order statistic bounds an interval, counted from 1 at either end.
#[derive(Debug, PartialEq)]
pub(super) struct Critical {
    pub(super) rank: u64,
    pub(super) achieved: f64,
    pub(super) exact: bool,
}

impl Null {
    /// Number of values below the median: the order statistics of n values.
    pub(super) fn binomial(n: usize) -> Self {
        let n = n as f64;
        // In logarithms, because 2⁻ⁿ underflows from n = 1075 on.
        let mut log_chance = -n * std::f64::consts::LN_2;
        let mut sum = 0.0;
        let mut cdf = Vec::new();
        let mut k = 0.0;
        while k <= n {
            sum += log_chance.exp();
            cdf.push(sum);
            log_chance += ((n - k) / (k + 1.0)).ln();
            k += 1.0;
        }
        Self::Exact(cdf.into())
    }

    /// Wilcoxon's T⁺ of n differences without ties.
    pub(super) fn signed_rank(n: usize) -> Self {
        if n > EXACT_LIMIT {
            let n = n as f64;
            return Self::Normal {
                mean: n * (n + 1.0) / 4.0,
                sd: (n * (n + 1.0) * (2.0 * n + 1.0) / 24.0).sqrt(),
            };
        }
        Self::Exact(remembered(Exact::SignedRank(n), || {
            let ranks: Vec<usize> = (1..=n).collect();
            let counts = subset_sums(&ranks);
            cumulative(counts.iter().map(|&count| count as f64))
        }))
    }

    /// Mann and Whitney's U of m and n values without ties.
    pub(super) fn mann_whitney(m: usize, n: usize) -> Self {
        if !is_exact(m, n) {
            let (m, n) = (m as f64, n as f64);
            return Self::Normal { mean: m * n / 2.0, sd: (m * n * (m + n + 1.0) / 12.0).sqrt() };
        }
        Self::Exact(remembered(Exact::MannWhitney(m, n), || {
            cumulative(u_counts(m, n).into_iter().map(|count| count as f64))
        }))
    }

    /// Chance of a value of at most `k`.
    pub(super) fn at_most(&self, k: usize) -> f64 {
        match self {
            Self::Exact(cdf) => cdf.get(k).copied().unwrap_or(1.0).min(1.0),
            Self::Normal { mean, sd } => normal::cdf((k as f64 + 0.5 - mean) / sd),
        }
    }

    /// The innermost pair of order statistics that still covers 1 − α; none if even the outermost
    /// covers less.
    pub(super) fn critical(&self) -> Option<Critical> {
        let tail = ALPHA / 2.0;
        let rank = match self {
            Self::Exact(cdf) => cdf.partition_point(|&chance| chance <= tail),
            // P(T ≤ k − 1) ≤ tail with the correction for continuity, solved for k.
            Self::Normal { mean, sd } => {
                (mean + normal::quantile(tail) * sd + 0.5).max(0.0) as usize
            }
        };
        let outside = self.at_most(rank.checked_sub(1)?);
        Some(Critical {
            rank: rank as u64,
            achieved: 1.0 - 2.0 * outside,
            exact: matches!(self, Self::Exact(_)),
        })
    }
}

/// A statistic and its sample sizes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Exact {
    SignedRank(usize),
    MannWhitney(usize, usize),
}

/// A distribution that is computed once: samples that are compared mostly have the same number of
/// blocks, and counting is what an interval takes its time for.
fn remembered(which: Exact, compute: impl FnOnce() -> Vec<f64>) -> Arc<[f64]> {
    static KNOWN: LazyLock<Mutex<HashMap<Exact, Arc<[f64]>>>> = LazyLock::new(Mutex::default);
    // A panic of another thread leaves the map whole: distributions are only ever added.
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(cdf) = known().get(&which) {
        return Arc::clone(cdf);
    }
    let cdf: Arc<[f64]> = compute().into();
    known().insert(which, Arc::clone(&cdf));
    cdf
}

/// Number of ways in which each sum arises from a subset of `parts`; at most 63 parts.
pub(super) fn subset_sums(parts: &[usize]) -> Vec<u64> {
    let mut counts = vec![0_u64; parts.iter().sum::<usize>() + 1];
    counts[0] = 1;
    for &part in parts {
        for sum in (part..counts.len()).rev() {
            counts[sum] += counts[sum - part];
        }
    }
    counts
}

/// Number of ways in which each U arises: the coefficients of the Gaussian binomial
/// ∏ (1 − qⁿ⁺ⁱ) / (1 − qⁱ) for i = 1 … m (Mann & Whitney 1947).
fn u_counts(m: usize, n: usize) -> Vec<i128> {
    let mut counts = vec![0_i128; m * n + 1];
    counts[0] = 1;
    for i in 1..=m {
        for u in (n + i..counts.len()).rev() {
            counts[u] -= counts[u - n - i];
        }
        for u in i..counts.len() {
            counts[u] += counts[u - i];
        }
    }
    counts
}

/// Number of ways in which each sum arises from exactly `size` of the ascending `parts`, as a
/// double: nothing is subtracted, so the relative error stays near 10⁻¹⁵.
pub(super) fn sized_subset_sums(parts: &[usize], size: usize) -> Vec<f64> {
    let largest: usize = parts.iter().rev().take(size).sum();
    let mut counts = vec![vec![0.0_f64; largest + 1]; size + 1];
    counts[0][0] = 1.0;
    for (seen, &part) in parts.iter().enumerate() {
        for chosen in (1..=size.min(seen + 1)).rev() {
            // No sum can pass that of the largest parts seen so far.
            let reach: usize = parts[seen + 1 - chosen..=seen].iter().sum();
            let (fewer, more) = counts.split_at_mut(chosen);
            let (from, to) = (&fewer[chosen - 1], &mut more[0]);
            for sum in part..=reach.min(largest) {
                to[sum] += from[sum - part];
            }
        }
    }
    counts.pop().unwrap_or_default()
}

fn cumulative(counts: impl Iterator<Item = f64> + Clone) -> Vec<f64> {
    let total: f64 = counts.clone().sum();
    counts
        .scan(0.0, |sum, count| {
            *sum += count;
            Some(*sum / total)
        })
        .collect()
}

/// Two-sided p from the chances of a statistic at most and at least as large as the observed one.
pub(super) fn two_sided(at_most: f64, at_least: f64) -> f64 {
    (2.0 * at_most.min(at_least)).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two-sided critical values of T at 5 %: Wilcoxon & Wilcox (1964), as printed in most
    /// textbooks. The rank is one more.
    #[test]
    fn signed_rank_table() {
        for (n, critical) in [
            (6, 0),
            (7, 2),
            (8, 3),
            (9, 5),
            (10, 8),
            (11, 10),
            (12, 13),
            (13, 17),
            (14, 21),
            (15, 25),
            (16, 29),
            (17, 34),
            (18, 40),
            (19, 46),
            (20, 52),
            (25, 89),
            (30, 137),
            (40, 264),
            (50, 434),
        ] {
            let found = Null::signed_rank(n).critical().unwrap();
            assert_eq!(found.rank, critical + 1, "n = {n}");
            assert!(found.exact && found.achieved >= 0.95, "n = {n}");
        }
        assert_eq!(Null::signed_rank(5).critical(), None);
    }

    /// Two-sided critical values of U at 5 %: Mann & Whitney (1947) as extended by Milton (1964).
    #[test]
    fn mann_whitney_table() {
        for (m, n, critical) in [
            (2, 8, 0),
            (3, 5, 0),
            (4, 4, 0),
            (5, 5, 2),
            (5, 8, 6),
            (6, 6, 5),
            (7, 7, 8),
            (8, 8, 13),
            (9, 9, 17),
            (10, 10, 23),
            (10, 20, 55),
            (15, 15, 64),
            (20, 20, 127),
        ] {
            let found = Null::mann_whitney(m, n).critical().unwrap();
            assert_eq!(found.rank, critical + 1, "{m} and {n}");
            assert_eq!(Null::mann_whitney(n, m).critical().unwrap(), found);
        }
        assert_eq!(Null::mann_whitney(3, 3).critical(), None);
        assert_eq!(Null::mann_whitney(3, 4).critical(), None);
    }

    #[test]
    fn counts_add_up() {
        let ranks: Vec<usize> = (1..=50).collect();
        assert_eq!(subset_sums(&ranks).iter().sum::<u64>(), 1 << 50);
        // C(100, 50)
        let splits: i128 = u_counts(50, 50).iter().sum();
        assert_eq!(splits, 100_891_344_545_564_193_334_812_497_256);
        let untied: Vec<usize> = (1..=9).map(|rank| 2 * rank).collect();
        let sums = sized_subset_sums(&untied, 4);
        // U = 0 is the sum 2 + 4 + 6 + 8.
        let by_sum: Vec<f64> = sums[20..].iter().copied().step_by(2).collect();
        let by_u: Vec<f64> = u_counts(4, 5).into_iter().map(|count| count as f64).collect();
        assert_eq!(by_sum, by_u);
    }

    #[test]
    fn the_approximation_takes_over_smoothly() {
        let exact = Null::signed_rank(50).critical().unwrap();
        let beyond = Null::signed_rank(51).critical().unwrap();
        assert!(!beyond.exact);
        assert!((15..30).contains(&(beyond.rank - exact.rank)));
        assert!((beyond.achieved - exact.achieved).abs() < 1e-3);
    }
}
