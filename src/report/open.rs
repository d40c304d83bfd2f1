//! Open arrival: with which rates each strategy keeps up, and what its users see.

use std::collections::BTreeSet;

use crate::analyse::NoEstimate;
use crate::arrival::{Arrival, Rate};
use crate::page::{Block, Table, Words, cells, strong, term, under, words};
use crate::record::{RecordError, TrialRow};
use crate::spec::{Factor, Metric};

use super::facts::Facts;
use super::figures::{load, shown as charts};
use super::numbers::{UNKNOWN, about, and, count, ns};

/// A strategy keeps up if at least this share of the offered rate is achieved. Lateness of answers
/// that grows by a hundredth of the time is where a second of arrivals leaves 10 ms: less is what
/// queues of a Poisson process and a busy machine do in passing, more would be a minute in two hours.
const KEEPS_UP: f64 = 0.99;

/// Scenarios that differ in their rate alone, by ascending rate.
pub(super) struct Sweep {
    /// What tells it from other sweeps; empty if there are none.
    pub(super) name: String,
    /// What its scenarios have in common, in words.
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

/// Requests per second, measured: `2,446/s`.
fn per_s(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}/s")
    } else {
        format!("{}/s", count(value.round() as u64))
    }
}

/// Up to which rate a strategy keeps up, and what happens beyond.
pub(super) fn sentence(facts: &Facts, line: &Line) -> Words {
    let points = &line.points;
    let name = facts.code(points[0].cell);
    let held = points.iter().take_while(|p| p.keeps == Keeps::Yes).last();
    let broken = points.iter().find(|p| p.keeps == Keeps::No);
    let within = |p: &Point| match value(facts, p.cell, Metric::P99) {
        Some(p99) => format!(" (99 of 100 answers within {} of their planned start)", ns(p99)),
        None => String::new(),
    };
    let between: Vec<String> = points
        .iter()
        .filter(|p| held.is_none_or(|h| p.rate > h.rate) && broken.is_none_or(|b| p.rate < b.rate))
        .filter(|p| matches!(p.keeps, Keeps::Untold | Keeps::Unmeasured))
        .map(|p| shown(p.rate))
        .collect();
    let between = match between.as_slice() {
        [] => String::new(),
        some => format!("; whether it does at {} is not shown", and(some)),
    };
    let said = match (held, broken) {
        (Some(h), Some(b)) => format!(
            "keeps up to {}{} and no longer at {}{}{between}",
            shown(h.rate),
            within(h),
            shown(b.rate),
            fall(facts, b.cell)
        ),
        (Some(h), None) if points.len() == 1 => {
            format!("keeps up with {}{}", shown(h.rate), within(h))
        }
        (Some(h), None) if between.is_empty() => {
            format!("keeps up to {}, the highest rate offered{}", shown(h.rate), within(h))
        }
        (Some(h), None) => format!("keeps up to {}{}{between}", shown(h.rate), within(h)),
        (None, Some(b)) => {
            let even = if between.is_empty() && points.len() > 1 { "even " } else { "" };
            let fall = fall(facts, b.cell);
            format!("does not keep up {even}at {}{fall}{between}", shown(b.rate))
        }
        (None, None) => return words!("Whether " name " keeps up is not shown at any rate."),
    };
    words!(name " " said ".")
}

/// What is left of the offered rate, and what waits in the end.
fn fall(facts: &Facts, cell: usize) -> String {
    let end = facts.median(cell, |r| r.backlog_end.map(|n| n as f64)).ok().map(|e| e.value);
    let achieved = value(facts, cell, Metric::Achieved).map(|v| format!("{} go through", per_s(v)));
    let waiting = end.map(|n| format!("{} wait when the last one comes", about(n.round())));
    match [achieved, waiting].into_iter().flatten().collect::<Vec<_>>() {
        none if none.is_empty() => String::new(),
        said => format!(" ({})", said.join(", ")),
    }
}

/// The part of the report; nothing if arrival is closed everywhere.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let sweeps = sweeps(facts);
    if sweeps.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = vec![intro().into()];
    out.extend(charts(load::figures(facts), "More scenarios"));
    for sweep in &sweeps {
        if !sweep.name.is_empty() {
            out.push(strong(&sweep.name).into());
        }
        let lines = lines(facts, sweep);
        out.push(Block::List(lines.iter().map(|line| sentence(facts, line)).collect()));
        table(facts, &lines, &mut out);
    }
    Ok(under(2, "Open arrival", out))
}

fn intro() -> Words {
    words!(
        "Requests come at a rate that no answer slows down. Medians over the trials of a cell. "
        (term("Latency")) " counts from the moment for which a request is planned, "
        (term("service time")) " from handing it to the library: the wait for a slot is in the first \
         and not in the second. " (term("Backlog")) " is how many requests were planned and had not \
         started when another one came: the most, and when the last one came. " (term("Achieved"))
        " is the offered rate, less by as much as the lateness of answers grew from the trial's first \
         half to its last tenth; a failed request does not count. A strategy " (term("keeps up"))
        " if 99 % are achieved. No request is added to those that were made."
    )
}

fn table(facts: &Facts, lines: &[Line], out: &mut Vec<Block>) {
    let mut table = Table::new(["cell"])
        .numbers(["asked", "offered", "achieved"])
        .text(["keeps up"])
        .numbers(["latency p50", "service p50", "latency p99", "service p99"])
        .numbers(["backlog: most", "at the end", "in flight: most"]);
    let mut few = BTreeSet::new();
    for point in lines.iter().flat_map(|line| &line.points) {
        let cell = point.cell;
        let of = |value: fn(&TrialRow) -> Option<f64>, show: fn(f64) -> String| {
            let median = facts.median(cell, value).ok();
            median.map_or_else(|| UNKNOWN.to_owned(), |e| show(e.value))
        };
        let mut latency = |metric: Metric| match facts.metric(cell, metric) {
            Ok(median) => ns(median.value),
            Err(reason) => {
                if matches!(reason, NoEstimate::TooFewRequests { .. }) {
                    few.insert(reason.to_string());
                }
                UNKNOWN.to_owned()
            }
        };
        let keeps = match point.keeps {
            Keeps::Yes => "yes".to_owned(),
            Keeps::No => "no".to_owned(),
            Keeps::Untold => "not shown".to_owned(),
            Keeps::Unmeasured => facts.why_unmeasured(cell),
        };
        table.row(cells![
            facts.code(cell),
            shown(point.rate),
            of(TrialRow::offered_per_s, per_s),
            of(TrialRow::achieved_per_s, per_s),
            keeps,
            latency(Metric::P50),
            latency(Metric::ServiceP50),
            latency(Metric::P99),
            latency(Metric::ServiceP99),
            of(|r| Metric::Backlog.of(r), whole),
            of(|r| r.backlog_end.map(|n| n as f64), whole),
            of(|r| r.server_peak_in_flight.map(|n| n as f64), whole),
        ]);
    }
    out.push(table.into());
    if !few.is_empty() {
        let reasons: Vec<String> = few.into_iter().collect();
        out.push(format!("Not known: {}.", reasons.join("; ")).into());
    }
}

/// A median of counts, where half a request says nothing.
fn whole(value: f64) -> String {
    about(value.round())
}
