//! One trial over time: small panels, one below the other, over one time axis.

use std::time::Duration;

use super::axes::{
    Label, byte_labels, count_labels, duration_labels, labels, x_axis, x_grid, y_axis_width,
};
use super::canvas::{Canvas, Point};
use super::font::Face;
use super::layout::{MARGIN, RIGHT};
use super::lines::{Plot, apart, strand_line};
use super::scale::Scale;
use super::theme::Token;
use super::{Frame, format};

/// Activity and usage of a trial, from its start to its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Timeline {
    /// The words around it.
    pub frame: Frame,
    /// From top to bottom; one without a value to draw is left out.
    pub panels: Vec<Panel>,
}

/// One quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Its label.
    pub label: String,
    /// Quantity of the values.
    pub quantity: Quantity,
    /// One or a few lines in one unit.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// Its label; empty where the panel's label says it.
    pub label: String,
    /// Its hue.
    pub series: usize,
    /// Moments, ascending, and values; what is negative or no number is not drawn.
    pub points: Vec<(Duration, f64)>,
}

/// Quantity of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantity {
    /// A number of things.
    Count,
    /// Things per second.
    PerSecond,
    /// A part of one CPU.
    Share,
    /// Bytes.
    Bytes,
}

const HEIGHT: f64 = 74.0;
/// Room for the labels of the vertical axes, at least.
const GUTTER: f64 = 64.0;
/// From the end of a panel to the next one's axis: its name stands there.
const BETWEEN: f64 = 34.0;
const NAME: f64 = 13.0;
const KEY: f64 = 12.0;
/// Swatch of a key and the space after it.
const SWATCH: f64 = 20.0;
/// A key that has less room than this is left out.
const LEAST: f64 = 40.0;

impl Quantity {
    /// Ticks that are round in the unit that is written.
    fn labels(self, scale: &Scale) -> Vec<Label> {
        match self {
            Self::Count => count_labels(scale, 3.0),
            Self::PerSecond => labels(scale, 3.0, |v| format!("{}/s", format::number(v))),
            Self::Share => {
                labels(&scale.in_units_of(0.01), 3.0, |v| format!("{} %", format::number(v)))
            }
            Self::Bytes => byte_labels(scale, 3.0),
        }
    }

    fn text(self, value: f64) -> String {
        match self {
            Self::Count => format::count(value.round() as u64),
            Self::PerSecond => format!("{}/s", format::number(value)),
            Self::Share => format!("{} %", format::number(value * 100.0)),
            Self::Bytes => format::bytes(value),
        }
    }
}

impl Timeline {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let panels: Vec<&Panel> =
            self.panels.iter().filter(|p| p.drawable().next().is_some()).collect();
        panels.first()?;
        let end = panels.iter().flat_map(|p| p.drawable()).map(|(at, _)| at).fold(0.0, f64::max);
        let gutters = panels.iter().map(|p| y_axis_width(&p.quantity.labels(&p.scale(0.0))));
        let gutter = gutters.fold(GUTTER, f64::max);
        let x = Scale::linear(0.0, end, MARGIN + gutter, RIGHT - 8.0);
        let times = duration_labels(&x, 8.0);
        let mut bottom = y;
        for (i, panel) in panels.iter().enumerate() {
            let top = bottom + BETWEEN;
            bottom = top + HEIGHT;
            let is_last = i + 1 == panels.len();
            let x_axis = if is_last { x_axis } else { x_grid };
            x_axis(canvas, &times, top, bottom);
            panel.draw(canvas, &x, top);
        }
        Some(bottom + 24.0)
    }
}

impl Panel {
    fn drawable(&self) -> impl Iterator<Item = (f64, f64)> {
        self.lines.iter().flat_map(Line::drawable)
    }

    /// From zero to the highest value, for a panel at `top`.
    fn scale(&self, top: f64) -> Scale {
        let highest = self.drawable().map(|(_, v)| v).fold(0.0, f64::max);
        Scale::linear(0.0, highest * 1.1, top + HEIGHT, top)
    }

    fn draw(&self, canvas: &mut Canvas, x: &Scale, top: f64) {
        let plot = Plot::over(x, self.scale(top));
        plot.y_axis(canvas, &self.quantity.labels(&plot.y));
        self.draw_names(canvas, top - 13.0);
        let points =
            |line: &Line| line.drawable().map(|(at, v)| (x.at(at), plot.y.at(v))).collect();
        let lines: Vec<Vec<Point>> = self.lines.iter().map(points).collect();
        for (line, strands) in self.lines.iter().zip(apart(&lines)) {
            canvas.mark(self.numbers(line), |canvas| {
                strand_line(canvas, &strands, line.series, 1.75);
            });
        }
    }

    /// `requests ended, failed: at most 120/s, by 1.25 s`
    fn numbers(&self, line: &Line) -> String {
        let name = if line.label.is_empty() { String::new() } else { format!(", {}", line.label) };
        let highest = line.drawable().max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.total_cmp(&a.0)));
        highest.map_or_else(String::new, |(at, most)| {
            let (most, at) = (self.quantity.text(most), format::duration(at));
            format!("{}{name}: at most {most}, at {at}", self.label)
        })
    }

    fn draw_names(&self, canvas: &mut Canvas, baseline: f64) {
        let name = Face::new(NAME, Token::Ink).bold();
        let half = (RIGHT - MARGIN) / 2.0;
        let label = name.cut_end(&self.label, half - 24.0);
        let mut at = MARGIN + name.width(&label) + 22.0;
        canvas.text(MARGIN, baseline, label, name);
        let named = |line: &&Line| !line.label.is_empty() && line.drawable().next().is_some();
        for line in self.lines.iter().filter(named) {
            let room = RIGHT - at - SWATCH;
            if room < LEAST {
                return;
            }
            let face = Face::new(KEY, Token::Text(line.series));
            let text = face.cut_end(&line.label, room);
            let middle = baseline - 4.0;
            canvas.line(&[(at, middle), (at + 14.0, middle)], Token::Mark(line.series), 2.0);
            let width = face.width(&text);
            canvas.text(at + SWATCH, baseline, text, face);
            at += SWATCH + width + 18.0;
        }
    }
}

impl Line {
    /// Seconds and values that can be drawn.
    fn drawable(&self) -> impl Iterator<Item = (f64, f64)> {
        let points = self.points.iter().map(|&(at, v)| (at.as_secs_f64(), v));
        points.filter(|(_, v)| v.is_finite() && *v >= 0.0)
    }
}
