//! SVG: the backend of plotters that writes shapes, and the document around them.

use std::convert::Infallible;
use std::fmt::Write as _;

use plotters::backend::DrawingBackend;
use plotters_backend::text_anchor::HPos;
use plotters_backend::{
    BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind, FontStyle,
};

use super::Frame;
use super::font::{self, Face};
use super::theme::{self, Mode, Token};

/// Virtual units per px: plotters has integer coordinates, so shapes are drawn on a canvas eight
/// times as large, and the header scales it back.
pub(super) const UNITS: f64 = 8.0;

/// A backend that writes one element a line, in virtual units and light colours.
#[derive(Debug, Default)]
pub(super) struct Svg {
    pub(super) body: String,
}

type Drawn = Result<(), DrawingErrorKind<Infallible>>;

impl Svg {
    /// Begins a group that says these words when it is pointed at.
    pub(super) fn open(&mut self, words: &str) {
        let _ = writeln!(self.body, "<g><title>{}</title>", quoted(words));
    }

    /// Ends a group.
    pub(super) fn close(&mut self) {
        self.body.push_str("</g>\n");
    }

    fn element(&mut self, element: std::fmt::Arguments<'_>) -> Drawn {
        let _ = writeln!(self.body, "{element}");
        Ok(())
    }
}

impl DrawingBackend for Svg {
    type ErrorType = Infallible;

    /// As large as coordinates reach: the document has the size of the drawing.
    fn get_size(&self) -> (u32, u32) {
        (i32::MAX.unsigned_abs(), i32::MAX.unsigned_abs())
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        Ok(())
    }

    fn draw_pixel(&mut self, (x, y): BackendCoord, color: BackendColor) -> Drawn {
        self.draw_rect((x, y), (x + 1, y + 1), &color, true)
    }

    fn draw_line<S: BackendStyle>(
        &mut self,
        from: BackendCoord,
        to: BackendCoord,
        style: &S,
    ) -> Drawn {
        self.draw_path([from, to], style)
    }

    fn draw_rect<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        (right, bottom): BackendCoord,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let (width, height, paint) = (right - x, bottom - y, area(style, fill));
        self.element(format_args!(
            "<rect x=\"{x}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{paint}/>"
        ))
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let path: Vec<BackendCoord> = path.into_iter().collect();
        let (paint, width) = (paint("stroke", style.color()), style.stroke_width());
        if let [(x1, y1), (x2, y2)] = path[..] {
            self.element(format_args!(
                "<line{paint} stroke-width=\"{width}\" x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\"/>"
            ))
        } else {
            let points = points(path);
            self.element(format_args!(
                "<polyline fill=\"none\"{paint} stroke-width=\"{width}\" points=\"{points}\"/>"
            ))
        }
    }

    fn fill_polygon<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(
        &mut self,
        path: I,
        style: &S,
    ) -> Drawn {
        let (paint, points) = (area(style, true), points(path));
        self.element(format_args!("<polygon{paint} points=\"{points}\"/>"))
    }

    fn draw_circle<S: BackendStyle>(
        &mut self,
        (x, y): BackendCoord,
        radius: u32,
        style: &S,
        fill: bool,
    ) -> Drawn {
        let paint = area(style, fill);
        self.element(format_args!("<circle cx=\"{x}\" cy=\"{y}\" r=\"{radius}\"{paint}/>"))
    }

    /// Writes a text with its baseline at `y` and the width that it was laid out with, in
    /// whichever font the reader has: some are a seventh wider. No width where it is a guess.
    fn draw_text<S: BackendTextStyle>(
        &mut self,
        text: &str,
        style: &S,
        (x, y): BackendCoord,
    ) -> Drawn {
        let anchor = match style.anchor().h_pos {
            HPos::Left => "",
            HPos::Center => " text-anchor=\"middle\"",
            HPos::Right => " text-anchor=\"end\"",
        };
        let (size, paint) = (style.size(), paint("fill", style.color()));
        let face = Face::new(size, Token::Ink);
        let (face, bold) = match style.style() {
            FontStyle::Bold => (face.bold(), " font-weight=\"600\""),
            _ => (face, ""),
        };
        let length = match face.width(text).round() {
            width if font::knows(text) => {
                format!(" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"")
            }
            _ => String::new(),
        };
        let text = quoted(text);
        self.element(format_args!(
            "<text x=\"{x}\" y=\"{y}\"{anchor} font-size=\"{size}\"{paint}{bold}{length}>{text}</text>"
        ))
    }
}

fn area(style: &impl BackendStyle, fill: bool) -> String {
    paint(if fill { "fill" } else { "fill=\"none\" stroke" }, style.color())
}

fn paint(attribute: &str, BackendColor { rgb: (r, g, b), alpha }: BackendColor) -> String {
    let opacity = if alpha == 1.0 { String::new() } else { format!(" opacity=\"{alpha}\"") };
    format!("{opacity} {attribute}=\"#{r:02X}{g:02X}{b:02X}\"")
}

fn points(path: impl IntoIterator<Item = BackendCoord>) -> String {
    path.into_iter().map(|(x, y)| format!("{x},{y}")).collect::<Vec<_>>().join(" ")
}

/// A finished chart.
#[derive(Clone, Debug)]
pub struct Drawing {
    id: String,
    title: String,
    description: String,
    width: f64,
    height: f64,
    /// The shapes, in virtual units and light colours.
    body: String,
    has_log_axis: bool,
}

impl Drawing {
    pub(super) fn new(
        frame: &Frame,
        (width, height): (f64, f64),
        body: String,
        has_log_axis: bool,
    ) -> Self {
        Self {
            id: css_name(&frame.id),
            title: escape(&frame.title),
            description: escape(&frame.description),
            width,
            height,
            body,
            has_log_axis,
        }
    }

    /// One SVG for light and dark: colours are CSS variables that follow the
    /// reader's preference, with the light ones as attributes beneath.
    #[must_use]
    pub fn svg(&self) -> String {
        let css = theme::style_sheet(&self.id, &self.body);
        self.document(&format!("<style>\n{css}</style>\n"), &self.body)
    }

    /// An SVG that takes its colours from the page around it, which has the
    /// [style](super::page_style) of all charts.
    #[must_use]
    pub fn part_of_a_page(&self) -> String {
        self.document("", &self.body)
    }

    /// An SVG with plain colours of one mode, for renderers without CSS variables.
    #[must_use]
    pub fn flat(&self, mode: Mode) -> String {
        match mode {
            Mode::Light => self.document("", &self.body),
            Mode::Dark => self.document("", &theme::darken(&self.body)),
        }
    }

    /// Whether any axis is logarithmic; the chart says so in words.
    #[must_use]
    pub fn has_log_axis(&self) -> bool {
        self.has_log_axis
    }

    /// Width and height in px.
    #[must_use]
    pub fn size(&self) -> (f64, f64) {
        (self.width, self.height)
    }

    /// A PNG in the colours of one mode, `scale` pixels per px.
    #[cfg(feature = "png")]
    #[must_use]
    pub fn png(&self, mode: Mode, scale: f32) -> Vec<u8> {
        super::png::rasterise(&self.flat(mode), scale)
    }

    fn document(&self, style: &str, body: &str) -> String {
        let Self { id, title, description, width, height, .. } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"{id}\" width=\"{width}\" \
             height=\"{height}\" viewBox=\"0 0 {} {}\" role=\"img\" \
             aria-labelledby=\"{id}-title {id}-desc\" font-family=\"{}\" \
             stroke-linejoin=\"round\">\n\
             <title id=\"{id}-title\">{title}</title>\n\
             <desc id=\"{id}-desc\">{description}</desc>\n\
             {style}{body}</svg>\n",
            width * UNITS,
            height * UNITS,
            font::FAMILY,
        )
    }
}

/// A name that is an XML id and a CSS selector without escapes.
fn css_name(id: &str) -> String {
    let name: String =
        id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '-' }).collect();
    if name.starts_with(|c: char| c.is_ascii_alphabetic()) { name } else { format!("chart-{name}") }
}

/// A text without what XML 1.0 forbids and what would break a line.
pub(super) fn clean(text: &str) -> String {
    let forbidden = |c: char| c.is_control() || c == '\u{FFFE}' || c == '\u{FFFF}';
    text.replace(forbidden, " ")
}

/// Escaped without quotes: no text looks like an attribute to those who look for colours.
fn quoted(text: &str) -> String {
    escape(text).replace('"', "&quot;").replace('\'', "&apos;")
}

fn escape(text: &str) -> String {
    clean(text).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use plotters::style::TextStyle;

    use super::*;

    #[test]
    fn names_are_safe_and_texts_escaped() {
        assert_eq!(css_name("3 <b>"), "chart-3--b-");
        assert_eq!(css_name("wall-time"), "wall-time");
        assert_eq!(escape("a<b & \u{7}c"), "a&lt;b &amp;  c");
    }

    #[test]
    fn shapes_say_no_more_than_they_must() {
        let blue = BackendColor { alpha: 1.0, rgb: (0, 0x72, 0xB2) };
        let pale = BackendColor { alpha: 0.5, ..blue };
        let mut svg = Svg::default();
        let drawn = [
            svg.draw_rect((1, 2), (4, 6), &blue, true),
            svg.draw_rect((1, 2), (4, 6), &pale, false),
            svg.draw_line((1, 2), (3, 4), &pale),
            svg.draw_path([(1, 2), (3, 4), (5, 6)], &blue),
            svg.fill_polygon([(1, 2), (3, 4), (5, 6)], &pale),
            svg.draw_circle((1, 2), 3, &blue, true),
            svg.draw_pixel((1, 2), blue),
        ];
        assert!(drawn.iter().all(Result::is_ok));
        assert_eq!(
            svg.body,
            "<rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" fill=\"#0072B2\"/>\n\
             <rect x=\"1\" y=\"2\" width=\"3\" height=\"4\" opacity=\"0.5\" fill=\"none\" stroke=\"#0072B2\"/>\n\
             <line opacity=\"0.5\" stroke=\"#0072B2\" stroke-width=\"1\" x1=\"1\" y1=\"2\" x2=\"3\" y2=\"4\"/>\n\
             <polyline fill=\"none\" stroke=\"#0072B2\" stroke-width=\"1\" points=\"1,2 3,4 5,6\"/>\n\
             <polygon opacity=\"0.5\" fill=\"#0072B2\" points=\"1,2 3,4 5,6\"/>\n\
             <circle cx=\"1\" cy=\"2\" r=\"3\" fill=\"#0072B2\"/>\n\
             <rect x=\"1\" y=\"2\" width=\"1\" height=\"1\" fill=\"#0072B2\"/>\n"
        );
    }

    #[test]
    fn a_text_is_as_wide_as_it_was_laid_out() {
        let drawn = |text: &str| {
            let mut svg = Svg::default();
            let style = TextStyle::from((font::FAMILY, 96.0, FontStyle::Bold));
            assert!(svg.draw_text(text, &style, (1, 2)).is_ok());
            svg.body
        };
        let width = Face::new(96.0, Token::Ink).bold().width("longer than 'this' & that").round();
        assert_eq!(
            drawn("longer than 'this' & that"),
            format!(
                "<text x=\"1\" y=\"2\" font-size=\"96\" fill=\"#000000\" font-weight=\"600\" \
                 textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\">longer than \
                 &apos;this&apos; &amp; that</text>\n"
            )
        );
        // Its letters are of another font, of which nothing is known.
        assert!(!drawn("длиннее, чем это").contains("textLength"));
    }
}
