//! JSON of a comparison, for a program.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analyse::Interval;
use crate::spec::Metric;
use crate::units::six_digits;

use super::{
    CellDiff, CellSide, Change, ControlPair, Diff, GateResult, LoneCell, MarginSource, Outcome,
    Pairing, words,
};

/// Version of the JSON document. Raised when a reader of the version before would misread it;
/// fields may be added without.
///
/// 2: several comparisons in one document, and several metrics in one table.
///
/// 3: the outcomes `failing more often`, `failing less often` and `not judged`; `inconclusive` also
/// where trials failed, and values without a ratio judged by their ranks.
pub const SCHEMA: u32 = 3;

/// Comparisons as one JSON document. Values are in the `unit` of their metric, shares and levels 0
/// to 1, ratios new ÷ base; `null` is unknown.
///
/// * `schema`: [`SCHEMA`]
/// * `comparisons`: one for each side that is compared with the base, see below
/// * `exit_code`, `exit_code_strict`: what `inflight diff` ends with, without and with `--strict`
///
/// Of a comparison:
///
/// * `base`, `new`: each `label` and `recording`; `same_recording`
/// * `by`: the factor that tells the sides apart within one recording, and `paired`: whether trials
///   of the same block are compared
/// * `relative`: whether every cell was divided by its baseline first, shares left out
/// * `comparable`: whether verdicts can be trusted, and `forced`: whether they are given all the same
/// * `conditions`: each `what`, `base`, `new`, and `effect`: `same`, `noted` or `breaks`; `warnings`
/// * `margins`: by metric, with `margin_source`: `experiment`, `larger`, `option` or `default`
/// * `controls`: each `metric`, `scenario`, and `base` and `new` with `low`, `high`, `achieved`,
///   `exact`
/// * `only`: the cells that were asked for, as on the command line, and `not_shown`: how many rows `cells`
///   lacks; everything else is of all
/// * `cells`: each `outcome` (`newly failing`, `failing more often`, `slower` or `more`, `faster` or
///   `less`, `fixed`, `failing less often`, `inconclusive`, `not judged`, `not measured`, `equivalent`
///   or `not comparable`), `metric`, `unit`, `cell` (the
///   id), `name`, `scenario`, `base` and `new` (see below), `ratio`, `ratio_low`, `ratio_high`,
///   `ratio_achieved`, `ratio_exact`, `superiority` (the chance that the new value is the larger
///   one), `bound` (the ratio that a verdict had to get past), `p` and `adjusted_p` of "the ratio is
///   within the bound", or of "no difference" for values without a ratio; `failed_trials_p` and
///   `failed_requests_p`, one-sided and adjusted, of "no more often" where the share rose, else of "no
///   less often"; `more_blocks` that would decide, `notes`
/// * of a cell's `base` and `new`: `median`, `low`, `high`, `achieved`, `ok_trials`, `failed_trials`,
///   `invalid_trials`, `failed_requests` (a share)
/// * `only_in_base`, `only_in_new`: each `cell`, `name`, `scenario`
/// * `gates`: each `gate` as on the command line, `finding` (`passed`, `failed`, `undecided` or
///   `nothing measured`), the number of `cells` that it looked at, and those `not_passed`, each
///   `cell` and `finding`
/// * `summary`: by metric the number of `cells` that both have, and of these `slower`, `faster`,
///   `equivalent`, `inconclusive`, `newly_failing`, `failing_more_often`, `fixed`,
///   `failing_less_often`, `not_judged`, `not_measured`; `geometric_mean` of the
///   ratios of `geometric_mean_cells` cells, with `geometric_mean_left_out`
pub fn json(diffs: &[Diff]) -> String {
    let document = Document {
        schema: SCHEMA,
        comparisons: diffs.iter().map(One::of).collect(),
        exit_code: super::exit(diffs, false) as u8,
        exit_code_strict: super::exit(diffs, true) as u8,
    };
    serde_json::to_string_pretty(&document).expect("the document is plain") + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    comparisons: Vec<One<'a>>,
    exit_code: u8,
    exit_code_strict: u8,
}

#[derive(Serialize)]
struct One<'a> {
    base: Name<'a>,
    new: Name<'a>,
    same_recording: bool,
    by: Option<&'static str>,
    paired: bool,
    relative: bool,
    comparable: bool,
    forced: bool,
    conditions: Vec<Condition<'a>>,
    warnings: &'a [String],
    margins: BTreeMap<&'static str, f64>,
    margin_source: &'static str,
    controls: Vec<Control<'a>>,
    only: Option<String>,
    not_shown: usize,
    cells: Vec<Cell>,
    only_in_base: Vec<Lone<'a>>,
    only_in_new: Vec<Lone<'a>>,
    gates: Vec<Gate<'a>>,
    summary: BTreeMap<&'static str, Summary>,
}

#[derive(Serialize)]
struct Name<'a> {
    label: &'a str,
    recording: &'a str,
}

#[derive(Serialize)]
struct Gate<'a> {
    gate: String,
    finding: &'static str,
    cells: usize,
    not_passed: Vec<NotPassed<'a>>,
}

#[derive(Serialize)]
struct NotPassed<'a> {
    cell: &'a str,
    finding: &'static str,
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
    metric: &'static str,
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
    pub(super) metric: &'static str,
    pub(super) unit: &'static str,
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
    pub(super) superiority: Option<f64>,
    pub(super) bound: Option<f64>,
    pub(super) p: Option<f64>,
    pub(super) adjusted_p: Option<f64>,
    pub(super) failed_trials_p: Option<f64>,
    pub(super) failed_requests_p: Option<f64>,
    pub(super) more_blocks: Option<usize>,
    pub(super) notes: Vec<String>,
}

#[derive(Serialize)]
pub(super) struct Side {
    pub(super) median: Option<f64>,
    pub(super) low: Option<f64>,
    pub(super) high: Option<f64>,
    pub(super) achieved: Option<f64>,
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
    failing_more_often: usize,
    fixed: usize,
    failing_less_often: usize,
    not_judged: usize,
    not_measured: usize,
    geometric_mean: Option<f64>,
    geometric_mean_cells: Option<usize>,
    geometric_mean_left_out: Option<usize>,
}

impl<'a> One<'a> {
    fn of(diff: &'a Diff) -> One<'a> {
        let lone = |cells: &'a [LoneCell]| cells.iter().map(Lone::of).collect();
        let name = |name: &'a super::Name| Name { label: &name.label, recording: &name.recording };
        One {
            base: name(&diff.base),
            new: name(&diff.new),
            same_recording: diff.same_recording,
            by: diff.by,
            paired: diff.pairing == Pairing::Blocks,
            relative: diff.relative,
            comparable: diff.is_comparable(),
            forced: diff.forced,
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
            warnings: &diff.warnings,
            margins: diff.margins.iter().map(|(m, margin)| (m.name(), margin.relative())).collect(),
            margin_source: match diff.margin_source {
                MarginSource::Experiment => "experiment",
                MarginSource::Larger => "larger",
                MarginSource::Option => "option",
                MarginSource::Default => "default",
            },
            controls: diff.controls.iter().map(Control::of).collect(),
            only: words::only(diff),
            not_shown: diff.cells.len() - diff.shown().count(),
            cells: diff.shown().map(|cell| Cell::of(diff, cell)).collect(),
            only_in_base: lone(&diff.only_in_base),
            only_in_new: lone(&diff.only_in_new),
            gates: diff.gates.iter().map(|gate| Gate::of(diff, gate)).collect(),
            summary: diff.metrics().map(|m| (m.name(), Summary::of(diff, m))).collect(),
        }
    }
}

impl<'a> Gate<'a> {
    fn of(diff: &'a Diff, result: &GateResult) -> Gate<'a> {
        Gate {
            gate: words::gate(&result.gate),
            finding: result.finding.name(),
            cells: result.looked_at,
            not_passed: result
                .cells
                .iter()
                .map(|(row, finding)| NotPassed {
                    cell: &diff.cells[*row].id,
                    finding: finding.name(),
                })
                .collect(),
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
        Control {
            metric: control.metric.name(),
            scenario: &control.scenario,
            base: ends(control.base),
            new: ends(control.new),
        }
    }
}

impl Cell {
    pub(super) fn of(diff: &Diff, cell: &CellDiff) -> Cell {
        let ratio = cell.ratio.as_ref().ok();
        let interval = ratio.and_then(|r| r.ratio.interval.as_ref().ok());
        // Without a ratio there was nothing to get past the bound.
        let judged = cell.judged.as_ref();
        let bound = judged.filter(|_| ratio.is_some()).map(|judged| judged.bound);
        let p = |change: &Change| {
            let p = if change.rose() { change.more } else { change.less };
            judged.map(|_| six_digits(p.adjusted))
        };
        Cell {
            outcome: words::word(cell.outcome, cell.metric),
            metric: cell.metric.name(),
            unit: if diff.divides(cell.metric) { "×" } else { cell.metric.unit().name() },
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
            superiority: ratio.map(|r| six_digits(r.superiority)),
            bound: bound.map(six_digits),
            p: judged.and_then(|j| j.p).map(six_digits),
            adjusted_p: judged.and_then(|j| j.adjusted_p).map(six_digits),
            failed_trials_p: p(&cell.failures.trials),
            failed_requests_p: p(&cell.failures.requests),
            more_blocks: cell.more_blocks(),
            notes: words::notes(diff, cell),
        }
    }
}

impl Side {
    fn of(side: &CellSide) -> Side {
        let value = side.value.as_ref().ok();
        let interval = value.and_then(|w| w.interval.as_ref().ok());
        // Times and counts are whole numbers or halves; ratios are not.
        let exact = |x: f64| if x >= 1e5 { x } else { six_digits(x) };
        Side {
            median: value.map(|v| exact(v.value)),
            low: interval.map(|i| exact(i.low)),
            high: interval.map(|i| exact(i.high)),
            achieved: interval.map(|i| six_digits(i.achieved)),
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
    fn of(diff: &Diff, metric: Metric) -> Summary {
        let mean = diff.geometric_mean(metric);
        let rows = || diff.cells.iter().filter(|c| c.metric == metric);
        let count = |outcome: Outcome| rows().filter(|c| c.outcome == outcome).count();
        Summary {
            cells: rows().count(),
            slower: count(Outcome::Slower),
            faster: count(Outcome::Faster),
            equivalent: count(Outcome::Equivalent),
            inconclusive: count(Outcome::Inconclusive),
            newly_failing: count(Outcome::NewlyFailing),
            failing_more_often: count(Outcome::FailingMoreOften),
            fixed: count(Outcome::Fixed),
            failing_less_often: count(Outcome::FailingLessOften),
            not_judged: count(Outcome::NotJudged),
            not_measured: count(Outcome::NotMeasured),
            geometric_mean: mean.map(|mean| six_digits(mean.ratio)),
            geometric_mean_cells: mean.map(|mean| mean.cells),
            geometric_mean_left_out: mean.map(|mean| mean.left_out),
        }
    }
}
