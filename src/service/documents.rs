//! Documents between the harness and the child that starts a service.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use crate::protocol::CpuBy;
use crate::strategy::Settings;
use crate::strategy::service::{PageTerms, Started};

/// Configuration of the child, the first line of its input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceConfig {
    /// [`VERSION`](crate::protocol::VERSION) of the sender.
    pub protocol: u32,
    /// The service.
    pub started: Started,
    /// Values of its settings.
    pub settings: Settings,
    /// Its page, if it declares one.
    pub page: Option<PageTerms>,
    /// CPUs that it may run on; any, if empty.
    pub cpus: Vec<usize>,
}

/// First answer of the child.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum ServiceAnswer {
    /// The service answers at this address.
    Ready(SocketAddr),
    /// It does not, and all of it has been ended: why, as it goes on after its name.
    Failed(String),
}

/// Window of the trial, a later line of the child's input: the service's CPU time is that within it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceWindow {
    /// Its begin, by the machine's monotonic clock.
    pub began_ns: u64,
    /// Its end, likewise.
    pub ended_ns: u64,
}

/// Last answer of the child: all of the service is gone.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServiceReport {
    /// Why the trial is no measurement: the service ended in the middle of it, say.
    pub failure: Option<String>,
    /// From the start of its command to its first answer.
    pub ready_ns: u64,
    /// CPU time of all its processes in user mode, in nanoseconds: within the window of the trial where
    /// that is known, from start to end where not.
    pub cpu_user_ns: u64,
    /// CPU time in the kernel, likewise.
    pub cpu_sys_ns: u64,
    /// Measurement of its CPU time.
    pub cpu_by: CpuBy,
    /// Resident memory of all its processes at the busiest moment seen.
    pub max_rss_bytes: u64,
    /// Processes at the busiest moment seen.
    pub peak_processes: u64,
    /// Threads of all its processes at the busiest moment seen.
    pub peak_threads: u64,
}
