//! How many requests were in flight, and how long they took.

use super::Trial;
use super::lateness::told_apart;
use crate::strategy::Protocol;

/// A peak below this share of the expected one needs an explanation.
pub const PEAK_REACHED: f64 = 0.9;

/// The client was the brake, not a hidden cap, if it used this share of one CPU.
const CLIENT_BOUND: f64 = 0.85;

/// A hidden cap keeps the server as full as its peak all the time: the mean in flight is at least
/// this share of the peak. A ramp that is slow, or a schedule that runs empty, has less.
const CAPPED: f64 = 0.85;

pub(super) fn limit(trial: &Trial) -> Option<String> {
    let (scenario, peak) = (trial.scenario, trial.seen.peak);
    let allowed = u64::from(trial.strategy.concurrency(scenario.requests, scenario.streams));
    (peak > allowed && trial.all_succeeded())
        .then(|| format!("{peak} requests were in flight, {allowed} are allowed"))
}

pub(super) fn peak(trial: &Trial) -> Option<String> {
    let (row, seen) = (trial.row, &trial.seen);
    let expected = f64::from(row.expected_peak_in_flight).min(streams(trial));
    if !trial.all_succeeded() || seen.peak as f64 >= PEAK_REACHED * expected {
        return None;
    }
    if trial.scenario.server_nofile.is_some() && row.server_accept_failures > Some(0) {
        // It is known what capped them: the files that the server may open.
        return None;
    }
    let busy = row.client_cpu_ns()? as f64 / seen.wall_ns as f64;
    let mean = row.server_delay_sum_ns? as f64 / seen.wall_ns as f64;
    (busy < CLIENT_BOUND && mean > CAPPED * seen.peak as f64).then(|| {
        let peak = seen.peak;
        format!(
            "never more than {peak} requests in flight instead of {expected}: something caps them"
        )
    })
}

/// Requests that the connections can carry at once: a cap that the scenario names. Connections that
/// carried nothing count for nothing: a cold burst may open one for each request, and use one.
fn streams(trial: &Trial) -> f64 {
    let used = trial.row.server_connections_used.unwrap_or(trial.seen.connections);
    match trial.strategy.protocol {
        Protocol::Http1 => f64::INFINITY,
        Protocol::Http2 => used as f64 * f64::from(trial.scenario.streams),
    }
}

pub(super) fn bound(trial: &Trial) -> Option<String> {
    let (wall_ns, bound_ns) = (trial.seen.wall_ns, trial.row.bound_ns);
    (trial.all_succeeded() && wall_ns < bound_ns).then(|| {
        let (wall, bound) = told_apart(wall_ns as f64, bound_ns as f64);
        format!("it took {wall} ms, less than the {bound} ms that any schedule needs")
    })
}
