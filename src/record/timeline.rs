//! Samples of a trial while it ran: `timeline/<trial>.csv`.

use serde::{Deserialize, Serialize};

/// The client at one moment of a trial. What older recordings do not have is empty.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct TimelineRow {
    /// Nanoseconds since the start of the trial's window.
    pub at_ns: u64,
    /// Requests started and not ended.
    pub in_flight: u64,
    /// Requests ended, failed ones too.
    pub completed: u64,
    /// Requests failed, of those that ended.
    #[serde(default)]
    pub failed: Option<u64>,
    /// CPU time of the process since the start of the window, user and kernel.
    pub cpu_ns: u64,
    /// The part of it in user mode.
    #[serde(default)]
    pub cpu_user_ns: Option<u64>,
    /// The part of it in the kernel.
    #[serde(default)]
    pub cpu_sys_ns: Option<u64>,
    /// Resident memory; empty where the system does not tell.
    pub rss_bytes: Option<u64>,
    /// Threads of the process.
    pub threads: Option<u64>,
    /// Open files of the process.
    pub open_files: Option<u64>,
    /// TCP sockets (IPv4) of the network namespace that are open: of both ends, and of every other
    /// program in it.
    #[serde(default)]
    pub tcp_in_use: Option<u64>,
    /// The same closed and kept for a minute, so that late packets find them (TIME-WAIT).
    #[serde(default)]
    pub tcp_time_wait: Option<u64>,
    /// TCP sockets of the client that are established, in trials that limit its files or ports; not in
    /// every row.
    #[serde(default)]
    pub sockets_established: Option<u64>,
    /// The same that are connecting: no answer yet (SYN-SENT).
    #[serde(default)]
    pub sockets_syn_sent: Option<u64>,
    /// The same that the other side has closed (CLOSE-WAIT).
    #[serde(default)]
    pub sockets_close_wait: Option<u64>,
}
