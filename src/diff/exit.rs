//! Exit codes for scripts.

use crate::exit::Exit;

use super::{Diff, GateFinding, Outcome};

/// Exit code of `inflight diff`; of several comparisons the worst counts.
///
/// Not comparable and not forced: 3, also if no common cell has a measurement of the same work on
/// both sides, or a gate has nothing to look at. Something worse or failing more often: 1; with gates,
/// only what a gate looks at. Under `strict`, 4 if a common cell (with gates, a gate) is undecided, not
/// judged or not measured, or if the new side lacks a cell: what was not compared must not pass for
/// unchanged. Else 0.
pub fn exit(diffs: &[Diff], strict: bool) -> Exit {
    let exits: Vec<Exit> = diffs.iter().map(|diff| exit_of(diff, strict)).collect();
    let order = [Exit::NotComparable, Exit::Worse, Exit::Inconclusive];
    order.into_iter().find(|exit| exits.contains(exit)).unwrap_or(Exit::Fine)
}

fn exit_of(diff: &Diff, strict: bool) -> Exit {
    let count = |outcomes: &[Outcome]| outcomes.iter().map(|&o| diff.count(o)).sum::<usize>();
    let nothing = count(&[Outcome::NotMeasured, Outcome::NotJudged]);
    let gate = |finding: GateFinding| diff.gates.iter().any(|gate| gate.finding == finding);
    let (worse, undecided, nothing) = if diff.gates.is_empty() {
        (
            count(&[Outcome::Slower, Outcome::NewlyFailing, Outcome::FailingMoreOften]) > 0,
            count(&[Outcome::Inconclusive]) + nothing > 0,
            nothing == diff.cells.len(),
        )
    } else {
        (
            gate(GateFinding::Failed),
            gate(GateFinding::Undecided),
            gate(GateFinding::NothingMeasured),
        )
    };
    if !diff.is_judged() {
        Exit::NotComparable
    } else if worse {
        Exit::Worse
    } else if nothing {
        Exit::NotComparable
    } else if strict && (undecided || !diff.only_in_base.is_empty()) {
        Exit::Inconclusive
    } else {
        Exit::Fine
    }
}
