//! The pieces of bodies: how many, how large, and how far apart.

use crate::page::{Block, Table, blocks, cells, heading, term, words};
use crate::record::RecordError;
use crate::spec::Scenario;

use super::facts::Facts;
use super::numbers::{UNKNOWN, about, bytes, ns, percent};
use super::requests::Direction;

/// The pieces of every cell that has rows with any; nothing where there are none.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut table = Table::new(["cell", "body"])
        .numbers(["pieces", "bytes of a piece", "from one to the next, p50 / p99"])
        .numbers(["planned", "first to last", "requests"]);
    for cell in 0..facts.plan().cells.len() {
        let scenario = facts.plan().scenario_of(facts.cell(cell));
        for direction in Direction::ALL {
            let Some(numbers) = facts.digest(cell)?.pieces[direction as usize] else { continue };
            let p99 = numbers.gap_p99_ns.map_or_else(|| UNKNOWN.to_owned(), ns);
            table.row(cells![
                facts.full_code(cell),
                direction.name(),
                about(numbers.pieces),
                numbers.bytes.map_or_else(|| UNKNOWN.to_owned(), bytes),
                format!("{} / {p99}", ns(numbers.gap_p50_ns)),
                planned(direction, scenario),
                ns(numbers.span_ns),
                percent(numbers.share),
            ]);
        }
    }
    if table.is_empty() {
        return Ok(Vec::new());
    }
    let meaning = words!(
        "Bodies that went in more than one piece, from the request rows that were kept; medians of \
         the successful requests, then over the trials. " (term("Received")) " is as a library hands \
         an answer over: it may join what was sent apart, and cut what was sent as one. "
        (term("Sent")) " is as it takes the body of a request, 64 KiB at a time. Of fewer than 100 \
         pauses there is no p99. Of more than 10 000 pieces of a body the first are told. "
        (term("Planned")) " is the pause of the server between two pieces."
    );
    Ok(blocks![heading(2, "Pieces of bodies"), table, meaning])
}

fn planned(direction: Direction, scenario: &Scenario) -> String {
    match direction {
        Direction::Received if scenario.chunks > 1 => ns(scenario.chunk_delay_ns as f64),
        _ => UNKNOWN.to_owned(),
    }
}
