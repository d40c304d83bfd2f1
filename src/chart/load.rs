//! Latency against the rate at which requests come: where a strategy stops keeping up.

use super::axes::{
    END_LABEL, EndLabel, Label, end_labels, end_labels_width, labels, x_axis, y_axis, y_axis_width,
};
use super::canvas::{Canvas, Face, Paint, Point as Px};
use super::layout::{Key, MARGIN, RIGHT, Swatch, foot, head, legend, nothing};
use super::scale::Scale;
use super::theme::Token;
use super::{Draw, Drawing, Frame, format};

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

impl Draw for Load {
    fn draw(&self) -> Drawing {
        let mut canvas = Canvas::default();
        let y = head(&mut canvas, &self.frame);
        let points = || self.series.iter().flat_map(Series::drawable);
        if points().next().is_none() {
            return nothing(canvas, &self.frame, y);
        }
        let top = legend(&mut canvas, y, &self.keys()) + 12.0;
        #[expect(clippy::cast_precision_loss, reason = "a handful of curves")]
        let needed = (self.series.len() + 1) as f64 * END_LABEL;
        let bottom = top + f64::max(340.0, needed);

        let intervals = points().filter_map(|p| p.interval).flat_map(|(lo, hi)| [lo, hi]);
        let latencies = points().flat_map(|p| [p.p50, p.p99]).chain(intervals);
        let vertical = Scale::fit_log(latencies.filter(|v| drawable(*v)), 3.0, bottom, top);
        let y_ticks = labels(&vertical, 6.0, format::duration_tick);
        let right = RIGHT - end_labels_width(self.series.iter().map(|s| s.label.as_str())) - 8.0;
        let left = MARGIN + y_axis_width(&y_ticks);
        let horizontal = Scale::fit_log(points().map(|p| p.offered), 2.0, left, right - 8.0);
        x_axis(&mut canvas, &self.rates(&horizontal), top, bottom);
        y_axis(&mut canvas, &y_ticks, left, right);
        canvas.line(&[(left, bottom), (right, bottom)], Token::Axis, 1.0);
        let caption = Face::new(12.0, Token::Muted).middle();
        let middle = f64::midpoint(left, right);
        canvas.text(middle, bottom + 38.0, "requests offered per second", caption);

        for series in &self.series {
            series.draw_intervals(&mut canvas, &horizontal, &vertical);
        }
        let mut ends = Vec::new();
        for series in &self.series {
            if let Some((at, p99)) = series.draw_curves(&mut canvas, &horizontal, &vertical) {
                let value = format!("p99 {}", format::duration(p99));
                let (name, series) = (series.label.clone(), series.series);
                ends.push(EndLabel { at, name, value, series });
            }
        }
        end_labels(&mut canvas, &ends, right, top, bottom);
        foot(canvas, &self.frame, bottom + 42.0)
    }
}

impl Load {
    fn keys(&self) -> Vec<Key> {
        let mut keys = vec![
            Key::new(Swatch::Line(Token::Reference), "99th percentile"),
            Key::new(Swatch::Dashed(Token::Reference), "median"),
            Key::new(Swatch::Dot(Token::Reference), "keeps up"),
        ];
        let points = || self.series.iter().flat_map(Series::drawable);
        if points().any(|p| !p.kept_up) {
            keys.push(Key::new(Swatch::Ring(Token::Reference), "does not, or is not shown to"));
        }
        if points().any(|p| p.interval.is_some()) {
            keys.push(Key::new(Swatch::Area(Paint(Token::Reference, 0.2)), "interval"));
        }
        keys
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
                #[expect(
                    clippy::cast_possible_truncation,
                    clippy::cast_sign_loss,
                    reason = "a rate"
                )]
                let whole = rate.round() as u64;
                format!("{}/s", format::count(whole))
            },
            major: ends.contains(&Some(rate)),
        };
        rates.iter().map(label).collect()
    }
}

impl Series {
    fn drawable(&self) -> impl Iterator<Item = &Point> {
        self.points.iter().filter(|p| drawable(p.offered) && drawable(p.p99))
    }

    fn draw_intervals(&self, canvas: &mut Canvas, horizontal: &Scale, vertical: &Scale) {
        let (mut lower, mut upper): (Vec<Px>, Vec<Px>) = (Vec::new(), Vec::new());
        for point in self.drawable() {
            let Some((lo, hi)) = point.interval.filter(|(lo, hi)| drawable(*lo) && drawable(*hi))
            else {
                continue;
            };
            let x = horizontal.at(point.offered);
            let (lo, hi) = (vertical.at(lo), vertical.at(hi));
            canvas.line(&[(x, lo), (x, hi)], Paint(Token::Mark(self.series), 0.6), 1.5);
            lower.push((x, lo));
            upper.push((x, hi));
        }
        upper.extend(lower.into_iter().rev());
        canvas.polygon(&upper, Paint(Token::Mark(self.series), 0.18));
    }

    /// Draws both curves; returns where that of the 99th percentile ends, and the value there.
    fn draw_curves(
        &self,
        canvas: &mut Canvas,
        horizontal: &Scale,
        vertical: &Scale,
    ) -> Option<(Px, f64)> {
        let token = Token::Mark(self.series);
        let at = |point: &Point, latency: f64| (horizontal.at(point.offered), vertical.at(latency));
        let medians: Vec<Px> =
            self.drawable().filter(|p| drawable(p.p50)).map(|p| at(p, p.p50)).collect();
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

/// Whether a logarithmic axis has a place for `value`.
fn drawable(value: f64) -> bool {
    value.is_finite() && value > 0.0
}
