//! The table of keys: every key of the experiment file, once.

mod blocks;
mod claims;
mod selectors;
mod server;
mod strategy;
mod workload;

use super::RecordLevel;
use super::forms::{Duration, Integer, Line, MOST, OneOf, Percent, Word};
use super::key::{Key, TableForm};
use crate::delay::LONGEST_NS;

// A glob, so that a key stands in the file of its table and nowhere else.
pub(super) use self::{blocks::*, claims::*, selectors::*, server::*, strategy::*, workload::*};

pub(super) static TITLE: Key<Line> = Key::required(
    "title",
    Line { example: "\"Is async worth it?\"" },
    "one line, shown at the top of the report",
);
pub(super) static QUESTION: Key<Line> = Key::required(
    "question",
    Line { example: "\"How long do 100 requests take?\"" },
    "what the report answers",
);
pub(super) static SEED: Key<Integer<u64>> = Key::optional(
    "seed",
    Integer { least: 0, most: MOST, make: Some, example: "1" },
    "seed of the delays and of the body; the same seed gives every strategy the same delays",
)
.default("1")
.many();
pub(super) static RECORD: Key<OneOf<RecordLevel>> = Key::optional(
    "record",
    OneOf { all: record_levels, example: "\"all\"", other: None },
    "which rows of single requests are kept",
)
.default("\"sample\"");
pub(super) static MARGIN: Key<Percent> =
    Key::optional("margin", Percent, "a ratio within 1 ± this is no difference that matters")
        .default("\"2%\"");
pub(super) static DEADLINE: Key<Duration> = Key::optional(
    "deadline",
    Duration { least: MS, most: LONGEST_NS, example: "\"60s\"" },
    "a trial that takes longer is killed and counts as failed",
)
.otherwise("derived from the ideal time");

/// The top level.
pub(super) static FILE: TableForm = TableForm {
    title: "the experiment",
    doc: "An experiment: which way of issuing many HTTP requests is best, and at what cost.",
    keys: &[
        &TITLE, &QUESTION, &SEED, &RECORD, &MARGIN, &DEADLINE, &WORKLOAD, &SERVER, &STRATEGY,
        &BASELINE, &CONTROL, &EXCLUDE, &BLOCKS, &CLAIM, &GATE,
    ],
    either: &[],
};

const MS: u64 = 1_000_000;

fn record_levels() -> Vec<Word<RecordLevel>> {
    let word = |word, value, doc: &str| Word { word, value, doc: doc.to_owned() };
    vec![
        word("sample", RecordLevel::Sample, "of one trial of each cell, the first 1 000"),
        word("all", RecordLevel::All, "of every trial, all"),
        word("none", RecordLevel::None, "none"),
    ]
}

/// Every table of the file under its title.
pub(super) fn tables() -> [&'static TableForm; 9] {
    [
        &FILE,
        WORKLOAD.table,
        SERVER.table,
        STRATEGY.table,
        EXCLUDE.table,
        BLOCKS.table,
        UNTIL.table,
        CLAIM.table,
        GATE.table,
    ]
}

/// The tables that have a key of this name, selectors left out.
pub(super) fn tables_with(name: &str) -> Vec<&'static str> {
    let has = |t: &&'static TableForm| t.keys.iter().any(|k| k.name() == name);
    let selects = |t: &&'static TableForm| t.title == EXCLUDE.table.title;
    tables().into_iter().filter(|t| has(t) && !selects(t)).map(|t| t.title).collect()
}
