//! The body of every answer and of every upload: bytes that a seed decides, so that a reader can tell a
//! wrong body from a right one without having been sent either.

use bytes::{Bytes, BytesMut};

/// Bytes of a piece: each begins at another place of the seed's words. It is what a server and an upload
/// hand over at once: as much as a socket takes in one write without waiting for the reader, with
/// Linux's defaults (`tcp_wmem` grows from 16 KiB to megabytes).
pub const PIECE_BYTES: usize = 64 * 1024;

/// A body up to this length is the words of its seed, one after the other. Longer ones are made of them.
const PLAIN_BYTES: usize = 16 * PIECE_BYTES;

/// The words of a seed that a body of any length needs: a piece may begin at the last plain byte.
const BASE_BYTES: usize = PLAIN_BYTES + PIECE_BYTES;

/// Bytes of a word.
const WORD: usize = 8;

/// Odd, so that it visits each of the 65 536 odd places once, and near the golden ratio of them, so
/// that neighbours lie far apart.
const STRIDE: usize = 40_503;

/// A body of any length, held in a megabyte: its pieces are slices of the same words. Clones share
/// them.
///
/// The words are those of a SplitMix64 sequence: each is another value, and each piece of a body up to
/// 4 GiB begins at another one. So a piece that is missing, doubled or out of place changes the checksum.
#[derive(Debug, Clone, Default)]
pub struct Body {
    base: Bytes,
    length: usize,
}

impl Body {
    /// The first `length` bytes of the seed's pattern. A shorter pattern is the beginning of a longer one.
    pub fn new(seed: u64, length: usize) -> Body {
        let mut words = SplitMix64(seed);
        let held = length.min(BASE_BYTES);
        // Within the plain bytes no piece reaches beyond the end.
        let held = if length > PLAIN_BYTES { BASE_BYTES } else { held };
        let mut base = Vec::with_capacity(held.next_multiple_of(WORD));
        while base.len() < held {
            base.extend_from_slice(&words.next().to_le_bytes());
        }
        base.truncate(held);
        Body { base: Bytes::from(base), length }
    }

    /// Its length.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether it has no bytes.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Bytes from `at` on, `most` of them at most: as many as lie side by side. Empty at the end.
    pub fn part(&self, at: usize, most: usize) -> Bytes {
        let most = most.min(self.length.saturating_sub(at));
        if most == 0 {
            return Bytes::new();
        }
        let (from, side_by_side) = place(at);
        self.base.slice(from..from + most.min(side_by_side))
    }

    /// The bytes from `at` to `end`, copied only if they do not lie side by side.
    pub fn range(&self, at: usize, end: usize) -> Bytes {
        let first = self.part(at, end - at);
        if at + first.len() == end {
            return first;
        }
        let mut copy = BytesMut::with_capacity(end - at);
        copy.extend_from_slice(&first);
        while at + copy.len() < end {
            let next = self.part(at + copy.len(), end - at - copy.len());
            if next.is_empty() {
                break;
            }
            copy.extend_from_slice(&next);
        }
        copy.freeze()
    }

    /// Whether these bytes stand at `at`.
    pub fn has(&self, at: usize, mut bytes: &[u8]) -> bool {
        let mut at = at;
        while !bytes.is_empty() {
            let part = self.part(at, bytes.len());
            if part.is_empty() || bytes[..part.len()] != part {
                return false;
            }
            at += part.len();
            bytes = &bytes[part.len()..];
        }
        true
    }

    /// CRC-32 of the whole.
    pub fn checksum(&self) -> u32 {
        let (mut hasher, mut at) = (crc32fast::Hasher::new(), 0);
        while at < self.length {
            let part = self.part(at, PLAIN_BYTES);
            hasher.update(&part);
            at += part.len();
        }
        hasher.finalize()
    }
}

/// A few bytes as they are, such as a message.
impl From<String> for Body {
    fn from(text: String) -> Body {
        assert!(text.len() <= PLAIN_BYTES, "a message is short");
        Body { length: text.len(), base: Bytes::from(text) }
    }
}

/// Where the byte `at` of a body stands among the words of its seed, and how many bytes follow side by
/// side.
fn place(at: usize) -> (usize, usize) {
    if at < PLAIN_BYTES {
        return (at, PLAIN_BYTES - at);
    }
    let (piece, within) = (at / PIECE_BYTES, at % PIECE_BYTES);
    // Odd words: the plain pieces begin at even ones.
    let words = PLAIN_BYTES / WORD;
    let word = 2 * (piece.wrapping_mul(STRIDE) % (words / 2)) + 1;
    (word * WORD + within, PIECE_BYTES - within)
}

/// CRC-32 of a body.
#[cfg(test)]
pub fn checksum(body: &[u8]) -> u32 {
    crc32fast::hash(body)
}

/// A whole body in memory.
#[cfg(test)]
pub fn pattern(seed: u64, length: usize) -> Bytes {
    Body::new(seed, length).range(0, length)
}

/// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators" (2014); the constants
/// are theirs.
struct SplitMix64(u64);

impl SplitMix64 {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_shorter_pattern_begins_a_longer_one() {
        let long = pattern(1, 2 * PLAIN_BYTES);
        for len in [0, 1, 7, 8, 9, 999, 1_000, PLAIN_BYTES, PLAIN_BYTES + 1, BASE_BYTES] {
            assert_eq!(pattern(1, len), long[..len]);
        }
    }

    #[test]
    fn seeds_have_different_patterns() {
        assert_ne!(pattern(1, 64), pattern(2, 64));
        assert_ne!(checksum(&pattern(1, 64)), checksum(&pattern(2, 64)));
    }

    #[test]
    fn the_pattern_of_a_seed_never_changes() {
        // The first word of SplitMix64 from 0, as published, and the CRC-32 of its check string.
        assert_eq!(pattern(0, 8), 0xe220_a839_7b1d_cdaf_u64.to_le_bytes()[..]);
        assert_eq!(checksum(b"123456789"), 0xcbf4_3926);
        let mut words = SplitMix64(3);
        let plain: Vec<u8> =
            (0..PLAIN_BYTES / WORD).flat_map(|_| words.next().to_le_bytes()).collect();
        assert_eq!(pattern(3, PLAIN_BYTES), plain);
    }

    #[test]
    fn a_body_of_a_gigabyte_is_held_in_a_megabyte_and_repeats_no_piece() {
        let body = Body::new(1, 1 << 30);
        assert_eq!(body.base.len(), BASE_BYTES);
        let pieces = body.len() / PIECE_BYTES;
        let begins = (0..pieces).map(|piece| body.part(piece * PIECE_BYTES, 2 * WORD));
        assert_eq!(begins.collect::<HashSet<_>>().len(), pieces);
        assert_eq!(body.part(body.len() - 1, 9).len(), 1);
        assert!(body.part(body.len(), 1).is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_body_in_pieces_is_the_whole_one(
            length in 0..3 * PLAIN_BYTES,
            most in 1usize..3 * PIECE_BYTES,
            from in any::<prop::sample::Index>(),
        ) {
            let (body, whole) = (Body::new(5, length), pattern(5, length));
            let mut at = 0;
            while at < length {
                let part = body.part(at, most);
                prop_assert!(!part.is_empty() && part.len() <= most);
                prop_assert_eq!(&part, &whole[at..at + part.len()]);
                at += part.len();
            }
            prop_assert!(body.part(length, most).is_empty());
            prop_assert_eq!(body.checksum(), checksum(&whole));
            let from = from.index(length + 1);
            let end = (from + most).min(length);
            prop_assert_eq!(body.range(from, end), &whole[from..end]);
            prop_assert!(body.has(from, &whole[from..end]));
            if from < end {
                let mut wrong = whole[from..end].to_vec();
                let last = wrong.len() - 1;
                wrong[last] ^= 1;
                prop_assert!(!body.has(from, &wrong));
            }
            prop_assert!(!body.has(end, &whole[from..end]) || from == end);
        }

        /// A piece that is left out, sent twice or sent in the place of another is seen.
        #[test]
        fn a_piece_out_of_place_changes_the_checksum(
            pieces in 17usize..60, one in any::<prop::sample::Index>(), other in any::<prop::sample::Index>(),
        ) {
            let whole = pattern(9, pieces * PIECE_BYTES);
            let (one, other) = (one.index(pieces), other.index(pieces));
            let piece = |n: usize| &whole[n * PIECE_BYTES..(n + 1) * PIECE_BYTES];
            let swapped = |n: usize| match n {
                n if n == one => piece(other),
                n if n == other => piece(one),
                n => piece(n),
            };
            let sum = |order: &mut dyn Iterator<Item = usize>, place: &dyn Fn(usize) -> usize| {
                let mut hasher = crc32fast::Hasher::new();
                order.for_each(|n| hasher.update(piece(place(n))));
                hasher.finalize()
            };
            let right = Body::new(9, whole.len()).checksum();
            prop_assert_eq!(sum(&mut (0..pieces), &|n| n), right);
            prop_assert_ne!(sum(&mut (0..pieces), &|n| if n == one { (one + 1) % pieces } else { n }), right);
            let mut hasher = crc32fast::Hasher::new();
            (0..pieces).for_each(|n| hasher.update(swapped(n)));
            prop_assert_eq!(hasher.finalize() == right, one == other);
        }
    }
}
