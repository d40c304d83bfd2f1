//! Labels moved apart, as little as possible.

/// Positions near `wanted`, at least `gap` apart and inside `lo..=hi`, in the same
/// order, with the least sum of squared moves (pool adjacent violators).
///
/// Where `hi - lo` is too short for all, the gap shrinks to what fits.
pub(super) fn spread(wanted: &[f64], gap: f64, lo: f64, hi: f64) -> Vec<f64> {
    let n = wanted.len();
    if n == 0 {
        return Vec::new();
    }
    let hi = hi.max(lo);
    let gap = gap.min((hi - lo) / (n.max(2) - 1) as f64);
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|&a, &b| wanted[a].total_cmp(&wanted[b]));

    // Without the gaps the constraint is "not decreasing", which pooling solves.
    let mut pools: Vec<(f64, usize)> = Vec::new();
    for (rank, &i) in order.iter().enumerate() {
        let mut pool = (wanted[i] - rank as f64 * gap, 1);
        while let Some(&(mean, size)) = pools.last()
            && mean >= pool.0
        {
            pools.pop();
            let weigh = |m: f64, s: usize| m * s as f64;
            let both = size + pool.1;
            let mean = (weigh(mean, size) + weigh(pool.0, pool.1)) / both as f64;
            pool = (mean, both);
        }
        pools.push(pool);
    }

    let mut out = vec![0.0; n];
    let flat = pools.iter().flat_map(|&(mean, size)| std::iter::repeat_n(mean, size));
    let last = hi - (n - 1) as f64 * gap;
    for (rank, (&i, mean)) in order.iter().zip(flat).enumerate() {
        let shift = rank as f64 * gap;
        out[i] = mean.clamp(lo, last.max(lo)) + shift;
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn labels_that_do_not_touch_stay() {
        assert_eq!(spread(&[90.0, 10.0, 50.0], 20.0, 0.0, 100.0), [90.0, 10.0, 50.0]);
    }

    #[test]
    fn two_at_one_place_part_evenly() {
        assert_eq!(spread(&[50.0, 50.0], 20.0, 0.0, 100.0), [40.0, 60.0]);
    }

    proptest! {
        #[test]
        fn order_gap_and_bounds_hold(
            wanted in prop::collection::vec(-50.0..350.0f64, 0..12), gap in 1.0..40.0f64,
        ) {
            let (lo, hi) = (0.0, 300.0);
            let out = spread(&wanted, gap, lo, hi);
            prop_assert_eq!(out.len(), wanted.len());
            let mut pairs: Vec<(f64, f64)> = wanted.iter().copied().zip(out).collect();
            pairs.sort_by(|a, b| a.1.total_cmp(&b.1));
            let fits = gap.min((hi - lo) / (pairs.len().max(2) - 1) as f64);
            for pair in pairs.windows(2) {
                prop_assert!(pair[0].0 <= pair[1].0, "order");
                prop_assert!(pair[1].1 - pair[0].1 >= fits - 1e-9, "gap");
            }
            for (_, at) in pairs {
                prop_assert!((lo - 1e-9..=hi + 1e-9).contains(&at), "bounds");
            }
        }
    }
}
