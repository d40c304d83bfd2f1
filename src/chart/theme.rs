//! The one table of colours: a name, a light value and a dark value for each token.
//!
//! Charts name tokens, never colours. The light values are unique and no dark ones, so that a
//! finished SVG can be recoloured by value alone; a test holds that, and that every
//! text colour has a contrast of at least 4.5:1 on its surface.

/// Light or dark colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Dark text on a white surface.
    Light,
    /// Pale text on a near-black surface.
    Dark,
}

/// A role that a colour plays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    Surface,
    Ink,
    Muted,
    Grid,
    Axis,
    /// A tinted area that carries text, such as a scale note.
    Tint,
    /// The ideal, a bound, a reference: beside the data, not of it.
    Reference,
    /// Time spent waiting for a permit.
    Queued,
    /// A mark beyond the hues of series: nine phases need one more.
    Brown,
    /// Text on a mark that is dark on a light page.
    OnDeep,
    /// Text on a mark that is pale on every page.
    OnPale,
    /// The mark of series n (cycles through [`HUES`]).
    Mark(usize),
    /// Text in the hue of series n.
    Text(usize),
}

struct Entry {
    name: &'static str,
    light: u32,
    dark: u32,
}

const fn entry(name: &'static str, light: u32, dark: u32) -> Entry {
    Entry { name, light, dark }
}

/// Number of distinguishable series.
pub(super) const HUES: usize = 8;

/// Blue: a phase or verdict that needs attention without alarm.
pub(super) const BLUE: usize = 0;
/// Vermillion: failures and "slower".
pub(super) const VERMILLION: usize = 1;
/// Green: "faster".
pub(super) const GREEN: usize = 2;
/// Orange: a phase between purple and brown.
pub(super) const ORANGE: usize = 3;
/// Purple: a phase that is like no failure.
pub(super) const PURPLE: usize = 4;
/// Sky blue: the lighter neighbour of blue.
pub(super) const SKY: usize = 5;
/// Olive: a phase between brown and blue.
pub(super) const OLIVE: usize = 6;
/// Slate: the hue of what is not the subject.
pub(super) const SLATE: usize = 7;

const BASE: [Entry; 11] = [
    entry("surface", 0xFFFFFF, 0x14181D),
    entry("ink", 0x1A1D21, 0xE9ECEF),
    entry("muted", 0x5A6470, 0xA6B0BA),
    entry("grid", 0xE4E7EB, 0x2B323A),
    entry("axis", 0x98A1AB, 0x5F6A75),
    entry("tint", 0xEEF3F8, 0x1F2830),
    entry("reference", 0x3C444D, 0xC3CAD1),
    entry("queued", 0xD7DDE4, 0x36404A),
    entry("mark-brown", 0x7A4B2E, 0xB98662),
    entry("on-deep", 0xFEFEFE, 0x101316),
    entry("on-pale", 0x111417, 0x111417),
];

/// Okabe–Ito for the first hues (its yellow is too pale on white, its black is ink);
/// olive and slate are ours.
const MARKS: [Entry; HUES] = [
    entry("mark-blue", 0x0072B2, 0x3D9BD9),
    entry("mark-vermillion", 0xD55E00, 0xE9772B),
    entry("mark-green", 0x009E73, 0x2DB88E),
    entry("mark-orange", 0xE69F00, 0xE8AE33),
    entry("mark-purple", 0xCC79A7, 0xD58FB5),
    entry("mark-sky", 0x56B4E9, 0x8CCDF3),
    entry("mark-olive", 0x9C9400, 0xCFC63E),
    entry("mark-slate", 0x6B7785, 0x93A0AD),
];

/// Darker companions of the same hue, for text.
const TEXTS: [Entry; HUES] = [
    entry("text-blue", 0x00639C, 0x6FB8E8),
    entry("text-vermillion", 0xB04A00, 0xF29A5E),
    entry("text-green", 0x007A59, 0x5CCBA8),
    entry("text-orange", 0x865A00, 0xEDBE5C),
    entry("text-purple", 0x9E467A, 0xE0A9C7),
    entry("text-sky", 0x22698F, 0xA9DAF7),
    entry("text-olive", 0x6B6600, 0xDAD363),
    entry("text-slate", 0x4F5B68, 0xAFBAC5),
];

fn table() -> impl Iterator<Item = &'static Entry> {
    BASE.iter().chain(&MARKS).chain(&TEXTS)
}

impl Token {
    fn entry(self) -> &'static Entry {
        match self {
            Self::Surface => &BASE[0],
            Self::Ink => &BASE[1],
            Self::Muted => &BASE[2],
            Self::Grid => &BASE[3],
            Self::Axis => &BASE[4],
            Self::Tint => &BASE[5],
            Self::Reference => &BASE[6],
            Self::Queued => &BASE[7],
            Self::Brown => &BASE[8],
            Self::OnDeep => &BASE[9],
            Self::OnPale => &BASE[10],
            Self::Mark(n) => &MARKS[n % HUES],
            Self::Text(n) => &TEXTS[n % HUES],
        }
    }

    /// The light value, as red, green and blue.
    pub(super) fn light(self) -> (u8, u8, u8) {
        let [_, r, g, b] = self.entry().light.to_be_bytes();
        (r, g, b)
    }
}

/// `body` with the dark value of every token in place of the light one.
pub(super) fn darken(body: &str) -> String {
    let quoted = |rgb| format!("\"{}\"", hex(rgb));
    table().fold(body.to_owned(), |body, e| body.replace(&quoted(e.light), &quoted(e.dark)))
}

/// The style sheet for a drawing: a CSS variable for each token that `body` uses,
/// a dark set of the same, and rules that lead from the literal light colour to the
/// variable. The literal stays in the drawing for renderers without CSS variables.
pub(super) fn style_sheet(id: &str, body: &str) -> String {
    let used: Vec<&Entry> =
        table().filter(|e| body.contains(&format!("\"{}\"", hex(e.light)))).collect();
    let set = |pick: fn(&Entry) -> u32| -> String {
        used.iter().map(|e| format!("--{}:{};", e.name, hex(pick(e)))).collect()
    };
    let mut css = format!(
        "#{id}{{max-width:100%;height:auto;{}}}\n@media (prefers-color-scheme:dark){{#{id}{{{}}}}}\n",
        set(|e| e.light),
        set(|e| e.dark)
    );
    for e in &used {
        for attribute in ["fill", "stroke"] {
            let selector = format!("{attribute}=\"{}\"", hex(e.light));
            if body.contains(&selector) {
                css += &format!("#{id} [{selector}]{{{attribute}:var(--{})}}\n", e.name);
            }
        }
    }
    css
}

/// The style of a page with charts in it: every colour as a variable, light and dark, and each mark in the
/// variable of its colour.
#[must_use]
pub fn page_style() -> String {
    let set = |pick: fn(&Entry) -> u32| -> String {
        table().map(|e| format!("--{}:{};", e.name, hex(pick(e)))).collect()
    };
    let rules = table().flat_map(|e| {
        ["fill", "stroke"].map(|attribute| {
            format!("svg [{attribute}=\"{}\"]{{{attribute}:var(--{})}}\n", hex(e.light), e.name)
        })
    });
    format!(
        ":root{{{}}}\n@media (prefers-color-scheme:dark){{:root{{{}}}}}\n{}",
        set(|e| e.light),
        set(|e| e.dark),
        rules.collect::<String>()
    )
}

fn hex(rgb: u32) -> String {
    format!("#{rgb:06X}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether text is ever written in this colour.
    fn is_text(entry: &&Entry) -> bool {
        entry.name.starts_with("text-") || ["ink", "muted", "reference"].contains(&entry.name)
    }

    fn luminance(rgb: u32) -> f64 {
        let [_, r, g, b] = rgb.to_be_bytes();
        let linear = |c: u8| {
            let c = f64::from(c) / 255.0;
            if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
    }

    fn contrast(a: u32, b: u32) -> f64 {
        let (a, b) = (luminance(a), luminance(b));
        (a.max(b) + 0.05) / (a.min(b) + 0.05)
    }

    #[test]
    fn text_is_readable_on_the_surface_and_on_the_tint_in_both_modes() {
        for ground in [&BASE[0], &BASE[5]] {
            for e in table().filter(is_text) {
                let (light, dark) =
                    (contrast(e.light, ground.light), contrast(e.dark, ground.dark));
                assert!(light >= 4.5, "{} on light {}: {light:.2}", e.name, ground.name);
                assert!(dark >= 4.5, "{} on dark {}: {dark:.2}", e.name, ground.name);
            }
        }
    }

    #[test]
    fn marks_stand_out_from_the_surface() {
        // 3:1 is what WCAG asks of graphics; Okabe–Ito's orange, purple and sky miss
        // it on white by design, which is why every mark also carries a label.
        for e in &MARKS {
            assert!(contrast(e.light, BASE[0].light) >= 2.0, "{}", e.name);
            assert!(contrast(e.dark, BASE[0].dark) >= 3.0, "{}", e.name);
        }
    }

    #[test]
    fn words_on_the_colour_of_a_phase_are_readable() {
        use crate::chart::phase::{colour, on};
        for phase in crate::strategy::probe::Phase::ALL {
            let (ground, text) = (colour(phase).entry(), on(phase).entry());
            assert!(contrast(text.light, ground.light) >= 4.5, "{phase:?} in light");
            assert!(contrast(text.dark, ground.dark) >= 4.5, "{phase:?} in dark");
        }
    }

    #[test]
    fn a_light_value_stands_for_one_token() {
        for e in table() {
            let same = |other: &&Entry| {
                other.light == e.light || (other.dark == e.light && other.name != e.name)
            };
            assert_eq!(table().filter(same).count(), 1, "{}", e.name);
        }
    }

    #[test]
    fn every_token_has_its_own_name() {
        assert_eq!(Token::Surface.entry().name, "surface");
        assert_eq!(Token::Queued.entry().name, "queued");
        assert_eq!(Token::Mark(SLATE + HUES).entry().name, "mark-slate");
        assert_eq!(Token::Text(VERMILLION).entry().name, "text-vermillion");
        assert_eq!(Token::Mark(GREEN).entry().name, "mark-green");
        assert_eq!(Token::Mark(SKY).entry().name, "mark-sky");
        assert_eq!(Token::Mark(ORANGE).entry().name, "mark-orange");
        assert_eq!(Token::Mark(PURPLE).entry().name, "mark-purple");
        assert_eq!(Token::Mark(OLIVE).entry().name, "mark-olive");
        assert_eq!(Token::Brown.entry().name, "mark-brown");
        assert_eq!(Token::OnPale.entry().name, "on-pale");
        assert_eq!(Token::Mark(BLUE).entry().name, "mark-blue");
    }
}
