//! Grids, tick labels, and labels at the ends of curves.

use super::canvas::{Canvas, Face};
use super::font::{Weight, cut_middle};
use super::format;
use super::layout::RIGHT;
use super::scale::{Scale, choose_labels};
use super::spread::spread;
use super::theme::Token;

/// A tick with its place and its words.
#[derive(Clone, Debug)]
pub(super) struct Label {
    pub(super) at: f64,
    pub(super) text: String,
    pub(super) major: bool,
}

/// The ticks of a scale of durations in seconds, labelled.
pub(super) fn duration_labels(scale: &Scale, wanted: f64) -> Vec<Label> {
    if scale.is_log() {
        return labels(scale, wanted, format::duration_tick);
    }
    // Ticks are round in the unit that is written, which may be minutes.
    let (_, unit) = format::duration_unit(scale.end());
    labels(&scale.in_units_of(unit), wanted, |v| format::duration_tick_like(v * unit, scale.end()))
}

/// The ticks of a scale, labelled by `text`.
pub(super) fn labels(scale: &Scale, wanted: f64, text: impl Fn(f64) -> String) -> Vec<Label> {
    scale
        .ticks(wanted)
        .into_iter()
        .map(|tick| Label { at: scale.at(tick.value), text: text(tick.value), major: tick.major })
        .collect()
}

const SIZE: f64 = 12.0;

/// Vertical grid lines from `top` to `bottom` and as many labels below as fit.
pub(super) fn x_axis(canvas: &mut Canvas, ticks: &[Label], top: f64, bottom: f64) {
    x_grid(canvas, ticks, top, bottom);
    x_labels(canvas, ticks, bottom + 18.0);
}

/// Vertical grid lines alone.
pub(super) fn x_grid(canvas: &mut Canvas, ticks: &[Label], top: f64, bottom: f64) {
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
    let face = Face::new(SIZE, Token::Muted);
    ticks.iter().map(|t| face.width(&t.text)).fold(20.0, f64::max) + 10.0
}

/// The name and last value of a curve.
#[derive(Clone, Debug)]
pub(super) struct EndLabel {
    /// Where the curve ends.
    pub(super) at: (f64, f64),
    pub(super) name: String,
    pub(super) value: String,
    pub(super) series: usize,
}

/// Height that a label at the end of a curve needs: a name and a value.
pub(super) const END_LABEL: f64 = 32.0;
const LEADER: f64 = 30.0;
const NAME: f64 = 12.5;
const VALUE: f64 = 11.5;
/// No wider than this: a name that needs more loses its middle.
const WIDEST: f64 = 200.0;

/// Width that labels at the ends of curves need, leaders included.
pub(super) fn end_labels_width<'a>(names: impl Iterator<Item = &'a str>) -> f64 {
    let face = Face::new(NAME, Token::Ink).bold();
    names.map(|n| face.width(n)).fold(60.0, f64::max).min(WIDEST) + LEADER
}

/// Names and values to the right of `x`, moved apart inside `lo..=hi`, each with a
/// leader from the end of its curve.
pub(super) fn end_labels(canvas: &mut Canvas, labels: &[EndLabel], x: f64, lo: f64, hi: f64) {
    let wanted: Vec<f64> = labels.iter().map(|l| l.at.1).collect();
    let placed = spread(&wanted, END_LABEL, lo + 12.0, hi - 14.0);
    for (label, y) in labels.iter().zip(placed) {
        let token = Token::Mark(label.series);
        let (from_x, from_y) = (label.at.0 + 5.0, label.at.1);
        if from_x < x - 12.0 {
            // The curve ended early: what leads on must not look like data.
            canvas.dashed(&[(from_x, from_y), (x + 9.0, from_y)], token, 1.0, (1.0, 3.0));
        } else {
            canvas.line(&[(from_x, from_y), (x + 9.0, from_y)], token, 1.0);
        }
        let leader = [(x + 9.0, from_y), (x + 22.0, y), (x + 26.0, y)];
        canvas.line(&leader, token, 1.0);
        let name = cut_middle(&label.name, NAME, Weight::SemiBold, WIDEST);
        canvas.text(x + LEADER, y + 1.0, name, Face::new(NAME, Token::Text(label.series)).bold());
        canvas.text(x + LEADER, y + 15.0, &label.value, Face::new(VALUE, Token::Muted));
    }
}
