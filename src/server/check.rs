//! A look at the timer alone: how late would this machine be right now?

use std::sync::{Arc, Mutex};

use hdrhistogram::Histogram;
use serde::{Deserialize, Serialize};

use super::runtime;
use crate::child::{ChildError, system};
use crate::machine::process;
use crate::timer::{Moment, Timer};

/// Lateness of a delay server's timer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SelfCheck {
    /// Sleeps looked at.
    pub sleeps: u64,
    /// Actual minus planned sleep, median.
    pub late_p50_ns: u64,
    /// Actual minus planned sleep, 99th percentile.
    pub late_p99_ns: u64,
    /// Actual minus planned sleep, longest.
    pub late_max_ns: u64,
}

/// Sleepers at once.
const SLEEPERS: u64 = 200;
/// Sleeps of each, one after the other: 1 600 in all, so that the 99th percentile has 16 beyond it.
const ROUNDS: u64 = 8;

/// Lateness above this counts as this: a timer a minute late is no timer.
const LATEST_NS: u64 = 60_000_000_000;

/// Sleeps 1 to 5 ms many times on these CPUs (on any, if there are none), for about 25 ms.
///
/// It has a thread of its own, so that the caller's stays where it was.
///
/// # Errors
///
/// If the system refuses a CPU, a thread or a timer.
pub fn self_check(cpus: &[usize]) -> Result<SelfCheck, ChildError> {
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .name("self-check".to_owned())
            .spawn_scoped(scope, || check(cpus))
            .map_err(system("start a thread"))?
            .join()
            .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

fn check(cpus: &[usize]) -> Result<SelfCheck, ChildError> {
    process::pin(cpus).map_err(system(format!("run on CPUs {cpus:?}")))?;
    process::set_exact_timers().map_err(system("make timers exact"))?;
    let runtime = runtime()?;
    let late = Histogram::<u64>::new_with_bounds(1, LATEST_NS, 3).expect("bounds in order");
    let late = Arc::new(Mutex::new(late));
    runtime.block_on(async {
        let timer = Timer::start().map_err(system("start a timer"))?;
        let sleepers: Vec<_> = (0..SLEEPERS)
            .map(|i| {
                let (timer, late) = (timer.clone(), late.clone());
                tokio::spawn(async move {
                    for round in 0..ROUNDS {
                        // 1 to 5 ms in steps of 20 µs, another order in each round: 37 and 200
                        // have no common divisor.
                        let step = (i * 37 + round * 61) % SLEEPERS;
                        let deadline = Moment::now().after_ns(1_000_000 + step * 20_000);
                        timer.sleep_until(deadline).await;
                        let late_ns = Moment::now().ns_since(deadline);
                        late.lock().expect("no panic under the lock").saturating_record(late_ns);
                    }
                })
            })
            .collect();
        for sleeper in sleepers {
            sleeper.await.expect("a sleeper neither panics nor is cancelled");
        }
        Ok::<_, ChildError>(())
    })?;
    let late = late.lock().expect("no panic under the lock");
    Ok(SelfCheck {
        sleeps: late.len(),
        late_p50_ns: late.value_at_quantile(0.5),
        late_p99_ns: late.value_at_quantile(0.99),
        late_max_ns: late.max(),
    })
}
