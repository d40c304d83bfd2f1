//! Observations of reqwest's connections and of the requests that they carry.
//!
//! A layer around its connector sees connections being opened, whoever uses them in the end. The
//! request that one is opened for is known by its task; the connection that carried a request, by
//! the local address that comes with the answer. When a request was written, or a connection is
//! closed, reqwest does not tell.

use std::any::Any;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::sync::{Arc, Mutex, OnceLock};

use hyper_util::client::legacy::connect::{self, Connected, HttpInfo};

use super::attempts::{Attempts, End, Since};
use super::{ending, failure};
use crate::dns::host;
use crate::strategy::failure::{Class, Failure, Stage};
use crate::strategy::library::Settings;
use crate::strategy::probe::{Connection, Connections, Marks, lock};
use crate::timer::Moment;
use crate::vocabulary::Protocol;

tokio::task_local! {
    /// The request that this task makes.
    static REQUEST: Request;
    /// The connection that this task opens; it goes with the work, if the task is left behind.
    static ATTEMPT: Arc<Attempt>;
}

thread_local! {
    /// The probe of all requests of this thread, if they are of one client.
    static THREAD: RefCell<Option<Probe>> = const { RefCell::new(None) };
}

/// A request on its way, and who notes what it does.
#[derive(Debug, Clone)]
struct Request {
    index: u32,
    probe: Probe,
}

/// Notes what it can of the connection that the running task opens, if that is one.
pub(super) fn opening(note: impl FnOnce(&Connection)) {
    // An error says that there is none, as without probes.
    let _ = ATTEMPT.try_with(|attempt| note(&attempt.connection));
}

/// The running task opens a connection to the host of this name, if it opens one.
pub(super) fn looking_up(name: &str) {
    let _ = ATTEMPT.try_with(|attempt| attempt.to(name));
}

/// An attempt to open a connection. Dropped before it has come to its end, it was given up.
#[derive(Debug)]
struct Attempt {
    probe: Probe,
    connection: Arc<Connection>,
    /// The name of its host, as soon as it is known.
    host: OnceLock<String>,
}

impl Attempt {
    fn to(&self, host: &str) {
        if self.host.set(host.to_owned()).is_ok() {
            self.probe.0.attempts.begin(host, &self.connection);
        }
    }

    fn host(&self) -> &str {
        self.host.get().map_or("", String::as_str)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        let opening = self.connection.opening();
        let ended = opening.ready.is_some() || opening.failure.is_some();
        drop(opening);
        if !ended {
            self.probe.given_up(self);
        }
    }
}

/// An error of a connector.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The connections of a client, and which redirects its requests went through.
#[derive(Debug, Clone)]
pub(in crate::strategy::library) struct Probe(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connections: Connections,
    /// The version of HTTP where nobody negotiates.
    protocol: Protocol,
    /// Whether hosts have names, and how many hosts there are.
    names: bool,
    targets: u32,
    /// Whether connections are encrypted.
    encrypts: bool,
    /// The connector that opens connections; its type is not known here.
    connector: OnceLock<Box<dyn Any + Send + Sync>>,
    /// The newest connection from each local port: all go to one address, and a port may come
    /// again. Looked into for every request, and small: cheaper to search than to hash.
    by_port: Mutex<BTreeMap<u16, Arc<Connection>>>,
    /// Whether redirects are followed.
    follows: bool,
    /// Redirects of requests that are under way, by index, and when the first one came.
    redirects: Mutex<BTreeMap<u32, (u32, Moment)>>,
    /// Connections that could not be opened, by the request that they were begun for.
    unopened: Mutex<BTreeMap<u32, Arc<Connection>>>,
    /// Attempts to open connections, by host.
    attempts: Attempts,
}

impl Probe {
    pub(in crate::strategy::library) fn new(settings: &Settings) -> Option<Probe> {
        Some(Probe(Arc::new(Shared {
            connections: settings.probes.clone()?,
            protocol: settings.protocol,
            names: settings.resolver.is_some(),
            targets: settings.targets,
            encrypts: settings.tls.is_some(),
            connector: OnceLock::new(),
            by_port: Mutex::default(),
            follows: settings.redirects > 0,
            redirects: Mutex::default(),
            unopened: Mutex::default(),
            attempts: Attempts::default(),
        })))
    }

    /// Request `index` is made by this future: connections begun in it are begun for the request.
    pub(super) fn requesting<F: Future>(
        &self,
        index: u32,
        future: F,
    ) -> impl Future<Output = F::Output> + use<F> {
        REQUEST.scope(Request { index, probe: self.clone() }, future)
    }

    /// A redirect of request `index` is followed.
    pub(super) fn redirected(&self, index: u32) {
        let now = Moment::now();
        lock(&self.0.redirects).entry(index).or_insert((0, now)).0 += 1;
    }

    /// reqwest sends a request again.
    pub(super) fn retried(&self) {
        self.0.connections.retried();
    }

    /// Marks of request `index` when its answer has come.
    pub(in crate::strategy::library) fn answered(
        &self,
        index: u32,
        extensions: &hyper::http::Extensions,
    ) -> Marks {
        self.marks(index, extensions.get::<HttpInfo>())
    }

    /// The present moment among the attempts: taken before a request is made, and given when it has
    /// failed.
    pub(in crate::strategy::library) fn now(&self) -> Since {
        self.0.attempts.now()
    }

    /// Marks and failure of request `index`, which was made after `since`.
    pub(in crate::strategy::library) fn failed(
        &self,
        index: u32,
        since: Since,
        error: &reqwest::Error,
    ) -> (Marks, Failure) {
        let told = failure(error);
        let marks = self.carried_by(index, error);
        let unopened = lock(&self.0.unopened).remove(&index);
        let Some(connection) = unopened.filter(|_| marks.carried.is_none()) else {
            let told = if marks.carried.is_none() { self.why(index, since, told) } else { told };
            return (marks, told);
        };
        let is_given_up = connection.opening().failure.is_none();
        match told.class {
            // It waited for its own connection to the end: else that would not have been given up.
            Class::Timeout(Stage::Head) if is_given_up => {
                let class = Class::Timeout(self.stage(&connection));
                (begun(marks, &connection), Failure { class, ..told })
            }
            _ if error.is_connect() && !is_given_up => (begun(marks, &connection), told),
            _ => (marks, told),
        }
    }

    /// Why a request failed that waited for a connection, if not even its library says so.
    pub(in crate::strategy::library) fn why(
        &self,
        index: u32,
        since: Since,
        told: Failure,
    ) -> Failure {
        let host = self.host(index);
        match told.class {
            Class::Canceled => match self.0.attempts.why(&host, since) {
                Some(cause) => told.because(&cause),
                None => told,
            },
            Class::Timeout(Stage::Head) => {
                match self.0.attempts.stage(&host, since, |connection| self.stage(connection)) {
                    Some(stage) => Failure { class: Class::Timeout(stage), ..told },
                    None => told,
                }
            }
            _ => told,
        }
    }

    /// Whether request `index` cannot have been carried: there was never a connection to its host.
    pub(in crate::strategy::library) fn never_opened(&self, index: u32) -> bool {
        self.0.attempts.never_opened(&self.host(index))
    }

    /// The host of a request.
    fn host(&self, index: u32) -> String {
        if self.0.names { host(index % self.0.targets) } else { String::new() }
    }

    /// Stage of a connection that is not open yet.
    fn stage(&self, connection: &Connection) -> Stage {
        let opening = connection.opening();
        if self.0.names && opening.dns.is_none() {
            Stage::Dns
        } else if opening.connect.is_none() {
            Stage::Connect
        } else if self.0.encrypts && opening.tls.is_none() {
            Stage::Tls
        } else {
            Stage::Head
        }
    }

    fn carried_by(&self, index: u32, error: &reqwest::Error) -> Marks {
        let mut extensions = hyper::http::Extensions::new();
        let mut cause = error.source();
        while let Some(error) = cause {
            if let Some(error) = error.downcast_ref::<hyper_util::client::legacy::Error>()
                && let Some(connected) = error.connect_info()
            {
                connected.get_extras(&mut extensions);
            }
            cause = error.source();
        }
        self.marks(index, extensions.get::<HttpInfo>())
    }

    fn marks(&self, index: u32, info: Option<&HttpInfo>) -> Marks {
        let mut marks = Marks::default();
        let mut first_redirect = None;
        if let Some((redirects, at)) = self.redirects_of(index) {
            marks.redirects = redirects;
            first_redirect = Some(at);
        }
        let Some(info) = info else { return marks };
        let by_port = lock(&self.0.by_port);
        let Some(connection) = by_port.get(&info.local_addr().port()) else { return marks };
        let carried = connection.carry();
        marks.carried = Some(carried);
        if connection.started_by == Some(index) && carried.nth == 1 {
            return own(marks, connection, first_redirect);
        }
        marks
    }

    fn redirects_of(&self, index: u32) -> Option<(u32, Moment)> {
        self.0.follows.then(|| lock(&self.0.redirects).remove(&index)).flatten()
    }
}

/// The phases of a request for which its connection was opened, and was opened in its first hop:
/// the time that redirects take is a wait for the head.
fn own(marks: Marks, connection: &Connection, redirect: Option<Moment>) -> Marks {
    let before_redirects = |at: Moment| redirect.is_none_or(|redirect| at <= redirect);
    let ready = connection.opening().ready;
    if ready.is_some_and(before_redirects) { begun(marks, connection) } else { marks }
}

/// The phases of a request whose own connection came as far as it did.
fn begun(marks: Marks, connection: &Connection) -> Marks {
    let opening = connection.opening();
    let [.., stream, send] = marks.ends;
    let ends = [Some(connection.start), opening.dns, opening.connect, opening.tls, stream, send];
    Marks { ends, source: opening.source, ..marks }
}

/// Observations of a connector.
impl Probe {
    /// The probe of the current task, else of the thread.
    pub(super) fn running() -> Option<Probe> {
        let by_task = REQUEST.try_with(|request| request.probe.clone());
        by_task.ok().or_else(|| THREAD.with_borrow(Option::clone))
    }

    /// All requests that this thread makes from here on are its.
    pub(super) fn found_by_thread(&self) {
        THREAD.set(Some(self.clone()));
    }

    /// Keeps what opens connections; a client has one.
    pub(super) fn keep(&self, connector: impl Any + Send + Sync) {
        // Of two, the first stays.
        let _ = self.0.connector.set(Box::new(connector));
    }

    /// The connector that [`keep`](Probe::keep) kept.
    pub(super) fn kept<S: Any>(&self) -> Option<&S> {
        self.0.connector.get()?.downcast_ref()
    }

    /// A connection is begun, for the request that this task makes.
    pub(super) fn begin(&self) -> Arc<Connection> {
        self.0.connections.begin(REQUEST.try_with(|request| request.index).ok())
    }

    /// Runs `opens` so that it can note what it sees of `connection`, and notes its end.
    pub(super) async fn noting<T>(
        self,
        connection: Arc<Connection>,
        opens: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError>
    where
        T: connect::Connection,
    {
        let attempt = Attempt { probe: self.clone(), connection, host: OnceLock::new() };
        if !self.0.names {
            attempt.to("");
        }
        let attempt = Arc::new(attempt);
        let opened = ATTEMPT.scope(Arc::clone(&attempt), opens).await;
        match &opened {
            Ok(io) => {
                self.opened(&attempt.connection, &io.connected());
                self.0.attempts.opened(attempt.host());
            }
            Err(e) => self.unopened(&attempt, &**e),
        }
        opened
    }

    fn unopened(&self, attempt: &Attempt, error: &(dyn Error + 'static)) {
        let failure = failure(error);
        attempt.connection.fail(&failure);
        ending::unopened(&failure);
        self.came_to_nothing(attempt, End::Failed(failure));
    }

    fn given_up(&self, attempt: &Attempt) {
        self.came_to_nothing(attempt, End::GivenUp(self.stage(&attempt.connection)));
    }

    fn came_to_nothing(&self, attempt: &Attempt, end: End) {
        let connection = &attempt.connection;
        self.0.attempts.ended(attempt.host(), connection, end);
        if let Some(index) = connection.started_by {
            lock(&self.0.unopened).insert(index, Arc::clone(connection));
        }
    }

    fn opened(&self, connection: &Arc<Connection>, connected: &Connected) {
        let now = Moment::now();
        let mut extensions = hyper::http::Extensions::new();
        connected.get_extras(&mut extensions);
        let port = extensions.get::<HttpInfo>().map(|info| info.local_addr().port());
        if let Some(port) = port {
            lock(&self.0.by_port).insert(port, Arc::clone(connection));
        }
        let mut opening = connection.opening();
        // With TLS, the end of the TCP connect was noted when the handshake began.
        if opening.connect.is_some() {
            opening.tls = Some(now);
            let h2 = connected.is_negotiated_h2();
            opening.protocol = Some(if h2 { Protocol::Http2 } else { Protocol::Http1 });
        } else {
            opening.connect = Some(now);
            opening.protocol = Some(self.0.protocol);
        }
        opening.local_port = port;
        opening.ready = Some(now);
    }
}
