//! ureq: a blocking client without a runtime.

mod pool;

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

use ureq::Agent;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{NextTimeout, TcpConnector};

use super::{Answer, BlockingClient, Connect, IDLE_AGE, Library, Settings, Ways, read_body};
use crate::strategy::failure::{Class, Failure, Link, Stage};
use crate::strategy::{Protocol, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "ureq",
    reuse: &[Reuse::Session, Reuse::None, Reuse::Pool],
    connections_per_slot: 1,
    protocols: &[Protocol::Http1],
    bounds_connections: false,
    tells: &[],
    tells_starter: false,
    ways: Ways {
        resolves: "before every request and every redirect, even one that reuses a connection",
        connects: "for the request that needs it, on the caller's thread",
        pools: "every idle connection; no limit on open ones",
    },
    summary: "blocking, on the caller's thread, HTTP/1.1",
    connect: Connect::Blocking(connect),
};

/// Bytes of a connection's read buffer and of its write buffer. ureq's own 128 KiB each are
/// cleared for every connection: 256 MiB for a thousand threads, and 64 page faults for every
/// request without reuse, which would hide what the model costs. Heads of the delay server need
/// less than 1 KiB, and hyper begins with 8 KiB too.
const BUFFER_BYTES: usize = 8 * 1024;

fn connect(settings: &Settings) -> Result<Box<dyn BlockingClient>, Failure> {
    // The defaults of 10 idle connections, 3 for one host, would close most of a wide trial's.
    let most_idle = if settings.reuse == Reuse::Session { usize::MAX } else { 0 };
    let config = Agent::config_builder()
        .proxy(None)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .http_status_as_error(false)
        .no_delay(true)
        .accept_encoding("")
        .input_buffer_size(BUFFER_BYTES)
        .output_buffer_size(BUFFER_BYTES)
        .max_idle_connections(most_idle)
        .max_idle_connections_per_host(most_idle)
        .max_idle_age(IDLE_AGE)
        .timeout_global(settings.timeout)
        .build();
    let agents = match settings.reuse {
        Reuse::None | Reuse::Session => Agents::One(Agent::with_parts(
            config,
            TcpConnector::default(),
            Literal(settings.server),
        )),
        Reuse::Pool => Agents::Fresh { config: Box::new(config), pool: Arc::default() },
    };
    Ok(Box::new(Client { agents, settings: settings.clone() }))
}

struct Client {
    agents: Agents,
    settings: Settings,
}

enum Agents {
    /// One for the whole trial.
    One(Agent),
    /// A new one for every request, over one pool.
    Fresh { config: Box<Config>, pool: Arc<pool::Idle> },
}

impl Client {
    fn agent(&self) -> Agent {
        match &self.agents {
            Agents::One(agent) => agent.clone(),
            Agents::Fresh { config, pool } => {
                let connector = pool::Pooling::new(Arc::clone(pool));
                Agent::with_parts((**config).clone(), connector, Literal(self.settings.server))
            }
        }
    }
}

impl BlockingClient for Client {
    fn fetch(&self, index: u32, answer: &mut dyn Answer) -> Result<(), Failure> {
        let called = self.agent().get(self.settings.url(index)).call();
        let mut response = called.map_err(|e| failure(&e))?;
        answer.head(response.status().as_u16(), response.headers());
        read_body(response.body_mut().as_reader(), answer).map_err(|e| failure(&e))
    }
}

/// The server's address, whatever the URL says. ureq resolves before every request, even one that
/// reuses a connection; and with a timeout, its own resolver starts a thread for it.
#[derive(Debug)]
struct Literal(SocketAddr);

impl Resolver for Literal {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut addrs = self.empty();
        addrs.push(self.0);
        Ok(addrs)
    }
}

/// Reads ureq's errors. They have no `source()`.
fn failure(error: &(dyn Error + 'static)) -> Failure {
    Failure::of(error, |error| {
        let (class, cause) = match error.downcast_ref::<ureq::Error>()? {
            ureq::Error::Io(e) => (None, Some(e as &(dyn Error + 'static))),
            ureq::Error::Timeout(ureq::Timeout::Connect) => {
                (Some(Class::Timeout(Stage::Connect)), None)
            }
            ureq::Error::Timeout(_) => (Some(Class::Timeout(Stage::Head)), None),
            ureq::Error::Protocol(_) | ureq::Error::Http(_) => (Some(Class::Parse), None),
            _ => (None, None),
        };
        Some(Link { class, cause })
    })
}
