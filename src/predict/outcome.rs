//! Outcomes of predictions: of those of this run, and of all earlier ones.

use crate::analyse::{Analysis, Estimate, Interval, NoEstimate};
use crate::record::{EarlierRow, PredictionRow, RecordError, Recording};
use crate::spec::Metric;

/// A prediction beside what was measured then.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// Index of the cell in the plan.
    pub cell: usize,
    /// The prediction.
    pub predicted: PredictionRow,
    /// Wall time, CPU time of the client, its peak memory: those that were predicted.
    pub compared: Vec<Compared>,
}

/// One predicted value.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    /// Its metric.
    pub metric: Metric,
    /// The predicted value, in the unit of the metric.
    pub predicted: f64,
    /// Its lower and upper end, if it has them.
    pub ends: Option<(f64, f64)>,
    /// Median of what was measured.
    pub measured: Result<Estimate, NoEstimate>,
}

impl Compared {
    /// Measured ÷ predicted. The prediction is a fixed number by then, so the interval of the
    /// measured median gives that of the ratio exactly.
    pub fn ratio(&self) -> Option<Estimate> {
        let measured = self.measured.as_ref().ok()?;
        let by = self.predicted;
        (by > 0.0).then(|| Estimate {
            value: measured.value / by,
            n: measured.n,
            interval: measured.interval.clone().map(|i| Interval {
                low: i.low / by,
                high: i.high / by,
                ..i
            }),
        })
    }
}

/// The predictions of a run with what it measured, in the order of its plan; of several builds of
/// the new one. Cells that are not fit to be judged have no measurement of the work that was predicted.
///
/// # Errors
///
/// If the predictions of the record cannot be read.
pub fn outcomes(recording: &Recording, analysis: &Analysis) -> Result<Vec<Outcome>, RecordError> {
    let subject = recording.subject();
    let recording = subject.as_ref();
    let mut outcomes = Vec::new();
    for predicted in recording.predictions()? {
        let cells = &recording.plan.cells;
        let Some(cell) = cells.iter().position(|c| c.id.to_string() == predicted.cell) else {
            continue;
        };
        let fitness = analysis.cells[cell].fitness;
        let compare = |metric, [value, low, high]: [Option<u64>; 3]| {
            let number = |value: Option<u64>| value.map(|v| v as f64);
            let fit = fitness.check(metric, analysis.margin).map_err(NoEstimate::from);
            let measured = fit.and_then(|()| metric.median_of_cell(recording, cell));
            let ends = number(low).zip(number(high));
            Some(Compared { metric, predicted: number(value)?, ends, measured })
        };
        let p = &predicted;
        let compared = [
            compare(Metric::Wall, [p.wall_ns, p.wall_low_ns, p.wall_high_ns]),
            compare(Metric::Cpu, [p.cpu_ns, p.cpu_low_ns, p.cpu_high_ns]),
            compare(Metric::Memory, [p.memory_bytes, p.memory_low_bytes, p.memory_high_bytes]),
        ];
        let compared = compared.into_iter().flatten().collect();
        outcomes.push(Outcome { cell, predicted, compared });
    }
    Ok(outcomes)
}

/// The outcomes of a run as rows of a later one; those without any measurement left out.
///
/// # Errors
///
/// If the predictions of the record cannot be read.
pub fn earlier(recording: &Recording) -> Result<Vec<EarlierRow>, RecordError> {
    if recording.predictions()?.is_empty() {
        return Ok(Vec::new());
    }
    let outcomes = outcomes(recording, &Analysis::of(recording))?;
    let rows = outcomes.into_iter().map(|outcome| {
        let of = |metric| outcome.compared.iter().find(|c| c.metric == metric);
        let whole = |value: f64| value.round() as u64;
        let predicted = |metric| of(metric).map(|c| whole(c.predicted));
        let measured = |metric| Some(whole(of(metric)?.measured.as_ref().ok()?.value));
        EarlierRow {
            run: recording.name.clone(),
            cell: outcome.predicted.cell.clone(),
            requests: outcome.predicted.requests,
            from_requests: outcome.predicted.from_requests.clone(),
            predicted_wall_ns: predicted(Metric::Wall),
            measured_wall_ns: measured(Metric::Wall),
            predicted_cpu_ns: predicted(Metric::Cpu),
            measured_cpu_ns: measured(Metric::Cpu),
            predicted_memory_bytes: predicted(Metric::Memory),
            measured_memory_bytes: measured(Metric::Memory),
        }
    });
    Ok(rows.filter(|row| row.measured_wall_ns.is_some()).collect())
}

/// Accuracy of predictions of a metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Accuracy {
    /// Predictions that were put to the test.
    pub tested: usize,
    /// Of these, those within 10 % of what was measured.
    pub within: usize,
    /// Median of measured ÷ predicted.
    pub middle: f64,
    /// The ratio that is farthest from 1, up or down.
    pub farthest: f64,
}

/// Predictions are good if they are within this of what is measured: 10 %.
const GOOD: f64 = 0.1;

impl Accuracy {
    /// Accuracy from ratios measured ÷ predicted; `None` without any.
    pub fn of(ratios: &[f64]) -> Option<Accuracy> {
        let ratios: Vec<f64> =
            ratios.iter().copied().filter(|r| r.is_finite() && *r > 0.0).collect();
        let farthest =
            ratios.iter().copied().max_by(|a, b| a.ln().abs().total_cmp(&b.ln().abs()))?;
        Some(Accuracy {
            tested: ratios.len(),
            within: ratios.iter().filter(|&&r| (r - 1.0).abs() <= GOOD).count(),
            middle: crate::analyse::median(&ratios).ok()?.value,
            farthest,
        })
    }

    /// Accuracy of the predicted wall times of earlier runs.
    pub fn of_walls(earlier: &[EarlierRow]) -> Option<Accuracy> {
        let ratio = |row: &EarlierRow| {
            Some(row.measured_wall_ns? as f64 / row.predicted_wall_ns.filter(|&ns| ns > 0)? as f64)
        };
        Accuracy::of(&earlier.iter().filter_map(ratio).collect::<Vec<f64>>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accuracy_counts_both_sides_alike() {
        assert_eq!(Accuracy::of(&[]), None);
        let accuracy = Accuracy::of(&[1.0, 1.05, 0.8, 1.22]).expect("an accuracy");
        assert_eq!((accuracy.tested, accuracy.within), (4, 2));
        assert!((accuracy.middle - 1.025).abs() < 1e-9);
        // A fifth less is farther than two ninths more.
        assert_eq!(accuracy.farthest, 0.8);
        let row = EarlierRow {
            predicted_wall_ns: Some(100),
            measured_wall_ns: Some(107),
            ..EarlierRow::default()
        };
        let unmeasured = EarlierRow { measured_wall_ns: None, ..row.clone() };
        let accuracy = Accuracy::of_walls(&[row, unmeasured]).expect("an accuracy");
        assert_eq!((accuracy.tested, accuracy.within), (1, 1));
    }
}
