//! Peak memory of the client for another number of requests.
//!
//! What the harness itself keeps of each request is known and grows to a bound; without it, a model
//! with a bounded number of tasks or threads needs the same for any number of requests (once its
//! connections are [settled](super::settled)), and one with a task for each request needs more with
//! each.

use super::line::Lines;
use super::{NoMemory, Range};
use crate::analyse::Estimate;
use crate::client::LOG_MEMORY_BYTES;
use crate::strategy::model::Holds;

/// Bytes in the log of requests for each, and its size in memory at most.
const LOG_BYTES_EACH: f64 = 30.0;
const LOG_BYTES: f64 = LOG_MEMORY_BYTES as f64;

/// A bit for each request, whether it has ended; it is never spilled.
const ENDED_BYTES_EACH: f64 = 1.0 / 8.0;

/// Bytes of the client without the harness, of a peak with this many requests.
pub(super) fn own_bytes(requests: f64, peak: f64) -> f64 {
    (peak - harness_bytes(requests)).max(0.0)
}

/// Bytes that the harness keeps of this many requests.
pub(super) fn harness_bytes(requests: f64) -> f64 {
    (LOG_BYTES_EACH * requests).min(LOG_BYTES) + ENDED_BYTES_EACH * requests
}

/// Peak memory for `requests` requests from the peaks of each block, `(requests, bytes)`.
pub(super) fn predicted(
    holds: Holds,
    blocks: &[Vec<(f64, f64)>],
    requests: f64,
) -> Result<Range, NoMemory> {
    let own = |(n, bytes): &(f64, f64)| (*n, own_bytes(*n, *bytes));
    let blocks: Vec<Vec<(f64, f64)>> =
        blocks.iter().map(|points| points.iter().map(own).collect()).collect();
    let is_known = |points: &Vec<(f64, f64)>| points.last().is_some_and(|(n, _)| *n == requests);
    let estimate = if holds == Holds::Slots || blocks.iter().all(is_known) {
        // Of bounded models, the largest size has reached what the others approach.
        let largest = |points: &Vec<(f64, f64)>| points.last().map_or(0.0, |(_, bytes)| *bytes);
        crate::analyse::median(&blocks.iter().map(largest).collect::<Vec<f64>>())
    } else if blocks.iter().any(|points| points.len() < 2) {
        return Err(NoMemory::OneSize);
    } else {
        Lines::new(&blocks).at(requests)
    };
    let estimate: Estimate = estimate.map_err(|_| NoMemory::NotMeasured)?;
    Ok(Range::of(&estimate).map(|bytes| bytes + harness_bytes(requests)))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Six blocks of a client with this much memory and this much more for each request.
    fn blocks(fixed: f64, each: f64, sizes: &[f64]) -> Vec<Vec<(f64, f64)>> {
        let peak = |&n: &f64| (n, fixed + each * n + harness_bytes(n));
        (0..6).map(|_| sizes.iter().map(peak).collect()).collect()
    }

    #[test]
    fn a_bounded_model_grows_by_the_log_alone() {
        let recorded = blocks(10e6, 0.0, &[2_000.0]);
        let million = predicted(Holds::Slots, &recorded, 1e6).expect("a prediction").value;
        assert!((million - (10e6 + LOG_BYTES + 125_000.0)).abs() < 1.0, "{million}");
        let same = predicted(Holds::Slots, &recorded, 2_000.0).expect("a prediction").value;
        assert!((same - recorded[0][0].1).abs() < 1.0);
    }

    #[test]
    fn a_task_for_each_request_needs_two_sizes() {
        let one = predicted(Holds::Requests, &blocks(10e6, 900.0, &[2_000.0]), 1e6);
        assert_eq!(one, Err(NoMemory::OneSize));
        let same = predicted(Holds::Requests, &blocks(10e6, 900.0, &[2_000.0]), 2_000.0);
        assert!(same.is_ok(), "a recorded size is known");
        let two = predicted(Holds::Requests, &blocks(10e6, 900.0, &[2_000.0, 10_000.0]), 1e6);
        let two = two.expect("a prediction").value;
        assert!((two - (910e6 + LOG_BYTES + 125_000.0)).abs() < 1e3, "{two}");
    }
}
