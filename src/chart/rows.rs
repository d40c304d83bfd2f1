//! Charts made of rows: labels at the left, headings between groups, marks in the
//! middle, words at the right.

use super::Group;
use super::axes::{Label, x_axis};
use super::canvas::{Canvas, Paint};
use super::font::Face;
use super::layout::{MARGIN, RIGHT};
use super::theme::Token;

const LABEL: f64 = 12.5;
const SMALL: f64 = 11.0;
/// Labels take at most this much of the width; longer ones break into lines.
const WIDEST: f64 = 270.0;
/// Lines of a label: enough for 80 characters, the widest too.
const LINES: usize = 3;

/// Where everything goes.
pub(super) struct Rows {
    /// The middle of each row, in the order of groups and rows.
    pub(super) middles: Vec<f64>,
    /// Height of a row.
    pub(super) height: f64,
    /// Where marks may begin, right of the labels.
    pub(super) left: f64,
    /// Over the first row.
    pub(super) top: f64,
    /// Under the last row.
    pub(super) bottom: f64,
    headings: Vec<(f64, String)>,
    labels: Vec<Vec<String>>,
    face: Face,
}

/// The rows of all groups.
pub(super) fn all<R>(groups: &[Group<R>]) -> Vec<&R> {
    groups.iter().flat_map(|g| &g.rows).collect()
}

/// Lays out rows from `top` on; `height` is what marks need.
pub(super) fn lay_out<R>(
    groups: &[Group<R>],
    label: impl Fn(&R) -> &str,
    top: f64,
    height: f64,
) -> Rows {
    let all: Vec<&str> = all(groups).into_iter().map(label).collect();
    let [large, small] = [LABEL, SMALL].map(|size| Face::new(size, Token::Ink).end());
    let face = if large.widest(&all) <= WIDEST { large } else { small };
    let column = face.widest(&all).min(WIDEST);
    let labels: Vec<Vec<String>> = all.iter().map(|l| broken(l, face, column, LINES)).collect();
    let lines = labels.iter().map(Vec::len).max().unwrap_or(1);
    let height =
        if lines > 1 { height.max(5.0 + (face.size + 2.0) * lines as f64) } else { height };

    let mut y = top + 4.0;
    let (mut middles, mut headings) = (Vec::new(), Vec::new());
    for (i, group) in groups.iter().enumerate() {
        if !group.heading.is_empty() {
            y += if i == 0 { 16.0 } else { 30.0 };
            headings.push((y, group.heading.clone()));
            y += 8.0;
        } else if i > 0 {
            y += 12.0;
        }
        for _ in &group.rows {
            middles.push(y + height / 2.0);
            y += height;
        }
    }
    Rows {
        middles,
        height,
        left: MARGIN + column + 16.0,
        top,
        bottom: y + 4.0,
        headings,
        labels,
        face,
    }
}

impl Rows {
    /// Draws headings and labels.
    pub(super) fn draw(&self, canvas: &mut Canvas) {
        for (y, heading) in &self.headings {
            let face = Face::new(LABEL, Token::Ink).bold();
            // Over the grid, which runs on underneath.
            let heading = face.cut_middle(heading, RIGHT - MARGIN);
            canvas.rect(MARGIN, y - 12.0, face.width(&heading) + 8.0, 17.0, Token::Surface);
            canvas.text(MARGIN, *y, heading, face);
        }
        let face = self.face;
        for (lines, middle) in self.labels.iter().zip(&self.middles) {
            let step = face.size + 2.0;
            let first = middle + face.size * 0.36 - step * (lines.len() - 1) as f64 / 2.0;
            for (i, line) in lines.iter().enumerate() {
                canvas.text(self.left - 16.0, first + step * i as f64, line, face);
            }
        }
    }

    /// The grid, and the labels of the axis below.
    pub(super) fn axis(&self, canvas: &mut Canvas, ticks: &[Label]) {
        x_axis(canvas, ticks, self.top, self.bottom);
    }

    /// A line over the whole height.
    pub(super) fn upright(&self, canvas: &mut Canvas, x: f64, paint: impl Into<Paint>, width: f64) {
        canvas.line(&[(x, self.top), (x, self.bottom)], paint, width);
    }

    /// The heading of one of several panels.
    pub(super) fn heading(&self, canvas: &mut Canvas, words: &str, left: f64, right: f64) {
        let face = Face::new(LABEL, Token::Ink).bold();
        canvas.text(left, self.top - 9.0, face.cut_end(words, right - left), face);
    }
}

/// A label in one line, or up to `most`, the last without its middle if it must.
pub(super) fn broken(label: &str, face: Face, max: f64, most: usize) -> Vec<String> {
    if face.width(label) <= max {
        return vec![label.to_owned()];
    }
    let mut whole = face.wrap(label, max, most);
    if whole.last().is_some_and(|l| l.ends_with('…')) {
        whole.pop();
        let mut rest = label.trim();
        for line in &whole {
            rest = rest.strip_prefix(line.as_str()).unwrap_or(rest).trim();
        }
        whole.push(face.cut_middle(rest, max));
    }
    whole
}

/// A column of words at the right of the rows, with a small heading.
pub(super) struct Column {
    pub(super) heading: &'static str,
    pub(super) face: Face,
    /// Text and, where it differs from the face's, its colour.
    pub(super) cells: Vec<(String, Token)>,
}

/// The face of column headings.
pub(super) fn heading() -> Face {
    Face::new(11.5, Token::Muted)
}

impl Column {
    /// Width of the widest cell.
    pub(super) fn width(&self) -> f64 {
        self.face.widest(self.cells.iter().map(|c| &c.0)).max(heading().width(self.heading))
    }

    /// Draws the column with its left edge at `x`.
    pub(super) fn draw(&self, canvas: &mut Canvas, rows: &Rows, x: f64) {
        canvas.text(x, rows.top - 8.0, self.heading, heading());
        for ((text, token), middle) in self.cells.iter().zip(&rows.middles) {
            let face = Face { token: *token, ..self.face };
            canvas.text(x, middle + face.size * 0.36, text, face);
        }
    }
}
