//! A trial's client child: one strategy against one delay server, measured.
//!
//! Every strategy is measured by the same code: a model ([`strategy::model`](crate::strategy::model))
//! takes requests and sends them, a library ([`strategy::library`](crate::strategy::library)) makes
//! the calls, and one recorder times, checks and counts what passes between the two. What happens
//! when:
//!
//! 1. The CPUs, the limit of open files and the timers are set ([`run_child`] only), the tokio
//!    runtime and the library's client object are made. Neither opens a connection. (`reuse =
//!    "pool"` makes a client object for every request, which is part of the request.)
//! 2. The window begins: clock and CPU time are read, the model runs. Its threads, pools and tasks
//!    are started, and all connections opened, inside the window.
//! 3. The window ends when the model returns: the last body is checked, its threads are joined
//!    (rayon's are told to end).
//! 4. Client and runtime are dropped, so that the files that they held are free; the records
//!    become a report, and rows where the parent asked for them.
//!
//! What the thread that samples a timeline used of the window is not the strategy's: CPU time and
//! context switches are reported without it. Threads are counted when a model has started all of its own, at the end of the window, and with
//! each sample of a timeline; the most is reported.

mod connections;
mod files;
mod issue;
mod log;
mod open;
mod outcome;
mod output;
#[cfg(target_os = "linux")]
mod program;
mod record;
mod report;
#[cfg(test)]
mod tests;
mod timeline;

use std::io::{BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use futures_util::future::{BoxFuture, LocalBoxFuture};
use tokio::runtime;
use tokio::task::LocalSet;

use crate::child::{self, ChildError, system};
use crate::dns::{Lookups, Resolver};
use crate::machine::process::{self, Usage};
use crate::payload::Body;
use crate::protocol::{ClientConfig, ClientReport, DnsCounts};
use crate::strategy::failure::Failure;
use crate::strategy::library::{AsyncClient, BlockingClient, Connect, Settings, Tls};
use crate::strategy::model::{Issue, Model};
use crate::strategy::probe::Connections;
use crate::strategy::work::{AsyncIssuer, AsyncWork, BlockingIssuer, BlockingWork, Work};
use crate::strategy::{Program, Strategy};
use crate::timer::Timer;
use crate::units::exact_size;
use crate::vocabulary::{Retries, Runtime};
use files::FilesGauge;
use issue::{Clock, Issuing};
use log::Log;
pub(crate) use log::MEMORY_BYTES as LOG_MEMORY_BYTES;
use record::{Expected, Recorder};
use timeline::{Sampler, Sampling};

/// The client child: reads one [`ClientConfig`], which is the first line of `input`, sets up the
/// process, runs the trial, and writes one [`ClientReport`] and a line end.
pub fn run_child(mut input: impl BufRead, mut output: impl Write) -> Result<(), ChildError> {
    let config = child::configuration(&mut input)?;
    set_up_process(&config)?;
    let report = match &config.strategy.program {
        Some(program) => run_program(&config, program)?,
        None => run(&config)?,
    };
    child::answer(&mut output, &report)
}

#[cfg(target_os = "linux")]
fn run_program(config: &ClientConfig, program: &Program) -> Result<ClientReport, ChildError> {
    program::run(config, program)
}

#[cfg(not(target_os = "linux"))]
fn run_program(_: &ClientConfig, _: &Program) -> Result<ClientReport, ChildError> {
    let why = "programs need Linux: elsewhere, their processes cannot be counted";
    Err(ChildError::Failed(why.to_owned()))
}

/// From the main thread, before there is another: threads inherit CPUs and timers.
fn set_up_process(config: &ClientConfig) -> Result<(), ChildError> {
    process::pin(&config.cpus)
        .map_err(system(format!("keep the process on CPUs {:?}", config.cpus)))?;
    let nofile = config.strategy.nofile;
    process::set_nofile(nofile).map_err(system(match nofile {
        Some(n) => format!("limit open files to {n}"),
        None => "raise the limit of open files".to_owned(),
    }))?;
    if let Some(bytes) = config.strategy.memory_bytes {
        let limited = process::set_memory(bytes);
        limited.map_err(system(format!("limit memory to {}", exact_size(bytes))))?;
    }
    // A program has the timers that it has elsewhere; it would inherit these.
    if config.strategy.program.is_some() {
        return Ok(());
    }
    process::set_exact_timers().map_err(system("make timers exact"))
}

/// Runs the trial in this process, whose CPUs and limits stay as they are.
pub fn run(config: &ClientConfig) -> Result<ClientReport, ChildError> {
    let files = output::Files::reserve(config).map_err(rows)?;
    let settings = settings(config)?;
    let trial = Trial::set_up(config, &settings)?;
    let clock = trial.clock(config)?;
    let expected = Expected::of(config);
    let log = Log::new(config.requests, expected.bytes());
    let sampler = config.timeline.as_ref();
    let sampler = sampler.map(|t| Sampler::start(t, &config.strategy)).transpose()?;
    let own_threads = if sampler.is_some() { 1 } else { 0 };

    // Counting is a system call for each answer: for strategies that are about files.
    let files_gauge = config.strategy.nofile.and_then(FilesGauge::new);
    let open_files_before = files_gauge.as_ref().map(FilesGauge::peak);
    let before = Usage::now();
    let recorder = Recorder::start(log, expected, own_threads);
    let recorder = recorder.counting_files(files_gauge).noting_pieces(config.strategy.probes);
    let recorder = Arc::new(recorder);
    let sampling = sampler.map(|s| s.begin(&recorder, before));
    let issued = trial.issue(&recorder, config, clock);
    let wall_ns = recorder.now_ns();
    // The thread that samples is no part of the strategy.
    let sampler = sampling.as_ref().and_then(Sampling::own);
    let used = Usage::now().since(before).without(sampler.unwrap_or_default());

    recorder.count_threads();
    // Before rows are written, which not every trial does.
    let max_rss_bytes = process::Status::now().max_rss_bytes;
    sampling.map(|s| s.end(wall_ns, used)).transpose().map_err(rows)?;
    let counts = |all| connections::counts(all, &config.strategy, &recorder);
    let connections = settings.probes.as_ref().map(counts).transpose().map_err(rows)?;
    drop(trial);
    issued?;
    files.write(config, &recorder, settings.probes.as_ref()).map_err(rows)?;
    let dns = settings.resolver.as_ref().map(|resolver| counted(resolver.lookups()));
    let report = report::of(&recorder, config, wall_ns, used).map_err(rows)?;
    let sampler_cpu_ns = sampler.map(Usage::cpu_ns);
    let retries = retries(&config.strategy, settings.probes.as_ref());
    let own = ClientReport { max_rss_bytes, sampler_cpu_ns, open_files_before, ..report };
    Ok(ClientReport { connections, dns, retries, ..own })
}

/// For `map_err`: rows of the trial could not be written.
fn rows(error: std::io::Error) -> ChildError {
    system("write the rows of the trial")(error)
}

/// Requests that the library sent again, where it may and probes count them.
fn retries(strategy: &Strategy, probes: Option<&Connections>) -> Option<u64> {
    probes.filter(|_| strategy.retries == Some(Retries::Library)).map(Connections::retries)
}

/// Settings of the library's client.
fn settings(config: &ClientConfig) -> Result<Settings, ChildError> {
    crate::tls::install_provider();
    let strategy = &config.strategy;
    let tls = |certificate: &Vec<u8>| {
        let config = crate::tls::client(certificate, strategy.protocol)?;
        Ok::<_, ChildError>(Tls { config, certificate: certificate.clone() })
    };
    let timeout = strategy.timeout_ns.map(Duration::from_nanos);
    let resolver = |server| {
        let patience = timeout.unwrap_or(PATIENCE).min(PATIENCE);
        Resolver::new(server, strategy.dns_cache, patience)
    };
    Ok(Settings {
        server: config.server,
        service: strategy.service.clone(),
        reuse: strategy.reuse,
        max_connections: strategy.max_connections,
        protocol: strategy.protocol,
        tls: config.certificate.as_ref().map(tls).transpose()?,
        resolver: config.dns.map(resolver),
        targets: config.targets,
        redirects: config.redirects,
        upload: Body::new(config.seed, upload_bytes(config)),
        retries: strategy.retries.unwrap_or(Retries::None),
        probes: strategy.probes.then(Connections::default),
        green: strategy.model.known().is_some_and(Model::is_green),
        timeout,
    })
}

/// A look-up that takes longer has failed: resolvers of common systems give up after 5 s too
/// (resolv.conf(5), `timeout`), and then ask once more.
const PATIENCE: Duration = Duration::from_secs(5);

fn upload_bytes(config: &ClientConfig) -> usize {
    usize::try_from(config.upload_bytes).expect("lengths of bodies fit")
}

fn counted(lookups: Lookups) -> DnsCounts {
    DnsCounts {
        misses: lookups.queries,
        hits: lookups.hits,
        coalesced: lookups.coalesced,
        failed: lookups.failed,
        resends: lookups.resends,
    }
}

/// A strategy ready to go: client and runtime are there, no connection yet.
enum Trial {
    Blocking {
        client: Arc<dyn BlockingClient>,
        issue: fn(&BlockingWork),
    },
    /// The runtime comes last: it is dropped after the client whose connections it drives.
    Green {
        client: Arc<dyn BlockingClient>,
        issue: fn(BlockingWork) -> LocalBoxFuture<'static, ()>,
        runtime: runtime::Runtime,
    },
    /// The runtime comes last, likewise.
    Async {
        client: Arc<dyn AsyncClient>,
        issue: fn(AsyncWork) -> BoxFuture<'static, ()>,
        runtime: runtime::Runtime,
    },
    /// The runtime comes last, likewise.
    Offload {
        client: Arc<dyn AsyncClient>,
        issue: fn(&AsyncWork, &runtime::Runtime),
        runtime: runtime::Runtime,
    },
}

impl Trial {
    fn set_up(config: &ClientConfig, settings: &Settings) -> Result<Trial, ChildError> {
        let Strategy { model, library, runtime, .. } = &config.strategy;
        let refused = |failure: Failure| {
            let (client, chain) = (library.name(), failure.chain);
            ChildError::Failed(format!("cannot set up client `{client}`: {chain}"))
        };
        match (model.known().map(|m| m.issue), library.known().map(|l| l.connect)) {
            (Some(Issue::Blocking(issue)), Some(Connect::Blocking(connect))) => {
                let client = connect(settings).map_err(refused)?.into();
                Ok(Trial::Blocking { client, issue })
            }
            (Some(Issue::Green(issue)), Some(Connect::Blocking(connect))) => {
                let client = connect(settings).map_err(refused)?.into();
                Ok(Trial::Green { client, issue, runtime: start(Runtime::CurrentThread)? })
            }
            (Some(Issue::Async(issue)), Some(Connect::Async(connect))) => {
                let client = connect(settings).map_err(refused)?.into();
                let runtime = start(runtime.unwrap_or(Runtime::CurrentThread))?;
                Ok(Trial::Async { client, issue, runtime })
            }
            (Some(Issue::Offload(issue)), Some(Connect::Async(connect))) => {
                let client = connect(settings).map_err(refused)?.into();
                let runtime = start(runtime.unwrap_or(Runtime::CurrentThread))?;
                Ok(Trial::Offload { client, issue, runtime })
            }
            // `Strategy::checked` lets none such through, but a recording of another build may have it.
            _ => Err(ChildError::Failed(match (model.known(), library.known()) {
                (None, _) => format!("there is no model `{model}`"),
                (_, None) => format!("there is no client `{library}`"),
                _ => format!("model `{model}` cannot drive client `{library}`"),
            })),
        }
    }

    /// When requests are to start, and what waits for it.
    fn clock(&self, config: &ClientConfig) -> Result<Clock, ChildError> {
        let arrivals_ns = config.arrival.all_ns(config.seed, config.requests);
        let timer = match self {
            Trial::Green { runtime, .. } | Trial::Async { runtime, .. }
                if arrivals_ns.is_some() =>
            {
                let started = runtime.block_on(async { Timer::start() });
                Some(started.map_err(system("start a timer"))?)
            }
            _ => None,
        };
        Ok(Clock { arrivals_ns, timer })
    }

    /// Runs the model. Client and runtime outlive it: closing what they hold is not part of the
    /// window.
    fn issue(
        &self,
        recorder: &Arc<Recorder>,
        config: &ClientConfig,
        clock: Clock,
    ) -> Result<(), ChildError> {
        let Strategy { limit, own_work, .. } = config.strategy;
        let requests = config.requests;
        let recorder = Arc::clone(recorder);
        let model = config.strategy.model.name();
        let panicked = || ChildError::Failed(format!("model `{model}` panicked"));
        match self {
            Trial::Blocking { client, issue } => {
                let issuer = Arc::new(Issuing { recorder, client: Arc::clone(client), clock });
                let work = Work::new(issuer as Arc<dyn BlockingIssuer>, requests, limit);
                let work = work.beside(own_work);
                catch_unwind(AssertUnwindSafe(|| issue(&work))).map_err(|_| panicked())
            }
            Trial::Green { client, issue, runtime } => {
                let issuer = Arc::new(Issuing { recorder, client: Arc::clone(client), clock });
                let work = Work::new(issuer as Arc<dyn BlockingIssuer>, requests, limit);
                let issued = || LocalSet::new().block_on(runtime, issue(work));
                catch_unwind(AssertUnwindSafe(issued)).map_err(|_| panicked())
            }
            Trial::Async { client, issue, runtime } => {
                let issuer = Arc::new(Issuing { recorder, client: Arc::clone(client), clock });
                let work = Work::new(issuer as Arc<dyn AsyncIssuer>, requests, limit);
                let issued = runtime.block_on(async { tokio::spawn(issue(work)).await });
                issued.map_err(|_| panicked())
            }
            Trial::Offload { client, issue, runtime } => {
                let issuer = Arc::new(Issuing { recorder, client: Arc::clone(client), clock });
                let work = Work::new(issuer as Arc<dyn AsyncIssuer>, requests, limit);
                let work = work.beside(own_work);
                catch_unwind(AssertUnwindSafe(|| issue(&work, runtime))).map_err(|_| panicked())
            }
        }
    }
}

fn start(kind: Runtime) -> Result<runtime::Runtime, ChildError> {
    let mut builder = match kind {
        Runtime::CurrentThread => runtime::Builder::new_current_thread(),
        Runtime::MultiThread(_) => runtime::Builder::new_multi_thread(),
    };
    if let Runtime::MultiThread(workers) = kind {
        builder.worker_threads(workers.get() as usize);
    }
    builder.enable_all().build().map_err(system(format!("start the {kind} runtime")))
}
