//! Numbers as the report writes them; digits and units come from [`crate::units`].

use crate::analyse::{Estimate, Interval, Levels};
use crate::units::{ReadableBytes, ReadableNs};
pub(super) use crate::units::{and, count, counted, percent, ratio, span, times};

/// Stands for a value that is not known.
pub(super) const UNKNOWN: &str = "–";

/// A duration in nanoseconds.
pub(super) fn ns(value: f64) -> String {
    ReadableNs(value).to_string()
}

/// A size in bytes.
pub(super) fn bytes(value: f64) -> String {
    ReadableBytes(value).to_string()
}

/// A number that is whole more often than not, such as a median of counts: `100`, `2.5`.
pub(super) fn about(value: f64) -> String {
    if value.fract() == 0.0 { count(value as u64) } else { format!("{value:.1}") }
}

/// Distance of a ratio from 1, in percent with its sign: `−0.3 %`.
pub(super) fn change(ratio: f64) -> String {
    let sign = match ratio - 1.0 {
        d if d >= 0.0005 => "+",
        d if d <= -0.0005 => "−",
        _ => return "0 %".to_owned(),
    };
    format!("{sign}{}", percent(ratio - 1.0))
}

/// The ends of an interval around a value, or how far they are where three digits do not tell them
/// apart: `309 to 316 ms`, `within ±0.1 %`.
fn around(value: f64, interval: &Interval, show: impl Fn(f64) -> String) -> String {
    let Interval { low, high, .. } = *interval;
    if show(low) != show(high) || value == 0.0 {
        return span(low, high, show);
    }
    let farther = (high - value).max(value - low) / value.abs();
    // Rounded up: the interval lies within what is said.
    format!("within ±{} %", ((farther * 1_000.0).ceil().max(1.0)) / 10.0)
}

/// `95 % interval 309 to 316 ms, exactly 96.1 %`
pub(super) fn interval(value: f64, interval: &Interval, show: impl Fn(f64) -> String) -> String {
    let ends = around(value, interval, show);
    format!("{} interval {ends}, {}", percent(interval.nominal), level(interval))
}

/// The level that an interval achieves: `exactly 96.1 %`.
pub(super) fn level(interval: &Interval) -> String {
    Levels::of([interval]).map_or_else(String::new, |levels| levels.to_string())
}

/// The intervals that some estimates have.
pub(super) fn intervals_of<'a>(
    estimates: impl IntoIterator<Item = &'a Estimate>,
) -> impl Iterator<Item = &'a Interval> {
    estimates.into_iter().filter_map(|estimate| estimate.interval.as_ref().ok())
}

/// An estimate for a table: the value, and its interval in brackets if it has one.
pub(super) fn estimate(estimate: &Estimate, show: impl Fn(f64) -> String) -> String {
    let value = show(estimate.value);
    match &estimate.interval {
        Ok(i) => format!("{value} ({})", around(estimate.value, i, show)),
        Err(_) => value,
    }
}

/// A sentence begins with a capital letter, unless it begins with a name.
pub(super) fn capital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |c| c.to_uppercase().chain(chars).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_keep_the_digits_that_decide() {
        assert_eq!([0.0207, 0.98, 1.004, 12.3].map(ratio), ["0.0207", "0.980", "1.004", "12.3"]);
        assert_eq!([48.3, 3.21, 1.444].map(times), ["48", "3.2", "1.44"]);
        assert_eq!([0.997, 1.011, 1.0001, 1.25].map(change), ["−0.3 %", "+1.1 %", "0 %", "+25 %"]);
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!([2.5, 10_000.0].map(about), ["2.5", "10,000"]);
    }

    #[test]
    fn an_interval_names_a_shared_unit_once() {
        assert_eq!(span(309e6, 316e6, ns), "309 to 316 ms");
        assert_eq!(span(990e6, 1.1e9, ns), "990 ms to 1.10 s");
        assert_eq!(span(0.0205, 0.0209, ratio), "0.0205 to 0.0209");
        assert_eq!(span(0.989, 1.006, change), "−1.1 to +0.6 %");
    }

    #[test]
    fn an_interval_too_narrow_for_three_digits_says_how_narrow() {
        let narrow = |low, high| {
            let interval = Interval { low, high, nominal: 0.95, achieved: 0.96, exact: true };
            estimate(&Estimate { value: 1.5e9, n: 12, interval: Ok(interval) }, ns)
        };
        assert_eq!(narrow(1.4999e9, 1.5022e9), "1.50 s (within ±0.2 %)");
        assert_eq!(narrow(1.5e9, 1.5e9), "1.50 s (within ±0.1 %)");
        assert_eq!(narrow(1.4e9, 1.6e9), "1.50 s (1.40 to 1.60 s)");
    }
}
