//! Where and with what it was recorded.

use crate::record::{Event, Happening};

use super::builds;
use super::facts::Facts;
use super::markdown::{Align, Table, code, text};
use super::numbers::{UNKNOWN, and, count};

/// The facts of machine, build and run.
pub(super) fn section(facts: &Facts) -> String {
    let recording = facts.recording;
    let manifest = &recording.manifest;
    let build = &manifest.build;
    let mut table = Table::new(&[("what", Align::Left), ("value", Align::Left)]);
    let mut row = |what: &str, value: String| table.row(vec![what.to_owned(), value]);
    row("run", code(&recording.name));
    row("machine", code(&manifest.machine));
    match &recording.machine {
        Some(machine) => {
            row("label", text(&machine.label));
            row("system", text(&format!("{} {}, {}", machine.os, machine.arch, manifest.kernel)));
            row(
                "hardware",
                text(&format!(
                    "{}, {} CPUs, {} GiB",
                    machine.cpu_model, machine.cpus, machine.memory_gib
                )),
            );
        }
        None => {
            row("system", text(&manifest.kernel));
            row("hardware", format!("{UNKNOWN} (the record lies apart from its `machine.toml`)"));
        }
    }
    row("CPUs of the server", cpus(&manifest.server_cpus));
    row("CPUs of the client", cpus(&manifest.client_cpus));
    row("open files allowed", manifest.nofile.map_or_else(|| UNKNOWN.to_owned(), count));
    let recorded_by = if manifest.builds.is_empty() { "build" } else { "build of the server" };
    row(recorded_by, builds::commit(build));
    row("compiler", builds::compiler(build));
    row("digest of `Cargo.lock`", code(&build.lock));
    for side in &manifest.builds {
        row(&format!("build {} of the client", side.name), builds::describe(side));
    }
    row("digest of the plan", code(&manifest.plan));
    row("format of the record", manifest.format.to_string());
    row("seeds", seeds(facts));
    row("events", events(&manifest.events));
    format!("## Environment\n\n{}", table.render())
}

fn cpus(given: &[usize]) -> String {
    if given.is_empty() {
        return "any".to_owned();
    }
    given.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn seeds(facts: &Facts) -> String {
    let experiment = &facts.plan().experiment;
    let mut seeds: Vec<u64> = experiment.scenarios.iter().map(|s| s.seed).collect();
    seeds.sort_unstable();
    seeds.dedup();
    let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
    format!(
        "{} for delays and bodies, {} for the order of trials",
        and(&seeds),
        experiment.blocks.seed
    )
}

/// What happened when, by the clock of the record.
fn events(events: &[Event]) -> String {
    let one = |event: &Event| {
        let what = match event.what {
            Happening::Started => "started",
            Happening::Resumed => "resumed",
            Happening::Interrupted => "interrupted",
            Happening::Finished => "finished",
            Happening::NarrowEnough => "narrow enough",
        };
        let at = i64::try_from(event.at_unix_ms).ok();
        let at = at.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
        let at = at.map(|at| at.strftime(" %Y-%m-%d %H:%M:%S UTC").to_string());
        format!("{what}{}", at.unwrap_or_default())
    };
    match events {
        [] => UNKNOWN.to_owned(),
        events => events.iter().map(one).collect::<Vec<_>>().join(", "),
    }
}
