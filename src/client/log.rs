//! What became of every request of a trial, in little memory: some 30 bytes for each in a growing
//! log, of which at most [`MEMORY_BYTES`] stay in memory; the rest is in a temporary file.
//!
//! A record is a line of numbers, each as many bytes as it needs: flags for what is there and what is
//! as expected, then differences: from the record before it (index and end), and from
//! one mark of the request to the next. The pieces of its bodies follow, where they are told one by one.
//! Records stand in the order in which requests ended.

mod received;

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::record::{Outcome, Pieces, Seen};
use crate::dns::Source;
use crate::strategy::failure::Failure;
use crate::strategy::probe::Carried;
pub(super) use received::Received;

/// Records are written into pieces of this many bytes; a piece is spilled whole.
const CHUNK_BYTES: usize = 256 * 1024;

/// Full pieces that stay in memory: half a million requests. A trial of millions then needs no more
/// memory than one of half a million, and writes 30 bytes for each request into a file that is in
/// the page cache.
pub(crate) const MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// The longest record without pieces: flags, and at most nineteen numbers of at most 9 bytes each; and a word that the
/// last one is written as.
const LONGEST_BYTES: usize = 192;

/// The outcomes of a trial.
#[derive(Debug)]
pub(super) struct Log {
    /// What a body has if all is well; a record then need not say it.
    expected_bytes: u64,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// One bit for each request that ended.
    ended: Box<[u64]>,
    full: Vec<Chunk>,
    open: Vec<u8>,
    before: Before,
    in_memory: usize,
    /// Full pieces that do not stay in memory, one after the other.
    spill: Option<File>,
    /// Why chunks stayed in memory that should not have.
    spill_failed: Option<io::Error>,
    /// Failures that are alike are kept once.
    failures: HashMap<Failure, u32>,
}

#[derive(Debug)]
enum Chunk {
    Memory(Box<[u8]>),
    /// Of this length in the file, after those before it.
    Spilled(usize),
}

/// What the next record is told by its difference from; zeros at the start of a chunk.
#[derive(Debug, Clone, Copy, Default)]
struct Before {
    index: u32,
    end_ns: u64,
}

impl Log {
    /// For requests `0..requests` whose bodies should have `expected_bytes`.
    pub(super) fn new(requests: u32, expected_bytes: u64) -> Log {
        let state = State {
            ended: vec![0; (requests as usize).div_ceil(64)].into(),
            full: Vec::new(),
            open: Vec::with_capacity(CHUNK_BYTES),
            before: Before::default(),
            in_memory: 0,
            spill: None,
            spill_failed: None,
            failures: HashMap::new(),
        };
        Log { expected_bytes, state: Mutex::new(state) }
    }

    /// Adds the outcome of a request.
    ///
    /// # Panics
    ///
    /// If the request has ended before, or is none of the trial's: a model issues each once.
    pub(super) fn push(&self, index: u32, outcome: &Outcome) {
        let pieces = outcome.pieces.as_deref().map(encode_pieces).unwrap_or_default();
        let mut state = self.state();
        state.mark(index);
        let failure = outcome.failure.as_deref().map(|failure| state.number_of(failure));
        let before = state.before;
        let mut record = Record::default();
        record.encode(before, index, outcome, failure, self.expected_bytes);
        if state.open.len() + record.len + pieces.len() > CHUNK_BYTES {
            state.close_chunk();
            record = Record::default();
            record.encode(Before::default(), index, outcome, failure, self.expected_bytes);
        }
        state.open.extend_from_slice(record.bytes());
        state.open.extend_from_slice(&pieces);
        state.before = Before { index, end_ns: outcome.end_ns };
    }

    /// Every outcome, in the order in which they were added.
    ///
    /// # Errors
    ///
    /// If records could not be spilled, or cannot be read back.
    pub(super) fn for_each(&self, mut each: impl FnMut(u32, Outcome)) -> io::Result<()> {
        let mut state = self.state();
        if let Some(error) = state.spill_failed.take() {
            return Err(error);
        }
        let mut failures: Vec<(&Failure, u32)> =
            state.failures.iter().map(|(failure, number)| (failure, *number)).collect();
        failures.sort_unstable_by_key(|(_, number)| *number);
        let failures: Vec<Failure> = failures.into_iter().map(|(f, _)| f.clone()).collect();
        let State { full, open, spill, .. } = &mut *state;
        if let Some(spill) = spill {
            spill.seek(SeekFrom::Start(0))?;
        }
        let mut read_all = |mut bytes: &[u8]| {
            let mut before = Before::default();
            while !bytes.is_empty() {
                let (index, outcome) = decode(&mut bytes, before, &failures, self.expected_bytes);
                before = Before { index, end_ns: outcome.end_ns };
                each(index, outcome);
            }
        };
        let mut buffer = Vec::new();
        for chunk in full.iter() {
            match (chunk, &mut *spill) {
                (Chunk::Memory(bytes), _) => read_all(bytes),
                (Chunk::Spilled(length), Some(spill)) => {
                    buffer.resize(*length, 0);
                    spill.read_exact(&mut buffer)?;
                    read_all(&buffer);
                }
                (Chunk::Spilled(_), None) => {
                    return Err(io::Error::other("a spill without a file"));
                }
            }
        }
        read_all(open);
        Ok(())
    }

    /// Requests that ended.
    #[cfg(test)]
    pub(super) fn len(&self) -> u64 {
        self.state().ended.iter().map(|word| u64::from(word.count_ones())).sum()
    }

    /// Bytes of all records, wherever they are.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        let state = self.state();
        let length = |chunk: &Chunk| match chunk {
            Chunk::Memory(bytes) => bytes.len(),
            Chunk::Spilled(length) => *length,
        };
        state.full.iter().map(length).sum::<usize>() + state.open.len()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Whatever happens around it, a record is added whole or not at all.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn mark(&mut self, index: u32) {
        let (word, bit) = (index as usize / 64, 1u64 << (index % 64));
        let word = self.ended.get_mut(word).expect("a model issues the indices it is given");
        assert_eq!(*word & bit, 0, "a model issues every index once, {index} came twice");
        *word |= bit;
    }

    fn number_of(&mut self, failure: &Failure) -> u32 {
        if let Some(number) = self.failures.get(failure) {
            return *number;
        }
        let number = u32::try_from(self.failures.len()).unwrap_or(u32::MAX);
        self.failures.insert(failure.clone(), number);
        number
    }

    fn close_chunk(&mut self) {
        self.before = Before::default();
        if self.in_memory < MEMORY_BYTES || self.spill_failed.is_some() {
            let full = std::mem::replace(&mut self.open, Vec::with_capacity(CHUNK_BYTES));
            self.in_memory += full.len();
            self.full.push(Chunk::Memory(full.into()));
            return;
        }
        match self.spill_open_chunk() {
            Ok(()) => {
                self.full.push(Chunk::Spilled(self.open.len()));
                self.open.clear();
            }
            // The chunk stays in memory; the trial will say that it could not be spilled.
            Err(error) => {
                self.spill_failed = Some(error);
                self.close_chunk();
            }
        }
    }

    fn spill_open_chunk(&mut self) -> io::Result<()> {
        let spill = match &mut self.spill {
            Some(spill) => spill,
            none => none.insert(tempfile::tempfile()?),
        };
        spill.write_all(&self.open)
    }
}

/// What a record has beyond its index, its end, and the marks that every request has.
mod flag {
    pub(super) const HEAD: u64 = 1;
    pub(super) const FIRST_BODY: u64 = 1 << 1;
    pub(super) const SERVED: u64 = 1 << 2;
    /// Status 200, the expected body in one piece, no failure.
    pub(super) const PLAIN: u64 = 1 << 3;
    pub(super) const STATUS: u64 = 1 << 4;
    pub(super) const FAILED: u64 = 1 << 5;
    pub(super) const SEEN: u64 = 1 << 6;
    pub(super) const POOL: u64 = 1 << 7;
    pub(super) const STREAM: u64 = 1 << 8;
    pub(super) const SEND: u64 = 1 << 9;
    pub(super) const CARRIED: u64 = 1 << 10;
    pub(super) const DNS: u64 = 1 << 11;
    pub(super) const CONNECT: u64 = 1 << 12;
    pub(super) const TLS: u64 = 1 << 13;
    /// Pieces of the request, redirects and the source of the name.
    pub(super) const MORE: u64 = 1 << 14;
    pub(super) const PIECES: u64 = 1 << 15;
}

/// A record on its way into the log.
struct Record {
    bytes: [u8; LONGEST_BYTES],
    len: usize,
}

impl Default for Record {
    fn default() -> Record {
        Record { bytes: [0; LONGEST_BYTES], len: 0 }
    }
}

impl Record {
    fn bytes(&self) -> &[u8] {
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

    fn encode(
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
    let seen = |mark: fn(&Seen) -> Option<u64>| outcome.seen.as_ref().and_then(mark);
    [
        Some(outcome.start_ns),
        seen(|s| s.pool_ns),
        seen(|s| s.dns_ns),
        seen(|s| s.connect_ns),
        seen(|s| s.tls_ns),
        seen(|s| s.stream_ns),
        seen(|s| s.send_ns),
        outcome.head_ns,
        outcome.first_body_ns,
    ]
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
        set(flag::POOL, seen.pool_ns.is_some());
        set(flag::DNS, seen.dns_ns.is_some());
        set(flag::CONNECT, seen.connect_ns.is_some());
        set(flag::TLS, seen.tls_ns.is_some());
        set(flag::STREAM, seen.stream_ns.is_some());
        set(flag::SEND, seen.send_ns.is_some());
        set(flag::CARRIED, seen.carried.is_some());
        let more = seen.sent_chunks > 0 || seen.redirects > 0 || seen.source.is_some();
        set(flag::MORE, more);
    }
    flags
}

/// Pieces by their number, then each by its step from the one before; no step depends on another
/// record.
fn encode_pieces(pieces: &Pieces) -> Vec<u8> {
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

fn decode(
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
    let [pool_ns, dns_ns, connect_ns, tls_ns, stream_ns, send_ns, head_ns, first_body_ns] = [
        flag::POOL,
        flag::DNS,
        flag::CONNECT,
        flag::TLS,
        flag::STREAM,
        flag::SEND,
        flag::HEAD,
        flag::FIRST_BODY,
    ]
    .map(&mut mark);
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
        Seen {
            pool_ns,
            dns_ns,
            connect_ns,
            tls_ns,
            stream_ns,
            send_ns,
            source,
            carried,
            sent_chunks,
            redirects,
        }
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
mod tests;
