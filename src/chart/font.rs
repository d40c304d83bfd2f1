//! Text measured with the embedded font, and text made to fit.

use std::sync::LazyLock;

use ab_glyph::{Font, FontRef};

/// Inter, Regular, subset; see `assets/fonts/LICENSE-Inter.txt`.
pub(super) const REGULAR: &[u8] = include_bytes!("../../assets/fonts/Inter-Regular.subset.otf");
/// Inter, SemiBold, subset.
pub(super) const SEMI_BOLD: &[u8] = include_bytes!("../../assets/fonts/Inter-SemiBold.subset.otf");
/// The family list of every text: the embedded font where it is installed or loaded,
/// the reader's interface font elsewhere.
pub(super) const FAMILY: &str = "Inter, system-ui, -apple-system, Roboto, Arial, sans-serif";

/// How heavy the letters are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    SemiBold,
}

static FACES: LazyLock<[FontRef<'static>; 2]> = LazyLock::new(|| {
    [REGULAR, SEMI_BOLD]
        .map(|bytes| FontRef::try_from_slice(bytes).expect("the embedded font is well-formed"))
});

fn face(weight: Weight) -> &'static FontRef<'static> {
    match weight {
        Weight::Regular => &FACES[0],
        Weight::SemiBold => &FACES[1],
    }
}

/// Width of `text` in px at `size` px.
///
/// Characters outside the subset come from a font that we do not know: they count
/// as one em, which is wide for Latin and right for CJK.
pub(super) fn width(text: &str, size: f64, weight: Weight) -> f64 {
    text.chars().map(|c| advance(c, size, weight)).sum()
}

/// Whether every character is in the subset, so that [`width`] is no guess.
pub(super) fn knows(text: &str) -> bool {
    text.chars().all(|c| face(Weight::Regular).glyph_id(c).0 != 0)
}

/// Width of one character; the font's kerning pairs are worth less than a tenth of a
/// pixel and are left to the renderer.
fn advance(c: char, size: f64, weight: Weight) -> f64 {
    let font = face(weight);
    let glyph = font.glyph_id(c);
    if glyph.0 == 0 {
        return size;
    }
    let em = font.units_per_em().unwrap_or(2048.0);
    f64::from(font.h_advance_unscaled(glyph) / em) * size
}

/// `text` in lines no wider than `max`, at most `lines` of them; what does not fit
/// the last line ends in an ellipsis. Words longer than a line are broken.
pub(super) fn wrap(text: &str, size: f64, weight: Weight, max: f64, lines: usize) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut line = String::new();
    let fits = |s: &str| width(s, size, weight) <= max;
    let mut words = text.split_whitespace().peekable();
    while let Some(word) = words.next() {
        let joined = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if fits(&joined) {
            line = joined;
            continue;
        }
        if out.len() + 1 == lines {
            let rest: Vec<&str> = words.by_ref().collect();
            line = cut_end(&format!("{joined} {}", rest.join(" ")), size, weight, max);
            break;
        }
        if !line.is_empty() {
            out.push(std::mem::take(&mut line));
        }
        line = word.to_owned();
        while !fits(&line) && out.len() + 1 < lines {
            let head = longest_prefix(&line, size, weight, max);
            let tail = line.split_off(head.max(1).min(line.len()));
            out.push(std::mem::replace(&mut line, tail));
        }
        if !fits(&line) {
            let rest: Vec<&str> = words.by_ref().collect();
            line = cut_end(&format!("{line} {}", rest.join(" ")), size, weight, max);
        }
    }
    if !line.is_empty() {
        out.push(line);
    }
    out
}

/// The same in as many lines, but of about one width: no single word below a full line.
pub(super) fn balance(
    text: &str,
    size: f64,
    weight: Weight,
    max: f64,
    lines: usize,
) -> Vec<String> {
    const STEPS: u32 = 20;
    let full = wrap(text, size, weight, max, lines);
    let narrow = (1..STEPS)
        .map(|step| wrap(text, size, weight, max * f64::from(step) / f64::from(STEPS), lines))
        // What is cut or broken says something else.
        .find(|narrow| narrow.len() == full.len() && narrow.join(" ") == full.join(" "));
    narrow.unwrap_or(full)
}

/// `text`, or as much of its beginning as fits, with an ellipsis.
pub(super) fn cut_end(text: &str, size: f64, weight: Weight, max: f64) -> String {
    let text = text.trim();
    if width(text, size, weight) <= max {
        return text.to_owned();
    }
    let room = max - width("…", size, weight);
    let end = longest_prefix(text, size, weight, room);
    format!("{}…", text[..end].trim_end())
}

/// `text`, or its two ends around an ellipsis: strategy names differ at the ends.
pub(super) fn cut_middle(text: &str, size: f64, weight: Weight, max: f64) -> String {
    if width(text, size, weight) <= max {
        return text.to_owned();
    }
    let chars: Vec<char> = text.chars().collect();
    let wide = |c: &char| advance(*c, size, weight);
    let mut room = max - width("…", size, weight);
    let (mut head, mut tail) = (0, 0);
    while head + tail < chars.len() {
        let next = if head <= tail { head } else { chars.len() - 1 - tail };
        room -= wide(&chars[next]);
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
fn longest_prefix(text: &str, size: f64, weight: Weight, max: f64) -> usize {
    let (mut end, mut wide) = (0, 0.0);
    for (at, c) in text.char_indices() {
        wide += advance(c, size, weight);
        if end > 0 && wide > max {
            break;
        }
        end = at + c.len_utf8();
    }
    end
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
        let missing: String = needed
            .filter(|&c| {
                face(Weight::Regular).glyph_id(c).0 == 0
                    || face(Weight::SemiBold).glyph_id(c).0 == 0
            })
            .collect();
        assert_eq!(missing, "");
    }

    #[test]
    fn width_grows_with_size_and_weight() {
        let at = |size, weight| width("Sequential", size, weight);
        assert!((at(20.0, Weight::Regular) - 2.0 * at(10.0, Weight::Regular)).abs() < 1e-9);
        assert!(at(10.0, Weight::SemiBold) > at(10.0, Weight::Regular));
    }

    #[test]
    fn the_middle_is_cut_and_the_ends_stay() {
        let cut =
            cut_middle("async-semaphore reqwest session limit 1000", 12.0, Weight::Regular, 150.0);
        assert!(cut.starts_with("async") && cut.ends_with("1000"), "{cut}");
    }

    #[test]
    fn no_word_is_left_alone() {
        let text = "8,984 of 10,000 requests failed, the first of them by 44.6 ms";
        let max = width(text, 20.0, Weight::SemiBold) - 1.0;
        assert_eq!(wrap(text, 20.0, Weight::SemiBold, max, 2)[1], "ms");
        let balanced = balance(text, 20.0, Weight::SemiBold, max, 2);
        let widths: Vec<f64> =
            balanced.iter().map(|line| width(line, 20.0, Weight::SemiBold)).collect();
        assert!(widths.len() == 2 && widths[1] > 0.6 * widths[0], "{balanced:?}");
    }

    proptest! {
        #[test]
        fn wrapped_lines_fit_and_nothing_is_lost_unless_marked(
            text in "[a-zA-Z ]{0,120}", max in 40.0..400.0f64, lines in 1usize..4,
        ) {
            let wrapped = wrap(&text, 13.0, Weight::Regular, max, lines);
            prop_assert!(wrapped.len() <= lines);
            for line in &wrapped {
                prop_assert!(width(line, 13.0, Weight::Regular) <= max, "{line:?}");
            }
            let balanced = balance(&text, 13.0, Weight::Regular, max, lines);
            prop_assert_eq!(balanced.len(), wrapped.len());
            prop_assert_eq!(balanced.join(" "), wrapped.join(" "));
            for line in &balanced {
                prop_assert!(width(line, 13.0, Weight::Regular) <= max, "{line:?}");
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
