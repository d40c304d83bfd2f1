//! JSON of the answer, for a program: the values that the Markdown and the terminal show, before they are
//! rounded for a reader.

use std::collections::HashMap;

use serde::Serialize;

use super::super::claims::{is_of_every_trial, quantity, worst};
use super::super::facts::Facts;
use super::super::rates::{self, Keeps};
use super::advice::Advice;
use super::row::{Order, Row};
use crate::analyse::{Analysis, ClaimAnalysis, ClaimCell, Estimate, Finding, Judged, Verdict};
use crate::page::terminal;
use crate::record::Recording;
use crate::spec::{Claim, Over};
use crate::units::six_digits;

/// Version of the JSON document. Raised when a reader of the version before would misread it;
/// fields may be added without.
pub const SCHEMA: u32 = 1;

/// Answers as one JSON document: `schema`, which is [`SCHEMA`], and `recordings`. `docs/reports.md` has every
/// field of a recording.
pub fn json(answers: &[Answer]) -> String {
    let document = Document { schema: SCHEMA, recordings: answers };
    serde_json::to_string_pretty(&document).expect("the document is plain") + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    recordings: &'a [Answer],
}

/// The answer of a recording, as numbers.
#[derive(Debug, Clone, Serialize)]
pub struct Answer {
    recording: String,
    experiment: String,
    title: String,
    question: String,
    machine: String,
    label: String,
    build: Option<String>,
    commit: Option<String>,
    dirty: bool,
    started: Option<String>,
    started_unix_ms: Option<u64>,
    blocks: usize,
    planned_blocks: usize,
    margin: f64,
    headline: String,
    warnings: Vec<String>,
    scenarios: Vec<Scenario>,
    claims: Vec<JudgedClaim>,
}

#[derive(Debug, Clone, Serialize)]
struct Scenario {
    name: String,
    requests: u32,
    open: bool,
    headline: Option<String>,
    cautions: Vec<String>,
    cells: Vec<Cell>,
    #[serde(rename = "use")]
    advice: Option<Use>,
}

#[derive(Debug, Clone, Serialize)]
struct Cell {
    cell: String,
    strategy: String,
    name: String,
    limit: Option<u32>,
    baseline: bool,
    shown: bool,
    faultless: bool,
    wall_ns: Option<Value>,
    ratio: Option<Value>,
    verdict: Option<&'static str>,
    verdict_reason: Option<String>,
    share_of_ideal: Option<Value>,
    client_cpu_ns_per_1000_requests: Option<Value>,
    max_rss_bytes: Option<Value>,
    failed_requests: Option<u64>,
    issued_requests: Option<u64>,
    ok_trials: usize,
    failed_trials: usize,
    invalid_trials: usize,
    skipped_trials: usize,
    keeps_up: Option<&'static str>,
}

/// An estimate. Without an interval, its ends are `null`.
#[derive(Debug, Clone, Serialize)]
struct Value {
    value: f64,
    low: Option<f64>,
    high: Option<f64>,
    achieved: Option<f64>,
    exact: Option<bool>,
    n: usize,
}

#[derive(Debug, Clone, Serialize)]
struct Use {
    text: String,
    cell: Option<String>,
    name: Option<String>,
    limit: Option<u32>,
    reason: String,
    as_fast_cells: Option<usize>,
    client_cpu_ns_per_1000_requests: Option<f64>,
    max_rss_bytes: Option<f64>,
}

#[derive(Debug, Clone, Serialize)]
struct JudgedClaim {
    text: String,
    verdict: &'static str,
    reason: Option<String>,
    at_least: Option<f64>,
    at_most: Option<f64>,
    unit: &'static str,
    every_trial: bool,
    quantity: Option<String>,
    cell: Option<String>,
    estimate: Option<Value>,
    cells: Vec<ClaimOfCell>,
}

#[derive(Debug, Clone, Serialize)]
struct ClaimOfCell {
    cell: String,
    verdict: &'static str,
    reason: Option<String>,
    estimate: Option<Value>,
}

impl Answer {
    /// The answer of a recording; of one of several builds, as [`Recording::subject`] has it.
    pub fn of(recording: &Recording, analysis: &Analysis) -> Answer {
        let subject = recording.subject();
        let facts = &Facts::new(recording, &subject, analysis);
        let (manifest, experiment) = (&subject.manifest, &subject.plan.experiment);
        let started = manifest.started_unix_ms().and_then(|ms| i64::try_from(ms).ok());
        let started = started.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let headlines: HashMap<usize, String> = super::parts(facts, false)
            .into_iter()
            .map(|part| (part.scenario, terminal::line(&part.text)))
            .collect();
        let keeps = keeps(facts);
        let scenario = |index| Scenario::of(facts, index, headlines.get(&index).cloned(), &keeps);
        Answer {
            recording: recording.name.clone(),
            experiment: manifest.experiment.clone(),
            title: experiment.title.clone(),
            question: experiment.question.clone(),
            machine: manifest.machine.clone(),
            label: recording.machine_name().to_owned(),
            build: recording.builds().pop(),
            commit: manifest.build.commit.clone(),
            dirty: manifest.build.dirty.is_some(),
            started: started.map(|at| at.to_string()),
            started_unix_ms: manifest.started_unix_ms(),
            blocks: analysis.blocks,
            planned_blocks: analysis.planned_blocks,
            margin: analysis.margin.relative(),
            headline: terminal::line(&super::line(facts)),
            warnings: super::trouble(facts).iter().map(terminal::line).collect(),
            scenarios: (0..facts.plan().scenarios.len()).map(scenario).collect(),
            claims: analysis.claims.iter().map(|claim| JudgedClaim::of(facts, claim)).collect(),
        }
    }
}

/// Whether cells of open arrival keep up, by their index.
fn keeps(facts: &Facts) -> HashMap<usize, &'static str> {
    let lines = rates::sweeps(facts).into_iter().flat_map(|sweep| rates::lines(facts, &sweep));
    let word = |keeps: Keeps| match keeps {
        Keeps::Yes => "yes",
        Keeps::No => "no",
        Keeps::Untold => "not shown",
        Keeps::Unmeasured => "not measured",
    };
    lines.flat_map(|line| line.points).map(|point| (point.cell, word(point.keeps))).collect()
}

impl Scenario {
    fn of(
        facts: &Facts,
        index: usize,
        headline: Option<String>,
        keeps: &HashMap<usize, &'static str>,
    ) -> Scenario {
        let order = Order::of(facts, index);
        let cell = |&cell: &usize| Cell {
            keeps_up: keeps.get(&cell).copied(),
            ..Cell::of(facts, &Row::of(facts, cell), order.shown.contains(&cell))
        };
        Scenario {
            name: facts.plan().scenarios[index].name.clone(),
            requests: facts.plan().experiment.scenarios[index].requests,
            open: facts.is_open(index),
            headline,
            cautions: super::cautions(facts, index, true).iter().map(terminal::line).collect(),
            cells: order.all.iter().map(cell).collect(),
            advice: Advice::of(facts, index).map(|advice| Use::of(facts, &advice)),
        }
    }
}

impl Cell {
    fn of(facts: &Facts, row: &Row, shown: bool) -> Cell {
        let planned = facts.cell(row.cell);
        let fitness = facts.analysed(row.cell).fitness;
        let judged = row.compared.map(|compared| &compared.judged);
        Cell {
            cell: planned.id.to_string(),
            strategy: planned.strategy.label.clone(),
            name: planned.name.clone(),
            limit: limit(facts, row.cell),
            baseline: row.is_baseline,
            shown,
            faultless: fitness.is_faultless(),
            wall_ns: row.wall.map(Value::of),
            ratio: row.ratio().map(Value::of),
            verdict: judged.map(verdict),
            verdict_reason: judged.and_then(doubt),
            // Rounded, what is nearly the ideal would be all of it.
            share_of_ideal: row.efficiency.map(|estimate| Value::with(estimate, |x| x)),
            client_cpu_ns_per_1000_requests: row.cpu.as_ref().map(Value::of),
            max_rss_bytes: row.memory.as_ref().map(Value::of),
            failed_requests: row.failed.map(|(failed, _)| failed),
            issued_requests: row.failed.map(|(_, issued)| issued),
            ok_trials: fitness.ok,
            failed_trials: fitness.failed,
            invalid_trials: fitness.invalid,
            skipped_trials: fitness.skipped,
            keeps_up: None,
        }
    }
}

fn limit(facts: &Facts, cell: usize) -> Option<u32> {
    facts.cell(cell).strategy.limit.map(std::num::NonZeroU32::get)
}

fn verdict(judged: &Judged) -> &'static str {
    match &judged.verdict {
        Ok(Verdict::Faster) => "faster",
        Ok(Verdict::Slower) => "slower",
        Ok(Verdict::Equivalent) => "equivalent",
        Ok(Verdict::Inconclusive { .. }) => "inconclusive",
        Err(_) => "not judged",
    }
}

fn doubt(judged: &Judged) -> Option<String> {
    match &judged.verdict {
        Ok(_) => judged.doubt.as_ref().map(ToString::to_string),
        Err(reason) => Some(reason.to_string()),
    }
}

impl Value {
    fn of(estimate: &Estimate) -> Value {
        Value::with(estimate, number)
    }

    fn with(estimate: &Estimate, number: fn(f64) -> f64) -> Value {
        let interval = estimate.interval.as_ref().ok();
        Value {
            value: number(estimate.value),
            low: interval.map(|i| number(i.low)),
            high: interval.map(|i| number(i.high)),
            achieved: interval.map(|i| six_digits(i.achieved)),
            exact: interval.map(|i| i.exact),
            n: estimate.n,
        }
    }
}

/// Times and counts are whole numbers or halves; ratios are not.
fn number(x: f64) -> f64 {
    if x >= 1e5 { x } else { six_digits(x) }
}

impl Use {
    fn of(facts: &Facts, advice: &Advice) -> Use {
        let text = terminal::line(&advice.words(facts));
        match advice {
            Advice::Use(pick) => Use {
                text,
                cell: Some(facts.cell(pick.cell).id.to_string()),
                name: Some(facts.name(pick.cell).to_owned()),
                limit: limit(facts, pick.cell),
                reason: pick.reason(facts),
                as_fast_cells: Some(pick.as_fast),
                client_cpu_ns_per_1000_requests: Some(number(pick.cpu_ns)),
                max_rss_bytes: Some(number(pick.memory_bytes)),
            },
            Advice::Nothing(why) => Use {
                text,
                cell: None,
                name: None,
                limit: None,
                reason: terminal::line(why),
                as_fast_cells: None,
                client_cpu_ns_per_1000_requests: None,
                max_rss_bytes: None,
            },
        }
    }
}

impl JudgedClaim {
    fn of(facts: &Facts, analysed: &ClaimAnalysis) -> JudgedClaim {
        let claim: &Claim = &facts.plan().experiment.claims[analysed.claim];
        let worst = worst(claim, &analysed.cells);
        JudgedClaim {
            text: claim.text.clone(),
            verdict: analysed.finding.name(),
            reason: worst.map_or_else(
                || Some("no recorded cell is selected".to_owned()),
                |cell| reason(&cell.finding),
            ),
            at_least: claim.at_least,
            at_most: claim.at_most,
            unit: if claim.over == Over::One { claim.metric.unit().name() } else { "×" },
            every_trial: is_of_every_trial(claim),
            quantity: worst.map(|cell| terminal::line(&quantity(facts, claim, cell.cell))),
            cell: worst.map(|cell| facts.cell(cell.cell).id.to_string()),
            estimate: worst.and_then(|cell| cell.ratio.as_ref().ok()).map(Value::of),
            cells: analysed.cells.iter().map(|cell| ClaimOfCell::of(facts, cell)).collect(),
        }
    }
}

impl ClaimOfCell {
    fn of(facts: &Facts, cell: &ClaimCell) -> ClaimOfCell {
        ClaimOfCell {
            cell: facts.cell(cell.cell).id.to_string(),
            verdict: match cell.finding {
                Finding::Held => "held",
                Finding::Refuted => "refuted",
                Finding::Undecided(_) => "undecided",
                Finding::NotJudged(_) => "not judged",
            },
            reason: reason(&cell.finding),
            estimate: cell.ratio.as_ref().ok().map(Value::of),
        }
    }
}

fn reason(finding: &Finding) -> Option<String> {
    match finding {
        Finding::Held | Finding::Refuted => None,
        Finding::Undecided(reason) => Some(reason.to_string()),
        Finding::NotJudged(reason) => Some(reason.to_string()),
    }
}
