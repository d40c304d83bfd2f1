//! Reading a record: everything that a report or a comparison may know.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use fs_err as fs;
use serde::de::DeserializeOwned;

use super::env::EnvRow;
use super::row::TrialRow;
use super::status::Status;
use super::write::{PlanRow, plan_rows};
use super::{
    CONNECTIONS, ConnectionRow, ENV, EXPERIMENT, Happening, LATENCY, MACHINE, Manifest, PLAN,
    REQUESTS, RecordError, RequestScan, TIMELINE, TRIALS, TimelineRow, frames, lines,
    read_compressed,
};
use crate::machine::Machine;
use crate::plan::{Only, Plan};
use crate::spec::{Experiment, Source};

/// One run, as recorded.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its folder.
    pub dir: PathBuf,
    /// The folder's name.
    pub name: String,
    /// What made it.
    pub manifest: Manifest,
    /// Where it ran; `None` if the folder was moved away from its machine's.
    pub machine: Option<Machine>,
    /// The experiment file, verbatim.
    pub experiment_text: String,
    /// What was planned.
    pub plan: Plan,
    /// Every row, in the order of recording.
    pub all_trials: Vec<TrialRow>,
    /// The trials that count: of every block its last complete attempt. Sorted by block and
    /// position; warm-up (block 0) included.
    pub trials: Vec<TrialRow>,
    /// The state of the machine at the start of each block.
    pub env: Vec<EnvRow>,
}

impl Recording {
    /// Reads a run's folder. Request rows, timelines and histograms stay on disk until asked for.
    pub fn read(dir: &Path) -> Result<Recording, RecordError> {
        let manifest = Manifest::read(dir)?;
        let experiment_text = fs::read_to_string(dir.join(EXPERIMENT))?;
        let source = Source {
            name: format!("{}.toml", manifest.experiment),
            text: experiment_text.clone(),
            overrides: manifest.overrides.clone(),
        };
        let experiment =
            Experiment::parse(&source, dir).map_err(|e| RecordError::Plan(e.to_string()))?;
        let planned: Vec<PlanRow> = lines::read_rows(PLAN, &fs::read(dir.join(PLAN))?)?;
        let plan = recorded_plan(&manifest, experiment, &planned)?;
        if !plan_rows(&plan).eq(planned) {
            return Err(RecordError::Plan(format!("{PLAN} has other trials")));
        }
        let all_trials = trial_rows(TRIALS, &fs::read(dir.join(TRIALS))?)?;
        let env = lines::read_rows(ENV, &fs::read(dir.join(ENV))?)?;
        let trials = complete_attempts(&plan, &all_trials)?;
        let name = dir
            .canonicalize()?
            .file_name()
            .map(|n| n.to_string_lossy().into_owned())
            .unwrap_or_default();
        let machine = machine_beside(dir)?;
        let dir = dir.to_owned();
        Ok(Recording {
            dir,
            name,
            manifest,
            machine,
            experiment_text,
            plan,
            all_trials,
            trials,
            env,
        })
    }

    /// The names of the builds that it compares, base first; none if it is of one build.
    pub fn builds(&self) -> Vec<String> {
        self.plan.builds.clone()
    }

    /// What concerns one of several builds, as a recording of that build alone: its trials, the
    /// twins of its control included, its plan, and its facts as those of the manifest's build.
    ///
    /// # Panics
    ///
    /// If [`Recording::builds`] has no such name.
    pub fn of_build(&self, name: &str) -> Recording {
        let plan = self.plan.of_build(name).expect("a name from `builds`");
        let of_build =
            |rows: &[TrialRow]| rows.iter().filter(|t| t.build == name).cloned().collect();
        let mut view = Recording {
            plan,
            all_trials: of_build(&self.all_trials),
            trials: of_build(&self.trials),
            ..self.clone()
        };
        if let Some(side) = self.manifest.builds.iter().find(|side| side.name == name) {
            view.manifest.build = side.build.clone();
        }
        view
    }

    /// What a report is about: in a run of several builds the last of them, the new one.
    pub fn subject(&self) -> Cow<'_, Recording> {
        match self.plan.builds.last() {
            Some(new) => Cow::Owned(self.of_build(new)),
            None => Cow::Borrowed(self),
        }
    }

    /// The machine as people call it: its label, or its identity if it is not known or has none of
    /// its own.
    pub fn machine_name(&self) -> &str {
        self.machine.as_ref().map_or(&self.manifest.machine, |machine| &machine.label)
    }

    /// The trials that are analysed: those that count, without the warm-up.
    pub fn measured(&self) -> impl Iterator<Item = &TrialRow> {
        self.trials.iter().filter(|t| t.block > 0)
    }

    /// Trials of one cell that are analysed, control replicas left out.
    pub fn of_cell<'a>(&'a self, cell: &'a str) -> impl Iterator<Item = &'a TrialRow> {
        self.measured().filter(move |t| t.cell == cell && t.replica == "a")
    }

    /// Measured blocks that are complete, in order.
    pub fn complete_blocks(&self) -> Vec<u32> {
        let mut blocks: Vec<u32> = self.measured().map(|t| t.block).collect();
        blocks.dedup();
        blocks
    }

    /// Times that a block was recorded whole and then repeated (`repeat_invalid`).
    pub fn repeated_blocks(&self) -> usize {
        let mut whole: HashMap<(u32, u32), usize> = HashMap::new();
        for row in self.all_trials.iter().filter(|row| row.block > 0 && !row.is_aborted()) {
            *whole.entry((row.block, row.attempt)).or_default() += 1;
        }
        let planned = |block: u32| self.plan.trials.iter().filter(|t| t.block == block).count();
        let all = whole.into_iter().filter(|((block, _), rows)| *rows == planned(*block)).count();
        all.saturating_sub(self.complete_blocks().len())
    }

    /// Measured blocks that were to be recorded: those of the plan, or if its stopping rule ended
    /// the run, those until then.
    pub fn planned_blocks(&self) -> u32 {
        if self.manifest.happened(Happening::NarrowEnough) {
            self.measured().map(|t| t.block).max().unwrap_or(0)
        } else {
            self.plan.experiment.blocks.count
        }
    }

    /// The latency histograms, by trial: highest value of each bucket in nanoseconds, and count.
    pub fn latencies(&self) -> Result<HashMap<String, Vec<(u64, u64)>>, RecordError> {
        let mut by_trial: HashMap<String, Vec<(u64, u64)>> = HashMap::new();
        for row in frames::read(&fs::read(self.dir.join(LATENCY))?)? {
            by_trial.entry(row.trial).or_default().push((row.value_ns, row.count));
        }
        // A histogram is written before its row, so every row has one.
        let answered = self.trials.iter().filter(|t| t.is_ok() && t.ok > Some(0));
        if let Some(lost) = answered.map(|t| &t.trial).find(|t| !by_trial.contains_key(*t)) {
            let what = format!("the histogram of trial {lost} is missing");
            return Err(RecordError::damaged(LATENCY, 0, what));
        }
        Ok(by_trial)
    }

    /// The request rows of a trial, to be read one after the other, if they were kept.
    pub fn requests(&self, trial: &str) -> Result<Option<RequestScan<fs::File>>, RecordError> {
        let path = self.dir.join(REQUESTS).join(format!("{trial}.csv.zst"));
        if !path.exists() {
            return Ok(None);
        }
        RequestScan::new(&format!("{REQUESTS}/{trial}.csv.zst"), fs::File::open(path)?)
    }

    /// The connection rows of a trial, if they were kept.
    pub fn connections(&self, trial: &str) -> Result<Option<Vec<ConnectionRow>>, RecordError> {
        self.compressed(CONNECTIONS, trial)
    }

    fn compressed<T: DeserializeOwned>(
        &self,
        folder: &str,
        trial: &str,
    ) -> Result<Option<Vec<T>>, RecordError> {
        let path = self.dir.join(folder).join(format!("{trial}.csv.zst"));
        if !path.exists() {
            return Ok(None);
        }
        let damaged = |e: csv::Error| {
            RecordError::damaged(&format!("{folder}/{trial}.csv.zst"), 0, e.to_string())
        };
        let rows = read_compressed(fs::File::open(path)?).map_err(damaged)?;
        rows.collect::<Result<_, _>>().map(Some).map_err(damaged)
    }

    /// The timeline of a trial, if it was taken.
    pub fn timeline(&self, trial: &str) -> Result<Option<Vec<TimelineRow>>, RecordError> {
        let path = self.dir.join(TIMELINE).join(format!("{trial}.csv"));
        if !path.exists() {
            return Ok(None);
        }
        lines::read_rows(&format!("{TIMELINE}/{trial}.csv"), &fs::read(path)?).map(Some)
    }
}

/// The plan of a recording, by the digest in its manifest: its experiment means what it meant then.
fn recorded_plan(
    manifest: &Manifest,
    experiment: Experiment,
    planned: &[PlanRow],
) -> Result<Plan, RecordError> {
    // How many blocks a file without a number gets was for its own build to say. Every block has a
    // trial, so a greater number is damage.
    let last = planned.iter().map(|row| row.block).max();
    let last = last.filter(|&last| last as usize <= planned.len());
    let last = last.filter(|_| experiment.blocks.count_is_default);
    let only = Only::parse(&manifest.only).map_err(RecordError::Plan)?;
    let builds: Vec<&str> = manifest.builds.iter().map(|side| side.name.as_str()).collect();
    let before = experiment.before_retries();
    for experiment in std::iter::once(experiment).chain(before) {
        let plan = Plan::new(experiment, &only)
            .ok_or_else(|| RecordError::Plan("it selects no cell".to_owned()))?
            .with_builds(&builds);
        let plan = match last {
            Some(last) => plan.with_blocks(last),
            None => plan,
        };
        if plan.digest() == manifest.plan {
            return Ok(plan);
        }
    }
    Err(RecordError::Plan(
        "their digests differ; was experiment.toml edited after the recording?".to_owned(),
    ))
}

/// The rows of a `trials.csv` that stands anywhere, every attempt included.
pub fn read_trials(path: &Path) -> Result<Vec<TrialRow>, RecordError> {
    trial_rows(&path.display().to_string(), &fs::read(path)?)
}

/// Every row, those of older recordings with the factors that they did not have.
fn trial_rows(name: &str, bytes: &[u8]) -> Result<Vec<TrialRow>, RecordError> {
    let mut rows: Vec<TrialRow> = lines::read_rows(name, bytes)?;
    rows.iter_mut().for_each(TrialRow::complete_factors);
    Ok(rows)
}

fn machine_beside(dir: &Path) -> Result<Option<Machine>, RecordError> {
    let path = dir.canonicalize()?.join("..").join(MACHINE);
    if !path.is_file() {
        return Ok(None);
    }
    Machine::parse(&fs::read_to_string(path)?)
        .map(Some)
        .map_err(|what| RecordError::damaged(MACHINE, 0, what))
}

/// Of every block the rows of its last complete attempt: one for each planned trial, none
/// interrupted.
fn complete_attempts(plan: &Plan, rows: &[TrialRow]) -> Result<Vec<TrialRow>, RecordError> {
    let mut planned: HashMap<u32, HashSet<u32>> = HashMap::new();
    let mut cell_at = HashMap::new();
    for t in &plan.trials {
        planned.entry(t.block).or_default().insert(t.position);
        let what = (plan.cells[t.cell].id.to_string(), t.replica.letter(), plan.build_of(t));
        cell_at.insert((t.block, t.position), what);
    }
    let mut attempts: BTreeMap<(u32, u32), Vec<&TrialRow>> = BTreeMap::new();
    let mut names = HashSet::new();
    for (row, line) in rows.iter().zip(2..) {
        let damaged = |what: String| Err(RecordError::damaged(TRIALS, line, what));
        match cell_at.get(&(row.block, row.position)) {
            // Where there is one build, its rows name the commit.
            Some((cell, replica, build))
                if *cell == row.cell
                    && *replica == row.replica
                    && build.is_none_or(|name| name == row.build) => {}
            _ => return damaged(format!("{PLAN} has no such trial: {}", row.trial)),
        }
        if !names.insert(&row.trial) {
            return damaged(format!("trial {} stands twice", row.trial));
        }
        attempts.entry((row.block, row.attempt)).or_default().push(row);
    }
    let mut last: BTreeMap<u32, Vec<&TrialRow>> = BTreeMap::new();
    for ((block, _), rows) in attempts {
        let whole =
            rows.len() == planned[&block].len() && rows.iter().all(|r| r.status != Status::Aborted);
        if whole {
            last.insert(block, rows);
        }
    }
    let mut chosen: Vec<TrialRow> = last.into_values().flatten().cloned().collect();
    chosen.sort_by_key(|r| (r.block, r.position));
    Ok(chosen)
}
