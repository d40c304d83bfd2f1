//! Rows of single connections: `connections/<trial>.csv.zst`.

use serde::{Deserialize, Serialize};

use super::columns::row;
use crate::dns::Source;
use crate::strategy::probe::Handshake;
use crate::vocabulary::Protocol;

row! {
    /// One connection of one trial, as its client saw it. Times are nanoseconds since the start of the
    /// trial's window; what the library cannot tell is empty.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    pub struct ConnectionRow {
        /// Its number: connections are counted from 0 in the order in which they were begun.
        pub connection: u32,
        /// Request that it was begun for.
        pub started_by: Option<u32>,
        /// When it was begun.
        pub start_ns: u64,
        /// When the name was looked up.
        pub dns_ns: Option<u64>,
        /// How the name was found: `miss`, `hit` or `coalesced`.
        pub dns: Option<Source>,
        /// When the TCP connection was open.
        pub connect_ns: Option<u64>,
        /// When the TLS handshake was done.
        pub tls_ns: Option<u64>,
        /// How the TLS session came about: `full` or `resumed`.
        pub tls: Option<Handshake>,
        /// Protocol that was agreed on: `http1` or `http2`.
        pub protocol: Option<Protocol>,
        /// Port of the client.
        pub local_port: Option<u16>,
        /// When it was ready for requests.
        pub ready_ns: Option<u64>,
        /// Requests that it carried.
        pub requests: u32,
        /// When it was closed, or its library let go of it.
        pub closed_ns: Option<u64>,
        /// Its end: `used`, `unused` (another connection carried the request that it was begun for),
        /// `failed`, or `given-up` (the library stopped opening it).
        pub fate: Fate,
        /// Error class, if it failed.
        pub error: Option<String>,
        /// Error number of the system, if it failed and there is one in the chain.
        #[since("2026-11-22")]
        pub errno: Option<i32>,
        /// Raw error chain, if it failed.
        pub error_chain: Option<String>,
    }
}

/// Fate of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    /// It carried a request.
    Used,
    /// It was ready, and carried none.
    Unused,
    /// It could not be opened.
    Failed,
    /// The library stopped opening it.
    GivenUp,
}
