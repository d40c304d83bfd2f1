//! Log of every request of a trial, in little memory: some 30 bytes for each. At most
//! [`MEMORY_BYTES`] stay in memory; the rest is in a temporary file. Records stand in the order in
//! which requests ended.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::outcome::{Before, Outcome, Record, decode, encode_pieces};
use crate::strategy::failure::Failure;

/// Records are written into pieces of this many bytes; a piece is spilled whole.
const CHUNK_BYTES: usize = 256 * 1024;

/// Full pieces that stay in memory: half a million requests. A trial of millions then needs no more
/// memory than one of half a million, and writes 30 bytes for each request into a file that is in
/// the page cache.
pub(crate) const MEMORY_BYTES: usize = 16 * 1024 * 1024;

/// The outcomes of a trial.
#[derive(Debug)]
pub(super) struct Log {
    /// Length of a right body; a record need not repeat it.
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
    /// Length of a chunk in the file, after those before it.
    Spilled(usize),
}

impl Log {
    /// A log for requests `0..requests` whose bodies should have `expected_bytes`.
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
        if state.open.len() + record.bytes().len() + pieces.len() > CHUNK_BYTES {
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

#[cfg(test)]
mod tests;
