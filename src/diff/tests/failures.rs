//! Tests of failures: none is left out of a word, and none makes one better.

use proptest::prelude::*;

use super::{exit, four, recorded, scale, text, unchanged, with};
use crate::diff::{self, CellDiff, Contest, Diff, GateFinding, Options, Outcome, parse_gate};
use crate::exit::Exit;
use crate::record::{Recording, Status, TrialRow, synthetic};
use crate::spec::Metric;

/// `pool` fails like this in the first `blocks` of 12 blocks.
fn failing(day: u32, blocks: u32, status: Status) -> Recording {
    recorded(day, four(), move |planned, row| {
        if row.label == "pool" && (1..=blocks).contains(&planned.block) {
            fail(row, status);
        }
    })
}

fn fail(row: &mut TrialRow, status: Status) {
    row.set_status(status, "the client was killed by signal 9");
    (row.wall_ns, row.ok, row.errors) = (None, None, None);
}

fn pool(diff: &Diff) -> &CellDiff {
    diff.cells.iter().find(|cell| cell.name == "pool").expect("a common cell")
}

fn gated(base: &Recording, new: &Recording, gate: &str) -> Diff {
    let gates = vec![parse_gate(gate).expect("a gate")];
    with(base, new, &Options { gates, ..Options::default() })
}

/// The word for `pool`, its gate, and how the program ends.
fn judged(base: &Recording, new: &Recording, gate: &str) -> (Outcome, GateFinding, Exit) {
    let diff = gated(base, new, gate);
    let row = diff
        .cells
        .iter()
        .find(|cell| cell.name == "pool" && cell.metric == diff.gates[0].gate.metric);
    (row.expect("a row").outcome, diff.gates[0].finding, exit(&diff, false))
}

#[test]
fn a_build_that_crashes_is_not_equivalent() {
    use GateFinding::{Failed, Undecided};
    for status in [Status::Failed, Status::Invalid] {
        let of = |base, new| {
            judged(&failing(1, base, status), &failing(2, new, status), "wall=5%:label=pool")
        };
        assert_eq!(of(0, 7), (Outcome::NewlyFailing, Failed, Exit::Worse));
        assert_eq!(of(2, 12), (Outcome::FailingMoreOften, Failed, Exit::Worse));
        assert_eq!(of(0, 2), (Outcome::Inconclusive, Undecided, Exit::Fine));
        // As many, or fewer, is not worse. What the lost ones would have taken is unknown.
        assert_eq!(of(7, 7), (Outcome::Inconclusive, Undecided, Exit::Fine));
        assert_eq!(of(7, 0), (Outcome::Inconclusive, Undecided, Exit::Fine));
        // One of twelve cannot move the interval of the others far.
        assert_eq!(of(1, 0), (Outcome::Equivalent, GateFinding::Passed, Exit::Fine));
    }
    let diff = gated(&failing(1, 0, Status::Failed), &failing(2, 7, Status::Failed), "wall=5%");
    insta::assert_snapshot!("crashing_text", text(&diff, false));
    let diff = gated(&failing(1, 0, Status::Failed), &failing(2, 2, Status::Failed), "wall=5%");
    insta::assert_snapshot!("crashing_twice_text", text(&diff, false));
    assert_eq!(exit(&diff, true), Exit::Inconclusive);
}

/// The slowest half of the trials of a slower build meet a deadline.
#[test]
fn a_deadline_does_not_make_a_slower_build_equivalent() {
    let base = recorded(1, four(), unchanged);
    for deadline in [1.1, 1.2, 1.3, 1.4, 1.5, 2.0] {
        let new = recorded(2, four(), |planned, row| {
            if row.label == "pool" {
                let factor = 1.0 + f64::from((planned.block * 5) % 12) / 12.0;
                scale(row, factor);
                if factor > deadline {
                    fail(row, Status::Failed);
                }
            }
        });
        let (word, gate, end) = judged(&base, &new, "wall=5%:label=pool");
        assert!(!word.is_good() && gate != GateFinding::Passed, "{deadline}: {word:?}");
        assert_eq!((gate, end), (GateFinding::Failed, Exit::Worse), "{deadline}");
    }
}

#[test]
fn a_slow_build_that_fails_as_well_stays_slower() {
    let base = recorded(1, four(), unchanged);
    for lost in 0..12 {
        let new = recorded(2, four(), |planned, row| {
            if row.label == "pool" {
                scale(row, 1.5);
                if planned.block <= lost {
                    fail(row, Status::Failed);
                }
            }
        });
        let (word, gate, end) = judged(&base, &new, "wall=5%");
        assert!(word.is_bad(), "{lost}: {word:?}");
        assert_eq!((gate, end), (GateFinding::Failed, Exit::Worse), "{lost}");
    }
}

#[test]
fn trials_of_two_builds_are_compared_by_block() {
    let run = |lost: u32| {
        let run = synthetic::recording_of_builds(four(), &["base", "new"], |_, planned, row| {
            let noise = f64::from((planned.block * 7 + planned.position * 3) % 11) / 2_000.0;
            scale(row, 1.0 + noise);
            if row.build == "new" && row.label == "pool" && (1..=lost).contains(&planned.block) {
                fail(row, Status::Failed);
            }
        });
        diff::compare(&Contest::by_build(&run).expect("two builds"), &Options::default()).remove(0)
    };
    assert_eq!(pool(&run(0)).outcome, Outcome::Equivalent);
    assert_eq!(pool(&run(3)).outcome, Outcome::Inconclusive);
    // 2⁻⁸ of eight tests is 3.1 %.
    assert_eq!(pool(&run(7)).outcome, Outcome::Inconclusive);
    assert_eq!(pool(&run(8)).outcome, Outcome::NewlyFailing);
    assert_eq!(pool(&run(12)).outcome, Outcome::NewlyFailing);
}

/// Of 20 requests of `pool`, as many fail as `of_block` says.
fn losing(day: u32, of_block: impl Fn(u32) -> u64) -> Recording {
    recorded(day, four(), move |planned, row| {
        if row.label == "pool" {
            let lost = of_block(planned.block);
            (row.issued, row.ok, row.errors) = (Some(20), Some(20 - lost), Some(lost));
        }
    })
}

#[test]
fn shares_of_failed_requests_are_compared_by_trials() {
    use GateFinding::{Failed, NothingMeasured, Undecided};
    let of = |base: &dyn Fn(u32) -> u64, new: &dyn Fn(u32) -> u64| {
        judged(&losing(1, base), &losing(2, new), "wall=5%:label=pool")
    };
    let flaky = |block: u32| 4 + u64::from(block * 7 % 5);
    let other = |block: u32| 4 + u64::from(block * 3 % 5);
    assert_eq!(of(&flaky, &other), (Outcome::NotJudged, NothingMeasured, Exit::NotComparable));
    assert_eq!(of(&|_| 2, &|_| 8), (Outcome::FailingMoreOften, Failed, Exit::Worse));
    assert_eq!(of(&|_| 0, &|_| 1), (Outcome::NewlyFailing, Failed, Exit::Worse));
    assert_eq!(of(&|_| 8, &|_| 2), (Outcome::FailingLessOften, Undecided, Exit::Fine));
    assert_eq!(of(&|_| 8, &|_| 0), (Outcome::Fixed, Undecided, Exit::Fine));
    // A trial that lost all is one trial.
    let once = |block: u32| if block == 4 { 20 } else { 0 };
    assert_eq!(of(&|_| 0, &once), (Outcome::NotJudged, NothingMeasured, Exit::NotComparable));
    // Failures may come in bursts, which no shift of all trials describes.
    let bursts = |block: u32| if block.is_multiple_of(3) { 0 } else { 12 };
    assert_eq!(of(&|_| 0, &bursts), (Outcome::NewlyFailing, Failed, Exit::Worse));
}

#[test]
fn a_count_of_zero_is_a_number() {
    let counting = |day, of_block: fn(u32) -> u64| {
        recorded(day, four(), move |planned, row| {
            if row.label == "pool" {
                row.listen_overflows = Some(of_block(planned.block));
            }
        })
    };
    let of =
        |base, new| judged(&counting(1, base), &counting(2, new), "listen-overflows=5%:label=pool");
    use GateFinding::{Failed, Passed, Undecided};
    assert_eq!(of(|_| 0, |_| 7), (Outcome::Slower, Failed, Exit::Worse));
    assert_eq!(of(|_| 7, |_| 0), (Outcome::Faster, Passed, Exit::Fine));
    assert_eq!(of(|_| 0, |_| 0), (Outcome::Equivalent, Passed, Exit::Fine));
    let rarely = |block| u64::from(block % 6 == 0);
    assert_eq!(of(|_| 0, rarely), (Outcome::Inconclusive, Undecided, Exit::Fine));
    let mostly = |block| if block % 6 == 0 { 0 } else { 7 };
    assert_eq!(of(|_| 0, mostly), (Outcome::Slower, Failed, Exit::Worse));
    let metrics = vec![Metric::ListenOverflows];
    let options = Options { metrics, ..Options::default() };
    let diff = with(&counting(1, |_| 0), &counting(2, |_| 7), &options);
    insta::assert_snapshot!("zero_count_text", text(&diff, false));
}

#[test]
fn a_control_that_counts_as_much_takes_the_word_away() {
    let counting = |day, of: u64| {
        recorded(day, four(), move |_, row| {
            row.listen_overflows = Some(match (row.label.as_str(), row.replica.as_str()) {
                ("pool", _) => of,
                (_, "b") => 9,
                _ => 0,
            });
        })
    };
    let judged = judged(&counting(1, 0), &counting(2, 7), "listen-overflows=5%:label=pool");
    assert_eq!(judged, (Outcome::Inconclusive, GateFinding::Undecided, Exit::Fine));
}

#[test]
fn a_count_of_zero_is_compared_by_block_too() {
    let run = synthetic::recording_of_builds(four(), &["base", "new"], |_, _, row| {
        let counts = row.build == "new" && row.label == "pool";
        row.listen_overflows = Some(if counts { 7 } else { 0 });
    });
    let contests = Contest::by_build(&run).expect("two builds");
    let metrics = vec![Metric::ListenOverflows];
    let diff = diff::compare(&contests, &Options { metrics, ..Options::default() }).remove(0);
    assert_eq!(pool(&diff).outcome, Outcome::Slower);
    assert_eq!(diff.count(Outcome::Equivalent), 3);
}

/// A control that lost its trials is no proof of silence.
#[test]
fn an_unknown_noise_is_not_none() {
    let new = recorded(2, four(), |planned, row| {
        if row.replica == "b" && planned.block <= 6 {
            fail(row, Status::Failed);
        }
    });
    let (word, gate, end) = judged(&recorded(1, four(), unchanged), &new, "wall=5%");
    assert_eq!((word, gate, end), (Outcome::Inconclusive, GateFinding::Undecided, Exit::Fine));
}

/// Outcome of a trial of the new side, or of the base.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Fine,
    Slow(u64),
    Fast(u64),
    Lost(Status),
    Unknown,
    Counts(u64),
    Requests(u64),
}

fn fate() -> impl Strategy<Value = Fate> {
    prop_oneof![
        6 => Just(Fate::Fine),
        2 => (1..60_u64).prop_map(Fate::Slow),
        1 => (1..30_u64).prop_map(Fate::Fast),
        1 => prop_oneof![Just(Status::Failed), Just(Status::Invalid), Just(Status::Skipped)]
            .prop_map(Fate::Lost),
        1 => Just(Fate::Unknown),
        1 => (1..4_u64).prop_map(Fate::Counts),
        1 => (1..40_u64).prop_map(Fate::Requests),
    ]
}

const BLOCKS: usize = 8;

/// Fates of the trials of two cells and of the A/A twin, with a fate that most of them share.
fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let all = prop::collection::vec((fate(), 0..3_u8), 3 * BLOCKS);
    (all, fate(), fate(), fate()).prop_map(|(all, first, second, twin)| {
        let usual = [first, second, twin];
        let of = |(at, (own, dice))| if dice == 0 { own } else { usual[at % 3] };
        all.into_iter().enumerate().map(of).collect()
    })
}

fn with_fates(day: u32, fates: &[Fate]) -> Recording {
    let strategies = vec![
        synthetic::strategy("sync", "sequential", None),
        synthetic::strategy("pool", "thread-pool", Some(20)),
    ];
    let experiment = synthetic::experiment(strategies, BLOCKS as u32);
    recorded(day, experiment, |planned, row| {
        row.listen_overflows = Some(0);
        if planned.block == 0 {
            return;
        }
        let which = if row.replica == "b" { 2 } else { planned.cell };
        match fates[3 * (planned.block as usize - 1) + which] {
            Fate::Fine => {}
            Fate::Slow(percent) => scale(row, 1.0 + percent as f64 / 100.0),
            Fate::Fast(percent) => scale(row, 1.0 - percent as f64 / 100.0),
            Fate::Lost(status) => fail(row, status),
            Fate::Unknown => (row.wall_ns, row.listen_overflows) = (None, None),
            Fate::Counts(n) => row.listen_overflows = Some(n),
            Fate::Requests(n) => (row.ok, row.errors) = (Some(100 - n), Some(n)),
        }
    })
}

fn whole(base: &Recording, new: &Recording) -> Diff {
    let gates = ["wall=5%", "listen-overflows=5%", "wall=5%:label=pool", "errors=5%"];
    let gates = gates.map(|gate| parse_gate(gate).expect("a gate")).to_vec();
    with(base, new, &Options { gates, ..Options::default() })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Whatever failed before: one more failure of the new side makes nothing good that was bad, and
    /// nothing of the same cell that was open; so for gates, and for how the program ends.
    #[test]
    fn no_failure_makes_anything_better(
        base in fates(), new in fates(), at in 0..3 * BLOCKS, of_request: bool,
    ) {
        let base = with_fates(1, &base);
        let before = with_fates(2, &new);
        let mut after = before.clone();
        let (block, which) = (at as u32 / 3 + 1, at % 3);
        let names = ["sync", "pool", "the A/A twin"];
        let row = after.trials.iter_mut().find(|row| {
            let is_it = if which == 2 {
                row.replica == "b"
            } else {
                row.replica == "a" && row.label == names[which]
            };
            row.block == block && is_it
        });
        let row = row.expect("a trial");
        if !row.is_ok() {
            return Ok(());
        }
        if of_request {
            row.errors = row.errors.map(|n| n + 1);
            row.ok = row.ok.map(|n| n - 1);
        } else {
            fail(row, Status::Failed);
        }
        let (before, after) = (whole(&base, &before), whole(&base, &after));
        for cell in &after.cells {
            let was = before.cells.iter().find(|c| c.plan == cell.plan && c.metric == cell.metric);
            let was = was.expect("the same row");
            prop_assert!(!(was.outcome.is_bad() && cell.outcome.is_good()), "{was:?} {cell:?}");
            // More failures of fewer than in the base may be as many.
            let counts_failures = cell.metric == Metric::Errors && of_request;
            if cell.name == names[which] && !counts_failures {
                prop_assert!(was.outcome.is_good() || !cell.outcome.is_good(), "{was:?} {cell:?}");
            }
        }
        for (was, is) in before.gates.iter().zip(&after.gates) {
            let open = was.finding != GateFinding::Passed;
            let counts_failures = is.gate.metric == Metric::Errors && of_request;
            if was.finding == GateFinding::Failed || (open && !counts_failures) {
                prop_assert_ne!(is.finding, GateFinding::Passed);
            }
        }
        if !of_request && exit(&before, true) != Exit::Fine {
            prop_assert_ne!(exit(&after, true), Exit::Fine);
        }
    }
}
