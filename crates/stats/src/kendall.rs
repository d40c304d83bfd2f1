//! Whether values rise or fall with their order.

use super::normal;

/// The rank correlation of values with their order.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Kendall {
    /// Pairs in ascending order less pairs in descending order.
    s: f64,
    /// Variance of `s` without a trend, corrected for ties (Kendall 1975).
    variance: f64,
    /// τ-b: −1 falling, 1 rising; not a number if all values are equal.
    pub tau: f64,
}

impl Kendall {
    /// Correlates values with the order in which they stand.
    #[must_use]
    pub fn of(values: &[f64]) -> Self {
        let mut s = 0.0_f64;
        for (later, value) in values.iter().enumerate() {
            for earlier in &values[..later] {
                s += f64::from(i8::from(value > earlier) - i8::from(value < earlier));
            }
        }
        let mut sorted = values.to_vec();
        sorted.sort_by(f64::total_cmp);
        let scatter = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0) / 18.0;
        let pairs = |t: f64| t * (t - 1.0) / 2.0;
        let n = values.len() as f64;
        let (mut variance, mut untied) = (scatter(n), pairs(n));
        for tied in sorted.chunk_by(|a, b| a == b) {
            variance -= scatter(tied.len() as f64);
            untied -= pairs(tied.len() as f64);
        }
        Self { s, variance, tau: s / (untied * pairs(n)).sqrt() }
    }

    /// Two-sided p of "there is no trend" by Mann's (1945) test: a normal approximation with
    /// continuity correction. Not a number if all values are equal.
    #[must_use]
    pub fn p(&self) -> f64 {
        2.0 * normal::cdf(-(self.s.abs() - 1.0).max(0.0) / self.variance.sqrt())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{fixtures, near};

    #[test]
    fn tau_is_that_of_scipy() {
        for case in fixtures().kendall {
            near(Kendall::of(&case.values).tau, case.tau, "tau");
        }
    }

    #[test]
    fn a_steady_rise_is_a_trend_and_equal_values_are_none() {
        let rising: Vec<f64> = (0..8).map(f64::from).collect();
        let kendall = Kendall::of(&rising);
        assert_eq!(kendall.tau, 1.0);
        // S = 28, its variance 8 · 7 · 21 ÷ 18.
        assert!(
            (kendall.p() - 2.0 * normal::cdf(-27.0 / (1_176.0_f64 / 18.0).sqrt())).abs() < 1e-15
        );
        assert!(Kendall::of(&[1.0; 8]).p().is_nan());
    }
}
