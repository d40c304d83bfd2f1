//! What was predicted before the first trial, beside what was measured.

use crate::predict::{Accuracy, Compared, Outcome, outcomes};
use crate::record::RecordError;
use crate::spec::Metric;

use super::facts::Facts;
use super::markdown::{Align, Table, code, list, text};
use super::numbers::{and, bytes, change, count, counted, estimate, ns, ratio, span};

/// Predictions and outcomes; nothing of a run that was not predicted.
pub(super) fn section(facts: &Facts) -> Result<Option<String>, RecordError> {
    let outcomes = outcomes(facts.recording, facts.analysis)?;
    let Some(first) = outcomes.first() else { return Ok(None) };
    let mut parts = vec!["## Prediction".to_owned(), intro(&first.predicted.from)];
    parts.extend(measured(facts, &outcomes));
    parts.extend(accuracy(&outcomes));
    parts.extend(unpredicted(facts, &outcomes));
    let earlier = facts.recording.earlier_predictions()?;
    let runs: std::collections::BTreeSet<&str> = earlier.iter().map(|r| r.run.as_str()).collect();
    parts.push(match Accuracy::of_walls(&earlier) {
        Some(accuracy) => format!(
            "Earlier predictions, as far as they were known before the first trial ({}): {}.",
            counted(runs.len(), "run"),
            words(&accuracy)
        ),
        None => "No earlier prediction had been put to the test before the first trial.".to_owned(),
    });
    Ok(Some(parts.join("\n\n")))
}

fn intro(from: &str) -> String {
    format!(
        "Predicted before the first trial from {}, by simulating the schedule with the recorded cost of a request. \
         Behind a predicted value stand the ends that the blocks of that recording give; behind a ratio, the interval \
         of the measured median over the prediction, which is a fixed number by now.",
        code(from)
    )
}

fn measured(facts: &Facts, outcomes: &[Outcome]) -> Option<String> {
    let mut table = Table::new(&[
        ("cell", Align::Left),
        ("from requests", Align::Right),
        ("", Align::Left),
        ("predicted", Align::Right),
        ("measured", Align::Right),
        ("measured ÷ predicted", Align::Right),
        ("bound", Align::Left),
    ]);
    let mut rows = 0;
    for outcome in outcomes {
        for compared in &outcome.compared {
            table.row(row(facts, outcome, compared));
            rows += 1;
        }
    }
    (rows > 0).then(|| table.render())
}

fn row(facts: &Facts, outcome: &Outcome, compared: &Compared) -> Vec<String> {
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
        let number = |n: &str| n.parse().map_or_else(|_| text(n), count);
        and(&words.split(' ').map(number).collect::<Vec<String>>())
    };
    let from = match outcome.predicted.memory_from_limits.as_str() {
        limits if compared.metric == Metric::Memory && !limits.is_empty() => {
            format!("limits {}", numbers(limits))
        }
        _ => numbers(&outcome.predicted.from_requests),
    };
    // Said once for each cell.
    let bound = if compared.metric == Metric::Wall { outcome.predicted.bound.as_str() } else { "" };
    vec![
        facts.full_code(outcome.cell),
        from,
        what.to_owned(),
        predicted,
        match &compared.measured {
            Ok(measured) => estimate(measured, show),
            Err(reason) => text(&reason.to_string()),
        },
        compared.ratio().map_or_else(String::new, |r| estimate(&r, ratio)),
        text(bound),
    ]
}

fn accuracy(outcomes: &[Outcome]) -> Option<String> {
    let of = |metric: Metric| {
        let all = outcomes.iter().flat_map(|o| &o.compared).filter(|c| c.metric == metric);
        let ratios: Vec<f64> = all.filter_map(|c| Some(c.ratio()?.value)).collect();
        Accuracy::of(&ratios)
    };
    let said = [(Metric::Wall, "wall time"), (Metric::Cpu, "CPU"), (Metric::Memory, "memory")];
    let said: Vec<String> = said
        .into_iter()
        .filter_map(|(metric, name)| Some(format!("{name}: {}", words(&of(metric)?))))
        .collect();
    (!said.is_empty()).then(|| format!("Measured ÷ predicted, {}.", said.join("; ")))
}

/// `3 of 4 within 10 %, median 1.02, farthest −12 %`
fn words(accuracy: &Accuracy) -> String {
    format!(
        "{} of {} within 10 %, median {}, farthest {}",
        count(accuracy.within as u64),
        count(accuracy.tested as u64),
        change(accuracy.middle),
        change(accuracy.farthest)
    )
}

fn unpredicted(facts: &Facts, outcomes: &[Outcome]) -> Option<String> {
    let without = outcomes.iter().filter(|o| !o.predicted.reason.is_empty());
    let lines: Vec<String> = without
        .map(|o| format!("{}: {}", facts.full_code(o.cell), text(&o.predicted.reason)))
        .collect();
    (!lines.is_empty()).then(|| format!("Not predicted:\n\n{}", list(&lines)))
}
