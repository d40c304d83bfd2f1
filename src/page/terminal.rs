//! Text for a terminal: names between backticks, no other mark.

use comfy_table::{CellAlignment, ContentArrangement, presets};

use super::{Align, Block, Inline, Table, Words};

/// Blocks as lines. Nothing is folded, and a chart is told by what it shows.
pub fn text(blocks: &[Block]) -> String {
    let one = |block: &Block| match block {
        Block::Heading(_, words) | Block::Text(words) | Block::Quote(words) => line(words),
        Block::Table(shown) => trimmed(shown),
        Block::Figure(figure) => figure.alt.clone(),
        Block::Details(_, folded) => text(folded),
        Block::List(items) => items.iter().map(line).collect::<Vec<_>>().join("\n"),
        Block::Code(_, code) => code.trim_end().to_owned(),
    };
    blocks.iter().map(one).collect::<Vec<_>>().join("\n")
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
