//! Where the time of a request goes: a bar per cell, made of phases.

use std::time::Duration;

use super::axes::{duration_labels, x_axis};
use super::canvas::{Canvas, Face};
use super::font::{Weight, cut_end};
use super::layout::{Key, RIGHT, Swatch, foot, head, legend, nothing};
use super::phase::{colour, doing, on};
use super::rows::lay_out;
use super::scale::Scale;
use super::theme::Token;
use super::{Draw, Drawing, Frame, Group, format};
pub use crate::strategy::probe::Phase;

/// Stacked bars of phases, and beside them, where a few phases hide the others, what is left
/// without those.
#[derive(Clone, Debug, PartialEq)]
pub struct Phases {
    /// The words around it.
    pub frame: Frame,
    /// Cells, by scenario.
    pub groups: Vec<Group<Row>>,
    /// The heading of the second panel; without it there is one panel.
    pub rest: Option<String>,
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Row {
    /// Name of the strategy.
    pub label: String,
    /// All phases; `None` if they are not known.
    pub whole: Option<Bar>,
    /// What the second panel shows; `None` if that is not known.
    pub rest: Option<Bar>,
    /// What stands in place of a bar, such as "without probes".
    pub note: String,
}

/// The time of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bar {
    /// Its phases in order.
    pub parts: Vec<(Phase, Duration)>,
    /// The number at its end.
    pub total: Duration,
}

impl Bar {
    fn length(&self) -> f64 {
        self.parts.iter().map(|(_, time)| time.as_secs_f64()).sum()
    }

    fn total_text(&self) -> String {
        format::duration(self.total.as_secs_f64())
    }
}

const BAR: f64 = 15.0;
const TEXT: f64 = 11.5;
const ON_BAR: f64 = 10.5;
/// Between the two panels.
const BETWEEN: f64 = 26.0;
/// Between two phases of a bar, where both are wide enough to spare it.
const GAP: f64 = 0.75;

impl Draw for Phases {
    fn draw(&self) -> Drawing {
        let mut canvas = Canvas::default();
        let y = head(&mut canvas, &self.frame);
        let all: Vec<&Row> = self.groups.iter().flat_map(|g| &g.rows).collect();
        let bars = || all.iter().flat_map(|r| [&r.whole, &r.rest]).flatten();
        if bars().next().is_none() {
            return nothing(canvas, &self.frame, y);
        }
        let shown =
            |phase: &Phase| bars().flat_map(|b| &b.parts).any(|(p, t)| p == phase && !t.is_zero());
        let keys: Vec<Key> = Phase::ALL
            .into_iter()
            .filter(shown)
            .map(|p| Key::new(Swatch::Area(colour(p).into()), &key(p)))
            .collect();
        let y = legend(&mut canvas, y, &keys);

        let rows = lay_out(&self.groups, |r| &r.label, y + 34.0, 25.0);
        let room = {
            let face = Face::new(TEXT, Token::Ink).bold();
            bars().map(|b| face.width(&b.total_text())).fold(40.0, f64::max) + 10.0
        };
        let middle = rows.left + (RIGHT - rows.left) * 0.5;
        let first_end = if self.rest.is_some() { middle - BETWEEN } else { RIGHT };
        let whole = Panel {
            heading: "the whole request",
            scale: fit(all.iter().filter_map(|r| r.whole.as_ref()), rows.left, first_end - room),
            ticks: if self.rest.is_some() { 5.0 } else { 7.0 },
        };
        let top = y + 30.0;
        let rest = self.rest.as_deref().map(|heading| Panel {
            heading,
            scale: fit(all.iter().filter_map(|r| r.rest.as_ref()), middle, RIGHT - room),
            ticks: 5.0,
        });
        whole.axis(&mut canvas, rows.left, first_end, (top, rows.bottom));
        if let Some(rest) = &rest {
            rest.axis(&mut canvas, middle, RIGHT, (top, rows.bottom));
        }
        rows.draw(&mut canvas);
        whole.zero(&mut canvas, top, rows.bottom);
        if let Some(rest) = &rest {
            rest.zero(&mut canvas, top, rows.bottom);
        }
        for (row, &y) in all.iter().zip(&rows.middles) {
            match &row.whole {
                Some(bar) => whole.bar(&mut canvas, bar, y),
                None => whole.words(&mut canvas, &row.note, first_end, y),
            }
            match (&rest, &row.rest) {
                (Some(rest), Some(bar)) => rest.bar(&mut canvas, bar, y),
                (Some(rest), None) if row.whole.is_some() => {
                    rest.words(&mut canvas, "unknown", RIGHT, y);
                }
                _ => {}
            }
        }
        foot(canvas, &self.frame, rows.bottom + 24.0)
    }
}

/// `wait: waiting for the answer`
fn key(phase: Phase) -> String {
    format!("{}: {}", phase.name(), doing(phase))
}

/// Bars start at zero, always: their length is the value.
fn fit<'a>(bars: impl Iterator<Item = &'a Bar>, from: f64, to: f64) -> Scale {
    Scale::linear(0.0, bars.map(Bar::length).fold(1e-9, f64::max), from, to)
}

/// One of the two panels.
struct Panel<'a> {
    heading: &'a str,
    scale: Scale,
    ticks: f64,
}

impl Panel<'_> {
    fn axis(&self, canvas: &mut Canvas, left: f64, right: f64, (top, bottom): (f64, f64)) {
        let face = Face::new(12.5, Token::Ink).bold();
        let heading = cut_end(self.heading, 12.5, Weight::SemiBold, right - left);
        canvas.text(left, top - 9.0, heading, face);
        x_axis(canvas, &duration_labels(&self.scale, self.ticks), top, bottom);
    }

    fn zero(&self, canvas: &mut Canvas, top: f64, bottom: f64) {
        let zero = self.scale.at(0.0);
        canvas.line(&[(zero, top), (zero, bottom)], Token::Axis, 1.0);
    }

    fn bar(&self, canvas: &mut Canvas, bar: &Bar, y: f64) {
        let mut end = 0.0;
        for &(phase, time) in &bar.parts {
            let from = self.scale.at(end);
            end += time.as_secs_f64();
            let width = self.scale.at(end) - from;
            let gap = if width > 4.0 * GAP { GAP } else { 0.0 };
            canvas.rect(from, y - BAR / 2.0, width - gap, BAR, colour(phase));
            let face = Face::new(ON_BAR, on(phase)).middle();
            if face.width(phase.name()) + 8.0 <= width {
                canvas.text(from + (width - gap) / 2.0, y + ON_BAR * 0.36, phase.name(), face);
            }
        }
        let face = Face::new(TEXT, Token::Ink).bold();
        canvas.text(self.scale.at(end) + 6.0, y + 4.0, bar.total_text(), face);
    }

    fn words(&self, canvas: &mut Canvas, words: &str, right: f64, y: f64) {
        let left = self.scale.at(0.0) + 6.0;
        let words = cut_end(words, TEXT, Weight::Regular, right - left);
        canvas.text(left, y + 4.0, words, Face::new(TEXT, Token::Muted));
    }
}
