//! A thread that looks at the trial from time to time, and writes down what it saw. Every trial has
//! one, so that all bear the same; which timelines stay is the parent's decision.
//!
//! It is not the strategy. It notes what it used after every look, and what it used in the window is
//! taken off what the process used there: CPU time and context switches, of the trial and of each row.
//! Of its last look before the window ends a few microseconds may be missing. It is not among the threads
//! that it counts, holds no lock between two looks, and its files are beyond the trial's limit. While
//! nothing happens it looks less often. A look costs some ten microseconds, most of them to wake up
//! (`cargo test --lib looking_costs -- --nocapture`), and at most a twentieth of the time for states of
//! sockets where a trial's files or ports are limited; what that leaves of it in the client's figures, as
//! colder caches, `cargo bench --bench observer` measures.
//!
//! Rows are written a second or two after they were taken, so that a trial that is killed leaves
//! what led to it.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fs_err::{File, OpenOptions};

use super::record::Recorder;
use super::rows;
use crate::child::{ChildError, system};
use crate::machine::process::Usage;
use crate::machine::watch::{Look, Watch, beyond_the_limit};
use crate::protocol::Timeline;
use crate::record::TimelineRow;
use crate::strategy::Strategy;

/// Rows younger than this are not written yet: the window may have ended before them.
const HELD_NS: u64 = 1_000_000_000;

/// A sampler that waits for the window.
pub(super) struct Sampler {
    thread: JoinHandle<io::Result<Sheet>>,
    start: mpsc::Sender<Trial>,
    watch: Arc<Watch>,
    own: Arc<Own>,
}

/// A sampler at work.
pub(super) struct Sampling {
    thread: JoinHandle<io::Result<Sheet>>,
    trial: Trial,
}

/// State shared by the sampler's thread and the trial.
#[derive(Default)]
struct Own {
    /// Usage of the thread when it last went to wait; nothing where the system does not tell.
    used: Mutex<Option<Usage>>,
    /// Whether the window has ended.
    ended: AtomicBool,
}

impl Own {
    /// Called by the thread itself, before it waits.
    fn note(&self) {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner) = Usage::of_this_thread();
    }

    fn used(&self) -> Option<Usage> {
        *self.used.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until a moment; whether the window ended before it.
    fn ended_before(&self, next: Instant) -> bool {
        // No channel: its receiver spins before it sleeps.
        while !self.ended.load(Ordering::Acquire) {
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            std::thread::park_timeout(left);
        }
        true
    }
}

#[derive(Clone)]
struct Trial {
    recorder: Arc<Recorder>,
    /// Usage of the process and of the sampler's thread, at the start of the window.
    before: Usage,
    own_before: Option<Usage>,
    watch: Arc<Watch>,
    own: Arc<Own>,
}

/// The file, and the rows that are not in it yet.
struct Sheet {
    csv: csv::Writer<File>,
    rows: Vec<TimelineRow>,
    written_ns: u64,
}

impl Sampler {
    /// Opens what is read and written, starts the thread, and looks at the process: the row of the
    /// window's start is read before it, where it costs the window nothing.
    pub(super) fn start(timeline: &Timeline, strategy: &Strategy) -> Result<Sampler, ChildError> {
        let every = Duration::from_nanos(timeline.every_ns.max(1));
        let file = OpenOptions::new().append(true).open(&timeline.path).map_err(rows)?;
        let csv = csv::Writer::from_writer(beyond_the_limit(file).map_err(rows)?);
        // Where connections are limited, their states are the question, and not what looking costs.
        let watch = Arc::new(Watch::open(strategy.nofile.is_some() || strategy.ports.is_some()));
        let look = watch.look();
        let first = TimelineRow {
            failed: Some(0),
            cpu_user_ns: Some(0),
            cpu_sys_ns: Some(0),
            threads: look.threads,
            ..seen(&look)
        };
        let sheet = Sheet { csv, rows: vec![first], written_ns: 0 };
        let (start, trial) = mpsc::channel::<Trial>();
        let (ready, is_ready) = mpsc::channel();
        let own = Arc::new(Own::default());
        let thread = std::thread::Builder::new()
            .name("timeline".to_owned())
            .spawn({
                let own = Arc::clone(&own);
                move || {
                    own.note();
                    // Nobody waits for it if the trial was given up.
                    let _ = ready.send(());
                    match trial.recv() {
                        Ok(begun) => sample(&begun, every, sheet),
                        Err(_) => Ok(sheet),
                    }
                }
            })
            .map_err(system("start the thread of the timeline"))?;
        // Its start is no part of the window. An error is a panic, which `end` finds out.
        let _ = is_ready.recv();
        Ok(Sampler { thread, start, watch, own })
    }

    /// The window has started.
    pub(super) fn begin(self, recorder: &Arc<Recorder>, before: Usage) -> Sampling {
        let Sampler { thread, start, watch, own } = self;
        let recorder = Arc::clone(recorder);
        let trial = Trial { recorder, before, own_before: own.used(), watch, own };
        // The thread is gone only if it panicked, which `end` finds out.
        let _ = start.send(trial.clone());
        Sampling { thread, trial }
    }
}

impl Sampling {
    /// Usage of the sampler's thread in the window so far; `None` where the system does not tell.
    pub(super) fn own(&self) -> Option<Usage> {
        // It has waited once more than it had when it noted this, as it had at the window's start.
        Some(self.trial.own.used()?.since(self.trial.own_before?))
    }

    /// The window has ended. Stops the thread and writes all rows, to the window's end. They are
    /// not on the disk itself yet: most timelines do not stay. `used` is without the sampler.
    pub(super) fn end(self, wall_ns: u64, used: Usage) -> io::Result<()> {
        let last = self.trial.look(wall_ns, used);
        self.trial.own.ended.store(true, Ordering::Release);
        self.thread.thread().unpark();
        let sheet = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let mut sheet = sheet?;
        sheet.rows.retain(|row| row.at_ns < wall_ns);
        // Were the end noticed more than a second late, a row beyond it would be written already.
        sheet.rows.push(TimelineRow { at_ns: wall_ns.max(sheet.written_ns), ..last });
        sheet.write(u64::MAX)
    }
}

impl Sheet {
    /// Writes the rows up to a moment.
    fn write(&mut self, to_ns: u64) -> io::Result<()> {
        let old = self.rows.partition_point(|row| row.at_ns <= to_ns);
        for row in self.rows.drain(..old) {
            self.written_ns = row.at_ns;
            self.csv.serialize(row)?;
        }
        self.csv.flush()
    }
}

fn sample(trial: &Trial, every: Duration, mut sheet: Sheet) -> io::Result<Sheet> {
    let mut next = Instant::now();
    let mut pace = Pace { every, wait: every, ended: 0, in_flight: 0 };
    loop {
        trial.own.note();
        // A look that took longer than the time between two leaves the missed ones out.
        next = (next + pace.wait).max(Instant::now());
        if trial.own.ended_before(next) {
            return Ok(sheet);
        }
        let at_ns = trial.recorder.now_ns();
        let row = trial.look(at_ns, trial.used());
        pace.saw(&row);
        sheet.rows.push(row);
        if at_ns > sheet.rows[0].at_ns.saturating_add(2 * HELD_NS) {
            sheet.write(at_ns - HELD_NS)?;
        }
    }
}

/// The time between two looks: twice as long after each that saw nothing happen, up to
/// [`IDLE`] times as long.
struct Pace {
    every: Duration,
    wait: Duration,
    ended: u64,
    in_flight: u64,
}

/// Idle, a trial is looked at so many times less often: the next step is still found within a
/// hundredth of a trial that is looked at 400 times.
const IDLE: u32 = 4;

impl Pace {
    fn saw(&mut self, row: &TimelineRow) {
        let is_idle = (self.ended, self.in_flight) == (row.completed, row.in_flight);
        (self.ended, self.in_flight) = (row.completed, row.in_flight);
        self.wait = if is_idle { (2 * self.wait).min(IDLE * self.every) } else { self.every };
    }
}

impl Trial {
    /// Usage of the process in the window, without the calling thread, which is the sampler's.
    fn used(&self) -> Usage {
        let own = Usage::of_this_thread().zip(self.own_before);
        let own = own.map_or_else(Usage::default, |(now, before)| now.since(before));
        Usage::now().since(self.before).without(own)
    }

    fn look(&self, at_ns: u64, used: Usage) -> TimelineRow {
        let look = self.watch.look();
        TimelineRow {
            at_ns,
            in_flight: self.recorder.in_flight(),
            completed: self.recorder.completed(),
            failed: Some(self.recorder.failed()),
            cpu_ns: used.cpu_ns(),
            cpu_user_ns: Some(used.user_ns),
            cpu_sys_ns: Some(used.sys_ns),
            threads: self.recorder.saw_threads(look.threads),
            ..seen(&look)
        }
    }
}

/// Fields of a sample that the system gives: the process and its network.
fn seen(look: &Look) -> TimelineRow {
    TimelineRow {
        rss_bytes: look.rss_bytes,
        // The file of the timeline is open too.
        open_files: look.open_files.map(|files| files.saturating_sub(1)),
        tcp_in_use: look.tcp_in_use,
        tcp_time_wait: look.tcp_time_wait,
        sockets_established: look.states.map(|states| states.established),
        sockets_syn_sent: look.states.map(|states| states.syn_sent),
        sockets_close_wait: look.states.map(|states| states.close_wait),
        ..TimelineRow::default()
    }
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn looking_costs_next_to_nothing_even_with_many_files() {
        const LOOKS: u32 = 500;
        let listen = || TcpListener::bind("127.0.0.1:0").expect("a socket");
        let sockets: Vec<TcpListener> = (0..500).map(|_| listen()).collect();
        for states in [false, true] {
            let watch = Watch::open(states);
            let Some(before) = Usage::of_this_thread() else { return };
            let mut told = 0;
            for _ in 0..LOOKS {
                told += u32::from(watch.look().states.is_some());
            }
            let now = Usage::of_this_thread().expect("as before");
            let used = now.since(before).cpu_ns() / u64::from(LOOKS);
            println!(
                "a look took {} µs of CPU with {} sockets, {told} of {LOOKS} asked each",
                used / 1_000,
                sockets.len()
            );
            assert_eq!(told > 0, states && cfg!(target_os = "linux"));
            // A hundred looks a second are 10 % of a CPU then: a bound, not a measurement.
            assert!(used < 1_000_000, "{used} ns");
        }
    }

    #[test]
    fn an_idle_trial_is_looked_at_less_often_until_something_happens() {
        let every = Duration::from_millis(10);
        let mut pace = Pace { every, wait: every, ended: 0, in_flight: 0 };
        let mut after = |completed, in_flight| {
            pace.saw(&TimelineRow { completed, in_flight, ..TimelineRow::default() });
            pace.wait.as_millis()
        };
        let waits = [after(0, 3), after(0, 3), after(0, 3), after(0, 3), after(1, 3), after(1, 2)];
        assert_eq!(waits, [10, 20, 40, 40, 10, 10]);
        assert_eq!(after(1, 2), 20);
    }
}
