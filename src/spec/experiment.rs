//! Experiments: scenarios, strategies, blocks, claims.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::{Blocks, Claim, Gate, Scenario, Selector};
use crate::delay::{Delay, Planned};
use crate::strategy::Strategy;

/// An experiment, expanded: every value is valid and every list is multiplied out.
#[derive(Debug, Clone, PartialEq)]
pub struct Experiment {
    /// The file's name without its ending; part of the names of runs and reports.
    pub name: String,
    /// One line.
    pub title: String,
    /// The question that the report answers.
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
    /// Number and order of repetitions.
    pub blocks: Blocks,
    /// Ratios that the author expects.
    pub claims: Vec<Claim>,
    /// Metrics that no change may worsen.
    pub gates: Vec<Gate>,
    /// The request rows that are kept.
    pub record: RecordLevel,
    /// A ratio within 1 ± this is no difference that matters; 0.02 is 2 %.
    pub margin: f64,
    /// A trial that takes longer is killed; derived from the ideal time if absent. Nanoseconds.
    pub deadline_ns: Option<u64>,
    /// Files with programs, as they are written.
    pub program_files: Vec<String>,
}

impl Scenario {
    /// A scenario of this many requests with these delays, everything else as an experiment file
    /// has it by default.
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
    pub fn goes_to_unknown_host(&self, index: u32) -> bool {
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

    /// Delays before each answer, in request order; zero for a request that never gets to a server.
    pub fn delays_ns(&self) -> Vec<u64> {
        let mut delays = self.planned().all_ns();
        if self.unknown_hosts > 0 {
            for (index, delay) in (0..).zip(&mut delays) {
                *delay = if self.goes_to_unknown_host(index) { 0 } else { *delay };
            }
        }
        delays
    }

    /// Shortest times of requests, once each has a connection, in request order. Each is the
    /// planned delay, the pauses between pieces of the answer, and a round trip for the answer and
    /// each redirect. A request that never gets to a server takes none of it.
    pub fn waits_ns(&self) -> Vec<u64> {
        let trips = u64::from(self.redirects) + 1;
        let more = self.rtt_ns.unwrap_or(0).saturating_mul(trips).saturating_add(self.pauses_ns());
        let wait = |(index, delay): (u32, u64)| match self.goes_to_unknown_host(index) {
            true => 0,
            false => delay.saturating_add(more),
        };
        (0..).zip(self.delays_ns()).map(wait).collect()
    }

    /// Pauses between the pieces of an answer, together.
    pub fn pauses_ns(&self) -> u64 {
        // A body has no more pieces than bytes.
        let pieces = u64::from(self.chunks).min(self.body_bytes).max(1);
        (pieces - 1).saturating_mul(self.chunk_delay_ns)
    }
}

/// Request rows that a recording keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RecordLevel {
    /// Sampled requests: of one trial of each cell, the first 1 000.
    Sample,
    /// All requests of every trial.
    All,
    /// No requests.
    None,
}
