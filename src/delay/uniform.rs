//! Evenly spread between two delays.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Draw, Model, Syntax, Written};
use crate::units::exact_duration;

/// Evenly spread between two delays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Uniform {
    /// The shortest delay, in nanoseconds.
    pub low_ns: u64,
    /// The longest delay, in nanoseconds; at least `low_ns`.
    pub high_ns: u64,
}

impl Uniform {
    pub(super) const WRITTEN: Written = Written {
        word: "uniform",
        doc: "Evenly spread between two delays.",
        example: r#"uniform = ["10ms", "50ms"]"#,
        syntax: Syntax::Durations {
            least: 2,
            most: 2,
            make: |ns| match ns[..] {
                [low_ns, high_ns] if low_ns <= high_ns => {
                    Ok(Model::Uniform(Uniform { low_ns, high_ns }))
                }
                _ => Err("the first duration is the shortest, the second the longest".to_owned()),
            },
        },
    };
}

impl Uniform {
    /// Number of different delays: whole nanoseconds, both ends included.
    fn delays(&self) -> f64 {
        (self.high_ns - self.low_ns) as f64 + 1.0
    }
}

impl Draw for Uniform {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        rng.random_range(self.low_ns..=self.high_ns) as f64
    }

    fn quantile(&self, share: f64) -> f64 {
        let step = (share * self.delays()).floor();
        (self.low_ns as f64 + step).min(self.high_ns as f64)
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        ((ns.floor() - self.low_ns as f64 + 1.0) / self.delays()).clamp(0.0, 1.0)
    }

    fn describe(&self) -> String {
        format!("uniform {} to {}", exact_duration(self.low_ns), exact_duration(self.high_ns))
    }
}
