//! Work that the caller of a model does itself, beside its requests or after them.

use std::hint::black_box;
use std::time::Duration;
use std::{fmt, thread};

use serde::{Deserialize, Serialize};

use crate::machine::process::thread_cpu_ns;
use crate::units::exact_duration;

/// Work of the caller's own, with its length in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OwnWork {
    /// The caller waits for something else.
    Sleep(u64),
    /// The caller computes, until its thread has used this much CPU time.
    Compute(u64),
}

impl OwnWork {
    /// How long it takes if nothing else uses the CPU.
    pub fn ns(self) -> u64 {
        match self {
            OwnWork::Sleep(ns) | OwnWork::Compute(ns) => ns,
        }
    }

    /// Does it on the calling thread.
    pub fn run(self) {
        match self {
            OwnWork::Sleep(ns) => thread::sleep(Duration::from_nanos(ns)),
            OwnWork::Compute(ns) => compute(ns),
        }
    }
}

/// Keeps the CPU busy for this time of the calling thread.
fn compute(ns: u64) {
    /// Rounds between two looks at the clock: some microseconds, beside which a look is short.
    const ROUNDS: u64 = 10_000;
    let until = thread_cpu_ns() + ns;
    while thread_cpu_ns() < until {
        black_box((0..ROUNDS).fold(0u64, |sum, n| black_box(sum ^ n).rotate_left(7)));
    }
}

impl fmt::Display for OwnWork {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OwnWork::Sleep(ns) => f.write_str(&exact_duration(*ns)),
            OwnWork::Compute(ns) => write!(f, "compute {}", exact_duration(*ns)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn sleeping_takes_time_and_computing_takes_cpu_time() {
        let (length, begun, cpu) = (20_000_000, Instant::now(), thread_cpu_ns());
        OwnWork::Sleep(length).run();
        let slept_cpu = thread_cpu_ns() - cpu;
        assert!(begun.elapsed() >= Duration::from_nanos(length));
        assert!(slept_cpu < length / 2, "{slept_cpu} ns");
        OwnWork::Compute(length).run();
        assert!(thread_cpu_ns() - cpu - slept_cpu >= length);
    }
}
