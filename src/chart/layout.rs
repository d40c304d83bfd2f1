//! Parts of every chart: title and subtitle above, a legend, a footer below.

use super::canvas::{Canvas, Paint, Point};
use super::font::Face;
use super::theme::Token;
use super::{Drawing, Frame};

/// Width of every chart in px: a column of text on a wide page.
pub(super) const WIDTH: f64 = 900.0;
/// Free space at the left and right edge.
pub(super) const MARGIN: f64 = 28.0;
/// The right edge of what is drawn.
pub(super) const RIGHT: f64 = WIDTH - MARGIN;

const TITLE: f64 = 20.0;
/// A title of a finding about two cells with names of 80 characters, in [`LONG_TITLE_LINES`].
const LONG_TITLE: f64 = 16.0;
const LONG_TITLE_LINES: usize = 4;
const SUBTITLE: f64 = 13.5;
const FOOTER: f64 = 11.5;

/// A chart with its words above and below. `body` draws under the place that it is given and
/// returns where it ends, or `None` where it has no data: words then take the place of an axis that
/// nothing stands on.
pub(super) fn page(frame: &Frame, body: impl FnOnce(&mut Canvas, f64) -> Option<f64>) -> Drawing {
    let mut canvas = Canvas::default();
    let top = head(&mut canvas, frame);
    let mut y = body(&mut canvas, top).unwrap_or_else(|| {
        let words = "Nothing was measured that could be shown here.";
        canvas.text(MARGIN, top + 30.0, words, Face::new(13.0, Token::Muted));
        top + 38.0
    });
    y += 12.0;
    let face = Face::new(FOOTER, Token::Muted);
    for line in face.wrap(&frame.footer, RIGHT - MARGIN, 5) {
        y += 16.0;
        canvas.text(MARGIN, y, line, face);
    }
    canvas.finish(frame, WIDTH, (y + 18.0).ceil())
}

/// Title and subtitle; returns where the chart below may begin. A title that needs more than two
/// lines has smaller letters: names in it are never cut.
fn head(canvas: &mut Canvas, frame: &Frame) -> f64 {
    let mut y = 14.0;
    let large = Face::new(TITLE, Token::Ink).bold();
    let lines = large.balance(&frame.title, RIGHT - MARGIN, 2);
    let is_cut = lines.last().is_some_and(|line| line.ends_with('…'));
    let (title, lines, step) = if is_cut {
        let small = Face::new(LONG_TITLE, Token::Ink).bold();
        (small, small.balance(&frame.title, RIGHT - MARGIN, LONG_TITLE_LINES), 21.0)
    } else {
        (large, lines, 26.0)
    };
    for line in lines {
        y += step;
        canvas.text(MARGIN, y, line, title);
    }
    y += 3.0;
    let subtitle = Face::new(SUBTITLE, Token::Muted);
    for line in subtitle.wrap(&frame.subtitle, RIGHT - MARGIN, 3) {
        y += 19.5;
        canvas.text(MARGIN, y, line, subtitle);
    }
    y + 14.0
}

/// Words on what has nothing to draw, below a chart: nothing that was to be shown is passed over in
/// silence. Returns where they end; `None` if everything is drawn.
pub(super) fn not_drawn(canvas: &mut Canvas, what: &str, names: &[&str], y: f64) -> Option<f64> {
    const NAMED: usize = 6;
    if names.is_empty() {
        return None;
    }
    let (named, more) = names.split_at(names.len().min(NAMED));
    let more = if more.is_empty() { String::new() } else { format!(" and {} more", more.len()) };
    let words = format!("{what} {}{more}.", named.join(", "));
    let face = Face::new(FOOTER, Token::Muted);
    let mut y = y + 8.0;
    for line in face.wrap(&words, RIGHT - MARGIN, 8) {
        y += 16.0;
        canvas.text(MARGIN, y, line, face);
    }
    Some(y + 4.0)
}

/// Symbol before a word of the legend.
#[derive(Clone, Copy, Debug)]
pub(super) enum Swatch {
    Area(Paint),
    Line(Token),
    Dashed(Token),
    Dotted(Token),
    Dot(Token),
    /// A dot that is empty.
    Ring(Token),
    Whisker(Token),
    /// A tall thin vertical mark.
    Bar(Token),
    /// A faint small vertical mark.
    Tick(Paint),
}

/// One entry of a legend.
pub(super) struct Key(Option<Swatch>, String);

impl Key {
    /// An entry, where the chart has what it explains.
    pub(super) fn when(shown: bool, swatch: Swatch, text: &str) -> Option<Self> {
        shown.then(|| Self(Some(swatch), text.to_owned()))
    }

    /// Words about the chart as a whole, such as that an axis is logarithmic.
    pub(super) fn words(text: &str) -> Self {
        Self(None, text.to_owned())
    }
}

/// A legend in one row (or more, if it must) at `y`; returns where it ends.
pub(super) fn legend(
    canvas: &mut Canvas,
    y: f64,
    keys: impl IntoIterator<Item = Option<Key>>,
) -> f64 {
    const SWATCH: f64 = 20.0;
    let (mut x, mut y) = (MARGIN, y + 12.0);
    for Key(swatch, text) in keys.into_iter().flatten() {
        let (room, token) =
            if swatch.is_some() { (SWATCH, Token::Ink) } else { (0.0, Token::Muted) };
        let face = Face::new(12.0, token);
        let text = face.cut_end(&text, RIGHT - MARGIN - room);
        let width = room + face.width(&text);
        if x > MARGIN && x + width > RIGHT {
            (x, y) = (MARGIN, y + 19.0);
        }
        if let Some(swatch) = swatch {
            draw_swatch(canvas, swatch, (x + 7.0, y - 4.0));
        }
        canvas.text(x + room, y, text, face);
        x += width + 22.0;
    }
    y + 12.0
}

fn draw_swatch(canvas: &mut Canvas, swatch: Swatch, (x, y): Point) {
    let span = [(x - 7.0, y), (x + 7.0, y)];
    match swatch {
        Swatch::Area(paint) => canvas.rect(x - 7.0, y - 5.0, 14.0, 10.0, paint),
        Swatch::Line(token) => canvas.line(&span, token, 2.0),
        Swatch::Dashed(token) => canvas.dashed(&span, token, 1.5, (4.0, 2.5)),
        Swatch::Dotted(token) => canvas.dashed(&span, token, 1.5, (1.5, 3.0)),
        Swatch::Ring(token) => canvas.ring((x, y), 5.5, token),
        Swatch::Dot(token) => canvas.circle((x, y), 4.5, token),
        Swatch::Whisker(token) => {
            canvas.line(&span, token, 2.0);
            for end in [x - 7.0, x + 7.0] {
                canvas.line(&[(end, y - 4.0), (end, y + 4.0)], token, 1.5);
            }
        }
        Swatch::Bar(token) => canvas.line(&[(x, y - 7.0), (x, y + 7.0)], token, 2.0),
        Swatch::Tick(paint) => {
            for dx in [-5.0, 0.0, 4.0] {
                canvas.line(&[(x + dx, y - 4.5), (x + dx, y + 4.5)], paint, 1.25);
            }
        }
    }
}
