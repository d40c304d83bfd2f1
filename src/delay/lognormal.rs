//! Log-normal with a median and the sigma of the logarithm.

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

    fn describe(&self) -> String {
        format!("lognormal median {} sigma {}", exact_duration(self.median_ns), self.sigma)
    }
}
