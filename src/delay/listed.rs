//! Quantiles of models that list their delays.

use super::{MOST_PARTS, Portion};
use crate::units::exact_duration;

/// The delay that this share of a list lies below: of `n` delays in ascending order, number
/// `share × n`.
pub(super) fn listed_quantile(of_ns: &[u64], share: f64) -> f64 {
    let nth = ((share * of_ns.len() as f64) as usize).min(of_ns.len() - 1);
    let mut sorted = of_ns.to_vec();
    *sorted.select_nth_unstable(nth).1 as f64
}

/// The share of a list up to a delay.
pub(super) fn listed_share(of_ns: &[u64], ns: f64) -> f64 {
    of_ns.iter().filter(|&&listed| listed as f64 <= ns).count() as f64 / of_ns.len() as f64
}

/// The different delays of a list with their shares, in ascending order; none where there are too
/// many to be named.
pub(super) fn listed_parts(of_ns: &[u64]) -> Vec<Portion> {
    let mut sorted = of_ns.to_vec();
    sorted.sort_unstable();
    let equal = || sorted.chunk_by(|a, b| a == b);
    if equal().count() > MOST_PARTS {
        return Vec::new();
    }
    let portion = |equal: &[u64]| Portion {
        share: equal.len() as f64 / of_ns.len() as f64,
        name: format!("at {}", exact_duration(equal[0])),
        least_ns: equal[0] as f64,
        most_ns: equal[0] as f64,
    };
    equal().map(portion).collect()
}
