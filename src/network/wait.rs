//! Waiting for packets, for a moment, and for the end of a trial.

use std::io::Read;
use std::os::fd::AsFd;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::time::{ClockId, clock_gettime};

use crate::child::{ChildError, system};

/// Sleeps until a packet comes or a moment has come, if there is one. Tells whether the input has
/// ended.
pub(super) fn wait(
    packets: &impl AsFd,
    until_ns: Option<u64>,
    input: &mut (impl Read + AsFd),
) -> Result<bool, ChildError> {
    let timeout = until_ns.map(|until| timespec(until.saturating_sub(now_ns())));
    let mut fds = [PollFd::new(packets, PollFlags::IN), PollFd::new(&*input, PollFlags::IN)];
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) | Err(Errno::INTR) => {}
        Err(errno) => return Err(system("wait for packets")(errno.into())),
    }
    let said_something = !fds[1].revents().is_empty();
    // An input that cannot be read has ended too.
    Ok(said_something && input.read(&mut [0; 256]).unwrap_or(0) == 0)
}

/// By the clock that the kernel holds packets by.
pub(super) fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    now.tv_sec as u64 * 1_000_000_000 + now.tv_nsec as u64
}

fn timespec(ns: u64) -> Timespec {
    Timespec { tv_sec: (ns / 1_000_000_000) as i64, tv_nsec: (ns % 1_000_000_000) as _ }
}
