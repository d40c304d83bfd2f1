//! Checks: was this trial a measurement of what its cell names?
//!
//! A check is *passed*, *failed* or *not asked*, and the last says why. What a strategy suffers (failed
//! requests, overflows, retransmissions) is a result and leaves the trial valid. The rules are explained
//! in `docs/method/checks.md`.

mod answer;
mod connections;
mod flight;
mod lateness;
mod measured;
mod names;
mod requests;
mod tally;
#[cfg(test)]
mod tests;

pub use answer::{Answer, NotPassed, Why};
pub use measured::MeasuredTrial;
pub use tally::{Looked, Tally};

use crate::words::Words;

/// One question about a trial.
pub struct Check {
    /// Sentence that is true of a trial that passes.
    pub words: &'static str,
    /// Whether a busy machine can make a trial fail it, whatever its strategy does.
    pub by_machine: bool,
    ask: fn(&MeasuredTrial) -> Answer,
    /// Summary of what was seen in some trials, if it is recorded.
    seen: fn(&Looked) -> Option<Words>,
}

/// Every check, in the order of the report.
pub const CHECKS: [&Check; 18] = [
    &requests::ISSUED,
    &requests::ARRIVALS,
    &flight::LIMIT,
    &flight::PEAK,
    &connections::OPENED,
    &connections::SIDES,
    &connections::KEPT,
    &connections::ACCEPTED,
    &connections::TLS,
    &names::LOOKED_UP,
    &requests::ANSWERS,
    &requests::CALLS,
    &requests::REDIRECTS,
    &requests::UPLOADS,
    &lateness::DELAYS,
    &lateness::PAUSES,
    &lateness::NETWORK,
    &flight::BOUND,
];

impl Check {
    /// Asks a measured trial.
    pub fn ask(&self, trial: &MeasuredTrial) -> Answer {
        (self.ask)(trial).map_err(|not_passed| match not_passed {
            NotPassed::NotAsked(Why::NotRecorded(column))
                if trial.strategy.service.is_some() && is_of_server(column) =>
            {
                NotPassed::NotAsked(Why::ServiceDoesNotTell)
            }
            // What is not of the server is of the client.
            NotPassed::NotAsked(Why::NotRecorded(column))
                if trial.strategy.program.is_some() && !is_of_server(column) =>
            {
                NotPassed::NotAsked(Why::ProgramDoesNotTell)
            }
            other => other,
        })
    }

    /// Reason for which a trial fails; `None` if it passes or is not asked.
    pub fn failure(&self, trial: &MeasuredTrial) -> Option<String> {
        match self.ask(trial) {
            Err(NotPassed::Failed(reason)) => Some(reason),
            Ok(()) | Err(NotPassed::NotAsked(_)) => None,
        }
    }
}

/// Whether the server tells a column.
fn is_of_server(column: &str) -> bool {
    column.starts_with("server_")
}

/// Reason for which a trial is no measurement of its cell; `None` if no check fails.
pub fn invalid(trial: &MeasuredTrial) -> Option<String> {
    let reasons: Vec<String> = CHECKS.iter().filter_map(|check| check.failure(trial)).collect();
    (!reasons.is_empty()).then(|| reasons.join("; "))
}

/// Whether a trial is no measurement because its machine was busy, and for no reason of its strategy's.
pub fn is_invalid_by_machine(trial: &MeasuredTrial) -> bool {
    lateness::machine_was_busy(trial)
        && CHECKS.iter().filter(|c| c.failure(trial).is_some()).all(|c| c.by_machine)
}

/// `7`, or `1 to 7`.
fn between(least: u64, most: u64) -> String {
    if least == most { most.to_string() } else { format!("{least} to {most}") }
}
