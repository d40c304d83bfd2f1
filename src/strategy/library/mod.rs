//! HTTP libraries: what each can do. One file and one line of [`ALL`] each.
//!
//! A library's file holds all of it: its description, how its client is set up for a strategy, how
//! it makes one request, and how its errors read.

mod reqwest;
mod reqwest_blocking;
mod ureq;

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::future::BoxFuture;
use hyper::HeaderMap;

use super::failure::Failure;
use super::{Flavour, Reuse};

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
    /// One line for the documentation.
    pub summary: &'static str,
    /// Makes a client. It opens no connection yet.
    pub connect: Connect,
}

/// How a library makes a client.
#[derive(Debug, Clone, Copy)]
pub enum Connect {
    /// One whose calls block.
    Blocking(fn(&Settings) -> Result<Box<dyn BlockingClient>, Failure>),
    /// One whose calls return futures, to be polled on a tokio runtime.
    Async(fn(&Settings) -> Result<Box<dyn AsyncClient>, Failure>),
}

/// What a client is to do, the same for every library: plain HTTP/1.1 with `TCP_NODELAY`, no
/// proxy, no redirects, no retries, no compression, and every status an answer.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the server listens. Its URL holds the address itself: no name is looked up.
    pub server: SocketAddr,
    /// What happens to connections.
    pub reuse: Reuse,
    /// A request that takes longer fails; there is no other timeout.
    pub timeout: Option<Duration>,
}

impl Settings {
    /// The address of request `index`.
    fn url(&self, index: u32) -> String {
        format!("http://{}/{index}", self.server)
    }
}

/// Idle connections are never closed for their age.
const IDLE_AGE: Duration = Duration::from_secs(86_400);

/// Bytes that a blocking client reads from a body at once: hyper's first read buffer.
const CHUNK_BYTES: usize = 8 * 1024;

/// What a client hands an answer to as it comes in.
pub trait Answer: Send {
    /// The response head is there.
    fn head(&mut self, status: u16, headers: &HeaderMap);
    /// Bytes of the body are there.
    fn chunk(&mut self, bytes: &[u8]);
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
    /// How its calls wait.
    pub fn flavour(&self) -> Flavour {
        match self.connect {
            Connect::Blocking(_) => Flavour::Blocking,
            Connect::Async(_) => Flavour::Async,
        }
    }
}

impl PartialEq for Library {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

impl Eq for Library {}

/// Every library.
pub const ALL: &[&Library] = &[&ureq::LIBRARY, &reqwest_blocking::LIBRARY, &reqwest::LIBRARY];

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
