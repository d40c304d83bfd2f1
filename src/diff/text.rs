//! For a terminal.

use anstyle::{AnsiColor, Style};
use comfy_table::CellAlignment;

use crate::table::table;

use super::{Diff, Effect, Outcome, words};

/// The comparison as text, with ANSI colours if `color`.
pub fn text(diff: &Diff, color: bool) -> String {
    let mut parts = vec![header(diff)];
    if !diff.cells.is_empty() {
        parts.push(cells(diff, color));
    }
    let lone = [("only in base", &diff.only_in_base), ("only in new", &diff.only_in_new)];
    let lone: Vec<String> = lone
        .into_iter()
        .filter(|(_, cells)| !cells.is_empty())
        .map(|(side, cells)| format!("{side}: {}\n", words::lone(cells)))
        .collect();
    if !lone.is_empty() {
        parts.push(lone.concat());
    }
    if diff.is_comparable() && !diff.same_recording {
        parts.push(format!("{}\n", words::LIMIT));
    }
    parts.push(format!("{}\n", words::summary(diff)));
    parts.join("\n")
}

fn header(diff: &Diff) -> String {
    let mut out = format!("base  {}\nnew   {}\n\n", diff.base, diff.new);
    out += &format!("{}\n", words::standing(diff));
    out += &format!("the same: {}\n", words::same(diff));
    let differing: Vec<_> = diff.conditions.iter().filter(|c| c.effect != Effect::Same).collect();
    if !differing.is_empty() {
        let mut rows = table(&["to note", "base", "new", ""]);
        for c in differing {
            let breaks = if c.effect == Effect::Breaks { "not comparable" } else { "" };
            rows.add_row(vec![c.what, &c.base, &c.new, breaks]);
        }
        out += &format!("\n{}\n", trimmed(&rows.to_string()));
    }
    for line in words::yardsticks(diff) {
        out += &format!("{line}\n");
    }
    out
}

fn cells(diff: &Diff, color: bool) -> String {
    let mut rows = table(&["verdict", "cell", "base", "new", "ratio", "95 % interval", "note"]);
    for cell in &diff.cells {
        let [ratio, range] = words::ratio_and_range(cell);
        rows.add_row(vec![
            cell.outcome.name().to_owned(),
            words::name(&cell.name, &cell.scenario),
            words::wall(&cell.base.wall),
            words::wall(&cell.new.wall),
            ratio,
            range,
            words::notes(cell).join("; "),
        ]);
    }
    if let Some(column) = rows.column_mut(4) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    let plain = trimmed(&rows.to_string());
    if !color {
        return plain;
    }
    // Colours go into the finished lines: the table would count them as width.
    let header = plain.lines().take(1).map(str::to_owned);
    let rows = plain.lines().skip(1).zip(&diff.cells).map(|(line, cell)| {
        let (word, style) = (cell.outcome.name(), style(cell.outcome));
        line.replacen(word, &format!("{style}{word}{style:#}"), 1)
    });
    header.chain(rows).map(|line| line + "\n").collect()
}

fn style(outcome: Outcome) -> Style {
    let color = match outcome {
        Outcome::NewlyFailing | Outcome::Slower => AnsiColor::Red,
        Outcome::Faster | Outcome::Fixed => AnsiColor::Green,
        Outcome::Inconclusive | Outcome::NotMeasured => AnsiColor::Yellow,
        Outcome::Equivalent | Outcome::NotComparable => return Style::new(),
    };
    color.on_default()
}

/// A table without the blanks that fill its last column.
fn trimmed(table: &str) -> String {
    table.lines().map(|line| format!("{}\n", line.trim_end())).collect()
}
