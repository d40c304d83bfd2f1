//! Requests in flight over time: does a strategy use the concurrency it was given?

use std::collections::BTreeMap;
use std::time::Duration;

use super::axes::{count_labels, duration_labels};
use super::canvas::{Canvas, Paint, Point};
use super::font::Face;
use super::layout::{Key, MARGIN, RIGHT, Swatch, legend};
use super::lines::Plot;
use super::rows::broken;
use super::scale::Scale;
use super::theme::{BLUE, Token};
use super::{Frame, format};

/// Step lines of requests in flight, a small panel per strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct InFlight {
    /// The words around it.
    pub frame: Frame,
    /// One panel per strategy.
    pub panels: Vec<Panel>,
}

/// One trial of one strategy.
#[derive(Clone, Debug, PartialEq)]
pub struct Panel {
    /// Name of the strategy.
    pub label: String,
    /// Hue; the same for the same strategy in all charts.
    pub series: usize,
    /// Wall time of the trial.
    pub wall: Duration,
    /// Requests in flight from each moment on, in ascending order; zero before.
    pub steps: Vec<(Duration, u64)>,
    /// Requests completed by each moment, in ascending order; empty if not shown.
    pub completed: Vec<(Duration, u64)>,
    /// The limit, or the peak that the schedule should reach.
    pub reference: Option<Reference>,
}

/// A horizontal line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reference {
    /// Number of requests.
    pub count: u64,
    /// Its label, such as "limit 20".
    pub label: String,
}

/// Time axes are shared up to this ratio of longest to shortest.
const SHARED_TIME: f64 = 10.0;
/// Count axes are shared up to this ratio of highest to lowest.
const SHARED_COUNT: f64 = 4.0;
const COMPLETED: Paint = Paint(Token::Queued, 0.6);
const HEIGHT: f64 = 112.0;
/// Room for the labels of the vertical axis.
const GUTTER: f64 = 46.0;
const BETWEEN: f64 = 30.0;
/// Room for the wall time beside the name.
const WALL: f64 = 90.0;
const NAME_STEP: f64 = 15.0;

impl InFlight {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let token = Token::Mark(self.panels.first()?.series);
        let any = |test: fn(&Panel) -> bool| self.panels.iter().any(test);
        let (dashed, area) = (Swatch::Dashed(Token::Reference), Swatch::Area(COMPLETED));
        let completed = "completed, as a share (to the top = all)";
        let keys = [
            Key::when(true, Swatch::Line(token), "in flight"),
            Key::when(any(|p| p.reference.is_some()), dashed, "limit or expected peak"),
            Key::when(any(|p| !p.completed.is_empty()), area, completed),
        ];
        let mut y = legend(canvas, y, keys);

        let ends: Vec<f64> = self.panels.iter().map(Panel::end).collect();
        let peaks: Vec<f64> = self.panels.iter().map(Panel::peak).collect();
        let time = shared(&ends, SHARED_TIME);
        let count = shared(&peaks, SHARED_COUNT);
        if let Some(words) = scales_note(time, count) {
            y = note(canvas, words, y);
        }

        let columns = if self.panels.len() > 1 { 2 } else { 1 };
        let width = if columns == 1 { RIGHT - MARGIN } else { (RIGHT - MARGIN - BETWEEN) / 2.0 };
        let lines = self.panels.iter().map(|p| p.names(width).len()).max().unwrap_or(1);
        let above = 38.0 + NAME_STEP * (lines - 1) as f64;
        for (i, panel) in self.panels.iter().enumerate() {
            let left = if i % columns == 0 { MARGIN } else { MARGIN + width + BETWEEN };
            let top = y + above;
            let x = Scale::linear(0.0, time.unwrap_or(ends[i]) * 1.02, left + GUTTER, left + width);
            let peak = count.unwrap_or(peaks[i]);
            let plot = Plot::over(&x, Scale::linear(0.0, peak * 1.22, top + HEIGHT, top));
            panel.draw(canvas, &x, &plot, left);
            if i % columns == columns - 1 || i + 1 == self.panels.len() {
                y = top + HEIGHT + 24.0;
            }
        }
        Some(y)
    }
}

/// The common end of all axes, unless some would be too short to read.
fn shared(ends: &[f64], up_to: f64) -> Option<f64> {
    let longest = ends.iter().copied().fold(0.0, f64::max);
    let shortest = ends.iter().copied().fold(f64::INFINITY, f64::min);
    (longest <= shortest * up_to).then_some(longest)
}

fn scales_note(time: Option<f64>, count: Option<f64>) -> Option<&'static str> {
    match (time, count) {
        (Some(_), Some(_)) => None,
        (None, Some(_)) => {
            Some("Each panel has its own time axis; the count axis is the same for all.")
        }
        (Some(_), None) => {
            Some("Each panel has its own count axis; the time axis is the same for all.")
        }
        (None, None) => Some("Each panel has its own time axis and its own count axis."),
    }
}

fn note(canvas: &mut Canvas, words: &str, y: f64) -> f64 {
    let face = Face::new(12.0, Token::Text(BLUE)).bold();
    canvas.rect(MARGIN, y + 4.0, face.width(words) + 18.0, 22.0, Token::Tint);
    canvas.text(MARGIN + 9.0, y + 19.0, words, face);
    y + 26.0
}

impl Panel {
    fn end(&self) -> f64 {
        let last = self.steps.iter().chain(&self.completed).map(|s| s.0).max();
        last.map_or(self.wall, |end| end.max(self.wall)).as_secs_f64()
    }

    fn peak(&self) -> f64 {
        let highest = self.steps.iter().map(|s| s.1).max().unwrap_or(0);
        let reference = self.reference.as_ref().map_or(0, |r| r.count);
        highest.max(reference).max(1) as f64
    }

    fn name_face(&self) -> Face {
        Face::new(13.0, Token::Text(self.series)).bold()
    }

    /// The name in as many lines as it needs, in a panel of this width.
    fn names(&self, width: f64) -> Vec<String> {
        broken(&self.label, self.name_face(), width - WALL, 3)
    }

    /// Draws the panel with its name at `from`.
    fn draw(&self, canvas: &mut Canvas, x: &Scale, plot: &Plot, from: f64) {
        let (left, right, top, bottom) = (plot.left, plot.right, plot.top(), plot.bottom());
        let wall_face = Face::new(12.5, Token::Ink).bold().end();
        let wall = format::duration(self.wall.as_secs_f64());
        canvas.text(right, top - 12.0, &wall, wall_face);
        let names = self.names(right - from);
        let first = top - 12.0 - NAME_STEP * (names.len() - 1) as f64;
        for (line, name) in names.iter().enumerate() {
            canvas.text(from, first + NAME_STEP * line as f64, name, self.name_face());
        }

        let all = self.completed.iter().map(|c| c.1).max().unwrap_or(0).max(1) as f64;
        let done = columns(&self.completed, self.end(), x);
        let mut area = staircase(&done, |n| bottom - (bottom - top) * n as f64 / all);
        if let (Some(first), Some(last)) = (area.first().copied(), area.last().copied()) {
            area.extend([(last.0, bottom), (first.0, bottom)]);
            canvas.polygon(&area, COMPLETED);
        }
        plot.axes(canvas, &duration_labels(x, 5.0), &count_labels(&plot.y, 4.0));

        let y = |n: u64| plot.y.at(n as f64);
        if let Some(reference) = &self.reference {
            let at = y(reference.count);
            canvas.dashed(&[(left, at), (right, at)], Token::Reference, 1.25, (5.0, 3.5));
            let face = Face::new(11.0, Token::Reference).end();
            let text = face.cut_end(&reference.label, right - left - 12.0);
            canvas.text(right - 3.0, at - 5.0, text, face);
        }
        if self.steps.is_empty() {
            let middle = (f64::midpoint(left, right), f64::midpoint(top, bottom));
            let face = Face::new(11.5, Token::Muted).middle();
            canvas.text(middle.0, middle.1 + 20.0, "nothing was recorded", face);
        }
        let token = Token::Mark(self.series);
        let columns = columns(&self.steps, self.end(), x);
        for (at, lo, hi) in excursions(&columns) {
            canvas.line(&[(at, y(lo)), (at, y(hi))], Paint(token, 0.4), 0.5);
        }
        let highest = self.steps.iter().map(|s| s.1).max().unwrap_or(0);
        let words = format!("{}: at most {} in flight, {wall}", self.label, format::count(highest));
        canvas.mark(words, |canvas| canvas.line(&staircase(&columns, y), token, 1.75));
    }
}

/// Levels within half a pixel: more could not be seen.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Column {
    at: f64,
    /// The level that held longest.
    level: u64,
    lo: u64,
    hi: u64,
}

const COLUMN: f64 = 0.5;

/// The columns from the start of the axis to the end of the run.
fn columns(steps: &[(Duration, u64)], end: f64, x: &Scale) -> Vec<Column> {
    if steps.is_empty() {
        return Vec::new();
    }
    let left = x.at(0.0);
    let column = |at: f64| ((at - left) / COLUMN) as usize;
    let mut held = vec![BTreeMap::<u64, f64>::new(); column(x.at(end)) + 1];
    let starts = std::iter::once((Duration::ZERO, 0)).chain(steps.iter().copied());
    let ends = steps.iter().map(|s| s.0.as_secs_f64()).chain([end]);
    for ((start, level), stop) in starts.zip(ends) {
        let (from, to) = (x.at(start.as_secs_f64()), x.at(stop));
        // A level that held for no time at all is not a level.
        if stop > start.as_secs_f64() {
            for (i, levels) in held.iter_mut().enumerate().take(column(to) + 1).skip(column(from)) {
                let begin = left + COLUMN * i as f64;
                let share = to.min(begin + COLUMN) - from.max(begin);
                *levels.entry(level).or_default() += share.max(0.0);
            }
        }
    }
    let mut out: Vec<Column> = Vec::new();
    for (i, levels) in held.iter().enumerate() {
        let longest = levels.iter().max_by(|a, b| a.1.total_cmp(b.1));
        if let (Some((&level, _)), Some((&lo, _)), Some((&hi, _))) =
            (longest, levels.first_key_value(), levels.last_key_value())
        {
            let at = left + COLUMN * i as f64;
            out.push(Column { at, level, lo, hi });
        }
    }
    if let (Some(last), Some(&(_, level))) = (out.last().copied(), steps.last()) {
        out.push(Column { at: x.at(end).max(last.at), level, lo: level, hi: level });
    }
    out
}

/// Columns in which the count went beyond what it mostly was there and beside, for
/// too short a time to be a line: drawn as hairs, so that one request after the
/// other looks like one in flight, and a limit overstepped for a moment still shows.
fn excursions(columns: &[Column]) -> Vec<(f64, u64, u64)> {
    let mut out = Vec::new();
    for (i, c) in columns.iter().enumerate() {
        let beside = &columns[i.saturating_sub(1)..columns.len().min(i + 2)];
        let low = beside.iter().map(|c| c.level).min().unwrap_or(c.level);
        let high = beside.iter().map(|c| c.level).max().unwrap_or(c.level);
        if i > 0 && (c.lo < low || c.hi > high) {
            out.push((c.at + COLUMN / 2.0, c.lo.min(low), c.hi.max(high)));
        }
    }
    out
}

/// Corners of the step line through what held longest in each column.
fn staircase(columns: &[Column], y: impl Fn(u64) -> f64) -> Vec<Point> {
    let Some(first) = columns.first() else {
        return Vec::new();
    };
    let mut out = vec![(first.at, y(0))];
    let mut before = 0;
    for (i, c) in columns.iter().enumerate() {
        let last = i + 1 == columns.len();
        if c.level != before || last {
            out.extend([(c.at, y(before)), (c.at, y(c.level))]);
            before = c.level;
        }
    }
    out.dedup();
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_what_held_longest_and_the_extremes() {
        let steps: Vec<(Duration, u64)> = (0..10_000u64)
            .map(|i| (Duration::from_micros(i), if i == 5_000 { 99 } else { i % 10 / 9 }))
            .collect();
        let columns = columns(&steps, 0.01, &Scale::linear(0.0, 0.01, 0.0, 100.0));
        assert_eq!(columns.len(), 202);
        assert!(columns[..200].iter().all(|c| c.level == 0 && c.lo == 0));
        let hairs = excursions(&columns);
        assert!(hairs.contains(&(50.25, 0, 99)), "{hairs:?}");
        assert_eq!(columns.last().map(|c| c.level), Some(1));
    }
}
