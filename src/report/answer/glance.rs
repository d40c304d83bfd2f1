//! The answer at a glance: a headline of at most 25 words, and a table of at most six rows.

use super::super::facts::{Facts, client_cpu_per_1000};
use super::super::numbers::{UNKNOWN, bytes, count, counted, ns, percent, times};
use super::super::standing::Standing;
use crate::analyse::{Doubt, Verdict};
use crate::page::{Block, Table, Words, cells, strong, words};
use crate::spec::Metric;

/// Rows of the table at most, and those of cells in which something failed.
const ROWS: usize = 6;
const FAULTY_ROWS: usize = 2;

/// CPU time up to this many times the least is as cheap: then memory decides.
const CHEAP: f64 = 1.05;

/// The headline of a scenario.
pub(super) fn headline(facts: &Facts, scenario: usize) -> Words {
    let standing = Standing::of(facts, scenario);
    let Some(fastest) = standing.fastest else {
        return match standing.faulty.is_empty() {
            true => "Nothing can be said: no cell has a valid trial in a complete block.",
            false => "No strategy is the fastest: something failed in each.",
        }
        .into();
    };
    let wall = |cell: usize| facts.wall_ns(cell).map_or_else(|| UNKNOWN.to_owned(), ns);
    let (name, time) = (facts.code(fastest), wall(fastest));
    let lead = lead(facts, scenario, fastest);
    let has_company = !(standing.equivalent.is_empty()
        && standing.slower.is_empty()
        && standing.not_told_apart() == 0);
    let first = if !has_company {
        words!(name " takes " time ".")
    } else if !standing.has_intervals {
        words!(name " took the shortest time, " time "; whether that is more than noise is not known.")
    } else if standing.has_winner() {
        match (lead, standing.slower.first()) {
            (Some(lead), _) => words!(name " is the fastest: " time ", " lead "."),
            (None, Some(&next)) => words!(
                name " is the fastest: " time "; next comes " (facts.code(next)) ", " (wall(next)) "."
            ),
            (None, None) => words!(name " is the fastest: " time "."),
        }
    } else if standing.not_told_apart() > 0 {
        let more = counted(standing.not_told_apart(), "other");
        match lead {
            Some(lead) => words!(
                name " is not shown to be faster than " more "; it took " time ", " lead "."
            ),
            None => words!(
                name " has the shortest median, " time ", but is not shown to be faster than " more "."
            ),
        }
    } else {
        let others = match standing.equivalent.as_slice() {
            [one] => facts.code(*one),
            many => counted(many.len(), "other").into(),
        };
        let lead = lead.map_or_else(Words::default, |lead| words!(", " lead));
        words!(name " and " others " are equally fast: " time lead ".")
    };
    let first = match standing.faulty.len() {
        0 => first,
        1 => words!(first " One did less work: it is not ranked."),
        n => words!(first " " n " did less work: they are not ranked."),
    };
    match standing.unmeasured.len() {
        0 => first,
        1 => words!(first " One has no time."),
        n => words!(first " " n " have no time."),
    }
}

/// Recommendation for a scenario: of the cells that are shown to be as fast as the fastest, the cheapest. Or why
/// there is none; `None` where there is nothing to choose from.
///
/// The rule is that of `docs/method/recommendation.md`.
pub(super) fn recommendation(facts: &Facts, scenario: usize) -> Option<Words> {
    let standing = Standing::of(facts, scenario);
    if facts.cells_of(scenario).len() < 2 {
        return None;
    }
    let nothing = |why: Words| Some(words!((strong("No recommendation")) ": " why));
    let Some(fastest) = standing.fastest else {
        return nothing("nothing did all of its work.".into());
    };
    if !standing.has_intervals {
        return nothing("there are too few blocks for an interval.".into());
    }
    // What was not measured may be faster: a cell that loses its trials must not decide for another.
    let failed = |&cell: &usize| facts.errors(cell).0 > 0;
    let unknown =
        standing.unmeasured.len() + standing.faulty.iter().filter(|&cell| !failed(cell)).count();
    if unknown > 0 {
        return nothing(words!((counted(unknown, "cell")) " lost trials, and may be faster."));
    }
    let undecided = standing.not_told_apart();
    if undecided > 0 {
        let others = counted(undecided, "other");
        return nothing(words!(
            others " may be as fast as " (facts.code(fastest)) "; more blocks would tell."
        ));
    }
    let cpu = |cell: usize| facts.median(cell, client_cpu_per_1000).ok().map(|e| e.value);
    let memory =
        |cell: usize| facts.median(cell, |row| Metric::Memory.of(row)).ok().map(|e| e.value);
    let as_fast: Vec<usize> =
        std::iter::once(fastest).chain(standing.equivalent.iter().copied()).collect();
    let costs: Option<Vec<(usize, f64, f64)>> =
        as_fast.iter().map(|&cell| Some((cell, cpu(cell)?, memory(cell)?))).collect();
    let Some(costs) = costs else {
        return nothing("not every cost is known.".into());
    };
    let least_cpu = costs.iter().map(|c| c.1).fold(f64::INFINITY, f64::min);
    let cheap = costs.iter().filter(|c| c.1 <= least_cpu * CHEAP);
    let &(cell, cpu, memory) = cheap.min_by(|a, b| a.2.total_cmp(&b.2))?;
    let cost = words!((ns(cpu)) " of CPU for 1,000 requests, " (bytes(memory)) " of memory");
    let name = facts.code(cell);
    Some(match as_fast.len() {
        1 => words!((strong("Use")) " " name ": it is the fastest (" cost ")."),
        n => {
            let margin = percent(facts.analysis.margin.relative());
            words!(
                (strong("Use")) " " name ": the cheapest of " n " that are equally fast, within " margin
                " (" cost ")."
            )
        }
    })
}

/// `` 6.4 times as fast as `threads` (2.00 s) ``, if that is shown of a cell that is not the baseline.
fn lead(facts: &Facts, scenario: usize, cell: usize) -> Option<Words> {
    let baseline = facts.plan().scenarios[scenario].baseline;
    let compared = facts.analysed(cell).over_baseline.as_ref().filter(|_| cell != baseline)?;
    let ratio = compared.ratio.as_ref().ok()?.ratio.value;
    let judged = &compared.judged;
    let is_faster = match (&judged.verdict, &judged.doubt) {
        (_, Some(Doubt::Multiplicity { .. })) => ratio < 1.0,
        (Ok(verdict), _) => *verdict == Verdict::Faster,
        _ => false,
    };
    let name = facts.code(baseline);
    let time = ns(facts.wall_ns(baseline)?);
    is_faster.then(|| match ratio <= 2.0 / 3.0 {
        true => words!((times(1.0 / ratio)) " times as fast as " name " (" time ")"),
        false => words!((percent(1.0 - ratio)) " less than " name " (" time ")"),
    })
}

/// The fastest cells of a scenario, its baseline, and those in which something failed; `None` of one cell.
pub(super) fn table(facts: &Facts, scenario: usize) -> Option<Vec<Block>> {
    let all = facts.cells_of(scenario);
    if all.len() < 2 {
        return None;
    }
    let baseline = facts.plan().scenarios[scenario].baseline;
    let wall = |cell: usize| facts.wall_ns(cell).unwrap_or(f64::INFINITY);
    let (mut ranked, mut others): (Vec<usize>, Vec<usize>) =
        all.iter().copied().partition(|&cell| facts.is_ranked(cell));
    ranked.sort_by(|&a, &b| wall(a).total_cmp(&wall(b)).then(a.cmp(&b)));
    others.sort_by(|&a, &b| wall(a).total_cmp(&wall(b)).then(a.cmp(&b)));
    let room = ROWS - others.len().min(FAULTY_ROWS);
    if ranked.len() > room {
        let has_baseline = ranked[..room].contains(&baseline);
        ranked.truncate(room);
        if !has_baseline && facts.is_ranked(baseline) {
            ranked[room - 1] = baseline;
        }
    }
    others.truncate(ROWS - ranked.len());
    let mut table = Table::new(["strategy"]).numbers([
        "time",
        "× baseline",
        "of ideal",
        "CPU / 1,000",
        "memory",
        "failed",
    ]);
    let shown = ranked.len() + others.len();
    for cell in ranked.into_iter().chain(others) {
        table.row(row(facts, cell, baseline));
    }
    let mut out = vec![Block::from(table)];
    if shown < all.len() {
        out.push(Block::from(format!(
            "The fastest {shown} of {} cells; all stand below.",
            all.len()
        )));
    }
    Some(out)
}

fn row(facts: &Facts, cell: usize, baseline: usize) -> Vec<Words> {
    let unknown = || UNKNOWN.to_owned();
    let analysed = facts.analysed(cell);
    let ratio = analysed.over_baseline.as_ref().and_then(|compared| compared.ratio.as_ref().ok());
    let ratio = match cell == baseline {
        true => "baseline".to_owned(),
        false => ratio.map_or_else(unknown, |r| super::super::numbers::ratio(r.ratio.value)),
    };
    let efficiency = analysed.efficiency.as_ref().ok().filter(|_| facts.has_ideal(cell));
    let failed = match facts.errors(cell) {
        _ if facts.ok_rows(cell).is_empty() => unknown(),
        (0, _) => "none".to_owned(),
        (errors, issued) => format!("{} of {}", count(errors), count(issued)),
    };
    let cpu = facts.median(cell, client_cpu_per_1000);
    let memory = facts.median(cell, |row| Metric::Memory.of(row));
    let name = match facts.shortfall(cell) {
        Some(shortfall) => words!((facts.code(cell)) " (" shortfall ")"),
        None => facts.code(cell),
    };
    cells![
        name,
        facts.wall_ns(cell).map_or_else(unknown, ns),
        ratio,
        efficiency.map_or_else(unknown, |e| percent(e.value)),
        cpu.map_or_else(|_| unknown(), |e| ns(e.value)),
        memory.map_or_else(|_| unknown(), |e| bytes(e.value)),
        failed
    ]
}
