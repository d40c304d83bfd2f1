//! `reqwest::blocking`: the async client behind a thread of its own.

use reqwest::blocking;

use super::reqwest::{CONNECTIONS_PER_SLOT, failure, most_idle};
use super::{Answer, BlockingClient, Connect, Library, Settings, Ways, read_body};
use crate::strategy::failure::Failure;
use crate::strategy::{Protocol, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "reqwest-blocking",
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
    summary: "blocking facade; one hidden thread drives all connections",
    connect: Connect::Blocking(connect),
};

fn connect(settings: &Settings) -> Result<Box<dyn BlockingClient>, Failure> {
    let client = blocking::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .referer(false)
        .http1_only()
        // Nothing is encrypted; the default would read the machine's roots all the same.
        .tls_certs_only([])
        .tcp_nodelay(true)
        .pool_idle_timeout(None)
        .pool_max_idle_per_host(most_idle(settings.reuse))
        // Said even where there is none: the default is 30 s.
        .timeout(settings.timeout)
        .build()
        .map_err(|e| failure(&e))?;
    Ok(Box::new(Client { client, settings: settings.clone() }))
}

struct Client {
    client: blocking::Client,
    settings: Settings,
}

impl BlockingClient for Client {
    fn fetch(&self, index: u32, answer: &mut dyn Answer) -> Result<(), Failure> {
        let sent = self.client.get(self.settings.url(index)).send();
        let response = sent.map_err(|e| failure(&e))?;
        answer.head(response.status().as_u16(), response.headers());
        read_body(response, answer).map_err(|e| failure(&e))
    }
}
