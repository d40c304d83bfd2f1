//! `env.csv`: the machine at the start of each block.

use serde::{Deserialize, Serialize};

use super::columns::row;

row! {
    /// The state of the machine at the start of a block: a row of `env.csv`.
    #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
    pub struct EnvRow {
        /// Block; 0 is warm-up.
        pub block: u32,
        /// Attempt of the block.
        pub attempt: u32,
        /// Unix time.
        pub at_unix_ms: u64,
        /// Load average of the last minute.
        pub load_1min: Option<f64>,
        /// Share of CPU time that the hypervisor gave to others since the block before.
        pub steal_percent: Option<f64>,
        /// Share of CPU time spent since the block before, by anyone.
        pub busy_percent: Option<f64>,
        /// Mean clock of the CPUs.
        pub cpu_mhz: Option<f64>,
        /// Memory that could be used without swapping.
        pub available_memory_bytes: Option<u64>,
        /// How late the delay server's timer fires in a self-check, median.
        pub timer_error_p50_ns: Option<u64>,
        /// How late the delay server's timer fires in a self-check, 99th percentile.
        pub timer_error_p99_ns: Option<u64>,
    }
}
