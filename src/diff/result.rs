//! Two sides, compared: what every rendering shows.

use crate::analyse::{
    Estimate, Interval, Judged, Margin, NoEstimate, RankTest, RatioEstimate, Verdict,
};
use crate::spec::{Factor, Gate, Metric, Selector};

use super::{Condition, ControlPair, Effect, Failures, Noise, Pairing, Source};

/// Two sides, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// The base.
    pub base: Name,
    /// The side in question.
    pub new: Name,
    /// The factor that tells the sides apart, within one recording.
    pub by: Option<&'static str>,
    /// Whether trials of the same block are compared with each other.
    pub pairing: Pairing,
    /// Whether each cell was divided by the baseline of its scenario first; see [`Diff::divides`].
    pub relative: bool,
    /// Whether verdicts are given although the sides are not comparable.
    pub forced: bool,
    /// Both are one and the same recording.
    pub same_recording: bool,
    /// Conditions of the sides that are the same or differ.
    pub conditions: Vec<Condition>,
    /// Warnings about things that are easily overlooked.
    pub warnings: Vec<String>,
    /// The metrics, with the margin that verdicts are given against.
    pub margins: Vec<(Metric, Margin)>,
    /// Source of the margin.
    pub margin_source: MarginSource,
    /// The A/A controls of each pair of scenarios with a common cell.
    pub controls: Vec<ControlPair>,
    /// The cells of both, once for each metric.
    pub cells: Vec<CellDiff>,
    /// Cells that the new side does not have.
    pub only_in_base: Vec<LoneCell>,
    /// Cells that the base does not have.
    pub only_in_new: Vec<LoneCell>,
    /// Gates, and whether this change passes them.
    pub gates: Vec<GateResult>,
    /// The cells to show; see [`Options::only`](super::Options::only).
    pub only: Selector,
}

/// Name of a side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// In tables: `base`, `new`, or the word of the user.
    pub label: String,
    /// Its recording.
    pub recording: String,
}

/// Source of the margin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginSource {
    /// The experiment of both recordings.
    Experiment,
    /// The larger one: the experiments of the two recordings differ.
    Larger,
    /// [`Options::margin`](super::Options::margin).
    Option,
    /// Neither side has an experiment.
    Default,
}

/// A cell of one side only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoneCell {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its scenario; empty if its recording has only one.
    pub scenario: String,
}

/// A metric of a cell of both sides.
#[derive(Debug, Clone, PartialEq)]
pub struct CellDiff {
    /// The id of the cell on the new side; the same on both, unless a factor tells them apart.
    pub id: String,
    /// Its name on the new side.
    pub name: String,
    /// The name of its scenario on the new side; empty if there is only one.
    pub scenario: String,
    /// The metric that is compared.
    pub metric: Metric,
    /// The factors of the cell on the new side.
    pub factors: Vec<(Factor, String)>,
    /// Its place on the new side.
    pub plan: usize,
    /// Values of the base.
    pub base: CellSide,
    /// Values of the new side.
    pub new: CellSide,
    /// new ÷ base; its interval holds whatever the lost trials would have shown.
    pub ratio: Result<RatioEstimate, NoEstimate>,
    /// new ÷ base with the trials that the new side lost as its worst ones, which is what is judged;
    /// `None` if it lost none.
    pub at_worst: Option<RatioEstimate>,
    /// Values that have no ratio because some are zero, compared by their ranks.
    pub ranked: Option<Ranked>,
    /// Failures of its trials and requests.
    pub failures: Failures,
    /// The worst noise that was found for this cell; `None` if there is no control and no drift.
    pub noise: Option<Noise>,
    /// Largest change of an A/A control that lost trials, as a ratio of at least 1.
    pub control_lost: f64,
    /// The judgement among all cells of the table; `None` if the sides are not comparable.
    pub judged: Option<Judged>,
    /// The word for this cell.
    pub outcome: Outcome,
    /// Why it is not called equivalent or faster, or would not be.
    pub withheld: Option<Withheld>,
}

/// Values that have no ratio, compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// The test.
    pub test: RankTest,
    /// Largest change of the A/A controls, in the unit of the metric.
    pub noise: f64,
    /// All values of the base are 0, and none of the new side is.
    pub at_once: bool,
}

/// Why a cell is called neither equivalent nor faster, whatever its numbers say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Withheld {
    /// Trials gave no value: a slower build may have lost its slow ones.
    TrialsLost,
    /// Trials of the A/A control gave no value, so its noise is not known.
    ControlLost,
}

/// A metric of a cell on one side.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSide {
    /// Trials that are measurements.
    pub ok: usize,
    /// Trials that failed.
    pub failed: usize,
    /// Trials that measured something else.
    pub invalid: usize,
    /// Trials that the machine could not run.
    pub skipped: usize,
    /// Trials that were tried and have no value of this metric: failed, invalid, or without one.
    pub lost: usize,
    /// Reasons of failed, invalid and skipped trials, each once, with their number.
    pub reasons: Vec<(String, usize)>,
    /// Median of the `ok` trials in the unit of the metric; a ratio to the baseline where cells are
    /// divided by it.
    pub value: Result<Estimate, NoEstimate>,
    /// Share of requests that failed (0 to 1), over the `ok` trials.
    pub failed_requests: Option<f64>,
}

impl CellDiff {
    /// Whether a selector picks this cell; one without terms picks every cell.
    pub(super) fn is_of(&self, selector: &Selector) -> bool {
        let has = |(factor, accepted): &(Factor, Vec<String>)| {
            let value = self.factors.iter().find(|(f, _)| f == factor).map(|(_, v)| v);
            value.is_some_and(|value| accepted.contains(value))
        };
        selector.terms.iter().all(has)
    }

    /// About how many more blocks in both recordings decide an inconclusive cell; `None` where no
    /// practical number does, and where drift is in the way, which more blocks do not take away.
    pub fn more_blocks(&self) -> Option<usize> {
        let drifts = self.bounding().is_some_and(|noise| noise.source == Source::Drift);
        match (self.outcome, &self.judged.as_ref()?.verdict) {
            (Outcome::Inconclusive, Ok(Verdict::Inconclusive { more_blocks })) if !drifts => {
                *more_blocks
            }
            _ => None,
        }
    }

    /// Why the cell may not be called equivalent or faster, at this margin.
    pub(super) fn withheld(&self, margin: Margin) -> Option<Withheld> {
        let control_lost = self.control_lost > 1.0 + margin.relative();
        // An interval takes the lost trials of the base for any value; ranks leave them out.
        if self.new.lost > 0 || (self.ranked.is_some() && self.base.lost > 0) {
            Some(Withheld::TrialsLost)
        } else {
            control_lost.then_some(Withheld::ControlLost)
        }
    }

    /// Whether it has no ratio because something failed.
    pub(super) fn lost_its_ratio(&self) -> bool {
        match &self.ratio {
            Ok(_) => false,
            Err(NoEstimate::RequestsFailed | NoEstimate::FailuresUnknown) => true,
            Err(_) => [&self.base, &self.new].into_iter().any(|s| s.ok == 0 && s.lost > 0),
        }
    }

    /// The noise, where it is what a verdict had to get past instead of the margin.
    pub fn bounding(&self) -> Option<&Noise> {
        let (noise, judged) = (self.noise.as_ref()?, self.judged.as_ref()?);
        // The bound has been through a logarithm and back.
        let is_bound = (noise.reach() / judged.bound - 1.0).abs() < 1e-9;
        (self.ratio.is_ok() && is_bound).then_some(noise)
    }
}

impl CellSide {
    /// Trials in complete blocks that were run.
    pub fn trials(&self) -> usize {
        self.ok + self.failed + self.invalid
    }
}

/// The word for a cell, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Trials or requests fail that did not in the base.
    NewlyFailing,
    /// More trials or requests fail than in the base, of which some did.
    FailingMoreOften,
    /// Slower by more than the bound.
    Slower,
    /// Faster by more than the bound.
    Faster,
    /// The reverse of [`Outcome::NewlyFailing`].
    Fixed,
    /// The reverse of [`Outcome::FailingMoreOften`].
    FailingLessOften,
    /// None of these yet.
    Inconclusive,
    /// Too many requests failed on a side: its numbers are of other work.
    NotJudged,
    /// At least one side has no measurement, and it is neither newly failing nor fixed.
    NotMeasured,
    /// Different by less than the margin, if at all.
    Equivalent,
    /// The recordings are not comparable; the numbers are listed, and mean nothing together.
    NotComparable,
}

impl Outcome {
    /// Every outcome, in the order of the table.
    pub const ALL: [Outcome; 11] = [
        Outcome::NewlyFailing,
        Outcome::FailingMoreOften,
        Outcome::Slower,
        Outcome::Faster,
        Outcome::Fixed,
        Outcome::FailingLessOften,
        Outcome::Inconclusive,
        Outcome::NotJudged,
        Outcome::NotMeasured,
        Outcome::Equivalent,
        Outcome::NotComparable,
    ];

    /// Whether the new side is worse.
    pub fn is_bad(self) -> bool {
        matches!(self, Outcome::NewlyFailing | Outcome::FailingMoreOften | Outcome::Slower)
    }

    /// Whether the new side is known to be no worse.
    pub fn is_good(self) -> bool {
        use Outcome::{Equivalent, FailingLessOften, Faster, Fixed};
        matches!(self, Equivalent | Faster | Fixed | FailingLessOften)
    }

    /// The word of every rendering.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::NewlyFailing => "newly failing",
            Outcome::FailingMoreOften => "failing more often",
            Outcome::Slower => "slower",
            Outcome::Faster => "faster",
            Outcome::Fixed => "fixed",
            Outcome::FailingLessOften => "failing less often",
            Outcome::Inconclusive => "inconclusive",
            Outcome::NotJudged => "not judged",
            Outcome::NotMeasured => "not measured",
            Outcome::Equivalent => "equivalent",
            Outcome::NotComparable => "not comparable",
        }
    }
}

/// A gate, judged.
#[derive(Debug, Clone, PartialEq)]
pub struct GateResult {
    /// The gate.
    pub gate: Gate,
    /// The word for all of its cells: the worst of theirs.
    pub finding: GateFinding,
    /// Its cells that did not pass, as rows of [`Diff::cells`].
    pub cells: Vec<(usize, GateFinding)>,
    /// Why cells are undecided whose numbers would pass, likewise.
    pub withheld: Vec<(usize, Withheld)>,
    /// Cells that it looked at.
    pub looked_at: usize,
}

/// The word for a gate, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum GateFinding {
    /// No cell is worse by more than the margin.
    Passed,
    /// The interval of a cell reaches across the margin, trials of it failed, or it was not measured
    /// on both sides.
    Undecided,
    /// There is no measurement of the same work on both sides to look at.
    NothingMeasured,
    /// A cell is worse by more than the margin, or fails more often.
    Failed,
}

impl GateFinding {
    /// The word of every rendering.
    pub fn name(self) -> &'static str {
        match self {
            GateFinding::Passed => "passed",
            GateFinding::Undecided => "undecided",
            GateFinding::NothingMeasured => "nothing measured",
            GateFinding::Failed => "failed",
        }
    }
}

impl Diff {
    /// Whether verdicts can be trusted: nothing that they depend on differs.
    pub fn is_comparable(&self) -> bool {
        self.conditions.iter().all(|c| c.effect != Effect::Breaks)
    }

    /// Whether verdicts are given.
    pub fn is_judged(&self) -> bool {
        self.is_comparable() || (self.forced && !self.cells.is_empty())
    }

    /// The metrics that are compared.
    pub fn metrics(&self) -> impl Iterator<Item = Metric> {
        self.margins.iter().map(|(metric, _)| *metric)
    }

    /// Whether the values of a metric were divided by those of the baseline.
    pub fn divides(&self, metric: Metric) -> bool {
        is_divided(metric, self.relative)
    }

    /// The rows that are shown, of all that were judged.
    pub fn shown(&self) -> impl Iterator<Item = &CellDiff> {
        self.cells.iter().filter(|cell| cell.is_of(&self.only))
    }

    /// Rows with this outcome, shown or not.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.cells.iter().filter(|c| c.outcome == outcome).count()
    }

    /// Geometric mean of the ratios of a metric over the common cells that did the same work on
    /// both sides. `None` with fewer than two of them, or without verdicts.
    pub fn geometric_mean(&self, metric: Metric) -> Option<GeometricMean> {
        use Outcome::{Equivalent, Faster, Inconclusive, Slower};
        let of_metric = || self.cells.iter().filter(|c| c.metric == metric);
        let same_work = |c: &&CellDiff| {
            let has_all = c.base.lost == 0 && c.new.lost == 0;
            has_all && matches!(c.outcome, Slower | Faster | Equivalent | Inconclusive)
        };
        let log = |c: &CellDiff| Some(c.ratio.as_ref().ok()?.ratio.value.ln());
        let logs: Vec<f64> = of_metric().filter(same_work).filter_map(log).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        (logs.len() > 1).then(|| GeometricMean {
            ratio: mean.exp(),
            cells: logs.len(),
            left_out: of_metric().count() - logs.len()
                + self.only_in_base.len()
                + self.only_in_new.len(),
        })
    }

    /// The intervals of the ratios, as far as there are any.
    pub(super) fn intervals(&self) -> impl Iterator<Item = &Interval> {
        self.cells.iter().filter_map(|c| c.ratio.as_ref().ok()?.ratio.interval.as_ref().ok())
    }

    /// The margin that verdicts on a metric are given against.
    pub(super) fn margin_of(&self, metric: Metric) -> Margin {
        let margin = self.margins.iter().find(|(m, _)| *m == metric);
        margin.expect("every metric has a margin").1
    }
}

/// The ratios of several cells in one number, which hides all differences among them.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct GeometricMean {
    /// new ÷ base.
    pub ratio: f64,
    /// Cells that it is the mean of.
    pub cells: usize,
    /// Cells that are not in it: without a ratio, with failed trials, or on one side only.
    pub left_out: usize,
}

/// Whether the values of a metric are divided by those of the baseline, where cells are.
pub(super) fn is_divided(metric: Metric, relative: bool) -> bool {
    relative && !metric.is_share()
}
