//! Metrics in a row of the record: the value of each, and which way is better.

use std::collections::BTreeMap;

use crate::record::{Recording, TrialRow};
use crate::spec::{Metric, metrics};

use super::{
    Direction, Estimate, NoEstimate, Pairs, RatioEstimate, Sample, lossy_paired_ratio, workers,
};

macro_rules! reading {
    ($($metric:ident $name:literal {
        means: $means:literal,
        title: $title:literal,
        $(column: $column:ident,)?
        $(unit: $unit:ident, read: $read:expr,)?
        $(is: [$($is:ident)*],)?
    })*) => {
        impl Metric {
            /// The value of a trial, in the unit of the metric; none of a percentile that its requests
            /// are too few for.
            pub fn of(self, row: &TrialRow) -> Option<f64> {
                if self.too_few_requests(row).is_some() {
                    return None;
                }
                match self {
                    $(Metric::$metric => {
                        $(value(row, |row| row.$column))?
                        $(value(row, $read))?
                    })*
                }
            }
        }
    };
}
metrics!(reading);

impl Metric {
    /// Its values in these trials.
    pub fn sample<'a>(self, rows: impl IntoIterator<Item = &'a TrialRow>) -> Sample {
        let mut sample = Sample::default();
        for row in rows {
            match self.of(row).filter(|_| row.is_ok()) {
                Some(value) => sample.values.push(value),
                None => sample.lost += 1,
            }
        }
        sample
    }

    /// Its values in two sets of trials, block by block.
    pub fn pairs<'a>(
        self,
        base: impl IntoIterator<Item = &'a TrialRow>,
        new: impl IntoIterator<Item = &'a TrialRow>,
    ) -> Pairs {
        let by_block = |row: &'a TrialRow| (row.block, self.of(row).filter(|_| row.is_ok()));
        let base: BTreeMap<u32, Option<f64>> = base.into_iter().map(by_block).collect();
        let mut pairs = Pairs::default();
        for (block, new) in new.into_iter().map(by_block) {
            match base.get(&block).map(|base| base.zip(new)) {
                Some(Some((base, new))) => {
                    pairs.base.push(base);
                    pairs.new.push(new);
                }
                Some(None) => pairs.lost += 1,
                None => {}
            }
        }
        pairs
    }

    /// Its median over the blocks of a cell, with an interval; see [`Sample::median`].
    pub fn median_of_cell(
        self,
        recording: &Recording,
        cell: usize,
    ) -> Result<Estimate, NoEstimate> {
        let id = recording.plan.cells[cell].id.to_string();
        self.check_measured(recording.of_cell(&id))?;
        Ok(self.sample(recording.of_cell(&id)).median(self.direction())?)
    }

    /// Its ratio of a cell to a base, paired by block; none where numbers of workers are compared that did
    /// not share the load.
    pub fn ratio_of_cells(
        self,
        recording: &Recording,
        base: usize,
        new: usize,
    ) -> Result<RatioEstimate, NoEstimate> {
        Ok(lossy_paired_ratio(&self.pairs_of_cells(recording, base, new)?)?)
    }

    fn pairs_of_cells(
        self,
        recording: &Recording,
        base: usize,
        new: usize,
    ) -> Result<Pairs, NoEstimate> {
        workers::check_cells(recording, [base, new])?;
        let id = |cell: usize| recording.plan.cells[cell].id.to_string();
        let (base_id, new_id) = (id(base), id(new));
        for id in [&base_id, &new_id] {
            self.check_measured(recording.of_cell(id))?;
        }
        Ok(self.pairs(recording.of_cell(&base_id), recording.of_cell(&new_id)))
    }

    /// The ratio of two ratios of cells, new ÷ base each, all four paired by block.
    pub fn ratio_of_ratios(
        self,
        recording: &Recording,
        base: (usize, usize),
        new: (usize, usize),
    ) -> Result<RatioEstimate, NoEstimate> {
        for (under, over) in [base, new] {
            self.pairs_of_cells(recording, under, over)?;
        }
        let by_block = |cell: usize| -> BTreeMap<u32, Option<f64>> {
            let id = recording.plan.cells[cell].id.to_string();
            let value = |row: &TrialRow| (row.block, self.of(row).filter(|_| row.is_ok()));
            recording.of_cell(&id).map(value).collect()
        };
        let cells = [base.0, base.1, new.0, new.1].map(by_block);
        let mut pairs = Pairs::default();
        for block in cells[0].keys().filter(|block| cells.iter().all(|of| of.contains_key(block))) {
            let value = |cell: usize| cells[cell][block].filter(|value| *value > 0.0);
            let ratio = |under: usize, over: usize| Some(value(over)? / value(under)?);
            match ratio(0, 1).zip(ratio(2, 3)) {
                Some((base, new)) => {
                    pairs.base.push(base);
                    pairs.new.push(new);
                }
                None => pairs.lost += 1,
            }
        }
        Ok(lossy_paired_ratio(&pairs)?)
    }

    /// Checks that a measurement among these trials tells it; else gives the reason.
    pub fn check_measured<'a>(
        self,
        trials: impl IntoIterator<Item = &'a TrialRow>,
    ) -> Result<(), NoEstimate> {
        let trials: Vec<&TrialRow> = trials.into_iter().filter(|row| row.is_ok()).collect();
        if trials.is_empty() || trials.iter().any(|row| self.of(row).is_some()) {
            return Ok(());
        }
        let most = trials.iter().filter_map(|row| self.too_few_requests(row)).max();
        Err(match most.zip(self.requests_needed()) {
            Some((has, needs)) => NoEstimate::TooFewRequests { metric: self.name(), needs, has },
            None => NoEstimate::NotTold(self.name()),
        })
    }

    /// Successful requests of a trial that has too few of them for this percentile, and some.
    fn too_few_requests(self, row: &TrialRow) -> Option<u64> {
        let needs = self.requests_needed()?;
        row.ok.filter(|&ok| 0 < ok && ok < needs)
    }

    /// The direction in which it improves.
    pub fn direction(self) -> Direction {
        if self.is_more_better() { Direction::HigherIsBetter } else { Direction::LowerIsBetter }
    }
}

fn value<T: Number>(row: &TrialRow, read: impl Fn(&TrialRow) -> Option<T>) -> Option<f64> {
    read(row).map(Number::number)
}

/// A value of a column: a whole number, or one that is worked out of several.
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

    /// A trial of `ok` requests with every percentile recorded.
    fn of_requests(ok: u64) -> TrialRow {
        let mut row = full();
        row.status = crate::record::Status::Ok;
        row.ok = Some(ok);
        row
    }

    #[test]
    fn a_percentile_is_told_by_enough_requests_only() {
        for (metric, needs) in [(Metric::P50, 2), (Metric::P90, 10), (Metric::P95, 20)]
            .into_iter()
            .chain([(Metric::P99, 100), (Metric::P999, 1_000), (Metric::ServiceP99, 100)])
        {
            let (few, enough) = (of_requests(needs - 1), of_requests(needs));
            assert_eq!(metric.of(&few), None, "{metric:?}");
            assert!(metric.of(&enough).is_some(), "{metric:?}");
            assert_eq!(metric.check_measured([&enough, &enough]), Ok(()));
            let reason =
                NoEstimate::TooFewRequests { metric: metric.name(), needs, has: needs - 1 };
            assert_eq!(metric.check_measured([&few, &few]), Err(reason), "{metric:?}");
            // A trial that lost requests may have shown anything.
            assert_eq!(metric.check_measured([&enough, &few]), Ok(()), "{metric:?}");
            let sample = metric.sample([&enough, &few]);
            assert_eq!((sample.values.len(), sample.lost), (1, 1), "{metric:?}");
        }
        assert!(Metric::Max.of(&of_requests(1)).is_some());
    }

    #[test]
    fn what_no_trial_tells_is_said_not_to_be_told() {
        let ok = crate::record::Status::Ok;
        let old = TrialRow { ok: Some(5_000), status: ok, ..TrialRow::default() };
        for metric in [
            Metric::MinorFaults,
            Metric::ProcessWall,
            Metric::P95,
            Metric::P999,
            Metric::CpuShare,
            Metric::ServerCpu,
            Metric::ServerMemory,
        ] {
            let reason = NoEstimate::NotTold(metric.name());
            assert_eq!(metric.check_measured([&old, &old]), Err(reason), "{metric:?}");
            assert_eq!(metric.check_measured([&old, &of_requests(5_000)]), Ok(()), "{metric:?}");
        }
        // Without a measurement nothing is said of the metric.
        let failed = TrialRow { status: crate::record::Status::Failed, ..old };
        assert_eq!(Metric::ServerCpu.check_measured([&failed]), Ok(()));
    }

    #[test]
    fn what_is_not_known_has_no_value() {
        let empty = TrialRow::default();
        for metric in Metric::ALL {
            assert_eq!(metric.of(&empty), None, "{metric:?}");
        }
    }
}
