//! Services that were asked in place of the delay server: which they were, what they used, and what nobody
//! knows of them.

use crate::page::{Block, Table, Words, blocks, cells, code, heading, term, words};
use crate::record::{RecordError, TrialRow};
use crate::strategy::Service;

use super::facts::Facts;
use super::numbers::{UNKNOWN, bytes, count, ns};

/// A row for each cell that asks a service, and a row for each service that was started.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let asked: Vec<(usize, &Service)> = (0..facts.plan().cells.len())
        .filter_map(|cell| Some((cell, facts.cell(cell).strategy.service.as_ref()?)))
        .collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = blocks![heading(2, "Services"), intro()];
    out.push(used(facts, &asked).into());
    let mut names: Vec<&str> = asked.iter().map(|(_, service)| service.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    let started: Vec<_> =
        facts.whole.manifest.programs.iter().filter(|p| names.contains(&p.name.as_str())).collect();
    let mut table = Table::new(["service", "version"]).numbers(["lines"]).text(["command"]);
    for service in started.iter().filter(|service| service.missing.is_none()) {
        table.row(cells![
            code(&service.name),
            service.version.as_deref().unwrap_or(UNKNOWN),
            service.lines.map_or_else(|| UNKNOWN.to_owned(), count),
            code(service.run.join(" "))
        ]);
    }
    if !table.is_empty() {
        out.push(table.into());
    }
    for why in started.iter().filter_map(|service| service.missing.as_ref()) {
        out.push(words!("Skipped: " (crate::page::message(why)) ".").into());
    }
    Ok(out)
}

fn intro() -> Words {
    words!(
        "Servers that are no part of inflight. How long one waits before it answers is not known. So \
         there is no ideal time, and no efficiency. Requests in flight and connections are known from \
         the client alone: the checks that need the server are not asked. "
        (term("CPU")) " and " (term("memory")) " are those of all processes of a service. "
        (term("Start-up")) " is the time from its start to its first answer. Of a service that ran \
         before the trial, inflight knows none of these."
    )
}

fn used(facts: &Facts, asked: &[(usize, &Service)]) -> Table {
    let mut table = Table::new(["cell"]).text(["service"]).numbers([
        "start-up",
        "CPU / request",
        "memory",
        "processes",
        "threads",
    ]);
    for &(cell, service) in asked {
        let middle = |of: fn(&TrialRow) -> Option<f64>, show: fn(f64) -> String| {
            facts.median(cell, of).map_or_else(|_| UNKNOWN.to_owned(), |e| show(e.value))
        };
        let cpu = |row: &TrialRow| {
            let requests = row.issued.filter(|&n| n > 0)?;
            Some(row.service_cpu_ns()? as f64 / requests as f64)
        };
        table.row(cells![
            facts.full_code(cell),
            code(&service.name),
            middle(|row| Some(row.service_ready_ns? as f64), ns),
            middle(cpu, ns),
            middle(|row| Some(row.service_max_rss_bytes? as f64), bytes),
            middle(|row| Some(row.service_peak_processes? as f64), whole),
            middle(|row| Some(row.service_peak_threads? as f64), whole)
        ]);
    }
    table
}

fn whole(n: f64) -> String {
    count(n as u64)
}
