//! Arrival: when requests are to start.
//!
//! Closed: the strategy starts the next request when it is done with others. Open: requests come
//! at a rate that no answer slows down, at moments that are known before the trial. These are a
//! pure function of seed and request index, as delays are, so that every strategy meets the same.

mod rate;
#[cfg(test)]
mod tests;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};
use serde::{Deserialize, Serialize};

pub use rate::Rate;

/// Keeps the draws of arrivals apart from those of delays, which have the same seed: without it
/// the gap before a request and its exponential delay would be one draw. (The golden ratio in 64
/// bits, as in `SplitMix64`; any other number would do.)
const SALT: u64 = 0x9e37_79b9_7f4a_7c15;

/// Planned starts of requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Arrival {
    /// As soon as the strategy has room for them.
    #[default]
    Closed,
    /// At this rate, evenly spaced; the first at once.
    Constant(Rate),
    /// At this rate on average, independently of each other (a Poisson process).
    Poisson(Rate),
}

impl Arrival {
    /// Whether requests start as soon as there is room for them.
    pub fn is_closed(&self) -> bool {
        *self == Arrival::Closed
    }

    /// The rate that is asked for; `None` if closed.
    pub fn rate(self) -> Option<Rate> {
        match self {
            Arrival::Closed => None,
            Arrival::Constant(rate) | Arrival::Poisson(rate) => Some(rate),
        }
    }

    /// When each of the first `requests` requests is to start, in nanoseconds since the start of
    /// the window, in request order (which is their order in time); `None` if closed.
    ///
    /// The gap before a Poisson request is exponential, drawn from the stream of its index.
    pub fn all_ns(self, seed: u64, requests: u32) -> Option<Vec<u64>> {
        match self {
            Arrival::Closed => None,
            Arrival::Constant(rate) => Some((0..requests).map(|i| rate.times_ns(i)).collect()),
            Arrival::Poisson(rate) => {
                let gaps = (0..requests).map(|i| gap_ns(seed, i, rate.mean_gap_ns()));
                let sum = |at: &mut u64, gap: u64| {
                    *at = at.saturating_add(gap);
                    Some(*at)
                };
                Some(gaps.scan(0, sum).collect())
            }
        }
    }

    /// The text of an experiment file for it, in one fixed form.
    pub fn describe(self) -> String {
        match self {
            Arrival::Closed => "closed".to_owned(),
            Arrival::Constant(rate) => format!("constant {rate}"),
            Arrival::Poisson(rate) => format!("poisson {rate}"),
        }
    }
}

/// The time from the arrival before it to that of request `index`.
fn gap_ns(seed: u64, index: u32, mean_ns: f64) -> u64 {
    let mut rng = ChaCha8Rng::seed_from_u64(seed ^ SALT);
    rng.set_stream(u64::from(index));
    let x: f64 = Exp1.sample(&mut rng);
    (x * mean_ns).round() as u64
}
