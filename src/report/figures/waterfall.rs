//! Every request of a few cells over time.

use crate::analyse::Verdict;
use crate::page::{Block, Figure, Words, code, under, words};
use crate::record::{RecordError, TrialRow};
use crate::spec::RecordLevel;
use crate::strategy::probe::Phase;

use super::super::facts::Facts;
use super::super::numbers::{count, counted, percent, times};
use super::super::requests::Times;
use super::super::standing::Standing;
use super::coverage::joined;
use super::parts::{duration, name_of, shown};
use super::representatives::{not_measured, not_shown, representatives};
use crate::chart::Frame;
use crate::chart::waterfall::{BETWEEN, Panel, Request, Waterfall};

/// Panels that fit a page.
const MOST_PANELS: usize = 6;

/// Panels that are enough if every model has one.
const FEW_PANELS: usize = 4;

/// More scenarios than this are not drawn: each is a chart of its own.
const MOST_CHARTS: usize = 6;

pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut figures = Vec::new();
    for (scenario, _) in facts.scenarios().take(MOST_CHARTS) {
        figures.extend(figure(facts, scenario)?);
    }
    let mut out = shown(figures, "The other scenarios, request by request");
    let scenarios = facts.plan().scenarios.len();
    if out.is_empty() {
        out.push(match facts.plan().experiment.record {
            RecordLevel::None => Block::from(words!(
                "There is no chart of single requests: the experiment keeps none of their rows ("
                (code("record = \"none\"")) ")."
            )),
            _ => "There is no chart of single requests: the record has no rows of a valid trial."
                .into(),
        });
    } else if scenarios > MOST_CHARTS {
        out.push(Block::from(format!(
            "Single requests are drawn for the first {MOST_CHARTS} of {scenarios} scenarios."
        )));
    }
    Ok(under(2, "What happened", out))
}

/// Efficiency of a trial, or its failed requests: with these it did less, and is not compared.
fn note(row: &TrialRow) -> String {
    match row.errors {
        Some(failed) if failed > 0 => format!("{} failed", count(failed)),
        _ => row.efficiency().map_or_else(String::new, |e| format!("efficiency {e:.2}")),
    }
}

fn figure(facts: &Facts, scenario: usize) -> Result<Option<Figure>, RecordError> {
    let (drawn, others) = representatives(facts, scenario, MOST_PANELS, FEW_PANELS);
    let mut panels = Vec::new();
    let mut trials = Vec::new();
    let mut without_rows = Vec::new();
    let (mut any_left_out, mut any_marks) = (false, false);
    let is_open = facts.is_open(scenario);
    for &cell in &drawn {
        let Some(kept) = facts.requests(cell)? else {
            without_rows.push(cell);
            continue;
        };
        let row = &kept.trial;
        let all = row.issued.unwrap_or(kept.rows as u64) as usize;
        let left_out = all.saturating_sub(kept.rows);
        any_marks |= kept.has_marks;
        any_left_out |= left_out > 0;
        trials.push(row.block);
        panels.push(Panel {
            label: facts.label(cell),
            note: note(row),
            wall: duration(row.wall_ns.unwrap_or(0) as f64),
            requests: kept.requests.iter().map(|times| request(times, is_open)).collect(),
            every: kept.every,
            total: kept.rows,
            left_out,
        });
    }
    if panels.is_empty() {
        return Ok(None);
    }
    panels.sort_by_key(|p| std::cmp::Reverse(p.wall));
    let cut =
        if any_left_out { "Left out: the requests beyond the rows that were kept." } else { "" };
    let from = sources(&trials);
    let name = &facts.plan().scenarios[scenario].name;
    let requests = facts.plan().experiment.scenarios[scenario].requests;
    let place = if name.is_empty() { String::new() } else { format!("{name} · ") };
    let chart = Waterfall {
        frame: Frame {
            title: title(facts, scenario),
            subtitle: format!(
                "{place}{} requests, one bar each, over the time of one trial; the slowest first",
                count(u64::from(requests))
            ),
            footer: joined(&[&from, cut]),
            description: format!(
                "One bar for every request over time, for {} of issuing them.",
                counted(panels.len(), "way")
            ),
            ..Frame::default()
        },
        panels,
    };
    let missing = match without_rows.as_slice() {
        [] => Words::default(),
        cells => words!("No rows were kept of " (facts.codes(cells, 6)) "."),
    };
    let bars = if any_marks {
        "Each bar is a request, coloured by what it does; what is too short for a pixel is not \
         drawn, and what its library cannot tell is part of what follows."
    } else {
        "Each bar is a request: pale while it waits for its turn, dark while it waits for the \
         answer."
    };
    let title = "The title is from the medians of all blocks; a single trial need not be typical.";
    let others = not_shown(facts, &others);
    let unmeasured = not_measured(facts, &[scenario]);
    let caption = [bars.into(), from.into(), title.into(), cut.into(), others, missing, unmeasured];
    Ok(Some(Figure::new(chart, caption)))
}

/// `One trial of each cell (n = 1), from block 1.`
fn sources(blocks: &[u32]) -> String {
    let (first, last) = (blocks.iter().min(), blocks.iter().max());
    match (first, last) {
        (Some(a), Some(b)) if a == b => format!("One trial of each cell (n = 1), from block {a}."),
        (Some(a), Some(b)) => {
            format!(
                "One trial of each cell (n = 1), that nearest to its median; blocks {a} to {b}."
            )
        }
        _ => String::new(),
    }
}

/// A request of the record. In a closed loop all are to be done from the start on, whether they wait for
/// their turn in a pool, which has them in hand, or in a loop or thread, which takes each in its turn.
fn request(times: &Times, is_open: bool) -> Request {
    let at = std::time::Duration::from_nanos;
    let wanted_ns = if is_open { times.scheduled_ns } else { 0 };
    Request {
        issued: at(wanted_ns.min(times.start_ns)),
        sent: at(times.start_ns),
        between: BETWEEN.map(|phase| times.end_of(phase).map(at)),
        head: times.end_of(Phase::Wait).map(at),
        end: at(times.end_ns),
        failed: times.failed,
    }
}

/// Title: the result of the scenario, in words that its intervals allow.
fn title(facts: &Facts, scenario: usize) -> String {
    let standing = Standing::of(facts, scenario);
    let baseline = facts.plan().scenarios[scenario].baseline;
    let plain = || "When each request waited, and for how long".to_owned();
    let Some(fastest) = standing.fastest else {
        return plain();
    };
    let (name, base) = (name_of(facts, fastest), name_of(facts, baseline));
    let compared = facts.analysed(fastest).over_baseline.as_ref();
    let Some((ratio, verdict)) = compared
        .and_then(|c| Some((c.ratio.as_ref().ok()?.ratio.value, c.judged.verdict.as_ref().ok()?)))
    else {
        return match standing.slower.first() {
            Some(_) if fastest == baseline && standing.has_winner() => {
                format!("Nothing is faster than {base}, the baseline")
            }
            _ => plain(),
        };
    };
    // What is shown to be equal within the margin may share the sentence.
    let (subject, many) = match standing.equivalent.as_slice() {
        [] => (name.clone(), false),
        [other] => (format!("{name} and {}", name_of(facts, *other)), true),
        others => (format!("{name} and {} others", others.len()), true),
    };
    let tail = match standing.not_told_apart() {
        0 => String::new(),
        1 => "; one other is not told apart".to_owned(),
        n => format!("; {n} others are not told apart"),
    };
    match verdict {
        Verdict::Faster if ratio <= 2.0 / 3.0 => {
            let verb = if many { "finish" } else { "finishes" };
            format!("{subject} {verb} {} times sooner than {base}{tail}", times(1.0 / ratio))
        }
        Verdict::Faster => {
            let verb = if many { "take" } else { "takes" };
            format!("{subject} {verb} {} less time than {base}{tail}", percent(1.0 - ratio))
        }
        Verdict::Equivalent => {
            let margin = percent(facts.analysis.margin.relative());
            format!("{name} and {base} take the same time, within {margin}")
        }
        _ => plain(),
    }
}
