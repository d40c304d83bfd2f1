//! A list of delays, in turn.

use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::listed::{listed_parts, listed_quantile, listed_share};
use super::{Draw, Model, Portion, Syntax, Written};
use crate::units::exact_duration;

/// A list of delays, in turn: request `i` gets delay `i mod n`. With as many `targets`, each host has
/// a delay of its own.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Cycle {
    /// The delays, in nanoseconds; at least one.
    pub of_ns: Vec<u64>,
}

impl Cycle {
    pub(super) const WRITTEN: Written = Written {
        word: "cycle",
        doc: "A list of delays, in turn; with as many `targets`, each host has a delay of its own.",
        example: r#"cycle = ["10ms", "20ms"]"#,
        syntax: Syntax::Durations {
            least: 1,
            most: 10_000,
            make: |of_ns| Ok(Model::Cycle(Cycle { of_ns })),
        },
    };
}

impl Draw for Cycle {
    fn draw(&self, _rng: &mut ChaCha8Rng, index: u64) -> f64 {
        self.of_ns[(index % self.of_ns.len() as u64) as usize] as f64
    }

    fn quantile(&self, share: f64) -> f64 {
        listed_quantile(&self.of_ns, share)
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        listed_share(&self.of_ns, ns)
    }

    fn parts(&self) -> Vec<Portion> {
        listed_parts(&self.of_ns)
    }

    fn describe(&self) -> String {
        let all: Vec<String> = self.of_ns.iter().map(|&ns| exact_duration(ns)).collect();
        format!("{} in turn", all.join(", "))
    }
}
