//! JSON of predictions, for a program.

use serde::Serialize;

use super::{Accuracy, Predicted, Prediction, Predictions, Range};

/// Version of the JSON document. Raised when a reader of the version before would misread it;
/// fields may be added without.
pub const SCHEMA: u32 = 1;

/// Predictions as one JSON document. Times are nanoseconds, sizes bytes; `null` is unknown.
///
/// * `schema`: [`SCHEMA`]
/// * `experiment`: its title; `from`: the recording (`null` if there is none); `machine`: that which
///   recorded; `machines`: how many share the requests
/// * `cells`: each `cell` (the id), `name`, `requests` (of all machines), `requests_each` (of one),
///   and either `reason` why nothing is predicted, or of one machine `wall_ns`, `cpu_ns`,
///   `memory_bytes`, each with `value`, `low` and `high`, `memory_reason` where that is not known,
///   `bound` (`limit`, `CPU`, `server` or `longest delay`), `ideal_ns`, `efficiency` (a share), of all
///   machines `cpu_in_all_ns` and `memory_in_all_bytes`, `from_requests`, `from_cells`, `from_blocks`,
///   `same_delays`, `memory_from_limits`, `memory_from_cells` and `memory_from_blocks` (empty and `null`
///   where memory is predicted from the same cells), and `notes`
/// * `plan`: what is known of the plan without a prediction
/// * `earlier`: wall times that were predicted before and put to the test: `tested`, `within` (10 %),
///   `median` and `farthest` of measured ÷ predicted
pub fn json(
    predictions: &Predictions,
    earlier: Option<&Accuracy>,
    plan: &serde_json::Value,
) -> String {
    let known = |text: &'_ str| (!text.is_empty()).then(|| text.to_owned());
    let document = Document {
        schema: SCHEMA,
        experiment: &predictions.title,
        from: known(&predictions.from),
        machine: known(&predictions.machine),
        machines: predictions.machines,
        cells: predictions.cells.iter().map(|p| Cell::of(p, predictions.machines)).collect(),
        earlier: earlier.map(|accuracy| Earlier {
            tested: accuracy.tested,
            within: accuracy.within,
            median: accuracy.middle,
            farthest: accuracy.farthest,
        }),
        plan,
    };
    serde_json::to_string_pretty(&document).expect("the document is plain") + "\n"
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    experiment: &'a str,
    from: Option<String>,
    machine: Option<String>,
    machines: u64,
    cells: Vec<Cell<'a>>,
    earlier: Option<Earlier>,
    plan: &'a serde_json::Value,
}

#[derive(Serialize)]
struct Earlier {
    tested: usize,
    within: usize,
    median: f64,
    farthest: f64,
}

#[derive(Serialize)]
struct Cell<'a> {
    cell: &'a str,
    name: &'a str,
    requests: u64,
    requests_each: u64,
    reason: Option<String>,
    wall_ns: Option<Value>,
    cpu_ns: Option<Value>,
    memory_bytes: Option<Value>,
    memory_reason: Option<String>,
    bound: Option<&'static str>,
    ideal_ns: Option<u64>,
    efficiency: Option<f64>,
    cpu_in_all_ns: Option<u64>,
    memory_in_all_bytes: Option<u64>,
    from_requests: &'a [u32],
    from_cells: &'a [String],
    from_blocks: Option<usize>,
    same_delays: Option<bool>,
    memory_from_limits: &'a [u32],
    memory_from_cells: &'a [String],
    memory_from_blocks: Option<usize>,
    notes: Vec<String>,
}

/// A range in whole units.
#[derive(Serialize)]
struct Value {
    value: u64,
    low: Option<u64>,
    high: Option<u64>,
}

impl Value {
    fn of(range: Range) -> Value {
        Value {
            value: whole(range.value),
            low: range.ends.map(|(low, _)| whole(low)),
            high: range.ends.map(|(_, high)| whole(high)),
        }
    }
}

fn whole(value: f64) -> u64 {
    value.round() as u64
}

impl<'a> Cell<'a> {
    fn of(prediction: &'a Prediction, machines: u64) -> Cell<'a> {
        let known: Option<&Predicted> = prediction.outcome.as_ref().ok();
        let memory = known.and_then(|p| p.memory_bytes.ok());
        let settled = known.and_then(|p| p.basis.memory.as_ref());
        let in_all = |range: Range| whole(range.value * machines as f64);
        Cell {
            cell: &prediction.cell,
            name: &prediction.name,
            requests: prediction.requests,
            requests_each: prediction.requests_each,
            reason: prediction.outcome.as_ref().err().map(ToString::to_string),
            wall_ns: known.map(|p| Value::of(p.wall_ns)),
            cpu_ns: known.map(|p| Value::of(p.cpu_ns)),
            memory_bytes: memory.map(Value::of),
            memory_reason: known
                .and_then(|p| p.memory_bytes.err())
                .map(|reason| reason.to_string()),
            bound: known.map(|p| p.bound.name()),
            ideal_ns: known.map(|p| whole(p.ideal_ns)),
            efficiency: known.map(Predicted::efficiency),
            cpu_in_all_ns: known.map(|p| in_all(p.cpu_ns)),
            memory_in_all_bytes: memory.map(in_all),
            from_requests: known.map_or(&[], |p| &p.basis.requests),
            from_cells: known.map_or(&[], |p| &p.basis.cells),
            from_blocks: known.map(|p| p.basis.blocks),
            same_delays: known.map(|p| p.basis.same_delays),
            memory_from_limits: settled.map_or(&[], |from| &from.limits),
            memory_from_cells: settled.map_or(&[], |from| &from.cells),
            memory_from_blocks: settled.map(|from| from.blocks),
            notes: known
                .map_or_else(Vec::new, |p| p.notes.iter().map(ToString::to_string).collect()),
        }
    }
}
