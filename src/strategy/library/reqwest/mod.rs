//! reqwest: the async client on hyper.

mod attempts;
mod connector;
mod ending;
mod probe;
mod setup;
mod tls;

use std::error::Error;

use futures_util::future::BoxFuture;
use reqwest::{Body, RequestBuilder, Response};

use super::hyper::{SETTLED_AFTER, of_hyper};
use super::upload::Upload;
use super::{Answer, AsyncClient, Connect, Library, Settings, Ways};
use crate::strategy::failure::{Class, Failure, Link, Stage};
use crate::strategy::probe::{Marks, Phase, Sent};
use crate::vocabulary::{Protocol, Reuse};
use connector::ByTask;
pub(super) use connector::ByThread;
pub(super) use ending::Ending;
pub(super) use probe::Probe;
pub(super) use setup::builder;

pub(super) const LIBRARY: Library = Library {
    name: "reqwest",
    reuse: &[Reuse::Session, Reuse::None],
    connections_per_slot: CONNECTIONS_PER_SLOT,
    settled_after: SETTLED_AFTER,
    protocols: &[Protocol::Http1, Protocol::Http2],
    bounds_connections: false,
    green_threads: false,
    tells: &[Phase::Pool, Phase::Dns, Phase::Connect, Phase::Tls],
    tells_starter: true,
    tells_closing: false,
    tells_hops: false,
    retries_over: &[Protocol::Http2],
    ways: Ways {
        resolves: "when it connects",
        connects: "races a new connection with one that becomes idle; the loser goes to the pool or to nobody",
        pools: "every idle connection; no limit on open ones",
        retries: REFUSED,
    },
    summary: "async, hyper's connection pool without a cap on open connections",
    connect: Connect::Async(connect),
};

/// A connection goes back to hyper-util's pool in a task of its own. If the next request of the same
/// task is begun before that task runs, it finds no idle connection and opens another; that one
/// stays in the pool, so at most one more for each request in flight is opened in a trial. It does
/// not happen if the body came with the head (about 8 kB). Seen with longer ones: up to a third
/// more at 100 in flight, twice as many at 6 (`async-buffered`, `async-workers`); almost none where
/// a task ends between two requests (`async-semaphore`) or a thread is woken (`reqwest::blocking`).
pub(super) const CONNECTIONS_PER_SLOT: u32 = 2;

/// reqwest's default policy, told in words.
pub(super) const REFUSED: &str = "over HTTP/2, twice at most: a request without a body whose stream the server refused (`REFUSED_STREAM`) or did not begin before it left (`GOAWAY` without an error)";

fn connect(settings: &Settings) -> Result<Box<dyn AsyncClient>, Failure> {
    let probe = Probe::new(settings);
    let mut builder = builder(settings, probe.as_ref())?;
    if let Some(probe) = &probe {
        builder = builder.connector_layer(ByTask(probe.clone()));
    }
    if let Some(timeout) = settings.timeout {
        builder = builder.timeout(timeout);
    }
    let client = builder.build().map_err(|e| failure(&e))?;
    Ok(Box::new(Client { client, probe, settings: settings.clone() }))
}

struct Client {
    client: reqwest::Client,
    probe: Option<Probe>,
    settings: Settings,
}

impl Client {
    fn request(&self, index: u32) -> (RequestBuilder, Sent) {
        let url = self.settings.url(index);
        let Some(upload) = Upload::of(&self.settings) else {
            return (self.client.get(url), Sent::default());
        };
        let taken = upload.taken();
        (self.client.post(url).body(Body::wrap(upload)), taken)
    }

    /// Sends a request and waits for the head of its answer.
    async fn send(&self, index: u32, answer: &mut dyn Answer) -> Result<Response, Failure> {
        let (request, taken) = self.request(index);
        let Some(probe) = &self.probe else {
            return request.send().await.map_err(|e| failure(&e));
        };
        let since = probe.now();
        let sent = probe.requesting(index, request.send()).await;
        let (marks, sent) = match sent {
            Ok(response) => (probe.answered(index, response.extensions()), Ok(response)),
            Err(e) => {
                let (marks, failure) = probe.failed(index, since, &e);
                (marks, Err(failure))
            }
        };
        answer.marks(&Marks { sent: taken, ..marks });
        sent
    }
}

impl AsyncClient for Client {
    fn fetch<'a>(
        &'a self,
        index: u32,
        answer: &'a mut dyn Answer,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let mut response = self.send(index, answer).await?;
            answer.head(response.status().as_u16(), response.headers());
            while let Some(bytes) = response.chunk().await.map_err(|e| failure(&e))? {
                answer.chunk(&bytes);
            }
            Ok(())
        })
    }
}

/// Reads reqwest's errors, and hyper's below them.
pub(super) fn failure(error: &(dyn Error + 'static)) -> Failure {
    Failure::of(error, |error| {
        let class = if let Some(e) = error.downcast_ref::<reqwest::Error>() {
            // A total timeout that ends while connecting is not marked as one of connecting.
            let stage = if e.is_connect() { Stage::Connect } else { Stage::Head };
            let timeout = e.is_timeout().then_some(Class::Timeout(stage));
            timeout.or(e.is_redirect().then_some(Class::Redirects))
        } else if let Some(e) = error.downcast_ref::<hyper::Error>() {
            of_hyper(e)
        } else {
            of_pool(error)
        };
        Some(Link { class, cause: error.source() })
    })
}

/// A request is given up if it waited for a connection that another one had begun, and that could not be
/// opened. hyper-util's pool says so in words alone: its error has no name.
fn of_pool(error: &(dyn Error + 'static)) -> Option<Class> {
    (error.to_string() == "request was canceled").then_some(Class::Canceled)
}
