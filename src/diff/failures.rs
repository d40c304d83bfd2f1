//! Failures of a cell, on both sides.
//!
//! Two shares are compared: of trials that failed or were invalid, and of requests that failed in
//! the trials that measured. A trial either failed or not, so trials are counted (Fisher's exact
//! test; by block, the sign test). Requests of one trial fail together, so their share is a value of
//! the trial, compared by ranks, and has to move by more than the margin and the A/A control.
//!
//! *Fails more* and *fails less* are a family each for Holm's adjustment, apart from that of the
//! numbers. Every cell counts with two tests, whether or not anything failed, so that a failure
//! never makes it harder to see another one.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use inflight_stats::ALPHA;

use crate::analyse::{Margin, fails_more, fails_more_by_block, paired_rank_test, rank_test};
use crate::record::{Status, TrialRow};

use super::side::{Pair, Side, SideCell, paired};
use super::{Pairing, noise};

/// Failures of a cell on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Failures {
    /// Trials that failed or were invalid, of those that were tried.
    pub trials: Change,
    /// Requests that failed, of those of trials that measured.
    pub requests: Change,
}

/// A share of failures on both sides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Change {
    /// Shares of the base and of the new side, 0 to 1; `None` where nothing was tried.
    pub shares: [Option<f64>; 2],
    /// One-sided p of "no more often", and after Holm's adjustment.
    pub more: P,
    /// One-sided p of "no less often".
    pub less: P,
    /// Nothing failed on the base, and on the new side something did in every trial: found with any
    /// number of blocks. Chance alone does it in at most 1 of 4ⁿ comparisons of n blocks.
    pub at_once: bool,
    /// The reverse.
    pub gone_at_once: bool,
}

/// A p, and what Holm's adjustment makes of it; 1 until it is made.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct P {
    /// p of the test alone.
    pub alone: f64,
    /// p within the family.
    pub adjusted: f64,
}

impl P {
    fn of(alone: f64) -> P {
        P { alone, adjusted: 1.0 }
    }
}

/// Direction in which a share of failures went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trend {
    /// From none to some.
    Newly,
    /// From some to more.
    More,
    /// Not known to have moved.
    Open,
    /// From some to fewer.
    Less,
    /// From some to none.
    Fixed,
}

impl Change {
    /// Which way the share went, as far as the tests tell.
    pub fn trend(&self) -> Trend {
        let none = |side: usize| self.shares[side].is_none_or(|share| share == 0.0);
        if self.at_once || self.more.adjusted <= ALPHA {
            if none(0) { Trend::Newly } else { Trend::More }
        } else if self.gone_at_once || self.less.adjusted <= ALPHA {
            if none(1) { Trend::Fixed } else { Trend::Less }
        } else {
            Trend::Open
        }
    }

    /// Whether the share of the new side is the larger one, significant or not.
    pub fn rose(&self) -> bool {
        self.shares[1].unwrap_or(0.0) > self.shares[0].unwrap_or(0.0)
    }
}

/// Both shares of a cell; what is adjusted is still to come.
pub(super) fn of(sides: [&Side; 2], pair: Pair, pairing: Pairing, margin: Margin) -> Failures {
    let cells = [&sides[0].cells[pair.base], &sides[1].cells[pair.new]];
    let [base, new] = pair.scenarios(sides);
    let control = noise::shift([&sides[0].scenarios[base], &sides[1].scenarios[new]], shares);
    let noise = control.max(margin.relative());
    Failures { trials: trials(cells, pairing), requests: requests(cells, pairing, noise) }
}

fn trials(cells: [&SideCell; 2], pairing: Pairing) -> Change {
    let counts = cells.map(|cell| {
        let fitness = &cell.analysed.fitness;
        (fitness.failed + fitness.invalid, fitness.begun())
    });
    let shares = counts.map(|(failed, tried)| (tried > 0).then(|| failed as f64 / tried as f64));
    let [base, new] = counts;
    let [more, less] = match pairing {
        Pairing::None => [fails_more(base, new), fails_more(new, base)],
        Pairing::Blocks => {
            let [base, new] = cells.map(failed_by_block);
            let only = |one: &BTreeMap<u32, bool>, other: &BTreeMap<u32, bool>| {
                let failed = one.iter().filter(|(_, failed)| **failed);
                failed.filter(|(block, _)| other.get(block) == Some(&false)).count()
            };
            let (only_base, only_new) = (only(&base, &new), only(&new, &base));
            [fails_more_by_block(only_base, only_new), fails_more_by_block(only_new, only_base)]
        }
    };
    let all = |(failed, tried): (usize, usize)| tried > 0 && failed == tried;
    let none = |(failed, tried): (usize, usize)| tried > 0 && failed == 0;
    Change {
        shares,
        more: P::of(more),
        less: P::of(less),
        at_once: none(base) && all(new),
        gone_at_once: all(base) && none(new),
    }
}

/// Whether the trial of each block failed; what the machine could not run is not known.
fn failed_by_block(cell: &SideCell) -> BTreeMap<u32, bool> {
    let tried = cell.trials.iter().filter(|row| row.status != Status::Skipped);
    tried.map(|row| (row.block, !row.is_ok())).collect()
}

/// Compares the shares of failed requests of the trials; a difference of no more than `noise`
/// does not matter.
fn requests(cells: [&SideCell; 2], pairing: Pairing, noise: f64) -> Change {
    let by_block = cells.map(|cell| shares(&cell.trials));
    let test = match pairing {
        Pairing::None => {
            let [base, new] =
                by_block.each_ref().map(|of| of.values().copied().collect::<Vec<_>>());
            rank_test(&base, &new)
        }
        Pairing::Blocks => {
            let (base, new) = paired(&by_block[0], &by_block[1]);
            paired_rank_test(&base, &new)
        }
    };
    let p = |direction: Ordering| match &test {
        Ok(test) if test.difference.abs() > noise => test.one_sided(direction),
        _ => 1.0,
    };
    let every = |side: usize, holds: &dyn Fn(f64) -> bool| {
        !by_block[side].is_empty() && by_block[side].values().all(|&share| holds(share))
    };
    let (none, some) = (|share| share == 0.0, |share| share > noise);
    Change {
        shares: cells.map(|cell| cell.analysed.fitness.failed_requests),
        more: P::of(p(Ordering::Greater)),
        less: P::of(p(Ordering::Less)),
        at_once: every(0, &none) && every(1, &some),
        gone_at_once: every(0, &some) && every(1, &none),
    }
}

/// The share of failed requests of every trial that measured, by block.
fn shares(trials: &[TrialRow]) -> BTreeMap<u32, f64> {
    let share = |row: &TrialRow| {
        let issued = row.issued.filter(|&issued| issued > 0)?;
        Some((row.block, row.errors? as f64 / issued as f64))
    };
    trials.iter().filter(|row| row.is_ok()).filter_map(share).collect()
}
