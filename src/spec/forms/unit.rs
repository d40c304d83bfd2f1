//! Forms of values with a unit.

use std::ops::RangeInclusive;

use serde_json::{Value, json};

use crate::spec::key::{Canonical, Form, Reading};
use crate::spec::node::{Kind, Node};
use crate::units::{UnitError, exact_duration, exact_size, parse_duration, parse_size};

/// A duration with its unit, in nanoseconds.
pub(in crate::spec) struct Duration {
    pub(in crate::spec) least: u64,
    pub(in crate::spec) most: u64,
    pub(in crate::spec) example: &'static str,
}

impl Form for Duration {
    type Value = u64;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<u64> {
        read(self, parse_duration, self.least..=self.most, node, reading)
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

/// Reads a value with its unit. What is more than nothing is never rounded to nothing.
fn read<F: Form>(
    form: &F,
    parse: fn(&str) -> Result<u64, UnitError>,
    range: RangeInclusive<u64>,
    node: &Node,
    reading: &mut Reading,
) -> Option<u64> {
    let parsed = match &node.kind {
        Kind::Text(text) => Some(parse(text)),
        _ => None,
    };
    match parsed {
        Some(Ok(value)) if range.contains(&value) => return Some(value),
        Some(Err(error @ UnitError::TooSmall { .. })) => {
            let why = format!("it is {}, which is not rounded to zero", error.too_small());
            reading.unfit_since(node, &form.expected(), form.example(), why);
        }
        _ => reading.unfit(node, &form.expected(), form.example()),
    }
    None
}

/// A size with its unit, in bytes.
pub(in crate::spec) struct Size {
    pub(in crate::spec) least: u64,
    pub(in crate::spec) most: u64,
    pub(in crate::spec) example: &'static str,
}

impl Form for Size {
    type Value = u64;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<u64> {
        read(self, parse_size, self.least..=self.most, node, reading)
    }

    fn expected(&self) -> String {
        let (least, most) = (exact_size(self.least), exact_size(self.most));
        match self.least {
            0 => format!("a size with its unit, at most {most}"),
            _ => format!("a size with its unit, from {least} to {most}"),
        }
    }

    fn example(&self) -> &'static str {
        self.example
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
