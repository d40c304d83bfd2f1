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
//! # What failed
//!
//! No conclusion is drawn from survivors alone. How often trials and requests failed is compared by
//! itself ([`Failures`]). A trial without a value counts: an interval holds whatever the trials that
//! the base lost would have shown, those that the new side lost are its slowest ones for *slower*,
//! and a new side that lost one is never called equivalent or faster. Making a trial or a request of
//! the new side fail can therefore not turn a bad word into a good one.
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

mod blocks;
mod cells;
mod chart;
mod comparability;
mod csv;
mod exit;
mod failures;
mod gate;
mod github;
mod history;
mod json;
mod judging;
mod noise;
mod options;
mod provenance;
mod result;
mod side;
mod split;
mod text;
mod values;
mod words;

#[cfg(test)]
mod tests;

use crate::analyse::Margin;
use crate::record::Recording;
use crate::spec::{Factor, Metric};

pub use self::{
    blocks::{blocks, markdown},
    chart::chart,
    comparability::{Condition, Effect},
    csv::csv,
    exit::exit,
    failures::{Change, Failures, P, Trend},
    gate::{parse as parse_gate, parse_margin, parse_metric, parse_selector},
    github::{annotations, step_summary},
    history::{History, Point},
    json::{SCHEMA, json},
    noise::{ControlPair, Noise, Source},
    options::{Options, Order, Relative},
    result::{
        CellDiff, CellSide, Diff, GateFinding, GateResult, GeometricMean, LoneCell, MarginSource,
        Name, Outcome, Ranked, Withheld,
    },
    side::Side,
    split::NoSplit,
    text::text,
};

/// Pairing of the trials of two sides.
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

/// Compares sides, comparability first, all of them as one family. Sides that are not comparable
/// get no verdicts, unless forced.
pub fn compare(contests: &[Contest], options: &Options) -> Vec<Diff> {
    let unjudged = |(n, contest)| unjudged(contest, &contests[..n], options);
    let mut diffs: Vec<Diff> = contests.iter().enumerate().map(unjudged).collect();
    judge(&mut diffs);
    for (diff, contest) in diffs.iter_mut().zip(contests) {
        sort(&mut diff.cells, options.order);
        diff.gates = gate::check(diff, contest, options);
    }
    diffs
}

/// Everything but the verdicts; `before` are the comparisons beside which it stands.
fn unjudged(contest: &Contest, before: &[Contest], options: &Options) -> Diff {
    let Contest { base, new, pairing, by, warnings } = contest;
    let found = cells::find(base, new);
    let machines_differ = comparability::machines_differ(base, new);
    let relative = match options.relative {
        Relative::AcrossMachines => machines_differ,
        Relative::Always => true,
        Relative::Never => false,
    };
    let other_baseline = relative && cells::baselines_differ([base, new], &found.common);
    let mut conditions =
        comparability::conditions(base, new, found.common.len(), relative, other_baseline);
    let others = before.iter().map(|contest| &contest.new);
    let twin =
        std::iter::once(base).chain(others).find(|side| by.is_none() && side.is_same_as(new));
    conditions.extend(twin.map(|twin| comparability::one_recording(twin, new)));
    let changed = by.is_none() && base.is_changed_copy_of(new);
    let metrics = metrics(contest, options);
    let (margin, margin_source) = margin(base.margin, new.margin, options);
    let of_metric = |metric: &Metric| {
        let own = options.margins.iter().find(|(m, _)| m == metric);
        (*metric, own.and_then(|(_, margin)| Margin::new(*margin)).unwrap_or(margin))
    };
    let sides = [base, new];
    let controls = noise::controls(sides, &found.common, &metrics);
    let rules = cells::Rules { sides, pairing: *pairing, relative, margin };
    let pairs: Vec<_> = found
        .common
        .iter()
        .map(|&pair| (pair, failures::of(sides, pair, *pairing, margin)))
        .collect();
    let rows = metrics.iter().flat_map(|&metric| pairs.iter().map(move |of| (metric, of)));
    let cells = rows
        .filter_map(|(metric, &(pair, failures))| rules.compare(pair, metric, &controls, failures))
        .collect();
    let name = |side: &Side| Name { label: side.label.clone(), recording: side.name.clone() };
    Diff {
        base: name(base),
        new: name(new),
        by: *by,
        pairing: *pairing,
        relative,
        forced: options.force && conditions.iter().any(|c| c.effect == Effect::Breaks),
        same_recording: twin.is_some_and(|twin| std::ptr::eq(twin, base)),
        warnings: warnings
            .iter()
            .cloned()
            .chain(found.warnings)
            .chain(changed.then(|| comparability::CHANGED_COPY.to_owned()))
            .collect(),
        margins: metrics.iter().map(of_metric).collect(),
        margin_source,
        conditions,
        controls,
        cells,
        only_in_base: found.only_in_base,
        only_in_new: found.only_in_new,
        gates: Vec::new(),
        only: options.only.clone(),
    }
}

/// Metrics that the caller asked for, then those of the gates.
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

/// Gives every row its word. All rows of all tables are one family, and all of their failures another.
fn judge(diffs: &mut [Diff]) {
    judging::adjust_failures(diffs);
    let judged: Vec<&Diff> = diffs.iter().filter(|diff| diff.is_judged()).collect();
    let rows: Vec<_> = judged
        .iter()
        .flat_map(|diff| diff.cells.iter().map(|cell| (cell, diff.margin_of(cell.metric))))
        .collect();
    let words: Vec<_> = rows
        .iter()
        .zip(judging::judged(&rows))
        .map(|((cell, margin), judged)| (cells::outcome(cell, &judged, *margin), judged))
        .collect();
    let rows = diffs.iter_mut().filter(|diff| diff.is_judged()).flat_map(|diff| &mut diff.cells);
    for (cell, ((outcome, withheld), judged)) in rows.zip(words) {
        cell.outcome = outcome;
        cell.withheld = withheld;
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

/// The ratio as a sort key; unknown comes first.
fn ratio(cell: &CellDiff) -> f64 {
    cell.ratio.as_ref().map_or(f64::INFINITY, |r| r.ratio.value)
}

/// Distance of the ratio from 1, in either direction; unknown is farthest.
fn change(cell: &CellDiff) -> f64 {
    ratio(cell).ln().abs()
}
