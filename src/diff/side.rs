//! One side of a comparison: its cells, their trials, and what it was recorded with.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use crate::analyse::{CellAnalysis, Margin};
use crate::record::{Kinship, RecordError, Recording, TrialRow, kinship, read_trials};
use crate::spec::{Factor, Gate, Metric};

use super::provenance::Provenance;

/// A recording, or a part of one, as a comparison sees it.
#[derive(Debug, Clone)]
pub struct Side {
    /// Name in the renderings: `base`, `new`, or the word of the user.
    pub label: String,
    /// Name of the recording.
    pub name: String,
    /// Circumstances of the recording; empty for bare trials.
    pub(super) provenance: Option<Provenance>,
    /// The margin of its experiment.
    pub(super) margin: Option<Margin>,
    /// The gates of its experiment.
    pub(super) gates: Vec<Gate>,
    pub(super) scenarios: Vec<SideScenario>,
    pub(super) cells: Vec<SideCell>,
}

/// A scenario of a side.
#[derive(Debug, Clone)]
pub(super) struct SideScenario {
    /// Its name; empty if there is only one.
    pub(super) name: String,
    /// The cell that others are divided by.
    pub(super) baseline: Option<usize>,
    /// The A/A control: trials of the same cell under two names.
    pub(super) control: Option<[Vec<TrialRow>; 2]>,
}

/// A cell of a side with its trials.
#[derive(Debug, Clone)]
pub(super) struct SideCell {
    /// Key that its counterpart on the other side has, too.
    pub(super) key: String,
    pub(super) id: String,
    pub(super) name: String,
    pub(super) scenario: usize,
    pub(super) factors: Vec<(Factor, String)>,
    /// Trials of complete blocks, in the order of blocks; control twins left out.
    pub(super) trials: Vec<TrialRow>,
    pub(super) analysed: CellAnalysis,
    /// Workers of its service, where they are declared and the plan is known.
    pub(super) workers: Option<u32>,
}

impl SideCell {
    pub(super) fn factor(&self, factor: Factor) -> &str {
        self.factors.iter().find(|(f, _)| *f == factor).map_or("", |(_, value)| value)
    }

    /// The values of a metric in the trials that are measurements, by block.
    pub(super) fn values(&self, metric: Metric) -> BTreeMap<u32, f64> {
        values(&self.trials, metric)
    }
}

/// A cell of both sides: its index on either.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pair {
    pub(super) base: usize,
    pub(super) new: usize,
}

impl Pair {
    /// Index of its scenario on either side.
    pub(super) fn scenarios(self, [base, new]: [&Side; 2]) -> [usize; 2] {
        [base.cells[self.base].scenario, new.cells[self.new].scenario]
    }
}

/// The values of a metric in the trials that are measurements, by block.
pub(super) fn values(trials: &[TrialRow], metric: Metric) -> BTreeMap<u32, f64> {
    let ok = trials.iter().filter(|t| t.is_ok());
    ok.filter_map(|t| Some((t.block, metric.of(t)?))).collect()
}

/// The values of the blocks that both have.
pub(super) fn paired(
    first: &BTreeMap<u32, f64>,
    second: &BTreeMap<u32, f64>,
) -> (Vec<f64>, Vec<f64>) {
    first.iter().filter_map(|(block, value)| Some((*value, *second.get(block)?))).unzip()
}

impl Side {
    /// All of a recording; of one of several builds, what its report is about.
    pub fn of(recording: &Recording, label: &str) -> Side {
        let name = match recording.builds().last() {
            Some(build) => format!("{} (build {build})", recording.name),
            None => recording.name.clone(),
        };
        let recording = &*recording.subject();
        let plan = &recording.plan;
        let margin = Margin::new(plan.experiment.margin).unwrap_or_default();
        let mut by_cell: HashMap<(&str, bool), Vec<&TrialRow>> = HashMap::new();
        for row in recording.measured() {
            by_cell.entry((&row.cell, row.replica == "a")).or_default().push(row);
        }
        let cells: Vec<SideCell> = plan
            .cells
            .iter()
            .enumerate()
            .map(|(index, cell)| {
                let id = cell.id.to_string();
                let rows = by_cell.get(&(id.as_str(), true)).cloned().unwrap_or_default();
                SideCell {
                    key: id.clone(),
                    name: cell.name.clone(),
                    scenario: cell.scenario,
                    factors: Factor::ALL.map(|f| (f, plan.factor(cell, f))).into(),
                    analysed: CellAnalysis::of(index, cell.ideal.wall_ns, &rows, margin),
                    trials: rows.into_iter().cloned().collect(),
                    workers: cell.strategy.workers(),
                    id,
                }
            })
            .collect();
        let scenarios = plan.scenarios.iter().map(|scenario| {
            let id = plan.cells[scenario.control].id.to_string();
            let of = |first: bool| -> Option<Vec<TrialRow>> {
                Some(by_cell.get(&(id.as_str(), first))?.iter().map(|&r| r.clone()).collect())
            };
            SideScenario {
                name: scenario.name.clone(),
                baseline: Some(scenario.baseline),
                control: of(true).zip(of(false)).map(Into::into),
            }
        });
        Side {
            label: label.to_owned(),
            name,
            provenance: Some(Provenance::of(recording)),
            margin: Some(margin),
            gates: plan.experiment.gates.clone(),
            scenarios: scenarios.collect(),
            cells,
        }
    }

    /// A `trials.csv` without its recording: of every block the last attempt counts, and machine,
    /// build and plan are unknown.
    pub fn of_trials(path: &Path, label: &str) -> Result<Side, RecordError> {
        let rows = read_trials(path)?;
        let mut last: HashMap<u32, u32> = HashMap::new();
        for row in &rows {
            let attempt = last.entry(row.block).or_default();
            *attempt = row.attempt.max(*attempt);
        }
        let counts =
            |row: &&TrialRow| row.block > 0 && !row.is_aborted() && last[&row.block] == row.attempt;
        one_recording(path, rows.iter().filter(counts))?;
        let mut by_cell: Vec<(&TrialRow, Vec<&TrialRow>, Vec<TrialRow>)> = Vec::new();
        let mut place: HashMap<&str, usize> = HashMap::new();
        for row in rows.iter().filter(counts) {
            let at = *place.entry(&row.cell).or_insert_with(|| {
                by_cell.push((row, Vec::new(), Vec::new()));
                by_cell.len() - 1
            });
            match row.replica.as_str() {
                "a" => by_cell[at].1.push(row),
                _ => by_cell[at].2.push(row.clone()),
            }
        }
        // The order of the plan is not known; that of scenarios and names is as good.
        by_cell.sort_by_key(|(row, ..)| (row.scenario, row.label.clone(), row.cell.clone()));
        let count = by_cell.iter().map(|(row, ..)| row.scenario + 1).max().unwrap_or(0);
        let mut scenarios: Vec<SideScenario> = (0..count)
            .map(|index| SideScenario {
                name: if count > 1 { format!("scenario {}", index + 1) } else { String::new() },
                baseline: None,
                control: None,
            })
            .collect();
        let cells = by_cell.into_iter().enumerate().map(|(index, (row, mut of, twins))| {
            of.sort_by_key(|r| r.block);
            if !twins.is_empty() {
                let first = of.iter().map(|&r| r.clone()).collect();
                scenarios[row.scenario].control = Some([first, twins]);
            }
            SideCell {
                key: row.cell.clone(),
                id: row.cell.clone(),
                name: name_of(row),
                scenario: row.scenario,
                factors: Factor::ALL.map(|f| (f, row.factor(f).to_owned())).into(),
                analysed: CellAnalysis::of(index, row.ideal_ns, &of, Margin::default()),
                trials: of.into_iter().cloned().collect(),
                workers: None,
            }
        });
        let cells = cells.collect();
        Ok(Side {
            label: label.to_owned(),
            name: path.display().to_string(),
            provenance: None,
            margin: None,
            gates: Vec::new(),
            scenarios,
            cells,
        })
    }

    /// Whether both are one and the same recording, be it by a link or a copy.
    pub(super) fn is_same_as(&self, other: &Side) -> bool {
        match (self.has_id_of(other), self.kinship(other)) {
            (Some(false), _) | (_, Kinship::Different) => false,
            (_, Kinship::Copies) => true,
            (has_id, Kinship::Apart) => has_id == Some(true),
        }
    }

    /// Whether both have one id and other numbers: someone has changed a copy.
    pub(super) fn is_changed_copy_of(&self, other: &Side) -> bool {
        self.has_id_of(other) == Some(true) && self.kinship(other) == Kinship::Different
    }

    /// Whether both have the id of one recording; `None` of bare trials, which have none.
    fn has_id_of(&self, other: &Side) -> Option<bool> {
        let id = |side: &Side| Some(side.provenance.as_ref()?.manifest.identity());
        Some(id(self)? == id(other)?)
    }

    fn kinship(&self, other: &Side) -> Kinship {
        fn trials(side: &Side) -> impl Iterator<Item = &TrialRow> {
            side.cells.iter().flat_map(|cell| &cell.trials)
        }
        kinship(trials(self), trials(other))
    }

    pub(super) fn scenario_of(&self, cell: &SideCell) -> &SideScenario {
        &self.scenarios[cell.scenario]
    }
}

/// Rows of several recordings or builds in one file would be taken for one another.
fn one_recording<'a>(
    path: &Path,
    rows: impl Iterator<Item = &'a TrialRow>,
) -> Result<(), RecordError> {
    let mut seen = HashSet::new();
    for row in rows {
        if !seen.insert((row.block, &row.cell, &row.replica)) {
            return Err(RecordError::Damaged {
                file: path.display().to_string(),
                line: 0,
                what: format!(
                    "block {} has cell {} twice; these are trials of several builds or recordings: \
                     name the recording instead, or keep the rows of one",
                    row.block, row.cell
                ),
            });
        }
    }
    Ok(())
}

/// The label with the factors that most cells differ in: no plan tells which of them vary.
fn name_of(row: &TrialRow) -> String {
    match row.limit.as_str() {
        "none" => format!("{} {}", row.label, row.client),
        limit => format!("{} {} limit {limit}", row.label, row.client),
    }
}
