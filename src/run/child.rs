//! Real processes: a fresh delay server and a fresh client for each trial. The server is this
//! binary; so is the client, except where builds are compared.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::executor::{Executor, Job, Reports, Served};
use super::network::Link;
use crate::child::{
    CLIENT_COMMAND, End, Ended, Process, SERVER_COMMAND, SERVICE_COMMAND, Wait, command,
    this_binary,
};
use crate::protocol::{
    ClientConfig, ClientReport, ServerConfig, ServerReady, ServerReport, Tick, VERSION,
};
use crate::record::NOT_ENOUGH_MEMORY;
use crate::server::{self, SelfCheck};
use crate::service::{ServiceAnswer, ServiceConfig, ServiceReport, ServiceWindow};
use crate::strategy::service::{PageTerms, Place, Started};
use crate::strategy::{OwnWork, Service};
use crate::units::exact_size;

/// Runs trials in processes of their own.
pub struct ChildExecutor {
    stop: Arc<AtomicBool>,
    clients: Vec<PathBuf>,
    /// Programs that cannot be started here, and why.
    missing: HashMap<String, String>,
}

impl ChildExecutor {
    /// `stop` is set when someone asks to stop.
    ///
    /// Trials must be executed on a thread that lives as long as the process: a child is killed
    /// when the thread that started it ends.
    pub fn new(stop: Arc<AtomicBool>) -> ChildExecutor {
        ChildExecutor { stop, clients: Vec::new(), missing: HashMap::new() }
    }

    /// Uses clients of other builds: their binaries, in the order of the plan's builds.
    pub fn with_clients(self, clients: Vec<PathBuf>) -> ChildExecutor {
        ChildExecutor { clients, ..self }
    }

    /// Sets the programs that are missing: their trials are skipped, each for its reason.
    pub fn without_programs(&mut self, missing: HashMap<String, String>) {
        self.missing = missing;
    }

    /// Builds that the clients are of: 0 if they are this binary.
    pub fn builds(&self) -> usize {
        self.clients.len()
    }
}

impl Executor for ChildExecutor {
    fn execute(&mut self, job: &Job, told: &mut dyn FnMut(Tick)) -> Result<Reports, Ended> {
        let mut programs = job.client.strategy.programs();
        if let Some(why) = programs.find_map(|program| self.missing.get(&program.name)) {
            return Err(Ended::Unavailable(why.clone()));
        }
        let program = job.client.strategy.program.as_deref();
        let wait = Wait::new(job.deadline, &self.stop);
        // First, so that it is dropped last: server and client are inside.
        let link = job.network.is_needed().then_some(job.network);
        let link = link.map(|net| Link::open(&this_binary(), net, &job.server.cpus, &wait));
        let link = link.transpose()?;
        // Always this binary: what differs between two builds is to be the client's.
        let (mut serving, ready) = Serving::start(job, link.as_ref(), &wait)?;
        let client = self.clients.get(job.build).cloned().unwrap_or_else(this_binary);
        // What a program has started is ended by the process that watches it.
        let mut client = match program {
            Some(program) => {
                let role = format!("program `{}`", program.name);
                start(&role, &client, CLIENT_COMMAND, End::ByInput, link.as_ref())?
            }
            None => start("client", &client, CLIENT_COMMAND, End::Killed, link.as_ref())?,
        };
        client.send(&with_server(&job.client, ready, link.as_ref()))?;
        if program.is_none() {
            client.close_input();
        }
        let memory_bytes = job.client.strategy.memory_bytes;
        let report: ClientReport = client
            .answer_while(&wait, || serving.ticks(told))
            .map_err(|ended| out_of_memory(ended, memory_bytes))?;
        if let Some(why) = report.program.as_ref().and_then(|program| program.failure.as_deref()) {
            return Err(client.failed(why));
        }
        client.close_input();
        client.end(&wait)?;
        let client_lived = match &report.program {
            Some(program) => Some(Duration::from_nanos(program.process_wall_ns)),
            None => client.lived(),
        };
        let server = serving.end(&report, &wait)?;
        let link = link.map(|link| link.close(&wait)).transpose()?.flatten();
        Ok(Reports { client: report, client_lived, server, link })
    }

    fn self_check(&mut self, cpus: &[usize]) -> Option<SelfCheck> {
        // Without it the row of the block says nothing of the timer; each trial's server does.
        server::self_check(cpus).ok()
    }

    fn stopping(&self) -> bool {
        self.stop.load(Ordering::Relaxed)
    }
}

/// Starts a child of a trial: inside its network, if it has one of its own.
fn start(
    role: &str,
    binary: &Path,
    subcommand: &str,
    end: End,
    link: Option<&Link>,
) -> Result<Process, Ended> {
    let mut command = command(binary, subcommand);
    if let Some(link) = link {
        link.enter(&mut command);
    }
    Process::start_to_end(role, command, end)
}

/// The server side of a trial.
enum Serving {
    DelayServer(Process),
    Service {
        /// The process that watches it.
        watcher: Process,
        /// The delay server that it calls.
        backend: Option<Process>,
    },
    Elsewhere,
}

impl Serving {
    /// Starts what the strategy asks, and waits until it is ready.
    fn start(job: &Job, link: Option<&Link>, wait: &Wait) -> Result<(Serving, ServerReady), Ended> {
        let Some(service) = &job.client.strategy.service else {
            let config = inside(job.server.clone(), link);
            let (server, ready) = delay_server("delay server", &config, link, wait)?;
            return Ok((Serving::DelayServer(server), ready));
        };
        match &service.place {
            Place::At(address) => Ok((Serving::Elsewhere, ServerReady::at(*address))),
            Place::Started(started) => {
                // Its calls stay on the loopback of its own network.
                let config = ServerConfig { tick_ns: None, ..job.server.clone() };
                let calls = service.page.as_ref().is_some_and(|page| page.calls > 0);
                let backend = calls.then(|| delay_server("backend", &config, link, wait));
                let (backend, called) = backend.transpose()?.unzip();
                let page = service.page.as_ref().map(|page| PageTerms {
                    backend: called.map(|ready| ready.addr),
                    calls: page.calls,
                    work_ns: page.scaled_work(config.time_scale).map_or(0, OwnWork::ns),
                });
                let (watcher, ready) = watched(job, service, started, page, link, wait)?;
                Ok((Serving::Service { watcher, backend }, ready))
            }
            Place::Named => Err(Ended::Failed(format!("there is no service `{}`", service.name))),
        }
    }

    /// Tells how far the trial has come, if this side says so.
    fn ticks(&mut self, told: &mut dyn FnMut(Tick)) {
        if let Serving::DelayServer(server) = self {
            server.ticks().for_each(told);
        }
    }

    /// Ends it, after the client.
    fn end(self, client: &ClientReport, wait: &Wait) -> Result<Served, Ended> {
        match self {
            Serving::DelayServer(server) => {
                Ok(Served::ByDelayServer(Box::new(report_of(server, wait)?)))
            }
            Serving::Service { mut watcher, backend } => {
                if let Some(began_ns) = client.began_ns {
                    let ended_ns = began_ns.saturating_add(client.wall_ns);
                    watcher.send(&ServiceWindow { began_ns, ended_ns })?;
                }
                watcher.close_input();
                let report: ServiceReport = watcher.answer(wait)?;
                if let Some(why) = &report.failure {
                    return Err(watcher.failed(why));
                }
                watcher.end(wait)?;
                let backend = backend.map(|backend| report_of(backend, wait)).transpose()?;
                Ok(Served::ByService(report, backend.map(Box::new)))
            }
            Serving::Elsewhere => Ok(Served::Elsewhere),
        }
    }
}

/// Starts a delay server, and waits until it listens.
fn delay_server(
    role: &str,
    config: &ServerConfig,
    link: Option<&Link>,
    wait: &Wait,
) -> Result<(Process, ServerReady), Ended> {
    let mut server = start(role, &this_binary(), SERVER_COMMAND, End::Killed, link)?;
    server.send(config)?;
    let ready = server.answer(wait)?;
    Ok((server, ready))
}

/// Ends a delay server.
fn report_of(mut server: Process, wait: &Wait) -> Result<ServerReport, Ended> {
    server.close_input();
    let report = server.answer(wait)?;
    server.end(wait)?;
    Ok(report)
}

/// Starts a service behind the process that watches it, and waits until it answers.
fn watched(
    job: &Job,
    service: &Service,
    started: &Started,
    page: Option<PageTerms>,
    link: Option<&Link>,
    wait: &Wait,
) -> Result<(Process, ServerReady), Ended> {
    let role = format!("service `{}`", service.name);
    let mut watcher = start(&role, &this_binary(), SERVICE_COMMAND, End::ByInput, link)?;
    watcher.send(&ServiceConfig {
        protocol: VERSION,
        started: started.clone(),
        settings: job.client.strategy.service_settings.clone().unwrap_or_default(),
        page,
        cpus: job.server.cpus.clone(),
    })?;
    match watcher.answer(wait)? {
        ServiceAnswer::Ready(address) => Ok((watcher, ServerReady::at(address))),
        ServiceAnswer::Failed(why) => Err(watcher.failed(&why)),
    }
}

/// A server of a link listens on its near side; clients, by name or not, connect to its far one.
fn inside(mut config: ServerConfig, link: Option<&Link>) -> ServerConfig {
    if let Some(link) = link {
        config.listen = link.near().into();
        config.reached_at = Some(link.far().into());
        config.port = link.listen().unwrap_or(config.port);
        if let Some(dns) = &mut config.dns {
            dns.address = link.far();
        }
    }
    config
}

/// Messages of Rust and the system where there is no memory left to take; the last, of the stack of
/// a thread.
const NO_MEMORY: [&str; 3] =
    ["memory allocation of ", "Cannot allocate memory", "Resource temporarily unavailable"];

/// Names the limit that a client died of, if it did.
fn out_of_memory(ended: Ended, memory_bytes: Option<u64>) -> Ended {
    match (ended, memory_bytes) {
        (Ended::Failed(why), Some(bytes)) if NO_MEMORY.iter().any(|said| why.contains(said)) => {
            let memory = exact_size(bytes);
            Ended::Failed(format!("{NOT_ENOUGH_MEMORY}, which may have {memory} (`memory`): {why}"))
        }
        (ended, _) => ended,
    }
}

/// The client of a server that listens, at the address where it finds it.
fn with_server(config: &ClientConfig, ready: ServerReady, link: Option<&Link>) -> ClientConfig {
    let from_client =
        |at: SocketAddr| link.map_or(at, |link| SocketAddr::from((link.far(), at.port())));
    ClientConfig {
        server: from_client(ready.addr),
        certificate: ready.certificate,
        dns: ready.dns.map(from_client),
        ..config.clone()
    }
}
