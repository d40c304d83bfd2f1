//! `inflight init`, as typed.

use std::path::PathBuf;

use clap::Args;

/// `inflight init`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight init                                     ask three questions, write experiment.toml
  inflight init mine.toml --requests 500 --delay '20ms, 1% 2s' --hosts 8
  inflight init mine.toml --target http://127.0.0.1:8000/path   for a service that runs already
  inflight init --from quickstart                   a copy of a shipped experiment

At a terminal it asks for what is not given. Elsewhere it takes 100 requests, 20ms and one host.")]
pub struct Init {
    /// File to write; one that is there already is left alone.
    #[arg(value_name = "FILE", default_value = "experiment.toml")]
    pub file: PathBuf,
    /// Copy a shipped experiment: quickstart, semaphore-limit, connection-reuse or open-loop.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["requests", "delay", "hosts"])]
    pub from: Option<String>,
    /// Requests that one job makes.
    #[arg(long, value_name = "N")]
    pub requests: Option<String>,
    /// Time that an answer takes: 20ms, 5ms to 25ms, or 20ms, 1% 2s where 1 % of them take 2 s.
    #[arg(long, value_name = "DELAY")]
    pub delay: Option<String>,
    /// Hosts that the requests go to, in turn.
    #[arg(long, value_name = "N")]
    pub hosts: Option<String>,
    /// Ask a service that runs on this machine instead of the delay server: how many requests at once?
    #[arg(long, value_name = "URL", conflicts_with_all = ["from", "delay", "hosts"])]
    pub target: Option<String>,
}
