//! The sample of a trial: which delays of a model its requests have.

use rand::RngExt;
use serde::{Deserialize, Serialize};

use super::{Delay, Portion, scaled, stream};

/// Way in which the delays of a trial are drawn from their model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Sampling {
    /// Each by itself.
    #[default]
    Independent,
    /// One from each of as many equally likely strata as there are requests.
    Stratified,
}

impl Sampling {
    /// All, the default first.
    pub const ALL: [Sampling; 2] = [Sampling::Independent, Sampling::Stratified];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Sampling::Independent => "independent",
            Sampling::Stratified => "stratified",
        }
    }

    /// Whether each delay is drawn by itself.
    pub fn is_independent(&self) -> bool {
        *self == Sampling::Independent
    }
}

impl std::fmt::Display for Sampling {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The delays of a trial: a pure function of the request index.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Planned<'a> {
    /// The model.
    pub delay: &'a Delay,
    /// The way in which they are drawn.
    pub sampling: Sampling,
    /// Requests of the trial. Beyond them, a stratified sample starts again.
    pub requests: u32,
    /// The seed.
    pub seed: u64,
    /// Factor on every delay.
    pub time_scale: f64,
}

impl Planned<'_> {
    /// The delay of request `index`, in nanoseconds, after scaling.
    pub fn ns(&self, index: u64) -> u64 {
        scaled(self.unscaled(index), self.time_scale)
    }

    /// The delays of all requests, in nanoseconds.
    pub fn all_ns(&self) -> Vec<u64> {
        (0..u64::from(self.requests)).map(|index| self.ns(index)).collect()
    }

    /// The delay of request `index` in nanoseconds, cut but not scaled.
    pub fn unscaled(&self, index: u64) -> f64 {
        self.delay.cut(self.drawn(index))
    }

    fn drawn(&self, index: u64) -> f64 {
        match self.share(index) {
            Some(share) => self.delay.model.as_draw().quantile(share),
            None => self.delay.drawn(self.seed, index),
        }
    }

    /// The share of the model that a stratified delay stands at; `None` where it is drawn by itself,
    /// or not drawn at all.
    ///
    /// Of `n` requests, one has a share in each of the `n` intervals of length 1/n, all at the same
    /// place of theirs, which the seed draws. So a part of the model that has the share w meets n × w
    /// requests, rounded up or down; and each share by itself is evenly spread over seeds, so means
    /// are not biased.
    fn share(&self, index: u64) -> Option<f64> {
        if self.sampling.is_independent() || self.delay.model.is_in_turn() {
            return None;
        }
        let strata = u64::from(self.requests.max(1));
        let place: f64 = stream(self.seed, PLACE).random();
        let share = (permuted(self.seed, strata, index % strata) as f64 + place) / strata as f64;
        // Rounding must not reach the end of the last stratum.
        Some(share.min(1.0 - f64::EPSILON))
    }

    /// Number of these requests with a delay from each part of [`Delay::parts`]; `None` where a
    /// delay could be from several.
    pub fn parts_met(&self, mut indices: impl Iterator<Item = u64>) -> Option<Vec<u64>> {
        let draw = self.delay.model.as_draw();
        let parts = draw.parts();
        let by_delay = |index: u64| {
            let drawn = self.drawn(index);
            // A mixture answers in whole nanoseconds, so the ends of a part are taken so, too.
            let holds = |p: &Portion| p.least_ns.floor() <= drawn && drawn <= p.most_ns.ceil();
            let mut holding = (0..parts.len()).filter(|&part| holds(&parts[part]));
            holding.next().filter(|_| holding.next().is_none())
        };
        let part = |index: u64| match self.share(index) {
            Some(_) => by_delay(index),
            None => {
                let replayed = draw.drawn_part(&mut stream(self.seed, index));
                replayed.or_else(|| by_delay(index))
            }
        };
        let counted = indices.try_fold(vec![0; parts.len()], |mut met, index| {
            met[part(index)?] += 1;
            Some(met)
        });
        counted.filter(|met| !met.is_empty())
    }
}

/// The stream of the place within strata; requests have the streams of their indices, which are
/// 32 bits.
const PLACE: u64 = u64::MAX;

/// Rounds of the permutation. Four make a Feistel network look random from outside (Luby & Rackoff
/// 1988); twice as many, since its halves are of a few bits here.
const ROUNDS: u64 = 8;

/// A permutation of the numbers below `n`, one for each seed, without a table: a Feistel network over
/// the next power of four, walked until it comes back below `n`.
fn permuted(seed: u64, n: u64, index: u64) -> u64 {
    let bits = (u64::BITS - (n - 1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1 << bits) - 1;
    let mut at = index;
    loop {
        let (mut left, mut right) = (at >> bits, at & mask);
        for round in 1..=ROUNDS {
            (left, right) = (right, left ^ (mixed(mixed(seed, round), right) & mask));
        }
        at = (left << bits) | right;
        if at < n {
            return at;
        }
    }
}

/// Two numbers to one that looks random: the finaliser of `SplitMix64` (Steele et al. 2014).
fn mixed(a: u64, b: u64) -> u64 {
    let mut z = a.wrapping_add(b.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_number_has_one_place(seed in any::<u64>(), n in 1..3_000_u64) {
            let mut places: Vec<u64> = (0..n).map(|index| permuted(seed, n, index)).collect();
            places.sort_unstable();
            prop_assert!(places.into_iter().eq(0..n));
        }
    }

    /// Over seeds, each index comes to each place as often. A frequency of 1/n over 20 000 seeds is
    /// within five standard errors.
    #[test]
    fn every_place_is_as_likely_for_every_index() {
        let seeds = 20_000_u64;
        for n in [2, 3, 4, 5, 7, 12, 16, 17] {
            for index in [0, 1, n - 1] {
                let mut met = vec![0_u64; n as usize];
                (0..seeds).for_each(|seed| met[permuted(seed, n, index) as usize] += 1);
                let p = 1.0 / n as f64;
                let error = (p * (1.0 - p) * seeds as f64).sqrt();
                for count in met {
                    let off = (count as f64 - p * seeds as f64).abs() / error;
                    assert!(off < 5.0, "{index} of {n}: {count} of {seeds}");
                }
            }
        }
    }

    /// Neighbours know nothing of each other: the lag-1 correlation of the places is that of a random
    /// order, −1/n, within five of 1/√n.
    #[test]
    fn neighbours_have_places_apart() {
        let n = 10_000_u64;
        for seed in 1..=4 {
            let places: Vec<f64> = (0..n).map(|i| permuted(seed, n, i) as f64).collect();
            let (mean, variance) = ((n - 1) as f64 / 2.0, (n * n - 1) as f64 / 12.0);
            let sum: f64 = places.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum();
            let correlation = sum / n as f64 / variance;
            assert!(correlation.abs() < 5.0 / (n as f64).sqrt(), "seed {seed}: {correlation}");
        }
    }
}
