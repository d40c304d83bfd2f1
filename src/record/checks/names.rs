//! Look-ups of names.

use super::{Trial, between};

/// The wire has whole seconds; a fraction is rounded up.
const TTL_UNIT_NS: u64 = 1_000_000_000;

pub(super) fn looked_up(trial: &Trial) -> Option<String> {
    trial.scenario.dns_delay_ns?;
    let row = trial.row;
    let asked = row.dns_queries?;
    let (misses, hits, shared) = (row.dns_misses?, row.dns_hits?, row.dns_coalesced?);
    let cache = trial.strategy.dns_cache;
    if !cache && hits + shared > 0 {
        let what = "look-ups were answered without a query, and there is no cache";
        return Some(format!("{} {what}", hits + shared));
    }
    let lookups = misses + hits + shared;
    let used = row.server_connections_used.unwrap_or(0);
    if lookups < used {
        return Some(format!("{lookups} look-ups for {used} connections: names were not used"));
    }
    if let Some(wrong) = unknown(trial) {
        return Some(wrong);
    }
    let resends = row.dns_resends.unwrap_or(0);
    // A connection that is given up may have been about to ask.
    let given_up = row.connections_given_up.unwrap_or(0);
    let (least, most) = (misses.saturating_sub(given_up), misses + resends);
    if trial.all_succeeded() && !(least..=most).contains(&asked) {
        let expected = between(least, most);
        return Some(format!("the name server got {asked} queries instead of {expected}"));
    }
    let most = needed(trial) + resends;
    (cache && trial.all_succeeded() && asked > most).then(|| {
        format!("the name server got {asked} queries, with the cache at most {most} are needed")
    })
}

/// Requests to hosts that the name server does not know, and no others, fail for their names; they
/// may meet something else before.
fn unknown(trial: &Trial) -> Option<String> {
    if trial.scenario.unknown_hosts == 0 {
        return None;
    }
    let failed = trial.row.failed_with("dns")?;
    let indices = 0..trial.scenario.requests;
    let wanted = indices.filter(|&index| trial.scenario.is_to_unknown_host(index)).count() as u64;
    (failed > wanted || trial.seen.errors < wanted).then(|| {
        format!("{failed} requests failed for their names, and {wanted} went to unknown hosts")
    })
}

/// Queries that a cache lets through: one for each name, and one more each time it expires.
fn needed(trial: &Trial) -> u64 {
    let ttl_ns = trial.scenario.dns_ttl_ns.div_ceil(TTL_UNIT_NS).max(1) * TTL_UNIT_NS;
    u64::from(trial.scenario.targets) * (1 + trial.seen.wall_ns / ttl_ns)
}
