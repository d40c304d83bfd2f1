//! The ratios as a forest plot.

use crate::chart::aa::{Ratios, Row, Tone};
use crate::chart::{Frame, Group};
use crate::spec::Metric;
use crate::units::counted;

use super::{CellDiff, Diff, Outcome, Pairing, words};

/// Every ratio of a comparison with its interval, by metric and scenario.
pub fn chart(diff: &Diff) -> Ratios {
    let margin = diff.margins.iter().map(|(_, m)| m.relative()).fold(0.0, f64::max);
    let [base, new] = words::labels(diff);
    let paired = match diff.pairing {
        Pairing::Blocks => "paired by block",
        Pairing::None => "not paired",
    };
    let metrics: Vec<&str> = diff.metrics().map(Metric::name).collect();
    let quantity = if diff.relative { "ratio of ratios to the baseline, " } else { "" };
    let quantity = format!("{}: {quantity}", metrics.join(", "));
    let recordings = match diff.by {
        Some(_) => diff.base.recording.clone(),
        None => format!("{base}: {}; {new}: {}", diff.base.recording, diff.new.recording),
    };
    // Less of one metric may be better, and of another worse.
    let [less, more] = match metrics.as_slice() {
        ["wall" | "p50" | "p99"] => ["faster", "slower"],
        _ => ["less", "more"],
    };
    Ratios {
        frame: Frame {
            id: "diff".to_owned(),
            title: title(diff),
            subtitle: format!("{quantity}{new} ÷ {base}, {paired}"),
            footer: format!(
                "Hodges–Lehmann estimates, 95 % intervals, verdicts after Holm's adjustment. \
                 {recordings}."
            ),
            description: format!(
                "Ratios of {}, {new} to {base}.",
                counted(diff.shown().count(), "cell")
            ),
        },
        margin: (1.0 / (1.0 + margin), 1.0 + margin),
        // One band stands for one control only.
        control: match diff.controls.as_slice() {
            // The one that a verdict had to get past.
            [one] => [one.base, one.new]
                .into_iter()
                .flatten()
                .max_by(|a, b| a.reach().total_cmp(&b.reach()))
                .map(|i| (i.low, i.high)),
            _ => None,
        },
        less: format!("{new} is {less}"),
        more: format!("{new} is {more}"),
        groups: groups(diff),
    }
}

/// Title: the number of rows by verdict.
fn title(diff: &Diff) -> String {
    let shown = |outcome: Outcome| diff.shown().filter(|c| c.outcome == outcome).count();
    let counts: Vec<String> = Outcome::ALL
        .into_iter()
        .filter(|&outcome| shown(outcome) > 0)
        .map(|outcome| {
            let metric = diff.metrics().next().filter(|_| diff.margins.len() == 1);
            let word = metric.map_or(outcome.name(), |metric| words::word(outcome, metric));
            format!("{} {word}", shown(outcome))
        })
        .collect();
    let [base, new] = words::labels(diff);
    format!("{new} against {base}: {}", counts.join(", "))
}

fn groups(diff: &Diff) -> Vec<Group<Row>> {
    let several = diff.margins.len() > 1;
    let heading = |metric: Metric, scenario: &str| match (several, scenario) {
        (false, scenario) => scenario.to_owned(),
        (true, "") => metric.name().to_owned(),
        (true, scenario) => format!("{}, {scenario}", metric.name()),
    };
    let mut groups: Vec<Group<Row>> = Vec::new();
    for cell in diff.shown() {
        let heading = heading(cell.metric, &cell.scenario);
        match groups.iter_mut().find(|g| g.heading == heading) {
            Some(group) => group.rows.push(row(cell)),
            None => groups.push(Group { heading, rows: vec![row(cell)] }),
        }
    }
    groups
}

fn row(cell: &CellDiff) -> Row {
    let ratio = cell.ratio.as_ref().ok().map(|r| &r.ratio);
    Row {
        label: cell.name.clone(),
        ratio: ratio.map(|r| r.value),
        interval: ratio.and_then(|r| r.interval.as_ref().ok()).map(|i| (i.low, i.high)),
        bound: None,
        tone: match cell.outcome {
            Outcome::Slower | Outcome::NewlyFailing | Outcome::FailingMoreOften => Tone::Bad,
            Outcome::Faster | Outcome::Fixed | Outcome::FailingLessOften => Tone::Good,
            Outcome::Equivalent => Tone::Same,
            Outcome::Inconclusive
            | Outcome::NotJudged
            | Outcome::NotMeasured
            | Outcome::NotComparable => Tone::Open,
        },
        verdict: words::word(cell.outcome, cell.metric).to_owned(),
    }
}
