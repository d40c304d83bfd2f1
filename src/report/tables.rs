//! Every cell in numbers: one table of times and one of costs for each scenario.

use crate::analyse::{CellAnalysis, Doubt, Estimate, Fitness, Levels, NoEstimate, Verdict};
use crate::page::{Block, Table, Words, cells, heading, strong, term, words};
use crate::record::{RecordError, TrialRow};
use crate::spec::{Metric, Scenario};

use super::facts::{Facts, client_cpu_per_1000, server_cpu_per_1000};
use super::numbers::{UNKNOWN, about, bytes, count, counted, estimate, intervals_of, ns, ratio};

/// The tables of all scenarios.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let mut out = vec![heading(2, "Every cell"), intro(facts).into()];
    for (index, scenario) in facts.scenarios() {
        if facts.has_scenarios() {
            out.push(heading(3, &scenario.name));
        }
        let point = &facts.plan().experiment.scenarios[index];
        let services = facts.cells_of(index).into_iter();
        let services = services.map(|cell| facts.cell(cell).strategy.service.as_ref());
        if let Some(services) = services.collect::<Option<Vec<_>>>() {
            let requests = counted(point.requests as usize, "request");
            let delay = scaled(point);
            out.push(Block::from(match services.iter().any(|service| service.has_backend()) {
                true => format!("{requests}; calls of the backend take {delay}."),
                false => format!("{requests}."),
            }));
            out.extend(scenario_tables(facts, index));
            continue;
        }
        out.push(Block::from(format!(
            "{}, delay {}; longest delay {}, sum of delays {}.{}",
            counted(point.requests as usize, "request"),
            scaled(point),
            ns(scenario.longest_delay_ns as f64),
            ns(scenario.sum_of_delays_ns as f64),
            match facts.conditions(index) {
                none if none.is_empty() => none,
                some => format!(" Beyond that: {some}."),
            },
        )));
        out.extend(scenario_tables(facts, index));
    }
    Ok(out)
}

/// The delays of a scenario, with their scale.
fn scaled(scenario: &Scenario) -> String {
    let delay = scenario.delay.describe();
    match scenario.time_scale {
        1.0 => delay,
        scale => format!("{delay} × {scale}"),
    }
}

fn scenario_tables(facts: &Facts, scenario: usize) -> Vec<Block> {
    let cells = facts.cells_of(scenario);
    let mut notes = Notes::default();
    let mut out = vec![times(facts, &cells, &mut notes).into()];
    out.extend(costs(facts, &cells, &mut notes));
    out.extend(notes.blocks(facts));
    out.extend(super::time_scale::table(facts, scenario));
    out
}

fn intro(facts: &Facts) -> Words {
    let cells = || facts.analysis.cells.iter();
    let walls = cells().filter_map(|c| c.wall.as_ref().ok());
    let ratios = cells().filter_map(|c| c.over_baseline.as_ref()?.ratio.as_ref().ok());
    let latencies: Vec<Estimate> = cells()
        .flat_map(|c| [Metric::P50, Metric::P99].map(|m| facts.metric(c.cell, m)))
        .filter_map(Result::ok)
        .collect();
    // All cells have as many trials, so that the intervals of a column have one level.
    let levels = [
        ("wall", Levels::of(intervals_of(walls))),
        ("ratio", Levels::of(intervals_of(ratios.map(|r| &r.ratio)))),
        ("latency", Levels::of(intervals_of(&latencies))),
    ];
    let said: Vec<String> =
        levels.into_iter().filter_map(|(what, of)| Some(format!("{what}: {}", of?))).collect();
    let brackets = match said.is_empty() {
        true => String::new(),
        false => format!("; in brackets the 95 % interval ({})", said.join("; ")),
    };
    words!(
        "Medians over the trials of a cell" brackets ". " (term("Ideal")) " is the wall time of the \
         same schedule with no overhead at all, " (term("efficiency")) " is ideal ÷ wall. "
        (term("Ratio")) " is the wall time over that of the baseline, paired by block. "
        (if facts.any_open() { OPEN } else { CLOSED })
    )
}

const CLOSED: &str = "Latencies are measured in a closed loop, from sending a request to its last \
    byte: they are service times, and what a request waited for its turn is not in them.";

const OPEN: &str = "Where requests come at a rate, latencies count from the moment for which they \
    are planned, and the wall time is about that of the arrivals for everyone who keeps up; \
    elsewhere they are service times, from sending a request to its last byte.";

/// Why cells of the tables are empty, each reason once.
#[derive(Default)]
struct Notes {
    reasons: Vec<Words>,
    /// Doubts that kept cells from a verdict, and which cells.
    doubts: Vec<(Doubt, Vec<usize>)>,
}

impl Notes {
    fn add(&mut self, note: Words) {
        if !self.reasons.contains(&note) {
            self.reasons.push(note);
        }
    }

    fn doubt(&mut self, doubt: &Doubt, cell: usize) {
        match self.doubts.iter_mut().find(|(d, _)| d == doubt) {
            Some((_, cells)) => cells.push(cell),
            None => self.doubts.push((doubt.clone(), vec![cell])),
        }
    }

    /// The value, or a dash and the reason.
    fn or(&mut self, value: Option<String>, reason: impl FnOnce() -> Words) -> String {
        value.unwrap_or_else(|| {
            self.add(reason());
            UNKNOWN.to_owned()
        })
    }

    fn blocks(self, facts: &Facts) -> Vec<Block> {
        let doubts = self.doubts.iter().map(|(doubt, cells)| {
            let names = facts.codes(cells, 6);
            match doubt {
                Doubt::Multiplicity { .. } => words!(
                    "By itself, " names ": the interval of the ratio is clear, but these blocks are \
                     too few for all cells at once (" doubt ")."
                ),
                _ => words!("Inconclusive, " names ": " doubt "."),
            }
        });
        let notes: Vec<Words> = self.reasons.into_iter().chain(doubts).collect();
        if notes.is_empty() {
            return Vec::new();
        }
        let intro = format!("Notes ({UNKNOWN} is unknown, not zero):");
        vec![intro.into(), Block::List(notes)]
    }
}

/// The name with what else the cell is.
fn marked(facts: &Facts, cell: usize) -> Words {
    let roles = [(facts.is_baseline(cell), "baseline"), (facts.is_control(cell), "A/A")];
    let roles = roles.into_iter().filter(|(is, _)| *is).map(|(_, role)| role.to_owned());
    let roles: Vec<String> = roles.chain(facts.shortfall(cell)).collect();
    match roles.is_empty() {
        true => facts.code(cell),
        false => words!((facts.code(cell)) " (" (roles.join(", ")) ")"),
    }
}

/// Why a cell has no value at all.
fn unmeasured(facts: &Facts, cell: usize) -> Words {
    words!((facts.code(cell)) ": " (facts.why_unmeasured(cell)) ".")
}

fn times(facts: &Facts, cells: &[usize], notes: &mut Notes) -> Table {
    let any_skipped = cells.iter().any(|&cell| facts.analysed(cell).fitness.skipped > 0);
    let statuses =
        if any_skipped { "ok / failed / invalid / skipped" } else { "ok / failed / invalid" };
    let mut table = Table::new(["cell"])
        .numbers(["wall", "ideal", "efficiency", "ratio"])
        .text(["verdict"])
        .numbers(["p50", "p99", statuses]);
    for &cell in cells {
        let analysed = facts.analysed(cell);
        let missing = || unmeasured(facts, cell);
        let wall = analysed.wall.as_ref().ok();
        if let Some(Err(reason)) = wall.map(|e| &e.interval) {
            notes.add(words!("No interval of a wall time: " reason "."));
        }
        let (over, verdict) = compared(facts, cell, notes);
        let ideal = facts.has_ideal(cell).then(|| facts.cell(cell).ideal.wall_ns);
        let no_ideal = || facts.why_no_ideal(cell).into();
        let efficiency = analysed.efficiency.as_ref().ok();
        let mut latency = |metric: Metric| {
            let (value, reason) = match facts.metric(cell, metric) {
                Ok(e) => (Some(estimate(&e, ns)), None),
                Err(reason) => (None, Some(reason)),
            };
            notes.or(value, || match (wall, reason) {
                (Some(_), Some(few @ NoEstimate::TooFewRequests { .. })) => {
                    words!("Not known: " few ".")
                }
                (Some(_), _) => {
                    words!((facts.code(cell)) ": no latency, because no request succeeded.")
                }
                (None, _) => missing(),
            })
        };
        let (p50, p99) = (latency(Metric::P50), latency(Metric::P99));
        table.row(cells![
            marked(facts, cell),
            notes.or(wall.map(|e| estimate(e, ns)), missing),
            notes.or(ideal.map(|ideal| ns(ideal as f64)), no_ideal),
            // Its interval is that of the wall time over again.
            match ideal {
                Some(_) => notes.or(efficiency.map(|e| format!("{:.2}", e.value)), || {
                    match (wall, facts.shortfall(cell)) {
                        (Some(_), Some(why)) => {
                            words!((facts.code(cell)) ": no efficiency, " why ".")
                        }
                        _ => missing(),
                    }
                }),
                None => notes.or(None, no_ideal),
            },
            over,
            verdict,
            p50,
            p99,
            counts(analysed, any_skipped),
        ]);
    }
    table
}

/// Trials by what became of them.
fn counts(analysed: &CellAnalysis, with_skipped: bool) -> String {
    let Fitness { ok, failed, invalid, skipped, .. } = analysed.fitness;
    let counts = format!("{ok} / {failed} / {invalid}");
    if with_skipped { format!("{counts} / {skipped}") } else { counts }
}

/// Verdicts of an interval that is clear, where too few blocks rank all cells at once.
const BY_ITSELF: [&str; 2] = ["faster, by itself", "slower, by itself"];

/// Ratio and verdict against the baseline.
fn compared(facts: &Facts, cell: usize, notes: &mut Notes) -> (String, Words) {
    let Some(compared) = &facts.analysed(cell).over_baseline else {
        return ("1".to_owned(), "baseline".into());
    };
    let over = compared.ratio.as_ref().ok().map(|r| estimate(&r.ratio, ratio));
    let baseline = facts.plan().facts_of(facts.cell(cell)).baseline;
    let over = notes.or(over, || {
        let without = |c: usize| facts.wall_ns(c).is_none();
        let name = facts.code(cell);
        match (without(cell), without(baseline)) {
            (true, _) => unmeasured(facts, cell),
            (false, true) => words!(
                "No ratios: the baseline " (facts.code(baseline)) " has no valid trial ("
                (facts.why_unmeasured(baseline)) ")."
            ),
            _ => match [cell, baseline].into_iter().find(|&c| !facts.is_ranked(c)) {
                Some(c) => {
                    let why = facts.shortfall(c).unwrap_or_else(|| facts.why_unmeasured(c));
                    words!("No ratio of " name ": " why " in " (facts.code(c)) ".")
                }
                None => words!(name ": no block has it and the baseline."),
            },
        }
    });
    let verdict = match (&compared.judged.verdict, &compared.judged.doubt) {
        (Ok(verdict @ (Verdict::Faster | Verdict::Slower)), _) => strong(verdict),
        (Ok(verdict), None) => verdict.into(),
        (Ok(verdict), Some(doubt)) => {
            notes.doubt(doubt, cell);
            match (doubt, &compared.ratio) {
                (Doubt::Multiplicity { .. }, Ok(r)) if r.ratio.value < 1.0 => BY_ITSELF[0].into(),
                (Doubt::Multiplicity { .. }, Ok(_)) => BY_ITSELF[1].into(),
                _ => verdict.into(),
            }
        }
        (Err(_), _) => UNKNOWN.into(),
    };
    (over, verdict)
}

fn costs(facts: &Facts, cells: &[usize], notes: &mut Notes) -> [Block; 2] {
    // Older recordings do not have it.
    let whole_client = cells.iter().any(|&c| facts.metric(c, Metric::ProcessWall).is_ok());
    let mut table = Table::new(["cell"])
        .numbers(whole_client.then_some("whole client"))
        .numbers(["CPU / 1,000", "server CPU / 1,000", "peak memory", "threads", "in flight"])
        .numbers(["connections"])
        .text(["failed requests"]);
    for &cell in cells {
        let value = |of: &dyn Fn(&TrialRow) -> Option<f64>, show: fn(f64) -> String| {
            facts.median(cell, of).ok().map(|e: Estimate| show(e.value))
        };
        let in_flight = value(&|r| r.server_peak_in_flight.map(|v| v as f64), about).map(|seen| {
            match facts.has_ideal(cell) {
                true => format!("{seen} of {}", count(u64::from(facts.cell(cell).ideal.peak))),
                false => seen,
            }
        });
        let process = value(&|r| Metric::ProcessWall.of(r), ns);
        let costs = [
            value(&client_cpu_per_1000, ns),
            value(&server_cpu_per_1000, ns),
            value(&|r| Metric::Memory.of(r), bytes),
            value(&|r| r.client_peak_threads.map(|v| v as f64), about),
            in_flight,
            value(&|r| Metric::Connections.of(r), about),
        ];
        let measured = facts.wall_ns(cell).is_some();
        let mut row = vec![facts.code(cell)];
        let values = whole_client.then_some(process).into_iter().chain(costs);
        row.extend(values.map(|v| {
            let shown = notes.or(v, || match measured {
                true => words!((facts.code(cell)) ": the system did not tell every cost."),
                false => unmeasured(facts, cell),
            });
            shown.into()
        }));
        row.push(failures(facts, cell).into());
        table.row(row);
    }
    let mut meaning = words!(
        (term("In flight")) " is the busiest moment at the server, of what the schedule reaches \
         without overhead. " (term("CPU")) " is user and kernel time for 1,000 requests issued: the \
         client's within the measured window, the server's from its start to its end."
    );
    if whole_client {
        meaning.push(words!(
            " " (term("Whole client")) " is the time from the start of its process to its exit: \
             loading, set-up and report are in it."
        ));
    }
    [table.into(), meaning.into()]
}

/// `none`, or a share with its classes.
fn failures(facts: &Facts, cell: usize) -> String {
    match facts.errors(cell) {
        _ if facts.wall_ns(cell).is_none() => UNKNOWN.to_owned(),
        (0, _) => "none".to_owned(),
        (errors, issued) => {
            let classes = facts.error_classes(cell);
            let classes: Vec<String> =
                classes.iter().map(|(class, n)| format!("{class} {}", count(*n))).collect();
            format!("{} of {}: {}", count(errors), count(issued), classes.join(", "))
        }
    }
}
