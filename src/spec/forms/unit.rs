//! Forms of values with a unit.

use serde_json::{Value, json};

use crate::spec::key::{Canonical, Form, Reading};
use crate::spec::node::{Kind, Node};
use crate::units::{exact_duration, exact_size, parse_duration, parse_size};

/// A duration with its unit, in nanoseconds.
pub(in crate::spec) struct Duration {
    pub(in crate::spec) least: u64,
    pub(in crate::spec) most: u64,
    pub(in crate::spec) example: &'static str,
}

impl Form for Duration {
    type Value = u64;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<u64> {
        if let Kind::Text(text) = &node.kind
            && let Ok(ns) = parse_duration(text)
            && (self.least..=self.most).contains(&ns)
        {
            return Some(ns);
        }
        reading.unfit(node, &self.expected(), self.example);
        None
    }

    fn expected(&self) -> String {
        let (least, most) = (exact_duration(self.least), hours(self.most));
        match self.least {
            0 => format!("a duration with its unit, at most {most}"),
            _ => format!("a duration with its unit, from {least} to {most}"),
        }
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": "^\\s*[0-9]" })
    }
}

impl Canonical for Duration {
    fn canonical(&self, value: &u64) -> String {
        exact_duration(*value)
    }
}

/// The day that bounds durations reads better in hours than as 86400s.
fn hours(ns: u64) -> String {
    match ns / 3_600_000_000_000 {
        0 => exact_duration(ns),
        h => format!("{h}h"),
    }
}

/// A size with its unit, in bytes.
pub(in crate::spec) struct Size {
    pub(in crate::spec) most: u64,
}

impl Form for Size {
    type Value = u64;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<u64> {
        if let Kind::Text(text) = &node.kind
            && let Ok(bytes) = parse_size(text)
            && bytes <= self.most
        {
            return Some(bytes);
        }
        reading.unfit(node, &self.expected(), self.example());
        None
    }

    fn expected(&self) -> String {
        format!("a size with its unit, at most {}", exact_size(self.most))
    }

    fn example(&self) -> &'static str {
        "\"4kB\""
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": "^\\s*[0-9.]+\\s*[kKMGTP]?i?[bB]?\\s*$" })
    }
}

impl Canonical for Size {
    fn canonical(&self, value: &u64) -> String {
        exact_size(*value)
    }
}
