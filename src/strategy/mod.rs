//! Strategies: how a client may issue many requests.
//!
//! A strategy is model × library × reuse × limit × runtime. Models stand in [`model`], one file
//! and one line of [`model::ALL`] each; HTTP libraries in [`library`], likewise. A [`Strategy`] is
//! what was written; [`Strategy::checked`] refuses what is no valid combination.

mod by_name;
pub mod failure;
pub(crate) mod green;
pub mod library;
pub mod model;
mod own_work;
pub mod page;
pub mod probe;
pub mod program;
pub mod schedule;
pub mod service;
pub mod work;

use std::borrow::Borrow;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};

pub use by_name::{ByName, Listed};
pub use library::Library;
pub use model::{LimitRule, Model};
pub use own_work::OwnWork;
pub use page::{Outbound, Page, Product, Slots};
use probe::Phase;
pub use program::{IndexBy, Program, Settings};
pub use service::Service;

use crate::vocabulary::{Flavour, Protocol, Retries, Reuse, Runtime};

/// One way of issuing requests, as it is written; also the form in which it travels to a trial child.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Strategy {
    /// The reader's name for it; not part of what it does.
    pub label: String,
    /// The model, which decides when requests are issued.
    pub model: ByName<Model>,
    /// The HTTP library that issues them.
    #[serde(rename = "client")]
    pub library: ByName<Library>,
    /// Use of connections after an answer.
    pub reuse: Reuse,
    /// Requests in flight at most.
    pub limit: Option<NonZeroU32>,
    /// Open connections at most; further requests wait for one.
    pub max_connections: Option<NonZeroU32>,
    /// The runtime; once checked, `Some` exactly for async models.
    pub runtime: Option<Runtime>,
    /// The version of HTTP.
    pub protocol: Protocol,
    /// Whether a TLS session may be resumed.
    pub tls_resumption: bool,
    /// Whether answers of the name server are kept.
    pub dns_cache: bool,
    /// Whether the phases of requests are taken.
    pub probes: bool,
    /// Requests that are sent again; once checked, `Some`, and [`Retries::Library`] only where the
    /// library retries something.
    #[serde(default = "Retries::legacy", skip_serializing_if = "Retries::is_legacy")]
    pub retries: Option<Retries>,
    /// Work of the caller's own: once, beside its requests or after them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub own_work: Option<OwnWork>,
    /// A request that takes longer fails with class `timeout(…)`.
    pub timeout_ns: Option<u64>,
    /// Open files that the client process may have (`RLIMIT_NOFILE`).
    pub nofile: Option<u64>,
    /// Local ports that there are for connections, in a network of the trial's own.
    pub ports: Option<u32>,
    /// Memory that the client process may have (`RLIMIT_DATA`).
    pub memory_bytes: Option<u64>,
    /// The program that issues the requests, in place of a model and a library.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub program: Option<Box<Program>>,
    /// Values of the program's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Settings>,
    /// The service that is asked, in place of the delay server.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<Service>,
    /// Values of the service's own settings.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_settings: Option<Settings>,
}

/// The `model` of every program.
pub const PROGRAM_MODEL: &str = "program";

/// Why a combination of values is not a strategy. The text names the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The model drives libraries of the other flavour.
    #[error("model `{model}` cannot drive client `{client}`; it can drive {}", .can.join(", "))]
    Client {
        /// The model asked for.
        model: &'static str,
        /// The client asked for.
        client: &'static str,
        /// The clients that it can drive.
        can: Vec<&'static str>,
    },
    /// The library has no such way of reuse.
    #[error("client `{client}` cannot do reuse = \"{reuse}\"; it can do {}", .can.join(", "))]
    Reuse {
        /// The client asked for.
        client: &'static str,
        /// The mode asked for.
        reuse: Reuse,
        /// The modes that it has.
        can: Vec<&'static str>,
    },
    /// The model needs a limit and has none.
    #[error("model `{0}` needs a `limit`")]
    LimitMissing(&'static str),
    /// The model has no use for a limit.
    #[error("model `{model}` has no limit; remove `limit`, or choose a model that takes one: {}", model::limited().join(", "))]
    LimitForbidden {
        /// The model asked for.
        model: &'static str,
    },
    /// The caller of the model has nothing else to do.
    #[error("model `{model}` has no `work`; remove it, or choose a model that has: {}", model::working().join(", "))]
    WorkForbidden {
        /// The model asked for.
        model: &'static str,
    },
    /// The library does not speak this version of HTTP.
    #[error("client `{client}` does not speak {protocol}; clients that do: {}", or_none(.can))]
    Protocol {
        /// The client asked for.
        client: &'static str,
        /// The version asked for.
        protocol: Protocol,
        /// The clients of the model that speak it.
        can: Vec<&'static str>,
    },
    /// The library cannot bound its open connections.
    #[error(
        "client `{client}` has no limit on open connections; remove `max_connections`, or choose a client that has one: {}",
        .can.join(", ")
    )]
    MaxConnections {
        /// The client asked for.
        client: &'static str,
        /// The clients that can.
        can: Vec<&'static str>,
    },
    /// The library sends nothing again.
    #[error(
        "client `{client}` sends nothing again over {protocol}; remove `retries = \"library\"`, or choose a client that does: {}",
        or_none(.can)
    )]
    Retries {
        /// The client asked for.
        client: &'static str,
        /// The version of HTTP asked for.
        protocol: Protocol,
        /// Clients that do, with their version.
        can: Vec<String>,
    },
    /// A blocking model has no runtime.
    #[error("model `{0}` runs on threads, not on a runtime; remove `runtime`")]
    RuntimeForbidden(&'static str),
}

/// Clients that could do it.
fn or_none<S: Borrow<str>>(can: &[S]) -> String {
    match can {
        [] => "none that this model can drive".to_owned(),
        can => can.join(", "),
    }
}

impl Strategy {
    /// A model and a library, everything else as an experiment file has it by default.
    pub fn of(
        label: impl Into<String>,
        model: impl Into<ByName<Model>>,
        library: impl Into<ByName<Library>>,
    ) -> Strategy {
        Strategy {
            label: label.into(),
            model: model.into(),
            library: library.into(),
            reuse: Reuse::Session,
            limit: None,
            max_connections: None,
            runtime: None,
            protocol: Protocol::Http1,
            tls_resumption: true,
            dns_cache: true,
            probes: true,
            retries: None,
            own_work: None,
            timeout_ns: None,
            nofile: None,
            ports: None,
            memory_bytes: None,
            program: None,
            settings: None,
            service: None,
            service_settings: None,
        }
    }

    /// A program, everything else as an experiment file has it by default.
    pub fn of_program(label: impl Into<String>, program: Program) -> Strategy {
        Strategy {
            reuse: program.reuse.unwrap_or(Reuse::Session),
            retries: Some(Retries::None),
            probes: false,
            program: Some(Box::new(program.clone())),
            ..Strategy::of(
                label,
                ByName::Unknown(PROGRAM_MODEL.to_owned()),
                ByName::Unknown(program.name),
            )
        }
    }

    /// Checks the combination and fills in what follows from it (the runtime of an async model is
    /// `current-thread` unless given). Nothing is asked of a model or library that is unknown.
    pub fn checked(mut self) -> Result<Strategy, Invalid> {
        if self.program.is_some() {
            return Ok(self);
        }
        let (model, library) = (self.model.known(), self.library.known());
        if let (Some(model), Some(library)) = (model, library)
            && !model.drives(library)
        {
            let can = library::ALL.iter().filter(|l| model.drives(l)).map(|l| l.name).collect();
            return Err(Invalid::Client { model: model.name, client: library.name, can });
        }
        if let Some(library) = library
            && !library.reuse.contains(&self.reuse)
        {
            let can = library.reuse.iter().map(|r| r.name()).collect();
            return Err(Invalid::Reuse { client: library.name, reuse: self.reuse, can });
        }
        if let Some(model) = model {
            match (model.limit, self.limit) {
                (LimitRule::Required, None) => return Err(Invalid::LimitMissing(model.name)),
                (LimitRule::Forbidden, Some(_)) => {
                    return Err(Invalid::LimitForbidden { model: model.name });
                }
                _ => {}
            }
            if self.own_work.is_some() && model.own_work.is_none() {
                return Err(Invalid::WorkForbidden { model: model.name });
            }
        }
        self.retries = Some(match library {
            Some(library) => self.check_library(library)?,
            None => self.retries.unwrap_or(Retries::None),
        });
        let flavour = model.map(Model::flavour).or(library.map(Library::flavour));
        match (flavour, self.runtime, model) {
            (Some(Flavour::Blocking), Some(_), Some(model)) => {
                return Err(Invalid::RuntimeForbidden(model.name));
            }
            (Some(Flavour::Async), None, _) => self.runtime = Some(Runtime::CurrentThread),
            _ => {}
        }
        Ok(self)
    }

    /// Checks what is asked of a library, and gives the requests that it sends again.
    fn check_library(&self, library: &'static Library) -> Result<Retries, Invalid> {
        let (client, protocol) = (library.name, self.protocol);
        let drivable = |l: &&'static Library| match self.model.known() {
            Some(model) => model.drives(l),
            None => l.flavour() == library.flavour(),
        };
        let alike = || library::ALL.iter().copied().filter(drivable);
        if !library.protocols.contains(&protocol) {
            let can = alike().filter(|l| l.protocols.contains(&protocol)).map(|l| l.name);
            return Err(Invalid::Protocol { client, protocol, can: can.collect() });
        }
        if self.max_connections.is_some() && !library.bounds_connections {
            let can = library::ALL.iter().filter(|l| l.bounds_connections).map(|l| l.name);
            return Err(Invalid::MaxConnections { client, can: can.collect() });
        }
        match (library.retries_over.contains(&protocol), self.retries) {
            (true, retries) => Ok(retries.unwrap_or(Retries::Library)),
            (false, None | Some(Retries::None)) => Ok(Retries::None),
            (false, Some(Retries::Library)) => {
                let can = alike().flat_map(|l| {
                    l.retries_over.iter().map(|protocol| format!("{} over {protocol}", l.name))
                });
                Err(Invalid::Retries { client, protocol, can: can.collect() })
            }
        }
    }

    /// The programs that issue or answer its requests.
    pub fn programs(&self) -> impl Iterator<Item = &Program> {
        let service = self.service.as_ref().and_then(Service::started);
        self.program.as_deref().into_iter().chain(service.map(|started| &started.program))
    }

    /// Its programs, to be changed.
    pub(crate) fn programs_mut(&mut self) -> impl Iterator<Item = &mut Program> {
        let service = self.service.as_mut().and_then(Service::started_mut);
        let service = service.map(|started| &mut started.program);
        self.program.as_deref_mut().into_iter().chain(service)
    }

    /// Workers of the service that it asks, where that is declared.
    pub fn workers(&self) -> Option<u32> {
        let workers = self.service.as_ref()?.workers.as_ref()?;
        let none = Settings::default();
        workers.of(self.service_settings.as_ref().unwrap_or(&none)).map(NonZeroU32::get)
    }

    /// Its use of connections; `None` of a program that does not say so.
    pub fn declared_reuse(&self) -> Option<Reuse> {
        match &self.program {
            Some(program) => program.reuse.map(|_| self.reuse),
            None => Some(self.reuse),
        }
    }

    /// Whether its model blocks threads or yields to a runtime.
    pub fn flavour(&self) -> Flavour {
        if self.runtime.is_some() { Flavour::Async } else { Flavour::Blocking }
    }

    /// The schedule that this strategy would follow without any overhead, for requests that take
    /// this long and, on HTTP/2, `streams` of them at once on a connection; `None` if its model is
    /// unknown.
    pub fn ideal(&self, waits_ns: &[u64], streams: u32) -> Option<schedule::Schedule> {
        let requests = u32::try_from(waits_ns.len()).unwrap_or(u32::MAX);
        if self.program.is_some() {
            let slots = NonZeroU32::new(self.concurrency(requests, streams));
            let slots = slots.unwrap_or(NonZeroU32::MIN);
            return Some(schedule::list(waits_ns, slots));
        }
        let model = self.model.known()?;
        let cap = self.connection_slots(streams).filter(|cap| cap.get() < self.asked(requests));
        Some(self.and_own_work(match cap {
            Some(cap) => schedule::list(waits_ns, cap),
            None => (model.ideal)(waits_ns, self.limit),
        }))
    }

    /// The schedule without overhead under open arrival: requests come at these moments
    /// (ascending). `None` if the model is unknown or means nothing then.
    pub fn ideal_open(
        &self,
        arrivals_ns: &[u64],
        waits_ns: &[u64],
        streams: u32,
    ) -> Option<schedule::Schedule> {
        let spans = self.open_spans(arrivals_ns, waits_ns, streams)?;
        Some(self.and_own_work(spans.schedule()))
    }

    fn open_spans(
        &self,
        arrivals_ns: &[u64],
        waits_ns: &[u64],
        streams: u32,
    ) -> Option<schedule::Spans> {
        let open = self.model.known()?.open?;
        let requests = u32::try_from(waits_ns.len()).unwrap_or(u32::MAX);
        let cap = self.connection_slots(streams).filter(|cap| cap.get() < self.asked(requests));
        Some(match cap {
            Some(cap) => schedule::open::list(arrivals_ns, waits_ns, cap),
            None => open(arrivals_ns, waits_ns, self.limit),
        })
    }

    /// The latencies that requests would have without any overhead, in request order and in the span
    /// that is measured: from the planned start to the last byte where requests come at moments of
    /// their own, else from sending to the last byte, which is all that a request waits then. `None`
    /// where the schedule is not known: of a service, or of an unknown model.
    pub fn ideal_latencies_ns(
        &self,
        arrivals_ns: Option<&[u64]>,
        waits_ns: &[u64],
        streams: u32,
    ) -> Option<Vec<u64>> {
        if self.service.is_some() {
            return None;
        }
        match arrivals_ns {
            None => Some(waits_ns.to_vec()),
            Some(arrivals) => {
                Some(self.open_spans(arrivals, waits_ns, streams)?.latencies_ns(arrivals))
            }
        }
    }

    fn and_own_work(&self, requests: schedule::Schedule) -> schedule::Schedule {
        schedule::Schedule { wall_ns: self.wall_with_own_work(requests.wall_ns), ..requests }
    }

    /// Wall time without overhead of its own work and of requests that take this long without it.
    pub(crate) fn wall_with_own_work(&self, requests_ns: u64) -> u64 {
        match (self.own_work, self.model.known().and_then(|model| model.own_work)) {
            (Some(work), Some(together)) => together(requests_ns, work.ns()),
            _ => requests_ns,
        }
    }

    /// Connections that the server may see for `requests` requests to `targets` hosts, if none of
    /// them fails.
    pub fn connections(&self, requests: u32, targets: u32) -> RangeInclusive<u32> {
        self.connections_with_redirects(requests, 0, targets)
    }

    /// Connections that the server may see if each request is redirected this often. Each redirect
    /// is a request of its own: it may need another connection, and without reuse it does.
    pub fn connections_with_redirects(
        &self,
        requests: u32,
        redirects: u32,
        targets: u32,
    ) -> RangeInclusive<u32> {
        let hops = requests.saturating_mul(redirects.saturating_add(1));
        if self.reuse == Reuse::None {
            return hops..=hops;
        }
        let needed = self.connections_for(self.concurrency(requests, u32::MAX), targets);
        let most = if self.replaces_connections(needed, targets) { hops } else { needed.min(hops) };
        targets.min(requests)..=most
    }

    /// Connections that carry requests at most, likewise, with `streams` requests at once on an
    /// HTTP/2 connection. On HTTP/2 a library may begin more of them before it knows the protocol.
    pub fn connections_used(
        &self,
        requests: u32,
        redirects: u32,
        targets: u32,
        streams: u32,
    ) -> u32 {
        let most = *self.connections_with_redirects(requests, redirects, targets).end();
        if self.protocol == Protocol::Http1 || self.reuse == Reuse::None {
            return most;
        }
        let slots = self.concurrency(requests, streams).div_ceil(streams.max(1));
        let needed = self.connections_for(slots.max(1), targets);
        if self.replaces_connections(needed, targets) { most } else { needed.min(most) }
    }

    /// Whether a bounded pool has to close connections to one host to make room for another, and may do
    /// so for every request.
    fn replaces_connections(&self, needed: u32, targets: u32) -> bool {
        targets > 1 && self.max_connections.is_some_and(|most| most.get() < needed)
    }

    /// Connections for this many uses at once: any number, if the library is unknown. Those to one host
    /// are of no use for another.
    fn connections_for(&self, slots: u32, targets: u32) -> u32 {
        let per_slot =
            self.library.known().map_or(u32::MAX, |library| library.connections_per_slot);
        slots.saturating_mul(per_slot).saturating_mul(targets)
    }

    /// Requests that can be in flight at once, of `requests`, with `streams` at most on an HTTP/2
    /// connection.
    pub fn concurrency(&self, requests: u32, streams: u32) -> u32 {
        let slots = self.connection_slots(streams);
        slots.map_or(u32::MAX, NonZeroU32::get).min(self.asked(requests))
    }

    /// Requests that its model has in flight at most.
    pub(crate) fn asked(&self, requests: u32) -> u32 {
        match (self.limit, self.flavour()) {
            (Some(limit), _) => limit.get().min(requests),
            // A program without a limit may have all in flight at once.
            (None, _) if self.program.is_some() => requests,
            (None, Flavour::Blocking) => 1,
            (None, Flavour::Async) => requests,
        }
    }

    /// OS threads that can be busy at once.
    pub(crate) fn threads(&self) -> u32 {
        match (self.flavour(), self.runtime) {
            _ if self.model.known().is_some_and(Model::is_green) => 1,
            (Flavour::Async, Some(Runtime::MultiThread(n))) => n.get() + self.computing(),
            (Flavour::Async, _) => 1 + self.computing(),
            (Flavour::Blocking, _) => self.limit.map_or(1, NonZeroU32::get),
        }
    }

    /// Threads beside those of its runtime that compute: its caller's, or none.
    fn computing(&self) -> u32 {
        u32::from(matches!(self.own_work, Some(OwnWork::Compute(_))))
    }

    /// Phases whose ends can be known, with or without `names` to look up, and with or without
    /// `tls`.
    pub fn tells(&self, names: bool, tls: bool) -> [bool; Phase::ALL.len()] {
        Phase::ALL.map(|phase| match phase {
            Phase::Queue | Phase::Wait | Phase::Receive => true,
            Phase::Dns if !names => false,
            Phase::Tls if !tls => false,
            // What a connection of HTTP/2 writes belongs to no single request.
            Phase::Send if self.protocol == Protocol::Http2 => false,
            _ => self.probes && self.library.known().is_some_and(|l| l.tells.contains(&phase)),
        })
    }

    /// Requests that its connections can carry at once, if it bounds them.
    fn connection_slots(&self, streams: u32) -> Option<NonZeroU32> {
        let on_each = match self.protocol {
            Protocol::Http1 => 1,
            Protocol::Http2 => streams.max(1),
        };
        Some(self.max_connections?.saturating_mul(NonZeroU32::new(on_each)?))
    }
}
