//! Where the time of a request goes: a bar per cell, made of phases.

use std::time::Duration;

use super::axes::duration_labels;
use super::canvas::Canvas;
use super::font::Face;
use super::layout::{Key, RIGHT, Swatch, legend, not_drawn};
use super::phase::{colour, doing, on};
use super::rows::{Rows, all, lay_out};
use super::scale::Scale;
use super::theme::Token;
use super::{Frame, Group, format};
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
    /// Bar of the second panel; `None` if that is not known.
    pub rest: Option<Bar>,
    /// Text in place of a bar, such as "without probes".
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

    /// `async: 31.2 ms; queue 1.0 ms, wait 30.2 ms`
    fn numbers(&self, label: &str) -> String {
        let known = self.parts.iter().filter(|(_, time)| !time.is_zero());
        let parts: Vec<String> = known
            .map(|(phase, time)| {
                format!("{} {}", phase.name(), format::duration(time.as_secs_f64()))
            })
            .collect();
        format!("{label}: {}; {}", self.total_text(), parts.join(", "))
    }

    fn total_text(&self) -> String {
        format::duration(self.total.as_secs_f64())
    }
}

const BAR: f64 = 15.0;
const TEXT: f64 = 11.5;
const ON_BAR: f64 = 10.5;
/// Space between the two panels.
const BETWEEN: f64 = 26.0;
/// Between two phases of a bar, where both are wide enough to spare it.
const GAP: f64 = 0.75;

impl Phases {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let all = all(&self.groups);
        let bars = || all.iter().flat_map(|r| [&r.whole, &r.rest]).flatten();
        if bars().next().is_none() {
            let names: Vec<&str> = all.iter().map(|row| row.label.as_str()).collect();
            return not_drawn(canvas, "No phases of", &names, y);
        }
        let shown =
            |phase: Phase| bars().flat_map(|b| &b.parts).any(|(p, t)| *p == phase && !t.is_zero());
        let key = |phase: Phase| {
            let words = format!("{}: {}", phase.name(), doing(phase));
            Key::when(shown(phase), Swatch::Area(colour(phase).into()), &words)
        };
        let y = legend(canvas, y, Phase::ALL.map(key));

        let rows = lay_out(&self.groups, |r| &r.label, y + 30.0, 25.0);
        let face = Face::new(TEXT, Token::Ink).bold();
        let room = face.widest(bars().map(Bar::total_text)).max(40.0) + 10.0;
        let middle = rows.left + (RIGHT - rows.left) * 0.5;
        let (end, ticks) = if self.rest.is_some() { (middle - BETWEEN, 5.0) } else { (RIGHT, 7.0) };
        let lengths = |bar: fn(&Row) -> &Option<Bar>| {
            all.iter().filter_map(move |r| bar(r).as_ref()).map(Bar::length)
        };
        let whole = Panel {
            heading: "the whole request",
            scale: Scale::bars(lengths(|r| &r.whole), rows.left, end - room),
            right: end,
            ticks,
        };
        let rest = self.rest.as_deref().map(|heading| Panel {
            heading,
            scale: Scale::bars(lengths(|r| &r.rest), middle, RIGHT - room),
            right: RIGHT,
            ticks,
        });
        let panels = || std::iter::once(&whole).chain(&rest);
        for panel in panels() {
            panel.axis(canvas, &rows);
        }
        rows.draw(canvas);
        for panel in panels() {
            rows.upright(canvas, panel.scale.at(0.0), Token::Axis, 1.0);
        }
        for (row, &y) in all.iter().zip(&rows.middles) {
            match &row.whole {
                Some(bar) => {
                    canvas.mark(bar.numbers(&row.label), |canvas| whole.bar(canvas, bar, y));
                }
                None => whole.words(canvas, &row.note, y),
            }
            match (&rest, &row.rest) {
                (Some(rest), Some(bar)) => {
                    canvas.mark(bar.numbers(&row.label), |canvas| rest.bar(canvas, bar, y));
                }
                (Some(rest), None) if row.whole.is_some() => rest.words(canvas, "unknown", y),
                _ => {}
            }
        }
        Some(rows.bottom + 24.0)
    }
}

/// One of the two panels.
struct Panel<'a> {
    heading: &'a str,
    scale: Scale,
    right: f64,
    ticks: f64,
}

impl Panel<'_> {
    fn axis(&self, canvas: &mut Canvas, rows: &Rows) {
        rows.heading(canvas, self.heading, self.scale.at(0.0), self.right);
        rows.axis(canvas, &duration_labels(&self.scale, self.ticks));
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

    fn words(&self, canvas: &mut Canvas, words: &str, y: f64) {
        let face = Face::new(TEXT, Token::Muted);
        let left = self.scale.at(0.0) + 6.0;
        canvas.text(left, y + 4.0, face.cut_end(words, self.right - left), face);
    }
}
