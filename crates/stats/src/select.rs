//! The k-th of many pairwise numbers without making them.
//!
//! Walsh averages and pairwise differences of sorted values grow along both of their indices, so
//! counting those of at most `t` takes one walk of O(n). A bisection over the bits of a double
//! then finds the k-th in at most 64 walks, exactly, with no memory: 10 000 values per side have
//! 10⁸ differences, which would be 800 MB.

/// The median of the Walsh averages (aᵢ + aⱼ)/2, i ≤ j, of ascending values: Hodges & Lehmann's
/// estimate of the centre of a symmetric distribution.
pub(super) fn walsh_median(values: &[f64]) -> f64 {
    let n = values.len() as u64;
    median_of(n * (n + 1) / 2, |k| walsh_kth(values, k))
}

/// The k-th smallest Walsh average, k counted from 1.
pub(super) fn walsh_kth(values: &[f64], k: u64) -> f64 {
    let average = |i: usize, j: usize| (values[i] + values[j]) / 2.0;
    let last = values.len() - 1;
    kth(k, average(0, 0), average(last, last), |t| {
        let mut count = 0;
        let mut end = values.len();
        for i in 0..values.len() {
            while end > i && average(i, end - 1) > t {
                end -= 1;
            }
            if end <= i {
                break;
            }
            count += (end - i) as u64;
        }
        count
    })
}

/// The median of the differences new − base of ascending values: Hodges & Lehmann's shift.
pub(super) fn difference_median(base: &[f64], new: &[f64]) -> f64 {
    let pairs = base.len() as u64 * new.len() as u64;
    median_of(pairs, |k| difference_kth(base, new, k))
}

/// The k-th smallest difference new − base, k counted from 1.
pub(super) fn difference_kth(base: &[f64], new: &[f64], k: u64) -> f64 {
    let least = new[0] - base[base.len() - 1];
    let greatest = new[new.len() - 1] - base[0];
    kth(k, least, greatest, |t| {
        let mut above = 0;
        let mut count = 0;
        for y in new {
            while above < base.len() && y - base[above] > t {
                above += 1;
            }
            count += (base.len() - above) as u64;
        }
        count
    })
}

fn median_of(count: u64, kth: impl Fn(u64) -> f64) -> f64 {
    let low = kth(count.div_ceil(2));
    if count % 2 == 1 {
        return low;
    }
    let high = kth(count / 2 + 1);
    // Not low + (high − low)/2: the plain mean of −x and x is exactly 0.
    (low + high) / 2.0
}

/// The least double `t` in [least, greatest] with `at_most(t) >= k`.
fn kth(k: u64, least: f64, greatest: f64, at_most: impl Fn(f64) -> u64) -> f64 {
    let (mut low, mut high) = (order_key(least), order_key(greatest));
    while low < high {
        // The mean, rounded down, without overflow.
        let middle = (low & high) + ((low ^ high) >> 1);
        if at_most(from_order_key(middle)) >= k {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    // −0 and 0 compare equal, so the search may stop at −0.
    from_order_key(high) + 0.0
}

/// Whole numbers in the order of the doubles; the transformation of `f64::total_cmp`.
fn order_key(value: f64) -> i64 {
    let bits = value.to_bits() as i64;
    bits ^ (((bits >> 63) as u64) >> 1) as i64
}

fn from_order_key(key: i64) -> f64 {
    f64::from_bits((key ^ (((key >> 63) as u64) >> 1) as i64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn ascending(len: std::ops::Range<usize>) -> impl Strategy<Value = Vec<f64>> {
        // Few distinct values among many, so that ties are common.
        let value = prop_oneof![-1e3..1e3, (-3..3_i32).prop_map(f64::from)];
        prop::collection::vec(value, len).prop_map(|mut values| {
            values.sort_by(f64::total_cmp);
            values
        })
    }

    proptest! {
        #[test]
        fn selects_what_sorting_finds(base in ascending(1..12), new in ascending(1..12)) {
            let mut differences: Vec<f64> = new
                .iter()
                .flat_map(|y| base.iter().map(move |x| y - x))
                .collect();
            differences.sort_by(f64::total_cmp);
            for (index, &expected) in differences.iter().enumerate() {
                prop_assert_eq!(difference_kth(&base, &new, index as u64 + 1), expected);
            }
            let mut averages: Vec<f64> = (0..base.len())
                .flat_map(|i| (i..base.len()).map(move |j| (i, j)))
                .map(|(i, j)| (base[i] + base[j]) / 2.0)
                .collect();
            averages.sort_by(f64::total_cmp);
            for (index, &expected) in averages.iter().enumerate() {
                prop_assert_eq!(walsh_kth(&base, index as u64 + 1), expected);
            }
        }
    }
}
