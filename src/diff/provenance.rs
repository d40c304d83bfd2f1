//! Circumstances in which a side was recorded.

use std::collections::BTreeSet;

use crate::analyse::median;
use crate::record::{Manifest, Recording};

/// Circumstances in which a side was recorded.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Provenance {
    pub(super) manifest: Manifest,
    /// The machine as people call it.
    pub(super) machine: String,
    pub(super) planned_blocks: u32,
    pub(super) complete_blocks: usize,
    pub(super) margin: f64,
    /// Lateness of the delay server's timer, median over the self-checks of the blocks.
    pub(super) timer_ns: Option<f64>,
    /// Holders of packets for round trips; empty, where there were none.
    pub(super) round_trips_by: BTreeSet<String>,
    /// Whether the thread that samples trials is taken off the client's CPU time.
    pub(super) sampler_off: bool,
}

impl Provenance {
    pub(super) fn of(recording: &Recording) -> Provenance {
        let late: Vec<f64> =
            recording.env.iter().filter_map(|e| Some(e.timer_error_p50_ns? as f64)).collect();
        let kinds = recording.measured().map(|row| &row.rtt_kind);
        Provenance {
            round_trips_by: kinds.filter(|kind| !kind.is_empty()).cloned().collect(),
            sampler_off: recording.measured().any(|row| row.client_sampler_cpu_ns.is_some()),
            manifest: recording.manifest.clone(),
            machine: recording.machine_name().to_owned(),
            planned_blocks: recording.planned_blocks(),
            complete_blocks: recording.complete_blocks().len(),
            margin: recording.plan.experiment.margin,
            timer_ns: median(&late).ok().map(|m| m.value),
        }
    }
}
