//! Text for a terminal: names between backticks, no other mark.

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, ContentArrangement, presets};

use super::{Align, Block, Inline, Mark, Table, Tone, Words};

/// Columns that a bar has at least beside a table; where there are fewer, it stands below its row.
const NARROWEST_BAR: usize = 8;

/// Columns that a bar has at most: more say nothing more.
const WIDEST_BAR: usize = 40;

/// The terminal that text is for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Screen {
    /// Columns that fit into a line; without them lines are as long as they are, and no bars are drawn.
    pub width: Option<usize>,
    /// Whether there are ANSI colours.
    pub color: bool,
}

impl Screen {
    /// Blocks as lines. Nothing is folded, and a chart is told by what it shows.
    pub fn text(self, blocks: &[Block]) -> String {
        let one = |block: &Block| match block {
            Block::Heading(_, words) | Block::Text(words) | Block::Quote(words) => {
                self.wrapped(&line(words))
            }
            Block::Table(shown) => self.table(shown),
            Block::Figure(figure) => self.wrapped(&figure.alt),
            Block::Details(_, folded) => self.text(folded),
            Block::List(items) => {
                items.iter().map(|item| self.wrapped(&line(item))).collect::<Vec<_>>().join("\n")
            }
            Block::Code(_, code) => code.trim_end().to_owned(),
        };
        blocks.iter().map(one).collect::<Vec<_>>().join("\n")
    }

    /// Lines broken between words, so that each fits. A word that does not fit stands alone.
    pub fn wrapped(self, text: &str) -> String {
        let Some(width) = self.width else { return text.to_owned() };
        text.split('\n').map(|line| wrapped(line, width)).collect::<Vec<_>>().join("\n")
    }

    /// A table without a frame. Where it does not fit, each row becomes a few lines of its own.
    pub fn table(self, shown: &Table) -> String {
        let lines = trimmed(shown);
        let widest = lines.lines().map(columns).max().unwrap_or(0);
        if self.width.is_some_and(|width| widest > width) {
            return self.rows(shown);
        }
        let (header, rows) = lines.split_once('\n').unwrap_or((&lines, ""));
        let mut out = vec![header.to_owned()];
        for (row, mark) in rows.split('\n').zip(&shown.marks) {
            let bar = mark.and_then(|mark| self.bar(shown, mark, widest + 2));
            let row = self.colored(row, *mark);
            match bar {
                None => out.push(row),
                Some((bar, true)) => {
                    let blanks = " ".repeat((widest + 2).saturating_sub(columns(&row)));
                    out.push(format!("{row}{blanks}{bar}"));
                }
                Some((bar, false)) => out.extend([row, format!("   {bar}")]),
            }
        }
        if shown.is_empty() { header.to_owned() } else { out.join("\n") }
    }

    /// The rows of a table that is too wide: what a row is about, then each of its other columns with its
    /// name. A cell without text is left out.
    fn rows(self, shown: &Table) -> String {
        let width = self.width.unwrap_or(usize::MAX);
        let mut rendered = shown.rendered(line).into_iter();
        let names = rendered.next().unwrap_or_default();
        let mut out = Vec::new();
        for (row, mark) in rendered.zip(&shown.marks) {
            let (lead, rest) = row.split_at(shown.lead.min(row.len()));
            let lead: Vec<&str> =
                lead.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
            out.push(self.colored(&wrapped(&lead.join("  "), width), *mark));
            let named = names[shown.lead.min(names.len())..].iter().zip(rest);
            let pairs = named
                .filter(|(_, cell)| !cell.trim().is_empty())
                .map(|(name, cell)| format!("{name} {}", cell.trim()).trim().to_owned());
            let inner = width.saturating_sub(3).max(1);
            let mut current = String::new();
            for pair in pairs {
                let joined = columns(&current) + " · ".len() + columns(&pair);
                if !current.is_empty() && joined > inner {
                    out.push(indented(&wrapped(&current, inner)));
                    current.clear();
                }
                if !current.is_empty() {
                    current += " · ";
                }
                current += &pair;
            }
            if !current.is_empty() {
                out.push(indented(&wrapped(&current, inner)));
            }
            let bar = mark.and_then(|mark| self.bar(shown, mark, width));
            out.extend(bar.map(|(bar, _)| format!("   {bar}")));
        }
        out.join("\n")
    }

    /// The bar of a row with its word, and whether it has its place beside a table that takes `taken`
    /// columns. None without a width.
    fn bar(self, shown: &Table, mark: Mark, taken: usize) -> Option<(String, bool)> {
        let (Mark::Bar { ratio, word, tone }, Some(width)) = (mark, self.width) else {
            return None;
        };
        let drawn = shown.marks.iter().flatten().filter_map(|mark| match mark {
            Mark::Bar { ratio, word, .. } => Some((ratio.unwrap_or(0.0), columns(word))),
            Mark::Word(..) => None,
        });
        let (longest, words) =
            drawn.fold((0.0, 0), |(r, w), (ratio, word)| (f64::max(r, ratio), w.max(word)));
        let beside = width.saturating_sub(taken + words + 1);
        let below = width.saturating_sub(3 + words + 1);
        let fits = beside >= NARROWEST_BAR;
        let room = if fits { beside } else { below }.min(WIDEST_BAR);
        let blocks = ratio.map(|ratio| blocks(ratio / longest, room)).unwrap_or_default();
        let style = self.style(tone);
        let gap = if blocks.is_empty() || word.is_empty() { "" } else { " " };
        let text = format!("{blocks}{gap}{word}");
        (!text.is_empty()).then(|| (format!("{style}{text}{style:#}"), fits))
    }

    /// A line with the word of its mark in colour. Colours go into finished lines: a table would count them
    /// as width.
    fn colored(self, line: &str, mark: Option<Mark>) -> String {
        match mark {
            Some(Mark::Word(word, tone)) => self.paint(line, word, tone),
            _ => line.to_owned(),
        }
    }

    /// The first such word of a line in colour.
    pub fn paint(self, line: &str, word: &str, tone: Tone) -> String {
        let style = self.style(tone);
        line.replacen(word, &format!("{style}{word}{style:#}"), 1)
    }

    fn style(self, tone: Tone) -> Style {
        let color = match tone {
            _ if !self.color => return Style::new(),
            Tone::Good => AnsiColor::Green,
            Tone::Bad => AnsiColor::Red,
            Tone::Open => AnsiColor::Yellow,
            Tone::Plain => return Style::new(),
        };
        color.on_default()
    }
}

/// Blocks as lines, as long as they are.
pub fn text(blocks: &[Block]) -> String {
    Screen::default().text(blocks)
}

/// Words as they stand.
pub fn line(words: &Words) -> String {
    let piece = |inline: &Inline| match inline {
        Inline::Text(text) => text.clone(),
        Inline::Code(name) => format!("`{name}`"),
        Inline::Strong(words) | Inline::Emphasis(words) | Inline::Link(words, _) => line(words),
    };
    words.pieces().iter().map(piece).collect()
}

/// A table without a frame.
pub fn table(table: &Table) -> String {
    let mut out = comfy_table::Table::new();
    out.load_style(presets::NOTHING);
    out.set_content_arrangement(ContentArrangement::Disabled);
    let mut rows = table.rendered(line).into_iter();
    out.set_header(rows.next().unwrap_or_default());
    out.add_rows(rows);
    for (column, (_, align)) in out.column_iter_mut().zip(&table.columns) {
        column.set_cell_alignment(match align {
            Align::Left => CellAlignment::Left,
            Align::Right => CellAlignment::Right,
        });
    }
    out.to_string()
}

/// A table without a frame, and without the blanks that fill its last column.
pub fn trimmed(shown: &Table) -> String {
    table(shown).lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// Columns that a text takes.
fn columns(text: &str) -> usize {
    text.chars().count()
}

fn wrapped(line: &str, width: usize) -> String {
    if columns(line) <= width {
        return line.to_owned();
    }
    let mut lines: Vec<String> = Vec::new();
    for word in line.split(' ').filter(|word| !word.is_empty()) {
        match lines.last_mut() {
            Some(last) if columns(last) + 1 + columns(word) <= width => {
                last.push(' ');
                last.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

fn indented(lines: &str) -> String {
    lines.split('\n').map(|line| format!("   {line}")).collect::<Vec<_>>().join("\n")
}

/// A bar of so many eighths of columns; what is more than nothing has one at least.
fn blocks(share: f64, room: usize) -> String {
    const EIGHTHS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
    if !(share > 0.0 && share.is_finite()) {
        return String::new();
    }
    let eighths = ((share.min(1.0) * room as f64 * 8.0).round() as usize).max(1);
    "█".repeat(eighths / 8) + EIGHTHS[eighths % 8]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::page::{cells, code};

    fn shown(ratios: &[Option<f64>]) -> Table {
        let mut table = Table::new(["strategy"]).numbers(["time", "× baseline"]);
        for (n, ratio) in ratios.iter().enumerate() {
            let name = code(format!("strategy {n}"));
            table.row(cells![name, "12.3 ms", ratio.map_or("–".to_owned(), |r| format!("{r:.3}"))]);
            table.mark(match ratio {
                None => Mark::Bar { ratio: None, word: "not ranked", tone: Tone::Open },
                &ratio => Mark::Bar { ratio, word: "faster", tone: Tone::Good },
            });
        }
        table
    }

    #[test]
    fn bars_stand_beside_their_rows_or_below_them() {
        let table = shown(&[Some(0.025), Some(0.5), Some(1.0), None]);
        let at = |width| Screen { width: Some(width), color: false }.table(&table);
        insta::assert_snapshot!([60, 50, 30].map(at).join("\n---\n"));
        // Nobody knows how wide a file is.
        assert_eq!(Screen::default().table(&table), trimmed(&table));
    }

    #[test]
    fn the_word_of_a_verdict_has_its_color_and_nothing_else_has() {
        let table = shown(&[Some(1.0), None]);
        let colored = Screen { width: Some(80), color: true }.table(&table);
        assert_eq!(colored.matches("\u{1b}[32m").count(), 1);
        assert_eq!(colored.matches("\u{1b}[33mnot ranked").count(), 1);
        let plain = Screen { width: Some(80), color: false }.table(&table);
        assert!(!plain.contains('\u{1b}'));
    }

    proptest! {
        /// Whatever is shown: every line fits where its words do, and no word is lost.
        #[test]
        fn text_fits_and_is_whole(
            ratios in prop::collection::vec(prop::option::of(1e-6..1e6), 1..7),
            width in 20usize..120,
            words in prop::collection::vec("[a-z×µ]{1,19}", 0..30),
        ) {
            let screen = Screen { width: Some(width), color: false };
            let sentence = words.join(" ");
            let blocks = [Block::from(sentence.clone()), Block::from(shown(&ratios))];
            let text = screen.text(&blocks);
            for line in text.lines() {
                prop_assert!(columns(line) <= width, "{line} in {width}");
            }
            let told: Vec<&str> = text.split_whitespace().collect();
            let table = table(&shown(&ratios));
            let rows = table.split_once('\n').expect("a header").1;
            for word in sentence.split_whitespace().chain(rows.split_whitespace()) {
                prop_assert!(told.contains(&word), "{word} in {text}");
            }
        }

        /// A longer bar is a larger ratio, and what is more than nothing can be seen.
        #[test]
        fn bars_are_in_order(one in 0.0f64..1.0, other in 0.0f64..1.0, room in 1usize..60) {
            let length = |share: f64| {
                let bar = blocks(share, room);
                (columns(&bar), bar.chars().last().map(|c| std::cmp::Reverse(c as u32)))
            };
            let (less, more) = (one.min(other), one.max(other));
            prop_assert!(length(less) <= length(more));
            prop_assert!(columns(&blocks(more, room)) <= room);
            prop_assert_eq!(blocks(more, room).is_empty(), more == 0.0);
        }
    }
}
