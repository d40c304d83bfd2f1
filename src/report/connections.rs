//! Connections, names, and how libraries get at both.

use crate::page::{Block, Table, blocks, cells, code, heading, strong, term, words};
use crate::record::{RecordError, TrialRow};
use crate::strategy::{ByName, Library};
use crate::vocabulary::Reuse;

use super::facts::Facts;
use super::numbers::{UNKNOWN, about, count, ratio, span, times};

/// Numbers of connections as the clients noted them; nothing where they noted none.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let noted = |row: &TrialRow| row.connections_opened.is_some();
    if !facts.all_ok_rows().any(noted) {
        return Ok(Vec::new());
    }
    let mut out = vec![heading(2, "Connections")];
    for (index, scenario) in facts.scenarios() {
        let cells: Vec<usize> = facts
            .cells_of(index)
            .into_iter()
            .filter(|&c| facts.ok_rows(c).into_iter().any(noted))
            .collect();
        if cells.is_empty() {
            continue;
        }
        if facts.has_scenarios() {
            out.push(strong(&scenario.name).into());
        }
        out.push(opened(facts, &cells, facts.plan().experiment.scenarios[index].tls).into());
    }
    out.push(Block::from(words!(
        "Medians over the trials of a cell, counted by the client where nothing else is said. "
        (term("Expected")) " is what the mode of reuse allows. " (term("Unused")) " connections were \
         begun for a request that another one then carried; " (term("given up")) " is what was not \
         open when the trial ended or its request was over; " (term("kept")) " were open at the end. "
        (term("Requests / connection")) " is what the server got, answered or not, over the \
         connections that carried any."
    )));
    out.extend(names(facts));
    out.extend(libraries(facts));
    Ok(out)
}

fn value(facts: &Facts, cell: usize, of: impl Fn(&TrialRow) -> Option<f64>) -> Option<f64> {
    facts.median(cell, of).ok().map(|e| e.value)
}

fn shown(value: Option<f64>, show: fn(f64) -> String) -> String {
    value.map_or_else(|| UNKNOWN.to_owned(), show)
}

/// Connections that carried a request.
fn used(row: &TrialRow) -> Option<u64> {
    Some(row.connections_opened?.saturating_sub(row.connections_unused?))
}

/// Connections that carried a request, as the server counted them; the client where it did not.
fn carriers(row: &TrialRow) -> Option<u64> {
    row.server_connections_used.or_else(|| used(row))
}

fn opened(facts: &Facts, cells: &[usize], tls: bool) -> Table {
    let mut table = Table::new(["cell", "reuse"])
        .numbers(["opened", "expected", "used", "unused", "failed", "given up", "kept"])
        .numbers(["requests / connection"])
        .numbers(tls.then_some("TLS full / resumed"));
    for &cell in cells {
        let planned = facts.cell(cell);
        let scenario = facts.plan().scenario_of(planned);
        let expected = planned.strategy.connections(scenario.requests, scenario.known_hosts());
        let (least, most) = (f64::from(*expected.start()), f64::from(*expected.end()));
        let median = |of: fn(&TrialRow) -> Option<u64>| {
            shown(value(facts, cell, |r| of(r).map(|v| v as f64)), about)
        };
        let carried = value(facts, cell, |r| {
            Some(r.server_requests? as f64 / carriers(r).filter(|&n| n > 0)? as f64)
        });
        let mut row = cells![
            facts.code(cell),
            planned.strategy.reuse,
            median(|r| r.connections_opened),
            span(least, most, about),
            median(used),
            median(|r| r.connections_unused),
            median(|r| r.connections_failed),
            median(|r| r.connections_given_up),
            median(|r| r.connections_kept),
            shown(carried, each),
        ];
        if tls {
            let (full, resumed) = (median(|r| r.tls_full), median(|r| r.tls_resumed));
            row.push(format!("{full} / {resumed}").into());
        }
        table.row(row);
    }
    table
}

/// `50`, `1.87`, `0.610`
fn each(value: f64) -> String {
    match value {
        v if v.fract() == 0.0 => count(v as u64),
        v if v >= 1.0 => times(v),
        v => ratio(v),
    }
}

/// Look-ups of the client.
fn lookups(row: &TrialRow) -> Option<u64> {
    Some(row.dns_misses? + row.dns_hits? + row.dns_coalesced?)
}

/// The look-ups of every cell whose requests go to names.
fn names(facts: &Facts) -> Vec<Block> {
    let mut table = Table::new(["cell", "cache"])
        .numbers([
            "look-ups / request",
            "asked the server",
            "from the cache",
            "coalesced",
            "failed",
        ])
        .numbers(["queries at the server"]);
    for cell in 0..facts.plan().cells.len() {
        let planned = facts.cell(cell);
        let named = facts.plan().scenario_of(planned).dns_delay_ns.is_some();
        let rows = facts.ok_rows(cell);
        if !named || !rows.iter().any(|r| lookups(r).is_some()) {
            continue;
        }
        let median = |of: fn(&TrialRow) -> Option<u64>| {
            shown(value(facts, cell, |r| of(r).map(|v| v as f64)), about)
        };
        let per_request = value(facts, cell, |r| per_request(r, lookups(r)?));
        table.row(cells![
            facts.full_code(cell),
            if planned.strategy.dns_cache { "on" } else { "off" },
            shown(per_request, each),
            median(|r| r.dns_misses),
            median(|r| r.dns_hits),
            median(|r| r.dns_coalesced),
            median(|r| r.dns_failed),
            median(|r| r.dns_queries),
        ]);
    }
    if table.is_empty() {
        return Vec::new();
    }
    let meaning = words!(
        "Medians over the trials of a cell. A " (term("coalesced")) " look-up waited for the query of \
         another."
    );
    blocks![heading(3, "Names"), table, meaning]
}

fn per_request(row: &TrialRow, n: u64) -> Option<f64> {
    Some(n as f64 / row.issued.filter(|&issued| issued > 0)? as f64)
}

/// Which library resolves, connects, races and pools how: what is known of it, and what these
/// trials show.
fn libraries(facts: &Facts) -> Vec<Block> {
    let mut seen: Vec<(&ByName<Library>, Reuse, Vec<usize>)> = Vec::new();
    for cell in 0..facts.plan().cells.len() {
        let strategy = &facts.cell(cell).strategy;
        let (library, reuse) = (&strategy.library, strategy.reuse);
        match seen.iter_mut().find(|(l, r, _)| *l == library && *r == reuse) {
            Some((.., cells)) => cells.push(cell),
            None => seen.push((library, reuse, vec![cell])),
        }
    }
    let mut ways = Table::new(["client", "looks a name up", "connects", "keeps"]);
    let mut named: Vec<&ByName<Library>> = Vec::new();
    for (library, ..) in &seen {
        if !named.contains(library) {
            named.push(library);
            let says = library.known().map(|library| library.ways);
            let [resolves, connects, pools] =
                says.map_or([UNKNOWN; 3], |says| [says.resolves, says.connects, says.pools]);
            ways.row(cells![code(library.name()), resolves, connects, pools]);
        }
    }
    let mut table = Table::new(["client", "reuse"])
        .numbers(["look-ups / request", "connections / request", "unused connections"])
        .numbers(["requests on a reused connection"]);
    for (library, reuse, cells) in &seen {
        let range = |of: &dyn Fn(&TrialRow) -> Option<f64>, show: fn(f64) -> String| {
            let values: Vec<f64> = cells.iter().filter_map(|&c| value(facts, c, of)).collect();
            let low = values.iter().copied().reduce(f64::min)?;
            let high = values.iter().copied().reduce(f64::max)?;
            Some(span(low, high, show))
        };
        let numbers = [
            range(&|r| per_request(r, lookups(r).filter(|&n| n > 0)?), each),
            range(&|r| per_request(r, r.connections_opened?), each),
            range(&|r| r.connections_unused.map(|n| n as f64), about),
            range(&reused, super::numbers::percent),
        ];
        if numbers.iter().all(Option::is_none) {
            continue;
        }
        let mut row = cells![code(library.name()), reuse];
        row.extend(numbers.map(|n| n.unwrap_or_else(|| UNKNOWN.to_owned()).into()));
        table.row(row);
    }
    let shown = "What these trials show of it, over the cells of a client and mode of reuse:";
    blocks![heading(3, "How each library does it"), ways, shown, table]
}

/// Share of the requests that the server got, answered or not, that were not the first of their
/// connection.
fn reused(row: &TrialRow) -> Option<f64> {
    let carried = row.server_requests.filter(|&carried| carried > 0)?;
    Some(carried.saturating_sub(carriers(row)?) as f64 / carried as f64)
}
