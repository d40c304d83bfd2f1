//! Sweeps: cells that differ in nothing but their limit, what their throughput amounts to, and from
//! which limit on it falls behind.

use std::collections::HashMap;
use std::num::NonZeroU32;

use inflight_stats::{MIN_BLOCKS, NoLaw, Scalability, scalability};

use crate::plan::{Cell, Plan};
use crate::record::{Recording, TrialRow};
use crate::spec::{Factor, Metric};

use super::{Analysis, Estimate, median};

/// Throughput falls behind where it is shown to be below this share of the ideal.
pub const BEHIND: f64 = 0.9;

/// A process that uses this share of what its threads may use is what holds the rest up. The checks
/// of a trial call a client busy from the same share on.
pub const FULL: f64 = 0.85;

/// Fewer limits are a comparison of two settings.
const MIN_POINTS: usize = 3;

/// One strategy under several limits.
#[derive(Debug, Clone, PartialEq)]
pub struct Sweep {
    /// Points by ascending limit, each limit once.
    pub points: Vec<SweepPoint>,
    /// Cells of it that are no points, with the reason.
    pub left_out: Vec<(usize, LeftOut)>,
    /// The law of the points, or why there is none.
    pub law: Result<Scalability, Box<NoLaw>>,
    /// The point where it falls behind the ideal.
    pub knee: Knee,
}

/// One limit of a sweep.
#[derive(Debug, Clone, PartialEq)]
pub struct SweepPoint {
    /// Requests in flight at most.
    pub limit: u32,
    /// Index of the cell in the plan.
    pub cell: usize,
    /// Median over the blocks, per second.
    pub throughput: Estimate,
    /// Requests ÷ ideal wall time, per second; none where the delays are 0.
    pub ideal: Option<f64>,
    /// Little's law (1961), X = N ÷ mean delay, per second: what `limit` requests in flight all the
    /// time would be; none where the delays are 0. The ideal has a beginning and an end besides.
    pub little: Option<f64>,
}

/// Why a cell is no point of its sweep.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOut {
    /// The schedule itself has less than [`BEHIND`] of the throughput of Little's law: its beginning
    /// and end weigh too much, or there are no more requests than may be in flight.
    TooFewRequests,
    /// Fewer trials than an interval takes are measurements.
    TooFewTrials,
    /// More requests failed than the margin.
    RequestsFailed,
    /// Another point has the same limit with more requests, where beginning and end weigh less.
    FewerRequests,
}

/// Point where the throughput of a sweep falls behind its ideal.
#[derive(Debug, Clone, PartialEq)]
pub enum Knee {
    /// From this point on every one is shown to be below [`BEHIND`] of its ideal.
    At {
        /// Index of the point.
        point: usize,
        /// Use of the CPUs there.
        cpu_use: CpuUse,
    },
    /// The point with the largest limit is not shown to be.
    NotSeen,
    /// There is no ideal to fall behind.
    NoIdeal,
}

/// CPU time over wall time of a trial, as a share of the CPUs that its threads can use; medians.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CpuUse {
    /// Share of the client.
    pub client: Option<f64>,
    /// Share of the delay server.
    pub server: Option<f64>,
    /// Whether the two have to share their CPUs, in which case the shares are of the same.
    pub shared: bool,
}

impl Sweep {
    /// Every sweep of a recording, in the order of its first cell. Scenarios may differ in their
    /// number of requests.
    pub fn all(recording: &Recording, analysis: &Analysis) -> Vec<Sweep> {
        let plan = &recording.plan;
        let mut families: Vec<(String, Vec<usize>)> = Vec::new();
        for (index, cell) in plan.cells.iter().enumerate() {
            if cell.strategy.limit.is_none() {
                continue;
            }
            let key = family(plan, cell);
            match families.iter_mut().find(|(k, _)| *k == key) {
                Some((_, cells)) => cells.push(index),
                None => families.push((key, vec![index])),
            }
        }
        let sweeps = families.into_iter().map(|(_, cells)| Sweep::of(recording, analysis, &cells));
        sweeps.filter(|sweep| sweep.points.len() >= MIN_POINTS).collect()
    }

    fn of(recording: &Recording, analysis: &Analysis, cells: &[usize]) -> Sweep {
        let plan = &recording.plan;
        let limit_of = |c: usize| plan.cells[c].strategy.limit.map_or(0, NonZeroU32::get);
        let requests = |c: usize| plan.scenario_of(&plan.cells[c]).requests;
        let mut cells = cells.to_vec();
        cells.sort_by_key(|&c| (limit_of(c), std::cmp::Reverse(requests(c))));
        let (mut points, mut left_out) = (Vec::<SweepPoint>::new(), Vec::new());
        for cell in cells {
            let limit = limit_of(cell);
            let (ideal, little) = expected(plan, cell);
            let throughput = Metric::Throughput.median_of_cell(recording, cell);
            let why = match throughput {
                _ if is_short(limit, requests(cell), ideal, little) => LeftOut::TooFewRequests,
                _ if points.last().is_some_and(|p| p.limit == limit) => LeftOut::FewerRequests,
                Ok(_) if analysis.cells[cell].efficiency.is_err() => LeftOut::RequestsFailed,
                Ok(throughput) if throughput.n >= MIN_BLOCKS.min(analysis.blocks) => {
                    points.push(SweepPoint { limit, cell, throughput, ideal, little });
                    continue;
                }
                _ => LeftOut::TooFewTrials,
            };
            left_out.push((cell, why));
        }
        let limits: Vec<u32> = points.iter().map(|p| p.limit).collect();
        // The bootstrap draws blocks, so it takes the seed that orders them.
        let seed = plan.experiment.blocks.seed;
        let law = scalability(&limits, &by_block(recording, &points), seed);
        let knee = knee(recording, &points);
        Sweep { points, left_out, law, knee }
    }

    /// Index of the cell that gives the sweep its name: the one with the lowest limit.
    pub fn first_cell(&self) -> usize {
        self.points[0].cell
    }

    /// The largest limit measured.
    pub fn largest(&self) -> u32 {
        self.points.last().map_or(0, |p| p.limit)
    }
}

impl SweepPoint {
    /// Whether the throughput is shown to be below [`BEHIND`] of the ideal.
    fn is_behind(&self) -> Option<bool> {
        let high = self.throughput.interval.as_ref().ok()?.high;
        Some(high < BEHIND * self.ideal?)
    }
}

/// Throughput of the schedule of a cell and by Little's law, per second; none without delays.
fn expected(plan: &Plan, cell: usize) -> (Option<f64>, Option<f64>) {
    let planned = &plan.cells[cell];
    let waits = plan.scenario_of(planned).waits_ns();
    let requests = waits.len() as f64;
    let limit = planned.strategy.limit.map_or(requests, |l| f64::from(l.get()));
    let per_second = |n: f64, ns: u64| (ns > 0).then(|| n * 1e9 / ns as f64);
    (per_second(requests, planned.ideal.wall_ns), per_second(limit * requests, waits.iter().sum()))
}

/// Whether the number of requests bounds the throughput.
fn is_short(limit: u32, requests: u32, ideal: Option<f64>, little: Option<f64>) -> bool {
    let of_schedule = ideal.zip(little).is_some_and(|(ideal, little)| ideal < BEHIND * little);
    of_schedule || limit >= requests
}

/// Factors that the cells of a sweep share.
fn family(plan: &Plan, cell: &Cell) -> String {
    Factor::ALL
        .into_iter()
        .filter(|f| !matches!(f, Factor::Label | Factor::Limit | Factor::Requests))
        .map(|f| plan.factor(cell, f))
        .collect::<Vec<_>>()
        .join("\n")
}

/// Throughputs of the points by block; none where a trial is no measurement.
fn by_block(recording: &Recording, points: &[SweepPoint]) -> Vec<Vec<Option<f64>>> {
    let of_point = |point: &SweepPoint| -> HashMap<u32, f64> {
        let id = recording.plan.cells[point.cell].id.to_string();
        let ok = recording.of_cell(&id).filter(|t| t.is_ok());
        ok.filter_map(|t| Some((t.block, Metric::Throughput.of(t)?))).collect()
    };
    let by_point: Vec<HashMap<u32, f64>> = points.iter().map(of_point).collect();
    let blocks = recording.complete_blocks().into_iter();
    blocks.map(|block| by_point.iter().map(|of| of.get(&block).copied()).collect()).collect()
}

fn knee(recording: &Recording, points: &[SweepPoint]) -> Knee {
    if points.iter().any(|p| p.ideal.is_none()) {
        return Knee::NoIdeal;
    }
    let after = points.iter().rposition(|p| p.is_behind() != Some(true)).map_or(0, |i| i + 1);
    match points.get(after) {
        None => Knee::NotSeen,
        Some(point) => Knee::At { point: after, cpu_use: cpu_use(recording, point.cell) },
    }
}

fn cpu_use(recording: &Recording, cell: usize) -> CpuUse {
    let manifest = &recording.manifest;
    let planned = &recording.plan.cells[cell];
    let id = planned.id.to_string();
    let share = |cpu: fn(&TrialRow) -> Option<u64>, cpus: f64| {
        let of = |row: &TrialRow| Some(cpu(row)? as f64 / row.wall_ns.filter(|&w| w > 0)? as f64);
        let ok = recording.of_cell(&id).filter(|t| t.is_ok());
        let shares: Vec<f64> = ok.filter_map(of).collect();
        // The server's CPU time has its start in it, and may exceed the window.
        Some((median(&shares).ok()?.value / cpus).min(1.0))
    };
    let threads = f64::from(planned.strategy.threads());
    let cpus = match manifest.client_cpus.len() {
        0 => threads,
        n => threads.min(n as f64),
    };
    CpuUse {
        client: share(TrialRow::client_cpu_ns, cpus),
        // It has one thread.
        server: share(TrialRow::server_cpu_ns, 1.0),
        shared: manifest.server_cpus.iter().all(|cpu| manifest.client_cpus.contains(cpu)),
    }
}

#[cfg(test)]
mod tests;
