//! Latency by percentile.

use std::collections::HashMap;
use std::time::Duration;

use crate::analyse::Estimate;
use crate::page::{Block, Figure, under};
use crate::record::{RecordError, TrialRow};
use crate::spec::Metric;

use super::super::facts::Facts;
use super::super::ideal;
use super::super::numbers::ns;
use super::coverage::{coverage, joined};
use super::parts::{duration, name_of, shown};
use super::representatives::{not_measured, not_shown, representatives};
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
    out.extend(ideal::blocks(facts)?);
    Ok(under(2, "Latency", out))
}

fn figure(facts: &Facts, scenarios: &[usize]) -> Result<Option<Figure>, RecordError> {
    let (mut panels, mut cells, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let (mut any_points, mut any_ideal) = (false, false);
    for &scenario in scenarios {
        let (drawn, hidden) = representatives(facts, scenario, MOST_CURVES, MOST_CURVES);
        others.extend(hidden);
        let mut curves = Vec::new();
        for cell in drawn {
            let points = points(facts, cell)?;
            let ideal = ideal_points(facts, cell, &points);
            any_ideal |= !ideal.is_empty();
            any_points |= !points.is_empty();
            curves.push(Curve { label: facts.label(cell), series: facts.hue(cell), points, ideal });
            cells.push(cell);
        }
        if !curves.is_empty() {
            let heading = facts.plan().scenarios[scenario].name.clone();
            panels.push(Panel { heading, curves });
        }
    }
    if !any_points {
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
    let legend = "A failed request counts as slower than all others: a curve ends where they begin. \
                  Percentiles with less than one request beyond them, and those at less than a \
                  twentieth of the median, are not drawn.";
    let ideal = if any_ideal { IDEAL } else { "" };
    let (others, unmeasured) = (not_shown(facts, &others), not_measured(facts, scenarios));
    let caption = [waits.into(), ideal.into(), legend.into(), footer.into(), others, unmeasured];
    Ok(Some(Figure::new(chart, caption)))
}

/// Span of a latency, in words.
const CLOSED: &str = "sending a request to its last byte (service time, closed loop)";
const OPEN: &str = "the planned start of a request to its last byte (open arrival)";
const IDEAL: &str = "Dashed is the ideal: the same time in a schedule in which only the delays take \
                     time.";
const WAITS: &str = "Closed loop: what a request waited for its turn is not in its latency.";

/// Percentiles with latencies: per trial from its histogram, then the median over trials.
fn points(facts: &Facts, cell: usize) -> Result<Vec<(f64, Duration)>, RecordError> {
    let mut histograms: HashMap<&str, &[(u64, u64)]> = HashMap::new();
    let rows = facts.ok_rows(cell);
    for row in &rows {
        // Without one, no request of it succeeded.
        histograms.insert(&row.trial, facts.histogram(&row.trial)?.unwrap_or_default());
    }
    let histogram =
        |row: &TrialRow| histograms.get(row.trial.as_str()).copied().unwrap_or_default();
    let requests = rows.iter().map(|row| asked(row, histogram(row))).min().unwrap_or(0);
    let supported = |p: &f64| (100.0 - p) / 100.0 * requests as f64 >= 1.0 - 1e-9;
    let at = |p: f64| {
        // A trial in which this many failed has no such percentile, and counts as slower than all.
        let of = |row: &TrialRow| {
            quantile(histogram(row), asked(row, histogram(row)), p).map(|ns| ns as f64)
        };
        facts.median(cell, of).ok().map(|e| (p, duration(e.value)))
    };
    let points: Vec<(f64, Duration)> =
        POINTS.into_iter().filter(supported).filter_map(at).collect();
    Ok(without_far_below(points))
}

/// Requests of a trial, those that failed too.
fn asked(row: &TrialRow, histogram: &[(u64, u64)]) -> u64 {
    let succeeded: u64 = histogram.iter().map(|&(_, count)| count).sum();
    row.issued.unwrap_or(0).max(succeeded + row.errors.unwrap_or(0))
}

fn without_far_below(points: Vec<(f64, Duration)>) -> Vec<(f64, Duration)> {
    let middle = points.iter().find(|(p, _)| *p == 50.0).map_or(0.0, |(_, d)| d.as_secs_f64());
    points.into_iter().filter(|(_, d)| d.as_secs_f64() * FAR_BELOW >= middle).collect()
}

/// Ideal latencies at the percentiles of the measured ones; none where these are not known.
fn ideal_points(facts: &Facts, cell: usize, measured: &[(f64, Duration)]) -> Vec<(f64, Duration)> {
    let known = facts.plan().ideal_latencies_ns(facts.cell(cell)).filter(|_| facts.has_ideal(cell));
    let Some(mut all) = known else { return Vec::new() };
    all.sort_unstable();
    let histogram: Vec<(u64, u64)> = all.iter().map(|&ns| (ns, 1)).collect();
    let at = |&(p, _): &(f64, Duration)| {
        let ns = quantile(&histogram, histogram.len() as u64, p)?;
        Some((p, Duration::from_nanos(ns)))
    };
    without_far_below(measured.iter().filter_map(at).collect())
}

/// The nearest-rank percentile of `asked` requests, of which those in the histogram succeeded and all
/// others count as slower than them; `None` if it is one of the others.
fn quantile(histogram: &[(u64, u64)], asked: u64, percentile: f64) -> Option<u64> {
    // Rounding must not lift a whole rank: 99 % of 100 is the 99th.
    let rank = ((percentile / 100.0 * asked as f64 - 1e-9).ceil() as u64).max(1);
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
            name_of(facts, *best),
            ns(high.value),
            name_of(facts, *worst)
        ),
        (Ok(_), Ok(_)) => {
            format!("No difference in p99 is shown: about {} everywhere{tail}", ns(low.value))
        }
        _ => plain(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::analyse::Analysis;
    use crate::record::synthetic;

    #[test]
    fn ranks_are_the_nearest() {
        let histogram: Vec<(u64, u64)> = (1..=100).map(|v| (v, 1)).collect();
        let at = |p| quantile(&histogram, 100, p);
        assert_eq!([0.0, 50.0, 99.0, 99.5, 100.0].map(at), [1, 50, 99, 100, 100].map(Some));
        assert_eq!(quantile(&[(7, 3)], 3, 99.9), Some(7));
        assert_eq!(quantile(&[], 0, 50.0), None);
        // A tenth failed.
        let at = |p| quantile(&histogram[..90], 100, p);
        assert_eq!([50.0, 90.0, 91.0].map(at), [Some(50), Some(90), None]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(12))]

        /// Trials that take longer than their schedule are nowhere better than its latencies, whatever
        /// fails in them; the parts of the difference are told. (With less, the recording's last request
        /// would be cut off by the end of the run.)
        #[test]
        fn measured_is_not_below_the_ideal(stretch in 1.6..3.0f64, limit in 1..20u32, errors in 0..30u64) {
            let strategies = vec![synthetic::strategy("workers", "async-workers", Some(limit))];
            let mut recording =
                synthetic::recording(synthetic::experiment(strategies, 6), |_, _, row| {
                    row.wall_ns = Some((row.ideal_ns as f64 * stretch) as u64);
                    row.errors = Some(errors);
                });
            let dir = tempfile::tempdir().expect("a folder");
            synthetic::on_disk(&mut recording, dir.path());
            let analysis = Analysis::of(&recording);
            let facts = Facts::new(&recording, &recording, &analysis);
            let measured = points(&facts, 0).expect("histograms");
            let ideal_curve = ideal_points(&facts, 0, &measured);
            prop_assert!(!measured.is_empty());
            prop_assert_eq!(ideal_curve.len(), measured.len());
            for ((p, measured), (_, ideal)) in measured.iter().zip(&ideal_curve) {
                prop_assert!(measured >= ideal, "p{} {:?} {:?}", p, measured, ideal);
            }
            prop_assert!(!ideal::blocks(&facts).expect("rows").is_empty());
        }

        /// Whichever requests fail, no percentile gets shorter.
        #[test]
        fn a_failure_never_makes_the_curve_better(
            all in prop::collection::vec((1..1_000u64, any::<bool>()), 1..60),
        ) {
            let mut sorted = all.clone();
            sorted.sort_unstable();
            let histogram = |keep: &dyn Fn(bool) -> bool| -> Vec<(u64, u64)> {
                sorted.iter().filter(|(_, fails)| keep(*fails)).map(|&(ns, _)| (ns, 1)).collect()
            };
            let (whole, left) = (histogram(&|_| true), histogram(&|fails| !fails));
            let asked = all.len() as u64;
            for p in POINTS {
                let before = quantile(&whole, asked, p).expect("none failed");
                prop_assert!(quantile(&left, asked, p).is_none_or(|after| after >= before));
            }
        }
    }
}
