//! Every request as a bar on a time axis, one panel per strategy.
//!
//! Sequential is a staircase, async is a wall. The two may differ by a factor of
//! fifty, and on one axis the wall would be a hair line; on axes of their own they
//! would look alike. So where scales differ that much, the chart opens with all
//! strategies on one clock, gives panels of similar length the same axis, and says
//! at every change by how much the axis shrank or grew.

use std::time::Duration;

use super::axes::{duration_labels, x_axis, x_grid, x_labels};
use super::canvas::{Canvas, Point};
use super::font::Face;
use super::layout::{Key, MARGIN, RIGHT, Swatch, legend};
use super::phase::{FAILED, colour, doing};
use super::rows::broken;
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
    /// Number of further requests, later ones than these.
    pub left_out: usize,
}

/// When each phase of a request ended, from the start of the trial.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    /// It was to be done from here on: it may have waited for its turn, a permit or a thread since.
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
/// Rows of this height say their own numbers; nobody could point at one of thinner ones, whose panel
/// says the range of all.
const POINTED_AT: f64 = 4.0;
/// Shortest bar of a failed request: one that failed at once is a failure too.
const FAILED_LEAST: f64 = 2.5;
/// Where later requests are left out, the axis ends with those that are shown unless they fill this
/// share of the run: 1,000 of 100,000 would be a hair line at its beginning.
const FILLED: f64 = 0.8;

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
            let bottom = y + panel.row_height(height) * panel.shown(height).rows.len() as f64;
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
        let whole = self.panels.iter().any(|p| !p.is_cut());
        let end = Key::when(whole, Swatch::Dashed(Token::Reference), "end of the run");
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

impl Request {
    /// `sent at 12.0 ms, 31.2 ms`
    fn numbers(&self) -> String {
        let text = |d: Duration| format::duration(d.as_secs_f64());
        let end = if self.failed { "failed after" } else { "took" };
        let time = self.end.saturating_sub(self.sent);
        format!("sent at {}, {end} {}", text(self.sent), text(time))
    }

    /// Draws its bars from `y` down.
    fn draw(&self, canvas: &mut Canvas, scale: &Scale, y: f64, thick: f64) {
        let at = |d: Duration| scale.at(d.as_secs_f64());
        let mut bar = |from: Duration, to: Duration, token: Token, least: f64| {
            let width = (at(to) - at(from)).max(least);
            // What ends with the axis stands before its end.
            let left = at(from).min((RIGHT - width).max(LEFT));
            canvas.rect(left, y, width, thick, token);
        };
        for (phase, from, to) in self.parts() {
            let between = phase.is_some_and(|phase| BETWEEN.contains(&phase));
            match phase {
                None => bar(from, to, FAILED, FAILED_LEAST),
                Some(phase) if to > from && (!between || at(to) - at(from) >= SEEN) => {
                    bar(from, to, colour(phase), THINNEST_BAR);
                }
                Some(_) => {}
            }
        }
    }
}

/// The times in queues of all rows, as one area: a bar for each would be a third of the file.
fn queues(canvas: &mut Canvas, scale: &Scale, rows: &[&Request], top: f64, row: f64) {
    if !rows.iter().any(|r| r.sent > r.issued) {
        return;
    }
    let at = |d: Duration| scale.at(d.as_secs_f64());
    let edge = |of: &dyn Fn(&Request) -> f64| {
        let mut points: Vec<Point> = Vec::new();
        let mut y = top;
        for x in rows.iter().map(|request| of(request)) {
            match points.last_mut() {
                // On with the edge of the row above.
                Some(last) if last.0 == x => last.1 = y + row,
                _ => points.extend([(x, y), (x, y + row)]),
            }
            y += row;
        }
        points
    };
    let mut area = edge(&|request| at(request.sent.max(request.issued)));
    area.extend(edge(&|request| at(request.issued)).into_iter().rev());
    canvas.polygon(&area, Token::Queued);
}

/// The requests that are shown: one of each `step`, and the slowest.
struct Shown<'a> {
    step: usize,
    rows: Vec<&'a Request>,
}

impl Panel {
    /// `threads: requests took 1.00 ms to 31.2 ms, 3 of those shown failed`
    fn numbers(&self) -> String {
        let took = |r: &Request| r.end.saturating_sub(r.sent);
        let text = |d: Option<Duration>| format::duration(d.unwrap_or_default().as_secs_f64());
        let (least, most) =
            (self.requests.iter().map(took).min(), self.requests.iter().map(took).max());
        let failed = match self.requests.iter().filter(|r| r.failed).count() {
            0 => String::new(),
            n => format!(", {} of those shown failed", format::count(n as u64)),
        };
        format!("{}: requests took {} to {}{failed}", self.label, text(least), text(most))
    }

    fn last_end(&self) -> Option<Duration> {
        self.requests.iter().map(|r| r.end).max()
    }

    /// Whether the axis ends before the run does, with the last of the requests that are shown.
    fn is_cut(&self) -> bool {
        let filled = |end: Duration| end.as_secs_f64() >= FILLED * self.wall.as_secs_f64();
        self.left_out > 0 && self.last_end().is_some_and(|end| !end.is_zero() && !filled(end))
    }

    /// Length of the axis in seconds: the wall time, or the last end if that is later or all that is
    /// shown.
    fn length(&self) -> f64 {
        let last = self.last_end().unwrap_or(self.wall);
        if self.is_cut() { last } else { last.max(self.wall) }.as_secs_f64()
    }

    fn shown(&self, height: f64) -> Shown<'_> {
        let most = (height / THINNEST) as usize;
        let step = self.requests.len().div_ceil(most).max(1);
        Shown { step, rows: one_of_each(&self.requests, step) }
    }

    fn row_height(&self, height: f64) -> f64 {
        (height / (self.shown(height).rows.len() as f64).max(1.0)).clamp(THINNEST, THICKEST)
    }

    /// "every 5th of the first 1,000 requests · 4,000 later ones left out, the axis ends before them"
    fn coverage(&self, height: f64) -> String {
        let total = self.total as u64;
        let requests = if total == 1 { "request" } else { "requests" };
        let mut text = match self.shown(height).step * self.every {
            1 if self.left_out > 0 => format!("the first {} {requests}", format::count(total)),
            1 => format!("{} {requests}", format::count(total)),
            step => {
                let first = if self.left_out > 0 { "the first " } else { "" };
                format!("every {} of {first}{} requests", ordinal(step), format::count(total))
            }
        };
        if self.left_out > 0 {
            let later = format::count(self.left_out as u64);
            text += &match self.is_cut() {
                true => format!(", up to their end · {later} later ones left out"),
                false => format!(" · {later} more left out"),
            };
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
        let thick = (row - gap).max(THINNEST_BAR);
        queues(canvas, scale, &shown.rows, top, row);
        let bars = |canvas: &mut Canvas| {
            let mut y = top;
            for request in &shown.rows {
                if row >= POINTED_AT {
                    canvas.mark(request.numbers(), |canvas| request.draw(canvas, scale, y, thick));
                } else {
                    request.draw(canvas, scale, y, thick);
                }
                y += row;
            }
        };
        if row >= POINTED_AT {
            bars(canvas);
        } else {
            canvas.mark(self.numbers(), bars);
        }
        if !self.is_cut() {
            let wall = scale.at(self.wall.as_secs_f64());
            canvas.dashed(&[(wall, top - 5.0), (wall, bottom)], Token::Reference, 1.25, (4.0, 3.0));
        }
        let last = (self.requests.len() - 1) / shown.step * shown.step * self.every + 1;
        canvas.text(LEFT - 8.0, top + 9.0, "1", small.end());
        if bottom - top > 30.0 && last > 1 {
            let text = format::count(last as u64);
            canvas.text(LEFT - 8.0, bottom - 1.0, text, small.end());
        }
    }
}

/// One request of each `step` in a row, so that failed ones are drawn in proportion, and at least one
/// if any failed: a fixed position would hide failures that come at even distances. The slowest is
/// always among them, in the place of its neighbour or, where that stands for a failure, beside it.
fn one_of_each(requests: &[Request], step: usize) -> Vec<&Request> {
    let time = |r: &Request| r.end.saturating_sub(r.sent);
    // The first of the slowest.
    let slowest = (0..requests.len()).rev().max_by_key(|&place| time(&requests[place]));
    let (mut failed, mut drawn) = (0, 0);
    let mut rows = Vec::new();
    for (number, chunk) in requests.chunks(step).enumerate() {
        failed += chunk.iter().filter(|r| r.failed).count();
        let wanted = drawn * step < failed;
        let place = chunk.iter().position(|r| r.failed == wanted).unwrap_or(0);
        drawn += usize::from(chunk[place].failed);
        match slowest.filter(|s| s / step == number).map(|s| s % step).filter(|&s| s != place) {
            None => rows.push(&chunk[place]),
            Some(slow) if chunk[slow].failed == chunk[place].failed => rows.push(&chunk[slow]),
            Some(slow) => rows.extend([&chunk[slow.min(place)], &chunk[slow.max(place)]]),
        }
    }
    rows
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

/// Name, note, scale note and wall time of a panel, in one line or, where that is too long, in several;
/// returns where its rows begin.
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
    let end = RIGHT - wall_face.width(&wall) - 14.0;
    let words = match panel.note.as_str() {
        "" => coverage.to_owned(),
        note => format!("{note} · {coverage}"),
    };
    let face = Face::new(11.5, Token::Muted);
    let scale = note.map(|(text, differs)| {
        let face = Face::new(11.5, if differs { Token::Text(BLUE) } else { Token::Muted });
        (text, if differs { face.bold() } else { face }, differs)
    });
    let scale_width = scale.as_ref().map_or(0.0, |(text, face, _)| face.width(text) + 28.0);
    let name_face = Face::new(13.5, Token::Ink).bold();
    let names = broken(&panel.label, name_face, end - MARGIN, 3);
    let mut y = y;
    for (i, name) in names.iter().enumerate() {
        y += if i == 0 { 0.0 } else { 16.0 };
        canvas.text(MARGIN, y, name, name_face);
    }
    let after = MARGIN + name_face.width(&names[0]) + 10.0;
    let in_line = names.len() == 1 && after + face.width(&words) + 10.0 + scale_width <= end;
    let (left, end) = if in_line { (after, end) } else { (MARGIN, RIGHT) };
    y += if in_line { 0.0 } else { 18.0 };
    canvas.text(left, y, face.cut_end(&words, end - left - scale_width - 10.0), face);
    if let Some((text, face, differs)) = scale {
        let width = face.width(&text);
        if differs {
            canvas.rect(end - width - 16.0, y - 14.0, width + 16.0, 20.0, Token::Tint);
        }
        canvas.text(end - width - 8.0, y, text, face);
    }
    y + 11.0
}

/// Labels of the overview take at most this much of the width: 80 characters.
const OVERVIEW_LABEL: f64 = 500.0;

/// All strategies on one clock.
fn overview(canvas: &mut Canvas, panels: &[Panel], y: f64) -> f64 {
    const ROW: f64 = 19.0;
    let face = Face::new(12.0, Token::Ink);
    let column = face.widest(panels.iter().map(|p| &p.label)).min(OVERVIEW_LABEL);
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
    use super::super::Draw;
    use super::*;
    use proptest::prelude::*;

    fn request(sent: u64, end: u64, failed: bool) -> Request {
        let at = Duration::from_millis;
        Request {
            issued: Duration::ZERO,
            sent: at(sent),
            between: [None; BETWEEN.len()],
            head: None,
            end: at(end),
            failed,
        }
    }

    fn panel(wall: u64, requests: Vec<Request>, left_out: usize) -> Panel {
        let total = requests.len();
        let (label, note) = ("a".to_owned(), String::new());
        Panel {
            label,
            note,
            wall: Duration::from_millis(wall),
            requests,
            every: 1,
            total,
            left_out,
        }
    }

    /// Rectangles of a colour on a panel's drawing.
    fn bars(panel: Panel, token: Token) -> usize {
        let chart = Waterfall { frame: Frame::default(), panels: vec![panel] };
        let (r, g, b) = token.light();
        let colour = format!("fill=\"#{r:02X}{g:02X}{b:02X}\"");
        let svg = chart.draw().part_of_a_page();
        svg.lines().filter(|l| l.starts_with("<rect") && l.contains(&colour)).count()
    }

    #[test]
    fn what_failed_at_once_has_a_bar() {
        let requests = (0..100).map(|i| request(i, i + u64::from(i >= 90), i < 90)).collect();
        // One more is that of the legend.
        assert_eq!(bars(panel(100, requests, 0), FAILED), 91);
    }

    #[test]
    fn the_axis_ends_with_the_rows_that_are_known() {
        let first = |n: u64| (0..n).map(|i| request(i, i + 1, false)).collect::<Vec<_>>();
        let cut = panel(1_000_000, first(1_000), 999_000);
        assert!((cut.length() - 1.0).abs() < 1e-9, "{}", cut.length());
        let said = cut.coverage(190.0);
        assert_eq!(
            said,
            "every 4th of the first 1,000 requests, up to their end · 999,000 later ones left out"
        );
        // All that there are, and some that nearly fill the run.
        assert!((panel(1_000_000, first(1_000), 0).length() - 1_000.0).abs() < 1e-9);
        assert!((panel(1_100, first(1_000), 1).length() - 1.1).abs() < 1e-9);
    }

    proptest! {
        /// Whatever the pattern of failures, the bars show their share to within two bars, and the
        /// slowest is one of them.
        #[test]
        fn failed_requests_are_drawn_in_proportion(
            period in 1..7_usize, bad in 0..7_usize, n in 1..400_usize, step in 1..9_usize, slow in 0..400_usize,
        ) {
            let slow = slow % n;
            let request = |i: usize| request(0, if i == slow { 2 } else { 1 }, i % period < bad);
            let requests: Vec<Request> = (0..n).map(request).collect();
            let shown = one_of_each(&requests, step);
            prop_assert!((n.div_ceil(step)..=n.div_ceil(step) + 1).contains(&shown.len()));
            prop_assert!(shown.iter().any(|r| r.end == Duration::from_millis(2)));
            let failed = requests.iter().filter(|r| r.failed).count();
            let drawn = shown.iter().filter(|r| r.failed).count();
            prop_assert_eq!(drawn == 0, failed == 0);
            // Rounded up; the last group may be of failed ones alone, and the slowest another.
            prop_assert!((failed / step..=failed / step + 3).contains(&drawn), "{failed} {drawn}");
        }

        /// Of panels that differ a thousandfold each fills a tenth of its axis, and is told by how
        /// much the axis changed.
        #[test]
        fn no_panel_is_a_hair_line(walls in prop::collection::vec(1..10_000_000_u64, 2..9)) {
            let requests = |wall: u64| (0..9).map(|i| request(wall * i / 9, wall * (i + 1) / 9, false)).collect();
            let panels: Vec<Panel> = walls.iter().map(|&w| panel(w, requests(w), 0)).collect();
            let lengths: Vec<f64> = panels.iter().map(Panel::length).collect();
            let axes = axes(&lengths);
            prop_assert!(lengths.iter().zip(&axes).all(|(l, axis)| l * 10.0 >= axis * 0.999));
            let changes = axes.windows(2).filter(|w| w[0] != w[1]).count();
            let chart = Waterfall { frame: Frame::default(), panels };
            let svg = chart.draw().part_of_a_page();
            let told = svg.matches("than the one above").count() + svg.matches("time axis of its own").count();
            prop_assert_eq!(told, changes);
        }
    }
}
