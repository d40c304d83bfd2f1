//! Parts that the charts of a report share: rows by scenario, names for titles, what is folded.

use std::time::Duration;

use super::super::facts::Facts;
use crate::chart::Group;
use crate::page::{Block, Figure, details};

/// More rows than this make a chart that no screen shows; the scenarios then go to several.
const MOST_ROWS: usize = 48;

/// The first chart, and the others folded.
pub(in crate::report) fn shown(figures: Vec<Figure>, others: &str) -> Vec<Block> {
    let mut all: Vec<Block> = figures.into_iter().map(Block::from).collect();
    let rest = all.split_off(all.len().min(1));
    if !rest.is_empty() {
        all.push(details(others, rest));
    }
    all
}

/// A time in nanoseconds for a chart.
pub(super) fn duration(ns: f64) -> Duration {
    Duration::from_nanos(ns.max(0.0).round() as u64)
}

/// The name of a cell for a title, whole: what is cut out of its middle may be all that tells it from
/// another.
pub(super) fn name_of(facts: &Facts, cell: usize) -> String {
    facts.name(cell).trim().to_owned()
}

/// The name of a cell for a title, with its scenario where the title speaks of several.
pub(super) fn name_among(facts: &Facts, cell: usize, cells: &[usize]) -> String {
    let scenario = |c: usize| facts.cell(c).scenario;
    if cells.iter().all(|&c| scenario(c) == scenario(cell)) {
        return name_of(facts, cell);
    }
    format!("{} at {}", name_of(facts, cell), facts.plan().facts_of(facts.cell(cell)).name)
}

/// Scenarios with a row for each of `cells`, in charts of at most [`MOST_ROWS`] rows each (or one
/// scenario).
pub(super) fn grouped<R>(
    facts: &Facts,
    cells: impl Fn(usize) -> Vec<usize>,
    row: impl Fn(usize) -> R,
) -> Vec<(Vec<usize>, Vec<Group<R>>)> {
    let mut charts: Vec<(Vec<usize>, Vec<Group<R>>)> = Vec::new();
    for (index, scenario) in facts.scenarios() {
        let members = cells(index);
        if members.is_empty() {
            continue;
        }
        let rows = members.iter().map(|&c| row(c)).collect();
        let group = Group { heading: scenario.name.clone(), rows };
        match charts.last_mut() {
            Some((all, groups)) if all.len() + members.len() <= MOST_ROWS => {
                all.extend(members);
                groups.push(group);
            }
            _ => charts.push((members, vec![group])),
        }
    }
    charts
}
