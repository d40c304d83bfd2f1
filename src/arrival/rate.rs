//! A rate with its unit.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Requests by time, kept exactly: in thousandths of a request per minute.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Rate {
    milli_per_min: u64,
}

const MILLI_PER_MIN: u64 = 1_000;
const MILLI_PER_S: u64 = 60 * MILLI_PER_MIN;
/// A minute in nanoseconds, times the thousandths.
const MINUTE_NS: u64 = 60_000_000_000 * MILLI_PER_MIN;

impl Rate {
    /// One request a minute. A trial of a slower rate would take days; and ten million requests at
    /// it still fit into 64 bits of nanoseconds.
    pub const LEAST: Rate = Rate { milli_per_min: MILLI_PER_MIN };
    /// Ten million requests a second: as many as a trial may have at all, in one second.
    pub const MOST: Rate = Rate { milli_per_min: 10_000_000 * MILLI_PER_S };

    /// So many requests per second.
    pub fn per_s(requests: u32) -> Rate {
        Rate { milli_per_min: u64::from(requests) * MILLI_PER_S }
    }

    /// Parses a number with its unit: `500/s`, `0.5/s`, `30/min`. At most three decimals.
    ///
    /// # Errors
    ///
    /// What is wrong, with examples.
    pub fn parse(text: &str) -> Result<Rate, String> {
        let help = || {
            format!(
                "`{text}` is not a rate; write a number and a unit, as in \"500/s\", \"0.5/s\", \
                 \"30/min\""
            )
        };
        let (number, unit) = text.split_once('/').ok_or_else(help)?;
        let scale = match unit.trim() {
            "s" => MILLI_PER_S,
            "min" => MILLI_PER_MIN,
            _ => return Err(help()),
        };
        let milli_units = thousandths(number.trim()).ok_or_else(help)?;
        // `scale` is a multiple of a thousand in both units.
        let milli_per_min = milli_units.checked_mul(scale / 1_000).ok_or_else(help)?;
        Ok(Rate { milli_per_min })
    }

    /// Requests per second.
    pub fn as_per_s(self) -> f64 {
        self.milli_per_min as f64 / MILLI_PER_S as f64
    }

    /// The mean time between two arrivals, in nanoseconds.
    pub fn mean_gap_ns(self) -> f64 {
        MINUTE_NS as f64 / self.milli_per_min as f64
    }

    /// The time that `requests` of them take on average, in nanoseconds, rounded down.
    pub fn times_ns(self, requests: u32) -> u64 {
        let ns = u128::from(requests) * u128::from(MINUTE_NS) / u128::from(self.milli_per_min);
        u64::try_from(ns).unwrap_or(u64::MAX)
    }

    /// Mean number of requests in `ns` nanoseconds, rounded to the nearest.
    pub fn within_ns(self, ns: u64) -> u64 {
        let twice = 2 * u128::from(ns) * u128::from(self.milli_per_min) / u128::from(MINUTE_NS);
        u64::try_from(twice.div_ceil(2)).unwrap_or(u64::MAX)
    }
}

/// A decimal number with at most three decimals, in thousandths.
fn thousandths(text: &str) -> Option<u64> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |t: &str| !t.is_empty() && t.bytes().all(|b| b.is_ascii_digit());
    if !digits(whole) || !digits(fraction) || fraction.len() > 3 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    let fraction: u64 = format!("{fraction:0<3}").parse().ok()?;
    whole.checked_mul(1_000)?.checked_add(fraction)
}

/// Exact, one form for each value: per second where three decimals say it, else per minute.
impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (milli, unit) = if self.milli_per_min.is_multiple_of(60) {
            (self.milli_per_min / 60, "s")
        } else {
            (self.milli_per_min, "min")
        };
        match (milli / 1_000, milli % 1_000) {
            (whole, 0) => write!(f, "{whole}/{unit}"),
            (whole, rest) => {
                let fraction = format!("{rest:03}");
                write!(f, "{whole}.{}/{unit}", fraction.trim_end_matches('0'))
            }
        }
    }
}
