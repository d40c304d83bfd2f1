//! Normal with a mean and a standard deviation, cut at zero.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::Draw;
use crate::units::exact_duration;

/// Normal with a mean and a standard deviation, cut at zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normal {
    /// The mean before the cut, in nanoseconds.
    pub mean_ns: u64,
    /// The standard deviation before the cut, in nanoseconds.
    pub sd_ns: u64,
}

impl Draw for Normal {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.mean_ns as f64 + z * self.sd_ns as f64
    }

    fn describe(&self) -> String {
        format!("normal mean {} sd {}", exact_duration(self.mean_ns), exact_duration(self.sd_ns))
    }
}
