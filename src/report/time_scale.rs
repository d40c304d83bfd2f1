//! Wall times under a `time_scale`, and what they stand for without one.

use crate::analyse::Estimate;
use crate::page::{Block, Table, Words, cells, message, strong, words};
use crate::plan::{Caution, MUCH_OVERHEAD, timed_out};

use super::facts::Facts;
use super::numbers::{UNKNOWN, capital, estimate, ns, percent};
use super::standing::Standing;

/// A cell under the scale of its scenario and without it.
pub(super) struct Scaled {
    /// Median wall time as it was measured.
    pub(super) wall: Estimate,
    /// Wall time of the schedule without overhead, as it was measured under.
    pub(super) ideal_ns: f64,
    /// Wall time at a scale of 1, or why it is not known.
    pub(super) unscaled: Result<Unscaled, Unknown>,
}

/// A wall time that nobody has measured.
pub(super) struct Unscaled {
    /// Wall time of the schedule without overhead.
    pub(super) ideal_ns: f64,
    /// The ideal at a scale of 1 and the measured overhead, which is that of the requests and not
    /// of the delays.
    pub(super) wall: Estimate,
}

/// Why no wall time at a scale of 1 is predicted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unknown {
    /// Other work was done.
    #[error("requests failed")]
    Failures,
    /// It may be a time of fewer answers.
    #[error("it is not known whether requests failed")]
    MaybeFailures,
    /// Arrivals decide the wall time.
    #[error("requests come at a rate, which is not scaled")]
    OpenArrival,
    /// Requests would fail there.
    #[error("its time-out, which is not scaled, would end other requests there")]
    Timeout,
    /// It does not fit into 64 bits of nanoseconds.
    #[error("it is longer than can be counted")]
    TooLong,
}

impl Scaled {
    /// `None` where there is no scale or no measurement.
    pub(super) fn of(facts: &Facts, cell: usize) -> Option<Scaled> {
        let planned = facts.cell(cell);
        let scenario = facts.plan().scenario_of(planned);
        let wall = facts.analysed(cell).wall.as_ref().ok()?.clone();
        if scenario.time_scale == 1.0 {
            return None;
        }
        let ideal_ns = planned.ideal.wall_ns as f64;
        let timeout = planned.strategy.timeout_ns;
        let failed = facts.analysed(cell).fitness.failed_requests;
        let unscaled = if !facts.is_ranked(cell) {
            Err(failed.map_or(Unknown::MaybeFailures, |_| Unknown::Failures))
        } else if facts.is_open(planned.scenario) {
            Err(Unknown::OpenArrival)
        } else if timeout.is_some_and(|timeout_ns| timed_out(scenario, timeout_ns).is_some()) {
            Err(Unknown::Timeout)
        } else {
            let there = facts.plan().unscaled_ideal_ns(planned).ok_or(Unknown::TooLong);
            there.map(|there| Unscaled::of(&wall, ideal_ns, there as f64))
        };
        Some(Scaled { wall, ideal_ns, unscaled })
    }

    /// Wall time beyond the ideal.
    fn overhead_ns(&self) -> f64 {
        (self.wall.value - self.ideal_ns).max(0.0)
    }

    /// Whether the overhead is much here, and would not be without the scale.
    fn has_swollen(&self) -> bool {
        let is_much = |ideal_ns: f64| self.overhead_ns() > MUCH_OVERHEAD * ideal_ns;
        let there = self.unscaled.as_ref().is_ok_and(|unscaled| !is_much(unscaled.ideal_ns));
        is_much(self.ideal_ns) && there
    }
}

impl Unscaled {
    /// A shift by a constant: the interval is as exact as that of the wall time.
    fn of(wall: &Estimate, ideal_here_ns: f64, ideal_there_ns: f64) -> Unscaled {
        let shift = ideal_there_ns - ideal_here_ns;
        let interval = wall.interval.clone().map(|mut interval| {
            (interval.low, interval.high) = (interval.low + shift, interval.high + shift);
            interval
        });
        let wall = Estimate { value: wall.value + shift, n: wall.n, interval };
        Unscaled { ideal_ns: ideal_there_ns, wall }
    }
}

/// Meaning of a scenario's wall times at a scale of 1, in sentences; in whole, also the changes
/// that the scale could make. None at a scale of 1.
pub(super) fn sentences(facts: &Facts, scenario: usize, whole: bool) -> Vec<Words> {
    let point = &facts.plan().experiment.scenarios[scenario];
    if point.time_scale == 1.0 {
        return Vec::new();
    }
    let scale = strong(format!("× {}", point.time_scale));
    let longest = facts.plan().scenarios[scenario].longest_delay_ns as f64;
    let delays = format!(
        "delays of up to {} stand for up to {}",
        ns(longest),
        ns(longest / point.time_scale)
    );
    let fastest = Standing::of(facts, scenario).fastest;
    let of_fastest = fastest.and_then(|cell| Some((cell, Scaled::of(facts, cell)?)));
    let Some((fastest, scaled)) = of_fastest else { return vec![words!(scale ": " delays ".")] };
    let first = match &scaled.unscaled {
        Ok(unscaled) => words!(
            scale ": " (ns(scaled.wall.value)) " stand for about " (ns(unscaled.wall.value))
            " (the ideal at × 1 plus the overhead measured here, which does not scale)."
        ),
        Err(why) => words!(scale ": " delays "; no wall time at × 1 is predicted: " why "."),
    };
    let mut sentences = vec![first];
    if !whole {
        return sentences;
    }
    let others: Vec<(usize, Scaled)> = (facts.cells_of(scenario).into_iter())
        .filter(|&cell| cell != fastest)
        .filter_map(|cell| Some((cell, Scaled::of(facts, cell)?)))
        .collect();
    if let Ok(unscaled) = &scaled.unscaled {
        let bound = unscaled.wall.value / (1.0 + facts.analysis.margin.relative());
        let before = |(cell, other): &(usize, Scaled)| {
            let wall = other.unscaled.as_ref().ok()?.wall.value;
            (wall < bound).then(|| words!((facts.code(*cell)) " (" (ns(wall)) ")"))
        };
        let before = Words::and(others.iter().filter_map(before));
        if !before.is_empty() {
            sentences.push(words!(
                "The order may turn: at × 1, " before " would come before " (facts.code(fastest))
                " (" (ns(unscaled.wall.value)) ")."
            ));
        }
    }
    let all = std::iter::once((fastest, scaled)).chain(others);
    let swollen: Vec<usize> = all.filter(|(_, s)| s.has_swollen()).map(|(cell, _)| cell).collect();
    if !swollen.is_empty() {
        sentences.push(words!(
            "The overhead of " (facts.codes(&swollen, 3)) " is more than " (percent(MUCH_OVERHEAD))
            " of the ideal here and less at × 1, so a ranking may not hold there."
        ));
    }
    let cautions = facts.plan().scale_cautions(scenario).into_iter();
    // What overhead was expected is of no interest beside what it was.
    let cautions = cautions.filter(|caution| !matches!(caution, Caution::Overhead { .. }));
    sentences.extend(cautions.map(|c| message(&capital(&format!("{c}.")))));
    sentences
}

/// Every cell of a scenario with the wall time that its own stands for; nothing at a scale of 1.
pub(super) fn table(facts: &Facts, scenario: usize) -> Vec<Block> {
    let scale = facts.plan().experiment.scenarios[scenario].time_scale;
    let cells: Vec<(usize, Scaled)> = (facts.cells_of(scenario).into_iter())
        .filter_map(|cell| Some((cell, Scaled::of(facts, cell)?)))
        .collect();
    let any_known = cells.iter().any(|(_, scaled)| scaled.unscaled.is_ok());
    if !any_known {
        return Vec::new();
    }
    let mut table =
        Table::new(["cell"]).numbers(["wall", "overhead", "ideal at × 1", "predicted wall at × 1"]);
    for (cell, scaled) in &cells {
        let (ideal, wall) = match &scaled.unscaled {
            Ok(unscaled) => (ns(unscaled.ideal_ns), estimate(&unscaled.wall, ns)),
            Err(why) => (UNKNOWN.to_owned(), format!("not predicted: {why}")),
        };
        let overhead = ns(scaled.overhead_ns());
        table.row(cells![facts.code(*cell), ns(scaled.wall.value), overhead, ideal, wall]);
    }
    let intro = format!(
        "Measured at × {scale}. Predicted at × 1 is the ideal with the delays as the experiment names \
         them, and the overhead (wall − ideal) that was measured here, since it does not scale:"
    );
    vec![intro.into(), table.into()]
}

#[cfg(test)]
mod tests {
    use crate::delay::{Delay, Fixed, Model};
    use crate::record::Recording;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::report::tests::page;
    use crate::spec::Experiment;

    const MS: u64 = 1_000_000;

    /// Two cells of 12 requests that are 10 s away, with the overhead of each in milliseconds.
    fn scaled(time_scale: f64, change: impl Fn(&mut Experiment), overhead: [u64; 2]) -> Recording {
        let strategies =
            vec![strategy("pairs", "threads", Some(6)), strategy("all", "async-all", None)];
        let mut experiment = experiment(strategies, 8);
        let scenario = &mut experiment.scenarios[0];
        scenario.delay = Delay { model: Model::Fixed(Fixed { ns: 10_000 * MS }), max_ns: None };
        (scenario.requests, scenario.time_scale) = (12, time_scale);
        change(&mut experiment);
        recording(experiment, |plan, trial, row| {
            let ideal = plan.cells[trial.cell].ideal.wall_ns;
            row.wall_ns = Some(ideal + overhead[trial.cell] * MS + u64::from(trial.block) * 1_000);
        })
    }

    fn answer(recording: &Recording) -> String {
        crate::report::answer(
            recording,
            &crate::analyse::Analysis::of(recording),
            Default::default(),
        )
    }

    /// Case `time-scale`.
    #[test]
    fn an_answer_under_a_scale_says_what_it_stands_for() {
        let recording = scaled(0.01, |_| {}, [5, 5]);
        let words = "× 0.01: 105 ms stand for about 10.0 s (the ideal at × 1 plus the overhead measured here, \
                     which does not scale).";
        assert!(answer(&recording).contains(words), "{}", answer(&recording));
        let page = page(&recording);
        assert!(page.contains("**× 0.01**: 105 ms stand for about 10.0 s"), "{page}");
        let row = page.lines().find(|line| line.contains("20.0 s")).expect("a row");
        assert!(row.contains("`pairs") && row.contains("5.00 ms"), "{row}");
        assert!(page.contains("predicted wall at × 1"));
    }

    #[test]
    fn nothing_is_said_of_no_scale() {
        let recording = scaled(1.0, |e| e.strategies[0].timeout_ns = Some(MS), [5, 5]);
        assert!(!answer(&recording).contains("× 1"), "{}", answer(&recording));
        assert!(!page(&recording).contains("at × 1"));
    }

    #[test]
    fn an_order_that_the_scale_turns_is_told() {
        // 200 + 10 ms against 100 + 150 ms here, 20.01 s against 10.15 s there.
        let said = answer(&scaled(0.01, |_| {}, [10, 150]));
        let turned =
            "The order may turn: at × 1, `all` (10.2 s) would come before `pairs` (20.0 s).";
        assert!(said.contains(turned), "{said}");
        let swollen = "The overhead of `all` is more than 10 % of the ideal here and less at × 1";
        assert!(said.contains(swollen), "{said}");
    }

    #[test]
    fn nothing_is_predicted_for_requests_that_failed_or_would() {
        let timeout = |e: &mut Experiment| {
            e.strategies.iter_mut().for_each(|s| s.timeout_ns = Some(1_000 * MS));
        };
        let said = answer(&scaled(0.01, timeout, [5, 5]));
        assert!(said.contains("no wall time at × 1 is predicted: its time-out"), "{said}");
        assert!(said.contains("of 0 of 12 requests at × 0.01, and of 12 at × 1"), "{said}");
        let mut failed = scaled(0.01, |_| {}, [5, 5]);
        for row in failed.trials.iter_mut().chain(&mut failed.all_trials) {
            (row.errors, row.ok) = (Some(1), Some(11));
        }
        let said = answer(&failed);
        assert!(said.contains("× 0.01: delays of up to 100 ms stand for up to 10.0 s."), "{said}");
        assert!(!said.contains("10.0 s,") && !page(&failed).contains("predicted wall at × 1"));
    }
}
