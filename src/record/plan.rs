//! `plan.csv`: every trial of a run, in its order.

use serde::{Deserialize, Serialize};

use super::columns::row;
use crate::plan::Plan;

row! {
    /// A row of `plan.csv`.
    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    pub(super) struct PlanRow {
        /// Block; 0 is warm-up.
        pub(super) block: u32,
        /// Place within the block, from 0.
        pub(super) position: u32,
        /// Name of the trial.
        pub(super) trial: String,
        /// Identity of the cell, made of what it does and not of its label: the same in other
        /// experiments, commits and machines.
        pub(super) cell: String,
        /// `a`, or `b` for the A/A twin.
        pub(super) replica: String,
        /// Seed of the delays.
        pub(super) seed: u64,
        /// `base` or `new`. Only a recording of two builds (`inflight ab`) has this column.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        pub(super) build: Option<String>,
    }
}

/// The rows that a plan gives.
pub(super) fn plan_rows(plan: &Plan) -> impl Iterator<Item = PlanRow> {
    plan.trials.iter().map(|t| {
        let cell = &plan.cells[t.cell];
        PlanRow {
            block: t.block,
            position: t.position,
            trial: t.trial.clone(),
            cell: cell.id.to_string(),
            replica: t.replica.letter().to_owned(),
            seed: plan.scenario_of(cell).seed,
            build: plan.build_of(t).map(str::to_owned),
        }
    })
}
