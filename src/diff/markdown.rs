//! For a pull request.

use super::{CellDiff, Diff, Effect, words};

/// Comparisons as Markdown: of each the summary first, then everything that the terminal shows.
pub fn markdown(diffs: &[Diff]) -> String {
    diffs.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(diff: &Diff) -> String {
    let summary: Vec<String> =
        words::summary(diff).lines().map(|line| format!("**{}**", escaped(line))).collect();
    let [base, new] = words::labels(diff);
    let mut parts = vec![
        format!("{}\n", summary.join("  \n")),
        format!(
            "{} `{}`, {} `{}`\n",
            escaped(base),
            diff.base.recording,
            escaped(new),
            diff.new.recording
        ),
        format!("{}\n", escaped(&words::standing(diff))),
    ];
    let gates: Vec<String> =
        words::gates(diff).iter().map(|gate| format!("- {}\n", escaped(gate))).collect();
    if !gates.is_empty() {
        parts.push(gates.concat());
    }
    let warnings: Vec<String> =
        diff.warnings.iter().map(|warning| format!("- Warning: {}\n", escaped(warning))).collect();
    if !warnings.is_empty() {
        parts.push(warnings.concat());
    }
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
        parts.push(table(&["to note", base, new], &["", "", ""], &differing));
    }
    if !words::same(diff).is_empty() {
        parts.push(format!("The same: {}.\n", words::same(diff)));
    }
    for metric in diff.cells.chunk_by(|a, b| a.metric == b.metric) {
        parts.push(cells(diff, metric));
    }
    for (side, cells) in [(base, &diff.only_in_base), (new, &diff.only_in_new)] {
        if !cells.is_empty() {
            parts.push(format!("Only in {}: {}\n", escaped(side), escaped(&words::lone(cells))));
        }
    }
    parts.push(format!("{}.\n", escaped(&words::yardsticks(diff).join("; "))));
    if words::is_limited(diff) {
        parts.push(format!("{}\n", words::LIMIT));
    }
    parts.join("\n")
}

fn cells(diff: &Diff, cells: &[CellDiff]) -> String {
    let rows: Vec<Vec<String>> = cells
        .iter()
        .map(|cell| {
            let [ratio, range] = words::ratio_and_range(diff, cell);
            vec![
                words::word(cell.outcome, cell.metric).to_owned(),
                words::name(&cell.name, &cell.scenario),
                words::value(&cell.base, cell.metric, diff.relative),
                words::value(&cell.new, cell.metric, diff.relative),
                ratio,
                range,
                words::notes(diff, cell).join("; "),
            ]
        })
        .collect();
    let [base, new] = words::labels(diff);
    let metric = if diff.margins.len() > 1 { cells[0].metric.name() } else { "verdict" };
    table(
        &[metric, "cell", base, new, "ratio", "95 % interval", "note"],
        &["", "", "", "", ":", ":", ""],
        &rows,
    )
}

/// A table; `:` aligns a column to the right.
fn table(header: &[&str], align: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<String>| format!("| {} |\n", cells.join(" | "));
    let mut out = line(header.iter().map(|h| escaped(h)).collect());
    out += &line(align.iter().map(|a| format!("---{a}")).collect());
    for row in rows {
        out += &line(row.iter().map(|cell| escaped(cell)).collect());
    }
    out
}

/// Text that Markdown leaves alone: labels and reasons may hold any character.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if matches!(c, '\\' | '`' | '*' | '_' | '<' | '[' | ']' | '|' | '#') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}
