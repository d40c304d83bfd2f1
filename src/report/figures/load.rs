//! Latency against the offered rate.

use std::collections::BTreeSet;

use super::super::facts::Facts;
use super::super::rates::{self, Keeps, Line, lines, sweeps, value};
use super::coverage::{coverage, joined};
use super::parts::name_of;
use super::representatives::not_measured;
use crate::analyse::NoEstimate;
use crate::chart::Frame;
use crate::chart::load::{Load, Point, Series};
use crate::page::{Figure, Words, words};
use crate::spec::Metric;

/// Curves that can be told apart.
const MOST_SERIES: usize = 8;

pub(in crate::report) fn figures(facts: &Facts) -> Vec<Figure> {
    let mut figures = Vec::new();
    for sweep in sweeps(facts) {
        // One rate makes a table, and no curve.
        if sweep.scenarios.len() < 2 {
            continue;
        }
        let mut lines = lines(facts, &sweep);
        let hidden = lines.split_off(lines.len().min(MOST_SERIES));
        let cells: Vec<usize> = lines.iter().flat_map(|l| &l.points).map(|p| p.cell).collect();
        let footer = joined(&[&intervals(facts, &cells), &coverage(facts, &cells)]);
        let place =
            if sweep.name.is_empty() { String::new() } else { format!("{} · ", sweep.name) };
        let chart = Load {
            frame: Frame {
                title: title(facts, &lines),
                subtitle: format!(
                    "{place}latency from the planned start against the offered rate, medians over trials"
                ),
                footer: footer.clone(),
                description: "Median and 99th percentile of latency over the offered rate, two \
                              curves for each strategy."
                    .to_owned(),
                ..Frame::default()
            },
            series: lines.iter().map(|line| series(facts, line)).collect(),
        };
        let hidden: Vec<usize> = hidden.iter().map(|line| line.points[0].cell).collect();
        let hidden = match hidden.as_slice() {
            [] => Words::default(),
            cells => words!("Not shown: " (facts.codes(cells, 6)) "."),
        };
        let legend = "Where a strategy keeps up, its curve follows the delays. Where it does not, \
                      latency is as long as the trial lets it grow: it would be longer in a longer \
                      one.";
        let scenarios: Vec<usize> = sweep.scenarios.iter().map(|&(_, scenario)| scenario).collect();
        let few = not_drawn(facts, &cells).into();
        let unmeasured = not_measured(facts, &scenarios);
        let caption = [legend.into(), footer.into(), hidden, few, unmeasured];
        figures.push(Figure::new(chart, caption));
    }
    figures
}

fn series(facts: &Facts, line: &Line) -> Series {
    let first = line.points[0].cell;
    let point = |p: &rates::Point| {
        let p99 = facts.metric(p.cell, Metric::P99).ok()?;
        Some(Point {
            offered: p.rate.as_per_s(),
            p50: value(facts, p.cell, Metric::P50)? / 1e9,
            p99: p99.value / 1e9,
            interval: p99.interval.as_ref().ok().map(|i| (i.low / 1e9, i.high / 1e9)),
            kept_up: p.keeps == Keeps::Yes,
        })
    };
    let points = line.points.iter().filter_map(point).collect();
    Series { label: facts.name(first).to_owned(), series: facts.hue(first), points }
}

fn intervals(facts: &Facts, cells: &[usize]) -> String {
    let p99 = |&cell: &usize| facts.metric(cell, Metric::P99).ok();
    match cells.iter().filter_map(p99).find_map(|e| e.interval.err()) {
        Some(reason) => format!("No intervals for some cells: {reason}."),
        None => "Intervals are 95 % (order statistics of the blocks).".to_owned(),
    }
}

/// Why cells have no point: their requests are too few for a percentile.
fn not_drawn(facts: &Facts, cells: &[usize]) -> String {
    let few = |&cell: &usize| match facts.metric(cell, Metric::P99) {
        Err(reason @ NoEstimate::TooFewRequests { .. }) => Some(reason.to_string()),
        _ => None,
    };
    let reasons: BTreeSet<String> = cells.iter().filter_map(few).collect();
    match reasons.into_iter().collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        reasons => format!("Not drawn where {}.", reasons.join("; ")),
    }
}

/// Title: the highest rates that strategies keep up with, of two that differ.
fn title(facts: &Facts, lines: &[Line]) -> String {
    let reach = |line: &Line| {
        let held = line.points.iter().take_while(|p| p.keeps == Keeps::Yes);
        held.last().map(|p| (p.rate, line.points[0].cell))
    };
    let mut reached: Vec<_> = lines.iter().filter_map(reach).collect();
    reached.sort_unstable_by_key(|&(rate, cell)| (rate, std::cmp::Reverse(cell)));
    match (reached.first(), reached.last()) {
        (Some(&(least, worst)), Some(&(most, best))) if least < most => format!(
            "{} keeps up to {}, {} to {}",
            name_of(facts, best),
            rates::shown(most),
            name_of(facts, worst),
            rates::shown(least)
        ),
        (Some(&(all, _)), Some(_)) if reached.len() == lines.len() => {
            format!("All keep up to {}", rates::shown(all))
        }
        (Some(&(most, best)), _) => {
            format!("{} keeps up to {}", name_of(facts, best), rates::shown(most))
        }
        _ => "Latency against the rate at which requests come".to_owned(),
    }
}
