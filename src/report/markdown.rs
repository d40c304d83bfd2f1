//! Markdown as GitHub reads it: escaping, tables, images, folded parts.

use std::fmt::Write as _;

/// Text that stands for itself: nothing in it is markup, and it stays on its line.
pub(super) fn text(plain: &str) -> String {
    let plain = one_line(plain);
    let mut out = String::with_capacity(plain.len());
    let mut chars = plain.chars().peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        match c {
            // Within a word an underscore is one.
            '_' if before.is_alphanumeric()
                && chars.peek().is_some_and(|c| c.is_alphanumeric()) =>
            {
                out.push('_');
            }
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '~' | '$' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Text that is a paragraph: it does not begin a heading, a list or a rule either.
pub(super) fn paragraph(plain: &str) -> String {
    let mut out = text(plain);
    let digits = out.chars().take_while(char::is_ascii_digit).count();
    match out.chars().nth(digits) {
        Some('.' | ')') if digits > 0 => out.insert(digits, '\\'),
        Some('#' | '+' | '-' | '=') if digits == 0 => out.insert(0, '\\'),
        _ => {}
    }
    out
}

/// A name as code. Where backslashes meet the pipes of a table, code cannot be escaped, so such
/// a name is plain text.
pub(super) fn code(name: &str) -> String {
    let name = one_line(name);
    if name.contains('\\') || name.trim().is_empty() {
        return text(&name);
    }
    let ticks = "`".repeat(longest_run(&name, '`') + 1);
    let space = if name.starts_with('`') || name.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{name}{space}{ticks}")
}

/// Text inside an HTML element.
pub(super) fn html(plain: &str) -> String {
    one_line(plain).replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A folded part. `summary` is plain text, `body` Markdown.
pub(super) fn details(summary: &str, body: &str) -> String {
    format!("<details>\n<summary>{}</summary>\n\n{}\n\n</details>", html(summary), body.trim_end())
}

/// A block of code that holds any text.
pub(super) fn fenced(language: &str, content: &str) -> String {
    let fence = "`".repeat(longest_run(content, '`').max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}", content.trim_end())
}

/// An image beside the report; `alt` is plain text.
pub(super) fn image(file: &str, alt: &str) -> String {
    format!("![{}]({file})", text(alt))
}

/// A list; every item is Markdown on one line.
pub(super) fn list(items: &[String]) -> String {
    items.iter().map(|item| format!("- {item}")).collect::<Vec<_>>().join("\n")
}

/// How a column is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Align {
    /// Words.
    Left,
    /// Numbers.
    Right,
}

/// A table whose cells are Markdown on one line.
pub(super) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns.
    pub(super) fn new(columns: &[(&'static str, Align)]) -> Table {
        Table { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with a cell for each column.
    pub(super) fn row(&mut self, cells: Vec<String>) {
        debug_assert_eq!(cells.len(), self.columns.len());
        self.rows.push(cells);
    }

    /// The table as Markdown, padded to be read as it stands too.
    pub(super) fn render(&self) -> String {
        let header: Vec<String> = self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        let rows: Vec<Vec<String>> = std::iter::once(&header)
            .chain(&self.rows)
            .map(|row| row.iter().map(|cell| one_line(cell).replace('|', "\\|")).collect())
            .collect();
        let width = |column: usize| {
            let cells = rows.iter().map(|row| row[column].chars().count());
            // One very long name must not pad all the others.
            cells.filter(|&w| w <= 60).max().unwrap_or(0).max(3)
        };
        let widths: Vec<usize> = (0..self.columns.len()).map(width).collect();
        let mut out = String::new();
        for (index, row) in rows.iter().enumerate() {
            // Writing to a string cannot fail.
            let _ = writeln!(out, "{}", self.line(row, &widths));
            if index == 0 {
                let rule = |(&(_, align), &width): (&(&str, Align), &usize)| match align {
                    Align::Left => "-".repeat(width),
                    Align::Right => format!("{}:", "-".repeat(width - 1)),
                };
                let rules: Vec<String> = self.columns.iter().zip(&widths).map(rule).collect();
                let _ = writeln!(out, "| {} |", rules.join(" | "));
            }
        }
        out.trim_end().to_owned()
    }

    fn line(&self, row: &[String], widths: &[usize]) -> String {
        let cells: Vec<String> = row
            .iter()
            .zip(&self.columns)
            .zip(widths)
            .map(|((cell, &(_, align)), &width)| match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            })
            .collect();
        format!("| {} |", cells.join(" | "))
    }
}

/// Line breaks and other control characters become spaces.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect::<String>().trim().to_owned()
}

fn longest_run(text: &str, of: char) -> usize {
    let (longest, _) = text.chars().fold((0, 0), |(longest, run), c| {
        let run = if c == of { run + 1 } else { 0 };
        (longest.max(run), run)
    });
    longest
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn text_is_no_markup() {
        assert_eq!(
            text("a*b_c _d_ <script> & [x](y) `z` $m$"),
            "a\\*b_c \\_d\\_ &lt;script&gt; &amp; \\[x\\](y) \\`z\\` \\$m\\$"
        );
        assert_eq!(paragraph("# no heading"), "\\# no heading");
        assert_eq!(paragraph("1. no list\nno break"), "1\\. no list no break");
    }

    #[test]
    fn code_holds_backticks() {
        assert_eq!(code("async 10"), "`async 10`");
        assert_eq!(code("a`b"), "``a`b``");
        assert_eq!(code("`a``"), "``` `a`` ```");
        assert_eq!(code("a\\|b"), "a\\\\|b");
    }

    #[test]
    fn a_fence_is_longer_than_what_it_holds() {
        assert_eq!(fenced("toml", "a = 1\n"), "```toml\na = 1\n```");
        assert!(fenced("", "````").starts_with("`````\n"));
    }

    #[test]
    fn tables_align_numbers_to_the_right() {
        let mut table = Table::new(&[("cell", Align::Left), ("wall", Align::Right)]);
        table.row(vec!["`a|b`".to_owned(), "1 s".to_owned()]);
        assert_eq!(table.render(), "| cell   | wall |\n| ------ | ---: |\n| `a\\|b` |  1 s |");
    }

    /// Cells as GitHub splits a row: at pipes that no backslash escapes.
    fn cells(line: &str) -> usize {
        let mut pipes = 0;
        let mut chars = line.chars();
        while let Some(c) = chars.next() {
            match c {
                '\\' => _ = chars.next(),
                '|' => pipes += 1,
                _ => {}
            }
        }
        pipes - 1
    }

    proptest! {
        #[test]
        fn no_name_breaks_a_table(name in "\\PC{0,20}", words in "[|\\\\`a\n]{0,12}") {
            let mut table = Table::new(&[("a", Align::Left), ("b", Align::Left), ("c", Align::Left)]);
            table.row(vec![code(&name), code(&words), text(&words)]);
            let table = table.render();
            prop_assert_eq!(table.lines().count(), 3);
            for line in table.lines() {
                prop_assert_eq!(cells(line), 3, "{}", line);
            }
        }
    }
}
