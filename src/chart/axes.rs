//! Grids and tick labels.

use super::canvas::Canvas;
use super::font::Face;
use super::format;
use super::layout::RIGHT;
use super::scale::{Scale, choose_labels};
use super::theme::Token;
use crate::units::{DATA, TIME, Units, unit_of};

/// A tick with its place and its words.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) at: f64,
    pub(super) text: String,
    pub(super) major: bool,
    /// Whether it stands on a logarithmic axis, which a chart has to say.
    pub(super) log: bool,
}

/// The ticks of a scale of durations in seconds, labelled.
pub(super) fn duration_labels(scale: &Scale, wanted: f64) -> Vec<Label> {
    if scale.is_log() {
        return labels(scale, wanted, format::duration_tick);
    }
    in_one_unit(scale, wanted, TIME, format::SECOND)
}

/// The ticks of a scale of bytes, labelled.
pub(super) fn byte_labels(scale: &Scale, wanted: f64) -> Vec<Label> {
    in_one_unit(scale, wanted, DATA, 1.0)
}

/// Ticks that are round in the unit that is written, which is one for all. The scale counts in `one`
/// of the units.
fn in_one_unit(scale: &Scale, wanted: f64, units: Units, one: f64) -> Vec<Label> {
    let (size, unit) = unit_of(scale.end() * one, units);
    labels(&scale.in_units_of(size / one), wanted, |v| match format::short(v, 4) {
        zero if v == 0.0 => zero,
        number => format!("{number} {unit}"),
    })
}

/// The ticks of a scale, labelled by `text`.
pub(super) fn labels(scale: &Scale, wanted: f64, text: impl Fn(f64) -> String) -> Vec<Label> {
    scale
        .ticks(wanted)
        .into_iter()
        .map(|tick| Label {
            at: scale.at(tick.value),
            text: text(tick.value),
            major: tick.major,
            log: scale.is_log(),
        })
        .collect()
}

/// The ticks of a scale of whole numbers.
pub(super) fn count_labels(scale: &Scale, wanted: f64) -> Vec<Label> {
    let all = labels(scale, wanted, format::number);
    all.into_iter().filter(|l| !l.text.contains('.')).collect()
}

const SIZE: f64 = 12.0;

/// Vertical grid lines from `top` to `bottom` and as many labels below as fit.
pub(super) fn x_axis(canvas: &mut Canvas, ticks: &[Label], top: f64, bottom: f64) {
    x_grid(canvas, ticks, top, bottom);
    x_labels(canvas, ticks, bottom + 18.0);
}

/// Vertical grid lines alone.
pub(super) fn x_grid(canvas: &mut Canvas, ticks: &[Label], top: f64, bottom: f64) {
    canvas.has_axis(ticks.iter().any(|t| t.log));
    for tick in ticks {
        let width = if tick.major { 1.0 } else { 0.5 };
        canvas.line(&[(tick.at, top), (tick.at, bottom)], Token::Grid, width);
    }
}

/// As many tick labels as fit in one line at `y`, none over the right margin.
pub(super) fn x_labels(canvas: &mut Canvas, ticks: &[Label], y: f64) {
    let face = Face::new(SIZE, Token::Muted).middle();
    let place = |t: &Label| t.at.min(RIGHT + 12.0 - face.width(&t.text) / 2.0);
    let extents: Vec<(f64, f64, bool)> =
        ticks.iter().map(|t| (place(t), face.width(&t.text), t.major)).collect();
    for (tick, written) in ticks.iter().zip(choose_labels(&extents, 12.0)) {
        if written {
            canvas.text(place(tick), y, &tick.text, face);
        }
    }
}

/// Horizontal grid lines from `left` to `right` and labels to the left of them.
pub(super) fn y_axis(canvas: &mut Canvas, ticks: &[Label], left: f64, right: f64) {
    canvas.has_axis(ticks.iter().any(|t| t.log));
    let face = Face::new(SIZE, Token::Muted).end();
    let extents: Vec<(f64, f64, bool)> = ticks.iter().map(|t| (t.at, SIZE, t.major)).collect();
    for (tick, written) in ticks.iter().zip(choose_labels(&extents, 3.0)) {
        let width = if tick.major { 1.0 } else { 0.5 };
        canvas.line(&[(left, tick.at), (right, tick.at)], Token::Grid, width);
        if written {
            canvas.text(left - 10.0, tick.at + SIZE * 0.36, &tick.text, face);
        }
    }
}

/// Width that the labels of a vertical axis need.
pub(super) fn y_axis_width(ticks: &[Label]) -> f64 {
    Face::new(SIZE, Token::Muted).widest(ticks.iter().map(|t| &t.text)).max(20.0) + 10.0
}
