//! Memory of connections that have carried enough requests to need no more of it.
//!
//! A connection of some libraries needs more memory until it has carried a number of requests
//! ([`Library::settled_after`]). A recording of few requests at a high limit does not come so far;
//! at lower limits, where the same requests go over fewer connections, it does. From those follows what
//! a settled connection needs, and with it the memory at the high limit.
//!
//! [`Library::settled_after`]: crate::strategy::library::Library::settled_after

use std::collections::BTreeMap;

use super::basis::{at_other_limits, rows};
use super::line::Lines;
use super::memory::{harness_bytes, own_bytes};
use super::{Note, OtherLimits, Range};
use crate::plan::{Cell, Plan};
use crate::record::{Recording, TrialRow};
use crate::spec::Scenario;
use crate::strategy::Strategy;
use crate::strategy::model::Holds;
use crate::vocabulary::{Protocol, Reuse};

/// Connections of a cell to be predicted.
#[derive(Debug, PartialEq)]
pub(super) enum Connections {
    /// They need what those of its own recorded cells did.
    AsRecorded,
    /// Peak memory with settled ones.
    Settled(Range, OtherLimits),
    /// They need more than those of its own recorded cells did, and nobody knows how much.
    Unknown(Note),
}

/// Number of connections, and of requests that each of them carries.
#[derive(Debug, Clone, Copy)]
struct Load {
    connections: u32,
    each: u64,
}

impl Load {
    /// The load of a trial in which a connection is kept and carries one request after the other.
    fn of(strategy: &Strategy, scenario: &Scenario, requests: u64) -> Option<Load> {
        if strategy.protocol != Protocol::Http1 || strategy.reuse == Reuse::None {
            return None;
        }
        let asked = u32::try_from(requests).unwrap_or(u32::MAX);
        let slots = strategy.concurrency(asked, scenario.streams).max(1);
        let connections = slots.saturating_mul(scenario.known_hosts().max(1));
        Some(Load { connections, each: requests / u64::from(connections) })
    }
}

/// The connections of `cell` with this many requests, if `largest` is the largest of its recorded cells.
pub(super) fn connections(
    (plan, cell): (&Plan, &Cell),
    recording: &Recording,
    largest: &Cell,
    requests: u64,
) -> Connections {
    let load = |plan: &Plan, cell: &Cell, requests: Option<u64>| {
        let scenario = plan.scenario_of(cell);
        let requests = requests.unwrap_or(u64::from(scenario.requests));
        Load::of(&cell.strategy, scenario, requests)
    };
    let of_recorded = |cell: &Cell| load(&recording.plan, cell, None);
    let (Some(target), Some(own)) = (load(plan, cell, Some(requests)), of_recorded(largest)) else {
        return Connections::AsRecorded;
    };
    let strategy = &cell.strategy;
    let (Some(model), Some(library)) = (strategy.model.known(), strategy.library.known()) else {
        return Connections::AsRecorded;
    };
    let settled = u64::from(library.settled_after);
    if model.holds != Holds::Slots || own.each >= settled.min(target.each) {
        return Connections::AsRecorded;
    }
    let note = Note::NotSettled { carried: own.each, settled };
    if target.each < settled || cell.strategy.max_connections.is_some() {
        return Connections::Unknown(note);
    }
    // Of each limit the cell with the most requests.
    let mut cells: BTreeMap<u32, &Cell> = BTreeMap::new();
    for other in at_other_limits(plan, cell, recording) {
        let Some(load) = of_recorded(other).filter(|load| load.each >= settled) else { continue };
        if !rows(recording, other).any(TrialRow::is_ok) {
            continue;
        }
        let requests = |c: &Cell| recording.plan.scenario_of(c).requests;
        let best = cells.entry(load.connections).or_insert(other);
        if requests(other) > requests(best) {
            *best = other;
        }
    }
    line(&cells, recording, target.connections, requests)
        .map_or(Connections::Unknown(note), |(bytes, from)| Connections::Settled(bytes, from))
}

/// Peak memory for this many connections and requests, on a line through those of the cells in each
/// block. Two points make a line.
fn line(
    cells: &BTreeMap<u32, &Cell>,
    recording: &Recording,
    connections: u32,
    requests: u64,
) -> Option<(Range, OtherLimits)> {
    let mut blocks: BTreeMap<u32, Vec<(f64, f64)>> = BTreeMap::new();
    for (&connections, cell) in cells {
        let requests = f64::from(recording.plan.scenario_of(cell).requests);
        for row in rows(recording, cell).filter(|row| row.is_ok()) {
            let Some(peak) = row.client_max_rss_bytes else { continue };
            let point = (f64::from(connections), own_bytes(requests, peak as f64));
            blocks.entry(row.block).or_default().push(point);
        }
    }
    let blocks: Vec<_> = blocks.into_values().filter(|b| b.len() == cells.len()).collect();
    if cells.len() < 2 || blocks.is_empty() {
        return None;
    }
    let bytes = Lines::new(&blocks).at(f64::from(connections)).ok()?;
    let from = OtherLimits {
        limits: cells.values().filter_map(|c| Some(c.strategy.limit?.get())).collect(),
        cells: cells.values().map(|c| c.id.to_string()).collect(),
        blocks: blocks.len(),
    };
    Some((Range::of(&bytes).map(|own| own + harness_bytes(requests as f64)), from))
}
