//! The delay server: each request has an index, each index its delay, and every answer the same
//! body.
//!
//! `GET /{index}` waits for the delay that seed and index decide, then answers with
//! `Server-Timing` (the delay as it really was), `Inflight-Index` and a body of known bytes, whole
//! or in pieces. A request header `Inflight-Delay: 10ms` asks for another delay. `POST /{index}`
//! brings a body, which is read first; the delay begins after it. `?redirects=2` asks for redirects
//! before the answer. A request beyond the server's capacity is refused at once, with 429 and
//! `Retry-After`. HTTP/1.1 and HTTP/2, with TLS and without; and a name server beside it.
//!
//! One thread serves everything: what it costs is then the CPU time of one core, in plain view,
//! and not a matter of how threads fell.

mod answer;
mod body;
mod check;
mod child;
mod connection;
mod in_flight;
mod lateness;
mod ledger;
mod listen;
mod names;
mod pause;
mod preface;
mod request;
#[cfg(test)]
mod tests;
mod upload;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};

pub use check::{SelfCheck, self_check};
pub use child::run_child;

use crate::child::{ChildError, system};
use crate::delay::{Delay, Planned, Sampling};
use crate::dns::{self, Counts};
use crate::machine::process;
use crate::payload::Body;
use crate::protocol::{Capacity, ServerConfig, ServerReady, ServerReport, Tick, VERSION};
use crate::strategy::IndexBy;
use crate::timer::Timer;
use connection::Tls;
use ledger::{Ledger, Started};

/// A gigabyte is far beyond what an experiment can mean.
const MAX_BODY_BYTES: u64 = 1 << 30;

/// State that all connections share.
#[derive(Debug)]
struct Shared {
    seed: u64,
    delay: Delay,
    time_scale: f64,
    sampling: Sampling,
    requests: u32,
    /// The bytes of the seed, for the longer one of both bodies.
    pattern: Body,
    body_bytes: usize,
    chunks: u32,
    chunk_delay_ns: u64,
    upload_bytes: Option<u64>,
    connect_delay_ns: u64,
    streams: u32,
    capacity: Option<Capacity>,
    index_by: IndexBy,
    tls: Option<Tls>,
    timer: Timer,
    ledger: Ledger,
}

impl Shared {
    fn planned(&self) -> Planned<'_> {
        Planned {
            delay: &self.delay,
            sampling: self.sampling,
            requests: self.requests,
            seed: self.seed,
            time_scale: self.time_scale,
        }
    }
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
/// If the port is in use, if a body is too long, or if the system refuses something.
pub fn serve(
    config: ServerConfig,
    on_ready: impl FnOnce(ServerReady),
    until: impl Future<Output = ()>,
) -> Result<ServerReport, ChildError> {
    let on_ready = |ready| {
        on_ready(ready);
        Ok(())
    };
    Server::start(config)?.run(on_ready, |_| Ok(()), until)
}

/// A server that listens and does not accept yet.
#[derive(Debug)]
struct Server {
    runtime: Runtime,
    listener: TcpListener,
    certificate: Option<Vec<u8>>,
    names: Option<dns::Server>,
    shared: Arc<Shared>,
    started: Started,
    tick: Option<Duration>,
}

impl Server {
    fn start(config: ServerConfig) -> Result<Server, ChildError> {
        let longest = config.body_bytes.max(config.upload_bytes.unwrap_or(0));
        if longest > MAX_BODY_BYTES {
            return Err(ChildError::Failed(format!(
                "a body of {longest} B is too long: a server takes {MAX_BODY_BYTES} B at most"
            )));
        }
        let started = Started::now();
        process::pin(&config.cpus).map_err(system(format!("run on CPUs {:?}", config.cpus)))?;
        process::set_nofile(config.nofile).map_err(system("set the limit of open files"))?;
        process::set_exact_timers().map_err(system("make timers exact"))?;
        let identity = names::identity(&config)?;
        let runtime = runtime()?;
        let entered = runtime.enter();
        let listener = listen::listen(config.listen, config.port, config.backlog)?;
        let names = names::bind(&config)?;
        let timer = Timer::start().map_err(system("start a timer"))?;
        drop(entered);
        let tls = match (&config.tls, &identity) {
            (Some(terms), Some(identity)) => Some(Tls::new(terms, identity)?),
            _ => None,
        };
        let shared = Arc::new(Shared {
            seed: config.seed,
            delay: config.delay,
            time_scale: config.time_scale,
            sampling: config.sampling,
            requests: config.requests.unwrap_or(1),
            pattern: Body::new(config.seed, longest as usize),
            body_bytes: config.body_bytes as usize,
            chunks: config.chunks,
            chunk_delay_ns: config.chunk_delay_ns,
            upload_bytes: config.upload_bytes,
            connect_delay_ns: config.connect_delay_ns,
            streams: config.streams,
            capacity: config.capacity,
            index_by: config.index_by,
            tls,
            timer,
            ledger: Ledger::new(),
        });
        let certificate = identity.map(|identity| identity.certificate().to_vec());
        let tick = config.tick_ns.map(Duration::from_nanos);
        Ok(Server { runtime, listener, certificate, names, shared, started, tick })
    }

    fn run(
        self,
        on_ready: impl FnOnce(ServerReady) -> Result<(), ChildError>,
        on_tick: impl FnMut(Tick) -> Result<(), ChildError>,
        until: impl Future<Output = ()>,
    ) -> Result<ServerReport, ChildError> {
        let addr = self.listener.local_addr().map_err(system("read the address"))?;
        let dns = self.names.as_ref().map(dns::Server::addr);
        let counts = self.names.as_ref().map(dns::Server::counts);
        on_ready(ServerReady { protocol: VERSION, addr, certificate: self.certificate, dns })?;
        let shared = self.shared;
        let accepting = listen::accept(self.listener, shared.clone());
        let naming = names::answer(self.names, &shared);
        let beating = beat(&shared);
        let telling = tell(self.tick, &shared.ledger, on_tick);
        self.runtime.block_on(async {
            tokio::select! {
                () = until => Ok(()),
                () = accepting => Ok(()),
                () = beating => Ok(()),
                error = naming => Err(error),
                error = telling => Err(error),
            }
        })?;
        Ok(shared.ledger.report(self.started, counts.map_or_else(Counts::default, |c| c.get())))
    }
}

/// Wakes every so often, so that the server notices when it stood still. For ever.
async fn beat(shared: &Shared) {
    loop {
        shared.timer.sleep_until(shared.ledger.next_beat()).await;
        shared.ledger.beat();
    }
}

/// Tells every so often how far the trial has come, and ends only if nobody can be told.
async fn tell(
    every: Option<Duration>,
    ledger: &Ledger,
    mut on_tick: impl FnMut(Tick) -> Result<(), ChildError>,
) -> ChildError {
    let Some(every) = every else { return std::future::pending().await };
    loop {
        tokio::time::sleep(every).await;
        if let Err(error) = on_tick(ledger.tick()) {
            return error;
        }
    }
}

/// A runtime on the thread that runs it.
fn runtime() -> Result<Runtime, ChildError> {
    Builder::new_current_thread().enable_all().build().map_err(system("start a runtime"))
}
