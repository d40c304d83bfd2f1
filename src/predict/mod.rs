//! Wall time, CPU and memory of cells that were not run, from recorded cells of another size.
//!
//! ```text
//! Recording ─basis→ cells that differ in size and delays only ─line→ CPU per request, fixed CPU
//!                                                             ─calibrate→ what else a request takes
//! these, new delays, limit ─queue→ wall ─→ Prediction ─text, json→ `inflight plan`
//!                                                    ─rows→ predictions.csv ─outcome→ the report
//! ```
//!
//! A function of plan and recording alone. The method with its formulas stands in `docs/method/prediction.md`.

mod basis;
mod calibrate;
mod cell;
mod json;
mod line;
mod memory;
mod notes;
mod outcome;
mod queue;
mod rows;
mod settled;
#[cfg(test)]
mod tests;
mod text;

use rayon::prelude::*;

use crate::analyse::Estimate;
use crate::plan::Plan;
use crate::record::Recording;
use crate::spec::Factor;

pub use json::{SCHEMA, json};
pub use notes::{NoMemory, NoPrediction, Note};
pub use outcome::{Accuracy, Compared, Outcome, earlier, outcomes};
pub use rows::rows;
pub use text::text;

/// Requests that are simulated one by one. Beyond, the wall grows in a straight line: as it did
/// from half of these to all of them.
pub const MOST_SIMULATED: u64 = 1_000_000;

/// Size of the predicted runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ask {
    /// Requests of each cell, instead of those of its scenario; at least one.
    pub requests: Option<u64>,
    /// Machines that share them evenly, each like that of the recording, with a client and a
    /// server of its own; at least one.
    pub machines: u64,
}

impl Ask {
    /// The cells as they are planned.
    pub const AS_PLANNED: Ask = Ask { requests: None, machines: 1 };
}

/// Predictions for the cells of a plan.
#[derive(Debug, Clone, PartialEq)]
pub struct Predictions {
    /// Title of the experiment.
    pub title: String,
    /// Name of the recording.
    pub from: String,
    /// Machines that share the requests.
    pub machines: u64,
    /// The machine that recorded, as people call it.
    pub machine: String,
    /// One for each cell of the plan, those left out that differ in nothing any more.
    pub cells: Vec<Prediction>,
}

/// One cell, predicted or not.
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction {
    /// Identity of the planned cell.
    pub cell: String,
    /// Its name, with what tells its scenario from others.
    pub name: String,
    /// Requests of all machines.
    pub requests: u64,
    /// Requests of the machine with the most.
    pub requests_each: u64,
    /// The prediction, or why there is none.
    pub outcome: Result<Predicted, NoPrediction>,
}

/// A prediction for one machine. Times in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// Recorded cells that it rests on.
    pub basis: Basis,
    /// Wall time.
    pub wall_ns: Range,
    /// CPU time of the client in the window.
    pub cpu_ns: Range,
    /// Peak memory of the client in bytes.
    pub memory_bytes: Result<Range, NoMemory>,
    /// Its bottleneck.
    pub bound: Bound,
    /// The schedule without any cost.
    pub ideal_ns: f64,
    /// Notes on its accuracy.
    pub notes: Vec<Note>,
}

impl Predicted {
    /// Ideal ÷ wall.
    pub fn efficiency(&self) -> f64 {
        if self.wall_ns.value > 0.0 { self.ideal_ns / self.wall_ns.value } else { 1.0 }
    }
}

/// Recorded cells that a prediction rests on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basis {
    /// Requests of the cells, smallest first.
    pub requests: Vec<u32>,
    /// Identities of the cells, in the order of `requests`.
    pub cells: Vec<String>,
    /// Blocks with a measurement of each.
    pub blocks: usize,
    /// Whether delay and time scale are those of the predicted cell.
    pub same_delays: bool,
    /// Recorded cells that its memory rests on, if other than these.
    pub memory: Option<OtherLimits>,
}

/// Recorded cells of other limits, on whose connections memory rests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtherLimits {
    /// Limits of the cells, lowest first.
    pub limits: Vec<u32>,
    /// Identities of the cells, in the order of `limits`.
    pub cells: Vec<String>,
    /// Blocks with a measurement of each.
    pub blocks: usize,
}

/// A value with the ends of what the blocks of the recording give for it, if they are enough for
/// an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// The predicted value.
    pub value: f64,
    /// Lower and upper end.
    pub ends: Option<(f64, f64)>,
}

impl Range {
    fn of(estimate: &Estimate) -> Range {
        let ends = estimate.interval.as_ref().ok().map(|i| (i.low, i.high));
        Range { value: estimate.value, ends }
    }

    /// This range on another scale, which is increasing.
    #[must_use]
    pub fn map(self, scale: impl Fn(f64) -> f64) -> Range {
        let ends = self.ends.map(|(low, high)| (scale(low), scale(high)));
        Range { value: scale(self.value), ends }
    }
}

/// Bottleneck of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Bound {
    /// The slots of the strategy: more of them would be faster.
    Limit,
    /// CPU time of the client.
    Cpu,
    /// CPU time of the server.
    Server,
    /// The longest delay: every request is under way at once.
    LongestDelay,
}

impl Bound {
    /// The words of tables and records.
    pub fn name(self) -> &'static str {
        match self {
            Bound::Limit => "limit",
            Bound::Cpu => "CPU",
            Bound::Server => "server",
            Bound::LongestDelay => "longest delay",
        }
    }
}

/// Predicts every cell of a plan from a recording; of one of several builds, from the new one.
pub fn predict(plan: &Plan, recording: &Recording, ask: Ask) -> Predictions {
    predict_simulating(plan, recording, ask, MOST_SIMULATED)
}

/// Predicts every cell of a plan, with this many requests simulated at most.
fn predict_simulating(plan: &Plan, recording: &Recording, ask: Ask, most: u64) -> Predictions {
    let subject = recording.subject();
    let recording = subject.as_ref();
    let asked: Vec<(usize, u64)> = asked(plan, ask);
    let names = names(plan, &asked);
    let cells = asked.par_iter().zip(names).map(|(&(index, requests), name)| {
        let cell = &plan.cells[index];
        let requests_each = requests.div_ceil(ask.machines.max(1));
        let outcome = cell::one(plan, cell, recording, requests_each, most);
        Prediction { cell: cell.id.to_string(), name, requests, requests_each, outcome }
    });
    Predictions {
        title: plan.experiment.title.clone(),
        from: recording.name.clone(),
        machines: ask.machines.max(1),
        machine: recording.machine_name().to_owned(),
        cells: cells.collect(),
    }
}

/// The cells of a plan that no recording speaks for.
pub fn unpredicted(plan: &Plan) -> Predictions {
    let asked = asked(plan, Ask::AS_PLANNED);
    let cells = names(plan, &asked).into_iter().zip(&asked).map(|(name, &(index, requests))| {
        let cell = plan.cells[index].id.to_string();
        let outcome = Err(NoPrediction::NoRecording);
        Prediction { cell, name, requests, requests_each: requests, outcome }
    });
    Predictions {
        title: plan.experiment.title.clone(),
        from: String::new(),
        machines: 1,
        machine: String::new(),
        cells: cells.collect(),
    }
}

/// Cells to predict with their requests. Scenarios that differ in their requests only are one if
/// another number is asked for.
fn asked(plan: &Plan, ask: Ask) -> Vec<(usize, u64)> {
    let mut seen = std::collections::HashSet::new();
    let cells = plan.cells.iter().enumerate().filter(|(_, cell)| {
        let others = Factor::ALL.into_iter().filter(|&f| f != Factor::Requests);
        let key: Vec<String> = others.map(|f| plan.factor(cell, f)).collect();
        ask.requests.is_none() || seen.insert(key)
    });
    cells
        .map(|(index, cell)| {
            let planned = u64::from(plan.scenario_of(cell).requests);
            (index, ask.requests.unwrap_or(planned).max(1))
        })
        .collect()
}

/// Names with the factors of the scenario that differ among these cells; requests are told apart.
fn names(plan: &Plan, asked: &[(usize, u64)]) -> Vec<String> {
    let cell = |index: usize| &plan.cells[index];
    let differs = |f: &Factor| {
        let first = asked.first().map(|&(index, _)| plan.factor(cell(index), *f));
        asked.iter().any(|&(index, _)| Some(plan.factor(cell(index), *f)) != first)
    };
    let of_scenario = Factor::ALL.into_iter().filter(|f| !f.is_of_strategy());
    let varying: Vec<Factor> =
        of_scenario.filter(|&f| f != Factor::Requests).filter(differs).collect();
    let name = |&(index, _): &(usize, u64)| {
        let part = |f: &Factor| format!("{} {}", f.spoken(), plan.factor(cell(index), *f));
        let parts: Vec<String> = varying.iter().map(part).collect();
        match parts.as_slice() {
            [] => cell(index).name.clone(),
            parts => format!("{} ({})", cell(index).name, parts.join(", ")),
        }
    };
    asked.iter().map(name).collect()
}
