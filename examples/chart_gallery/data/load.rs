//! Data for the chart of latency against the offered rate.

use super::super::chart::load;
use super::{STRATEGIES, frame};

/// Fifty slots of 20 ms carry 2 500 a second; further strategies carry half of it each.
pub(super) fn load_of(curves: usize) -> load::Load {
    use load::{Point, Series};
    let series = (0..curves)
        .map(|i| {
            let capacity = 2_500.0 / f64::from(1 << i.min(6));
            let point = |offered: f64| {
                let share = offered / capacity;
                let queue = if share < 1.0 { 0.002 / (1.0 - share) } else { share - 1.0 };
                let p99 = 0.092 + 2.0 * queue;
                let interval = (i != 1).then_some((p99 * 0.93, p99 * 1.1));
                Point { offered, p50: 0.014 + queue, p99, interval, kept_up: share < 0.98 }
            };
            let rates = [498.0, 1_010.0, 1_990.0, 3_020.0, 4_005.0];
            let points = rates.into_iter().map(point).collect();
            Series { label: STRATEGIES[i % 12].into(), series: i, points }
        })
        .collect();
    load::Load {
        frame: frame(
            "load",
            "The queue of fifty keeps up to 2,000/s and no longer at 3,000/s",
            "Latency from the planned start over the offered rate, both axes logarithmic",
            "8 blocks · synthetic data",
        ),
        series,
    }
}
