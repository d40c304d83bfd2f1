//! The floor: clients of some thirty lines, which do nothing but make the requests. inflight's own clients
//! use the same libraries, and what they need beyond these is the harness's share.

use std::env;
use std::sync::atomic::{AtomicU32, Ordering};

/// Values that the contract of programs gives a client.
#[derive(Debug)]
pub struct Task {
    /// Base URL, without a slash at its end.
    pub url: String,
    /// Requests in flight at most.
    pub limit: u32,
    requests: u32,
    next: AtomicU32,
}

impl Task {
    /// Reads the environment.
    ///
    /// # Panics
    ///
    /// If inflight did not start this process.
    pub fn of_environment() -> Task {
        let value = |name: &str| env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
        let number = |name: &str| value(name).parse().unwrap_or_else(|e| panic!("{name}: {e}"));
        Task {
            url: value("INFLIGHT_URL"),
            limit: number("INFLIGHT_LIMIT"),
            requests: number("INFLIGHT_REQUESTS"),
            next: AtomicU32::new(0),
        }
    }

    /// The next request that nobody has taken; `None` if there is none.
    pub fn next(&self) -> Option<u32> {
        Some(self.next.fetch_add(1, Ordering::Relaxed)).filter(|&index| index < self.requests)
    }
}
