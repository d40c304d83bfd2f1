//! The glossary of a report, for a reader who has nothing else at hand.

use super::facts::Facts;
use crate::page::{Block, Words, details, strong, words};
use crate::record::RecordError;

/// Each word, and its meaning. `docs/method.md` has the rules behind them.
const WORDS: [(&str, &str); 15] = [
    ("Scenario", "the requests, delays, network and server that its cells share."),
    ("Cell", "one strategy with one value of each of its settings, in one scenario."),
    ("Trial", "one run of a cell: fresh processes, all of its requests."),
    ("Block", "one trial of each cell, in random order. Cells are compared block by block."),
    ("Baseline", "the cell that the others are compared with."),
    ("Ideal", "the time of a strategy's schedule if nothing but the delays took time."),
    ("Efficiency, of ideal", "ideal ÷ wall time; 1, or 100 %, is as good as can be."),
    ("Median", "the middle one of the trials' values."),
    (
        "Interval",
        "holds the true value in 95 of 100 recordings like this one; the exact share stands beside it.",
    ),
    ("Margin", "a difference that does not matter, fixed before the recording."),
    ("A/A control", "one cell measured under two names: how far they differ is noise."),
    ("Faster, slower", "the whole interval of the ratio lies beyond the margin and the noise."),
    ("Equivalent", "the whole interval of the ratio lies within the margin."),
    ("Inconclusive", "neither of these; more blocks would tell."),
    ("Invalid", "a trial that measured something else than its cell names; no time of it is used."),
];

pub(super) fn section(_: &Facts) -> Result<Vec<Block>, RecordError> {
    let item = |(word, meaning): (&str, &str)| -> Words { words!((strong(word)) ": " meaning) };
    Ok(vec![details("What the words mean", vec![Block::List(WORDS.map(item).into())])])
}
