//! Wall time, CPU and memory of cells that were not run, from recorded cells of another size.
//!
//! ```text
//! Recording ─basis→ cells that differ in size and delays only ─line→ CPU per request, fixed CPU
//!                                                             ─calibrate→ what else a request takes
//! these, new delays, limit ─queue→ wall ─→ Prediction ─text, json→ `inflight plan`
//!                                                    ─rows→ predictions.csv ─outcome→ the report
//! ```
//!
//! A function of plan and recording alone. The method with its formulas stands in `docs/method.md`.

mod basis;
mod calibrate;
mod json;
mod line;
mod memory;
mod outcome;
mod queue;
#[cfg(test)]
mod tests;
mod text;

use rayon::prelude::*;

use crate::analyse::{Estimate, NoEstimate, median};
use crate::plan::{Cell, Plan};
use crate::record::{PredictionRow, Recording};
use crate::spec::{Factor, Scenario};
use crate::strategy::{Flavour, Runtime};

use basis::{BlockRows, Family};
use calibrate::Recorded;
use line::Lines;
use queue::{Cost, Cpus, Order, wall_ns};

pub use json::{SCHEMA, json};
pub use outcome::{Accuracy, Compared, Outcome, earlier, outcomes};
pub use text::text;

/// Requests that are simulated one by one. Beyond, the wall grows in a straight line: as it did
/// from half of these to all of them.
pub const MOST_SIMULATED: u64 = 1_000_000;

/// A recorded size is said to be missed by the simulation if it is off by more than this.
const MISSED: f64 = 0.1;

/// What is asked.
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
    /// What is predicted for it, or why nothing is.
    pub outcome: Result<Predicted, NoPrediction>,
}

/// A prediction for one machine. Times in nanoseconds.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicted {
    /// What it rests on.
    pub basis: Basis,
    /// Wall time.
    pub wall_ns: Range,
    /// CPU time of the client in the window.
    pub cpu_ns: Range,
    /// Peak memory of the client in bytes.
    pub memory_bytes: Result<Range, NoMemory>,
    /// What decides how long it takes.
    pub bound: Bound,
    /// The schedule without any cost.
    pub ideal_ns: f64,
    /// What to know about it.
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
    /// Their requests, smallest first.
    pub requests: Vec<u32>,
    /// Their identities, likewise.
    pub cells: Vec<String>,
    /// Blocks with a measurement of each.
    pub blocks: usize,
    /// Whether delay and time scale are those of the predicted cell.
    pub same_delays: bool,
}

/// A value with the ends of what the blocks of the recording give for it, if they are enough for
/// an interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Range {
    /// In the middle.
    pub value: f64,
    /// Lower and upper end.
    pub ends: Option<(f64, f64)>,
}

impl Range {
    fn of(estimate: &Estimate) -> Range {
        let ends = estimate.interval.as_ref().ok().map(|i| (i.low, i.high));
        Range { value: estimate.value, ends }
    }

    /// On another scale, which is increasing.
    #[must_use]
    pub fn map(self, scale: impl Fn(f64) -> f64) -> Range {
        let ends = self.ends.map(|(low, high)| (scale(low), scale(high)));
        Range { value: scale(self.value), ends }
    }
}

/// What decides how long a trial takes.
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

/// Why there is no prediction.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoPrediction {
    /// No recorded cell does the same.
    #[error("{recording} has no such cell{}; record it with fewer requests first", nearest_words(.nearest))]
    NotRecorded {
        /// The recording that was searched.
        recording: String,
        /// Name of the nearest cell, and in what this one differs.
        nearest: Option<(String, String)>,
    },
    /// No trial of it is a measurement.
    #[error("no trial of the recorded cell is a measurement; the report of the recording says why")]
    NotMeasured,
    /// What was recorded is not the same work.
    #[error(
        "{failed} of {issued} recorded requests failed; record it with a size or limit at which they do not"
    )]
    RequestsFailed {
        /// Requests that failed.
        failed: u64,
        /// Requests issued.
        issued: u64,
    },
    /// CPU time is unknown.
    #[error("the recording does not have the CPU time of the client")]
    NoCpu,
    /// The simulation does not follow the model.
    #[error("the schedule of model `{0}` cannot be simulated")]
    Model(&'static str),
}

fn nearest_words(nearest: &Option<(String, String)>) -> String {
    nearest.as_ref().map_or_else(String::new, |(name, differing)| {
        format!(" (nearest is `{name}`, with {differing})")
    })
}

/// Why the memory is not predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoMemory {
    /// The growth is not seen.
    #[error("unknown: memory grows with the requests of this model; record two sizes")]
    OneSize,
    /// The recording does not have it.
    #[error("unknown: the recording does not have it")]
    NotMeasured,
}

/// What to know about a prediction.
#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
pub enum Note {
    /// Fixed cost is unknown.
    #[error(
        "one size recorded: what starting costs is counted as the requests', too much for more of them; record two sizes"
    )]
    OneSize,
    /// Another number of requests at once.
    #[error(
        "no recorded size has {0} requests at once: connections and CPU may cost another share"
    )]
    NotFull(usize),
    /// The schedule is simulated, the cost is not.
    #[error(
        "recorded with other delays: the schedule is simulated, the cost of a request may differ"
    )]
    OtherDelays,
    /// Too many requests for a simulation.
    #[error("{} requests simulated, the others by the slope of their second half", crate::units::count(*.0))]
    Extrapolated(u64),
    /// The simulation does not give what was measured.
    #[error(
        "the same method gives {ratio:.2} of the measured wall for the recorded {requests} requests"
    )]
    Missed {
        /// Recorded requests.
        requests: u32,
        /// Simulated ÷ measured.
        ratio: f64,
    },
    /// It would not fit.
    #[error("needs more memory than the machine of the recording has")]
    TooMuchMemory,
    /// It would not fit.
    #[error("needs more open files ({needs}) than a process of the recording could have ({has})")]
    TooManyFiles {
        /// Connections.
        needs: u64,
        /// Limit of the recording.
        has: u64,
    },
}

/// Predicts every cell of a plan from a recording; of one of several builds, from the new one.
pub fn predict(plan: &Plan, recording: &Recording, ask: Ask) -> Predictions {
    predict_simulating(plan, recording, ask, MOST_SIMULATED)
}

/// The same with this many requests simulated at most.
fn predict_simulating(plan: &Plan, recording: &Recording, ask: Ask, most: u64) -> Predictions {
    let subject = recording.subject();
    let recording = subject.as_ref();
    let asked: Vec<(usize, u64)> = asked(plan, ask);
    let names = names(plan, &asked);
    let cells = asked.par_iter().zip(names).map(|(&(index, requests), name)| {
        let cell = &plan.cells[index];
        let requests_each = requests.div_ceil(ask.machines.max(1));
        let outcome = one(plan, cell, recording, requests_each, most);
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
        let part =
            |f: &Factor| format!("{} {}", f.name().replace('_', " "), plan.factor(cell(index), *f));
        let parts: Vec<String> = varying.iter().map(part).collect();
        match parts.as_slice() {
            [] => cell(index).name.clone(),
            parts => format!("{} ({})", cell(index).name, parts.join(", ")),
        }
    };
    asked.iter().map(name).collect()
}

/// A cell with its delays, as far as they are simulated.
struct Target<'a> {
    cell: &'a Cell,
    scenario: &'a Scenario,
    requests: u64,
    waits: Vec<u64>,
    cpus: Cpus,
}

impl Target<'_> {
    /// Wall time of all requests; beyond what is simulated, in a straight line.
    fn wall(&self, cost: Cost) -> f64 {
        let of = |requests: usize| {
            let order = self.order(requests);
            wall_ns(&self.waits[..requests], order, self.cpus, cost) as f64
        };
        let simulated = self.waits.len();
        let left = self.requests - simulated as u64;
        let whole = of(simulated);
        if left == 0 {
            return whole;
        }
        let half = simulated / 2;
        whole + (whole - of(half)) / (simulated - half) as f64 * left as f64
    }

    fn order(&self, requests: usize) -> Order {
        Order::of(&self.cell.strategy, requests, self.scenario.streams)
    }

    /// What decides, of what each would take alone.
    fn bound(&self, cost: Cost) -> Bound {
        let n = self.requests as f64;
        let mut client = (cost.fixed + n * cost.client) / self.cpus.client as f64;
        let mut server = n * cost.server;
        if self.cpus.shared {
            let both = client + server;
            (client, server) = if client >= server { (both, 0.0) } else { (0.0, both) };
        }
        let schedule = self.wall(cost.without_queues());
        if client.max(server) > schedule {
            return if client >= server { Bound::Cpu } else { Bound::Server };
        }
        let all_at_once = self.order(self.waits.len()).slots() >= self.waits.len();
        if all_at_once && self.waits.len() > 1 { Bound::LongestDelay } else { Bound::Limit }
    }
}

fn one(
    plan: &Plan,
    cell: &Cell,
    recording: &Recording,
    requests: u64,
    most: u64,
) -> Result<Predicted, NoPrediction> {
    let mut family = Family::of(plan, cell, recording)?;
    let scenario = plan.scenario_of(cell);
    let mut notes = Vec::new();
    let slots = |n: u32| Order::of(&cell.strategy, n as usize, scenario.streams).slots();
    let simulated = u32::try_from(requests.min(most)).unwrap_or(u32::MAX);
    // Without a limit, no two sizes have the same number of requests at once.
    let is_bounded = cell.strategy.limit.or(cell.strategy.max_connections).is_some();
    if is_bounded && !family.keep_full(slots, simulated) {
        notes.push(Note::NotFull(slots(simulated)));
    }
    let blocks = family.blocks()?;
    let measured = Measured::of(&blocks)?;
    if family.cells.len() == 1 {
        notes.push(Note::OneSize);
    }
    if !family.same_delays {
        notes.push(Note::OtherDelays);
    }
    let target = Target {
        cell,
        scenario,
        requests,
        waits: Scenario { requests: simulated, ..scenario.clone() }.waits_ns(),
        cpus: cpus(cell, recording),
    };
    let n = requests as f64;
    let cpu = measured.client.at(n).map_err(|_| NoPrediction::NoCpu)?;
    let worlds = Worlds::of(&family, &target, &measured, &cpu, &mut notes)?;
    if requests > most {
        notes.push(Note::Extrapolated(most));
    }
    let memory_bytes = memory::predicted(cell.strategy.model.name, &measured.memory, n);
    let machine = recording.machine.as_ref().filter(|m| m.memory_gib > 0);
    if let (Ok(needs), Some(machine)) = (&memory_bytes, machine)
        && needs.value > machine.memory_gib as f64 * 1024f64.powi(3)
    {
        notes.push(Note::TooMuchMemory);
    }
    notes.extend(too_many_files(&target, recording));
    Ok(Predicted {
        basis: family.describe(blocks.len()),
        wall_ns: worlds.range(|cost| target.wall(cost)),
        cpu_ns: Range::of(&cpu),
        memory_bytes,
        bound: target.bound(worlds.middle),
        ideal_ns: target.wall(Cost::default()),
        notes,
    })
}

/// What the blocks of a recording give.
struct Measured {
    client: Lines,
    server: Lines,
    memory: Vec<Vec<(f64, f64)>>,
    /// Of the largest size.
    wall: Estimate,
    /// Requests and median wall of the smaller sizes.
    smaller: Vec<(u32, f64)>,
}

impl Measured {
    fn of(blocks: &[BlockRows]) -> Result<Measured, NoPrediction> {
        type Points = Vec<Vec<(f64, f64)>>;
        let points = |value: &dyn Fn(&crate::record::TrialRow) -> Option<u64>| -> Option<Points> {
            let point = |(n, row): &(f64, &crate::record::TrialRow)| Some((*n, value(row)? as f64));
            blocks.iter().map(|rows| rows.iter().map(point).collect()).collect()
        };
        let client = points(&|row| row.client_cpu_ns()).ok_or(NoPrediction::NoCpu)?;
        // Without it, nobody queues for the server. A network of the trial's own runs where it does.
        let server =
            points(&|row| Some(row.server_cpu_ns().unwrap_or(0) + row.rtt_cpu_ns.unwrap_or(0)));
        let walls = points(&|row| row.wall_ns).ok_or(NoPrediction::NotMeasured)?;
        let memory = points(&|row| row.client_max_rss_bytes).unwrap_or_default();
        let sizes = walls.first().map_or(0, Vec::len);
        let at = |size: usize| -> Result<Estimate, NoEstimate> {
            median(&walls.iter().map(|points| points[size].1).collect::<Vec<f64>>())
        };
        let smaller = (0..sizes.saturating_sub(1))
            .filter_map(|size| Some((walls.first()?[size].0 as u32, at(size).ok()?.value)));
        Ok(Measured {
            client: Lines::new(&client),
            server: Lines::new(&server.unwrap_or_default()),
            memory,
            wall: at(sizes.saturating_sub(1)).map_err(|_| NoPrediction::NotMeasured)?,
            smaller: smaller.collect(),
        })
    }
}

/// The cost of a request as the middle and the ends of the recorded blocks have it.
struct Worlds {
    middle: Cost,
    ends: Option<(Cost, Cost)>,
}

impl Worlds {
    /// Brings the simulation of the largest recorded size to its measured wall.
    fn of(
        family: &Family,
        target: &Target,
        measured: &Measured,
        cpu: &Estimate,
        notes: &mut Vec<Note>,
    ) -> Result<Worlds, NoPrediction> {
        let cells = &family.cells;
        let largest = cells.last().ok_or(NoPrediction::NotMeasured)?;
        let waits = family.scenario(largest).waits_ns();
        let order = |n: usize| Order::of(&largest.strategy, n, target.scenario.streams);
        let recorded = Recorded { waits: &waits, order: order(waits.len()), cpus: target.cpus };
        if wall_ns(&waits, recorded.order, target.cpus, Cost::default()) != largest.ideal.wall_ns {
            return Err(NoPrediction::Model(largest.strategy.model.name));
        }
        let (client, server) = (measured.client.middle(), measured.server.middle());
        let plain =
            Cost { fixed: client.fixed, client: client.slope, server: server.slope, extra: 0.0 };
        let saturated = recorded.is_saturated(plain);
        // An end of the CPU time for the requests asked for is that share of both of its parts.
        let world = |cpu_ns: f64, wall_ns: f64| {
            let share = if cpu.value > 0.0 { cpu_ns / cpu.value } else { 1.0 };
            let cost = Cost { fixed: plain.fixed * share, client: plain.client * share, ..plain };
            recorded.calibrated(cost, wall_ns, saturated)
        };
        let middle = world(cpu.value, measured.wall.value);
        let ends = match (&cpu.interval, &measured.wall.interval) {
            (Ok(cpu), Ok(wall)) => Some((world(cpu.low, wall.low), world(cpu.high, wall.high))),
            _ => None,
        };
        for &(requests, wall) in &measured.smaller {
            let smaller = family.waits_of(requests);
            let simulated = wall_ns(&smaller, order(smaller.len()), target.cpus, middle) as f64;
            if wall > 0.0 && (simulated / wall - 1.0).abs() > MISSED {
                notes.push(Note::Missed { requests, ratio: simulated / wall });
            }
        }
        Ok(Worlds { middle, ends })
    }

    fn range(&self, wall: impl Fn(Cost) -> f64) -> Range {
        let value = wall(self.middle);
        // Ends may swap by a little: a list schedule can be shorter for longer requests.
        let ends = self.ends.map(|(low, high)| {
            let (low, high) = (wall(low), wall(high));
            (low.min(high).min(value), low.max(high).max(value))
        });
        Range { value, ends }
    }
}

/// The CPUs of the recorded machine that this cell's client can use at once.
fn cpus(cell: &Cell, recording: &Recording) -> Cpus {
    let manifest = &recording.manifest;
    let all = match manifest.client_cpus.len() {
        0 => recording.machine.as_ref().map_or(1, |m| m.cpus as usize),
        n => n,
    };
    let threads = match (cell.strategy.model.flavour(), cell.strategy.runtime) {
        (Flavour::Async, Some(Runtime::MultiThread(n))) => n.get() as usize,
        (Flavour::Async, _) => 1,
        (Flavour::Blocking, _) => cell.strategy.limit.map_or(1, |n| n.get() as usize),
    };
    let (server, client) = (&manifest.server_cpus, &manifest.client_cpus);
    let shared = !server.is_empty() && server.iter().any(|cpu| client.contains(cpu));
    Cpus { client: threads.min(all).max(1), shared }
}

/// Each request under way has a connection with HTTP/1.1.
fn too_many_files(target: &Target, recording: &Recording) -> Option<Note> {
    let strategy = &target.cell.strategy;
    if strategy.protocol != crate::strategy::Protocol::Http1 {
        return None;
    }
    let has = strategy.nofile.map(u64::from).or(recording.manifest.nofile)?;
    let requests = u32::try_from(target.requests).unwrap_or(u32::MAX);
    let needs = u64::from(strategy.concurrency(requests, target.scenario.streams));
    (needs > has).then_some(Note::TooManyFiles { needs, has })
}

/// The rows of `predictions.csv`.
pub fn rows(predictions: &Predictions) -> Vec<PredictionRow> {
    let ns = |value: f64| Some(value.round() as u64);
    let row = |prediction: &Prediction| {
        let empty = PredictionRow {
            cell: prediction.cell.clone(),
            requests: prediction.requests,
            from: predictions.from.clone(),
            ..PredictionRow::default()
        };
        let predicted = match &prediction.outcome {
            Ok(predicted) => predicted,
            Err(reason) => return PredictionRow { reason: reason.to_string(), ..empty },
        };
        let (wall, cpu) = (predicted.wall_ns, predicted.cpu_ns);
        let memory = predicted.memory_bytes.ok();
        let low = |range: Range| range.ends.and_then(|(low, _)| ns(low));
        let high = |range: Range| range.ends.and_then(|(_, high)| ns(high));
        let sizes: Vec<String> = predicted.basis.requests.iter().map(u32::to_string).collect();
        PredictionRow {
            from_requests: sizes.join(" "),
            from_blocks: Some(predicted.basis.blocks as u64),
            wall_ns: ns(wall.value),
            wall_low_ns: low(wall),
            wall_high_ns: high(wall),
            cpu_ns: ns(cpu.value),
            cpu_low_ns: low(cpu),
            cpu_high_ns: high(cpu),
            memory_bytes: memory.and_then(|m| ns(m.value)),
            memory_low_bytes: memory.and_then(low),
            memory_high_bytes: memory.and_then(high),
            bound: predicted.bound.name().to_owned(),
            ..empty
        }
    };
    predictions.cells.iter().map(row).collect()
}
