//! What an experiment is: scenarios, strategies, blocks, claims.

use serde::{Deserialize, Serialize};

use super::{Claim, Gate, Selector};
use crate::delay::Delay;
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
    /// Bytes of an answer's body.
    pub body_bytes: u64,
    /// Seed of the delays and of the body.
    pub seed: u64,
    /// The server's queue of connections that are not accepted yet.
    pub backlog: u32,
}

/// How often everything is repeated, and in which order.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Blocks {
    /// Measured blocks; at least one. With `until`, its `max`: the most there can be.
    pub count: u32,
    /// Stop earlier than that; `None` for a fixed number of blocks.
    pub until: Option<Until>,
    /// Blocks before them that are recorded but not analysed.
    pub warmup: u32,
    /// Seed of the order within blocks; the delays do not depend on it.
    pub seed: u64,
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
