//! Every request as a bar on a time axis, one panel per strategy.
//!
//! Sequential is a staircase, async is a wall. The two may differ by a factor of
//! fifty, and on one axis the wall would be a hair line; on axes of their own they
//! would look alike. So where scales differ that much, the chart opens with all
//! strategies on one clock, gives panels of similar length the same axis, and says
//! at every change by how much the axis shrank or grew.

use std::time::Duration;

use super::axes::{duration_labels, x_axis, x_grid, x_labels};
use super::canvas::Canvas;
use super::font::Face;
use super::layout::{Key, MARGIN, RIGHT, Swatch, legend};
use super::phase::{FAILED, colour, doing};
use super::scale::Scale;
use super::theme::{BLUE, SLATE, Token};
use super::tiers::{axes, scale_note};
use super::{Frame, format};
use crate::strategy::probe::Phase;

/// Requests over time.
#[derive(Clone, Debug, PartialEq)]
pub struct Waterfall {
    /// The words around it.
    pub frame: Frame,
    /// One panel per strategy, usually the slowest first.
    pub panels: Vec<Panel>,
}

/// One trial of one strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Name of the strategy.
    pub label: String,
    /// A few words after the name, such as the efficiency; may be empty.
    pub note: String,
    /// Wall time of the trial.
    pub wall: Duration,
    /// Its requests, in the order of issue. Where there are more than rows, every
    /// n-th is shown and the panel says so.
    pub requests: Vec<Request>,
    /// Every n-th request is in `requests`: 1 is all.
    pub every: usize,
    /// Number of requests that `requests` stand for.
    pub total: usize,
    /// Number of further requests.
    pub left_out: usize,
}

/// When each phase of a request ended, from the start of the trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// The program wanted it: it may have waited for a permit or a thread since.
    pub issued: Duration,
    /// It left the queue.
    pub sent: Duration,
    /// When the phases between that and the head ended, in the order of [`BETWEEN`];
    /// `None` if unknown.
    pub between: [Option<Duration>; BETWEEN.len()],
    /// The head of the response was there; `None` if unknown.
    pub head: Option<Duration>,
    /// The last byte of the body was there, or it failed.
    pub end: Duration,
    /// It did not end well.
    pub failed: bool,
}

/// The phases that only some libraries can tell.
pub const BETWEEN: [Phase; 6] = Phase::OF_LIBRARY;

/// A phase that is narrower than this many px would be hidden by the next, and is left out.
const SEEN: f64 = 0.25;

/// A row is never thinner than this many px.
const THINNEST: f64 = 0.75;
/// A bar is never thinner or shorter: it would fade away. It may reach into the next
/// row, whose bar is drawn over it.
const THINNEST_BAR: f64 = 1.25;
/// A row is never thicker.
const THICKEST: f64 = 9.0;

const LEFT: f64 = MARGIN + 36.0;

impl Waterfall {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        self.panels.first()?;
        let walls: Vec<f64> = self.panels.iter().map(Panel::length).collect();
        let axes = axes(&walls);
        let mut y = legend(canvas, y, self.keys(&axes));
        let tiered = axes.windows(2).any(|w| w[0] != w[1]);
        if tiered {
            y = overview(canvas, &self.panels, y + 14.0);
        }
        let height = height_for(self.panels.len());
        for (i, panel) in self.panels.iter().enumerate() {
            let above = i.checked_sub(1).map(|i| axes[i]);
            let scale = Scale::linear(0.0, axes[i] * 1.01, LEFT, RIGHT);
            let note = if tiered { scale_note(above, axes[i]) } else { None };
            y = header(canvas, panel, &panel.coverage(height), note, y + 26.0);
            let bottom = y + panel.row_height(height) * panel.shown(height).count as f64;
            let bottom = bottom.max(y + 26.0);
            let ticks = duration_labels(&scale, 7.0);
            x_grid(canvas, &ticks, y, bottom);
            canvas.line(&[(LEFT, bottom), (RIGHT, bottom)], Token::Axis, 1.0);
            panel.draw(canvas, &scale, y, bottom, height);
            y = bottom + 6.0;
            if axes.get(i + 1) != Some(&axes[i]) {
                x_labels(canvas, &ticks, bottom + 17.0);
                y += 18.0;
            }
        }
        Some(y)
    }

    fn keys(&self, axes: &[f64]) -> Vec<Option<Key>> {
        let any =
            |test: fn(&Request) -> bool| self.panels.iter().flat_map(|p| &p.requests).any(test);
        let seen = |phase: Phase| {
            let wide = |r: &Request, px: f64| {
                r.parts()
                    .any(|(p, from, to)| p == Some(phase) && (to - from).as_secs_f64() * px >= SEEN)
            };
            let px = axes.iter().map(|axis| (RIGHT - LEFT) / axis);
            self.panels.iter().zip(px).any(|(p, px)| p.requests.iter().any(|r| wide(r, px)))
        };
        let key = |phase: Phase| {
            let shown = match phase {
                Phase::Queue => any(|r| r.sent > r.issued),
                Phase::Wait => true,
                Phase::Receive => any(|r| r.head.is_some_and(|head| r.end > head)),
                between => seen(between),
            };
            Key::when(shown, Swatch::Area(colour(phase).into()), doing(phase))
        };
        let failed = Key::when(any(|r| r.failed), Swatch::Area(FAILED.into()), "failed");
        let end = Key::when(true, Swatch::Dashed(Token::Reference), "end of the run");
        Phase::ALL.into_iter().map(key).chain([failed, end]).collect()
    }
}

/// Height of a panel: more where there are few.
fn height_for(panels: usize) -> f64 {
    match panels {
        0..=3 => 190.0,
        4..=6 => 150.0,
        _ => 110.0,
    }
}

impl Request {
    /// Its bars after the queue: phase (`None` for what failed), begin and end.
    fn parts(&self) -> impl Iterator<Item = (Option<Phase>, Duration, Duration)> {
        let marked = self.between.iter().any(Option::is_some);
        let head = self.head.filter(|_| !self.failed || marked);
        let end = self.end.max(self.sent);
        let last = if !self.failed {
            Some(if head.is_some() { Phase::Receive } else { Phase::Wait })
        } else {
            None
        };
        let marks = BETWEEN.into_iter().zip(self.between).chain([(Phase::Wait, head)]);
        let ends = marks.filter_map(|(phase, at)| Some((Some(phase), at?)));
        let mut from = self.sent;
        ends.chain([(last, end)]).map(move |(phase, at)| {
            let to = at.clamp(from, end);
            (phase, std::mem::replace(&mut from, to), to)
        })
    }
}

/// The requests that are shown: every `step`-th.
struct Shown {
    step: usize,
    count: usize,
}

impl Panel {
    /// Wall time in seconds, or the last end if that is later.
    fn length(&self) -> f64 {
        let last = self.requests.iter().map(|r| r.end).max();
        last.map_or(self.wall, |end| end.max(self.wall)).as_secs_f64()
    }

    fn shown(&self, height: f64) -> Shown {
        let most = (height / THINNEST) as usize;
        let step = self.requests.len().div_ceil(most).max(1);
        Shown { step, count: self.requests.len().div_ceil(step) }
    }

    fn row_height(&self, height: f64) -> f64 {
        (height / (self.shown(height).count as f64).max(1.0)).clamp(THINNEST, THICKEST)
    }

    /// "every 5th of 1,000 requests · 4,000 more not recorded"
    fn coverage(&self, height: f64) -> String {
        let total = self.total as u64;
        let requests = if total == 1 { "request" } else { "requests" };
        let mut text = match self.shown(height).step * self.every {
            1 => format!("{} {requests}", format::count(total)),
            step => format!("every {} of {} requests", ordinal(step), format::count(total)),
        };
        if self.left_out > 0 {
            text += &format!(" · {} more left out", format::count(self.left_out as u64));
        }
        text
    }

    fn draw(&self, canvas: &mut Canvas, scale: &Scale, top: f64, bottom: f64, height: f64) {
        let small = Face::new(10.5, Token::Muted);
        if self.requests.is_empty() {
            let words = "no requests were recorded";
            canvas.text(LEFT + 8.0, f64::midpoint(top, bottom) + 4.0, words, small);
            return;
        }
        let row = self.row_height(height);
        let gap = match row {
            r if r >= 4.0 => 1.0,
            r if r >= 2.0 => 0.5,
            r if r >= 1.25 => 0.25,
            _ => 0.0,
        };
        let shown = self.shown(height);
        let at = |d: Duration| scale.at(d.as_secs_f64());
        let mut y = top;
        for request in one_of_each(&self.requests, shown.step) {
            let mut bar = |from: Duration, to: Duration, token: Token| {
                if to > from {
                    let width = (at(to) - at(from)).max(THINNEST_BAR);
                    canvas.rect(at(from), y, width, (row - gap).max(THINNEST_BAR), token);
                }
            };
            bar(request.issued, request.sent, Token::Queued);
            for (phase, from, to) in request.parts() {
                let between = phase.is_some_and(|phase| BETWEEN.contains(&phase));
                if !between || at(to) - at(from) >= SEEN {
                    bar(from, to, phase.map_or(FAILED, colour));
                }
            }
            y += row;
        }
        let wall = at(self.wall);
        canvas.dashed(&[(wall, top - 5.0), (wall, bottom)], Token::Reference, 1.25, (4.0, 3.0));
        let last = (shown.count - 1) * shown.step * self.every + 1;
        canvas.text(LEFT - 8.0, top + 9.0, "1", small.end());
        if bottom - top > 30.0 && last > 1 {
            let text = format::count(last as u64);
            canvas.text(LEFT - 8.0, bottom - 1.0, text, small.end());
        }
    }
}

/// One request of each `step` in a row, so that failed ones are drawn in proportion, and at least
/// one if any failed: a fixed position would hide failures that come at even distances.
fn one_of_each(requests: &[Request], step: usize) -> impl Iterator<Item = &Request> {
    let (mut failed, mut drawn) = (0, 0);
    requests.chunks(step).map(move |chunk| {
        failed += chunk.iter().filter(|r| r.failed).count();
        let wanted = drawn * step < failed;
        let request = chunk.iter().find(|r| r.failed == wanted).unwrap_or(&chunk[0]);
        drawn += usize::from(request.failed);
        request
    })
}

fn ordinal(n: usize) -> String {
    let suffix = match (n % 10, n % 100) {
        (1, r) if r != 11 => "st",
        (2, r) if r != 12 => "nd",
        (3, r) if r != 13 => "rd",
        _ => "th",
    };
    format!("{n}{suffix}")
}

/// Name, note, scale note and wall time of a panel; returns where its rows begin.
fn header(
    canvas: &mut Canvas,
    panel: &Panel,
    coverage: &str,
    note: Option<(String, bool)>,
    y: f64,
) -> f64 {
    let wall_face = Face::new(13.5, Token::Ink).bold().end();
    let wall = format::duration(panel.wall.as_secs_f64());
    canvas.text(RIGHT, y, &wall, wall_face);
    let mut end = RIGHT - wall_face.width(&wall) - 14.0;
    if let Some((text, differs)) = note {
        let face = Face::new(11.5, if differs { Token::Text(BLUE) } else { Token::Muted });
        let face = if differs { face.bold() } else { face };
        let width = face.width(&text);
        if differs {
            canvas.rect(end - width - 16.0, y - 14.0, width + 16.0, 20.0, Token::Tint);
        }
        canvas.text(end - width - 8.0, y, text, face);
        end -= width + 28.0;
    }
    let name_face = Face::new(13.5, Token::Ink).bold();
    let name = name_face.cut_middle(&panel.label, (end - MARGIN).min(360.0));
    let after = MARGIN + name_face.width(&name) + 10.0;
    canvas.text(MARGIN, y, name, name_face);
    let words = match panel.note.as_str() {
        "" => coverage.to_owned(),
        note => format!("{note} · {coverage}"),
    };
    if end - after > 60.0 {
        let face = Face::new(11.5, Token::Muted);
        canvas.text(after, y, face.cut_end(&words, end - after), face);
    }
    y + 11.0
}

/// All strategies on one clock.
fn overview(canvas: &mut Canvas, panels: &[Panel], y: f64) -> f64 {
    const ROW: f64 = 19.0;
    let face = Face::new(12.0, Token::Ink);
    let column = face.widest(panels.iter().map(|p| &p.label)).min(230.0);
    let left = MARGIN + column + 12.0;
    let longest = panels.iter().map(Panel::length).fold(0.0, f64::max);
    let scale = Scale::linear(0.0, longest, left, RIGHT - 62.0);
    canvas.text(MARGIN, y + 10.0, "All on one clock", Face::new(12.5, Token::Ink).bold());
    let top = y + 20.0;
    let bottom = top + ROW * panels.len() as f64 + 2.0;
    x_axis(canvas, &duration_labels(&scale, 7.0), top, bottom);
    for (i, panel) in panels.iter().enumerate() {
        let row = top + ROW * i as f64;
        let label = face.cut_middle(&panel.label, column);
        canvas.text(left - 12.0, row + 14.0, label, face.end());
        let end = scale.at(panel.wall.as_secs_f64());
        // Colours mean phases here, so the bars of whole runs have none.
        let bar = Token::Mark(SLATE);
        canvas.rect(left, row + 4.0, (end - left).max(1.5), ROW - 6.0, bar);
        let value = format::duration(panel.wall.as_secs_f64());
        let value_face = Face::new(12.0, Token::Ink).bold();
        canvas.text(end + 7.0, row + 14.0, value, value_face);
    }
    bottom + 28.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the pattern of failures, the bars show their share to within a bar.
        #[test]
        fn failed_requests_are_drawn_in_proportion(
            period in 1..7_usize, bad in 0..7_usize, n in 1..400_usize, step in 1..9_usize,
        ) {
            let at = Duration::from_millis(1);
            let request = |i: usize| Request {
                issued: Duration::ZERO,
                sent: Duration::ZERO,
                between: [None; BETWEEN.len()],
                head: None,
                end: at,
                failed: i % period < bad,
            };
            let requests: Vec<Request> = (0..n).map(request).collect();
            let shown: Vec<&Request> = one_of_each(&requests, step).collect();
            prop_assert_eq!(shown.len(), n.div_ceil(step));
            let failed = requests.iter().filter(|r| r.failed).count();
            let drawn = shown.iter().filter(|r| r.failed).count();
            prop_assert_eq!(drawn == 0, failed == 0);
            // Rounded up; the last group may be of failed ones alone.
            prop_assert!((failed / step..=failed / step + 2).contains(&drawn), "{failed} {drawn}");
        }
    }
}
