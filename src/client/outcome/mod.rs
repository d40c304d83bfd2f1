//! The end of a request: its times, its row in the record, and the few bytes that the log keeps of it.
//!
//! A record in the log is a line of numbers, each as many bytes as it needs: flags for what is there and
//! what is as expected, then differences: from the record before it (index and end), and from
//! one mark of the request to the next. The pieces of its bodies follow, where they are told one by one.

mod received;

use self::received::Received;
use crate::dns::Source;
use crate::protocol::ClientConfig;
use crate::record::{Numbers, RequestRow};
use crate::strategy::failure::Failure;
use crate::strategy::probe::{Carried, PerLibraryPhase, Phase};

/// End of one request. Times are nanoseconds since the start of the window.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub(super) scheduled_ns: u64,
    pub(super) start_ns: u64,
    pub(super) seen: Option<Seen>,
    pub(super) head_ns: Option<u64>,
    pub(super) first_body_ns: Option<u64>,
    pub(super) end_ns: u64,
    pub(super) served_delay_ns: Option<u64>,
    pub(super) status: Option<u16>,
    pub(super) body_bytes: u64,
    pub(super) chunks: u32,
    pub(super) pieces: Option<Box<Pieces>>,
    pub(super) failure: Option<Box<Failure>>,
}

/// The pieces of a request's bodies, one by one. Most requests have none of these: one without a body,
/// whose answer comes in one piece, has all of it in its other marks.
#[derive(Debug, Clone, Default)]
pub(super) struct Pieces {
    /// Pieces of the answer, if they are more than one.
    pub(super) received: Received,
    /// When each of the request's own was taken by the library.
    pub(super) sent_ns: Vec<u64>,
}

/// A piece of an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Piece {
    pub(super) at_ns: u64,
    pub(super) bytes: u64,
}

/// A library's view of a request: its [`Marks`](crate::strategy::probe::Marks) as nanoseconds since
/// the start of the window.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Seen {
    /// When each of [`Phase::OF_LIBRARY`] ended.
    pub(super) ends_ns: PerLibraryPhase<Option<u64>>,
    pub(super) source: Option<Source>,
    pub(super) carried: Option<Carried>,
    pub(super) sent_chunks: u32,
    pub(super) redirects: u32,
}

impl Outcome {
    /// When each phase ended, in order; empty where nobody can tell.
    pub(super) fn ends_ns(&self) -> [(Phase, Option<u64>); Phase::ALL.len()] {
        let library = self.library_ends_ns();
        Phase::ALL.map(|phase| {
            let end = match phase {
                Phase::Queue => Some(self.start_ns),
                Phase::Wait => self.head_ns,
                Phase::Receive => Some(self.end_ns),
                other => library[other as usize - Phase::Pool as usize],
            };
            (phase, end)
        })
    }

    fn library_ends_ns(&self) -> PerLibraryPhase<Option<u64>> {
        self.seen.map(|seen| seen.ends_ns).unwrap_or_default()
    }

    /// From handing the request to the library to its last checked byte.
    pub(super) fn service_ns(&self) -> u64 {
        self.end_ns - self.start_ns
    }

    /// Its row in the record.
    pub(super) fn row(self, config: &ClientConfig, index: u32) -> RequestRow {
        let [pool_ns, dns_ns, connect_ns, tls_ns, stream_ns, send_ns] = self.library_ends_ns();
        let (error, errno, error_chain) = match self.failure {
            Some(failure) => (Some(failure.class.to_string()), failure.errno, Some(failure.chain)),
            None => (None, None, None),
        };
        let pieces = self.pieces.map(|pieces| *pieces).unwrap_or_default();
        let (chunk_ns, chunk_bytes) = pieces.received.iter().map(|p| (p.at_ns, p.bytes)).unzip();
        RequestRow {
            index,
            scheduled_ns: self.scheduled_ns,
            start_ns: self.start_ns,
            pool_ns,
            dns_ns,
            connect_ns,
            tls_ns,
            stream_ns,
            send_ns,
            head_ns: self.head_ns,
            first_body_ns: self.first_body_ns,
            end_ns: self.end_ns,
            planned_delay_ns: config.planned().ns(index.into()),
            served_delay_ns: self.served_delay_ns,
            status: self.status,
            body_bytes: self.body_bytes,
            chunks: Some(self.chunks),
            chunk_ns: Numbers(chunk_ns),
            chunk_bytes: Numbers(chunk_bytes),
            sent_chunk_ns: Numbers(pieces.sent_ns),
            sent_chunks: self.seen.map(|s| s.sent_chunks),
            redirects: self.seen.map(|s| s.redirects),
            connection: self.seen.and_then(|s| s.carried).map(|c| c.connection),
            nth: self.seen.and_then(|s| s.carried).map(|c| c.nth),
            dns: self.seen.and_then(|s| s.source),
            error,
            errno,
            error_chain,
        }
    }
}

/// The longest record without pieces: flags, and at most nineteen numbers of at most 9 bytes each; and a word that the
/// last one is written as.
const LONGEST_BYTES: usize = 192;

/// Values that the next record is written relative to; zeros at the start of a chunk.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Before {
    pub(super) index: u32,
    pub(super) end_ns: u64,
}

/// Optional parts of a record: all but its index, its end, and the marks that every request has.
mod flag {
    pub(super) const HEAD: u64 = 1;
    pub(super) const FIRST_BODY: u64 = 1 << 1;
    pub(super) const SERVED: u64 = 1 << 2;
    /// Status 200, the expected body in one piece, no failure.
    pub(super) const PLAIN: u64 = 1 << 3;
    pub(super) const STATUS: u64 = 1 << 4;
    pub(super) const FAILED: u64 = 1 << 5;
    pub(super) const SEEN: u64 = 1 << 6;
    /// The end of the first phase of the library; those of the others follow.
    pub(super) const END: u64 = 1 << 7;
    pub(super) const CARRIED: u64 = 1 << 13;
    /// Pieces of the request, redirects and the source of the name.
    pub(super) const MORE: u64 = 1 << 14;
    pub(super) const PIECES: u64 = 1 << 15;
}

/// A record on its way into the log.
pub(super) struct Record {
    bytes: [u8; LONGEST_BYTES],
    len: usize,
}

impl Default for Record {
    fn default() -> Record {
        Record { bytes: [0; LONGEST_BYTES], len: 0 }
    }
}

impl Record {
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// Seven bits of a number in each byte, as in LEB128, but how many bytes there are stands in the
    /// first one (so many zeros, then a one), and the others need no marks: it is one word to write and
    /// to read. More than 56 bits follow a zero byte as they are.
    fn put(&mut self, number: u64) {
        let bits = u64::BITS - (number | 1).leading_zeros();
        let (word, length) = match bits.div_ceil(7) {
            length @ ..9 => (number << length | 1 << (length - 1), length as usize),
            _ => {
                self.bytes[self.len] = 0;
                self.len += 1;
                (number, 8)
            }
        };
        self.bytes[self.len..self.len + 8].copy_from_slice(&word.to_le_bytes());
        self.len += length;
    }

    /// The way from one number to another, forward or back.
    fn put_step(&mut self, from: u64, to: u64) {
        let step = to.wrapping_sub(from) as i64;
        self.put(((step << 1) ^ (step >> 63)) as u64);
    }

    pub(super) fn encode(
        &mut self,
        before: Before,
        index: u32,
        outcome: &Outcome,
        failure: Option<u32>,
        expected_bytes: u64,
    ) {
        let flags = flags_of(outcome, expected_bytes);
        self.put(flags);
        self.put_step(before.index.into(), index.into());
        self.put_step(before.end_ns, outcome.end_ns);
        // Back from the end, so that a record's own marks are steps too.
        let mut last = outcome.end_ns;
        self.put_step(last, outcome.scheduled_ns);
        last = outcome.scheduled_ns;
        for mark in marks(outcome).into_iter().flatten() {
            self.put_step(last, mark);
            last = mark;
        }
        if let Some(served) = outcome.served_delay_ns {
            // Most of the time to the head is the delay: what is left is short.
            self.put_step(outcome.head_ns.unwrap_or(0).wrapping_sub(outcome.start_ns), served);
        }
        if flags & flag::PLAIN == 0 {
            self.put(outcome.body_bytes);
            self.put(outcome.chunks.into());
        }
        if flags & flag::STATUS != 0 {
            self.put(outcome.status.unwrap_or(0).into());
        }
        if let Some(failure) = failure {
            self.put(failure.into());
        }
        let Some(seen) = outcome.seen else { return };
        if let Some(Carried { connection, nth }) = seen.carried {
            self.put(connection.into());
            self.put(nth.into());
        }
        if flags & flag::MORE != 0 {
            self.put(seen.sent_chunks.into());
            self.put(seen.redirects.into());
            self.put(number_of(seen.source));
        }
    }
}

/// The marks between `scheduled` and the end that are there, in order.
fn marks(outcome: &Outcome) -> [Option<u64>; 9] {
    let [pool, dns, connect, tls, stream, send] = outcome.library_ends_ns();
    let (start, head) = (Some(outcome.start_ns), outcome.head_ns);
    [start, pool, dns, connect, tls, stream, send, head, outcome.first_body_ns]
}

fn flags_of(outcome: &Outcome, expected_bytes: u64) -> u64 {
    let plain = outcome.status == Some(200)
        && outcome.body_bytes == expected_bytes
        && outcome.chunks == u32::from(expected_bytes > 0)
        && outcome.failure.is_none();
    let mut flags = 0;
    let mut set = |flag: u64, is: bool| flags |= if is { flag } else { 0 };
    set(flag::HEAD, outcome.head_ns.is_some());
    set(flag::FIRST_BODY, outcome.first_body_ns.is_some());
    set(flag::SERVED, outcome.served_delay_ns.is_some());
    set(flag::PLAIN, plain);
    set(flag::STATUS, !plain && outcome.status.is_some());
    set(flag::FAILED, outcome.failure.is_some());
    set(flag::PIECES, outcome.pieces.is_some());
    if let Some(seen) = &outcome.seen {
        set(flag::SEEN, true);
        for (place, end) in seen.ends_ns.iter().enumerate() {
            set(flag::END << place, end.is_some());
        }
        set(flag::CARRIED, seen.carried.is_some());
        let more = seen.sent_chunks > 0 || seen.redirects > 0 || seen.source.is_some();
        set(flag::MORE, more);
    }
    flags
}

/// Pieces by their number, then each by its step from the one before; no step depends on another
/// record.
pub(super) fn encode_pieces(pieces: &Pieces) -> Vec<u8> {
    let mut bytes = Vec::new();
    let put = |from: u64, to: u64, bytes: &mut Vec<u8>| {
        let mut number = Record::default();
        number.put_step(from, to);
        bytes.extend_from_slice(number.bytes());
    };
    put(0, pieces.received.len() as u64, &mut bytes);
    bytes.extend_from_slice(pieces.received.bytes());
    put(0, pieces.sent_ns.len() as u64, &mut bytes);
    let mut last = 0;
    for &at_ns in &pieces.sent_ns {
        put(last, at_ns, &mut bytes);
        last = at_ns;
    }
    bytes
}

fn decode_pieces(bytes: &mut &[u8]) -> Pieces {
    let received = Received::take(take_step(bytes, 0), bytes);
    let mut step = |from: u64| take_step(bytes, from);
    let mut last = 0;
    let sent_ns = (0..step(0)).map(|_| {
        last = step(last);
        last
    });
    Pieces { received, sent_ns: sent_ns.collect() }
}

fn number_of(source: Option<Source>) -> u64 {
    match source {
        None => 0,
        Some(Source::Query) => 1,
        Some(Source::Hit) => 2,
        Some(Source::Coalesced) => 3,
    }
}

fn source_of(number: u64) -> Option<Source> {
    match number {
        1 => Some(Source::Query),
        2 => Some(Source::Hit),
        3 => Some(Source::Coalesced),
        _ => None,
    }
}

fn take(bytes: &mut &[u8]) -> u64 {
    let length = bytes.first().expect("a record that was written whole").trailing_zeros() + 1;
    if length > 8 {
        let (word, rest) = bytes[1..].split_first_chunk().expect("a number that was written whole");
        *bytes = rest;
        return u64::from_le_bytes(*word);
    }
    let word = match bytes.first_chunk() {
        Some(word) => u64::from_le_bytes(*word),
        // The last numbers of a chunk.
        None => bytes.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte)),
    };
    *bytes = &bytes[length as usize..];
    let unused = u64::BITS - 8 * length;
    word << unused >> unused >> length
}

fn take_small(bytes: &mut &[u8]) -> u32 {
    u32::try_from(take(bytes)).expect("a number that was 32 bits when it was written")
}

fn take_step(bytes: &mut &[u8], from: u64) -> u64 {
    let folded = take(bytes);
    let step = (folded >> 1) as i64 ^ -((folded & 1) as i64);
    from.wrapping_add(step as u64)
}

pub(super) fn decode(
    bytes: &mut &[u8],
    before: Before,
    failures: &[Failure],
    expected_bytes: u64,
) -> (u32, Outcome) {
    let flags = take(bytes);
    let has = |flag: u64| flags & flag != 0;
    let index = u32::try_from(take_step(bytes, before.index.into())).expect("an index");
    let end_ns = take_step(bytes, before.end_ns);
    let scheduled_ns = take_step(bytes, end_ns);
    let start_ns = take_step(bytes, scheduled_ns);
    let mut last = start_ns;
    let mut mark = |flag: u64| {
        has(flag).then(|| {
            last = take_step(bytes, last);
            last
        })
    };
    let ends_ns = std::array::from_fn(|place| mark(flag::END << place));
    let [head_ns, first_body_ns] = [flag::HEAD, flag::FIRST_BODY].map(&mut mark);
    let to_head = head_ns.unwrap_or(0).wrapping_sub(start_ns);
    let served_delay_ns = has(flag::SERVED).then(|| take_step(bytes, to_head));
    let (body_bytes, chunks) = match has(flag::PLAIN) {
        true => (expected_bytes, u32::from(expected_bytes > 0)),
        false => (take(bytes), take_small(bytes)),
    };
    let status = match (has(flag::PLAIN), has(flag::STATUS)) {
        (true, _) => Some(200),
        (false, true) => u16::try_from(take(bytes)).ok(),
        (false, false) => None,
    };
    let failure = has(flag::FAILED).then(|| {
        let number = take_small(bytes) as usize;
        Box::new(failures[number].clone())
    });
    let seen = has(flag::SEEN).then(|| {
        let carried = has(flag::CARRIED)
            .then(|| Carried { connection: take_small(bytes), nth: take_small(bytes) });
        let (sent_chunks, redirects, source) = match has(flag::MORE) {
            true => (take_small(bytes), take_small(bytes), source_of(take(bytes))),
            false => (0, 0, None),
        };
        Seen { ends_ns, source, carried, sent_chunks, redirects }
    });
    let pieces = has(flag::PIECES).then(|| Box::new(decode_pieces(bytes)));
    let outcome = Outcome {
        scheduled_ns,
        start_ns,
        seen,
        head_ns,
        first_body_ns,
        end_ns,
        served_delay_ns,
        status,
        body_bytes,
        chunks,
        pieces,
        failure,
    };
    (index, outcome)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::strategy::failure::Class;

    pub(in crate::client) const BODY_BYTES: u64 = 1_000;

    fn any_seen() -> impl Strategy<Value = Seen> {
        let ends_ns: [_; Phase::OF_LIBRARY.len()] =
            std::array::from_fn(|_| prop::option::of(any::<u64>()));
        let carried = prop::option::of((any::<u32>(), any::<u32>()));
        let source = prop::sample::select(vec![
            None,
            Some(Source::Query),
            Some(Source::Hit),
            Some(Source::Coalesced),
        ]);
        (ends_ns, carried, source, 0u32..3, 0u32..3).prop_map(
            |(ends_ns, carried, source, sent_chunks, redirects)| {
                let carried = carried.map(|(connection, nth)| Carried { connection, nth });
                Seen { ends_ns, source, carried, sent_chunks, redirects }
            },
        )
    }

    fn any_pieces() -> impl Strategy<Value = Pieces> {
        let piece = (any::<u64>(), any::<u64>()).prop_map(|(at_ns, bytes)| Piece { at_ns, bytes });
        (prop::collection::vec(piece, 0..4), prop::collection::vec(any::<u64>(), 0..4)).prop_map(
            |(all, sent_ns)| {
                let mut received = Received::default();
                all.into_iter().for_each(|piece| received.push(piece));
                Pieces { received, sent_ns }
            },
        )
    }

    pub(in crate::client) fn any_outcome() -> impl Strategy<Value = Outcome> {
        let times = (any::<u64>(), any::<u64>(), any::<u64>());
        let marks = [(); 3].map(|()| prop::option::of(any::<u64>()));
        let status = prop::option::of(prop::sample::select(vec![200u16, 302, 503]));
        let failure = prop::option::of("[ab]{0,2}");
        let bytes = prop_oneof![Just(BODY_BYTES), any::<u64>()];
        let bodies = (bytes, 0u32..3, prop::option::of(any_pieces()));
        (times, marks, prop::option::of(any_seen()), status, bodies, failure).prop_map(
            |((scheduled_ns, start_ns, end_ns), marks, seen, status, bodies, failure)| {
                let (body_bytes, chunks, pieces) = bodies;
                let [head_ns, first_body_ns, served_delay_ns] = marks;
                let failure = failure.map(|text| Box::new(Failure::new(Class::Other, text)));
                Outcome {
                    scheduled_ns,
                    start_ns,
                    seen,
                    head_ns,
                    first_body_ns,
                    end_ns,
                    served_delay_ns,
                    status,
                    body_bytes,
                    chunks,
                    pieces: pieces.map(Box::new),
                    failure,
                }
            },
        )
    }
}
