//! `inflight serve`.

use std::io::Write;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use tokio::sync::oneshot;

use super::{Failure, plan, print, say};
use crate::cli::{self, Selection};
use crate::delay::{Delay, Fixed, Model};
use crate::dns;
use crate::exit::Exit;
use crate::protocol::{ServerConfig, ServerReady};
use crate::server;
use crate::spec::Scenario;
use crate::tls;

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
    let targets = config.dns.as_ref().map_or(0, |dns| dns.targets);
    // Made before anything is served: a path that is wrong is told at once.
    let mut certificate = args.tls.as_ref().map(fs_err::File::create).transpose()?;
    let on_ready = |ready: ServerReady| {
        // Before the address: whoever reads that may want the file at once.
        if let (Some(file), Some(bytes)) = (&mut certificate, &ready.certificate)
            && let Err(error) = file.write_all(tls::pem(bytes).as_bytes())
        {
            say(&format!("the certificate is not written: {error}"));
        }
        let scheme = if ready.certificate.is_some() { "https" } else { "http" };
        // A closed standard output must not stop a server that others use.
        let _ = print(&format!("{scheme}://{}/\n", ready.addr));
        if let Some(addr) = ready.dns {
            let names = (0..targets).map(dns::host).collect::<Vec<_>>().join(", ");
            say(&format!("names at {addr} (UDP): {names}"));
        }
        if let Some(file) = &args.tls {
            say(&format!("certificate: curl --cacert {}", file.display()));
        } else if ready.certificate.is_some() {
            say("certificate: --tls CERT.pem writes it");
        }
        say(&format!("delay {delay}; GET /<request index>; Ctrl-C stops"));
    };
    let mut report = server::serve(config, on_ready, until)?;
    // For joining with a client's rows. By hand there are none, and connections without end.
    report.accepted.clear();
    let report = serde_json::to_string_pretty(&report).expect("a report is plain data");
    print(&format!("{report}\n"))?;
    Ok(Exit::Fine)
}

fn config(args: &cli::Serve) -> Result<ServerConfig, Failure> {
    let scenario = match &args.file {
        None => {
            let delay = Delay { model: Model::Fixed(Fixed { ns: args.delay }), max_ns: None };
            Scenario {
                body_bytes: args.body,
                chunks: args.chunks,
                chunk_delay_ns: args.chunk_delay,
                ..Scenario::plain(1, delay)
            }
        }
        Some(file) => {
            let all = Selection { only: Vec::new(), blocks: None, target: None, set: Vec::new() };
            let (_, plan) = plan::read(file, &all)?;
            // A plan has a cell, so it has a scenario.
            plan.experiment.scenarios[0].clone()
        }
    };
    let scenario = Scenario { tls: scenario.tls || args.tls.is_some(), ..scenario };
    let mut config = ServerConfig { port: args.port, ..ServerConfig::of(&scenario) };
    if args.file.is_none() {
        // By hand one may send anything.
        config.upload_bytes = None;
    }
    Ok(config)
}
