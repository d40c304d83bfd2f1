//! Latency by percentile: the tail gets as much room as the middle.

use std::time::Duration;

use super::axes::{Label, duration_labels, y_axis_width};
use super::canvas::Canvas;
use super::font::Face;
use super::layout::{MARGIN, RIGHT};
use super::lines::{EndLabel, Plot, end_labels_width};
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

impl Percentiles {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let mut y = y + 8.0;
        let curves = || self.panels.iter().flat_map(|p| &p.curves);
        // Only what is drawn decides the axes.
        let points = || {
            let all = curves().flat_map(|c| &c.points);
            all.filter(|(p, _)| nines(*p) <= MOST_NINES)
        };
        points().next()?;
        let most = points().map(|&(p, _)| nines(p)).fold(1.0, f64::max);
        // All panels share both axes, or they could not be compared.
        let values = || points().map(|&(_, d)| d.as_secs_f64());
        let names: Vec<&str> = curves().map(|c| c.label.as_str()).collect();
        let right = RIGHT - end_labels_width(&names) - 4.0;
        let gutter = y_axis_width(&duration_labels(&Scale::fit(values(), 1.0, 0.0), 6.0));
        let x = Scale::linear(0.0, most * 1.01, MARGIN + gutter, right);

        let panels: Vec<(String, &[Curve])> = self.panels.iter().flat_map(split).collect();
        let height = if panels.len() > 1 { 270.0 } else { 340.0 };
        let mut last = None;
        for (heading, curves) in panels {
            if !heading.is_empty() {
                y += 14.0;
                canvas.text(MARGIN, y, heading, Face::new(13.0, Token::Ink).bold());
                y += 14.0;
            }
            let plot = Plot::over(&x, Scale::fit(values(), y + height, y));
            draw_panel(canvas, curves, &x, &plot);
            y += height + 38.0;
            last = Some(plot);
        }
        last?.caption(canvas, 42.0, "share of requests at or below");
        Some(y + 8.0)
    }
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

fn draw_panel(canvas: &mut Canvas, curves: &[Curve], x: &Scale, plot: &Plot) {
    let ticks: Vec<Label> = TICKS
        .iter()
        .filter(|(p, _)| nines(*p) <= x.end())
        .map(|&(p, text)| Label { at: x.at(nines(p)), text: text.to_owned(), major: p != 50.0 })
        .collect();
    plot.axes(canvas, &ticks, &duration_labels(&plot.y, 6.0));

    let mut labels = Vec::new();
    for curve in curves {
        let line: Vec<(f64, f64)> = curve
            .points
            .iter()
            .filter(|(p, _)| nines(*p) <= x.end())
            .map(|&(p, d)| (x.at(nines(p)), plot.y.at(d.as_secs_f64())))
            .collect();
        plot.line(canvas, &line, curve.series);
        let Some(&end) = line.last() else { continue };
        if line.len() == 1 {
            canvas.dot(end, 3.5, Token::Mark(curve.series));
        }
        let value = curve.points.iter().rev().find(|(p, _)| nines(*p) <= x.end());
        labels.push(EndLabel {
            at: end,
            name: curve.label.clone(),
            value: value.map_or_else(String::new, |&(p, d)| {
                format!("{} at {} %", format::duration(d.as_secs_f64()), trimmed(p))
            }),
            series: curve.series,
        });
    }
    plot.end_labels(canvas, &labels);
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
        let curve = Curve { label: "a".into(), series: 0, points: vec![] };
        let panel = |n| Panel { heading: String::new(), curves: vec![curve.clone(); n] };
        let sizes = |n| split(&panel(n)).iter().map(|(_, c)| c.len()).collect::<Vec<_>>();
        assert_eq!(sizes(0), [0]);
        assert_eq!(sizes(8), [8]);
        assert_eq!(sizes(9), [5, 4]);
        assert_eq!(sizes(17), [6, 6, 5]);
    }
}
