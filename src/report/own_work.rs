//! Own work of callers, and how much of it or of their requests hid behind the other.

use crate::page::{Block, Table, blocks, cells, heading, term, words};
use crate::record::RecordError;
use crate::spec::Factor;

use super::facts::Facts;
use super::numbers::{UNKNOWN, ns, percent};

/// A row for each cell whose caller has work of its own; nothing where none has.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut table = Table::new(["cell"]).text(["own work"]).numbers([
        "schedule of the requests",
        "both",
        "wall",
        "hidden",
    ]);
    for (index, cell) in facts.plan().cells.iter().enumerate() {
        let Some(work) = cell.strategy.own_work else { continue };
        let work_ns = work.ns() as f64;
        let schedule_ns = facts.plan().requests_alone_ns(cell).map(|ns| ns as f64);
        let wall_ns = facts.wall_ns(index).filter(|_| facts.is_ranked(index));
        let shown = |time: Option<f64>| time.map_or_else(|| UNKNOWN.to_owned(), ns);
        let hidden = schedule_ns.zip(wall_ns).and_then(|(s, wall)| hidden(work_ns, s, wall));
        table.row(cells![
            facts.full_code(index),
            facts.plan().factor(cell, Factor::Work),
            shown(schedule_ns),
            shown(schedule_ns.map(|schedule_ns| work_ns + schedule_ns)),
            shown(wall_ns),
            hidden.map_or_else(|| UNKNOWN.to_owned(), percent),
        ]);
    }
    if table.is_empty() {
        return Ok(Vec::new());
    }
    let both = words!(
        (term("Both")) " is what own work and requests take one after the other. " (term("Hidden"))
        " is the share of the shorter of the two that took no time beside the longer. Where requests \
         failed it is not known."
    );
    Ok(blocks![heading(2, "Own work"), table, both])
}

/// The share of the shorter of work and schedule that the wall time does not show; `None` if one of them
/// is nothing.
fn hidden(work_ns: f64, schedule_ns: f64, wall_ns: f64) -> Option<f64> {
    let shorter = work_ns.min(schedule_ns);
    (shorter > 0.0).then(|| ((work_ns + schedule_ns - wall_ns) / shorter).clamp(0.0, 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_took_no_time_of_its_own_is_hidden() {
        assert_eq!(hidden(1_000.0, 500.0, 1_000.0), Some(1.0));
        assert_eq!(hidden(500.0, 1_000.0, 1_250.0), Some(0.5));
        assert_eq!(hidden(500.0, 1_000.0, 1_700.0), Some(0.0));
        assert_eq!(hidden(500.0, 0.0, 500.0), None);
    }
}
