//! What reqwest tells of connections and of the requests that they carry.
//!
//! A layer around its connector sees connections being opened, whoever uses them in the end. The
//! request that one is opened for is known by its task; the connection that carried a request, by
//! the local address that comes with the answer. When a request was written, or a connection is
//! closed, reqwest does not tell.

use std::collections::BTreeMap;
use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Instant;

use hyper_util::client::legacy::connect::{self, Connection as _, HttpInfo};
use tower_layer::Layer;
use tower_service::Service;

use super::failure;
use crate::strategy::Protocol;
use crate::strategy::library::Settings;
use crate::strategy::probe::{Carried, Connection, Connections, Marks};

tokio::task_local! {
    /// The request that this task makes.
    static REQUEST: u32;
    /// The connection that this task opens; it goes with the work, if the task is left behind.
    static CONNECTION: Arc<Connection>;
}

/// Notes what it can of the connection that the running task opens, if that is one.
pub(super) fn opening(note: impl FnOnce(&Connection)) {
    // An error says that there is none, as without probes.
    let _ = CONNECTION.try_with(|connection| note(connection));
}

/// The connections of a client, and which redirects its requests went through.
#[derive(Debug, Clone)]
pub(in crate::strategy::library) struct Probe(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    connections: Connections,
    /// What is agreed on where nobody negotiates.
    protocol: Protocol,
    /// The newest connection from each local port: all go to one address, and a port may come
    /// again. Looked into for every request, and small: cheaper to search than to hash.
    by_port: Mutex<BTreeMap<u16, Arc<Connection>>>,
    /// Redirects of requests that are under way, by index, and when the first one came.
    redirects: Mutex<BTreeMap<u32, (u32, Instant)>>,
    /// Connections that could not be opened, by the request that they were begun for.
    unopened: Mutex<BTreeMap<u32, Arc<Connection>>>,
}

impl Probe {
    pub(in crate::strategy::library) fn new(settings: &Settings) -> Option<Probe> {
        Some(Probe(Arc::new(Shared {
            connections: settings.probes.clone()?,
            protocol: settings.protocol,
            by_port: Mutex::default(),
            redirects: Mutex::default(),
            unopened: Mutex::default(),
        })))
    }

    /// Request `index` is made by this future: connections begun in it are begun for the request.
    pub(super) async fn requesting<F: Future>(&self, index: u32, future: F) -> F::Output {
        REQUEST.scope(index, future).await
    }

    /// A redirect of request `index` is followed.
    pub(super) fn redirected(&self, index: u32) {
        let now = Instant::now();
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
        let (redirects, first_redirect) = match lock(&self.0.redirects).remove(&index) {
            Some((redirects, at)) => (redirects, Some(at)),
            None => (0, None),
        };
        let marks = Marks { redirects, ..Marks::default() };
        let connection =
            info.and_then(|info| lock(&self.0.by_port).get(&info.local_addr().port()).cloned());
        let Some(connection) = connection else { return marks };
        let carried = connection.carry();
        let marks = Marks { carried: Some(carried), ..marks };
        if connection.started_by != Some(index) {
            return marks;
        }
        own(marks, carried, &connection, first_redirect)
    }
}

/// The phases of a request for which its connection was opened, and was opened in its first hop:
/// the time that redirects take is a wait for the head.
fn own(
    marks: Marks,
    carried: Carried,
    connection: &Connection,
    redirect: Option<Instant>,
) -> Marks {
    let opening = connection.opening();
    let before_redirects = |at: Instant| redirect.is_none_or(|redirect| at <= redirect);
    if carried.nth > 1 || !opening.ready.is_some_and(before_redirects) {
        return marks;
    }
    drop(opening);
    begun(marks, connection)
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

impl<S> Layer<S> for Probe {
    type Service = Noting<S>;

    fn layer(&self, connector: S) -> Noting<S> {
        Noting { connector, probe: self.clone() }
    }
}

/// A connector whose connections are noted.
#[derive(Debug, Clone)]
pub(in crate::strategy::library) struct Noting<S> {
    connector: S,
    probe: Probe,
}

impl<S, R> Service<R> for Noting<S>
where
    S: Service<R, Error = Box<dyn Error + Send + Sync>>,
    S::Response: connect::Connection + 'static,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, to: R) -> Self::Future {
        let starter = REQUEST.try_with(|index| *index).ok();
        let connection = self.probe.0.connections.begin(starter);
        let (probe, opened) = (self.probe.clone(), self.connector.call(to));
        // Dropped before its end, it leaves a connection that is neither ready nor failed: given up.
        Box::pin(CONNECTION.scope(Arc::clone(&connection), async move {
            let opened = opened.await;
            match &opened {
                Ok(io) => probe.opened(&connection, &io.connected()),
                Err(e) => {
                    connection.fail(&failure(&**e));
                    if let Some(index) = starter {
                        lock(&probe.0.unopened).insert(index, Arc::clone(&connection));
                    }
                }
            }
            opened
        }))
    }
}

impl Probe {
    fn opened(&self, connection: &Arc<Connection>, connected: &connect::Connected) {
        let now = Instant::now();
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
