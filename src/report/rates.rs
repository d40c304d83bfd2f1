//! Strategies over the rates of open arrival, and whether they keep up.

use crate::arrival::{Arrival, Rate};
use crate::record::TrialRow;
use crate::spec::{Factor, Metric};

use super::facts::Facts;
use super::numbers::count;

/// A strategy keeps up if at least this share of the offered rate is achieved. Lateness of answers
/// that grows by a hundredth of the time is where a second of arrivals leaves 10 ms: less is what
/// queues of a Poisson process and a busy machine do in passing, more would be a minute in two hours.
const KEEPS_UP: f64 = 0.99;

/// Scenarios that differ in their rate alone, by ascending rate.
pub(super) struct Sweep {
    /// Name that tells it from other sweeps; empty if there are none.
    pub(super) name: String,
    /// Settings that its scenarios share, in words.
    key: Vec<String>,
    pub(super) scenarios: Vec<(Rate, usize)>,
}

/// A strategy over the rates of a sweep.
pub(super) struct Line {
    pub(super) points: Vec<Point>,
}

/// One of its cells.
pub(super) struct Point {
    pub(super) rate: Rate,
    pub(super) cell: usize,
    pub(super) keeps: Keeps,
}

/// Whether a strategy keeps up with a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Keeps {
    /// The interval of the achieved share is at [`KEEPS_UP`] or above it.
    Yes,
    /// It is below.
    No,
    /// It is on both sides.
    Untold,
    /// There is no valid trial.
    Unmeasured,
}

/// The sweeps of a recording, in the order of their first scenarios; none if arrival is closed.
pub(super) fn sweeps(facts: &Facts) -> Vec<Sweep> {
    let mut sweeps = grouped(facts, |factor| {
        !factor.is_of_strategy() && !matches!(factor, Factor::Arrival | Factor::Requests)
    });
    let meets_twice = |sweep: &Sweep| sweep.scenarios.windows(2).any(|w| w[0].0 == w[1].0);
    // Numbers of requests are a factor of their own where one rate meets several.
    if sweeps.iter().any(meets_twice) {
        sweeps = grouped(facts, |f| !f.is_of_strategy() && f != Factor::Arrival);
    }
    let keys: Vec<Vec<String>> = sweeps.iter().map(|sweep| sweep.key.clone()).collect();
    for sweep in &mut sweeps {
        let varies = |i: &usize| keys.iter().any(|other| other[*i] != sweep.key[*i]);
        let said: Vec<&str> =
            (0..sweep.key.len()).filter(varies).map(|i| sweep.key[i].as_str()).collect();
        sweep.name = said.join(", ");
    }
    sweeps
}

/// The open scenarios with the same kind of arrival and the same values of these factors.
fn grouped(facts: &Facts, by: impl Fn(Factor) -> bool) -> Vec<Sweep> {
    let experiment = &facts.plan().experiment;
    // A factor of a scenario does not depend on the strategy, so any will do.
    let any = &experiment.strategies[0];
    let mut sweeps: Vec<Sweep> = Vec::new();
    for (index, scenario) in experiment.scenarios.iter().enumerate() {
        let (kind, rate) = match scenario.arrival {
            Arrival::Closed => continue,
            Arrival::Constant(rate) => ("constant rate", rate),
            Arrival::Poisson(rate) => ("Poisson", rate),
        };
        let mut key = vec![kind.to_owned()];
        key.extend(
            Factor::ALL
                .into_iter()
                .filter(|f| by(*f))
                .map(|factor| format!("{} {}", factor.spoken(), factor.value(scenario, any))),
        );
        match sweeps.iter_mut().find(|sweep| sweep.key == key) {
            Some(sweep) => sweep.scenarios.push((rate, index)),
            None => {
                let scenarios = vec![(rate, index)];
                sweeps.push(Sweep { name: String::new(), key, scenarios });
            }
        }
    }
    for sweep in &mut sweeps {
        sweep.scenarios.sort_unstable();
    }
    sweeps
}

/// The strategies of a sweep, in the order of the plan.
pub(super) fn lines(facts: &Facts, sweep: &Sweep) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for &(rate, scenario) in &sweep.scenarios {
        for cell in facts.cells_of(scenario) {
            let point = Point { rate, cell, keeps: keeps(facts, cell) };
            match lines.iter_mut().find(|l| facts.name(l.points[0].cell) == facts.name(cell)) {
                Some(line) => line.points.push(point),
                None => lines.push(Line { points: vec![point] }),
            }
        }
    }
    lines
}

fn keeps(facts: &Facts, cell: usize) -> Keeps {
    let sample = facts.sample(cell, TrialRow::kept_up);
    let shares = || sample.values.iter().copied();
    let estimate = sample.median(Metric::KeptUp.direction());
    let (low, high) = match estimate.map(|e| e.interval) {
        Err(inflight_stats::NoEstimate::TrialsLost { .. }) => return Keeps::Untold,
        Err(_) => return Keeps::Unmeasured,
        Ok(Ok(interval)) => (interval.low, interval.high),
        // With too few trials for an interval, all of them must agree.
        Ok(Err(_)) if sample.lost > 0 => return Keeps::Untold,
        Ok(Err(_)) => (shares().fold(f64::INFINITY, f64::min), shares().fold(0.0, f64::max)),
    };
    match () {
        () if low >= KEEPS_UP => Keeps::Yes,
        () if high < KEEPS_UP => Keeps::No,
        () => Keeps::Untold,
    }
}

/// The median of a metric over the trials of a cell.
pub(super) fn value(facts: &Facts, cell: usize, metric: Metric) -> Option<f64> {
    facts.metric(cell, metric).ok().map(|e| e.value)
}

/// `2,000/s`
pub(super) fn shown(rate: Rate) -> String {
    match rate.as_per_s() {
        per_s if per_s.fract() == 0.0 => format!("{}/s", count(per_s as u64)),
        _ => rate.to_string(),
    }
}
