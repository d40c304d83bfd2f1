//! One of several models, by weight.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Draw, Model, Syntax, Written};

/// One of several models, by weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// The models; at least one.
    pub parts: Vec<Part>,
}

/// One part of a mixture.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// How often, relative to the other parts; positive and finite.
    pub weight: f64,
    /// The model that is drawn from.
    pub model: Model,
}

impl Mixture {
    pub(super) const WRITTEN: Written = Written {
        word: "mixture",
        doc: "One of several models, by weight.",
        example: r#"mixture = [{ weight = 90, fixed = "1ms" }, { weight = 10, fixed = "1s" }]"#,
        syntax: Syntax::Parts(|parts| Model::Mixture(Mixture { parts })),
    };
}

impl Draw for Mixture {
    fn draw(&self, rng: &mut ChaCha8Rng, index: u64) -> f64 {
        let total: f64 = self.parts.iter().map(|p| p.weight).sum();
        let mut left = rng.random::<f64>() * total;
        let chosen = self.parts.iter().find(|p| {
            left -= p.weight;
            left < 0.0
        });
        // Rounding can leave a rest above zero: it belongs to the last part.
        let part = chosen.or(self.parts.last()).expect("a mixture has a part");
        part.model.as_draw().draw(rng, index)
    }

    fn describe(&self) -> String {
        let part = |p: &Part| format!("{}: {}", p.weight, p.model.as_draw().describe());
        format!("mixture of {}", self.parts.iter().map(part).collect::<Vec<_>>().join("; "))
    }
}
