//! What plotters wrote, made into a document: exact sizes, one font list, title and
//! description for screen readers, and colours for light and dark.

use super::Frame;
use super::canvas::UNITS;
use super::font::{self, Weight};
use super::theme::{self, Mode};

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
}

impl Drawing {
    pub(super) fn new(frame: &Frame, width: f64, height: f64, raw: &str) -> Self {
        Self {
            id: css_name(&frame.id),
            title: escape(&frame.title),
            description: escape(&frame.description),
            width,
            height,
            body: tidy(raw),
        }
    }

    /// One SVG for light and dark: colours are CSS variables that follow the
    /// reader's preference, with the light ones as attributes beneath.
    #[must_use]
    pub fn svg(&self) -> String {
        let css = theme::style_sheet(&self.id, &self.body);
        self.document(&format!("<style>\n{css}</style>\n"), &self.body)
    }

    /// An SVG with plain colours of one mode, for renderers without CSS variables.
    #[must_use]
    pub fn flat(&self, mode: Mode) -> String {
        match mode {
            Mode::Light => self.document("", &self.body),
            Mode::Dark => self.document("", &darken(&self.body)),
        }
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

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            c if c.is_control() || c == '\u{FFFE}' || c == '\u{FFFF}' => out.push(' '),
            c => out.push(c),
        }
    }
    out
}

/// What plotters escaped, as it was.
fn unescape(text: &str) -> String {
    const ENTITIES: [(&str, &str); 5] =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&apos;", "'"), ("&amp;", "&")];
    ENTITIES.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// Drops the header and what says nothing, and puts each text on one line with its
/// position as the baseline and its width. plotters writes one tag per line, attribute values and
/// text escaped, so an attribute is found by its name and quotes.
fn tidy(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut lines = raw.lines().filter(|line| !line.starts_with("<svg") && *line != "</svg>");
    while let Some(line) = lines.next() {
        let Some(rest) = line.strip_prefix("<text") else {
            out.push_str(&without_defaults(line));
            out.push('\n');
            continue;
        };
        let mut attributes = without_defaults(rest);
        let family = format!(" font-family=\"{}\"", font::FAMILY);
        for gone in [" dy=\"0.76em\"", " text-anchor=\"start\"", &family] {
            attributes = attributes.replacen(gone, "", 1);
        }
        let bold = attributes.contains("font-weight=\"bold\"");
        attributes = attributes.replacen("font-weight=\"bold\"", "font-weight=\"600\"", 1);
        let (attributes, size) = exact_font_size(&attributes);
        let text: String = lines.by_ref().take_while(|line| *line != "</text>").collect();
        let length = length(&text, size, if bold { Weight::SemiBold } else { Weight::Regular });
        let attributes = attributes.trim_end_matches('>');
        out.push_str(&format!("<text{attributes}{length}>{text}</text>\n"));
    }
    out
}

/// The attributes that give a text the width that it was laid out with, in whichever font the reader has:
/// some are a seventh wider. None where the width is a guess.
fn length(escaped: &str, size: f64, weight: Weight) -> String {
    let text = unescape(escaped);
    if !font::knows(&text) {
        return String::new();
    }
    let width = font::width(&text, size, weight).round();
    format!(" textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\"")
}

fn without_defaults(tag: &str) -> String {
    let mut tag = tag.replacen(" opacity=\"1\"", "", 1);
    if tag.contains(" stroke=\"none\"") {
        tag = tag.replacen(" stroke=\"none\"", "", 1);
        if let Some((head, tail)) = tag.split_once(" stroke-width=\"")
            && let Some((_, tail)) = tail.split_once('"')
        {
            tag = format!("{head}{tail}");
        }
    }
    tag.replacen(" \"/>", "\"/>", 1)
}

/// Undoes the rounding error of plotters' division; gives the size too.
fn exact_font_size(attributes: &str) -> (String, f64) {
    let Some((head, tail)) = attributes.split_once(" font-size=\"") else {
        return (attributes.to_owned(), 0.0);
    };
    let (size, tail) = tail.split_once('"').unwrap_or((tail, ""));
    let size: f64 = size.parse().unwrap_or(0.0);
    let size = (size * 100.0).round() / 100.0;
    (format!("{head} font-size=\"{size}\"{tail}"), size)
}

fn darken(body: &str) -> String {
    let mut out = String::with_capacity(body.len());
    let mut rest = body;
    while let Some(at) = rest.find("=\"#") {
        let (head, tail) = rest.split_at(at + 2);
        out.push_str(head);
        let (light, tail) = tail.split_at(tail.len().min(7));
        out.push_str(theme::dark_for(light).as_deref().unwrap_or(light));
        rest = tail;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_safe_and_texts_escaped() {
        assert_eq!(css_name("3 <b>"), "chart-3--b-");
        assert_eq!(css_name("wall-time"), "wall-time");
        assert_eq!(escape("a<b & \u{7}c"), "a&lt;b &amp;  c");
    }

    #[test]
    fn tidying_keeps_what_matters() {
        let raw = "<svg width=\"8\">\n<rect x=\"0\" y=\"0\" width=\"8\" height=\"8\" \
                   opacity=\"1\" fill=\"#FFFFFF\" stroke=\"none\"/>\n<text x=\"1\" y=\"2\" \
                   dy=\"0.76em\" text-anchor=\"start\" font-size=\"96.00000000000001\" \
                   opacity=\"1\" fill=\"#1A1D21\" font-weight=\"bold\">\nA &lt; b\n</text>\n</svg>\n";
        let width = font::width("A < b", 96.0, Weight::SemiBold).round();
        assert_eq!(
            tidy(raw),
            format!(
                "<rect x=\"0\" y=\"0\" width=\"8\" height=\"8\" fill=\"#FFFFFF\"/>\n\
                 <text x=\"1\" y=\"2\" font-size=\"96\" fill=\"#1A1D21\" font-weight=\"600\" \
                 textLength=\"{width}\" lengthAdjust=\"spacingAndGlyphs\">A &lt; b</text>\n"
            )
        );
    }

    #[test]
    fn a_text_is_as_wide_as_it_was_laid_out() {
        let tidied = |text: &str| {
            let raw = format!("<text x=\"1\" y=\"2\" font-size=\"96\">\n{text}\n</text>\n");
            tidy(&raw)
        };
        let width = font::width("longer than 'this' & that", 96.0, Weight::Regular).round();
        assert_eq!(
            tidied("longer than &apos;this&apos; &amp; that"),
            format!(
                "<text x=\"1\" y=\"2\" font-size=\"96\" textLength=\"{width}\" \
                 lengthAdjust=\"spacingAndGlyphs\">longer than &apos;this&apos; &amp; that</text>\n"
            )
        );
        // Its letters are of another font, of which nothing is known.
        assert!(!tidied("длиннее, чем это").contains("textLength"));
    }
}
