//! Durations, sizes and digests as text: what a person writes, what a file stores, what a report shows.

use std::fmt;
use std::time::Duration;

/// Why a text is no value with a unit.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnitError {
    /// It has another form.
    #[error("`{text}` is not a {what}; write a number and a unit, as in {examples}")]
    Form {
        /// The text.
        text: String,
        /// The kind of value.
        what: &'static str,
        /// Texts that are of this kind.
        examples: &'static str,
    },
    /// It is more than nothing, and less than the smallest unit: rounded, it would be nothing.
    #[error("`{text}` is {}; write \"{}\" for nothing, or at least \"{}\"", self.too_small(), .least.0, .least.1)]
    TooSmall {
        /// The text.
        text: String,
        /// The unit in words.
        unit: &'static str,
        /// Nothing, and the least that is more.
        least: (&'static str, &'static str),
    },
}

impl UnitError {
    /// `less than a byte`; for errors of another kind, that it is of another form.
    pub fn too_small(&self) -> String {
        match self {
            UnitError::Form { what, .. } => format!("not a {what}"),
            UnitError::TooSmall { unit, .. } => format!("less than a {unit}"),
        }
    }
}

/// Parses a duration with its unit (`150us`, `10ms`, `1.5s`, `2min`) to nanoseconds.
///
/// # Errors
///
/// If it is none, or more than nothing and less than a nanosecond.
pub fn parse_duration(text: &str) -> Result<u64, UnitError> {
    let examples = "\"150us\", \"10ms\", \"1.5s\"";
    let help = || UnitError::Form { text: text.to_owned(), what: "duration", examples };
    let too_small = |unit| {
        let text = text.to_owned();
        UnitError::TooSmall { text, unit, least: ("0s", "1ns") }
    };
    let duration: jiff::SignedDuration = match text.trim().parse() {
        Ok(duration) => duration,
        // A part of a nanosecond is refused without a word of its own.
        Err(_) if is_part_of_a_nanosecond(text) => return Err(too_small("nanosecond")),
        Err(_) => return Err(help()),
    };
    match u64::try_from(duration.as_nanos()).map_err(|_| help())? {
        0 if is_above_zero(text) => Err(too_small("nanosecond")),
        ns => Ok(ns),
    }
}

/// Parses a size with its unit (`0B`, `4kB`, `1MiB`) to bytes.
///
/// # Errors
///
/// If it is none, or more than nothing and less than a byte.
pub fn parse_size(text: &str) -> Result<u64, UnitError> {
    let digits_only = text.trim().bytes().all(|b| b.is_ascii_digit());
    match text.trim().parse::<bytesize::ByteSize>() {
        Ok(size) if size.as_u64() == 0 && is_above_zero(text) && !digits_only => {
            let text = text.to_owned();
            Err(UnitError::TooSmall { text, unit: "byte", least: ("0B", "1B") })
        }
        Ok(size) if !digits_only => Ok(size.as_u64()),
        _ => {
            let examples = "\"512B\", \"4kB\", \"1MiB\"";
            Err(UnitError::Form { text: text.to_owned(), what: "size", examples })
        }
    }
}

/// Whether a number is above zero as it is written.
pub(crate) fn is_above_zero(text: &str) -> bool {
    text.bytes().any(|byte| (b'1'..=b'9').contains(&byte))
}

/// `0.4ns`
fn is_part_of_a_nanosecond(text: &str) -> bool {
    let number = text.trim().trim_end_matches(|c: char| c.is_ascii_alphabetic()).trim_end();
    let unit = &text.trim()[number.len()..];
    let fraction = number.strip_prefix("0.").unwrap_or_default();
    unit.trim() == "ns"
        && is_above_zero(fraction)
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
}

/// Reads a whole number of decimal digits and nothing else, as programs write it.
pub fn read_decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() { None } else { read_more_decimal(0, digits) }
}

/// Reads more digits of a number that began with `number`; there may be none.
pub fn read_more_decimal(number: u64, digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(number, |number, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        number.checked_mul(10)?.checked_add(digit)
    })
}

/// Parses a number of things, at least one: `1000`, `1_000_000`, `1,000,000`, `1e9`.
pub fn parse_count(text: &str) -> Result<u64, String> {
    let plain = text.trim().replace(['_', ','], "");
    // Above this, floating-point numbers are no longer whole numbers one by one.
    let whole = |n: f64| n.fract() == 0.0 && (1.0..=(1u64 << 53) as f64).contains(&n);
    match (plain.parse::<u64>(), plain.parse::<f64>()) {
        (Ok(n), _) if n > 0 => Ok(n),
        (Err(_), Ok(n)) if whole(n) => Ok(n as u64),
        _ => Err(format!(
            "`{text}` is not a whole number above zero; write it as in 10000, 1_000_000 or 1e9"
        )),
    }
}

/// Exact text of a duration, one form for each value: `0s`, `150us`, `1.5s`. It parses back to
/// the same value.
pub fn exact_duration(ns: u64) -> String {
    let units = [(1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
    let Some((scale, unit)) = units.into_iter().find(|(scale, _)| ns >= *scale) else {
        return "0s".to_owned();
    };
    let (whole, rest) = (ns / scale, ns % scale);
    if rest == 0 {
        return format!("{whole}{unit}");
    }
    let digits = u64::ilog10(scale) as usize;
    let fraction = format!("{rest:0digits$}");
    format!("{whole}.{}{unit}", fraction.trim_end_matches('0'))
}

/// Exact text of a size, one form for each value, in the largest unit that divides it: `0B`,
/// `4kB`, `1048576B`. It parses back to the same value.
pub fn exact_size(bytes: u64) -> String {
    let (scale, unit) = [(1_000_000_000, "GB"), (1_000_000, "MB"), (1_000, "kB")]
        .into_iter()
        .find(|(scale, _)| bytes > 0 && bytes.is_multiple_of(*scale))
        .unwrap_or((1, "B"));
    format!("{}{unit}", bytes / scale)
}

/// Units of one quantity with their sizes, from the largest to the smallest.
pub(crate) type Units = [(f64, &'static str); 4];

/// Units of time, in nanoseconds. From 100 s on, whole seconds are still three digits; minutes would
/// need a sum.
pub(crate) const TIME: Units = [(1e9, "s"), (1e6, "ms"), (1e3, "µs"), (1.0, "ns")];

/// Units of data, in bytes.
pub(crate) const DATA: Units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")];

/// The largest unit of which `value` has at least one.
pub(crate) fn unit_of(value: f64, units: Units) -> (f64, &'static str) {
    let value = rounded(value.abs());
    units.into_iter().find(|(size, _)| value >= *size).unwrap_or(units[units.len() - 1])
}

/// A duration as a person reads it: three significant digits and a unit (`1.53 s`, `42.0 ms`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadableNs(pub f64);

impl fmt::Display for ReadableNs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0.0 {
            return f.write_str("0 s");
        }
        let (size, unit) = unit_of(self.0, TIME);
        write!(f, "{} {unit}", three_digits(self.0 / size))
    }
}

/// A size as a person reads it, decimal units (`440 kB`).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReadableBytes(pub f64);

impl fmt::Display for ReadableBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (size, unit) = unit_of(self.0, DATA);
        write!(f, "{} {unit}", three_digits(self.0 / size))
    }
}

/// A duration for planning one's day: `40 s`, `7 min 10 s`, `2 h 5 min`.
pub fn rough(duration: Duration) -> String {
    let seconds = duration.as_secs_f64().ceil() as u64;
    match (seconds / 3_600, seconds % 3_600 / 60, seconds % 60) {
        (0, 0, s) => format!("{s} s"),
        (0, m, 0) => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, _) => format!("{h} h"),
        (h, m, _) => format!("{h} h {m} min"),
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

/// A share in percent: `0 %`, `< 0.1 %`, `1.2 %`, `34 %`, `> 99 %`. Only none is `0 %`, and only all
/// is `100 %`.
pub fn percent(share: f64) -> String {
    let value = share.abs() * 100.0;
    if value > 0.0 && value < 0.05 {
        return "< 0.1 %".to_owned();
    }
    if (99.5..100.0).contains(&value) {
        return "> 99 %".to_owned();
    }
    let text = if value >= 9.95 { format!("{value:.0}") } else { format!("{value:.1}") };
    format!("{} %", text.strip_suffix(".0").unwrap_or(&text))
}

/// A number of things: `1 report`, `12,000 reports`.
pub fn counted(number: usize, thing: &str) -> String {
    format!("{} {}", count(number as u64), plural(thing, number))
}

/// The word for a number of things: `report`, `reports`.
pub fn plural(thing: &str, number: usize) -> String {
    format!("{thing}{}", if number == 1 { "" } else { "s" })
}

/// `a`, `a and b`, `a, b and c`
pub fn and(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} and {last}", head.join(", ")),
    }
}

/// A ratio. Between 1 and 2 a fourth digit is kept: the third decimal decides there.
pub fn ratio(value: f64) -> String {
    match value.abs() {
        v if (0.9995..2.0).contains(&v) => format!("{value:.3}"),
        v if v < 1e6 => three_digits(value),
        _ => format!("{value:.1e}"),
    }
}

/// Formats a factor: `48`, `3.2`, `1.44`.
pub fn times(value: f64) -> String {
    match value {
        v if v >= 9.95 => count(v.round() as u64),
        v if v >= 1.95 => format!("{v:.1}"),
        v => format!("{v:.2}"),
    }
}

/// The ends of an interval; a unit that both share is written once.
pub fn span(low: f64, high: f64, show: impl Fn(f64) -> String) -> String {
    let (low, high) = (show(low), show(high));
    if low == high {
        return low;
    }
    match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((number, low_unit)), Some((_, high_unit))) if low_unit == high_unit => {
            format!("{number} to {high}")
        }
        _ => format!("{low} to {high}"),
    }
}

/// A whole number with thousands apart: `10,000`.
pub fn count(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (i, c) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(c);
    }
    out
}

/// Three significant digits without an exponent; whole numbers from 100 on.
pub fn three_digits(x: f64) -> String {
    let decimals = match rounded(x.abs()) {
        a if a >= 100.0 => 0,
        a if a >= 10.0 => 1,
        a if a >= 1.0 || a == 0.0 => 2,
        a => {
            // 0.0123 needs four decimals: two zeros and three digits, less the leading one.
            let zeros = (-a.log10()).ceil();
            if zeros > 8.0 { 9 } else { zeros as usize + 2 }
        }
    };
    let text = format!("{x:.decimals$}");
    if x == 0.0 { "0".to_owned() } else { text }
}

/// `x` to six significant digits, which is more than any measurement has, so that the last digits
/// of a platform's logarithm do not reach a file.
pub(crate) fn six_digits(x: f64) -> f64 {
    format!("{x:.5e}").parse().expect("a float prints as one")
}

/// `x` rounded to three significant digits, so that 999.96 ms is named in seconds.
pub(crate) fn rounded(x: f64) -> f64 {
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let scale = 10f64.powf(2.0 - x.log10().floor());
    (x * scale).round() / scale
}

/// Lines that are neither empty nor, by their first characters, comments.
pub fn lines_of_code(text: &str) -> u64 {
    let is_comment =
        |line: &str| ["#", "//", "/*", "*", "--"].iter().any(|mark| line.starts_with(mark));
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !is_comment(line)).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn decimal_numbers_are_digits_and_nothing_else() {
        assert_eq!(read_decimal(b"4294967295"), Some(u32::MAX.into()));
        for bad in ["", "+1", "1 ", "1.5", "18446744073709551616"] {
            assert_eq!(read_decimal(bad.as_bytes()), None, "{bad}");
        }
        assert_eq!(
            (read_more_decimal(12, b""), read_more_decimal(12, b"05")),
            (Some(12), Some(1205))
        );
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(parse_duration("1.5s"), Ok(1_500_000_000));
        assert_eq!(parse_duration("150us"), Ok(150_000));
        assert_eq!(parse_duration("150µs"), Ok(150_000));
        assert_eq!(parse_duration("0s"), Ok(0));
        assert_eq!(parse_duration("0.25 ms"), Ok(250_000));
        for bad in ["10", "", "-1s", "10 parsecs", "s"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_less_than_the_smallest_unit_is_not_taken_for_nothing() {
        let told = |error: Result<u64, UnitError>| error.expect_err("too small").to_string();
        let ns = "is less than a nanosecond; write \"0s\" for nothing, or at least \"1ns\"";
        for tiny in ["0.1ns", "0.0004us", "0.0000004 ms", "0.0000000001s"] {
            let error = parse_duration(tiny).expect_err(tiny).to_string();
            // More digits than a nanosecond has are no duration at all.
            let is_told = error == format!("`{tiny}` {ns}") || tiny.ends_with("01s");
            assert!(is_told && error.starts_with(&format!("`{tiny}` is ")), "{error}");
        }
        assert_eq!(
            told(parse_size("0.4B")),
            "`0.4B` is less than a byte; write \"0B\" for nothing, or at least \"1B\""
        );
        for tiny in ["0.0001kB", "0.9 B", "0.0000001MiB"] {
            assert!(told(parse_size(tiny)).contains("less than a byte"), "{tiny}");
        }
        for nothing in ["0B", "0.0kB", "0 MiB"] {
            assert_eq!(parse_size(nothing), Ok(0), "{nothing}");
        }
        for nothing in ["0s", "0.0ms", "0ns", "0h 0min"] {
            assert_eq!(parse_duration(nothing), Ok(0), "{nothing}");
        }
    }

    #[test]
    fn counts_may_be_written_for_people() {
        assert_eq!(parse_count("10000"), Ok(10_000));
        assert_eq!(parse_count("1_000_000"), Ok(1_000_000));
        assert_eq!(parse_count("1,000,000"), Ok(1_000_000));
        assert_eq!(parse_count("1e9"), Ok(1_000_000_000));
        assert_eq!(parse_count("2.5e3"), Ok(2_500));
        for bad in ["0", "", "-1", "1.5", "1e-3", "1e99", "nan", "inf", "many"] {
            assert!(parse_count(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_need_a_unit() {
        assert_eq!(parse_size("4kB"), Ok(4_000));
        assert_eq!(parse_size("4 KiB"), Ok(4_096));
        assert_eq!(parse_size("0B"), Ok(0));
        for bad in ["10", "", "-1kB", "4 furlongs"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn readable_numbers_keep_three_digits() {
        let shown: Vec<String> = [0.0, 999.0, 999_960.0, 1_532_000_000.0, 165_400_000_000.0]
            .map(|ns| ReadableNs(ns).to_string())
            .into();
        assert_eq!(shown, ["0 s", "999 ns", "1.00 ms", "1.53 s", "165 s"]);
        assert_eq!(three_digits(0.0123), "0.0123");
        assert_eq!(three_digits(9.999), "10.0");
    }

    #[test]
    fn rough_durations_have_two_units_at_most() {
        let shown = |s: u64| rough(Duration::from_secs(s));
        assert_eq!(shown(40), "40 s");
        assert_eq!(shown(430), "7 min 10 s");
        assert_eq!(shown(7_500), "2 h 5 min");
        assert_eq!(rough(Duration::from_millis(300)), "1 s");
    }

    proptest! {
        #[test]
        fn exact_text_parses_back(n in 0u64..10_000_000_000_000) {
            prop_assert_eq!(parse_duration(&exact_duration(n)), Ok(n));
        }

        /// Whatever is written, only zeros are zero.
        #[test]
        fn only_zeros_are_nothing(whole in 0u32..2, fraction in "[0-9]{0,14}", unit in 0usize..9) {
            let number = if fraction.is_empty() { whole.to_string() } else { format!("{whole}.{fraction}") };
            let is_zero = !is_above_zero(&number);
            let size = ["B", "kB", "MB", "GB", "KiB", "MiB", "GiB", "TB", "PB"][unit];
            if let Ok(bytes) = parse_size(&format!("{number}{size}")) {
                prop_assert_eq!(bytes == 0, is_zero);
            }
            let time = ["ns", "us", "ms", "s", "min", "h", "µs", "d", "m"][unit];
            if let Ok(ns) = parse_duration(&format!("{number}{time}")) {
                prop_assert_eq!(ns == 0, is_zero);
            }
        }

        #[test]
        fn exact_sizes_parse_back(n in 0u64..5_000_000_000) {
            prop_assert_eq!(parse_size(&exact_size(n)), Ok(n));
        }
    }

    #[test]
    fn comments_and_empty_lines_are_no_code() {
        assert_eq!(lines_of_code("# a\n\nimport x\n  // b\n  y()\n"), 2);
    }
}
