//! Forms of values: each tells how it is read, shown in errors, and described to editors.

mod arrival;
mod delay;
mod number;
mod program;
mod service;
mod unit;
mod work;

use std::num::NonZeroU32;

use serde_json::{Value, json};

use super::error::Problem;
use super::key::{Canonical, Form, Reading};
use super::node::{Kind, Node};
use crate::vocabulary::Runtime;

pub(super) use arrival::{ArrivalForm, Requests, RequestsForm};
pub(super) use delay::{DelayForm, definitions};
pub(super) use number::{
    Bound, BoundForm, Even, FirstLook, Integer, MOST, Percent, Positive, grouped, number,
};
pub(super) use program::{Choices, FileName, SettingsForm, WordList, setting};
pub(super) use service::{
    OutboundForm, PathForm, ProductForm, ServiceForm, UrlForm, is_name, setting_in,
};
pub(super) use unit::{Duration, Size};
pub(super) use work::WorkForm;

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

/// `true` or `false`.
pub(super) struct Flag;

impl Form for Flag {
    type Value = bool;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<bool> {
        match node.kind {
            Kind::Bool(flag) => Some(flag),
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        "true or false".to_owned()
    }

    fn example(&self) -> &'static str {
        "false"
    }

    fn schema(&self) -> Value {
        json!({ "type": "boolean" })
    }
}

impl Canonical for Flag {
    fn canonical(&self, value: &bool) -> String {
        value.to_string()
    }
}

/// One of a list of words, each with what it stands for.
pub(super) struct OneOf<T> {
    pub(super) all: fn() -> Vec<Word<T>>,
    pub(super) example: &'static str,
    /// The meaning of any other word: in a recording of another build, or as a program's name.
    /// `None` if no other word may stand there.
    pub(super) other: Option<fn(&str) -> T>,
}

impl<T> OneOf<T> {
    pub(super) const fn new(all: fn() -> Vec<Word<T>>, example: &'static str) -> OneOf<T> {
        OneOf { all, example, other: None }
    }

    pub(super) const fn or(mut self, other: fn(&str) -> T) -> OneOf<T> {
        self.other = Some(other);
        self
    }
}

/// A word, what it stands for, and what it means.
pub(super) struct Word<T> {
    pub(super) word: &'static str,
    pub(super) value: T,
    pub(super) doc: String,
}

impl<T> Form for OneOf<T> {
    type Value = T;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<T> {
        let Kind::Text(text) = &node.kind else {
            reading.unfit(node, &self.expected(), self.example);
            return None;
        };
        if let Some(found) = (self.all)().into_iter().find(|w| w.word == text) {
            return Some(found.value);
        }
        let may_be_other = reading.recorded || reading.is_of_program(text);
        if let (Some(other), true) = (self.other, may_be_other) {
            return Some(other(text));
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

impl<T: std::fmt::Display + Clone> Canonical for OneOf<T> {
    fn canonical(&self, value: &T) -> String {
        value.to_string()
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
