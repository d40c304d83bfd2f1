//! The section on the phases of a request, in numbers.

use crate::page::{Block, Table, Words, cells, details, strong, term, under, words};
use crate::record::{RecordError, TrialRow};
use crate::strategy::probe::Phase;

use super::facts::Facts;
use super::figures::parts::shown as charts;
use super::figures::phases;
use super::numbers::{UNKNOWN, count, counted, ns, percent};

/// Chart and tables; nothing where no phases were recorded.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let figures = phases::figures(facts);
    if figures.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = charts(figures, "More scenarios");
    let mut percentiles: Vec<Block> = Vec::new();
    for (index, scenario) in facts.scenarios() {
        let cells = facts.cells_of(index);
        let known: Vec<usize> = cells.into_iter().filter(|&c| facts.has_phases(c)).collect();
        if known.is_empty() {
            continue;
        }
        let heading = || facts.has_scenarios().then(|| Block::from(strong(&scenario.name)));
        out.extend(heading());
        out.push(means(facts, &known).into());
        if let Some(table) = spread(facts, &known)? {
            percentiles.extend(heading());
            percentiles.push(table.into());
        }
    }
    out.push(Block::from(words!(
        "Mean times of a successful request. " UNKNOWN ": the library cannot tell the phase, and its \
         time is in the next one that has a number; or no request was in it. " (term("Delay"))
        " is what the server waited, a part of " (term("wait")) "."
    )));
    if !percentiles.is_empty() {
        percentiles.push(Block::from(
            "p50 / p99 over the successful requests that were in the phase, with their share \
             where it is not all; the median over the trials whose rows were kept. Of fewer than \
             100 there is no p99.",
        ));
        out.push(details("Percentiles of every phase, from the request rows", percentiles));
    }
    Ok(under(2, "Where the time of a request goes", out))
}

/// The phases that any of the cells has.
fn present(has: impl Fn(Phase) -> bool) -> Vec<Phase> {
    Phase::ALL.into_iter().filter(|&phase| has(phase)).collect()
}

fn means(facts: &Facts, cells: &[usize]) -> Table {
    let mean = |cell: usize, phase: Phase| {
        facts.median(cell, |r| r.phase_ns(phase).map(|v| v as f64)).ok()
    };
    let phases = present(|phase| cells.iter().any(|&c| mean(c, phase).is_some()));
    let mut table = Table::new(["cell"])
        .numbers(phases.iter().map(|phase| phase.name()))
        .numbers(["total", "delay"]);
    let shown =
        |estimate: Option<f64>| -> Words { estimate.map_or_else(|| UNKNOWN.to_owned(), ns).into() };
    for &cell in cells {
        let mut row = vec![facts.code(cell)];
        row.extend(phases.iter().map(|&phase| shown(mean(cell, phase).map(|e| e.value))));
        row.push(shown(facts.median(cell, TrialRow::request_ns).ok().map(|e| e.value)));
        row.push(shown(facts.median(cell, TrialRow::served_delay_ns).ok().map(|e| e.value)));
        table.row(row);
    }
    table
}

fn spread(facts: &Facts, cells: &[usize]) -> Result<Option<Table>, RecordError> {
    let mut digests = Vec::new();
    for &cell in cells {
        let digest = facts.digest(cell)?;
        if digest.phases.iter().any(Option::is_some) {
            digests.push((cell, digest));
        }
    }
    if digests.is_empty() {
        return Ok(None);
    }
    let phases = present(|phase| digests.iter().any(|(_, d)| d.phases[phase as usize].is_some()));
    let mut table =
        Table::new(["cell"]).numbers(phases.iter().map(|phase| phase.name())).numbers(["rows"]);
    for (cell, digest) in digests {
        let mut row = vec![facts.code(cell)];
        row.extend(phases.iter().map(|&phase| match digest.phases[phase as usize] {
            Some(numbers) => {
                let share = match numbers.share {
                    s if s >= 0.9995 => String::new(),
                    s if s < 0.001 => " (< 0.1 %)".to_owned(),
                    s => format!(" ({})", percent(s)),
                };
                let p99 = numbers.p99_ns.map_or_else(|| UNKNOWN.to_owned(), ns);
                format!("{} / {p99}{share}", ns(numbers.p50_ns)).into()
            }
            None => UNKNOWN.into(),
        }));
        row.extend(cells![format!(
            "{} of {}",
            count(digest.rows),
            counted(digest.trials, "trial")
        )]);
        table.row(row);
    }
    Ok(Some(table))
}
