//! Bars of one or more quantities side by side, a row for each cell: what each costs, for example.

use super::axes::{Label, byte_labels, duration_labels, labels};
use super::canvas::Canvas;
use super::font::Face;
use super::layout::{Key, RIGHT, Swatch, legend};
use super::rows::{all, lay_out};
use super::scale::Scale;
use super::theme::{BLUE, SLATE, Token};
use super::{Frame, Group, format};

/// Panels of bars with common rows.
#[derive(Clone, Debug, PartialEq)]
pub struct Bars {
    /// The words around it.
    pub frame: Frame,
    /// The quantities, from left to right.
    pub panels: Vec<Panel>,
    /// Names of the bars of a row, from top to bottom; none where a row has one bar.
    pub series: Vec<String>,
    /// Cells, by scenario.
    pub groups: Vec<Group<Row>>,
}

/// A quantity.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Its name.
    pub heading: String,
    /// Unit of its values.
    pub unit: Unit,
    /// Its share of the width; those of all panels add up to 1.
    pub share: f64,
}

/// Unit of values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Bytes.
    Bytes,
    /// Anything else.
    Number,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Name of the strategy.
    pub label: String,
    /// Its bars, each with a value for each panel; `None` is unknown, not zero. Of the second and later
    /// ones, those of which nothing is known are left out.
    pub bars: Vec<Vec<Option<f64>>>,
}

impl Row {
    /// The bars that are drawn, each with its place among the series.
    fn drawn(&self) -> Vec<(usize, &[Option<f64>])> {
        let is_known = |bar: &[Option<f64>]| bar.iter().any(Option::is_some);
        let all = self.bars.iter().map(Vec::as_slice).enumerate();
        all.filter(|&(place, bar)| place == 0 || is_known(bar)).collect()
    }
}

impl Unit {
    fn text(self, value: Option<f64>) -> String {
        match (self, value) {
            (_, None) => "unknown".to_owned(),
            (Unit::Seconds, Some(seconds)) => format::duration(seconds),
            (Unit::Bytes, Some(bytes)) => format::bytes(bytes),
            (Unit::Number, Some(number)) => format::number(number),
        }
    }

    fn labels(self, scale: &Scale, wanted: f64) -> Vec<Label> {
        match self {
            Unit::Seconds => duration_labels(scale, wanted),
            Unit::Bytes => byte_labels(scale, wanted),
            Unit::Number => labels(scale, wanted, format::number_tick),
        }
    }
}

const MARKS: [Token; 2] = [Token::Mark(BLUE), Token::Mark(SLATE)];
const BAR: f64 = 11.0;
const TEXT: f64 = 11.5;
/// Between two panels.
const BETWEEN: f64 = 24.0;
/// Labels of an axis as wide as the chart.
const TICKS: f64 = 7.0;

impl Bars {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let all = all(&self.groups);
        let most = all.iter().map(|row| row.drawn().len()).max()?;
        let key = |(series, name): (usize, &String)| {
            Key::when(series < most, Swatch::Area(mark(series).into()), name)
        };
        let y = match self.series.is_empty() {
            true => y,
            false => legend(canvas, y, self.series.iter().enumerate().map(key)),
        };

        let height = 15.0 + 10.0 * most as f64;
        let rows = lay_out(&self.groups, |row| &row.label, y + 30.0, height);
        let values = |place: usize| {
            all.iter().flat_map(|row| &row.bars).map(move |bar| bar.get(place).copied().flatten())
        };
        let mut left = rows.left;
        let mut before = 0.0;
        let mut scales = Vec::new();
        for (place, panel) in self.panels.iter().enumerate() {
            before += panel.share;
            let next = rows.left + (RIGHT - rows.left) * before;
            let end = if place + 1 == self.panels.len() { RIGHT } else { next - BETWEEN };
            let face = Face::new(TEXT, Token::Ink).bold();
            let words = face.widest(values(place).map(|value| panel.unit.text(value)));
            let reach = end - (words.max(40.0) + 10.0);
            scales.push(Scale::bars(values(place).map(Option::unwrap_or_default), left, reach));
            rows.heading(canvas, &panel.heading, left, end);
            left = next;
        }
        for (panel, scale) in self.panels.iter().zip(&scales) {
            rows.axis(canvas, &panel.unit.labels(scale, (panel.share * TICKS).round()));
        }
        rows.draw(canvas);
        for scale in &scales {
            rows.upright(canvas, scale.at(0.0), Token::Axis, 1.0);
        }
        for (row, &middle) in all.iter().zip(&rows.middles) {
            let drawn = row.drawn();
            for (line, (series, bar)) in drawn.iter().enumerate() {
                let lower = line as f64 - (drawn.len() - 1) as f64 / 2.0;
                let y = middle + lower * (BAR + 3.0);
                canvas.mark(self.numbers(row, *series, bar), |canvas| {
                    self.draw_bar(canvas, *series, bar, &scales, y);
                });
            }
        }
        Some(rows.bottom + 24.0)
    }

    /// `async, client: CPU time 31 ms, memory 4.2 MB`
    fn numbers(&self, row: &Row, series: usize, bar: &[Option<f64>]) -> String {
        let series = self.series.get(series).map_or_else(String::new, |name| format!(", {name}"));
        let values = self.panels.iter().zip(bar);
        let values: Vec<String> = values
            .map(|(panel, &value)| format!("{} {}", panel.heading, panel.unit.text(value)))
            .collect();
        format!("{}{series}: {}", row.label, values.join(", "))
    }

    /// Draws the bars of a series in a row, one in each panel, then their values.
    fn draw_bar(
        &self,
        canvas: &mut Canvas,
        series: usize,
        bar: &[Option<f64>],
        scales: &[Scale],
        y: f64,
    ) {
        let end = |scale: &Scale, value: Option<f64>| scale.at(value.unwrap_or_default());
        for (scale, &value) in scales.iter().zip(bar) {
            let zero = scale.at(0.0);
            canvas.rect(zero, y - BAR / 2.0, end(scale, value) - zero, BAR, mark(series));
        }
        for ((panel, scale), &value) in self.panels.iter().zip(scales).zip(bar) {
            let face = match value {
                None => Face::new(TEXT, Token::Muted),
                Some(_) if series == 0 => Face::new(TEXT, Token::Ink).bold(),
                Some(_) => Face::new(TEXT, Token::Ink),
            };
            canvas.text(end(scale, value) + 6.0, y + 4.0, panel.unit.text(value), face);
        }
    }
}

fn mark(series: usize) -> Token {
    MARKS[series % MARKS.len()]
}
