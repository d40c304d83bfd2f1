//! Numbers on axes and beside marks; digits and units come from [`crate::units`].

use crate::units::{ReadableBytes, ReadableNs, TIME, rounded, unit_of};
pub(super) use crate::units::{count, ratio, times};

/// Nanoseconds of a second: charts count time in seconds.
pub(super) const SECOND: f64 = 1e9;

/// As few digits as are needed (at most `places` after the point), for ticks.
pub(super) fn short(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// A duration given in seconds.
pub(super) fn duration(seconds: f64) -> String {
    ReadableNs(seconds * SECOND).to_string()
}

/// A size given in bytes.
pub(super) fn bytes(value: f64) -> String {
    ReadableBytes(value).to_string()
}

/// A tick on a logarithmic duration axis: its own unit, no spare digits.
pub(super) fn duration_tick(seconds: f64) -> String {
    let (size, unit) = unit_of(seconds * SECOND, TIME);
    format!("{} {unit}", short(seconds * SECOND / size, 3))
}

/// A plain number: `0.015`, `1.5`, `40.6 k`, `1.2 M`.
pub(super) fn number(value: f64) -> String {
    match rounded(value.abs()) {
        v if v >= 1e6 => format!("{} M", short(rounded(value / 1e6), 2)),
        v if v >= 1e4 => format!("{} k", short(rounded(value / 1e3), 2)),
        v if v >= 0.1 || v == 0.0 => short(rounded(value), 2),
        _ => short(rounded(value), 6),
    }
}

/// A tick on an axis of plain numbers: `500`, `5 k`.
pub(super) fn number_tick(value: f64) -> String {
    if (1e3..1e6).contains(&value) {
        return format!("{} k", short(value / 1e3, 3));
    }
    number(value)
}

/// A tick on a ratio axis: `0.5×`.
pub(super) fn ratio_tick(value: f64) -> String {
    if !(0.000_1..1e6).contains(&value) {
        return format!("{value:.0e}×");
    }
    format!("{}×", short(value, 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chart_says_what_the_report_says() {
        assert_eq!(duration(1.534), ReadableNs(1.534e9).to_string());
        assert_eq!(duration(1200.0), "1200 s");
    }

    #[test]
    fn ticks_have_no_spare_digits() {
        assert_eq!(duration_tick(0.2), "200 ms");
        assert_eq!(duration_tick(1e-5), "10 µs");
        assert_eq!(duration_tick(2e3), "2000 s");
        assert_eq!(number(40_600.0), "40.6 k");
        assert_eq!(number(0.015), "0.015");
        assert_eq!(number(1_000.0), "1000");
        assert_eq!(number_tick(5e3), "5 k");
        assert_eq!(ratio_tick(0.02), "0.02×");
    }
}
