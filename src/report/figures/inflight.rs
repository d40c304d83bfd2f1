//! Requests in flight over time.

use std::time::Duration;

use super::super::facts::Facts;
use super::super::numbers::count;
use super::super::requests::Times;
use super::parts::{duration, name_of, shown};
use super::representatives::{not_measured, not_shown, representatives};
use crate::chart::Frame;
use crate::chart::inflight::{InFlight, Panel, Reference};
use crate::page::{Block, Figure, Words, under, words};
use crate::record::{RecordError, TimelineRow, TrialRow};
use crate::spec::Metric;

/// Panels of one chart.
const MOST_PANELS: usize = 8;

/// More scenarios than this are not drawn: each is a chart of its own.
const MOST_CHARTS: usize = 6;

/// A peak below this share of the expected one is told; the same share as in the check of the
/// harness.
const REACHED: f64 = 0.9;

pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut figures = Vec::new();
    for (scenario, _) in facts.scenarios().take(MOST_CHARTS) {
        figures.extend(figure(facts, scenario)?);
    }
    let mut out = shown(figures, "The other scenarios");
    if out.is_empty() {
        out.push(Block::from(
            "There is no chart of requests in flight: the record has neither timelines nor all \
             request rows of a valid trial. The highest numbers stand in the table above.",
        ));
    }
    Ok(under(2, "In flight", out))
}

/// Source of a panel's steps.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Source {
    WarmUp,
    Timeline,
    Requests,
}

fn figure(facts: &Facts, scenario: usize) -> Result<Option<Figure>, RecordError> {
    let (drawn, others) = representatives(facts, scenario, MOST_PANELS, MOST_PANELS);
    let (mut panels, mut sources, mut cells, mut without) = (vec![], vec![], vec![], vec![]);
    for cell in drawn {
        match panel(facts, cell)? {
            Some((panel, source)) => {
                panels.push(panel);
                sources.push(source);
                cells.push(cell);
            }
            None => without.push(cell),
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let from = origin(&sources);
    let name = &facts.plan().scenarios[scenario].name;
    let place = if name.is_empty() { String::new() } else { format!("{name} · ") };
    let chart = InFlight {
        frame: Frame {
            title: title(facts, &cells),
            subtitle: format!("{place}requests started and not ended, over the time of one trial"),
            footer: from.clone(),
            description: "Requests in flight over time, a small panel for each cell.".to_owned(),
            ..Frame::default()
        },
        panels,
    };
    let missing = match without.as_slice() {
        [] => Words::default(),
        cells => words!("Nothing was recorded over time of " (facts.codes(cells, 6)) "."),
    };
    let legend = "Requests started and not ended, as the client saw them, beside the limit (or the \
                  peak that the schedule should reach).";
    let unmeasured = not_measured(facts, &[scenario]);
    let caption = [legend.into(), from.into(), not_shown(facts, &others), missing, unmeasured];
    Ok(Some(Figure::new(chart, caption)))
}

fn origin(sources: &[Source]) -> String {
    let any = |source: Source| sources.contains(&source);
    let mut parts = vec!["One trial of each cell (n = 1)"];
    if any(Source::WarmUp) {
        parts.push("sampled during the warm-up, whose times are not used elsewhere");
    }
    if any(Source::Timeline) {
        parts.push("sampled while it ran");
    }
    if any(Source::Requests) {
        parts.push("counted from its request rows where there were no samples");
    }
    format!("{}.", parts.join(", "))
}

fn panel(facts: &Facts, cell: usize) -> Result<Option<(Panel, Source)>, RecordError> {
    if let Some((row, samples)) = facts.timeline(cell)? {
        let source = if row.block == 0 { Source::WarmUp } else { Source::Timeline };
        return Ok(Some((sampled(facts, cell, row, &samples), source)));
    }
    let Some(kept) = facts.requests(cell)? else {
        return Ok(None);
    };
    // A part of the requests would show fewer in flight than there were.
    if kept.trial.issued != Some(kept.requests.len() as u64) {
        return Ok(None);
    }
    Ok(Some((counted(facts, cell, &kept.trial, &kept.requests), Source::Requests)))
}

fn sampled(facts: &Facts, cell: usize, row: &TrialRow, samples: &[TimelineRow]) -> Panel {
    let steps = |of: fn(&TimelineRow) -> u64| {
        samples.iter().map(|s| (Duration::from_nanos(s.at_ns), of(s))).collect()
    };
    frame(facts, cell, row, steps(|s| s.in_flight), steps(|s| s.completed))
}

fn counted(facts: &Facts, cell: usize, row: &TrialRow, requests: &[Times]) -> Panel {
    // At the same moment an end comes before a start: a slot is free before it is taken.
    let mut changes: Vec<(u64, bool)> = requests
        .iter()
        .flat_map(|r| [(r.start_ns, true), (r.end_ns.max(r.start_ns + 1), false)])
        .collect();
    changes.sort_unstable();
    let (mut now, mut done) = (0u64, 0u64);
    let (mut steps, mut completed) = (Vec::new(), Vec::new());
    for (at, starts) in changes {
        let at = Duration::from_nanos(at);
        if starts {
            now += 1;
        } else {
            now -= 1;
            done += 1;
            completed.push((at, done));
        }
        steps.push((at, now));
    }
    frame(facts, cell, row, steps, completed)
}

fn frame(
    facts: &Facts,
    cell: usize,
    row: &TrialRow,
    steps: Vec<(Duration, u64)>,
    completed: Vec<(Duration, u64)>,
) -> Panel {
    let planned = facts.cell(cell);
    let reference = match planned.strategy.limit {
        Some(limit) => {
            let limit = u64::from(limit.get());
            Reference { count: limit, label: format!("limit {}", count(limit)) }
        }
        None => {
            let peak = u64::from(planned.ideal.peak);
            Reference { count: peak, label: format!("expected peak {}", count(peak)) }
        }
    };
    let highest = steps.iter().map(|s| s.1).max().unwrap_or(0);
    // A limit far above what ever was in flight would press the curve to the ground.
    let reference = Some(reference).filter(|r| r.count > 0 && r.count <= highest.max(1) * 20);
    Panel {
        label: facts.label(cell),
        series: facts.hue(cell),
        wall: duration(row.wall_ns.unwrap_or(0) as f64),
        steps,
        completed,
        reference,
    }
}

/// Title: whether all cells reached the peak of their schedule, from the client's count in all
/// trials.
fn title(facts: &Facts, cells: &[usize]) -> String {
    let short_of: Vec<(usize, f64, u32)> = cells
        .iter()
        .filter_map(|&c| {
            let seen = facts.metric(c, Metric::InFlight).ok()?.value;
            let expected = facts.cell(c).ideal.peak;
            (seen < REACHED * f64::from(expected)).then_some((c, seen, expected))
        })
        .collect();
    match short_of.as_slice() {
        [] => "Every strategy shown reaches the peak of its schedule".to_owned(),
        [(cell, seen, expected)] => format!(
            "{} reaches {} of {} requests in flight",
            name_of(facts, *cell),
            super::super::numbers::about(*seen),
            count(u64::from(*expected))
        ),
        many => format!(
            "{} of {} strategies stay below the concurrency that they were given",
            many.len(),
            cells.len()
        ),
    }
}
