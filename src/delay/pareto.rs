//! Pareto with a smallest delay and a shape.

use rand_chacha::ChaCha8Rng;
use rand_distr::{Distribution, OpenClosed01};
use serde::{Deserialize, Serialize};

use super::{Draw, Model, Setting, SettingKind, Syntax, Written};
use crate::units::exact_duration;

/// Pareto with a smallest delay and a shape.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pareto {
    /// The smallest delay, in nanoseconds.
    pub scale_ns: u64,
    /// The tail index; positive. The mean is infinite up to 1.
    pub shape: f64,
}

impl Pareto {
    pub(super) const WRITTEN: Written = Written {
        word: "pareto",
        doc: "Pareto with a smallest delay and a shape.",
        example: r#"pareto = { min = "10ms", shape = 1.5 }"#,
        syntax: Syntax::Settings {
            keys: &[
                Setting { name: "min", kind: SettingKind::Duration, doc: "the smallest delay" },
                Setting {
                    name: "shape",
                    kind: SettingKind::Positive,
                    doc: "the tail index; the mean is infinite up to 1",
                },
            ],
            make: |given| {
                Model::Pareto(Pareto {
                    scale_ns: given.duration("min"),
                    shape: given.number("shape"),
                })
            },
        },
    };
}

impl Draw for Pareto {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        // Inverse transform: a uniform draw from (0, 1] to the power of -1/shape.
        let u: f64 = OpenClosed01.sample(rng);
        self.scale_ns as f64 * u.powf(-1.0 / self.shape)
    }

    fn quantile(&self, share: f64) -> f64 {
        match self.scale_ns {
            0 => 0.0,
            scale => scale as f64 * (1.0 - share).powf(-1.0 / self.shape),
        }
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        match self.scale_ns as f64 {
            0.0 => 1.0,
            scale => 1.0 - (scale / ns.max(scale)).powf(self.shape),
        }
    }

    fn describe(&self) -> String {
        format!("pareto from {} shape {}", exact_duration(self.scale_ns), self.shape)
    }
}
