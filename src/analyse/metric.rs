//! What a metric is in a row of the record, and which way is better.

use crate::record::TrialRow;
use crate::spec::{Metric, metrics};

use super::Direction;

macro_rules! reading {
    ($($metric:ident $name:literal {
        means: $means:literal,
        title: $title:literal,
        unit: $unit:ident, is: [$($is:ident)*],
        needs_all_requests: $all:literal,
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A row in which everything is known, and no two columns are the same.
    fn full() -> TrialRow {
        let mut row = serde_json::to_value(TrialRow::default()).expect("plain data");
        let columns = row.as_object_mut().expect("columns");
        for (n, column) in (1_u64..).zip(columns.values_mut().filter(|value| value.is_null())) {
            *column = (1_000 + n * n).into();
        }
        row["error_classes"] = "eaddrnotavail:2 emfile:3 status(4xx):4".into();
        row["ideal_ns"] = 7.into();
        // Of 100 files 90 were free, so some of 50 000 connections are unexplained.
        row["nofile"] = "100".into();
        row["client_open_files_before"] = 10.into();
        row["connections_opened"] = 50_000.into();
        serde_json::from_value(row).expect("a row")
    }

    #[test]
    fn each_metric_reads_what_no_other_reads() {
        let row = full();
        let mut readers = BTreeMap::new();
        for metric in Metric::ALL {
            let value = metric.of(&row).expect("a full row has every metric");
            let other = readers.insert(value.to_bits(), metric);
            assert_eq!(other, None, "{metric:?} is {value} too");
        }
    }

    #[test]
    fn what_is_not_known_has_no_value() {
        let empty = TrialRow::default();
        for metric in Metric::ALL {
            assert_eq!(metric.of(&empty), None, "{metric:?}");
        }
    }
}
