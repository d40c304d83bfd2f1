//! Charts made of rows: labels at the left, headings between groups, marks in the
//! middle, words at the right.

use super::Group;
use super::canvas::{Canvas, Face};
use super::font::{Weight, cut_middle, width, wrap};
use super::layout::{MARGIN, RIGHT};
use super::theme::Token;

const LABEL: f64 = 12.5;
const SMALL: f64 = 11.0;
/// Labels take at most this much of the width; longer ones break into two lines.
const WIDEST: f64 = 270.0;

/// Where everything goes.
pub(super) struct Rows {
    /// The middle of each row, in the order of groups and rows.
    pub(super) middles: Vec<f64>,
    /// Height of a row.
    pub(super) height: f64,
    /// Where marks may begin, right of the labels.
    pub(super) left: f64,
    /// Under the last row.
    pub(super) bottom: f64,
    headings: Vec<(f64, String)>,
    labels: Vec<Vec<String>>,
    size: f64,
}

/// Lays out rows from `top` on; `height` is what marks need.
pub(super) fn lay_out<R>(
    groups: &[Group<R>],
    label: impl Fn(&R) -> &str,
    top: f64,
    height: f64,
) -> Rows {
    let all: Vec<&str> = groups.iter().flat_map(|g| &g.rows).map(&label).collect();
    let widest = |size| all.iter().map(|l| width(l, size, Weight::Regular)).fold(0.0, f64::max);
    let size = if widest(LABEL) <= WIDEST { LABEL } else { SMALL };
    let column = widest(size).min(WIDEST);
    let labels: Vec<Vec<String>> = all.iter().map(|l| broken(l, size, column)).collect();
    let two_lines = labels.iter().any(|l| l.len() > 1);
    let height = if two_lines { f64::max(height, 31.0) } else { height };

    let mut y = top;
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
    Rows { middles, height, left: MARGIN + column + 16.0, bottom: y + 4.0, headings, labels, size }
}

impl Rows {
    /// Draws headings and labels.
    pub(super) fn draw(&self, canvas: &mut Canvas) {
        for (y, heading) in &self.headings {
            let face = Face::new(LABEL, Token::Ink).bold();
            // Over the grid, which runs on underneath.
            let heading = cut_middle(heading, LABEL, Weight::SemiBold, RIGHT - MARGIN);
            canvas.rect(MARGIN, y - 12.0, face.width(&heading) + 8.0, 17.0, Token::Surface);
            canvas.text(MARGIN, *y, heading, face);
        }
        let face = Face::new(self.size, Token::Ink).end();
        for (lines, middle) in self.labels.iter().zip(&self.middles) {
            let step = self.size + 2.0;
            #[expect(clippy::cast_precision_loss, reason = "one or two")]
            let first = middle + self.size * 0.36 - step * (lines.len() - 1) as f64 / 2.0;
            for (i, line) in lines.iter().enumerate() {
                #[expect(clippy::cast_precision_loss, reason = "one or two")]
                let y = first + step * i as f64;
                canvas.text(self.left - 16.0, y, line, face);
            }
        }
    }
}

/// A label in one line, or two, the second without its middle if it must.
fn broken(label: &str, size: f64, max: f64) -> Vec<String> {
    if width(label, size, Weight::Regular) <= max {
        return vec![label.to_owned()];
    }
    let whole = wrap(label, size, Weight::Regular, max, 2);
    if whole.last().is_some_and(|l| l.ends_with('…')) {
        let first = whole[0].clone();
        let rest = label.trim().strip_prefix(&first).unwrap_or(label).trim();
        return vec![first, cut_middle(rest, size, Weight::Regular, max)];
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

/// Size of column headings.
const HEADING: f64 = 11.5;

impl Column {
    /// Width of the widest cell.
    pub(super) fn width(&self) -> f64 {
        let heading = width(self.heading, HEADING, Weight::Regular);
        self.cells.iter().map(|(text, _)| self.face.width(text)).fold(heading, f64::max)
    }

    /// Draws the column with its left edge at `x`, its heading at `y`.
    pub(super) fn draw(&self, canvas: &mut Canvas, rows: &Rows, x: f64, y: f64) {
        canvas.text(x, y, self.heading, Face::new(HEADING, Token::Muted));
        for ((text, token), middle) in self.cells.iter().zip(&rows.middles) {
            let face = Face { token: *token, ..self.face };
            canvas.text(x, middle + face.size * 0.36, text, face);
        }
    }
}
