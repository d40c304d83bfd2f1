//! Programs: which they were, and what it takes to start them.

use crate::analyse::median;
use crate::page::{Block, Table, Words, blocks, cells, code, heading, term, words};
use crate::record::{ProgramFacts, RecordError, TrialRow};
use crate::spec::Metric;

use super::facts::Facts;
use super::numbers::{UNKNOWN, bytes, count, ns};

/// The programs that issue requests.
fn clients<'a>(facts: &Facts<'a>) -> impl Iterator<Item = &'a ProgramFacts> {
    let issue = |name: &str| {
        let programs = facts.plan().cells.iter().filter_map(|c| c.strategy.program.as_ref());
        programs.map(|program| &program.name).any(|known| known == name)
    };
    let all: Vec<&ProgramFacts> =
        facts.whole.manifest.programs.iter().filter(|facts| issue(&facts.name)).collect();
    all.into_iter()
}

/// Clients of all kinds side by side: one table for each scenario, the fastest first.
pub(super) fn overview(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    if clients(facts).next().is_none() {
        return Ok(Vec::new());
    }
    let mut out = Vec::new();
    for (index, scenario) in facts.scenarios() {
        if facts.has_scenarios() {
            out.push(heading(3, &scenario.name));
        }
        out.push(side_by_side(facts, &facts.cells_of(index)).into());
    }
    out.push(words!(
        "Medians over trials; cells in which something failed come last. " (term("Memory"))
        " is for 1,000 requests in flight, of the whole process: an interpreter is shared out among \
         as many as there are. " (term("Lines")) " of code are those of a program's files, with its report; of inflight's own \
         clients those of the model, which leaves requests and report to the library and the harness."
    ).into());
    Ok(out)
}

fn side_by_side(facts: &Facts, cells: &[usize]) -> Table {
    let mut cells: Vec<usize> =
        cells.iter().copied().filter(|&cell| facts.analysed(cell).fitness.begun() > 0).collect();
    let wall = |cell: usize| facts.wall_ns(cell).unwrap_or(f64::INFINITY);
    cells.sort_by(|&a, &b| {
        let last = |cell| !facts.is_ranked(cell);
        last(a).cmp(&last(b)).then(wall(a).total_cmp(&wall(b))).then(a.cmp(&b))
    });
    let mut table = Table::new(["client"]).numbers([
        "time",
        "efficiency",
        "CPU / request",
        "memory",
        "start-up",
        "failed",
        "lines",
    ]);
    for cell in cells {
        let shown = |metric: Metric, show: fn(f64) -> String| {
            facts.metric(cell, metric).map_or_else(|_| UNKNOWN.to_owned(), |e| show(e.value))
        };
        let rows = facts.ok_rows(cell);
        let memory = facts.median(cell, |row| {
            let in_flight = row.server_peak_in_flight.filter(|&n| n > 0)?;
            Some(row.client_max_rss_bytes? as f64 * 1_000.0 / in_flight as f64)
        });
        let failed = match facts.errors(cell) {
            _ if rows.is_empty() => UNKNOWN.to_owned(),
            (0, _) => "none".to_owned(),
            (errors, issued) => format!("{} of {}", count(errors), count(issued)),
        };
        let name = match facts.shortfall(cell) {
            Some(shortfall) => words!((facts.code(cell)) " (" shortfall ")"),
            None => facts.code(cell),
        };
        let lines = lines(facts, cell);
        table.row(cells![
            name,
            shown(Metric::Wall, ns),
            match facts.has_ideal(cell) {
                true => shown(Metric::Efficiency, |share| format!("{share:.2}")),
                false => UNKNOWN.to_owned(),
            },
            shown(Metric::CpuPerRequest, ns),
            memory.map_or_else(|_| UNKNOWN.to_owned(), |e| bytes(e.value)),
            start_up(&rows),
            failed,
            lines.map_or_else(|| UNKNOWN.to_owned(), count)
        ]);
    }
    table
}

/// Lines of code of a cell's program, or of its model.
fn lines(facts: &Facts, cell: usize) -> Option<u64> {
    let (strategy, manifest) = (&facts.cell(cell).strategy, &facts.whole.manifest);
    match &strategy.program {
        Some(program) => manifest.programs.iter().find(|known| known.name == program.name)?.lines,
        None => manifest.model_lines.get(strategy.model.name()).copied(),
    }
}

/// A table of the programs, and what is missing of them.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let programs: Vec<&ProgramFacts> = clients(facts).collect();
    if programs.is_empty() {
        return Ok(Vec::new());
    }
    let mut out = blocks![heading(2, "Programs"), intro()];
    let mut table = Table::new(["program", "version"])
        .numbers(["lines", "start-up"])
        .text(["told by", "command"]);
    for program in programs.iter().filter(|program| program.missing.is_none()) {
        let rows = rows(facts, program);
        let lines = program.lines.map_or_else(|| UNKNOWN.to_owned(), count);
        table.row(cells![
            code(&program.name),
            program.version.as_deref().unwrap_or(UNKNOWN),
            lines,
            start_up(&rows),
            told_by(&rows),
            code(program.run.join(" "))
        ]);
    }
    if !table.is_empty() {
        out.push(table.into());
    }
    let by_arrival = programs.iter().filter(|program| !program.index_by.is_path());
    let by_arrival: Vec<Words> = by_arrival.map(|program| code(&program.name)).collect();
    if !by_arrival.is_empty() {
        out.push(words!(
            "In order of arrival: " (Words::and(by_arrival)) ". Requests without a number get their \
             delays in the order in which they come, so it differs from cell to cell which request \
             is a slow one."
        ).into());
    }
    for why in programs.iter().filter_map(|program| program.missing.as_ref()) {
        out.push(words!("Skipped: " (crate::page::message(why)) ".").into());
    }
    Ok(out)
}

fn intro() -> Words {
    words!(
        "Clients that are no part of inflight. Their CPU time and memory are those of all their \
         processes. " (code("Lines")) " are neither empty nor comments. " (code("Start-up"))
        " is the time of the process beyond the window of its requests: an interpreter and its \
         libraries, mostly. Where " (code("report")) " told of the requests, the program did; where "
        (code("server")) " did, only the delay server knows of them, and latencies stay empty."
    )
}

/// Trials of a program that measured.
fn rows<'a>(facts: &Facts<'a>, program: &ProgramFacts) -> Vec<&'a TrialRow> {
    let cells = (0..facts.plan().cells.len()).filter(|&cell| {
        let used = facts.cell(cell).strategy.program.as_ref();
        used.is_some_and(|used| used.name == program.name)
    });
    cells.flat_map(|cell| facts.ok_rows(cell)).collect()
}

/// Median time of the process beyond its window.
fn start_up(rows: &[&TrialRow]) -> String {
    let beyond =
        |row: &&TrialRow| Some(row.client_process_wall_ns?.checked_sub(row.wall_ns?)? as f64);
    let all: Vec<f64> = rows.iter().filter_map(beyond).collect();
    median(&all).map_or_else(|_| UNKNOWN.to_owned(), |middle| ns(middle.value))
}

fn told_by(rows: &[&TrialRow]) -> String {
    let mut by: Vec<&str> = rows.iter().map(|row| row.client_told_by.as_str()).collect();
    by.sort_unstable();
    by.dedup();
    if by.is_empty() { UNKNOWN.to_owned() } else { by.join(", ") }
}
