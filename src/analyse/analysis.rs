//! A recording, analysed: what every cell took, how it compares, which claims hold.

use crate::plan::Plan;
use crate::record::{Recording, TrialRow};
use crate::spec::Metric;

use super::claims::{self, ClaimAnalysis};
use super::{
    Comparison, Disturbance, Estimate, Fitness, Instability, Interval, Judged, Margin, NoEstimate,
    RatioEstimate, disturbances, judge, lossy_paired_ratio, stability, wide_control,
};

/// Numbers of a report.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Measured blocks that are complete.
    pub blocks: usize,
    /// Measured blocks that were planned; of a run that its rule ended, those until then.
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
    /// Counts of its work that was done and measured.
    pub fitness: Fitness,
    /// Reasons of failed, invalid and skipped trials, each once, with their number.
    pub reasons: Vec<(String, usize)>,
    /// Wall times of the `ok` trials, with their block, in nanoseconds.
    pub walls: Vec<(u32, u64)>,
    /// Median wall time in nanoseconds; a trial without one counts as longer than any.
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
    /// Its verdict among all comparisons of the scenario.
    pub judged: Judged,
}

/// The A/A control: one cell measured twice in every block.
#[derive(Debug, Clone, PartialEq)]
pub struct Control {
    /// Index of the cell in the plan.
    pub cell: usize,
    /// Second ÷ first, paired by block.
    pub ratio: Result<RatioEstimate, NoEstimate>,
    /// Set if the two differ by more than the margin.
    pub wide: Option<Instability>,
}

impl Analysis {
    /// Analyses a recording; one of several builds as [`Recording::subject`] has it. Cells without a
    /// single measurement stay in it, with their reasons.
    pub fn of(recording: &Recording) -> Analysis {
        let subject = recording.subject();
        let recording = subject.as_ref();
        let plan = &recording.plan;
        let margin = Margin::new(plan.experiment.margin).unwrap_or_default();
        let controls: Vec<Control> =
            plan.scenarios.iter().map(|s| control(recording, s.control, margin)).collect();
        let mut cells: Vec<CellAnalysis> =
            (0..plan.cells.len()).map(|cell| cell_analysis(recording, cell, margin)).collect();
        for (scenario, control) in controls.iter().enumerate() {
            compare_with_baseline(recording, scenario, margin, control, &mut cells);
        }
        Analysis {
            blocks: recording.complete_blocks().len(),
            planned_blocks: recording.planned_blocks() as usize,
            cells,
            controls,
            claims: claims::of(recording),
            disturbances: disturbances(recording),
            margin,
        }
    }

    /// Cells that were measured and of which no request succeeded, where no claim is about their
    /// failures: nobody asked for them.
    pub fn without_success(&self, plan: &Plan) -> Vec<usize> {
        let is_claimed = |cell: usize| {
            let claims = plan.experiment.claims.iter().filter(|c| c.metric.counts_failures());
            claims.into_iter().any(|claim| plan.select(&claim.of).any(|c| c == cell))
        };
        let failed = self.cells.iter().filter(|c| c.fitness.failed_requests == Some(1.0));
        failed.map(|c| c.cell).filter(|&cell| !is_claimed(cell)).collect()
    }
}

impl Control {
    /// The interval of the control, if it has one.
    pub fn interval(&self) -> Option<Interval> {
        self.ratio.as_ref().ok()?.ratio.interval.clone().ok()
    }
}

impl CellAnalysis {
    /// Analyses the trials of one cell, in the order of blocks.
    ///
    /// `cell` is its index in the plan, `ideal_ns` the wall time of its schedule.
    pub fn of(cell: usize, ideal_ns: u64, rows: &[&TrialRow], margin: Margin) -> CellAnalysis {
        let mut reasons: Vec<(String, usize)> = Vec::new();
        for row in rows.iter().filter(|r| !r.is_ok()) {
            match reasons.iter_mut().find(|(reason, _)| *reason == row.reason) {
                Some((_, n)) => *n += 1,
                None => reasons.push((row.reason.clone(), 1)),
            }
        }
        let walls: Vec<(u32, u64)> =
            rows.iter().filter(|r| r.is_ok()).filter_map(|r| Some((r.block, r.wall_ns?))).collect();
        let sample = Metric::Wall.sample(rows.iter().copied());
        let wall = sample.median(Metric::Wall.direction()).map_err(NoEstimate::from);
        let fitness = Fitness::of(rows);
        let efficiency = match &wall {
            Ok(wall) => match fitness.check(Metric::Efficiency, margin) {
                Ok(()) => Ok(efficiency(ideal_ns, wall)),
                Err(unfit) => Err(unfit.into()),
            },
            Err(reason) => Err(reason.clone()),
        };
        CellAnalysis {
            cell,
            fitness,
            reasons,
            efficiency,
            wall,
            over_baseline: None,
            instabilities: stability(&sample.values)
                .into_iter()
                .map(|flag| with_block_numbers(flag, &walls))
                .collect(),
            walls,
        }
    }
}

fn cell_analysis(recording: &Recording, cell: usize, margin: Margin) -> CellAnalysis {
    let planned = &recording.plan.cells[cell];
    let id = planned.id.to_string();
    let rows: Vec<&TrialRow> = recording.of_cell(&id).collect();
    CellAnalysis::of(cell, planned.ideal.wall_ns, &rows, margin)
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

fn efficiency(ideal_ns: u64, wall: &Estimate) -> Estimate {
    let ideal = ideal_ns as f64;
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

fn control(recording: &Recording, cell: usize, margin: Margin) -> Control {
    let id = recording.plan.cells[cell].id.to_string();
    let replica = |letter: &'static str| recording.measured().filter(move |t| t.replica == letter);
    let first = replica("a").filter(|t| t.cell == id);
    let second = replica("b").filter(|t| t.cell == id);
    let ratio = lossy_paired_ratio(&Metric::Wall.pairs(first, second)).map_err(NoEstimate::from);
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
    let fit = |cell: usize| cells[cell].fitness.check(Metric::Wall, margin);
    let ratio = |cell: usize| {
        fit(baseline).and(fit(cell))?;
        Metric::Wall.ratio_of_cells(recording, baseline, cell)
    };
    let direction = Metric::Wall.direction();
    let family: Vec<Comparison> =
        others.iter().map(|&cell| Comparison { ratio: ratio(cell), direction }).collect();
    let judged = judge(&family, margin, control.interval());
    for ((cell, comparison), judged) in others.into_iter().zip(family).zip(judged) {
        cells[cell].over_baseline = Some(Compared { ratio: comparison.ratio, judged });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analyse::Verdict;
    use crate::record::Status;
    use crate::record::synthetic::{experiment, recording, strategy};

    fn three() -> crate::spec::Experiment {
        let strategies = vec![
            strategy("sync", "sequential", None),
            strategy("threads", "threads", Some(10)),
            strategy("async", "async-all", None),
        ];
        experiment(strategies, 12)
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
        assert_eq!((threads.fitness.ok, threads.fitness.invalid), (11, 1));
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
        assert_eq!(threads.fitness.failed_requests, Some(0.9));
        assert_eq!(threads.efficiency, Err(NoEstimate::RequestsFailed));
        let compared = threads.over_baseline.as_ref().expect("a comparison");
        assert_eq!(compared.judged.verdict, Err(NoEstimate::RequestsFailed));
        let other = analysis.cells[2].over_baseline.as_ref().expect("a comparison");
        assert_eq!(other.judged.verdict, Ok(Verdict::Faster));
    }
}
