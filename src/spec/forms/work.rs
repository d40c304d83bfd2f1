//! The form of a caller's own work.

use serde_json::{Value, json};

use super::Duration;
use crate::delay::LONGEST_NS;
use crate::spec::key::{Canonical, Form, Inside, Reading};
use crate::spec::node::{Kind, Node};
use crate::strategy::OwnWork;

/// A duration to sleep, or a table with one to compute.
pub(in crate::spec) struct WorkForm;

const TIME: Duration = Duration { least: 1_000, most: LONGEST_NS, example: "\"1s\"" };
const COMPUTE: &str = "compute";

impl Form for WorkForm {
    type Value = OwnWork;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<OwnWork> {
        match &node.kind {
            Kind::Text(_) => TIME.read(node, reading).map(OwnWork::Sleep),
            Kind::Table(entries) if matches!(entries.as_slice(), [e] if e.key == COMPUTE) => {
                let time = reading.within(COMPUTE, |r| TIME.read(&entries[0].node, r));
                time.map(OwnWork::Compute)
            }
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        format!("{} (the caller sleeps), or a table with `{COMPUTE}` and one", TIME.expected())
    }

    fn example(&self) -> &'static str {
        r#"{ compute = "1s" }"#
    }

    fn schema(&self) -> Value {
        let computing = json!({
            "type": "object",
            "properties": { COMPUTE: TIME.schema() },
            "required": [COMPUTE],
            "additionalProperties": false,
        });
        json!({ "anyOf": [TIME.schema(), computing] })
    }

    fn inside(&self) -> Inside {
        Inside::Open
    }
}

impl Canonical for WorkForm {
    fn canonical(&self, value: &OwnWork) -> String {
        value.to_string()
    }
}
