//! The pieces of an answer that is coming in, as its record will have them: some four bytes each.
//!
//! Thousands of pieces of each of many large bodies at once would otherwise be megabytes of the harness's
//! in the client's memory.

use super::{Piece, Record, take_step};

/// Pieces in the order in which they came.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::client) struct Received {
    count: u32,
    last: Piece,
    /// Time and size of each, as steps from the piece before.
    bytes: Vec<u8>,
}

impl Received {
    /// One more piece.
    pub(in crate::client) fn push(&mut self, piece: Piece) {
        let mut record = Record::default();
        record.put_step(self.last.at_ns, piece.at_ns);
        record.put_step(self.last.bytes, piece.bytes);
        self.bytes.extend_from_slice(record.bytes());
        self.last = piece;
        self.count += 1;
    }

    /// Number of pieces.
    pub(in crate::client) fn len(&self) -> usize {
        self.count as usize
    }

    /// Each of them.
    pub(in crate::client) fn iter(&self) -> impl Iterator<Item = Piece> {
        let (mut rest, mut last) = (&self.bytes[..], Piece::default());
        (0..self.count).map(move |_| {
            last = after(last, &mut rest);
            last
        })
    }

    /// The pieces alone, without their number.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// So many pieces from the front of these bytes.
    pub(super) fn take(count: u64, bytes: &mut &[u8]) -> Received {
        let mut received = Received::default();
        (0..count).for_each(|_| received.push(after(received.last, bytes)));
        received
    }
}

/// The piece after another.
fn after(last: Piece, bytes: &mut &[u8]) -> Piece {
    Piece { at_ns: take_step(bytes, last.at_ns), bytes: take_step(bytes, last.bytes) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn every_piece_is_found_again(all in prop::collection::vec(any::<(u64, u64)>(), 0..40)) {
            let all: Vec<Piece> = all.into_iter().map(|(at_ns, bytes)| Piece { at_ns, bytes }).collect();
            let mut received = Received::default();
            all.iter().for_each(|&piece| received.push(piece));
            prop_assert_eq!(received.len(), all.len());
            prop_assert_eq!(received.iter().collect::<Vec<_>>(), all);
        }
    }

    #[test]
    fn ten_thousand_pieces_of_a_usual_body_are_small() {
        let mut received = Received::default();
        for piece in 0..10_000 {
            received.push(Piece { at_ns: piece * 5_000 + piece % 7 * 311, bytes: 8_192 });
        }
        assert!(received.bytes.capacity() <= 64 * 1024, "{} B", received.bytes.capacity());
    }
}
