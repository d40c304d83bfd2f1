//! The section on limits: for each cell, the first thing that broke, the requests in flight then,
//! and the setting that avoids it.

use crate::page::{Block, Words, code, heading, message, words};
use crate::plan::Plan;
use crate::record::{RecordError, Status, TrialRow};
use crate::spec::Factor;
use crate::strategy::probe::Phase;
use crate::units::exact_size;
use crate::vocabulary::Protocol;

use super::facts::Facts;
use super::numbers::{count, counted, ns, span};

/// A limit that was met: what was missing and where, and what helps against it anywhere.
struct Limit {
    what: Words,
    /// A message, names between backticks.
    advice: &'static str,
}

/// Answer to whether a cell met one kind of limit.
enum Met {
    Yes(Limit),
    No,
    /// The record does not tell.
    Unknown,
}

/// The kinds of limits, in the order in which they are told: what ends trials, then requests, then
/// what only takes time.
const KINDS: [fn(&Facts, usize) -> Met; 5] = [out_of_memory, failed, dropped, waited, queued];

/// The answers of one cell, in the order of [`KINDS`].
type Answers = [Met; KINDS.len()];

/// One sentence for each cell that met a limit; nothing where none did.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let cells: Vec<Answers> = (0..facts.plan().cells.len()).map(|c| answers(facts, c)).collect();
    let line = |(cell, answers): (usize, &Answers)| {
        let limits: Vec<&Limit> = limits(answers).collect();
        if limits.is_empty() {
            return None;
        }
        let mut what = Words::join(limits.iter().map(|limit| limit.what.clone()), "; ");
        let is_met = |met: &Met| matches!(met, Met::Yes(_));
        // Where requests failed, their first failure has said it.
        let only_took_time = answers[2..].iter().any(is_met) && !is_met(&answers[1]);
        if only_took_time {
            what.push(at_most_in_flight(&facts.ok_rows(cell)));
        }
        let elsewhere = elsewhere(facts, &cells, cell);
        let advice = Words::join(limits.iter().map(|limit| message(limit.advice)), "; ");
        let name = facts.full_code(cell);
        Some(words!(name ": " what ". " elsewhere "In general: " advice "."))
    };
    let lines: Vec<Words> = cells.iter().enumerate().filter_map(line).collect();
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    Ok(vec![heading(2, "What broke first"), Block::List(lines)])
}

fn answers(facts: &Facts, cell: usize) -> Answers {
    let fitness = facts.analysed(cell).fitness;
    let is_whole = fitness.ok > 0 && fitness.ok == fitness.begun();
    KINDS.map(|met| match met(facts, cell) {
        // It may have happened in a trial that gave no measurement.
        Met::No if !is_whole => Met::Unknown,
        met => met,
    })
}

fn limits(answers: &Answers) -> impl Iterator<Item = &Limit> {
    answers.iter().filter_map(|met| match met {
        Met::Yes(limit) => Some(limit),
        Met::No | Met::Unknown => None,
    })
}

/// Names the cells in which it did not happen, and those of which the record does not tell.
fn elsewhere(facts: &Facts, cells: &[Answers], cell: usize) -> Words {
    /// Names beyond these say no more.
    const MOST_NAMED: usize = 3;
    let met_here = |kind: &usize| matches!(cells[cell][*kind], Met::Yes(_));
    let kinds: Vec<usize> = (0..KINDS.len()).filter(met_here).collect();
    let all = |other: &usize, is: fn(&Met) -> bool| kinds.iter().all(|&k| is(&cells[*other][k]));
    let others = (0..cells.len()).filter(|&other| limits(&cells[other]).next().is_none());
    let (known, others): (Vec<usize>, Vec<usize>) =
        others.partition(|other| all(other, |met| matches!(met, Met::No)));
    let near = |other: &usize| differences(facts.plan(), cell, *other).len() <= FAR;
    let unknown: Vec<usize> = others.into_iter().filter(near).collect();
    let mut all = avoids(facts, cell, &known);
    if !unknown.is_empty() {
        let names = facts.codes(&unknown, MOST_NAMED);
        all.push(words!("Whether it happened in " names " is not known. "));
    }
    all
}

/// Cells that differ in more factors than this explain nothing of each other.
const FAR: usize = 3;

/// Failed requests.
fn failed(facts: &Facts, cell: usize) -> Met {
    match facts.analysed(cell).fitness.failed_requests {
        Some(0.0) => Met::No,
        Some(_) => failed_first(facts, cell).map_or(Met::Unknown, Met::Yes),
        None => Met::Unknown,
    }
}

/// The class of failures that came first in most trials.
fn failed_first(facts: &Facts, cell: usize) -> Option<Limit> {
    let rows = &facts.ok_rows(cell);
    let classes = facts.error_classes(cell);
    let times_first = |class: &str| rows.iter().filter(|r| r.first_failure_class == class).count();
    // Of equals the most frequent, which is at the end of the reversed list.
    let (class, _) = classes.iter().rev().max_by_key(|(class, _)| times_first(class))?;
    let (missing, advice) = about(class);
    let phases = facts.error_phases(cell, class);
    let phase = phases.first().map(|(phase, _)| words!(", in phase "(code(phase))));
    let mut what = words!(missing " (" (code(class)) (phase.unwrap_or_default()) ")");
    let first = |of: fn(&TrialRow) -> Option<u64>| {
        let of_class = rows.iter().filter(|r| r.first_failure_class == *class);
        range(of_class.filter_map(|r| of(r)))
    };
    if class == STACK {
        what.push(with_a_stack(facts, cell, rows));
    } else if let Some(in_flight) = first(|r| r.first_failure_in_flight) {
        what.push(format!(", first with {in_flight} in flight"));
    } else {
        what.push(at_most_in_flight(rows));
    }
    if let Some(issued) = first(|r| r.first_failure_issued).filter(|_| class != STACK) {
        what.push(format!(", after {issued} were issued"));
    }
    let (all, issued) = facts.errors(cell);
    let trials = counted(rows.len(), "trial");
    what.push(format!(", and {} of {} requests failed ({trials})", count(all), count(issued)));
    Some(Limit { what, advice })
}

/// The class of a green thread that got no stack. They are started before any request is.
const STACK: &str = "stack";

/// `, beyond 32,745 green threads`: as many had a stack.
fn with_a_stack(facts: &Facts, cell: usize, rows: &[&TrialRow]) -> String {
    let planned = facts.cell(cell);
    let started = planned.strategy.asked(facts.plan().scenario_of(planned).requests);
    let had = |row: &&TrialRow| Some(u64::from(started).saturating_sub(row.failed_with(STACK)?));
    let had = range(rows.iter().filter_map(had));
    had.map_or_else(String::new, |had| format!(", beyond {had} green threads"))
}

/// Connections that waited because the server had no file for them.
fn waited(facts: &Facts, cell: usize) -> Met {
    let rows = facts.ok_rows(cell);
    let Some(times) = sum(&rows, |r| r.server_accept_failures) else { return Met::Unknown };
    let advice = "let the server open more files (`server_nofile`), or open fewer connections";
    let what = format!(
        "the server had no file left for the next connection ({} times in {})",
        count(times),
        counted(rows.len(), "trial")
    );
    if times > 0 { Met::Yes(Limit { what: what.into(), advice }) } else { Met::No }
}

/// A sum over all trials of a cell; `None` where one does not tell.
fn sum(rows: &[&TrialRow], of: fn(&TrialRow) -> Option<u64>) -> Option<u64> {
    rows.iter().map(|row| of(row)).sum()
}

/// Requests that waited for a stream of HTTP/2, as far as their library tells.
fn queued(facts: &Facts, cell: usize) -> Met {
    /// A shorter part of a request's time than this is no queue: the wait for a connection that is being
    /// opened counts as one for a stream too.
    const SHARE: f64 = 0.1;
    let planned = facts.cell(cell);
    if planned.strategy.protocol != Protocol::Http2 {
        return Met::No;
    }
    let streams = facts.plan().scenario_of(planned).streams;
    let full = |row: &&TrialRow| {
        let places = row.server_connections_used?.max(1) * u64::from(streams);
        Some(row.client_peak_in_flight? > places)
    };
    let rows = facts.ok_rows(cell);
    let full: Vec<Option<bool>> = rows.iter().map(full).collect();
    if !full.contains(&Some(true)) {
        return if full.contains(&None) { Met::Unknown } else { Met::No };
    }
    let waited = facts.median(cell, |r| r.phase_ns(Phase::Stream).map(|v| v as f64));
    let (Ok(waited), Ok(total)) = (waited, facts.median(cell, TrialRow::request_ns)) else {
        return Met::Unknown;
    };
    let what = format!(
        "requests waited for one of the {} streams that the server allows on a connection, {} of {} \
         on average",
        count(streams.into()),
        ns(waited.value),
        ns(total.value)
    );
    let advice = "let the server allow more streams (`streams`), or spread requests over more \
                  connections";
    // There were more requests than streams, so a short wait is not none.
    let is_queue = waited.value >= SHARE * total.value;
    if is_queue { Met::Yes(Limit { what: what.into(), advice }) } else { Met::Unknown }
}

/// `, with at most 7 in flight`; nothing where nobody knows.
fn at_most_in_flight(rows: &[&TrialRow]) -> String {
    let peak = range(rows.iter().filter_map(|r| r.client_peak_in_flight));
    peak.map_or_else(String::new, |peak| format!(", with at most {peak} in flight"))
}

/// Connections that had to be asked for again, since the accept queue was full.
fn dropped(facts: &Facts, cell: usize) -> Met {
    let rows = facts.ok_rows(cell);
    let (overflows, again) =
        (sum(&rows, |r| r.listen_overflows), sum(&rows, |r| r.syn_retransmits));
    let (overflows, again) = match (overflows, again) {
        (Some(0), _) => return Met::No,
        (Some(overflows), Some(again)) if again > 0 => (overflows, again),
        // Drops that no attempt to connect answers are another socket's, or not known to be any.
        _ => return Met::Unknown,
    };
    let what = format!(
        "the accept queue was full ({} drops in {}), and {} attempts to connect were sent again, the \
         first time after a second",
        count(overflows),
        counted(rows.len(), "trial"),
        count(again)
    );
    let advice = "let the server queue more connections (`backlog`, and `net.core.somaxconn`), or open \
                  fewer at once";
    Met::Yes(Limit { what: what.into(), advice })
}

/// Trials that ended because the client had not enough memory.
fn out_of_memory(facts: &Facts, cell: usize) -> Met {
    let planned = facts.cell(cell);
    let id = planned.id.to_string();
    let trials: Vec<&TrialRow> = facts.recording.measured().filter(|t| t.cell == id).collect();
    let ended = |t: &&&TrialRow| {
        t.status == Status::Failed && t.reason.starts_with(crate::record::NOT_ENOUGH_MEMORY)
    };
    let ended = trials.iter().filter(ended).count();
    let Some(limit) = planned.strategy.memory_bytes.filter(|_| ended > 0) else {
        return Met::No;
    };
    let what = format!(
        "the client needed more than its {} of memory, which ended it in {} of {}",
        exact_size(limit),
        count(ended as u64),
        counted(trials.len(), "trial")
    );
    let advice = "allow it more memory, or limit what is in flight";
    Met::Yes(Limit { what: what.into(), advice })
}

/// Meaning of a class of failures, and advice against it.
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
        STACK => (
            "no stack could be mapped for a green thread",
            "lower `limit`, or allow more mappings (`vm.max_map_count`, two for each green thread) or more memory",
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
fn avoids(facts: &Facts, cell: usize, free: &[usize]) -> Words {
    const MOST_SHOWN: usize = 2;
    let plan = facts.plan();
    let differing: Vec<(usize, Vec<Factor>)> =
        free.iter().map(|&other| (other, differences(plan, cell, other))).collect();
    let nearest = differing.iter().map(|(_, factors)| factors.len()).min();
    let Some(nearest) = nearest.filter(|&n| n <= FAR) else { return Words::default() };
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
        let value = |cell: usize, factor: &Factor| plan.factor(facts.cell(cell), *factor);
        let changed = factors.iter().map(|factor| {
            let (there, here) = (value(*other, factor), value(cell, factor));
            words!((code(factor.name())) " " there " instead of " here)
        });
        words!((facts.full_code(*other)) " (" (Words::join(changed, ", ")) ")")
    });
    words!("It did not happen in " (Words::and(said)) ". ")
}

/// The factors in which two cells differ, names left out.
fn differences(plan: &Plan, one: usize, other: usize) -> Vec<Factor> {
    let value = |cell: usize, factor| plan.factor(&plan.cells[cell], factor);
    let all = Factor::ALL.into_iter().filter(|factor| *factor != Factor::Label);
    all.filter(|factor| value(one, *factor) != value(other, *factor)).collect()
}
