//! Latency against the rate at which requests come: where a strategy stops keeping up.

use super::axes::Label;
use super::canvas::{Canvas, Paint, Point as Px};
use super::layout::{Key, Swatch, legend};
use super::lines::{EndLabel, Plot};
use super::scale::{Scale, is_positive};
use super::theme::Token;
use super::{Frame, format};

/// Two curves of latency for each strategy over the offered rate, both axes logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub struct Load {
    /// The words around it.
    pub frame: Frame,
    /// One for each strategy.
    pub series: Vec<Series>,
}

/// One strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name of the strategy.
    pub label: String,
    /// Hue; the same for the same strategy in all charts.
    pub series: usize,
    /// Measured points, by ascending rate.
    pub points: Vec<Point>,
}

/// One cell. Latencies count from the planned starts, in seconds; what is not positive is not drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Requests per second that were to come.
    pub offered: f64,
    /// Median latency.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Interval of the 99th percentile.
    pub interval: Option<(f64, f64)>,
    /// Whether the strategy kept up: a ring instead of a disc if not.
    pub kept_up: bool,
}

const DOT: f64 = 4.0;

impl Load {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let points = || self.series.iter().flat_map(Series::drawable);
        points().next()?;
        let token = Token::Reference;
        let lost = points().any(|p| !p.kept_up);
        let intervals = points().any(|p| p.interval.is_some());
        let keys = [
            Key::when(true, Swatch::Line(token), "99th percentile"),
            Key::when(true, Swatch::Dashed(token), "median"),
            Key::when(true, Swatch::Dot(token), "keeps up"),
            Key::when(lost, Swatch::Ring(token), "does not, or is not shown to"),
            Key::when(intervals, Swatch::Area(Paint(token, 0.2)), "interval"),
        ];
        let top = legend(canvas, y, keys) + 12.0;
        let names: Vec<&str> = self.series.iter().map(|s| s.label.as_str()).collect();
        let intervals = points().filter_map(|p| p.interval).flat_map(|(lo, hi)| [lo, hi]);
        let latencies = points().flat_map(|p| [p.p50, p.p99]).chain(intervals);
        let (plot, ticks) = Plot::log(top, &names, latencies, format::duration_tick);
        let x = Scale::fit_log(points().map(|p| p.offered), 2.0, plot.left, plot.right - 8.0);
        plot.axes(canvas, &self.rates(&x), &ticks);
        plot.caption(canvas, 38.0, "requests offered per second");

        for series in &self.series {
            let intervals = series.drawable().map(|p| (x.at(p.offered), p.interval, true));
            plot.intervals(canvas, series.series, intervals);
        }
        let mut ends = Vec::new();
        for series in &self.series {
            if let Some((at, p99)) = series.draw_curves(canvas, &plot, &x) {
                let value = format!("p99 {}", format::duration(p99));
                let (name, series) = (series.label.clone(), series.series);
                ends.push(EndLabel { at, name, value, series });
            }
        }
        plot.end_labels(canvas, &ends);
        Some(plot.bottom() + 42.0)
    }

    /// A tick for each rate that was offered.
    fn rates(&self, horizontal: &Scale) -> Vec<Label> {
        let mut rates: Vec<f64> =
            self.series.iter().flat_map(Series::drawable).map(|p| p.offered).collect();
        rates.sort_by(f64::total_cmp);
        // Drawn rates of one asked one are the same for all strategies, as their seed is.
        rates.dedup();
        let ends = [rates.first().copied(), rates.last().copied()];
        let label = |&rate: &f64| Label {
            at: horizontal.at(rate),
            text: if rate < 10.0 {
                format!("{}/s", format::number(rate))
            } else {
                format!("{}/s", format::count(rate.round() as u64))
            },
            major: ends.contains(&Some(rate)),
        };
        rates.iter().map(label).collect()
    }
}

impl Series {
    fn drawable(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| is_positive(p.offered) && is_positive(p.p99))
    }

    /// Draws both curves; returns where that of the 99th percentile ends, and the value there.
    fn draw_curves(&self, canvas: &mut Canvas, plot: &Plot, x: &Scale) -> Option<(Px, f64)> {
        let token = Token::Mark(self.series);
        let at = |point: &Point, latency: f64| (x.at(point.offered), plot.y.at(latency));
        let medians: Vec<Px> =
            self.drawable().filter(|p| is_positive(p.p50)).map(|p| at(p, p.p50)).collect();
        canvas.dashed(&medians, token, 1.5, (4.0, 3.0));
        let tails: Vec<Px> = self.drawable().map(|p| at(p, p.p99)).collect();
        canvas.line(&tails, token, 2.25);
        for point in self.drawable() {
            let place = at(point, point.p99);
            canvas.dot(place, DOT, token);
            if !point.kept_up {
                canvas.circle(place, DOT - 1.75, Token::Surface);
            }
        }
        self.drawable().last().map(|p| (at(p, p.p99), p.p99))
    }
}
