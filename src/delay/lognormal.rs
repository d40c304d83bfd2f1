//! Log-normal with a median and the sigma of the logarithm.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::Draw;
use crate::units::exact_duration;

/// Log-normal with a median and the sigma of the logarithm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lognormal {
    /// The median, in nanoseconds.
    pub median_ns: u64,
    /// The standard deviation of the natural logarithm; finite, not negative.
    pub sigma: f64,
}

impl Draw for Lognormal {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.median_ns as f64 * (z * self.sigma).exp()
    }

    fn describe(&self) -> String {
        format!("lognormal median {} sigma {}", exact_duration(self.median_ns), self.sigma)
    }
}
