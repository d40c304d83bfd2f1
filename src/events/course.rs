//! The course of a run, for a person: what is worth a line, how far it is, and how much is left.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use super::Event;
use crate::plan::{Plan, PlannedTrial};
use crate::protocol::Tick;
use crate::record::Status;
use crate::units::{count, rough};

/// The course of a run so far.
#[derive(Default)]
pub(super) struct Course {
    eta: Option<Eta>,
    /// Why trials were skipped, as far as it was said.
    said: HashSet<String>,
    /// When the trial that runs was last heard of, and how many requests were answered then.
    heard: Option<(Instant, u64)>,
}

impl Course {
    /// Takes note of an event. Returns the line that it is worth, if it is.
    pub(super) fn note(&mut self, plan: &Plan, event: Event) -> Option<String> {
        match (event, &mut self.eta) {
            (Event::Planned(left), eta) => *eta = Some(Eta::new(plan, left)),
            (Event::TrialBegun(_), _) => self.heard = None,
            (Event::Tick(planned, tick), Some(eta)) => {
                eta.half_done(plan, planned, tick.answered as f64 / requests(plan, planned) as f64);
            }
            (Event::TrialEnded(planned, _), Some(eta)) => eta.done(plan, planned),
            (Event::Repeated(block, _), Some(eta)) => {
                eta.expected_all_ns += plan.expected_of_ns(block.iter().copied());
            }
            _ => {}
        }
        match event {
            Event::Warning(text) => Some(format!("warning: {text}")),
            Event::TrialEnded(planned, row) => {
                let is_news = match row.status {
                    Status::Ok => false,
                    // What a machine cannot do, it cannot do in the next block either.
                    Status::Skipped => self.said.insert(row.reason.clone()),
                    Status::Failed | Status::Invalid | Status::Aborted => true,
                };
                let name = name(plan, planned);
                is_news.then(|| format!("{} {name}: {}: {}", row.trial, row.status, row.reason))
            }
            Event::Repeated(block, repeats) => Some(format!(
                "block {} is repeated ({repeats} of at most {} times): the server was late",
                block[0].block, plan.experiment.blocks.repeat_invalid
            )),
            Event::Ended(summary) => summary
                .narrow_enough_after
                .map(|block| format!("block {block} is the last: every interval is narrow enough")),
            _ => None,
        }
    }

    /// Progress of a trial, and its rate since the last tick.
    pub(super) fn progress(&mut self, plan: &Plan, planned: &PlannedTrial, tick: Tick) -> String {
        let now = Instant::now();
        let rate = self.heard.replace((now, tick.answered)).and_then(|(then, before)| {
            let seconds = now.saturating_duration_since(then).as_secs_f64();
            (seconds > 0.1).then(|| tick.answered.saturating_sub(before) as f64 / seconds)
        });
        let rate = rate
            .map_or_else(String::new, |rate| format!(", {} a second", count(rate.round() as u64)));
        format!(
            "{} of {} requests{rate}, {} in flight",
            count(tick.answered),
            count(requests(plan, planned)),
            count(tick.in_flight),
        )
    }

    /// The time that is left, as a person says it.
    pub(super) fn left(&self) -> String {
        let left = self.eta.as_ref().map_or(Duration::ZERO, Eta::left);
        if left.is_zero() {
            return "done".to_owned();
        }
        let most =
            if self.eta.as_ref().is_some_and(|eta| eta.may_end_early) { "at most " } else { "" };
        format!("{most}about {} left", rough(left))
    }
}

/// The name of a trial's cell, and of its build if there are several.
pub(super) fn name(plan: &Plan, planned: &PlannedTrial) -> String {
    let cell = &plan.cells[planned.cell].name;
    match plan.build_of(planned) {
        Some(build) => format!("{cell} ({build})"),
        None => cell.clone(),
    }
}

fn requests(plan: &Plan, planned: &PlannedTrial) -> u64 {
    plan.scenario_of(&plan.cells[planned.cell]).requests.into()
}

/// The time that is left: the expected times of the trials to come, corrected by how the trials
/// so far compared with theirs.
struct Eta {
    started: Instant,
    expected_done_ns: u64,
    /// Expected time of the part that is done of the trial that runs, as far as it is known.
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Only;
    use crate::record::synthetic::{experiment, strategy};

    #[test]
    fn a_long_trial_is_a_part_of_what_is_left() {
        let strategies = vec![strategy("async", "async-workers", Some(10))];
        let plan = Plan::new(experiment(strategies, 2), &Only::default()).expect("a plan");
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
}
