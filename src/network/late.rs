//! Errors of holds: how much too long packets were held.

use hdrhistogram::Histogram;

use super::documents::RelayReport;
use crate::machine::process::Usage;

/// An error above this counts as this in percentiles (the longest is exact).
const LATEST_NS: u64 = 60_000_000_000;

/// Errors of holds: actual minus planned lengths.
#[derive(Debug)]
pub(super) struct Late {
    all: Histogram<u64>,
    latest_ns: u64,
}

impl Late {
    pub(super) fn new() -> Late {
        // Three digits: 50 µs are then known to 0.05 µs.
        let all = Histogram::new_with_bounds(1, LATEST_NS, 3).expect("bounds in order");
        Late { all, latest_ns: 0 }
    }

    pub(super) fn note(&mut self, late_ns: u64) {
        self.all.saturating_record(late_ns);
        self.latest_ns = self.latest_ns.max(late_ns);
    }

    /// Adds these errors to a report, and what this process has used so far.
    pub(super) fn add_to(&self, report: RelayReport) -> RelayReport {
        let used = Usage::now();
        let error = |ns: u64| (!self.all.is_empty()).then_some(ns.min(self.latest_ns));
        RelayReport {
            hold_error_p50_ns: error(self.all.value_at_quantile(0.5)),
            hold_error_p99_ns: error(self.all.value_at_quantile(0.99)),
            hold_error_max_ns: error(self.latest_ns),
            cpu_user_ns: used.user_ns,
            cpu_sys_ns: used.sys_ns,
            ..report
        }
    }
}
