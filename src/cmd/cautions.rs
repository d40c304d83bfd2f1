//! Cautions about a plan, printed before its first trial.

use rayon::prelude::*;
use serde::Serialize;
use serde_json::{Value, json};

use crate::analyse::{blocks_to_judge, blocks_to_rank};
use crate::plan::{Drawn, Plan};
use crate::spec::{DEFAULT_BLOCKS, FEWEST_LOOKED_AT};

/// The plan with as many blocks as ranking its cells takes, if its file leaves the number open.
pub(super) fn with_enough_blocks(plan: Plan) -> Plan {
    if !plan.experiment.blocks.count_is_default {
        return plan;
    }
    let needed = u32::try_from(blocks_to_rank(plan.most_cells())).unwrap_or(u32::MAX);
    plan.with_blocks(needed.max(DEFAULT_BLOCKS))
}

/// Cautions of a plan: what it cannot decide, delays that are not what they should be, and answers
/// that a time scale could turn.
pub(super) fn cautions(plan: &Plan) -> Vec<String> {
    of(plan, &drawn(plan))
}

fn of(plan: &Plan, drawn: &[Option<Drawn>]) -> Vec<String> {
    // The text of each, with the scenarios that it is about.
    let mut all: Vec<(String, Vec<usize>)> = Vec::new();
    for (scenario, drawn) in drawn.iter().enumerate() {
        let of_delays = drawn.iter().flat_map(Drawn::cautions).cloned();
        for caution in of_delays.chain(plan.scale_cautions(scenario)) {
            let text = caution.to_string();
            match all.iter_mut().find(|(known, _)| *known == text) {
                Some((_, scenarios)) => scenarios.push(scenario),
                None => all.push((text, vec![scenario])),
            }
        }
    }
    let whole = plan.scenarios.len();
    let named = all.into_iter().map(|(text, scenarios)| match scenarios.as_slice() {
        _ if scenarios.len() == whole => text,
        [one] => format!("{}: {text}", plan.scenarios[*one].name),
        [first, ..] => format!(
            "{} and {} more scenarios: {text}",
            plan.scenarios[*first].name,
            scenarios.len() - 1
        ),
        [] => text,
    });
    too_few_blocks(plan).into_iter().chain(named).collect()
}

/// The delays of every scenario.
pub(super) fn drawn(plan: &Plan) -> Vec<Option<Drawn>> {
    plan.experiment.scenarios.par_iter().map(Drawn::of).collect()
}

/// A caution if fewer blocks are planned than it takes to rank the cells of a scenario, or to tell
/// any of them from the baseline.
fn too_few_blocks(plan: &Plan) -> Option<String> {
    let blocks = &plan.experiment.blocks;
    let (has, cells) = (blocks.least() as usize, plan.most_cells());
    let (judge, rank) = (blocks_to_judge(cells.saturating_sub(1)), blocks_to_rank(cells));
    let remedy = match blocks.until {
        Some(_) => format!("set `min` of `until` to {rank}"),
        None => format!("--blocks {rank}, or leave `count` out"),
    };
    if has < FEWEST_LOOKED_AT as usize {
        Some(format!(
            "fewer than {FEWEST_LOOKED_AT} blocks: there will be no intervals and no verdicts; it takes at \
             least {rank} blocks to rank {cells} cells ({remedy})"
        ))
    } else if has < judge {
        Some(format!(
            "{has} blocks are too few: it takes at least {judge} to call any of {cells} cells faster or slower than \
             the baseline, and at least {rank} blocks to rank {cells} cells ({remedy})"
        ))
    } else if has < rank {
        Some(format!(
            "{has} blocks can tell {cells} cells from the baseline, but it takes at least {rank} blocks to rank \
             {cells} cells, each against each ({remedy})"
        ))
    } else {
        None
    }
}

/// The plan's own part of the document of `inflight plan --json`.
///
/// * `blocks`: measured blocks; `blocks_to_rank`: how many it takes to rank the cells of each scenario
/// * `delays`: of each scenario its `scenario` (empty if there is one only), `time_scale`, `draw`, and what its
///   requests `drawn` and what the model `expected`: `p50_ns`, `p90_ns`, `p99_ns` and `longest_ns`, after
///   scaling; `parts` of the model with `name`, `share`, `expected` and `drawn` (`null` is unknown)
/// * `warnings`: what to know before the first trial
pub(super) fn document(plan: &Plan) -> Value {
    #[derive(Serialize)]
    struct OfScenario<'a> {
        scenario: &'a str,
        time_scale: f64,
        draw: &'static str,
        delays: &'a Option<Drawn>,
    }
    let drawn = drawn(plan);
    let delays: Vec<OfScenario> =
        (plan.scenarios.iter().zip(&plan.experiment.scenarios).zip(&drawn))
            .map(|((facts, scenario), delays)| OfScenario {
                scenario: &facts.name,
                time_scale: scenario.time_scale,
                draw: scenario.sampling.name(),
                delays,
            })
            .collect();
    json!({
        "blocks": plan.experiment.blocks.count,
        "blocks_to_rank": blocks_to_rank(plan.most_cells()),
        "delays": delays,
        "warnings": of(plan, &drawn),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Only;
    use crate::record::synthetic::{experiment, strategy};

    fn plan(cells: u32, blocks: u32) -> Plan {
        let strategies = (1..=cells).map(|n| strategy(&format!("s{n}"), "threads", Some(n)));
        Plan::new(experiment(strategies.collect(), blocks), &Only::default()).expect("a plan")
    }

    #[test]
    fn blocks_that_cannot_rank_are_told() {
        let told = |cells, blocks| too_few_blocks(&plan(cells, blocks)).unwrap_or_default();
        assert_eq!(told(5, 9), "");
        assert_eq!(
            told(5, 8),
            "8 blocks can tell 5 cells from the baseline, but it takes at least 9 blocks to rank 5 cells, each \
             against each (--blocks 9, or leave `count` out)"
        );
        assert_eq!(
            told(5, 6),
            "6 blocks are too few: it takes at least 8 to call any of 5 cells faster or slower than the baseline, \
             and at least 9 blocks to rank 5 cells (--blocks 9, or leave `count` out)"
        );
        assert!(told(5, 2).starts_with("fewer than 6 blocks: there will be no intervals"));
        assert_eq!(told(1, 6), "");
    }

    #[test]
    fn an_open_number_of_blocks_is_enough_to_rank() {
        let open = |cells| {
            let mut plan = plan(cells, DEFAULT_BLOCKS);
            plan.experiment.blocks.count_is_default = true;
            with_enough_blocks(plan)
        };
        for (cells, blocks) in [(2, 10), (7, 10), (8, 11), (26, 14)] {
            let plan = open(cells);
            assert_eq!(plan.experiment.blocks.count, blocks, "{cells} cells");
            assert_eq!(too_few_blocks(&plan), None);
            assert_eq!(plan.trials.last().map(|t| t.block), Some(blocks));
        }
        assert_eq!(with_enough_blocks(plan(26, 10)).experiment.blocks.count, 10);
    }
}
