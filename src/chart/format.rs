//! Numbers for people: three significant digits and a unit that suits them.

pub(super) use crate::units::count;

/// `value` rounded to three significant digits.
fn three(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return 0.0;
    }
    let step = 10f64.powf(value.abs().log10().floor() - 2.0);
    (value / step).round() * step
}

/// Three significant digits, all of them written: `1.50`, `15.0`, `150`.
fn digits(value: f64) -> String {
    let value = three(value);
    // Half a digit of slack: 9.9995 has been rounded to 10.0 already.
    let places = match value.abs() {
        v if v == 0.0 || v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.places$}")
}

/// As few digits as are needed (at most `places` after the point), for ticks.
fn short(value: f64, places: usize) -> String {
    let text = format!("{value:.places$}");
    if !text.contains('.') {
        return text;
    }
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// The unit of a duration in seconds, and how many seconds it has.
pub(super) fn duration_unit(seconds: f64) -> (&'static str, f64) {
    match three(seconds.abs()) {
        0.0 => ("s", 1.0),
        v if v < 0.999_5e-6 => ("ns", 1e-9),
        v if v < 0.999_5e-3 => ("µs", 1e-6),
        v if v < 0.999_5 => ("ms", 1e-3),
        v if v < 999.5 => ("s", 1.0),
        _ => ("min", 60.0),
    }
}

/// A duration given in seconds: `1.53 s`, `312 ms`, `45.2 µs`.
pub(super) fn duration(seconds: f64) -> String {
    let (unit, size) = duration_unit(seconds);
    if seconds == 0.0 {
        return "0 s".to_owned();
    }
    format!("{} {unit}", digits(seconds / size))
}

/// A tick on a logarithmic duration axis: its own unit, no spare digits.
///
/// Long ones stay in seconds: 1-2-5 steps of seconds are not round in minutes.
pub(super) fn duration_tick(seconds: f64) -> String {
    if seconds >= 999.5 {
        return format!("{} s", number_tick(seconds));
    }
    let (unit, size) = duration_unit(seconds);
    format!("{} {unit}", short(seconds / size, 3))
}

/// A tick on a linear duration axis that ends at `end`: one unit for all of them.
pub(super) fn duration_tick_like(seconds: f64, end: f64) -> String {
    if seconds == 0.0 {
        return "0".to_owned();
    }
    let (unit, size) = duration_unit(end);
    format!("{} {unit}", short(seconds / size, 4))
}

/// A plain number: `0.015`, `1.5`, `40.6 k`, `1.2 M`.
pub(super) fn number(value: f64) -> String {
    match three(value.abs()) {
        v if v >= 999_500.0 => format!("{} M", short(three(value / 1e6), 2)),
        v if v >= 9_995.0 => format!("{} k", short(three(value / 1e3), 2)),
        v if v >= 0.1 || v == 0.0 => short(three(value), 2),
        _ => short(three(value), 6),
    }
}

/// A tick on an axis of plain numbers: `500`, `5 k`.
pub(super) fn number_tick(value: f64) -> String {
    if (1e3..1e6).contains(&value) {
        return format!("{} k", short(value / 1e3, 3));
    }
    number(value)
}

/// Bytes, in decimal units as everywhere in a report: `12.5 MB`.
pub(super) fn bytes(value: f64) -> String {
    let (unit, size) = byte_unit(value);
    if size == 1.0 {
        return format!("{value:.0} B");
    }
    format!("{} {unit}", digits(value / size))
}

/// A tick on a byte axis that ends at `end`.
pub(super) fn bytes_tick_like(value: f64, end: f64) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let (unit, size) = byte_unit(end);
    format!("{} {unit}", short(value / size, 3))
}

/// The unit that suits `value`, and its size in bytes.
pub(super) fn byte_unit(value: f64) -> (&'static str, f64) {
    match value {
        v if v >= 999.5e6 => ("GB", 1e9),
        v if v >= 999.5e3 => ("MB", 1e6),
        v if v >= 999.5 => ("kB", 1e3),
        _ => ("B", 1.0),
    }
}

/// A ratio: `0.0217`, `0.980`, `1.004`, `12.3`. Just above one a fourth digit is
/// kept, because there the third decimal decides.
pub(super) fn ratio(value: f64) -> String {
    let places = match three(value.abs()) {
        v if !(0.000_1..1e6).contains(&v) => return format!("{value:.1e}"),
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 2.0 => 2,
        v if v >= 0.099_95 => 3,
        v if v >= 0.009_995 => 4,
        v if v >= 0.000_999_5 => 5,
        _ => 6,
    };
    format!("{value:.places$}")
}

/// A tick on a ratio axis: `0.5×`.
pub(super) fn ratio_tick(value: f64) -> String {
    if !(0.000_1..1e6).contains(&value) {
        return format!("{value:.0e}×");
    }
    format!("{}×", short(value, 4))
}

/// A magnification: `47×`, `2.5×`.
pub(super) fn times(value: f64) -> String {
    if value >= 9.95 {
        return format!("{}×", count(value.round() as u64));
    }
    format!("{}×", short(value, 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_pick_their_unit_after_rounding() {
        for (seconds, text) in [
            (0.0, "0 s"),
            (1.534, "1.53 s"),
            (15.21, "15.2 s"),
            (0.312_4, "312 ms"),
            (0.999_6, "1.00 s"),
            (45.2e-6, "45.2 µs"),
            (8.5e-7, "850 ns"),
            (99.99e-3, "100 ms"),
            (1200.0, "20.0 min"),
        ] {
            assert_eq!(duration(seconds), text);
        }
        assert_eq!(duration_tick(0.2), "200 ms");
        assert_eq!(duration_tick(1e-5), "10 µs");
        assert_eq!(duration_tick_like(0.5, 2.0), "0.5 s");
    }

    #[test]
    fn other_numbers() {
        assert_eq!(number(40_600.0), "40.6 k");
        assert_eq!(number(0.015), "0.015");
        assert_eq!(number(1_000.0), "1000");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(100), "100");
        assert_eq!(bytes(12_500_000.0), "12.5 MB");
        assert_eq!(bytes(512.0), "512 B");
        assert_eq!(ratio(0.02134), "0.0213");
        assert_eq!(ratio(0.21), "0.210");
        assert_eq!(ratio(2e9), "2.0e9");
        assert_eq!(ratio(1.0042), "1.004");
        assert_eq!(ratio(12.34), "12.3");
        assert_eq!(ratio_tick(0.02), "0.02×");
        assert_eq!(times(47.3), "47×");
        assert_eq!(times(2.54), "2.5×");
    }
}
