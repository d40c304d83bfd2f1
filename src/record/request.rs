//! Rows of single requests: `requests/<trial>.csv.zst`. Up to 100 000 of them are sorted by index; more
//! stand in the order in which the requests ended.

use serde::{Deserialize, Serialize};

use super::Numbers;
use crate::dns::Source;
use crate::strategy::probe::{Phase, times_ns};

/// One request of one trial. Times are nanoseconds since the start of the trial's window.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct RequestRow {
    /// Request index, from 0: what its delay depends on.
    pub index: u32,
    /// When the model had the request in hand: before a permit, a slot or a worker was waited for.
    pub scheduled_ns: u64,
    /// When it was given to the HTTP library.
    pub start_ns: u64,
    /// When its library had found an idle connection for it, or begun a new one. Empty, as all
    /// marks up to `send_ns`, where the library cannot tell or the request never came so far.
    #[serde(default)]
    pub pool_ns: Option<u64>,
    /// When the name was looked up for its new connection.
    #[serde(default)]
    pub dns_ns: Option<u64>,
    /// When its new TCP connection was open.
    #[serde(default)]
    pub connect_ns: Option<u64>,
    /// When the TLS handshake of its new connection was done.
    #[serde(default)]
    pub tls_ns: Option<u64>,
    /// When the connection took the request.
    #[serde(default)]
    pub stream_ns: Option<u64>,
    /// When its last byte was written.
    #[serde(default)]
    pub send_ns: Option<u64>,
    /// When the response head was there; empty if it never was.
    pub head_ns: Option<u64>,
    /// When the first bytes of the body were there; empty if they never were.
    #[serde(default)]
    pub first_body_ns: Option<u64>,
    /// When the last byte was read and checked, or the request failed.
    pub end_ns: u64,
    /// The delay that the server was to wait.
    pub planned_delay_ns: u64,
    /// The delay that the server says it waited (`Server-Timing`).
    pub served_delay_ns: Option<u64>,
    /// HTTP status; empty without an answer.
    pub status: Option<u16>,
    /// Bytes of the body received.
    pub body_bytes: u64,
    /// Pieces that the body came in, as the library handed them over.
    #[serde(default)]
    pub chunks: Option<u32>,
    /// When each of them was there, if they are more than one: the first 10 000.
    #[serde(default)]
    pub chunk_ns: Numbers,
    /// The bytes of each, likewise.
    #[serde(default)]
    pub chunk_bytes: Numbers,
    /// Pieces of the request's body that the library took.
    #[serde(default)]
    pub sent_chunks: Option<u32>,
    /// When it took each of them: the first 10 000. With redirects that repeat the body, of all.
    #[serde(default)]
    pub sent_chunk_ns: Numbers,
    /// Redirects that were followed.
    #[serde(default)]
    pub redirects: Option<u32>,
    /// Number of the connection that carried it; a row of `connections/<trial>.csv.zst`.
    #[serde(default)]
    pub connection: Option<u32>,
    /// Which of the connection's requests it was, from 1.
    #[serde(default)]
    pub nth: Option<u32>,
    /// How its name was found: `miss`, `hit` or `coalesced`.
    #[serde(default)]
    pub dns: Option<Source>,
    /// Error class; empty if the request succeeded.
    pub error: Option<String>,
    /// The error number of the system (`errno(3)`); empty if there is none in the chain.
    #[serde(default)]
    pub errno: Option<i32>,
    /// Raw error chain; empty if the request succeeded.
    pub error_chain: Option<String>,
}

impl RequestRow {
    /// When each phase ended, in order; empty where nobody can tell.
    pub fn ends_ns(&self) -> [(Phase, Option<u64>); Phase::ALL.len()] {
        Phase::ALL.map(|phase| {
            let end = match phase {
                Phase::Queue => Some(self.start_ns),
                Phase::Pool => self.pool_ns,
                Phase::Dns => self.dns_ns,
                Phase::Connect => self.connect_ns,
                Phase::Tls => self.tls_ns,
                Phase::Stream => self.stream_ns,
                Phase::Send => self.send_ns,
                Phase::Wait => self.head_ns,
                Phase::Receive => Some(self.end_ns),
            };
            (phase, end)
        })
    }

    /// The time in each phase that is known, in order: without gaps, from `scheduled_ns` to
    /// `end_ns`. A failed request ends in the phase after the last one that it came through.
    pub fn phases_ns(&self) -> impl Iterator<Item = (Phase, u64)> {
        times_ns(self.scheduled_ns, self.ends_ns())
    }
}
