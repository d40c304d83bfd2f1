//! Reading a record: everything that a report or a comparison may know.

use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use fs_err as fs;

use super::columns::{Row, as_written, wrong};
use super::env::EnvRow;
use super::plan::{PlanRow, plan_rows};
use super::row::{TrialRow, attempt_name, one_line};
use super::status::Status;
use super::{
    CONNECTIONS, ConnectionRow, ENV, EXPERIMENT, Happening, LATENCY, MACHINE, MANIFEST, Manifest,
    PLAN, REQUESTS, RecordError, RequestScan, TIMELINE, TRIALS, TimelineRow, frames, lines,
    read_compressed,
};
use crate::delay::Model;
use crate::machine::Machine;
use crate::plan::{Cell, CellId, Only, Plan};
use crate::spec::{Experiment, Factor, Scenario, Source};
use crate::strategy::Strategy;
use crate::strategy::schedule::Schedule;

/// One run, as recorded.
#[derive(Debug, Clone)]
pub struct Recording {
    /// Its folder.
    pub dir: PathBuf,
    /// The folder's name.
    pub name: String,
    /// Its manifest.
    pub manifest: Manifest,
    /// The machine that recorded; `None` if the folder was moved away from its machine's.
    pub machine: Option<Machine>,
    /// The experiment file, verbatim.
    pub experiment_text: String,
    /// Its plan.
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
        let wrong_plan = |what: String| RecordError::Plan { recording: dir.to_owned(), what };
        let experiment_text = text(&dir.join(EXPERIMENT))?;
        let source = Source {
            name: format!("{}.toml", manifest.experiment),
            text: experiment_text.clone(),
            overrides: manifest.overrides.clone(),
        };
        let path = dir.join(PLAN);
        let planned = read_rows::<PlanRow>(&path, Ends::Whole);
        let ids: HashSet<&str> = planned.iter().flatten().map(|row| row.cell.as_str()).collect();
        let is_planned = |scenario: &Scenario, strategy: &Strategy| {
            ids.contains(CellId::of(scenario, strategy).to_string().as_str())
        };
        let experiment = Experiment::parse_recorded(&source, dir, &is_planned);
        let experiment = experiment.map_err(|e| wrong_plan(e.to_string()))?;
        let planned = planned?;
        let ends = if manifest.is_finished() { Ends::Whole } else { Ends::Anywhere };
        let all_trials = trial_rows(&dir.join(TRIALS), ends);
        let trials = all_trials.as_deref().unwrap_or_default();
        let plan = recorded_plan(&manifest, experiment, &planned, trials).map_err(wrong_plan)?;
        check_plan(&path, &plan, &planned)?;
        let all_trials = all_trials?;
        let env = read_rows(&dir.join(ENV), ends)?;
        let trials = complete_attempts(&dir.join(TRIALS), &plan, &manifest, &all_trials)?;
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

    /// The part of one of several builds, as a recording of that build alone. It has the trials of
    /// that build, with twins of its control, its plan, and its facts in place of those of the
    /// manifest's build.
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

    /// The recording that a report is about: in a run of several builds the part of the last one,
    /// the new one.
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
        let path = self.dir.join(LATENCY);
        let file = path.display().to_string();
        for row in frames::read(&file, &fs::read(path)?)? {
            by_trial.entry(row.trial).or_default().push((row.value_ns, row.count));
        }
        // A histogram is written before its row, so every row that tells latencies has one.
        let answered = self.trials.iter().filter(|t| t.is_ok() && t.latency_p50_ns.is_some());
        if let Some(lost) = answered.map(|t| &t.trial).find(|t| !by_trial.contains_key(*t)) {
            let what = format!("the histogram of trial {lost} is missing");
            return Err(RecordError::damaged(&file, 0, what));
        }
        Ok(by_trial)
    }

    /// The request rows of a trial, to be read one after the other, if they were kept.
    pub fn requests(&self, trial: &str) -> Result<Option<RequestScan<fs::File>>, RecordError> {
        let path = self.dir.join(REQUESTS).join(format!("{trial}.csv.zst"));
        if !path.exists() {
            return Ok(None);
        }
        RequestScan::new(&path.display().to_string(), fs::File::open(&path)?)
    }

    /// The connection rows of a trial, if they were kept.
    pub fn connections(&self, trial: &str) -> Result<Option<Vec<ConnectionRow>>, RecordError> {
        let path = self.dir.join(CONNECTIONS).join(format!("{trial}.csv.zst"));
        if !path.exists() {
            return Ok(None);
        }
        read_compressed(&path.display().to_string(), fs::File::open(&path)?).map(Some)
    }

    /// The timeline of a trial, if it was taken.
    pub fn timeline(&self, trial: &str) -> Result<Option<Vec<TimelineRow>>, RecordError> {
        let path = self.dir.join(TIMELINE).join(format!("{trial}.csv"));
        if !path.exists() {
            return Ok(None);
        }
        let measured = |t: &TrialRow| t.trial == trial && is_measurement(t);
        let is_whole = self.all_trials.iter().any(measured);
        read_rows(&path, if is_whole { Ends::Whole } else { Ends::Anywhere }).map(Some)
    }

    /// Reads every file that nothing else has read so far: histograms, and rows of requests,
    /// connections and samples. Returns an error for each that cannot be read.
    ///
    /// What a process left that was killed may end anywhere: files of trials that are no measurement,
    /// or have no row, are passed over.
    pub fn check_files(&self) -> Vec<RecordError> {
        let mut errors = Vec::new();
        errors.extend(self.latencies().err());
        errors.extend(self.predictions().err());
        errors.extend(self.earlier_predictions().err());
        for TrialRow { trial, .. } in self.all_trials.iter().filter(|t| is_measurement(t)) {
            errors.extend(self.empty_file(trial));
            errors.extend(self.check_requests(trial).err());
            errors.extend(self.connections(trial).err());
            errors.extend(self.timeline(trial).err());
        }
        errors
    }

    /// The error for a file of a measurement that has lost all of its bytes.
    fn empty_file(&self, trial: &str) -> Option<RecordError> {
        let compressed = format!("{trial}.csv.zst");
        let files = [
            self.dir.join(REQUESTS).join(&compressed),
            self.dir.join(CONNECTIONS).join(&compressed),
        ];
        let is_empty = |file: &&PathBuf| fs::metadata(file).is_ok_and(|file| file.len() == 0);
        let empty = files.iter().find(is_empty)?;
        Some(RecordError::damaged(&empty.display().to_string(), 0, "it is empty"))
    }

    fn check_requests(&self, trial: &str) -> Result<(), RecordError> {
        let Some(mut scan) = self.requests(trial)? else { return Ok(()) };
        while let Some(row) = scan.next_row()? {
            if let Err(what) = row.row() {
                return Err(scan.damaged(what));
            }
        }
        Ok(())
    }
}

/// The plan of a recording, which has the digest in its manifest.
fn recorded_plan(
    manifest: &Manifest,
    experiment: Experiment,
    planned: &[PlanRow],
    trials: &[TrialRow],
) -> Result<Plan, String> {
    // How many blocks a file without a number gets was for its own build to say. Every block has a
    // trial, so a greater number is damage.
    let last = planned.iter().map(|row| row.block).max();
    let last = last.filter(|&last| last as usize <= planned.len());
    let last = last.filter(|_| experiment.blocks.count_is_default);
    let only = Only::parse(&manifest.only)?;
    let builds: Vec<&str> = manifest.builds.iter().map(|side| side.name.as_str()).collect();
    // A cell of an unknown model that has no trial yet has no ideal either.
    let ideal = |id: &CellId| {
        let row = trials.iter().find(|row| row.cell == id.to_string());
        let (wall_ns, peak) = row.map_or((0, 0), |r| (r.ideal_ns, r.expected_peak_in_flight));
        Schedule { wall_ns, peak }
    };
    let plan = Plan::recorded(experiment, &only, ideal)
        .ok_or_else(|| "it selects no cell".to_owned())?
        .with_builds(&builds);
    let plan = match last {
        Some(last) => plan.with_blocks(last),
        None => plan,
    };
    if plan.digest() == manifest.plan {
        return Ok(plan);
    }
    let files = files_of(&plan).join(" or ");
    Err(format!("the digests differ; was {files} changed after the recording?"))
}

/// The rows of a `trials.csv` that stands anywhere, every attempt included; those of older recordings
/// with the factors that they did not have.
pub fn read_trials(path: &Path) -> Result<Vec<TrialRow>, RecordError> {
    trial_rows(path, Ends::Anywhere)
}

fn trial_rows(path: &Path, ends: Ends) -> Result<Vec<TrialRow>, RecordError> {
    let mut rows: Vec<TrialRow> = read_rows(path, ends)?;
    rows.iter_mut().for_each(TrialRow::complete_factors);
    Ok(rows)
}

/// Whether a file may end within a row.
#[derive(Debug, Clone, Copy)]
enum Ends {
    /// It was written to its end.
    Whole,
    /// A process may have been killed that wrote it.
    Anywhere,
}

fn read_rows<T: Row>(path: &Path, ends: Ends) -> Result<Vec<T>, RecordError> {
    let read = match ends {
        Ends::Whole => lines::read_all_rows,
        Ends::Anywhere => lines::read_rows,
    };
    read(&path.display().to_string(), &fs::read(path)?)
}

/// Whether the client of a trial came to its end, so that its files are whole.
fn is_measurement(row: &TrialRow) -> bool {
    matches!(row.status, Status::Ok | Status::Invalid)
}

/// The files of a record that its plan is made of.
fn files_of(plan: &Plan) -> Vec<String> {
    let mut files = vec![EXPERIMENT.to_owned()];
    for scenario in &plan.experiment.scenarios {
        if let Model::Trace(trace) = &scenario.delay.model
            && !files.contains(&trace.file)
        {
            files.push(trace.file.clone());
        }
    }
    files
}

/// The text of a file. Bytes that are no text are damage, and not a refusal of the system.
fn text(path: &Path) -> Result<String, RecordError> {
    String::from_utf8(fs::read(path)?).map_err(|error| {
        let before = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = before.iter().filter(|&&byte| byte == b'\n').count() as u64 + 1;
        RecordError::damaged(&path.display().to_string(), line, "it is not UTF-8")
    })
}

fn machine_beside(dir: &Path) -> Result<Option<Machine>, RecordError> {
    let dir = dir.canonicalize()?;
    let path = dir.parent().unwrap_or(&dir).join(MACHINE);
    if !path.is_file() {
        return Ok(None);
    }
    Machine::parse(&text(&path)?)
        .map(Some)
        .map_err(|what| RecordError::damaged(&path.display().to_string(), 0, what.trim_end()))
}

/// Holds `plan.csv` against the plan that the recorded experiment gives.
fn check_plan(path: &Path, plan: &Plan, found: &[PlanRow]) -> Result<(), RecordError> {
    let file = path.display().to_string();
    let damaged = |line: u64, what: String| Err(RecordError::damaged(&file, line, what));
    let planned: Vec<PlanRow> = plan_rows(plan).collect();
    for ((found, planned), line) in found.iter().zip(&planned).zip(2..) {
        if found == planned {
            continue;
        }
        let (here, there) = (lines::fields(found)?, lines::fields(planned)?);
        let differing = here.iter().zip(&there).position(|(here, there)| here != there);
        let Some(column) = differing else {
            return damaged(line, "it has no column `build`".into());
        };
        let name = PlanRow::COLUMNS[column].name;
        let planned = String::from_utf8_lossy(&there[column]);
        let what = format!("is not what {EXPERIMENT} gives: `{planned}`");
        return damaged(line, wrong(name, &here[column], what));
    }
    if found.len() == planned.len() {
        return Ok(());
    }
    let what = format!("it has {} trials, and {EXPERIMENT} gives {}", found.len(), planned.len());
    damaged(found.len().min(planned.len()) as u64 + 2, what)
}

/// Fields of a row that follow from the plan.
struct PlannedFields<'a> {
    cell: String,
    replica: &'static str,
    build: &'a str,
    scenario: String,
    /// In the order of [`Factor::ALL`].
    factors: &'a [String],
}

impl PlannedFields<'_> {
    /// The first field of a row that is not what was planned, in words.
    fn first_difference(&self, row: &TrialRow) -> Option<String> {
        let scenario = row.scenario.to_string();
        let places = [
            ("cell", row.cell.as_str(), self.cell.as_str()),
            ("replica", row.replica.as_str(), self.replica),
            ("build", row.build.as_str(), self.build),
            ("scenario", scenario.as_str(), self.scenario.as_str()),
        ];
        let other_place = places.into_iter().find(|(_, value, wanted)| value != wanted);
        let factors = Factor::ALL.into_iter().zip(self.factors);
        let mut factors = factors.map(|(f, wanted)| (f.name(), row.factor(f), wanted.as_str()));
        let other_factor = || {
            // Older recordings do not have all of them.
            factors.find(|(_, value, wanted)| {
                !value.is_empty() && value != wanted && as_written(value) != as_written(wanted)
            })
        };
        let (column, value, wanted) = other_place.or_else(other_factor)?;
        let what = match column {
            "build" => format!("is not what {MANIFEST} has: `{wanted}`"),
            _ => format!("is not what {PLAN} and {EXPERIMENT} have: `{wanted}`"),
        };
        Some(wrong(column, value.as_bytes(), what))
    }
}

/// Rows of the last complete attempt of every block: one for each planned trial, none interrupted.
/// A recording that is finished has one of every block.
fn complete_attempts(
    path: &Path,
    plan: &Plan,
    manifest: &Manifest,
    rows: &[TrialRow],
) -> Result<Vec<TrialRow>, RecordError> {
    let file = path.display().to_string();
    let mut planned: HashMap<u32, HashSet<u32>> = HashMap::new();
    let mut trial_at = HashMap::new();
    for t in &plan.trials {
        planned.entry(t.block).or_default().insert(t.position);
        trial_at.insert((t.block, t.position), t);
    }
    let factors_of =
        |cell: &Cell| Factor::ALL.map(|factor| one_line(&plan.factor(cell, factor))).to_vec();
    let factors: Vec<Vec<String>> = plan.cells.iter().map(factors_of).collect();
    // Where there is one build, its rows name the commit.
    let only_build = manifest.build.short();
    let mut attempts: BTreeMap<(u32, u32), Vec<&TrialRow>> = BTreeMap::new();
    let mut names = HashSet::new();
    for (row, line) in rows.iter().zip(2..) {
        let damaged = |what: String| Err(RecordError::damaged(&file, line, what));
        let Some(trial) = trial_at.get(&(row.block, row.position)) else {
            let (block, position) = (row.block, row.position);
            return damaged(format!(
                "columns `block` and `position`: {PLAN} has no trial {position} in block {block}"
            ));
        };
        let build = plan.build_of(trial).unwrap_or(&only_build);
        let cell = &plan.cells[trial.cell];
        let wanted = PlannedFields {
            cell: cell.id.to_string(),
            replica: trial.replica.letter(),
            build,
            scenario: cell.scenario.to_string(),
            factors: &factors[trial.cell],
        };
        if let Some(what) = wanted.first_difference(row) {
            return damaged(what);
        }
        let name = attempt_name(&trial.trial, row.attempt);
        if row.trial != name {
            let what = format!("is not the name of attempt {} there: `{name}`", row.attempt);
            return damaged(wrong("trial", row.trial.as_bytes(), what));
        }
        if !names.insert(&row.trial) {
            return damaged(wrong("trial", row.trial.as_bytes(), "stands twice"));
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
    if manifest.happened(Happening::Finished)
        && let Some(lost) = planned.keys().filter(|block| !last.contains_key(block)).min()
    {
        let line = rows.len() as u64 + 2;
        let what = format!("the recording is finished, and block {lost} is not whole");
        return Err(RecordError::damaged(&file, line, what));
    }
    let mut chosen: Vec<TrialRow> = last.into_values().flatten().cloned().collect();
    chosen.sort_by_key(|r| (r.block, r.position));
    Ok(chosen)
}
