//! Text of predictions, for a person: a table, and what to know about it.

use std::fmt::Write as _;

use super::{Accuracy, Predicted, Prediction, Predictions, Range};
use crate::page::{Table, Words, cells, terminal};
use crate::units::{ReadableBytes, ReadableNs, count, three_digits};

/// Predictions as text; `earlier` says how good those before them were.
pub fn text(predictions: &Predictions, earlier: Option<&Accuracy>) -> String {
    let mut out = format!(
        "{}\npredicted from {} (machine {})\n",
        predictions.title, predictions.from, predictions.machine
    );
    let several = predictions.machines > 1;
    if several {
        let _ = writeln!(
            out,
            "{} machines share the requests evenly, each like that of the recording, with a server of its own; \
             wall, CPU and memory are of one of them",
            count(predictions.machines)
        );
    }
    let mut shown = Table::new(["cell"])
        .numbers(["requests"])
        .numbers(several.then_some("of each machine"))
        .numbers(["wall", "CPU", "memory"])
        .text(["bound"])
        .numbers(["efficiency"])
        .numbers(several.then_some(["CPU in all", "memory in all"]).into_iter().flatten());
    for prediction in &predictions.cells {
        if let Ok(predicted) = &prediction.outcome {
            shown.row(row(predictions, prediction, predicted));
        }
    }
    if !shown.is_empty() {
        let _ = writeln!(out, "\n{}", terminal::table(&shown));
    }
    out.push('\n');
    for prediction in &predictions.cells {
        out += &remarks(prediction);
    }
    if predictions.cells.iter().any(has_ends) {
        out += "\nIn brackets: what the blocks of the recording give, from their 95 % intervals. The error of the \
                method is not in it.\n";
    }
    if let Some(accuracy) = earlier {
        let _ = writeln!(
            out,
            "\nEarlier predictions of wall times that were put to the test: {} of {} within 10 %, \
             median of measured ÷ predicted {}, farthest {}.",
            accuracy.within,
            accuracy.tested,
            three_digits(accuracy.middle),
            three_digits(accuracy.farthest)
        );
    }
    out
}

fn has_ends(prediction: &Prediction) -> bool {
    prediction.outcome.as_ref().is_ok_and(|p| p.wall_ns.ends.is_some())
}

fn row(predictions: &Predictions, prediction: &Prediction, predicted: &Predicted) -> Vec<Words> {
    let machines = predictions.machines as f64;
    let ns = |value: f64| ReadableNs(value).to_string();
    let bytes = |value: f64| ReadableBytes(value).to_string();
    let memory = |scale: f64| match predicted.memory_bytes {
        Ok(range) => shown(range.map(|value| value * scale), bytes),
        Err(_) => "–".to_owned(),
    };
    let mut row = cells![&prediction.name, count(prediction.requests)];
    if predictions.machines > 1 {
        row.push(count(prediction.requests_each).into());
    }
    row.extend(cells![
        shown(predicted.wall_ns, ns),
        shown(predicted.cpu_ns, ns),
        memory(1.0),
        predicted.bound.name(),
        three_digits(predicted.efficiency()),
    ]);
    if predictions.machines > 1 {
        let cpu = shown(predicted.cpu_ns.map(|value| value * machines), ns);
        row.extend(cells![cpu, memory(machines)]);
    }
    row
}

/// `1.53 s (1.50 to 1.60 s)`
fn shown(range: Range, show: impl Fn(f64) -> String) -> String {
    let value = show(range.value);
    let Some((low, high)) = range.ends.map(|(low, high)| (show(low), show(high))) else {
        return value;
    };
    if low == high {
        return value;
    }
    match (low.rsplit_once(' '), high.rsplit_once(' ')) {
        (Some((number, unit)), Some((_, other))) if unit == other => {
            format!("{value} ({number} to {high})")
        }
        _ => format!("{value} ({low} to {high})"),
    }
}

/// Basis and notes of a prediction; or why there is none.
fn remarks(prediction: &Prediction) -> String {
    let name = &prediction.name;
    let predicted = match &prediction.outcome {
        Ok(predicted) => predicted,
        Err(reason) => {
            return format!(
                "{name}, {} requests: not predicted: {reason}\n",
                count(prediction.requests)
            );
        }
    };
    let basis = &predicted.basis;
    let sizes: Vec<String> = basis.requests.iter().map(|&n| count(u64::from(n))).collect();
    let blocks = |n: usize| if n == 1 { "1 block".to_owned() } else { format!("{n} blocks") };
    let mut out = format!(
        "{name}, {} requests: from {} requests, {} (cell {})\n",
        count(prediction.requests),
        sizes.join(" and "),
        blocks(basis.blocks),
        basis.cells.join(", ")
    );
    if let Some(from) = &basis.memory {
        let limits: Vec<String> = from.limits.iter().map(|&n| count(u64::from(n))).collect();
        let _ = writeln!(
            out,
            "  memory from limits {}, {} (cell {}): their connections carried more requests",
            limits.join(" and "),
            blocks(from.blocks),
            from.cells.join(", ")
        );
    }
    if let Err(reason) = predicted.memory_bytes {
        let _ = writeln!(out, "  memory {reason}");
    }
    for note in &predicted.notes {
        let _ = writeln!(out, "  {note}");
    }
    out
}
