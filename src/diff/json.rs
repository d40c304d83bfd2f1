//! For a program.

use serde::Serialize;

use crate::analyse::Interval;

use super::words::six_digits;
use super::{CellDiff, CellSide, ControlPair, Diff, LoneCell, MarginSource, Outcome, words};

/// Version of the JSON document. Raised when a reader of the version before would misread it;
/// fields may be added without.
pub const SCHEMA: u32 = 1;

/// The comparison as one JSON document. Durations are nanoseconds, shares and levels 0 to 1, ratios
/// new ÷ base; `null` is unknown.
///
/// * `schema`: [`SCHEMA`]
/// * `base`, `new`: names of the recordings; `same_recording`
/// * `comparable`: whether verdicts are given
/// * `conditions`: each `what`, `base`, `new`, and `effect`: `same`, `noted` or `breaks`
/// * `margin`, with `margin_source`: `experiment`, `larger` or `option`
/// * `controls`: each `scenario`, and `base` and `new` with `low`, `high`, `achieved`, `exact`
/// * `cells`: each `outcome` (`newly failing`, `slower`, `faster`, `fixed`, `inconclusive`,
///   `not measured`, `equivalent` or `not comparable`), `cell` (the id), `name`, `scenario`, `base`
///   and `new` (see below), `ratio`, `ratio_low`, `ratio_high`, `ratio_achieved`, `ratio_exact`,
///   `bound` (the ratio that a verdict had to get past), `p` and `adjusted_p` of "the ratio is
///   within the bound", `more_blocks` that would decide, `notes`
/// * of a cell's `base` and `new`: `wall_ns` (median), `wall_low_ns`, `wall_high_ns`,
///   `wall_achieved`, `ok_trials`, `failed_trials`, `invalid_trials`, `failed_requests` (a share)
/// * `only_in_base`, `only_in_new`: each `cell`, `name`, `scenario`
/// * `summary`: number of `cells` that both have, and of these `slower`, `faster`, `equivalent`,
///   `inconclusive`, `newly_failing`, `fixed`, `not_measured`; `geometric_mean` of the ratios of
///   `geometric_mean_cells` cells
/// * `exit_code`, `exit_code_strict`: what `inflight diff` ends with, without and with `--strict`
pub fn json(diff: &Diff) -> String {
    let text = serde_json::to_string_pretty(&Document::of(diff)).expect("the document is plain");
    text + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    base: &'a str,
    new: &'a str,
    same_recording: bool,
    comparable: bool,
    conditions: Vec<Condition<'a>>,
    margin: f64,
    margin_source: &'static str,
    controls: Vec<Control<'a>>,
    cells: Vec<Cell>,
    only_in_base: Vec<Lone<'a>>,
    only_in_new: Vec<Lone<'a>>,
    summary: Summary,
    exit_code: u8,
    exit_code_strict: u8,
}

#[derive(Serialize)]
struct Condition<'a> {
    what: &'static str,
    base: &'a str,
    new: &'a str,
    effect: &'static str,
}

#[derive(Serialize)]
struct Control<'a> {
    scenario: &'a str,
    base: Option<Ends>,
    new: Option<Ends>,
}

#[derive(Serialize)]
struct Ends {
    low: f64,
    high: f64,
    achieved: f64,
    exact: bool,
}

/// A cell of both recordings, flat enough for a row of CSV.
#[derive(Serialize)]
pub(super) struct Cell {
    pub(super) outcome: &'static str,
    pub(super) cell: String,
    pub(super) name: String,
    pub(super) scenario: String,
    pub(super) base: Side,
    pub(super) new: Side,
    pub(super) ratio: Option<f64>,
    pub(super) ratio_low: Option<f64>,
    pub(super) ratio_high: Option<f64>,
    pub(super) ratio_achieved: Option<f64>,
    pub(super) ratio_exact: Option<bool>,
    pub(super) bound: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) adjusted_p: Option<f64>,
    pub(super) more_blocks: Option<usize>,
    pub(super) notes: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Side {
    pub(super) wall_ns: Option<f64>,
    pub(super) wall_low_ns: Option<f64>,
    pub(super) wall_high_ns: Option<f64>,
    pub(super) wall_achieved: Option<f64>,
    pub(super) ok_trials: usize,
    pub(super) failed_trials: usize,
    pub(super) invalid_trials: usize,
    pub(super) failed_requests: Option<f64>,
}

#[derive(Serialize)]
struct Lone<'a> {
    cell: &'a str,
    name: &'a str,
    scenario: &'a str,
}

#[derive(Serialize)]
struct Summary {
    cells: usize,
    slower: usize,
    faster: usize,
    equivalent: usize,
    inconclusive: usize,
    newly_failing: usize,
    fixed: usize,
    not_measured: usize,
    geometric_mean: Option<f64>,
    geometric_mean_cells: Option<usize>,
}

impl<'a> Document<'a> {
    fn of(diff: &'a Diff) -> Document<'a> {
        let lone = |cells: &'a [LoneCell]| cells.iter().map(Lone::of).collect();
        Document {
            schema: SCHEMA,
            base: &diff.base,
            new: &diff.new,
            same_recording: diff.same_recording,
            comparable: diff.is_comparable(),
            conditions: diff
                .conditions
                .iter()
                .map(|c| Condition {
                    what: c.what,
                    base: &c.base,
                    new: &c.new,
                    effect: c.effect.name(),
                })
                .collect(),
            margin: diff.margin.relative(),
            margin_source: match diff.margin_source {
                MarginSource::Experiment => "experiment",
                MarginSource::Larger => "larger",
                MarginSource::Option => "option",
            },
            controls: diff.controls.iter().map(Control::of).collect(),
            cells: diff.cells.iter().map(Cell::of).collect(),
            only_in_base: lone(&diff.only_in_base),
            only_in_new: lone(&diff.only_in_new),
            summary: Summary::of(diff),
            exit_code: super::exit(diff, false) as u8,
            exit_code_strict: super::exit(diff, true) as u8,
        }
    }
}

impl<'a> Control<'a> {
    fn of(control: &'a ControlPair) -> Control<'a> {
        let ends = |interval: Option<Interval>| {
            interval.map(|i| Ends {
                low: six_digits(i.low),
                high: six_digits(i.high),
                achieved: six_digits(i.achieved),
                exact: i.exact,
            })
        };
        Control { scenario: &control.scenario, base: ends(control.base), new: ends(control.new) }
    }
}

impl Cell {
    pub(super) fn of(cell: &CellDiff) -> Cell {
        let ratio = cell.ratio.as_ref().ok();
        let interval = ratio.and_then(|r| r.ratio.interval.as_ref().ok());
        // Without a ratio there was nothing to get past the bound.
        let judged = cell.judged.as_ref().filter(|_| ratio.is_some());
        Cell {
            outcome: cell.outcome.name(),
            cell: cell.id.clone(),
            name: cell.name.clone(),
            scenario: cell.scenario.clone(),
            base: Side::of(&cell.base),
            new: Side::of(&cell.new),
            ratio: ratio.map(|r| six_digits(r.ratio.value)),
            ratio_low: interval.map(|i| six_digits(i.low)),
            ratio_high: interval.map(|i| six_digits(i.high)),
            ratio_achieved: interval.map(|i| six_digits(i.achieved)),
            ratio_exact: interval.map(|i| i.exact),
            bound: judged.map(|j| six_digits(j.bound)),
            p: judged.and_then(|j| j.p).map(six_digits),
            adjusted_p: judged.and_then(|j| j.adjusted_p).map(six_digits),
            more_blocks: cell.more_blocks(),
            notes: words::notes(cell),
        }
    }
}

impl Side {
    fn of(side: &CellSide) -> Side {
        let wall = side.wall.as_ref().ok();
        let interval = wall.and_then(|w| w.interval.as_ref().ok());
        Side {
            wall_ns: wall.map(|w| w.value),
            wall_low_ns: interval.map(|i| i.low),
            wall_high_ns: interval.map(|i| i.high),
            wall_achieved: interval.map(|i| six_digits(i.achieved)),
            ok_trials: side.ok,
            failed_trials: side.failed,
            invalid_trials: side.invalid,
            failed_requests: side.failed_requests.map(six_digits),
        }
    }
}

impl<'a> Lone<'a> {
    fn of(cell: &'a LoneCell) -> Lone<'a> {
        Lone { cell: &cell.id, name: &cell.name, scenario: &cell.scenario }
    }
}

impl Summary {
    fn of(diff: &Diff) -> Summary {
        let mean = diff.geometric_mean();
        Summary {
            cells: diff.cells.len(),
            slower: diff.count(Outcome::Slower),
            faster: diff.count(Outcome::Faster),
            equivalent: diff.count(Outcome::Equivalent),
            inconclusive: diff.count(Outcome::Inconclusive),
            newly_failing: diff.count(Outcome::NewlyFailing),
            fixed: diff.count(Outcome::Fixed),
            not_measured: diff.count(Outcome::NotMeasured),
            geometric_mean: mean.map(|(mean, _)| six_digits(mean)),
            geometric_mean_cells: mean.map(|(_, cells)| cells),
        }
    }
}
