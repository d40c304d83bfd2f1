//! Data for the charts of scaling, cost and ratios.

use super::super::chart::{Group, aa, bars, scaling};
use super::{STRATEGIES, frame};

pub(super) fn scaling_of(curves: usize, quantity: scaling::Quantity) -> scaling::Scaling {
    use scaling::{Limit, Point, Quantity, Reference, Series};
    let throughput = quantity == Quantity::Throughput;
    let series = (0..curves)
        .map(|i| {
            let cap = 42_000.0 - 2_500.0 * i as f64;
            let value = |n: f64| {
                let rate = 1.0 / (1.0 / (800.0 * n) + 1.0 / cap);
                let rate = if i == 1 && n > 100.0 { rate * (100.0 / n).powf(0.4) } else { rate };
                if throughput { rate } else { 10_000.0 / rate }
            };
            let ideal = |n: f64| {
                if throughput { 800.0 * n } else { f64::max(10_000.0 / (800.0 * n), 0.02) }
            };
            let mut points: Vec<Point> = (0..=10)
                .map(|k| {
                    let value = value(f64::from(1 << k));
                    let interval = (k % 5 != 4).then_some((value * 0.9, value * 1.08));
                    Point { limit: Limit::Bounded(1 << k), value, interval }
                })
                .collect();
            if i != 2 {
                let value = value(2048.0) * 1.1;
                let interval = Some((value * 0.85, value * 1.15));
                points.push(Point { limit: Limit::Unbounded, value, interval });
            }
            Series {
                label: STRATEGIES[11 - i % 12].into(),
                series: i,
                points,
                ideal: (0..=10)
                    .map(|k| (Limit::Bounded(1 << k), ideal(f64::from(1 << k))))
                    .collect(),
                fit: vec![],
                knee: None,
            }
        })
        .collect();
    scaling::Scaling {
        frame: frame(
            "scaling",
            "Every bounded strategy saturates near 40 k requests per second",
            "Median of 15 blocks against the limit, both axes logarithmic · band: 95 % interval",
            "15 blocks · 11 limits and none · synthetic data",
        ),
        quantity,
        series,
        reference: Some(Reference {
            value: if throughput { 43_000.0 } else { 0.2 },
            label: if throughput { "server limit 43 k/s" } else { "longest delay 200 ms" }.into(),
        }),
        line: None,
    }
}

/// Laws of scalability: a curve with a peak, and two lines.
pub(super) fn scaling_law() -> scaling::Scaling {
    use scaling::{Limit, Line, Point, Quantity, Series};
    let limits = [1u32, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000].map(f64::from);
    let usl = |n: f64| 92.0 * n / (1.0 + 0.004 * (n - 1.0) + 1.2e-5 * n * (n - 1.0));
    let lines = |n: f64| f64::min(96.0 * n, 14_000.0);
    let series = |label: &str, series, law: &dyn Fn(f64) -> f64, knee| Series {
        label: label.into(),
        series,
        points: limits
            .iter()
            .enumerate()
            .map(|(i, &n)| {
                let value = law(n) * [0.97, 1.02, 1.0, 0.98, 1.03][i % 5];
                let interval = Some((value * 0.96, value * 1.05));
                Point { limit: Limit::Bounded(n as u64), value, interval }
            })
            .collect(),
        ideal: limits.iter().map(|&n| (Limit::Bounded(n as u64), 97.0 * n)).collect(),
        fit: (0..=110).map(|i| 10f64.powf(f64::from(i) * 0.03)).map(|n| (n, law(n))).collect(),
        knee: Some(Limit::Bounded(knee)),
    };
    scaling::Scaling {
        frame: frame(
            "scaling-law",
            "hyper falls behind Little's law from 200 requests in flight on",
            "Median throughput against the limit, both axes logarithmic · band: 95 % interval",
            "8 blocks · 11 limits · synthetic data",
        ),
        quantity: Quantity::Throughput,
        series: vec![series("reqwest", 0, &usl, 50), series("hyper", 1, &lines, 200)],
        reference: None,
        line: Some(Line { slope: 100.0, label: "Little's law: limit ÷ 10 ms".into() }),
    }
}

pub(super) fn scaling_point() -> scaling::Scaling {
    use scaling::{Limit, Point, Quantity, Series};
    let point = |limit, value| Point { limit, value, interval: None };
    let series = |label: &str, series, points| {
        let (ideal, fit) = (vec![], vec![]);
        Series { label: label.into(), series, points, ideal, fit, knee: None }
    };
    scaling::Scaling {
        frame: frame("scaling-1", "One limit only", "Wall time", "1 block · synthetic data"),
        quantity: Quantity::WallTime,
        series: vec![
            series("threads", 1, vec![point(Limit::Bounded(10), 1.7)]),
            series(
                "a strategy with quite a long name indeed",
                2,
                vec![point(Limit::Unbounded, 1.6)],
            ),
        ],
        reference: None,
        line: None,
    }
}

pub(super) fn cost_of(rows: usize, scenarios: usize, servers: bool) -> bars::Bars {
    let groups = (0..scenarios)
        .map(|s| Group {
            heading: if scenarios > 1 {
                format!("body = {} kB", 4 << (4 * s))
            } else {
                String::new()
            },
            rows: (0..rows)
                .map(|i| {
                    let base = 40.0 + 35.0 * ((i * 7) % 5) as f64;
                    let usage = |scale: f64| {
                        let cpu = (i != 3).then_some(base * scale * 1.6 / 1e3);
                        let memory =
                            (i != 4).then_some((6.0 + base / 9.0 * scale) * 1024.0 * 1024.0);
                        vec![cpu, memory]
                    };
                    let server = if servers { usage(0.7) } else { vec![None, None] };
                    bars::Row { label: STRATEGIES[i % 12].into(), bars: vec![usage(1.0), server] }
                })
                .collect(),
        })
        .collect();
    let panel = |heading: &str, unit, share| bars::Panel { heading: heading.into(), unit, share };
    bars::Bars {
        frame: frame(
            "cost",
            "Threads cost three times the memory of async, and half again the CPU",
            "CPU time per 1,000 requests and highest resident set · medians of 15 blocks",
            "15 blocks · synthetic data",
        ),
        panels: vec![
            panel("CPU time per 1,000 requests", bars::Unit::Seconds, 0.56),
            panel("Peak memory", bars::Unit::Bytes, 0.44),
        ],
        series: vec!["client".into(), "server".into()],
        groups,
    }
}

/// Counts, one bar in each row and no legend.
pub(super) fn counts_of(rows: usize) -> bars::Bars {
    let row = |i: usize| bars::Row {
        label: STRATEGIES[i % 12].into(),
        bars: vec![vec![(i != 1).then_some(3.0 * 14f64.powi(i as i32))]],
    };
    bars::Bars {
        frame: frame(
            "counts",
            "One thread opens a connection for every request",
            "Connections opened · medians of 15 blocks",
            "15 blocks · synthetic data",
        ),
        panels: vec![bars::Panel {
            heading: "Connections".into(),
            unit: bars::Unit::Number,
            share: 1.0,
        }],
        series: vec![],
        groups: vec![Group { heading: String::new(), rows: (0..rows).map(row).collect() }],
    }
}

fn ratios(title: &str, rows: Vec<aa::Row>) -> aa::Ratios {
    aa::Ratios {
        frame: frame(
            "ratios",
            title,
            "Ratio of wall times to the baseline, paired by block, logarithmic axis · 95 % interval",
            "15 blocks · Holm over 8 comparisons · margin 2 % · synthetic data",
        ),
        margin: (0.98, 1.02),
        control: Some((0.991, 1.012)),
        less: "faster".into(),
        more: "slower".into(),
        groups: vec![Group { heading: String::new(), rows }],
    }
}

fn ratio(label: &str, ratio: f64, half: f64, tone: aa::Tone, verdict: &str) -> aa::Row {
    aa::Row {
        label: label.into(),
        ratio: Some(ratio),
        interval: Some((ratio / (1.0 + half), ratio * (1.0 + half))),
        bound: None,
        tone,
        verdict: verdict.into(),
    }
}

pub(super) fn ratios_wide() -> aa::Ratios {
    use aa::Tone::{Bad, Good, Open, Same};
    let mut chart = ratios(
        "Async with 100 permits is 46 times as fast as one after the other",
        vec![
            ratio("sequential · ureq · session", 0.994, 0.008, Same, "equivalent"),
            ratio("threads 5 · ureq", 0.21, 0.02, Good, "faster"),
            ratio("threads 20 · ureq", 0.063, 0.03, Good, "faster"),
            ratio("async-semaphore 100", 0.0217, 0.01, Good, "faster"),
            ratio("sequential · reqwest", 1.08, 0.02, Bad, "slower"),
            ratio("thread-pool 20", 0.97, 0.12, Open, "inconclusive (about 12 more blocks)"),
        ],
    );
    chart.groups[0].heading = "delay = choice(0 s, 1 s, 2 s, 3 s)".into();
    chart.groups.push(Group {
        heading: "delay = lognormal".into(),
        rows: vec![
            aa::Row {
                ratio: None,
                interval: None,
                ..ratio("async-all", 1.0, 0.1, Open, "not computable: n = 4")
            },
            aa::Row {
                interval: None, ..ratio("threads 5 · ureq", 0.3, 0.1, Open, "inconclusive")
            },
        ],
    });
    chart
}

pub(super) fn ratios_narrow() -> aa::Ratios {
    use aa::Tone::{Bad, Good, Open, Same};
    let mut chart = ratios(
        "The new build is 4 % faster where connections are reused",
        vec![
            ratio("A/A control", 1.001, 0.006, Same, "equivalent"),
            ratio("async-semaphore 100", 0.958, 0.009, Good, "faster"),
            ratio("threads 20", 1.041, 0.012, Bad, "slower"),
            ratio("sequential", 1.012, 0.015, Open, "inconclusive"),
        ],
    );
    chart.groups[0].rows[1].bound = Some(1.15);
    chart
}

pub(super) fn ratios_long() -> aa::Ratios {
    use aa::Tone::{Bad, Open};
    let mut chart = ratios(
        "Awkward ratios",
        vec![
            ratio(
                "async-semaphore · reqwest · pool · http2 · tls · multi-thread(4) · limit 1000 ÷ the same over http1",
                0.000_021,
                0.5,
                Open,
                "inconclusive, because the A/A control is wider than the margin (about 1,200 more blocks)",
            ),
            ratio("hopeless", 2.0, 1e9, Open, "inconclusive"),
            ratio("<b>&\"x\"</b>", 1200.0, 0.1, Bad, "slower"),
        ],
    );
    chart.less = "takes less time than the baseline of its scenario".into();
    chart.more = "takes more time than the baseline of its scenario".into();
    chart
}

pub(super) fn ratios_empty() -> aa::Ratios {
    let mut chart = ratios("Nothing to compare", vec![]);
    chart.control = None;
    chart
}
