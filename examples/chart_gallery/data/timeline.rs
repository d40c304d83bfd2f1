//! Data for the chart of a trial over time.

use std::f64::consts::TAU;

use super::super::chart::timeline::{Line, Panel, Quantity, Timeline};
use super::{frame, seconds};

/// A trial of 2 s that runs out of files after a third of it.
pub(super) fn timeline_of(samples: usize) -> Timeline {
    let line = |label: &str, series, value: &dyn Fn(f64) -> f64| Line {
        label: label.into(),
        series,
        points: (0..samples)
            .map(|i| i as f64 / samples as f64)
            .map(|at| (seconds(2.0 * at), value(at)))
            .collect(),
    };
    let panel = |label: &str, quantity, lines| Panel { label: label.into(), quantity, lines };
    let ramp = |at: f64| f64::min(at * 3.0, 1.0);
    let wave = |at: f64| 1.0 + 0.08 * (at * 9.0 * TAU).sin();
    let broken = |at: f64| if at > 0.34 { 1.0 } else { 0.0 };
    Timeline {
        frame: frame(
            "timeline",
            "async-all: 412 of 10,000 requests failed, the first of them by 690 ms",
            "What the client did and used over one trial, looked at every 10 ms",
            "Block 3 · synthetic data",
        ),
        panels: vec![
            panel("in flight", Quantity::Count, vec![line("", 0, &|at| 1_013.0 * ramp(at))]),
            panel(
                "requests ended",
                Quantity::PerSecond,
                vec![
                    line("answered", 0, &|at| 9_400.0 * ramp(at) * wave(at)),
                    line("failed", 1, &|at| 600.0 * broken(at) * wave(at * 2.0)),
                ],
            ),
            panel(
                "CPU",
                Quantity::Share,
                vec![
                    line("user and kernel", 0, &|at| 0.97 * ramp(at).sqrt() * wave(at) / 1.08),
                    line("kernel", 2, &|at| 0.4 * ramp(at).sqrt() * wave(at)),
                ],
            ),
            panel("memory", Quantity::Bytes, vec![line("", 0, &|at| 8.1e6 + 60.0e6 * ramp(at))]),
            panel(
                "files and sockets",
                Quantity::Count,
                vec![
                    line("open files", 0, &|at| 12.0 + 1_012.0 * ramp(at)),
                    line("TCP sockets in use", 3, &|at| 2_030.0 * ramp(at)),
                    line("in TIME-WAIT", 4, &|at| 900.0 * at),
                ],
            ),
        ],
    }
}
