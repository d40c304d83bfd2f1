//! Open arrival: with which rates each strategy keeps up, and what its users see.

use std::collections::BTreeSet;

use crate::analyse::NoEstimate;
use crate::page::{Block, Table, Words, cells, strong, term, under, words};
use crate::record::{RecordError, TrialRow};
use crate::spec::Metric;

use super::facts::Facts;
use super::figures::load;
use super::figures::parts::shown as charts;
use super::numbers::{UNKNOWN, about, and, count, ns};
use super::rates::{Keeps, Line, Point, lines, shown, sweeps, value};

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

/// Share of the offered rate that is achieved, and the requests that wait in the end.
fn fall(facts: &Facts, cell: usize) -> String {
    let end = facts.median(cell, |r| r.backlog_end.map(|n| n as f64)).ok().map(|e| e.value);
    let achieved = value(facts, cell, Metric::Achieved).map(|v| format!("{} go through", per_s(v)));
    let waiting = end.map(|n| format!("{} wait when the last one comes", about(n.round())));
    match [achieved, waiting].into_iter().flatten().collect::<Vec<_>>() {
        none if none.is_empty() => String::new(),
        said => format!(" ({})", said.join(", ")),
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
