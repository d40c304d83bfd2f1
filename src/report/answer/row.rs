//! The rows of the answer's table, as numbers: what the glance writes as text, and the JSON as it is.

use super::super::facts::{Facts, client_cpu_per_1000};
use crate::analyse::{Compared, Estimate};
use crate::spec::Metric;

/// Rows of the table at most, and those of cells in which something failed.
const ROWS: usize = 6;
const FAULTY_ROWS: usize = 2;

/// A cell, as far as the answer tells of it.
pub(super) struct Row<'a> {
    pub(super) cell: usize,
    pub(super) is_baseline: bool,
    /// Median wall time in nanoseconds.
    pub(super) wall: Option<&'a Estimate>,
    /// Comparison with the baseline; `None` for the baseline itself.
    pub(super) compared: Option<&'a Compared>,
    /// Ideal ÷ wall, where the ideal is worth the name.
    pub(super) efficiency: Option<&'a Estimate>,
    /// CPU time of the client in nanoseconds for 1,000 requests.
    pub(super) cpu: Option<Estimate>,
    /// Peak memory of the client in bytes.
    pub(super) memory: Option<Estimate>,
    /// Failed requests and issued requests; `None` without a measurement.
    pub(super) failed: Option<(u64, u64)>,
}

impl<'a> Row<'a> {
    pub(super) fn of(facts: &Facts<'a>, cell: usize) -> Row<'a> {
        let analysed = facts.analysed(cell);
        Row {
            cell,
            is_baseline: facts.is_baseline(cell),
            wall: analysed.wall.as_ref().ok(),
            compared: analysed.over_baseline.as_ref().filter(|_| !facts.is_baseline(cell)),
            efficiency: analysed.efficiency.as_ref().ok().filter(|_| facts.has_ideal(cell)),
            cpu: facts.median(cell, client_cpu_per_1000).ok(),
            memory: facts.median(cell, |row| Metric::Memory.of(row)).ok(),
            failed: (!facts.ok_rows(cell).is_empty()).then(|| facts.errors(cell)),
        }
    }

    /// Wall time ÷ wall time of the baseline.
    pub(super) fn ratio(&self) -> Option<&'a Estimate> {
        self.compared.and_then(|compared| compared.ratio.as_ref().ok()).map(|r| &r.ratio)
    }
}

/// The cells of a scenario in the order of the answer: those that are ranked by their wall time, then those
/// in which something failed.
pub(super) struct Order {
    pub(super) all: Vec<usize>,
    /// The cells of the table: the fastest, the baseline, and some in which something failed.
    pub(super) shown: Vec<usize>,
}

impl Order {
    pub(super) fn of(facts: &Facts, scenario: usize) -> Order {
        let baseline = facts.plan().scenarios[scenario].baseline;
        let wall = |cell: usize| facts.wall_ns(cell).unwrap_or(f64::INFINITY);
        let (mut ranked, mut others): (Vec<usize>, Vec<usize>) =
            facts.cells_of(scenario).iter().partition(|&&cell| facts.is_ranked(cell));
        ranked.sort_by(|&a, &b| wall(a).total_cmp(&wall(b)).then(a.cmp(&b)));
        others.sort_by(|&a, &b| wall(a).total_cmp(&wall(b)).then(a.cmp(&b)));
        let all = [ranked.as_slice(), &others].concat();
        let room = ROWS - others.len().min(FAULTY_ROWS);
        if ranked.len() > room {
            let has_baseline = ranked[..room].contains(&baseline);
            ranked.truncate(room);
            if !has_baseline && facts.is_ranked(baseline) {
                ranked[room - 1] = baseline;
            }
        }
        others.truncate(ROWS - ranked.len());
        Order { all, shown: [ranked, others].concat() }
    }
}
