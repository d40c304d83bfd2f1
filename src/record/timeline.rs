//! Samples of a trial while it ran: `timeline/<trial>.csv`.

use serde::{Deserialize, Serialize};

use super::columns::row;

row! {
    /// The client at one moment of a trial. What older recordings do not have is empty.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    pub struct TimelineRow {
        /// Time since the start of the trial's window.
        pub at_ns: u64,
        /// Requests started and not ended.
        pub in_flight: u64,
        /// Requests ended, failed ones too.
        pub completed: u64,
        /// Requests failed, of those that ended.
        #[since("2026-11-21")]
        pub failed: Option<u64>,
        /// CPU time of the process since the start of the window, user and kernel, without the sampler.
        pub cpu_ns: u64,
        /// CPU time in user mode, of `cpu_ns`.
        #[since("2026-11-21")]
        pub cpu_user_ns: Option<u64>,
        /// CPU time in the kernel, of `cpu_ns`.
        #[since("2026-11-21")]
        pub cpu_sys_ns: Option<u64>,
        /// Resident memory; empty where the system does not tell.
        pub rss_bytes: Option<u64>,
        /// Threads of the process, without the sampler's own.
        pub threads: Option<u64>,
        /// Open files of the process, without the sampler's own.
        pub open_files: Option<u64>,
        /// TCP sockets (IPv4) of the network namespace that are open, in `/proc/net/sockstat`: of both
        /// ends, and of every other program in it.
        #[since("2026-11-21")]
        pub tcp_in_use: Option<u64>,
        /// TCP sockets (IPv4) of the network namespace that are closed and kept for a minute, so that
        /// late packets find them (TIME-WAIT).
        #[since("2026-11-21")]
        pub tcp_time_wait: Option<u64>,
        /// TCP sockets of the client that are established, in trials that limit its files or ports; not
        /// in every row.
        #[since("2026-11-22")]
        pub sockets_established: Option<u64>,
        /// TCP sockets of the client that are connecting: no answer yet (SYN-SENT), likewise.
        #[since("2026-11-22")]
        pub sockets_syn_sent: Option<u64>,
        /// TCP sockets of the client that the other side has closed (CLOSE-WAIT), likewise.
        #[since("2026-11-22")]
        pub sockets_close_wait: Option<u64>,
    }
}
