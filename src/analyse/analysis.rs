//! A recording, analysed: what every cell took, how it compares, which claims hold.

use crate::plan::{Cell, Plan};
use crate::record::{Recording, Status, TrialRow};
use crate::spec::{Claim, Metric, Over};

use super::{
    Bounds, Comparison, Direction, Disturbance, Estimate, Finding, Instability, Interval, Judged,
    Margin, NoEstimate, RatioEstimate, Side, Undecided, disturbances, judge, judge_claim, median,
    paired_ratio, stability, wide_control,
};

/// Everything that the report says in numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Measured blocks that are complete.
    pub blocks: usize,
    /// Measured blocks that were planned.
    pub planned_blocks: usize,
    /// One for each cell of the plan, in its order.
    pub cells: Vec<CellAnalysis>,
    /// The A/A control of each scenario, in the order of the plan.
    pub controls: Vec<Control>,
    /// One for each claim of the experiment, in its order.
    pub claims: Vec<ClaimAnalysis>,
    /// Signs that the machine was not left to the run.
    pub disturbances: Vec<Disturbance>,
    /// The margin that verdicts were given against.
    pub margin: Margin,
}

/// One cell over all complete blocks.
#[derive(Debug, Clone, PartialEq)]
pub struct CellAnalysis {
    /// Index of the cell in the plan.
    pub cell: usize,
    /// Trials that are measurements.
    pub ok: usize,
    /// Trials that failed.
    pub failed: usize,
    /// Trials that measured something else.
    pub invalid: usize,
    /// Reasons of failed and invalid trials, each once, with their number.
    pub reasons: Vec<(String, usize)>,
    /// Failed requests ÷ issued requests over all `ok` trials; `None` without one.
    pub failed_requests: Option<f64>,
    /// Wall times of the `ok` trials, with their block, in nanoseconds.
    pub walls: Vec<(u32, u64)>,
    /// Median wall time in nanoseconds.
    pub wall: Result<Estimate, NoEstimate>,
    /// Ideal ÷ median wall time. The ideal is a constant of the cell, so this interval is exact
    /// where that of the wall time is. None where more requests failed than the margin: the ideal
    /// is that of all of them.
    pub efficiency: Result<Estimate, NoEstimate>,
    /// Wall time ÷ wall time of the scenario's baseline, paired by block; `None` for the baseline
    /// itself. No ratio where more requests failed on a side than the margin.
    pub over_baseline: Option<Compared>,
    /// Signs of disturbance in the wall times.
    pub instabilities: Vec<Instability>,
}

/// A comparison with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// The ratio of the two.
    pub ratio: Result<RatioEstimate, NoEstimate>,
    /// What it amounts to, among all comparisons of the scenario.
    pub judged: Judged,
}

/// The same cell measured twice in every block.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Index of the cell in the plan.
    pub cell: usize,
    /// Second ÷ first, paired by block.
    pub ratio: Result<RatioEstimate, NoEstimate>,
    /// Set if the two differ by more than the margin.
    pub wide: Option<Instability>,
}

/// A claim, judged for every cell that it selects.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimAnalysis {
    /// Index of the claim in the experiment.
    pub claim: usize,
    /// Held if it holds for every cell, refuted if it is for one, else undecided.
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
    /// Neither.
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
    /// What the record says.
    pub finding: Finding,
}

impl Metric {
    /// Whether it counts something, so that a claim is about every trial and not about a median.
    pub fn is_count(self) -> bool {
        matches!(self, Metric::Connections | Metric::Errors)
    }

    /// The value of a trial, in nanoseconds, bytes or a count.
    pub fn of(self, row: &TrialRow) -> Option<f64> {
        let value = match self {
            Metric::Wall => row.wall_ns,
            Metric::P50 => row.latency_p50_ns,
            Metric::P99 => row.latency_p99_ns,
            Metric::Cpu => row.client_cpu_ns(),
            Metric::Memory => row.client_max_rss_bytes,
            Metric::Connections => row.server_connections,
            Metric::Errors => row.errors,
        };
        value.map(|v| v as f64)
    }
}

impl Analysis {
    /// Analyses a recording. Cells without a single measurement stay in it, with their reasons.
    pub fn of(recording: &Recording) -> Analysis {
        let plan = &recording.plan;
        let margin = Margin::new(plan.experiment.margin).unwrap_or_default();
        let controls: Vec<Control> =
            plan.scenarios.iter().map(|s| control(recording, s.control, margin)).collect();
        let mut cells: Vec<CellAnalysis> =
            (0..plan.cells.len()).map(|cell| cell_analysis(recording, cell, margin)).collect();
        for (scenario, control) in controls.iter().enumerate() {
            compare_with_baseline(recording, scenario, margin, control, &mut cells);
        }
        let claims = (0..plan.experiment.claims.len())
            .map(|claim| claim_analysis(recording, claim))
            .collect();
        Analysis {
            blocks: recording.complete_blocks().len(),
            planned_blocks: plan.experiment.blocks.count as usize,
            cells,
            controls,
            claims,
            disturbances: disturbances(recording),
            margin,
        }
    }

    /// Median of a metric over the blocks of a cell, with its interval.
    pub fn metric(
        recording: &Recording,
        cell: usize,
        metric: Metric,
    ) -> Result<Estimate, NoEstimate> {
        median(&values(recording, cell, metric))
    }
}

impl Control {
    /// The interval of the control, if it has one.
    pub fn interval(&self) -> Option<Interval> {
        self.ratio.as_ref().ok()?.ratio.interval.clone().ok()
    }
}

/// The values of a metric in the `ok` trials of a cell, in the order of blocks.
pub fn values(recording: &Recording, cell: usize, metric: Metric) -> Vec<f64> {
    let id = recording.plan.cells[cell].id.to_string();
    recording.of_cell(&id).filter(|t| t.is_ok()).filter_map(|t| metric.of(t)).collect()
}

fn cell_analysis(recording: &Recording, cell: usize, margin: Margin) -> CellAnalysis {
    let planned = &recording.plan.cells[cell];
    let id = planned.id.to_string();
    let rows: Vec<&TrialRow> = recording.of_cell(&id).collect();
    let count = |status: Status| rows.iter().filter(|r| r.status == status).count();
    let mut reasons: Vec<(String, usize)> = Vec::new();
    for row in rows.iter().filter(|r| !r.is_ok()) {
        match reasons.iter_mut().find(|(reason, _)| *reason == row.reason) {
            Some((_, n)) => *n += 1,
            None => reasons.push((row.reason.clone(), 1)),
        }
    }
    let walls: Vec<(u32, u64)> =
        rows.iter().filter(|r| r.is_ok()).filter_map(|r| Some((r.block, r.wall_ns?))).collect();
    let wall_values: Vec<f64> = walls.iter().map(|&(_, ns)| ns as f64).collect();
    let wall = median(&wall_values);
    let failed_requests = failed_share(&rows);
    let all_done = !is_lossy(failed_requests, margin);
    CellAnalysis {
        cell,
        ok: count(Status::Ok),
        failed: count(Status::Failed),
        invalid: count(Status::Invalid),
        reasons,
        failed_requests,
        efficiency: match &wall {
            Ok(wall) if all_done => Ok(efficiency(planned, wall)),
            Ok(_) => Err(NoEstimate::RequestsFailed),
            Err(reason) => Err(reason.clone()),
        },
        wall,
        over_baseline: None,
        // Without a value there is nothing to flag.
        instabilities: stability(&wall_values)
            .unwrap_or_default()
            .into_iter()
            .map(|flag| with_block_numbers(flag, &walls))
            .collect(),
        walls,
    }
}

/// Failed requests ÷ issued requests over the `ok` ones of these trials.
fn failed_share(rows: &[&TrialRow]) -> Option<f64> {
    let ok = || rows.iter().filter(|r| r.is_ok());
    let issued: u64 = ok().filter_map(|r| r.issued).sum();
    let errors: u64 = ok().filter_map(|r| r.errors).sum();
    (issued > 0).then(|| errors as f64 / issued as f64)
}

/// Whether so many requests failed that a wall time is not that of the same work.
fn is_lossy(failed_share: Option<f64>, margin: Margin) -> bool {
    failed_share.is_some_and(|share| share > margin.relative())
}

/// Positions among the values become the numbers of their blocks.
fn with_block_numbers(flag: Instability, walls: &[(u32, u64)]) -> Instability {
    match flag {
        Instability::Extremes { blocks } => Instability::Extremes {
            blocks: blocks.into_iter().map(|position| walls[position - 1].0 as usize).collect(),
        },
        other => other,
    }
}

fn efficiency(cell: &Cell, wall: &Estimate) -> Estimate {
    let ideal = cell.ideal.wall_ns as f64;
    Estimate {
        value: ideal / wall.value,
        n: wall.n,
        // A decreasing function swaps the ends.
        interval: wall.interval.clone().map(|i| Interval {
            low: ideal / i.high,
            high: ideal / i.low,
            ..i
        }),
    }
}

/// Values of two sets of trials in the blocks where both have one: base and new.
fn pairs<'a>(
    base: impl Iterator<Item = &'a TrialRow>,
    new: impl Iterator<Item = &'a TrialRow>,
    metric: Metric,
) -> (Vec<f64>, Vec<f64>) {
    let by_block = |row: &'a TrialRow| Some((row.block, metric.of(row).filter(|_| row.is_ok())?));
    let base: std::collections::BTreeMap<u32, f64> = base.filter_map(by_block).collect();
    new.filter_map(by_block).filter_map(|(block, new)| Some((*base.get(&block)?, new))).unzip()
}

fn paired(
    recording: &Recording,
    base: usize,
    new: usize,
    metric: Metric,
) -> Result<RatioEstimate, NoEstimate> {
    let id = |cell: usize| recording.plan.cells[cell].id.to_string();
    let (base_id, new_id) = (id(base), id(new));
    let (base, new) = pairs(recording.of_cell(&base_id), recording.of_cell(&new_id), metric);
    paired_ratio(&base, &new)
}

fn control(recording: &Recording, cell: usize, margin: Margin) -> Control {
    let id = recording.plan.cells[cell].id.to_string();
    let replica = |letter: &'static str| recording.measured().filter(move |t| t.replica == letter);
    let first = replica("a").filter(|t| t.cell == id);
    let second = replica("b").filter(|t| t.cell == id);
    let (first, second) = pairs(first, second, Metric::Wall);
    let ratio = paired_ratio(&first, &second);
    let interval = ratio.as_ref().ok().and_then(|r| r.ratio.interval.clone().ok());
    Control { cell, ratio, wide: interval.and_then(|i| wide_control(&i, margin)) }
}

fn compare_with_baseline(
    recording: &Recording,
    scenario: usize,
    margin: Margin,
    control: &Control,
    cells: &mut [CellAnalysis],
) {
    let plan: &Plan = &recording.plan;
    let baseline = plan.scenarios[scenario].baseline;
    let others: Vec<usize> = (0..plan.cells.len())
        .filter(|&c| plan.cells[c].scenario == scenario && c != baseline)
        .collect();
    let lossy = |cell: usize| is_lossy(cells[cell].failed_requests, margin);
    let family: Vec<Comparison> = others
        .iter()
        .map(|&cell| Comparison {
            ratio: if lossy(baseline) || lossy(cell) {
                Err(NoEstimate::RequestsFailed)
            } else {
                paired(recording, baseline, cell, Metric::Wall)
            },
            direction: Direction::LowerIsBetter,
        })
        .collect();
    let judged = judge(&family, margin, control.interval());
    for ((cell, comparison), judged) in others.into_iter().zip(family).zip(judged) {
        cells[cell].over_baseline = Some(Compared { ratio: comparison.ratio, judged });
    }
}

fn claim_analysis(recording: &Recording, index: usize) -> ClaimAnalysis {
    let plan = &recording.plan;
    let claim = &plan.experiment.claims[index];
    let bounds = bounds(claim);
    let cells: Vec<ClaimCell> = plan
        .select(&claim.of)
        .map(|cell| {
            let ratio = claimed_ratio(recording, claim, cell);
            let finding = match judge_claim(ratio.as_ref(), bounds) {
                // The range of a count reaches across the bound: some trial is beyond it.
                Finding::Undecided(Undecided::Straddles) if is_claim_of_count(claim) => {
                    Finding::Refuted
                }
                finding => finding,
            };
            ClaimCell { cell, ratio, finding }
        })
        .collect();
    let finding = if cells.is_empty() {
        ClaimFinding::NotMeasured
    } else if cells.iter().any(|c| c.finding == Finding::Refuted) {
        ClaimFinding::Refuted
    } else if cells.iter().all(|c| c.finding == Finding::Held) {
        ClaimFinding::Held
    } else {
        ClaimFinding::Undecided
    };
    ClaimAnalysis { claim: index, finding, cells }
}

/// Whether the claim is about every trial and not about a median.
fn is_claim_of_count(claim: &Claim) -> bool {
    claim.over == Over::One && claim.metric.is_count()
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
    let planned = &plan.cells[cell];
    let facts = plan.facts_of(planned);
    let over = |denominator: u64| {
        let estimate = Analysis::metric(recording, cell, claim.metric)?;
        divided(estimate, denominator as f64)
    };
    match &claim.over {
        Over::Ideal => over(planned.ideal.wall_ns),
        Over::LongestDelay => over(facts.longest_delay_ns),
        Over::SumOfDelays => over(facts.sum_of_delays_ns),
        Over::One if is_claim_of_count(claim) => every_trial(recording, cell, claim.metric),
        Over::One => Analysis::metric(recording, cell, claim.metric),
        Over::Cell(selector) => {
            let base = plan
                .select(selector)
                .find(|&c| plan.cells[c].scenario == planned.scenario)
                .ok_or(NoEstimate::Empty(Side::Base))?;
            paired(recording, base, cell, claim.metric).map(|r| r.ratio)
        }
    }
}

/// A count must be right in every trial: its range, which is no estimate of anything. Trials that
/// are invalid belong to it, since a wrong answer makes a trial invalid.
fn every_trial(recording: &Recording, cell: usize, metric: Metric) -> Result<Estimate, NoEstimate> {
    let id = recording.plan.cells[cell].id.to_string();
    let measured = |t: &&TrialRow| matches!(t.status, Status::Ok | Status::Invalid);
    let counts: Vec<f64> =
        recording.of_cell(&id).filter(measured).filter_map(|t| metric.of(t)).collect();
    let middle = median(&counts)?;
    let range = |pick: fn(f64, f64) -> f64| counts.iter().copied().fold(middle.value, pick);
    let (low, high) = (range(f64::min), range(f64::max));
    Ok(Estimate {
        interval: Ok(Interval { low, high, nominal: 1.0, achieved: 1.0, exact: true }),
        ..middle
    })
}

fn divided(estimate: Estimate, denominator: f64) -> Result<Estimate, NoEstimate> {
    if denominator <= 0.0 {
        return Err(NoEstimate::NotPositive { side: Side::Base, position: 1 });
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
    use crate::analyse::Verdict;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::spec::{Factor, Selector};

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
    fn cells_are_compared_with_the_baseline_block_by_block() {
        let recording = recording(three(), |_, planned, row| {
            // Noise that all cells of a block share cancels out in a paired comparison.
            let shared = 1.0 + f64::from(planned.block % 5) / 10.0;
            row.wall_ns = row.wall_ns.map(|ns| (ns as f64 * shared) as u64);
        });
        let analysis = Analysis::of(&recording);
        assert_eq!(analysis.blocks, 12);
        assert!(analysis.cells[0].over_baseline.is_none());
        let threads = analysis.cells[1].over_baseline.as_ref().expect("a comparison");
        let ratio = threads.ratio.as_ref().expect("a ratio");
        assert!((ratio.ratio.value - 0.1).abs() < 1e-6);
        assert_eq!(threads.judged.verdict, Ok(Verdict::Faster));
        let control = analysis.controls[0].ratio.as_ref().expect("a ratio");
        assert!((control.ratio.value - 1.0).abs() < 1e-12);
    }

    #[test]
    fn efficiency_is_ideal_over_wall_with_the_ends_swapped() {
        let recording = recording(three(), |_, planned, row| {
            row.wall_ns = row.wall_ns.map(|ns| ns * 2 + u64::from(planned.block));
        });
        let analysis = Analysis::of(&recording);
        let efficiency = analysis.cells[0].efficiency.as_ref().expect("an estimate");
        let interval = efficiency.interval.as_ref().expect("an interval");
        assert!((efficiency.value - 0.5).abs() < 1e-6);
        assert!(interval.low <= efficiency.value && efficiency.value <= interval.high);
    }

    #[test]
    fn trials_that_are_no_measurement_are_counted_and_left_out() {
        let recording = recording(three(), |_, planned, row| {
            if planned.block == 3 && row.label == "threads" {
                row.set_status(Status::Invalid, "a reason");
                row.wall_ns = Some(1);
            }
        });
        let analysis = Analysis::of(&recording);
        let threads = &analysis.cells[1];
        assert_eq!((threads.ok, threads.invalid), (11, 1));
        assert_eq!(threads.reasons, [("a reason".to_owned(), 1)]);
        let ratio = threads.over_baseline.as_ref().and_then(|c| c.ratio.as_ref().ok());
        assert_eq!(ratio.expect("a ratio").ratio.n, 11);
    }

    #[test]
    fn cells_that_lost_requests_are_not_compared() {
        let recording = recording(three(), |_, _, row| {
            if row.label == "threads" {
                row.errors = Some(90);
                row.wall_ns = Some(1_000);
            }
        });
        let analysis = Analysis::of(&recording);
        let threads = &analysis.cells[1];
        assert_eq!(threads.failed_requests, Some(0.9));
        assert_eq!(threads.efficiency, Err(NoEstimate::RequestsFailed));
        let compared = threads.over_baseline.as_ref().expect("a comparison");
        assert_eq!(compared.judged.verdict, Err(NoEstimate::RequestsFailed));
        let other = analysis.cells[2].over_baseline.as_ref().expect("a comparison");
        assert_eq!(other.judged.verdict, Ok(Verdict::Faster));
    }

    #[test]
    fn a_claim_about_a_count_must_hold_in_every_trial() {
        let mut experiment = three();
        experiment.claims = vec![Claim {
            text: "No request fails".to_owned(),
            metric: Metric::Errors,
            of: of("threads"),
            over: Over::One,
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

    #[test]
    fn a_claim_must_hold_for_every_cell_that_it_selects() {
        let mut experiment = three();
        let claim = |of: Selector, over: Over, at_most: f64| Claim {
            text: "a claim".to_owned(),
            metric: Metric::Wall,
            of,
            over,
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
}
