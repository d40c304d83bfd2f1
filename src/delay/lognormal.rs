//! Log-normal with a median and the sigma of the logarithm.

use inflight_stats::normal;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::{Draw, Model, Setting, SettingKind, Syntax, Written};
use crate::units::exact_duration;

/// Log-normal with a median and the sigma of the logarithm.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lognormal {
    /// The median, in nanoseconds.
    pub median_ns: u64,
    /// The standard deviation of the natural logarithm; finite, not negative.
    pub sigma: f64,
}

impl Lognormal {
    pub(super) const WRITTEN: Written = Written {
        word: "lognormal",
        doc: "Log-normal with a median and the sigma of the logarithm.",
        example: r#"lognormal = { median = "100ms", sigma = 0.5 }"#,
        syntax: Syntax::Settings {
            keys: &[
                Setting { name: "median", kind: SettingKind::Duration, doc: "the median" },
                Setting {
                    name: "sigma",
                    kind: SettingKind::NotNegative,
                    doc: "the standard deviation of the natural logarithm",
                },
            ],
            make: |given| {
                Model::Lognormal(Lognormal {
                    median_ns: given.duration("median"),
                    sigma: given.number("sigma"),
                })
            },
        },
    };
}

impl Draw for Lognormal {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.median_ns as f64 * (z * self.sigma).exp()
    }

    fn quantile(&self, share: f64) -> f64 {
        let log = if self.sigma > 0.0 { normal::quantile(share) * self.sigma } else { 0.0 };
        // No median and an infinite quantile: 0 × ∞ is no number, and all delays are 0.
        if self.median_ns == 0 { 0.0 } else { self.median_ns as f64 * log.exp() }
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        let log = (ns / self.median_ns as f64).ln();
        match self.median_ns {
            0 => 1.0,
            _ if ns <= 0.0 => 0.0,
            _ if self.sigma > 0.0 => normal::cdf(log / self.sigma),
            _ if log < 0.0 => 0.0,
            _ => 1.0,
        }
    }

    fn describe(&self) -> String {
        format!("lognormal median {} sigma {}", exact_duration(self.median_ns), self.sigma)
    }
}
