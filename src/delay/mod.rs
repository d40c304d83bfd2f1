//! Delays: a pure function of (seed, request index), so that the order of arrival changes
//! nothing and every strategy meets the same waits.
//!
//! A delay model is one file here and one line of the list in `models!`: its file holds the
//! distribution and, as `WRITTEN`, what an experiment file says for it.

mod choice;
mod cycle;
mod exponential;
mod fixed;
mod listed;
mod lognormal;
mod mixture;
mod normal;
mod pareto;
mod sample;
mod syntax;
#[cfg(test)]
mod tests;
mod trace;
mod uniform;

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use choice::Choice;
pub use cycle::Cycle;
pub use exponential::Exponential;
pub use fixed::Fixed;
pub use lognormal::Lognormal;
pub use mixture::Mixture;
pub use normal::Normal;
pub use pareto::Pareto;
pub use sample::{Planned, Sampling};
pub use syntax::{Given, Setting, SettingKind, Syntax, Written};
pub use trace::Trace;
pub use uniform::Uniform;

/// One distribution of delays.
trait Draw {
    /// A delay in nanoseconds; may be negative or not finite, the caller cuts it.
    fn draw(&self, rng: &mut ChaCha8Rng, index: u64) -> f64;

    /// The delay that this share of the draws lies below, from 0 up to 1: the inverse of
    /// [`Draw::share_up_to`]. It grows with the share, and may be negative or infinite.
    fn quantile(&self, share: f64) -> f64;

    /// The share of the draws up to a delay.
    fn share_up_to(&self, ns: f64) -> f64;

    /// The parts that the model's author has named; none where it is one piece.
    fn parts(&self) -> Vec<Portion> {
        Vec::new()
    }

    /// The part that [`Draw::draw`] is about to draw from; `None` where only the delay tells.
    fn drawn_part(&self, _rng: &mut ChaCha8Rng) -> Option<usize> {
        None
    }

    /// Whether a delay depends on the request index within a part, so that a share alone does not
    /// give it.
    fn needs_index(&self) -> bool {
        false
    }

    /// The text of an experiment file for it.
    fn describe(&self) -> String;
}

/// A part of a model, as its author has named it.
#[derive(Debug, Clone, PartialEq)]
pub struct Portion {
    /// The share of the draws that it is expected to have.
    pub share: f64,
    /// Its delays in words: `at 1s`, `from lognormal median 10ms sigma 0.5`.
    pub name: String,
    /// Its shortest delay, in nanoseconds before cut and scale.
    least_ns: f64,
    /// Its longest delay, likewise; may be infinite.
    most_ns: f64,
}

/// A model among several, with its weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its frequency, relative to the other parts; positive and finite.
    pub weight: f64,
    /// The model that is drawn from.
    pub model: Model,
}

/// A list of more different delays has no parts with names: a sentence for each would be no help.
const MOST_PARTS: usize = 12;

/// Every delay model, by the name of its type. What an experiment file writes stands beside it.
macro_rules! models {
    ($($variant:ident)*) => {
        /// A distribution of delays.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(rename_all = "kebab-case")]
        pub enum Model {
            $(#[doc = concat!("See [`", stringify!($variant), "`].")] $variant($variant),)*
        }

        /// Syntax of each model in an experiment file.
        pub const MODELS: &[Written] = &[$($variant::WRITTEN,)*];

        impl Model {
            fn as_draw(&self) -> &dyn Draw {
                match self { $(Model::$variant(m) => m,)* }
            }

            /// Whether delays follow from the request index alone, so that nothing is drawn.
            pub fn is_in_turn(&self) -> bool {
                matches!(self, Model::Fixed(_) | Model::Cycle(_) | Model::Trace(_))
            }

            /// Whether a part of it goes by the request index, so that its sample cannot be stratified.
            pub fn needs_index(&self) -> bool {
                self.as_draw().needs_index()
            }
        }
    };
}

models! {
    Fixed
    Uniform
    Choice
    Cycle
    Normal
    Exponential
    Lognormal
    Pareto
    Mixture
    Trace
}

/// The delays of a workload: a model and, where its tail is long, a longest delay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delay {
    /// The distribution.
    pub model: Model,
    /// Longer draws are cut to this, in nanoseconds, before scaling.
    pub max_ns: Option<u64>,
}

impl Default for Delay {
    fn default() -> Delay {
        Delay::NONE
    }
}

/// A delay of a day, in nanoseconds, is the longest that can be meant; it also keeps sums of a million delays
/// within 64 bits.
pub const LONGEST_NS: u64 = 86_400_000_000_000;

impl Delay {
    /// No delay at all.
    pub const NONE: Delay = Delay { model: Model::Fixed(Fixed { ns: 0 }), max_ns: None };

    /// The delay of request `index`, in nanoseconds, after scaling.
    ///
    /// `ChaCha8` is one generator for each seed with one independent stream for each request, so a
    /// draw depends on nothing that was drawn before it.
    pub fn planned_ns(&self, seed: u64, index: u64, time_scale: f64) -> u64 {
        scaled(self.cut(self.drawn(seed, index)), time_scale)
    }

    /// The draw of request `index`, before cut and scale.
    fn drawn(&self, seed: u64, index: u64) -> f64 {
        self.model.as_draw().draw(&mut stream(seed, index), index)
    }

    fn cut(&self, drawn: f64) -> f64 {
        // A NaN becomes zero here: `max` returns the other operand.
        drawn.max(0.0).min(self.max_ns.unwrap_or(LONGEST_NS) as f64)
    }

    /// The delay that this share of the draws lies below, in nanoseconds after scaling.
    pub fn quantile_ns(&self, share: f64, time_scale: f64) -> u64 {
        scaled(self.cut(self.model.as_draw().quantile(share)), time_scale)
    }

    /// The share of the draws that are longer than a delay, in nanoseconds before scaling.
    pub fn share_beyond(&self, ns: f64) -> f64 {
        if self.cut(f64::INFINITY) <= ns { 0.0 } else { 1.0 - self.model.as_draw().share_up_to(ns) }
    }

    /// The parts that the model's author has named; none where it is one piece.
    pub fn parts(&self) -> Vec<Portion> {
        self.model.as_draw().parts()
    }

    /// The delays of the first `requests` requests.
    pub fn all_ns(&self, seed: u64, requests: u32, time_scale: f64) -> Vec<u64> {
        (0..u64::from(requests)).map(|i| self.planned_ns(seed, i, time_scale)).collect()
    }

    /// The shortest duration above zero that it is written with, in nanoseconds.
    pub fn shortest_written_ns(&self) -> Option<u64> {
        /// Of the stored form, so that no model is forgotten: names of durations end with their unit.
        fn shortest(value: &Value, is_ns: bool) -> Option<u64> {
            match value {
                Value::Number(n) if is_ns => n.as_u64().filter(|&n| n > 0),
                Value::Array(all) => all.iter().filter_map(|v| shortest(v, is_ns)).min(),
                Value::Object(all) => {
                    all.iter().filter_map(|(name, v)| shortest(v, name.ends_with("ns"))).min()
                }
                _ => None,
            }
        }
        shortest(&serde_json::to_value(self).expect("a delay is plain data"), false)
    }

    /// The text of an experiment file for it, in one fixed form.
    pub fn describe(&self) -> String {
        let model = self.model.as_draw().describe();
        match self.max_ns {
            None => model,
            Some(max) => format!("{model}, max {}", crate::units::exact_duration(max)),
        }
    }
}

fn stream(seed: u64, index: u64) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    rng.set_stream(index);
    rng
}

fn scaled(cut: f64, time_scale: f64) -> u64 {
    (cut * time_scale).round().min(LONGEST_NS as f64) as u64
}

#[cfg(test)]
mod model_tests {
    use super::*;

    fn delay(model: Model) -> Delay {
        Delay { model, max_ns: None }
    }

    fn mean(delay: &Delay) -> f64 {
        let all = delay.all_ns(1, 20_000, 1.0);
        all.iter().sum::<u64>() as f64 / all.len() as f64
    }

    #[test]
    fn a_delay_depends_on_seed_and_index_only() {
        let d = delay(Model::Uniform(Uniform { low_ns: 0, high_ns: 1_000_000 }));
        let all = d.all_ns(7, 100, 1.0);
        assert_eq!(d.planned_ns(7, 42, 1.0), all[42]);
        assert_ne!(all, d.all_ns(8, 100, 1.0));
        assert!(all.iter().any(|&x| x != all[0]));
    }

    #[test]
    fn the_draws_of_a_seed_never_change() {
        // Recordings are compared across builds: another generator would be another experiment.
        let d = delay(Model::Choice(Choice { of_ns: vec![0, 1, 2, 3] }));
        assert_eq!(d.all_ns(1, 12, 1.0), [1, 3, 3, 2, 2, 1, 2, 1, 0, 1, 2, 2]);
    }

    #[test]
    fn means_are_what_the_models_say() {
        let ms = 1_000_000.0;
        let close = |model: Model, want: f64| {
            let got = mean(&delay(model)) / ms;
            assert!((got / want - 1.0).abs() < 0.05, "mean {got} ms instead of {want} ms");
        };
        close(Model::Fixed(Fixed { ns: 3_000_000 }), 3.0);
        close(Model::Uniform(Uniform { low_ns: 0, high_ns: 2_000_000 }), 1.0);
        close(Model::Normal(Normal { mean_ns: 10_000_000, sd_ns: 1_000_000 }), 10.0);
        close(Model::Exponential(Exponential { mean_ns: 4_000_000 }), 4.0);
        close(
            Model::Lognormal(Lognormal { median_ns: 10_000_000, sigma: 0.5 }),
            10.0 * (0.125f64).exp(),
        );
        close(Model::Pareto(Pareto { scale_ns: 1_000_000, shape: 4.0 }), 4.0 / 3.0);
        let parts = vec![
            Part { weight: 3.0, model: Model::Fixed(Fixed { ns: 1_000_000 }) },
            Part { weight: 1.0, model: Model::Fixed(Fixed { ns: 5_000_000 }) },
        ];
        close(Model::Mixture(Mixture { parts }), 2.0);
    }

    #[test]
    fn a_trace_starts_again_at_its_end() {
        let trace = Trace { file: "t.csv".into(), delays_ns: vec![5, 6, 7] };
        assert_eq!(delay(Model::Trace(trace)).all_ns(1, 5, 1.0), [5, 6, 7, 5, 6]);
    }

    #[test]
    fn tails_are_cut_and_time_is_scaled() {
        let pareto = Model::Pareto(Pareto { scale_ns: 1_000, shape: 0.1 });
        let d = Delay { model: pareto, max_ns: Some(2_000) };
        assert!(d.all_ns(1, 1_000, 0.5).iter().all(|&ns| (500..=1_000).contains(&ns)));
    }

    #[test]
    fn a_description_holds_every_setting() {
        let d = Delay {
            model: Model::Lognormal(Lognormal { median_ns: 10_000_000, sigma: 0.5 }),
            max_ns: Some(1_000_000_000),
        };
        assert_eq!(d.describe(), "lognormal median 10ms sigma 0.5, max 1s");
    }
}
