//! One of several models, by weight.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::{Draw, LONGEST_NS, Model, Part, Portion, Syntax, Written};
use crate::units::exact_duration;

/// One of several models, by weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mixture {
    /// The models; at least one.
    pub parts: Vec<Part>,
}

impl Mixture {
    pub(super) const WRITTEN: Written = Written {
        word: "mixture",
        doc: "One of several models, by weight.",
        example: r#"mixture = [{ weight = 90, fixed = "1ms" }, { weight = 10, fixed = "1s" }]"#,
        syntax: Syntax::Parts(|parts| Model::Mixture(Mixture { parts })),
    };
}

impl Mixture {
    fn total(&self) -> f64 {
        self.parts.iter().map(|p| p.weight).sum()
    }

    /// The index of the part that is drawn from.
    fn pick(&self, rng: &mut ChaCha8Rng) -> usize {
        let mut left = rng.random::<f64>() * self.total();
        let chosen = self.parts.iter().position(|p| {
            left -= p.weight;
            left < 0.0
        });
        // Rounding can leave a rest above zero: it belongs to the last part.
        chosen.unwrap_or(self.parts.len() - 1)
    }
}

impl Draw for Mixture {
    fn draw(&self, rng: &mut ChaCha8Rng, index: u64) -> f64 {
        self.parts[self.pick(rng)].model.as_draw().draw(rng, index)
    }

    /// The smallest delay in whole nanoseconds up to which more than this share lies. It is between
    /// the least and the greatest quantile of the parts.
    fn quantile(&self, share: f64) -> f64 {
        let of_parts = || self.parts.iter().map(|p| p.model.as_draw().quantile(share).max(0.0));
        let least = of_parts().fold(f64::INFINITY, f64::min).min(LONGEST_NS as f64);
        let most = of_parts().fold(0.0, f64::max).min(LONGEST_NS as f64);
        let (mut low, mut high) = (least.floor() as u64, most.ceil() as u64);
        while low < high {
            let middle = u64::midpoint(low, high);
            if self.share_up_to(middle as f64) > share {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        high as f64
    }

    fn share_up_to(&self, ns: f64) -> f64 {
        let of_part = |p: &Part| p.weight * p.model.as_draw().share_up_to(ns);
        self.parts.iter().map(of_part).sum::<f64>() / self.total()
    }

    fn parts(&self) -> Vec<Portion> {
        let total = self.total();
        let portion = |p: &Part| Portion {
            share: p.weight / total,
            name: match &p.model {
                Model::Fixed(fixed) => format!("at {}", exact_duration(fixed.ns)),
                other => format!("from {}", other.as_draw().describe()),
            },
            least_ns: p.model.as_draw().quantile(0.0).max(0.0),
            most_ns: p.model.as_draw().quantile(1.0),
        };
        self.parts.iter().map(portion).collect()
    }

    fn drawn_part(&self, rng: &mut ChaCha8Rng) -> Option<usize> {
        Some(self.pick(rng))
    }

    fn needs_index(&self) -> bool {
        let in_turn = |model: &Model| matches!(model, Model::Cycle(_) | Model::Trace(_));
        self.parts.iter().any(|p| in_turn(&p.model) || p.model.needs_index())
    }

    fn describe(&self) -> String {
        let part = |p: &Part| format!("{}: {}", p.weight, p.model.as_draw().describe());
        format!("mixture of {}", self.parts.iter().map(part).collect::<Vec<_>>().join("; "))
    }
}
