//! `[[gate]]` tables.

use super::cells::Cells;
use crate::spec::key::{Open, Reading};
use crate::spec::node::Node;
use crate::spec::{Gate, keys};

/// Reads every gate; its cells are checked if the cells stand.
pub(super) fn read(file: &Open, cells: Option<&Cells>, reading: &mut Reading) -> Vec<Gate> {
    let nodes = file.tables(&keys::GATE, reading);
    nodes.into_iter().filter_map(|node| gate(node, cells, reading)).collect()
}

fn gate(node: &Node, cells: Option<&Cells>, reading: &mut Reading) -> Option<Gate> {
    let table = keys::GATE.table.open(node, reading)?;
    let metric = table.one(&keys::METRIC, reading);
    let of = table.one(&keys::GATE_OF, reading);
    let margin = table.one(&keys::GATE_MARGIN, reading);
    if let (Some(cells), Some(of)) = (cells, &of) {
        cells.pick(&of.value, reading);
    }
    Some(Gate {
        metric: metric?.value,
        of: of.map(|of| of.value.selector).unwrap_or_default(),
        margin: margin?.value,
    })
}
