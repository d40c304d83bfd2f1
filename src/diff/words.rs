//! The phrases that the renderings share.

use crate::analyse::{Direction, Doubt, Estimate, Interval, Levels, Side};
use crate::page::{Align, Mark, Table, Tone, cells};
use crate::spec::{Gate, Metric, Selector, Unit};
use crate::units::{ReadableBytes, ReadableNs, counted, six_digits, three_digits};

use super::comparability::ONE_RECORDING;
use super::{
    CellDiff, CellSide, Change, ControlPair, Diff, Effect, GateFinding, GateResult, LoneCell,
    MarginSource, Noise, Outcome, Pairing, Source, Trend, Withheld,
};

/// A limit of every comparison of two recordings; see the module's documentation.
pub(super) const LIMIT: &str = "The recordings were made at different times: a change of the \
     machine between them looks like a change of the build.";

/// Comparability of the two sides, which the reader has to know before any number.
pub(super) fn standing(diff: &Diff) -> String {
    let broken: Vec<String> = diff
        .conditions
        .iter()
        .filter(|c| c.effect == Effect::Breaks)
        .map(|c| match c.what {
            "cells" => "no cell is in both".to_owned(),
            ONE_RECORDING => format!("{} and {} are one recording", c.base, c.new),
            "baseline" => "the baselines that cells are divided by are different work".to_owned(),
            what => format!("{what} differs ({} against {})", c.base, c.new),
        })
        .collect();
    if !broken.is_empty() {
        let numbers = match (diff.cells.is_empty(), diff.forced) {
            (true, _) => "",
            (false, true) => " Verdicts are given all the same, as asked for, and marked `forced`.",
            (false, false) => " The numbers below are listed, and mean nothing together.",
        };
        format!("Not comparable: {}.{numbers}", broken.join("; "))
    } else if diff.count(Outcome::NotMeasured) == diff.cells.len() {
        "Comparable, but no common cell was measured on both sides.".to_owned()
    } else if diff.count(Outcome::NotMeasured) + diff.count(Outcome::NotJudged) == diff.cells.len()
    {
        "Comparable, but no common cell did the same work on both sides.".to_owned()
    } else if diff.relative {
        let machines = diff.conditions.iter().any(|c| c.what == "machine" && c.base != c.new);
        let across = if machines { "Across machines" } else { "Relative" };
        format!(
            "{across}: every cell is divided by the baseline of its scenario, block by block, and \
             these ratios are compared. They say whether an advantage is the same, not how fast a \
             machine is."
        )
    } else if let Some(factor) = diff.by {
        format!("Within one recording, by {factor}: trials of the same block are compared.")
    } else if diff.conditions.iter().any(|c| c.what == "source") {
        "Comparable as far as bare trials tell: their machine, build and plan are unknown."
            .to_owned()
    } else {
        "Comparable.".to_owned()
    }
}

/// Whether the sides were made at different times, which no statistic of theirs can see.
pub(super) fn is_limited(diff: &Diff) -> bool {
    diff.is_judged() && !diff.same_recording && diff.by.is_none()
}

/// The names of the conditions that are the same; within one recording they are, and go unsaid.
pub(super) fn same(diff: &Diff) -> String {
    if diff.by.is_some() {
        return String::new();
    }
    let same = diff.conditions.iter().filter(|c| c.effect == Effect::Same).map(|c| c.what);
    same.collect::<Vec<_>>().join(", ")
}

/// The margin, where it comes from, and the A/A controls; a line each.
pub(super) fn yardsticks(diff: &Diff) -> Vec<String> {
    let source = match diff.margin_source {
        MarginSource::Experiment => "",
        MarginSource::Larger => ", the larger of the two experiments'",
        MarginSource::Option => ", as asked for",
        MarginSource::Default => ", the default",
    };
    let several = diff.margins.len() > 1;
    let of =
        |metric: Metric| if several { format!(" of {}", metric.name()) } else { String::new() };
    let margins = diff
        .margins
        .iter()
        .map(|(metric, margin)| format!("margin{} {} %", of(*metric), percent(margin.relative())));
    let margins: Vec<String> = margins.collect();
    let control = |control: &ControlPair| {
        let ends = |interval: Option<Interval>| interval.map_or("none".to_owned(), |i| range(&i));
        let scenario = match control.scenario.as_str() {
            "" => String::new(),
            name => format!(", {name}"),
        };
        let [base, new] = labels(diff);
        format!(
            "A/A control{}{scenario}: {base} {}, {new} {}",
            of(control.metric),
            ends(control.base),
            ends(control.new)
        )
    };
    let mut lines = vec![format!("{}{source}", margins.join(", "))];
    lines.extend(diff.controls.iter().map(control));
    lines.extend(levels(diff));
    lines
}

/// Labels of the two sides.
pub(super) fn labels(diff: &Diff) -> [&str; 2] {
    [&diff.base.label, &diff.new.label]
}

/// The levels that the intervals achieve.
fn levels(diff: &Diff) -> Option<String> {
    let ratios = Levels::of(diff.intervals())?;
    let sides = diff.cells.iter().flat_map(|c| [&c.base, &c.new]);
    let medians = sides.filter_map(|side| side.value.as_ref().ok()?.interval.as_ref().ok());
    let medians = Levels::of(medians).map(|levels| format!(", of the medians {levels}"));
    Some(format!("95 % intervals: of the ratios {ratios}{}", medians.unwrap_or_default()))
}

/// One line of counts, cells of one side only, and the mean; with several metrics a line each.
pub(super) fn summary(diff: &Diff) -> String {
    let several = diff.margins.len() > 1;
    let mut lines: Vec<String> = diff
        .metrics()
        .map(|metric| {
            let counts = counts(diff, metric);
            if several { format!("{}: {counts}", metric.name()) } else { counts }
        })
        .collect();
    let [base, new] = labels(diff);
    for (lone, side) in [(&diff.only_in_base, base), (&diff.only_in_new, new)] {
        if let (false, Some(last)) = (lone.is_empty(), lines.last_mut()) {
            *last += &format!("; {} only in {side}", lone.len());
        }
    }
    lines.join("\n")
}

fn counts(diff: &Diff, metric: Metric) -> String {
    let rows = || diff.cells.iter().filter(|c| c.metric == metric);
    let cells = rows().count();
    let count = |outcome: Outcome| rows().filter(|c| c.outcome == outcome).count();
    if !diff.is_judged() {
        return format!("not comparable: no verdicts for {}", counted(cells, "common cell"));
    }
    let mut line = format!(
        "{}{} of {cells} {}",
        if diff.forced { "forced: " } else { "" },
        count(Outcome::Slower),
        if cells == 1 { "cell" } else { "cells" }
    );
    line += &format!(
        " {}, {} {}, {} equivalent, {} inconclusive",
        word(Outcome::Slower, metric),
        count(Outcome::Faster),
        word(Outcome::Faster, metric),
        count(Outcome::Equivalent),
        count(Outcome::Inconclusive),
    );
    for outcome in [
        Outcome::NewlyFailing,
        Outcome::FailingMoreOften,
        Outcome::Fixed,
        Outcome::FailingLessOften,
        Outcome::NotJudged,
        Outcome::NotMeasured,
    ] {
        if count(outcome) > 0 {
            line += &format!(", {} {}", count(outcome), outcome.name());
        }
    }
    if let Some(mean) = diff.geometric_mean(metric) {
        line += &format!(
            "; geometric mean of the ratios {} over {}",
            ratio(mean.ratio),
            counted(mean.cells, "cell")
        );
        if mean.left_out > 0 {
            line += &format!(", {} left out", mean.left_out);
        }
    }
    line
}

/// The word for an outcome: what takes time is slower, what is used up is more.
pub(super) fn word(outcome: Outcome, metric: Metric) -> &'static str {
    let rises = match outcome {
        Outcome::Slower => metric.direction() == Direction::LowerIsBetter,
        Outcome::Faster => metric.direction() == Direction::HigherIsBetter,
        outcome => return outcome.name(),
    };
    match (metric.is_used_up(), rises) {
        (true, true) => "more",
        (true, false) => "less",
        (false, _) => outcome.name(),
    }
}

/// Gates, a line each.
pub(super) fn gates(diff: &Diff) -> Vec<String> {
    let line = |result: &GateResult| {
        let cells: Vec<String> = result
            .cells
            .iter()
            .map(|(row, finding)| {
                let cell = &diff.cells[*row];
                let withheld = result.withheld.iter().find(|(of, _)| of == row);
                let why = match withheld.filter(|_| *finding == GateFinding::Undecided) {
                    Some((_, withheld)) => format!(" ({})", reason(*withheld)),
                    None => String::new(),
                };
                format!("{} {}{why}", name(&cell.name, &cell.scenario), finding.name())
            })
            .collect();
        let which =
            if cells.is_empty() { String::new() } else { format!(": {}", cells.join("; ")) };
        format!(
            "gate {} {} ({} {}){which}",
            gate(&result.gate),
            result.finding.name(),
            result.looked_at,
            if result.looked_at == 1 { "cell" } else { "cells" }
        )
    };
    diff.gates.iter().map(line).collect()
}

/// Why there is no good word.
fn reason(withheld: Withheld) -> &'static str {
    match withheld {
        Withheld::TrialsLost => "trials without a value could turn it",
        Withheld::ControlLost => "trials of the A/A control have no value, so its noise is unknown",
    }
}

/// A gate as it is written on the command line.
pub(super) fn gate(gate: &Gate) -> String {
    let of = selector(&gate.of).map_or(String::new(), |of| format!(":{of}"));
    // As it was written: 5, not 5.00.
    let percent = six_digits(gate.margin * 100.0);
    format!("{}={percent}%{of}", gate.metric.name())
}

/// A selector as it is written on the command line; none of one that selects all.
fn selector(of: &Selector) -> Option<String> {
    let terms: Vec<String> = of
        .terms
        .iter()
        .map(|(factor, values)| {
            // A list is read as one value too, in case that it is one.
            let written = match values.split_last() {
                Some((last, others)) if !others.is_empty() && *last == others.join(",") => {
                    last.clone()
                }
                _ => values.join(","),
            };
            format!("{}={written}", factor.name())
        })
        .collect();
    (!terms.is_empty()).then(|| terms.join(";"))
}

/// The cells that were asked for, as on the command line.
pub(super) fn only(diff: &Diff) -> Option<String> {
    selector(&diff.only)
}

/// Sentence on the cells that are judged and not shown: nobody should miss bad news for not having looked.
pub(super) fn not_shown(diff: &Diff) -> Option<String> {
    let only = only(diff)?;
    let hidden = |outcome: Outcome| {
        diff.cells.iter().filter(|c| c.outcome == outcome && !c.is_of(&diff.only)).count()
    };
    let counts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|&outcome| hidden(outcome) > 0)
        .map(|outcome| format!("{} {}", hidden(outcome), outcome.name()))
        .collect();
    let shown = format!(
        "Shown {}: {} of {}.",
        if diff.margins.len() > 1 { "rows" } else { "cells" },
        diff.shown().count(),
        diff.cells.len()
    );
    let not = match counts.is_empty() {
        true => String::new(),
        false => format!(" Not shown: {}.", counts.join(", ")),
    };
    Some(format!(
        "Only {only}. {shown}{not} Verdicts, gates, counts and the exit code are of all of them."
    ))
}

/// Rows of one metric; `range` sets the column of intervals.
pub(super) fn table(diff: &Diff, rows: &[&CellDiff], range: Align) -> Table {
    let [base, new] = labels(diff);
    let metric = if diff.margins.len() > 1 { rows[0].metric.name() } else { "verdict" };
    let mut table = Table::new([metric, "cell", base, new])
        .numbers(["ratio"])
        .columns(["95 % interval"], range)
        .text(["note"])
        .led_by(2);
    for cell in rows {
        let [ratio, range] = ratio_and_range(diff, cell);
        table.row(cells![
            word(cell.outcome, cell.metric),
            name(&cell.name, &cell.scenario),
            value(&cell.base, cell.metric, diff.relative),
            value(&cell.new, cell.metric, diff.relative),
            ratio,
            range,
            notes(diff, cell).join("; "),
        ]);
        table.mark(Mark::Word(word(cell.outcome, cell.metric), tone(cell.outcome)));
    }
    table
}

fn tone(outcome: Outcome) -> Tone {
    match outcome {
        Outcome::NewlyFailing | Outcome::FailingMoreOften | Outcome::Slower => Tone::Bad,
        Outcome::Faster | Outcome::Fixed | Outcome::FailingLessOften => Tone::Good,
        Outcome::Inconclusive | Outcome::NotJudged | Outcome::NotMeasured => Tone::Open,
        Outcome::Equivalent | Outcome::NotComparable => Tone::Plain,
    }
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

/// The median of a side with its interval.
pub(super) fn value(side: &CellSide, metric: Metric, relative: bool) -> String {
    let text = |value: f64| match metric.unit() {
        _ if relative => ratio(value),
        Unit::Nanoseconds => ReadableNs(value).to_string(),
        Unit::Bytes => ReadableBytes(value).to_string(),
        Unit::PerSecond => format!("{}/s", three_digits(value)),
        Unit::Share => ratio(value),
        Unit::Count => three_digits(value),
    };
    match &side.value {
        Err(_) => "–".to_owned(),
        Ok(Estimate { value, interval: Ok(i), .. }) if i.low == i.high => text(*value),
        Ok(Estimate { value, interval: Ok(i), .. }) => {
            format!("{} ({} to {})", text(*value), text(i.low), text(i.high))
        }
        Ok(Estimate { value, interval: Err(_), .. }) => text(*value),
    }
}

/// The ratio of a cell and its interval, with its level where that of other cells is another.
pub(super) fn ratio_and_range(diff: &Diff, cell: &CellDiff) -> [String; 2] {
    let none = || "–".to_owned();
    let Ok(estimate) = &cell.ratio else { return [none(), none()] };
    let with_level = |interval: &Interval| match Levels::of([interval]) {
        Some(level) if !Levels::of(diff.intervals()).is_some_and(|all| all.is_one()) => {
            format!("{} ({level})", range(interval))
        }
        _ => range(interval),
    };
    let range = estimate.ratio.interval.as_ref().map_or_else(|_| none(), with_level);
    [ratio(estimate.ratio.value), range]
}

/// Everything about a cell that its numbers do not say.
pub(super) fn notes(diff: &Diff, cell: &CellDiff) -> Vec<String> {
    let [base, new] = labels(diff);
    let called = |side: Side| if side == Side::New { new } else { base };
    let mut notes = Vec::new();
    if diff.forced {
        notes.push("forced".to_owned());
    }
    if let Some(judged) = &cell.judged {
        if let (Outcome::Inconclusive, Some(doubt)) = (cell.outcome, &judged.doubt) {
            notes.push(match (doubt, &cell.noise) {
                (Doubt::Noise, Some(Noise { source: Source::Drift, side, .. })) => {
                    format!("the cell drifts as much within {}", called(*side))
                }
                _ => doubt.to_string(),
            });
            if let Some(n) = cell.more_blocks() {
                let blocks = if n == 1 { "block" } else { "blocks" };
                let both = if diff.pairing == Pairing::None { " in both" } else { "" };
                notes.push(format!("about {n} more {blocks}{both}"));
            }
        }
        if let Some(noise) = cell.bounding() {
            let what = match noise.source {
                Source::Control => "A/A control of",
                Source::Drift => "drift within",
            };
            let beyond = percent(judged.bound - 1.0);
            notes.push(format!("bound {beyond} % by the {what} {}", called(noise.side)));
        }
        let measured = cell.base.ok > 0 && cell.new.ok > 0;
        if let (Outcome::NotMeasured | Outcome::NotJudged, true, Err(reason)) =
            (cell.outcome, measured, &judged.verdict)
        {
            notes.push(reason.to_string());
        }
        if let (true, Some(p)) = (cell.ranked.is_some(), judged.adjusted_p) {
            notes.push(format!("some values are 0: compared by ranks, p = {}", three_digits(p)));
        }
    }
    if let Some(withheld) = cell.withheld {
        notes.push(reason(withheld).to_owned());
    }
    if cell.outcome == Outcome::Slower && cell.at_worst.is_some() {
        notes.push("trials without a value count as its slowest".to_owned());
    }
    let sides = [(base, &cell.base), (new, &cell.new)];
    notes.extend(sides.into_iter().filter_map(|(side, trials)| failed_trials(side, trials)));
    notes.extend(moved(&cell.failures.trials).map(|how| format!("trials fail {how}")));
    let lost = |side: &CellSide| side.failed_requests.unwrap_or(0.0);
    if lost(&cell.base) > 0.0 || lost(&cell.new) > 0.0 {
        notes.push(format!(
            "failed requests {} % → {} %{}",
            percent(lost(&cell.base)),
            percent(lost(&cell.new)),
            moved(&cell.failures.requests).map_or(String::new(), |how| format!(", {how}"))
        ));
    }
    notes
}

/// Direction in which a share of failures moved, where it is known.
fn moved(change: &Change) -> Option<String> {
    let (often, p, at_once) = match change.trend() {
        Trend::Newly | Trend::More => ("more often", change.more, change.at_once),
        Trend::Less | Trend::Fixed => ("less often", change.less, change.gone_at_once),
        Trend::Open => return None,
    };
    Some(match at_once {
        true => format!("{often}, in every trial of one side only"),
        false => format!("{often}, p = {}", three_digits(p.adjusted)),
    })
}

fn failed_trials(side: &str, trials: &CellSide) -> Option<String> {
    let all = trials.trials() + trials.skipped;
    if all == 0 {
        return Some(format!("{side} has no complete block"));
    }
    let bad = trials.failed + trials.invalid;
    let valueless = trials.lost.saturating_sub(bad);
    let what = match (bad, trials.skipped) {
        (0, 0) if valueless > 0 && trials.lost < all => {
            return Some(format!("{side}: {valueless} of {all} trials have no value"));
        }
        (0, 0) => return None,
        (bad, 0) => format!("{bad} of {all} trials failed or invalid"),
        (0, skipped) => format!("{skipped} of {all} trials skipped"),
        (bad, skipped) => format!("{bad} of {all} trials failed or invalid, {skipped} skipped"),
    };
    let reasons: Vec<String> =
        trials.reasons.iter().map(|(reason, n)| format!("{reason} ({n})")).collect();
    Some(format!("{side}: {what}: {}", reasons.join("; ")))
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
