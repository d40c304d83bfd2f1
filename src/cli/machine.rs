//! `inflight machine`, as typed.

use std::path::PathBuf;

use clap::{Args, Subcommand};

/// `inflight machine`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight machine                                  identity, label and hardware of each
  inflight machine label linux-x86_64-2cpu-24gib-a603 \"lab box\"

A label takes the place of the identity in lists and reports; reports that exist are written anew by
`inflight report`. It stands in results/<machine>/machine.toml and may be edited there as well.")]
pub struct Machine {
    /// The command; without one, list the machines.
    #[command(subcommand)]
    pub command: Option<MachineCommand>,
    /// Folder of the records.
    #[arg(long, global = true, value_name = "DIR", default_value = "results")]
    pub out: PathBuf,
}

/// Commands on machines.
#[derive(Debug, Subcommand)]
pub enum MachineCommand {
    /// Give a machine a name for people.
    Label {
        /// Its identity, or the label that it has.
        #[arg(value_name = "MACHINE")]
        which: String,
        /// The new label: one line of text.
        #[arg(value_name = "LABEL")]
        label: String,
    },
}
