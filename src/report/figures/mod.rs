//! The charts of a report: their data, their findings as titles, their captions.

mod cost;
mod coverage;
mod inflight;
mod load;
mod percentiles;
mod phases;
mod ratios;
mod representatives;
mod scaling;
mod throughput;
mod timeline;
mod wall;
mod waterfall;

use std::time::Duration;

use super::builds;
use super::facts::Facts;
use super::markdown;
use crate::chart::{Chart, Draw, Drawing, Group};
use crate::record::RecordError;

/// The names of chart files without number and ending, in the order of the report.
pub(super) const NAMES: [&str; 12] = [
    builds::CHART,
    "load",
    "waterfall",
    "wall",
    "percentiles",
    "phases",
    "timeline",
    "throughput",
    "scaling",
    "inflight",
    "cost",
    "ratios",
];

/// More rows than this make a chart that no screen shows; the scenarios then go to several.
const MOST_ROWS: usize = 48;

/// A name in a title is cut to this many characters.
const TITLE_NAME: usize = 40;

/// A chart with the text below it.
pub(super) struct Figure {
    /// The file without its ending.
    pub(super) name: String,
    pub(super) drawing: Drawing,
    /// Title and description, for readers without images.
    alt: String,
    /// Markdown.
    caption: String,
}

/// What a part of the report shows: charts, and what is to be said where there are none.
#[derive(Default)]
pub(super) struct Figures {
    pub(super) figures: Vec<Figure>,
    /// Markdown.
    pub(super) notes: Vec<String>,
}

impl Figures {
    fn note(text: impl Into<String>) -> Figures {
        Figures { figures: Vec::new(), notes: vec![text.into()] }
    }

    /// Adds a chart as the next of its name: `wall`, `wall-2`, …
    fn add(&mut self, name: &str, chart: impl Into<Chart>, caption: String) {
        let file = match self.figures.len() {
            0 => name.to_owned(),
            n => format!("{name}-{}", n + 1),
        };
        let mut chart: Chart = chart.into();
        chart.frame_mut().id.clone_from(&file);
        let frame = chart.frame();
        let alt = format!("{}. {}", frame.title.trim_end_matches('.'), frame.description);
        self.figures.push(Figure { name: file, drawing: chart.draw(), alt, caption });
    }

    /// The part in Markdown: the first chart, the others folded, the notes.
    pub(super) fn render(&self, others: &str) -> String {
        let mut out = Vec::new();
        if let Some((first, rest)) = self.figures.split_first() {
            out.push(first.render());
            if !rest.is_empty() {
                let body: Vec<String> = rest.iter().map(Figure::render).collect();
                out.push(markdown::details(others, &body.join("\n\n")));
            }
        }
        out.extend(self.notes.iter().cloned());
        out.join("\n\n")
    }
}

impl Figure {
    fn render(&self) -> String {
        let file = format!("{}.svg", self.name);
        format!("{}\n\n{}", markdown::image(&file, &self.alt), self.caption)
    }
}

/// All charts, by part of the report.
pub(super) struct All {
    pub(super) load: Figures,
    pub(super) waterfall: Figures,
    pub(super) wall: Figures,
    pub(super) percentiles: Figures,
    pub(super) phases: Figures,
    pub(super) timeline: Figures,
    pub(super) throughput: Figures,
    pub(super) scaling: Figures,
    pub(super) inflight: Figures,
    pub(super) cost: Figures,
    pub(super) ratios: Figures,
}

impl All {
    pub(super) fn of(facts: &Facts) -> Result<All, RecordError> {
        Ok(All {
            load: load::figures(facts),
            waterfall: waterfall::figures(facts)?,
            wall: wall::figures(facts),
            percentiles: percentiles::figures(facts)?,
            phases: phases::figures(facts),
            timeline: timeline::figures(facts)?,
            throughput: throughput::figures(facts),
            scaling: scaling::figures(facts),
            inflight: inflight::figures(facts)?,
            cost: cost::figures(facts),
            ratios: ratios::figures(facts),
        })
    }

    /// Every chart, in the order of the report.
    pub(super) fn into_figures(self) -> impl Iterator<Item = Figure> {
        let All {
            load,
            waterfall,
            wall,
            percentiles,
            phases,
            timeline,
            throughput,
            scaling,
            inflight,
            cost,
            ratios,
        } = self;
        let parts = [
            load,
            waterfall,
            wall,
            percentiles,
            phases,
            timeline,
            scaling,
            throughput,
            inflight,
            cost,
            ratios,
        ];
        parts.into_iter().flat_map(|part| part.figures)
    }
}

/// A time in nanoseconds for a chart.
fn duration(ns: f64) -> Duration {
    Duration::from_nanos(ns.max(0.0).round() as u64)
}

/// The name of a cell for a title: cut in its middle if it is long.
fn short(facts: &Facts, cell: usize) -> String {
    shortened(facts.name(cell).trim(), TITLE_NAME)
}

/// The same with its scenario, where the title speaks of several.
fn short_of(facts: &Facts, cell: usize, cells: &[usize]) -> String {
    let scenario = |c: usize| facts.cell(c).scenario;
    if cells.iter().all(|&c| scenario(c) == scenario(cell)) {
        return short(facts, cell);
    }
    format!("{} at {}", short(facts, cell), facts.plan().facts_of(facts.cell(cell)).name)
}

/// Cut in the middle to `most` characters.
fn shortened(name: &str, most: usize) -> String {
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
fn grouped<R>(
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
