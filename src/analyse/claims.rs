//! The claims of an experiment, judged from its recording.

use crate::record::{Recording, Status, TrialRow};
use crate::spec::{Claim, Metric, Over, Selector};

use super::{
    Bounds, Estimate, Finding, Fitness, Interval, Margin, NoEstimate, Sample, Side, Undecided,
    Unfit, judge_claim, median,
};

/// A claim, judged for every cell that it selects.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimAnalysis {
    /// Index of the claim in the experiment.
    pub claim: usize,
    /// The word for all of its cells.
    pub finding: ClaimFinding,
    /// Each cell with its ratio and finding.
    pub cells: Vec<ClaimCell>,
}

/// The word for a whole claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimFinding {
    /// It holds for every cell that it selects.
    Held,
    /// It is refuted for at least one.
    Refuted,
    /// A cell that it selects is not fit to be judged, and it is refuted for none.
    NotJudged,
    /// None of these.
    Undecided,
    /// No recorded cell is selected (a part of the matrix was run).
    NotMeasured,
}

impl ClaimFinding {
    /// The word of the report.
    pub fn name(self) -> &'static str {
        match self {
            ClaimFinding::Held => "held",
            ClaimFinding::Refuted => "refuted",
            ClaimFinding::NotJudged => "not judged",
            ClaimFinding::Undecided => "undecided",
            ClaimFinding::NotMeasured => "not measured",
        }
    }
}

/// A claim for one cell.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimCell {
    /// Index of the cell in the plan.
    pub cell: usize,
    /// The claimed ratio.
    pub ratio: Result<Estimate, NoEstimate>,
    /// The finding of the record.
    pub finding: Finding,
}

/// Judges every claim, in the order of the experiment.
pub(super) fn of(recording: &Recording) -> Vec<ClaimAnalysis> {
    (0..recording.plan.experiment.claims.len()).map(|c| claim_analysis(recording, c)).collect()
}

fn claim_analysis(recording: &Recording, index: usize) -> ClaimAnalysis {
    let plan = &recording.plan;
    let claim = &plan.experiment.claims[index];
    let bounds = bounds(claim);
    let cells: Vec<ClaimCell> = plan
        .select(&claim.of)
        .map(|cell| {
            let ratio = claimed_ratio(recording, claim, cell);
            let finding = match fit(recording, claim, cell) {
                Ok(()) => judge_claim(ratio.as_ref(), bounds),
                Err(unfit) => Finding::NotJudged(unfit),
            };
            let finding = match finding {
                // The range of a count reaches across the bound: some trial is beyond it.
                Finding::Undecided(Undecided::Straddles) if is_claim_of_count(claim) => {
                    Finding::Refuted
                }
                Finding::Held if is_claim_of_count(claim) => whole(recording, claim, cell)
                    .map_or_else(Finding::NotJudged, |()| Finding::Held),
                finding => finding,
            };
            ClaimCell { cell, ratio, finding }
        })
        .collect();
    let any = |is: fn(&Finding) -> bool| cells.iter().any(|c| is(&c.finding));
    let finding = if cells.is_empty() {
        ClaimFinding::NotMeasured
    } else if any(|finding| *finding == Finding::Refuted) {
        ClaimFinding::Refuted
    } else if any(|finding| matches!(finding, Finding::NotJudged(_))) {
        ClaimFinding::NotJudged
    } else if any(|finding| *finding != Finding::Held) {
        ClaimFinding::Undecided
    } else {
        ClaimFinding::Held
    };
    ClaimAnalysis { claim: index, finding, cells }
}

/// Checks that the cell, and those that it is divided by, are fit to be judged by the claimed
/// metric.
fn fit(recording: &Recording, claim: &Claim, cell: usize) -> Result<(), Unfit> {
    let plan = &recording.plan;
    let margin = Margin::new(plan.experiment.margin).unwrap_or_default();
    let over = match &claim.over {
        Over::Cell(selector) => Some(selector),
        _ => None,
    };
    let others = over.into_iter().chain(claim.than.iter().flat_map(|t| [&t.of, &t.over]));
    let others = others.filter_map(|selector| plan.denominator(selector, cell));
    std::iter::once(cell).chain(others).try_for_each(|cell| {
        let id = plan.cells[cell].id.to_string();
        let rows: Vec<&TrialRow> = recording.of_cell(&id).collect();
        // A wrong answer makes a trial invalid, and counts for a claim about every trial.
        match is_claim_of_count(claim) && rows.iter().any(|row| counts(row)) {
            true => Ok(()),
            false => {
                let fitness = Fitness::of(&rows);
                claim.metrics().into_iter().try_for_each(|metric| fitness.check(metric, margin))
            }
        }
    })
}

/// Checks that every trial tells the claimed count: one that does not may be beyond the bound.
fn whole(recording: &Recording, claim: &Claim, cell: usize) -> Result<(), Unfit> {
    let id = recording.plan.cells[cell].id.to_string();
    let of = recording.of_cell(&id).count();
    let tells = |row: &&TrialRow| counts(row) && claim.metric.of(row).is_some();
    match of - recording.of_cell(&id).filter(tells).count() {
        0 => Ok(()),
        lost => Err(Unfit::TrialsLost { lost, of }),
    }
}

/// Whether a trial belongs to a claim about every trial. One that is invalid does: a wrong answer makes
/// it so.
fn counts(row: &TrialRow) -> bool {
    matches!(row.status, Status::Ok | Status::Invalid)
}

/// Whether the claim is about every trial and not about a median.
fn is_claim_of_count(claim: &Claim) -> bool {
    matches!(claim.over, Over::One | Over::Requests) && claim.metric.is_count()
}

fn bounds(claim: &Claim) -> Bounds {
    match (claim.at_least, claim.at_most) {
        (Some(low), Some(high)) => Bounds::Between { low, high },
        (Some(low), None) => Bounds::AtLeast(low),
        (None, Some(high)) => Bounds::AtMost(high),
        // The parser lets no claim pass without a bound.
        (None, None) => Bounds::AtLeast(f64::NEG_INFINITY),
    }
}

fn claimed_ratio(
    recording: &Recording,
    claim: &Claim,
    cell: usize,
) -> Result<Estimate, NoEstimate> {
    let plan = &recording.plan;
    match &claim.over {
        over @ (Over::Ideal | Over::LongestDelay | Over::SumOfDelays | Over::RoundTrip) => {
            let estimate = claim.metric.median_of_cell(recording, cell)?;
            divided(estimate, planned_number(recording, cell, over).unwrap_or(0.0))
        }
        over @ Over::Requests => {
            let range = every_trial(recording, cell, claim.metric)?;
            divided(range, planned_number(recording, cell, over).unwrap_or(0.0))
        }
        over @ (Over::Metric(_) | Over::Largest(_)) => within_trials(recording, claim, cell, over),
        Over::One if is_claim_of_count(claim) => every_trial(recording, cell, claim.metric),
        Over::One => claim.metric.median_of_cell(recording, cell),
        Over::Cell(selector) => {
            let picked = |selector: &Selector| {
                let cell = plan.denominator(selector, cell);
                cell.ok_or(inflight_stats::NoEstimate::Empty(Side::Base))
            };
            let (base, metric) = (picked(selector)?, claim.metric);
            let ratio = match &claim.than {
                None => metric.ratio_of_cells(recording, base, cell),
                Some(than) => {
                    let other = (picked(&than.over)?, picked(&than.of)?);
                    metric.ratio_of_ratios(recording, other, (base, cell))
                }
            };
            ratio.map(|r| r.ratio)
        }
    }
}

/// A denominator that is planned, and so the same in every trial of a cell.
fn planned_number(recording: &Recording, cell: usize, over: &Over) -> Option<f64> {
    let plan = &recording.plan;
    let planned = &plan.cells[cell];
    let facts = plan.facts_of(planned);
    let number = match over {
        Over::Ideal => planned.ideal.wall_ns,
        Over::LongestDelay => facts.longest_delay_ns,
        Over::SumOfDelays => facts.sum_of_delays_ns,
        // The parser lets no claim pass whose cells have none.
        Over::RoundTrip => plan.scenario_of(planned).rtt_ns?,
        Over::Requests => u64::from(plan.scenario_of(planned).requests),
        Over::One | Over::Metric(_) | Over::Largest(_) | Over::Cell(_) => return None,
    };
    Some(number as f64)
}

/// The ratio of two numbers of the same trial, for each trial; then the median of these. A trial in
/// which one of them is not known has no ratio: the largest of those that are known could be smaller.
fn within_trials(
    recording: &Recording,
    claim: &Claim,
    cell: usize,
    over: &Over,
) -> Result<Estimate, NoEstimate> {
    let id = recording.plan.cells[cell].id.to_string();
    for metric in claim.metrics() {
        metric.check_measured(recording.of_cell(&id))?;
    }
    let one = |over: &Over, row: &TrialRow| match over {
        Over::Metric(metric) => metric.of(row),
        planned => planned_number(recording, cell, planned),
    };
    let denominator = |row: &TrialRow| match over {
        Over::Largest(some) => {
            let all: Option<Vec<f64>> = some.iter().map(|over| one(over, row)).collect();
            all?.into_iter().max_by(f64::total_cmp)
        }
        other => one(other, row),
    };
    let mut ratios = Sample::default();
    for row in recording.of_cell(&id) {
        match claim.metric.of(row).zip(denominator(row)).filter(|_| row.is_ok()) {
            Some((_, over)) if over <= 0.0 => {
                let position = ratios.values.len() + 1;
                return Err(
                    inflight_stats::NoEstimate::NotPositive { side: Side::Base, position }.into()
                );
            }
            Some((value, over)) => ratios.values.push(value / over),
            None => ratios.lost += 1,
        }
    }
    Ok(ratios.median(claim.metric.direction())?)
}

/// A count must be right in every trial: its range, which is no estimate of anything.
fn every_trial(recording: &Recording, cell: usize, metric: Metric) -> Result<Estimate, NoEstimate> {
    let id = recording.plan.cells[cell].id.to_string();
    let values: Vec<f64> =
        recording.of_cell(&id).filter(|t| counts(t)).filter_map(|t| metric.of(t)).collect();
    if values.is_empty() {
        metric.check_measured(recording.of_cell(&id))?;
    }
    let middle = median(&values)?;
    let range = |pick: fn(f64, f64) -> f64| values.iter().copied().fold(middle.value, pick);
    let (low, high) = (range(f64::min), range(f64::max));
    Ok(Estimate {
        interval: Ok(Interval { low, high, nominal: 1.0, achieved: 1.0, exact: true }),
        ..middle
    })
}

fn divided(estimate: Estimate, denominator: f64) -> Result<Estimate, NoEstimate> {
    if denominator <= 0.0 {
        return Err(
            inflight_stats::NoEstimate::NotPositive { side: Side::Base, position: 1 }.into()
        );
    }
    Ok(Estimate {
        value: estimate.value / denominator,
        n: estimate.n,
        interval: estimate.interval.map(|i| i.map(|end| end / denominator)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::Analysis;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::spec::{Factor, Than};

    fn three() -> crate::spec::Experiment {
        let strategies = vec![
            strategy("sync", "sequential", None),
            strategy("threads", "threads", Some(10)),
            strategy("async", "async-all", None),
        ];
        experiment(strategies, 12)
    }

    fn of(label: &str) -> Selector {
        Selector { terms: vec![(Factor::Label, vec![label.to_owned()])] }
    }

    #[test]
    fn a_claim_about_a_count_must_hold_in_every_trial() {
        let mut experiment = three();
        experiment.claims = vec![Claim {
            text: "No request fails".to_owned(),
            metric: Metric::Errors,
            of: of("threads"),
            over: Over::One,
            than: None,
            at_least: None,
            at_most: Some(0.0),
        }];
        let finding = |block: u32, status: Status| {
            let recording = recording(experiment.clone(), |_, planned, row| {
                if planned.block == block && row.label == "threads" {
                    row.errors = Some(1);
                    row.set_status(status, "");
                }
            });
            Analysis::of(&recording).claims[0].finding
        };
        assert_eq!(finding(99, Status::Ok), ClaimFinding::Held);
        // A single failure refutes it, even in a trial that wrong answers made invalid.
        assert_eq!(finding(3, Status::Ok), ClaimFinding::Refuted);
        assert_eq!(finding(3, Status::Invalid), ClaimFinding::Refuted);
    }

    /// Threads gain `threads` over sync, async gains `asynchronous`; noise hits all trials of a block.
    fn gains(threads: f64, asynchronous: f64, at_most: f64, lost: u32) -> ClaimFinding {
        let mut experiment = three();
        experiment.claims = vec![Claim {
            text: "Threads gain more than async".to_owned(),
            metric: Metric::Wall,
            of: of("threads"),
            over: Over::Cell(of("sync")),
            than: Some(Than { of: of("async"), over: of("sync") }),
            at_least: None,
            at_most: Some(at_most),
        }];
        let recording = recording(experiment, |_, planned, row| {
            let noise = 1.0 + f64::from(planned.block * 7 % 5) / 10.0;
            let gain = match row.label.as_str() {
                "threads" => threads,
                "async" => asynchronous,
                _ => 1.0,
            };
            row.wall_ns = Some((noise * gain * 1e9) as u64);
            if row.label == "async" && planned.block <= lost && planned.block > 0 {
                row.set_status(Status::Failed, "gone");
            }
        });
        Analysis::of(&recording).claims[0].finding
    }

    #[test]
    fn one_gain_is_held_against_another() {
        assert_eq!(gains(0.5, 0.8, 0.7, 0), ClaimFinding::Held);
        assert_eq!(gains(0.8, 0.8, 0.9, 0), ClaimFinding::Refuted);
        assert_eq!(gains(0.5, 0.8, 0.6, 0), ClaimFinding::Refuted);
        // All four trials must be there: what is left of them proves nothing.
        assert_eq!(gains(0.5, 0.8, 0.7, 12), ClaimFinding::NotJudged);
        assert_eq!(gains(0.5, 0.8, 0.7, 6), ClaimFinding::NotJudged);
    }

    /// 60 of 100 requests need a connection, in every trial but what `change` makes of it.
    fn of_connections(
        over: Over,
        least: f64,
        most: f64,
        change: fn(&mut TrialRow),
    ) -> ClaimFinding {
        let mut experiment = three();
        experiment.claims = vec![Claim {
            text: "Sixty connections".to_owned(),
            metric: Metric::Connections,
            of: of("threads"),
            over,
            than: None,
            at_least: Some(least),
            at_most: Some(most),
        }];
        let recording = recording(experiment, |_, planned, row| {
            row.server_connections = Some(60);
            if planned.block == 3 {
                change(row);
            }
        });
        Analysis::of(&recording).claims[0].finding
    }

    #[test]
    fn a_count_can_be_claimed_exactly() {
        let more = |row: &mut TrialRow| row.server_connections = Some(61);
        let exactly = |least, most| of_connections(Over::One, least, most, |_| ());
        assert_eq!(exactly(60.0, 60.0), ClaimFinding::Held);
        assert_eq!(exactly(59.0, 59.0), ClaimFinding::Refuted);
        assert_eq!(exactly(61.0, 61.0), ClaimFinding::Refuted);
        assert_eq!(of_connections(Over::One, 60.0, 60.0, more), ClaimFinding::Refuted);
        let of_requests = |of: f64| of_connections(Over::Requests, of, of, |_| ());
        assert_eq!(of_requests(0.6), ClaimFinding::Held);
        assert_eq!(of_requests(0.61), ClaimFinding::Refuted);
        assert_eq!(of_connections(Over::Requests, 0.6, 0.6, more), ClaimFinding::Refuted);
    }

    fn claim(metric: Metric, over: Over, at_most: f64) -> Claim {
        Claim {
            text: "a claim".to_owned(),
            metric,
            of: of("threads"),
            over,
            than: None,
            at_least: None,
            at_most: Some(at_most),
        }
    }

    #[test]
    fn work_that_was_not_done_is_not_judged_and_failures_are() {
        let mut experiment = three();
        experiment.claims = vec![
            claim(Metric::Wall, Over::One, 1e12),
            claim(Metric::P99, Over::One, 1e12),
            claim(Metric::Wall, Over::LongestDelay, 1e3),
            claim(Metric::Wall, Over::Cell(of("sync")), 1.0),
            claim(Metric::Cpu, Over::Requests, 1e9),
            claim(Metric::Errors, Over::One, 50.0),
            claim(Metric::Connections, Over::One, 1e3),
        ];
        let words = |failing: &'static str| {
            let recording = recording(experiment.clone(), |_, _, row| {
                row.latency_p99_ns = Some(10_000_000);
                (row.client_cpu_user_ns, row.client_cpu_sys_ns) = (Some(1), Some(1));
                row.server_connections = Some(1);
                if row.label == failing {
                    row.errors = Some(50);
                }
            });
            let claims = Analysis::of(&recording).claims.into_iter();
            claims.map(|c| c.cells[0].finding.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(words("none"), ["held"; 7]);
        let unfit = "not judged (50 % of requests failed)";
        assert_eq!(words("threads"), [unfit, unfit, unfit, unfit, unfit, "held", "held"]);
        assert_eq!(words("sync"), ["held", "held", "held", unfit, "held", "held", "held"]);
    }

    #[test]
    fn lost_trials_take_findings_away() {
        let mut experiment = three();
        experiment.claims = vec![
            claim(Metric::Wall, Over::One, 1e12),
            claim(Metric::Errors, Over::One, 0.0),
            claim(Metric::Wall, Over::Cell(of("sync")), 1.0),
        ];
        let words = |status: Status, lost: u32| {
            let recording = recording(experiment.clone(), |_, planned, row| {
                if planned.block <= lost && row.label == "threads" {
                    row.set_status(status, "a reason");
                    row.wall_ns = None;
                }
            });
            let claims = Analysis::of(&recording).claims.into_iter();
            claims.map(|c| c.cells[0].finding.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(words(Status::Invalid, 0), ["held"; 3]);
        let one = "not judged (1 of 12 trials gave no value)";
        assert_eq!(words(Status::Invalid, 1), ["held"; 3]);
        let failed = "not judged (1 of 12 trials failed)";
        assert_eq!(words(Status::Failed, 1), [failed, one, failed]);
        let many = "not judged (6 of 12 trials gave no value)";
        assert_eq!(words(Status::Invalid, 6), [many, "held", many]);
        assert_eq!(words(Status::Failed, 12), ["not judged (no trial measured it)"; 3]);
    }

    #[test]
    fn times_can_be_claimed_in_round_trips() {
        let mut experiment = three();
        experiment.scenarios[0].rtt_ns = Some(15_000_000);
        let claim = |at_least: f64, at_most: f64| Claim {
            text: "A handshake is two round trips".to_owned(),
            metric: Metric::Connect,
            of: of("threads"),
            over: Over::RoundTrip,
            than: None,
            at_least: Some(at_least),
            at_most: Some(at_most),
        };
        experiment.claims = vec![claim(2.0, 2.2), claim(2.3, 3.0), claim(0.5, 1.0)];
        let recording = recording(experiment, |_, planned, row| {
            row.connect_p50_ns = Some(31_000_000 + u64::from(planned.block) * 10_000);
        });
        let findings: Vec<ClaimFinding> =
            Analysis::of(&recording).claims.iter().map(|c| c.finding).collect();
        assert_eq!(findings, [ClaimFinding::Held, ClaimFinding::Refuted, ClaimFinding::Refuted]);
    }

    /// Claims about `threads`, each with a metric, what it is divided by, and its bounds.
    fn findings(
        claims: &[(Metric, Over, f64, f64)],
        change: impl FnMut(&crate::plan::Plan, &crate::plan::PlannedTrial, &mut TrialRow),
    ) -> Vec<Finding> {
        let mut experiment = three();
        let claim = |(metric, over, at_least, at_most): &(Metric, Over, f64, f64)| Claim {
            text: "a claim".to_owned(),
            metric: *metric,
            of: of("threads"),
            over: over.clone(),
            than: None,
            at_least: Some(*at_least),
            at_most: Some(*at_most),
        };
        experiment.claims = claims.iter().map(claim).collect();
        let recording = recording(experiment, change);
        let claims = Analysis::of(&recording).claims;
        claims.into_iter().map(|claim| claim.cells[0].finding.clone()).collect()
    }

    #[test]
    fn a_metric_can_be_claimed_over_another_of_the_same_trial() {
        let over_cpu = |low, high| (Metric::ServerCpu, Over::Metric(Metric::Cpu), low, high);
        let claims = [over_cpu(0.3, 0.45), over_cpu(0.5, 1.0)];
        // Both are larger by the same factor in some blocks, so that only their ratio is steady.
        let found = findings(&claims, |_, planned, row| {
            let factor = u64::from(planned.block % 4) + 1;
            row.client_cpu_user_ns = Some(8_000_000 * factor);
            row.client_cpu_sys_ns = Some(2_000_000 * factor);
            row.server_cpu_user_ns = Some(3_000_000 * factor);
            row.server_cpu_sys_ns = Some(800_000 * factor);
        });
        assert_eq!(found, [Finding::Held, Finding::Refuted]);
    }

    #[test]
    fn the_wall_time_can_be_claimed_over_the_largest_of_its_bounds() {
        let over = Over::Largest(vec![Over::Ideal, Over::Metric(Metric::Cpu)]);
        let claims = [
            (Metric::Wall, over, 0.85, 1.15),
            (Metric::Wall, Over::Ideal, 0.85, 1.15),
            (Metric::Wall, Over::Metric(Metric::Cpu), 0.85, 1.15),
        ];
        let with_cpu = |times_ideal: f64| {
            findings(&claims, |_, _, row| {
                let ideal = row.ideal_ns as f64;
                row.client_cpu_user_ns = Some((ideal * times_ideal) as u64);
                row.client_cpu_sys_ns = Some(0);
                row.wall_ns = Some((ideal * times_ideal.max(1.0) * 1.05) as u64);
            })
        };
        use Finding::{Held, Refuted};
        // The schedule is the limit, then the CPU.
        assert_eq!(with_cpu(0.5), [Held, Held, Refuted]);
        assert_eq!(with_cpu(20.0), [Held, Refuted, Held]);
    }

    #[test]
    fn what_a_trial_does_not_tell_decides_no_claim() {
        let undecided = |reason: NoEstimate| Finding::Undecided(Undecided::NoEstimate(reason));
        let largest = Over::Largest(vec![Over::Ideal, Over::Metric(Metric::Cpu)]);
        let claims = [
            (Metric::ServerCpu, Over::Metric(Metric::Cpu), 0.0, 1e9),
            (Metric::Wall, largest, 0.0, 1e9),
            (Metric::MinorFaults, Over::One, 0.0, 1e9),
            (Metric::P999, Over::One, 0.0, 1e12),
        ];
        let found = findings(&claims, |_, _, row| {
            row.client_cpu_user_ns = None;
            row.latency_p999_ns = row.latency_max_ns;
        });
        let no_cpu = undecided(NoEstimate::NotTold("cpu"));
        let few = NoEstimate::TooFewRequests { metric: "p99.9", needs: 1_000, has: 100 };
        let no_faults = undecided(NoEstimate::NotTold("minor-faults"));
        assert_eq!(found, [no_cpu.clone(), no_cpu, no_faults, undecided(few)]);
        // No CPU time is a number, and nothing can be divided by it.
        let found = findings(&claims[..1], |_, _, row| {
            row.client_cpu_user_ns = Some(0);
            row.client_cpu_sys_ns = Some(0);
        });
        let zero = inflight_stats::NoEstimate::NotPositive { side: Side::Base, position: 1 };
        assert_eq!(found, [undecided(zero.into())]);
    }

    #[test]
    fn a_claim_must_hold_for_every_cell_that_it_selects() {
        let mut experiment = three();
        let claim = |of: Selector, over: Over, at_most: f64| Claim {
            text: "a claim".to_owned(),
            metric: Metric::Wall,
            of,
            over,
            than: None,
            at_least: None,
            at_most: Some(at_most),
        };
        experiment.claims = vec![
            claim(of("async"), Over::LongestDelay, 1.15),
            claim(Selector::default(), Over::Ideal, 1.15),
            claim(Selector::default(), Over::Ideal, 2.5),
            claim(of("threads"), Over::Cell(of("sync")), 0.5),
            claim(of("nothing"), Over::Ideal, 1.0),
        ];
        let recording = recording(experiment, |_, _, row| {
            if row.label == "threads" {
                row.wall_ns = row.wall_ns.map(|ns| ns * 2);
            }
        });
        let analysis = Analysis::of(&recording);
        let findings: Vec<ClaimFinding> = analysis.claims.iter().map(|c| c.finding).collect();
        assert_eq!(
            findings,
            [
                ClaimFinding::Held,
                ClaimFinding::Refuted,
                ClaimFinding::Held,
                ClaimFinding::Held,
                ClaimFinding::NotMeasured,
            ]
        );
    }

    #[test]
    fn a_claim_may_reach_into_another_scenario() {
        let mut experiment = three();
        let large = crate::spec::Scenario { requests: 1_000, ..experiment.scenarios[0].clone() };
        experiment.scenarios.push(large);
        let terms = |label: &str, requests: &str| Selector {
            terms: vec![
                (Factor::Label, vec![label.to_owned()]),
                (Factor::Requests, vec![requests.to_owned()]),
            ],
        };
        let claim = |at_least: f64, at_most: f64| Claim {
            text: "A request costs the same in a large trial".to_owned(),
            metric: Metric::CpuPerRequest,
            of: terms("async", "1000"),
            over: Over::Cell(terms("async", "100")),
            than: None,
            at_least: Some(at_least),
            at_most: Some(at_most),
        };
        experiment.claims = vec![claim(0.9, 1.1), claim(1.9, 2.1)];
        let findings = |large_costs: u64| {
            let recording = recording(experiment.clone(), |_, _, row| {
                let each = if row.requests == "1000" { large_costs } else { 5_000 };
                row.issued = row.requests.parse().ok();
                row.client_cpu_user_ns = row.issued.map(|n| n * each);
                row.client_cpu_sys_ns = Some(0);
            });
            Analysis::of(&recording).claims.iter().map(|c| c.finding).collect::<Vec<_>>()
        };
        assert_eq!(findings(5_100), [ClaimFinding::Held, ClaimFinding::Refuted]);
        assert_eq!(findings(10_000), [ClaimFinding::Refuted, ClaimFinding::Held]);
    }
}
