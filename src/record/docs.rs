//! The tables of `docs/record-format.md` are those of the row types.
//!
//! `INFLIGHT_BLESS=1 cargo test` writes them anew.

use std::fmt::Write as _;

use super::columns::{Column, Row};
use super::plan::PlanRow;
use super::{
    ConnectionRow, EarlierRow, EnvRow, LatencyRow, PredictionRow, RequestRow, TimelineRow, TrialRow,
};
use crate::tests::generated::same_part;

#[test]
fn the_tables_of_the_page_are_those_of_the_rows() {
    for (name, table) in [
        ("plan.csv", table::<PlanRow>()),
        ("trials.csv", table::<TrialRow>()),
        ("env.csv", table::<EnvRow>()),
        ("predictions.csv", table::<PredictionRow>()),
        ("earlier-predictions.csv", table::<EarlierRow>()),
        ("latency.csv.zst", table::<LatencyRow>()),
        ("requests", table::<RequestRow>()),
        ("connections", table::<ConnectionRow>()),
        ("timeline", table::<TimelineRow>()),
    ] {
        same_part("docs/record-format.md", &format!("columns of {name}"), &table);
    }
}

#[test]
fn every_column_has_words_and_a_day_that_can_be_compared() {
    for column in TrialRow::COLUMNS.iter().chain(RequestRow::COLUMNS) {
        assert!(!column.meaning.trim().is_empty(), "{}", column.name);
        let is_day = |text: &str| text.parse::<jiff::civil::Date>().is_ok();
        assert!(column.since.is_empty() || is_day(column.since), "{}", column.name);
    }
}

/// Words with a capital letter and a full stop: those of keys have neither.
fn sentence(words: &str) -> String {
    let mut chars = words.chars();
    let first = chars.next().into_iter().flat_map(char::to_uppercase);
    let stop = if words.ends_with('.') { "" } else { "." };
    format!("{}{stop}", first.chain(chars).collect::<String>())
}

/// The columns as a table of Markdown: from which side only where the type tells it.
fn table<T: Row>() -> String {
    let from = T::COLUMNS.iter().any(|column| !column.from.is_empty());
    let (head, line) = if from { ("from | ", "--- | ") } else { ("", "") };
    let mut text =
        format!("| column | form | {head}since | meaning |\n| --- | --- | {line}--- | --- |");
    for column in T::COLUMNS {
        let from = if from { format!("{} | ", column.from) } else { String::new() };
        let Column { name, since, meaning, .. } = column;
        let (form, meaning) = (form(column), sentence(meaning.trim()));
        let _ = write!(text, "\n| `{name}` | {form} | {from}{since} | {meaning} |");
    }
    text
}

/// The unit of a column, or else the kind of its values.
fn form(column: &Column) -> &'static str {
    let units =
        [("_ns", "ns"), ("_bytes", "bytes"), ("_ms", "ms"), ("_percent", "%"), ("_mhz", "MHz")];
    let unit = units.into_iter().find(|(end, _)| column.name.ends_with(end));
    let kind = column.kind.trim_start_matches("Option<").trim_end_matches('>');
    match (kind, unit) {
        ("Numbers", Some(("_ns", _))) => "list of ns",
        ("Numbers", _) => "list of bytes",
        (_, Some((_, unit))) => unit,
        ("String", _) => "text",
        ("ErrorClasses", _) => "list of counts",
        ("f64" | "u16" | "u32" | "u64" | "i32" | "usize", _) => "number",
        _ => "word",
    }
}
