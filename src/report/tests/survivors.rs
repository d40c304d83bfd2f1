//! Nothing that a report says favours a cell because something of it failed.

use proptest::prelude::{Just, ProptestConfig, Strategy, prop, prop_assert, prop_oneof, proptest};

use super::{
    Analysis, Claim, Experiment, Factor, Metric, Over, Selector, TrialRow, experiment, recording,
    strategy,
};
use crate::analyse::{ClaimFinding, Verdict};
use crate::record::Status;
use crate::report::facts::Facts;
use crate::report::standing::Standing;

const BLOCKS: u32 = 9;

/// Two strategies and a baseline; every claim is one that better numbers of `quick` would hold.
fn claimed() -> Experiment {
    let strategies = vec![
        strategy("sync", "sequential", None),
        strategy("quick", "async-semaphore", Some(10)),
        strategy("other", "async-semaphore", Some(9)),
    ];
    let mut experiment = experiment(strategies, BLOCKS);
    let of = |label: &str| Selector { terms: vec![(Factor::Label, vec![label.to_owned()])] };
    let claim = |metric: Metric, over: Over, at_least: Option<f64>, at_most: Option<f64>| Claim {
        text: "a claim".to_owned(),
        metric,
        of: of("quick"),
        over,
        than: None,
        at_least,
        at_most,
    };
    experiment.claims = vec![
        claim(Metric::Wall, Over::One, None, Some(130e6)),
        claim(Metric::Wall, Over::Ideal, None, Some(1.2)),
        claim(Metric::Wall, Over::Cell(of("sync")), None, Some(0.2)),
        claim(Metric::Wall, Over::Cell(of("other")), None, Some(1.0)),
        claim(Metric::P99, Over::One, None, Some(11e6)),
        claim(Metric::Throughput, Over::One, Some(800.0), None),
        claim(Metric::Efficiency, Over::One, Some(0.8), None),
        claim(Metric::Errors, Over::One, None, Some(0.0)),
        claim(Metric::Errors, Over::Requests, None, Some(0.1)),
    ];
    experiment
}

/// Outcome of one trial.
#[derive(Debug, Clone, Copy)]
struct Fate {
    /// Wall time ÷ that of its schedule.
    slowness: f64,
    failed_requests: u64,
    status: Status,
    has_wall: bool,
    tells_failures: bool,
}

impl Fate {
    fn happen(self, row: &mut TrialRow) {
        row.wall_ns = row.wall_ns.map(|ns| (ns as f64 * self.slowness) as u64);
        row.latency_p99_ns = Some((10e6 * self.slowness) as u64);
        row.errors = Some(self.failed_requests).filter(|_| self.tells_failures);
        row.ok = row.issued.map(|n| n - self.failed_requests);
        if !self.has_wall {
            row.wall_ns = None;
        }
        row.set_status(self.status, "a reason");
    }
}

fn fate() -> impl Strategy<Value = Fate> {
    let rarely = |value: bool| prop_oneof![9 => Just(value), 1 => Just(!value)];
    let failed = prop_oneof![6 => Just(0), 1 => Just(1), 1 => 0..=100_u64];
    let status = prop_oneof![
        9 => Just(Status::Ok),
        1 => Just(Status::Failed),
        1 => Just(Status::Invalid),
        1 => Just(Status::Skipped),
    ];
    (1.0..1.5_f64, failed, status, rarely(true), rarely(true)).prop_map(
        |(slowness, failed_requests, status, has_wall, tells_failures)| Fate {
            slowness,
            failed_requests,
            status,
            has_wall,
            tells_failures,
        },
    )
}

/// Trials of which most are sound, so that there is something to lose.
fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let sound = (1.0..1.2_f64).prop_map(|slowness| Fate {
        slowness,
        failed_requests: 0,
        status: Status::Ok,
        has_wall: true,
        tells_failures: true,
    });
    let trial = prop_oneof![12 => sound, 1 => fate()];
    prop::collection::vec(trial, BLOCKS as usize)
}

/// A way in which a trial can go wrong after the fact.
#[derive(Debug, Clone, Copy)]
enum Mishap {
    Fails,
    LosesRequests(u64),
    LosesItsWall,
    IsInvalid,
}

impl Mishap {
    fn strike(self, fate: &mut Fate) {
        match self {
            Mishap::Fails => fate.status = Status::Failed,
            Mishap::LosesRequests(n) => fate.failed_requests = (fate.failed_requests + n).min(100),
            Mishap::LosesItsWall => fate.has_wall = false,
            Mishap::IsInvalid if fate.status == Status::Ok => fate.status = Status::Invalid,
            Mishap::IsInvalid => {}
        }
    }
}

fn mishap() -> impl Strategy<Value = Mishap> {
    prop_oneof![
        Just(Mishap::Fails),
        (1..=100_u64).prop_map(Mishap::LosesRequests),
        Just(Mishap::LosesItsWall),
        Just(Mishap::IsInvalid),
    ]
}

/// Every good word that the report has for `quick`, each by its name.
fn praise(quick: &[Fate], other: &[Fate]) -> Vec<String> {
    let recording = recording(claimed(), |_, planned, row| {
        let block = planned.block.saturating_sub(1) as usize;
        match row.label.as_str() {
            "quick" => quick[block].happen(row),
            "other" => other[block].happen(row),
            _ => row.latency_p99_ns = Some(1),
        }
    });
    let analysis = Analysis::of(&recording);
    let facts = Facts::new(&recording, &recording, &analysis);
    let cell = facts.cells_of(0).into_iter().find(|&c| facts.name(c).starts_with("quick"));
    let cell = cell.expect("the cell");
    let mut words: Vec<String> = analysis
        .claims
        .iter()
        .filter(|c| c.finding == ClaimFinding::Held)
        .map(|c| format!("claim {} held", c.claim))
        .collect();
    let over = analysis.cells[cell].over_baseline.as_ref().expect("a comparison");
    if let Ok(verdict @ (Verdict::Faster | Verdict::Equivalent)) = over.judged.verdict {
        words.push(format!("{verdict}"));
    }
    let standing = Standing::of(&facts, 0);
    if standing.fastest == Some(cell) {
        words.push("the fastest".to_owned());
        if standing.has_winner() {
            words.push("the winner".to_owned());
        }
    }
    if facts.is_ranked(cell) {
        words.push("named in titles".to_owned());
    }
    words
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Making a trial or a request fail never turns a finding from bad to good.
    #[test]
    fn a_failure_never_earns_a_good_word(
        quick in fates(), other in fates(), block in 0..BLOCKS as usize, mishap in mishap(),
    ) {
        let before = praise(&quick, &other);
        let mut worse = quick.clone();
        mishap.strike(&mut worse[block]);
        for word in praise(&worse, &other) {
            prop_assert!(before.contains(&word), "{word}: {before:?}, {mishap:?} of block {block}");
        }
    }
}

/// The law above has something to hold: sound trials earn every word.
#[test]
fn sound_trials_earn_every_good_word() {
    let sound = |slowness: f64| Fate {
        slowness,
        failed_requests: 0,
        status: Status::Ok,
        has_wall: true,
        tells_failures: true,
    };
    let (quick, other): (Vec<Fate>, Vec<Fate>) =
        (0..BLOCKS).map(|b| 1.0 + f64::from(b) / 1e3).map(|s| (sound(s), sound(s + 0.2))).unzip();
    let words = praise(&quick, &other);
    assert_eq!(words.len(), claimed().claims.len() + 4, "{words:?}");
}
