//! One delay for every request.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Draw, Model, Syntax, Written};
use crate::units::exact_duration;

/// One delay for every request.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fixed {
    /// The delay, in nanoseconds.
    pub ns: u64,
}

impl Fixed {
    pub(super) const WRITTEN: Written = Written {
        word: "fixed",
        doc: "The same delay for every request.",
        example: r#"fixed = "10ms""#,
        syntax: Syntax::Duration(|ns| Model::Fixed(Fixed { ns })),
    };
}

impl Draw for Fixed {
    fn draw(&self, _rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        self.ns as f64
    }

    fn quantile(&self, _share: f64) -> f64 {
        self.ns as f64
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        if ns < self.ns as f64 { 0.0 } else { 1.0 }
    }

    fn describe(&self) -> String {
        exact_duration(self.ns)
    }
}
