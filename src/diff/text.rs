//! Text renderer of a comparison, for a terminal.

use crate::page::terminal::Screen;
use crate::page::{Align, Table, Tone, cells as row};

use super::{CellDiff, Diff, Effect, GateFinding, words};

/// Comparisons as text for a screen; split into a table for each verdict if `split`.
pub fn text(diffs: &[Diff], screen: Screen, split: bool) -> String {
    let all: Vec<String> = diffs.iter().map(|diff| one(diff, screen, split)).collect();
    all.join("\n")
}

fn one(diff: &Diff, screen: Screen, split: bool) -> String {
    let mut parts = vec![header(diff, screen)];
    let line = |text: &str| format!("{}\n", screen.wrapped(text));
    parts.extend(words::not_shown(diff).map(|said| line(&said)));
    let shown: Vec<&CellDiff> = diff.shown().collect();
    for metric in shown.chunk_by(|a, b| a.metric == b.metric) {
        let is_end = |a: &&CellDiff, b: &&CellDiff| !split || a.outcome == b.outcome;
        let mut rows = metric.to_vec();
        if split {
            rows.sort_by_key(|cell| cell.outcome);
        }
        for rows in rows.chunk_by(is_end) {
            parts.push(format!("{}\n", screen.table(&words::table(diff, rows, Align::Left))));
        }
    }
    let [base, new] = words::labels(diff);
    let lone = [(base, &diff.only_in_base), (new, &diff.only_in_new)];
    let lone: Vec<String> = lone
        .into_iter()
        .filter(|(_, cells)| !cells.is_empty())
        .map(|(side, cells)| line(&format!("only in {side}: {}", words::lone(cells))))
        .collect();
    if !lone.is_empty() {
        parts.push(lone.concat());
    }
    if !diff.gates.is_empty() {
        let lines = words::gates(diff).into_iter().zip(&diff.gates).map(|(said, gate)| {
            screen.paint(&line(&said), gate.finding.name(), of_gate(gate.finding))
        });
        parts.push(lines.collect());
    }
    if words::is_limited(diff) {
        parts.push(line(words::LIMIT));
    }
    parts.push(line(&words::summary(diff)));
    parts.join("\n")
}

fn header(diff: &Diff, screen: Screen) -> String {
    let [base, new] = words::labels(diff);
    let width = base.chars().count().max(new.chars().count());
    let line = |text: String| format!("{}\n", screen.wrapped(&text));
    let mut out = String::new();
    for name in [&diff.base, &diff.new] {
        out += &format!("{:width$}  {}\n", name.label, name.recording);
    }
    out += &format!("\n{}", line(words::standing(diff)));
    if !words::same(diff).is_empty() {
        out += &line(format!("the same: {}", words::same(diff)));
    }
    let differing: Vec<_> = diff.conditions.iter().filter(|c| c.effect != Effect::Same).collect();
    if !differing.is_empty() {
        let mut rows = Table::new(["to note", base, new, ""]);
        for c in differing {
            let breaks = if c.effect == Effect::Breaks { "not comparable" } else { "" };
            rows.row(row![c.what, &c.base, &c.new, breaks]);
        }
        out += &format!("\n{}\n\n", screen.table(&rows));
    }
    for warning in &diff.warnings {
        out += &line(format!("warning: {warning}"));
    }
    for said in words::yardsticks(diff) {
        out += &line(said);
    }
    out
}

fn of_gate(finding: GateFinding) -> Tone {
    match finding {
        GateFinding::Passed => Tone::Good,
        GateFinding::Failed => Tone::Bad,
        GateFinding::Undecided | GateFinding::NothingMeasured => Tone::Open,
    }
}
