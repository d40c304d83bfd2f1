//! The answer: a few sentences that say no more than the record does.

mod speaker;
mod trouble;

use self::speaker::Speaker;
use self::trouble::trouble;
use super::facts::Facts;
use super::markdown;
use super::numbers::{and, capital, counted};
use super::open::{self, Sweep};
use super::time_scale;
use crate::plan::Drawn;

/// Cells that are named beside the fastest and the baseline: one sentence holds no more.
const OTHERS: usize = 4;

/// More scenarios than this do not fit the first screen.
const SCENARIOS: usize = 6;

/// How names and words are written: for a page or for a terminal.
#[derive(Clone, Copy)]
struct Voice {
    name: fn(&str) -> String,
    text: fn(&str) -> String,
    strong: fn(&str) -> String,
}

const PAGE: Voice = Voice {
    name: markdown::code,
    text: markdown::text,
    strong: |text| format!("**{}**", markdown::text(text)),
};

const TERMINAL: Voice =
    Voice { name: |name| format!("`{name}`"), text: str::to_owned, strong: str::to_owned };

/// The answer for a terminal: one to three sentences for each scenario.
pub(super) fn plain(facts: &Facts) -> String {
    let mut lines = Vec::new();
    lines.extend(trouble(facts, TERMINAL));
    lines.extend(by_scenario(facts, TERMINAL, true));
    lines.join("\n")
}

/// The answer in one line of Markdown, for the index: that of the first scenario.
pub(super) fn line(facts: &Facts) -> String {
    let first = by_scenario(facts, PAGE, false).into_iter().next().unwrap_or_default();
    let more = by_scenario(facts, PAGE, false).len() - 1;
    let more = match more {
        0 => String::new(),
        n => format!(" ({} in the report)", counted(n, "more scenario")),
    };
    let broken = if trouble(facts, PAGE).is_empty() { "" } else { "(Incomplete.) " };
    format!("{broken}{first}{more}")
}

/// The answer as part of the report.
pub(super) fn section(facts: &Facts) -> String {
    let sentences = by_scenario(facts, PAGE, true);
    let mut parts = trouble(facts, PAGE);
    match sentences.split_at_checked(SCENARIOS) {
        _ if sentences.len() == 1 => parts.push(sentences[0].clone()),
        Some((first, rest)) if !rest.is_empty() => {
            parts.push(markdown::list(first));
            let summary = format!("{} more scenarios", rest.len());
            parts.push(markdown::details(&summary, &markdown::list(rest)));
        }
        _ => parts.push(markdown::list(&sentences)),
    }
    parts.join("\n\n")
}

fn names(facts: &Facts, voice: Voice, cells: &[usize], most: usize) -> String {
    let mut shown: Vec<String> =
        cells.iter().take(most).map(|&c| (voice.name)(facts.name(c))).collect();
    if cells.len() > most {
        shown.push(format!("{} more", cells.len() - most));
    }
    and(&shown)
}

fn by_scenario(facts: &Facts, voice: Voice, whole: bool) -> Vec<String> {
    let sweeps = open::sweeps(facts);
    // What is one answer: a closed scenario, or all rates of a sweep.
    let alone = sweeps.len() == 1 && (0..facts.plan().scenarios.len()).all(|s| facts.is_open(s));
    facts
        .scenarios()
        .filter_map(|(index, scenario)| {
            if facts.is_open(index) {
                let begins = |sweep: &&Sweep| {
                    sweep.scenarios.iter().map(|(_, scenario)| *scenario).min() == Some(index)
                };
                let sweep = sweeps.iter().find(begins)?;
                let text = of_rates(facts, voice, sweep, whole);
                let name = if sweep.name.is_empty() { "open arrival" } else { &sweep.name };
                let named = || format!("{}: {text}", (voice.strong)(name));
                return Some(if alone { text.clone() } else { named() });
            }
            let speaker = Speaker::of(facts, voice, index);
            let mut sentences = vec![speaker.fastest()];
            if whole {
                sentences.extend(
                    [speaker.cost(), speaker.faulty(), speaker.unmeasured()].into_iter().flatten(),
                );
            }
            sentences.extend(before_the_first_trial(facts, voice, index, whole));
            let text = sentences.join(" ");
            Some(if facts.has_scenarios() {
                format!("{}: {text}", (voice.strong)(&scenario.name))
            } else {
                text
            })
        })
        .collect()
}

/// What was known of a scenario before its first trial and bears on the answer: its time scale, and the
/// parts of its delay model that no request has.
fn before_the_first_trial(
    facts: &Facts,
    voice: Voice,
    scenario: usize,
    whole: bool,
) -> Vec<String> {
    let mut all = time_scale::sentences(facts, scenario, voice.name, voice.strong, whole);
    let point = &facts.plan().experiment.scenarios[scenario];
    let drawn = if whole { Drawn::of(point) } else { None };
    let cautions = drawn.iter().flat_map(Drawn::cautions);
    all.extend(
        cautions.map(|caution| format!("{}.", (voice.text)(&capital(&caution.to_string())))),
    );
    all
}

/// Up to which rate each strategy keeps up; in whole, what failed besides.
fn of_rates(facts: &Facts, voice: Voice, sweep: &Sweep, whole: bool) -> String {
    let name = |cell: usize| (voice.name)(facts.name(cell));
    let lines = open::lines(facts, sweep);
    let most = if whole { lines.len() } else { OTHERS };
    let mut sentences: Vec<String> =
        lines.iter().take(most).map(|line| open::sentence(facts, line, name)).collect();
    if let Some((_, first)) = sweep.scenarios.first() {
        sentences.extend(before_the_first_trial(facts, voice, *first, whole));
    }
    for &(rate, scenario) in sweep.scenarios.iter().filter(|_| whole) {
        let speaker = Speaker::of(facts, voice, scenario);
        let said = [speaker.faulty(), speaker.unmeasured()].into_iter().flatten();
        sentences.extend(said.map(|s| format!("At {} {}", open::shown(rate), uncapital(&s))));
    }
    sentences.join(" ")
}

/// A sentence that goes on after another word.
fn uncapital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}
