//! A page as data: blocks of words, tables and charts.
//!
//! ```text
//! sections of a report, tables of a comparison ─→ Block, Words, Table ─markdown→ report.md
//!                                                                     ─html→ report.html
//!                                                                     ─terminal→ what is printed
//! ```
//!
//! Nothing here is markup. Each renderer escapes [`Words`], so another renderer is a file here and
//! touches no section.

pub mod html;
pub mod markdown;
pub mod terminal;

use crate::chart::{Chart, Draw, Drawing};
pub(crate) use crate::words::words;
pub use crate::words::{Inline, Words, code, link, message, strong, term};

/// The cells of a table's row, each something that [`Words`] are made from.
macro_rules! cells {
    ($($cell:expr),* $(,)?) => { vec![$($crate::page::Words::from($cell)),*] };
}

/// Blocks, each something that a [`Block`] is made from.
macro_rules! blocks {
    ($($block:expr),* $(,)?) => { vec![$($crate::page::Block::from($block)),*] };
}

pub(crate) use {blocks, cells};

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

/// Alignment of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// Meaning of a row's word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Better.
    Good,
    /// Worse.
    Bad,
    /// Not known.
    Open,
    /// Nothing of these.
    Plain,
}

/// The mark of a row, for a terminal.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Mark {
    /// A word in the row that has a colour.
    Word(&'static str, Tone),
    /// A bar beside the row, as long as its ratio, with a word.
    Bar {
        /// The ratio; none is no bar.
        ratio: Option<f64>,
        /// The word behind it.
        word: &'static str,
        /// Its colour.
        tone: Tone,
    },
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    columns: Vec<(Words, Align)>,
    rows: Vec<Vec<Words>>,
    /// The mark of each row.
    marks: Vec<Option<Mark>>,
    /// First columns that say what a row is about.
    lead: usize,
}

impl Default for Table {
    fn default() -> Table {
        Table { columns: Vec::new(), rows: Vec::new(), marks: Vec::new(), lead: 1 }
    }
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
        self.marks.push(None);
    }

    /// Marks the last row.
    pub fn mark(&mut self, mark: Mark) {
        if let Some(last) = self.marks.last_mut() {
            *last = Some(mark);
        }
    }

    /// Sets how many of the first columns say what a row is about; one, if nothing is set.
    #[must_use]
    pub fn led_by(mut self, columns: usize) -> Table {
        self.lead = columns;
        self
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
