//! Exponential with a mean.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, Exp1};
use serde::{Deserialize, Serialize};

use super::{Draw, Model, Setting, SettingKind, Syntax, Written};
use crate::units::exact_duration;

/// Exponential with a mean.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Exponential {
    /// The mean, in nanoseconds.
    pub mean_ns: u64,
}

impl Exponential {
    pub(super) const WRITTEN: Written = Written {
        word: "exponential",
        doc: "Exponential with a mean.",
        example: r#"exponential = { mean = "100ms" }"#,
        syntax: Syntax::Settings {
            keys: &[Setting { name: "mean", kind: SettingKind::Duration, doc: "the mean" }],
            make: |given| Model::Exponential(Exponential { mean_ns: given.duration("mean") }),
        },
    };
}

impl Draw for Exponential {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        let x: f64 = Exp1.sample(rng);
        x * self.mean_ns as f64
    }

    fn quantile(&self, share: f64) -> f64 {
        match self.mean_ns {
            0 => 0.0,
            mean => -(-share).ln_1p() * mean as f64,
        }
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        match self.mean_ns {
            0 => 1.0,
            mean => -(-ns.max(0.0) / mean as f64).exp_m1(),
        }
    }

    fn describe(&self) -> String {
        format!("exponential mean {}", exact_duration(self.mean_ns))
    }
}
