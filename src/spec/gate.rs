//! Gates: what a change must not make worse.

use super::{Metric, Selector};

/// A metric that no selected cell may worsen by more than a margin. `diff` judges it.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// The metric that may not get worse.
    pub metric: Metric,
    /// The cells that are looked at.
    pub of: Selector,
    /// Largest increase that passes; 0.05 is a ratio of 1.05.
    pub margin: f64,
}
