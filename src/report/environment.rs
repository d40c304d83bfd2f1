//! The section on machine and build of a recording.

use crate::page::{Block, Table, blocks, cells, code, heading, words};
use crate::record::{Event, Happening, RecordError};

use super::builds;
use super::facts::Facts;
use super::numbers::{UNKNOWN, and, count, counted};

/// The facts of machine, build and run.
pub(super) fn section(facts: &Facts) -> Result<Vec<Block>, RecordError> {
    let recording = facts.whole;
    let manifest = &recording.manifest;
    let build = &manifest.build;
    let mut table = Table::new(["what", "value"]);
    table.row(cells!["run", code(&recording.name)]);
    table.row(cells!["machine", code(&manifest.machine)]);
    match &recording.machine {
        Some(machine) => {
            table.row(cells!["label", &machine.label]);
            table.row(cells![
                "system",
                format!("{} {}, {}", machine.os, machine.arch, manifest.kernel)
            ]);
            let (cpu, cpus, memory) = (&machine.cpu_model, machine.cpus, machine.memory_gib);
            table.row(cells![
                "hardware",
                format!("{cpu}, {}, {memory} GiB", counted(cpus as usize, "CPU"))
            ]);
        }
        None => {
            table.row(cells!["system", &manifest.kernel]);
            let apart = words!(" (the record lies apart from its " (code("machine.toml")) ")");
            table.row(cells!["hardware", words!(UNKNOWN apart)]);
        }
    }
    table.row(cells!["CPUs of the server", cpus(&manifest.server_cpus)]);
    table.row(cells!["CPUs of the client", cpus(&manifest.client_cpus)]);
    let nofile = manifest.nofile.map_or_else(|| UNKNOWN.to_owned(), count);
    table.row(cells!["open files allowed", nofile]);
    let recorded_by = if manifest.builds.is_empty() { "build" } else { "build of the server" };
    table.row(cells![recorded_by, builds::commit(build)]);
    table.row(cells!["compiler", builds::compiler(build)]);
    table.row(cells![words!("digest of "(code("Cargo.lock"))), code(&build.lock)]);
    for side in &manifest.builds {
        table.row(cells![format!("build {} of the client", side.name), builds::describe(side)]);
    }
    table.row(cells!["digest of the plan", code(&manifest.plan)]);
    table.row(cells!["format of the record", manifest.format]);
    table.row(cells!["seeds", seeds(facts)]);
    table.row(cells!["events", events(&manifest.events)]);
    Ok(blocks![heading(2, "Environment"), table])
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

/// Events of a run by the clock of the record.
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
