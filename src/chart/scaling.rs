//! Wall time or throughput against the limit: where more concurrency stops helping.

use super::axes::{
    END_LABEL, EndLabel, end_labels, end_labels_width, labels, x_axis, y_axis, y_axis_width,
};
use super::canvas::{Canvas, Face, Paint, Point as Px, clip};
use super::font::Weight;
use super::layout::{Key, MARGIN, RIGHT, Swatch, foot, head, legend, nothing};
use super::limits::Limits;
use super::scale::Scale;
use super::theme::Token;
use super::{Draw, Drawing, Frame, format};

/// Curves over the limit of requests in flight, both axes logarithmic.
#[derive(Clone, Debug, PartialEq)]
pub struct Scaling {
    /// The words around it.
    pub frame: Frame,
    /// What is on the vertical axis.
    pub quantity: Quantity,
    /// One curve per strategy without its limit.
    pub series: Vec<Series>,
    /// A horizontal line, such as the longest delay or the server's capacity.
    pub reference: Option<Reference>,
    /// A line through the origin, such as Little's law; not drawn unless its slope is positive.
    pub line: Option<Line>,
}

/// What grows with the limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its value for each request in flight, in the unit of the [`Quantity`].
    pub slope: f64,
    /// What it is.
    pub label: String,
}

/// What values mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// Seconds.
    WallTime,
    /// Requests per second.
    Throughput,
}

/// How many requests may be in flight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Limit {
    /// At most this many, at least one.
    Bounded(u64),
    /// As many as there are.
    Unbounded,
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
    /// What it is.
    pub label: String,
}

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

impl Draw for Scaling {
    fn draw(&self) -> Drawing {
        let mut canvas = Canvas::default();
        let y = head(&mut canvas, &self.frame);
        if self.series.iter().all(|s| s.drawable().next().is_none()) {
            return nothing(canvas, &self.frame, y);
        }
        let top = legend(&mut canvas, y, &self.keys()) + 12.0;
        #[expect(clippy::cast_precision_loss, reason = "a handful of curves")]
        let needed = (self.series.len() + 1) as f64 * END_LABEL;
        let bottom = top + f64::max(340.0, needed);

        let (lo, hi) = self.range();
        let vertical = Scale::fit_log([lo, hi].into_iter(), 3.0, bottom, top);
        let y_ticks = labels(&vertical, 6.0, |v| self.quantity.tick(v));
        let names = self.series.iter().map(|s| s.label.as_str());
        let right = RIGHT - end_labels_width(names) - 8.0;
        let left = MARGIN + y_axis_width(&y_ticks);
        let drawn = self.series.iter().flat_map(Series::drawable).map(|p| p.limit);
        let limits = Limits::new(drawn.collect(), left, right - 8.0);
        x_axis(&mut canvas, &limits.ticks, top, bottom);
        y_axis(&mut canvas, &y_ticks, left, right);
        canvas.line(&[(left, bottom), (right, bottom)], Token::Axis, 1.0);
        let caption = Face::new(12.0, Token::Muted).middle();
        let middle = f64::midpoint(left, right);
        canvas.text(middle, bottom + 38.0, "limit of requests in flight", caption);

        self.draw_reference(&mut canvas, &vertical, left, right);
        self.draw_line(&mut canvas, &limits, &vertical, (left, right), (top, bottom));
        self.draw_ideals(&mut canvas, &limits, &vertical, (left, right), (top, bottom));
        for series in &self.series {
            series.draw_interval(&mut canvas, &limits, &vertical);
        }
        let mut ends = Vec::new();
        for series in &self.series {
            series.draw_fit(&mut canvas, &limits, &vertical, (left, right), (top, bottom));
            if let Some((at, value)) = series.draw_curve(&mut canvas, &limits, &vertical) {
                ends.push(EndLabel {
                    at,
                    name: series.label.clone(),
                    value: self.quantity.text(value),
                    series: series.series,
                });
            }
        }
        end_labels(&mut canvas, &ends, right, top, bottom);
        foot(canvas, &self.frame, bottom + 42.0)
    }
}

impl Scaling {
    fn keys(&self) -> Vec<Key> {
        let mut keys = vec![Key::new(Swatch::Dot(Token::Reference), "median")];
        let mut points = self.series.iter().flat_map(|s| &s.points);
        if points.any(|p| p.interval.is_some()) {
            let band = Paint(Token::Reference, 0.2);
            keys.push(Key::new(Swatch::Area(band), "interval"));
        }
        if self.series.iter().any(|s| s.ideal.len() > 1) {
            keys.push(Key::new(Swatch::Dashed(Token::Reference), "ideal"));
        }
        if let Some(line) = self.line.as_ref().filter(|l| drawable(l.slope)) {
            let label = super::font::cut_end(&line.label, 12.0, Weight::Regular, LINE_LABEL);
            keys.push(Key::new(Swatch::Dotted(Token::Reference), &label));
        }
        if self.series.iter().any(|s| !s.fit.is_empty()) {
            keys.push(Key::new(Swatch::Line(Token::Reference), "fitted curve"));
        }
        if self.series.iter().any(|s| s.knee.is_some()) {
            keys.push(Key::new(Swatch::Ring(Token::Reference), "knee"));
        }
        keys
    }

    /// What the vertical axis must cover.
    fn range(&self) -> (f64, f64) {
        let points = || self.series.iter().flat_map(|s| &s.points);
        let intervals = points().filter_map(|p| p.interval).flat_map(|(lo, hi)| [lo, hi]);
        let reference = self.reference.iter().map(|r| r.value);
        let data = points().map(|p| p.value).chain(intervals).chain(reference);
        let (lo, hi) = extremes(data).unwrap_or((1.0, 1.0));
        let ideals = self.series.iter().flat_map(|s| &s.ideal).map(|&(_, v)| v);
        let (low, high) = extremes(ideals).unwrap_or((lo, hi));
        (lo.min(low.max(lo / IDEAL_BEYOND)), hi.max(high.min(hi * IDEAL_BEYOND)))
    }

    fn draw_reference(&self, canvas: &mut Canvas, vertical: &Scale, left: f64, right: f64) {
        let Some(reference) = self.reference.as_ref().filter(|r| drawable(r.value)) else {
            return;
        };
        let y = vertical.at(reference.value);
        canvas.dashed(&[(left, y), (right, y)], Token::Reference, 1.5, (1.5, 3.5));
        let face = Face::new(12.0, Token::Reference);
        let text = super::font::cut_end(&reference.label, 12.0, face.weight, right - left - 20.0);
        canvas.rect(left + 5.0, y - 19.0, face.width(&text) + 6.0, 15.0, Token::Surface);
        canvas.text(left + 8.0, y - 7.0, text, face);
    }

    fn draw_line(
        &self,
        canvas: &mut Canvas,
        limits: &Limits,
        vertical: &Scale,
        width: (f64, f64),
        height: (f64, f64),
    ) {
        let Some(line) = self.line.as_ref().filter(|l| drawable(l.slope)) else {
            return;
        };
        let (from, to) = limits.range();
        let at = |n: f64| (limits.of(n), vertical.beyond(n * line.slope));
        if drawable(from * line.slope) && drawable(to * line.slope) {
            for part in clip(&[at(from), at(to)], width, height) {
                canvas.dashed(&part, Token::Reference, 1.5, (1.5, 3.5));
            }
        }
    }

    fn draw_ideals(
        &self,
        canvas: &mut Canvas,
        limits: &Limits,
        vertical: &Scale,
        width: (f64, f64),
        height: (f64, f64),
    ) {
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
                .filter(|(_, v)| drawable(*v))
                .map(|&(limit, v)| (limits.at(limit), vertical.beyond(v)))
                .collect();
            let token = if shared { Token::Reference } else { Token::Text(series.series) };
            for part in clip(&line, width, height) {
                canvas.dashed(&part, token, 1.5, (6.0, 4.0));
            }
        }
    }
}

impl Series {
    fn drawable(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| drawable(p.value))
    }

    fn draw_interval(&self, canvas: &mut Canvas, limits: &Limits, vertical: &Scale) {
        let (mut lower, mut upper): (Vec<Px>, Vec<Px>) = (Vec::new(), Vec::new());
        for point in self.drawable() {
            let Some((lo, hi)) = point.interval.filter(|(lo, hi)| drawable(*lo) && drawable(*hi))
            else {
                continue;
            };
            let (x, lo, hi) = (limits.at(point.limit), vertical.at(lo), vertical.at(hi));
            canvas.line(&[(x, lo), (x, hi)], Paint(Token::Mark(self.series), 0.6), 1.5);
            if point.limit != Limit::Unbounded {
                lower.push((x, lo));
                upper.push((x, hi));
            }
        }
        upper.extend(lower.into_iter().rev());
        canvas.polygon(&upper, Paint(Token::Mark(self.series), 0.18));
    }

    fn draw_fit(
        &self,
        canvas: &mut Canvas,
        limits: &Limits,
        vertical: &Scale,
        width: (f64, f64),
        height: (f64, f64),
    ) {
        let known = self.fit.iter().filter(|(n, v)| drawable(*n) && drawable(*v));
        let line: Vec<Px> = known.map(|&(n, v)| (limits.of(n), vertical.beyond(v))).collect();
        for part in clip(&line, width, height) {
            canvas.line(&part, Token::Mark(self.series), 2.25);
        }
    }

    /// Draws line and points; returns where it ends, and the value there.
    fn draw_curve(
        &self,
        canvas: &mut Canvas,
        limits: &Limits,
        vertical: &Scale,
    ) -> Option<(Px, f64)> {
        let token = Token::Mark(self.series);
        let at = |p: &Point| (limits.at(p.limit), vertical.at(p.value));
        let bounded = self.drawable().filter(|p| p.limit != Limit::Unbounded);
        let line: Vec<Px> = bounded.map(at).collect();
        if self.fit.is_empty() {
            canvas.line(&line, token, 2.25);
        }
        let unbounded = self.drawable().find(|p| p.limit == Limit::Unbounded);
        if let (Some(&last), Some(point)) = (line.last(), unbounded) {
            // No scale leads from a number to "unbounded".
            canvas.dashed(&[last, at(point)], token, 1.5, (2.0, 3.0));
        }
        for point in self.drawable() {
            if self.knee == Some(point.limit) {
                canvas.ring(at(point), 8.5, token);
            }
            canvas.dot(at(point), 3.5, token);
        }
        self.drawable().last().map(|p| (at(p), p.value))
    }
}

/// Whether a logarithmic axis has a place for `value`.
fn drawable(value: f64) -> bool {
    value.is_finite() && value > 0.0
}

fn extremes(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.filter(|v| drawable(*v)).fold(None, |range, v| {
        let (lo, hi) = range.unwrap_or((v, v));
        Some((v.min(lo), v.max(hi)))
    })
}
