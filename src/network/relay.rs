//! The relay's loop: read, hold, turn round, write back.

use std::io::Read;
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;

use super::documents::RelayReport;
use super::late::Late;
use super::queue::Queue;
use super::turn::turn_round;
use super::wait::{now_ns, wait};
use super::{CAPACITY, FAR, MTU, NEAR, namespace};
use crate::child::{ChildError, system};

/// Packets read, and written, between two looks at the other side. A write costs several times a
/// read, and what waits to be read is not timed yet: fewer writes.
const READS: usize = 64;
const WRITES: usize = 16;

/// A relay that is about to run.
#[derive(Debug)]
pub(super) struct Relay<'a> {
    tun: &'a OwnedFd,
    hold_ns: u64,
    queue: Queue,
    late: Late,
    report: RelayReport,
}

impl<'a> Relay<'a> {
    /// Over this device, which must not block, with this much for each packet.
    pub(super) fn new(tun: &'a OwnedFd, hold_ns: u64) -> Relay<'a> {
        Relay {
            tun,
            hold_ns,
            queue: Queue::new(CAPACITY, MTU),
            late: Late::new(),
            report: RelayReport::default(),
        }
    }

    /// Relays until `input` ends.
    pub(super) fn run(mut self, input: &mut (impl Read + AsFd)) -> Result<RelayReport, ChildError> {
        while !wait(self.tun, self.queue.next_due_ns(), input)? {
            self.read()?;
            self.write();
        }
        Ok(self.late.add_to(RelayReport {
            dropped: self.report.dropped + namespace::dropped_by_device().unwrap_or(0),
            peak_queue: Some(self.queue.peak() as u64),
            ..self.report
        }))
    }

    fn read(&mut self) -> Result<(), ChildError> {
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
                    self.late.note(late_ns);
                }
                Err(_) => self.report.dropped += 1,
            }
        }
    }
}
