//! A measured trial, and what it was to be.

use crate::plan::Plan;
use crate::record::TrialRow;
use crate::spec::Scenario;
use crate::strategy::Strategy;

use super::answer::{Answer, NotPassed, Why, ask_if, recorded, require};

/// A measured trial, and what it was to be.
#[derive(Clone, Copy)]
pub struct MeasuredTrial<'a> {
    pub(super) row: &'a TrialRow,
    pub(super) scenario: &'a Scenario,
    pub(super) strategy: &'a Strategy,
    /// Index of its cell in the plan.
    pub(super) cell: usize,
}

impl<'a> MeasuredTrial<'a> {
    /// A row of the cell with this index.
    pub fn new(plan: &'a Plan, cell: usize, row: &'a TrialRow) -> MeasuredTrial<'a> {
        let planned = &plan.cells[cell];
        MeasuredTrial {
            row,
            scenario: plan.scenario_of(planned),
            strategy: &planned.strategy,
            cell,
        }
    }

    /// Requests that it was to issue.
    pub(super) fn requests(&self) -> u64 {
        u64::from(self.scenario.requests)
    }

    /// Goes on if all requests succeeded: what failed ones do to a count is not known.
    pub(super) fn all_succeeded(&self) -> Answer {
        ask_if(recorded!(self.row, errors)? == 0, Why::RequestsFailed)
    }

    /// Passes if `holds`. If not, the check is not asked where requests failed, and fails elsewhere.
    pub(super) fn require(&self, holds: bool, reason: impl FnOnce() -> String) -> Answer {
        if !holds {
            self.all_succeeded()?;
        }
        require(holds, reason)
    }

    pub(super) fn wall_ns(&self) -> Result<f64, NotPassed> {
        Ok(recorded!(self.row, wall_ns)? as f64)
    }

    /// Whether it reuses connections; `None` if its program does not say.
    pub(super) fn reuses(&self) -> Option<bool> {
        Some(self.strategy.declared_reuse()? != crate::vocabulary::Reuse::None)
    }
}
