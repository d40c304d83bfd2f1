//! Conditions of two sides that are the same or differ, before any number is compared.

use crate::record::{Build, Manifest, ProgramFacts};
use crate::units::{ReadableNs, three_digits};

use super::provenance::Provenance;
use super::side::Side;

/// A circumstance of a recording, on both sides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Condition {
    /// Its name.
    pub what: &'static str,
    /// Its value for the base.
    pub base: String,
    /// Its value for the new side.
    pub new: String,
    /// Its effect on the comparison.
    pub effect: Effect,
}

/// Effect of a condition on the comparison.
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

/// Whether the two sides are known to be of different machines.
pub(super) fn machines_differ(base: &Side, new: &Side) -> bool {
    match (&base.provenance, &new.provenance) {
        (Some(base), Some(new)) => base.manifest.machine != new.manifest.machine,
        _ => false,
    }
}

/// Timers of two delay servers that are late by this factor of each other are not told apart.
const TIMERS_ALIKE: f64 = 2.0;

/// Every condition. The cells that both have (`common`) are needed for there to be anything to
/// compare. Where cells are divided by their baseline (`relative`), machines may differ.
/// Then their baselines must be the same work (`other_baseline` if not).
pub(super) fn conditions(
    base: &Side,
    new: &Side,
    common: usize,
    relative: bool,
    other_baseline: bool,
) -> Vec<Condition> {
    let mut all = match (&base.provenance, &new.provenance) {
        (Some(b), Some(n)) => of_recordings(b, n, relative),
        (b, n) => {
            let of = |provenance: &Option<Provenance>| match provenance {
                Some(_) => "a recording".to_owned(),
                None => "bare trials, made with unknown means".to_owned(),
            };
            let (base, new) = (of(b), of(n));
            vec![Condition { what: "source", base, new, effect: Effect::Noted }]
        }
    };
    for condition in &mut all {
        // Twice unknown is not known to be the same; twice unfinished is not whole.
        let doubtful = condition.base == UNKNOWN || condition.base == NOT_FINISHED;
        if condition.effect == Effect::Same && doubtful {
            condition.effect = Effect::Noted;
        }
    }
    if other_baseline {
        let (base, new) = ("one cell".to_owned(), "another".to_owned());
        all.push(Condition { what: "baseline", base, new, effect: Effect::Breaks });
    }
    let cells = |side: &Side| match side.cells.len() {
        all if all == common => all.to_string(),
        all => format!("{all}, {common} in both"),
    };
    let effect = match common {
        0 => Effect::Breaks,
        n if n == base.cells.len() && n == new.cells.len() => Effect::Same,
        _ => Effect::Noted,
    };
    all.push(Condition { what: "cells", base: cells(base), new: cells(new), effect });
    all
}

/// Warning about two sides that have one id and other numbers.
pub(super) const CHANGED_COPY: &str =
    "both have the id of one recording, and other numbers: one is a changed copy of the other";

/// Name of the condition that two sides are one recording.
pub(super) const ONE_RECORDING: &str = "recording";

/// The condition that two sides are one recording: there is nothing to compare.
pub(super) fn one_recording(one: &Side, other: &Side) -> Condition {
    let name = |side: &Side| format!("{} ({})", side.label, side.name);
    let (base, new) = (name(one), name(other));
    Condition { what: ONE_RECORDING, base, new, effect: Effect::Breaks }
}

fn of_recordings(base: &Provenance, new: &Provenance, relative: bool) -> Vec<Condition> {
    let (b, n) = (&base.manifest, &new.manifest);
    let row = |what, base: String, new: String, otherwise| {
        let effect = if base == new { Effect::Same } else { otherwise };
        Condition { what, base, new, effect }
    };
    let noted = |what, base: String, new: String| row(what, base, new, Effect::Noted);
    let breaks = |what, base: String, new: String| row(what, base, new, Effect::Breaks);
    let machine = if relative { Effect::Noted } else { Effect::Breaks };
    // A reader knows the labels, if they tell the two apart.
    let name = |provenance: &Provenance, other: &Provenance| {
        if provenance.machine == other.machine {
            &provenance.manifest.machine
        } else {
            &provenance.machine
        }
        .clone()
    };
    let machine = Condition {
        what: "machine",
        base: name(base, new),
        new: name(new, base),
        effect: if b.machine == n.machine { Effect::Same } else { machine },
    };
    let mut all = vec![
        // A raised format means that a reader of the one before would misread the record.
        breaks("format", b.format.to_string(), n.format.to_string()),
        machine,
        breaks("profile", b.build.profile.clone(), n.build.profile.clone()),
        noted("kernel", b.kernel.clone(), n.kernel.clone()),
        noted("server CPUs", cpus(&b.server_cpus), cpus(&n.server_cpus)),
        noted("client CPUs", cpus(&b.client_cpus), cpus(&n.client_cpus)),
        noted("open files", or_unknown(b.nofile), or_unknown(n.nofile)),
        timer(base.timer_ns, new.timer_ns),
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
        noted("state", state(b), state(n)),
    ];
    // Programs that both sides have, if they are not the same any more.
    for program in &b.programs {
        let other = n.programs.iter().find(|other| other.name == program.name);
        if let Some(other) = other.filter(|other| *other != program) {
            let what = "program";
            all.push(noted(what, identity(program), identity(other)));
        }
    }
    // On loopback there is nothing to tell.
    if !base.round_trips_by.is_empty() || !new.round_trips_by.is_empty() {
        all.push(noted("round trips by", round_trips(base), round_trips(new)));
    }
    // Of the crates of the lock file, `Cargo.lock` tells.
    if b.build.patched.is_some() || n.build.patched.is_some() {
        all.push(noted("patched crates", patched(&b.build), patched(&n.build)));
    }
    // Alike, there is nothing to tell either.
    if base.sampler_off != new.sampler_off {
        let of = |provenance: &Provenance| {
            if provenance.sampler_off { "taken off" } else { "not taken off" }
        };
        all.push(noted("sampler's CPU", of(base).to_owned(), of(new).to_owned()));
    }
    all
}

/// Name, version and digest of a program.
fn identity(program: &ProgramFacts) -> String {
    if program.missing.is_some() {
        return format!("{} (missing)", program.name);
    }
    let version = program.version.as_deref().unwrap_or(UNKNOWN);
    let files = program.digest.as_deref().map(|digest| format!(", files {}", short(digest)));
    format!("{} {version}{}", program.name, files.unwrap_or_default())
}

/// The ceiling of the delay server: what is added to every delay.
fn timer(base: Option<f64>, new: Option<f64>) -> Condition {
    let text =
        |ns: Option<f64>| ns.map_or(UNKNOWN.to_owned(), |ns| format!("{} late", ReadableNs(ns)));
    let alike = match (base, new) {
        (Some(base), Some(new)) => base.max(new) <= base.min(new) * TIMERS_ALIKE,
        // Noted above if it is unknown twice.
        (None, None) => true,
        _ => false,
    };
    let effect = if alike { Effect::Same } else { Effect::Noted };
    Condition { what: "server timer", base: text(base), new: text(new), effect }
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
        (_, Some(dirty)) => format!("{} ({})", build.short_commit(), short(dirty)),
        (Some(_), None) => build.short_commit(),
    }
}

fn patched(build: &Build) -> String {
    build.patched.as_ref().map_or_else(|| "none".to_owned(), ToString::to_string)
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

fn margin(provenance: &Provenance) -> String {
    format!("{} %", three_digits(provenance.margin * 100.0))
}

fn round_trips(provenance: &Provenance) -> String {
    let kinds: Vec<&str> = provenance.round_trips_by.iter().map(String::as_str).collect();
    if kinds.is_empty() { "none".to_owned() } else { kinds.join(", ") }
}

fn blocks(provenance: &Provenance) -> String {
    format!("{} of {}", provenance.complete_blocks, provenance.planned_blocks)
}

fn state(manifest: &Manifest) -> String {
    if manifest.is_finished() { "finished" } else { NOT_FINISHED }.to_owned()
}
