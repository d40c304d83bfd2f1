//! `inflight serve`, and the delay server of a trial.

use std::io;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use tokio::sync::oneshot;

use super::{Failure, plan, print, say};
use crate::cli::{self, Selection};
use crate::delay::{Delay, Fixed, Model};
use crate::exit::Exit;
use crate::protocol::ServerConfig;
use crate::server::{self, ServerError};
use crate::spec::Scenario;

pub(super) fn run(args: &cli::Serve) -> Result<Exit, Failure> {
    let config = config(args)?;
    let (stop, stopped) = oneshot::channel();
    let mut signals = signal_hook::iterator::Signals::new([SIGINT, SIGTERM])?;
    std::thread::spawn(move || {
        signals.forever().next();
        // The server may have stopped by itself; then nobody listens any more.
        let _ = stop.send(());
    });
    let stop_after = args.stop_after.map(Duration::from_nanos);
    let until = async move {
        let signal = async { drop(stopped.await) };
        match stop_after {
            None => signal.await,
            Some(after) => drop(tokio::time::timeout(after, signal).await),
        }
    };
    let delay = config.delay.describe();
    let on_ready = |ready: crate::protocol::ServerReady| {
        // A closed standard output must not stop a server that others use.
        let _ = print(&format!("http://{}/\n", ready.addr));
        say(&format!("delay {delay}; GET /<request index>; Ctrl-C stops"));
    };
    let report = server::serve(config, on_ready, until)?;
    let report = serde_json::to_string_pretty(&report).expect("a report is plain data");
    print(&format!("{report}\n"))?;
    Ok(Exit::Fine)
}

fn config(args: &cli::Serve) -> Result<ServerConfig, Failure> {
    let scenario = match &args.file {
        None => {
            let delay = Delay { model: Model::Fixed(Fixed { ns: args.delay }), max_ns: None };
            Scenario { body_bytes: args.body, ..Scenario::plain(1, delay) }
        }
        Some(file) => {
            let all = Selection { only: Vec::new(), blocks: None, set: Vec::new() };
            let (_, plan) = plan::read(file, &all)?;
            // A plan has a cell, so it has a scenario.
            plan.experiment.scenarios[0].clone()
        }
    };
    Ok(ServerConfig { port: args.port, ..ServerConfig::of(&scenario) })
}

/// The delay server of a trial.
pub(super) fn child() -> Result<Exit, Failure> {
    server::run_child(io::BufReader::new(io::stdin()), io::stdout())?;
    Ok(Exit::Fine)
}

impl From<ServerError> for Failure {
    fn from(error: ServerError) -> Failure {
        Failure::Child(super::with_sources(&error))
    }
}
