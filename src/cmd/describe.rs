//! Output of `inflight plan`: everything that a run would do, without doing it.

use std::fmt::{Display, Write as _};
use std::time::Duration;

use super::cautions::cautions;
use crate::analyse::detectable_ratio;
use crate::delay::Model;
use crate::page::{Table, cells as row, terminal};
use crate::plan::{Cell, Drawn, Plan};
use crate::spec::Until;
use crate::strategy::Program;
use crate::units::{ReadableNs, counted, plural, rough, three_digits};

/// Trial noises that the table of detectable differences is shown for: a quiet machine, a shared
/// one, a noisy one.
const NOISES: [f64; 3] = [0.01, 0.02, 0.05];

/// Chance of seeing a difference that is there.
const POWER: f64 = 0.9;

/// One line: what will run, and how long it will take.
pub(super) fn summary(plan: &Plan) -> String {
    let experiment = &plan.experiment;
    let warmup = match experiment.blocks.warmup {
        0 => String::new(),
        n => format!(" + {n} warm-up"),
    };
    let builds = match plan.builds.len() {
        0 => String::new(),
        n => format!("{n} builds, "),
    };
    let (least, most) = (plan.least_trials(), plan.trials.as_slice());
    let duration = |trials| rough(Duration::from_nanos(plan.expected_of_ns(trials)));
    let blocks = range(&experiment.blocks.least(), &experiment.blocks.count);
    format!(
        "{}: {builds}{}, {blocks} {}{warmup}, {} {}, about {}",
        experiment.name,
        counted(plan.cells.len(), "cell"),
        plural("block", experiment.blocks.count as usize),
        range(&least.len(), &most.len()),
        plural("trial", most.len()),
        range(&duration(least), &duration(most)),
    )
}

/// `8 to 50`, or one of the two if they are the same.
fn range<T: Display + PartialEq>(least: &T, most: &T) -> String {
    if least == most { most.to_string() } else { format!("{least} to {most}") }
}

/// The stopping rule in words.
fn rule(until: &Until) -> String {
    format!(
        "\nfrom block {} on, it ends after the block in which every ratio over the baseline and every\n\
         A/A control is known to ±{} % (95 % intervals), at the latest after block {}\n",
        until.min,
        three_digits(until.half_width * 100.0),
        until.max
    )
}

/// The whole plan as text.
pub(super) fn describe(plan: &Plan) -> String {
    let experiment = &plan.experiment;
    let mut out = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(out, "{}\n{}\n\n{}", experiment.title, experiment.question, summary(plan));
    for (index, scenario) in plan.scenarios.iter().enumerate() {
        let point = &experiment.scenarios[index];
        if !scenario.name.is_empty() {
            let _ = writeln!(out, "\n{}", scenario.name);
        }
        let scaled = match point.time_scale {
            1.0 => String::new(),
            scale => format!(" × {scale}"),
        };
        let _ = writeln!(
            out,
            "\n{} {}, delay {}{scaled}; longest {}, sum {}",
            point.requests,
            plural("request", point.requests as usize),
            point.delay.describe(),
            ReadableNs(scenario.longest_delay_ns as f64),
            ReadableNs(scenario.sum_of_delays_ns as f64),
        );
        out += &drawn(plan, index).unwrap_or_default();
        let _ = writeln!(out, "{}", cells(plan, index));
    }
    out += &commands(plan);
    let _ = writeln!(out, "\n{}", order(plan));
    let blocks = &experiment.blocks;
    out += &blocks.until.as_ref().map(rule).unwrap_or_default();
    out += &detectable(blocks.least(), experiment.margin);
    if blocks.until.is_some() {
        out += &detectable(blocks.count, experiment.margin);
    }
    let cautions: Vec<String> =
        cautions(plan).into_iter().map(|caution| format!("warning: {caution}\n")).collect();
    if !cautions.is_empty() {
        out += &format!("\n{}", cautions.concat());
    }
    out
}

/// The drawn delays of a scenario beside what their model expects; nothing where all are one.
fn drawn(plan: &Plan, scenario: usize) -> Option<String> {
    let scenario = &plan.experiment.scenarios[scenario];
    if matches!(scenario.delay.model, Model::Fixed(_)) {
        return None;
    }
    let drawn = Drawn::of(scenario)?;
    let mut quantiles = Table::new(["delays"]).numbers(["p50", "p90", "p99", "longest"]);
    for (name, q) in [("drawn", drawn.drawn), ("expected", drawn.expected)] {
        let [p50, p90, p99, longest] =
            [q.p50_ns, q.p90_ns, q.p99_ns, q.longest_ns].map(|ns| ReadableNs(ns as f64));
        quantiles.row(row![name, p50, p90, p99, longest]);
    }
    let mut out = format!("{}\n", terminal::table(&quantiles));
    for part in &drawn.parts {
        let _ = writeln!(out, "  {part}");
    }
    Some(out)
}

fn cells(plan: &Plan, scenario: usize) -> String {
    let mut table = Table::new(["id", "cell", "model", "client"])
        .numbers(["ideal", "in flight"])
        .text(["note"]);
    for (index, cell) in plan.cells.iter().enumerate().filter(|(_, c)| c.scenario == scenario) {
        table.row(row![
            &cell.id,
            &cell.name,
            cell.strategy.model.name(),
            cell.strategy.library.name(),
            ReadableNs(cell.ideal.wall_ns as f64),
            cell.ideal.peak,
            note(plan, index, cell),
        ]);
    }
    terminal::table(&table)
}

/// The commands of programs, as they will be run but for their placeholders.
pub(super) fn commands(plan: &Plan) -> String {
    let line = |program: &Program| format!("program {}: {}\n", program.name, program.run.join(" "));
    plan.programs().into_iter().map(line).collect()
}

fn note(plan: &Plan, index: usize, cell: &Cell) -> String {
    let facts = plan.facts_of(cell);
    let notes = [(facts.baseline == index, "baseline"), (facts.control == index, "A/A control")];
    notes.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect::<Vec<_>>().join(", ")
}

fn order(plan: &Plan) -> String {
    let first = plan.trials.iter().find(|t| t.block > 0).map_or(0, |t| t.block);
    let name = |cell: &Cell| match plan.facts_of(cell).name.as_str() {
        "" => cell.name.clone(),
        scenario => format!("{} ({scenario})", cell.name),
    };
    let names: Vec<String> = plan
        .trials
        .iter()
        .filter(|t| t.block == first)
        .map(|t| name(&plan.cells[t.cell]))
        .collect();
    format!(
        "order of block {first} (every block has its own, from seed {}):\n  {}",
        plan.experiment.blocks.seed,
        names.join(" → ")
    )
}

fn detectable(blocks: u32, margin: f64) -> String {
    let mut out = format!(
        "\nwhat one comparison over {blocks} {} can tell, in 9 of 10 runs:\n",
        plural("block", blocks as usize)
    );
    for noise in NOISES {
        let seen = detectable_ratio(noise, blocks as usize, POWER);
        let text = match seen {
            Some(ratio) => {
                let percent = (ratio * (1.0 + margin) - 1.0) * 100.0;
                format!("differences from {percent:.1} % on (margin {:.1} %)", margin * 100.0)
            }
            None => "nothing: an interval needs at least 6 blocks".to_owned(),
        };
        let _ = writeln!(out, "  trials that vary by {:.0} %: {text}", noise * 100.0);
    }
    out
}
