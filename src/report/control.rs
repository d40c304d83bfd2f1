//! The A/A control: what the same cell measured twice differs by.

use crate::analyse::{Control, Levels};

use super::facts::Facts;
use super::markdown::{details, list, text};
use super::numbers::{change, intervals_of, level, percent, span};

/// The control in a sentence, or that of each scenario in a list.
pub(super) fn section(facts: &Facts) -> String {
    if let [one] = facts.analysis.controls.as_slice() {
        return format!("**A/A control.** {}", line(facts, one));
    }
    let lines: Vec<String> = facts
        .analysis
        .controls
        .iter()
        .zip(facts.scenarios())
        .map(|(control, (_, scenario))| {
            format!("{}: {}", text(&scenario.name), short(facts, control))
        })
        .collect();
    let margin = percent(facts.analysis.margin.relative());
    let ratios = facts.analysis.controls.iter().filter_map(|c| c.ratio.as_ref().ok());
    let achieved = Levels::of(intervals_of(ratios.map(|r| &r.ratio)))
        .map_or_else(String::new, |levels| format!(", {levels}"));
    let lines = match lines.len() {
        n if n > FOLDED_ABOVE => details(&format!("{n} scenarios"), &list(&lines)),
        _ => list(&lines),
    };
    format!(
        "**A/A control.** What the same cell measured twice differs by (95 % interval{achieved}), beside a \
         margin of {margin}, and smaller differences do not count:\n\n{lines}"
    )
}

/// More scenarios than this are folded.
const FOLDED_ABOVE: usize = 6;

/// `+0.1 % (−0.2 to +0.3 %), of async`
fn short(facts: &Facts, control: &Control) -> String {
    let cell = facts.code(control.cell);
    match &control.ratio {
        Ok(ratio) => {
            let ends = match &ratio.ratio.interval {
                Ok(i) => span(i.low, i.high, change),
                Err(reason) => format!("no interval: {reason}"),
            };
            let wide = if control.wide.is_some() {
                "; **more than the margin**, so no verdict says *equivalent* here"
            } else {
                ""
            };
            format!("{} ({ends}), of {cell}{wide}", change(ratio.ratio.value))
        }
        Err(reason) => format!("not known, of {cell}: {reason}"),
    }
}

fn line(facts: &Facts, control: &Control) -> String {
    let cell = facts.code(control.cell);
    let margin = facts.analysis.margin.relative();
    let ratio = match &control.ratio {
        Ok(ratio) => &ratio.ratio,
        Err(reason) => {
            return format!(
                "What the same cell ({cell}) measured twice differs by is not known: {reason}."
            );
        }
    };
    let differs =
        format!("The same cell ({cell}) measured twice differs by {}", change(ratio.value));
    let interval_text = match &ratio.interval {
        Ok(i) => {
            let ends = span(i.low, i.high, change);
            format!("{} interval {ends}, {}", percent(i.nominal), level(i))
        }
        Err(reason) => {
            return format!("{differs} (no interval: {reason}), so the noise is not known.");
        }
    };
    let reach = ratio.interval.as_ref().map_or(0.0, |i| i.reach() - 1.0);
    let consequence = if reach > margin {
        format!(
            "differences below {} cannot be told from noise, and no verdict says *equivalent*, because the margin \
             of {} is finer than that",
            percent(reach),
            percent(margin)
        )
    } else {
        format!(
            "that is within the margin of {}, and smaller differences do not count",
            percent(margin)
        )
    };
    format!("{differs} ({interval_text}); {consequence}.")
}
