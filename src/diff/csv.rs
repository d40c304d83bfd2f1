//! CSV of a comparison, for a spreadsheet.

use serde::Serialize;

use super::json::Cell;
use super::{Diff, LoneCell};

/// The cells as CSV: one row for each metric of each, those of one side last, with the outcome
/// `only in base` or `only in new`.
///
/// Columns: `outcome`, `cell` (the id), `name`, `scenario`, `metric`, `unit`, `base` and `new` (the
/// labels of the sides); for both sides `base_…` and `new_…`: `median` with `low`, `high` and
/// `achieved` (the coverage of just this interval, 0 to 1), `ok_trials`, `failed_trials`,
/// `invalid_trials`, `failed_requests` (a share, 0 to 1); `ratio` (new ÷ base) with `ratio_low`,
/// `ratio_high`, `ratio_achieved` and `ratio_exact`; `superiority` (the chance that the new value is
/// the larger one); `bound` (the ratio that a verdict had to get past); `p` and `adjusted_p` of "the
/// ratio is within the bound", or of "no difference" for values without a ratio; `failed_trials_p` and
/// `failed_requests_p`, as in the [JSON document](super::json()); `more_blocks` that would decide;
/// `note`. Empty is unknown.
pub fn csv(diffs: &[Diff]) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let rows = diffs.iter().flat_map(|diff| {
        let lone = |outcome: &'static str, cells: &[LoneCell]| -> Vec<Row> {
            cells.iter().map(|cell| Row::lone(diff, outcome, cell)).collect()
        };
        let mut rows: Vec<Row> =
            diff.shown().map(|cell| Row::of(diff, Cell::of(diff, cell))).collect();
        rows.extend(lone("only in base", &diff.only_in_base));
        rows.extend(lone("only in new", &diff.only_in_new));
        rows
    });
    for row in rows {
        writer.serialize(row).expect("a row of plain values is a line");
    }
    let bytes = writer.into_inner().expect("memory takes every write");
    String::from_utf8(bytes).expect("fields are text")
}

#[derive(Default, Serialize)]
struct Row {
    outcome: &'static str,
    cell: String,
    name: String,
    scenario: String,
    metric: &'static str,
    unit: &'static str,
    base: String,
    new: String,
    base_median: Option<f64>,
    base_low: Option<f64>,
    base_high: Option<f64>,
    base_achieved: Option<f64>,
    base_ok_trials: Option<usize>,
    base_failed_trials: Option<usize>,
    base_invalid_trials: Option<usize>,
    base_failed_requests: Option<f64>,
    new_median: Option<f64>,
    new_low: Option<f64>,
    new_high: Option<f64>,
    new_achieved: Option<f64>,
    new_ok_trials: Option<usize>,
    new_failed_trials: Option<usize>,
    new_invalid_trials: Option<usize>,
    new_failed_requests: Option<f64>,
    ratio: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    ratio_achieved: Option<f64>,
    ratio_exact: Option<bool>,
    superiority: Option<f64>,
    bound: Option<f64>,
    p: Option<f64>,
    adjusted_p: Option<f64>,
    failed_trials_p: Option<f64>,
    failed_requests_p: Option<f64>,
    more_blocks: Option<usize>,
    note: String,
}

impl Row {
    fn of(diff: &Diff, cell: Cell) -> Row {
        let Cell { base, new, .. } = cell;
        Row {
            metric: cell.metric,
            unit: cell.unit,
            base: diff.base.label.clone(),
            new: diff.new.label.clone(),
            outcome: cell.outcome,
            cell: cell.cell,
            name: cell.name,
            scenario: cell.scenario,
            base_median: base.median,
            base_low: base.low,
            base_high: base.high,
            base_achieved: base.achieved,
            base_ok_trials: Some(base.ok_trials),
            base_failed_trials: Some(base.failed_trials),
            base_invalid_trials: Some(base.invalid_trials),
            base_failed_requests: base.failed_requests,
            new_median: new.median,
            new_low: new.low,
            new_high: new.high,
            new_achieved: new.achieved,
            new_ok_trials: Some(new.ok_trials),
            new_failed_trials: Some(new.failed_trials),
            new_invalid_trials: Some(new.invalid_trials),
            new_failed_requests: new.failed_requests,
            ratio: cell.ratio,
            ratio_low: cell.ratio_low,
            ratio_high: cell.ratio_high,
            ratio_achieved: cell.ratio_achieved,
            ratio_exact: cell.ratio_exact,
            superiority: cell.superiority,
            bound: cell.bound,
            p: cell.p,
            adjusted_p: cell.adjusted_p,
            failed_trials_p: cell.failed_trials_p,
            failed_requests_p: cell.failed_requests_p,
            more_blocks: cell.more_blocks,
            note: cell.notes.join("; "),
        }
    }

    fn lone(diff: &Diff, outcome: &'static str, cell: &LoneCell) -> Row {
        Row {
            base: diff.base.label.clone(),
            new: diff.new.label.clone(),
            outcome,
            cell: cell.id.clone(),
            name: cell.name.clone(),
            scenario: cell.scenario.clone(),
            ..Row::default()
        }
    }
}
