//! Wall time or throughput against the limit: where more concurrency stops helping.

use super::canvas::{Canvas, Paint, Point as Px};
use super::font::Face;
use super::layout::{Key, Swatch, legend, not_drawn};
use super::limits::Limits;
use super::lines::{EndLabel, Ends, LINE, Plot, apart, smaller, strand_line};
use super::scale::{is_positive, positive_range};
use super::theme::Token;
use super::{Frame, format};

pub use super::limits::Limit;

/// Curves over the limit of requests in flight, both axes logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// The words around it.
    pub frame: Frame,
    /// Quantity on the vertical axis.
    pub quantity: Quantity,
    /// One curve per strategy without its limit.
    pub series: Vec<Series>,
    /// A horizontal line, such as the longest delay or the server's capacity.
    pub reference: Option<Reference>,
    /// A line through the origin, such as Little's law; not drawn unless its slope is positive.
    pub line: Option<Line>,
}

/// A line of values that grow with the limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its value for each request in flight, in the unit of the [`Quantity`].
    pub slope: f64,
    /// Its label.
    pub label: String,
}

/// Quantity of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Seconds.
    WallTime,
    /// Requests per second.
    Throughput,
}

/// One strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Series {
    /// Name of the strategy.
    pub label: String,
    /// Hue; the same for the same strategy in all charts.
    pub series: usize,
    /// Measured points, by ascending limit.
    pub points: Vec<Point>,
    /// The ideal, by ascending limit. Drawn once where all series have the same, and
    /// cut off where it leaves the neighbourhood of the data.
    pub ideal: Vec<(Limit, f64)>,
    /// A curve fitted to the points, by ascending requests in flight; it takes the place of the
    /// line from point to point.
    pub fit: Vec<(f64, f64)>,
    /// The limit of the point that is ringed: where it falls behind the ideal.
    pub knee: Option<Limit>,
}

/// One cell.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// Its limit.
    pub limit: Limit,
    /// Median, in the unit of the [`Quantity`]. Not drawn unless positive.
    pub value: f64,
    /// Interval of the median.
    pub interval: Option<(f64, f64)>,
}

/// A horizontal line.
#[derive(Clone, Debug, PartialEq)]
pub struct Reference {
    /// Where, in the unit of the [`Quantity`].
    pub value: f64,
    /// Its label.
    pub label: String,
}

const NOTHING: &str = "Not measured:";
/// The words of the line are no wider than this in the legend.
const LINE_LABEL: f64 = 260.0;
/// The axis follows the ideal this far beyond the data, no further.
const IDEAL_BEYOND: f64 = 2.0;

impl Quantity {
    fn text(self, value: f64) -> String {
        match self {
            Self::WallTime => format::duration(value),
            Self::Throughput => format!("{}/s", format::number(value)),
        }
    }

    fn tick(self, value: f64) -> String {
        match self {
            Self::WallTime => format::duration_tick(value),
            Self::Throughput => format!("{}/s", format::number_tick(value)),
        }
    }
}

impl Scaling {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let points = || self.series.iter().flat_map(Series::drawable);
        let empty = self.series.iter().filter(|s| s.drawable().next().is_none());
        let empty: Vec<&str> = empty.map(|s| s.label.as_str()).collect();
        if points().next().is_none() {
            return not_drawn(canvas, NOTHING, &empty, y);
        }
        let top = legend(canvas, y, self.keys()) + 12.0;
        let last = |s: &Series| {
            s.drawable().last().map_or_else(String::new, |p| self.quantity.text(p.value))
        };
        let room =
            Ends::new(self.series.iter().map(|s| (s.label.as_str(), last(s))), self.series.len());
        let (lo, hi) = self.range();
        let (plot, ticks) = Plot::log(top, &room, [lo, hi].into_iter(), |v| self.quantity.tick(v));
        let drawn = points().map(|p| p.limit).collect();
        let limits = Limits::new(drawn, plot.left, plot.right - 8.0);
        plot.axes(canvas, &limits.ticks, &ticks);
        plot.caption(canvas, 38.0, "limit of requests in flight");

        self.draw_reference(canvas, &plot);
        self.draw_line(canvas, &plot, &limits);
        self.draw_ideals(canvas, &plot, &limits);
        for series in &self.series {
            let intervals = series
                .drawable()
                .map(|p| (limits.at(p.limit), p.interval, p.limit != Limit::Unbounded));
            plot.intervals(canvas, series.series, intervals);
        }
        let mut ends = Vec::new();
        let at = |p: &Point| (limits.at(p.limit), plot.y.at(p.value));
        let lines: Vec<Vec<Px>> =
            self.series.iter().map(|s| s.drawable().map(at).collect()).collect();
        let bounded: Vec<Vec<Px>> = self
            .series
            .iter()
            .map(|s| s.drawable().filter(|p| p.limit != Limit::Unbounded).map(at).collect())
            .collect();
        for (place, (series, strands)) in self.series.iter().zip(apart(&bounded)).enumerate() {
            series.draw_fit(canvas, &plot, &limits);
            if series.fit.is_empty() {
                strand_line(canvas, &strands, series.series, LINE);
            }
            let unbounded = series.drawable().find(|p| p.limit == Limit::Unbounded);
            if let (Some(&last), Some(point)) = (bounded[place].last(), unbounded) {
                // No scale leads from a number to "unbounded".
                canvas.dashed(&[last, at(point)], Token::Mark(series.series), 1.5, (2.0, 3.0));
            }
            for (point, &at) in series.drawable().zip(&lines[place]) {
                let below = lines[..place].iter().filter(|line| line.contains(&at)).count();
                canvas.mark(self.numbers(series, point), |canvas| {
                    series.draw_point(canvas, point, at, below);
                });
            }
            if let Some(&at) = lines[place].last() {
                let (name, value) = (series.label.clone(), last(series));
                ends.push(EndLabel { at, name, value, series: series.series });
            }
        }
        plot.end_labels(canvas, &room, &ends);
        not_drawn(canvas, NOTHING, &empty, plot.bottom() + 36.0).or(Some(plot.bottom() + 42.0))
    }

    /// `async, limit 20: 31.2 ms (30.9 ms to 31.8 ms)`
    fn numbers(&self, series: &Series, point: &Point) -> String {
        let limit = match point.limit {
            Limit::Bounded(n) => format!("limit {}", format::count(n)),
            Limit::Unbounded => "unbounded".to_owned(),
        };
        let text = |value: f64| self.quantity.text(value);
        let known = point.interval.filter(|(lo, hi)| is_positive(*lo) && is_positive(*hi));
        let interval = known.map(|(lo, hi)| format!(" ({} to {})", text(lo), text(hi)));
        format!("{}, {limit}: {}{}", series.label, text(point.value), interval.unwrap_or_default())
    }

    /// The line through the origin, if a logarithmic axis has a place for it.
    fn line(&self) -> Option<&Line> {
        self.line.as_ref().filter(|l| is_positive(l.slope))
    }

    fn keys(&self) -> [Option<Key>; 7] {
        let any = |test: fn(&Series) -> bool| self.series.iter().any(test);
        let token = Token::Reference;
        let band = Swatch::Area(Paint(token, 0.2));
        let label = self.line().map_or_else(String::new, |line| {
            Face::new(12.0, Token::Ink).cut_end(&line.label, LINE_LABEL)
        });
        [
            Key::when(true, Swatch::Dot(token), "median"),
            Key::when(any(|s| s.points.iter().any(|p| p.interval.is_some())), band, "interval"),
            Key::when(any(|s| s.ideal.len() > 1), Swatch::Dashed(token), "ideal"),
            Key::when(self.line().is_some(), Swatch::Dotted(token), &label),
            Key::when(any(|s| !s.fit.is_empty()), Swatch::Line(token), "fitted curve"),
            Key::when(any(|s| s.knee.is_some()), Swatch::Ring(token), "knee"),
            Some(Key::words("both axes logarithmic")),
        ]
    }

    /// Range of the vertical axis.
    fn range(&self) -> (f64, f64) {
        let points = || self.series.iter().flat_map(|s| &s.points);
        let intervals = points().filter_map(|p| p.interval).flat_map(|(lo, hi)| [lo, hi]);
        let reference = self.reference.iter().map(|r| r.value);
        let data = points().map(|p| p.value).chain(intervals).chain(reference);
        let (lo, hi) = positive_range(data).unwrap_or((1.0, 1.0));
        let ideals = self.series.iter().flat_map(|s| &s.ideal).map(|&(_, v)| v);
        let (low, high) = positive_range(ideals).unwrap_or((lo, hi));
        (lo.min(low.max(lo / IDEAL_BEYOND)), hi.max(high.min(hi * IDEAL_BEYOND)))
    }

    fn draw_reference(&self, canvas: &mut Canvas, plot: &Plot) {
        let Some(reference) = self.reference.as_ref().filter(|r| is_positive(r.value)) else {
            return;
        };
        let (left, right, y) = (plot.left, plot.right, plot.y.at(reference.value));
        canvas.dashed(&[(left, y), (right, y)], Token::Reference, 1.5, (1.5, 3.5));
        let face = Face::new(12.0, Token::Reference);
        let text = face.cut_end(&reference.label, right - left - 20.0);
        canvas.rect(left + 5.0, y - 19.0, face.width(&text) + 6.0, 15.0, Token::Surface);
        canvas.text(left + 8.0, y - 7.0, text, face);
    }

    fn draw_line(&self, canvas: &mut Canvas, plot: &Plot, limits: &Limits) {
        let Some(line) = self.line() else { return };
        let (from, to) = limits.range();
        let at = |n: f64| (limits.of(n), plot.y.beyond(n * line.slope));
        if is_positive(from * line.slope) && is_positive(to * line.slope) {
            for part in plot.inside(&[at(from), at(to)]) {
                canvas.dashed(&part, Token::Reference, 1.5, (1.5, 3.5));
            }
        }
    }

    fn draw_ideals(&self, canvas: &mut Canvas, plot: &Plot, limits: &Limits) {
        let mut drawn: Vec<&[(Limit, f64)]> = Vec::new();
        let shared = self.series.windows(2).all(|w| w[0].ideal == w[1].ideal);
        for series in &self.series {
            if drawn.contains(&series.ideal.as_slice()) {
                continue;
            }
            drawn.push(&series.ideal);
            let line: Vec<Px> = series
                .ideal
                .iter()
                .filter(|(_, v)| is_positive(*v))
                .map(|&(limit, v)| (limits.at(limit), plot.y.beyond(v)))
                .collect();
            let token = if shared { Token::Reference } else { Token::Text(series.series) };
            for part in plot.inside(&line) {
                canvas.dashed(&part, token, 1.5, (6.0, 4.0));
            }
        }
    }
}

impl Series {
    fn drawable(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| is_positive(p.value))
    }

    fn draw_fit(&self, canvas: &mut Canvas, plot: &Plot, limits: &Limits) {
        let known = self.fit.iter().filter(|(n, v)| is_positive(*n) && is_positive(*v));
        let line: Vec<Px> = known.map(|&(n, v)| (limits.of(n), plot.y.beyond(v))).collect();
        plot.line(canvas, &line, self.series);
    }

    /// Draws a point, smaller where others stand `below` it.
    fn draw_point(&self, canvas: &mut Canvas, point: &Point, at: Px, below: usize) {
        let token = Token::Mark(self.series);
        if self.knee == Some(point.limit) {
            canvas.ring(at, 8.5, token);
        }
        canvas.dot(at, smaller(3.5, below), token);
    }
}
