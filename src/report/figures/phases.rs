//! Chart of the time of a request, phase by phase.

use crate::analyse::Estimate;
use crate::strategy::probe::Phase;

use super::super::facts::Facts;
use super::super::numbers::{counted, ns};
use super::coverage::{coverage, joined};
use super::parts::{duration, grouped, name_among};
use crate::chart::Frame;
use crate::chart::phases::{Bar, Phases, Row};
use crate::page::{Figure, Words, term, words};
use crate::record::TrialRow;

/// Where queue and delay are more than this share of a request, what is left has a panel of its own.
const HIDING: f64 = 0.5;

pub(in crate::report) fn figures(facts: &Facts) -> Vec<Figure> {
    let shown = |scenario: usize| -> Vec<usize> {
        let cells = facts.cells_of(scenario);
        if cells.iter().any(|&c| facts.has_phases(c)) { cells } else { Vec::new() }
    };
    let mut figures = Vec::new();
    for (cells, groups) in grouped(facts, shown, |c| row(facts, c)) {
        let two = cells.iter().any(|&c| hidden(facts, c) > HIDING);
        let footer = joined(&[
            "Medians over the trials of a cell of each trial's means; medians of parts need not add \
             up to that of the whole.",
            &coverage(facts, &cells),
        ]);
        let chart = Phases {
            frame: Frame {
                title: title(facts, &cells),
                subtitle: "Mean time of a successful request, from when the program wanted it to \
                           its last byte, by phase"
                    .to_owned(),
                footer: footer.clone(),
                description: format!(
                    "Mean time of a request by phase for {}.",
                    counted(cells.len(), "cell")
                ),
                ..Frame::default()
            },
            groups,
            rest: two.then(|| "without queue and the server's delay".to_owned()),
        };
        let rest = match two {
            true => words!(
                "At the right, the queue is left out, and of " (term("wait")) " the delay that the \
                 server was asked for: what is left is the client's, the network's and the server's \
                 own."
            ),
            false => Words::default(),
        };
        let legend = "The time of a phase that a library cannot tell is part of the next one.";
        figures.push(Figure::new(chart, [legend.into(), rest, footer.into()]));
    }
    figures
}

fn row(facts: &Facts, cell: usize) -> Row {
    let parts: Vec<(Phase, f64)> = Phase::ALL
        .into_iter()
        .filter_map(|phase| {
            let mean = facts.median(cell, |r| r.phase_ns(phase).map(|v| v as f64)).ok()?;
            Some((phase, mean.value))
        })
        .collect();
    let Ok(total) = facts.median(cell, TrialRow::request_ns) else {
        let note = match facts.wall_ns(cell) {
            _ if !facts.cell(cell).strategy.probes => "without probes".to_owned(),
            Some(_) => "not recorded".to_owned(),
            None => facts.why_unmeasured(cell),
        };
        return Row { label: facts.label(cell), note, ..Row::default() };
    };
    let bar = |parts: &[(Phase, f64)], total: f64| Bar {
        parts: parts.iter().map(|&(phase, time)| (phase, duration(time))).collect(),
        total: duration(total),
    };
    let beyond = |r: &TrialRow| {
        let wait = r.phase_ns(Phase::Wait)? as f64;
        Some((wait - r.served_delay_ns()?).max(0.0))
    };
    let rest = || {
        let (own, wait) =
            (facts.median(cell, TrialRow::own_ns).ok()?, facts.median(cell, beyond).ok()?);
        let own_parts = parts.iter().filter(|(phase, _)| *phase != Phase::Queue);
        let own_parts = own_parts.map(|&(phase, time)| match phase {
            Phase::Wait => (phase, wait.value),
            _ => (phase, time),
        });
        Some(bar(&own_parts.collect::<Vec<_>>(), own.value))
    };
    Row {
        label: facts.label(cell),
        whole: Some(bar(&parts, total.value)),
        rest: rest(),
        note: String::new(),
    }
}

/// The share of queue and delay in a request.
fn hidden(facts: &Facts, cell: usize) -> f64 {
    let share = facts.median(cell, |r| Some(1.0 - r.own_ns()? / r.request_ns()?.max(1.0)));
    share.map_or(0.0, |e| e.value)
}

/// The range of what a request takes beyond queue and delay, with names only where its ends are
/// apart.
fn title(facts: &Facts, cells: &[usize]) -> String {
    let plain = || "Where the time of a request goes".to_owned();
    let (ranked, tail) = facts.ranked(cells);
    let mut known: Vec<(usize, Estimate)> = ranked
        .into_iter()
        .filter_map(|c| Some((c, facts.median(c, TrialRow::own_ns).ok()?)))
        .collect();
    known.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let (Some((least, low)), Some((most, high))) = (known.first(), known.last()) else {
        return plain();
    };
    match (&low.interval, &high.interval) {
        _ if least == most => {
            format!("Beyond queue and delay a request takes {}{tail}", ns(low.value))
        }
        (Ok(l), Ok(h)) if l.high < h.low && ns(low.value) != ns(high.value) => format!(
            "Beyond queue and delay a request takes {} with {}, {} with {}{tail}",
            ns(low.value),
            name_among(facts, *least, cells),
            ns(high.value),
            name_among(facts, *most, cells)
        ),
        _ => plain(),
    }
}
