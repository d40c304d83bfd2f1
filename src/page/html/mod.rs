//! A page for a browser: one file that needs nothing else, light and dark, narrow and wide.
//!
//! ```text
//! blocks ─→ HTML ┐
//! charts ─→ SVG  ├─ document: style, font, script, and a policy that lets in nothing else
//! ```
//!
//! Without its script the page has everything in the same order: the script lets tables be sorted and
//! filtered, and charts be saved.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use sha2::{Digest, Sha256};

use super::{Align, Block, Figure, Inline, Table, Words};
use crate::chart::{self, Drawing};

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");

/// Rows of a table from which it pays to filter them.
const MANY_ROWS: usize = 6;

/// Characters of a cell that stay on one line, such as a date.
const SHORT: usize = 12;

/// A document of these blocks and their [drawn](super::draw) charts. Its title is that of the first heading.
pub fn document(blocks: &[Block], charts: &[(String, Drawing)]) -> String {
    let mut body =
        Body { html: String::new(), headings: Vec::new(), above: Vec::new(), tables: 0, charts };
    body.blocks(blocks);
    let Body { html: content, headings, .. } = body;
    let title = headings.first().map_or("Report", |heading| heading.text.as_str());
    let style = format!("{}{}{STYLE}", fonts(), chart::page_style());
    let policy = policy(&style);
    let contents = contents(&headings);
    format!(
        "<!DOCTYPE html>\n\
         <html lang=\"en\">\n\
         <head>\n\
         <meta charset=\"utf-8\"/>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"/>\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n\
         <meta name=\"color-scheme\" content=\"light dark\"/>\n\
         <title>{title}</title>\n\
         <link rel=\"icon\" href=\"data:,\"/>\n\
         <style>{style}</style>\n\
         </head>\n\
         <body>\n\
         <a class=\"skip\" href=\"#content\">Skip the contents</a>\n\
         {contents}\
         <main id=\"content\">\n{content}</main>\n\
         <script>{SCRIPT}</script>\n\
         </body>\n\
         </html>\n"
    )
}

/// Content security policy of the page: its own style and script, told by their digests, and data within it.
fn policy(style: &str) -> String {
    let digest = |text: &str| format!("'sha256-{}'", BASE64.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; font-src data:; img-src data: blob:; \
         base-uri 'none'; form-action 'none'",
        digest(style),
        digest(SCRIPT)
    )
}

/// The fonts of the charts, which are those of the page.
fn fonts() -> String {
    let face = |(weight, font): (u16, &[u8])| {
        format!(
            "@font-face{{font-family:Inter;font-weight:{weight};\
             src:url(data:font/otf;base64,{})}}\n",
            BASE64.encode(font)
        )
    };
    chart::FONTS.map(face).concat()
}

/// Links to the parts of the page; nothing where there is one only.
fn contents(headings: &[Heading]) -> String {
    let parts: Vec<&Heading> = headings.iter().filter(|heading| heading.level == 2).collect();
    if parts.len() < 2 {
        return String::new();
    }
    let item =
        |heading: &&Heading| format!("<li><a href=\"#{}\">{}</a></li>\n", heading.id, heading.text);
    let items: String = parts.iter().map(item).collect();
    format!("<nav aria-label=\"Contents\">\n<ol>\n{items}</ol>\n</nav>\n")
}

/// A heading that was written.
struct Heading {
    level: usize,
    id: String,
    /// Escaped, without marks.
    text: String,
}

/// The content, and what was written so far.
struct Body<'a> {
    html: String,
    headings: Vec<Heading>,
    /// Written levels of the last heading and of those that it belongs to.
    above: Vec<u8>,
    tables: usize,
    charts: &'a [(String, Drawing)],
}

impl Body<'_> {
    fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        let _ = writeln!(self.html, "{line}");
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, words) => self.heading(*level, words),
            Block::Text(words) if words.is_empty() => {}
            Block::Text(words) => self.line(format_args!("<p>{}</p>", inline(words))),
            Block::Quote(words) => {
                self.line(format_args!("<blockquote><p>{}</p></blockquote>", inline(words)));
            }
            Block::Table(table) => self.table(table),
            Block::Figure(figure) => self.figure(figure),
            Block::Details(summary, folded) => {
                self.line(format_args!("<details><summary>{}</summary>", escaped(summary)));
                self.blocks(folded);
                self.line(format_args!("</details>"));
            }
            Block::List(items) => {
                let items: String =
                    items.iter().map(|item| format!("<li>{}</li>\n", inline(item))).collect();
                self.line(format_args!("<ul>\n{items}</ul>"));
            }
            Block::Code(_, code) => {
                let code = escaped_lines(code.trim_end());
                self.line(format_args!("<pre tabindex=\"0\"><code>{code}</code></pre>"));
            }
        }
    }

    /// A heading is one level below the one that it belongs to, so that no level is missing for those who go
    /// from heading to heading.
    fn heading(&mut self, written: u8, words: &Words) {
        while self.above.last().is_some_and(|&above| above >= written) {
            self.above.pop();
        }
        self.above.push(written);
        let level = self.above.len().min(6);
        let text = plain(words);
        let id = self.id(&text);
        self.line(format_args!("<h{level} id=\"{id}\">{}</h{level}>", inline(words)));
        self.headings.push(Heading { level, id, text: escaped(&text) });
    }

    /// A name that no other heading has: `how-long`, `how-long-2`.
    fn id(&self, text: &str) -> String {
        let dashed: String = text
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' })
            .collect();
        let words: Vec<&str> = dashed.split('-').filter(|word| !word.is_empty()).collect();
        // A prefix keeps it apart from the names within charts.
        let first = format!("part-{}", words.join("-"));
        let later = (2..).map(|number| format!("{first}-{number}"));
        let taken = |id: &String| self.headings.iter().any(|heading| heading.id == *id);
        std::iter::once(first.clone()).chain(later).find(|id| !taken(id)).unwrap_or(first)
    }

    fn table(&mut self, table: &Table) {
        self.tables += 1;
        let part = self.headings.last().map_or("", |heading| heading.text.as_str());
        let label = format!("Table {}: {part}", self.tables);
        let filtered = if table.rows.len() > MANY_ROWS { " data-filter=\"\"" } else { "" };
        let class = |align: Align| if align == Align::Right { " class=\"number\"" } else { "" };
        let of_cell = |align: Align, words: &Words| match align {
            Align::Left if plain(words).chars().count() <= SHORT => " class=\"short\"",
            align => class(align),
        };
        let name = |(words, align): &(Words, Align)| match inline(words) {
            name if name.is_empty() => "<td></td>".to_owned(),
            name => format!("<th scope=\"col\"{}>{name}</th>", class(*align)),
        };
        let names: String = table.columns.iter().map(name).collect();
        let cell = |(column, words): (usize, &Words)| {
            let class = of_cell(table.columns[column].1, words);
            match (column, inline(words)) {
                (0, cell) if !cell.is_empty() => format!("<th scope=\"row\"{class}>{cell}</th>"),
                (_, cell) => format!("<td{class}>{cell}</td>"),
            }
        };
        self.line(format_args!(
            "<div class=\"table\" role=\"group\" aria-label=\"{label}\" tabindex=\"0\"{filtered}>\n\
             <table>\n<thead><tr>{names}</tr></thead>\n<tbody>"
        ));
        for row in &table.rows {
            let cells: String = row.iter().enumerate().map(cell).collect();
            self.line(format_args!("<tr>{cells}</tr>"));
        }
        self.line(format_args!("</tbody>\n</table>\n</div>"));
    }

    fn figure(&mut self, figure: &Figure) {
        let drawn = self.charts.iter().find(|(name, _)| *name == figure.name);
        let svg = drawn.map(|(_, drawing)| drawing.part_of_a_page()).unwrap_or_default();
        let name = escaped(&figure.name);
        self.line(format_args!(
            "<figure data-name=\"{name}\">\n<div class=\"chart\" tabindex=\"0\" role=\"group\" \
             aria-label=\"Chart: {}\">\n{svg}</div>",
            escaped(figure.chart.frame().title.trim_end_matches('.'))
        ));
        if !figure.caption.is_empty() {
            self.line(format_args!("<figcaption>{}</figcaption>", inline(&figure.caption)));
        }
        self.line(format_args!("</figure>"));
    }
}

/// Words in the middle of a line.
fn inline(words: &Words) -> String {
    let piece = |piece: &Inline| match piece {
        Inline::Text(text) => escaped(text),
        Inline::Code(name) => format!("<code>{}</code>", escaped(name)),
        Inline::Strong(words) => format!("<strong>{}</strong>", inline(words)),
        Inline::Emphasis(words) => format!("<em>{}</em>", inline(words)),
        Inline::Link(words, to) => format!("<a href=\"{}\">{}</a>", escaped(to), inline(words)),
    };
    words.pieces().iter().map(piece).collect()
}

/// Words without marks.
fn plain(words: &Words) -> String {
    let piece = |piece: &Inline| match piece {
        Inline::Text(text) | Inline::Code(text) => text.clone(),
        Inline::Strong(words) | Inline::Emphasis(words) | Inline::Link(words, _) => plain(words),
    };
    words.pieces().iter().map(piece).collect()
}

/// Text that stands for itself, within an attribute too. Control characters become spaces.
fn escaped(text: &str) -> String {
    let spaced = |c: char| c.is_control() || c == '\u{FFFE}' || c == '\u{FFFF}';
    text.replace(spaced, " ")
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

fn escaped_lines(text: &str) -> String {
    text.split('\n').map(escaped).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;
    use roxmltree::{Document, ParsingOptions};

    use super::*;
    use crate::page::{cells, code, details, heading, link, strong, words};

    /// A page as XML, which it is but for its script.
    fn as_xml(page: &str) -> String {
        page.replace(SCRIPT, "")
    }

    fn parsed(xml: &str) -> Document<'_> {
        let options = ParsingOptions { allow_dtd: true, ..ParsingOptions::default() };
        Document::parse_with_options(xml, options).expect("well-formed")
    }

    fn table(rows: usize, cell: &str) -> Block {
        let mut table = Table::new(["cell"]).numbers(["time"]);
        (0..rows).for_each(|_| table.row(cells![code(cell), "1 s"]));
        table.into()
    }

    /// Everything that a page may have.
    fn page(text: &str) -> String {
        let blocks = vec![
            heading(1, text),
            Block::Quote(text.into()),
            heading(3, words!(text " " (code(text)))),
            words!((strong(text))(link(text, text.to_owned()))).into(),
            table(MANY_ROWS + 1, text),
            details(text, vec![heading(4, text), Block::List(cells![text])]),
            Block::Code("toml", text.to_owned()),
        ];
        document(&blocks, &[])
    }

    #[test]
    fn the_policy_lets_in_the_style_and_the_script_of_the_page_only() {
        let page = page("x");
        let between = |from: &str, to: &str| {
            let begin = page.find(from).expect(from) + from.len();
            page[begin..begin + page[begin..].find(to).expect(to)].to_owned()
        };
        for (name, content) in [
            ("style", between("<style>", "</style>")),
            ("script", between("<script>", "</script>")),
        ] {
            let digest = BASE64.encode(Sha256::digest(content));
            assert!(page.contains(&format!("{name}-src 'sha256-{digest}'")), "{name}");
        }
        assert!(between("content=\"", "\"").starts_with("default-src 'none'; "));
    }

    #[test]
    fn headings_have_names_of_their_own_and_leave_out_no_level() {
        let blocks = [
            heading(1, "A"),
            heading(3, "B c!"),
            heading(5, "B c"),
            heading(3, "E"),
            heading(2, ""),
            heading(2, "D"),
            heading(3, "F"),
        ];
        let page = document(&blocks, &[]);
        for heading in [
            "<h1 id=\"part-a\">A</h1>",
            "<h2 id=\"part-b-c\">B c!</h2>",
            "<h3 id=\"part-b-c-2\">B c</h3>",
            "<h2 id=\"part-e\">E</h2>",
            "<h3 id=\"part-f\">F</h3>",
            "<h2 id=\"part-\"></h2>",
            "<li><a href=\"#part-b-c\">B c!</a></li>",
        ] {
            assert!(page.contains(heading), "{heading}");
        }
        assert!(!page.contains("href=\"#part-b-c-2\""), "contents of the second level only");
    }

    #[test]
    fn only_long_tables_are_filtered() {
        let filtered = |rows| document(&[table(rows, "a")], &[]).contains("data-filter");
        assert!(!filtered(MANY_ROWS) && filtered(MANY_ROWS + 1));
    }

    proptest! {
        /// Whatever a name is, it stays text: the page has the same elements, and asks for nothing.
        #[test]
        fn no_text_is_markup(text in "\\PC{0,20}|[<>&\"'a/=! -]{0,20}|</(script|style|title)>") {
            let (xml, plain) = (as_xml(&page(&text)), as_xml(&page("plain")));
            let (shown, plain) = (parsed(&xml), parsed(&plain));
            let elements = |page: &Document<'_>| -> Vec<String> {
                let all = page.descendants().filter(roxmltree::Node::is_element);
                all.map(|e| e.tag_name().name().to_owned()).collect()
            };
            prop_assert_eq!(elements(&shown), elements(&plain));
            let body = shown.descendants().find(|e| e.has_tag_name("h1"));
            prop_assert_eq!(body.and_then(|h| h.text()).unwrap_or_default(), &text);
            let mut ids = BTreeSet::new();
            for element in shown.descendants() {
                prop_assert!(element.attribute("src").is_none());
                if let Some(id) = element.attribute("id") {
                    prop_assert!(ids.insert(id.to_owned()), "{} stands twice", id);
                }
            }
        }
    }
}
