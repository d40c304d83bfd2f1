//! Gates: what they let through, and how the program then ends.

use super::{exit, four, recorded, scale, text, unchanged, with};
use crate::diff::{Diff, GateFinding, Options, annotations, parse_gate};
use crate::exit::Exit;
use crate::record::{Recording, Status};

/// `threads` takes this many times as long on the new side.
fn new_side(factor: f64) -> Recording {
    recorded(2, four(), move |_, row| {
        if row.label == "threads" {
            scale(row, factor);
        }
    })
}

fn gated(new: &Recording, gates: &[&str]) -> Diff {
    let gates = gates.iter().map(|text| parse_gate(text).expect("a gate")).collect();
    with(&recorded(1, four(), unchanged), new, &Options { gates, ..Options::default() })
}

#[test]
fn a_gate_fails_beyond_its_margin_only() {
    let findings = |factor, gate: &str| {
        let diff = gated(&new_side(factor), &[gate]);
        (diff.gates[0].finding, exit(&diff, false))
    };
    assert_eq!(findings(1.10, "wall=5%"), (GateFinding::Failed, Exit::Worse));
    // Slower by more than the experiment's margin, and within that of the gate.
    assert_eq!(findings(1.10, "wall=20%"), (GateFinding::Passed, Exit::Fine));
    assert_eq!(findings(1.0, "wall=5%"), (GateFinding::Passed, Exit::Fine));
    // Better by however much is no reason to stop anyone.
    assert_eq!(findings(0.5, "wall=1%"), (GateFinding::Passed, Exit::Fine));
    assert_eq!(findings(1.10, "wall=5%:label=sync,async"), (GateFinding::Passed, Exit::Fine));
    assert_eq!(
        findings(1.10, "wall=5%:label=threads;limit=10"),
        (GateFinding::Failed, Exit::Worse)
    );
    assert_eq!(findings(1.10, "throughput=5%"), (GateFinding::Failed, Exit::Worse));
}

#[test]
fn what_straddles_the_margin_is_undecided() {
    let new = recorded(2, four(), |planned, row| {
        if row.label == "threads" {
            scale(row, 1.0 + f64::from(planned.block % 4) / 20.0);
        }
    });
    let diff = gated(&new, &["wall=7%"]);
    assert_eq!(diff.gates[0].finding, GateFinding::Undecided);
    assert_eq!((exit(&diff, false), exit(&diff, true)), (Exit::Fine, Exit::Inconclusive));
    assert!(text(&diff, false).contains("gate wall=7% undecided (4 cells): threads undecided"));
}

#[test]
fn a_gate_without_anything_to_look_at_never_passes() {
    let diff = gated(&new_side(1.0), &["wall=5%:label=nobody"]);
    assert_eq!(diff.gates[0].finding, GateFinding::NothingMeasured);
    assert_eq!(exit(&diff, false), Exit::NotComparable);
    // Nor does one that lost its measurements: they fail.
    let failing = recorded(2, four(), |_, row| {
        if row.label == "threads" {
            row.set_status(Status::Failed, "a reason");
            row.wall_ns = None;
        }
    });
    let diff = gated(&failing, &["wall=5%"]);
    assert_eq!(diff.gates[0].finding, GateFinding::Failed);
    assert_eq!(exit(&diff, false), Exit::Worse);
}

#[test]
fn gates_of_the_experiment_count_without_being_asked_for() {
    let mut experiment = four();
    experiment.gates = vec![parse_gate("wall=5%:label=threads").expect("a gate")];
    let new = recorded(2, experiment, |_, row| {
        if row.label == "threads" {
            scale(row, 1.10);
        }
    });
    let diff = with(&recorded(1, four(), unchanged), &new, &Options::default());
    assert_eq!(diff.gates[0].finding, GateFinding::Failed);
}

#[test]
fn bad_gates_say_what_is_wrong() {
    let said = |text: &str| parse_gate(text).expect_err("an error");
    let bad = ["wall", "speed=5%", "wall=5", "wall=0%", "wall=5%:async", "wall=5%:lable=x"];
    insta::assert_snapshot!("bad_gates", bad.map(said).join("\n"));
}

#[test]
fn github_is_told_in_its_own_escapes() {
    let diff = gated(&new_side(1.10), &[]);
    insta::assert_snapshot!("github", annotations(&[diff]));
    let diff = gated(&new_side(1.10), &["wall=5%"]);
    insta::assert_snapshot!("github_gate", annotations(&[diff]));
}

#[test]
fn noise_beyond_the_margin_lets_nothing_pass() {
    let noisy = recorded(2, four(), |_, row| {
        if row.replica == "b" {
            scale(row, 1.30);
        }
    });
    let diff = gated(&noisy, &["wall=5%:label=threads"]);
    assert_eq!(diff.gates[0].finding, GateFinding::Undecided);
    assert!(text(&diff, false).contains("gate wall=5%:label=threads undecided"));
}

#[test]
fn a_change_cannot_do_away_with_a_gate() {
    let mut gated = four();
    gated.gates = vec![parse_gate("wall=5%").expect("a gate")];
    let diff = with(&recorded(1, gated, unchanged), &new_side(1.10), &Options::default());
    assert_eq!(diff.gates[0].finding, GateFinding::Failed);
}
