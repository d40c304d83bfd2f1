//! A thread that looks at the trial from time to time, and writes down what it saw. Every trial has
//! one, so that all bear the same; which timelines stay is the parent's decision. Its own CPU time
//! is inside the window and cannot be told apart: some ten microseconds a look (`cargo test --lib
//! looking_costs -- --nocapture`), and at most a twentieth of the time for states of sockets where a
//! trial's files or ports are limited. It holds no lock between two looks, its files are beyond the
//! trial's limit, and it is not among the threads that it counts.
//!
//! Rows are written a second or two after they were taken, so that a trial that is killed leaves
//! what led to it.

use std::io;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fs_err::{File, OpenOptions};

use super::ClientError;
use super::record::Recorder;
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
}

/// A sampler at work.
pub(super) struct Sampling {
    thread: JoinHandle<io::Result<Sheet>>,
    /// The sampler stops when this is gone.
    running: mpsc::Sender<Trial>,
    trial: Trial,
}

#[derive(Clone)]
struct Trial {
    recorder: Arc<Recorder>,
    before: Usage,
    watch: Arc<Watch>,
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
    pub(super) fn start(timeline: &Timeline, strategy: &Strategy) -> Result<Sampler, ClientError> {
        let every = Duration::from_nanos(timeline.every_ns.max(1));
        let file = OpenOptions::new().append(true).open(&timeline.path)?;
        let csv = csv::Writer::from_writer(beyond_the_limit(file)?);
        // Where connections are limited, their states are the question, and not what looking costs.
        let watch = Arc::new(Watch::open(strategy.nofile.is_some() || strategy.ports.is_some()));
        let look = watch.look();
        let first = TimelineRow {
            failed: Some(0),
            cpu_user_ns: Some(0),
            cpu_sys_ns: Some(0),
            threads: look.status.threads,
            ..seen(&look)
        };
        let sheet = Sheet { csv, rows: vec![first], written_ns: 0 };
        let (start, trial) = mpsc::channel::<Trial>();
        let thread = std::thread::Builder::new()
            .name("timeline".to_owned())
            .spawn(move || match trial.recv() {
                Ok(begun) => sample(&begun, &trial, every, sheet),
                Err(_) => Ok(sheet),
            })
            .map_err(|source| ClientError::Setup {
                what: "start the thread of the timeline".to_owned(),
                source,
            })?;
        Ok(Sampler { thread, start, watch })
    }

    /// The window has started.
    pub(super) fn begin(self, recorder: &Arc<Recorder>, before: Usage) -> Sampling {
        let trial = Trial { recorder: Arc::clone(recorder), before, watch: self.watch };
        // The thread is gone only if it panicked, which `end` finds out.
        let _ = self.start.send(trial.clone());
        Sampling { thread: self.thread, running: self.start, trial }
    }
}

impl Sampling {
    /// The window has ended. Stops the thread and writes all rows, to the window's end. They are
    /// not on the disk itself yet: most timelines do not stay.
    pub(super) fn end(self, wall_ns: u64, used: Usage) -> io::Result<()> {
        let last = self.trial.look(wall_ns, used);
        drop(self.running);
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

fn sample(
    trial: &Trial,
    running: &mpsc::Receiver<Trial>,
    every: Duration,
    mut sheet: Sheet,
) -> io::Result<Sheet> {
    let mut next = Instant::now();
    loop {
        // A look that took longer than the time between two leaves the missed ones out.
        next = (next + every).max(Instant::now());
        let wait = next.saturating_duration_since(Instant::now());
        if !matches!(running.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
            return Ok(sheet);
        }
        let at_ns = trial.recorder.now_ns();
        sheet.rows.push(trial.look(at_ns, Usage::now().since(trial.before)));
        if at_ns > sheet.rows[0].at_ns.saturating_add(2 * HELD_NS) {
            sheet.write(at_ns - HELD_NS)?;
        }
    }
}

impl Trial {
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
            threads: self.recorder.saw_threads(&look.status),
            ..seen(&look)
        }
    }
}

/// What the system tells of the process and its network.
fn seen(look: &Look) -> TimelineRow {
    TimelineRow {
        rss_bytes: look.status.rss_bytes,
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
            let (before, mut told) = (Usage::of_this_thread(), 0);
            for _ in 0..LOOKS {
                told += u32::from(watch.look().states.is_some());
            }
            let used = Usage::of_this_thread().since(before).cpu_ns() / u64::from(LOOKS);
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
}
