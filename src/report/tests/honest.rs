//! The answer says no more than the record does.

use super::*;
use crate::record::Status;
use crate::spec::Until;

fn three(blocks: u32) -> Experiment {
    experiment(
        vec![
            strategy("sync", "sequential", None),
            strategy("gather", "async-all", None),
            strategy("buffered", "async-buffered", Some(100)),
        ],
        blocks,
    )
}

#[test]
fn cells_that_are_equal_have_no_winner() {
    let (_dir, recording) = on_a_disk(recording(three(12), |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.05 + 0.003 * wobble(planned, 7));
    }));
    let answer = answer(&recording);
    assert!(
        answer.contains("complete 100 requests equally fast (within the margin of 2 %)"),
        "{answer}"
    );
    assert!(answer.contains("`gather`") && answer.contains("`buffered`"), "{answer}");
    assert!(answer.contains("times as fast as `sync`"), "{answer}");
    let page = page(&recording);
    assert!(page.contains("![buffered and gather finish 100 times sooner than sync"), "{page}");
}

#[test]
fn cells_that_noise_hides_have_no_winner() {
    let recording = recording(three(8), |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.3 + 0.25 * wobble(planned, 3));
    });
    let answer = answer(&recording);
    assert!(answer.contains("has the shortest median"), "{answer}");
    assert!(
        answer.contains("is not shown to differ from it by more than the margin or the noise"),
        "{answer}"
    );
    assert!(!answer.contains("equally fast"), "{answer}");
}

#[test]
fn one_block_ranks_nothing() {
    let answer = answer(&recording(three(1), |_, _, _| {}));
    assert!(answer.contains("whether that is more than noise is not known"), "{answer}");
    assert!(answer.contains("needs at least 6 blocks, has 1"), "{answer}");
    assert!(!answer.contains("times as fast"), "{answer}");
}

#[test]
fn a_time_of_fewer_answers_does_not_win() {
    let recording = recording(three(12), |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.05 + 0.001 * wobble(planned, 7));
        if row.label == "gather" {
            row.wall_ns = scaled(row.wall_ns, 0.5);
            row.ok = Some(10);
            row.errors = Some(90);
            row.error_classes = "emfile:90".parse().expect("classes");
        }
    });
    let answer = answer(&recording);
    assert!(answer.starts_with("`buffered` is the fastest: 10.5 ms, 100 times"), "{answer}");
    assert!(answer.contains("One did less work"), "{answer}");
    assert!(
        answer.contains(
            "Not ranked, because less work was done: `gather` (90 % of requests failed: emfile)."
        ),
        "{answer}"
    );
    assert!(page(&recording).contains("emfile 1,080"));
}

#[test]
fn nothing_is_faster_than_a_baseline_that_wins() {
    let mut experiment = three(12);
    experiment.baseline = Some(of("gather"));
    let (_dir, recording) = on_a_disk(recording(experiment, |_, planned, row| {
        let slower = if row.label == "buffered" { 1.4 } else { 1.0 };
        row.wall_ns = scaled(row.wall_ns, slower * (1.05 + 0.001 * wobble(planned, 7)));
    }));
    let answer = answer(&recording);
    assert!(answer.starts_with("`gather` is the fastest: 10.5 ms; next comes"), "{answer}");
    assert!(answer.contains("itself the baseline"), "{answer}");
    assert!(page(&recording).contains("Nothing is faster than gather, the baseline"));
}

#[test]
fn a_noisy_control_takes_equivalence_away() {
    let recording = recording(three(12), |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.3 + 0.2 * wobble(planned, 11));
    });
    assert!(page(&recording).contains("no verdict says *equivalent*"));
}

/// A recording that its rule ended after 9 of at most 12 blocks, and whose events are these.
fn ruled(events: &[Happening]) -> Recording {
    let mut experiment = three(12);
    experiment.blocks.until = Some(Until { half_width: 0.02, min: 8, max: 12 });
    let mut recording = recording(experiment, |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.0 + 0.004 * wobble(planned, 7));
    });
    recording.trials.retain(|t| t.block <= 9);
    recording.all_trials.clone_from(&recording.trials);
    recording.manifest.events =
        events.iter().map(|&what| Event { what, at_unix_ms: 1_767_225_600_000 }).collect();
    recording
}

#[test]
fn blocks_that_a_rule_left_out_are_not_missing() {
    let recording = ruled(&[Happening::Started, Happening::NarrowEnough]);
    let page = page(&recording);
    let said = "9 of 9 planned blocks are complete. Trials of the A/A control are counted here. The \
                run ended by its rule after 9 of at most 12 blocks: every interval that a verdict \
                rests on is within ±2 % (the widest is ±";
    assert!(page.contains(said), "{page}");
    assert!(page.contains("narrow enough 2026-01-01"), "{page}");
    for word in ["incomplete", "interrupted", "not (wholly) recorded"] {
        assert!(!page.contains(word), "{word}: {page}");
    }
    assert!(!answer(&recording).contains("incomplete"));
}

#[test]
fn a_rule_that_has_not_ended_a_run_is_told() {
    let cut = ruled(&[Happening::Started, Happening::Interrupted]);
    let first =
        "The recording is incomplete: it holds 9 of at most 12 planned blocks and was interrupted.";
    assert!(answer(&cut).starts_with(first), "{}", answer(&cut));
    assert!(page(&cut).contains("The run goes on until every interval"), "{}", page(&cut));
    let whole = recording(ruled(&[]).plan.experiment, |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.3 + 0.2 * wobble(planned, 11));
    });
    let (_dir, whole) = on_a_disk(whole);
    let page = page(&whole);
    assert!(page.contains("The run went on to block 12, the last that its rule allows"), "{page}");
}

#[test]
fn a_lost_trial_widens_the_intervals_of_its_cell_at_the_same_level() {
    let slow = |planned: &PlannedTrial, row: &mut TrialRow| {
        row.wall_ns = scaled(row.wall_ns, 1.3 + 0.2 * wobble(planned, 11));
    };
    let whole = page(&recording(three(12), |_, planned, row| slow(planned, row)));
    let once = "in brackets the 95 % interval (wall: exactly 96.1 %; ratio: exactly 95.8 %; \
                latency: exactly 96.1 %)";
    assert!(whole.contains(once), "{whole}");
    let torn = page(&recording(three(12), |_, planned, row| {
        slow(planned, row);
        if planned.block == 3 && row.label == "gather" {
            row.set_status(Status::Invalid, "the server was late");
        }
    }));
    assert!(torn.contains(once), "{torn}");
    let row = |page: &str, name: &str| {
        let line =
            page.lines().find(|l| l.starts_with(&format!("| `{name}`")) && l.contains("ms ("));
        let line = line.expect("a row of the table of times");
        line.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(row(&torn, "buffered"), row(&whole, "buffered"));
    // From the 3rd to the 10th of twelve; of eleven from the 2nd to the 10th.
    assert!(row(&whole, "gather").contains("14.0 ms (12.5 to 14.4 ms)"), "{whole}");
    assert!(row(&torn, "gather").contains("(A/A, 1 of 12 trials invalid)"), "{torn}");
    assert!(row(&torn, "gather").contains("14.2 ms (12.0 to 14.6 ms)"), "{torn}");
}

#[test]
fn disturbances_of_the_machine_come_before_those_of_cells() {
    let mut recording = recording(three(12), |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.05 + 0.003 * wobble(planned, 7));
        if planned.block == 5 && row.label == "sync" {
            row.wall_ns = scaled(row.wall_ns, 1.5);
        }
    });
    finished(&mut recording);
    recording.env[6].steal_percent = Some(12.0);
    let machine = "he hypervisor took up to 12.0 % of the CPU time for others (block 5): use a \
                   machine of its own, or measure at another time";
    let cell = "block 5 lies far from the others: look there for load and steal";
    let warnings = super::super::warnings(&recording, &Analysis::of(&recording));
    assert_eq!(warnings, [format!("t{machine}"), format!("sync: {cell}")]);
    let list = format!("- T{machine}.\n- `sync`: {cell}.");
    assert!(page(&recording).contains(&list), "{}", page(&recording));
    recording.env[6].steal_percent = None;
    assert_eq!(super::super::warnings(&recording, &Analysis::of(&recording)).len(), 1);
}

#[test]
fn what_is_missing_is_said_first() {
    let mut recording = recording(three(12), |_, planned, row| {
        if planned.block == 2 && row.label == "sync" {
            row.set_status(Status::Invalid, "the server got 7 requests instead of 100");
        }
        if planned.block == 3 && row.label == "sync" {
            row.set_status(Status::Failed, "client: killed at its deadline");
        }
    });
    recording.trials.retain(|t| t.block < 9);
    recording.manifest.events = vec![Event { what: Happening::Interrupted, at_unix_ms: 0 }];
    let answer = answer(&recording);
    let first = "The recording is incomplete: it holds 8 of 12 planned blocks and was interrupted.";
    assert!(answer.starts_with(first), "{answer}");
    assert!(answer.contains("1 failed and 1 measured something else"), "{answer}");
    let page = page(&recording);
    assert!(page.contains("the server got 7 requests instead of 100"));
    assert!(page.contains("12 trials of interrupted") || page.contains("interrupted or repeated"));
}

#[test]
fn the_cheapest_of_the_fastest_is_recommended() {
    let equal = |cpu_of_gather: f64, failing: bool| {
        let recording = recording(three(12), move |_, planned, row| {
            row.wall_ns = scaled(row.wall_ns, 1.05 + 0.003 * wobble(planned, 7));
            if row.label == "gather" {
                row.client_cpu_user_ns = scaled(row.client_cpu_user_ns, cpu_of_gather);
                row.client_cpu_sys_ns = scaled(row.client_cpu_sys_ns, cpu_of_gather);
                if failing {
                    (row.ok, row.errors) = (Some(90), Some(10));
                    row.error_classes = "reset:10".parse().expect("classes");
                }
            }
        });
        answer(&recording)
    };
    let cheap = equal(0.5, false);
    assert!(cheap.contains("Use `gather`: the cheapest of 2 that are equally fast"), "{cheap}");
    let dear = equal(2.0, false);
    assert!(dear.contains("Use `buffered`: the cheapest of 2"), "{dear}");
    // What failed is never recommended, however cheap.
    let failing = equal(0.5, true);
    assert!(failing.contains("Use `buffered`: it is the fastest"), "{failing}");
}

#[test]
fn nothing_is_recommended_that_is_not_known() {
    let noisy = recording(three(8), |_, planned, row| {
        row.wall_ns = scaled(row.wall_ns, 1.3 + 0.25 * wobble(planned, 3));
    });
    let noisy = answer(&noisy);
    assert!(noisy.contains("No recommendation: 1 other may be as fast"), "{noisy}");
    let few = answer(&recording(three(1), |_, _, _| {}));
    assert!(few.contains("No recommendation: there are too few blocks"), "{few}");
    let failed = recording(three(12), |_, _, row| {
        (row.ok, row.errors) = (Some(90), Some(10));
        row.error_classes = "reset:10".parse().expect("classes");
    });
    let failed = answer(&failed);
    assert!(failed.contains("No recommendation: nothing did all of its work"), "{failed}");
}

#[test]
fn a_cell_that_loses_its_trials_decides_for_no_other() {
    let losing = |status: Option<Status>| {
        let recording = recording(three(12), move |_, planned, row| {
            row.wall_ns = scaled(row.wall_ns, 1.05 + 0.003 * wobble(planned, 7));
            if let (Some(status), "buffered") = (status, row.label.as_str()) {
                row.set_status(status, "it is gone");
            }
        });
        answer(&recording)
    };
    assert!(losing(None).contains("Use `gather`") || losing(None).contains("Use `buffered`"));
    for status in [Status::Failed, Status::Invalid, Status::Skipped] {
        let answer = losing(Some(status));
        assert!(answer.contains("No recommendation: 1 cell lost trials"), "{status:?}: {answer}");
        assert!(answer.contains("One has no time."), "{status:?}: {answer}");
    }
}
