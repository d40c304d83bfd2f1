//! ureq: a blocking client without a runtime.

mod green;
mod names;
mod pool;
mod probe;
mod tcp;

use std::error::Error;
use std::sync::Arc;

use rustls::crypto::ring;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::header::CONTENT_LENGTH;
use ureq::tls::{Certificate, RootCerts, TlsConfig};
use ureq::unversioned::transport::{Connector, RustlsConnector, TcpConnector};
use ureq::{Body, SendBody, http};

use super::upload::Upload;
use super::{
    Answer, BlockingClient, Connect, IDLE_AGE, Library, NOTHING, Settings, Tls, Ways, read_body,
};
use crate::strategy::failure::{Class, Failure, Link, Stage};
use crate::strategy::probe::{Marks, Phase};
use crate::vocabulary::{Protocol, Reuse};
use names::Names;
use pool::Pooling;
use probe::Probed;
use tcp::Tcp;

pub(super) const LIBRARY: Library = Library {
    name: "ureq",
    reuse: &[Reuse::Session, Reuse::None, Reuse::Pool],
    connections_per_slot: 1,
    settled_after: 1,
    protocols: &[Protocol::Http1],
    bounds_connections: false,
    green_threads: true,
    tells: &[Phase::Dns, Phase::Connect, Phase::Tls, Phase::Stream, Phase::Send],
    tells_starter: true,
    tells_closing: true,
    tells_hops: true,
    retries_over: &[],
    ways: Ways {
        resolves: "before every request and every redirect, even one that reuses a connection",
        connects: "for the request that needs it, on the caller's thread",
        pools: "every idle connection; no limit on open ones",
        retries: NOTHING,
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
    // One connector for all agents: it keeps the TLS configuration, and with it the sessions.
    let agents = match (settings.green, settings.probes.is_some()) {
        (true, _) => Agents::probing(settings, ().chain(green::Tcp).chain(encrypts())),
        (false, true) => Agents::probing(settings, ().chain(Tcp).chain(encrypts())),
        (false, false) => {
            Agents::over(settings, ().chain(TcpConnector::default()).chain(encrypts()))
        }
    };
    Ok(Box::new(Client { agents, settings: settings.clone() }))
}

/// It does nothing where the address is not one of https.
fn encrypts() -> RustlsConnector {
    RustlsConnector::default()
}

fn config(settings: &Settings) -> Config {
    // The defaults of 10 idle connections, 3 for one host, would close most of a wide trial's.
    let most_idle = if settings.reuse == Reuse::Session { usize::MAX } else { 0 };
    let mut builder = Agent::config_builder()
        .proxy(None)
        .max_redirects(settings.redirects)
        // Where none is expected, a redirect is an answer with an unexpected status.
        .max_redirects_will_error(settings.redirects > 0)
        .http_status_as_error(false)
        .no_delay(true)
        .accept_encoding("")
        .input_buffer_size(BUFFER_BYTES)
        .output_buffer_size(BUFFER_BYTES)
        .max_idle_connections(most_idle)
        .max_idle_connections_per_host(most_idle)
        .max_idle_age(IDLE_AGE)
        .timeout_global(settings.timeout);
    if let Some(tls) = &settings.tls {
        builder = builder.tls_config(trusting(tls));
    }
    builder.build()
}

/// ureq takes no configuration of rustls, only what to trust.
fn trusting(tls: &Tls) -> TlsConfig {
    let certificate = Certificate::from_der(&tls.certificate).to_owned();
    TlsConfig::builder()
        .root_certs(RootCerts::from([certificate]))
        .unversioned_rustls_crypto_provider(Arc::new(ring::default_provider()))
        .build()
}

struct Client {
    agents: Agents,
    settings: Settings,
}

enum Agents {
    /// One for the whole trial.
    One(Agent),
    /// A new one for every request, over one pool.
    Fresh { config: Box<Config>, pool: Pooling, names: Names },
}

impl Agents {
    /// Those whose connections are noted, if probes are on.
    fn probing(settings: &Settings, inner: impl Connector<()>) -> Agents {
        match settings.probes.clone() {
            Some(connections) => Agents::over(settings, Probed { connections, inner }),
            None => Agents::over(settings, inner),
        }
    }

    fn over(settings: &Settings, connector: impl Connector<()>) -> Agents {
        let (config, names) = (config(settings), Names::new(settings));
        match settings.reuse {
            Reuse::None | Reuse::Session => {
                Agents::One(Agent::with_parts(config, connector, names))
            }
            Reuse::Pool => {
                let pool = Pooling::over(connector);
                Agents::Fresh { config: Box::new(config), pool, names }
            }
        }
    }

    fn agent(&self) -> Agent {
        match self {
            Agents::One(agent) => agent.clone(),
            Agents::Fresh { config, pool, names } => {
                Agent::with_parts((**config).clone(), pool.clone(), names.clone())
            }
        }
    }
}

impl Client {
    fn call(
        &self,
        index: u32,
        upload: Option<&mut Upload>,
    ) -> Result<http::Response<Body>, ureq::Error> {
        let (agent, url) = (self.agents.agent(), self.settings.url(index));
        let Some(upload) = upload else { return agent.get(url).call() };
        // With its length said, a body is not sent in chunks of HTTP.
        let request = agent.post(url).header(CONTENT_LENGTH, upload.len());
        request.send(SendBody::from_reader(upload))
    }

    fn exchange(
        &self,
        index: u32,
        upload: Option<&mut Upload>,
        answer: &mut dyn Answer,
    ) -> Result<(), Failure> {
        let mut response = self.call(index, upload).map_err(|e| failure(&e))?;
        answer.head(response.status().as_u16(), response.headers());
        read_body(response.body_mut().as_reader(), answer).map_err(|e| failure(&e))
    }
}

impl BlockingClient for Client {
    fn fetch(&self, index: u32, answer: &mut dyn Answer) -> Result<(), Failure> {
        let mut upload = Upload::of(&self.settings);
        if self.settings.probes.is_none() {
            return self.exchange(index, upload.as_mut(), answer);
        }
        probe::begin(index);
        let result = self.exchange(index, upload.as_mut(), answer);
        let sent = upload.map(|upload| upload.taken()).unwrap_or_default();
        let (marks, unopened) = probe::end();
        answer.marks(&Marks { sent, ..marks });
        result.map_err(|told| unopened.unwrap_or(told))
    }
}

/// Reads ureq's errors. They have no `source()`.
fn failure(error: &(dyn Error + 'static)) -> Failure {
    Failure::of(error, |error| {
        let (class, cause) = match error.downcast_ref::<ureq::Error>()? {
            ureq::Error::Io(e) => (None, Some(e as &(dyn Error + 'static))),
            ureq::Error::Rustls(e) => (None, Some(e as &(dyn Error + 'static))),
            ureq::Error::Other(e) => (None, Some(&**e as &(dyn Error + 'static))),
            ureq::Error::Timeout(ureq::Timeout::Connect) => {
                (Some(Class::Timeout(Stage::Connect)), None)
            }
            ureq::Error::Timeout(_) => (Some(Class::Timeout(Stage::Head)), None),
            ureq::Error::Protocol(_)
            | ureq::Error::Http(_)
            | ureq::Error::LargeResponseHeader(..) => (Some(Class::Parse), None),
            ureq::Error::HostNotFound => (Some(Class::Dns), None),
            ureq::Error::Tls(_) | ureq::Error::TlsRequired => (Some(Class::Tls), None),
            ureq::Error::TooManyRedirects => (Some(Class::Redirects), None),
            _ => (None, None),
        };
        Some(Link { class, cause })
    })
}
