//! The stopping rule: when a run has enough blocks.

use inflight_stats::{MIN_BLOCKS, paired_interval};

use crate::plan::Plan;
use crate::record::TrialRow;
use crate::spec::{FEWEST_LOOKED_AT, Metric};

use super::{Fitness, Interval, Margin, NoEstimate, NoInterval};

// The earlier stages do not know how many blocks an interval needs, and must not let less pass.
const _: () = assert!(FEWEST_LOOKED_AT as usize == MIN_BLOCKS);

/// Whether a run whose complete measured blocks hold these trials may end, by the rule of its
/// experiment: the 95 % interval of every ratio that a verdict rests on is narrow enough.
///
/// It is a function of these trials and the plan alone, so that a run that was killed decides as it
/// would have done. Without a rule, and before the rule looks, it is false.
pub fn narrow_enough(plan: &Plan, measured: &[TrialRow]) -> bool {
    let Some(until) = plan.experiment.blocks.until else { return false };
    let last = measured.iter().map(|row| row.block).max().unwrap_or(0);
    last >= until.min
        && widest_half_width(plan, measured).is_some_and(|widest| widest <= until.half_width)
}

/// Half-width of the widest interval that a verdict rests on, to either side of its middle: √(high
/// ÷ low) − 1, 0.02 for 2 %. The intervals are those of every cell over the baseline of its
/// scenario, and of the A/A control. In a run of several builds, they are those of every cell over
/// the same cell of the first build, and of each build's A/A controls.
///
/// A ratio that does not exist (all trials of a cell failed, or too many requests) is left out: more
/// blocks would not make one. `None` if no ratio is left, or one has no interval yet.
pub fn widest_half_width(plan: &Plan, measured: &[TrialRow]) -> Option<f64> {
    let intervals: Option<Vec<Interval>> =
        intervals(plan, measured).into_iter().flatten().map(Result::ok).collect();
    intervals?.iter().map(half_width).max_by(f64::total_cmp)
}

fn half_width(interval: &Interval) -> f64 {
    (interval.high / interval.low).sqrt() - 1.0
}

/// The interval of a ratio, or why there is no interval, or why there is no ratio.
type Ratio = Result<Result<Interval, NoInterval>, NoEstimate>;

/// Every ratio that a verdict rests on: of each scenario its control, then its cells in the order
/// of the plan.
fn intervals(plan: &Plan, measured: &[TrialRow]) -> Vec<Ratio> {
    let margin = Margin::new(plan.experiment.margin).unwrap_or_default();
    if let [base, news @ ..] = plan.builds.as_slice() {
        return intervals_of_builds(plan, measured, base, news);
    }
    let rows = |cell: usize, replica: &'static str| rows(plan, measured, cell, replica);
    let fit =
        |cell: usize| Fitness::of(&rows(cell, "a").collect::<Vec<_>>()).check(Metric::Wall, margin);
    let mut ratios = Vec::new();
    for (scenario, facts) in plan.scenarios.iter().enumerate() {
        let twins = Metric::Wall.pairs(rows(facts.control, "a"), rows(facts.control, "b"));
        ratios.push(paired_interval(&twins).map_err(NoEstimate::from));
        let others = (0..plan.cells.len())
            .filter(|&cell| plan.cells[cell].scenario == scenario && cell != facts.baseline);
        ratios.extend(others.map(|cell| {
            fit(facts.baseline).and(fit(cell))?;
            let pairs = Metric::Wall.pairs(rows(facts.baseline, "a"), rows(cell, "a"));
            paired_interval(&pairs).map_err(NoEstimate::from)
        }));
    }
    ratios
}

/// Intervals of a run of several builds: of each the controls, and of every cell the ratio to the
/// first build.
fn intervals_of_builds(
    plan: &Plan,
    measured: &[TrialRow],
    base: &str,
    news: &[String],
) -> Vec<Ratio> {
    let of = |build: &str, cell: usize, replica: &'static str| -> Vec<&TrialRow> {
        rows(plan, measured, cell, replica).filter(|row| row.build == build).collect()
    };
    let margin = Margin::new(plan.experiment.margin).unwrap_or_default();
    let ratio = |first: Vec<&TrialRow>, second: Vec<&TrialRow>| {
        for rows in [&first, &second] {
            Fitness::of(rows).check(Metric::Wall, margin)?;
        }
        paired_interval(&Metric::Wall.pairs(first, second)).map_err(NoEstimate::from)
    };
    let controls = plan.scenarios.iter().flat_map(|facts| {
        let of_build = |build| ratio(of(build, facts.control, "a"), of(build, facts.control, "b"));
        std::iter::once(base)
            .chain(news.iter().map(String::as_str))
            .map(of_build)
            .collect::<Vec<_>>()
    });
    let cells = (0..plan.cells.len()).flat_map(|cell| {
        let over_base = |new: &String| ratio(of(base, cell, "a"), of(new, cell, "a"));
        news.iter().map(over_base).collect::<Vec<_>>()
    });
    controls.chain(cells).collect()
}

/// The trials of one cell under one of its two names.
fn rows<'a>(
    plan: &Plan,
    measured: &'a [TrialRow],
    cell: usize,
    replica: &'static str,
) -> impl Iterator<Item = &'a TrialRow> {
    let id = plan.cells[cell].id.to_string();
    measured.iter().filter(move |row| row.cell == id && row.replica == replica)
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;
    use rand_distr::{Distribution, LogNormal};

    use super::*;
    use crate::plan::Only;
    use crate::record::synthetic::{experiment, recording, strategy};
    use crate::record::{Recording, Status};
    use crate::spec::Until;

    /// A recording of two strategies with this rule, of all the blocks that it allows.
    fn ruled(until: Until, mut fill: impl FnMut(u32, &mut TrialRow)) -> Recording {
        let strategies =
            vec![strategy("sync", "sequential", None), strategy("threads", "threads", Some(10))];
        let mut experiment = experiment(strategies, until.max);
        experiment.blocks.until = Some(until);
        recording(experiment, |_, planned, row| fill(planned.block, row))
    }

    /// The measured trials of the first blocks.
    fn blocks(recording: &Recording, blocks: u32) -> &[TrialRow] {
        let up_to = |block| recording.trials.partition_point(|row| row.block <= block);
        &recording.trials[up_to(0)..up_to(blocks)]
    }

    /// The block after which the run would end, and the widest interval then.
    fn end(recording: &Recording) -> (u32, Option<f64>) {
        let max = recording.plan.experiment.blocks.count;
        let enough = |n: &u32| narrow_enough(&recording.plan, blocks(recording, *n));
        let end = (1..max).find(enough).unwrap_or(max);
        (end, widest_half_width(&recording.plan, blocks(recording, end)))
    }

    fn scaled(row: &mut TrialRow, factor: f64) {
        row.wall_ns = row.wall_ns.map(|ns| (ns as f64 * factor) as u64);
    }

    /// Log-normal factors with this relative spread.
    fn noise(sigma: f64) -> impl FnMut() -> f64 {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let distribution = LogNormal::new(0.0, sigma).expect("a distribution");
        move || distribution.sample(&mut rng)
    }

    const RULE: Until = Until { half_width: 0.02, min: 8, max: 30 };

    #[test]
    fn steady_trials_end_at_the_first_look_and_wide_ones_at_the_last() {
        assert_eq!(end(&ruled(RULE, |_, _| ())), (8, Some(0.0)));
        let mut noise = noise(0.3);
        let (at, widest) = end(&ruled(RULE, |_, row| scaled(row, noise())));
        assert_eq!(at, 30);
        assert!(widest.expect("an interval") > 0.1, "{widest:?}");
    }

    #[test]
    fn the_widest_interval_decides_be_it_that_of_the_control() {
        let mut noise = noise(0.3);
        let noisy_twin = ruled(RULE, |_, row| {
            if row.replica == "b" {
                scaled(row, noise());
            }
        });
        assert_eq!(end(&noisy_twin).0, 30);
        // What all cells of a block share is in no ratio.
        let drifting = ruled(RULE, |block, row| scaled(row, 1.0 + f64::from(block) / 10.0));
        assert_eq!(end(&drifting).0, 8);
    }

    #[test]
    fn a_ratio_that_cannot_be_is_not_waited_for_and_one_that_may_come_is() {
        let failed = ruled(RULE, |_, row| {
            if row.label == "sync" {
                row.set_status(Status::Failed, "no");
            }
        });
        assert_eq!(end(&failed).0, 8, "the control is left");
        let lossy = ruled(RULE, |block, row| {
            if row.label == "sync" {
                row.errors = Some(50);
                scaled(row, f64::from(1 + block % 2));
            }
        });
        assert_eq!(end(&lossy).0, 8);
        let all = ruled(RULE, |_, row| row.set_status(Status::Failed, "no"));
        assert_eq!(end(&all), (30, None));
        let often = |status: Status| {
            ruled(RULE, move |block, row| {
                if row.label == "sync" && block % 3 != 0 {
                    row.set_status(status, "no");
                }
            })
        };
        assert_eq!(end(&often(Status::Failed)).0, 8, "a cell that fails has no ratio");
        assert_eq!(end(&often(Status::Invalid)).0, 30, "the trials may have shown anything");
    }

    /// Trials of one cell of two builds are not two trials of it: what counts is their ratio.
    #[test]
    fn of_two_builds_the_ratios_between_them_decide() {
        let build_takes = |factor: f64, noisy: bool| {
            let strategies = vec![
                strategy("sync", "sequential", None),
                strategy("threads", "threads", Some(10)),
            ];
            let mut experiment = experiment(strategies, RULE.max);
            experiment.blocks.until = Some(RULE);
            let mut noise = noise(0.3);
            crate::record::synthetic::recording_of_builds(
                experiment,
                &["base", "new"],
                |_, planned, row| {
                    scaled(row, 1.0 + f64::from(planned.block) / 10.0);
                    if row.build == "new" {
                        scaled(row, if noisy { factor * noise() } else { factor });
                    }
                },
            )
        };
        assert_eq!(end(&build_takes(3.0, false)), (8, Some(0.0)));
        assert_eq!(end(&build_takes(1.0, true)).0, 30);
    }

    #[test]
    fn without_a_rule_nothing_ends_early() {
        let mut recording = ruled(RULE, |_, _| ());
        recording.plan.experiment.blocks.until = None;
        assert_eq!(end(&recording).0, 30);
    }

    #[test]
    fn a_recording_that_was_cut_decides_as_the_run_did() {
        let mut noise = noise(0.03);
        let recording = ruled(RULE, |_, row| scaled(row, noise()));
        let (at, _) = end(&recording);
        assert!((9..30).contains(&at), "{at}");
        let plan = Plan::new(recording.plan.experiment.clone(), &Only::default());
        let mut rows = blocks(&recording, at).to_vec();
        rows.reverse();
        assert!(narrow_enough(&plan.expect("a plan"), &rows), "in any order");
        assert!(!narrow_enough(&recording.plan, blocks(&recording, at - 1)));
    }

    /// Coverage of the interval of the blocks that the rule chose. Looking at widths favours
    /// samples that happen to spread little, so it is less than 95 %. The figures of
    /// `docs/method/statistics.md` are printed by `cargo test --lib nearly_as_often --
    /// --nocapture`.
    #[test]
    fn intervals_that_end_a_run_hold_the_truth_nearly_as_often_as_promised() {
        const RUNS: u64 = 1_000;
        /// Three standard errors of 1 000 runs at 93 %: 3·√(0.93·0.07 ÷ 1 000) = 2.4 %.
        const FLOOR: f64 = 0.93 - 0.024;
        const TRUE: f64 = 1.1;
        let until = Until { half_width: 0.02, min: 8, max: 50 };
        // Made once: to make rows takes longer than to judge them.
        let mut recording = ruled(until, |_, _| ());
        for noise in [0.02, 0.03] {
            let trial = LogNormal::new(0.0, noise).expect("a distribution");
            let (mut covered, mut count, mut ended) = (0, 0, 0);
            for seed in 0..RUNS {
                let mut rng = ChaCha8Rng::seed_from_u64(seed);
                for row in &mut recording.trials {
                    row.wall_ns = Some(row.ideal_ns);
                    let slower = if row.label == "sync" { 1.0 } else { TRUE };
                    scaled(row, trial.sample(&mut rng) * slower);
                }
                let (at, _) = end(&recording);
                ended += u64::from(at < until.max);
                count += u64::from(at);
                let of = intervals(&recording.plan, blocks(&recording, at)).remove(1);
                let interval = of.expect("a ratio").expect("an interval");
                // The strategies' ideals are 10 to 1.
                covered += u64::from(interval.contains(TRUE / 10.0));
            }
            let share = covered as f64 / RUNS as f64;
            println!(
                "trials that vary by {:.0} %: {:.1} % of the intervals hold the truth; {:.1} blocks \
                 on average, {:.0} % of the runs end before the last",
                noise * 100.0,
                share * 100.0,
                count as f64 / RUNS as f64,
                ended as f64 / RUNS as f64 * 100.0
            );
            assert!(share >= FLOOR, "{share} at {noise}");
        }
    }
}
