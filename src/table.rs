//! Tables for a terminal.

use comfy_table::{ContentArrangement, Table, presets};

/// A plain table for a terminal: columns, no frame.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(header.to_vec());
    table
}
