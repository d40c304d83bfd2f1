//! Latency against the rate at which requests come: where a strategy stops keeping up.

use super::axes::Label;
use super::canvas::{Canvas, Paint, Point as Px};
use super::layout::{Key, Swatch, legend, not_drawn};
use super::lines::{EndLabel, Ends, LINE, Plot, apart, smaller, strand_line};
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
    /// Requests per second that were asked for, as the text calls them.
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
const NOTHING: &str = "No latency of";

impl Load {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let points = || self.series.iter().flat_map(Series::drawable);
        let empty = self.series.iter().filter(|s| s.drawable().next().is_none());
        let empty: Vec<&str> = empty.map(|s| s.label.as_str()).collect();
        if points().next().is_none() {
            return not_drawn(canvas, NOTHING, &empty, y);
        }
        let token = Token::Reference;
        let lost = points().any(|p| !p.kept_up);
        let intervals = points().any(|p| p.interval.is_some());
        let keys = [
            Key::when(true, Swatch::Line(token), "99th percentile"),
            Key::when(true, Swatch::Dashed(token), "median"),
            Key::when(true, Swatch::Dot(token), "keeps up"),
            Key::when(lost, Swatch::Ring(token), "does not, or is not shown to"),
            Key::when(intervals, Swatch::Area(Paint(token, 0.2)), "interval"),
            Some(Key::words("both axes logarithmic")),
        ];
        let top = legend(canvas, y, keys) + 12.0;
        let ends_of = self.series.iter().map(|s| (s.label.as_str(), s.value()));
        let room = Ends::new(ends_of, self.series.len());
        let intervals = points().filter_map(|p| p.interval).flat_map(|(lo, hi)| [lo, hi]);
        let latencies = points().flat_map(|p| [p.p50, p.p99]).chain(intervals);
        let (plot, ticks) = Plot::log(top, &room, latencies, format::duration_tick);
        let x = Scale::fit_log(points().map(|p| p.offered), 2.0, plot.left, plot.right - 8.0);
        plot.axes(canvas, &self.rates(&x), &ticks);
        plot.caption(canvas, 38.0, "requests offered per second");

        for series in &self.series {
            let intervals = series.drawable().map(|p| (x.at(p.offered), p.interval, true));
            plot.intervals(canvas, series.series, intervals);
        }
        let mut ends = Vec::new();
        let curve = |of: fn(&Point) -> f64| -> Vec<Vec<Px>> {
            let at = |p: &Point| (x.at(p.offered), plot.y.at(of(p)));
            let drawn = |s: &Series| s.drawable().filter(|p| is_positive(of(p))).map(at).collect();
            self.series.iter().map(drawn).collect()
        };
        let (medians, tails) = (curve(|p| p.p50), curve(|p| p.p99));
        for (place, (series, strands)) in self.series.iter().zip(apart(&tails)).enumerate() {
            canvas.dashed(&medians[place], Token::Mark(series.series), 1.5, (4.0, 3.0));
            strand_line(canvas, &strands, series.series, LINE);
            for (point, &at) in series.drawable().zip(&tails[place]) {
                let below = tails[..place].iter().filter(|line| line.contains(&at)).count();
                series.draw_point(canvas, point, at, below);
            }
            if let Some(&at) = tails[place].last() {
                let (name, value) = (series.label.clone(), series.value());
                ends.push(EndLabel { at, name, value, series: series.series });
            }
        }
        plot.end_labels(canvas, &room, &ends);
        not_drawn(canvas, NOTHING, &empty, plot.bottom() + 36.0).or(Some(plot.bottom() + 42.0))
    }

    /// A tick for each rate that was offered.
    fn rates(&self, horizontal: &Scale) -> Vec<Label> {
        let mut rates: Vec<f64> =
            self.series.iter().flat_map(Series::drawable).map(|p| p.offered).collect();
        rates.sort_by(f64::total_cmp);
        rates.dedup();
        let ends = [rates.first().copied(), rates.last().copied()];
        let label = |&rate: &f64| Label {
            at: horizontal.at(rate),
            text: per_second(rate),
            major: ends.contains(&Some(rate)),
            log: true,
        };
        rates.iter().map(label).collect()
    }
}

impl Series {
    fn drawable(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| is_positive(p.offered) && is_positive(p.p99))
    }

    /// The last 99th percentile, as it stands at the end of the curve.
    fn value(&self) -> String {
        let last = self.drawable().last();
        last.map_or_else(String::new, |p| format!("p99 {}", format::duration(p.p99)))
    }

    /// Draws the point of the 99th percentile, smaller where others stand `below` it.
    fn draw_point(&self, canvas: &mut Canvas, point: &Point, at: Px, below: usize) {
        let token = Token::Mark(self.series);
        let kept_up =
            if point.kept_up { "keeps up" } else { "does not keep up, or is not shown to" };
        let words = format!(
            "{} at {}: p50 {}, p99 {}; {kept_up}",
            self.label,
            per_second(point.offered),
            format::duration(point.p50),
            format::duration(point.p99)
        );
        let radius = smaller(DOT, below);
        canvas.mark(words, |canvas| {
            canvas.dot(at, radius, token);
            if !point.kept_up {
                canvas.circle(at, radius * 0.55, Token::Surface);
            }
        });
    }
}

/// `465/s`
fn per_second(rate: f64) -> String {
    if rate < 10.0 {
        return format!("{}/s", format::number(rate));
    }
    format!("{}/s", format::count(rate.round() as u64))
}
