//! A page as data: blocks of words, tables and charts.
//!
//! ```text
//! sections of a report, tables of a comparison ─→ Block, Words, Table ─markdown→ report.md
//!                                                                     ─terminal→ what is printed
//! ```
//!
//! Nothing here is markup. `words!` takes text as it stands; each renderer escapes it, so another
//! renderer is a file here and touches no section.

pub mod markdown;
pub mod terminal;

use std::fmt;

use crate::chart::{Chart, Draw, Drawing};

/// Words of pieces: literals, names of variables, and expressions in parentheses. A piece is what
/// [`Words`] are made from, such as anything that can be displayed.
macro_rules! words {
    (@piece ($piece:expr)) => { $crate::page::Words::from($piece) };
    (@piece $piece:expr) => { $crate::page::Words::from($piece) };
    ($($piece:tt)*) => { $crate::page::Words::of([$($crate::page::words!(@piece $piece)),*]) };
}

/// The cells of a table's row, each something that [`Words`] are made from.
macro_rules! cells {
    ($($cell:expr),* $(,)?) => { vec![$($crate::page::Words::from($cell)),*] };
}

/// Blocks, each something that a [`Block`] is made from.
macro_rules! blocks {
    ($($block:expr),* $(,)?) => { vec![$($crate::page::Block::from($block)),*] };
}

pub(crate) use {blocks, cells, words};

/// A part of a page.
#[derive(Debug, Clone, PartialEq)]
pub enum Block {
    /// A heading with its level; 1 is that of the page.
    Heading(u8, Words),
    /// A paragraph.
    Text(Words),
    /// A paragraph that quotes somebody.
    Quote(Words),
    /// A table.
    Table(Table),
    /// A chart.
    Figure(Box<Figure>),
    /// A summary, and what is folded below it.
    Details(String, Vec<Block>),
    /// A list.
    List(Vec<Words>),
    /// Code in a language.
    Code(&'static str, String),
}

impl<T: Into<Words>> From<T> for Block {
    fn from(words: T) -> Block {
        Block::Text(words.into())
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Block {
        Block::Table(table)
    }
}

impl From<Figure> for Block {
    fn from(figure: Figure) -> Block {
        Block::Figure(Box::new(figure))
    }
}

/// A heading.
pub fn heading(level: u8, words: impl Into<Words>) -> Block {
    Block::Heading(level, words.into())
}

/// A summary, and what is folded below it.
pub fn details(summary: impl Into<String>, folded: Vec<Block>) -> Block {
    Block::Details(summary.into(), folded)
}

/// A heading and what stands below it; nothing where nothing does.
pub fn under(level: u8, words: impl Into<Words>, body: Vec<Block>) -> Vec<Block> {
    if body.is_empty() { body } else { [vec![heading(level, words)], body].concat() }
}

/// A chart with the words around it.
#[derive(Debug, Clone, PartialEq)]
pub struct Figure {
    /// The chart's file beside the page, without its ending; empty until it has a place there.
    pub name: String,
    /// The chart.
    pub chart: Chart,
    /// A sentence for readers without images.
    pub alt: String,
    /// The text below it.
    pub caption: Words,
}

impl Figure {
    /// A chart with the sentences of its caption.
    pub fn new(chart: impl Into<Chart>, caption: impl IntoIterator<Item = Words>) -> Figure {
        let chart = chart.into();
        let frame = chart.frame();
        let alt = format!("{}. {}", frame.title.trim_end_matches('.'), frame.description);
        Figure { name: String::new(), alt, caption: Words::join(caption, " "), chart }
    }
}

/// Names the charts of some blocks `name`, `name-2` and so on, and draws them.
pub fn draw(blocks: &mut [Block], name: &str, drawn: &mut Vec<(String, Drawing)>) {
    let mut number = 0;
    each_figure(blocks, &mut |figure| {
        number += 1;
        figure.name = if number == 1 { name.to_owned() } else { format!("{name}-{number}") };
        let id = &mut figure.chart.frame_mut().id;
        if id.is_empty() {
            id.clone_from(&figure.name);
        }
        drawn.push((figure.name.clone(), figure.chart.draw()));
    });
}

fn each_figure(blocks: &mut [Block], to_do: &mut impl FnMut(&mut Figure)) {
    for block in blocks {
        match block {
            Block::Figure(figure) => to_do(figure),
            Block::Details(_, folded) => each_figure(folded, to_do),
            _ => {}
        }
    }
}

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

/// How a column is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Table {
    columns: Vec<(Words, Align)>,
    rows: Vec<Vec<Words>>,
}

impl Table {
    /// A table whose first columns hold words.
    pub fn new<T: Into<Words>>(columns: impl IntoIterator<Item = T>) -> Table {
        Table::default().text(columns)
    }

    /// Adds columns of words.
    #[must_use]
    pub fn text<T: Into<Words>>(self, columns: impl IntoIterator<Item = T>) -> Table {
        self.columns(columns, Align::Left)
    }

    /// Adds columns of numbers.
    #[must_use]
    pub fn numbers<T: Into<Words>>(self, columns: impl IntoIterator<Item = T>) -> Table {
        self.columns(columns, Align::Right)
    }

    /// Adds columns.
    #[must_use]
    pub fn columns<T: Into<Words>>(
        mut self,
        columns: impl IntoIterator<Item = T>,
        align: Align,
    ) -> Table {
        self.columns.extend(columns.into_iter().map(|name| (name.into(), align)));
        self
    }

    /// Adds a row with a cell for each column.
    pub fn row(&mut self, cells: Vec<Words>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// Whether it has no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The names of the columns, then the rows, each cell rendered.
    fn rendered(&self, render: impl Fn(&Words) -> String) -> Vec<Vec<String>> {
        let names = self.columns.iter().map(|(name, _)| render(name)).collect();
        let rows = self.rows.iter().map(|row| row.iter().map(&render).collect());
        std::iter::once(names).chain(rows).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_pieces_in_their_order() {
        let n = 2;
        let said = words!("There are " n " of " (code("a`b")) (strong("now")) (String::new()) ".");
        assert_eq!(terminal::line(&said), "There are 2 of `a`b`now.");
        assert_eq!(said.0.len(), 4);
        assert_eq!(words!("a" "b" n), "ab2".into());
        assert_eq!(words!(), Words::default());
    }

    #[test]
    fn items_are_joined_as_a_sentence_has_them() {
        let items = |n: usize| ["a", "b", "c"].into_iter().take(n).map(Words::from);
        let all = [0, 1, 2, 3].map(|n| terminal::line(&Words::and(items(n))));
        assert_eq!(all, ["", "a", "a and b", "a, b and c"]);
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
