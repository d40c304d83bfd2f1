//! Markdown as GitHub reads it: all escaping, padded tables, images, folded parts.

use super::{Align, Block, Inline, Table, Words};

/// Blocks, a blank line between them.
pub fn text(blocks: &[Block]) -> String {
    let all = blocks.iter().map(block).filter(|part| !part.is_empty());
    all.collect::<Vec<_>>().join("\n\n")
}

fn block(block: &Block) -> String {
    match block {
        Block::Heading(level, words) => {
            format!("{} {}", "#".repeat(usize::from(*level)), one_line(&inline(words)))
        }
        Block::Text(words) => paragraph(words),
        Block::Quote(words) => format!("> {}", paragraph(words)),
        Block::Table(shown) => table(shown),
        Block::Figure(figure) => {
            // A lone angle bracket is escaped here too.
            let alt = html_brackets(&escaped(&one_line(&figure.alt)));
            let image = format!("![{alt}]({}.svg)", figure.name);
            [image, paragraph(&figure.caption)].join("\n\n").trim_end().to_owned()
        }
        Block::Details(summary, folded) => format!(
            "<details>\n<summary>{}</summary>\n\n{}\n\n</details>",
            html_brackets(&one_line(summary).replace('&', "&amp;")),
            text(folded)
        ),
        Block::List(items) => {
            let items = items.iter().map(|item| format!("- {}", paragraph(item)));
            items.collect::<Vec<_>>().join("\n")
        }
        Block::Code(language, code) => {
            let fence = "`".repeat(longest_run(code, '`').max(2) + 1);
            format!("{fence}{language}\n{}\n{fence}", code.trim_end())
        }
    }
}

/// Words in the middle of a line.
pub fn inline(words: &Words) -> String {
    let piece = |piece: &Inline| match piece {
        Inline::Text(text) => escaped(text),
        Inline::Code(name) => code(name),
        Inline::Strong(words) => format!("**{}**", one_line(&inline(words))),
        Inline::Emphasis(words) => format!("*{}*", one_line(&inline(words))),
        Inline::Link(words, to) => format!("[{}]({to})", one_line(&inline(words))),
    };
    words.pieces().iter().map(piece).collect()
}

/// Words that begin a line: no heading, no list and no rule.
fn paragraph(words: &Words) -> String {
    let mut out = one_line(&inline(words));
    if matches!(words.pieces().first(), Some(Inline::Text(_))) {
        let digits = out.chars().take_while(char::is_ascii_digit).count();
        let mut rest = out.chars().skip(digits);
        match (rest.next(), rest.next()) {
            (Some('.' | ')'), None | Some(' ')) if digits > 0 => out.insert(digits, '\\'),
            (Some('#' | '+' | '-' | '=' | '>'), _) if digits == 0 => out.insert(0, '\\'),
            _ => {}
        }
    }
    out
}

/// Text that stands for itself: nothing in it is markup, and it stays on its line.
fn escaped(plain: &str) -> String {
    let mut out = String::with_capacity(plain.len());
    let mut chars = plain.chars().map(|c| if c.is_control() { ' ' } else { c }).peekable();
    let mut before = ' ';
    while let Some(c) = chars.next() {
        let next = chars.peek().copied().unwrap_or(' ');
        match c {
            // Within a word an underscore is one, and apart from words a sign compares.
            '_' if before.is_alphanumeric() && next.is_alphanumeric() => out.push(c),
            '<' | '>' if next == ' ' && !before.is_alphanumeric() => out.push(c),
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

/// A name as code. Where backslashes meet the pipes of a table, code cannot be escaped, so such
/// a name is plain text.
fn code(name: &str) -> String {
    let name = one_line(name);
    if name.contains('\\') || name.is_empty() {
        return escaped(&name);
    }
    let ticks = "`".repeat(longest_run(&name, '`') + 1);
    let space = if name.starts_with('`') || name.ends_with('`') { " " } else { "" };
    format!("{ticks}{space}{name}{space}{ticks}")
}

fn html_brackets(text: &str) -> String {
    text.replace('<', "&lt;").replace('>', "&gt;")
}

/// A table, padded to be read as it stands too.
fn table(table: &Table) -> String {
    let cell = |words: &Words| one_line(&inline(words)).replace('|', "\\|");
    let rows = table.rendered(cell);
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        // One very long name must not pad all the others.
        cells.filter(|&w| w <= 60).max().unwrap_or(0).max(3)
    };
    let aligns = || table.columns.iter().enumerate().map(|(i, (_, align))| (*align, width(i)));
    let columns: Vec<(Align, usize)> = aligns().collect();
    let line = |row: &Vec<String>| {
        let set = |(cell, &(align, width)): (&String, &(Align, usize))| match align {
            Align::Left => format!("{cell:<width$}"),
            Align::Right => format!("{cell:>width$}"),
        };
        format!("| {} |", row.iter().zip(&columns).map(set).collect::<Vec<_>>().join(" | "))
    };
    let rule = |&(align, width): &(Align, usize)| match align {
        Align::Left => "-".repeat(width),
        Align::Right => format!("{}:", "-".repeat(width - 1)),
    };
    let rules: Vec<String> = columns.iter().map(rule).collect();
    let mut lines: Vec<String> = rows.iter().map(line).collect();
    lines.insert(1, format!("| {} |", rules.join(" | ")));
    lines.join("\n")
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
    use crate::page::{cells, code, details, heading, link, strong, term, words};
    use proptest::prelude::*;

    #[test]
    fn text_is_no_markup() {
        assert_eq!(
            inline(&"a*b_c _d_ <script> & [x](y) `z` $m$ < 1 %".into()),
            "a\\*b_c \\_d\\_ &lt;script&gt; &amp; \\[x\\](y) \\`z\\` \\$m\\$ < 1 %"
        );
        let lines = ["# no heading", "1. no list\nno break", "> no quote", "1.5 s", "a > b"];
        let paragraphs = lines.map(|line| text(&[line.into()]));
        let shown = ["\\# no heading", "1\\. no list no break", "\\> no quote", "1.5 s", "a > b"];
        assert_eq!(paragraphs, shown);
    }

    #[test]
    fn marks_are_typed() {
        let words = words!((strong("a*")) ", " (term("b")) " and " (link("c", "d.md".to_owned())));
        assert_eq!(inline(&words), "**a\\***, *b* and [c](d.md)");
    }

    #[test]
    fn code_holds_backticks() {
        let shown = ["async 10", "a`b", "`a``", "a\\|b"].map(|name| inline(&code(name)));
        assert_eq!(shown, ["`async 10`", "``a`b``", "``` `a`` ```", "a\\\\|b"]);
    }

    #[test]
    fn blocks_stand_apart() {
        let code = Block::Code("toml", "a = 1\n".to_owned());
        let blocks = [heading(2, "H"), Words::default().into(), details("a < b", vec![code])];
        let shown =
            "## H\n\n<details>\n<summary>a &lt; b</summary>\n\n```toml\na = 1\n```\n\n</details>";
        assert_eq!(text(&blocks), shown);
        assert!(text(&[Block::Code("", "````".to_owned())]).starts_with("`````\n"));
        assert_eq!(text(&[Block::List(cells!["a", "- b"])]), "- a\n- \\- b");
    }

    #[test]
    fn tables_align_numbers_to_the_right() {
        let mut shown = Table::new(["cell"]).numbers(["wall"]);
        shown.row(cells![code("a|b"), "1 s"]);
        assert_eq!(table(&shown), "| cell   | wall |\n| ------ | ---: |\n| `a\\|b` |  1 s |");
    }

    /// Cells as GitHub splits a row: at pipes that no backslash escapes.
    fn cells_of(line: &str) -> usize {
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
            let mut shown = Table::new(["a", "b", "c"]);
            shown.row(cells![code(&name), code(&words), &words]);
            let shown = table(&shown);
            prop_assert_eq!(shown.lines().count(), 3);
            for line in shown.lines() {
                prop_assert_eq!(cells_of(line), 3, "{}", line);
            }
        }
    }
}
