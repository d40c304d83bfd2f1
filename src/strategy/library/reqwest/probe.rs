//! What reqwest tells of connections and of the requests that they carry.
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
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use hyper_util::client::legacy::connect::{self, Connected, HttpInfo};

use super::failure;
use crate::strategy::Protocol;
use crate::strategy::library::Settings;
use crate::strategy::probe::{Connection, Connections, Marks};
use crate::timer::Moment;

tokio::task_local! {
    /// The request that this task makes.
    static REQUEST: Request;
    /// The connection that this task opens; it goes with the work, if the task is left behind.
    static CONNECTION: Arc<Connection>;
}

thread_local! {
    /// Who notes what the requests of this thread do, if all are of one client.
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
    let _ = CONNECTION.try_with(|connection| note(connection));
}

/// An error of a connector.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// The connections of a client, and which redirects its requests went through.
#[derive(Debug, Clone)]
pub(in crate::strategy::library) struct Probe(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connections: Connections,
    /// What is agreed on where nobody negotiates.
    protocol: Protocol,
    /// What opens connections; its type is not known here.
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
}

impl Probe {
    pub(in crate::strategy::library) fn new(settings: &Settings) -> Option<Probe> {
        Some(Probe(Arc::new(Shared {
            connections: settings.probes.clone()?,
            protocol: settings.protocol,
            connector: OnceLock::new(),
            by_port: Mutex::default(),
            follows: settings.redirects > 0,
            redirects: Mutex::default(),
            unopened: Mutex::default(),
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

    /// What is known of request `index` when its answer has come.
    pub(in crate::strategy::library) fn answered(
        &self,
        index: u32,
        extensions: &hyper::http::Extensions,
    ) -> Marks {
        self.marks(index, extensions.get::<HttpInfo>())
    }

    /// What is known of request `index` when it has failed.
    pub(in crate::strategy::library) fn failed(&self, index: u32, error: &reqwest::Error) -> Marks {
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
        let marks = self.marks(index, extensions.get::<HttpInfo>());
        match lock(&self.0.unopened).remove(&index) {
            Some(connection) if marks.carried.is_none() && error.is_connect() => {
                begun(marks, &connection)
            }
            _ => marks,
        }
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
    Marks {
        pool: Some(connection.start),
        dns: opening.dns,
        source: opening.source,
        connect: opening.connect,
        tls: opening.tls,
        ..marks
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Each change is one insertion or removal: the map is whole, whatever happens to its thread.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a connector does.
impl Probe {
    /// That of the request that this task makes, or of all that this thread makes.
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

    /// What was kept to open connections.
    pub(super) fn kept<S: Any>(&self) -> Option<&S> {
        self.0.connector.get()?.downcast_ref()
    }

    /// A connection is begun, for the request that this task makes.
    pub(super) fn begin(&self) -> Arc<Connection> {
        self.0.connections.begin(REQUEST.try_with(|request| request.index).ok())
    }

    /// What `opens` a connection can note what it sees; its end is noted.
    pub(super) async fn noting<T>(
        self,
        connection: Arc<Connection>,
        opens: impl Future<Output = Result<T, BoxError>>,
    ) -> Result<T, BoxError>
    where
        T: connect::Connection,
    {
        // Dropped before its end, it leaves a connection that is neither ready nor failed: given up.
        let opened = CONNECTION.scope(Arc::clone(&connection), opens).await;
        match &opened {
            Ok(io) => self.opened(&connection, &io.connected()),
            Err(e) => self.unopened(&connection, &**e),
        }
        opened
    }

    fn unopened(&self, connection: &Arc<Connection>, error: &(dyn Error + 'static)) {
        connection.fail(&failure(error));
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
