//! What a person, or a program, sees of a run while it goes.

use std::collections::HashSet;
use std::io::Write;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::Summary;
use crate::plan::{Plan, PlannedTrial};
use crate::protocol::Tick;
use crate::record::{Status, TrialRow};
use crate::units::{ReadableNs, count, rough};

/// Told of everything that happens in a run.
pub trait Progress {
    /// These trials are about to run.
    fn begin(&mut self, plan: &Plan, left: &[&PlannedTrial]);
    /// A long trial has come this far.
    fn tick(&mut self, plan: &Plan, planned: &PlannedTrial, tick: Tick);
    /// A trial has its row.
    fn trial(&mut self, plan: &Plan, planned: &PlannedTrial, row: &TrialRow);
    /// A block is about to be repeated, for this many times.
    fn repeat(&mut self, plan: &Plan, block: &[&PlannedTrial], repeats: u32);
    /// Nothing more will happen.
    fn end(&mut self, summary: &Summary);
}

/// Says nothing.
pub struct Quiet;

impl Progress for Quiet {
    fn begin(&mut self, _plan: &Plan, _left: &[&PlannedTrial]) {}
    fn tick(&mut self, _plan: &Plan, _planned: &PlannedTrial, _tick: Tick) {}
    fn trial(&mut self, _plan: &Plan, _planned: &PlannedTrial, _row: &TrialRow) {}
    fn repeat(&mut self, _plan: &Plan, _block: &[&PlannedTrial], _repeats: u32) {}
    fn end(&mut self, _summary: &Summary) {}
}

/// The time that is left: the expected times of the trials to come, corrected by how the trials
/// so far compared with theirs.
struct Eta {
    started: Instant,
    expected_done_ns: u64,
    /// Of the trial that runs, as far as it is known.
    expected_half_done_ns: u64,
    expected_all_ns: u64,
    /// A stopping rule may leave some of it out.
    may_end_early: bool,
}

impl Eta {
    fn new(plan: &Plan, left: &[&PlannedTrial]) -> Eta {
        Eta {
            started: Instant::now(),
            expected_done_ns: 0,
            expected_half_done_ns: 0,
            expected_all_ns: plan.expected_of_ns(left.iter().copied()),
            may_end_early: plan.experiment.blocks.until.is_some(),
        }
    }

    fn half_done(&mut self, plan: &Plan, planned: &PlannedTrial, share: f64) {
        let expected = plan.expected_ns(&plan.cells[planned.cell]) as f64;
        self.expected_half_done_ns = (expected * share.min(1.0)) as u64;
    }

    fn done(&mut self, plan: &Plan, planned: &PlannedTrial) {
        self.expected_half_done_ns = 0;
        self.expected_done_ns += plan.expected_ns(&plan.cells[planned.cell]);
    }

    fn left(&self) -> Duration {
        let done = self.expected_done_ns + self.expected_half_done_ns;
        let rest = self.expected_all_ns.saturating_sub(done) as f64;
        let pace = match done {
            0 => 1.0,
            done => self.started.elapsed().as_nanos() as f64 / done as f64,
        };
        Duration::from_nanos((rest * pace) as u64)
    }
}

/// A bar on a terminal; one line for each block elsewhere. Both on standard error.
pub struct Shown {
    bar: Option<ProgressBar>,
    eta: Option<Eta>,
    left_in_block: usize,
    counts: Vec<(u32, usize)>,
    bad_in_block: usize,
    skipped_in_block: usize,
    /// Why trials were skipped, as far as it was said.
    said: HashSet<String>,
    course: Option<Course>,
}

/// The course of a long trial.
struct Course {
    trial: String,
    /// When it was last spoken of.
    spoken: Instant,
    /// When it was last heard of, and how many requests were answered then.
    before: (Instant, u64),
}

/// Without a terminal, a long trial is spoken of this often.
const SPOKEN_EVERY: Duration = Duration::from_secs(30);

impl Course {
    fn new(trial: String, answered: u64) -> Course {
        let now = Instant::now();
        Course { trial, spoken: now, before: (now, answered) }
    }

    /// Requests a second since it was heard of last; nothing the first time.
    fn rate(&mut self, answered: u64) -> Option<f64> {
        let now = Instant::now();
        let (then, before) = std::mem::replace(&mut self.before, (now, answered));
        let seconds = now.saturating_duration_since(then).as_secs_f64();
        (seconds > 0.1).then(|| answered.saturating_sub(before) as f64 / seconds)
    }
}

impl Shown {
    /// `terminal` tells whether standard error is one.
    pub fn new(terminal: bool) -> Shown {
        let bar = terminal.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
            let style = ProgressStyle::with_template("{bar:30} {pos}/{len} trials  {msg}");
            bar.set_style(style.expect("the template is well formed"));
            bar
        });
        Shown {
            bar,
            eta: None,
            left_in_block: 0,
            counts: Vec::new(),
            bad_in_block: 0,
            skipped_in_block: 0,
            said: HashSet::new(),
            course: None,
        }
    }

    fn say(&self, line: &str) {
        match &self.bar {
            Some(bar) => bar.println(line),
            // There is nobody to tell that standard error is gone.
            None => drop(writeln!(anstream::stderr(), "{line}")),
        }
    }
}

impl Progress for Shown {
    fn begin(&mut self, plan: &Plan, left: &[&PlannedTrial]) {
        self.eta = Some(Eta::new(plan, left));
        self.counts = left
            .chunk_by(|a, b| a.block == b.block)
            .map(|block| (block[0].block, block.len()))
            .collect();
        self.counts.reverse();
        if let Some(bar) = &self.bar {
            bar.set_length(left.len() as u64);
            bar.set_message(about(self.eta.as_ref()));
            bar.tick();
        }
    }

    fn tick(&mut self, plan: &Plan, planned: &PlannedTrial, tick: Tick) {
        let cell = &plan.cells[planned.cell];
        let requests = u64::from(plan.scenario_of(cell).requests);
        if let Some(eta) = &mut self.eta {
            eta.half_done(plan, planned, tick.answered as f64 / requests as f64);
        }
        let trial = &planned.trial;
        let course = match &mut self.course {
            Some(course) if course.trial == *trial => course,
            other => other.insert(Course::new(trial.clone(), tick.answered)),
        };
        let left = about(self.eta.as_ref());
        let rate = course
            .rate(tick.answered)
            .map_or_else(String::new, |rate| format!(", {} a second", count(rate.round() as u64)));
        let how_far = format!(
            "{} of {} requests{rate}, {} in flight",
            count(tick.answered),
            count(requests),
            count(tick.in_flight),
        );
        if let Some(bar) = &self.bar {
            bar.set_message(format!("{left}  {}: {how_far}", cell.name));
        } else if course.spoken.elapsed() >= SPOKEN_EVERY {
            course.spoken = Instant::now();
            let line = format!("{} {}: {how_far}, {left}", course.trial, cell.name);
            self.say(&line);
        }
    }

    fn trial(&mut self, plan: &Plan, planned: &PlannedTrial, row: &TrialRow) {
        self.course = None;
        if let Some(eta) = &mut self.eta {
            eta.done(plan, planned);
        }
        let name = match plan.build_of(planned) {
            Some(build) => format!("{} ({build})", plan.cells[planned.cell].name),
            None => plan.cells[planned.cell].name.clone(),
        };
        match row.status {
            Status::Ok => {}
            // What a machine cannot do, it cannot do in the next block either.
            Status::Skipped => {
                self.skipped_in_block += 1;
                if self.said.insert(row.reason.clone()) {
                    self.say(&format!("{} {name}: skipped: {}", row.trial, row.reason));
                }
            }
            Status::Failed | Status::Invalid | Status::Aborted => {
                self.say(&format!("{} {name}: {}: {}", row.trial, row.status, row.reason));
                self.bad_in_block += 1;
            }
        }
        if self.left_in_block == 0 {
            self.left_in_block = self.counts.pop().map_or(0, |(_, n)| n);
        }
        self.left_in_block = self.left_in_block.saturating_sub(1);
        let left = about(self.eta.as_ref());
        if let Some(bar) = &self.bar {
            let wall = row.wall_ns.map_or(String::new(), |ns| ReadableNs(ns as f64).to_string());
            bar.set_message(format!("{left}  {name} {wall}"));
            bar.inc(1);
        } else if self.left_in_block == 0 {
            let block = match planned.block {
                0 => "warm-up".to_owned(),
                n => {
                    let blocks = &plan.experiment.blocks;
                    let most = if blocks.until.is_some() { "at most " } else { "" };
                    format!("block {n} of {most}{}", blocks.count)
                }
            };
            let bad = match self.bad_in_block {
                0 => String::new(),
                n => format!(", {n} trials not ok"),
            };
            let skipped = match self.skipped_in_block {
                0 => String::new(),
                n => format!(", {n} skipped"),
            };
            self.say(&format!("{block} done{bad}{skipped}, {left}"));
            (self.bad_in_block, self.skipped_in_block) = (0, 0);
        }
    }

    fn repeat(&mut self, plan: &Plan, block: &[&PlannedTrial], repeats: u32) {
        let (number, most) = (block[0].block, plan.experiment.blocks.repeat_invalid);
        self.say(&format!(
            "block {number} is repeated ({repeats} of at most {most} times): the server was late"
        ));
        self.counts.push((number, block.len()));
        if let Some(eta) = &mut self.eta {
            eta.expected_all_ns += plan.expected_of_ns(block.iter().copied());
        }
        if let Some(bar) = &self.bar {
            bar.inc_length(block.len() as u64);
        }
    }

    fn end(&mut self, summary: &Summary) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
        if let Some(block) = summary.narrow_enough_after {
            self.say(&format!("block {block} is the last: every interval is narrow enough"));
        }
    }
}

fn about(eta: Option<&Eta>) -> String {
    let left = eta.map_or(Duration::ZERO, Eta::left);
    if left.is_zero() {
        return "done".to_owned();
    }
    let most = if eta.is_some_and(|eta| eta.may_end_early) { "at most " } else { "" };
    format!("{most}about {} left", rough(left))
}

/// One JSON document a line, on standard output.
pub struct Json<W: Write> {
    out: W,
}

impl<W: Write> Json<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Json<W> {
        Json { out }
    }

    /// Writes one document.
    pub fn event(&mut self, event: &serde_json::Value) {
        // A reader that has gone does not end the recording.
        let _ = writeln!(self.out, "{event}").and_then(|()| self.out.flush());
    }
}

impl<W: Write> Progress for Json<W> {
    fn begin(&mut self, plan: &Plan, left: &[&PlannedTrial]) {
        let least = plan.experiment.blocks.least();
        let in_any_case = || left.iter().copied().filter(|t| t.block <= least);
        self.event(&serde_json::json!({
            "event": "begin",
            "experiment": plan.experiment.name,
            "cells": plan.cells.len(),
            "trials": left.len(),
            "expected_ns": plan.expected_of_ns(left.iter().copied()),
            "trials_at_least": in_any_case().count(),
            "expected_at_least_ns": plan.expected_of_ns(in_any_case()),
        }));
    }

    fn tick(&mut self, plan: &Plan, planned: &PlannedTrial, tick: Tick) {
        self.event(&serde_json::json!({
            "event": "tick",
            "trial": planned.trial,
            "name": plan.cells[planned.cell].name,
            "answered": tick.answered,
            "in_flight": tick.in_flight,
            "requests": plan.scenario_of(&plan.cells[planned.cell]).requests,
        }));
    }

    fn trial(&mut self, plan: &Plan, planned: &PlannedTrial, row: &TrialRow) {
        self.event(&serde_json::json!({
            "event": "trial",
            "trial": row.trial,
            "block": row.block,
            "cell": row.cell,
            "name": plan.cells[planned.cell].name,
            "build": row.build,
            "status": row.status,
            "reason": row.reason,
            "wall_ns": row.wall_ns,
            "efficiency": row.efficiency(),
        }));
    }

    fn repeat(&mut self, _plan: &Plan, block: &[&PlannedTrial], repeats: u32) {
        let block = block[0].block;
        self.event(&serde_json::json!({ "event": "repeat", "block": block, "repeats": repeats }));
    }

    fn end(&mut self, summary: &Summary) {
        self.event(&serde_json::json!({
            "event": "end",
            "ok": summary.ok,
            "failed": summary.failed,
            "invalid": summary.invalid,
            "skipped": summary.skipped,
            "repeats": summary.repeats,
            "interrupted": summary.interrupted,
            "narrow_enough_after": summary.narrow_enough_after,
        }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Only;
    use crate::record::synthetic::{experiment, strategy};

    fn plan(blocks: u32) -> Plan {
        let strategies = vec![strategy("async", "async-workers", Some(10))];
        Plan::new(experiment(strategies, blocks), &Only::default()).expect("a plan")
    }

    #[test]
    fn a_long_trial_is_a_part_of_what_is_left() {
        let plan = plan(2);
        let left: Vec<&PlannedTrial> = plan.trials.iter().collect();
        let mut eta = Eta::new(&plan, &left);
        eta.started -= Duration::from_secs(60);
        eta.half_done(&plan, left[0], 0.5);
        let half = eta.left();
        eta.half_done(&plan, left[0], 7.0);
        let whole = eta.left();
        eta.done(&plan, left[0]);
        let done = eta.left();
        assert!(whole < half, "{whole:?} {half:?}");
        assert!(done.abs_diff(whole) < Duration::from_secs(1), "{done:?} {whole:?}");
    }

    #[test]
    fn ticks_are_events() {
        let plan = plan(1);
        let mut json = Json::new(Vec::new());
        json.tick(&plan, &plan.trials[0], Tick { answered: 3, in_flight: 2 });
        let event: serde_json::Value = serde_json::from_slice(&json.out).expect("a document");
        assert_eq!((&event["event"], &event["answered"]), (&"tick".into(), &3.into()));
    }
}
