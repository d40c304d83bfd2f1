//! Documents between the harness and its trial children: one JSON document each way.
//!
//! A server child reads a [`ServerConfig`] from the first line of its standard input, answers with a
//! [`ServerReady`] line, serves until its standard input ends, then writes a [`ServerReport`]
//! line. A client child reads a [`ClientConfig`] and writes a [`ClientReport`].

mod client;
mod server;
#[cfg(test)]
mod tests;

pub use self::{
    client::{
        ClientConfig, ClientReport, ConnectionCounts, CpuBy, DnsCounts, Failures, FirstFailure,
        OpenReport, Percentiles, PhaseTime, ProgramReport, RequestLog, Timeline,
    },
    server::{
        Aside, Capacity, DnsTerms, LATE_NS, LATE_SHARE, Lateness, Pause, PauseReport, STALL_NS,
        ServerConfig, ServerReady, ServerReport, Stall, Tick, TlsTerms, late_after_ns,
    },
};

/// Raised when a document changes its form or its meaning: `inflight ab` lets builds of the same
/// version speak with each other, and no others.
pub const VERSION: u32 = 4;
