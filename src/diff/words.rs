//! The phrases that the renderings share.

use crate::analyse::{Doubt, Estimate, Interval, NoEstimate};
use crate::units::{ReadableNs, three_digits};

use super::{
    CellDiff, CellSide, ControlPair, Diff, Effect, LoneCell, MarginSource, Noise, Outcome, Source,
};

/// What no statistic of two recordings can know; see the module's documentation.
pub(super) const LIMIT: &str = "The recordings were made at different times: a change of the \
     machine between them looks like a change of the build.";

/// What the reader has to know before any number: whether the two can be compared at all.
pub(super) fn standing(diff: &Diff) -> String {
    let broken: Vec<String> = diff
        .conditions
        .iter()
        .filter(|c| c.effect == Effect::Breaks)
        .map(|c| match c.what {
            "cells" => "no cell is in both".to_owned(),
            what => format!("{what} differs ({} against {})", c.base, c.new),
        })
        .collect();
    if !broken.is_empty() {
        let numbers = if diff.cells.is_empty() {
            ""
        } else {
            " The numbers below are listed, and mean nothing together."
        };
        format!("Not comparable: {}.{numbers}", broken.join("; "))
    } else if diff.count(Outcome::NotMeasured) == diff.cells.len() {
        "Comparable, but no common cell was measured on both sides.".to_owned()
    } else if diff.same_recording {
        "Both are the same recording.".to_owned()
    } else {
        "Comparable.".to_owned()
    }
}

/// The names of the conditions that are the same.
pub(super) fn same(diff: &Diff) -> String {
    let same = diff.conditions.iter().filter(|c| c.effect == Effect::Same).map(|c| c.what);
    same.collect::<Vec<_>>().join(", ")
}

/// The margin, where it comes from, and the A/A controls; a line each.
pub(super) fn yardsticks(diff: &Diff) -> Vec<String> {
    let source = match diff.margin_source {
        MarginSource::Experiment => "",
        MarginSource::Larger => ", the larger of the two experiments'",
        MarginSource::Option => ", as asked for",
    };
    let margin = format!("margin {} %{source}", percent(diff.margin.relative()));
    let control = |control: &ControlPair| {
        let of = |interval: Option<Interval>| interval.map_or("none".to_owned(), |i| range(&i));
        let scenario = match control.scenario.as_str() {
            "" => String::new(),
            name => format!(", {name}"),
        };
        format!("A/A control{scenario}: base {}, new {}", of(control.base), of(control.new))
    };
    let mut lines = vec![margin];
    lines.extend(diff.controls.iter().map(control));
    lines.extend(level(diff));
    lines
}

/// The level that the intervals of the ratios achieve.
fn level(diff: &Diff) -> Option<String> {
    let exact: Vec<f64> =
        diff.intervals().filter(|i| i.exact).map(|i| i.achieved * 100.0).collect();
    let approximate = diff.intervals().filter(|i| !i.exact).count();
    let least = exact.iter().copied().min_by(f64::total_cmp);
    let greatest = exact.iter().copied().max_by(f64::total_cmp);
    let from_normal = format!("{approximate} by a normal approximation");
    match (least.zip(greatest), approximate) {
        (None, 0) => None,
        (None, _) => Some(format!("95 % intervals of the ratios, {from_normal}")),
        (Some((least, greatest)), _) => {
            let (least, greatest) = (format!("{least:.1}"), format!("{greatest:.1}"));
            let achieved = if least == greatest { least } else { format!("{least} to {greatest}") };
            let rest = if approximate > 0 { format!("; {from_normal}") } else { String::new() };
            Some(format!("95 % intervals of the ratios, exact, achieved {achieved} %{rest}"))
        }
    }
}

/// One line of counts, cells of one side only, and the mean.
pub(super) fn summary(diff: &Diff) -> String {
    let cells = diff.cells.len();
    let mut line = if diff.is_comparable() {
        let count = |outcome: Outcome| diff.count(outcome);
        let mut line = format!(
            "{} of {cells} {} slower, {} faster, {} equivalent, {} inconclusive",
            count(Outcome::Slower),
            if cells == 1 { "cell" } else { "cells" },
            count(Outcome::Faster),
            count(Outcome::Equivalent),
            count(Outcome::Inconclusive),
        );
        for outcome in [Outcome::NewlyFailing, Outcome::Fixed, Outcome::NotMeasured] {
            if count(outcome) > 0 {
                line += &format!(", {} {}", count(outcome), outcome.name());
            }
        }
        line
    } else {
        format!("not comparable: no verdicts for {cells} common cells")
    };
    for (lone, side) in [(&diff.only_in_base, "base"), (&diff.only_in_new, "new")] {
        if !lone.is_empty() {
            line += &format!("; {} only in {side}", lone.len());
        }
    }
    if let Some((mean, over)) = diff.geometric_mean() {
        line += &format!("; geometric mean of the ratios {} over {over} cells", ratio(mean));
    }
    line
}

/// The name of a cell, with that of its scenario where there are several.
pub(super) fn name(name: &str, scenario: &str) -> String {
    if scenario.is_empty() { name.to_owned() } else { format!("{name} ({scenario})") }
}

/// Cells of one recording, by name.
pub(super) fn lone(cells: &[LoneCell]) -> String {
    let names: Vec<String> =
        cells.iter().map(|c| format!("{} {}", c.id, name(&c.name, &c.scenario))).collect();
    names.join("; ")
}

/// A wall time with its interval.
pub(super) fn wall(wall: &Result<Estimate, NoEstimate>) -> String {
    match wall {
        Err(_) => "–".to_owned(),
        Ok(Estimate { value, interval: Ok(i), .. }) => {
            format!("{} ({} to {})", ReadableNs(*value), ReadableNs(i.low), ReadableNs(i.high))
        }
        Ok(Estimate { value, interval: Err(_), .. }) => ReadableNs(*value).to_string(),
    }
}

/// The ratio of a cell and its interval.
pub(super) fn ratio_and_range(cell: &CellDiff) -> [String; 2] {
    let none = || "–".to_owned();
    match &cell.ratio {
        Err(_) => [none(), none()],
        Ok(estimate) => {
            let range = estimate.ratio.interval.as_ref().map_or_else(|_| none(), range);
            [ratio(estimate.ratio.value), range]
        }
    }
}

/// Everything about a cell that its numbers do not say.
pub(super) fn notes(cell: &CellDiff) -> Vec<String> {
    let mut notes = Vec::new();
    if let Some(judged) = &cell.judged {
        if let (Outcome::Inconclusive, Some(doubt)) = (cell.outcome, &judged.doubt) {
            notes.push(match (doubt, &cell.noise) {
                (Doubt::Noise, Some(Noise { source: Source::Drift, side, .. })) => {
                    format!("the cell drifts as much within {side}")
                }
                _ => doubt.to_string(),
            });
            if let Some(n) = cell.more_blocks() {
                let blocks = if n == 1 { "block" } else { "blocks" };
                notes.push(format!("about {n} more {blocks} in both"));
            }
        }
        if let Some(noise) = cell.bounding() {
            let what = match noise.source {
                Source::Control => "A/A control of",
                Source::Drift => "drift within",
            };
            let beyond = percent(judged.bound - 1.0);
            notes.push(format!("bound {beyond} % by the {what} {}", noise.side));
        }
    }
    let sides = [("base", &cell.base), ("new", &cell.new)];
    notes.extend(sides.into_iter().filter_map(|(side, trials)| failed_trials(side, trials)));
    let lost = |side: &CellSide| side.failed_requests.unwrap_or(0.0);
    if lost(&cell.base) > 0.0 || lost(&cell.new) > 0.0 {
        notes.push(format!(
            "failed requests {} % → {} %",
            percent(lost(&cell.base)),
            percent(lost(&cell.new))
        ));
    }
    notes
}

fn failed_trials(side: &str, trials: &CellSide) -> Option<String> {
    if trials.trials() == 0 {
        return Some(format!("{side} has no complete block"));
    }
    let bad = trials.failed + trials.invalid;
    let reasons: Vec<String> =
        trials.reasons.iter().map(|(reason, n)| format!("{reason} ({n})")).collect();
    (bad > 0).then(|| {
        format!(
            "{side}: {bad} of {} trials failed or invalid: {}",
            trials.trials(),
            reasons.join("; ")
        )
    })
}

fn range(interval: &Interval) -> String {
    format!("{} to {}", ratio(interval.low), ratio(interval.high))
}

/// A ratio to a tenth of a percent, which is finer than any margin that makes sense; three
/// significant digits where it is far from 1.
fn ratio(ratio: f64) -> String {
    if (0.1..10.0).contains(&ratio) { format!("{ratio:.3}") } else { three_digits(ratio) }
}

fn percent(share: f64) -> String {
    three_digits(share * 100.0)
}

/// `x` to six significant digits, which is more than any measurement has, so that the last digits
/// of a platform's logarithm do not reach a file.
pub(super) fn six_digits(x: f64) -> f64 {
    format!("{x:.5e}").parse().expect("a float prints as one")
}
