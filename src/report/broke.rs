//! What broke first: for each cell in which something did, what it was, with how many requests in
//! flight, and which setting avoids it.

use crate::plan::Plan;
use crate::record::{Status, TrialRow};
use crate::spec::Factor;
use crate::strategy::Protocol;
use crate::strategy::probe::Phase;
use crate::units::exact_size;

use super::facts::Facts;
use super::markdown::{code, list, text};
use super::numbers::{and, count, counted, ns, span};
use super::phases;

/// A limit, as the trials of a cell have met it.
struct Met {
    /// What was missing, where, and for how many.
    what: String,
    /// What helps against it anywhere.
    advice: &'static str,
}

/// One sentence for each cell that met a limit; nothing where none did.
pub(super) fn section(facts: &Facts) -> Option<String> {
    let cells = 0..facts.plan().cells.len();
    let met: Vec<(usize, Vec<Met>)> = cells.map(|cell| (cell, met(facts, cell))).collect();
    let is_free = |cell: usize| met[cell].1.is_empty() && !facts.ok_rows(cell).is_empty();
    let free: Vec<usize> = (0..met.len()).filter(|&cell| is_free(cell)).collect();
    let line = |(cell, met): &(usize, Vec<Met>)| {
        if met.is_empty() {
            return None;
        }
        let what: Vec<&str> = met.iter().map(|m| m.what.as_str()).collect();
        let avoids = avoids(facts, *cell, &free);
        let (name, what) = (facts.full_code(*cell), what.join("; "));
        let advice: Vec<&str> = met.iter().map(|m| m.advice).collect();
        Some(format!("{name}: {what}. {avoids}In general: {}.", advice.join("; ")))
    };
    let lines: Vec<String> = met.iter().filter_map(line).collect();
    (!lines.is_empty()).then(|| format!("## What broke first\n\n{}", list(&lines)))
}

/// What a cell met: what ended trials first, then requests, then what only took time.
fn met(facts: &Facts, cell: usize) -> Vec<Met> {
    let rows = facts.ok_rows(cell);
    let failed = failed(facts, cell, &rows);
    let took_time = [dropped(&rows), waited(&rows), queued(facts, cell, &rows)];
    let mut took_time: Vec<Met> = took_time.into_iter().flatten().collect();
    // Where requests failed, their first failure has said it.
    if let (Some(last), None) = (took_time.last_mut(), &failed) {
        last.what.push_str(&at_most_in_flight(&rows));
    }
    for_want_of_memory(facts, cell).into_iter().chain(failed).chain(took_time).collect()
}

/// Failed requests: of the class that failed first in most trials.
fn failed(facts: &Facts, cell: usize, rows: &[&TrialRow]) -> Option<Met> {
    let classes = facts.error_classes(cell);
    let times_first = |class: &str| rows.iter().filter(|r| r.first_failure_class == class).count();
    // Of equals the most frequent, which is at the end of the reversed list.
    let (class, _) = classes.iter().rev().max_by_key(|(class, _)| times_first(class))?;
    let (missing, advice) = about(class);
    let mut what = format!("{missing} ({}", code(class));
    let phases = facts.error_phases(cell, class);
    if let Some((phase, _)) = phases.first() {
        what.push_str(&format!(", in phase {}", code(phase)));
    }
    what.push(')');
    let first = |of: fn(&TrialRow) -> Option<u64>| {
        let of_class = rows.iter().filter(|r| r.first_failure_class == *class);
        range(of_class.filter_map(|r| of(r)))
    };
    if let Some(in_flight) = first(|r| r.first_failure_in_flight) {
        what.push_str(&format!(", first with {in_flight} in flight"));
    } else {
        what.push_str(&at_most_in_flight(rows));
    }
    if let Some(issued) = first(|r| r.first_failure_issued) {
        what.push_str(&format!(", after {issued} were issued"));
    }
    let (all, issued) = facts.errors(cell);
    let trials = counted(rows.len(), "trial");
    what.push_str(&format!(", and {} of {} requests failed ({trials})", count(all), count(issued)));
    Some(Met { what, advice })
}

/// Connections that waited because the server had no file for them.
fn waited(rows: &[&TrialRow]) -> Option<Met> {
    let times: u64 = rows.iter().filter_map(|r| r.server_accept_failures).sum();
    let advice = "let the server open more files (`server_nofile`), or open fewer connections";
    let what = format!(
        "the server had no file left for the next connection ({} times in {})",
        count(times),
        counted(rows.len(), "trial")
    );
    (times > 0).then_some(Met { what, advice })
}

/// Requests that waited for a stream of HTTP/2, as far as their library tells.
fn queued(facts: &Facts, cell: usize, rows: &[&TrialRow]) -> Option<Met> {
    /// A shorter part of a request's time than this is no queue: the wait for a connection that is being
    /// opened counts as one for a stream too.
    const SHARE: f64 = 0.1;
    let planned = facts.cell(cell);
    let streams = facts.plan().scenario_of(planned).streams;
    let full = |row: &TrialRow| {
        let places = row.server_connections_used.map(|used| used.max(1) * u64::from(streams));
        places.is_some_and(|places| row.client_peak_in_flight > Some(places))
    };
    if planned.strategy.protocol != Protocol::Http2 || !rows.iter().any(|row| full(row)) {
        return None;
    }
    let waited = facts.median(cell, |r| r.phase_ns(Phase::Stream).map(|v| v as f64)).ok()?.value;
    let total = facts.median(cell, phases::total_ns).ok()?.value;
    let what = format!(
        "requests waited for one of the {} streams that the server allows on a connection, {} of {} \
         on average",
        count(streams.into()),
        ns(waited),
        ns(total)
    );
    let advice = "let the server allow more streams (`streams`), or spread requests over more \
                  connections";
    (waited >= SHARE * total).then_some(Met { what, advice })
}

/// `, with at most 7 in flight`; nothing where nobody knows.
fn at_most_in_flight(rows: &[&TrialRow]) -> String {
    let peak = range(rows.iter().filter_map(|r| r.client_peak_in_flight));
    peak.map_or_else(String::new, |peak| format!(", with at most {peak} in flight"))
}

/// Connections that had to be asked for again, since the accept queue was full.
fn dropped(rows: &[&TrialRow]) -> Option<Met> {
    let sum = |of: fn(&TrialRow) -> Option<u64>| rows.iter().filter_map(|r| of(r)).sum::<u64>();
    let (overflows, again) = (sum(|r| r.listen_overflows), sum(|r| r.syn_retransmits));
    let what = format!(
        "the accept queue was full ({} drops in {}), and {} attempts to connect were sent again, the \
         first time after a second",
        count(overflows),
        counted(rows.len(), "trial"),
        count(again)
    );
    let advice = "let the server queue more connections (`backlog`, and `net.core.somaxconn`), or open \
                  fewer at once";
    (overflows > 0 && again > 0).then_some(Met { what, advice })
}

/// Trials that ended because the client had not enough memory.
fn for_want_of_memory(facts: &Facts, cell: usize) -> Option<Met> {
    let planned = facts.cell(cell);
    let limit = exact_size(planned.strategy.memory_bytes?);
    let id = planned.id.to_string();
    let trials: Vec<&TrialRow> = facts.recording.measured().filter(|t| t.cell == id).collect();
    let ended = |t: &&&TrialRow| {
        t.status == Status::Failed && t.reason.starts_with(crate::record::NOT_ENOUGH_MEMORY)
    };
    let ended = trials.iter().filter(ended).count();
    let what = format!(
        "the client needed more than its {limit} of memory, which ended it in {} of {}",
        count(ended as u64),
        counted(trials.len(), "trial")
    );
    let advice = "allow it more memory, or limit what is in flight";
    (ended > 0).then_some(Met { what, advice })
}

/// What a class of failures means, and what helps.
fn about(class: &str) -> (&'static str, &'static str) {
    match class {
        "emfile" => (
            "no file was left to open",
            "limit what is in flight, or allow more open files (`nofile`, `ulimit -n`)",
        ),
        "eaddrnotavail" => (
            "no local port was left",
            "keep connections (`reuse = \"session\"`), or widen `net.ipv4.ip_local_port_range`",
        ),
        "status(4xx)" => (
            "the server refused requests",
            "limit what is in flight to what the server takes, or come again after `Retry-After`",
        ),
        "status(5xx)" => ("the server failed", "limit what is in flight, and look at the server"),
        "h2_reset" => (
            "the server gave up streams of HTTP/2",
            "send no more requests at once than it allows on a connection (`streams`)",
        ),
        "h2_goaway" => (
            "the server gave up connections of HTTP/2",
            "spread requests over more connections, and send the failed ones again",
        ),
        "refused" => ("nobody listened", "start the server first, and look whether it lives"),
        "reset" | "closed" | "truncated" => (
            "the other side cut connections",
            "limit what is in flight, and send the failed ones again",
        ),
        "dns" => (
            "names were not found",
            "look how they are written, and whether the name server knows them",
        ),
        "tls" => ("TLS handshakes failed", "look at certificates and names"),
        class if class.starts_with("timeout") => (
            "requests took longer than the timeout",
            "limit what is in flight, or allow more time (`timeout`)",
        ),
        _ => ("requests failed", "look at what the first one says, below"),
    }
}

/// `7`, or `1 to 7`; nothing of nothing.
fn range(values: impl Iterator<Item = u64>) -> Option<String> {
    let values: Vec<u64> = values.collect();
    let (low, high) = (*values.iter().min()?, *values.iter().max()?);
    Some(span(low as f64, high as f64, |n| count(n as u64)))
}

/// The cells nearest to this one, of those that met no limit, and how they differ from it. Empty if
/// none is near: whoever differs in everything explains nothing.
fn avoids(facts: &Facts, cell: usize, free: &[usize]) -> String {
    const MOST_SHOWN: usize = 2;
    const FAR: usize = 3;
    let plan = facts.plan();
    let differing: Vec<(usize, Vec<Factor>)> =
        free.iter().map(|&other| (other, differences(plan, cell, other))).collect();
    let nearest = differing.iter().map(|(_, factors)| factors.len()).min();
    let Some(nearest) = nearest.filter(|&n| n <= FAR) else { return String::new() };
    // Of those that differ in the same things, the one that allows the most.
    let mut shown: Vec<&(usize, Vec<Factor>)> = Vec::new();
    for near in differing.iter().filter(|(_, factors)| factors.len() == nearest) {
        let limit = |cell: usize| facts.cell(cell).strategy.limit;
        match shown.iter_mut().find(|(_, factors)| *factors == near.1) {
            Some(known) if limit(near.0) > limit(known.0) => *known = near,
            Some(_) => {}
            None => shown.push(near),
        }
    }
    let said = shown.iter().take(MOST_SHOWN).map(|(other, factors)| {
        let value = |cell: usize, factor: &Factor| text(&plan.factor(facts.cell(cell), *factor));
        let changed = factors.iter().map(|factor| {
            let (there, here) = (value(*other, factor), value(cell, factor));
            format!("{} {there} instead of {here}", code(factor.name()))
        });
        format!("{} ({})", facts.full_code(*other), changed.collect::<Vec<_>>().join(", "))
    });
    format!("It did not happen in {}. ", and(&said.collect::<Vec<_>>()))
}

/// The factors in which two cells differ, names left out.
fn differences(plan: &Plan, one: usize, other: usize) -> Vec<Factor> {
    let value = |cell: usize, factor| plan.factor(&plan.cells[cell], factor);
    let all = Factor::ALL.into_iter().filter(|factor| *factor != Factor::Label);
    all.filter(|factor| value(one, *factor) != value(other, *factor)).collect()
}
