//! The section of claims, with the finding of each.

use crate::analyse::{ClaimAnalysis, ClaimCell, ClaimFinding, Estimate, Finding};
use crate::page::{
    Block, Table, Words, blocks, cells, code, details, heading, strong, term, words,
};
use crate::record::RecordError;
use crate::spec::{Claim, Over, Selector, Unit};

use super::facts::Facts;
use super::numbers::{UNKNOWN, about, bytes, counted, estimate, ns, ratio};

/// The claims as a table, the cells of each folded below; nothing without claims.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    if facts.analysis.claims.is_empty() {
        return Ok(Vec::new());
    }
    let mut table = Table::new(["claim", "finding"])
        .numbers(["measured (95 % interval)", "level", "bound"])
        .text(["what, of which cell"]);
    let mut folded = Vec::new();
    for analysed in &facts.analysis.claims {
        let claim = &facts.plan().experiment.claims[analysed.claim];
        table.row(row(facts, claim, analysed));
        if analysed.cells.len() > 1 {
            folded.push(every_cell(facts, claim, analysed));
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
    let mut rule = words!(
        "A claim is " (term("held")) " if the whole interval lies within its bound for every cell \
         that it selects, " (term("refuted")) " if the whole interval lies outside for one, "
        (term("not judged")) " where too much of the work failed. A claim about a count must hold in \
         every trial. The cell shown is the worst for the claim. " (term("Level")) " is what the \
         interval achieves: exactly, or after ≈ by a normal approximation."
    );
    let claims = || facts.analysis.claims.iter().map(|c| &facts.plan().experiment.claims[c.claim]);
    if claims().any(|claim| matches!(claim.over, Over::Metric(_) | Over::Largest(_))) {
        rule.push(" Where a metric is divided by another, it is so within each trial.");
    }
    let mut out = blocks![heading(3, "Claims"), intro, table, rule];
    out.extend(folded);
    Ok(out)
}

fn row(facts: &Facts, claim: &Claim, analysed: &ClaimAnalysis) -> Vec<Words> {
    let finding = strong(analysed.finding.name());
    let Some(worst) = worst(claim, &analysed.cells) else {
        let why = "no recorded cell is selected";
        return cells![&claim.text, finding, UNKNOWN, UNKNOWN, bounds(claim), why];
    };
    let finding = match &worst.finding {
        Finding::Undecided(reason) => words!(finding ": " reason),
        Finding::NotJudged(reason) => words!(finding ": " reason),
        _ => finding,
    };
    let others = match analysed.cells.len() - 1 {
        0 => String::new(),
        n => format!(" (worst of {})", n + 1),
    };
    let quantity = quantity(facts, claim, worst.cell);
    let what = words!(quantity " of " (facts.full_code(worst.cell)) others);
    let (value, level) = (value(claim, worst), achieved(claim, worst));
    cells![&claim.text, finding, value, level, bounds(claim), what]
}

fn every_cell(facts: &Facts, claim: &Claim, analysed: &ClaimAnalysis) -> Block {
    let mut table =
        Table::new(["cell", "finding"]).numbers(["measured (95 % interval)", "level", "n"]);
    for cell in &analysed.cells {
        let n = cell.ratio.as_ref().map_or(0, |e| e.n);
        let (value, level) = (value(claim, cell), achieved(claim, cell));
        table.row(cells![facts.full_code(cell.cell), &cell.finding, value, level, n]);
    }
    let summary = format!("“{}”: {}", claim.text, counted(analysed.cells.len(), "cell"));
    details(summary, blocks![table])
}

/// The cell that says most against the claim: refuted before undecided before held, and among
/// equals the one that is farthest out.
pub(super) fn worst<'a>(claim: &Claim, cells: &'a [ClaimCell]) -> Option<&'a ClaimCell> {
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
pub(super) fn is_of_every_trial(claim: &Claim) -> bool {
    matches!(claim.over, Over::One | Over::Requests) && claim.metric.is_count()
}

/// Range of a value that is claimed of every trial.
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

/// The quantity that a claim measures, with its divisor.
pub(super) fn quantity(facts: &Facts, claim: &Claim, cell: usize) -> Words {
    let metric = claim.metric.title();
    let quantity = match &claim.over {
        Over::One => metric.into(),
        over => words!(metric " ÷ " (divisor(facts, over, cell))),
    };
    match &claim.than {
        None => quantity,
        Some(than) => {
            let (of, over) =
                (denominator(facts, &than.of, cell), denominator(facts, &than.over, cell));
            words!("(" quantity ") ÷ (" of " ÷ " over ")")
        }
    }
}

fn divisor(facts: &Facts, over: &Over, cell: usize) -> Words {
    match over {
        Over::Ideal => "ideal".into(),
        Over::LongestDelay => "longest delay".into(),
        Over::SumOfDelays => "sum of delays".into(),
        Over::RoundTrip => "round trip".into(),
        Over::Requests => "requests".into(),
        Over::Metric(other) => other.title().into(),
        Over::Largest(some) => {
            let which = if some.len() == 2 { "larger" } else { "largest" };
            let some = Words::and(some.iter().map(|over| divisor(facts, over, cell)));
            words!("the " which " of " some)
        }
        Over::One => "1".into(),
        Over::Cell(selector) => denominator(facts, selector, cell),
    }
}

fn denominator(facts: &Facts, selector: &Selector, cell: usize) -> Words {
    match facts.plan().denominator(selector, cell) {
        None => {
            let terms: Vec<String> = selector
                .terms
                .iter()
                .map(|(factor, values)| format!("{} = {}", factor.name(), values.join(" or ")))
                .collect();
            words!("a cell that was not run (" (code(terms.join(", "))) ")")
        }
        // Of another scenario, if the selector names factors of scenarios.
        Some(c) if facts.cell(c).scenario == facts.cell(cell).scenario => facts.code(c),
        Some(c) => facts.full_code(c),
    }
}
