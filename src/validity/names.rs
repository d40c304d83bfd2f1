//! Look-ups of names.

use crate::units::count;

use super::answer::{Answer, Why, ask_if, recorded, require};
use super::{Check, MeasuredTrial, between};

/// The wire has whole seconds; a fraction is rounded up.
const TTL_UNIT_NS: u64 = 1_000_000_000;

pub(super) const LOOKED_UP: Check = Check {
    words: "names were looked up as the cache asks for",
    by_machine: false,
    ask: looked_up,
    seen: |looked| {
        let asked = count(looked.sum(|t| t.row.dns_queries)?);
        let hits = count(looked.sum(|t| t.row.dns_hits)?);
        let shared = count(looked.sum(|t| t.row.dns_coalesced)?);
        Some(
            format!("{asked} queries, {hits} hits, {shared} waited for the query of another")
                .into(),
        )
    },
};

fn looked_up(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    ask_if(trial.scenario.dns_delay_ns.is_some(), Why::NoSubject)?;
    let asked = recorded!(row, dns_queries)?;
    let misses = recorded!(row, dns_misses)?;
    let (hits, shared) = (recorded!(row, dns_hits)?, recorded!(row, dns_coalesced)?);
    let cache = trial.strategy.dns_cache;
    require(cache || hits + shared == 0, || {
        let what = "look-ups were answered without a query, and there is no cache";
        format!("{} {what}", hits + shared)
    })?;
    unknown(trial)?;
    let lookups = misses + hits + shared;
    let used = recorded!(row, server_connections_used)?;
    require(lookups >= used, || {
        format!("{lookups} look-ups for {used} connections: names were not used")
    })?;
    let resends = row.dns_resends.unwrap_or(0);
    // A connection that is given up may have been about to ask.
    let given_up = row.connections_given_up.unwrap_or(0);
    let (least, most) = (misses.saturating_sub(given_up), misses + resends);
    trial.require((least..=most).contains(&asked), || {
        let expected = between(least, most);
        format!("the name server got {asked} queries instead of {expected}")
    })?;
    let most = needed(trial, recorded!(row, wall_ns)?) + resends;
    trial.require(!cache || asked <= most, || {
        format!("the name server got {asked} queries, with the cache at most {most} are needed")
    })
}

/// Requests to hosts that the name server does not know, and no others, fail for their names; they
/// may meet something else before.
fn unknown(trial: &MeasuredTrial) -> Answer {
    if trial.scenario.unknown_hosts == 0 {
        return Ok(());
    }
    let errors = recorded!(trial.row, errors)?;
    let failed = trial.row.error_classes.0.get("dns").copied().unwrap_or(0);
    let indices = 0..trial.scenario.requests;
    let wanted = indices.filter(|&index| trial.scenario.goes_to_unknown_host(index)).count() as u64;
    require(failed <= wanted && errors >= wanted, || {
        format!("{failed} requests failed for their names, and {wanted} went to unknown hosts")
    })
}

/// Queries that a cache lets through: one for each name, and one more each time it expires.
fn needed(trial: &MeasuredTrial, wall_ns: u64) -> u64 {
    let ttl_ns = trial.scenario.dns_ttl_ns.div_ceil(TTL_UNIT_NS).max(1) * TTL_UNIT_NS;
    u64::from(trial.scenario.targets) * (1 + wall_ns / ttl_ns)
}
