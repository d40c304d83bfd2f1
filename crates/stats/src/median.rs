//! The median with its order-statistic interval.

use super::estimate::{Estimate, NoEstimate};
use super::sample::{Direction, Sample};

/// The median, in the unit of the values.
///
/// The interval runs between the k-th smallest and the k-th largest value and covers the median of
/// any continuous distribution with the binomial chance 1 − 2·P(B ≤ k − 1), B ~ Bin(n, ½)
/// (Thompson 1936). Ties make it cover more.
///
/// # Errors
///
/// Without values, or with one that is not finite.
pub fn median(values: &[f64]) -> Result<Estimate, NoEstimate> {
    // Without a lost trial the direction does not matter.
    Sample { values: values.to_vec(), lost: 0 }.median(Direction::LowerIsBetter)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Lower ranks and coverages as textbooks tabulate them for the sign test.
    #[test]
    fn ranks_are_those_of_the_tables() {
        for (n, rank, achieved) in [
            (6, 1, 0.969),
            (8, 1, 0.992),
            (9, 2, 0.961),
            (10, 2, 0.979),
            (15, 4, 0.965),
            (20, 6, 0.959),
            (25, 8, 0.957),
        ] {
            let values: Vec<f64> = (1..=n).map(f64::from).collect();
            let interval = median(&values).unwrap().interval.unwrap();
            assert_eq!(interval.low, f64::from(rank), "n = {n}");
            assert_eq!(interval.high, f64::from(n + 1 - rank), "n = {n}");
            assert!((interval.achieved - achieved).abs() < 6e-4, "n = {n}");
        }
    }

    #[test]
    fn five_blocks_have_a_median_and_no_interval() {
        let estimate = median(&[5.0, 1.0, 4.0, 2.0, 3.0]).unwrap();
        assert_eq!(estimate.value, 3.0);
        let reason = estimate.interval.unwrap_err();
        assert_eq!(reason.to_string(), "needs at least 6 blocks, has 5");
    }

    #[test]
    fn thousands_of_values_do_not_underflow() {
        let values: Vec<f64> = (1..=5000).map(f64::from).collect();
        let interval = median(&values).unwrap().interval.unwrap();
        // 2500 − 1.96·√5000/2 = 2430.7
        assert_eq!((interval.low, interval.high), (2431.0, 2570.0));
        assert!((0.95..0.952).contains(&interval.achieved));
    }

    proptest! {
        #[test]
        fn interval_contains_the_median_and_scales(
            values in prop::collection::vec(-1e9..1e9, 6..40),
            power in -3..3_i32,
        ) {
            let plain = median(&values).unwrap();
            let interval = plain.interval.unwrap();
            prop_assert!(interval.contains(plain.value));
            prop_assert!(interval.achieved >= interval.nominal);
            // Powers of two scale without rounding.
            let factor = 2_f64.powi(power);
            let scaled: Vec<f64> = values.iter().map(|value| value * factor).collect();
            prop_assert_eq!(median(&scaled).unwrap().value, plain.value * factor);
        }
    }
}
