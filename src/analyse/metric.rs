//! What a metric is in a row of the record, and which way is better.

use crate::record::TrialRow;
use crate::spec::{Metric, metrics};

use super::Direction;

macro_rules! reading {
    ($($metric:ident $name:literal {
        means: $means:literal,
        title: $title:literal,
        unit: $unit:ident, is: [$($is:ident)*],
        read: $read:expr,
    })*) => {
        impl Metric {
            /// The value of a trial, in the unit of the metric.
            pub fn of(self, row: &TrialRow) -> Option<f64> {
                match self {
                    $(Metric::$metric => value(row, $read),)*
                }
            }
        }
    };
}
metrics!(reading);

impl Metric {
    /// Which way is better.
    pub fn direction(self) -> Direction {
        if self.is_more_better() { Direction::HigherIsBetter } else { Direction::LowerIsBetter }
    }
}

fn value<T: Number>(row: &TrialRow, read: impl Fn(&TrialRow) -> Option<T>) -> Option<f64> {
    read(row).map(Number::number)
}

/// What columns hold: whole numbers, and what is worked out of them.
trait Number {
    fn number(self) -> f64;
}

impl Number for u64 {
    fn number(self) -> f64 {
        self as f64
    }
}

impl Number for f64 {
    fn number(self) -> f64 {
        self
    }
}
