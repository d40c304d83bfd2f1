//! Millions of numbers, most of them times, counted in buckets.

use hdrhistogram::Histogram;

use crate::spec::Metric;

/// A day in nanoseconds; what is more is counted as this.
const HIGHEST: u64 = 86_400_000_000_000;
/// Significant digits of percentiles.
const DIGITS: u8 = 3;

/// Numbers in the buckets of a [`Histogram`] with [`DIGITS`] digits: 1 024 to each power of two, which
/// is fixed here, so that counting one is a few instructions.
pub(super) struct Counts(Vec<u32>);

impl Counts {
    /// Bits of a number that its bucket tells: 2 048 are the least numbers with three digits each.
    const BITS: u32 = 11;
    const HALF: usize = 1 << (Counts::BITS - 1);

    /// Counts of nothing yet.
    pub(super) fn new() -> Counts {
        Counts(vec![0; Counts::bucket(HIGHEST) + 1])
    }

    /// One more.
    pub(super) fn add(&mut self, number: u64) {
        // A trial has no more than 2^32 requests, but they may have more pieces.
        let count = &mut self.0[Counts::bucket(number.min(HIGHEST))];
        *count = count.saturating_add(1);
    }

    fn bucket(number: u64) -> usize {
        let shift = (number | (2 * Counts::HALF as u64 - 1)).ilog2() + 1 - Counts::BITS;
        shift as usize * Counts::HALF + (number >> shift) as usize
    }

    /// The least number of a bucket.
    fn least(bucket: usize) -> u64 {
        let shift = (bucket / Counts::HALF).saturating_sub(1);
        ((bucket - shift * Counts::HALF) as u64) << shift
    }

    /// The counts as a histogram.
    pub(super) fn histogram(&self) -> Histogram<u32> {
        let mut histogram = Histogram::new_with_bounds(1, HIGHEST, DIGITS)
            .expect("the bounds are far enough apart");
        for (bucket, &count) in self.0.iter().enumerate().filter(|&(_, &count)| count > 0) {
            histogram.saturating_record_n(Counts::least(bucket), count);
        }
        histogram
    }
}

/// The 99th percentile, if so many values have one; see [`Metric::requests_needed`].
pub(super) fn p99(histogram: &Histogram<u32>) -> Option<f64> {
    let enough = Metric::P99.requests_needed().is_none_or(|needed| histogram.len() >= needed);
    enough.then(|| histogram.value_at_quantile(0.99) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_p99_needs_a_value_beyond_it() {
        let of = |n: u64| {
            let mut counts = Counts::new();
            (1..=n).for_each(|value| counts.add(value));
            p99(&counts.histogram())
        };
        assert_eq!((of(1), of(99), of(100)), (None, None, Some(99.0)));
    }

    proptest! {
        #[test]
        fn counts_are_those_of_a_histogram(
            times in prop::collection::vec(prop_oneof![0u64..5_000, 0..HIGHEST, any::<u64>()], 1..50),
        ) {
            let mut counts = Counts::new();
            let mut wanted = Counts::new().histogram();
            for &time in &times {
                counts.add(time);
                wanted.saturating_record(time.min(HIGHEST));
            }
            let bins = |histogram: &Histogram<u32>| {
                let bins = histogram.iter_recorded();
                bins.map(|bin| (bin.value_iterated_to(), bin.count_at_value())).collect::<Vec<_>>()
            };
            prop_assert_eq!(bins(&counts.histogram()), bins(&wanted));
        }
    }
}
