//! `inflight machine`.

use std::path::Path;

use super::{Failure, print, say};
use crate::cli::{self, MachineCommand};
use crate::exit::Exit;
use crate::page::{Table, cells};
use crate::record::{LabelError, MACHINE, find_recordings, label_machine, machines};
use crate::units::counted;

pub(super) fn run(args: &cli::Machine) -> Result<Exit, Failure> {
    match &args.command {
        None => list(&args.out),
        Some(MachineCommand::Label { which, label }) => {
            let id = label_machine(&args.out, which, label)?;
            say(&format!("{id} is `{}` from now on", label.trim()));
            say("reports that show its label: write them again with `inflight report`");
            Ok(Exit::Fine)
        }
    }
}

fn list(out: &Path) -> Result<Exit, Failure> {
    let machines = machines(out)?;
    if machines.is_empty() {
        say(&super::no_recording(out));
        return Ok(Exit::Fine);
    }
    let runs = find_recordings(out)?;
    let mut table = Table::new(["machine", "label", "hardware", "recordings"]);
    for found in machines {
        let runs = runs.iter().filter(|run| run.parent() == Some(&found.dir)).count();
        let (label, hardware) = match found.machine {
            Ok(machine) => (
                machine.label,
                format!(
                    "{}, {}, {} GiB, {}",
                    machine.cpu_model,
                    counted(machine.cpus as usize, "CPU"),
                    machine.memory_gib,
                    machine.os
                ),
            ),
            Err(what) => {
                let file = found.dir.join(MACHINE);
                say(&format!("{}: damaged: {}", file.display(), what.trim_end()));
                ("?".to_owned(), "?".to_owned())
            }
        };
        table.row(cells![found.id, label, hardware, runs]);
    }
    print(&format!("{}\n", super::screen().table(&table)))?;
    Ok(Exit::Fine)
}

impl From<LabelError> for Failure {
    fn from(error: LabelError) -> Failure {
        match error {
            LabelError::Record(error) => Failure::Record(error),
            other => Failure::Usage(other.to_string()),
        }
    }
}
