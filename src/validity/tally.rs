//! Answers of many trials to one check, summed up.

use std::collections::BTreeMap;

use super::{Check, MeasuredTrial, NotPassed, Why};
use crate::words::Words;

/// Trials that a check has something to ask of.
pub struct Looked<'a> {
    trials: Vec<&'a MeasuredTrial<'a>>,
    codes: &'a dyn Fn(&[usize]) -> Words,
}

impl Looked<'_> {
    /// Recorded values of the trials that have one; `None` if none has.
    pub(super) fn values<T>(&self, value: impl Fn(&MeasuredTrial) -> Option<T>) -> Option<Vec<T>> {
        let all: Vec<T> = self.trials.iter().filter_map(|trial| value(trial)).collect();
        (!all.is_empty()).then_some(all)
    }

    /// Sum over the trials that have it.
    pub(super) fn sum(&self, value: impl Fn(&MeasuredTrial) -> Option<u64>) -> Option<u64> {
        Some(self.values(value)?.into_iter().sum())
    }

    /// Largest value of the trials that have it.
    pub(super) fn most(&self, value: impl Fn(&MeasuredTrial) -> Option<u64>) -> Option<u64> {
        self.values(value)?.into_iter().max()
    }

    /// Names of some cells.
    pub(super) fn codes(&self, cells: &[usize]) -> Words {
        (self.codes)(cells)
    }
}

/// Answers of some trials to one check.
pub struct Tally {
    /// Trials that passed.
    pub passed: usize,
    /// Trials that failed.
    pub failed: usize,
    not_asked: BTreeMap<Why, usize>,
    /// Summary of what was seen, if it is recorded.
    pub seen: Option<Words>,
}

impl Tally {
    /// Reasons for which trials with something to ask were not asked, and how many.
    pub fn reasons(&self) -> impl Iterator<Item = (Why, usize)> {
        self.not_asked.iter().map(|(&why, &n)| (why, n)).filter(|&(why, _)| why != Why::NoSubject)
    }

    /// Whether there is anything that the check is about.
    pub fn has_subject(&self) -> bool {
        self.passed + self.failed > 0 || self.reasons().next().is_some()
    }
}

impl Check {
    /// Asks all of these trials. `codes` names cells by their index in the plan.
    pub fn tally<'a>(
        &self,
        trials: &'a [MeasuredTrial<'a>],
        codes: &'a dyn Fn(&[usize]) -> Words,
    ) -> Tally {
        let mut tally = Tally { passed: 0, failed: 0, not_asked: BTreeMap::new(), seen: None };
        let mut looked = Looked { trials: Vec::new(), codes };
        for trial in trials {
            match self.ask(trial) {
                Ok(()) => tally.passed += 1,
                Err(NotPassed::Failed(_)) => tally.failed += 1,
                Err(NotPassed::NotAsked(why)) => {
                    *tally.not_asked.entry(why).or_default() += 1;
                    if why == Why::NoSubject {
                        continue;
                    }
                }
            }
            looked.trials.push(trial);
        }
        tally.seen = (self.seen)(&looked);
        tally
    }
}
