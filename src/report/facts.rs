//! Facts that every section of the report looks up: the recording, its analysis, and what follows
//! from the two at once.

use std::cell::OnceCell;
use std::collections::HashMap;
use std::io::ErrorKind;

use crate::analyse::{Analysis, CellAnalysis, Direction, Estimate, Fitness, NoEstimate, Sample};
use crate::page::{Words, code, words};
use crate::plan::{Cell, Plan, ScenarioFacts};
use crate::record::{RecordError, Recording, TimelineRow, TrialRow};
use crate::spec::{Factor, Metric};

use super::numbers::percent;
use super::requests::{self, Digest, Kept};

/// Latency histograms by trial: highest value of each bucket in nanoseconds, and count.
type Histograms = HashMap<String, Vec<(u64, u64)>>;

/// A recording and its analysis.
pub(super) struct Facts<'a> {
    /// The recording with all its builds.
    pub(super) whole: &'a Recording,
    /// The subject of the report: the last build of the whole.
    pub(super) recording: &'a Recording,
    pub(super) analysis: &'a Analysis,
    histograms: OnceCell<Histograms>,
    digests: OnceCell<Vec<Digest>>,
}

impl<'a> Facts<'a> {
    pub(super) fn new(
        whole: &'a Recording,
        recording: &'a Recording,
        analysis: &'a Analysis,
    ) -> Facts<'a> {
        let (histograms, digests) = (OnceCell::new(), OnceCell::new());
        Facts { whole, recording, analysis, histograms, digests }
    }

    pub(super) fn plan(&self) -> &'a Plan {
        &self.recording.plan
    }

    pub(super) fn cell(&self, cell: usize) -> &'a Cell {
        &self.plan().cells[cell]
    }

    pub(super) fn analysed(&self, cell: usize) -> &'a CellAnalysis {
        &self.analysis.cells[cell]
    }

    /// The name of a cell, as it stands.
    pub(super) fn name(&self, cell: usize) -> &'a str {
        &self.cell(cell).name
    }

    /// The name of a cell, as words.
    pub(super) fn code(&self, cell: usize) -> Words {
        code(self.name(cell))
    }

    /// The names of cells, at most this many of them.
    pub(super) fn codes(&self, cells: &[usize], most: usize) -> Words {
        Words::some(cells.iter().map(|&c| self.code(c)), most)
    }

    pub(super) fn scenarios(&self) -> impl Iterator<Item = (usize, &'a ScenarioFacts)> {
        self.plan().scenarios.iter().enumerate()
    }

    /// Whether there is more than one scenario, so that their names are needed.
    pub(super) fn has_scenarios(&self) -> bool {
        self.plan().scenarios.len() > 1
    }

    /// The name of a cell with its scenario where there are several, as words.
    pub(super) fn full_code(&self, cell: usize) -> Words {
        match &self.plan().facts_of(self.cell(cell)).name {
            name if name.is_empty() => self.code(cell),
            name => words!((self.code(cell)) " (" name ")"),
        }
    }

    /// The name of a cell with its scenario where there are several, as it stands.
    pub(super) fn full_name(&self, cell: usize) -> String {
        match &self.plan().facts_of(self.cell(cell)).name {
            name if name.is_empty() => self.name(cell).to_owned(),
            name => format!("{} ({name})", self.name(cell)),
        }
    }

    /// Settings of a scenario beyond requests and delays: `TLS, round trip 15ms`; empty if there
    /// are none.
    pub(super) fn conditions(&self, scenario: usize) -> String {
        let scenario = &self.plan().experiment.scenarios[scenario];
        // A factor of a scenario does not depend on the strategy, so any will do.
        let any = &self.plan().experiment.strategies[0];
        let said = Factor::ALL.into_iter().filter(|f| !f.is_of_strategy()).filter_map(|factor| {
            let usual = factor.legacy_default()?;
            let value = factor.value(scenario, any);
            (value != usual).then(|| factor.phrase(&value))
        });
        said.collect::<Vec<_>>().join(", ")
    }

    /// Whether requests come at a rate in a scenario.
    pub(super) fn is_open(&self, scenario: usize) -> bool {
        !self.plan().experiment.scenarios[scenario].arrival.is_closed()
    }

    /// Whether they do in any.
    pub(super) fn any_open(&self) -> bool {
        (0..self.plan().scenarios.len()).any(|scenario| self.is_open(scenario))
    }

    /// The cells of a scenario, in the order of the plan.
    pub(super) fn cells_of(&self, scenario: usize) -> Vec<usize> {
        (0..self.plan().cells.len()).filter(|&c| self.cell(c).scenario == scenario).collect()
    }

    pub(super) fn is_baseline(&self, cell: usize) -> bool {
        self.plan().facts_of(self.cell(cell)).baseline == cell
    }

    pub(super) fn is_control(&self, cell: usize) -> bool {
        self.plan().facts_of(self.cell(cell)).control == cell
    }

    /// Median wall time in nanoseconds, if the cell was measured.
    pub(super) fn wall_ns(&self, cell: usize) -> Option<f64> {
        self.analysed(cell).wall.as_ref().ok().map(|e| e.value)
    }

    /// Whether a cell has an ideal worth the name.
    pub(super) fn has_ideal(&self, cell: usize) -> bool {
        /// An ideal below this share of the wall time is that of a schedule in which nothing waits:
        /// no strategy can come near it, so it says nothing about one.
        const IDEAL: f64 = 0.01;
        let ideal = self.cell(cell).ideal.wall_ns as f64;
        ideal > 0.0 && self.wall_ns(cell).is_none_or(|wall| ideal >= IDEAL * wall)
    }

    /// Why a cell has no ideal, in a sentence.
    pub(super) fn why_no_ideal(&self, cell: usize) -> &'static str {
        match self.cell(cell).strategy.service {
            Some(_) => "There is no ideal: how long a service waits is not known.",
            None => "The delays are next to nothing, so there is no ideal to speak of.",
        }
    }

    /// The measurements of a cell.
    pub(super) fn ok_rows(&self, cell: usize) -> Vec<&'a TrialRow> {
        let id = self.cell(cell).id.to_string();
        let all = self.recording.measured();
        all.filter(|t| t.cell == id && t.replica == "a" && t.is_ok()).collect()
    }

    /// Every measurement, those of the A/A control's second replica too.
    pub(super) fn all_ok_rows(&self) -> impl Iterator<Item = &'a TrialRow> {
        self.recording.measured().filter(|t| t.is_ok())
    }

    /// The index of a row's cell.
    pub(super) fn cell_of(&self, row: &TrialRow) -> Option<usize> {
        (0..self.plan().cells.len()).find(|&c| self.cell(c).id.to_string() == row.cell)
    }

    /// Whether the trials of a cell have phases.
    pub(super) fn has_phases(&self, cell: usize) -> bool {
        self.ok_rows(cell).iter().any(|row| row.request_ns().is_some())
    }

    /// Median of something of which less is better over the trials of a cell; see
    /// [`Sample::median`].
    pub(super) fn median(
        &self,
        cell: usize,
        value: impl Fn(&TrialRow) -> Option<f64>,
    ) -> Result<Estimate, NoEstimate> {
        Ok(self.sample(cell, value).median(Direction::LowerIsBetter)?)
    }

    /// Median of a metric over the trials of a cell; see [`Sample::median`].
    pub(super) fn metric(&self, cell: usize, metric: Metric) -> Result<Estimate, NoEstimate> {
        metric.check_measured(self.ok_rows(cell))?;
        Ok(self.sample(cell, |row| metric.of(row)).median(metric.direction())?)
    }

    /// Values that the trials of a cell have, and how many have none.
    pub(super) fn sample(&self, cell: usize, value: impl Fn(&TrialRow) -> Option<f64>) -> Sample {
        let values: Vec<f64> = self.ok_rows(cell).into_iter().filter_map(value).collect();
        let Fitness { ok, failed, invalid, skipped, .. } = self.analysed(cell).fitness;
        Sample { lost: ok + failed + invalid + skipped - values.len(), values }
    }

    /// Whether a cell may be named as the best or the worst of several: nothing of it failed, as far as
    /// it was measured.
    pub(super) fn is_ranked(&self, cell: usize) -> bool {
        self.analysed(cell).fitness.is_faultless()
    }

    /// The cells that may be named as the best or the worst, and what a title says of the others:
    /// `; 2 cells had failures`.
    pub(super) fn ranked(&self, cells: &[usize]) -> (Vec<usize>, String) {
        let measured = cells.iter().copied().filter(|&c| self.analysed(c).fitness.ok > 0);
        let (ranked, others): (Vec<usize>, Vec<usize>) = measured.partition(|&c| self.is_ranked(c));
        let tail = match others.len() {
            0 => String::new(),
            n => format!("; {} had failures", super::numbers::counted(n, "cell")),
        };
        (ranked, tail)
    }

    /// Parts of a cell's work that were not done or not measured: `50 % of requests failed`.
    pub(super) fn shortfall(&self, cell: usize) -> Option<String> {
        let fitness = self.analysed(cell).fitness;
        let Fitness { ok, failed, invalid, .. } = fitness;
        let requests = match fitness.failed_requests.filter(|_| fitness.unknown_failures == 0) {
            Some(0.0) => None,
            Some(share) => Some(format!("{} of requests failed", percent(share))),
            None => Some("unknown how many requests failed".to_owned()),
        };
        let trials = |n: usize, how: &str| {
            (n > 0).then(|| format!("{n} of {} trials {how}", fitness.begun()))
        };
        let said = [requests, trials(failed, "failed"), trials(invalid, "invalid")];
        let said: Vec<String> = said.into_iter().flatten().collect();
        (ok > 0 && !said.is_empty()).then(|| said.join(", "))
    }

    /// The name of a cell for a chart, with what of its work is missing.
    pub(super) fn label(&self, cell: usize) -> String {
        match self.shortfall(cell) {
            None => self.name(cell).to_owned(),
            Some(shortfall) => format!("{} ({shortfall})", self.name(cell)),
        }
    }

    /// Failed requests of a cell over all its measurements, and requests issued.
    pub(super) fn errors(&self, cell: usize) -> (u64, u64) {
        let rows = self.ok_rows(cell);
        let sum = |of: fn(&TrialRow) -> Option<u64>| rows.iter().copied().filter_map(of).sum();
        (sum(|r| r.errors), sum(|r| r.issued))
    }

    /// Failed requests of a cell by class, over all its measurements, most frequent first.
    pub(super) fn error_classes(&self, cell: usize) -> Vec<(String, u64)> {
        let mut classes: Vec<(String, u64)> = Vec::new();
        for row in self.ok_rows(cell) {
            for (class, n) in &row.error_classes.0 {
                match classes.iter_mut().find(|(c, _)| c == class) {
                    Some((_, sum)) => *sum += n,
                    None => classes.push((class.clone(), *n)),
                }
            }
        }
        classes.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        classes
    }

    /// Failed requests of a class by phase, over all measurements of a cell, most frequent first;
    /// empty where the record does not tell for each of them.
    pub(super) fn error_phases(&self, cell: usize, class: &str) -> Vec<(String, u64)> {
        let mut phases: Vec<(String, u64)> = Vec::new();
        for row in self.ok_rows(cell) {
            for (at, n) in &row.error_phases.0 {
                let Some((_, phase)) = at.rsplit_once('@').filter(|(of, _)| *of == class) else {
                    continue;
                };
                match phases.iter_mut().find(|(known, _)| known == phase) {
                    Some((_, sum)) => *sum += n,
                    None => phases.push((phase.to_owned(), *n)),
                }
            }
        }
        phases.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        phases
    }

    /// Whether every failed request of a cell is counted by its phase.
    pub(super) fn counts_phases(&self, cell: usize) -> bool {
        let rows = self.ok_rows(cell);
        let (counted, failed) =
            (|r: &TrialRow| r.error_phases.0.values().sum::<u64>(), |r: &TrialRow| r.errors);
        rows.iter().all(|r| Some(counted(r)) == failed(r))
    }

    /// The hue of a cell, the same in all charts: one for each strategy if there are few, else
    /// one for all that differ in nothing but their limit.
    pub(super) fn hue(&self, cell: usize) -> usize {
        let key = |c: usize| {
            if self.plan().experiment.strategies.len() <= crate::chart::percentiles::MOST_CURVES {
                self.name(c).to_owned()
            } else {
                self.family(c)
            }
        };
        let mut seen: Vec<String> = Vec::new();
        for c in 0..=cell {
            let key = key(c);
            if !seen.contains(&key) {
                seen.push(key);
            }
        }
        let key = key(cell);
        seen.iter().position(|k| *k == key).unwrap_or(0)
    }

    /// Factors that cells share if they differ in nothing but label and limit, as text.
    pub(super) fn family(&self, cell: usize) -> String {
        let of_strategy = Factor::ALL.into_iter().filter(|f| f.is_of_strategy());
        of_strategy
            .filter(|f| !matches!(f, Factor::Label | Factor::Limit))
            .map(|f| self.plan().factor(self.cell(cell), f))
            .collect::<Vec<_>>()
            .join("\n")
    }

    /// The latency histogram of a trial; `None` if no request of it succeeded.
    pub(super) fn histogram(&self, trial: &str) -> Result<Option<&[(u64, u64)]>, RecordError> {
        if self.histograms.get().is_none() {
            let read = match self.recording.latencies() {
                // The charts say that there is nothing.
                Err(RecordError::Io(e)) if e.kind() == ErrorKind::NotFound => Histograms::new(),
                other => other?,
            };
            let _ = self.histograms.set(read);
        }
        Ok(self.histograms.get().and_then(|h| h.get(trial)).map(Vec::as_slice))
    }

    /// Numbers from the request rows of a cell.
    pub(super) fn digest(&self, cell: usize) -> Result<&Digest, RecordError> {
        if self.digests.get().is_none() {
            let cells = 0..self.plan().cells.len();
            let measured: Vec<_> = cells.map(|c| self.nearest_first(c)).collect();
            let _ = self.digests.set(requests::digests(self.recording, &measured)?);
        }
        Ok(&self.digests.get().expect("it was just set")[cell])
    }

    /// The measurements of a cell, that whose wall time is nearest to the median first.
    fn nearest_first(&self, cell: usize) -> Vec<&'a TrialRow> {
        let middle = self.wall_ns(cell).unwrap_or(0.0);
        let distance = |row: &TrialRow| (row.wall_ns.unwrap_or(0) as f64 - middle).abs();
        let mut rows = self.ok_rows(cell);
        rows.sort_by(|a, b| distance(a).total_cmp(&distance(b)));
        rows
    }

    /// The request rows that speak for a cell: of its measurements with rows, that whose wall time
    /// is nearest to the median. `None` if there are none.
    pub(super) fn requests(&self, cell: usize) -> Result<Option<&Kept>, RecordError> {
        Ok(self.digest(cell)?.kept.as_ref())
    }

    /// The first timeline of a cell, from its warm-up as a rule; `None` if none was taken.
    pub(super) fn timeline(
        &self,
        cell: usize,
    ) -> Result<Option<(&'a TrialRow, Vec<TimelineRow>)>, RecordError> {
        let id = self.cell(cell).id.to_string();
        for row in self.recording.trials.iter().filter(|t| t.cell == id && t.is_ok()) {
            if let Some(samples) = self.recording.timeline(&row.trial)?.filter(|t| !t.is_empty()) {
                return Ok(Some((row, samples)));
            }
        }
        Ok(None)
    }

    /// Why a cell has no median: `3 of 3 trials failed`.
    pub(super) fn why_unmeasured(&self, cell: usize) -> String {
        let Fitness { ok, failed, invalid, skipped, .. } = self.analysed(cell).fitness;
        let all = ok + failed + invalid + skipped;
        let parts: Vec<String> = [(failed, "failed"), (invalid, "invalid"), (skipped, "skipped")]
            .into_iter()
            .filter(|(n, _)| *n > 0)
            .map(|(n, word)| format!("{n} {word}"))
            .collect();
        match parts.split_first() {
            _ if all == 0 => "not run".to_owned(),
            None => "no wall time".to_owned(),
            Some((first, others)) => {
                let first = first.replacen(' ', &format!(" of {all} "), 1);
                [&[first], others].concat().join(", ")
            }
        }
    }
}

/// CPU time of the client in nanoseconds for each 1,000 requests issued.
pub(super) fn client_cpu_per_1000(row: &TrialRow) -> Option<f64> {
    per_1000(row, row.client_cpu_ns()?)
}

/// CPU time of the server in nanoseconds for each 1,000 requests issued.
pub(super) fn server_cpu_per_1000(row: &TrialRow) -> Option<f64> {
    per_1000(row, row.server_cpu_ns()?)
}

/// A sum over a trial's requests, for each 1,000 of them.
pub(super) fn per_1000(row: &TrialRow, sum: u64) -> Option<f64> {
    let issued = row.issued.filter(|&n| n > 0)?;
    Some(sum as f64 / issued as f64 * 1_000.0)
}
