//! For a spreadsheet.

use serde::Serialize;

use super::json::Cell;
use super::{Diff, LoneCell};

/// The cells as CSV: one row for each, those of one recording last, with the outcome
/// `only in base` or `only in new`.
///
/// Columns: `outcome`, `cell` (the id), `name`, `scenario`; for both sides `base_…` and `new_…`:
/// `wall_ns` (median) with `wall_low_ns`, `wall_high_ns` and `wall_achieved` (the coverage of just
/// this interval, 0 to 1), `ok_trials`, `failed_trials`, `invalid_trials`, `failed_requests` (a
/// share, 0 to 1); `ratio` (new ÷ base) with `ratio_low`, `ratio_high`, `ratio_achieved` and
/// `ratio_exact`; `bound` (the ratio that a verdict had to get past); `p` and `adjusted_p` of "the
/// ratio is within the bound"; `more_blocks` that would decide; `note`. Empty is unknown.
pub fn csv(diff: &Diff) -> String {
    let mut writer = ::csv::Writer::from_writer(Vec::new());
    let lone = |outcome: &'static str, cells: &[LoneCell]| -> Vec<Row> {
        cells.iter().map(|cell| Row::lone(outcome, cell)).collect()
    };
    let mut rows: Vec<Row> = diff.cells.iter().map(|cell| Row::of(Cell::of(cell))).collect();
    rows.extend(lone("only in base", &diff.only_in_base));
    rows.extend(lone("only in new", &diff.only_in_new));
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
    base_wall_ns: Option<f64>,
    base_wall_low_ns: Option<f64>,
    base_wall_high_ns: Option<f64>,
    base_wall_achieved: Option<f64>,
    base_ok_trials: Option<usize>,
    base_failed_trials: Option<usize>,
    base_invalid_trials: Option<usize>,
    base_failed_requests: Option<f64>,
    new_wall_ns: Option<f64>,
    new_wall_low_ns: Option<f64>,
    new_wall_high_ns: Option<f64>,
    new_wall_achieved: Option<f64>,
    new_ok_trials: Option<usize>,
    new_failed_trials: Option<usize>,
    new_invalid_trials: Option<usize>,
    new_failed_requests: Option<f64>,
    ratio: Option<f64>,
    ratio_low: Option<f64>,
    ratio_high: Option<f64>,
    ratio_achieved: Option<f64>,
    ratio_exact: Option<bool>,
    bound: Option<f64>,
    p: Option<f64>,
    adjusted_p: Option<f64>,
    more_blocks: Option<usize>,
    note: String,
}

impl Row {
    fn of(cell: Cell) -> Row {
        let Cell { base, new, .. } = cell;
        Row {
            outcome: cell.outcome,
            cell: cell.cell,
            name: cell.name,
            scenario: cell.scenario,
            base_wall_ns: base.wall_ns,
            base_wall_low_ns: base.wall_low_ns,
            base_wall_high_ns: base.wall_high_ns,
            base_wall_achieved: base.wall_achieved,
            base_ok_trials: Some(base.ok_trials),
            base_failed_trials: Some(base.failed_trials),
            base_invalid_trials: Some(base.invalid_trials),
            base_failed_requests: base.failed_requests,
            new_wall_ns: new.wall_ns,
            new_wall_low_ns: new.wall_low_ns,
            new_wall_high_ns: new.wall_high_ns,
            new_wall_achieved: new.wall_achieved,
            new_ok_trials: Some(new.ok_trials),
            new_failed_trials: Some(new.failed_trials),
            new_invalid_trials: Some(new.invalid_trials),
            new_failed_requests: new.failed_requests,
            ratio: cell.ratio,
            ratio_low: cell.ratio_low,
            ratio_high: cell.ratio_high,
            ratio_achieved: cell.ratio_achieved,
            ratio_exact: cell.ratio_exact,
            bound: cell.bound,
            p: cell.p,
            adjusted_p: cell.adjusted_p,
            more_blocks: cell.more_blocks,
            note: cell.notes.join("; "),
        }
    }

    fn lone(outcome: &'static str, cell: &LoneCell) -> Row {
        Row {
            outcome,
            cell: cell.id.clone(),
            name: cell.name.clone(),
            scenario: cell.scenario.clone(),
            ..Row::default()
        }
    }
}
