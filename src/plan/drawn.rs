//! The delays that were drawn, beside what their model expects.

use serde::Serialize;

use super::caution::{Caution, readable};
use super::part::{DrawnPart, short};
use crate::spec::Scenario;

/// Chance that a sample of independent draws is called unlikely although its model made it, for all
/// checks of a scenario together. A plan is looked at often, and one in a hundred is not noticed.
pub const FALSE_ALARMS: f64 = 0.01;

/// The delays of a scenario's requests, those left out that never get to a server.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Drawn {
    /// Requests that get to a server.
    pub requests: usize,
    /// Delays of the requests, after scaling.
    pub drawn: Quantiles,
    /// Quantiles of the model, and the median of the longest of so many draws.
    pub expected: Quantiles,
    /// The parts that the model's author has named.
    pub parts: Vec<DrawnPart>,
    #[serde(skip)]
    cautions: Vec<Caution>,
}

/// Delays in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Quantiles {
    /// Median.
    pub p50_ns: u64,
    /// 90th percentile.
    pub p90_ns: u64,
    /// 99th percentile.
    pub p99_ns: u64,
    /// The longest.
    pub longest_ns: u64,
}

impl Drawn {
    /// Drawn delays of a scenario; `None` if no request gets to a server.
    pub fn of(scenario: &Scenario) -> Option<Drawn> {
        let planned = scenario.planned();
        let (delay, scale) = (&scenario.delay, scenario.time_scale);
        let reached: Vec<u64> = (0..scenario.requests)
            .filter(|&index| !scenario.goes_to_unknown_host(index))
            .map(u64::from)
            .collect();
        let mut sorted: Vec<f64> = reached.iter().map(|&index| planned.unscaled(index)).collect();
        sorted.sort_by(f64::total_cmp);
        let n = sorted.len();
        let (&longest, _) = sorted.split_last()?;
        let ns = |unscaled: f64| (unscaled * scale).round() as u64;
        // The nearest rank: the least value that the share of all is not above.
        let rank = |share: f64| ns(sorted[((share * n as f64).ceil() as usize).clamp(1, n) - 1]);
        let in_turn = delay.model.is_in_turn();
        let of_longest = match (in_turn, scenario.sampling.is_independent()) {
            (true, _) => 1.0,
            (false, true) => 0.5_f64.powf(1.0 / n as f64),
            (false, false) => 1.0 - 0.5 / n as f64,
        };
        let model = |share: f64| delay.quantile_ns(share, scale);
        let met = planned.parts_met(reached.iter().copied());
        let parts = delay.parts().into_iter().enumerate();
        let parts: Vec<DrawnPart> = parts
            .map(|(index, part)| DrawnPart {
                name: part.name,
                share: part.share,
                expected: part.share * n as f64,
                drawn: met.as_ref().map(|met| met[index]),
            })
            .collect();
        let mut drawn = Drawn {
            requests: n,
            drawn: Quantiles {
                p50_ns: rank(0.5),
                p90_ns: rank(0.9),
                p99_ns: rank(0.99),
                longest_ns: ns(longest),
            },
            expected: Quantiles {
                p50_ns: model(0.5),
                p90_ns: model(0.9),
                p99_ns: model(0.99),
                longest_ns: model(of_longest),
            },
            parts,
            cautions: Vec::new(),
        };
        drawn.cautions = drawn.missing(scenario);
        if in_turn && drawn.parts.is_empty() && drawn.drawn.longest_ns < drawn.expected.longest_ns {
            drawn.cautions.push(Caution::TooShort {
                requests: n,
                longest_ns: drawn.drawn.longest_ns,
                of_model_ns: drawn.expected.longest_ns,
            });
        }
        if scenario.sampling.is_independent() && !in_turn {
            let unlikely = drawn.unlikely(scenario, &sorted);
            drawn.cautions.extend(unlikely);
        }
        Some(drawn)
    }

    /// Cautions about the delays before they are used.
    pub fn cautions(&self) -> &[Caution] {
        &self.cautions
    }

    /// The named parts that no request has.
    fn missing(&self, scenario: &Scenario) -> Vec<Caution> {
        let parts: Vec<DrawnPart> =
            self.parts.iter().filter(|part| part.drawn == Some(0)).cloned().collect();
        let missing = (!parts.is_empty()).then(|| Caution::Missing {
            parts,
            requests: self.requests,
            sampling: scenario.sampling,
            in_turn: scenario.delay.model.is_in_turn(),
        });
        missing.into_iter().collect()
    }

    /// Cautions about counts that an ordinary seed hardly ever gives. Each count is held against
    /// its binomial distribution, two-sided, by Chernoff's bound (exact for a count of none). All
    /// checks share [`FALSE_ALARMS`].
    fn unlikely(&self, scenario: &Scenario, sorted: &[f64]) -> Vec<Caution> {
        let delay = &scenario.delay;
        let n = sorted.len();
        let met = || self.parts.iter().filter_map(|part| Some((part, part.drawn?)));
        let quantiles = [(0.5, "p50"), (0.9, "p90"), (0.99, "p99")];
        // One more: the longest.
        let checks = met().count() + quantiles.len() + 1;
        let level = FALSE_ALARMS / checks as f64;
        let parts = met()
            // A part without any is told for itself.
            .filter(|&(part, drawn)| drawn > 0 && chance(n, part.share, drawn) <= level)
            .map(|(part, drawn)| Caution::Unlikely {
                what: format!("{} delays {}", drawn, part.name),
                expected: short(part.expected),
                requests: n,
            });
        let beyond = quantiles.into_iter().filter_map(|(share, name)| {
            let quantile_ns = delay.quantile_ns(share, 1.0) as f64;
            let above = n - sorted.partition_point(|&ns| ns <= quantile_ns);
            let expected = delay.share_beyond(quantile_ns);
            (chance(n, expected, above as u64) <= level).then(|| Caution::Unlikely {
                what: format!("{above} delays above the model's {name}"),
                expected: short(expected * n as f64),
                requests: n,
            })
        });
        let longest = sorted[n - 1];
        let all_below = |share_beyond: f64| (1.0 - share_beyond).powf(n as f64);
        // One nanosecond to either side, since delays are rounded.
        let as_short = all_below(delay.share_beyond(longest + 1.0));
        let as_long = 1.0 - all_below(delay.share_beyond(longest - 1.0));
        let longest = (2.0 * as_short.min(as_long) <= level).then(|| Caution::Unlikely {
            what: format!("a longest delay of {}", readable(self.drawn.longest_ns)),
            expected: readable(self.expected.longest_ns),
            requests: n,
        });
        let mut all: Vec<Caution> = parts.collect();
        all.extend(beyond.chain(longest));
        all
    }
}

/// At most twice the chance that of `n` draws as few, or as many, are of a part with this share: twice
/// exp(−n·KL(k/n ‖ share)). For a share of nothing or of everything there is no chance in it.
fn chance(n: usize, share: f64, k: u64) -> f64 {
    if share <= 0.0 || share >= 1.0 {
        return 1.0;
    }
    let n = n as f64;
    let part = |observed: f64, expected: f64| match observed {
        0.0 => 0.0,
        _ => observed * (observed / expected).ln(),
    };
    let observed = k as f64 / n;
    let divergence = part(observed, share) + part(1.0 - observed, 1.0 - share);
    2.0 * (-n * divergence).exp()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::delay::{
        Choice, Cycle, Delay, Exponential, Fixed, Lognormal, Mixture, Model, Normal, Pareto, Part,
        Sampling, Trace, Uniform,
    };

    fn mixture(parts: &[(f64, u64)]) -> Model {
        let part = |&(weight, ms): &(f64, u64)| Part {
            weight,
            model: Model::Fixed(Fixed { ns: ms * 1_000_000 }),
        };
        Model::Mixture(Mixture { parts: parts.iter().map(part).collect() })
    }

    fn scenario(model: Model, requests: u32, seed: u64) -> Scenario {
        Scenario { seed, ..Scenario::plain(requests, Delay { model, max_ns: None }) }
    }

    fn told(scenario: &Scenario) -> Vec<String> {
        let drawn = Drawn::of(scenario).expect("requests");
        drawn.cautions().iter().map(ToString::to_string).collect()
    }

    /// Case `rare-tail`.
    #[test]
    fn a_part_that_no_request_has_is_told() {
        let rare = scenario(mixture(&[(99.0, 2), (1.0, 1_000)]), 60, 4);
        let drawn = Drawn::of(&rare).expect("requests");
        assert_eq!((drawn.parts[1].drawn, drawn.parts[1].name.as_str()), (Some(0), "at 1s"));
        assert!((drawn.parts[1].expected - 0.6).abs() < 1e-9);
        let told = told(&rare);
        assert_eq!(told.len(), 1, "{told:?}");
        assert_eq!(
            told[0],
            "1 % of the delay model, at 1s, is not among the 60 requests (expected 0.6, drawn 0): \
             they cannot answer a question about it; take another `seed`, more `requests`, or \
             draw = \"stratified\""
        );
        let with_it = (0..).map(|seed| Scenario { seed, ..rare.clone() });
        let with_it = with_it.take(100).filter(|s| self::told(s).is_empty()).count();
        // 45 % of seeds have it; three standard errors of a hundred are 15.
        assert!((30..60).contains(&with_it), "{with_it}");
    }

    #[test]
    fn stratified_samples_miss_what_is_less_than_one_request() {
        let of = |requests| Scenario {
            sampling: Sampling::Stratified,
            ..scenario(mixture(&[(99.0, 2), (1.0, 1_000)]), requests, 4)
        };
        for seed in 0..50 {
            assert_eq!(told(&Scenario { seed, ..of(100) }), [""; 0]);
            let few = told(&Scenario { seed, ..of(60) });
            assert!(few.iter().all(|t| t.ends_with("take at least 100 `requests`")), "{few:?}");
        }
    }

    #[test]
    fn lists_that_are_not_gone_through_are_told() {
        let cycle = |requests| {
            scenario(Model::Cycle(Cycle { of_ns: vec![1_000_000, 9_000_000] }), requests, 1)
        };
        assert_eq!(told(&cycle(2)), [""; 0]);
        let short = told(&cycle(1)).remove(0);
        assert!(short.contains("at 9ms, is not among the 1 request"), "{short}");
        let delays_ns = (1..=50).map(|ms| ms * 1_000_000).collect();
        let trace = |requests| {
            let trace = Trace { file: "t.csv".to_owned(), delays_ns };
            scenario(Model::Trace(trace), requests, 1)
        };
        let told = told(&trace(10)).remove(0);
        assert!(
            told.contains("longest of the 10 requests is 10.0 ms, that of the delay model 50.0 ms"),
            "{told}"
        );
    }

    /// The promise of the rule: of ordinary seeds, at most one in a hundred is called unlikely. Of 400
    /// seeds of each model four standard errors of 1 % are 2 %.
    #[test]
    fn ordinary_seeds_are_hardly_ever_called_unlikely() {
        let ms = 1_000_000;
        let lognormal = Model::Lognormal(Lognormal { median_ns: 10 * ms, sigma: 1.0 });
        let models = [
            Model::Uniform(Uniform { low_ns: 5 * ms, high_ns: 25 * ms }),
            Model::Choice(Choice { of_ns: vec![0, ms, 2 * ms, 3 * ms] }),
            Model::Choice(Choice { of_ns: (0..200).map(|i| i * ms).collect() }),
            Model::Normal(Normal { mean_ns: 10 * ms, sd_ns: 5 * ms }),
            Model::Exponential(Exponential { mean_ns: 10 * ms }),
            lognormal.clone(),
            Model::Pareto(Pareto { scale_ns: ms, shape: 1.5 }),
            mixture(&[(90.0, 2), (10.0, 1_000)]),
            Model::Mixture(Mixture {
                parts: vec![
                    Part { weight: 0.9, model: lognormal },
                    Part {
                        weight: 0.1,
                        model: Model::Exponential(Exponential { mean_ns: 9 * ms }),
                    },
                ],
            }),
        ];
        for model in models {
            for (requests, max_ns) in [(60, None), (1_000, Some(20 * ms))] {
                let mut wrong = 0;
                for seed in 0..400 {
                    let mut scenario = scenario(model.clone(), requests, seed);
                    scenario.delay.max_ns = max_ns;
                    let drawn = Drawn::of(&scenario).expect("requests");
                    let unlikely = |c: &&Caution| matches!(c, Caution::Unlikely { .. });
                    wrong += usize::from(drawn.cautions().iter().any(|c| unlikely(&c)));
                }
                assert!(wrong <= 12, "{model:?}, {requests}: {wrong} of 400");
            }
        }
    }

    /// And seeds that are out of the ordinary are: another model's delays under this model's name.
    #[test]
    fn a_sample_of_another_model_is_called_unlikely() {
        let exponential = |mean_ns| Model::Exponential(Exponential { mean_ns });
        let here = scenario(exponential(10_000_000), 200, 1);
        let drawn = Drawn::of(&here).expect("requests");
        let there = scenario(exponential(20_000_000), 200, 1);
        let mut sorted: Vec<f64> = (0..200).map(|i| there.planned().unscaled(i)).collect();
        sorted.sort_by(f64::total_cmp);
        let told = drawn.unlikely(&here, &sorted);
        assert!(!told.is_empty());
        assert!(told[0].to_string().contains("above the model's p50"), "{}", told[0]);
    }

    #[test]
    fn quantiles_stand_beside_those_of_the_model() {
        let uniform = Model::Uniform(Uniform { low_ns: 0, high_ns: 1_000_000_000 });
        let scaled = Scenario { time_scale: 0.1, ..scenario(uniform, 1_000, 1) };
        let Drawn { drawn, expected, .. } = Drawn::of(&scaled).expect("requests");
        let near = |ns: u64, wanted: f64| (ns as f64 / wanted - 1.0).abs() < 0.1;
        assert!(near(expected.p50_ns, 5e7) && near(expected.p90_ns, 9e7));
        assert!(near(expected.p99_ns, 9.9e7) && near(expected.longest_ns, 1e8));
        assert!(near(drawn.p50_ns, 5e7) && near(drawn.p90_ns, 9e7));
        assert!(near(drawn.p99_ns, 9.9e7) && near(drawn.longest_ns, 1e8));
        let delays = scaled.delays_ns();
        assert_eq!(Some(drawn.longest_ns), delays.iter().copied().max());
    }
}
