//! Services that were asked in place of the delay server: which they were, what they used, and what nobody
//! knows of them.

use crate::page::{Block, Table, Words, blocks, cells, code, heading, term, words};
use crate::record::{RecordError, TrialRow};
use crate::spec::Metric;
use crate::strategy::Service;
use crate::units::percent;

use super::facts::Facts;
use super::numbers::{UNKNOWN, bytes, count, estimate, ns, ratio};

/// A row for each cell that asks a service, and a row for each service that was started.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let asked: Vec<(usize, &Service)> = (0..facts.plan().cells.len())
        .filter_map(|cell| Some((cell, facts.cell(cell).strategy.service.as_ref()?)))
        .collect();
    if asked.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = blocks![heading(2, "Services"), intro()];
    let has_page = |(_, service): &(usize, &Service)| service.page.is_some();
    if !asked.iter().all(has_page) {
        out.push(UNKNOWN_TIMES.into());
    }
    out.push(used(facts, &asked).into());
    if asked.iter().any(has_page) {
        out.push(pages(facts, asked.iter().copied().filter(has_page)).into());
        out.push(of_pages().into());
    }
    if asked.iter().any(|&(cell, _)| facts.metric(cell, Metric::WorkerShare).is_ok()) {
        out.push(shares(facts, &asked).into());
        out.push(of_shares().into());
    }
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
        "Servers that are no delay server. Requests in flight and connections are known from \
         the client alone: the checks that need the server are not asked. "
        (term("CPU")) " and " (term("memory")) " are those of all processes of a service. "
        (term("Start-up")) " is the time from its start to its first answer. Of a service that ran \
         before the trial, inflight knows none of these."
    )
}

const UNKNOWN_TIMES: &str = "How long a service waits before it answers is not known, unless it declares \
    `calls` or `work`. Without them there is no ideal time, and no efficiency.";

/// Pages: the ideal of each cell, and its busiest part.
fn pages<'a>(facts: &Facts, asked: impl Iterator<Item = (usize, &'a Service)>) -> Table {
    let mut table = Table::new(["cell"]).numbers([
        "calls",
        "served at once",
        "ideal",
        "time ÷ ideal",
        "backend late by (p99)",
    ]);
    table = table.text(["busiest part"]);
    for (cell, service) in asked {
        let planned = facts.cell(cell);
        let calls = service.page.as_ref().map_or(0, |page| page.calls);
        let slots = facts.plan().service_slots(planned);
        // Where something failed, less work took the time: it would seem nearer to its ideal.
        let is_whole = facts.is_ranked(cell);
        let over_ideal = facts.median(cell, |row| {
            (planned.ideal.wall_ns > 0)
                .then_some(row.wall_ns? as f64 / planned.ideal.wall_ns as f64)
        });
        let late = facts.median(cell, |row| Some(row.backend_delay_error_p99_ns? as f64));
        table.row(cells![
            facts.full_code(cell),
            count(u64::from(calls)),
            slots.map_or_else(|| "all".to_owned(), |slots| count(u64::from(slots))),
            ns(planned.ideal.wall_ns as f64),
            over_ideal
                .ok()
                .filter(|_| is_whole)
                .map_or_else(|| UNKNOWN.to_owned(), |e| ratio(e.value)),
            late.map_or_else(|_| UNKNOWN.to_owned(), |e| ns(e.value)),
            busiest(facts, cell).filter(|_| is_whole).unwrap_or_else(|| UNKNOWN.to_owned())
        ]);
    }
    table
}

fn of_pages() -> Words {
    words!(
        "Each request is a page, which makes calls of a backend: the delay server. " (term("Ideal"))
        " is the time of all pages without overhead, on as many slots as the service serves at once. The "
        (term("busiest part")) " is what the time went to: the workers, the client's limit or the backend \
         by the schedule, the CPU of the service or of the client as measured. Near 100 %, it is the \
         bottleneck."
    )
}

/// The part of a cell that was busy for the largest share of its wall time.
fn busiest(facts: &Facts, cell: usize) -> Option<String> {
    let planned = facts.cell(cell);
    let scenario = facts.plan().scenario_of(planned);
    let limit = planned.strategy.concurrency(scenario.requests, scenario.streams);
    let by_schedule = match facts.plan().service_slots(planned) {
        Some(_) => "workers",
        None if limit < scenario.requests => "the client's limit",
        None => "backend",
    };
    let cpus = if scenario.share_cpus { facts.whole.machine.as_ref()?.cpus } else { 1 } as f64;
    let of_wall = |value: &dyn Fn(&TrialRow) -> Option<f64>| {
        facts.median(cell, |row| Some(value(row)? / row.wall_ns? as f64)).ok().map(|e| e.value)
    };
    let parts = [
        (by_schedule, of_wall(&|_| Some(planned.ideal.wall_ns as f64))),
        ("CPU of the service", of_wall(&|row| Some(row.service_cpu_ns()? as f64 / cpus))),
        ("CPU of the client", of_wall(&|row| Some(row.client_cpu_ns()? as f64))),
    ];
    // One that is not known could be the busiest.
    let known: Option<Vec<(&str, f64)>> =
        parts.into_iter().map(|(part, share)| Some((part, share?))).collect();
    let (part, share) = known?.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))?;
    Some(format!("{part}, {}", percent(share)))
}

/// Shares of workers, of each service that names them.
fn shares(facts: &Facts, asked: &[(usize, &Service)]) -> Table {
    let mut table =
        Table::new(["cell"]).numbers(["workers", "answered", "largest share", "even share"]);
    for &(cell, _) in asked {
        let Ok(share) = facts.metric(cell, Metric::WorkerShare) else { continue };
        let answered = facts.median(cell, |row| Some(row.service_workers? as f64));
        let workers = facts.cell(cell).strategy.workers();
        table.row(cells![
            facts.full_code(cell),
            workers.map_or_else(|| UNKNOWN.to_owned(), |n| count(u64::from(n))),
            answered.map_or_else(|_| UNKNOWN.to_owned(), |e| whole(e.value)),
            estimate(&share, percent),
            workers.map_or_else(|| UNKNOWN.to_owned(), |n| percent(1.0 / f64::from(n)))
        ]);
    }
    table
}

fn of_shares() -> Words {
    words!(
        "A service names the worker of each answer. " (term("Answered")) " is how many workers did. Where one \
         has more than 1.5 times its even share in the median trial, numbers of workers are not compared: \
         the load went to fewer than there are."
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
            let requests = row.issued.filter(|&n| n > 0 && row.errors == Some(0))?;
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
