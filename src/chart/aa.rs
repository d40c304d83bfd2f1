//! Ratios with intervals: paired comparisons to a baseline, claims, and `diff`.

use super::axes::Label;
use super::canvas::{Canvas, Paint};
use super::font::Face;
use super::layout::{Key, RIGHT, Swatch, legend};
use super::rows::{Column, Rows, all, heading, lay_out};
use super::scale::{Scale, is_positive, positive_range};
use super::theme::{BLUE, GREEN, SLATE, Token, VERMILLION};
use super::{Frame, Group, format};

/// A forest plot of ratios on a logarithmic axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Ratios {
    /// The words around it.
    pub frame: Frame,
    /// The margin of equivalence, as ratios around one, such as 0.98 and 1.02.
    pub margin: (f64, f64),
    /// Interval of the A/A control, if there was one: what the same thing measured
    /// twice differs by.
    pub control: Option<(f64, f64)>,
    /// Meaning of a ratio below one, such as "faster than the baseline".
    pub less: String,
    /// Meaning of a ratio above one.
    pub more: String,
    /// Comparisons, by scenario.
    pub groups: Vec<Group<Row>>,
}

/// One comparison.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// Name of the comparison.
    pub label: String,
    /// The ratio; `None` if it cannot be computed. Not drawn unless positive.
    pub ratio: Option<f64>,
    /// Its interval.
    pub interval: Option<(f64, f64)>,
    /// Upper bound of a claim.
    pub bound: Option<f64>,
    /// Colour of the verdict.
    pub tone: Tone,
    /// The verdict in words, with its reason if it has one.
    pub verdict: String,
}

/// Meaning of a verdict for the reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Faster, held.
    Good,
    /// Slower, refuted.
    Bad,
    /// Equivalent.
    Same,
    /// Inconclusive, undecided, not computable.
    Open,
}

impl Tone {
    fn hue(self) -> usize {
        match self {
            Self::Good => GREEN,
            Self::Bad => VERMILLION,
            Self::Same => BLUE,
            Self::Open => SLATE,
        }
    }
}

/// An interval is followed this far beyond the estimates; further out it ends in an
/// arrow, so that one hopeless interval does not squeeze all the others.
const BEYOND: f64 = 20.0;
/// Verdicts wider than this break into two lines.
const VERDICT: f64 = 168.0;

impl Ratios {
    pub(super) fn body(&self, canvas: &mut Canvas, y: f64) -> Option<f64> {
        let all = all(&self.groups);
        all.first()?;
        let any = |test: fn(&Row) -> bool| all.iter().any(|r| test(r));
        let keys = [
            Key::when(true, Swatch::Dot(Token::Reference), "ratio"),
            Key::when(any(|r| r.interval.is_some()), Swatch::Whisker(Token::Reference), "interval"),
            Key::when(true, Swatch::Area(MARGIN_BAND), "margin of equivalence"),
            Key::when(self.control.is_some(), Swatch::Area(CONTROL_BAND), "A/A control"),
            Key::when(any(|r| r.bound.is_some()), Swatch::Bar(Token::Ink), "bound of the claim"),
            Some(Key::words("logarithmic axis")),
        ];
        let y = legend(canvas, y, keys);

        let face = Face::new(12.0, Token::Ink).bold();
        let verdicts: Vec<Vec<String>> =
            all.iter().map(|r| face.wrap(&r.verdict, VERDICT, 2)).collect();
        let two_lines = verdicts.iter().any(|v| v.len() > 1);
        let height = if two_lines { 34.0 } else { 26.0 };
        let rows = lay_out(&self.groups, |r| &r.label, y + 40.0, height);
        let (estimates, intervals) = (estimates(&all), interval_texts(&all));
        let verdict_width = face.widest(verdicts.iter().flatten()).max(heading().width("verdict"));
        let verdict_x = RIGHT - verdict_width;
        let interval_x = verdict_x - 18.0 - intervals.width();
        let estimate_x = interval_x - 10.0 - estimates.width();
        let scale = self.scale(&all, rows.left + 6.0, estimate_x - 24.0);

        self.draw_ground(canvas, &scale, &rows);
        rows.draw(canvas);
        for ((row, &y), verdict) in all.iter().zip(&rows.middles).zip(&verdicts) {
            canvas.mark(numbers(row), |canvas| draw_row(canvas, row, &scale, y));
            let face = Face { token: Token::Text(row.tone.hue()), ..face };
            let first = if verdict.len() > 1 { y - 3.0 } else { y + 4.4 };
            for (line, y) in verdict.iter().zip([first, first + 14.0]) {
                canvas.text(verdict_x, y, line, face);
            }
        }
        estimates.draw(canvas, &rows, estimate_x);
        intervals.draw(canvas, &rows, interval_x);
        canvas.text(verdict_x, rows.top - 8.0, "verdict", heading());
        Some(rows.bottom + 24.0)
    }

    fn scale(&self, rows: &[&Row], from: f64, to: f64) -> Scale {
        let estimates = rows.iter().flat_map(|r| [r.ratio, r.bound]).flatten();
        let around = [1.0, self.margin.0, self.margin.1];
        let control = self.control.into_iter().flat_map(|(lo, hi)| [lo, hi]);
        let (lo, hi) = positive_range(estimates.chain(around).chain(control)).unwrap_or((1.0, 1.0));
        let ends = rows.iter().filter_map(|r| r.interval).flat_map(|(lo, hi)| [lo, hi]);
        let followed = ends.filter(|v| is_positive(*v)).map(|v| v.clamp(lo / BEYOND, hi * BEYOND));
        let (lo, hi) = positive_range(followed.chain([lo, hi])).unwrap_or((lo, hi));
        // A twentieth of the width on both sides, and a margin that is never all there is.
        let spare = (hi / lo).powf(0.05).max(1.005);
        Scale::log(lo / spare, hi * spare, from, to)
    }

    /// Grid, bands, the line at one, and what lies on either side of it.
    fn draw_ground(&self, canvas: &mut Canvas, scale: &Scale, rows: &Rows) {
        let bands = self.control.map(|band| (band, CONTROL_BAND));
        for ((lo, hi), paint) in bands.into_iter().chain([(self.margin, MARGIN_BAND)]) {
            if is_positive(lo) && hi > lo {
                // A band of 2 % on an axis over decades is thinner than a pixel.
                let (from, to) = (scale.at(lo), scale.at(hi));
                let width = (to - from).max(3.0);
                let left = f64::midpoint(from, to) - width / 2.0;
                canvas.rect(left, rows.top, width, rows.bottom - rows.top, paint);
            }
        }
        rows.axis(canvas, &ticks(scale));
        rows.upright(canvas, scale.at(1.0), Token::Reference, 1.25);
        self.draw_hints(canvas, scale, rows.top - 8.0);
    }

    /// Draws the meaning of ratios on either side of one. Where one side is too narrow for its
    /// words, the other says enough; where both are, each has a line of its own.
    fn draw_hints(&self, canvas: &mut Canvas, scale: &Scale, y: f64) {
        let face = Face::new(HINT, Token::Muted);
        let width = |words: &str| face.width(words) + ARROW;
        let one = scale.at(1.0);
        let (from, to) = (scale.at(0.0), scale.at(f64::INFINITY));
        let less_fits = one - 8.0 - width(&self.less) >= from;
        let more_fits = one + 8.0 + width(&self.more) <= to;
        let stacked = !less_fits && !more_fits;
        let cut = |words: &str| face.cut_end(words, to - from - ARROW);
        if (less_fits || stacked) && !self.less.is_empty() {
            let words = cut(&self.less);
            let x = if stacked { from } else { one - 8.0 - width(&words) };
            let y = if stacked { y - 16.0 } else { y };
            arrow(canvas, (x, y), -1.0);
            canvas.text(x + ARROW, y, words, face);
        }
        if (more_fits || stacked) && !self.more.is_empty() {
            let words = cut(&self.more);
            let x = if stacked { to - width(&words) } else { one + 8.0 };
            arrow(canvas, (x + width(&words), y), 1.0);
            canvas.text(x, y, words, face);
        }
    }
}

const HINT: f64 = 11.5;
/// Width of an arrow and the space beside it.
const ARROW: f64 = 18.0;

/// An arrow whose tip is at `x`; the font has none.
fn arrow(canvas: &mut Canvas, (x, baseline): (f64, f64), direction: f64) {
    let y = baseline - HINT * 0.36;
    let back = |dx: f64| x - direction * dx;
    canvas.line(&[(x, y), (back(12.0), y)], Token::Muted, 1.25);
    canvas.line(&[(back(4.0), y - 3.5), (x, y), (back(4.0), y + 3.5)], Token::Muted, 1.25);
}

const MARGIN_BAND: Paint = Paint(Token::Mark(BLUE), 0.16);
const CONTROL_BAND: Paint = Paint(Token::Mark(SLATE), 0.22);

/// Ticks of a ratio axis: 1-2-5 steps over decades, even steps close to one.
fn ticks(scale: &Scale) -> Vec<Label> {
    let (lo, hi) = (scale.start(), scale.end());
    let even = Scale::linear(lo, hi, 0.0, 1.0);
    let ticks = if hi / lo > 1.7 { scale } else { &even }.ticks(5.0);
    let label = |value: f64| Label {
        at: scale.at(value),
        text: format::ratio_tick(value),
        major: (value - 1.0).abs() < 1e-9,
        log: scale.is_log(),
    };
    ticks.into_iter().map(|t| label(t.value)).collect()
}

/// The interval, if it is one: an infinite end is, a reversed one or NaN is not.
fn drawable_interval(row: &Row) -> Option<(f64, f64)> {
    row.interval.filter(|(lo, hi)| *lo >= 0.0 && lo <= hi)
}

fn estimates(rows: &[&Row]) -> Column {
    let cells = rows.iter().map(|r| match r.ratio.filter(|r| is_positive(*r)) {
        Some(ratio) => (format::ratio(ratio), Token::Text(r.tone.hue())),
        None => ("–".to_owned(), Token::Muted),
    });
    Column { heading: "ratio", face: Face::new(12.5, Token::Ink).bold(), cells: cells.collect() }
}

fn interval_texts(rows: &[&Row]) -> Column {
    let known = rows.iter().any(|r| r.interval.is_some());
    let cells = rows.iter().map(|r| {
        let text = drawable_interval(r)
            .map(|(lo, hi)| format!("{} – {}", format::ratio(lo), format::ratio(hi)));
        (text.unwrap_or_default(), Token::Muted)
    });
    Column {
        heading: if known { "interval" } else { "" },
        face: Face::new(11.5, Token::Muted),
        cells: cells.collect(),
    }
}

/// `async: ratio 0.52 (0.50 to 0.54), faster`
fn numbers(row: &Row) -> String {
    let ratio = row.ratio.filter(|r| is_positive(*r));
    let ratio =
        ratio.map_or_else(|| "no ratio".to_owned(), |r| format!("ratio {}", format::ratio(r)));
    let interval = drawable_interval(row)
        .map(|(lo, hi)| format!(" ({} to {})", format::ratio(lo), format::ratio(hi)));
    let verdict = if row.verdict.is_empty() { String::new() } else { format!(", {}", row.verdict) };
    format!("{}: {ratio}{}{verdict}", row.label, interval.unwrap_or_default())
}

fn draw_row(canvas: &mut Canvas, row: &Row, scale: &Scale, y: f64) {
    let token = Token::Mark(row.tone.hue());
    if let Some((lo, hi)) = drawable_interval(row) {
        let (from, to) = (scale.at(lo), scale.at(hi));
        canvas.line(&[(from, y), (to, y)], token, 2.0);
        for (value, at, inward) in [(lo, from, 5.0), (hi, to, -5.0)] {
            if value < scale.start() || value > scale.end() {
                canvas.line(&[(at + inward, y - 4.0), (at, y), (at + inward, y + 4.0)], token, 2.0);
            } else {
                canvas.line(&[(at, y - 4.5), (at, y + 4.5)], token, 1.5);
            }
        }
    }
    if let Some(bound) = row.bound.filter(|b| is_positive(*b)) {
        let at = scale.at(bound);
        canvas.line(&[(at, y - 9.0), (at, y + 9.0)], Token::Ink, 2.0);
    }
    if let Some(ratio) = row.ratio.filter(|r| is_positive(*r)) {
        canvas.circle((scale.at(ratio), y), 4.0, token);
    }
}
