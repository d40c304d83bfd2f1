//! Rows of predictions, for the record.

use super::{Prediction, Predictions, Range};
use crate::record::PredictionRow;

/// The rows of `predictions.csv`.
pub fn rows(predictions: &Predictions) -> Vec<PredictionRow> {
    let ns = |value: f64| Some(value.round() as u64);
    let row = |prediction: &Prediction| {
        let empty = PredictionRow {
            cell: prediction.cell.clone(),
            requests: prediction.requests,
            from: predictions.from.clone(),
            ..PredictionRow::default()
        };
        let predicted = match &prediction.outcome {
            Ok(predicted) => predicted,
            Err(reason) => return PredictionRow { reason: reason.to_string(), ..empty },
        };
        let (wall, cpu) = (predicted.wall_ns, predicted.cpu_ns);
        let memory = predicted.memory_bytes.ok();
        let low = |range: Range| range.ends.and_then(|(low, _)| ns(low));
        let high = |range: Range| range.ends.and_then(|(_, high)| ns(high));
        let sizes: Vec<String> = predicted.basis.requests.iter().map(u32::to_string).collect();
        let limits = predicted.basis.memory.iter().flat_map(|from| &from.limits);
        let limits: Vec<String> = limits.map(u32::to_string).collect();
        PredictionRow {
            memory_from_limits: limits.join(" "),
            from_requests: sizes.join(" "),
            from_blocks: Some(predicted.basis.blocks as u64),
            wall_ns: ns(wall.value),
            wall_low_ns: low(wall),
            wall_high_ns: high(wall),
            cpu_ns: ns(cpu.value),
            cpu_low_ns: low(cpu),
            cpu_high_ns: high(cpu),
            memory_bytes: memory.and_then(|m| ns(m.value)),
            memory_low_bytes: memory.and_then(low),
            memory_high_bytes: memory.and_then(high),
            bound: predicted.bound.name().to_owned(),
            ..empty
        }
    };
    predictions.cells.iter().map(row).collect()
}
