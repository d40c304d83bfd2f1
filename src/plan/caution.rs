//! Cautions about a plan before its first trial.

use crate::delay::Sampling;
use crate::units::{ReadableNs, and, count, counted};

use super::part::{DrawnPart, short};

/// Something that the numbers of a run will not be able to tell, or will tell of another question than
/// the one that was asked. The text says so and gives a way out.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum Caution {
    /// Named parts of a delay model that no request has.
    #[error("{}", missing(.parts, *.requests, *.sampling, *.in_turn))]
    Missing {
        /// The parts.
        parts: Vec<DrawnPart>,
        /// Requests that could have had them.
        requests: usize,
        /// The way in which delays were drawn.
        sampling: Sampling,
        /// Whether they are not drawn at all, but go in turn.
        in_turn: bool,
    },
    /// A list of delays that is not gone through.
    #[error(
        "the longest of the {} is {}, that of the delay model {}: they cannot answer a question about its tail; \
         take more `requests`",
        counted(*.requests, "request"), readable(*.longest_ns), readable(*.of_model_ns)
    )]
    TooShort {
        /// Requests.
        requests: usize,
        /// Their longest delay.
        longest_ns: u64,
        /// The longest delay of the model.
        of_model_ns: u64,
    },
    /// A sample that its model hardly ever gives.
    #[error(
        "the {} have {what}, where the delay model expects {expected} (hardly one seed in a hundred is so \
         far off): take another `seed`, more `requests`, or draw = \"stratified\"",
        counted(*.requests, "request")
    )]
    Unlikely {
        /// The sample, in words.
        what: String,
        /// The model's expectation, in words.
        expected: String,
        /// Requests.
        requests: usize,
    },
    /// Times that stay as they are when delays are scaled.
    #[error("× {scale} scales the delays, but not {}", and(.times))]
    FixedTimes {
        /// The scale.
        scale: f64,
        /// Setting and time.
        times: Vec<String>,
    },
    /// A time-out that meets other requests under this scale.
    #[error(
        "`timeout` {} is not scaled: it is shorter than the delays of {here} of {requests} requests at × {scale}, \
         and of {there} at × 1; scale it along, or ask at × 1",
        readable(*.timeout_ns)
    )]
    Timeout {
        /// The time-out.
        timeout_ns: u64,
        /// The scale.
        scale: f64,
        /// Requests that wait longer under this scale.
        here: usize,
        /// Requests that wait longer without a scale.
        there: usize,
        /// All requests.
        requests: u32,
    },
    /// Overhead is no longer small against the delays.
    #[error(
        "at × {scale} the delays leave {} for {requests} requests, which take about {} of CPU at any scale: a \
         ranking may not hold at × 1; take a scale nearer to 1",
        readable(*.ideal_ns), readable(*.overhead_ns)
    )]
    Overhead {
        /// The scale.
        scale: f64,
        /// Requests.
        requests: u32,
        /// The shortest ideal of the scenario.
        ideal_ns: u64,
        /// CPU time of the requests.
        overhead_ns: u64,
    },
}

fn missing(parts: &[DrawnPart], requests: usize, sampling: Sampling, in_turn: bool) -> String {
    let part = |part: &DrawnPart| {
        format!("{} % of the delay model, {},", short(part.share * 100.0), part.name)
    };
    let expected: f64 = parts.iter().map(|part| part.expected).sum();
    let least = parts.iter().map(|part| part.share).fold(1.0, f64::min);
    let enough = count((1.0 / least).ceil() as u64);
    let remedy = match (in_turn, sampling) {
        (false, Sampling::Independent) => {
            "take another `seed`, more `requests`, or draw = \"stratified\"".to_owned()
        }
        _ => format!("take at least {enough} `requests`"),
    };
    format!(
        "{} {} not among the {} (expected {}, drawn 0): they cannot answer a question about {}; {remedy}",
        and(&parts.iter().map(part).collect::<Vec<_>>()),
        if parts.len() == 1 { "is" } else { "are" },
        counted(requests, "request"),
        short(expected),
        if parts.len() == 1 { "it" } else { "them" },
    )
}

pub(super) fn readable(ns: u64) -> String {
    ReadableNs(ns as f64).to_string()
}
