//! What an experiment is: scenarios, strategies, blocks, claims.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Claim, Gate, Scenario, Selector};
use crate::delay::{Delay, Planned};
use crate::strategy::Strategy;

/// An experiment, expanded: every value is valid and every list is multiplied out.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The file's name without its ending; part of the names of runs and reports.
    pub name: String,
    /// One line.
    pub title: String,
    /// What the report answers.
    pub question: String,
    /// The points of the workload and server settings, in file order; at least one.
    pub scenarios: Vec<Scenario>,
    /// The strategies, in file order; at least one.
    pub strategies: Vec<Strategy>,
    /// Combinations of scenario and strategy that are left out.
    pub excludes: Vec<Selector>,
    /// The cell of each scenario that the others are compared with; the first, if absent.
    pub baseline: Option<Selector>,
    /// The cell of each scenario that is repeated as the A/A control; the one with the shortest
    /// ideal time, if absent.
    pub control: Option<Selector>,
    /// How often everything is repeated.
    pub blocks: Blocks,
    /// What the author expects.
    pub claims: Vec<Claim>,
    /// What no change may worsen.
    pub gates: Vec<Gate>,
    /// Which request rows are kept.
    pub record: RecordLevel,
    /// A ratio within 1 ± this is no difference that matters; 0.02 is 2 %.
    pub margin: f64,
    /// A trial that takes longer is killed; derived from the ideal time if absent. Nanoseconds.
    pub deadline_ns: Option<u64>,
}

impl Scenario {
    /// This many requests with these delays, everything else as an experiment file has it by
    /// default.
    pub fn plain(requests: u32, delay: Delay) -> Scenario {
        static DEFAULTS: LazyLock<Scenario> = LazyLock::new(Scenario::defaults);
        Scenario { requests, delay, ..DEFAULTS.clone() }
    }

    /// When each request is to start, in request order, in nanoseconds since the start of the
    /// window; `None` if arrival is closed.
    pub fn arrivals_ns(&self) -> Option<Vec<u64>> {
        self.arrival.all_ns(self.seed, self.requests)
    }

    /// Whether the name server does not know the host that a request goes to.
    pub fn is_to_unknown_host(&self, index: u32) -> bool {
        index % self.targets >= self.known_hosts()
    }

    /// Hosts that requests get to.
    pub fn known_hosts(&self) -> u32 {
        self.targets - self.unknown_hosts
    }

    /// The delays that requests ask for, also those that never get to the server.
    pub fn planned(&self) -> Planned<'_> {
        Planned {
            delay: &self.delay,
            sampling: self.sampling,
            requests: self.requests,
            seed: self.seed,
            time_scale: self.time_scale,
        }
    }

    /// How long the server is to wait before each answer, in request order; not at all for a request
    /// that never gets to it.
    pub fn delays_ns(&self) -> Vec<u64> {
        let mut delays = self.planned().all_ns();
        if self.unknown_hosts > 0 {
            for (index, delay) in (0..).zip(&mut delays) {
                *delay = if self.is_to_unknown_host(index) { 0 } else { *delay };
            }
        }
        delays
    }

    /// What each request takes at least, once it has a connection, in request order: its planned
    /// delay, the pauses between the pieces of its answer, and a round trip for the answer and for
    /// each redirect. What never gets to a server takes none of it.
    pub fn waits_ns(&self) -> Vec<u64> {
        let trips = u64::from(self.redirects) + 1;
        // A body has no more pieces than bytes.
        let pieces = u64::from(self.chunks).min(self.body_bytes).max(1);
        let pauses = (pieces - 1).saturating_mul(self.chunk_delay_ns);
        let more = self.rtt_ns.unwrap_or(0).saturating_mul(trips).saturating_add(pauses);
        let wait = |(index, delay): (u32, u64)| match self.is_to_unknown_host(index) {
            true => 0,
            false => delay.saturating_add(more),
        };
        (0..).zip(self.delays_ns()).map(wait).collect()
    }
}

/// How often everything is repeated, and in which order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocks {
    /// Measured blocks; at least one. With `until`, its `max`: the most there can be.
    pub count: u32,
    /// Whether the file gives no number, so that there may be as many as ranking the cells takes.
    pub count_is_default: bool,
    /// Stop earlier than that; `None` for a fixed number of blocks.
    pub until: Option<Until>,
    /// Blocks before them that are recorded but not analysed.
    pub warmup: u32,
    /// Seed of the order within blocks; the delays do not depend on it.
    pub seed: u64,
    /// How often a block is repeated at most in which a trial was invalid because the server was late.
    pub repeat_invalid: u32,
}

impl Blocks {
    /// The fewest measured blocks that the run can end with.
    pub fn least(&self) -> u32 {
        self.until.map_or(self.count, |until| until.min)
    }
}

/// When a run has enough: a rule that looks at the width of intervals, never at what they say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Until {
    /// Every interval reaches at most this far to either side of its middle, relative to it; 0.02
    /// is 2 %. In (0, 1).
    pub half_width: f64,
    /// Measured blocks before the first look; at least [`FEWEST_LOOKED_AT`].
    pub min: u32,
    /// Measured blocks at most; at least `min`.
    pub max: u32,
}

/// Blocks where a file gives no number: they tell differences of a few percent and rank seven cells.
pub const DEFAULT_BLOCKS: u32 = 10;

/// With fewer blocks there is no interval whose width could be looked at.
pub const FEWEST_LOOKED_AT: u32 = 6;

/// Which rows of single requests are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLevel {
    /// Of one trial of each cell, the first 1 000.
    Sample,
    /// Of every trial, all.
    All,
    /// None.
    None,
}
