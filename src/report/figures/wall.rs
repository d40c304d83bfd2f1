//! Wall time of every cell against its ideal.

use super::super::facts::Facts;
use super::super::numbers::{counted, ns};
use super::coverage::{coverage, intervals, joined};
use super::parts::{duration, grouped, name_among, shown};
use crate::analyse::Estimate;
use crate::chart::Frame;
use crate::chart::wall::{Row, Wall};
use crate::page::{Block, Figure};
use crate::record::RecordError;

pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut figures = Vec::new();
    for (cells, groups) in grouped(facts, |s| facts.cells_of(s), |c| row(facts, c)) {
        let against = cells.iter().any(|&c| facts.has_ideal(c));
        let footer = joined(&[&coverage(facts, &cells), &intervals(facts, &cells)]);
        let chart = Wall {
            frame: Frame {
                title: if against { title(facts, &cells) } else { title_of_walls(facts, &cells) },
                subtitle: format!(
                    "Wall time from the start of the first thread or task to the last byte{}",
                    if against {
                        ", against the ideal: the same schedule without overhead"
                    } else {
                        ""
                    }
                ),
                footer: footer.clone(),
                description: format!(
                    "Median wall time of {} with intervals, every trial{}.",
                    counted(cells.len(), "cell"),
                    if against { " and the ideal" } else { "" }
                ),
                ..Frame::default()
            },
            groups,
        };
        let legend = if against {
            "Dots are medians, small ticks single trials, the dark bar is the ideal; efficiency is \
             ideal ÷ wall."
                .to_owned()
        } else {
            let why = cells.first().map_or("", |&cell| facts.why_no_ideal(cell));
            format!("Dots are medians, small ticks single trials. {why}")
        };
        figures.push(Figure::new(chart, [legend.into(), footer.into()]));
    }
    Ok(shown(figures, "More scenarios"))
}

fn row(facts: &Facts, cell: usize) -> Row {
    let analysed = facts.analysed(cell);
    let against = facts.has_ideal(cell);
    let wall = analysed.wall.as_ref().ok();
    Row {
        label: facts.label(cell),
        series: facts.hue(cell),
        median: wall.map(|e| duration(e.value)),
        interval: wall
            .and_then(|e| e.interval.as_ref().ok())
            .map(|i| (duration(i.low), duration(i.high))),
        trials: analysed.walls.iter().map(|&(_, ns)| duration(ns as f64)).collect(),
        ideal: against.then(|| std::time::Duration::from_nanos(facts.cell(cell).ideal.wall_ns)),
        efficiency: analysed.efficiency.as_ref().ok().filter(|_| against).map(|e| e.value),
        note: if wall.is_some() { String::new() } else { facts.why_unmeasured(cell) },
    }
}

/// The range of efficiency, with names only where the intervals of its ends are apart.
fn title(facts: &Facts, cells: &[usize]) -> String {
    let efficiency =
        |c: usize| facts.analysed(c).efficiency.as_ref().ok().filter(|_| facts.has_ideal(c));
    let (mut known, tail) = facts.ranked(cells);
    known.retain(|&c| efficiency(c).is_some());
    known.sort_by(|&a, &b| {
        let value = |c: usize| efficiency(c).map_or(0.0, |e| e.value);
        value(b).total_cmp(&value(a))
    });
    let (Some(&best), Some(&worst)) = (known.first(), known.last()) else {
        return nothing(&tail);
    };
    let (Some(high), Some(low)) = (efficiency(best), efficiency(worst)) else {
        return nothing(&tail);
    };
    let percent = |e: f64| format!("{:.0} %", e * 100.0);
    if best == worst {
        return format!(
            "{} reaches {} of its ideal speed{tail}",
            name_among(facts, best, cells),
            percent(high.value)
        );
    }
    match (&high.interval, &low.interval) {
        (Ok(h), Ok(l)) if l.high < h.low && percent(low.value) != percent(high.value) => format!(
            "From {} of the ideal speed ({}) down to {} ({}){tail}",
            percent(high.value),
            name_among(facts, best, cells),
            percent(low.value),
            name_among(facts, worst, cells)
        ),
        (Ok(_), Ok(_)) => {
            format!(
                "{} about {} of their ideal speed{tail}",
                all(&tail, "reach"),
                percent(low.value)
            )
        }
        _ => "Wall time against the ideal, too few blocks for intervals".to_owned(),
    }
}

/// The range of wall times, with names only where the intervals of its ends are apart.
fn title_of_walls(facts: &Facts, cells: &[usize]) -> String {
    let wall = |c: usize| facts.analysed(c).wall.as_ref().ok();
    let (ranked, tail) = facts.ranked(cells);
    let mut known: Vec<(usize, &Estimate)> =
        ranked.into_iter().filter_map(|c| Some((c, wall(c)?))).collect();
    known.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let (Some(&(fast, low)), Some(&(slow, high))) = (known.first(), known.last()) else {
        return nothing(&tail);
    };
    if fast == slow {
        return format!("{} takes {}{tail}", name_among(facts, fast, cells), ns(low.value));
    }
    match (&low.interval, &high.interval) {
        (Ok(l), Ok(h)) if l.high < h.low && ns(low.value) != ns(high.value) => format!(
            "From {} ({}) up to {} ({}){tail}",
            ns(low.value),
            name_among(facts, fast, cells),
            ns(high.value),
            name_among(facts, slow, cells)
        ),
        (Ok(_), Ok(_)) => format!("{} about {}{tail}", all(&tail, "take"), ns(low.value)),
        _ => "Wall times, too few blocks for intervals".to_owned(),
    }
}

/// The title where no cell may be named.
fn nothing(tail: &str) -> String {
    match tail {
        "" => "Nothing was measured".to_owned(),
        _ => "Something failed in every cell that was measured".to_owned(),
    }
}

/// The subject of a title about cells that are alike.
fn all(tail: &str, verb: &str) -> String {
    let which = if tail.is_empty() { "All cells" } else { "All cells without a failure" };
    format!("{which} {verb}")
}
