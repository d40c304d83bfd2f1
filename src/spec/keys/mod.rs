//! Tables of the experiment file, and every key that is no factor, once. Factors are in
//! [`super::factor`].

mod blocks;
mod claims;
mod programs;
mod selectors;
mod services;
mod tables;

use super::RecordLevel;
use super::factor::keys_of;
use super::forms::{Duration, Line, OneOf, Percent, Word};
use super::key::{AnyKey, Key, TableForm};
use crate::delay::LONGEST_NS;

// A glob, so that a key stands in the file of its table and nowhere else.
pub(super) use self::{blocks::*, claims::*, programs::*, selectors::*, services::*, tables::*};

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
pub(super) static RECORD: Key<OneOf<RecordLevel>> = Key::optional(
    "record",
    OneOf::new(record_levels, "\"all\""),
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
    keys: || {
        let keys: [&dyn AnyKey; 17] = [
            &TITLE,
            &QUESTION,
            &RECORD,
            &MARGIN,
            &DEADLINE,
            &WORKLOAD,
            &SERVER,
            &PROGRAM_FILES,
            &PROGRAM,
            &SERVICE,
            &STRATEGY,
            &BASELINE,
            &CONTROL,
            &EXCLUDE,
            &BLOCKS,
            &CLAIM,
            &GATE,
        ];
        let mut keys = Vec::from(keys);
        keys.splice(2..2, keys_of("the experiment"));
        keys
    },
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
pub(super) fn tables() -> [&'static TableForm; 11] {
    [
        &FILE,
        WORKLOAD.table,
        SERVER.table,
        PROGRAM.table,
        SERVICE.table,
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
    let has = |t: &&'static TableForm| t.keys().any(|k| k.name() == name);
    let selects = |t: &&'static TableForm| t.title == EXCLUDE.table.title;
    tables().into_iter().filter(|t| has(t) && !selects(t)).map(|t| t.title).collect()
}
