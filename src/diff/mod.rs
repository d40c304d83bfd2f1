//! Two recordings, compared: what of them is comparable first, then numbers, then words.
//!
//! ```text
//! Recording ┐
//! Recording ┴─compare→ Diff ─text, markdown, csv, json→ what a person or a program reads
//!                       └───exit→ what a script acts on
//! ```
//!
//! A cell of both recordings is the same work, as its id is made of semantic factors only; its wall
//! times are compared without pairs ([`shift_ratio`]), because blocks of different recordings have
//! nothing in common. All comparisons of a table are one family ([`judge_each`]).
//!
//! # What lies between two recordings
//!
//! They differ by time as well as by build. Noise that shows within a recording takes verdicts
//! away, of each recording and per cell; what counts is the worst of
//!
//! * the A/A controls of the cell's scenario, in both recordings;
//! * drift: where the first and the second half of a cell's own trials differ (their 95 % interval
//!   excludes 1) although build and work were the same, time alone moves this cell so far within a
//!   recording, and may move it so far between two. Trials that drift are also not independent,
//!   which the interval of the ratio takes for granted.
//!
//! A change of the machine that begins after one recording and lasts through all of the other
//! cannot be told from a change of the build by any statistic of the two. What all cells or the
//! control cells have in common between the recordings is therefore *not* used, neither to widen
//! the bounds nor to correct the ratios: a build that is slower everywhere would go unnoticed, and
//! correcting would call cells faster that did not change. Delays dominate most wall times, and do
//! not depend on the machine's speed. Every rendering of verdicts names this limit.
//!
//! [`shift_ratio`]: crate::analyse::shift_ratio
//! [`judge_each`]: crate::analyse::judge_each

mod cells;
mod comparability;
mod csv;
mod json;
mod markdown;
mod noise;
mod text;
mod words;

#[cfg(test)]
mod tests;

use crate::analyse::{
    Analysis, Estimate, Interval, Judged, Margin, NoEstimate, RatioEstimate, Verdict,
};
use crate::exit::Exit;
use crate::record::Recording;

pub use self::{
    comparability::{Condition, Effect},
    csv::csv,
    json::{SCHEMA, json},
    markdown::markdown,
    noise::{ControlPair, Noise, Source},
    text::text,
};

/// What the caller may choose.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Options {
    /// A ratio within 1 ± this is no difference that matters (0.02 is 2 %). Where it is absent, or
    /// no [`Margin`], the experiment's counts; if the two recordings have different ones, the
    /// larger.
    pub margin: Option<f64>,
}

/// Two recordings, compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Diff {
    /// Name of the base recording.
    pub base: String,
    /// Name of the new recording.
    pub new: String,
    /// Both are one and the same recording.
    pub same_recording: bool,
    /// What is the same and what differs between the recordings.
    pub conditions: Vec<Condition>,
    /// The margin that verdicts are given against.
    pub margin: Margin,
    /// Where it comes from.
    pub margin_source: MarginSource,
    /// The A/A controls of each pair of scenarios with a common cell.
    pub controls: Vec<ControlPair>,
    /// The cells of both, worst news first: see [`Outcome`].
    pub cells: Vec<CellDiff>,
    /// Cells that the new recording does not have.
    pub only_in_base: Vec<LoneCell>,
    /// Cells that the base does not have.
    pub only_in_new: Vec<LoneCell>,
}

/// Where the margin comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarginSource {
    /// The experiment of both recordings.
    Experiment,
    /// The larger one: the experiments of the two recordings differ.
    Larger,
    /// [`Options::margin`].
    Option,
}

/// A cell of one recording only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoneCell {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The name of its scenario; empty if its recording has only one.
    pub scenario: String,
}

/// A cell of both recordings.
#[derive(Debug, Clone, PartialEq)]
pub struct CellDiff {
    /// Its id, the same in both.
    pub id: String,
    /// Its name in the new recording.
    pub name: String,
    /// The name of its scenario in the new recording; empty if there is only one.
    pub scenario: String,
    /// What the base has of it.
    pub base: CellSide,
    /// What the new recording has of it.
    pub new: CellSide,
    /// Wall time, new ÷ base.
    pub ratio: Result<RatioEstimate, NoEstimate>,
    /// The worst noise that was found for this cell; `None` if there is no control and no drift.
    pub noise: Option<Noise>,
    /// The judgement among all cells of the table; `None` if the recordings are not comparable.
    pub judged: Option<Judged>,
    /// The word for this cell.
    pub outcome: Outcome,
}

/// A cell in one recording.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSide {
    /// Trials that are measurements.
    pub ok: usize,
    /// Trials that failed.
    pub failed: usize,
    /// Trials that measured something else.
    pub invalid: usize,
    /// Reasons of failed and invalid trials, each once, with their number.
    pub reasons: Vec<(String, usize)>,
    /// Median wall time of the `ok` trials in nanoseconds.
    pub wall: Result<Estimate, NoEstimate>,
    /// Share of requests that failed (0 to 1), the median of the `ok` trials.
    pub failed_requests: Option<f64>,
}

impl CellDiff {
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

    /// The noise, where it is what a verdict had to get past instead of the margin.
    pub fn bounding(&self) -> Option<&Noise> {
        let (noise, judged) = (self.noise.as_ref()?, self.judged.as_ref()?);
        // The bound has been through a logarithm and back.
        let is_bound = (noise.reach() / judged.bound - 1.0).abs() < 1e-9;
        (self.ratio.is_ok() && is_bound).then_some(noise)
    }
}

impl CellSide {
    /// Trials in complete blocks.
    pub fn trials(&self) -> usize {
        self.ok + self.failed + self.invalid
    }
}

/// The word for a cell, in the order of the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// The base measured it, and the new recording has failed or invalid trials only; or the share
    /// of failed requests rose by more than the margin, so that less work was done.
    NewlyFailing,
    /// Slower by more than the bound.
    Slower,
    /// Faster by more than the bound.
    Faster,
    /// The reverse of [`Outcome::NewlyFailing`].
    Fixed,
    /// None of these yet.
    Inconclusive,
    /// At least one side has no measurement, and it is neither newly failing nor fixed.
    NotMeasured,
    /// Different by less than the margin, if at all.
    Equivalent,
    /// The recordings are not comparable; the numbers are listed, and mean nothing together.
    NotComparable,
}

impl Outcome {
    /// Every outcome, in the order of the table.
    pub const ALL: [Outcome; 8] = [
        Outcome::NewlyFailing,
        Outcome::Slower,
        Outcome::Faster,
        Outcome::Fixed,
        Outcome::Inconclusive,
        Outcome::NotMeasured,
        Outcome::Equivalent,
        Outcome::NotComparable,
    ];

    /// The word of every rendering.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::NewlyFailing => "newly failing",
            Outcome::Slower => "slower",
            Outcome::Faster => "faster",
            Outcome::Fixed => "fixed",
            Outcome::Inconclusive => "inconclusive",
            Outcome::NotMeasured => "not measured",
            Outcome::Equivalent => "equivalent",
            Outcome::NotComparable => "not comparable",
        }
    }
}

impl Diff {
    /// Whether verdicts are given at all.
    pub fn is_comparable(&self) -> bool {
        self.conditions.iter().all(|c| c.effect != Effect::Breaks)
    }

    /// Common cells with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.cells.iter().filter(|c| c.outcome == outcome).count()
    }

    /// Geometric mean of the ratios, and over how many common cells: those that did the same work
    /// on both sides. `None` with fewer than two of them, or if the recordings are not comparable.
    pub fn geometric_mean(&self) -> Option<(f64, usize)> {
        use Outcome::{Equivalent, Faster, Inconclusive, Slower};
        let same_work =
            |c: &&CellDiff| matches!(c.outcome, Slower | Faster | Equivalent | Inconclusive);
        let log = |c: &CellDiff| Some(c.ratio.as_ref().ok()?.ratio.value.ln());
        let logs: Vec<f64> = self.cells.iter().filter(same_work).filter_map(log).collect();
        let mean = logs.iter().sum::<f64>() / logs.len() as f64;
        (logs.len() > 1).then(|| (mean.exp(), logs.len()))
    }

    /// The intervals of the ratios, as far as there are any.
    fn intervals(&self) -> impl Iterator<Item = &Interval> {
        self.cells.iter().filter_map(|c| c.ratio.as_ref().ok()?.ratio.interval.as_ref().ok())
    }
}

/// Compares two recordings, comparability first. Recordings that are not comparable get no
/// verdicts.
pub fn compare(base: &Recording, new: &Recording, options: &Options) -> Diff {
    let analyses = (Analysis::of(base), Analysis::of(new));
    let (margin, margin_source) = margin(&analyses, options);
    let found = cells::find(base, new);
    let conditions = comparability::conditions(base, new, found.common.len());
    let comparable = conditions.iter().all(|c| c.effect != Effect::Breaks);
    let sides = [(base, &analyses.0), (new, &analyses.1)];
    let controls = noise::controls(sides, &found.common);
    let cells = cells::compare(sides, &found.common, &controls, comparable.then_some(margin));
    Diff {
        base: base.name.clone(),
        new: new.name.clone(),
        same_recording: base.manifest == new.manifest && base.all_trials == new.all_trials,
        conditions,
        margin,
        margin_source,
        controls,
        cells,
        only_in_base: found.only_in_base,
        only_in_new: found.only_in_new,
    }
}

fn margin(analyses: &(Analysis, Analysis), options: &Options) -> (Margin, MarginSource) {
    let (base, new) = (analyses.0.margin, analyses.1.margin);
    if let Some(margin) = options.margin.and_then(Margin::new) {
        (margin, MarginSource::Option)
    } else if base == new {
        (base, MarginSource::Experiment)
    } else if base.relative() > new.relative() {
        (base, MarginSource::Larger)
    } else {
        (new, MarginSource::Larger)
    }
}

/// How `inflight diff` ends.
///
/// Not comparable: 3, also if no common cell has a measurement on both sides. Something slower or
/// newly failing: 1. Under `strict`, 4 if a common cell is inconclusive or not measured, or if the
/// new recording lacks a cell: what was not compared must not pass for unchanged. Else 0.
pub fn exit(diff: &Diff, strict: bool) -> Exit {
    let any = |outcome: Outcome| diff.count(outcome) > 0;
    if !diff.is_comparable() {
        Exit::NotComparable
    } else if any(Outcome::Slower) || any(Outcome::NewlyFailing) {
        Exit::Worse
    } else if diff.count(Outcome::NotMeasured) == diff.cells.len() {
        Exit::NotComparable
    } else if strict
        && (any(Outcome::Inconclusive)
            || any(Outcome::NotMeasured)
            || !diff.only_in_base.is_empty())
    {
        Exit::Inconclusive
    } else {
        Exit::Fine
    }
}
