//! Where the time of a request goes, in numbers.

use crate::page::{Block, Table, Words, cells, details, strong, term, under, words};
use crate::record::{RecordError, TrialRow};
use crate::strategy::probe::Phase;

use super::facts::Facts;
use super::figures::{phases, shown as charts};
use super::numbers::{UNKNOWN, count, counted, ns, percent};

/// Whether the trials of a cell have phases.
pub(super) fn has_phases(facts: &Facts, cell: usize) -> bool {
    facts.ok_rows(cell).iter().any(|r| total_ns(r).is_some())
}

/// Mean time of a successful request, in nanoseconds; `None` without probes.
pub(super) fn total_ns(row: &TrialRow) -> Option<f64> {
    // Every request has an end, so without this phase none has been taken.
    row.phase_ns(Phase::Receive)?;
    Some(Phase::ALL.into_iter().filter_map(|phase| row.phase_ns(phase)).sum::<u64>() as f64)
}

/// Mean delay of a request at the server, in nanoseconds; `None` where more than one of a thousand
/// requests failed: it is not known which delays were theirs.
pub(super) fn delay_ns(row: &TrialRow) -> Option<f64> {
    let few = row.errors?.saturating_mul(1_000) <= row.issued?;
    let served = row.server_requests.filter(|&served| served > 0 && few)?;
    Some(row.server_delay_sum_ns? as f64 / served as f64)
}

/// What a request took beyond its queue and its delay, in nanoseconds.
pub(super) fn own_ns(row: &TrialRow) -> Option<f64> {
    let queue = row.phase_ns(Phase::Queue).unwrap_or(0) as f64;
    Some((total_ns(row)? - queue - delay_ns(row)?).max(0.0))
}

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
        let known: Vec<usize> = cells.into_iter().filter(|&c| has_phases(facts, c)).collect();
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
        row.push(shown(facts.median(cell, total_ns).ok().map(|e| e.value)));
        row.push(shown(facts.median(cell, delay_ns).ok().map(|e| e.value)));
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
