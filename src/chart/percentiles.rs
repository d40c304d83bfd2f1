//! Latency by percentile: the tail gets as much room as the middle.

use std::time::Duration;

use super::axes::{Label, duration_labels, y_axis_width};
use super::canvas::{Canvas, Point};
use super::font::Face;
use super::layout::{Key, MARGIN, RIGHT, Swatch, legend, not_drawn};
use super::lines::{EndLabel, Ends, LINE, Plot, apart, strand_line};
use super::scale::Scale;
use super::theme::Token;
use super::{Frame, format};

/// Curves of latency over the share of requests at or below it.
#[derive(Clone, Debug, PartialEq)]
pub struct Percentiles {
    /// The words around it.
    pub frame: Frame,
    /// One panel per scenario. A panel with more than [`MOST_CURVES`] curves is split.
    pub panels: Vec<Panel>,
}

/// Curves that are compared.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// The scenario; empty for no heading.
    pub heading: String,
    /// Its curves.
    pub curves: Vec<Curve>,
}

/// One strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Curve {
    /// Name of the strategy.
    pub label: String,
    /// Hue; the same for the same strategy in all charts.
    pub series: usize,
    /// Percentile (0 to 100) and latency, in ascending order. The maximum (100 %) has
    /// no place on a logarithmic axis and is not drawn: give the percentiles that the
    /// number of requests supports.
    pub points: Vec<(f64, Duration)>,
    /// Percentiles of its schedule without overhead; empty where that is not known.
    pub ideal: Vec<(f64, Duration)>,
}

/// More curves than this in one panel cannot be told apart.
pub const MOST_CURVES: usize = 8;

/// The axis never reaches further than 99.999 %.
const MOST_NINES: f64 = 5.0;
const TICKS: [(f64, &str); 7] = [
    (0.0, "0"),
    (50.0, "50 %"),
    (90.0, "90 %"),
    (99.0, "99 %"),
    (99.9, "99.9 %"),
    (99.99, "99.99 %"),
    (99.999, "99.999 %"),
];

/// Position of a percentile on the axis: 90 % is one, 99 % is two.
fn nines(percentile: f64) -> f64 {
    -(1.0 - percentile.clamp(0.0, 100.0) / 100.0).log10()
}

/// Percentiles whose numbers a curve says when it is pointed at.
const SAID: [f64; 3] = [50.0, 90.0, 99.0];

impl Curve {
    /// The points that the axis has a place for.
    fn drawable(&self) -> impl DoubleEndedIterator<Item = &(f64, Duration)> {
        self.points.iter().filter(|(p, _)| nines(*p) <= MOST_NINES)
    }

    /// The ideal at the percentiles that are drawn; a logarithmic axis has no place for zero.
    fn drawable_ideal(&self) -> impl Iterator<Item = &(f64, Duration)> {
        self.ideal.iter().filter(|(p, d)| nines(*p) <= MOST_NINES && !d.is_zero())
    }

    fn value(&self) -> String {
        self.drawable().next_back().map_or_else(String::new, |&(p, d)| {
            format!("{} at {} %", format::duration(d.as_secs_f64()), trimmed(p))
        })
    }

    /// `async: p50 10.2 ms (ideal 10.0 ms), p99 …`
    fn numbers(&self) -> String {
        let last = self.drawable().next_back();
        let said = self.drawable().filter(|&point| SAID.contains(&point.0) || Some(point) == last);
        let said: Vec<String> = said
            .map(|&(p, d)| {
                let ideal = self.ideal.iter().find(|(q, _)| *q == p);
                let ideal =
                    ideal.map(|(_, d)| format!(" (ideal {})", format::duration(d.as_secs_f64())));
                let ideal = ideal.unwrap_or_default();
                format!("p{} {}{ideal}", trimmed(p), format::duration(d.as_secs_f64()))
            })
            .collect();
        format!("{}: {}", self.label, said.join(", "))
    }
}

impl Percentiles {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let curves = || self.panels.iter().flat_map(|p| &p.curves);
        // Only what is drawn decides the axes.
        let points = || curves().flat_map(Curve::drawable);
        if points().next().is_none() {
            return without_points(canvas, &curves().collect::<Vec<_>>(), y);
        }
        let most = points().map(|&(p, _)| nines(p)).fold(1.0, f64::max);
        // All panels share both axes, or they could not be compared.
        let ideals = || curves().flat_map(Curve::drawable_ideal);
        let values = || points().chain(ideals()).map(|&(_, d)| d.as_secs_f64());
        let is_log = Scale::fit(values(), 1.0, 0.0).is_log();
        let keys = [
            Key::when(true, Swatch::Line(Token::Reference), "measured"),
            Key::when(ideals().next().is_some(), Swatch::Dashed(Token::Reference), "ideal"),
            Some(Key::words(if is_log { "logarithmic time axis" } else { "time axis from zero" })),
        ];
        let mut y = legend(canvas, y, keys) + 12.0;
        let panels: Vec<(String, &[Curve])> = self.panels.iter().flat_map(split).collect();
        let crowded = panels.iter().map(|(_, curves)| curves.len()).max().unwrap_or(0);
        let ends = Ends::new(curves().map(|c| (c.label.as_str(), c.value())), crowded);
        let right = RIGHT - ends.width() - 4.0;
        let gutter = y_axis_width(&duration_labels(&Scale::fit(values(), 1.0, 0.0), 6.0));
        let x = Scale::linear(0.0, most * 1.01, MARGIN + gutter, right);

        let least = if panels.len() > 1 { 270.0 } else { 340.0 };
        let height = ends.height().max(least);
        let mut last = None;
        for (heading, curves) in panels {
            let face = Face::new(13.0, Token::Ink).bold();
            for line in face.wrap(&heading, RIGHT - MARGIN, 3) {
                y += 16.0;
                canvas.text(MARGIN, y, line, face);
            }
            y += if heading.is_empty() { 0.0 } else { 12.0 };
            let plot = Plot::over(&x, Scale::fit(values(), y + height, y));
            draw_panel(canvas, curves, &x, &plot, &ends);
            y += height + 38.0;
            last = Some(plot);
        }
        last?.caption(canvas, 42.0, "share of requests at or below");
        let without: Vec<&Curve> = curves().filter(|c| c.drawable().next().is_none()).collect();
        without_points(canvas, &without, y + 8.0).or(Some(y + 8.0))
    }
}

/// Names the curves that have no point.
fn without_points(canvas: &mut Canvas, curves: &[&Curve], y: f64) -> Option<f64> {
    let names: Vec<&str> = curves.iter().map(|curve| curve.label.as_str()).collect();
    not_drawn(canvas, "No latency of", &names, y)
}

/// Panels of at most [`MOST_CURVES`], about as many in each.
fn split(panel: &Panel) -> Vec<(String, &[Curve])> {
    let parts = panel.curves.len().div_ceil(MOST_CURVES).max(1);
    let each = panel.curves.len().div_ceil(parts).max(1);
    let mut out: Vec<(String, &[Curve])> = Vec::new();
    for (i, curves) in panel.curves.chunks(each).enumerate() {
        let heading = match (panel.heading.as_str(), parts) {
            (heading, 1) => heading.to_owned(),
            (heading, _) => {
                let (first, last) = (i * each + 1, i * each + curves.len());
                let total = panel.curves.len();
                let dot = if heading.is_empty() { "" } else { " · " };
                format!("{heading}{dot}strategies {first} to {last} of {total}")
            }
        };
        out.push((heading, curves));
    }
    if out.is_empty() {
        out.push((panel.heading.clone(), &[]));
    }
    out
}

fn draw_panel(canvas: &mut Canvas, curves: &[Curve], x: &Scale, plot: &Plot, ends: &Ends) {
    let tick = |&(p, text): &(f64, &str)| Label {
        at: x.at(nines(p)),
        text: text.to_owned(),
        major: p != 50.0,
        log: false,
    };
    let ticks: Vec<Label> = TICKS.iter().filter(|(p, _)| nines(*p) <= x.end()).map(tick).collect();
    plot.axes(canvas, &ticks, &duration_labels(&plot.y, 6.0));

    let at = |&(p, d): &(f64, Duration)| (x.at(nines(p)), plot.y.at(d.as_secs_f64()));
    let lines: Vec<Vec<Point>> = curves.iter().map(|c| c.drawable().map(at).collect()).collect();
    let mut labels = Vec::new();
    for ((curve, line), strands) in curves.iter().zip(&lines).zip(apart(&lines)) {
        let Some(&end) = line.last() else { continue };
        canvas.mark(curve.numbers(), |canvas| {
            strand_line(canvas, &strands, curve.series, LINE);
            if line.len() == 1 {
                canvas.dot(end, 3.5, Token::Mark(curve.series));
            }
        });
        let (name, value) = (curve.label.clone(), curve.value());
        labels.push(EndLabel { at: end, name, value, series: curve.series });
    }
    let shared = curves.windows(2).all(|w| w[0].ideal == w[1].ideal);
    let mut drawn: Vec<&[(f64, Duration)]> = Vec::new();
    for curve in curves.iter().filter(|c| c.drawable_ideal().next().is_some()) {
        if !drawn.contains(&curve.ideal.as_slice()) {
            drawn.push(&curve.ideal);
            let token = if shared { Token::Reference } else { Token::Text(curve.series) };
            let line: Vec<Point> = curve.drawable_ideal().map(at).collect();
            let words = if shared { "ideal" } else { &format!("{}: ideal", curve.label) };
            canvas.mark(words, |canvas| canvas.dashed(&line, token, 1.25, (4.0, 3.0)));
        }
    }
    plot.end_labels(canvas, ends, &labels);
}

/// A percentile without spare digits.
fn trimmed(percentile: f64) -> String {
    let text = format!("{percentile:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nine_curves_make_two_panels_of_about_the_same_size() {
        let curve = Curve { label: "a".into(), series: 0, points: vec![], ideal: vec![] };
        let panel = |n| Panel { heading: String::new(), curves: vec![curve.clone(); n] };
        let sizes = |n| split(&panel(n)).iter().map(|(_, c)| c.len()).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0]);
        assert_eq!(sizes(8), [8]);
        assert_eq!(sizes(9), [5, 4]);
        assert_eq!(sizes(17), [6, 6, 5]);
    }
}
