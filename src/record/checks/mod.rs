//! Manipulation checks: was this trial a measurement of what its cell names?
//!
//! What a strategy suffers (failed requests, overflows, retransmissions) is a result and leaves
//! the trial valid. The rules are explained in `docs/method.md`.

mod connections;
mod flight;
mod lateness;
mod names;
mod requests;
#[cfg(test)]
mod tests;

pub use flight::PEAK_REACHED;
pub use lateness::lost_to_lateness;

use super::TrialRow;
use crate::spec::Scenario;
use crate::strategy::Strategy;

/// One question about a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Check {
    /// Was every request issued, and did the server get each?
    Requests,
    /// Under open arrival: was every request planned for its time, and did none start before it?
    Arrivals,
    /// Were the answers right?
    Answers,
    /// Was every redirect sent?
    Redirects,
    /// Did the bodies of all requests arrive?
    Uploads,
    /// Were never more in flight than allowed?
    Limit,
    /// Were as many in flight as the schedule asks for, or is it known why not?
    Peak,
    /// Do the connections match the way of reuse?
    Connections,
    /// Do client and server know the same connections, with the same number of requests?
    Sides,
    /// Were connections kept for reuse only where there is reuse?
    Kept,
    /// Could the server accept every connection at once?
    Accepted,
    /// Was every connection encrypted, and were sessions resumed only where they may be?
    Tls,
    /// Were names looked up as the cache asks for?
    Names,
    /// Were the delays served as planned?
    Delays,
    /// Did all pauses of the server end in time, also the latest ones, and did it never stand still?
    Pauses,
    /// Did the network lose nothing, and hold packets for as long as it was to?
    Network,
    /// Was nothing faster than any schedule can be?
    Bound,
}

impl Check {
    /// Every check, in the order of the report.
    pub const ALL: [Check; 17] = [
        Check::Requests,
        Check::Arrivals,
        Check::Limit,
        Check::Peak,
        Check::Connections,
        Check::Sides,
        Check::Kept,
        Check::Accepted,
        Check::Tls,
        Check::Names,
        Check::Answers,
        Check::Redirects,
        Check::Uploads,
        Check::Delays,
        Check::Pauses,
        Check::Network,
        Check::Bound,
    ];

    /// Why a trial fails this check; `None` if it passes, or if what it needs is not recorded.
    pub fn failure(
        self,
        row: &TrialRow,
        scenario: &Scenario,
        strategy: &Strategy,
    ) -> Option<String> {
        let trial = Trial { row, scenario, strategy, seen: Seen::of(row)? };
        match self {
            Check::Requests => requests::issued(&trial),
            Check::Arrivals => requests::arrivals(&trial),
            Check::Answers => requests::answers(&trial),
            Check::Redirects => requests::redirects(&trial),
            Check::Uploads => requests::uploads(&trial),
            Check::Limit => flight::limit(&trial),
            Check::Peak => flight::peak(&trial),
            Check::Delays => lateness::delays(&trial),
            Check::Pauses => lateness::pauses(&trial),
            Check::Network => lateness::network(&trial),
            Check::Bound => flight::bound(&trial),
            Check::Connections => connections::opened(&trial),
            Check::Sides => connections::sides(&trial),
            Check::Kept => connections::kept(&trial),
            Check::Accepted => connections::accepted(&trial),
            Check::Tls => connections::tls(&trial),
            Check::Names => names::looked_up(&trial),
        }
    }
}

/// Why a trial is no measurement of its cell, or `None` if it is one.
pub fn invalid(row: &TrialRow, scenario: &Scenario, strategy: &Strategy) -> Option<String> {
    let reasons: Vec<String> =
        Check::ALL.into_iter().filter_map(|c| c.failure(row, scenario, strategy)).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Whether a trial is no measurement because its machine was busy, and for no reason of its strategy's.
pub fn is_invalid_by_machine(row: &TrialRow, scenario: &Scenario, strategy: &Strategy) -> bool {
    const LATE: [Check; 3] = [Check::Delays, Check::Pauses, Check::Network];
    let Some(seen) = Seen::of(row) else { return false };
    let fails = |check: &Check| check.failure(row, scenario, strategy).is_some();
    lateness::machine_was_busy(&Trial { row, scenario, strategy, seen })
        && Check::ALL.iter().filter(|check| fails(check)).all(|check| LATE.contains(check))
}

/// A measured trial, and what it was to be.
struct Trial<'a> {
    row: &'a TrialRow,
    scenario: &'a Scenario,
    strategy: &'a Strategy,
    seen: Seen,
}

impl Trial<'_> {
    /// Requests that it was to issue.
    fn requests(&self) -> u64 {
        u64::from(self.scenario.requests)
    }

    /// Whether all of its requests succeeded. A failed one need not have reached the server, may
    /// have needed a connection more, and is in flight there until the server notices.
    fn all_succeeded(&self) -> bool {
        self.seen.errors == 0
    }
}

/// The counts that every measured trial has.
struct Seen {
    issued: u64,
    errors: u64,
    wall_ns: u64,
    /// Requests that the server got; those that it redirected are counted where they end.
    served: u64,
    answered: u64,
    connections: u64,
    most_on_one: u64,
    peak: u64,
}

impl Seen {
    fn of(row: &TrialRow) -> Option<Seen> {
        Some(Seen {
            issued: row.issued?,
            errors: row.errors?,
            wall_ns: row.wall_ns?,
            served: row.server_requests?,
            answered: row.server_answered?,
            connections: row.server_connections?,
            most_on_one: row.server_requests_per_connection_max?,
            peak: row.server_peak_in_flight?,
        })
    }
}

/// `7`, or `1 to 7`.
fn between(least: u64, most: u64) -> String {
    if least == most { most.to_string() } else { format!("{least} to {most}") }
}
