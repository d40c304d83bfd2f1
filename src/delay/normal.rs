//! Normal with a mean and a standard deviation, cut at zero.

use inflight_stats::normal;
use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, StandardNormal};
use serde::{Deserialize, Serialize};

use super::{Draw, Model, Setting, SettingKind, Syntax, Written};
use crate::units::exact_duration;

/// Normal with a mean and a standard deviation, cut at zero.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Normal {
    /// The mean before the cut, in nanoseconds.
    pub mean_ns: u64,
    /// The standard deviation before the cut, in nanoseconds.
    pub sd_ns: u64,
}

impl Normal {
    pub(super) const WRITTEN: Written = Written {
        word: "normal",
        doc: "Normal with a mean and a standard deviation, cut at zero.",
        example: r#"normal = { mean = "100ms", sd = "20ms" }"#,
        syntax: Syntax::Settings {
            keys: &[
                Setting {
                    name: "mean",
                    kind: SettingKind::Duration,
                    doc: "the mean before the cut",
                },
                Setting {
                    name: "sd",
                    kind: SettingKind::Duration,
                    doc: "the standard deviation before the cut",
                },
            ],
            make: |given| {
                Model::Normal(Normal {
                    mean_ns: given.duration("mean"),
                    sd_ns: given.duration("sd"),
                })
            },
        },
    };
}

impl Draw for Normal {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        let z: f64 = StandardNormal.sample(rng);
        self.mean_ns as f64 + z * self.sd_ns as f64
    }

    fn quantile(&self, share: f64) -> f64 {
        // Without a spread, an infinite quantile would be no number.
        let sd = self.sd_ns as f64;
        let beyond = if sd > 0.0 { normal::quantile(share) * sd } else { 0.0 };
        self.mean_ns as f64 + beyond
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        let from_mean = ns - self.mean_ns as f64;
        match self.sd_ns {
            0 if from_mean < 0.0 => 0.0,
            0 => 1.0,
            sd => normal::cdf(from_mean / sd as f64),
        }
    }

    fn describe(&self) -> String {
        format!("normal mean {} sd {}", exact_duration(self.mean_ns), exact_duration(self.sd_ns))
    }
}
