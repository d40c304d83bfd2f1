//! Sides within one recording: `--by FACTOR`.

use std::collections::BTreeSet;

use crate::record::Recording;
use crate::spec::Factor;

use super::side::{Side, SideCell};
use super::{Contest, Pairing};

/// Reason why a recording cannot be split.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoSplit {
    /// The factor has one value only.
    #[error(
        "every cell has {factor} {value}, so there is nothing to compare by it; factors that differ: {others}"
    )]
    OneValue {
        /// The factor.
        factor: &'static str,
        /// Its only value.
        value: String,
        /// Factors with several values.
        others: String,
    },
    /// All trials are of one build.
    #[error("every trial is of one build; record two with `inflight ab`")]
    OneBuild,
}

/// The cells of a recording by the values of a factor, the first being the base. Cells are
/// counterparts if all else is equal.
///
/// What changes with the factor in every cell (`hidden`) cannot be equal, as the client of an async
/// model is never that of a blocking one: it is left out of the match, and told.
pub(super) fn by_factor(recording: &Recording, factor: Factor) -> Result<Vec<Contest>, NoSplit> {
    let whole = Side::of(recording, "");
    let values = distinct(&whole.cells, factor);
    if values.len() < 2 {
        let others: Vec<&str> = Factor::ALL
            .into_iter()
            .filter(|&f| distinct(&whole.cells, f).len() > 1)
            .map(Factor::name)
            .collect();
        return Err(NoSplit::OneValue {
            factor: factor.name(),
            value: values.concat(),
            others: if others.is_empty() { "none".to_owned() } else { others.join(", ") },
        });
    }
    let base = having(&whole, factor, &values[0]);
    let contest = |value: &String| {
        let hidden = hidden(&base, &having(&whole, factor, value), factor);
        let names: Vec<&str> = hidden.iter().map(|f| f.name()).collect();
        let warning = format!(
            "{} {} together with {}: what differs between {} and {value} may be due to either",
            names.join(" and "),
            if names.len() == 1 { "changes" } else { "change" },
            factor.name(),
            values[0],
        );
        Contest {
            base: side(&whole, factor, &values[0], &hidden),
            new: side(&whole, factor, value, &hidden),
            pairing: Pairing::Blocks,
            by: Some(factor.name()),
            warnings: if hidden.is_empty() { Vec::new() } else { vec![warning] },
        }
    };
    Ok(values[1..].iter().map(contest).collect())
}

/// The builds of a recording of several, the first being the base.
pub(super) fn by_build(recording: &Recording) -> Result<Vec<Contest>, NoSplit> {
    let builds = recording.builds();
    let [base, news @ ..] = builds.as_slice() else { return Err(NoSplit::OneBuild) };
    if news.is_empty() {
        return Err(NoSplit::OneBuild);
    }
    let side = |build: &String| Side::of(&recording.of_build(build), build);
    let contest = |build: &String| Contest {
        base: side(base),
        new: side(build),
        pairing: Pairing::Blocks,
        by: Some("build"),
        warnings: Vec::new(),
    };
    Ok(news.iter().map(contest).collect())
}

/// The values of a factor, in the order of the plan.
fn distinct(cells: &[SideCell], factor: Factor) -> Vec<String> {
    let mut values: Vec<String> = Vec::new();
    for cell in cells {
        let value = cell.factor(factor);
        if !values.iter().any(|v| v == value) {
            values.push(value.to_owned());
        }
    }
    values
}

fn having<'a>(whole: &'a Side, factor: Factor, value: &str) -> Vec<&'a SideCell> {
    whole.cells.iter().filter(|c| c.factor(factor) == value).collect()
}

/// Factors that have no value in common on the two sides.
fn hidden(base: &[&SideCell], new: &[&SideCell], by: Factor) -> Vec<Factor> {
    let values = |cells: &[&SideCell], f: Factor| -> BTreeSet<String> {
        cells.iter().map(|c| c.factor(f).to_owned()).collect()
    };
    let differs = |f: &Factor| values(base, *f).is_disjoint(&values(new, *f));
    // A label is a name, not a property.
    Factor::ALL.into_iter().filter(|&f| f != by && f != Factor::Label).filter(differs).collect()
}

/// The part of a recording with one value of a factor. The key of a cell is made of what has to be
/// equal on the other side.
fn side(whole: &Side, by: Factor, value: &str, hidden: &[Factor]) -> Side {
    // A gate is about a change, which a factor is not.
    let mut side =
        Side { label: format!("{} {value}", by.name()), gates: Vec::new(), ..whole.clone() };
    side.cells.retain(|c| c.factor(by) == value);
    for scenario in &mut side.scenarios {
        // It may be on the other side. The A/A control stays: its noise is that of both.
        let at = |cell: usize| whole.cells.get(cell).map(|c| c.id.as_str());
        scenario.baseline = scenario
            .baseline
            .and_then(|cell| side.cells.iter().position(|c| Some(c.id.as_str()) == at(cell)));
    }
    for cell in &mut side.cells {
        let equal = |f: &Factor| *f != by && *f != Factor::Label && !hidden.contains(f);
        let parts = Factor::ALL.into_iter().filter(equal);
        cell.key = parts.map(|f| format!("{}={}\n", f.name(), cell.factor(f))).collect();
    }
    side
}
