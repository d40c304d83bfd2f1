//! The pieces of bodies: how many, how large, and how far apart.

use hdrhistogram::Histogram;

use crate::analyse::median;
use crate::page::{Block, Table, blocks, cells, heading, term, words};
use crate::record::{Numbers, RecordError};
use crate::spec::Scenario;

use super::facts::Facts;
use super::numbers::{UNKNOWN, about, bytes, ns, percent};
use super::requests::{Counts, p99};

/// Which way a body goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Direction {
    /// That of an answer, as its library handed it over.
    Received,
    /// That of a request, as its library took it.
    Sent,
}

impl Direction {
    /// Both.
    pub(super) const ALL: [Direction; 2] = [Direction::Received, Direction::Sent];

    fn name(self) -> &'static str {
        match self {
            Direction::Received => "received",
            Direction::Sent => "sent",
        }
    }
}

/// What the pieces of the successful requests that have any say.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PieceNumbers {
    /// Pieces of a body, median.
    pieces: f64,
    /// Bytes of a piece, median; `None` where they are not told.
    bytes: Option<f64>,
    /// From one piece to the next, nanoseconds: half were no longer.
    gap_p50_ns: f64,
    /// Of a hundred 99 were no longer; `None` of too few.
    gap_p99_ns: Option<f64>,
    /// From the first piece to the last, median.
    span_ns: f64,
    /// Share of the successful requests.
    share: f64,
}

impl PieceNumbers {
    /// The median over the trials of each number; `None` without a trial.
    pub(super) fn over_trials(all: &[PieceNumbers]) -> Option<PieceNumbers> {
        let middle = |of: fn(&PieceNumbers) -> Option<f64>| {
            median(&all.iter().filter_map(of).collect::<Vec<_>>()).ok().map(|e| e.value)
        };
        Some(PieceNumbers {
            pieces: middle(|n| Some(n.pieces))?,
            bytes: middle(|n| n.bytes),
            gap_p50_ns: middle(|n| Some(n.gap_p50_ns))?,
            gap_p99_ns: middle(|n| n.gap_p99_ns),
            span_ns: middle(|n| Some(n.span_ns))?,
            share: middle(|n| Some(n.share))?,
        })
    }
}

/// The pieces of a trial, counted.
#[derive(Default)]
pub(super) struct PieceCounts([Option<OneWay>; Direction::ALL.len()]);

/// Those of one direction.
struct OneWay {
    pieces: Counts,
    bytes: Counts,
    gaps: Counts,
    spans: Counts,
}

impl PieceCounts {
    /// Adds a request: when its pieces were received, their bytes, and when its own were sent.
    pub(super) fn add(&mut self, [received, bytes, sent]: &[Numbers; 3]) {
        self.add_to(Direction::Received, &received.0, &bytes.0);
        self.add_to(Direction::Sent, &sent.0, &[]);
    }

    /// Of a single piece there is nothing to say.
    fn add_to(&mut self, direction: Direction, at_ns: &[u64], bytes: &[u64]) {
        let [first, .., last] = at_ns else { return };
        let counts = self.0[direction as usize].get_or_insert_with(|| OneWay {
            pieces: Counts::new(),
            bytes: Counts::new(),
            gaps: Counts::new(),
            spans: Counts::new(),
        });
        counts.pieces.add(at_ns.len() as u64);
        counts.spans.add(last.saturating_sub(*first));
        at_ns.windows(2).for_each(|w| counts.gaps.add(w[1].saturating_sub(w[0])));
        bytes.iter().for_each(|&bytes| counts.bytes.add(bytes));
    }

    /// What they say, of so many successful requests.
    pub(super) fn numbers(self, succeeded: u64) -> [Option<PieceNumbers>; Direction::ALL.len()] {
        self.0.map(|counts| {
            let OneWay { pieces, bytes, gaps, spans } = counts?;
            let at = |of: &Histogram<u32>, quantile| of.value_at_quantile(quantile) as f64;
            let (pieces, bytes, gaps) = (pieces.histogram(), bytes.histogram(), gaps.histogram());
            Some(PieceNumbers {
                pieces: at(&pieces, 0.5),
                bytes: (!bytes.is_empty()).then(|| at(&bytes, 0.5)),
                gap_p50_ns: at(&gaps, 0.5),
                gap_p99_ns: p99(&gaps),
                span_ns: at(&spans.histogram(), 0.5),
                share: pieces.len() as f64 / succeeded as f64,
            })
        })
    }
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_between_pieces_and_a_single_piece_is_none() {
        let list = |numbers: &[u64]| Numbers(numbers.to_vec());
        let mut counts = PieceCounts::default();
        counts.add(&[list(&[1_000, 2_000, 5_000]), list(&[10, 20, 10]), list(&[7])]);
        counts.add(&[list(&[]), list(&[]), list(&[])]);
        let [received, sent] = counts.numbers(2);
        assert_eq!(sent, None);
        let wanted = PieceNumbers {
            pieces: 3.0,
            bytes: Some(10.0),
            gap_p50_ns: 1_000.0,
            // Of two gaps there is none.
            gap_p99_ns: None,
            span_ns: 4_000.0,
            share: 0.5,
        };
        let received = received.expect("three pieces");
        assert_eq!(received.pieces, wanted.pieces);
        // Percentiles are told to three digits.
        let near = |a: f64, b: f64| (a / b - 1.0).abs() < 0.002;
        assert!(near(received.gap_p50_ns, wanted.gap_p50_ns), "{received:?}");
        assert_eq!(received.gap_p99_ns, wanted.gap_p99_ns);
        assert!(near(received.span_ns, wanted.span_ns), "{received:?}");
        assert_eq!((received.bytes, received.share), (wanted.bytes, wanted.share));
        assert_eq!(PieceNumbers::over_trials(&[received, received]), Some(received));
        assert_eq!(PieceNumbers::over_trials(&[]), None);
    }
}
