//! The normal and the t distribution, as far as approximations and power need them.

use std::f64::consts::{PI, SQRT_2};

/// Φ(z): the chance that a standard normal value is at most `z`.
#[must_use]
pub fn cdf(z: f64) -> f64 {
    0.5 * libm::erfc(-z / SQRT_2)
}

/// The `z` with Φ(z) = `p`; infinite for 0 and 1.
#[must_use]
pub fn quantile(p: f64) -> f64 {
    if p > 0.5 {
        return -quantile(1.0 - p);
    }
    if p <= 0.0 {
        return f64::NEG_INFINITY;
    }
    // Φ(−38.5) is the least positive double.
    bisect(-39.0, 0.0, |z| cdf(z) < p)
}

/// The `p` quantile of Student's t with `df` degrees of freedom, for `p` in (0, 1).
pub(crate) fn t_quantile(p: f64, df: usize) -> f64 {
    if p > 0.5 {
        return -t_quantile(1.0 - p, df);
    }
    bisect(-1e6, 0.0, |t| t_cdf(t, df) < p)
}

/// Student's t for whole degrees of freedom: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.
fn t_cdf(t: f64, df: usize) -> f64 {
    let angle = (t / (df as f64).sqrt()).atan();
    let (sin, cos) = angle.sin_cos();
    let odd = (df % 2) as f64;
    let mut term = if df % 2 == 1 { cos } else { 1.0 };
    let mut sum = 0.0;
    for j in 1..=df / 2 {
        sum += term;
        let step = 2.0 * j as f64 + odd;
        term *= cos * cos * (step - 1.0) / step;
    }
    let central = if df % 2 == 1 { 2.0 / PI * (angle + sin * sum) } else { sin * sum };
    0.5 + central / 2.0
}

/// Where `below` turns false in [low, high], to the last bit.
fn bisect(mut low: f64, mut high: f64, below: impl Fn(f64) -> bool) -> f64 {
    loop {
        let middle = low + (high - low) / 2.0;
        if middle <= low || middle >= high {
            return high;
        }
        if below(middle) {
            low = middle;
        } else {
            high = middle;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixtures::{fixtures, near};

    #[test]
    fn quantiles_are_those_of_scipy() {
        for (p, z) in fixtures().normal {
            near(quantile(p), z, &format!("normal quantile {p}"));
            near(cdf(z), p, &format!("normal chance of {z}"));
        }
        for (df, t) in fixtures().t_975 {
            near(t_quantile(0.975, df), t, &format!("t with {df} degrees"));
        }
        assert_eq!(quantile(0.0), f64::NEG_INFINITY);
        assert_eq!(quantile(1.0), f64::INFINITY);
    }
}
