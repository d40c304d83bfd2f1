//! Two sides, compared: what of them is comparable first, then numbers, then words.
//!
//! ```text
//! Recording, trials.csv ─Side→ ┐
//! Recording ─split (--by)→ Side ┴─Contest─compare→ Diff ─text, markdown, csv, json, chart→ what is read
//!                                                   └───exit→ what a script acts on
//! ```
//!
//! A cell of both sides is the same work, as its id is made of semantic factors only. Between two
//! recordings its values are compared without pairs ([`shift_ratio`]), because blocks of different
//! recordings have nothing in common; between two parts of one recording, block by block
//! ([`paired_ratio`]). All comparisons that are printed are one family ([`judge_each`]).
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
//! not depend on the machine's speed. Every rendering of verdicts names this limit. `inflight ab`
//! has no such limit, since it records both builds in the same blocks.
//!
//! # Across machines
//!
//! Milliseconds of two machines say nothing about a build. There, each cell is divided by the
//! baseline of its scenario, block by block, and these ratios are compared: a ratio of ratios. That
//! asks whether a strategy's advantage is the same, and nothing about the machines' speed.
//!
//! [`shift_ratio`]: crate::analyse::shift_ratio
//! [`paired_ratio`]: crate::analyse::paired_ratio
//! [`judge_each`]: crate::analyse::judge_each

mod cells;
mod chart;
mod comparability;
mod csv;
mod gate;
mod github;
mod json;
mod markdown;
mod noise;
mod side;
mod split;
mod text;
mod words;

#[cfg(test)]
mod tests;

use crate::analyse::{
    Comparison, Estimate, Interval, Judged, Margin, NoEstimate, RatioEstimate, Verdict, judge_each,
};
use crate::exit::Exit;
use crate::record::Recording;
use crate::spec::{Factor, Gate, Metric};

pub use self::{
    chart::chart,
    comparability::{Condition, Effect},
    csv::csv,
    gate::{GateFinding, GateResult, parse as parse_gate, parse_margin, parse_metric},
    github::{annotations, step_summary},
    json::{SCHEMA, json},
    markdown::markdown,
    noise::{ControlPair, Noise, Source},
    side::Side,
    split::NoSplit,
    text::text,
};

/// What the caller may choose.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// What is compared; wall time if empty.
    pub metrics: Vec<Metric>,
    /// A ratio within 1 ± this is no difference that matters (0.02 is 2 %). Where it is absent, or
    /// no [`Margin`], the experiment's counts; if the two recordings have different ones, the
    /// larger.
    pub margin: Option<f64>,
    /// The same for single metrics.
    pub margins: Vec<(Metric, f64)>,
    /// Whether cells are divided by their baseline first.
    pub relative: Relative,
    /// Gives verdicts on what is not comparable, and marks them.
    pub force: bool,
    /// More gates than the experiment's.
    pub gates: Vec<Gate>,
    /// The order of the cells.
    pub order: Order,
}

/// Whether cells are divided by the baseline of their scenario before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relative {
    /// Between two machines.
    #[default]
    AcrossMachines,
    /// Between any two sides.
    Always,
    /// Never; recordings of two machines are then not comparable.
    Never,
}

/// The order of the cells of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Worst news first.
    #[default]
    Verdict,
    /// Largest ratio first.
    Ratio,
    /// By name.
    Name,
    /// As planned.
    Plan,
}

/// Whether trials of the two sides belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pairing {
    /// Trials of the same block, in one recording.
    Blocks,
    /// Not at all.
    None,
}

/// Two sides that are to be compared.
#[derive(Debug, Clone)]
pub struct Contest {
    base: Side,
    new: Side,
    pairing: Pairing,
    /// The factor that tells the sides apart, within one recording.
    by: Option<&'static str>,
    warnings: Vec<String>,
}

impl Contest {
    /// Two recordings, or parts of them.
    pub fn between(base: Side, new: Side) -> Contest {
        Contest { base, new, pairing: Pairing::None, by: None, warnings: Vec::new() }
    }

    /// The values of a factor in one recording, each against the first.
    pub fn by_factor(recording: &Recording, factor: Factor) -> Result<Vec<Contest>, NoSplit> {
        split::by_factor(recording, factor)
    }

    /// The builds of one recording, each against the first.
    pub fn by_build(recording: &Recording) -> Result<Vec<Contest>, NoSplit> {
        split::by_build(recording)
    }
}

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
    /// Whether each cell was divided by the baseline of its scenario first.
    pub relative: bool,
    /// Whether verdicts are given although the sides are not comparable.
    pub forced: bool,
    /// Both are one and the same recording.
    pub same_recording: bool,
    /// What is the same and what differs between the sides.
    pub conditions: Vec<Condition>,
    /// What is easily overlooked.
    pub warnings: Vec<String>,
    /// The metrics, with the margin that verdicts are given against.
    pub margins: Vec<(Metric, Margin)>,
    /// Where the margin comes from.
    pub margin_source: MarginSource,
    /// The A/A controls of each pair of scenarios with a common cell.
    pub controls: Vec<ControlPair>,
    /// The cells of both, once for each metric.
    pub cells: Vec<CellDiff>,
    /// Cells that the new side does not have.
    pub only_in_base: Vec<LoneCell>,
    /// Cells that the base does not have.
    pub only_in_new: Vec<LoneCell>,
    /// What no change may worsen, and whether this one does.
    pub gates: Vec<GateResult>,
}

/// What a side is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// In tables: `base`, `new`, or the word of the user.
    pub label: String,
    /// Its recording.
    pub recording: String,
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
    /// What is compared.
    pub metric: Metric,
    /// The factors of the cell on the new side.
    pub factors: Vec<(Factor, String)>,
    /// Its place on the new side.
    pub plan: usize,
    /// What the base has of it.
    pub base: CellSide,
    /// What the new side has of it.
    pub new: CellSide,
    /// Whether the base and the new side have any value above 0.
    pub any: [bool; 2],
    /// new ÷ base.
    pub ratio: Result<RatioEstimate, NoEstimate>,
    /// The worst noise that was found for this cell; `None` if there is no control and no drift.
    pub noise: Option<Noise>,
    /// The judgement among all cells of the table; `None` if the sides are not comparable.
    pub judged: Option<Judged>,
    /// The word for this cell.
    pub outcome: Outcome,
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
    /// Reasons of failed, invalid and skipped trials, each once, with their number.
    pub reasons: Vec<(String, usize)>,
    /// Median of the `ok` trials in the unit of the metric; a ratio to the baseline where cells are
    /// divided by it.
    pub value: Result<Estimate, NoEstimate>,
    /// Share of requests that failed (0 to 1), over the `ok` trials.
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
    /// Trials in complete blocks that were run.
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

    /// Rows of the table with this outcome.
    pub fn count(&self, outcome: Outcome) -> usize {
        self.cells.iter().filter(|c| c.outcome == outcome).count()
    }

    /// Geometric mean of the ratios of a metric over the common cells that did the same work on
    /// both sides. `None` with fewer than two of them, or without verdicts.
    pub fn geometric_mean(&self, metric: Metric) -> Option<GeometricMean> {
        use Outcome::{Equivalent, Faster, Inconclusive, Slower};
        let of_metric = || self.cells.iter().filter(|c| c.metric == metric);
        let same_work =
            |c: &&CellDiff| matches!(c.outcome, Slower | Faster | Equivalent | Inconclusive);
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
    fn intervals(&self) -> impl Iterator<Item = &Interval> {
        self.cells.iter().filter_map(|c| c.ratio.as_ref().ok()?.ratio.interval.as_ref().ok())
    }

    fn margin_of(&self, metric: Metric) -> Margin {
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
    /// Cells that are not in it: without a ratio, failing, or on one side only.
    pub left_out: usize,
}

/// Compares sides, comparability first, all of them as one family. Sides that are not comparable
/// get no verdicts, unless forced.
pub fn compare(contests: &[Contest], options: &Options) -> Vec<Diff> {
    let mut diffs: Vec<Diff> = contests.iter().map(|contest| unjudged(contest, options)).collect();
    judge(&mut diffs);
    for (diff, contest) in diffs.iter_mut().zip(contests) {
        sort(&mut diff.cells, options.order);
        diff.gates = gate::check(diff, contest, options);
    }
    diffs
}

/// Everything but the verdicts.
fn unjudged(contest: &Contest, options: &Options) -> Diff {
    let Contest { base, new, pairing, by, warnings } = contest;
    let found = cells::find(base, new);
    let machines_differ = comparability::machines_differ(base, new);
    let relative = match options.relative {
        Relative::AcrossMachines => machines_differ,
        Relative::Always => true,
        Relative::Never => false,
    };
    let other_baseline = relative && cells::baselines_differ([base, new], &found.common);
    let conditions =
        comparability::conditions(base, new, found.common.len(), relative, other_baseline);
    let metrics = metrics(contest, options);
    let (margin, margin_source) = margin(base.margin, new.margin, options);
    let of_metric = |metric: &Metric| {
        let own = options.margins.iter().find(|(m, _)| m == metric);
        (*metric, own.and_then(|(_, margin)| Margin::new(*margin)).unwrap_or(margin))
    };
    let sides = [base, new];
    let controls = noise::controls(sides, &found.common, &metrics);
    let how = cells::How { sides, pairing: *pairing, relative };
    let rows = metrics.iter().flat_map(|&m| found.common.iter().map(move |&pair| (m, pair)));
    let cells = rows.filter_map(|(metric, pair)| how.compare(pair, metric, &controls)).collect();
    let name = |side: &Side| Name { label: side.label.clone(), recording: side.name.clone() };
    Diff {
        base: name(base),
        new: name(new),
        by: *by,
        pairing: *pairing,
        relative,
        forced: options.force && conditions.iter().any(|c| c.effect == Effect::Breaks),
        same_recording: by.is_none() && base.is_same_as(new),
        warnings: warnings.iter().cloned().chain(found.warnings).collect(),
        margins: metrics.iter().map(of_metric).collect(),
        margin_source,
        conditions,
        controls,
        cells,
        only_in_base: found.only_in_base,
        only_in_new: found.only_in_new,
        gates: Vec::new(),
    }
}

/// What is asked for, and what gates look at.
fn metrics(contest: &Contest, options: &Options) -> Vec<Metric> {
    let asked = options.metrics.iter().copied();
    let gated = gate::of(contest, options).map(|gate| gate.metric);
    let mut metrics: Vec<Metric> = Vec::new();
    let first = options.metrics.is_empty().then_some(Metric::Wall);
    for metric in first.into_iter().chain(asked).chain(gated) {
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    metrics
}

fn margin(base: Option<Margin>, new: Option<Margin>, options: &Options) -> (Margin, MarginSource) {
    if let Some(margin) = options.margin.and_then(Margin::new) {
        return (margin, MarginSource::Option);
    }
    match (base, new) {
        (None, None) => (Margin::default(), MarginSource::Default),
        (Some(one), None) | (None, Some(one)) => (one, MarginSource::Experiment),
        (Some(base), Some(new)) if base == new => (base, MarginSource::Experiment),
        (Some(base), Some(new)) if base.relative() > new.relative() => (base, MarginSource::Larger),
        (Some(_), Some(new)) => (new, MarginSource::Larger),
    }
}

/// Gives every row its word. All rows of all tables are one family.
fn judge(diffs: &mut [Diff]) {
    let judged_rows = |diffs: &[Diff]| -> Vec<(usize, usize)> {
        let of = |(d, diff): (usize, &Diff)| {
            let rows = if diff.is_judged() { diff.cells.len() } else { 0 };
            (0..rows).map(move |row| (d, row)).collect::<Vec<_>>()
        };
        diffs.iter().enumerate().flat_map(of).collect()
    };
    let rows = judged_rows(diffs);
    let comparisons: Vec<Comparison> = rows
        .iter()
        .map(|&(d, row)| {
            let cell = &diffs[d].cells[row];
            Comparison { ratio: cell.ratio.clone(), direction: cell.metric.direction() }
        })
        .collect();
    let family: Vec<_> = rows
        .iter()
        .zip(&comparisons)
        .map(|(&(d, row), comparison)| {
            let cell = &diffs[d].cells[row];
            (comparison, diffs[d].margin_of(cell.metric), cell.noise.map(|n| n.interval))
        })
        .collect();
    for (&(d, row), judged) in rows.iter().zip(judge_each(&family)) {
        let margin = diffs[d].margin_of(diffs[d].cells[row].metric);
        let cell = &mut diffs[d].cells[row];
        cell.outcome = cells::outcome(cell, &judged, margin);
        cell.judged = Some(judged);
    }
}

/// Metrics stay in their order. A stable sort: what is equal stays in the order of the plan.
fn sort(cells: &mut [CellDiff], order: Order) {
    for metric in cells.chunk_by_mut(|a, b| a.metric == b.metric) {
        match order {
            Order::Verdict => metric.sort_by(|a, b| {
                a.outcome.cmp(&b.outcome).then_with(|| change(b).total_cmp(&change(a)))
            }),
            Order::Ratio => metric.sort_by(|a, b| ratio(b).total_cmp(&ratio(a))),
            Order::Name => metric.sort_by_key(|c| (c.scenario.clone(), c.name.clone())),
            Order::Plan => metric.sort_by_key(|c| c.plan),
        }
    }
}

/// What is not known comes first.
fn ratio(cell: &CellDiff) -> f64 {
    cell.ratio.as_ref().map_or(f64::INFINITY, |r| r.ratio.value)
}

/// How far the ratio is from 1, in either direction; unknown is farthest.
fn change(cell: &CellDiff) -> f64 {
    ratio(cell).ln().abs()
}

/// How `inflight diff` ends; of several comparisons the worst counts.
///
/// Not comparable and not forced: 3, also if no common cell has a measurement on both sides, or a
/// gate has nothing to look at. Something worse or newly failing: 1; with gates, only what a gate
/// looks at. Under `strict`, 4 if a common cell (with gates, a gate) is undecided or not measured,
/// or if the new side lacks a cell: what was not compared must not pass for unchanged. Else 0.
pub fn exit(diffs: &[Diff], strict: bool) -> Exit {
    let exits: Vec<Exit> = diffs.iter().map(|diff| exit_of(diff, strict)).collect();
    let order = [Exit::NotComparable, Exit::Worse, Exit::Inconclusive];
    order.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Exit::Fine)
}

fn exit_of(diff: &Diff, strict: bool) -> Exit {
    let any = |outcome: Outcome| diff.count(outcome) > 0;
    let gate = |finding: GateFinding| diff.gates.iter().any(|gate| gate.finding == finding);
    let (worse, undecided, nothing) = if diff.gates.is_empty() {
        (
            any(Outcome::Slower) || any(Outcome::NewlyFailing),
            any(Outcome::Inconclusive) || any(Outcome::NotMeasured),
            diff.count(Outcome::NotMeasured) == diff.cells.len(),
        )
    } else {
        (
            gate(GateFinding::Failed),
            gate(GateFinding::Undecided),
            gate(GateFinding::NothingMeasured),
        )
    };
    if !diff.is_judged() {
        Exit::NotComparable
    } else if worse {
        Exit::Worse
    } else if nothing {
        Exit::NotComparable
    } else if strict && (undecided || !diff.only_in_base.is_empty()) {
        Exit::Inconclusive
    } else {
        Exit::Fine
    }
}
