//! Rows of single requests: `requests/<trial>.csv.zst`. Up to 100 000 of them are sorted by index; more
//! stand in the order in which the requests ended.

use serde::{Deserialize, Serialize};

use super::Numbers;
use super::columns::row;
use crate::dns::Source;
use crate::strategy::probe::{Phase, times_ns};

row! {
    /// One request of one trial. Times are nanoseconds since the start of the trial's window.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    pub struct RequestRow {
        /// Request index, from 0: what its delay depends on.
        pub index: u32,
        /// When the model had the request in hand, before a permit, a slot or a worker was waited for;
        /// its planned start if `arrival` is not `closed`.
        pub scheduled_ns: u64,
        /// When it was given to the HTTP library.
        pub start_ns: u64,
        /// When its library had found an idle connection for it, or begun a new one. Empty, as all
        /// marks up to `send_ns`, where the library cannot tell or the request never came so far.
        #[since("2026-11-21")]
        pub pool_ns: Option<u64>,
        /// When the name was looked up for its new connection.
        #[since("2026-11-21")]
        pub dns_ns: Option<u64>,
        /// When its new TCP connection was open.
        #[since("2026-11-21")]
        pub connect_ns: Option<u64>,
        /// When the TLS handshake of its new connection was done.
        #[since("2026-11-21")]
        pub tls_ns: Option<u64>,
        /// When the connection took the request.
        #[since("2026-11-21")]
        pub stream_ns: Option<u64>,
        /// When its last byte was written.
        #[since("2026-11-21")]
        pub send_ns: Option<u64>,
        /// When the response head was there; empty if it never was.
        pub head_ns: Option<u64>,
        /// When the first bytes of the body were there; empty if they never were.
        #[since("2026-11-21")]
        pub first_body_ns: Option<u64>,
        /// When the last byte was read and checked, or the request failed.
        pub end_ns: u64,
        /// Delay that the server was to wait.
        pub planned_delay_ns: u64,
        /// Delay that the server says it waited (`Server-Timing`).
        pub served_delay_ns: Option<u64>,
        /// HTTP status; empty without an answer.
        pub status: Option<u16>,
        /// Bytes of the body received.
        pub body_bytes: u64,
        /// Pieces that the body came in, as the library handed them over.
        #[since("2026-11-21")]
        pub chunks: Option<u32>,
        /// When each of them was there, if they are more than one: the first 10 000; none without
        /// probes.
        #[since("2026-11-26")]
        pub chunk_ns: Numbers,
        /// Size of each of them, likewise.
        #[since("2026-11-26")]
        pub chunk_bytes: Numbers,
        /// Pieces of the request's body that the library took.
        #[since("2026-11-21")]
        pub sent_chunks: Option<u32>,
        /// When it took each of them: the first 10 000. With redirects that repeat the body, of all.
        #[since("2026-11-26")]
        pub sent_chunk_ns: Numbers,
        /// Redirects that were followed.
        #[since("2026-11-21")]
        pub redirects: Option<u32>,
        /// Number of the connection that carried it; a row of `connections/<trial>.csv.zst`.
        #[since("2026-11-21")]
        pub connection: Option<u32>,
        /// Its place among the connection's requests, from 1.
        #[since("2026-11-21")]
        pub nth: Option<u32>,
        /// How its name was found: `miss`, `hit` or `coalesced`.
        #[since("2026-11-21")]
        pub dns: Option<Source>,
        /// Error class; empty if the request succeeded.
        pub error: Option<String>,
        /// Innermost error number of the system (`errno(3)`) in the chain; empty if there is none. That
        /// of a connection that was cut, 104, also where HTTP/2 has left nothing but the kind of the
        /// error.
        #[since("2026-11-22")]
        pub errno: Option<i32>,
        /// Raw error chain; empty if the request succeeded.
        pub error_chain: Option<String>,
    }
}

impl RequestRow {
    /// When each phase ended, in order; empty where nobody can tell.
    pub fn ends_ns(&self) -> [(Phase, Option<u64>); Phase::ALL.len()] {
        let (start, end) = (Some(self.start_ns), Some(self.end_ns));
        let (pool, dns, connect) = (self.pool_ns, self.dns_ns, self.connect_ns);
        let (tls, stream, send) = (self.tls_ns, self.stream_ns, self.send_ns);
        let ends = [start, pool, dns, connect, tls, stream, send, self.head_ns, end];
        Phase::ALL.map(|phase| (phase, ends[phase as usize]))
    }

    /// The time in each phase that is known, in order: without gaps, from `scheduled_ns` to
    /// `end_ns`. A failed request ends in the phase after the last one that it came through.
    pub fn phases_ns(&self) -> impl Iterator<Item = (Phase, u64)> {
        times_ns(self.scheduled_ns, self.ends_ns())
    }
}
