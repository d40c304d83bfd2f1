//! Fitness of a cell's trials to be judged: the one rule that everything asks which concludes
//! something.
//!
//! Work that failed counts against a cell: where more requests or trials failed than the margin, a time
//! is that of less work, and [`Fitness::check`] refuses it. A trial that is invalid, was skipped or
//! lacks the value says nothing of the strategy; [`Sample`] counts it as any value at all, so that
//! what is left is true whatever it would have shown.
//!
//! [`Sample`]: super::Sample

use crate::record::{Status, TrialRow};
use crate::spec::Metric;

use super::{Margin, NoEstimate};

/// Counts of a cell's planned work that was done and measured.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Fitness {
    /// Trials that are measurements.
    pub ok: usize,
    /// Trials in which a process failed.
    pub failed: usize,
    /// Trials that measured something else.
    pub invalid: usize,
    /// Trials that the machine could not run.
    pub skipped: usize,
    /// Failed requests ÷ issued requests over all trials that were begun and did not fail; `None`
    /// without a measurement, or where one does not tell. An invalid trial counts if it tells.
    pub failed_requests: Option<f64>,
    /// Invalid trials that do not tell how many of their requests failed.
    pub unknown_failures: usize,
}

/// The reason why a cell is not judged.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unfit {
    /// No trial is a measurement.
    NotMeasured,
    /// A trial does not tell how many of its requests failed.
    FailuresUnknown,
    /// More requests failed than the metric allows.
    RequestsFailed {
        /// Failed requests ÷ issued requests, above 0.
        share: f64,
    },
    /// More trials failed than the margin.
    TrialsFailed {
        /// Trials in which a process failed.
        failed: usize,
        /// Trials that were begun.
        of: usize,
    },
    /// Too many trials gave no value: nothing follows from the others.
    TrialsLost {
        /// Trials without a value.
        lost: usize,
        /// All trials.
        of: usize,
    },
}

impl Fitness {
    /// Counts the trials of a cell in complete blocks.
    pub fn of(rows: &[&TrialRow]) -> Fitness {
        let count = |status: Status| rows.iter().filter(|r| r.status == status).count();
        Fitness {
            ok: count(Status::Ok),
            failed: count(Status::Failed),
            invalid: count(Status::Invalid),
            skipped: count(Status::Skipped),
            failed_requests: failed_share(rows),
            unknown_failures: rows
                .iter()
                .filter(|r| r.status == Status::Invalid && !tells(r))
                .count(),
        }
    }

    /// Trials that were begun.
    pub fn begun(&self) -> usize {
        self.ok + self.failed + self.invalid
    }

    /// Whether no trial failed, and every request of the others is known to have succeeded.
    pub fn is_faultless(&self) -> bool {
        self.failed == 0 && self.unknown_failures == 0 && self.failed_requests == Some(0.0)
    }

    /// Checks that a metric of the cell may be judged. A metric of the work done may not where more
    /// requests failed than [`allowance`], or more trials than the margin; a count always may.
    ///
    /// # Errors
    ///
    /// The reason why not.
    pub fn check(&self, metric: Metric, margin: Margin) -> Result<(), Unfit> {
        if self.ok == 0 {
            return Err(Unfit::NotMeasured);
        }
        let (failed, of) = (self.failed, self.begun());
        let is_measured = self.ok > 0 && metric.needs_all_requests();
        if is_measured && failed as f64 > margin.relative() * of as f64 {
            return Err(Unfit::TrialsFailed { failed, of });
        }
        if is_measured && self.unknown_failures > 0 {
            return Err(Unfit::FailuresUnknown);
        }
        self.check_requests(metric, margin)
    }

    /// The part of [`Fitness::check`] about requests of measurements, for a comparison that counts
    /// failed and invalid trials itself.
    ///
    /// # Errors
    ///
    /// The reason why the metric may not be judged.
    pub fn check_requests(&self, metric: Metric, margin: Margin) -> Result<(), Unfit> {
        match self.failed_requests {
            _ if self.ok == 0 => Err(Unfit::NotMeasured),
            _ if !metric.needs_all_requests() => Ok(()),
            None => Err(Unfit::FailuresUnknown),
            Some(share) if share > allowance(metric, margin) => {
                Err(Unfit::RequestsFailed { share })
            }
            Some(_) => Ok(()),
        }
    }
}

/// The share of failed requests up to which a metric is that of the same work: the margin, below
/// which no difference matters.
///
/// Of a percentile of latency it is the margin of what lies beyond: a request that failed took longer
/// than any that was answered, so 1 % of failures are all that is beyond the 99th percentile, and nothing is beyond the longest.
pub fn allowance(metric: Metric, margin: Margin) -> f64 {
    let beyond = match (metric, metric.per_mille()) {
        (_, Some(per_mille)) => (1_000 - per_mille) as f64 / 1_000.0,
        (Metric::Max, None) => 0.0,
        _ => 1.0,
    };
    margin.relative() * beyond
}

/// Whether a trial says how many of its requests failed.
fn tells(row: &TrialRow) -> bool {
    row.issued.is_some() && row.errors.is_some()
}

fn failed_share(rows: &[&TrialRow]) -> Option<f64> {
    if !rows.iter().any(|row| row.is_ok()) {
        return None;
    }
    let (mut issued, mut errors) = (0, 0);
    for row in rows {
        match (row.status, row.issued.zip(row.errors)) {
            (Status::Ok | Status::Invalid, Some((of_issued, failed))) => {
                issued += of_issued;
                errors += failed;
            }
            (Status::Ok, None) => return None,
            _ => {}
        }
    }
    (issued > 0).then(|| errors as f64 / issued as f64)
}

impl From<Unfit> for NoEstimate {
    fn from(unfit: Unfit) -> NoEstimate {
        match unfit {
            Unfit::NotMeasured => inflight_stats::NoEstimate::Empty(super::Side::Only).into(),
            Unfit::FailuresUnknown => NoEstimate::FailuresUnknown,
            Unfit::RequestsFailed { .. } => NoEstimate::RequestsFailed,
            Unfit::TrialsFailed { failed, of } => NoEstimate::TrialsFailed { failed, of },
            Unfit::TrialsLost { lost, of } => {
                inflight_stats::NoEstimate::TrialsLost { lost, of }.into()
            }
        }
    }
}

impl std::fmt::Display for Unfit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Unfit::NotMeasured => f.write_str("no trial measured it"),
            Unfit::FailuresUnknown => f.write_str("it is not known how many requests failed"),
            Unfit::RequestsFailed { share } => {
                write!(f, "{} of requests failed", crate::units::percent(*share))
            }
            Unfit::TrialsFailed { failed, of } => write!(f, "{failed} of {of} trials failed"),
            Unfit::TrialsLost { lost, of } => write!(f, "{lost} of {of} trials gave no value"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(status: Status, issued: Option<u64>, errors: Option<u64>) -> TrialRow {
        let mut row = TrialRow { issued, errors, ..TrialRow::default() };
        row.set_status(status, "");
        row
    }

    fn fitness(rows: &[TrialRow]) -> Fitness {
        Fitness::of(&rows.iter().collect::<Vec<_>>())
    }

    #[test]
    fn only_trials_that_measured_are_counted_for_requests() {
        let rows = [
            row(Status::Ok, Some(100), Some(4)),
            row(Status::Failed, Some(100), Some(100)),
            row(Status::Invalid, Some(100), Some(4)),
            row(Status::Skipped, None, None),
        ];
        let fitness = fitness(&rows);
        assert_eq!((fitness.ok, fitness.begun(), fitness.skipped), (1, 3, 1));
        assert_eq!(fitness.failed_requests, Some(0.04));
        let margin = Margin::default();
        let failed = fitness.check(Metric::Wall, margin).unwrap_err();
        assert_eq!(failed.to_string(), "1 of 3 trials failed");
        let check = |metric| Fitness { failed: 0, ..fitness }.check(metric, margin);
        assert_eq!(check(Metric::Wall), Err(Unfit::RequestsFailed { share: 0.04 }));
        assert_eq!(check(Metric::Wall).unwrap_err().to_string(), "4 % of requests failed");
        assert_eq!(check(Metric::Errors), Ok(()));
        assert_eq!(check(Metric::Connections), Ok(()));
    }

    #[test]
    fn an_unknown_number_of_failures_is_not_none() {
        for status in [Status::Ok, Status::Invalid] {
            let fitness = fitness(&[row(Status::Ok, Some(100), Some(0)), row(status, None, None)]);
            assert!(!fitness.is_faultless());
            let check = fitness.check(Metric::Wall, Margin::default());
            assert_eq!(check, Err(Unfit::FailuresUnknown));
        }
    }

    #[test]
    fn a_high_percentile_allows_fewer_failures() {
        let one_of = |n: u64| fitness(&[row(Status::Ok, Some(n), Some(1))]);
        let check = |n, metric| one_of(n).check(metric, Margin::default()).is_ok();
        assert!(check(100, Metric::Wall) && check(100, Metric::P50));
        assert!(!check(40, Metric::Wall) && !check(99, Metric::P50));
        assert!(!check(1_000, Metric::P99) && check(5_000, Metric::P99));
        assert!(!check(499, Metric::P90) && check(500, Metric::P90));
        assert!(!check(999, Metric::P95) && check(1_000, Metric::P95));
        assert!(!check(49_999, Metric::P999) && check(50_000, Metric::P999));
        assert!(!check(1_000_000, Metric::Max) && check(1_000_000, Metric::Errors));
    }
}
