//! Text renderer of a comparison, for a terminal.

use crate::page::{Align, Table, cells as row, terminal};
use anstyle::{AnsiColor, Style};

use super::{CellDiff, Diff, Effect, GateFinding, Outcome, words};

/// Comparisons as text, with ANSI colours if `color`; split into a table for each verdict if
/// `split`.
pub fn text(diffs: &[Diff], color: bool, split: bool) -> String {
    let all: Vec<String> = diffs.iter().map(|diff| one(diff, color, split)).collect();
    all.join("\n")
}

fn one(diff: &Diff, color: bool, split: bool) -> String {
    let mut parts = vec![header(diff)];
    for metric in diff.cells.chunk_by(|a, b| a.metric == b.metric) {
        let is_end = |a: &CellDiff, b: &CellDiff| !split || a.outcome == b.outcome;
        let mut rows: Vec<&CellDiff> = metric.iter().collect();
        if split {
            rows.sort_by_key(|cell| cell.outcome);
        }
        for rows in rows.chunk_by(|a, b| is_end(a, b)) {
            parts.push(cells(diff, rows, color));
        }
    }
    let [base, new] = words::labels(diff);
    let lone = [(base, &diff.only_in_base), (new, &diff.only_in_new)];
    let lone: Vec<String> = lone
        .into_iter()
        .filter(|(_, cells)| !cells.is_empty())
        .map(|(side, cells)| format!("only in {side}: {}\n", words::lone(cells)))
        .collect();
    if !lone.is_empty() {
        parts.push(lone.concat());
    }
    if !diff.gates.is_empty() {
        let lines = words::gates(diff).into_iter().zip(&diff.gates).map(|(line, gate)| {
            let word = gate.finding.name();
            let style = if color { of_gate(gate.finding) } else { Style::new() };
            line.replacen(word, &format!("{style}{word}{style:#}"), 1) + "\n"
        });
        parts.push(lines.collect());
    }
    if words::is_limited(diff) {
        parts.push(format!("{}\n", words::LIMIT));
    }
    parts.push(format!("{}\n", words::summary(diff)));
    parts.join("\n")
}

fn header(diff: &Diff) -> String {
    let [base, new] = words::labels(diff);
    let width = base.chars().count().max(new.chars().count());
    let mut out = String::new();
    for name in [&diff.base, &diff.new] {
        out += &format!("{:width$}  {}\n", name.label, name.recording);
    }
    out += &format!("\n{}\n", words::standing(diff));
    if !words::same(diff).is_empty() {
        out += &format!("the same: {}\n", words::same(diff));
    }
    let differing: Vec<_> = diff.conditions.iter().filter(|c| c.effect != Effect::Same).collect();
    if !differing.is_empty() {
        let mut rows = Table::new(["to note", base, new, ""]);
        for c in differing {
            let breaks = if c.effect == Effect::Breaks { "not comparable" } else { "" };
            rows.row(row![c.what, &c.base, &c.new, breaks]);
        }
        out += &format!("\n{}\n\n", terminal::trimmed(&rows));
    }
    for warning in &diff.warnings {
        out += &format!("warning: {warning}\n");
    }
    for line in words::yardsticks(diff) {
        out += &format!("{line}\n");
    }
    out
}

/// A table of rows of one metric.
fn cells(diff: &Diff, cells: &[&CellDiff], color: bool) -> String {
    let plain = terminal::trimmed(&words::table(diff, cells, Align::Left)) + "\n";
    if !color {
        return plain;
    }
    // Colours go into the finished lines: the table would count them as width.
    let header = plain.lines().take(1).map(str::to_owned);
    let rows = plain.lines().skip(1).zip(cells).map(|(line, cell)| {
        let (word, style) = (words::word(cell.outcome, cell.metric), style(cell.outcome));
        line.replacen(word, &format!("{style}{word}{style:#}"), 1)
    });
    header.chain(rows).map(|line| line + "\n").collect()
}

fn style(outcome: Outcome) -> Style {
    let color = match outcome {
        Outcome::NewlyFailing | Outcome::FailingMoreOften | Outcome::Slower => AnsiColor::Red,
        Outcome::Faster | Outcome::Fixed | Outcome::FailingLessOften => AnsiColor::Green,
        Outcome::Inconclusive | Outcome::NotJudged | Outcome::NotMeasured => AnsiColor::Yellow,
        Outcome::Equivalent | Outcome::NotComparable => return Style::new(),
    };
    color.on_default()
}

fn of_gate(finding: GateFinding) -> Style {
    match finding {
        GateFinding::Passed => AnsiColor::Green,
        GateFinding::Failed => AnsiColor::Red,
        GateFinding::Undecided | GateFinding::NothingMeasured => AnsiColor::Yellow,
    }
    .on_default()
}
