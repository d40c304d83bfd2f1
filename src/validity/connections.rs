//! Connections: how many, how they were used, and how they were encrypted.

use crate::units::count;
use crate::vocabulary::Reuse;

use super::answer::{Answer, NotPassed, Why, ask_if, recorded, require};
use super::{Check, MeasuredTrial, between};

/// Connections that were accepted, against those that the way of reuse asks for.
pub(super) const OPENED: Check = Check {
    words: "connections match the mode of reuse",
    by_machine: false,
    ask: opened,
    seen: |looked| {
        let range = |reuses: Option<bool>, words: &str| {
            let some =
                looked.values(|t| t.row.server_connections.filter(|_| t.reuses() == reuses))?;
            let (least, most) = (*some.iter().min()?, *some.iter().max()?);
            Some(match least == most {
                true => format!("{} {words}", count(least)),
                false => format!("{} to {} {words}", count(least), count(most)),
            })
        };
        let parts = [
            range(Some(false), "without reuse"),
            range(Some(true), "with reuse"),
            range(None, "of programs that do not say"),
        ];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("per trial: {}", parts.join(", ")).into())
    },
};

fn opened(trial: &MeasuredTrial) -> Answer {
    let (row, strategy, scenario) = (trial.row, trial.strategy, trial.scenario);
    let most_on_one = recorded!(row, server_requests_per_connection_max)?;
    let reuse = strategy.declared_reuse().ok_or(NotPassed::NotAsked(Why::ReuseNotDeclared))?;
    require(reuse != Reuse::None || most_on_one <= 1, || {
        format!("a connection carried {most_on_one} requests instead of 1")
    })?;
    if strategy.program.is_some() {
        return opened_by_program(trial, reuse);
    }
    ask_if(strategy.library.known().is_some(), Why::UnknownClient)?;
    let (requests, targets) = (scenario.requests, scenario.targets);
    let expected = strategy.connections_with_redirects(requests, scenario.redirects, targets);
    let (least, most) = (u64::from(*expected.start()), u64::from(*expected.end()));
    let opened = recorded!(row, server_connections)?;
    trial.require((least..=most).contains(&opened), || {
        let expected = between(least, most);
        format!("{opened} connections were opened instead of {expected}")
    })?;
    let used = recorded!(row, server_connections_used)?;
    let most = strategy.connections_used(requests, scenario.redirects, targets, scenario.streams);
    trial.require(used <= u64::from(most), || {
        format!("{used} connections carried requests instead of at most {most}")
    })
}

/// A program that keeps its connections needs no more of them than it has requests in flight.
fn opened_by_program(trial: &MeasuredTrial, reuse: Reuse) -> Answer {
    let opened = recorded!(trial.row, server_connections)?;
    let requests = trial.requests();
    let (least, most) = match reuse {
        Reuse::None => (requests, requests),
        Reuse::Session | Reuse::Pool => {
            (1, trial.strategy.concurrency(trial.scenario.requests, u32::MAX).into())
        }
    };
    trial.require((least..=most).contains(&opened), || {
        let expected = between(least, most);
        format!("{opened} connections were opened instead of {expected}")
    })
}

/// Agreement of both sides about connections. A failed request may have been sent on a connection
/// and never have reached the server.
pub(super) const SIDES: Check = Check {
    words: "client and server know the same connections",
    by_machine: false,
    ask: |trial| {
        let mismatched = recorded!(trial.row, connections_mismatched)?;
        trial.require(mismatched == 0, || {
            format!("client and server do not agree on {mismatched} connections and their requests")
        })
    },
    seen: |looked| {
        let accepted = looked.sum(|t| t.row.server_connections)?;
        let disputed = |of_failing: bool| {
            looked.sum(|t| {
                let failing = t.row.errors? > 0;
                t.row.connections_mismatched.filter(|_| failing == of_failing)
            })
        };
        let spare =
            looked.sum(|t| Some(t.row.connections_unused? + t.row.connections_given_up?))?;
        let parts = [
            (Some(spare), "unused or given up"),
            (looked.sum(|t| t.row.connections_failed), "failed"),
            (disputed(false), "in dispute"),
            (disputed(true), "not the same where requests failed"),
        ];
        let parts: String = parts
            .iter()
            .filter_map(|&(n, what)| Some((n.filter(|&n| n > 0)?, what)))
            .map(|(n, what)| format!(", {} {what}", count(n)))
            .collect();
        Some(format!("{} accepted{parts}", count(accepted)).into())
    },
};

/// Connections that are open at the end. Closing is the work of another task in some libraries, so
/// that without reuse the last request of each slot may leave a connection that is still to close.
pub(super) const KEPT: Check = Check {
    words: "connections are kept only for reuse",
    by_machine: false,
    ask: |trial| {
        let (scenario, strategy) = (trial.scenario, trial.strategy);
        let kept = recorded!(trial.row, connections_kept)?;
        let opened = recorded!(trial.row, connections_opened)?;
        let most = match strategy.reuse {
            Reuse::None => {
                u64::from(strategy.concurrency(scenario.requests, scenario.streams)).min(opened)
            }
            Reuse::Session | Reuse::Pool => opened,
        };
        require(kept <= most, || {
            format!("{kept} connections were kept at the end, {most} are allowed")
        })
    },
    seen: |looked| {
        let most = |reuses: bool, words: &str| {
            let kept =
                looked.most(|t| t.row.connections_kept.filter(|_| t.reuses() == Some(reuses)))?;
            Some(format!("{} {words} reuse", count(kept)))
        };
        let parts = [most(false, "without"), most(true, "with")];
        let parts: Vec<String> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| format!("at most at the end: {}", parts.join(", ")).into())
    },
};

pub(super) const ACCEPTED: Check = Check {
    words: "the server accepted every connection at once",
    by_machine: false,
    ask: |trial| {
        let failures = recorded!(trial.row, server_accept_failures)?;
        if failures > 0 {
            ask_if(trial.scenario.server_nofile.is_none(), Why::ServerFilesLimited)?;
        }
        require(failures == 0, || {
            format!(
                "the server could not accept a connection {failures} times: it may open too few \
                 files; raise the hard limit (`ulimit -Hn`)"
            )
        })
    },
    seen: |looked| {
        Some(format!("{} waited", count(looked.sum(|t| t.row.server_accept_failures)?)).into())
    },
};

pub(super) const TLS: Check = Check {
    words: "every connection was encrypted, and resumed only where it may be",
    by_machine: false,
    ask: tls,
    seen: |looked| {
        let full = looked.sum(|t| t.row.tls_full)?;
        let resumed = looked.sum(|t| t.row.tls_resumed)?;
        Some(format!("handshakes: {} full, {} resumed", count(full), count(resumed)).into())
    },
};

fn tls(trial: &MeasuredTrial) -> Answer {
    let row = trial.row;
    ask_if(trial.scenario.tls, Why::NoSubject)?;
    let (full, resumed) = (recorded!(row, tls_full)?, recorded!(row, tls_resumed)?);
    require(trial.strategy.tls_resumption || resumed == 0, || {
        format!("{resumed} TLS sessions were resumed, and none may be")
    })?;
    let done = full + resumed;
    let used = recorded!(row, server_connections_used)?;
    let accepted = recorded!(row, server_connections)?;
    require((used..=accepted).contains(&done), || {
        format!("{done} TLS handshakes instead of {}", between(used, accepted))
    })
}
