//! From intervals to words: faster, slower, equivalent, or not known yet.

use super::{
    estimate::{ALPHA, Interval, NoInterval},
    holm::holm,
    normal,
    power::{PRACTICAL_BLOCKS, extra_to_shrink},
    ratio::{Logs, RatioEstimate},
    sample::Direction,
    verdict::{Comparison, Doubt, Judged, Margin, Verdict},
};

/// Judges a family of comparisons: all that one table prints.
///
/// With δ the margin fixed beforehand and a the end of the A/A interval that is farther from 1 (all
/// on logs, so that swapping base and new swaps the words), a value of which less is better is
///
/// * *slower* where the interval of new ÷ base lies beyond max(δ, a), and *faster* below its inverse;
/// * *equivalent* where the interval lies within ±δ, and a does not exceed δ;
/// * *inconclusive* otherwise.
///
/// Noise in the A/A control therefore only ever takes verdicts away.
///
/// *Faster* and *slower* also have to survive Holm's adjustment over the family. What is adjusted is
/// [`RatioEstimate::p_beyond`] that same bound, not the p of "no difference": the sentence printed
/// is "slower by more than the bound", so that is what must rarely be wrong. Because the
/// p and the interval invert one test, this is the same as widening the intervals to Holm's levels,
/// while readers still see plain 95 % intervals; alone in its family, a comparison is decided by its
/// 95 % interval. The chance of any false *faster* or *slower* in a table is at most 5 %. Holm on
/// the p of "no difference" would not give that: far from 1, it stops nothing that lies on the bound.
/// *Equivalent* is a statement of each comparison by itself (two one-sided tests of 2.5 %).
///
/// A comparison that could not be computed keeps its place and its reason; it is no test, and does
/// not make the others harder.
#[must_use]
pub fn judge<E: Clone>(
    comparisons: &[Comparison<E>],
    margin: Margin,
    control: Option<Interval>,
) -> Vec<Judged<E>> {
    let family: Vec<_> =
        comparisons.iter().map(|comparison| (comparison, margin, control)).collect();
    judge_each(&family)
}

/// Judges a family as [`judge`] does, each comparison with a margin and an A/A interval of its own: a
/// table may be one family although its rows have other controls and margins.
#[must_use]
pub fn judge_each<E: Clone>(
    family: &[(&Comparison<E>, Margin, Option<Interval>)],
) -> Vec<Judged<E>> {
    let bounded = |margin: Margin, control: &Option<Interval>| {
        let noise = control.map_or(Noise::default(), |control| Noise::of(&control));
        (noise, margin.log().max(noise.reach()).exp())
    };
    let p_values: Vec<Option<f64>> = family
        .iter()
        .map(|(comparison, margin, control)| {
            Some(comparison.ratio.as_ref().ok()?.p_beyond(bounded(*margin, control).1))
        })
        .collect();
    let tests: Vec<f64> = p_values.iter().copied().flatten().collect();

    family
        .iter()
        .zip(&p_values)
        .zip(holm(&p_values))
        .map(|(((comparison, margin, control), &p), adjusted_p)| {
            let (noise, bound) = bounded(*margin, control);
            let (verdict, doubt) = match &comparison.ratio {
                Ok(ratio) => {
                    let case = Case {
                        ratio,
                        delta: margin.log(),
                        noise,
                        // What Holm multiplies this p with: the number of p that are not smaller.
                        rivals: tests.iter().filter(|&&other| Some(other) >= p).count(),
                        family: tests.len(),
                    };
                    let (verdict, doubt) = case.rule(comparison.direction, adjusted_p);
                    (Ok(verdict), doubt)
                }
                Err(reason) => (Err(reason.clone()), None),
            };
            Judged { verdict, doubt, bound, p, adjusted_p }
        })
        .collect()
}

/// The A/A interval on logs.
#[derive(Clone, Copy, Default)]
struct Noise {
    center: f64,
    half_width: f64,
}

impl Noise {
    fn of(control: &Interval) -> Self {
        let (low, high) = (control.low.ln(), control.high.ln());
        Self { center: f64::midpoint(low, high).abs(), half_width: (high - low) / 2.0 }
    }

    /// The farther end from 1.
    fn reach(self) -> f64 {
        self.center + self.half_width
    }
}

/// One comparison with what it is held against.
struct Case<'a> {
    ratio: &'a RatioEstimate,
    /// The margin, on logs.
    delta: f64,
    noise: Noise,
    rivals: usize,
    family: usize,
}

impl Case<'_> {
    fn rule(&self, direction: Direction, adjusted_p: Option<f64>) -> (Verdict, Option<Doubt>) {
        let interval = match &self.ratio.ratio.interval {
            Ok(interval) => interval.map(f64::ln),
            Err(reason) => {
                // Without pairs, an interval is there once the least possible p is below α.
                let rivals = match self.ratio.logs {
                    Logs::Paired(_) => self.family,
                    Logs::Unpaired { .. } => 1,
                };
                // More blocks may lose as many trials again.
                let more_blocks = match reason {
                    NoInterval::TrialsLost { .. } => None,
                    _ => self.until_possible(rivals),
                };
                let verdict = Verdict::Inconclusive { more_blocks };
                return (verdict, Some(Doubt::NoInterval(reason.clone())));
            }
        };
        let bound = self.delta.max(self.noise.reach());
        let beyond = |limit: f64| interval.low > limit || interval.high < -limit;
        let doubt = if beyond(bound) {
            if adjusted_p.is_some_and(|p| p <= ALPHA) {
                let lower = interval.high < 0.0;
                let better = lower == (direction == Direction::LowerIsBetter);
                let verdict = if better { Verdict::Faster } else { Verdict::Slower };
                return (verdict, None);
            }
            Doubt::Multiplicity { family: self.family }
        } else if interval.low >= -self.delta && interval.high <= self.delta {
            if self.noise.reach() <= self.delta {
                return (Verdict::Equivalent, None);
            }
            Doubt::Noise
        } else if beyond(self.delta) {
            Doubt::Noise
        } else {
            Doubt::Wide
        };
        let verdict = Verdict::Inconclusive { more_blocks: self.until_decided(&interval) };
        (verdict, Some(doubt))
    }

    /// More blocks until the interval, and that of the A/A control with it, is narrow enough, if
    /// estimates stay and widths go with 1/√n.
    fn until_decided(&self, interval: &Interval) -> Option<usize> {
        let value = self.ratio.ratio.value.ln();
        let distance = value.abs();
        let half_width = (interval.high - value).max(value - interval.low);
        let Noise { center, half_width: noise } = self.noise;
        // The factor that the widths have to shrink by.
        let (shrink, possible) = if distance > self.delta {
            let holm =
                normal::quantile(ALPHA / 2.0 / self.rivals as f64) / normal::quantile(ALPHA / 2.0);
            let past_delta = (distance - self.delta) / (half_width * holm);
            let past_noise = (distance - center) / (half_width * holm + noise);
            (past_delta.min(past_noise), self.until_possible(self.rivals)?)
        } else {
            let within = (self.delta - distance) / half_width;
            let quiet = (self.delta - center) / noise;
            // Neither width nor noise: 0 ÷ 0, and then there is nothing to wait for.
            (within.min(quiet), 0)
        };
        if shrink <= 0.0 || shrink.is_nan() {
            return None;
        }
        let extra = extra_to_shrink(self.ratio.n_base, self.ratio.n_new, shrink.min(1.0))?;
        Some(extra.max(possible).max(1))
    }

    /// More blocks until the least possible p passes Holm's adjustment by `factor`.
    fn until_possible(&self, factor: usize) -> Option<usize> {
        let RatioEstimate { n_base, n_new, .. } = *self.ratio;
        let needed = ALPHA / factor as f64;
        (0..PRACTICAL_BLOCKS).find(|extra| {
            let log_ways = match self.ratio.logs {
                // 2ⁿ sign patterns.
                Logs::Paired(_) => (n_base + extra) as f64 * std::f64::consts::LN_2,
                // C(m + n, n) splits.
                Logs::Unpaired { .. } => {
                    let (m, n) = ((n_base + extra) as f64, n_new + extra);
                    (1..=n).map(|i| ((m + i as f64) / i as f64).ln()).sum()
                }
            };
            (2.0_f64.ln() - log_ways).exp() <= needed
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{paired_ratio, shift_ratio};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand_distr::{Distribution, LogNormal};

    /// `n` blocks of new ÷ base around `ratio`, spread evenly by ± `spread` on logs.
    fn around(ratio: f64, spread: f64, n: u32) -> Comparison {
        let new: Vec<f64> = (0..n)
            .map(|i| {
                let position = 2.0 * f64::from(i) / f64::from(n - 1) - 1.0;
                ratio * (position * spread).exp()
            })
            .collect();
        compare(&vec![1.0; new.len()], &new)
    }

    fn compare(base: &[f64], new: &[f64]) -> Comparison {
        Comparison { ratio: paired_ratio(base, new), direction: Direction::LowerIsBetter }
    }

    fn control(low: f64, high: f64) -> Option<Interval> {
        Some(Interval { low, high, nominal: 0.95, achieved: 0.952, exact: true })
    }

    fn alone(comparison: Comparison, aa: Option<Interval>) -> Judged {
        judge(&[comparison], Margin::default(), aa).remove(0)
    }

    fn words(judged: &Judged) -> String {
        let verdict = judged.verdict.as_ref().map_or_else(ToString::to_string, ToString::to_string);
        match &judged.doubt {
            Some(doubt) => format!("{verdict}: {doubt}"),
            None => verdict,
        }
    }

    #[test]
    fn the_interval_against_the_margin() {
        for (ratio, spread, expected) in [
            (1.10, 0.02, "slower"),
            (0.90, 0.02, "faster"),
            (1.00, 0.01, "equivalent"),
            (
                1.03,
                0.03,
                "inconclusive (about 4 more blocks): the interval reaches across the margin",
            ),
            (
                1.00,
                0.20,
                "inconclusive (about 181 more blocks): the interval reaches across the margin",
            ),
        ] {
            assert_eq!(words(&alone(around(ratio, spread, 15), None)), expected, "{ratio}");
        }
    }

    #[test]
    fn more_throughput_is_faster() {
        let mut comparison = around(1.10, 0.02, 15);
        comparison.direction = Direction::HigherIsBetter;
        assert_eq!(words(&alone(comparison, None)), "faster");
    }

    #[test]
    fn the_control_takes_verdicts_away() {
        let noisy = control(0.97, 1.12);
        assert_eq!(alone(around(1.10, 0.02, 15), noisy).doubt, Some(Doubt::Noise));
        assert_eq!(words(&alone(around(1.20, 0.02, 15), noisy)), "slower");
        assert_eq!(alone(around(1.0, 0.01, 15), control(0.97, 1.0)).doubt, Some(Doubt::Noise));
        assert_eq!(words(&alone(around(1.0, 0.01, 15), control(0.99, 1.01))), "equivalent");
        assert!((alone(around(1.0, 0.01, 15), control(0.8, 1.1)).bound - 1.25).abs() < 1e-12);
    }

    #[test]
    fn few_blocks_say_how_many_are_missing() {
        assert_eq!(
            words(&alone(around(1.5, 0.01, 4), None)),
            "inconclusive (about 2 more blocks): no interval: needs at least 6 blocks, has 4"
        );
        // Six blocks have p ≥ 2/64; among three comparisons 2/2⁷·3 ≤ 0.05 takes one more.
        let family = vec![around(1.5, 0.01, 6); 3];
        for judged in judge(&family, Margin::default(), None) {
            assert_eq!(judged.adjusted_p, Some(3.0 / 32.0));
            assert_eq!(
                words(&judged),
                "inconclusive (about 1 more block): not significant among 3 comparisons"
            );
        }
        let unpaired = Comparison {
            ratio: shift_ratio(&[1.0, 1.1, 1.2], &[2.0, 2.1, 2.2]),
            direction: Direction::LowerIsBetter,
        };
        assert_eq!(
            words(&alone(unpaired, None)),
            "inconclusive (about 1 more block): no interval: 3 and 3 trials give no 95 % interval, \
             4 and 4 do"
        );
    }

    #[test]
    fn what_could_not_be_computed_keeps_its_place_and_reason() {
        let family = [around(1.1, 0.02, 15), compare(&[1.0], &[]), around(0.9, 0.02, 15)];
        let judged = judge(&family, Margin::default(), None);
        let said: Vec<String> = judged.iter().map(words).collect();
        assert_eq!(said, ["slower", "there are no new values", "faster"]);
        assert_eq!((judged[1].p, judged[1].adjusted_p), (None, None));
        // It is no test: the two others are a family of two.
        assert_eq!(judged[0].adjusted_p, judged[0].p.map(|p| p * 2.0));
    }

    #[test]
    fn each_control_counts_for_its_own_comparison_only() {
        let slower = around(1.10, 0.02, 15);
        let margin = Margin::default();
        let noisy = control(0.97, 1.12);
        let family = [(&slower, margin, None), (&slower, margin, noisy), (&slower, margin, None)];
        let judged = judge_each(&family);
        let said: Vec<bool> = judged.iter().map(|j| j.verdict == Ok(Verdict::Slower)).collect();
        assert_eq!(said, [true, false, true]);
        assert_eq!(judged[1].doubt, Some(Doubt::Noise));
        // Still one family of three.
        assert_eq!(judged[0].adjusted_p, judged[0].p.map(|p| p * 3.0));
    }

    /// The promise of a table: of ten cells that equal their common baseline, any is called faster
    /// or slower in at most 5 % of the runs, even without a margin. Three standard errors of 200
    /// simulated runs are 3·√(0.05·0.95 ÷ 200) = 4.6 %.
    #[test]
    fn a_table_of_equal_cells_rarely_has_a_false_word() {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let trial = LogNormal::new(0.0, 0.05).unwrap();
        let mut cell = || -> Vec<f64> { (0..15).map(|_| trial.sample(&mut rng)).collect() };
        let runs = 200;
        let wrong = (0..runs)
            .filter(|_| {
                let base = cell();
                let family: Vec<Comparison> = (0..10).map(|_| compare(&base, &cell())).collect();
                judge(&family, Margin::new(0.0).unwrap(), None)
                    .iter()
                    .any(|judged| !is_inconclusive(judged))
            })
            .count();
        assert!(wrong as f64 / f64::from(runs) <= 0.05 + 0.046, "{wrong}");
    }

    fn logs() -> impl Strategy<Value = Vec<f64>> {
        (-0.2..0.2_f64, 0.001..0.2_f64).prop_flat_map(|(center, spread)| {
            prop::collection::vec(center - spread..center + spread, 1..25)
        })
    }

    fn family() -> impl Strategy<Value = Vec<Comparison>> {
        let comparison = logs().prop_map(|logs| {
            let new: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
            compare(&vec![1.0; new.len()], &new)
        });
        prop::collection::vec(comparison, 1..6)
    }

    fn is_inconclusive(judged: &Judged) -> bool {
        matches!(judged.verdict, Ok(Verdict::Inconclusive { .. }))
    }

    proptest! {
        #[test]
        fn noise_and_company_only_take_verdicts_away(
            family in family(),
            low in -0.1..0.0_f64,
            high in 0.0..0.1_f64,
            wider in 1.0..5.0_f64,
        ) {
            let margin = Margin::default();
            let quiet = judge(&family, margin, control(low.exp(), high.exp()));
            let noisy = judge(&family, margin, control((low * wider).exp(), (high * wider).exp()));
            for ((quiet, noisy), comparison) in quiet.iter().zip(&noisy).zip(&family) {
                prop_assert!(is_inconclusive(noisy) || noisy.verdict == quiet.verdict);
                prop_assert_eq!(is_inconclusive(noisy), noisy.doubt.is_some());
                let alone = alone(comparison.clone(), control(low.exp(), high.exp()));
                prop_assert!(is_inconclusive(quiet) || quiet.verdict == alone.verdict);
            }
        }

        /// Alone in its family, a comparison is decided by its interval: Holm adds nothing.
        #[test]
        fn the_interval_decides_alone(family in family()) {
            let judged = alone(family[0].clone(), None);
            let held_back = matches!(judged.doubt, Some(Doubt::Multiplicity { .. }));
            prop_assert!(!held_back);
        }

        #[test]
        fn swapping_swaps_the_words(logs in logs()) {
            let new: Vec<f64> = logs.iter().map(|log| log.exp()).collect();
            let base = vec![1.0; new.len()];
            let there = alone(compare(&base, &new), None).verdict.unwrap();
            let back = alone(compare(&new, &base), None).verdict.unwrap();
            let swapped = match there {
                Verdict::Faster => Verdict::Slower,
                Verdict::Slower => Verdict::Faster,
                other => other,
            };
            prop_assert_eq!(std::mem::discriminant(&back), std::mem::discriminant(&swapped));
        }

        #[test]
        fn a_cell_is_never_faster_than_itself(base in prop::collection::vec(1e-3..1e3, 1..25)) {
            for ratio in [paired_ratio(&base, &base), shift_ratio(&base, &base)] {
                let comparison = Comparison { ratio, direction: Direction::LowerIsBetter };
                let verdict = alone(comparison, None).verdict.unwrap();
                prop_assert!(!matches!(verdict, Verdict::Faster | Verdict::Slower));
            }
        }
    }
}
