use super::*;
use inflight_stats::Peak;

use crate::record::synthetic::{experiment, recording, strategy};

const LIMITS: [u32; 8] = [1, 2, 5, 10, 20, 30, 50, 90];

/// Enough for the largest limit.
const REQUESTS: u32 = 9_000;

/// Requests of 10 ms under limits, of which each takes `factor` times its ideal.
fn sweep_of(factor: impl Fn(u32) -> f64) -> Sweep {
    let strategies = LIMITS.map(|n| strategy("async", "async-workers", Some(n))).to_vec();
    let mut experiment = experiment(strategies, 8);
    experiment.scenarios[0].requests = REQUESTS;
    let recording = recording(experiment, |plan, planned, row| {
        let limit = plan.cells[planned.cell].strategy.limit.map_or(0, NonZeroU32::get);
        let noise = 1.0 + f64::from((planned.block * 7 + limit * 3) % 11) / 2_000.0;
        row.wall_ns = Some((row.ideal_ns as f64 * factor(limit) * noise) as u64);
        row.client_cpu_user_ns = row.wall_ns.map(|ns| ns * 19 / 20);
        row.client_cpu_sys_ns = Some(0);
        row.server_cpu_user_ns = row.wall_ns.map(|ns| ns / 5);
        row.server_cpu_sys_ns = Some(0);
    });
    let mut all = Sweep::all(&recording, &Analysis::of(&recording));
    assert_eq!(all.len(), 1);
    all.remove(0)
}

#[test]
fn the_knee_is_the_first_limit_from_which_all_are_behind() {
    // Behind at 5 by chance, and from 30 on for good.
    let sweep = sweep_of(|n| if n == 5 || n >= 30 { 1.3 } else { 1.02 });
    let Knee::At { point, cpu_use } = &sweep.knee else { panic!("{:?}", sweep.knee) };
    assert_eq!(sweep.points[*point].limit, 30);
    assert!(cpu_use.client.unwrap() > 0.9 && cpu_use.server.unwrap() < 0.25 && !cpu_use.shared);
    assert_eq!(sweep_of(|_| 1.05).knee, Knee::NotSeen);
}

#[test]
fn a_sweep_on_its_ideal_is_linear_and_on_littles_line() {
    let sweep = sweep_of(|_| 1.0);
    let refused = sweep.law.as_ref().expect_err("a refusal");
    assert!(matches!(**refused, NoLaw::Linear { .. }), "{refused:?}");
    let first = &sweep.points[0];
    assert_eq!((first.ideal, first.little), (Some(100.0), Some(100.0)));
    assert_eq!((sweep.points[7].ideal, sweep.points[7].little), (Some(9_000.0), Some(9_000.0)));
}

#[test]
fn what_says_nothing_of_a_limit_is_left_out_with_its_reason() {
    // 100 requests in turns of 90 are two turns, against little more than one by Little's law.
    let strategies = [1, 2, 5, 10, 20, 90, 200]
        .map(|n| strategy("async", "async-workers", Some(n)))
        .into_iter()
        .chain([strategy("all", "async-all", None)]);
    let recording =
        recording(experiment(strategies.collect(), 8), |plan, planned, row| {
            match plan.cells[planned.cell].strategy.limit.map(NonZeroU32::get) {
                Some(2) => row.errors = Some(50),
                Some(5) if planned.block > 3 => row.set_status(crate::record::Status::Failed, "x"),
                _ => {}
            }
        });
    let all = Sweep::all(&recording, &Analysis::of(&recording));
    let [sweep] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(sweep.points.iter().map(|p| p.limit).collect::<Vec<_>>(), [1, 10, 20]);
    let why: Vec<LeftOut> = sweep.left_out.iter().map(|(_, why)| *why).collect();
    assert_eq!(
        why,
        [
            LeftOut::RequestsFailed,
            LeftOut::TooFewTrials,
            LeftOut::TooFewRequests,
            LeftOut::TooFewRequests
        ]
    );
    assert_eq!(sweep.law, Err(Box::new(NoLaw::TooFewLimits { has: 3 })));
}

#[test]
fn of_one_limit_under_several_numbers_of_requests_the_most_count() {
    let mut experiment =
        experiment(LIMITS.map(|n| strategy("async", "async-workers", Some(n))).to_vec(), 8);
    let mut more = experiment.scenarios[0].clone();
    more.requests = REQUESTS;
    experiment.scenarios.push(more);
    let recording = recording(experiment, |plan, planned, row| {
        // A peak at 25: of a limit the larger scenario is what follows the law.
        let n = f64::from(plan.cells[planned.cell].strategy.limit.map_or(1, NonZeroU32::get));
        let slower = 1.0 + 0.01 * (n - 1.0) + 0.0016 * n * (n - 1.0);
        let little_ns = row.issued.unwrap_or(0) as f64 * 1e7 / n;
        row.wall_ns = Some((little_ns * slower) as u64 + u64::from(planned.block) * 50_000);
    });
    let all = Sweep::all(&recording, &Analysis::of(&recording));
    let [sweep] = all.as_slice() else { panic!("{all:?}") };
    assert_eq!(sweep.points.len(), 8);
    assert!(sweep.points.iter().all(|p| recording.plan.cells[p.cell].scenario == 1));
    assert_eq!(sweep.left_out.len(), 8);
    let law = sweep.law.as_ref().expect("a law");
    let Peak::Within { concurrency, .. } = &law.peak else { panic!("{law:?}") };
    assert!((concurrency.value - 25.0).abs() < 1.0, "{concurrency:?}");
}
