//! HTTP libraries: what each can do. One file and one line of [`ALL`] each.
//!
//! A library's file holds all of it: its description, how its client is set up for a strategy, how
//! it makes one request, and how its errors read.

mod hyper;
mod reqwest;
mod reqwest_blocking;
mod upload;
mod ureq;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use ::hyper::HeaderMap;
use futures_util::future::BoxFuture;
use rustls::ClientConfig;

use super::failure::Failure;
use super::probe::{Connections, Marks, Phase};
use super::service::Service;
use crate::dns::{Resolver, host};
use crate::payload::{Body, PIECE_BYTES};
use crate::vocabulary::{Flavour, Protocol, Retries, Reuse};

/// One HTTP client library.
#[derive(Debug)]
pub struct Library {
    /// The word of the experiment file.
    pub name: &'static str,
    /// The ways of reuse that it has; the first is the default.
    pub reuse: &'static [Reuse],
    /// With reuse, connections that it may open at most for each request in flight: 1, if a
    /// connection is back in the pool before its request ends.
    pub connections_per_slot: u32,
    /// Requests that a kept connection of HTTP/1.1 carries until it needs no more memory; 1 if it
    /// needs all of it from the first on. Measured, see `docs/method/prediction.md`.
    pub settled_after: u32,
    /// The versions of HTTP that it speaks.
    pub protocols: &'static [Protocol],
    /// Whether it can bound how many connections are open.
    pub bounds_connections: bool,
    /// Whether its calls can wait in a green thread.
    pub green_threads: bool,
    /// The phases of a request that it can tell, beside those that the recorder knows for every
    /// library (queue, wait and receive).
    pub tells: &'static [Phase],
    /// Whether a connection knows the request that it was begun for.
    pub tells_starter: bool,
    /// Whether it tells when a connection was closed: if not, none counts as kept or as not kept.
    pub tells_closing: bool,
    /// Whether every request that a connection carried is known: if not, those that were answered
    /// with a redirect which the library followed are not counted.
    pub tells_hops: bool,
    /// The versions of HTTP over which it may send a request again by itself.
    pub retries_over: &'static [Protocol],
    /// Its ways of finding, opening and keeping connections, for the report: a sentence each.
    pub ways: Ways,
    /// One line for the documentation.
    pub summary: &'static str,
    /// Makes a client. It opens no connection yet.
    pub connect: Connect,
}

/// Ways of a library to find, open and keep connections.
#[derive(Debug, Clone, Copy)]
pub struct Ways {
    /// Moments at which it looks names up.
    pub resolves: &'static str,
    /// The side that opens a connection, and whether another request may get it.
    pub connects: &'static str,
    /// Connections that it keeps, and how many.
    pub pools: &'static str,
    /// Requests that it sends again by itself.
    pub retries: &'static str,
}

/// The text for libraries that never send a request again.
const NOTHING: &str = "nothing";

/// Constructor of a library's client.
#[derive(Debug, Clone, Copy)]
pub enum Connect {
    /// One whose calls block.
    Blocking(fn(&Settings) -> Result<Box<dyn BlockingClient>, Failure>),
    /// One whose calls return futures, to be polled on a tokio runtime.
    Async(fn(&Settings) -> Result<Box<dyn AsyncClient>, Failure>),
}

/// Settings of a client, the same for every library: `TCP_NODELAY`, no proxy, no compression,
/// redirects up to [`Settings::redirects`], and every other status an answer.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Address of the server.
    pub server: SocketAddr,
    /// Use of connections after an answer.
    pub reuse: Reuse,
    /// Open connections at most.
    pub max_connections: Option<NonZeroU32>,
    /// The version of HTTP.
    pub protocol: Protocol,
    /// Encryption of connections, if any.
    pub tls: Option<Tls>,
    /// The service that is asked, in place of the delay server: it says the paths.
    pub service: Option<Service>,
    /// Resolver of host names; without it, addresses of requests hold the server's address itself.
    pub resolver: Option<Resolver>,
    /// Hosts that requests go to in turn.
    pub targets: u32,
    /// Redirects that are followed for each request; one more is an error.
    pub redirects: u32,
    /// The body of each request, in pieces of [`UPLOAD_CHUNK_BYTES`]; a request without one is a
    /// GET.
    pub upload: Body,
    /// Requests that are sent again.
    pub retries: Retries,
    /// Where connections are noted, and whether marks of requests are taken: not, without it.
    pub probes: Option<Connections>,
    /// Whether its calls are made in green threads; a library without them is never told so.
    pub green: bool,
    /// A request that takes longer fails; there is no other timeout.
    pub timeout: Option<Duration>,
}

/// Encryption of a client's connections.
#[derive(Debug, Clone)]
pub struct Tls {
    /// For libraries that take one; clones share their sessions.
    pub config: ClientConfig,
    /// The server's certificate (DER), for libraries that make a configuration of their own.
    pub certificate: Vec<u8>,
}

/// Bytes of a request's body that are handed over at once: what the server hands over of an answer.
pub const UPLOAD_CHUNK_BYTES: usize = PIECE_BYTES;

impl Settings {
    /// The address of request `index`: the host is that of its target, the query asks for the
    /// redirects.
    pub fn url(&self, index: u32) -> String {
        if let Some(service) = &self.service {
            return format!("http://{}{}", self.server, service.path_of(index));
        }
        let scheme = if self.tls.is_some() { "https" } else { "http" };
        let query = match self.redirects {
            0 => String::new(),
            n => format!("?redirects={n}"),
        };
        match self.resolver {
            None => format!("{scheme}://{}/{index}{query}", self.server),
            Some(_) => {
                let (host, port) = (host(self.target(index)), self.server.port());
                format!("{scheme}://{host}:{port}/{index}{query}")
            }
        }
    }

    /// The host that request `index` goes to.
    pub fn target(&self, index: u32) -> u32 {
        index % self.targets
    }
}

/// Idle connections are never closed for their age.
const IDLE_AGE: Duration = Duration::from_secs(86_400);

/// Bytes that a blocking client reads from a body at once: hyper's first read buffer.
const CHUNK_BYTES: usize = 8 * 1024;

/// Receiver of an answer as it comes in.
pub trait Answer: Send {
    /// The response head is there.
    fn head(&mut self, status: u16, headers: &HeaderMap);
    /// Bytes of the body are there.
    fn chunk(&mut self, bytes: &[u8]);
    /// Marks of the request, if probes are on: given once, before the call returns, whether it
    /// succeeded or failed.
    fn marks(&mut self, marks: &Marks);
}

/// A client whose calls block their thread.
pub trait BlockingClient: Send + Sync {
    /// Requests `/{index}` and reads the answer to its end.
    fn fetch(&self, index: u32, answer: &mut dyn Answer) -> Result<(), Failure>;
}

/// A client whose calls return futures.
pub trait AsyncClient: Send + Sync {
    /// Requests `/{index}` and reads the answer to its end.
    fn fetch<'a>(
        &'a self,
        index: u32,
        answer: &'a mut dyn Answer,
    ) -> BoxFuture<'a, Result<(), Failure>>;
}

impl Library {
    /// Whether its calls block or yield.
    pub fn flavour(&self) -> Flavour {
        match self.connect {
            Connect::Blocking(_) => Flavour::Blocking,
            Connect::Async(_) => Flavour::Async,
        }
    }
}

/// Every library.
pub const ALL: &[&Library] =
    &[&ureq::LIBRARY, &reqwest_blocking::LIBRARY, &reqwest::LIBRARY, &hyper::LIBRARY];

/// The library of this name.
pub fn named(name: &str) -> Option<&'static Library> {
    ALL.iter().copied().find(|l| l.name == name)
}

/// The libraries of one flavour.
pub fn of_flavour(flavour: Flavour) -> impl Iterator<Item = &'static Library> {
    ALL.iter().copied().filter(move |l| l.flavour() == flavour)
}

/// Reads a body to its end, piece by piece. It goes on until a read gives nothing: that is when a
/// library puts the connection back.
fn read_body(mut body: impl std::io::Read, answer: &mut dyn Answer) -> std::io::Result<()> {
    let mut buffer = [0; CHUNK_BYTES];
    loop {
        match body.read(&mut buffer)? {
            0 => return Ok(()),
            n => answer.chunk(&buffer[..n]),
        }
    }
}
