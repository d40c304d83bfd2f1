//! One of a list of delays, each as likely.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::listed::{listed_parts, listed_quantile, listed_share};
use super::{Draw, Model, Portion, Syntax, Written};
use crate::units::exact_duration;

/// One of a list of delays, each as likely.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Choice {
    /// The delays, in nanoseconds; at least one.
    pub of_ns: Vec<u64>,
}

impl Choice {
    pub(super) const WRITTEN: Written = Written {
        word: "choice",
        doc: "One of a list of delays, each as likely.",
        example: r#"choice = ["0s", "1s", "2s", "3s"]"#,
        syntax: Syntax::Durations {
            least: 1,
            most: 10_000,
            make: |of_ns| Ok(Model::Choice(Choice { of_ns })),
        },
    };
}

impl Draw for Choice {
    fn draw(&self, rng: &mut ChaCha8Rng, _index: u64) -> f64 {
        self.of_ns[rng.random_range(0..self.of_ns.len() as u64) as usize] as f64
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
        format!("one of {}", all.join(", "))
    }
}
