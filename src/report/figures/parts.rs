//! Parts that the charts of a report share: rows by scenario, names for titles, what is folded.

use std::time::Duration;

use super::super::facts::Facts;
use crate::chart::Group;
use crate::page::{Block, Figure, details};

/// More rows than this make a chart that no screen shows; the scenarios then go to several.
const MOST_ROWS: usize = 48;

/// A name in a title is cut to this many characters.
const TITLE_NAME: usize = 40;

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

/// The name of a cell for a title: cut in its middle if it is long.
pub(super) fn short(facts: &Facts, cell: usize) -> String {
    shortened(facts.name(cell).trim(), TITLE_NAME)
}

/// The name of a cell for a title, with its scenario where the title speaks of several.
pub(super) fn short_of(facts: &Facts, cell: usize, cells: &[usize]) -> String {
    let scenario = |c: usize| facts.cell(c).scenario;
    if cells.iter().all(|&c| scenario(c) == scenario(cell)) {
        return short(facts, cell);
    }
    format!("{} at {}", short(facts, cell), facts.plan().facts_of(facts.cell(cell)).name)
}

/// Cut in the middle to `most` characters.
pub(super) fn shortened(name: &str, most: usize) -> String {
    let chars: Vec<char> = name.chars().collect();
    if chars.len() <= most {
        return name.to_owned();
    }
    let tail = (most - 1) / 2;
    let head: String = chars[..most - 1 - tail].iter().collect();
    let tail: String = chars[chars.len() - tail..].iter().collect();
    format!("{head}…{tail}")
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_in_their_middle() {
        assert_eq!(shortened("abcdefghij", 10), "abcdefghij");
        assert_eq!(shortened("abcdefghijk", 10), "abcde…hijk");
    }
}
