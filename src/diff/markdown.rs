//! For a pull request.

use super::{Diff, Effect, words};

/// The comparison as Markdown: the summary as the first line, then everything that the terminal
/// shows.
pub fn markdown(diff: &Diff) -> String {
    let mut parts = vec![
        format!("**{}**\n", escaped(&words::summary(diff))),
        format!("base `{}`, new `{}`\n", diff.base, diff.new),
        format!("{}\n", escaped(&words::standing(diff))),
    ];
    let differing: Vec<Vec<String>> = diff
        .conditions
        .iter()
        .filter(|c| c.effect != Effect::Same)
        .map(|c| {
            let what = if c.effect == Effect::Breaks {
                format!("{} (not comparable)", c.what)
            } else {
                c.what.to_owned()
            };
            vec![what, c.base.clone(), c.new.clone()]
        })
        .collect();
    if !differing.is_empty() {
        parts.push(table(&["to note", "base", "new"], &["", "", ""], &differing));
    }
    parts.push(format!("The same: {}.\n", words::same(diff)));
    if !diff.cells.is_empty() {
        parts.push(cells(diff));
    }
    for (side, cells) in [("base", &diff.only_in_base), ("new", &diff.only_in_new)] {
        if !cells.is_empty() {
            parts.push(format!("Only in {side}: {}\n", escaped(&words::lone(cells))));
        }
    }
    parts.push(format!("{}.\n", escaped(&words::yardsticks(diff).join("; "))));
    if diff.is_comparable() && !diff.same_recording {
        parts.push(format!("{}\n", words::LIMIT));
    }
    parts.join("\n")
}

fn cells(diff: &Diff) -> String {
    let rows: Vec<Vec<String>> = diff
        .cells
        .iter()
        .map(|cell| {
            let [ratio, range] = words::ratio_and_range(cell);
            vec![
                cell.outcome.name().to_owned(),
                words::name(&cell.name, &cell.scenario),
                words::wall(&cell.base.wall),
                words::wall(&cell.new.wall),
                ratio,
                range,
                words::notes(cell).join("; "),
            ]
        })
        .collect();
    table(
        &["verdict", "cell", "base", "new", "ratio", "95 % interval", "note"],
        &["", "", "", "", ":", ":", ""],
        &rows,
    )
}

/// A table; `:` aligns a column to the right.
fn table(header: &[&str], align: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(header.iter().map(|&h| h.to_owned()).collect());
    out += &line(align.iter().map(|a| format!("---{a}")).collect());
    for row in rows {
        out += &line(row.iter().map(|cell| escaped(cell)).collect());
    }
    out
}

/// Text that Markdown leaves alone: labels and reasons may hold any character.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '<' | '[' | ']' | '|' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
