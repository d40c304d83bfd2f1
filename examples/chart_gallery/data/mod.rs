//! Synthetic data. The tests of the chart module draw the same charts and check them.

mod load;
mod more;
mod phases;
mod timeline;

use std::time::Duration;

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use load::load_of;
use more::{
    cost_of, counts_of, ratios_empty, ratios_long, ratios_narrow, ratios_wide, scaling_law,
    scaling_of, scaling_point,
};

use phases::{phases_of, waterfall_by_phase};

use timeline::timeline_of;

use super::chart::{Chart, Frame, Group, inflight, percentiles, scaling, wall, waterfall};

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
        ("waterfall-1000", waterfall_of(1000, &[1, 10, 100, 1000]).into()),
        ("waterfall-12", waterfall_of(60, &[1, 1, 2, 3, 4, 5, 6, 10, 10, 20, 30, 60]).into()),
        ("waterfall-phases", waterfall_by_phase(80, &[1, 8, 80]).into()),
        ("phases", phases_of(6, 1, true).into()),
        ("phases-one-panel", phases_of(4, 1, false).into()),
        ("phases-2x12", phases_of(12, 2, true).into()),
        ("phases-empty", phases_of(0, 1, true).into()),
        ("scaling", scaling_of(4, scaling::Quantity::Throughput).into()),
        ("scaling-wall", scaling_of(3, scaling::Quantity::WallTime).into()),
        ("scaling-10", scaling_of(10, scaling::Quantity::WallTime).into()),
        ("scaling-law", scaling_law().into()),
        ("scaling-1", scaling_point().into()),
        ("scaling-empty", scaling_of(0, scaling::Quantity::WallTime).into()),
        ("load", load_of(3).into()),
        ("load-1", load_of(1).into()),
        ("load-9", load_of(9).into()),
        ("load-empty", load_of(0).into()),
        ("inflight", inflight_of(100, &[1, 5, 20, 100]).into()),
        ("inflight-shared", inflight_of(200, &[20, 30, 40]).into()),
        ("inflight-1", inflight_of(1, &[1]).into()),
        ("inflight-empty", inflight_of(0, &[1]).into()),
        ("timeline", timeline_of(200).into()),
        ("timeline-1", timeline_of(1).into()),
        ("timeline-empty", timeline_of(0).into()),
        ("cost", cost_of(6, 2, true).into()),
        ("cost-client", cost_of(12, 1, false).into()),
        ("cost-1", cost_of(1, 1, true).into()),
        ("cost-empty", cost_of(0, 1, true).into()),
        ("counts", counts_of(6).into()),
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
    let ideals = [15.0, 15.0, 3.2, 1.7, 0.95, 0.9, 1.6, 0.31, 0.3, 0.31, 0.31, 0.3];
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
                        note: if i == 5 { "3 of 3 failed".into() } else { String::new() },
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
            heading: if panels > 1 { format!("delay scenario {}", p + 1) } else { String::new() },
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
                        // Of every second one: where it is not known, there is none.
                        ideal: (0..300 * (i % 2))
                            .map(|k| {
                                (100.0 * (1.0 - 10f64.powf(-(k as f64) / 100.0)), seconds(0.001))
                            })
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
    let delays: Vec<f64> = (0..n).map(|_| f64::from(rng.random_range(0..4)) * 0.1).collect();
    let panels = limits
        .iter()
        .enumerate()
        .map(|(i, &limit)| {
            let mut slots = vec![0.0f64; limit];
            let mut requests = Vec::new();
            for (k, delay) in delays.iter().enumerate() {
                let slot = slots.iter().copied().enumerate().min_by(|a, b| a.1.total_cmp(&b.1));
                let (slot, sent) = slot.expect("a limit of at least one");
                let head = sent + delay + rng.random_range(0.001..0.004);
                let end = head + rng.random_range(0.0005..0.01);
                slots[slot] = end;
                requests.push(waterfall::Request {
                    issued: seconds(if limit == 1 { sent } else { 0.0 }),
                    sent: seconds(sent),
                    between: Default::default(),
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
                note: if i == 0 { "efficiency 0.99".into() } else { String::new() },
                wall: seconds(slots.iter().copied().fold(0.0, f64::max) + 0.002),
                every: 1,
                total: requests.len(),
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
