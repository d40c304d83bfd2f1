//! Synthetic data. The tests of the chart module draw the same charts and check them.

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::chart::{
    Chart, Frame, Group, aa, cost, inflight, percentiles, scaling, wall, waterfall,
};

/// Every chart, by a name for its file.
pub(super) fn gallery() -> Vec<(&'static str, Chart)> {
    vec![
        ("wall", wall_of(12, 1).into()),
        ("wall-1", wall_of(1, 1).into()),
        ("wall-40", wall_of(20, 2).into()),
        ("wall-long", wall_long().into()),
        ("wall-empty", wall_of(0, 1).into()),
        ("percentiles", percentiles_of(4, 1).into()),
        ("percentiles-11", percentiles_of(11, 1).into()),
        ("percentiles-2x8", percentiles_of(8, 2).into()),
        ("percentiles-empty", percentiles_of(0, 1).into()),
        ("waterfall", waterfall_of(100, &[1, 5, 20, 100]).into()),
        ("waterfall-shared", waterfall_of(40, &[4, 8, 16]).into()),
        ("waterfall-1", waterfall_of(1, &[1]).into()),
        ("waterfall-empty", waterfall_of(0, &[1]).into()),
        (
            "waterfall-1000",
            waterfall_of(1000, &[1, 10, 100, 1000]).into(),
        ),
        (
            "waterfall-12",
            waterfall_of(60, &[1, 1, 2, 3, 4, 5, 6, 10, 10, 20, 30, 60]).into(),
        ),
        (
            "scaling",
            scaling_of(4, scaling::Quantity::Throughput).into(),
        ),
        (
            "scaling-wall",
            scaling_of(3, scaling::Quantity::WallTime).into(),
        ),
        (
            "scaling-10",
            scaling_of(10, scaling::Quantity::WallTime).into(),
        ),
        ("scaling-1", scaling_point().into()),
        (
            "scaling-empty",
            scaling_of(0, scaling::Quantity::WallTime).into(),
        ),
        ("inflight", inflight_of(100, &[1, 5, 20, 100]).into()),
        ("inflight-shared", inflight_of(200, &[20, 30, 40]).into()),
        ("inflight-1", inflight_of(1, &[1]).into()),
        ("inflight-empty", inflight_of(0, &[1]).into()),
        ("cost", cost_of(6, 2, true).into()),
        ("cost-client", cost_of(12, 1, false).into()),
        ("cost-1", cost_of(1, 1, true).into()),
        ("cost-empty", cost_of(0, 1, true).into()),
        ("ratios", ratios_wide().into()),
        ("ratios-narrow", ratios_narrow().into()),
        ("ratios-long", ratios_long().into()),
        ("ratios-empty", ratios_empty().into()),
    ]
}

fn frame(id: &str, title: &str, subtitle: &str, footer: &str) -> Frame {
    Frame {
        id: id.into(),
        title: title.into(),
        subtitle: subtitle.into(),
        footer: footer.into(),
        description: format!("{title}. {subtitle}."),
    }
}

fn seconds(s: f64) -> Duration {
    Duration::from_secs_f64(s)
}

const STRATEGIES: [&str; 12] = [
    "sequential · ureq · none",
    "sequential · ureq · session",
    "threads 5 · ureq",
    "threads 10 · ureq",
    "threads 20 · ureq",
    "thread-pool 20 · ureq",
    "async-semaphore 10",
    "async-semaphore 100",
    "async-semaphore 1000",
    "async-buffered 100",
    "async-workers 100",
    "async-all",
];

fn wall_of(rows: usize, scenarios: usize) -> wall::Wall {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let ideals = [
        15.0, 15.0, 3.2, 1.7, 0.95, 0.9, 1.6, 0.31, 0.3, 0.31, 0.31, 0.3,
    ];
    let groups = (0..scenarios)
        .map(|s| Group {
            heading: if scenarios > 1 {
                format!("delay = {}", ["0–3 s", "lognormal"][s % 2])
            } else {
                String::new()
            },
            rows: (0..rows)
                .map(|i| {
                    let ideal = ideals[i % 12];
                    let median = ideal * (1.02 + rng.random_range(0.0..0.25));
                    let trials: Vec<Duration> = (0..15)
                        .map(|_| seconds(median * (1.0 + rng.random_range(-0.03..0.05))))
                        .collect();
                    wall::Row {
                        label: STRATEGIES[i % 12].into(),
                        series: i % 12 / 2,
                        median: (i != 5).then(|| seconds(median)),
                        interval: (i % 4 != 3)
                            .then(|| (seconds(median * 0.985), seconds(median * 1.02))),
                        trials: if i == 5 { vec![] } else { trials },
                        ideal: Some(seconds(ideal)),
                        efficiency: (i != 5).then(|| ideal / median),
                        note: if i == 5 {
                            "3 of 3 failed".into()
                        } else {
                            String::new()
                        },
                    }
                })
                .collect(),
        })
        .collect();
    wall::Wall {
        frame: frame(
            "wall",
            "Async with 100 permits takes 2 % longer than the slowest answer",
            "Wall time of 100 requests · dot: median of 15 blocks, whiskers: 95 % interval",
            "15 blocks · 2 trials invalid and left out · seed 1 · synthetic data",
        ),
        groups,
    }
}

fn wall_long() -> wall::Wall {
    let mut chart = wall_of(3, 1);
    chart.frame.title = "A title that runs on and on, as titles that machines put together out of \
                         names and numbers do, until it needs a second line and then some more"
        .into();
    chart.groups[0].heading = "a scenario with a heading".into();
    chart.groups[0].rows[0].label =
        "async-semaphore · reqwest · pool · http2 · tls · multi-thread(4) · open 1000/s poisson · limit 1000".into();
    chart.groups[0].rows[1].label =
        "Strategie_mit_einem_sehr_langen_Namen_ohne_jedes_Leerzeichen_42".into();
    chart.groups[0].rows[2].label = "<script>alert(\"&\")</script>".into();
    chart.groups[0].rows[1].median = Some(seconds(42e-6));
    chart.groups[0].rows[1].trials = vec![seconds(40e-6), seconds(2.0)];
    chart
}

fn percentiles_of(curves: usize, panels: usize) -> percentiles::Percentiles {
    let panels = (0..panels)
        .map(|p| percentiles::Panel {
            heading: if panels > 1 {
                format!("delay scenario {}", p + 1)
            } else {
                String::new()
            },
            curves: (0..curves)
                .map(|i| {
                    let tail = 3.0 + i as f64 * 4.0;
                    percentiles::Curve {
                        label: STRATEGIES[11 - i % 12].into(),
                        series: i,
                        points: (0..400)
                            .map(|k| {
                                let n = f64::from(k) / 100.0;
                                let p = 100.0 * (1.0 - 10f64.powf(-n));
                                let ms =
                                    1.0 + n + tail * (n - 2.0).max(0.0).powi(2) + i as f64 * 0.1;
                                (p, seconds(ms / 1000.0))
                            })
                            .chain([(100.0, seconds(0.5))])
                            .collect(),
                    }
                })
                .collect(),
        })
        .collect();
    percentiles::Percentiles {
        frame: frame(
            "percentiles",
            "Up to p90 the strategies agree; the last 1 % is where they part",
            "Latency by percentile, log scale · 200,000 requests per strategy",
            "15 blocks · latency counted from the planned start · synthetic data",
        ),
        panels,
    }
}

fn waterfall_of(n: usize, limits: &[usize]) -> waterfall::Waterfall {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let delays: Vec<f64> = (0..n)
        .map(|_| f64::from(rng.random_range(0..4)) * 0.1)
        .collect();
    let panels = limits
        .iter()
        .enumerate()
        .map(|(i, &limit)| {
            let mut slots = vec![0.0f64; limit];
            let mut requests = Vec::new();
            for (k, delay) in delays.iter().enumerate() {
                let slot = slots
                    .iter()
                    .copied()
                    .enumerate()
                    .min_by(|a, b| a.1.total_cmp(&b.1));
                let (slot, sent) = slot.expect("a limit of at least one");
                let head = sent + delay + rng.random_range(0.001..0.004);
                let end = head + rng.random_range(0.0005..0.01);
                slots[slot] = end;
                requests.push(waterfall::Request {
                    issued: seconds(if limit == 1 { sent } else { 0.0 }),
                    sent: seconds(sent),
                    head: (k % 17 != 3).then(|| seconds(head)),
                    end: seconds(end),
                    failed: limit == n && k % 23 == 7,
                });
            }
            waterfall::Panel {
                label: match limit {
                    1 => "sequential · ureq".into(),
                    l if l == n => "async-all · reqwest".into(),
                    l if l <= 10 => format!("threads {l} · ureq"),
                    l => format!("async-semaphore {l} · reqwest"),
                },
                note: if i == 0 {
                    "efficiency 0.99".into()
                } else {
                    String::new()
                },
                wall: seconds(slots.iter().copied().fold(0.0, f64::max) + 0.002),
                requests,
                left_out: if n >= 1000 { 4000 } else { 0 },
            }
        })
        .collect();
    waterfall::Waterfall {
        frame: frame(
            "waterfall",
            "Sequential is a staircase of 15 s; all at once is over with the slowest answer",
            "Each bar is one request of one trial, from when the program wanted it to its last byte",
            "100 requests, the same seeded delays for all · block 1 of 15 · synthetic data",
        ),
        panels,
    }
}

fn scaling_of(curves: usize, quantity: scaling::Quantity) -> scaling::Scaling {
    use scaling::{Limit, Point, Quantity, Reference, Series};
    let throughput = quantity == Quantity::Throughput;
    let series = (0..curves)
        .map(|i| {
            let cap = 42_000.0 - 2_500.0 * i as f64;
            let value = |n: f64| {
                let rate = 1.0 / (1.0 / (800.0 * n) + 1.0 / cap);
                let rate = if i == 1 && n > 100.0 {
                    rate * (100.0 / n).powf(0.4)
                } else {
                    rate
                };
                if throughput { rate } else { 10_000.0 / rate }
            };
            let ideal = |n: f64| {
                if throughput {
                    800.0 * n
                } else {
                    f64::max(10_000.0 / (800.0 * n), 0.02)
                }
            };
            let mut points: Vec<Point> = (0..=10)
                .map(|k| {
                    let value = value(f64::from(1 << k));
                    let interval = (k % 5 != 4).then_some((value * 0.9, value * 1.08));
                    Point {
                        limit: Limit::Bounded(1 << k),
                        value,
                        interval,
                    }
                })
                .collect();
            if i != 2 {
                let value = value(2048.0) * 1.1;
                let interval = Some((value * 0.85, value * 1.15));
                points.push(Point {
                    limit: Limit::Unbounded,
                    value,
                    interval,
                });
            }
            Series {
                label: STRATEGIES[11 - i % 12].into(),
                series: i,
                points,
                ideal: (0..=10)
                    .map(|k| (Limit::Bounded(1 << k), ideal(f64::from(1 << k))))
                    .collect(),
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
            label: if throughput {
                "server limit 43 k/s"
            } else {
                "longest delay 200 ms"
            }
            .into(),
        }),
    }
}

fn scaling_point() -> scaling::Scaling {
    use scaling::{Limit, Point, Quantity, Series};
    let point = |limit, value| Point {
        limit,
        value,
        interval: None,
    };
    let series = |label: &str, series, points| Series {
        label: label.into(),
        series,
        points,
        ideal: vec![],
    };
    scaling::Scaling {
        frame: frame(
            "scaling-1",
            "One limit only",
            "Wall time",
            "1 block · synthetic data",
        ),
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
    }
}

fn inflight_of(n: usize, limits: &[usize]) -> inflight::InFlight {
    let panels = waterfall_of(n, limits)
        .panels
        .into_iter()
        .zip(limits)
        .enumerate()
        .map(|(i, (panel, &limit))| {
            let mut events: Vec<(Duration, i64)> = Vec::new();
            for r in &panel.requests {
                events.extend([(r.sent, 1), (r.end, -1)]);
            }
            events.sort_unstable();
            let (mut now, mut done) = (0i64, 0u64);
            let (mut steps, mut completed) = (Vec::new(), Vec::new());
            for (when, change) in events {
                now += change;
                steps.push((when, now.unsigned_abs()));
                if change < 0 {
                    done += 1;
                    completed.push((when, done));
                }
            }
            inflight::Panel {
                label: panel.label,
                series: i,
                wall: panel.wall,
                steps,
                completed,
                reference: (limit > 1).then(|| inflight::Reference {
                    count: limit as u64,
                    label: format!("limit {limit}"),
                }),
            }
        })
        .collect();
    inflight::InFlight {
        frame: frame(
            "inflight",
            "Only the unbounded strategy ever has all requests in flight",
            "Requests in flight at the server over time · one trial per strategy",
            "Counted from the parsed head to the last write of the body · synthetic data",
        ),
        panels,
    }
}

fn cost_of(rows: usize, scenarios: usize, servers: bool) -> cost::Cost {
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
                    let usage = |scale: f64| cost::Usage {
                        user: (i != 3).then(|| seconds(base * scale / 1e3)),
                        system: Some(seconds(base * scale * 0.6 / 1e3)),
                        peak_memory: (i != 4)
                            .then_some(((6.0 + base / 9.0 * scale) * 1024.0 * 1024.0) as u64),
                    };
                    cost::Row {
                        label: STRATEGIES[i % 12].into(),
                        client: usage(1.0),
                        server: if servers {
                            usage(0.7)
                        } else {
                            cost::Usage::default()
                        },
                    }
                })
                .collect(),
        })
        .collect();
    cost::Cost {
        frame: frame(
            "cost",
            "Threads cost three times the memory of async, and half again the CPU",
            "CPU time per 1,000 requests and highest resident set · medians of 15 blocks",
            "15 blocks · synthetic data",
        ),
        groups,
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
        groups: vec![Group {
            heading: String::new(),
            rows,
        }],
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

fn ratios_wide() -> aa::Ratios {
    use aa::Tone::{Bad, Good, Open, Same};
    let mut chart = ratios(
        "Async with 100 permits is 46 times as fast as one after the other",
        vec![
            ratio(
                "sequential · ureq · session",
                0.994,
                0.008,
                Same,
                "equivalent",
            ),
            ratio("threads 5 · ureq", 0.21, 0.02, Good, "faster"),
            ratio("threads 20 · ureq", 0.063, 0.03, Good, "faster"),
            ratio("async-semaphore 100", 0.0217, 0.01, Good, "faster"),
            ratio("sequential · reqwest", 1.08, 0.02, Bad, "slower"),
            ratio(
                "thread-pool 20",
                0.97,
                0.12,
                Open,
                "inconclusive (about 12 more blocks)",
            ),
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
                interval: None,
                ..ratio("threads 5 · ureq", 0.3, 0.1, Open, "inconclusive")
            },
        ],
    });
    chart
}

fn ratios_narrow() -> aa::Ratios {
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

fn ratios_long() -> aa::Ratios {
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

fn ratios_empty() -> aa::Ratios {
    let mut chart = ratios("Nothing to compare", vec![]);
    chart.control = None;
    chart
}
