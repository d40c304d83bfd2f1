//! The answer: a few sentences that say no more than the record does.

mod advice;
mod glance;
mod json;
mod row;
mod speaker;
mod trouble;

use self::advice::Advice;
pub use self::json::{Answer, SCHEMA, json};
use self::speaker::Speaker;
use self::trouble::trouble;
use super::facts::Facts;
use super::numbers::{capital, counted};
use super::open_arrival;
use super::rates::{self, Sweep};
use super::time_scale;
use crate::page::{Block, Words, details, strong, words};
use crate::plan::Drawn;
use crate::record::RecordError;

/// Cells that are named beside the fastest and the baseline: one sentence holds no more.
const OTHERS: usize = 4;

/// More scenarios than this do not fit the first screen.
const SCENARIOS: usize = 6;

/// The answer in one line, for the index: that of the first scenario.
pub(super) fn line(facts: &Facts) -> Words {
    let headlines = by_scenario(facts, false);
    let more = match headlines.len() - 1 {
        0 => String::new(),
        n => format!(" ({} in the report)", counted(n, "more scenario")),
    };
    let broken = if trouble(facts).is_empty() { "" } else { "(Incomplete.) " };
    words!(broken (headlines.into_iter().next().unwrap_or_default()) more)
}

/// The answer at a glance, as part of the report.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    Ok(blocks(facts))
}

/// The answer in full, folded; nothing where the glance says all of it.
pub(super) fn whole(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut sentences = by_scenario(facts, true);
    // Rates are told in full at once.
    if sentences == by_scenario(facts, false) {
        return Ok(Vec::new());
    }
    let full = match sentences.len() {
        1 => sentences.pop().map(Block::from).into_iter().collect(),
        _ => vec![Block::List(sentences)],
    };
    Ok(vec![details("The answer in full, with intervals", full)])
}

/// Warnings, then a headline for each scenario, and a short table where there are few.
pub(super) fn blocks(facts: &Facts) -> Vec<Block> {
    let mut out: Vec<Block> = trouble(facts).into_iter().map(Block::from).collect();
    let mut headlines = by_scenario(facts, false);
    // Clients in several languages have a table of their own, which follows.
    let has_table = facts.plan().cells.iter().all(|cell| cell.strategy.program.is_none());
    let table = |scenario: usize| match has_table && !facts.is_open(scenario) {
        true => glance::table(facts, scenario).unwrap_or_default(),
        false => Vec::new(),
    };
    if headlines.len() == 1 {
        out.extend(headlines.pop().map(|headline| Block::from(strong(headline))));
        out.extend(table(0));
        out.extend(Advice::of(facts, 0).map(|advice| Block::from(advice.words(facts))));
        let cautions = cautions(facts, 0, true);
        if !cautions.is_empty() && !facts.is_open(0) {
            out.push(Words::join(cautions, " ").into());
        }
        return out;
    }
    let rest = headlines.split_off(headlines.len().min(SCENARIOS));
    out.push(Block::List(headlines));
    let closed = (0..facts.plan().scenarios.len()).filter(|&index| !facts.is_open(index));
    let recommended = closed.take(SCENARIOS).filter_map(|index| {
        let name = strong(&facts.plan().scenarios[index].name);
        Some(words!(name ": " (Advice::of(facts, index)?.words(facts))))
    });
    let recommended: Vec<Words> = recommended.collect();
    if !recommended.is_empty() {
        out.push(Block::List(recommended));
    }
    if !rest.is_empty() {
        out.push(details(format!("{} more scenarios", rest.len()), vec![Block::List(rest)]));
    }
    out
}

/// For each scenario and each sweep of rates: a headline, or in whole, one to three sentences.
fn by_scenario(facts: &Facts, whole: bool) -> Vec<Words> {
    parts(facts, whole).into_iter().map(Part::words).collect()
}

/// The answer of a scenario or a sweep.
struct Part {
    /// The scenario, or the first of the sweep.
    scenario: usize,
    /// The name that it begins with, where there are several.
    name: Option<String>,
    text: Words,
}

impl Part {
    fn words(self) -> Words {
        match self.name {
            Some(name) => words!((strong(name)) ": " (self.text)),
            None => self.text,
        }
    }
}

fn parts(facts: &Facts, whole: bool) -> Vec<Part> {
    let sweeps = rates::sweeps(facts);
    // What is one answer: a closed scenario, or all rates of a sweep.
    let alone = sweeps.len() == 1 && (0..facts.plan().scenarios.len()).all(|s| facts.is_open(s));
    facts
        .scenarios()
        .filter_map(|(scenario, planned)| {
            if facts.is_open(scenario) {
                let begins = |sweep: &&Sweep| {
                    sweep.scenarios.iter().map(|(_, scenario)| *scenario).min() == Some(scenario)
                };
                let sweep = sweeps.iter().find(begins)?;
                let text = of_rates(facts, sweep, whole);
                let name = if sweep.name.is_empty() { "open arrival" } else { &sweep.name };
                return Some(Part { scenario, name: (!alone).then(|| name.to_owned()), text });
            }
            let text =
                if whole { in_full(facts, scenario) } else { glance::headline(facts, scenario) };
            let name = facts.has_scenarios().then(|| planned.name.clone());
            Some(Part { scenario, name, text })
        })
        .collect()
}

fn in_full(facts: &Facts, scenario: usize) -> Words {
    let speaker = Speaker::of(facts, scenario);
    let more = [speaker.cost(), speaker.faulty(), speaker.unmeasured()];
    let sentences = std::iter::once(speaker.fastest()).chain(more.into_iter().flatten());
    Words::join(sentences.chain(cautions(facts, scenario, true)), " ")
}

/// Facts of a scenario from before its first trial that bear on the answer: its time scale, and
/// parts of its delay model that no request has.
fn cautions(facts: &Facts, scenario: usize, whole: bool) -> Vec<Words> {
    let mut all = time_scale::sentences(facts, scenario, whole);
    let point = &facts.plan().experiment.scenarios[scenario];
    let drawn = if whole { Drawn::of(point) } else { None };
    let cautions = drawn.iter().flat_map(Drawn::cautions);
    all.extend(cautions.map(|caution| format!("{}.", capital(&caution.to_string())).into()));
    all
}

/// Up to which rate each strategy keeps up; in whole, what failed besides.
fn of_rates(facts: &Facts, sweep: &Sweep, whole: bool) -> Words {
    let lines = rates::lines(facts, sweep);
    let most = if whole { lines.len() } else { OTHERS };
    let mut sentences: Vec<Words> =
        lines.iter().take(most).map(|line| open_arrival::sentence(facts, line)).collect();
    if let Some((_, first)) = sweep.scenarios.first() {
        sentences.extend(cautions(facts, *first, whole));
    }
    for &(rate, scenario) in sweep.scenarios.iter().filter(|_| whole) {
        let speaker = Speaker::of(facts, scenario);
        let said = [speaker.faulty(), speaker.unmeasured()].into_iter().flatten();
        sentences.extend(said.map(|s| words!("At " (rates::shown(rate)) " " (s.uncapital()))));
    }
    Words::join(sentences, " ")
}
