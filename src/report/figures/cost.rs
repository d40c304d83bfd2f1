//! CPU time and memory of client and server.

use crate::analyse::Estimate;
use crate::page::{Block, Figure, under};
use crate::record::{RecordError, TrialRow};
use crate::spec::Metric;

use super::super::facts::{Facts, client_cpu_per_1000, per_1000};
use super::super::numbers::{counted, ns};
use super::coverage::{coverage, joined};
use super::parts::{duration, grouped, name_among, shown};
use crate::chart::Frame;
use crate::chart::bars::{Bars, Panel, Row, Unit};

pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let measured = |s: usize| -> Vec<usize> {
        facts.cells_of(s).into_iter().filter(|&c| facts.wall_ns(c).is_some()).collect()
    };
    let mut figures = Vec::new();
    for (cells, groups) in grouped(facts, measured, |c| row(facts, c)) {
        let footer = joined(&["Medians over the trials of a cell.", &coverage(facts, &cells)]);
        let chart = Bars {
            frame: Frame {
                title: title(facts, &cells),
                subtitle: "CPU time per 1,000 requests, user and kernel together, and the highest \
                           resident memory"
                    .to_owned(),
                footer: footer.clone(),
                description: format!("CPU time and memory of {}.", counted(cells.len(), "cell")),
                ..Frame::default()
            },
            panels: vec![
                panel("CPU time per 1,000 requests", Unit::Seconds, 0.56),
                panel("Peak memory", Unit::Bytes, 0.44),
            ],
            series: vec!["client".to_owned(), "server".to_owned()],
            groups,
        };
        let caption =
            "The client's CPU time is of the measured window, the server's of its whole process.";
        figures.push(Figure::new(chart, [caption.into(), footer.into()]));
    }
    let mut out = shown(figures, "More scenarios");
    if out.is_empty() {
        out.push("No cost is known: no cell has a valid trial.".into());
    }
    Ok(under(2, "Cost", out))
}

fn panel(heading: &str, unit: Unit, share: f64) -> Panel {
    Panel { heading: heading.to_owned(), unit, share }
}

fn row(facts: &Facts, cell: usize) -> Row {
    let median =
        |of: &dyn Fn(&TrialRow) -> Option<f64>| facts.median(cell, of).ok().map(|e| e.value);
    // User and kernel together: the kernel samples the split, which means little for short trials.
    let cpu = |of: fn(&TrialRow) -> Option<u64>| {
        median(&|r: &TrialRow| per_1000(r, of(r)?)).map(|ns| duration(ns).as_secs_f64())
    };
    let server_memory = |r: &TrialRow| r.server_max_rss_bytes.map(|bytes| bytes as f64);
    Row {
        label: facts.label(cell),
        bars: vec![
            vec![cpu(TrialRow::client_cpu_ns), median(&|r| Metric::Memory.of(r)).map(f64::trunc)],
            vec![cpu(TrialRow::server_cpu_ns), median(&server_memory).map(f64::trunc)],
        ],
    }
}

/// The range of CPU per request, with names only where its ends are apart.
fn title(facts: &Facts, cells: &[usize]) -> String {
    let plain = || "What each cell costs".to_owned();
    let (ranked, tail) = facts.ranked(cells);
    let mut known: Vec<(usize, Estimate)> = ranked
        .into_iter()
        .filter_map(|c| Some((c, facts.median(c, client_cpu_per_1000).ok()?)))
        .collect();
    known.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let (Some((least, low)), Some((most, high))) = (known.first(), known.last()) else {
        return plain();
    };
    match (&low.interval, &high.interval) {
        _ if least == most => format!("1,000 requests take {} of CPU{tail}", ns(low.value)),
        (Ok(l), Ok(h)) if l.high < h.low && ns(low.value) != ns(high.value) => format!(
            "1,000 requests take {} of CPU with {}, {} with {}{tail}",
            ns(low.value),
            name_among(facts, *least, cells),
            ns(high.value),
            name_among(facts, *most, cells)
        ),
        (Ok(_), Ok(_)) => {
            format!("No difference in CPU time is shown: about {} everywhere{tail}", ns(low.value))
        }
        _ => plain(),
    }
}
