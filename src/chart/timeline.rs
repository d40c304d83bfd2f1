//! One trial over time: small panels, one below the other, over one time axis.

use std::time::Duration;

use super::axes::{Label, duration_labels, labels, x_axis, x_grid, y_axis, y_axis_width};
use super::canvas::{Canvas, Face, Point};
use super::font::{Weight, cut_end};
use super::layout::{MARGIN, RIGHT, foot, head, nothing};
use super::scale::Scale;
use super::theme::Token;
use super::{Draw, Drawing, Frame, format};

/// What a trial did and used, from its start to its end.
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
    /// What it is.
    pub label: String,
    /// What values mean.
    pub quantity: Quantity,
    /// One or a few lines in one unit.
    pub lines: Vec<Line>,
}

/// One line.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What it is; empty where the panel's label says it.
    pub label: String,
    /// Its hue.
    pub series: usize,
    /// Moments, ascending, and values; what is negative or no number is not drawn.
    pub points: Vec<(Duration, f64)>,
}

/// What values mean.
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
        let end = scale.end();
        let unit = match self {
            Self::Bytes => format::byte_unit(end).1,
            Self::Share => 0.01,
            Self::Count | Self::PerSecond => 1.0,
        };
        let text = |v: f64| match self {
            Self::Count => format::number(v),
            Self::PerSecond => format!("{}/s", format::number(v)),
            Self::Share => format!("{} %", format::number(v)),
            Self::Bytes => format::bytes_tick_like(v * unit, end),
        };
        let ticks = labels(&scale.in_units_of(unit), 3.0, text);
        let whole = |l: &Label| self != Self::Count || !l.text.contains('.');
        ticks.into_iter().filter(whole).collect()
    }
}

impl Draw for Timeline {
    fn draw(&self) -> Drawing {
        let mut canvas = Canvas::default();
        let mut y = head(&mut canvas, &self.frame);
        let panels: Vec<&Panel> =
            self.panels.iter().filter(|p| p.drawable().next().is_some()).collect();
        let Some((last, others)) = panels.split_last() else {
            return nothing(canvas, &self.frame, y);
        };
        let end = panels.iter().flat_map(|p| p.drawable()).map(|(at, _)| at).fold(0.0, f64::max);
        let gutter =
            panels.iter().map(|p| y_axis_width(&p.labels(&p.scale(0.0)))).fold(GUTTER, f64::max);
        let x = Scale::linear(0.0, end, MARGIN + gutter, RIGHT - 8.0);
        let times = duration_labels(&x, 8.0);
        for panel in others {
            y += BETWEEN;
            x_grid(&mut canvas, &times, y, y + HEIGHT);
            panel.draw(&mut canvas, &x, y);
            y += HEIGHT;
        }
        y += BETWEEN;
        x_axis(&mut canvas, &times, y, y + HEIGHT);
        last.draw(&mut canvas, &x, y);
        foot(canvas, &self.frame, y + HEIGHT + 24.0)
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

    fn labels(&self, scale: &Scale) -> Vec<Label> {
        self.quantity.labels(scale)
    }

    fn draw(&self, canvas: &mut Canvas, x: &Scale, top: f64) {
        let (left, right, bottom) = (x.at(0.0), x.at(x.end()), top + HEIGHT);
        let y = self.scale(top);
        y_axis(canvas, &self.labels(&y), left, right);
        canvas.line(&[(left, bottom), (right, bottom)], Token::Axis, 1.0);
        self.draw_names(canvas, top - 13.0);
        for line in &self.lines {
            let points: Vec<Point> = line.drawable().map(|(at, v)| (x.at(at), y.at(v))).collect();
            canvas.line(&points, Token::Mark(line.series), 1.75);
        }
    }

    fn draw_names(&self, canvas: &mut Canvas, baseline: f64) {
        let name = Face::new(NAME, Token::Ink).bold();
        let half = (RIGHT - MARGIN) / 2.0;
        let label = cut_end(&self.label, NAME, Weight::SemiBold, half - 24.0);
        let mut at = MARGIN + name.width(&label) + 22.0;
        canvas.text(MARGIN, baseline, label, name);
        let named = |line: &&Line| !line.label.is_empty() && line.drawable().next().is_some();
        for line in self.lines.iter().filter(named) {
            let room = RIGHT - at - SWATCH;
            if room < LEAST {
                return;
            }
            let face = Face::new(KEY, Token::Text(line.series));
            let text = cut_end(&line.label, KEY, Weight::Regular, room);
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
