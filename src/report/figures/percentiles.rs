//! Latency by percentile.

use crate::analyse::{Estimate, median};
use crate::page::{Block, Figure, under};
use crate::record::RecordError;
use crate::spec::Metric;

use super::super::facts::Facts;
use super::super::numbers::ns;
use super::coverage::{coverage, joined};
use super::parts::{duration, short, shown};
use super::representatives::{not_shown, representatives};
use crate::chart::Frame;
use crate::chart::percentiles::{Curve, MOST_CURVES, Panel, Percentiles};

/// Percentiles that are drawn, as far as the number of requests supports them.
const POINTS: [f64; 15] =
    [0.0, 10.0, 25.0, 50.0, 60.0, 70.0, 80.0, 90.0, 95.0, 98.0, 99.0, 99.5, 99.9, 99.99, 99.999];

/// Percentiles this many times below the median are delays of (nearly) zero. They would take most
/// of a logarithmic axis and say nothing.
const FAR_BELOW: f64 = 20.0;

/// Panels of one chart.
const MOST_PANELS: usize = 6;

pub(in crate::report) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut figures = Vec::new();
    let scenarios: Vec<usize> = facts.scenarios().map(|(s, _)| s).collect();
    for scenarios in scenarios.chunks(MOST_PANELS) {
        figures.extend(figure(facts, scenarios)?);
    }
    let mut out = shown(figures, "More scenarios");
    if out.is_empty() {
        out.push("The record has no latency histogram of a valid trial.".into());
    }
    Ok(under(2, "Latency", out))
}

fn figure(facts: &Facts, scenarios: &[usize]) -> Result<Option<Figure>, RecordError> {
    let (mut panels, mut cells, mut others) = (Vec::new(), Vec::new(), Vec::new());
    for &scenario in scenarios {
        let (drawn, hidden) = representatives(facts, scenario, MOST_CURVES, MOST_CURVES);
        others.extend(hidden);
        let mut curves = Vec::new();
        for cell in drawn {
            let points = points(facts, cell)?;
            if !points.is_empty() {
                let label = facts.label(cell);
                curves.push(Curve { label, series: facts.hue(cell), points });
                cells.push(cell);
            }
        }
        if !curves.is_empty() {
            let heading = facts.plan().scenarios[scenario].name.clone();
            panels.push(Panel { heading, curves });
        }
    }
    if panels.is_empty() {
        return Ok(None);
    }
    let footer = joined(&[
        "Quantiles of each trial, then the median over trials; requests are not pooled.",
        &coverage(facts, &cells),
    ]);
    let chart = Percentiles {
        frame: Frame {
            title: title(facts, &cells),
            subtitle: format!(
                "Time from {}, by the share of requests that took at most as long",
                if facts.any_open() { OPEN } else { CLOSED }
            ),
            footer: footer.clone(),
            description: "Latency over percentile, one curve for each cell.".to_owned(),
            ..Frame::default()
        },
        panels,
    };
    let waits = if facts.any_open() { "" } else { WAITS };
    let legend = "Failed requests have none. Percentiles with less than one request beyond them, \
                  and those at less than a twentieth of the median, are not drawn.";
    let caption = [waits.into(), legend.into(), footer.into(), not_shown(facts, &others)];
    Ok(Some(Figure::new(chart, caption)))
}

/// Span of a latency, in words.
const CLOSED: &str = "sending a request to its last byte (service time, closed loop)";
const OPEN: &str = "the planned start of a request to its last byte (open arrival)";
const WAITS: &str = "Closed loop: what a request waited for its turn is not in its latency.";

/// Percentiles with latencies: per trial from its histogram, then the median over trials.
fn points(facts: &Facts, cell: usize) -> Result<Vec<(f64, std::time::Duration)>, RecordError> {
    let mut histograms = Vec::new();
    for row in facts.ok_rows(cell) {
        histograms.extend(facts.histogram(&row.trial)?);
    }
    let requests: u64 =
        histograms.iter().map(|h| h.iter().map(|&(_, count)| count).sum()).min().unwrap_or(0);
    let supported = |p: &f64| (100.0 - p) / 100.0 * requests as f64 >= 1.0 - 1e-9;
    let at = |p: f64| {
        let values: Vec<f64> =
            histograms.iter().filter_map(|h| quantile(h, p)).map(|ns| ns as f64).collect();
        median(&values).ok().map(|e| (p, duration(e.value)))
    };
    let middle = at(50.0).map_or(0.0, |(_, d)| d.as_secs_f64());
    let far_below = |d: std::time::Duration| d.as_secs_f64() * FAR_BELOW < middle;
    let points = POINTS.into_iter().filter(supported).filter_map(at);
    Ok(points.filter(|&(_, latency)| !far_below(latency)).collect())
}

/// The nearest-rank percentile of a histogram.
fn quantile(histogram: &[(u64, u64)], percentile: f64) -> Option<u64> {
    let all: u64 = histogram.iter().map(|&(_, count)| count).sum();
    // Rounding must not lift a whole rank: 99 % of 100 is the 99th.
    let rank = ((percentile / 100.0 * all as f64 - 1e-9).ceil() as u64).max(1);
    let mut seen = 0;
    let reached = histogram.iter().find(|&&(_, count)| {
        seen += count;
        seen >= rank
    });
    reached.map(|&(value, _)| value)
}

/// The range of the 99th percentile, with names only where its ends are apart.
fn title(facts: &Facts, cells: &[usize]) -> String {
    let (ranked, tail) = facts.ranked(cells);
    let mut known: Vec<(usize, Estimate)> =
        ranked.into_iter().filter_map(|c| Some((c, facts.metric(c, Metric::P99).ok()?))).collect();
    known.sort_by(|a, b| a.1.value.total_cmp(&b.1.value));
    let plain = || "How long single requests took".to_owned();
    // Other delays make other latencies: scenarios are not compared.
    if cells.iter().any(|&c| facts.cell(c).scenario != facts.cell(cells[0]).scenario) {
        return plain();
    }
    let (Some((best, low)), Some((worst, high))) = (known.first(), known.last()) else {
        return plain();
    };
    if best == worst {
        return format!("99 of 100 requests are answered within {}{tail}", ns(low.value));
    }
    match (&low.interval, &high.interval) {
        (Ok(l), Ok(h)) if l.high < h.low && ns(low.value) != ns(high.value) => format!(
            "99 of 100 requests take at most {} with {}, {} with {}{tail}",
            ns(low.value),
            short(facts, *best),
            ns(high.value),
            short(facts, *worst)
        ),
        (Ok(_), Ok(_)) => {
            format!("No difference in p99 is shown: about {} everywhere{tail}", ns(low.value))
        }
        _ => plain(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_the_nearest() {
        let histogram: Vec<(u64, u64)> = (1..=100).map(|v| (v, 1)).collect();
        let at = |p| quantile(&histogram, p);
        assert_eq!([0.0, 50.0, 99.0, 99.5, 100.0].map(at), [1, 50, 99, 100, 100].map(Some));
        assert_eq!(quantile(&[(7, 3)], 99.9), Some(7));
        assert_eq!(quantile(&[], 50.0), None);
    }
}
