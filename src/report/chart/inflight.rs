//! Requests in flight over time: does a strategy use the concurrency it was given?

use std::time::Duration;

use super::axes::{Label, duration_labels, labels, x_axis, y_axis};
use super::canvas::{Canvas, Face, Paint, Point};
use super::font::{Weight, cut_end, cut_middle};
use super::layout::{Key, MARGIN, RIGHT, Swatch, foot, head, legend};
use super::scale::Scale;
use super::theme::Token;
use super::{Draw, Drawing, Frame, format};

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
    /// What it is, such as "limit 20".
    pub label: String,
}

/// Time axes are shared up to this ratio of longest to shortest.
const SHARED_TIME: f64 = 10.0;
/// Count axes are shared up to this ratio of highest to lowest.
const SHARED_COUNT: f64 = 4.0;
const HEIGHT: f64 = 112.0;
/// Room for the labels of the vertical axis.
const GUTTER: f64 = 46.0;
const BETWEEN: f64 = 30.0;

impl Draw for InFlight {
    fn draw(&self) -> Drawing {
        let mut canvas = Canvas::default();
        let y = head(&mut canvas, &self.frame);
        let mut y = legend(&mut canvas, y, &self.keys());

        let ends: Vec<f64> = self.panels.iter().map(Panel::end).collect();
        let peaks: Vec<f64> = self.panels.iter().map(Panel::peak).collect();
        let time = shared(&ends, SHARED_TIME);
        let count = shared(&peaks, SHARED_COUNT);
        if let Some(words) = scales_note(time, count) {
            y = note(&mut canvas, words, y);
        }

        let columns = if self.panels.len() > 1 { 2 } else { 1 };
        let width = if columns == 1 { RIGHT - MARGIN } else { (RIGHT - MARGIN - BETWEEN) / 2.0 };
        for (i, panel) in self.panels.iter().enumerate() {
            let left = if i % columns == 0 { MARGIN } else { MARGIN + width + BETWEEN };
            let top = y + 38.0;
            let x = Scale::linear(0.0, time.unwrap_or(ends[i]) * 1.02, left + GUTTER, left + width);
            let peak = count.unwrap_or(peaks[i]);
            let vertical = Scale::linear(0.0, peak * 1.22, top + HEIGHT, top);
            panel.draw(&mut canvas, &x, &vertical, (left, left + width), (top, top + HEIGHT));
            if i % columns == columns - 1 || i + 1 == self.panels.len() {
                y = top + HEIGHT + 24.0;
            }
        }
        foot(canvas, &self.frame, y)
    }
}

impl InFlight {
    fn keys(&self) -> Vec<Key> {
        let token = Token::Mark(self.panels.first().map_or(0, |p| p.series));
        let mut keys = vec![Key::new(Swatch::Line(token), "in flight")];
        if self.panels.iter().any(|p| p.reference.is_some()) {
            keys.push(Key::new(Swatch::Dashed(Token::Reference), "limit or expected peak"));
        }
        if self.panels.iter().any(|p| !p.completed.is_empty()) {
            let area = Swatch::Area(Token::Queued.into());
            keys.push(Key::new(area, "completed, as a share (to the top = all)"));
        }
        keys
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
        (None, Some(_)) => Some("Each panel has its own time axis; the count axis is the same for all."),
        (Some(_), None) => Some("Each panel has its own count axis; the time axis is the same for all."),
        (None, None) => Some("Each panel has its own time axis and its own count axis."),
    }
}

fn note(canvas: &mut Canvas, words: &str, y: f64) -> f64 {
    let face = Face::new(12.0, Token::Text(super::theme::BLUE)).bold();
    canvas.rect(MARGIN, y + 4.0, face.width(words) + 18.0, 22.0, Token::Tint);
    canvas.text(MARGIN + 9.0, y + 19.0, words, face);
    y + 24.0
}

impl Panel {
    fn end(&self) -> f64 {
        let last = self.steps.iter().chain(&self.completed).map(|s| s.0).max();
        last.map_or(self.wall, |end| end.max(self.wall)).as_secs_f64()
    }

    fn peak(&self) -> f64 {
        let highest = self.steps.iter().map(|s| s.1).max().unwrap_or(0);
        let reference = self.reference.as_ref().map_or(0, |r| r.count);
        to_f64(highest.max(reference).max(1))
    }

    fn draw(
        &self,
        canvas: &mut Canvas,
        x: &Scale,
        y: &Scale,
        (from, to): (f64, f64),
        (top, bottom): (f64, f64),
    ) {
        let name_face = Face::new(13.0, Token::Text(self.series)).bold();
        let wall_face = Face::new(12.5, Token::Ink).bold().end();
        let wall = format::duration(self.wall.as_secs_f64());
        canvas.text(to, top - 12.0, &wall, wall_face);
        let room = to - from - wall_face.width(&wall) - 16.0;
        let name = cut_middle(&self.label, name_face.size, Weight::SemiBold, room);
        canvas.text(from, top - 12.0, name, name_face);

        let (left, right) = (x.at(0.0), x.at(x.end()));
        let all = self.completed.iter().map(|c| c.1).max().unwrap_or(0).max(1);
        let area = self.staircase(&self.completed, x, |n| bottom - (bottom - top) * to_f64(n) / to_f64(all));
        if let (Some(first), Some(last)) = (area.first().copied(), area.last().copied()) {
            let mut area = area;
            area.extend([(last.0, bottom), (first.0, bottom)]);
            canvas.polygon(area, Token::Queued);
        }
        x_axis(canvas, &duration_labels(x, 5.0), top, bottom);
        let whole = |l: &Label| !l.text.contains('.');
        let counts: Vec<Label> = labels(y, 4.0, format::number).into_iter().filter(whole).collect();
        y_axis(canvas, &counts, left, right);
        canvas.line(&[(left, bottom), (right, bottom)], Token::Axis, 1.0);

        if let Some(reference) = &self.reference {
            let at = y.at(to_f64(reference.count));
            canvas.dashed(&[(left, at), (right, at)], Token::Reference, 1.25, (5.0, 3.5));
            let face = Face::new(11.0, Token::Reference).end();
            let text = cut_end(&reference.label, 11.0, Weight::Regular, right - left - 12.0);
            let width = face.width(&text) + 6.0;
            canvas.rect(right - width, at - 15.0, width, 12.5, Paint(Token::Surface, 0.85));
            canvas.text(right - 3.0, at - 5.0, text, face);
        }
        if self.steps.is_empty() {
            let middle = (f64::midpoint(left, right), f64::midpoint(top, bottom));
            let face = Face::new(11.5, Token::Muted).middle();
            canvas.text(middle.0, middle.1 + 20.0, "nothing was recorded", face);
        }
        let line = self.staircase(&self.steps, x, |n| y.at(to_f64(n)));
        canvas.line(&line, Token::Mark(self.series), 1.75);
    }

    /// Corners of a step line from the start to the end of the run.
    fn staircase(&self, steps: &[(Duration, u64)], x: &Scale, y: impl Fn(u64) -> f64) -> Vec<Point> {
        if steps.is_empty() {
            return Vec::new();
        }
        let mut out = vec![(x.at(0.0), y(0))];
        for &(when, count) in &thinned(steps, x) {
            let (at, level) = (x.at(when.as_secs_f64()), y(count));
            let before = out.last().map_or(level, |p| p.1);
            out.push((at, before));
            out.push((at, level));
        }
        let level = out.last().map_or(0.0, |p| p.1);
        out.push((x.at(self.end()), level));
        out.dedup();
        out
    }
}

/// Of the steps in each half pixel: the lowest, the highest and the last, in order.
/// More could not be seen.
fn thinned(steps: &[(Duration, u64)], x: &Scale) -> Vec<(Duration, u64)> {
    let column = |s: &(Duration, u64)| (x.at(s.0.as_secs_f64()) * 2.0).floor();
    let mut out = Vec::new();
    for group in steps.chunk_by(|a, b| column(a) == column(b)) {
        let last = group.len() - 1;
        let lowest = (0..=last).min_by_key(|&i| group[i].1).unwrap_or(last);
        let highest = (0..=last).max_by_key(|&i| group[i].1).unwrap_or(last);
        let mut kept = [lowest, highest, last];
        kept.sort_unstable();
        for (i, &index) in kept.iter().enumerate() {
            if i == 0 || kept[i - 1] != index {
                out.push(group[index]);
            }
        }
    }
    out
}

fn to_f64(n: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "a number of requests")]
    let n = n as f64;
    n
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thinning_keeps_extremes_and_the_last_step() {
        let steps: Vec<(Duration, u64)> = (0..10_000u64)
            .map(|i| (Duration::from_micros(i), if i == 5_000 { 99 } else { i % 7 }))
            .collect();
        let x = Scale::linear(0.0, 0.01, 0.0, 100.0);
        let kept = thinned(&steps, &x);
        assert!(kept.len() <= 3 * 201, "{}", kept.len());
        assert!(kept.iter().any(|s| s.1 == 99));
        assert_eq!(kept.last(), steps.last());
        assert!(kept.windows(2).all(|w| w[0].0 < w[1].0));
    }
}
