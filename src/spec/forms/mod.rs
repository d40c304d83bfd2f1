//! Forms of values: numbers, durations, words. Each tells how it is read, shown and described.

mod delay;
mod selector;

use std::num::NonZeroU32;

use serde_json::{Value, json};

use super::error::Problem;
use super::key::{Canonical, Form, Reading};
use super::node::{Kind, Node};
use crate::strategy::Runtime;
use crate::units::{exact_duration, exact_size, parse_duration, parse_size};

pub(super) use delay::{DelayForm, definitions};
pub(super) use selector::{Over as OverForm, Picked, PickedOver, SelectorForm, selector_schema};

/// Text of one line.
pub(super) struct Line {
    pub(super) example: &'static str,
}

impl Form for Line {
    type Value = String;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<String> {
        match &node.kind {
            Kind::Text(text) if !text.trim().is_empty() && !text.contains(char::is_control) => {
                Some(text.clone())
            }
            _ => {
                reading.unfit(node, &self.expected(), self.example);
                None
            }
        }
    }

    fn expected(&self) -> String {
        "one line of text".to_owned()
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

impl Canonical for Line {
    fn canonical(&self, value: &String) -> String {
        value.clone()
    }
}

/// One of a list of words, each with what it stands for.
pub(super) struct OneOf<T> {
    pub(super) all: fn() -> Vec<Word<T>>,
    pub(super) example: &'static str,
}

/// A word, what it stands for, and what it means.
pub(super) struct Word<T> {
    pub(super) word: &'static str,
    pub(super) value: T,
    pub(super) doc: String,
}

impl<T> Form for OneOf<T> {
    type Value = (T, &'static str);

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Self::Value> {
        let Kind::Text(text) = &node.kind else {
            reading.unfit(node, &self.expected(), self.example);
            return None;
        };
        if let Some(found) = (self.all)().into_iter().find(|w| w.word == text) {
            return Some((found.value, found.word));
        }
        let words = (self.all)();
        let what = format!("unknown {} {text:?}", reading.key());
        let known = words.iter().map(|w| w.word);
        reading.report(Problem::at(node.span, what).known(text, known));
        None
    }

    fn expected(&self) -> String {
        let words: Vec<String> = (self.all)().iter().map(|w| format!("{:?}", w.word)).collect();
        format!("one of {}", words.join(", "))
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        let one = |w: Word<T>| json!({ "const": w.word, "description": w.doc });
        json!({ "oneOf": (self.all)().into_iter().map(one).collect::<Vec<_>>() })
    }
}

impl<T> Canonical for OneOf<T> {
    fn canonical(&self, value: &Self::Value) -> String {
        value.1.to_owned()
    }
}

/// A whole number in a range, and the type that it becomes.
pub(super) struct Integer<T> {
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) make: fn(u64) -> Option<T>,
    pub(super) example: &'static str,
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
        json!({ "type": "integer", "minimum": self.least, "maximum": self.most })
    }
}

impl<T: std::fmt::Display> Canonical for Integer<T> {
    fn canonical(&self, value: &T) -> String {
        value.to_string()
    }
}

/// TOML's largest integer.
pub(super) const MOST: u64 = i64::MAX as u64;

/// A large number as TOML lets one write it: `10_000_000`.
pub(super) fn grouped(n: u64) -> String {
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
pub(super) struct Positive {
    pub(super) example: &'static str,
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
pub(super) fn number(node: &Node) -> Option<f64> {
    match node.kind {
        Kind::Integer(n) => Some(n as f64),
        Kind::Float(x) => Some(x),
        _ => None,
    }
}

/// A share, written as "2%".
pub(super) struct Percent;

impl Form for Percent {
    type Value = f64;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<f64> {
        if let Kind::Text(text) = &node.kind
            && let Some(digits) = text.trim().strip_suffix('%')
            && let Ok(percent) = digits.trim().parse::<f64>()
            && percent > 0.0
            && percent < 100.0
        {
            return Some(percent / 100.0);
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

/// A duration with its unit, in nanoseconds.
pub(super) struct Duration {
    pub(super) least: u64,
    pub(super) most: u64,
    pub(super) example: &'static str,
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
pub(super) struct Size {
    pub(super) most: u64,
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

/// The runtime of an async model.
pub(super) struct RuntimeForm;

/// More worker threads than any machine here has CPUs; a larger number is a mistake.
const WORKERS: u32 = 1_024;

impl Form for RuntimeForm {
    type Value = Runtime;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Runtime> {
        let runtime = match &node.kind {
            Kind::Text(text) if text == "current-thread" => Some(Runtime::CurrentThread),
            Kind::Text(text) => text
                .strip_prefix("multi-thread(")
                .and_then(|rest| rest.strip_suffix(')'))
                .and_then(|n| n.trim().parse::<NonZeroU32>().ok())
                .filter(|n| n.get() <= WORKERS)
                .map(Runtime::MultiThread),
            _ => None,
        };
        if runtime.is_none() {
            reading.unfit(node, &self.expected(), "\"multi-thread(2)\"");
        }
        runtime
    }

    fn expected(&self) -> String {
        format!(
            "\"current-thread\" or \"multi-thread(n)\" with n from 1 to {}",
            grouped(WORKERS.into())
        )
    }

    fn example(&self) -> &'static str {
        "\"current-thread\""
    }

    fn schema(&self) -> Value {
        json!({ "anyOf": [
            { "const": "current-thread" },
            { "type": "string", "pattern": "^multi-thread\\(\\s*[1-9][0-9]*\\s*\\)$" },
        ] })
    }
}

impl Canonical for RuntimeForm {
    fn canonical(&self, value: &Runtime) -> String {
        value.to_string()
    }
}

/// How many hosts requests go to: one, for now.
pub(super) struct Targets;

impl Form for Targets {
    type Value = ();

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<()> {
        match node.kind {
            Kind::Integer(1) => return Some(()),
            Kind::Integer(2..) => {
                let what = "several targets are not supported yet; `targets` must be 1";
                reading.report(Problem::at(node.span, what).hint("remove `targets`"));
            }
            _ => reading.unfit(node, &self.expected(), self.example()),
        }
        None
    }

    fn expected(&self) -> String {
        "1 (several targets are not supported yet)".to_owned()
    }

    fn example(&self) -> &'static str {
        "1"
    }

    fn schema(&self) -> Value {
        json!({ "const": 1 })
    }
}

/// A bound of a claim: a number, or text with a unit. What it must be depends on the metric.
pub(super) struct BoundForm;

/// A bound as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Bound {
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
