//! Words in a line, without markup: `words!` takes text as it stands, and each renderer of a
//! [`page`](crate::page) escapes it.

use std::fmt;

/// Words of pieces: literals, names of variables, and expressions in parentheses. A piece is what
/// [`Words`] are made from, such as anything that can be displayed.
macro_rules! words {
    (@piece ($piece:expr)) => { $crate::words::Words::from($piece) };
    (@piece $piece:expr) => { $crate::words::Words::from($piece) };
    ($($piece:tt)*) => { $crate::words::Words::of([$($crate::words::words!(@piece $piece)),*]) };
}

pub(crate) use words;

/// Text in a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Words(Vec<Inline>);

/// A piece of [`Words`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Inline {
    /// Text that stands for itself.
    Text(String),
    /// A name, or something to type.
    Code(String),
    /// Words that matter most.
    Strong(Words),
    /// A term where it is explained.
    Emphasis(Words),
    /// Words that lead to an address.
    Link(Words, String),
}

/// Text that stands for itself, of anything that can be displayed.
impl<T: fmt::Display> From<T> for Words {
    fn from(text: T) -> Words {
        match text.to_string() {
            none if none.is_empty() => Words::default(),
            text => Words(vec![Inline::Text(text)]),
        }
    }
}

/// A name, or something to type.
pub fn code(name: impl fmt::Display) -> Words {
    Words(vec![Inline::Code(name.to_string())])
}

/// Words that matter most.
pub fn strong(words: impl Into<Words>) -> Words {
    Words(vec![Inline::Strong(words.into())])
}

/// A term where it is explained.
pub fn term(words: impl Into<Words>) -> Words {
    Words(vec![Inline::Emphasis(words.into())])
}

/// Words that lead to an address.
pub fn link(words: impl Into<Words>, to: String) -> Words {
    Words(vec![Inline::Link(words.into(), to)])
}

/// A message for a terminal, in which names stand between backticks.
pub fn message(text: &str) -> Words {
    let pieces = text.split('`').enumerate();
    Words::of(pieces.map(|(i, piece)| if i % 2 == 1 { code(piece) } else { piece.into() }))
}

impl Words {
    /// Words one after the other.
    pub fn of(parts: impl IntoIterator<Item = Words>) -> Words {
        let mut all = Words::default();
        parts.into_iter().for_each(|part| all.push(part));
        all
    }

    /// Adds words at the end.
    pub fn push(&mut self, more: impl Into<Words>) {
        for inline in more.into().0 {
            match (self.0.last_mut(), inline) {
                (Some(Inline::Text(before)), Inline::Text(text)) => before.push_str(&text),
                (_, inline) => self.0.push(inline),
            }
        }
    }

    /// Its pieces, in their order.
    pub fn pieces(&self) -> &[Inline] {
        &self.0
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Words with something between them; empty ones are skipped.
    pub fn join(parts: impl IntoIterator<Item = Words>, between: &str) -> Words {
        let mut all = Words::default();
        for part in parts.into_iter().filter(|part| !part.is_empty()) {
            if !all.is_empty() {
                all.push(between);
            }
            all.push(part);
        }
        all
    }

    /// `a`, `a and b`, `a, b and c`
    pub fn and(items: impl IntoIterator<Item = Words>) -> Words {
        let mut items: Vec<Words> = items.into_iter().collect();
        match items.pop() {
            Some(last) if !items.is_empty() => words!((Words::join(items, ", ")) " and " last),
            last => last.unwrap_or_default(),
        }
    }

    /// `a, b and 3 more`: at most this many items.
    pub fn some(items: impl IntoIterator<Item = Words>, most: usize) -> Words {
        let mut items: Vec<Words> = items.into_iter().collect();
        let more = items.len().saturating_sub(most);
        items.truncate(most);
        items.extend((more > 0).then(|| words!(more " more")));
        Words::and(items)
    }

    /// A sentence that goes on after other words. A name that it begins with stays as it is.
    #[must_use]
    pub fn uncapital(mut self) -> Words {
        if let Some(Inline::Text(text)) = self.0.first_mut() {
            let mut chars = text.chars();
            *text = chars.next().into_iter().flat_map(char::to_lowercase).chain(chars).collect();
        }
        self
    }
}

/// Plurals of one thing in a text: `1 cells`. A number after `of` counts more than it: `0 of 1 trials`.
#[cfg(test)]
pub(crate) fn plurals_of_one(text: &str) -> Vec<String> {
    const THINGS: [&str; 18] = [
        "cells",
        "blocks",
        "trials",
        "requests",
        "recordings",
        "reports",
        "steps",
        "scenarios",
        "connections",
        "CPUs",
        "claims",
        "builds",
        "others",
        "errors",
        "strategies",
        "machines",
        "threads",
        "limits",
    ];
    // What begins a line or a cell of a table goes on from nothing.
    let text = text.replace('\n', " | ");
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let is_one = |word: &str| word.trim_start_matches(['(', '*', '>']) == "1";
    let found = words.windows(3).filter(|w| {
        let thing = w[2].trim_end_matches(|c: char| !c.is_alphanumeric());
        w[0] != "of" && is_one(w[1]) && THINGS.contains(&thing)
    });
    found.map(|w| w.join(" ")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_thing_has_no_plural() {
        assert_eq!(plurals_of_one("There are 1 cells."), ["are 1 cells."]);
        assert_eq!(plurals_of_one("It is (1 blocks)"), ["is (1 blocks)"]);
        for fine in ["a 1 cell", "1 of 1 trials", "of 11 cells", "is 0.1 cells", "at 1 request"] {
            assert_eq!(plurals_of_one(fine), [""; 0], "{fine}");
        }
        for thing in ["cell", "CPU", "recording"] {
            for number in [0, 1, 2, 1_000] {
                let said = format!("has {}.", crate::units::counted(number, thing));
                assert!(plurals_of_one(&said).is_empty(), "{said}");
                assert_eq!(said.contains(&format!("{thing}s")), number != 1, "{said}");
            }
        }
    }

    #[test]
    fn words_are_pieces_in_their_order() {
        let n = 2;
        let said = words!("There are " n " of " (code("a`b")) (strong("now")) (String::new()) ".");
        let text = |text: &str| Inline::Text(text.to_owned());
        let pieces = [
            text("There are 2 of "),
            Inline::Code("a`b".into()),
            Inline::Strong("now".into()),
            text("."),
        ];
        assert_eq!(said.pieces(), pieces);
        assert_eq!(words!("a" "b" n), "ab2".into());
        assert_eq!(words!(), Words::default());
    }

    #[test]
    fn items_are_joined_as_a_sentence_has_them() {
        let items = |n: usize| ["a", "b", "c"].into_iter().take(n).map(Words::from);
        let all = [0, 1, 2, 3].map(|n| Words::and(items(n)));
        assert_eq!(all, ["", "a", "a and b", "a, b and c"].map(Words::from));
        assert_eq!(Words::some(items(3), 3), "a, b and c".into());
        assert_eq!(Words::some(items(3), 1), "a and 2 more".into());
        assert_eq!(words!("Not "(code("A"))).uncapital(), words!("not "(code("A"))));
        assert_eq!(code("A").uncapital(), code("A"));
    }

    #[test]
    fn a_message_names_between_backticks() {
        assert_eq!(
            message("set `a_b` or `c`."),
            words!("set " (code("a_b")) " or " (code("c")) ".")
        );
    }
}
