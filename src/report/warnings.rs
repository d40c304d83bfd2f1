//! Signs of disturbance, in the order of their reach: of the machine, of the A/A controls, of single
//! cells.

use super::facts::Facts;

/// A sign of disturbance and what it is about.
pub(super) struct Warning {
    /// Index of the cell in the plan; `None` for the whole run.
    pub(super) cell: Option<usize>,
    /// Its likely cause, with advice; no full stop.
    pub(super) text: String,
}

/// Every sign. Nothing of the record was left out for them.
pub(super) fn all(facts: &Facts) -> Vec<Warning> {
    let machine = facts
        .analysis
        .disturbances
        .iter()
        .map(|flag| Warning { cell: None, text: flag.to_string() });
    let controls = facts.analysis.controls.iter().filter_map(|control| {
        let flag = control.wide.as_ref()?;
        Some(Warning { cell: Some(control.cell), text: format!("A/A control: {flag}") })
    });
    let cells = facts.analysis.cells.iter().flat_map(|cell| {
        let warning =
            |flag: &dyn ToString| Warning { cell: Some(cell.cell), text: flag.to_string() };
        cell.instabilities.iter().map(move |flag| warning(flag))
    });
    machine.chain(controls).chain(cells).collect()
}

/// Every sign as a line for a terminal, the name of its cell before it.
pub(super) fn plain(facts: &Facts) -> Vec<String> {
    let line = |warning: Warning| match warning.cell {
        Some(cell) => format!("{}: {}", facts.full_name(cell), warning.text),
        None => warning.text,
    };
    all(facts).into_iter().map(line).collect()
}
