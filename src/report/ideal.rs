//! The parts of what requests take beyond their ideal, from the rows that were kept.

use crate::page::{Block, Table, Words, details, words};
use crate::record::RecordError;
use crate::spec::Scenario;
use crate::strategy::probe::Phase;

use super::facts::Facts;
use super::numbers::{UNKNOWN, count, ns};
use super::requests::{Kept, Times};

/// A percentile, and how far around it requests are looked at: one alone would be a matter of chance.
/// The tail has a hundredth.
const AT: [(f64, f64); 2] = [(50.0, 2.5), (99.0, 0.5)];

/// Requests of which a percentile has one beyond it.
fn needed(percentile: f64) -> usize {
    (100.0 / (100.0 - percentile)).ceil() as usize
}

/// Names of the parts, in the order of [`Beyond::parts`].
const PARTS: [&str; 5] = ["queue", "connecting", "server late", "to the head", "body"];

/// Cells of a table.
const MOST_CELLS: usize = 24;

/// What requests took, and what their delays and their schedule would have, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Beyond {
    measured: f64,
    ideal: f64,
    /// Shares of the difference, which add up to it: see [`PARTS`]. `None` is not known, and is part of
    /// the next one that is.
    parts: [Option<f64>; PARTS.len()],
}

/// The schedule of a cell's requests, in request order.
struct Ideal {
    latencies_ns: Vec<u64>,
    waits_ns: Vec<u64>,
    delays_ns: Vec<u64>,
    pauses_ns: u64,
    is_open: bool,
}

impl Ideal {
    fn of(facts: &Facts, cell: usize) -> Option<Ideal> {
        let planned = facts.cell(cell);
        let scenario: &Scenario = facts.plan().scenario_of(planned);
        let latencies_ns =
            facts.plan().ideal_latencies_ns(planned).filter(|_| facts.has_ideal(cell))?;
        Some(Ideal {
            latencies_ns,
            waits_ns: scenario.waits_ns(),
            delays_ns: scenario.delays_ns(),
            pauses_ns: scenario.pauses_ns(),
            is_open: !scenario.arrival.is_closed(),
        })
    }

    /// From where latency counts to the last byte.
    fn latency_ns(&self, times: &Times) -> u64 {
        let begin = if self.is_open { times.scheduled_ns } else { times.start_ns };
        times.end_ns.saturating_sub(begin)
    }

    /// A request against its own ideal; `None` if it is not one of the plan.
    fn beyond(&self, times: &Times) -> Option<Beyond> {
        let index = times.index()?;
        let (ideal, wait) = (*self.latencies_ns.get(index)?, *self.waits_ns.get(index)?);
        let measured = self.latency_ns(times) as f64;
        let phases: Vec<(Phase, u64)> = times.phases_ns().collect();
        let sum = |of: &[Phase]| {
            let known = phases.iter().filter(|(phase, _)| of.contains(phase));
            let known: Vec<u64> = known.map(|&(_, time)| time).collect();
            (!known.is_empty()).then(|| known.iter().sum::<u64>() as f64)
        };
        let queue = self.is_open.then(|| {
            let queued = times.start_ns.saturating_sub(times.scheduled_ns);
            queued as f64 - (ideal - wait) as f64
        });
        const CONNECTING: [Phase; 5] =
            [Phase::Pool, Phase::Dns, Phase::Connect, Phase::Tls, Phase::Stream];
        let connecting = sum(&CONNECTING);
        let late = times.served_ns().map(|served| served as f64 - self.delays_ns[index] as f64);
        // Without a head, reading is not told from waiting.
        let head = times.end_of(Phase::Wait);
        let body =
            head.and_then(|_| sum(&[Phase::Receive])).map(|body| body - self.pauses_ns as f64);
        let told: f64 = [queue, connecting, late, body].into_iter().flatten().sum();
        let way = measured - ideal as f64 - told;
        Some(Beyond {
            measured,
            ideal: ideal as f64,
            parts: [queue, connecting, late, Some(way), body],
        })
    }

    /// The mean of the requests around a percentile; `None` of too few, or where requests failed.
    fn around(&self, kept: &Kept, (percentile, half): (f64, f64)) -> Option<Beyond> {
        // Failed ones are slower than all.
        let mut sorted: Vec<&Times> = kept.requests.iter().collect();
        sorted.sort_by_key(|times| (times.failed, self.latency_ns(times)));
        let n = sorted.len();
        if n < needed(percentile) {
            return None;
        }
        let rank = |p: f64| p / 100.0 * n as f64;
        let from = (rank(percentile - half) + 1e-9).floor() as usize;
        let to = ((rank(percentile + half) - 1e-9).ceil() as usize).clamp(from + 1, n);
        let around = &sorted[from.min(n - 1)..to];
        if around.iter().any(|times| times.failed) {
            return None;
        }
        let all: Option<Vec<Beyond>> = around.iter().map(|times| self.beyond(times)).collect();
        let all = all?;
        let mean = |of: &dyn Fn(&Beyond) -> f64| all.iter().map(of).sum::<f64>() / all.len() as f64;
        let mut parts = [None; PARTS.len()];
        for (place, part) in parts.iter_mut().enumerate() {
            let known = all.iter().any(|beyond| beyond.parts[place].is_some());
            *part = known.then(|| mean(&|beyond| beyond.parts[place].unwrap_or(0.0)));
        }
        Some(Beyond { measured: mean(&|b| b.measured), ideal: mean(&|b| b.ideal), parts })
    }
}

impl Beyond {
    fn difference(&self) -> f64 {
        self.measured - self.ideal
    }

    /// The part that is most of the difference.
    fn most(&self) -> Option<(&'static str, f64)> {
        let known =
            PARTS.into_iter().zip(self.parts).filter_map(|(name, part)| Some((name, part?)));
        known.max_by(|a, b| a.1.total_cmp(&b.1)).filter(|&(_, part)| part > 0.0)
    }
}

/// A sentence on the cell that is furthest from its ideal, and a table of all; nothing where no ideal or no
/// row is known.
pub(super) fn blocks(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut known: Vec<(usize, f64, Beyond)> = Vec::new();
    let (mut cells, mut left_out, mut rows) = (0, 0, None);
    for cell in 0..facts.plan().cells.len() {
        let Some(kept) = facts.requests(cell)? else { continue };
        let Some(ideal) = Ideal::of(facts, cell) else { continue };
        let around = AT.map(|at| Some((cell, at.0, ideal.around(kept, at)?)));
        if around.iter().all(Option::is_none) {
            continue;
        }
        cells += 1;
        if cells > MOST_CELLS {
            left_out += 1;
            continue;
        }
        rows = rows.max(Some(kept.rows));
        known.extend(around.into_iter().flatten());
    }
    let Some(rows) = rows else { return Ok(Vec::new()) };
    let mut table = Table::new(["cell"])
        .numbers(["at", "measured", "ideal"])
        .numbers(PARTS)
        .text(["most of it"]);
    for (cell, at, beyond) in &known {
        let mut row = vec![facts.full_code(*cell), format!("p{at}").into()];
        row.extend([ns(beyond.measured).into(), ns(beyond.ideal).into()]);
        row.extend(
            beyond.parts.map(|part| Words::from(part.map_or_else(|| UNKNOWN.to_owned(), signed))),
        );
        row.push(beyond.most().map_or(UNKNOWN, |(name, _)| name).into());
        table.row(row);
    }
    let not_shown = match left_out {
        0 => String::new(),
        n => format!(" {n} more cells are not shown."),
    };
    let legend = format!(
        "Means of the requests around the percentile, each against its own ideal, of one trial of \
         each cell (up to {} rows). The parts add up to the difference: {} in the strategy's hands \
         beyond the schedule's own, {} from the pool to a connection that takes the request, the \
         server's delay beyond the planned one, the rest until the head of the answer is there \
         (CPU time of both ends and the network), and reading the body. {UNKNOWN}: not known, and \
         part of “to the head”.{not_shown}",
        count(rows as u64),
        PARTS[0],
        PARTS[1],
    );
    let mut out: Vec<Block> = furthest(facts, &known).into_iter().map(Block::from).collect();
    out.push(details(
        "What the difference to the ideal is made of",
        vec![table.into(), legend.into()],
    ));
    Ok(out)
}

/// `Around p99, \`a\` takes 9.1 ms more than its ideal of 10.0 ms, most of it queue (8.0 ms).`
fn furthest(facts: &Facts, known: &[(usize, f64, Beyond)]) -> Option<Words> {
    let last = known.iter().map(|&(_, at, _)| at).fold(0.0, f64::max);
    let here = known.iter().filter(|&&(_, at, _)| at == last);
    let (cell, at, beyond) = here.max_by(|a, b| a.2.difference().total_cmp(&b.2.difference()))?;
    let (part, size) = beyond.most().filter(|_| beyond.difference() > 0.0)?;
    let (more, of) = (ns(beyond.difference()), ns(beyond.ideal));
    let most =
        format!(" takes {more} more than its ideal of {of}, most of it {part} ({}).", ns(size));
    Some(words!("Around p" (format!("{at}")) ", " (facts.full_code(*cell)) most))
}

fn signed(part: f64) -> String {
    if part < 0.0 { format!("−{}", ns(-part)) } else { ns(part) }
}
