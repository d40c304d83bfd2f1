//! Charts of lines over x: a plot between two axes, intervals, and labels at the ends of lines.

use super::axes::{Label, labels, x_axis, y_axis, y_axis_width};
use super::canvas::{Canvas, Paint, Point, clip};
use super::coincide::{Strand, strands};
use super::font::Face;
use super::layout::{MARGIN, RIGHT};
use super::rows::broken;
use super::scale::{Scale, is_positive};
use super::spread::spread;
use super::theme::Token;

/// The area between two axes.
pub(super) struct Plot {
    pub(super) left: f64,
    pub(super) right: f64,
    /// The scale of the vertical axis.
    pub(super) y: Scale,
}

impl Plot {
    /// A plot with a logarithmic vertical axis for `values`, with room for labels at the ends
    /// of lines; and the labels of that axis.
    pub(super) fn log(
        top: f64,
        ends: &Ends,
        values: impl Iterator<Item = f64>,
        tick: impl Fn(f64) -> String,
    ) -> (Self, Vec<Label>) {
        let bottom = top + ends.height().max(340.0);
        let y = Scale::fit_log(values, 3.0, bottom, top);
        let ticks = labels(&y, 6.0, tick);
        let right = RIGHT - ends.width() - 8.0;
        (Self { left: MARGIN + y_axis_width(&ticks), right, y }, ticks)
    }

    /// A plot above a scale of x, all of it.
    pub(super) fn over(x: &Scale, y: Scale) -> Self {
        let (left, right) = x.pixels();
        Self { left, right, y }
    }

    pub(super) fn top(&self) -> f64 {
        self.y.pixels().1
    }

    pub(super) fn bottom(&self) -> f64 {
        self.y.pixels().0
    }

    /// Grids, labels, and the line at the bottom.
    pub(super) fn axes(&self, canvas: &mut Canvas, x: &[Label], y: &[Label]) {
        x_axis(canvas, x, self.top(), self.bottom());
        self.y_axis(canvas, y);
    }

    /// The vertical axis, and the line at the bottom.
    pub(super) fn y_axis(&self, canvas: &mut Canvas, ticks: &[Label]) {
        y_axis(canvas, ticks, self.left, self.right);
        let base = [(self.left, self.bottom()), (self.right, self.bottom())];
        canvas.line(&base, Token::Axis, 1.0);
    }

    /// Words for the horizontal axis, `below` px under it.
    pub(super) fn caption(&self, canvas: &mut Canvas, below: f64, words: &str) {
        let face = Face::new(12.0, Token::Muted).middle();
        let middle = f64::midpoint(self.left, self.right);
        canvas.text(middle, self.bottom() + below, words, face);
    }

    /// The parts of a line that are inside.
    pub(super) fn inside(&self, line: &[Point]) -> Vec<Vec<Point>> {
        clip(line, (self.left, self.right), (self.top(), self.bottom()))
    }

    /// A line of data, as far as it is inside.
    pub(super) fn line(&self, canvas: &mut Canvas, line: &[Point], series: usize) {
        for part in self.inside(line) {
            canvas.line(&part, Token::Mark(series), LINE);
        }
    }

    /// Intervals by x, and a band through those that are joined.
    pub(super) fn intervals(
        &self,
        canvas: &mut Canvas,
        series: usize,
        all: impl Iterator<Item = (f64, Option<(f64, f64)>, bool)>,
    ) {
        let (mut lower, mut upper): (Vec<Point>, Vec<Point>) = (Vec::new(), Vec::new());
        for (x, interval, joined) in all {
            let Some((lo, hi)) = interval.filter(|(lo, hi)| is_positive(*lo) && is_positive(*hi))
            else {
                continue;
            };
            let (lo, hi) = (self.y.at(lo), self.y.at(hi));
            canvas.line(&[(x, lo), (x, hi)], Paint(Token::Mark(series), 0.6), 1.5);
            if joined {
                lower.push((x, lo));
                upper.push((x, hi));
            }
        }
        upper.extend(lower.into_iter().rev());
        canvas.polygon(&upper, Paint(Token::Mark(series), 0.18));
    }

    /// Names and values at the right, moved apart, each with a leader from the end of its line.
    pub(super) fn end_labels(&self, canvas: &mut Canvas, ends: &Ends, labels: &[EndLabel]) {
        let x = self.right;
        let wanted: Vec<f64> = labels.iter().map(|l| l.at.1).collect();
        let below = ends.label_height() - 18.0;
        let placed = spread(&wanted, ends.label_height(), self.top() + 12.0, self.bottom() - below);
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
            let mut y = y + 1.0;
            for line in
                broken(&label.name, name_face(Token::Text(label.series)), WIDEST, NAME_LINES)
            {
                canvas.text(x + LEADER, y, line, name_face(Token::Text(label.series)));
                y += NAME_STEP;
            }
            canvas.text(x + LEADER, y, value_face().cut_end(&label.value, WIDEST), value_face());
        }
    }
}

/// Lines of data by series, so that none hides another.
pub(super) fn apart(lines: &[Vec<Point>]) -> Vec<Vec<Strand>> {
    strands(lines, LINE * 0.75)
}

/// A line of data that may coincide with others.
pub(super) fn strand_line(canvas: &mut Canvas, strands: &[Strand], series: usize, width: f64) {
    for strand in strands {
        match strand.dashes() {
            None => canvas.line(&strand.points, Token::Mark(series), width),
            Some(dashes) => canvas.dashed(&strand.points, Token::Mark(series), width, dashes),
        }
    }
}

/// Radius of a dot over as many others at the same place, whose rims stay in sight.
pub(super) fn smaller(radius: f64, below: usize) -> f64 {
    radius * 0.7f64.powi(i32::try_from(below.min(4)).unwrap_or(4))
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

/// Room that labels at the ends of lines need: names, of which long ones break, and values.
pub(super) struct Ends {
    count: usize,
    lines: usize,
    widest: f64,
}

impl Ends {
    /// Room for these names and values, of which at most `most` stand in one plot.
    pub(super) fn new<'a>(
        labels: impl IntoIterator<Item = (&'a str, String)>,
        most: usize,
    ) -> Self {
        let (mut widest, mut lines, mut count) = (60.0, 1, 0);
        for (name, value) in labels {
            let broken = broken(name, name_face(Token::Ink), WIDEST, NAME_LINES);
            widest =
                name_face(Token::Ink).widest(&broken).max(value_face().width(&value)).max(widest);
            lines = lines.max(broken.len());
            count += 1;
        }
        Self { count: count.min(most), lines, widest: widest.min(WIDEST) }
    }

    /// Width, leaders included.
    pub(super) fn width(&self) -> f64 {
        self.widest + LEADER
    }

    /// Height of all in one plot.
    pub(super) fn height(&self) -> f64 {
        (self.count + 1) as f64 * self.label_height()
    }

    fn label_height(&self) -> f64 {
        18.0 + NAME_STEP * self.lines as f64
    }
}

/// Width of a line of data.
pub(super) const LINE: f64 = 2.25;
const LEADER: f64 = 30.0;
const NAME_STEP: f64 = 14.0;
/// Lines of a name: enough for 80 characters.
const NAME_LINES: usize = 4;
/// No wider than this: a name that needs more breaks into lines.
const WIDEST: f64 = 200.0;

fn name_face(token: Token) -> Face {
    Face::new(12.5, token).bold()
}

fn value_face() -> Face {
    Face::new(11.5, Token::Muted)
}
