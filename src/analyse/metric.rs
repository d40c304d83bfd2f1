//! What the values of a metric are, and which way is better.

use crate::record::TrialRow;
use crate::spec::{Metric, Unit};

use super::Direction;

impl Metric {
    /// Whether it counts something, so that a claim is about every trial and not about a median.
    pub fn is_count(self) -> bool {
        self.unit() == Unit::Count
    }

    /// Which way is better. What is answered from a cache or resumed costs less than what it stands
    /// for.
    pub fn direction(self) -> Direction {
        match self {
            Metric::Throughput
            | Metric::Efficiency
            | Metric::DnsHits
            | Metric::TlsResumed
            | Metric::Achieved
            | Metric::KeptUp => Direction::HigherIsBetter,
            _ => Direction::LowerIsBetter,
        }
    }

    /// The value of a trial, in the unit of the metric.
    pub fn of(self, row: &TrialRow) -> Option<f64> {
        let per_request = |ns: u64| {
            let requests = row.issued.filter(|&n| n > 0)?;
            Some(ns as f64 / requests as f64)
        };
        let value = match self {
            Metric::Wall => row.wall_ns,
            Metric::Throughput => {
                let wall = row.wall_ns.filter(|&ns| ns > 0)?;
                return Some(row.ok? as f64 * 1e9 / wall as f64);
            }
            Metric::Efficiency => return row.efficiency(),
            Metric::P50 => row.latency_p50_ns,
            Metric::P99 => row.latency_p99_ns,
            Metric::Cpu => row.client_cpu_ns(),
            Metric::WallPerRequest => return per_request(row.wall_ns?),
            Metric::CpuPerRequest => return per_request(row.client_cpu_ns()?),
            Metric::Memory => row.client_max_rss_bytes,
            Metric::Connections => row.server_connections,
            Metric::Errors => row.errors,
            Metric::ErrorsEmfile => row.failed_with("emfile"),
            Metric::ErrorsEaddrnotavail => row.failed_with("eaddrnotavail"),
            Metric::ErrorsStatus4xx => row.failed_with("status(4xx)"),
            Metric::InFlight => row.client_peak_in_flight,
            Metric::OpenFiles => row.client_peak_open_files,
            Metric::PeakConnections => row.connections_peak,
            Metric::UnexplainedConnections => row.unexplained_connections(),
            Metric::ListenOverflows => row.listen_overflows,
            Metric::SynRetransmits => row.syn_retransmits,
            Metric::Connect => row.connect_p50_ns,
            Metric::UnusedConnections => row.connections_unused,
            Metric::DnsQueries => row.dns_queries,
            Metric::DnsHits => row.dns_hits,
            Metric::TlsFull => row.tls_full,
            Metric::TlsResumed => row.tls_resumed,
            Metric::ServiceP50 => row.service_p50_ns,
            Metric::ServiceP99 => row.service_p99_ns,
            Metric::Achieved => return row.achieved_per_s(),
            Metric::KeptUp => return row.kept_up(),
            Metric::Backlog => row.backlog_peak,
            Metric::Phase(phase) => row.phase_ns(phase),
        };
        value.map(|v| v as f64)
    }
}
