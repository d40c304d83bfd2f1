//! The delay server: each request has an index, each index its delay, and every answer the same
//! body.
//!
//! `GET /{index}` waits for the delay that seed and index decide, then answers with
//! `Server-Timing` (the delay as it really was), `Inflight-Index` and a body of known bytes. A
//! request header `Inflight-Delay: 10ms` asks for another delay.
//!
//! One thread serves everything: what it costs is then the CPU time of one core, in plain view,
//! and not a matter of how threads fell.

mod answer;
mod check;
mod child;
mod error;
mod ledger;
mod listen;
#[cfg(test)]
mod tests;
pub mod timer;

use std::future::Future;
use std::sync::Arc;

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

pub use check::{SelfCheck, self_check};
pub use child::run_child;
pub use error::ServerError;

use crate::body;
use crate::delay::Delay;
use crate::machine::process;
use crate::protocol::{ServerConfig, ServerReady, ServerReport, VERSION};
use error::system;
use ledger::{Ledger, Started};
use timer::Timer;

/// A body is held in memory: a gigabyte is far beyond what an experiment can mean.
const MAX_BODY_BYTES: u64 = 1 << 30;

/// What all connections share.
#[derive(Debug)]
struct Shared {
    seed: u64,
    delay: Delay,
    time_scale: f64,
    body: Bytes,
    timer: Timer,
    ledger: Ledger,
}

/// Serves from now until `until` is ready, on the thread that calls, and tells what it saw.
///
/// It pins this thread to the CPUs of the configuration, sets how many files the process may open
/// and makes this thread's timers exact; all three stay so afterwards. `on_ready` is called once,
/// when connections are accepted. At the end no connection is waited for: those that are open are
/// dropped.
///
/// # Errors
///
/// If the configuration is of another protocol version, if the port is in use, or if the system
/// refuses something.
pub fn serve(
    config: ServerConfig,
    on_ready: impl FnOnce(ServerReady),
    until: impl Future<Output = ()>,
) -> Result<ServerReport, ServerError> {
    let on_ready = |ready| {
        on_ready(ready);
        Ok(())
    };
    Server::start(config)?.run(on_ready, until)
}

/// A server that listens and does not accept yet.
#[derive(Debug)]
struct Server {
    runtime: Runtime,
    listener: TcpListener,
    shared: Arc<Shared>,
    started: Started,
}

impl Server {
    fn start(config: ServerConfig) -> Result<Server, ServerError> {
        if config.protocol != VERSION {
            return Err(ServerError::Version { theirs: config.protocol });
        }
        if config.body_bytes > MAX_BODY_BYTES {
            let bytes = config.body_bytes;
            return Err(ServerError::BodyTooLong { bytes, max: MAX_BODY_BYTES });
        }
        let started = Started::now();
        process::pin(&config.cpus).map_err(system(format!("run on CPUs {:?}", config.cpus)))?;
        process::set_nofile(config.nofile).map_err(system("set the limit of open files"))?;
        process::set_exact_timers().map_err(system("make timers exact"))?;
        let runtime = runtime()?;
        let entered = runtime.enter();
        let listener = listen::listen(config.listen, config.port, config.backlog)?;
        let timer = Timer::start().map_err(system("start a timer"))?;
        drop(entered);
        let shared = Arc::new(Shared {
            seed: config.seed,
            delay: config.delay,
            time_scale: config.time_scale,
            body: body::pattern(config.seed, config.body_bytes as usize),
            timer,
            ledger: Ledger::new(),
        });
        Ok(Server { runtime, listener, shared, started })
    }

    fn run(
        self,
        on_ready: impl FnOnce(ServerReady) -> Result<(), ServerError>,
        until: impl Future<Output = ()>,
    ) -> Result<ServerReport, ServerError> {
        let addr = self.listener.local_addr().map_err(system("read the address"))?;
        on_ready(ServerReady { protocol: VERSION, addr, certificate: None, dns: None })?;
        let shared = self.shared;
        let accepting = listen::accept(self.listener, shared.clone());
        self.runtime.block_on(async {
            tokio::select! {
                () = until => {}
                () = accepting => {}
            }
        });
        Ok(shared.ledger.report(self.started))
    }
}

/// A runtime on the thread that runs it.
fn runtime() -> Result<Runtime, ServerError> {
    Builder::new_current_thread().enable_all().build().map_err(system("start a runtime"))
}
