//! Claims: what the author of an experiment expects.

use super::{Metric, Selector};

/// A sentence with a ratio and a bound. It must hold for every cell that `of` selects.
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The sentence.
    pub text: String,
    /// The metric that is claimed.
    pub metric: Metric,
    /// The cells that are claimed about.
    pub of: Selector,
    /// The denominator of the ratio.
    pub over: Over,
    /// Another ratio of two cells, by which this one is divided.
    pub than: Option<Than>,
    /// The ratio is at least this.
    pub at_least: Option<f64>,
    /// The ratio is at most this.
    pub at_most: Option<f64>,
}

impl Claim {
    /// Whether it is about the work done, so that it cannot be judged where requests failed; see
    /// [`Metric::needs_all_requests`].
    pub fn needs_all_requests(&self) -> bool {
        self.metrics().into_iter().any(Metric::needs_all_requests)
    }

    /// Every metric that it reads: its own, then those that it is divided by.
    pub fn metrics(&self) -> Vec<Metric> {
        let mut metrics = vec![self.metric];
        let denominators = match &self.over {
            Over::Largest(some) => some.as_slice(),
            other => std::slice::from_ref(other),
        };
        metrics.extend(denominators.iter().filter_map(|over| match over {
            Over::Metric(metric) => Some(*metric),
            _ => None,
        }));
        metrics
    }
}

/// A ratio of two cells to compare a ratio with. Each selector picks one cell as [`Over::Cell`] does.
#[derive(Debug, Clone, PartialEq)]
pub struct Than {
    /// The numerator.
    pub of: Selector,
    /// The denominator.
    pub over: Selector,
}

/// The denominator of a claim.
#[derive(Debug, Clone, PartialEq)]
pub enum Over {
    /// The ideal wall time of the same cell (metric `wall` only).
    Ideal,
    /// The longest of the planned delays of the scenario (metrics of time only).
    LongestDelay,
    /// The sum of the planned delays of the scenario (metrics of time only).
    SumOfDelays,
    /// The round trip of the scenario's network (metrics of time only; the scenario has one).
    RoundTrip,
    /// The requests of a trial (metrics of counts only).
    Requests,
    /// Nothing: the bound is on the metric itself, in its own unit (nanoseconds, bytes, count).
    One,
    /// Another metric of the same unit, in each trial.
    Metric(Metric),
    /// The largest of these in each trial; none of them is `One`, `Cell` or `Largest`.
    Largest(Vec<Over>),
    /// The only cell that this selects in the same scenario, but for the factors of scenarios that it
    /// names.
    Cell(Selector),
}
