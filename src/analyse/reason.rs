//! Reasons why a recording gives no value.

use crate::units::count;

/// Reason why there is not even a value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoEstimate {
    /// The values have no such number.
    #[error(transparent)]
    Values(#[from] inflight_stats::NoEstimate),
    /// No trial has it: the recording is older than the metric, or the system, the client or the
    /// scenario does not tell it.
    #[error("no trial tells {0}")]
    NotTold(&'static str),
    /// With so few requests a percentile would be the longest latency.
    #[error("{metric} cannot be told from {} ({} are needed)", requests(*.has), count(*.needs))]
    TooFewRequests {
        /// Name of the percentile.
        metric: &'static str,
        /// Successful requests that a trial needs.
        needs: u64,
        /// Successful requests of the trial with the most.
        has: u64,
    },
    /// No baseline to divide by is known.
    #[error("no baseline is known to divide by")]
    NoBaseline,
    /// Times of different amounts of work have no ratio that means anything.
    #[error("requests failed, so it is not the same work")]
    RequestsFailed,
    /// Trials failed: what is left is not the work of all.
    #[error("{failed} of {of} trials failed")]
    TrialsFailed {
        /// Trials in which a process failed.
        failed: usize,
        /// Trials that were begun.
        of: usize,
    },
    /// One worker of a service answered much more than its share, and numbers of workers are compared.
    #[error("one of {workers} workers answered {percent} % of the requests")]
    WorkersUneven {
        /// Its share in the median trial, in percent.
        percent: u32,
        /// Workers of the service.
        workers: u32,
    },
    /// A service does not name the worker of each answer, and numbers of workers are compared.
    #[error("it is not known how {workers} workers shared the requests")]
    WorkersUnknown {
        /// Workers of the service.
        workers: u32,
    },
    /// A trial does not tell how many of its requests failed.
    #[error("it is not known how many requests failed")]
    FailuresUnknown,
}

/// A comparison of two cells.
pub type Comparison = inflight_stats::Comparison<NoEstimate>;

/// A comparison of two cells after judgement.
pub type Judged = inflight_stats::Judged<NoEstimate>;

/// `1 request`, `100 requests`
fn requests(n: u64) -> String {
    format!("{} request{}", count(n), if n == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_names_the_requests_that_it_lacks() {
        let few = |has| NoEstimate::TooFewRequests { metric: "p99.9", needs: 1_000, has };
        assert_eq!(
            [few(1).to_string(), few(999).to_string()],
            [
                "p99.9 cannot be told from 1 request (1,000 are needed)",
                "p99.9 cannot be told from 999 requests (1,000 are needed)"
            ]
        );
    }
}
