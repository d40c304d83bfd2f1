//! The body of every answer: bytes that a seed decides, so that a client can tell a wrong body
//! from a right one without having been sent either.

use bytes::Bytes;

/// The first `len` bytes of the seed's pattern. A shorter pattern is the beginning of a longer one.
///
/// The bytes are those of a SplitMix64 sequence: each eight are another value, so a piece that is
/// missing, doubled or out of place changes the checksum; and a gigabyte takes about a second.
pub fn pattern(seed: u64, len: usize) -> Bytes {
    let mut words = SplitMix64(seed);
    let mut bytes = Vec::with_capacity(len.next_multiple_of(8));
    while bytes.len() < len {
        bytes.extend_from_slice(&words.next().to_le_bytes());
    }
    bytes.truncate(len);
    Bytes::from(bytes)
}

/// CRC-32 of a body.
pub fn checksum(body: &[u8]) -> u32 {
    crc32fast::hash(body)
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
    use super::*;

    #[test]
    fn a_shorter_pattern_begins_a_longer_one() {
        let long = pattern(1, 1_000);
        for len in [0, 1, 7, 8, 9, 999, 1_000] {
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
    }
}
