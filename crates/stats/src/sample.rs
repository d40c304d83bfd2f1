//! Values of trials together with the trials that gave none.
//!
//! A trial that failed, or measured something else, has no value, and nobody knows what it would
//! have been: slow trials may have failed *because* they were slow. So it counts as any value at all.
//! Intervals and p-values are those that hold whichever values the lost trials would have had (the
//! bounds of Manski 2003, *Partial Identification of Probability Distributions*, for order
//! statistics): a lost trial makes an interval wider, never narrower, and never moves it. Too many
//! lost trials leave no interval at all.

use super::estimate::{
    Estimate, Interval, MIN_BLOCKS, NOMINAL, NoEstimate, NoInterval, Side, sorted,
};
use super::null::Null;

/// Direction in which a value improves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Durations, memory, errors.
    LowerIsBetter,
    /// Throughput, efficiency.
    HigherIsBetter,
}

/// The values of some trials of one kind.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// One for each trial that measured it, in their unit.
    pub values: Vec<f64>,
    /// Trials that gave none.
    pub lost: usize,
}

impl Sample {
    /// Their median, with an interval that holds whatever the lost trials would have shown.
    ///
    /// The value itself takes each lost trial to be worse than any other: losing one never makes a
    /// sample better.
    ///
    /// # Errors
    ///
    /// Without values, with one that is not finite, or with half of the trials lost.
    pub fn median(&self, direction: Direction) -> Result<Estimate, NoEstimate> {
        let sorted = sorted(&self.values, Side::Only)?;
        let Sample { lost, .. } = *self;
        let of = sorted.len() + lost;
        let at = |rank: usize| match direction {
            Direction::LowerIsBetter => sorted.get(rank).copied(),
            Direction::HigherIsBetter => rank.checked_sub(lost).map(|rank| sorted[rank]),
        };
        let middle = at((of - 1) / 2).zip(at(of / 2));
        let (low, high) = middle.ok_or(NoEstimate::TrialsLost { lost, of })?;
        Ok(Estimate {
            value: low + (high - low) / 2.0,
            n: sorted.len(),
            interval: order_interval(&sorted, lost),
        })
    }
}

/// From the k-th smallest to the k-th largest of all trials, the lost ones on either side in turn.
fn order_interval(sorted: &[f64], lost: usize) -> Result<Interval, NoInterval> {
    let (n, of) = (sorted.len(), sorted.len() + lost);
    let critical = Null::binomial(of).critical().filter(|_| n >= MIN_BLOCKS);
    let Some(critical) = critical else {
        return Err(NoInterval::TooFewBlocks { needs: MIN_BLOCKS, has: n });
    };
    let rank = critical.rank as usize;
    let Some(rank) = rank.checked_sub(lost).filter(|&rank| rank > 0) else {
        return Err(NoInterval::TrialsLost { lost, of });
    };
    Ok(Interval {
        low: sorted[rank - 1],
        high: sorted[n - rank],
        nominal: NOMINAL,
        achieved: critical.achieved,
        exact: critical.exact,
    })
}

/// Values of two sides in the blocks that both have.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pairs {
    /// The base, by block.
    pub base: Vec<f64>,
    /// The new side, in the same order.
    pub new: Vec<f64>,
    /// Blocks that both sides ran in and of which a value is missing.
    pub lost: usize,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{lossy_paired_ratio, lossy_shift_ratio};
    use proptest::prelude::*;

    #[test]
    fn a_lost_trial_widens_the_interval_and_worsens_the_median() {
        let whole = Sample { values: (1..=12).map(f64::from).collect(), lost: 0 };
        let lossy = Sample { values: (1..=11).map(f64::from).collect(), lost: 1 };
        let (whole, lossy) = (
            whole.median(Direction::LowerIsBetter).unwrap(),
            lossy.median(Direction::LowerIsBetter).unwrap(),
        );
        assert_eq!((whole.value, lossy.value), (6.5, 6.5));
        let ends = |e: &Estimate| e.interval.as_ref().map(|i| (i.low, i.high)).unwrap();
        assert_eq!((ends(&whole), ends(&lossy)), ((3.0, 10.0), (2.0, 10.0)));
    }

    #[test]
    fn many_lost_trials_leave_nothing() {
        let sample = Sample { values: vec![1.0; 4], lost: 6 };
        let lost = sample.median(Direction::LowerIsBetter).unwrap_err();
        assert_eq!(lost, NoEstimate::TrialsLost { lost: 6, of: 10 });
        assert_eq!(lost.to_string(), "6 of 10 trials gave no value");
        let some = Sample { values: vec![1.0; 8], lost: 2 }.median(Direction::LowerIsBetter);
        let lost = some.unwrap().interval.unwrap_err();
        assert_eq!(lost.to_string(), "2 of 10 trials gave no value");
    }

    fn values() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(1.0..100.0_f64, 1..16)
    }

    /// A lost trial may have had this value, below, within or above the others.
    fn lost() -> impl Strategy<Value = Vec<f64>> {
        prop::collection::vec(prop_oneof![Just(1e-6), 1.0..100.0_f64, Just(1e9)], 0..3)
    }

    fn holds(wide: &Estimate, narrow: &Estimate) -> bool {
        match (&wide.interval, &narrow.interval) {
            (Ok(wide), Ok(narrow)) => {
                wide.low <= narrow.low * (1.0 + 1e-12) && narrow.high <= wide.high * (1.0 + 1e-12)
            }
            (Ok(_), Err(_)) => false,
            (Err(_), _) => true,
        }
    }

    proptest! {
        /// Whatever the lost trials would have shown, the interval holds that one.
        #[test]
        fn the_interval_of_a_median_holds_every_completion(known in values(), lost in lost()) {
            let sample = Sample { values: known.clone(), lost: lost.len() };
            let Ok(estimate) = sample.median(Direction::LowerIsBetter) else { return Ok(()) };
            let whole = Sample { values: [known, lost].concat(), lost: 0 };
            let whole = whole.median(Direction::LowerIsBetter).unwrap();
            prop_assert!(holds(&estimate, &whole));
            prop_assert!(estimate.value >= whole.value);
        }

        #[test]
        fn the_interval_of_a_shift_holds_every_completion(
            base in values(), new in values(), lost_base in lost(), lost_new in lost(),
        ) {
            let sample = |values: &[f64], lost: usize| Sample { values: values.to_vec(), lost };
            let lossy = lossy_shift_ratio(
                &sample(&base, lost_base.len()),
                &sample(&new, lost_new.len()),
            ).unwrap();
            let all = |known: &[f64], lost: &[f64]| sample(&[known, lost].concat(), 0);
            let whole =
                lossy_shift_ratio(&all(&base, &lost_base), &all(&new, &lost_new)).unwrap();
            prop_assert!(holds(&lossy.ratio, &whole.ratio));
            if lossy.ratio.interval.is_ok() && lossy.p <= 0.05 {
                prop_assert!(whole.p <= lossy.p + 1e-12);
            }
        }

        #[test]
        fn the_interval_of_pairs_holds_every_completion(
            known in prop::collection::vec((1.0..100.0_f64, 1.0..100.0_f64), 1..16),
            lost in prop::collection::vec((1e-3..1e3_f64, 1e-3..1e3_f64), 0..3),
        ) {
            let pairs = |of: &[(f64, f64)], lost: usize| {
                let (base, new) = of.iter().copied().unzip();
                lossy_paired_ratio(&Pairs { base, new, lost }).unwrap()
            };
            let lossy = pairs(&known, lost.len());
            let whole = pairs(&[known, lost].concat(), 0);
            prop_assert!(holds(&lossy.ratio, &whole.ratio));
            for bound in [1.0, 1.02, 1.5] {
                let p = lossy.p_beyond(bound);
                if p <= 0.05 {
                    prop_assert!(whole.p_beyond(bound) <= p + 1e-12);
                }
            }
        }
    }
}
