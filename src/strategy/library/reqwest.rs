//! reqwest: the async client on hyper.

use std::error::Error;

use futures_util::future::BoxFuture;

use super::{Answer, AsyncClient, Connect, Library, Settings, Ways};
use crate::strategy::failure::{Class, Failure, Link, Stage};
use crate::strategy::{Protocol, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "reqwest",
    reuse: &[Reuse::Session, Reuse::None],
    connections_per_slot: CONNECTIONS_PER_SLOT,
    protocols: &[Protocol::Http1],
    bounds_connections: false,
    tells: &[],
    tells_starter: false,
    ways: Ways {
        resolves: "when it connects",
        connects: "races a new connection with one that becomes idle; the loser goes to the pool or to nobody",
        pools: "every idle connection; no limit on open ones",
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

fn connect(settings: &Settings) -> Result<Box<dyn AsyncClient>, Failure> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        // Nothing is encrypted; the default would read the machine's roots all the same.
        .tls_certs_only([])
        .tcp_nodelay(true)
        // No age limit: with one, hyper keeps a timer going.
        .pool_idle_timeout(None)
        .pool_max_idle_per_host(most_idle(settings.reuse));
    if let Some(timeout) = settings.timeout {
        builder = builder.timeout(timeout);
    }
    let client = builder.build().map_err(|e| failure(&e))?;
    Ok(Box::new(Client { client, settings: settings.clone() }))
}

/// With no idle connection allowed, every request opens one and closes it.
pub(super) fn most_idle(reuse: Reuse) -> usize {
    match reuse {
        Reuse::None => 0,
        Reuse::Session | Reuse::Pool => usize::MAX,
    }
}

struct Client {
    client: reqwest::Client,
    settings: Settings,
}

impl AsyncClient for Client {
    fn fetch<'a>(
        &'a self,
        index: u32,
        answer: &'a mut dyn Answer,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        Box::pin(async move {
            let sent = self.client.get(self.settings.url(index)).send().await;
            let mut response = sent.map_err(|e| failure(&e))?;
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
            let phase = if e.is_connect() { Stage::Connect } else { Stage::Head };
            e.is_timeout().then_some(Class::Timeout(phase))
        } else {
            of_hyper(error.downcast_ref::<hyper::Error>()?)
        };
        Some(Link { class, cause: error.source() })
    })
}

fn of_hyper(error: &hyper::Error) -> Option<Class> {
    if error.is_timeout() {
        Some(Class::Timeout(Stage::Head))
    } else if error.is_parse() {
        Some(Class::Parse)
    } else if error.is_incomplete_message() {
        Some(Class::Closed)
    } else if error.is_canceled() {
        Some(Class::Canceled)
    } else {
        None
    }
}
