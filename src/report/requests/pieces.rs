//! The pieces of bodies, counted: how many, how large, and how far apart.

use hdrhistogram::Histogram;

use super::counts::{Counts, p99};
use crate::analyse::median;
use crate::record::Numbers;

/// Direction of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::report) enum Direction {
    /// The body of an answer, as its library handed it over.
    Received,
    /// The body of a request, as its library took it.
    Sent,
}

impl Direction {
    /// Both.
    pub(in crate::report) const ALL: [Direction; 2] = [Direction::Received, Direction::Sent];

    pub(in crate::report) fn name(self) -> &'static str {
        match self {
            Direction::Received => "received",
            Direction::Sent => "sent",
        }
    }
}

/// Numbers from the pieces of successful requests that have any.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(in crate::report) struct PieceNumbers {
    /// Pieces of a body, median.
    pub(in crate::report) pieces: f64,
    /// Bytes of a piece, median; `None` where they are not told.
    pub(in crate::report) bytes: Option<f64>,
    /// From one piece to the next, nanoseconds: half were no longer.
    pub(in crate::report) gap_p50_ns: f64,
    /// 99th percentile of the gaps, nanoseconds; `None` of too few.
    pub(in crate::report) gap_p99_ns: Option<f64>,
    /// From the first piece to the last, median.
    pub(in crate::report) span_ns: f64,
    /// Share of the successful requests.
    pub(in crate::report) share: f64,
}

impl PieceNumbers {
    /// The median over the trials of each number; `None` without a trial.
    pub(in crate::report) fn over_trials(all: &[PieceNumbers]) -> Option<PieceNumbers> {
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
pub(in crate::report) struct PieceCounts([Option<OneWay>; Direction::ALL.len()]);

/// Counts of one direction.
struct OneWay {
    pieces: Counts,
    bytes: Counts,
    gaps: Counts,
    spans: Counts,
}

impl PieceCounts {
    /// Adds a request: when its pieces were received, their bytes, and when its own were sent.
    pub(in crate::report) fn add(&mut self, [received, bytes, sent]: &[Numbers; 3]) {
        self.add_to(Direction::Received, &received.0, &bytes.0);
        self.add_to(Direction::Sent, &sent.0, &[]);
    }

    /// Adds the pieces of one body; a single piece has no gaps and is left out.
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

    /// Their numbers, as a share of so many successful requests.
    pub(in crate::report) fn numbers(
        self,
        succeeded: u64,
    ) -> [Option<PieceNumbers>; Direction::ALL.len()] {
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
