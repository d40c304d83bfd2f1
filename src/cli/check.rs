//! `inflight check`.

use std::path::PathBuf;

use clap::Args;

/// Check a program against the contract of docs/programs.md, line by line.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight check programs/python.toml aiohttp --set session=shared
  inflight check my-experiment.toml my-client

Exit codes: 0 it keeps the contract, 1 it breaks it, 64 usage, 65 bad file.")]
pub struct Check {
    /// A file with programs: an experiment, or a file of its own.
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Name of the program.
    #[arg(value_name = "PROGRAM")]
    pub program: String,
    /// A value of one of its settings; without it, the first that the program allows.
    #[arg(long = "set", value_name = "SETTING=VALUE")]
    pub set: Vec<String>,
}
