//! Checks of requests in flight, and of the time they took.

use crate::strategy::OwnWork;
use crate::units::{count, percent, ratio};
use crate::vocabulary::Protocol;
use crate::words::words;

use super::answer::{Answer, Why, ask_if, recorded, require};
use super::lateness::told_apart;
use super::{Check, MeasuredTrial};

/// A peak below this share of the expected one needs an explanation.
const PEAK_REACHED: f64 = 0.9;

/// The client was the brake, not a hidden cap, if it used this share of one CPU.
const CLIENT_BOUND: f64 = 0.85;

/// A hidden cap keeps the server as full as its peak all the time: the mean in flight is at least
/// this share of the peak. A ramp that is slow, or a schedule that runs empty, has less.
const CAPPED: f64 = 0.85;

pub(super) const LIMIT: Check = Check {
    words: "never more in flight than allowed",
    by_machine: false,
    ask: |trial| {
        let (scenario, peak) = (trial.scenario, recorded!(trial.row, server_peak_in_flight)?);
        let allowed = u64::from(trial.strategy.concurrency(scenario.requests, scenario.streams));
        trial.require(peak <= allowed, || {
            format!("{peak} requests were in flight, {allowed} are allowed")
        })
    },
    seen: |looked| {
        let most = looked.most(|t| t.row.server_peak_in_flight)?;
        Some(format!("highest at the server: {}", count(most)).into())
    },
};

pub(super) const PEAK: Check = Check {
    words: "the expected peak was reached, or it is known why not",
    by_machine: false,
    ask: peak,
    seen: |looked| {
        let reached = looked.values(|t| {
            let expected = f64::from(t.row.expected_peak_in_flight);
            Some((t.row.server_peak_in_flight? as f64 / expected, t.cell))
        })?;
        let mut below: Vec<usize> =
            reached.iter().filter(|v| v.0 < PEAK_REACHED).map(|v| v.1).collect();
        below.sort_unstable();
        below.dedup();
        let least = percent(reached.iter().map(|v| v.0).fold(f64::INFINITY, f64::min));
        Some(match below.as_slice() {
            [] => words!("least: " least " of the expected peak"),
            cells => words!(
                "least: " least "; below in " (looked.codes(cells))
                " (the client's own CPU or a short schedule kept it low)"
            ),
        })
    },
};

fn peak(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    ask_if(row.expected_peak_in_flight > 0, Why::NoSubject)?;
    let peak = recorded!(row, server_peak_in_flight)?;
    let expected = f64::from(row.expected_peak_in_flight).min(streams(trial));
    if peak as f64 >= PEAK_REACHED * expected {
        return Ok(());
    }
    trial.all_succeeded()?;
    if trial.scenario.server_nofile.is_some() && row.server_accept_failures > Some(0) {
        // It is known what capped them: the files that the server may open.
        return Ok(());
    }
    let wall = trial.wall_ns()?;
    let cpu = recorded!(row, client_cpu_user_ns)? + recorded!(row, client_cpu_sys_ns)?;
    let busy = cpu.saturating_sub(computed_ns(trial)) as f64 / wall;
    let mean = recorded!(row, server_delay_sum_ns)? as f64 / wall;
    require(busy >= CLIENT_BOUND || mean <= CAPPED * peak as f64, || {
        format!(
            "never more than {peak} requests in flight instead of {expected}: something caps them"
        )
    })
}

/// CPU time of the caller's own work, which keeps no request back.
fn computed_ns(trial: &MeasuredTrial) -> u64 {
    match trial.strategy.own_work {
        Some(OwnWork::Compute(ns)) => ns,
        Some(OwnWork::Sleep(_)) | None => 0,
    }
}

/// Requests that the connections can carry at once: a cap that the scenario names. Connections that
/// carried nothing count for nothing: a cold burst may open one for each request, and use one.
fn streams(trial: &MeasuredTrial) -> f64 {
    let used = trial.row.server_connections_used.or(trial.row.server_connections);
    match (trial.strategy.protocol, used) {
        (Protocol::Http1, _) | (_, None) => f64::INFINITY,
        (Protocol::Http2, Some(used)) => used as f64 * f64::from(trial.scenario.streams),
    }
}

pub(super) const BOUND: Check = Check {
    words: "nothing was faster than any schedule can be",
    by_machine: false,
    ask: |trial| {
        let bound_ns = trial.row.bound_ns;
        ask_if(bound_ns > 0, Why::NoSubject)?;
        trial.all_succeeded()?;
        let wall_ns = recorded!(trial.row, wall_ns)?;
        require(wall_ns >= bound_ns, || {
            let (wall, bound) = told_apart(wall_ns as f64, bound_ns as f64);
            format!("it took {wall} ms, less than the {bound} ms that any schedule needs")
        })
    },
    seen: |looked| {
        let times = looked.values(|t| {
            let all_succeeded = t.row.errors == Some(0);
            all_succeeded.then_some(t.row.wall_ns? as f64 / t.row.bound_ns as f64)
        })?;
        let least = times.into_iter().fold(f64::INFINITY, f64::min);
        Some(format!("closest: {} times its bound", ratio(least)).into())
    },
};
