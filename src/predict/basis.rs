//! Basis of a prediction: recorded cells that differ from the predicted one in nothing but how many
//! requests there are and how long they wait.

use std::collections::BTreeMap;

use super::{Basis, NoPrediction};
use crate::analyse::{Fitness, Margin, Unfit};
use crate::plan::{Cell, Plan};
use crate::record::{Recording, TrialRow};
use crate::spec::{Factor, Metric, Scenario};

/// Factors that may differ: the name means nothing, and the schedule of other delays is simulated.
const FREE: [Factor; 6] =
    [Factor::Label, Factor::Requests, Factor::Delay, Factor::TimeScale, Factor::Draw, Factor::Seed];

/// Recorded cells of different sizes that are alike otherwise.
pub(super) struct Family<'a> {
    recording: &'a Recording,
    /// The cells, smallest first.
    pub(super) cells: Vec<&'a Cell>,
    /// Whether their delays are those of the cell to predict.
    pub(super) same_delays: bool,
}

/// The good trials of one block: requests and row, smallest first.
pub(super) type BlockRows<'a> = Vec<(f64, &'a TrialRow)>;

impl<'a> Family<'a> {
    /// The recorded cells that speak for `cell` of `plan`. Those with its own delays go before
    /// others, then those of the scenario with the most requests.
    pub(super) fn of(
        plan: &Plan,
        cell: &Cell,
        recording: &'a Recording,
    ) -> Result<Family<'a>, NoPrediction> {
        let wanted = workload(plan, cell);
        let mut groups: BTreeMap<Vec<String>, Vec<&Cell>> = BTreeMap::new();
        let alike = recorded(plan, cell, recording, &FREE);
        for &recorded in &alike {
            if rows(recording, recorded).any(TrialRow::is_ok) {
                groups.entry(workload(&recording.plan, recorded)).or_default().push(recorded);
            }
        }
        let requests = |c: &&Cell| recording.plan.scenario_of(c).requests;
        let best = groups.into_iter().max_by_key(|(workload, cells)| {
            let alike = workload.iter().zip(&wanted).take_while(|(a, b)| a == b).count();
            (alike, cells.iter().map(requests).max())
        });
        let Some((workload, mut cells)) = best else {
            return Err(match alike.is_empty() {
                true => not_recorded(plan, cell, recording),
                false => NoPrediction::NotMeasured,
            });
        };
        cells.sort_by_key(requests);
        // Two strategies of another name that do the same.
        cells.dedup_by_key(|c| c.id.clone());
        Ok(Family { recording, cells, same_delays: workload[..3] == wanted[..3] })
    }

    /// The requests of a cell.
    pub(super) fn requests(&self, cell: &Cell) -> u32 {
        self.recording.plan.scenario_of(cell).requests
    }

    /// The scenario of a cell.
    pub(super) fn scenario(&self, cell: &Cell) -> &'a Scenario {
        self.recording.plan.scenario_of(cell)
    }

    /// The waits of the cell with this many requests; none if there is no such cell.
    pub(super) fn waits_of(&self, requests: u32) -> Vec<u64> {
        let cell = self.cells.iter().find(|c| self.requests(c) == requests);
        cell.map(|c| self.scenario(c).waits_ns()).unwrap_or_default()
    }

    /// Leaves the sizes that have as many requests at once as `requests` would: others open another
    /// number of connections. All stay if none has; returns whether one has.
    pub(super) fn keep_full(&mut self, slots: impl Fn(u32) -> usize, requests: u32) -> bool {
        let enough = |c: &&Cell| slots(self.requests(c)) == slots(requests);
        let full: Vec<&Cell> = self.cells.iter().copied().filter(enough).collect();
        let any = !full.is_empty();
        if any {
            self.cells = full;
        }
        any
    }

    /// Leaves the largest size.
    fn keep_largest(&mut self) {
        self.cells.drain(..self.cells.len() - 1);
    }

    /// The measurements of each block. Blocks that lack a size are left out; where that leaves
    /// none, the sizes but the largest are.
    pub(super) fn blocks(&mut self) -> Result<Vec<BlockRows<'a>>, NoPrediction> {
        for &cell in &self.cells {
            unfit(self.recording, cell).map_or(Ok(()), Err)?;
        }
        let mut blocks = self.complete_blocks();
        if blocks.is_empty() && self.cells.len() > 1 {
            self.keep_largest();
            blocks = self.complete_blocks();
        }
        if blocks.is_empty() { Err(NoPrediction::NotMeasured) } else { Ok(blocks) }
    }

    fn complete_blocks(&self) -> Vec<BlockRows<'a>> {
        let mut blocks: BTreeMap<u32, BlockRows<'a>> = BTreeMap::new();
        for &cell in &self.cells {
            let requests = f64::from(self.requests(cell));
            for row in rows(self.recording, cell).filter(|row| row.is_ok()) {
                blocks.entry(row.block).or_default().push((requests, row));
            }
        }
        blocks.into_values().filter(|rows| rows.len() == self.cells.len()).collect()
    }

    /// The basis in the form of predictions and records.
    pub(super) fn describe(&self, blocks: usize) -> Basis {
        Basis {
            requests: self.cells.iter().map(|c| self.requests(c)).collect(),
            cells: self.cells.iter().map(|c| c.id.to_string()).collect(),
            blocks,
            same_delays: self.same_delays,
            memory: None,
        }
    }
}

/// Recorded cells that do the same as `cell` of `plan` at another limit, whatever their requests and
/// delays. None of them lost requests.
pub(super) fn at_other_limits<'a>(
    plan: &Plan,
    cell: &Cell,
    recording: &'a Recording,
) -> Vec<&'a Cell> {
    let free: Vec<Factor> = FREE.into_iter().chain([Factor::Limit]).collect();
    let limit = cell.strategy.limit;
    recorded(plan, cell, recording, &free)
        .into_iter()
        .filter(|c| c.strategy.limit != limit && unfit(recording, c).is_none())
        .collect()
}

/// Recorded cells that differ from `cell` of `plan` in these factors at most.
fn recorded<'a>(
    plan: &Plan,
    cell: &Cell,
    recording: &'a Recording,
    free: &[Factor],
) -> Vec<&'a Cell> {
    let alike = |c: &&Cell| differing((plan, cell), (&recording.plan, c), free).is_empty();
    recording.plan.cells.iter().filter(alike).collect()
}

/// Why a cell did other work than was asked for, if so much of it failed; one without a measurement
/// says nothing here.
fn unfit(recording: &Recording, cell: &Cell) -> Option<NoPrediction> {
    let rows: Vec<&TrialRow> = rows(recording, cell).collect();
    let margin = Margin::new(recording.plan.experiment.margin).unwrap_or_default();
    let sum = |of: fn(&TrialRow) -> Option<u64>| -> u64 {
        rows.iter().filter(|row| row.is_ok()).filter_map(|row| of(row)).sum()
    };
    match Fitness::of(&rows).check(Metric::Wall, margin) {
        Err(Unfit::TrialsFailed { failed, of }) => Some(NoPrediction::TrialsFailed { failed, of }),
        Err(Unfit::RequestsFailed { .. } | Unfit::FailuresUnknown) => {
            let (failed, issued) = (sum(|row| row.errors), sum(|row| row.issued));
            Some(NoPrediction::RequestsFailed { failed, issued })
        }
        Err(Unfit::NotMeasured | Unfit::TrialsLost { .. }) | Ok(()) => None,
    }
}

/// The measured trials of a cell, its control twin left out.
pub(super) fn rows<'a>(
    recording: &'a Recording,
    cell: &Cell,
) -> impl Iterator<Item = &'a TrialRow> {
    let id = cell.id.to_string();
    recording.measured().filter(move |t| t.cell == id && t.replica == "a")
}

/// Delay, scale, way of drawing and seed, in the order in which they matter.
fn workload(plan: &Plan, cell: &Cell) -> Vec<String> {
    let delay = &plan.scenario_of(cell).delay;
    // The description of a trace does not hold its delays.
    let delay = serde_json::to_string(delay).expect("a delay is plain data");
    let others = [Factor::TimeScale, Factor::Draw, Factor::Seed];
    std::iter::once(delay).chain(others.map(|factor| plan.factor(cell, factor))).collect()
}

/// The factors in which two cells differ, those left out that may.
fn differing(
    (plan, cell): (&Plan, &Cell),
    (other_plan, other): (&Plan, &Cell),
    free: &[Factor],
) -> Vec<Factor> {
    let fixed = Factor::ALL.into_iter().filter(|f| !free.contains(f));
    fixed.filter(|&f| plan.factor(cell, f) != other_plan.factor(other, f)).collect()
}

fn not_recorded(plan: &Plan, cell: &Cell, recording: &Recording) -> NoPrediction {
    let differs_in = |other: &Cell| differing((plan, cell), (&recording.plan, other), &FREE);
    let others = recording.plan.cells.iter();
    let nearest = others.min_by_key(|other| differs_in(other).len());
    let differs = |other: &Cell| {
        let of = |f: Factor| {
            let (here, there) = (plan.factor(cell, f), recording.plan.factor(other, f));
            format!("{} = {there} instead of {here}", f.name())
        };
        differs_in(other).into_iter().map(of).collect::<Vec<_>>().join(", ")
    };
    NoPrediction::NotRecorded {
        recording: recording.name.clone(),
        nearest: nearest.map(|other| (other.name.clone(), differs(other))),
    }
}
