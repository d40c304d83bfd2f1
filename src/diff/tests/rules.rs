//! Tests of which cells are compared, and of what keeps them from a word.

use super::{exit, four, of, outcomes, recorded, scale, text, unchanged, with as compared};
use crate::analyse::{Doubt, Side};
use crate::diff::{Diff, Effect, MarginSource, Options, Source};
use crate::exit::Exit;
use crate::record::{Patch, Patched, Recording, Status, synthetic};

fn effect(diff: &Diff, what: &str) -> Effect {
    let condition = diff.conditions.iter().find(|c| c.what == what);
    condition.unwrap_or_else(|| panic!("no condition {what}")).effect
}

/// Two equal recordings, after `change` of the new one.
fn after(change: impl FnOnce(&mut Recording)) -> Diff {
    let mut new = recorded(2, four(), unchanged);
    change(&mut new);
    of(&recorded(1, four(), unchanged), &new)
}

#[test]
fn what_differs_is_noted_or_breaks() {
    type Change = fn(&mut Recording);
    let cases: [(&str, Effect, Change); 18] = [
        ("machine", Effect::Noted, |r| r.manifest.machine.push('x')),
        ("profile", Effect::Breaks, |r| r.manifest.build.profile = "debug".to_owned()),
        ("format", Effect::Breaks, |r| r.manifest.format += 1),
        ("kernel", Effect::Noted, |r| r.manifest.kernel.push('x')),
        ("server CPUs", Effect::Noted, |r| r.manifest.server_cpus.clear()),
        ("client CPUs", Effect::Noted, |r| r.manifest.client_cpus.push(7)),
        ("open files", Effect::Noted, |r| r.manifest.nofile = None),
        ("version", Effect::Noted, |r| r.manifest.build.version.push('1')),
        ("rustc", Effect::Noted, |r| r.manifest.build.rustc.push('1')),
        ("Cargo.lock", Effect::Noted, |r| r.manifest.build.lock.push('1')),
        ("experiment", Effect::Noted, |r| r.manifest.experiment.push('x')),
        ("--set", Effect::Noted, |r| r.manifest.overrides.push("seed=2".to_owned())),
        ("--only", Effect::Noted, |r| r.manifest.only.push("label=x".to_owned())),
        ("state", Effect::Noted, |r| r.manifest.events.clear()),
        ("margin", Effect::Noted, |r| r.plan.experiment.margin = 0.05),
        ("round trips by", Effect::Noted, |r| held_by(r, "netem")),
        ("patched crates", Effect::Noted, |r| r.manifest.build.patched = patched("1")),
        ("sampler's CPU", Effect::Noted, |r| {
            r.trials.iter_mut().for_each(|row| row.client_sampler_cpu_ns = Some(1));
        }),
    ];
    for (what, expected, change) in cases {
        let diff = after(change);
        assert_eq!(effect(&diff, what), expected, "{what}");
        assert_eq!(diff.is_comparable(), expected != Effect::Breaks, "{what}");
        assert_eq!(diff.cells.iter().all(|c| c.judged.is_some()), diff.is_judged(), "{what}");
        assert_eq!(diff.is_judged(), diff.is_comparable(), "{what}");
        // Here the commit always differs, and no self-check is recorded.
        let always = ["commit", "server timer", what];
        let others = diff.conditions.iter().filter(|c| !always.contains(&c.what));
        assert!(others.into_iter().all(|c| c.effect == Effect::Same), "{what}");
    }
    assert_eq!(effect(&after(|_| {}), "commit"), Effect::Noted);
}

fn patched(commit: &str) -> Option<Patched> {
    let name = "ureq".to_owned();
    let (version, commit) = ("3.5.1".to_owned(), Some(commit.repeat(40)));
    Some(Patched { crates: vec![Patch { name, version, commit, dirty: None }], lock: Vec::new() })
}

#[test]
fn patched_crates_are_named_where_there_are_any() {
    let of_builds = |base: Option<Patched>, new: Option<Patched>| {
        let mut sides = [recorded(1, four(), unchanged), recorded(2, four(), unchanged)];
        sides[0].manifest.build.patched = base;
        sides[1].manifest.build.patched = new;
        let diff = of(&sides[0], &sides[1]);
        let mut all = diff.conditions.into_iter().filter(|c| c.what == "patched crates");
        all.next().map(|c| (c.base, c.new, c.effect))
    };
    let named = |commit: &str| format!("ureq@{} (3.5.1)", commit.repeat(8));
    let one_side = of_builds(None, patched("1"));
    assert_eq!(one_side, Some(("none".to_owned(), named("1"), Effect::Noted)));
    let two = of_builds(patched("1"), patched("2"));
    assert_eq!(two, Some((named("1"), named("2"), Effect::Noted)));
    let alike = of_builds(patched("1"), patched("1"));
    assert_eq!(alike, Some((named("1"), named("1"), Effect::Same)));
    assert_eq!(of_builds(None, None), None);
}

fn held_by(recording: &mut Recording, kind: &str) {
    recording.trials.iter_mut().for_each(|row| row.rtt_kind = kind.to_owned());
}

#[test]
fn round_trips_of_two_kinds_are_noted_and_of_one_kind_the_same() {
    let of_kinds = |base: &str, new: &str| {
        let mut sides = [recorded(1, four(), unchanged), recorded(2, four(), unchanged)];
        held_by(&mut sides[0], base);
        held_by(&mut sides[1], new);
        of(&sides[0], &sides[1])
    };
    assert_eq!(effect(&of_kinds("tun", "netem"), "round trips by"), Effect::Noted);
    assert_eq!(effect(&of_kinds("netem", "netem"), "round trips by"), Effect::Same);
    let on_loopback = of_kinds("", "");
    assert!(on_loopback.conditions.iter().all(|c| c.what != "round trips by"));
}

#[test]
fn what_is_unknown_twice_is_not_the_same() {
    let unknown = |day| {
        let mut recording = recorded(day, four(), unchanged);
        recording.manifest.build.commit = None;
        recording.manifest.events.clear();
        recording
    };
    let diff = of(&unknown(1), &unknown(2));
    assert_eq!(effect(&diff, "commit"), Effect::Noted);
    assert_eq!(effect(&diff, "state"), Effect::Noted);
}

#[test]
fn the_same_commit_with_other_changes_is_noted() {
    let dirty = |day, digest: &str| {
        let mut recording = recorded(day, four(), unchanged);
        recording.manifest.build.commit = Some("0".repeat(40));
        recording.manifest.build.dirty = Some(digest.to_owned());
        recording
    };
    assert_eq!(effect(&of(&dirty(1, "aa"), &dirty(2, "aa")), "commit"), Effect::Same);
    assert_eq!(effect(&of(&dirty(1, "aa"), &dirty(2, "bb")), "commit"), Effect::Noted);
}

#[test]
fn without_a_common_cell_nothing_is_compared() {
    let only = |day, label: &str| {
        let mut experiment = four();
        experiment.strategies.retain(|s| s.label == label);
        recorded(day, experiment, unchanged)
    };
    let diff = of(&only(1, "sync"), &only(2, "async"));
    assert_eq!(effect(&diff, "cells"), Effect::Breaks);
    assert_eq!((diff.only_in_base.len(), diff.only_in_new.len()), (1, 1));
    assert_eq!(exit(&diff, false), Exit::NotComparable);
}

#[test]
fn without_a_measurement_nothing_is_compared() {
    let mut new = recorded(2, four(), unchanged);
    new.trials.clear();
    let diff = of(&recorded(1, four(), unchanged), &new);
    assert!(outcomes(&diff).iter().all(|o| o.ends_with("not measured")));
    assert_eq!(exit(&diff, false), Exit::NotComparable);
}

#[test]
fn a_cell_that_vanished_is_fine_unless_strict() {
    let mut fewer = four();
    fewer.strategies.pop();
    let diff = of(&recorded(1, four(), unchanged), &recorded(2, fewer.clone(), unchanged));
    assert_eq!((exit(&diff, false), exit(&diff, true)), (Exit::Fine, Exit::Inconclusive));
    let diff = of(&recorded(1, fewer, unchanged), &recorded(2, four(), unchanged));
    assert_eq!((exit(&diff, false), exit(&diff, true)), (Exit::Fine, Exit::Fine));
}

#[test]
fn labels_do_not_tell_cells_apart() {
    let mut renamed = four();
    renamed.strategies[1] = synthetic::strategy("old threads", "threads", Some(10));
    let diff = of(&recorded(1, renamed, unchanged), &recorded(2, four(), unchanged));
    assert_eq!((diff.cells.len(), diff.only_in_base.len()), (4, 0));
}

#[test]
fn the_margin_is_the_larger_one_unless_asked_for() {
    let with = |day, margin| {
        let mut experiment = four();
        experiment.margin = margin;
        recorded(day, experiment, unchanged)
    };
    for (base, new) in [(0.02, 0.05), (0.05, 0.02)] {
        let diff = of(&with(1, base), &with(2, new));
        assert_eq!(
            (diff.margins[0].1.relative(), diff.margin_source),
            (0.05, MarginSource::Larger)
        );
    }
    let options = |margin| Options { margin: Some(margin), ..Options::default() };
    let diff = compared(&with(1, 0.02), &with(2, 0.05), &options(0.01));
    assert_eq!((diff.margins[0].1.relative(), diff.margin_source), (0.01, MarginSource::Option));
    let diff = compared(&with(1, 0.02), &with(2, 0.02), &options(-1.0));
    assert_eq!(diff.margin_source, MarginSource::Experiment);
}

#[test]
fn the_worse_control_counts_and_for_its_own_scenario_only() {
    let two = |day, noisy: Option<u32>| {
        let mut experiment = four();
        experiment.scenarios.push(experiment.scenarios[0].clone());
        experiment.scenarios[1].requests = 200;
        recorded(day, experiment, move |_, row| {
            if row.label == "threads" && day == 2 {
                scale(row, 1.10);
            }
            if row.replica == "b" && noisy == Some(row.requests.parse().expect("a number")) {
                scale(row, 1.20);
            }
        })
    };
    for (base, new, side) in [(Some(200), None, Side::Base), (None, Some(200), Side::New)] {
        let diff = of(&two(1, base), &two(2, new));
        let slower: Vec<&str> = diff
            .cells
            .iter()
            .filter(|c| c.outcome.name() == "slower")
            .map(|c| c.scenario.as_str())
            .collect();
        assert_eq!(slower, ["100 requests"]);
        let held = diff.cells.iter().find(|c| c.name == "threads" && c.scenario == "200 requests");
        let held = held.expect("the other one");
        let noise = held.noise.expect("a control");
        assert_eq!((noise.source, noise.side), (Source::Control, side));
        assert_eq!(held.judged.as_ref().and_then(|j| j.doubt.clone()), Some(Doubt::Noise));
    }
}

#[test]
fn a_cell_that_drifts_within_a_recording_is_not_called_slower() {
    let drifting = |day: u32| {
        recorded(day, four(), move |planned, row| {
            if row.label == "threads" {
                let blocks = f64::from((day - 1) * 12 + planned.block);
                scale(row, 1.0 + blocks * 0.01);
            }
        })
    };
    let diff = of(&drifting(1), &drifting(2));
    let threads = diff.cells.iter().find(|c| c.name == "threads").expect("a common cell");
    assert_eq!(threads.outcome.name(), "inconclusive");
    assert_eq!(threads.noise.expect("drift").source, Source::Drift);
    assert!(threads.ratio.as_ref().expect("a ratio").ratio.value > 1.10);
}

#[test]
fn lost_requests_are_not_speed() {
    let losing = |day, lost: u64| {
        recorded(day, four(), move |_, row| {
            if row.label == "pool" {
                (row.ok, row.errors) = (Some(100 - lost), Some(lost));
                scale(row, 1.0 - lost as f64 / 100.0);
            }
        })
    };
    let word = |base, new| {
        let diff = of(&losing(1, base), &losing(2, new));
        let pool = diff.cells.iter().find(|c| c.name == "pool").expect("a common cell");
        (pool.outcome.name(), exit(&diff, false))
    };
    assert_eq!(word(0, 40), ("newly failing", Exit::Worse));
    assert_eq!(word(40, 0), ("fixed", Exit::Fine));
    // As many on both sides is not worse; what their times would be for all requests is unknown.
    assert_eq!(word(40, 40), ("not judged", Exit::Fine));

    // Nor is what the base never tried newly failing.
    let mut base = recorded(1, four(), unchanged);
    let new = recorded(2, four(), |_, row| row.errors = Some(40));
    base.trials.clear();
    assert!(outcomes(&of(&base, &new)).iter().all(|o| o.ends_with("not measured")));
}

#[test]
fn a_failed_trial_is_told_and_keeps_the_rest_from_being_equivalent() {
    let base = recorded(1, four(), unchanged);
    let new = recorded(2, four(), |planned, row| {
        if row.label == "pool" && planned.block == 4 {
            row.set_status(Status::Failed, "a reason");
        }
    });
    let diff = of(&base, &new);
    let pool = diff.cells.iter().find(|c| c.name == "pool").expect("a common cell");
    assert_eq!((pool.new.ok, pool.new.failed, pool.outcome.name()), (11, 1, "inconclusive"));
    let text = text(&diff, false);
    assert!(text.contains("trials without a value could turn it; new: 1 of 12 trials"), "{text}");
}

#[test]
fn what_a_machine_cannot_run_is_not_measured_and_not_failing() {
    let base = recorded(1, four(), unchanged);
    let new = recorded(2, four(), |_, row| {
        if row.label == "pool" {
            row.set_status(Status::Skipped, "no network here");
            row.wall_ns = None;
        }
    });
    let diff = of(&base, &new);
    let pool = diff.cells.iter().find(|c| c.name == "pool").expect("a common cell");
    assert_eq!((pool.new.ok, pool.new.skipped), (0, 12));
    assert_eq!(pool.outcome.name(), "not measured");
    let text = text(&diff, false);
    assert!(text.contains("12 of 12 trials skipped: no network here (12)"), "{text}");
}
