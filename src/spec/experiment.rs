//! What an experiment is: scenarios, strategies, blocks, claims.

use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

use super::{Claim, Gate, Selector};
use crate::arrival::Arrival;
use crate::delay::{Delay, Planned, Sampling};
use crate::link::RttBy;
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

/// One point of the workload and server settings.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Requests of a trial; at least one.
    pub requests: u32,
    /// How long the server waits before each answer.
    pub delay: Delay,
    /// Every delay is multiplied by this; positive and finite.
    pub time_scale: f64,
    /// How delays are drawn from their model.
    pub sampling: Sampling,
    /// Bytes of an answer's body.
    pub body_bytes: u64,
    /// Pieces that a body is sent in, at least one.
    pub chunks: u32,
    /// Pause between two pieces.
    pub chunk_delay_ns: u64,
    /// Bytes of a request's body; a request without one is a GET, with one a POST.
    pub upload_bytes: u64,
    /// Redirects before each answer.
    pub redirects: u32,
    /// Hosts that requests go to in turn: request `i` goes to host `i mod targets`.
    pub targets: u32,
    /// Round trip of the network between client and server; `None` is plain loopback.
    pub rtt_ns: Option<u64>,
    /// What holds its packets; of no meaning on plain loopback.
    pub rtt_by: RttBy,
    /// When requests are to start.
    pub arrival: Arrival,
    /// Seed of the delays, of the body and of arrivals.
    pub seed: u64,
    /// The server's queue of connections that are not accepted yet.
    pub backlog: u32,
    /// Whether connections are encrypted.
    pub tls: bool,
    /// Pause of the server before it reads from a new connection.
    pub connect_delay_ns: u64,
    /// Pause of the server before a TLS handshake.
    pub handshake_delay_ns: u64,
    /// Requests at once on an HTTP/2 connection at most (`SETTINGS_MAX_CONCURRENT_STREAMS`).
    pub streams: u32,
    /// How long the name server waits; `None`: there are no names, requests go to the address.
    pub dns_delay_ns: Option<u64>,
    /// How long answers of the name server may be kept.
    pub dns_ttl_ns: u64,
    /// Of the hosts, the last ones that the name server does not know: requests to them fail.
    pub unknown_hosts: u32,
    /// Open files that the server may have; as many as the system gives, if absent.
    pub server_nofile: Option<u64>,
    /// Requests that the server takes at once; further ones are refused with 429.
    pub capacity: Option<NonZeroU32>,
    /// What the server tells those as `Retry-After`.
    pub retry_after_ns: u64,
}

impl Scenario {
    /// This many requests with these delays, everything else as an experiment file has it by
    /// default.
    pub fn plain(requests: u32, delay: Delay) -> Scenario {
        Scenario {
            requests,
            delay,
            time_scale: 1.0,
            sampling: Sampling::Independent,
            body_bytes: 0,
            chunks: 1,
            chunk_delay_ns: 0,
            upload_bytes: 0,
            redirects: 0,
            targets: 1,
            rtt_ns: None,
            rtt_by: RttBy::Auto,
            arrival: Arrival::Closed,
            seed: 1,
            backlog: 4_096,
            tls: false,
            connect_delay_ns: 0,
            handshake_delay_ns: 0,
            streams: 200,
            dns_delay_ns: None,
            dns_ttl_ns: 60_000_000_000,
            unknown_hosts: 0,
            server_nofile: None,
            capacity: None,
            retry_after_ns: 1_000_000_000,
        }
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
