//! The section that puts predictions beside measurements.

use crate::page::{Block, Table, Words, blocks, cells, code, heading, words};
use crate::predict::{Accuracy, Compared, Outcome, outcomes};
use crate::record::RecordError;
use crate::spec::Metric;

use super::facts::Facts;
use super::numbers::{bytes, change, count, counted, estimate, ns, ratio, span};

/// Predictions and outcomes; nothing of a run that was not predicted.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let outcomes = outcomes(facts.recording, facts.analysis)?;
    let Some(first) = outcomes.first() else { return Ok(Vec::new()) };
    let mut out = blocks![heading(2, "Prediction"), intro(&first.predicted.from)];
    let measured = measured(facts, &outcomes);
    if !measured.is_empty() {
        out.push(measured.into());
    }
    out.extend(accuracy(&outcomes).map(Block::from));
    let without = outcomes.iter().filter(|o| !o.predicted.reason.is_empty());
    let without: Vec<Words> =
        without.map(|o| words!((facts.full_code(o.cell)) ": " (&o.predicted.reason))).collect();
    if !without.is_empty() {
        out.extend(["Not predicted:".into(), Block::List(without)]);
    }
    let earlier = facts.recording.earlier_predictions()?;
    let runs: std::collections::BTreeSet<&str> = earlier.iter().map(|r| r.run.as_str()).collect();
    out.push(match Accuracy::of_walls(&earlier) {
        Some(accuracy) => Block::from(format!(
            "Earlier predictions, as far as they were known before the first trial ({}): {}.",
            counted(runs.len(), "run"),
            said(&accuracy)
        )),
        None => "No earlier prediction had been put to the test before the first trial.".into(),
    });
    Ok(out)
}

fn intro(from: &str) -> Words {
    words!(
        "Predicted before the first trial from " (code(from)) ", by simulating the schedule with the \
         recorded cost of a request. Behind a predicted value stand the ends that the blocks of that \
         recording give; behind a ratio, the interval of the measured median over the prediction, \
         which is a fixed number by now."
    )
}

fn measured(facts: &Facts, outcomes: &[Outcome]) -> Table {
    let mut table = Table::new(["cell"])
        .numbers(["from requests"])
        .text([""])
        .numbers(["predicted", "measured", "measured ÷ predicted"])
        .text(["bound"]);
    for outcome in outcomes {
        outcome.compared.iter().for_each(|compared| table.row(row(facts, outcome, compared)));
    }
    table
}

fn row(facts: &Facts, outcome: &Outcome, compared: &Compared) -> Vec<Words> {
    let (what, show): (&str, fn(f64) -> String) = match compared.metric {
        Metric::Wall => ("wall", ns),
        Metric::Cpu => ("CPU", ns),
        _ => ("memory", bytes),
    };
    let predicted = match compared.ends {
        Some((low, high)) => format!("{} ({})", show(compared.predicted), span(low, high, show)),
        None => show(compared.predicted),
    };
    let numbers = |words: &str| {
        let number = |n: &str| n.parse().map_or_else(|_| n.to_owned(), count);
        Words::and(words.split(' ').map(|n| number(n).into()))
    };
    let from = match outcome.predicted.memory_from_limits.as_str() {
        limits if compared.metric == Metric::Memory && !limits.is_empty() => {
            words!("limits "(numbers(limits)))
        }
        _ => numbers(&outcome.predicted.from_requests),
    };
    // Said once for each cell.
    let bound = if compared.metric == Metric::Wall { outcome.predicted.bound.as_str() } else { "" };
    let measured = match &compared.measured {
        Ok(measured) => estimate(measured, show),
        Err(reason) => reason.to_string(),
    };
    let ratio = compared.ratio().map_or_else(String::new, |r| estimate(&r, ratio));
    cells![facts.full_code(outcome.cell), from, what, predicted, measured, ratio, bound]
}

fn accuracy(outcomes: &[Outcome]) -> Option<String> {
    let of = |metric: Metric| {
        let all = outcomes.iter().flat_map(|o| &o.compared).filter(|c| c.metric == metric);
        let ratios: Vec<f64> = all.filter_map(|c| Some(c.ratio()?.value)).collect();
        Accuracy::of(&ratios)
    };
    let names = [(Metric::Wall, "wall time"), (Metric::Cpu, "CPU"), (Metric::Memory, "memory")];
    let all: Vec<String> = names
        .into_iter()
        .filter_map(|(metric, name)| Some(format!("{name}: {}", said(&of(metric)?))))
        .collect();
    (!all.is_empty()).then(|| format!("Measured ÷ predicted, {}.", all.join("; ")))
}

/// `3 of 4 within 10 %, median 1.02, farthest −12 %`
fn said(accuracy: &Accuracy) -> String {
    format!(
        "{} of {} within 10 %, median {}, farthest {}",
        count(accuracy.within as u64),
        count(accuracy.tested as u64),
        change(accuracy.middle),
        change(accuracy.farthest)
    )
}
