//! The p-values of Wilcoxon's two rank tests: signed ranks of pairs, rank sums of two samples.

use super::{
    normal,
    null::{EXACT_LIMIT, Null, is_exact, sized_subset_sums, subset_sums, two_sided},
};

/// Two-sided p of "the differences are symmetric about 0", and whether it is exact.
pub(super) fn signed_rank_p(differences: &[f64]) -> (f64, bool) {
    let mut by_size = differences.to_vec();
    by_size.sort_by(|a, b| a.abs().total_cmp(&b.abs()));

    // Ranks are doubled, so that midranks are whole numbers.
    let mut ranks = Vec::new();
    let mut positive = 0;
    let mut before = 0;
    let mut untied = true;
    for tied in by_size.chunk_by(|a, b| a.abs() == b.abs()) {
        let rank = 2 * before + tied.len() + 1;
        before += tied.len();
        untied &= tied.len() == 1 && tied[0] != 0.0;
        for &difference in tied.iter().filter(|&&difference| difference != 0.0) {
            ranks.push(rank);
            if difference > 0.0 {
                positive += rank;
            }
        }
    }

    let n = differences.len();
    if n <= EXACT_LIMIT && untied {
        let null = Null::signed_rank(n);
        // T is symmetric about n(n + 1)/4.
        let (sum, greatest) = (positive / 2, n * (n + 1) / 2);
        return (two_sided(null.at_most(sum), null.at_most(greatest - sum)), true);
    }
    if n <= EXACT_LIMIT {
        let counts = subset_sums(&ranks);
        let total = (1_u64 << ranks.len()) as f64;
        let at_most = counts[..=positive].iter().sum::<u64>() as f64 / total;
        let at_least = counts[positive..].iter().sum::<u64>() as f64 / total;
        return (two_sided(at_most, at_least), true);
    }
    if ranks.is_empty() {
        return (1.0, true);
    }
    // Each rank counts with chance ½: mean Σr/2, variance Σr²/4. Half a step of T⁺ is 1 in
    // doubled ranks.
    let ranks: Vec<f64> = ranks.into_iter().map(|rank| rank as f64).collect();
    let mean = ranks.iter().sum::<f64>() / 2.0;
    let sd = ranks.iter().map(|rank| rank * rank).sum::<f64>().sqrt() / 2.0;
    let distance = ((positive as f64 - mean).abs() - 1.0).max(0.0);
    ((2.0 * normal::cdf(-distance / sd)).min(1.0), false)
}

/// Two-sided p of "both sides have one distribution", and whether it is exact.
pub(super) fn mann_whitney_p(base: &[f64], new: &[f64]) -> (f64, bool) {
    let (m, n) = (base.len(), new.len());
    let ranks = Ranks::of(base, new);
    if !is_exact(m, n) {
        return (ranks.approximate_p(m, n), false);
    }
    if ranks.ties == 0.0 {
        let u = ranks.doubled_u / 2;
        let null = Null::mann_whitney(m, n);
        // U is symmetric about mn/2.
        return (two_sided(null.at_most(u), null.at_most(m * n - u)), true);
    }
    let sums = sized_subset_sums(&ranks.doubled, n);
    // The least sum of n doubled ranks 2, 4, …, 2n.
    let observed = ranks.doubled_u + n * (n + 1);
    let total: f64 = sums.iter().sum();
    let at_most = sums[..=observed].iter().sum::<f64>() / total;
    let at_least = sums[observed..].iter().sum::<f64>() / total;
    (two_sided(at_most, at_least), true)
}

/// Midranks of both sides together, doubled to be whole numbers.
pub(super) struct Ranks {
    /// Ascending.
    doubled: Vec<usize>,
    /// Twice U: pairs with the new value larger count 2, tied pairs 1.
    pub(super) doubled_u: usize,
    /// Σ (t³ − t) over groups of t tied values.
    ties: f64,
}

impl Ranks {
    pub(super) fn of(base: &[f64], new: &[f64]) -> Self {
        let mut all: Vec<(f64, bool)> = base.iter().map(|&value| (value, false)).collect();
        all.extend(new.iter().map(|&value| (value, true)));
        all.sort_by(|a, b| a.0.total_cmp(&b.0));

        let mut doubled = Vec::with_capacity(all.len());
        let mut sum = 0;
        let mut ties = 0.0;
        for tied in all.chunk_by(|a, b| a.0 == b.0) {
            let rank = 2 * doubled.len() + tied.len() + 1;
            sum += rank * tied.iter().filter(|(_, is_new)| *is_new).count();
            doubled.resize(doubled.len() + tied.len(), rank);
            let t = tied.len() as f64;
            ties += t * t * t - t;
        }
        Self { doubled, doubled_u: sum - new.len() * (new.len() + 1), ties }
    }

    /// Lehmann (1975): normal with the variance corrected for ties.
    fn approximate_p(&self, m: usize, n: usize) -> f64 {
        let (m, n) = (m as f64, n as f64);
        let all = m + n;
        let variance = m * n / 12.0 * (all + 1.0 - self.ties / (all * (all - 1.0)));
        if variance <= 0.0 {
            return 1.0;
        }
        let distance = ((self.doubled_u as f64 / 2.0 - m * n / 2.0).abs() - 0.5).max(0.0);
        (2.0 * normal::cdf(-distance / variance.sqrt())).min(1.0)
    }
}
