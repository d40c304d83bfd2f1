//! A thread that looks at the trial from time to time. It is there only if the parent asks for a
//! timeline: its own CPU time is inside the window and cannot be told apart. It holds no lock and
//! no file between two looks, and is not among the threads that it counts.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::ClientError;
use super::record::Recorder;
use crate::machine::process::{self, Status, Usage};
use crate::protocol::Timeline;
use crate::record::TimelineRow;

/// A sampler that waits for the window.
pub(super) struct Sampler {
    thread: JoinHandle<Vec<TimelineRow>>,
    start: mpsc::Sender<Trial>,
    first: TimelineRow,
}

/// A sampler at work.
pub(super) struct Sampling {
    thread: JoinHandle<Vec<TimelineRow>>,
    /// The sampler stops when this is gone.
    running: mpsc::Sender<Trial>,
    first: TimelineRow,
    trial: Trial,
}

#[derive(Clone)]
struct Trial {
    recorder: Arc<Recorder>,
    before: Usage,
}

impl Sampler {
    /// Starts the thread, and looks at the process: the row of the window's start is read before
    /// it, where it costs the window nothing.
    pub(super) fn start(timeline: &Timeline) -> Result<Sampler, ClientError> {
        let every = Duration::from_nanos(timeline.every_ns.max(1));
        let (start, trial) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("timeline".to_owned())
            .spawn(move || trial.recv().map_or_else(|_| Vec::new(), |t| watch(&t, &trial, every)))
            .map_err(|source| ClientError::Setup {
                what: "start the thread of the timeline".to_owned(),
                source,
            })?;
        let status = Status::now();
        let first = TimelineRow {
            at_ns: 0,
            in_flight: 0,
            completed: 0,
            cpu_ns: 0,
            rss_bytes: status.rss_bytes,
            threads: status.threads.map(|n| n.saturating_sub(1)),
            open_files: process::open_files(),
        };
        Ok(Sampler { thread, start, first })
    }

    /// The window has started.
    pub(super) fn begin(self, recorder: &Arc<Recorder>, before: Usage) -> Sampling {
        let trial = Trial { recorder: Arc::clone(recorder), before };
        // The thread is gone only if it panicked, which `end` finds out.
        let _ = self.start.send(trial.clone());
        Sampling { thread: self.thread, running: self.start, first: self.first, trial }
    }
}

impl Sampling {
    /// The window has ended. Stops the thread and gives all rows, from the window's start to its
    /// end.
    pub(super) fn end(self, wall_ns: u64, used: Usage) -> Vec<TimelineRow> {
        let last = self.trial.look(wall_ns, used);
        drop(self.running);
        let between = self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        let between = between.into_iter().filter(|row| row.at_ns < wall_ns);
        std::iter::once(self.first).chain(between).chain([last]).collect()
    }
}

fn watch(trial: &Trial, running: &mpsc::Receiver<Trial>, every: Duration) -> Vec<TimelineRow> {
    let mut rows = Vec::new();
    let mut next = Instant::now();
    loop {
        // A look that took longer than the time between two leaves the missed ones out.
        next = (next + every).max(Instant::now());
        let wait = next.saturating_duration_since(Instant::now());
        if !matches!(running.recv_timeout(wait), Err(RecvTimeoutError::Timeout)) {
            return rows;
        }
        let used = Usage::now().since(trial.before);
        rows.push(trial.look(trial.recorder.now_ns(), used));
    }
}

impl Trial {
    fn look(&self, at_ns: u64, used: Usage) -> TimelineRow {
        let status = Status::now();
        TimelineRow {
            at_ns,
            in_flight: self.recorder.in_flight(),
            completed: self.recorder.completed(),
            cpu_ns: used.cpu_ns(),
            rss_bytes: status.rss_bytes,
            threads: self.recorder.saw_threads(&status),
            open_files: process::open_files(),
        }
    }
}
