//! The answer at a glance: a headline of at most 25 words, and a table of at most six rows.

use super::super::facts::Facts;
use super::super::numbers::{UNKNOWN, bytes, count, counted, ns, percent, ratio, times};
use super::super::standing::Standing;
use super::row::{Order, Row};
use crate::analyse::{Doubt, Verdict};
use crate::page::{Block, Mark, Table, Tone, Words, cells, words};

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
    let Order { all, shown } = Order::of(facts, scenario);
    if all.len() < 2 {
        return None;
    }
    let mut table = Table::new(["strategy"]).numbers([
        "time",
        "× baseline",
        "of ideal",
        "CPU / 1,000",
        "memory",
        "failed",
    ]);
    for &cell in &shown {
        let of_cell = Row::of(facts, cell);
        table.row(row(facts, &of_cell));
        table.mark(mark(facts, &of_cell));
    }
    let mut out = vec![Block::from(table)];
    if shown.len() < all.len() {
        out.push(Block::from(format!(
            "The fastest {} of {} cells; all stand below.",
            shown.len(),
            all.len()
        )));
    }
    Some(out)
}

fn row(facts: &Facts, row: &Row) -> Vec<Words> {
    let unknown = || UNKNOWN.to_owned();
    let ratio = match row.is_baseline {
        true => "baseline".to_owned(),
        false => row.ratio().map_or_else(unknown, |r| ratio(r.value)),
    };
    let failed = match row.failed {
        None => unknown(),
        Some((0, _)) => "none".to_owned(),
        Some((errors, issued)) => format!("{} of {}", count(errors), count(issued)),
    };
    let name = match facts.shortfall(row.cell) {
        Some(shortfall) => words!((facts.code(row.cell)) " (" shortfall ")"),
        None => facts.code(row.cell),
    };
    cells![
        name,
        row.wall.map_or_else(unknown, |e| ns(e.value)),
        ratio,
        row.efficiency.map_or_else(unknown, |e| percent(e.value)),
        row.cpu.as_ref().map_or_else(unknown, |e| ns(e.value)),
        row.memory.as_ref().map_or_else(unknown, |e| bytes(e.value)),
        failed
    ]
}

/// The ratio to the baseline as a bar. A cell that did less work has none: its time is that of less.
fn mark(facts: &Facts, row: &Row) -> Mark {
    let ratio = match row.is_baseline {
        true => row.wall.map(|_| 1.0),
        false => row.ratio().map(|ratio| ratio.value),
    };
    let (word, tone) = match row.compared.map(|compared| &compared.judged.verdict) {
        _ if !facts.is_ranked(row.cell) => ("not ranked", Tone::Open),
        None => ("baseline", Tone::Plain),
        Some(Ok(Verdict::Faster)) => ("faster", Tone::Good),
        Some(Ok(Verdict::Slower)) => ("slower", Tone::Bad),
        Some(Ok(Verdict::Equivalent)) => ("equivalent", Tone::Plain),
        Some(Ok(Verdict::Inconclusive { .. })) => ("inconclusive", Tone::Open),
        Some(Err(_)) => ("not judged", Tone::Open),
    };
    Mark::Bar { ratio: ratio.filter(|_| facts.is_ranked(row.cell)), word, tone }
}
