//! What the author expected, and what the record says of it.

use crate::analyse::{ClaimAnalysis, ClaimCell, ClaimFinding, Estimate, Finding};
use crate::spec::{Claim, Over, Selector, Unit};

use super::facts::Facts;
use super::markdown::{Align, Table, code, details, text};
use super::numbers::{UNKNOWN, about, and, bytes, counted, estimate, ns, ratio};

/// The claims as a table, the cells of each folded below; nothing without claims.
pub(super) fn section(facts: &Facts) -> Option<String> {
    if facts.analysis.claims.is_empty() {
        return None;
    }
    let mut table = Table::new(&[
        ("claim", Align::Left),
        ("finding", Align::Left),
        ("measured (95 % interval)", Align::Right),
        ("level", Align::Right),
        ("bound", Align::Right),
        ("what, of which cell", Align::Left),
    ]);
    let mut parts = Vec::new();
    for analysed in &facts.analysis.claims {
        let claim = &facts.plan().experiment.claims[analysed.claim];
        table.row(row(facts, claim, analysed));
        if analysed.cells.len() > 1 {
            parts.push(every_cell(facts, claim, analysed));
        }
    }
    let held = |finding: ClaimFinding| {
        facts.analysis.claims.iter().filter(|c| c.finding == finding).count()
    };
    let all = facts.analysis.claims.len();
    let intro = format!(
        "{} of {} held{}.",
        held(ClaimFinding::Held),
        counted(all, "claim"),
        match held(ClaimFinding::Refuted) {
            0 => String::new(),
            n => format!(", {n} refuted"),
        }
    );
    let rule = "A claim is *held* if the whole interval lies within its bound for every cell that it \
                selects, *refuted* if the whole interval lies outside for one, *not judged* where too \
                much of the work failed. A claim about a \
                count must hold in every trial. The cell shown is the worst for the claim. *Level* \
                is what the interval achieves: exactly, or after ≈ by a normal approximation.";
    let mut rule = rule.to_owned();
    let claims = || facts.analysis.claims.iter().map(|c| &facts.plan().experiment.claims[c.claim]);
    if claims().any(|claim| matches!(claim.over, Over::Metric(_) | Over::Largest(_))) {
        rule += " Where a metric is divided by another, it is so within each trial.";
    }
    let mut out = vec!["### Claims".to_owned(), intro, table.render(), rule];
    out.extend(parts);
    Some(out.join("\n\n"))
}

fn row(facts: &Facts, claim: &Claim, analysed: &ClaimAnalysis) -> Vec<String> {
    let finding = format!("**{}**", analysed.finding.name());
    let Some(worst) = worst(claim, &analysed.cells) else {
        let why = "no recorded cell is selected".to_owned();
        let unknown = || UNKNOWN.to_owned();
        return vec![text(&claim.text), finding, unknown(), unknown(), bounds(claim), why];
    };
    let finding = match &worst.finding {
        Finding::Undecided(reason) => format!("{finding}: {reason}"),
        Finding::NotJudged(reason) => format!("{finding}: {reason}"),
        _ => finding,
    };
    let others = match analysed.cells.len() - 1 {
        0 => String::new(),
        n => format!(" (worst of {})", n + 1),
    };
    let what = format!(
        "{} of {}{others}",
        quantity(facts, claim, worst.cell),
        facts.full_code(worst.cell)
    );
    let (value, level) = (value(claim, worst), achieved(claim, worst));
    vec![text(&claim.text), finding, value, level, bounds(claim), what]
}

fn every_cell(facts: &Facts, claim: &Claim, analysed: &ClaimAnalysis) -> String {
    let mut table = Table::new(&[
        ("cell", Align::Left),
        ("finding", Align::Left),
        ("measured (95 % interval)", Align::Right),
        ("level", Align::Right),
        ("n", Align::Right),
    ]);
    for cell in &analysed.cells {
        let n = cell.ratio.as_ref().map_or_else(|_| "0".to_owned(), |e| e.n.to_string());
        table.row(vec![
            facts.full_code(cell.cell),
            cell.finding.to_string(),
            value(claim, cell),
            achieved(claim, cell),
            n,
        ]);
    }
    let summary = format!("“{}”: {}", claim.text, counted(analysed.cells.len(), "cell"));
    details(&summary, &table.render())
}

/// The cell that says most against the claim: refuted before undecided before held, and among
/// equals the one that is farthest out.
fn worst<'a>(claim: &Claim, cells: &'a [ClaimCell]) -> Option<&'a ClaimCell> {
    let rank = |cell: &ClaimCell| match cell.finding {
        Finding::Refuted => 3,
        Finding::NotJudged(_) => 2,
        Finding::Undecided(_) => 1,
        Finding::Held => 0,
    };
    let strain = |cell: &ClaimCell| {
        let Ok(Estimate { value, interval, .. }) = &cell.ratio else {
            return f64::INFINITY;
        };
        let (low, high) = interval.as_ref().map_or((*value, *value), |i| (i.low, i.high));
        let above = claim.at_most.map(|most| high / most);
        let below = claim.at_least.map(|least| least / low);
        match (above, below) {
            // A lower bound beside an upper one is mostly what physics forbids to pass; being near
            // it is good. Passing it is not.
            (Some(above), Some(below)) if below <= 1.0 => above,
            (above, below) => {
                [above, below].into_iter().flatten().fold(f64::NEG_INFINITY, f64::max)
            }
        }
    };
    // Of equals the first in the plan: `max_by` takes the last.
    cells
        .iter()
        .rev()
        .max_by(|a, b| rank(a).cmp(&rank(b)).then_with(|| strain(a).total_cmp(&strain(b))))
}

fn value(claim: &Claim, cell: &ClaimCell) -> String {
    match &cell.ratio {
        Ok(e) if is_of_every_trial(claim) => in_every_trial(e, |v| in_unit(claim, v)),
        Ok(e) => estimate(e, |v| in_unit(claim, v)),
        Err(_) => UNKNOWN.to_owned(),
    }
}

/// The level that the interval achieves. The range of a count is none.
fn achieved(claim: &Claim, cell: &ClaimCell) -> String {
    let interval = cell.ratio.as_ref().ok().and_then(|e| e.interval.as_ref().ok());
    interval.filter(|_| !is_of_every_trial(claim)).map_or_else(
        || UNKNOWN.to_owned(),
        |i| format!("{}{:.1} %", if i.exact { "" } else { "≈ " }, i.achieved * 100.0),
    )
}

/// A count is claimed of every trial, alone or for each request.
fn is_of_every_trial(claim: &Claim) -> bool {
    matches!(claim.over, Over::One | Over::Requests) && claim.metric.is_count()
}

/// What is claimed of every trial is shown as its range.
fn in_every_trial(range: &Estimate, shown: impl Fn(f64) -> String) -> String {
    let (low, high) =
        range.interval.as_ref().map_or((range.value, range.value), |i| (i.low, i.high));
    let trials = counted(range.n, "trial");
    if range.n == 1 {
        format!("{} in the one trial", shown(low))
    } else if low == high {
        format!("{} in all {trials}", shown(low))
    } else {
        format!("{} to {} in {trials}", shown(low), shown(high))
    }
}

fn in_unit(claim: &Claim, value: f64) -> String {
    if claim.over != Over::One {
        return ratio(value);
    }
    match claim.metric.unit() {
        Unit::Nanoseconds => ns(value),
        Unit::Bytes => bytes(value),
        Unit::PerSecond => format!("{}/s", about(value)),
        Unit::Share => ratio(value),
        Unit::Count => about(value),
    }
}

fn bounds(claim: &Claim) -> String {
    // A bound is shown as it was written: rounded, a value could look to be within it and not be.
    let shown = |v: f64| if claim.over == Over::One { in_unit(claim, v) } else { v.to_string() };
    match (claim.at_least, claim.at_most) {
        (Some(low), Some(high)) => format!("{} to {}", shown(low), shown(high)),
        (Some(low), None) => format!("≥ {}", shown(low)),
        (None, Some(high)) => format!("≤ {}", shown(high)),
        (None, None) => UNKNOWN.to_owned(),
    }
}

/// What the claim measures, divided by what.
fn quantity(facts: &Facts, claim: &Claim, cell: usize) -> String {
    let metric = claim.metric.title();
    match &claim.over {
        Over::One => metric.to_owned(),
        over => format!("{metric} ÷ {}", divisor(facts, over, cell)),
    }
}

fn divisor(facts: &Facts, over: &Over, cell: usize) -> String {
    match over {
        Over::Ideal => "ideal".to_owned(),
        Over::LongestDelay => "longest delay".to_owned(),
        Over::SumOfDelays => "sum of delays".to_owned(),
        Over::RoundTrip => "round trip".to_owned(),
        Over::Requests => "requests".to_owned(),
        Over::Metric(other) => other.title().to_owned(),
        Over::Largest(some) => {
            let some: Vec<String> = some.iter().map(|over| divisor(facts, over, cell)).collect();
            let which = if some.len() == 2 { "larger" } else { "largest" };
            format!("the {which} of {}", and(&some))
        }
        Over::One => "1".to_owned(),
        Over::Cell(selector) => denominator(facts, selector, cell),
    }
}

fn denominator(facts: &Facts, selector: &Selector, cell: usize) -> String {
    let plan = facts.plan();
    plan.denominator(selector, cell).map_or_else(
        || {
            let terms: Vec<String> = selector
                .terms
                .iter()
                .map(|(factor, values)| format!("{} = {}", factor.name(), values.join(" or ")))
                .collect();
            format!("a cell that was not run ({})", code(&terms.join(", ")))
        },
        // Of another scenario, if the selector names factors of scenarios.
        |c| match facts.cell(c).scenario == facts.cell(cell).scenario {
            true => facts.code(c),
            false => facts.full_code(c),
        },
    )
}
