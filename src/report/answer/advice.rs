//! The line *Use*: of the cells that are shown to be as fast as the fastest, the cheapest.

use super::super::facts::{Facts, client_cpu_per_1000};
use super::super::numbers::{bytes, counted, ns, percent};
use super::super::standing::Standing;
use crate::page::{Words, strong, words};
use crate::spec::Metric;

/// CPU time up to this many times the least is as cheap: then memory decides.
const CHEAP: f64 = 1.05;

/// Recommendation for a scenario, by the rule of `docs/method/recommendation.md`.
pub(super) enum Advice {
    /// Use this cell.
    Use(Pick),
    /// There is none, for this reason.
    Nothing(Words),
}

/// The cell to use.
pub(super) struct Pick {
    pub(super) cell: usize,
    /// Number of cells that are as fast, itself among them.
    pub(super) as_fast: usize,
    /// CPU time of the client in nanoseconds for 1,000 requests.
    pub(super) cpu_ns: f64,
    pub(super) memory_bytes: f64,
}

impl Advice {
    /// The recommendation, or why there is none; `None` where there is nothing to choose from.
    pub(super) fn of(facts: &Facts, scenario: usize) -> Option<Advice> {
        if facts.cells_of(scenario).len() < 2 || facts.is_open(scenario) {
            return None;
        }
        Some(pick(facts, scenario).map_or_else(Advice::Nothing, Advice::Use))
    }

    /// The line of the answer.
    pub(super) fn words(&self, facts: &Facts) -> Words {
        match self {
            Advice::Nothing(why) => words!((strong("No recommendation")) ": " (why.clone())),
            Advice::Use(pick) => words!(
                (strong("Use")) " " (facts.code(pick.cell)) ": " (pick.reason(facts)) " (" (pick.cost()) ")."
            ),
        }
    }
}

impl Pick {
    /// The part of the rule that chose it.
    pub(super) fn reason(&self, facts: &Facts) -> String {
        let margin = percent(facts.analysis.margin.relative());
        match self.as_fast {
            1 => "it is the fastest".to_owned(),
            n => format!("the cheapest of {n} that are equally fast, within {margin}"),
        }
    }

    fn cost(&self) -> String {
        let (cpu, memory) = (ns(self.cpu_ns), bytes(self.memory_bytes));
        format!("{cpu} of CPU for 1,000 requests, {memory} of memory")
    }
}

fn pick(facts: &Facts, scenario: usize) -> Result<Pick, Words> {
    let standing = Standing::of(facts, scenario);
    let Some(fastest) = standing.fastest else {
        return Err("nothing did all of its work.".into());
    };
    if !standing.has_intervals {
        return Err("there are too few blocks for an interval.".into());
    }
    // What was not measured may be faster: a cell that loses its trials must not decide for another.
    let failed = |&cell: &usize| facts.errors(cell).0 > 0;
    let unknown =
        standing.unmeasured.len() + standing.faulty.iter().filter(|&cell| !failed(cell)).count();
    if unknown > 0 {
        return Err(words!((counted(unknown, "cell")) " lost trials, and may be faster."));
    }
    let undecided = standing.not_told_apart();
    if undecided > 0 {
        let others = counted(undecided, "other");
        return Err(words!(
            others " may be as fast as " (facts.code(fastest)) "; more blocks would tell."
        ));
    }
    let cpu = |cell: usize| facts.median(cell, client_cpu_per_1000).ok().map(|e| e.value);
    let memory =
        |cell: usize| facts.median(cell, |row| Metric::Memory.of(row)).ok().map(|e| e.value);
    let as_fast: Vec<usize> =
        std::iter::once(fastest).chain(standing.equivalent.iter().copied()).collect();
    let cost = |&cell: &usize| {
        let (cpu_ns, memory_bytes) = (cpu(cell)?, memory(cell)?);
        Some(Pick { cell, as_fast: as_fast.len(), cpu_ns, memory_bytes })
    };
    let unknown = || Words::from("not every cost is known.");
    let costs: Vec<Pick> = as_fast.iter().map(cost).collect::<Option<_>>().ok_or_else(unknown)?;
    let least_cpu = costs.iter().map(|pick| pick.cpu_ns).fold(f64::INFINITY, f64::min);
    let cheap = costs.into_iter().filter(|pick| pick.cpu_ns <= least_cpu * CHEAP);
    cheap.min_by(|a, b| a.memory_bytes.total_cmp(&b.memory_bytes)).ok_or_else(unknown)
}
