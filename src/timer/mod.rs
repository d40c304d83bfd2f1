//! A timer that is late by tens of microseconds, where tokio's counts whole milliseconds.
//!
//! On Linux it is one `timerfd` in the runtime's own reactor with an ordered queue of deadlines;
//! elsewhere it is tokio's.

#[cfg(target_os = "linux")]
mod linux;
#[cfg(any(test, not(target_os = "linux")))]
#[cfg_attr(target_os = "linux", expect(unreachable_pub, reason = "public where it is the timer"))]
mod portable;
#[cfg(target_os = "linux")]
mod queue;
#[cfg(test)]
mod tests;

use std::num::NonZeroU64;
use std::time::Duration;

#[cfg(target_os = "linux")]
pub use linux::Timer;
#[cfg(not(target_os = "linux"))]
pub use portable::Timer;

/// A point of the monotonic clock, in nanoseconds. None is the first: an `Option` of it takes no more
/// memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment(NonZeroU64);

impl Moment {
    pub(crate) const fn at_ns(ns: u64) -> Moment {
        match NonZeroU64::new(ns) {
            Some(ns) => Moment(ns),
            None => Moment(NonZeroU64::MIN),
        }
    }

    /// The present one.
    #[cfg(target_os = "linux")]
    pub fn now() -> Moment {
        let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // Through the C library: rustix looks for the kernel's code itself, which valgrind hides.
        // SAFETY: the pointer is to a live value, which the kernel fills in.
        unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
        // The clock counts from the start of the machine: both parts are positive.
        Moment::at_ns(now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs())
    }

    /// The present one.
    #[cfg(not(target_os = "linux"))]
    pub fn now() -> Moment {
        use std::sync::OnceLock;
        use std::time::Instant;
        static START: OnceLock<Instant> = OnceLock::new();
        Moment::at_ns(START.get_or_init(Instant::now).elapsed().as_nanos() as u64)
    }

    /// Nanoseconds of the clock: on Linux that of the machine, which all processes share.
    pub fn monotonic_ns(self) -> u64 {
        self.0.get()
    }

    /// The one `ns` nanoseconds earlier.
    #[must_use]
    pub fn before_ns(self, ns: u64) -> Moment {
        Moment::at_ns(self.0.get().saturating_sub(ns))
    }

    /// The one `ns` nanoseconds later.
    #[must_use]
    pub fn after_ns(self, ns: u64) -> Moment {
        Moment(self.0.saturating_add(ns))
    }

    /// The one `duration` later.
    #[must_use]
    pub fn after(self, duration: Duration) -> Moment {
        self.after_ns(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX))
    }

    /// Nanoseconds since `earlier`; 0 if that is later.
    pub fn ns_since(self, earlier: Moment) -> u64 {
        self.0.get().saturating_sub(earlier.0.get())
    }
}
