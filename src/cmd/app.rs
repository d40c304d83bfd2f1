//! `inflight app`.

use super::{Failure, print, say};
use crate::app::{AppConfig, serve};
use crate::cli;
use crate::exit::Exit;
use crate::strategy::OwnWork;

pub(super) fn run(args: &cli::App) -> Result<Exit, Failure> {
    let work = match (args.work, args.compute) {
        (0, _) => None,
        (ns, false) => Some(OwnWork::Sleep(ns)),
        (ns, true) => Some(OwnWork::Compute(ns)),
    };
    let config = AppConfig {
        listen: args.listen,
        processes: args.processes,
        threads: args.threads,
        outbound: args.outbound,
        backend: args.backend,
        calls: args.calls,
        work,
    };
    serve(&config, |address| {
        // A closed standard output must not stop a server that others use.
        let _ = print(&format!("http://{address}/\n"));
        say("GET /<page>; Ctrl-C stops");
    })?;
    Ok(Exit::Fine)
}
