//! Forms of numbers.

use std::num::NonZeroU32;

use serde_json::{Value, json};

use crate::spec::FEWEST_LOOKED_AT;
use crate::spec::key::{Canonical, Form, Reading};
use crate::spec::node::{Kind, Node};

/// A whole number in a range, and the type that it becomes.
pub(in crate::spec) struct Integer<T> {
    pub(in crate::spec) least: u64,
    pub(in crate::spec) most: u64,
    pub(in crate::spec) make: fn(u64) -> Option<T>,
    pub(in crate::spec) example: &'static str,
}

impl Integer<u32> {
    pub(in crate::spec) const fn whole(least: u64, most: u64, example: &'static str) -> Self {
        Integer { least, most, make: |n| u32::try_from(n).ok(), example }
    }
}

impl Integer<u64> {
    pub(in crate::spec) const fn wide(least: u64, most: u64, example: &'static str) -> Self {
        Integer { least, most, make: Some, example }
    }
}

impl Integer<NonZeroU32> {
    pub(in crate::spec) const fn positive(most: u64, example: &'static str) -> Self {
        Integer { least: 1, most, make: |n| NonZeroU32::new(u32::try_from(n).ok()?), example }
    }
}

impl<T: std::fmt::Display> Form for Integer<T> {
    type Value = T;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<T> {
        if let Kind::Integer(n) = node.kind
            && let Ok(n) = u64::try_from(n)
            && (self.least..=self.most).contains(&n)
            && let Some(value) = (self.make)(n)
        {
            return Some(value);
        }
        reading.unfit(node, &self.expected(), self.example);
        None
    }

    fn expected(&self) -> String {
        match self.most {
            MOST => format!("a whole number of at least {}", grouped(self.least)),
            most => format!("a whole number from {} to {}", grouped(self.least), grouped(most)),
        }
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        match self.most {
            MOST => json!({ "type": "integer", "minimum": self.least }),
            most => json!({ "type": "integer", "minimum": self.least, "maximum": most }),
        }
    }
}

impl<T: std::fmt::Display + Clone> Canonical for Integer<T> {
    fn canonical(&self, value: &T) -> String {
        value.to_string()
    }
}

/// An even number in a range.
pub(in crate::spec) struct Even {
    pub(in crate::spec) least: u64,
    pub(in crate::spec) most: u64,
    pub(in crate::spec) example: &'static str,
}

impl Even {
    fn integer(&self) -> Integer<u32> {
        let Even { least, most, example } = *self;
        Integer::whole(least, most, example)
    }
}

impl Form for Even {
    type Value = u32;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<u32> {
        if let Kind::Integer(n) = node.kind
            && let Ok(n) = u64::try_from(n)
            && n.is_multiple_of(2)
            && (self.least..=self.most).contains(&n)
        {
            return u32::try_from(n).ok();
        }
        reading.unfit(node, &self.expected(), self.example);
        None
    }

    fn expected(&self) -> String {
        self.integer().expected().replacen("a whole number", "an even number", 1)
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        let mut schema = self.integer().schema();
        schema["multipleOf"] = json!(2);
        schema
    }
}

impl Canonical for Even {
    fn canonical(&self, value: &u32) -> String {
        value.to_string()
    }
}

/// After how many blocks a stopping rule looks first.
pub(in crate::spec) struct FirstLook {
    pub(in crate::spec) most: u64,
}

impl FirstLook {
    fn integer(&self) -> Integer<u32> {
        Integer::whole(FEWEST_LOOKED_AT.into(), self.most, "8")
    }
}

impl Form for FirstLook {
    type Value = u32;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<u32> {
        match node.kind {
            Kind::Integer(n) if (0..i64::from(FEWEST_LOOKED_AT)).contains(&n) => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
            _ => self.integer().read(node, reading),
        }
    }

    fn expected(&self) -> String {
        format!("{}, since fewer blocks give no interval", self.integer().expected())
    }

    fn example(&self) -> &'static str {
        self.integer().example
    }

    fn schema(&self) -> Value {
        self.integer().schema()
    }
}

/// TOML's largest integer.
pub(in crate::spec) const MOST: u64 = i64::MAX as u64;

/// A large number as TOML lets one write it: `10_000_000`.
pub(in crate::spec) fn grouped(n: u64) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            text.push('_');
        }
        text.push(digit);
    }
    text
}

/// A finite number above zero.
pub(in crate::spec) struct Positive {
    pub(in crate::spec) example: &'static str,
}

impl Form for Positive {
    type Value = f64;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<f64> {
        match number(node).filter(|x| *x > 0.0 && x.is_finite()) {
            Some(x) => Some(x),
            None => {
                reading.unfit(node, &self.expected(), self.example);
                None
            }
        }
    }

    fn expected(&self) -> String {
        "a number above 0".to_owned()
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        json!({ "type": "number", "exclusiveMinimum": 0 })
    }
}

impl Canonical for Positive {
    fn canonical(&self, value: &f64) -> String {
        value.to_string()
    }
}

/// The number that a node holds, written with or without a point.
pub(in crate::spec) fn number(node: &Node) -> Option<f64> {
    match node.kind {
        Kind::Integer(n) => Some(n as f64),
        Kind::Float(x) => Some(x),
        _ => None,
    }
}

/// A share, written as "2%".
pub(in crate::spec) struct Percent;

impl Form for Percent {
    type Value = f64;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<f64> {
        if let Kind::Text(text) = &node.kind
            && let Some(digits) = text.trim().strip_suffix('%')
            && let Ok(percent) = digits.trim().parse::<f64>()
            && percent < 100.0
            && let share = percent / 100.0
            && share > 0.0
        {
            return Some(share);
        }
        reading.unfit(node, &self.expected(), self.example());
        None
    }

    fn expected(&self) -> String {
        "a percentage above 0% and below 100%, as a string".to_owned()
    }

    fn example(&self) -> &'static str {
        "\"2%\""
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": "^\\s*[0-9.]+\\s*%\\s*$" })
    }
}

/// A bound of a claim: a number, or text with a unit. What it must be depends on the metric.
pub(in crate::spec) struct BoundForm;

/// A bound as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::spec) enum Bound {
    Number(f64),
    Text(String),
}

impl Form for BoundForm {
    type Value = Bound;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Bound> {
        match (&node.kind, number(node)) {
            (Kind::Text(text), _) => Some(Bound::Text(text.clone())),
            (_, Some(x)) if x >= 0.0 && x.is_finite() => Some(Bound::Number(x)),
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        "a number of at least 0, or with over = \"nothing\" a duration or size with its unit"
            .to_owned()
    }

    fn example(&self) -> &'static str {
        "1.15"
    }

    fn schema(&self) -> Value {
        json!({ "anyOf": [{ "type": "number", "minimum": 0 }, { "type": "string" }] })
    }
}
