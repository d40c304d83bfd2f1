//! What is the same and what differs between two recordings, before any number is compared.

use crate::record::{Build, Recording};
use crate::units::three_digits;

/// Something that a recording was made with or under, in both recordings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// What it is.
    pub what: &'static str,
    /// Its value for the base.
    pub base: String,
    /// Its value for the new recording.
    pub new: String,
    /// What follows.
    pub effect: Effect,
}

/// What follows from a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is the same.
    Same,
    /// It differs or is unknown. The reader has to know; the comparison stands.
    Noted,
    /// It differs, and nothing can be compared.
    Breaks,
}

impl Effect {
    /// The word of every rendering.
    pub fn name(self) -> &'static str {
        match self {
            Effect::Same => "same",
            Effect::Noted => "noted",
            Effect::Breaks => "breaks",
        }
    }
}

/// Every condition. The cells that both have (`common`) are needed for there to be anything to
/// compare.
pub(super) fn conditions(base: &Recording, new: &Recording, common: usize) -> Vec<Condition> {
    let (b, n) = (&base.manifest, &new.manifest);
    let row = |what, base: String, new: String, otherwise| {
        let effect = if base == new { Effect::Same } else { otherwise };
        Condition { what, base, new, effect }
    };
    let noted = |what, base: String, new: String| row(what, base, new, Effect::Noted);
    let breaks = |what, base: String, new: String| row(what, base, new, Effect::Breaks);
    let mut all = vec![
        // A raised format means that a reader of the one before would misread the record.
        breaks("format", b.format.to_string(), n.format.to_string()),
        breaks("machine", b.machine.clone(), n.machine.clone()),
        breaks("profile", b.build.profile.clone(), n.build.profile.clone()),
        noted("kernel", b.kernel.clone(), n.kernel.clone()),
        noted("server CPUs", cpus(&b.server_cpus), cpus(&n.server_cpus)),
        noted("client CPUs", cpus(&b.client_cpus), cpus(&n.client_cpus)),
        noted("open files", or_unknown(b.nofile), or_unknown(n.nofile)),
        noted("version", b.build.version.clone(), n.build.version.clone()),
        noted("commit", commit(&b.build), commit(&n.build)),
        noted("rustc", b.build.rustc.clone(), n.build.rustc.clone()),
        noted("Cargo.lock", short(&b.build.lock), short(&n.build.lock)),
        noted("experiment", b.experiment.clone(), n.experiment.clone()),
        noted("plan", short(&b.plan), short(&n.plan)),
        noted("--set", arguments(&b.overrides), arguments(&n.overrides)),
        noted("--only", arguments(&b.only), arguments(&n.only)),
        noted("margin", margin(base), margin(new)),
        noted("complete blocks", blocks(base), blocks(new)),
        noted("state", state(base), state(new)),
    ];
    for condition in &mut all {
        // Twice unknown is not known to be the same; twice unfinished is not whole.
        let doubtful = condition.base == UNKNOWN || condition.base == NOT_FINISHED;
        if condition.effect == Effect::Same && doubtful {
            condition.effect = Effect::Noted;
        }
        // Identities are compared, since labels are free; a reader knows the labels, if they tell
        // the two apart.
        let (one, other) = (base.machine_name(), new.machine_name());
        if condition.what == "machine" && condition.effect == Effect::Breaks && one != other {
            (condition.base, condition.new) = (one.to_owned(), other.to_owned());
        }
    }
    let cells = |recording: &Recording| match recording.plan.cells.len() {
        all if all == common => all.to_string(),
        all => format!("{all}, {common} in both"),
    };
    let effect = match common {
        0 => Effect::Breaks,
        n if n == base.plan.cells.len() && n == new.plan.cells.len() => Effect::Same,
        _ => Effect::Noted,
    };
    all.push(Condition { what: "cells", base: cells(base), new: cells(new), effect });
    all
}

const UNKNOWN: &str = "unknown";
const NOT_FINISHED: &str = "not finished";

/// Eight digits tell digests apart for a reader, as they do commits.
fn short(digest: &str) -> String {
    digest.chars().take(8).collect()
}

fn commit(build: &Build) -> String {
    match (&build.commit, &build.dirty) {
        (None, None) => UNKNOWN.to_owned(),
        (_, Some(dirty)) => format!("{} ({})", build.short(), short(dirty)),
        (Some(_), None) => build.short(),
    }
}

fn cpus(cpus: &[usize]) -> String {
    match cpus {
        [] => "any".to_owned(),
        cpus => cpus.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
    }
}

fn or_unknown(number: Option<u64>) -> String {
    number.map_or(UNKNOWN.to_owned(), |n| n.to_string())
}

fn arguments(arguments: &[String]) -> String {
    if arguments.is_empty() { "none".to_owned() } else { arguments.join(" ") }
}

fn margin(recording: &Recording) -> String {
    format!("{} %", three_digits(recording.plan.experiment.margin * 100.0))
}

fn blocks(recording: &Recording) -> String {
    let planned = recording.planned_blocks();
    format!("{} of {planned}", recording.complete_blocks().len())
}

fn state(recording: &Recording) -> String {
    if recording.manifest.is_finished() { "finished" } else { NOT_FINISHED }.to_owned()
}
