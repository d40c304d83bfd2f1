//! Throughput against the limit: sweeps, the law of each, and its knee.

use super::super::facts::Facts;
use super::super::laws;
use super::super::numbers::{and, count, ns};
use super::coverage::{coverage, intervals, joined};
use super::parts::shown;
use super::scaling::label;
use crate::analyse::{Knee, MIN_LIMITS, NoLaw, Sweep};
use crate::chart::Frame;
use crate::chart::scaling::{Limit, Line, Point, Quantity, Scaling, Series};
use crate::page::{Block, Figure, Words, strong, under, words};
use crate::record::RecordError;
use crate::spec::Factor;

/// Curves that can be told apart.
const MOST_SERIES: usize = 8;

/// More are not drawn: each is a chart of its own.
const MOST_CHARTS: usize = 6;

/// Points of a fitted curve: neighbours are a few px apart.
const CURVE: u32 = 160;

/// A chart for the sweeps of each scenario (its number of requests apart), if one of them is long
/// enough for a law; and a sentence for each sweep.
pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let sweeps = Sweep::all(facts.recording, facts.analysis);
    let mut groups: Vec<(String, Vec<&Sweep>)> = Vec::new();
    for sweep in &sweeps {
        let key = conditions(facts, sweep, |_| true);
        match groups.iter_mut().find(|(k, _)| *k == key) {
            Some((_, members)) => members.push(sweep),
            None => groups.push((key, vec![sweep])),
        }
    }
    let drawn = groups.iter().filter(|(_, g)| g.iter().any(|s| s.points.len() >= MIN_LIMITS));
    let figures = drawn.take(MOST_CHARTS).map(|(_, members)| figure(facts, members));
    let mut out = shown(figures.collect(), "The other sweeps");
    let sentences: Vec<Words> = sweeps
        .iter()
        .map(|sweep| {
            let varying = conditions(facts, sweep, |f| varies(facts, f));
            let place = if varying.is_empty() { varying } else { format!(" ({varying})") };
            let name = format!("{}{place}", label(facts, &cells(sweep)));
            words!((strong(name)) ": " (laws::said(facts, sweep)))
        })
        .collect();
    if !sentences.is_empty() {
        out.push(Block::List(sentences));
    }
    Ok(under(3, "Throughput against the limit", out))
}

fn figure(facts: &Facts, sweeps: &[&Sweep]) -> Figure {
    let drawn: Vec<&Sweep> = sweeps.iter().copied().take(MOST_SERIES).collect();
    let all: Vec<usize> = drawn.iter().flat_map(|s| cells(s)).collect();
    let footer = joined(&[&coverage(facts, &all), &intervals(facts, &all)]);
    let place = conditions(facts, drawn[0], |f| varies(facts, f));
    let place = if place.is_empty() { place } else { format!("{place} · ") };
    // The same delays, so the same line for all.
    let line = drawn[0].points[0].little.map(|first| {
        let slope = first / f64::from(drawn[0].points[0].limit);
        Line { slope, label: format!("Little's law: limit ÷ {}", ns(1e9 / slope)) }
    });
    let chart = Scaling {
        frame: Frame {
            title: title(facts, &drawn),
            subtitle: format!(
                "{place}median of successful requests a second against the limit of requests in \
                 flight"
            ),
            footer: footer.clone(),
            description: "Median throughput over the limit, one curve for each sweep, with the \
                          ideal, Little's law and the fitted curve."
                .to_owned(),
            ..Frame::default()
        },
        quantity: Quantity::Throughput,
        series: drawn.iter().map(|sweep| series(facts, sweep)).collect(),
        reference: None,
        line,
    };
    let hidden = match sweeps.len() - drawn.len() {
        0 => String::new(),
        n => format!("{n} sweeps are not shown."),
    };
    let legend = "Dashed is the ideal of each cell, dotted is Little's law: as many requests as the \
                  limit allows, in flight all the time. Where a law was fitted, the solid line is \
                  its curve and leads through no point. A ring marks the knee.";
    Figure::new(chart, [legend.into(), footer.into(), hidden.into()])
}

fn cells(sweep: &Sweep) -> Vec<usize> {
    sweep.points.iter().map(|p| p.cell).collect()
}

fn series(facts: &Facts, sweep: &Sweep) -> Series {
    let limit = |n: u32| Limit::Bounded(u64::from(n));
    Series {
        label: label(facts, &cells(sweep)),
        series: facts.hue(sweep.first_cell()),
        points: sweep
            .points
            .iter()
            .map(|p| Point {
                limit: limit(p.limit),
                value: p.throughput.value,
                interval: p.throughput.interval.as_ref().ok().map(|i| (i.low, i.high)),
            })
            .collect(),
        ideal: sweep.points.iter().filter_map(|p| Some((limit(p.limit), p.ideal?))).collect(),
        fit: match &sweep.law {
            Ok(found) => curve(sweep, |n| found.law.throughput(n)),
            Err(reason) => match &**reason {
                NoLaw::Saturates { lines, .. } => curve(sweep, |n| lines.throughput(n)),
                _ => Vec::new(),
            },
        },
        knee: match &sweep.knee {
            Knee::At { point, .. } => Some(limit(sweep.points[*point].limit)),
            Knee::NotSeen | Knee::NoIdeal => None,
        },
    }
}

/// A law from the smallest to the largest limit of a sweep, in even steps of the logarithm.
fn curve(sweep: &Sweep, law: impl Fn(f64) -> f64) -> Vec<(f64, f64)> {
    let (from, to) = (f64::from(sweep.points[0].limit), f64::from(sweep.largest()));
    let at = |i: u32| from * (to / from).powf(f64::from(i) / f64::from(CURVE));
    (0..=CURVE).map(at).map(|n| (n, law(n))).collect()
}

/// The values of a sweep's scenario in some factors; those of its number of requests never.
fn conditions(facts: &Facts, sweep: &Sweep, wanted: impl Fn(Factor) -> bool) -> String {
    let cell = facts.cell(sweep.first_cell());
    Factor::ALL
        .into_iter()
        .filter(|&f| !f.is_of_strategy() && f != Factor::Requests && wanted(f))
        .map(|f| format!("{} {}", f.spoken(), facts.plan().factor(cell, f)))
        .collect::<Vec<_>>()
        .join(", ")
}

/// Whether the scenarios of the experiment differ in a factor.
fn varies(facts: &Facts, factor: Factor) -> bool {
    let plan = facts.plan();
    let mut values = plan.cells.iter().map(|cell| plan.factor(cell, factor));
    let first = values.next();
    values.any(|value| Some(value) != first)
}

/// From where on which sweep falls behind, lowest knee first.
fn title(facts: &Facts, sweeps: &[&Sweep]) -> String {
    let mut knees: Vec<(u32, String)> = sweeps
        .iter()
        .filter_map(|sweep| match &sweep.knee {
            Knee::At { point, .. } => {
                let name = label(facts, &cells(sweep));
                Some((sweep.points[*point].limit, name))
            }
            Knee::NotSeen | Knee::NoIdeal => None,
        })
        .collect();
    knees.sort();
    let largest = sweeps.iter().map(|s| s.largest()).max().unwrap_or(0);
    match knees.as_slice() {
        [] => format!(
            "Throughput follows its ideal up to {} requests in flight",
            count(u64::from(largest))
        ),
        [(limit, name)] => format!(
            "{name} falls behind its ideal from {} requests in flight on",
            count(u64::from(*limit))
        ),
        [first, others @ ..] => {
            let on =
                |(limit, name): &(u32, String)| format!("{name} from {}", count(u64::from(*limit)));
            let rest: Vec<String> = others.iter().take(2).map(on).collect();
            format!(
                "{} falls behind its ideal from {} requests in flight on, {}",
                first.1,
                count(u64::from(first.0)),
                and(&rest)
            )
        }
    }
}
