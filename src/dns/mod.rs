//! Names of hosts: a server that answers after a known delay, and a resolver that is the same for
//! every client library.
//!
//! # Method
//!
//! Host names are answered by a DNS server of the harness (RFC 1035 over UDP, address records
//! only), after a delay that the experiment sets: the same for every query, and for names that do
//! not exist. Every client library resolves through one resolver, so that caching is a factor and
//! not a property of a library. What is left of a library is *when* it resolves: on every request,
//! or only when it connects.
//!
//! Without the cache each look-up sends a query of its own, even while another asks for the same
//! name. With it an answer serves look-ups for its time to live (*hit*), and look-ups that come
//! while another is asking wait for that answer (*coalesced*); the rest ask the server (*miss*).
//! Failures are not kept. Each query has a socket of its own, with a port that the system chooses
//! and an unpredictable id, and takes only an answer from the server's address with that id and
//! that question.
//!
//! UDP loses packets, on loopback too when a burst overflows the server's socket. A query without
//! an answer is sent once more after half of the timeout. Both sides count: the queries that the
//! server saw are the client's queries and its resends, less what was lost.
//!
//! TTLs are whole seconds on the wire; a fraction is rounded up.

pub mod message;
pub mod name;
pub mod resolver;
pub mod server;
#[cfg(test)]
mod tests;

pub use message::MessageError;
pub use name::{Name, NameError};
pub use resolver::{Lookups, ResolveError, Resolved, Resolver, Source};
pub use server::{Counts, CountsReader, Server, Zone};

/// The name of a trial's host: `.test` is reserved for such (RFC 6761).
pub fn host(target: u32) -> String {
    format!("host{target}.test")
}
