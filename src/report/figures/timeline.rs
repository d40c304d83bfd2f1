//! Trials that broke, over time.

use std::time::Duration;

use super::super::facts::Facts;
use super::super::numbers::{count, ns};
use super::coverage::joined;
use super::parts::{name_of, shown};
use crate::chart::Frame;
use crate::chart::timeline::{Line, Panel, Quantity, Timeline};
use crate::page::{Block, Figure, under};
use crate::record::{RecordError, Status, TimelineRow, TrialRow};

/// More cells are not drawn: each is a chart of its own.
const MOST_CHARTS: usize = 6;

/// Samples of a line at most: two a pixel.
const MOST_SAMPLES: usize = 1_600;

/// Parts of the time in which rates are counted, at most.
const PARTS: usize = 100;

/// A chart for each cell with failed requests, or with a trial that failed or was no measurement of it,
/// of its first such trial with a timeline; one of the warm-up only where there is no other.
pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut figures = Vec::new();
    for cell in 0..facts.plan().cells.len() {
        if figures.len() == MOST_CHARTS {
            break;
        }
        if let Some((row, samples)) = broken(facts, cell)? {
            figures.push(figure(facts, cell, row, &samples));
        }
    }
    Ok(under(2, "Trials that broke", shown(figures, "The other cells")))
}

fn broken<'a>(
    facts: &Facts<'a>,
    cell: usize,
) -> Result<Option<(&'a TrialRow, Vec<TimelineRow>)>, RecordError> {
    let id = facts.cell(cell).id.to_string();
    let broke = |row: &&TrialRow| match row.status {
        Status::Failed | Status::Invalid => true,
        Status::Ok => row.errors > Some(0),
        _ => false,
    };
    let mut rows: Vec<&TrialRow> =
        facts.recording.trials.iter().filter(|t| t.cell == id).filter(broke).collect();
    rows.sort_by_key(|row| row.block == 0);
    for row in rows {
        let samples = facts.recording.timeline(&row.trial)?;
        // From one moment alone nothing can be drawn.
        if let Some(samples) = samples.filter(|s| s.len() > 1) {
            return Ok(Some((row, samples)));
        }
    }
    Ok(None)
}

fn figure(facts: &Facts, cell: usize, row: &TrialRow, samples: &[TimelineRow]) -> Figure {
    let name = &facts.plan().scenarios[facts.cell(cell).scenario].name;
    let place = if name.is_empty() { String::new() } else { format!("{name} · ") };
    let from = match row.block {
        0 => "One trial (n = 1), of the warm-up, whose times are not used elsewhere.".to_owned(),
        block => format!("One trial (n = 1), of block {block}."),
    };
    let sockets = if samples.iter().any(|s| s.tcp_in_use.is_some()) {
        "Sockets in use and in TIME-WAIT are those of the whole network namespace, both ends and other programs included."
    } else {
        ""
    };
    let footer = joined(&[&from, sockets]);
    let chart = Timeline {
        frame: Frame {
            title: title(facts, cell, row, samples),
            subtitle: format!("{place}what the client did and used over one trial"),
            footer: footer.clone(),
            description: "Requests in flight and ended, CPU, memory, threads, open files and \
                          sockets of one trial over time."
                .to_owned(),
            ..Frame::default()
        },
        panels: panels(samples),
    };
    Figure::new(chart, [footer.into()])
}

fn title(facts: &Facts, cell: usize, row: &TrialRow, samples: &[TimelineRow]) -> String {
    let name = name_of(facts, cell);
    if row.status == Status::Failed {
        let last = samples.last().map_or(0, |s| s.at_ns);
        return format!(
            "{name}: the trial failed; the last that is known is from {}",
            ns(last as f64)
        );
    }
    if row.status == Status::Invalid {
        return format!("{name}: no measurement of it, since {}", row.reason);
    }
    let (errors, issued) = (row.errors.unwrap_or(0), row.issued.unwrap_or(0));
    let first = samples.iter().find(|s| s.failed > Some(0));
    let by = first
        .map_or_else(String::new, |s| format!(", the first of them by {}", ns(s.at_ns as f64)));
    format!("{name}: {} of {} requests failed{by}", count(errors), count(issued))
}

fn panels(samples: &[TimelineRow]) -> Vec<Panel> {
    let panel = |label: &str, quantity, lines: Vec<Line>| Panel {
        label: label.to_owned(),
        quantity,
        lines,
    };
    let level = |label: &str, series, of: &dyn Fn(&TimelineRow) -> Option<u64>| {
        level(samples, label, series, of)
    };
    let rate = |label: &str, series, per: f64, of: &dyn Fn(&TimelineRow) -> Option<u64>| Line {
        label: label.to_owned(),
        series,
        points: rates(samples, of).into_iter().map(|(at, rate)| (at, rate / per)).collect(),
    };
    // A number that never changes stands in the tables.
    let threads = samples.windows(2).any(|w| w[0].threads != w[1].threads);
    let answered = |s: &TimelineRow| Some(s.completed - s.failed.unwrap_or(0).min(s.completed));
    vec![
        panel("in flight", Quantity::Count, vec![level("", 0, &|s| Some(s.in_flight))]),
        panel(
            "requests ended",
            Quantity::PerSecond,
            vec![rate("answered", 0, 1.0, &answered), rate("failed", 1, 1.0, &|s| s.failed)],
        ),
        panel(
            "CPU time ÷ time",
            Quantity::Share,
            vec![
                rate("user and kernel", 0, 1e9, &|s| Some(s.cpu_ns)),
                rate("kernel", 2, 1e9, &|s| s.cpu_sys_ns),
            ],
        ),
        panel("resident memory", Quantity::Bytes, vec![level("", 0, &|s| s.rss_bytes)]),
        panel("threads", Quantity::Count, vec![level("", 0, &|s| s.threads.filter(|_| threads))]),
        panel(
            "open files and sockets",
            Quantity::Count,
            vec![
                level("open files", 0, &|s| s.open_files),
                level("TCP sockets in use", 3, &|s| s.tcp_in_use),
            ],
        ),
        panel("the client's sockets by state", Quantity::Count, by_state(samples)),
        // Of the whole machine, if the trial has no network of its own: many times the others.
        panel("sockets in TIME-WAIT", Quantity::Count, vec![level("", 4, &|s| s.tcp_time_wait)]),
    ]
}

/// A number as it was seen, in as many samples as can be drawn.
fn level(
    samples: &[TimelineRow],
    label: &str,
    series: usize,
    of: impl Fn(&TimelineRow) -> Option<u64>,
) -> Line {
    let seen = samples.iter().filter_map(|s| Some((s.at_ns, of(s)? as f64)));
    let seen: Vec<(Duration, f64)> = seen.map(|(at, v)| (Duration::from_nanos(at), v)).collect();
    let every = seen.len().div_ceil(MOST_SAMPLES);
    let shown = seen.iter().enumerate().filter(|(i, _)| i % every == 0 || i + 1 == seen.len());
    Line { label: label.to_owned(), series, points: shown.map(|(_, point)| *point).collect() }
}

/// Sockets in each state, where they were told apart; a state that none was in has no line.
fn by_state(samples: &[TimelineRow]) -> Vec<Line> {
    type State = (&'static str, fn(&TimelineRow) -> Option<u64>);
    const STATES: [State; 3] = [
        ("ESTABLISHED", |s| s.sockets_established),
        ("SYN-SENT", |s| s.sockets_syn_sent),
        ("CLOSE-WAIT", |s| s.sockets_close_wait),
    ];
    let lines =
        STATES.iter().enumerate().map(|(series, (name, of))| level(samples, name, series, of));
    lines.filter(|line| line.points.iter().any(|&(_, n)| n > 0.0)).collect()
}

/// Growth of a count per second: steps over parts of the time, each of several samples.
fn rates(
    samples: &[TimelineRow],
    of: &dyn Fn(&TimelineRow) -> Option<u64>,
) -> Vec<(Duration, f64)> {
    let known: Vec<(u64, u64)> = samples.iter().filter_map(|s| Some((s.at_ns, of(s)?))).collect();
    let every = known.len().div_ceil(PARTS).max(1);
    let mut ends: Vec<(u64, u64)> = known.iter().copied().step_by(every).collect();
    // The last part is not cut short: a part of one sample says little.
    if let (Some(end), Some(&last)) = (ends.last_mut(), known.last()) {
        *end = last;
    }
    ends.windows(2)
        .filter(|w| w[1].0 > w[0].0)
        .flat_map(|w| {
            let rate = w[1].1.saturating_sub(w[0].1) as f64 * 1e9 / (w[1].0 - w[0].0) as f64;
            [(Duration::from_nanos(w[0].0), rate), (Duration::from_nanos(w[1].0), rate)]
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(at_ns: u64, completed: u64) -> TimelineRow {
        TimelineRow { at_ns, completed, ..TimelineRow::default() }
    }

    #[test]
    fn rates_add_up_to_the_count() {
        let samples: Vec<TimelineRow> = (0..=1_000).map(|i| at(i * 1_000_000, i * i)).collect();
        let rates = rates(&samples, &|s| Some(s.completed));
        assert!(rates.len() <= 2 * PARTS && rates.is_sorted_by_key(|(at, _)| *at));
        let sum: f64 =
            rates.chunks(2).map(|step| (step[1].0 - step[0].0).as_secs_f64() * step[0].1).sum();
        assert!((sum - 1e6).abs() < 1.0, "{sum}");
        assert!(super::rates(&samples[..1], &|s| Some(s.completed)).is_empty());
        assert!(super::rates(&samples, &|s| s.failed).is_empty());
    }

    #[test]
    fn states_that_no_socket_was_in_have_no_line() {
        let state = |at_ns, sent| TimelineRow {
            at_ns,
            sockets_established: Some(0),
            sockets_syn_sent: Some(sent),
            ..TimelineRow::default()
        };
        // Between two rows with states is one without.
        let panels = panels(&[state(0, 0), at(1, 0), state(2, 7)]);
        let panel =
            panels.iter().find(|p| p.label == "the client's sockets by state").expect("a panel");
        let [line] = panel.lines.as_slice() else { panic!("{:?}", panel.lines) };
        let points = [(Duration::ZERO, 0.0), (Duration::from_nanos(2), 7.0)];
        assert_eq!((line.label.as_str(), line.points.as_slice()), ("SYN-SENT", &points[..]));
    }
}
