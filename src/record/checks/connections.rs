//! Connections: how many, how they were used, and how they were encrypted.

use super::{Trial, between};
use crate::strategy::Reuse;

/// Connections that were accepted, against those that the way of reuse asks for.
pub(super) fn opened(trial: &Trial) -> Option<String> {
    let (seen, strategy, scenario) = (&trial.seen, trial.strategy, trial.scenario);
    if strategy.reuse == Reuse::None && seen.most_on_one > 1 {
        return Some(format!("a connection carried {} requests instead of 1", seen.most_on_one));
    }
    // A failed request may need a connection more, or none at all.
    if !trial.all_succeeded() {
        return None;
    }
    let (requests, targets) = (scenario.requests, scenario.targets);
    let expected = strategy.connections_with_redirects(requests, scenario.redirects, targets);
    let (least, most) = (u64::from(*expected.start()), u64::from(*expected.end()));
    let opened = seen.connections;
    if !(least..=most).contains(&opened) {
        let expected = between(least, most);
        return Some(format!("{opened} connections were opened instead of {expected}"));
    }
    let used = trial.row.server_connections_used?;
    let most = strategy.connections_used(requests, scenario.redirects, targets, scenario.streams);
    (used > u64::from(most))
        .then(|| format!("{used} connections carried requests instead of at most {most}"))
}

/// What the join of both sides found. A failed request may have been sent on a connection and
/// never have reached the server.
pub(super) fn sides(trial: &Trial) -> Option<String> {
    let mismatched = trial.row.connections_mismatched.filter(|&n| n > 0)?;
    trial.all_succeeded().then(|| {
        format!("client and server do not agree on {mismatched} connections and their requests")
    })
}

/// Connections that are open at the end. Closing is the work of another task in some libraries, so
/// that without reuse the last request of each slot may leave a connection that is still to close.
pub(super) fn kept(trial: &Trial) -> Option<String> {
    let (kept, opened) = (trial.row.connections_kept?, trial.row.connections_opened?);
    let (scenario, strategy) = (trial.scenario, trial.strategy);
    let most = match strategy.reuse {
        Reuse::None => {
            u64::from(strategy.concurrency(scenario.requests, scenario.streams)).min(opened)
        }
        Reuse::Session | Reuse::Pool => opened,
    };
    (kept > most).then(|| format!("{kept} connections were kept at the end, {most} are allowed"))
}

pub(super) fn accepted(trial: &Trial) -> Option<String> {
    let failures = trial.row.server_accept_failures.filter(|&n| n > 0)?;
    if trial.scenario.server_nofile.is_some() {
        // That is what it is about.
        return None;
    }
    Some(format!(
        "the server could not accept a connection {failures} times: it may open too few files; \
         raise the hard limit (`ulimit -Hn`)"
    ))
}

pub(super) fn tls(trial: &Trial) -> Option<String> {
    let (full, resumed) = (trial.row.tls_full?, trial.row.tls_resumed?);
    if !trial.scenario.tls {
        return None;
    }
    if !trial.strategy.tls_resumption && resumed > 0 {
        return Some(format!("{resumed} TLS sessions were resumed, and none may be"));
    }
    let (done, accepted) = (full + resumed, trial.seen.connections);
    let used = trial.row.server_connections_used.unwrap_or(0);
    (!(used..=accepted).contains(&done))
        .then(|| format!("{done} TLS handshakes instead of {}", between(used, accepted)))
}
