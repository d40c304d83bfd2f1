//! Options of a comparison.

use crate::spec::{Gate, Metric, Selector};

/// Options of a comparison.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Options {
    /// Metrics to compare; wall time if empty.
    pub metrics: Vec<Metric>,
    /// A ratio within 1 ± this is no difference that matters (0.02 is 2 %). Where it is absent, or
    /// no [`Margin`](crate::analyse::Margin), the experiment's counts; if the two recordings have
    /// different ones, the larger.
    pub margin: Option<f64>,
    /// Margins of single metrics.
    pub margins: Vec<(Metric, f64)>,
    /// Whether cells are divided by their baseline first.
    pub relative: Relative,
    /// Gives verdicts on what is not comparable, and marks them.
    pub force: bool,
    /// More gates than the experiment's.
    pub gates: Vec<Gate>,
    /// The order of the cells.
    pub order: Order,
    /// The cells to show. All are compared and judged: a verdict does not depend on what is looked at.
    pub only: Selector,
}

/// Choice of whether cells are divided by the baseline of their scenario before they are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Relative {
    /// Between two machines.
    #[default]
    AcrossMachines,
    /// Between any two sides.
    Always,
    /// Never; recordings of two machines are then not comparable.
    Never,
}

/// The order of the cells of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Order {
    /// Worst news first.
    #[default]
    Verdict,
    /// Largest ratio first.
    Ratio,
    /// By name.
    Name,
    /// As planned.
    Plan,
}
