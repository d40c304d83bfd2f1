//! The record of a running trial: a log of the requests that ended, and counters that a sampler may
//! read at any time. The same for every strategy.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

use hyper::HeaderMap;
use hyper::header::HeaderName;

use super::files::FilesGauge;
use super::log::Log;
use super::outcome::{Outcome, Piece, Pieces, Seen};
use crate::machine::process::Status;
use crate::payload::Body;
use crate::protocol::ClientConfig;
use crate::strategy::failure::{Class, Failure};
use crate::strategy::library::Answer;
use crate::strategy::probe::{MOST_PIECES, Marks};
use crate::strategy::service::AnswerRule;
use crate::timer::Moment;
use crate::units::{read_decimal, read_more_decimal};

/// Header in which the server repeats the index that it was asked for.
static INDEX: HeaderName = HeaderName::from_static("inflight-index");
/// Header in which the server says how long it waited.
static SERVED: HeaderName = HeaderName::from_static("server-timing");

/// Header in which a service names the worker that answers.
static WORKER: HeaderName = HeaderName::from_static("inflight-worker");

/// Length and checksum of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Content {
    bytes: u64,
    checksum: u32,
}

impl Content {
    /// Checks a body against what it should be.
    fn check(self, body: Content) -> Result<(), String> {
        if body.bytes != self.bytes {
            return Err(format!("{} bytes instead of {}", body.bytes, self.bytes));
        }
        if body.checksum != self.checksum {
            return Err(format!("checksum {:08x} instead of {:08x}", body.checksum, self.checksum));
        }
        Ok(())
    }
}

/// Rule for a right answer.
#[derive(Debug, Clone, Copy)]
pub(super) enum Expected {
    /// The body of the delay server, with the number of its request.
    OfDelayServer(Content),
    /// The rule that is declared of a service.
    OfService(AnswerRule),
}

impl Expected {
    pub(super) fn of(config: &ClientConfig) -> Expected {
        if let Some(service) = &config.strategy.service {
            return Expected::OfService(service.answer);
        }
        let length = usize::try_from(config.body_bytes).expect("lengths of bodies fit");
        let checksum = Body::new(config.seed, length).checksum();
        Expected::OfDelayServer(Content { bytes: config.body_bytes, checksum })
    }

    /// Bytes of a body, if they are known; 0 if not.
    pub(super) fn bytes(self) -> u64 {
        match self {
            Expected::OfDelayServer(content) => content.bytes,
            Expected::OfService(_) => 0,
        }
    }
}

/// The longest answer of a service that is read as JSON.
const LONGEST_JSON: usize = 16 * 1024 * 1024;

/// The record of a trial.
pub(super) struct Recorder {
    origin: Moment,
    log: Log,
    expected: Expected,
    /// The first right answer of a service that gives all the same.
    first_body: OnceLock<Content>,
    started: AtomicU64,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
    completed: AtomicU64,
    failed: AtomicU64,
    /// Threads of the harness, which no reading counts.
    own_threads: u64,
    /// 0 while unknown.
    peak_threads: AtomicU64,
    /// `None` where nobody counts open files.
    files: Option<FilesGauge>,
    /// Whether pieces of bodies are noted one by one.
    pieces: bool,
    first_failure: OnceLock<FirstFailed>,
    /// Answers of each worker of a service.
    workers: Mutex<HashMap<Box<[u8]>, u64>>,
    /// Whether an answer of a service did not name its worker.
    unnamed_worker: AtomicBool,
}

/// The failure that came first in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct FirstFailed {
    pub(super) index: u32,
    pub(super) at_ns: u64,
    pub(super) in_flight: u64,
    pub(super) started: u64,
}

impl Recorder {
    /// Counts an answer of a service for the worker that it names.
    fn count_worker(&self, name: Option<&[u8]>) {
        /// More are no workers, but a service that names something else.
        const MOST: usize = 4_096;
        let Some(name) = name else {
            return self.unnamed_worker.store(true, Ordering::Relaxed);
        };
        let mut workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(answers) = workers.get_mut(name) {
            *answers += 1;
        } else if workers.len() < MOST {
            workers.insert(name.into(), 1);
        } else {
            self.unnamed_worker.store(true, Ordering::Relaxed);
        }
    }

    /// Answers of each worker of a service; `None` if one is not known.
    pub(super) fn workers(&self) -> Option<Vec<u64>> {
        let workers = self.workers.lock().unwrap_or_else(PoisonError::into_inner);
        let all_named = !self.unnamed_worker.load(Ordering::Relaxed) && !workers.is_empty();
        all_named.then(|| workers.values().copied().collect())
    }

    /// The window starts here. `own_threads` of the process are the harness's, not the strategy's.
    pub(super) fn start(log: Log, expected: Expected, own_threads: u64) -> Recorder {
        Recorder {
            origin: Moment::now(),
            log,
            expected,
            first_body: OnceLock::new(),
            started: AtomicU64::new(0),
            in_flight: AtomicU64::new(0),
            peak_in_flight: AtomicU64::new(0),
            completed: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            own_threads,
            peak_threads: AtomicU64::new(0),
            files: None,
            pieces: false,
            first_failure: OnceLock::new(),
            workers: Mutex::default(),
            unnamed_worker: AtomicBool::new(false),
        }
    }

    /// When the window began, by the machine's clock; `None` where each process has a clock of its own.
    pub(super) fn began_ns(&self) -> Option<u64> {
        cfg!(target_os = "linux").then(|| self.origin.monotonic_ns())
    }

    /// Adds a gauge of open files.
    pub(super) fn counting_files(self, files: Option<FilesGauge>) -> Recorder {
        Recorder { files, ..self }
    }

    /// Sets whether pieces of bodies are noted one by one.
    pub(super) fn noting_pieces(self, pieces: bool) -> Recorder {
        Recorder { pieces, ..self }
    }

    /// Called where a connection is open for sure that is about to be closed, and where none could be
    /// opened: between the two is every peak.
    fn count_files(&self) {
        if let Some(files) = &self.files {
            files.read();
        }
    }

    /// The most open files seen.
    pub(super) fn peak_open_files(&self) -> Option<u64> {
        self.files.as_ref().map(FilesGauge::peak)
    }

    /// A request fails: what is seen of it now, before it counts as failed.
    fn note_failure(&self, index: u32, at_ns: u64) {
        self.count_files();
        if self.first_failure.get().is_none() {
            let (in_flight, started) = (self.in_flight(), self.started());
            // Another thread may have been faster.
            let _ = self.first_failure.set(FirstFailed { index, at_ns, in_flight, started });
        }
    }

    /// The failure that came first in time.
    pub(super) fn first_failure(&self) -> Option<FirstFailed> {
        self.first_failure.get().copied()
    }

    /// Nanoseconds since the start of the window.
    pub(super) fn now_ns(&self) -> u64 {
        self.at_ns(Moment::now())
    }

    /// Nanoseconds until a time of the window; `None` if it has come.
    pub(super) fn until_ns(&self, at_ns: u64) -> Option<u64> {
        at_ns.checked_sub(self.now_ns()).filter(|&rest| rest > 0)
    }

    /// A moment as nanoseconds since the start of the window.
    pub(super) fn at_ns(&self, at: Moment) -> u64 {
        at.ns_since(self.origin)
    }

    /// A request is handed to the library; `start_ns` is now, if it is known.
    pub(super) fn begin(
        &self,
        index: u32,
        scheduled_ns: u64,
        start_ns: Option<u64>,
    ) -> Attempt<'_> {
        self.started.fetch_add(1, Ordering::Relaxed);
        let now = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        // Read before written: at a steady limit the peak stands, and its cache line is shared.
        if now > self.peak_in_flight.load(Ordering::Relaxed) {
            self.peak_in_flight.fetch_max(now, Ordering::Relaxed);
        }
        Attempt {
            recorder: self,
            index,
            seen: None,
            answered: None,
            first_body_ns: None,
            served_delay_ns: None,
            body_bytes: 0,
            chunks: 0,
            pieces: None,
            checksum: crc32fast::Hasher::new(),
            kept: Vec::new(),
            scheduled_ns,
            start_ns: start_ns.unwrap_or_else(|| self.now_ns()),
            ended: false,
        }
    }

    /// A request could not be handed to the library.
    pub(super) fn fail(&self, index: u32, scheduled_ns: u64, failure: Failure) {
        // What never had a thread may be planned for later; it fails when it would have come.
        let now = self.now_ns().max(scheduled_ns);
        self.started.fetch_add(1, Ordering::Relaxed);
        self.note_failure(index, now);
        self.completed.fetch_add(1, Ordering::Relaxed);
        self.failed.fetch_add(1, Ordering::Relaxed);
        self.log.push(
            index,
            &Outcome {
                scheduled_ns,
                start_ns: now,
                end_ns: now,
                failure: Some(Box::new(failure)),
                ..Outcome::default()
            },
        );
    }

    /// Reads how many threads the process has, and keeps the most. Nothing, where the system does
    /// not tell (or has no file left to tell it with).
    pub(super) fn count_threads(&self) {
        self.saw_threads(Status::now().threads);
    }

    /// The threads of a reading, without the harness's own; the most is kept.
    pub(super) fn saw_threads(&self, threads: Option<u64>) -> Option<u64> {
        let threads = threads?.saturating_sub(self.own_threads);
        self.peak_threads.fetch_max(threads, Ordering::Relaxed);
        Some(threads)
    }

    /// The most threads seen.
    pub(super) fn peak_threads(&self) -> Option<u64> {
        Some(self.peak_threads.load(Ordering::Relaxed)).filter(|&n| n > 0)
    }

    /// Requests handed to the library so far.
    pub(super) fn started(&self) -> u64 {
        self.started.load(Ordering::Relaxed)
    }

    /// Requests between start and end.
    pub(super) fn in_flight(&self) -> u64 {
        self.in_flight.load(Ordering::Relaxed)
    }

    /// The most requests between start and end.
    pub(super) fn peak_in_flight(&self) -> u64 {
        self.peak_in_flight.load(Ordering::Relaxed)
    }

    /// Requests ended, failed ones too.
    pub(super) fn completed(&self) -> u64 {
        self.completed.load(Ordering::Relaxed)
    }

    /// Requests failed, of those that ended.
    pub(super) fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Every request that ended, in the order of their ends.
    ///
    /// # Errors
    ///
    /// If records that were spilled cannot be read back, or could not be spilled.
    pub(super) fn for_each(&self, each: impl FnMut(u32, Outcome)) -> io::Result<()> {
        self.log.for_each(each)
    }
}

/// A request on its way.
pub(super) struct Attempt<'a> {
    recorder: &'a Recorder,
    index: u32,
    /// When the head was there, its status, and whether it names this request.
    answered: Option<(u64, u16, bool)>,
    seen: Option<Seen>,
    first_body_ns: Option<u64>,
    served_delay_ns: Option<u64>,
    body_bytes: u64,
    chunks: u32,
    pieces: Option<Box<Pieces>>,
    checksum: crc32fast::Hasher,
    /// The body, where it is to be read.
    kept: Vec<u8>,
    scheduled_ns: u64,
    start_ns: u64,
    ended: bool,
}

impl Attempt<'_> {
    /// The library is done with it.
    pub(super) fn end(mut self, result: Result<(), Failure>) {
        self.ended = true;
        self.note(result);
    }

    fn note(&mut self, result: Result<(), Failure>) {
        let failure = match result {
            Ok(()) => self.check().err(),
            Err(failure) if self.answered.is_some() => Some(failure.after_head()),
            Err(failure) => Some(failure),
        };
        let outcome = Outcome {
            scheduled_ns: self.scheduled_ns,
            start_ns: self.start_ns,
            seen: self.seen,
            head_ns: self.answered.map(|(at, _, _)| at),
            first_body_ns: self.first_body_ns,
            end_ns: self.recorder.now_ns(),
            served_delay_ns: self.served_delay_ns,
            status: self.answered.map(|(_, status, _)| status),
            body_bytes: self.body_bytes,
            chunks: self.chunks,
            pieces: self.pieces.take(),
            failure: failure.map(Box::new),
        };
        if outcome.failure.is_some() {
            self.recorder.note_failure(self.index, outcome.end_ns);
        }
        self.recorder.log.push(self.index, &outcome);
        self.recorder.in_flight.fetch_sub(1, Ordering::Relaxed);
        self.recorder.completed.fetch_add(1, Ordering::Relaxed);
        if outcome.failure.is_some() {
            self.recorder.failed.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn pieces(&mut self) -> &mut Pieces {
        self.pieces.get_or_insert_default()
    }

    /// A piece after the first, which came at `first_ns` and is noted with the second.
    fn another_piece(&mut self, first_ns: u64, bytes: usize) {
        let at_ns = self.recorder.now_ns();
        let before = self.body_bytes;
        let received = &mut self.pieces().received;
        if received.len() == 0 {
            received.push(Piece { at_ns: first_ns, bytes: before });
        }
        if received.len() < MOST_PIECES {
            received.push(Piece { at_ns, bytes: bytes as u64 });
        }
    }

    /// Checks that a whole answer is the right one.
    fn check(&mut self) -> Result<(), Failure> {
        let Some((_, status, named)) = self.answered else {
            return Err(Failure::new(Class::Other, "an answer without a head"));
        };
        if status != 200 {
            return Err(Failure::new(Class::Status(status / 100), format!("status {status}")));
        }
        let checksum = std::mem::take(&mut self.checksum).finalize();
        let body = Content { bytes: self.body_bytes, checksum };
        let checked = match self.recorder.expected {
            Expected::OfDelayServer(_) if !named => {
                Err(format!("the answer is not to request {}", self.index))
            }
            Expected::OfDelayServer(content) => content.check(body),
            Expected::OfService(rule) => self.check_by(rule, body),
        };
        checked.map_err(|text| Failure::new(Class::BodyMismatch, text))
    }

    /// Checks the whole answer of a service.
    fn check_by(&self, rule: AnswerRule, body: Content) -> Result<(), String> {
        match rule {
            AnswerRule::Any => Ok(()),
            AnswerRule::Body if body.bytes > 0 => Ok(()),
            AnswerRule::Body => Err("an empty body".to_owned()),
            AnswerRule::Same => self.recorder.first_body.get_or_init(|| body).check(body),
            AnswerRule::Json if self.kept.len() as u64 != body.bytes => {
                Err(format!("{} bytes are too many to read as JSON", body.bytes))
            }
            AnswerRule::Json => serde_json::from_slice::<serde::de::IgnoredAny>(&self.kept)
                .map(|_| ())
                .map_err(|error| format!("no JSON: {error}")),
        }
    }
}

impl Answer for Attempt<'_> {
    fn head(&mut self, status: u16, headers: &HeaderMap) {
        let answered_ns = self.recorder.now_ns();
        self.recorder.count_files();
        let mut named = false;
        // Looking through a handful of names takes half as long as computing the hashes of two.
        for (name, value) in headers {
            if name == INDEX {
                named = read_decimal(value.as_bytes()) == Some(self.index.into());
            } else if name == SERVED {
                self.served_delay_ns = served_delay_ns(value.as_bytes());
            }
        }
        if let Expected::OfService(_) = self.recorder.expected {
            self.recorder
                .count_worker(headers.get(&WORKER).map(hyper::header::HeaderValue::as_bytes));
        }
        self.answered = Some((answered_ns, status, named));
    }

    fn chunk(&mut self, bytes: &[u8]) {
        // HTTP/2 ends a body with an empty piece, which is none.
        if !bytes.is_empty() {
            match self.first_body_ns {
                None => self.first_body_ns = Some(self.recorder.now_ns()),
                Some(first) if self.recorder.pieces => self.another_piece(first, bytes.len()),
                Some(_) => {}
            }
            self.chunks += 1;
        }
        self.body_bytes += bytes.len() as u64;
        self.checksum.update(bytes);
        if matches!(self.recorder.expected, Expected::OfService(AnswerRule::Json))
            && self.kept.len() + bytes.len() <= LONGEST_JSON
        {
            self.kept.extend_from_slice(bytes);
        }
    }

    fn marks(&mut self, marks: &Marks) {
        let at = |mark: Option<Moment>| mark.map(|mark| self.recorder.at_ns(mark));
        self.seen = Some(Seen {
            ends_ns: marks.ends.map(at),
            source: marks.source,
            carried: marks.carried,
            sent_chunks: marks.sent.count(),
            redirects: marks.redirects,
        });
        let taken = marks.sent.moments();
        if !taken.is_empty() {
            let recorder = self.recorder;
            self.pieces().sent_ns = taken.into_iter().map(|at| recorder.at_ns(at)).collect();
        }
    }
}

impl Drop for Attempt<'_> {
    /// Dropped in the middle: its task was canceled, or its thread panics.
    fn drop(&mut self) {
        if !self.ended {
            self.note(Err(Failure::new(Class::Canceled, "given up before its end")));
        }
    }
}

/// The duration of the entry `delay` of a `Server-Timing` header, which has it in milliseconds.
fn served_delay_ns(header: &[u8]) -> Option<u64> {
    // Our server says nothing else.
    if let Some(ns) = header.strip_prefix(b"delay;dur=").and_then(decimal_ns) {
        return Some(ns);
    }
    let header = std::str::from_utf8(header).ok()?;
    let delay = header.split(',').find_map(|entry| entry.trim_start().strip_prefix("delay;"))?;
    let duration = delay.split(';').find_map(|part| part.trim().strip_prefix("dur="))?;
    decimal_ns(duration.as_bytes())
}

/// Decimal milliseconds as nanoseconds; what is shorter than that is cut off.
fn decimal_ns(ms: &[u8]) -> Option<u64> {
    let point = ms.iter().position(|&byte| byte == b'.').unwrap_or(ms.len());
    let fraction = ms.get(point + 1..).unwrap_or_default();
    if !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let fraction = &fraction[..fraction.len().min(6)];
    let ns = read_more_decimal(read_decimal(&ms[..point])?, fraction)?;
    ns.checked_mul(10u64.pow(6 - fraction.len() as u32))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_served_delay_is_found_among_other_entries() {
        assert_eq!(served_delay_ns(b"delay;dur=1.5"), Some(1_500_000));
        assert_eq!(served_delay_ns(b"db;dur=3, delay;desc=\"x\";dur=0.000250"), Some(250));
        assert_eq!(served_delay_ns(b"delay;dur=18446744073709.551615"), Some(u64::MAX));
        assert_eq!(served_delay_ns(b"delay;dur=12.000345"), Some(12_000_345));
        assert_eq!(served_delay_ns(b"delay;dur=12.0003456, db;dur=1"), Some(12_000_345));
        assert_eq!(served_delay_ns(b"delay;dur=12"), Some(12_000_000));
        let bad = ["", "delay", "delay;dur=", "delay;dur=-1", "delay;dur=1.x", "delayed;dur=1"];
        for bad in bad {
            assert_eq!(served_delay_ns(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_dropped_attempt_is_a_canceled_request() {
        let expected = Expected::OfDelayServer(Content { bytes: 0, checksum: 0 });
        let recorder = Recorder::start(Log::new(2, 0), expected, 0);
        drop(recorder.begin(1, 0, None));
        let mut seen = Vec::new();
        let class = |outcome: Outcome| outcome.failure.map(|f| f.class);
        recorder.for_each(|index, outcome| seen.push((index, class(outcome)))).expect("readable");
        assert_eq!(seen, [(1, Some(Class::Canceled))]);
        assert_eq!((recorder.in_flight(), recorder.completed()), (0, 1));
    }
}
