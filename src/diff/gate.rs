//! Gates: whether a change worsens what it must not.

use crate::analyse::{Direction, Judged, Margin, Verdict};
use crate::plan::Only;
use crate::spec::{Gate, Metric, Selector};

use super::judging::judged;
use super::{CellDiff, Contest, Diff, GateFinding, GateResult, Options, Outcome};

/// Reads a gate of the command line: `METRIC=PERCENT`, and after a colon the cells that it holds for
/// as `FACTOR=VALUE[,VALUE…]`, several with semicolons.
pub fn parse(text: &str) -> Result<Gate, String> {
    let example = "write METRIC=PERCENT[:FACTOR=VALUE], as in wall=5% or p99=10%:label=async";
    let (what, of) = text.split_once(':').unwrap_or((text, ""));
    let (metric, margin) =
        what.split_once('=').ok_or_else(|| format!("`{text}` is no gate; {example}"))?;
    let metric = parse_metric(metric.trim())?;
    let margin = parse_margin(margin).map_err(|e| format!("{e}; {example}"))?;
    let of = parse_selector(of).map_err(|error| match error.strip_prefix("--only ") {
        Some(error) => format!("--gate {error}"),
        None => format!("{error}; {example}"),
    })?;
    Ok(Gate { metric, of, margin })
}

/// Reads the cells of a gate or a table: `FACTOR=VALUE[,VALUE…]`, several with semicolons.
pub fn parse_selector(text: &str) -> Result<Selector, String> {
    let terms: Vec<String> =
        text.split(';').map(|t| t.trim().to_owned()).filter(|t| !t.is_empty()).collect();
    if let Some(name) = terms.iter().find(|term| !term.contains('=')) {
        return Err(format!("`{name}` selects no cell"));
    }
    Ok(Only::parse(&terms)?.selector().clone())
}

/// A margin with its percent sign, as in `2%`.
pub fn parse_margin(text: &str) -> Result<f64, String> {
    let percent = text.trim().strip_suffix('%').and_then(|p| p.trim().parse::<f64>().ok());
    percent
        .filter(|p| *p > 0.0 && *p < 100.0)
        .map(|percent| percent / 100.0)
        .ok_or_else(|| format!("`{text}` is no percentage above 0% and below 100%, such as 2%"))
}

/// A metric by its name.
pub fn parse_metric(name: &str) -> Result<Metric, String> {
    let known = Metric::ALL.map(Metric::name).join(", ");
    Metric::ALL
        .into_iter()
        .find(|m| m.name() == name)
        .ok_or_else(|| format!("there is no metric `{name}`; known are {known}"))
}

/// The gates of both experiments, so that a change cannot do away with one, then those asked for.
pub(super) fn of<'a>(contest: &'a Contest, options: &'a Options) -> impl Iterator<Item = &'a Gate> {
    let new = contest.new.gates.iter().filter(|gate| !contest.base.gates.contains(gate));
    contest.base.gates.iter().chain(new).chain(&options.gates)
}

/// Judges every gate. All rows that gates look at are one family, each with the margin of its gate:
/// a gate asks another question than the table, namely of its own margin.
pub(super) fn check(diff: &Diff, contest: &Contest, options: &Options) -> Vec<GateResult> {
    if !diff.is_judged() {
        return Vec::new();
    }
    let gates: Vec<&Gate> = of(contest, options).collect();
    let looks_at =
        |gate: &Gate, cell: &CellDiff| cell.metric == gate.metric && cell.is_of(&gate.of);
    let rows: Vec<(usize, usize)> = gates
        .iter()
        .enumerate()
        .flat_map(|(g, gate)| {
            let rows = diff.cells.iter().enumerate().filter(|(_, cell)| looks_at(gate, cell));
            rows.map(move |(row, _)| (g, row)).collect::<Vec<_>>()
        })
        .collect();
    let margin_of = |gate: &Gate| Margin::new(gate.margin).unwrap_or_default();
    let family: Vec<_> =
        rows.iter().map(|&(g, row)| (&diff.cells[row], margin_of(gates[g]))).collect();
    let findings: Vec<GateFinding> = family
        .iter()
        .zip(judged(&family))
        .map(|(&(cell, margin), judged)| finding(cell, &judged, margin))
        .collect();
    let result = |(g, gate): (usize, &&Gate)| {
        let of_gate = || rows.iter().zip(&findings).filter(move |((of, _), _)| *of == g);
        let all_lost = of_gate().all(|(_, f)| *f == GateFinding::NothingMeasured);
        let worst = of_gate().map(|(_, f)| *f).filter(|f| *f != GateFinding::NothingMeasured).max();
        let lost = of_gate().any(|(_, f)| *f == GateFinding::NothingMeasured);
        let finding = match worst {
            _ if all_lost => GateFinding::NothingMeasured,
            // A cell without a measurement is not known to pass.
            Some(GateFinding::Passed) if lost => GateFinding::Undecided,
            Some(worst) => worst,
            None => GateFinding::NothingMeasured,
        };
        GateResult {
            gate: (*gate).clone(),
            finding,
            cells: of_gate()
                .filter(|(_, f)| **f != GateFinding::Passed)
                .map(|((_, row), f)| (*row, *f))
                .collect(),
            withheld: of_gate()
                .filter(|(_, f)| **f == GateFinding::Undecided)
                .filter_map(|((_, row), _)| {
                    Some((*row, diff.cells[*row].withheld(margin_of(gate))?))
                })
                .collect(),
            looked_at: of_gate().count(),
        }
    };
    gates.iter().enumerate().map(result).collect()
}

fn finding(cell: &CellDiff, judged: &Judged, margin: Margin) -> GateFinding {
    match (cell.outcome, &judged.verdict) {
        (Outcome::NewlyFailing | Outcome::FailingMoreOften, _) | (_, Ok(Verdict::Slower)) => {
            GateFinding::Failed
        }
        // It works better than before, and nobody knows by which time.
        (Outcome::Fixed | Outcome::FailingLessOften, Err(_)) => GateFinding::Undecided,
        (_, Err(_)) => GateFinding::NothingMeasured,
        (_, Ok(_)) if cell.withheld(margin).is_some() => GateFinding::Undecided,
        (_, Ok(Verdict::Faster | Verdict::Equivalent)) => GateFinding::Passed,
        // The interval may cross the margin of the better side: that is not worse.
        (_, Ok(Verdict::Inconclusive { .. })) if is_within(cell, margin) => GateFinding::Passed,
        (_, Ok(Verdict::Inconclusive { .. })) => GateFinding::Undecided,
    }
}

/// Whether all of the interval is no worse than the margin, and would not be if the cell had moved as
/// far as the same work did elsewhere: noise beyond the margin only makes a gate harder to pass.
fn is_within(cell: &CellDiff, margin: Margin) -> bool {
    let interval = cell.ratio.as_ref().ok().and_then(|r| r.ratio.interval.as_ref().ok());
    let bound = 1.0 + margin.relative();
    let noise = cell.noise.map_or(1.0, |noise| noise.reach());
    let allowance = if noise <= bound { 1.0 } else { noise };
    interval.is_some_and(|i| match cell.metric.direction() {
        Direction::LowerIsBetter => i.high * allowance <= bound,
        Direction::HigherIsBetter => i.low / allowance >= 1.0 / bound,
    })
}
