//! The relay's loop: read, hold, turn round, write back.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use hdrhistogram::Histogram;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};

use super::documents::RelayReport;
use super::error::{LinkError, system};
use super::queue::Queue;
use super::turn::turn_round;
use super::{FAR, MTU, NEAR, namespace};
use crate::machine::process::Usage;

/// Packets held at most; more are dropped and counted. At the most packets in a second that a relay
/// can pass on (some 100 000), this is more than half a second of them, and it bounds the relay to
/// 100 MB, of which only what is used is taken.
const CAPACITY: u32 = 65_536;

/// Packets read, and written, between two looks at the other side. A write costs several times a
/// read, and what waits to be read is not timed yet: fewer writes.
const READS: usize = 64;
const WRITES: usize = 16;

/// An error above this counts as this in percentiles (the longest is exact).
const LATEST_NS: u64 = 60_000_000_000;

/// A relay that is about to run.
#[derive(Debug)]
pub(super) struct Relay<'a> {
    tun: &'a OwnedFd,
    hold_ns: u64,
    queue: Queue,
    late: Histogram<u64>,
    latest_ns: u64,
    report: RelayReport,
}

impl<'a> Relay<'a> {
    /// Over this device, which must not block.
    pub(super) fn new(tun: &'a OwnedFd, rtt_ns: u64) -> Relay<'a> {
        Relay {
            tun,
            // Rounded up: a round trip is never shorter than asked for.
            hold_ns: rtt_ns.div_ceil(2),
            queue: Queue::new(CAPACITY, MTU),
            // Three digits: 50 µs are then known to 0.05 µs.
            late: Histogram::new_with_bounds(1, LATEST_NS, 3).expect("bounds in order"),
            latest_ns: 0,
            report: RelayReport::default(),
        }
    }

    /// Relays until `input` ends.
    pub(super) fn run(mut self, input: &mut (impl Read + AsFd)) -> Result<RelayReport, LinkError> {
        while !self.wait(input)? {
            self.read()?;
            self.write();
        }
        let used = Usage::now();
        let error = |ns: u64| (!self.late.is_empty()).then_some(ns.min(self.latest_ns));
        Ok(RelayReport {
            dropped: self.report.dropped + namespace::dropped_by_device().unwrap_or(0),
            peak_queue: self.queue.peak() as u64,
            hold_error_p50_ns: error(self.late.value_at_quantile(0.5)),
            hold_error_p99_ns: error(self.late.value_at_quantile(0.99)),
            hold_error_max_ns: error(self.latest_ns),
            cpu_user_ns: used.user_ns,
            cpu_sys_ns: used.sys_ns,
            ..self.report
        })
    }

    /// Sleeps until a packet comes or is due. Tells whether the input has ended.
    fn wait(&self, input: &mut (impl Read + AsFd)) -> Result<bool, LinkError> {
        let timeout = self.queue.next_due_ns().map(|due| timespec(due.saturating_sub(now_ns())));
        let mut fds = [PollFd::new(self.tun, PollFlags::IN), PollFd::new(&*input, PollFlags::IN)];
        match poll(&mut fds, timeout.as_ref()) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) => return Err(system("wait for packets")(errno.into())),
        }
        let said_something = !fds[1].revents().is_empty();
        // An input that cannot be read has ended too.
        Ok(said_something && input.read(&mut [0; 256]).unwrap_or(0) == 0)
    }

    fn read(&mut self) -> Result<(), LinkError> {
        let mut spill = [0; MTU];
        for _ in 0..READS {
            let (room, fits) = match self.queue.room() {
                Some(room) => (room, true),
                None => (spill.as_mut_slice(), false),
            };
            let len = match rustix::io::read(self.tun, &mut *room) {
                Ok(len) => len,
                Err(Errno::AGAIN | Errno::INTR) => break,
                Err(errno) => return Err(system("read a packet")(errno.into())),
            };
            if !fits {
                self.report.dropped += 1;
            } else if turn_round(&mut room[..len], NEAR, FAR) {
                self.queue.hold(len, now_ns().saturating_add(self.hold_ns));
            } else {
                self.report.ignored += 1;
            }
        }
        Ok(())
    }

    fn write(&mut self) {
        for _ in 0..WRITES {
            let Some(due_ns) = self.queue.next_due_ns() else { break };
            let Some(late_ns) = now_ns().checked_sub(due_ns) else { break };
            let Some(packet) = self.queue.release() else { break };
            // A packet that the system does not take back is lost, as on any network.
            match rustix::io::write(self.tun, packet) {
                Ok(len) => {
                    self.report.packets += 1;
                    self.report.bytes += len as u64;
                    self.late.saturating_record(late_ns);
                    self.latest_ns = self.latest_ns.max(late_ns);
                }
                Err(_) => self.report.dropped += 1,
            }
        }
    }
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn timespec(ns: u64) -> Timespec {
    Timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as _ }
}
