//! Text measured with the embedded font, and text made to fit.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};

use super::theme::Token;

/// Inter, Regular, subset; see `assets/fonts/LICENSE-Inter.txt`.
pub(super) const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.subset.otf");
/// Inter, SemiBold, subset.
pub(super) const SEMI_BOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.subset.otf");
/// The family list of every text: the embedded font where it is installed or loaded,
/// the reader's interface font elsewhere.
pub(super) const FAMILY: &str = "Inter, system-ui, -apple-system, Roboto, Arial, sans-serif";

/// Weight of the letters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

/// Which point of a text its position is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// Style of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Face {
    pub(super) size: f64,
    pub(super) weight: Weight,
    pub(super) token: Token,
    pub(super) anchor: Anchor,
}

static FACES: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
    [REGULAR, SEMI_BOLD]
        .map(|bytes| FontRef::try_from_slice(bytes).expect("the embedded font is well-formed"))
});

impl Weight {
    fn font(self) -> &'static FontRef<'static> {
        match self {
            Weight::Regular => &FACES[0],
            Weight::SemiBold => &FACES[1],
        }
    }

    fn knows(self, c: char) -> bool {
        self.font().glyph_id(c).0 != 0
    }
}

/// Whether every character is in the subset, so that [`Face::width`] is no guess.
pub(super) fn knows(text: &str) -> bool {
    text.chars().all(|c| Weight::Regular.knows(c))
}

impl Face {
    /// Regular, starting at its position.
    pub(super) fn new(size: f64, token: Token) -> Self {
        Self { size, weight: Weight::Regular, token, anchor: Anchor::Start }
    }

    pub(super) fn bold(self) -> Self {
        Self { weight: Weight::SemiBold, ..self }
    }

    pub(super) fn middle(self) -> Self {
        Self { anchor: Anchor::Middle, ..self }
    }

    pub(super) fn end(self) -> Self {
        Self { anchor: Anchor::End, ..self }
    }

    /// Width of `text` in px.
    ///
    /// Characters outside the subset come from a font that we do not know: they count
    /// as one em, which is wide for Latin and right for CJK.
    pub(super) fn width(&self, text: &str) -> f64 {
        text.chars().map(|c| self.advance(c)).sum()
    }

    /// Width of the widest of some texts.
    pub(super) fn widest(&self, texts: impl IntoIterator<Item = impl AsRef<str>>) -> f64 {
        texts.into_iter().map(|text| self.width(text.as_ref())).fold(0.0, f64::max)
    }

    /// Width of one character; the font's kerning pairs are worth less than a tenth of a
    /// pixel and are left to the renderer.
    fn advance(&self, c: char) -> f64 {
        if !self.weight.knows(c) {
            return self.size;
        }
        let font = self.weight.font();
        let em = font.units_per_em().unwrap_or(2048.0);
        f64::from(font.h_advance_unscaled(font.glyph_id(c)) / em) * self.size
    }

    /// `text` in lines no wider than `max`, at most `lines` of them; what does not fit
    /// the last line ends in an ellipsis. Words longer than a line are broken.
    pub(super) fn wrap(&self, text: &str, max: f64, lines: usize) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        let mut line = String::new();
        let fits = |s: &str| self.width(s) <= max;
        let mut words = text.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
            if fits(&joined) {
                line = joined;
                continue;
            }
            if out.len() + 1 == lines {
                let rest: Vec<&str> = words.by_ref().collect();
                line = self.cut_end(&format!("{joined} {}", rest.join(" ")), max);
                break;
            }
            if !line.is_empty() {
                out.push(std::mem::take(&mut line));
            }
            line = word.to_owned();
            while !fits(&line) && out.len() + 1 < lines {
                let head = self.longest_prefix(&line, max);
                let tail = line.split_off(head.max(1).min(line.len()));
                out.push(std::mem::replace(&mut line, tail));
            }
            if !fits(&line) {
                let rest: Vec<&str> = words.by_ref().collect();
                line = self.cut_end(&format!("{line} {}", rest.join(" ")), max);
            }
        }
        if !line.is_empty() {
            out.push(line);
        }
        out
    }

    /// Lines as [`Face::wrap`] makes them, and as many, but of about one width: no single word
    /// below a full line.
    pub(super) fn balance(&self, text: &str, max: f64, lines: usize) -> Vec<String> {
        const STEPS: u32 = 20;
        let full = self.wrap(text, max, lines);
        let narrow = (1..STEPS)
            .map(|step| self.wrap(text, max * f64::from(step) / f64::from(STEPS), lines))
            // What is cut or broken says something else.
            .find(|narrow| narrow.len() == full.len() && narrow.join(" ") == full.join(" "));
        narrow.unwrap_or(full)
    }

    /// `text`, or as much of its beginning as fits, with an ellipsis.
    pub(super) fn cut_end(&self, text: &str, max: f64) -> String {
        let text = text.trim();
        if self.width(text) <= max {
            return text.to_owned();
        }
        let end = self.longest_prefix(text, max - self.width("…"));
        format!("{}…", text[..end].trim_end())
    }

    /// `text`, or its two ends around an ellipsis: strategy names differ at the ends.
    pub(super) fn cut_middle(&self, text: &str, max: f64) -> String {
        if self.width(text) <= max {
            return text.to_owned();
        }
        let chars: Vec<char> = text.chars().collect();
        let mut room = max - self.width("…");
        let (mut head, mut tail) = (0, 0);
        while head + tail < chars.len() {
            let next = if head <= tail { head } else { chars.len() - 1 - tail };
            room -= self.advance(chars[next]);
            if room < 0.0 {
                break;
            }
            if head <= tail {
                head += 1;
            } else {
                tail += 1;
            }
        }
        let start: String = chars[..head].iter().collect();
        let end: String = chars[chars.len() - tail..].iter().collect();
        format!("{}…{}", start.trim_end(), end.trim_start())
    }

    /// Byte length of the longest prefix that fits; at least one character.
    fn longest_prefix(&self, text: &str, max: f64) -> usize {
        let (mut end, mut wide) = (0, 0.0);
        for (at, c) in text.char_indices() {
            wide += self.advance(c);
            if end > 0 && wide > max {
                break;
            }
            end = at + c.len_utf8();
        }
        end
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_font_has_the_characters_that_charts_write() {
        let needed = "0123456789 .,:;%×·–—−…±µ≤≥|()[]/+'\"&<>=*#@?!éüößÄÖÜñç’“”"
            .chars()
            .chain('a'..='z')
            .chain('A'..='Z');
        let missing: String =
            needed.filter(|&c| !Weight::Regular.knows(c) || !Weight::SemiBold.knows(c)).collect();
        assert_eq!(missing, "");
    }

    fn face(size: f64) -> Face {
        Face::new(size, Token::Ink)
    }

    #[test]
    fn width_grows_with_size_and_weight() {
        let text = "Sequential";
        assert!((face(20.0).width(text) - 2.0 * face(10.0).width(text)).abs() < 1e-9);
        assert!(face(10.0).bold().width(text) > face(10.0).width(text));
    }

    #[test]
    fn the_middle_is_cut_and_the_ends_stay() {
        let cut = face(12.0).cut_middle("async-semaphore reqwest session limit 1000", 150.0);
        assert!(cut.starts_with("async") && cut.ends_with("1000"), "{cut}");
    }

    #[test]
    fn no_word_is_left_alone() {
        let text = "8,984 of 10,000 requests failed, the first of them by 44.6 ms";
        let face = face(20.0).bold();
        let max = face.width(text) - 1.0;
        assert_eq!(face.wrap(text, max, 2)[1], "ms");
        let balanced = face.balance(text, max, 2);
        let widths: Vec<f64> = balanced.iter().map(|line| face.width(line)).collect();
        assert!(widths.len() == 2 && widths[1] > 0.6 * widths[0], "{balanced:?}");
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_nothing_is_lost_unless_marked(
            text in "[a-zA-Z ]{0,120}", max in 40.0..400.0f64, lines in 1usize..4,
        ) {
            let face = face(13.0);
            let wrapped = face.wrap(&text, max, lines);
            prop_assert!(wrapped.len() <= lines);
            let balanced = face.balance(&text, max, lines);
            prop_assert_eq!(balanced.len(), wrapped.len());
            prop_assert_eq!(balanced.join(" "), wrapped.join(" "));
            for line in wrapped.iter().chain(&balanced) {
                prop_assert!(face.width(line) <= max, "{line:?}");
            }
            let squeezed = |s: &str| s.split_whitespace().collect::<String>();
            let all = wrapped.concat();
            if all.ends_with('…') {
                let kept = squeezed(all.trim_end_matches('…'));
                prop_assert!(squeezed(&text).starts_with(&kept));
            } else {
                prop_assert_eq!(squeezed(&all), squeezed(&text));
            }
        }
    }
}
