//! The A/A control: what the same cell measured twice differs by.

use crate::analyse::{Control, Levels};
use crate::page::{Block, Words, blocks, details, strong, term, words};
use crate::record::RecordError;

use super::facts::Facts;
use super::numbers::{change, intervals_of, level, percent, span};

/// The control in a sentence, or that of each scenario in a list.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let name = strong("A/A control.");
    if let [one] = facts.analysis.controls.as_slice() {
        return Ok(blocks![words!(name " " (line(facts, one)))]);
    }
    let controls = facts.analysis.controls.iter().zip(facts.scenarios());
    let lines: Vec<Words> = controls
        .map(|(control, (_, scenario))| words!((&scenario.name) ": " (short(facts, control))))
        .collect();
    let margin = percent(facts.analysis.margin.relative());
    let ratios = facts.analysis.controls.iter().filter_map(|c| c.ratio.as_ref().ok());
    let achieved = Levels::of(intervals_of(ratios.map(|r| &r.ratio)))
        .map_or_else(String::new, |levels| format!(", {levels}"));
    let intro = words!(
        name " What the same cell measured twice differs by (95 % interval" achieved "), beside a \
         margin of " margin ", and smaller differences do not count:"
    );
    let lines = match lines.len() {
        n if n > FOLDED_ABOVE => details(format!("{n} scenarios"), vec![Block::List(lines)]),
        _ => Block::List(lines),
    };
    Ok(blocks![intro, lines])
}

/// More scenarios than this are folded.
const FOLDED_ABOVE: usize = 6;

/// `+0.1 % (−0.2 to +0.3 %), of async`
fn short(facts: &Facts, control: &Control) -> Words {
    let cell = facts.code(control.cell);
    match &control.ratio {
        Ok(ratio) => {
            let ends = match &ratio.ratio.interval {
                Ok(i) => span(i.low, i.high, change),
                Err(reason) => format!("no interval: {reason}"),
            };
            let wide = control.wide.as_ref().map(|_| {
                words!(
                    "; " (strong("more than the margin")) ", so no verdict says "
                    (term("equivalent")) " here"
                )
            });
            let value = change(ratio.ratio.value);
            words!(value " (" ends "), of " cell (wide.unwrap_or_default()))
        }
        Err(reason) => words!("not known, of " cell ": " reason),
    }
}

fn line(facts: &Facts, control: &Control) -> Words {
    let cell = facts.code(control.cell);
    let margin = facts.analysis.margin.relative();
    let ratio = match &control.ratio {
        Ok(ratio) => &ratio.ratio,
        Err(reason) => {
            return words!(
                "What the same cell (" cell ") measured twice differs by is not known: " reason "."
            );
        }
    };
    let value = change(ratio.value);
    let differs = words!("The same cell (" cell ") measured twice differs by " value);
    let interval = match &ratio.interval {
        Ok(i) => i,
        Err(reason) => {
            return words!(differs " (no interval: " reason "), so the noise is not known.");
        }
    };
    let ends = span(interval.low, interval.high, change);
    let shown = format!("{} interval {ends}, {}", percent(interval.nominal), level(interval));
    let (reach, within) = (interval.reach() - 1.0, percent(margin));
    let consequence = if reach > margin {
        words!(
            "differences below " (percent(reach)) " cannot be told from noise, and no verdict says "
            (term("equivalent")) ", because the margin of " within " is finer than that"
        )
    } else {
        words!("that is within the margin of " within ", and smaller differences do not count")
    };
    words!(differs " (" shown "); " consequence ".")
}
