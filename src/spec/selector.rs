//! The form of a selector, and of what a claim divides by.

use serde_json::{Value, json};

use super::error::{Problem, Span, listed, nearest};
use super::forms::OneOf;
use super::key::{Form, Inside, Placed, Reading, items};
use super::node::{Entry, Kind, Node};
use super::{Factor, Metric, Selector};

/// A selector and the places of its values.
#[derive(Debug, Clone)]
pub(super) struct Picked {
    pub(super) selector: Selector,
    /// The places of the accepted values, in the order of the selector's terms.
    pub(super) values: Vec<Vec<Span>>,
    pub(super) span: Span,
    /// The key that it stands behind.
    pub(super) key: &'static str,
}

/// Cells by the values of their factors.
pub(super) struct SelectorForm;

impl Form for SelectorForm {
    type Value = Picked;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Picked> {
        let Kind::Table(entries) = &node.kind else {
            reading.unfit(node, &self.expected(), self.example());
            return None;
        };
        let before = reading.problems.len();
        let mut picked = Picked {
            selector: Selector::default(),
            values: Vec::new(),
            span: node.span,
            key: reading.key(),
        };
        for entry in entries {
            let Some(factor) = Factor::ALL.into_iter().find(|f| f.name() == entry.key) else {
                let what = format!("there is no factor `{}` to select cells by", entry.key);
                let known = Factor::ALL.map(Factor::name);
                reading.report(Problem::at(entry.key_span, what).known(&entry.key, known));
                continue;
            };
            let (texts, spans) = accepted(factor, entry, reading);
            picked.selector.terms.push((factor, texts));
            picked.values.push(spans);
        }
        (reading.problems.len() == before).then_some(picked)
    }

    fn expected(&self) -> String {
        "a selector: a table of factors and the values to select".to_owned()
    }

    fn example(&self) -> &'static str {
        "{ label = \"async\", limit = [10, 100] }"
    }

    fn schema(&self) -> Value {
        json!({ "$ref": "#/definitions/selector" })
    }

    fn inside(&self) -> Inside {
        Inside::Open
    }
}

fn accepted(factor: Factor, entry: &Entry, reading: &mut Reading) -> (Vec<String>, Vec<Span>) {
    let key = factor.entry();
    reading.within(factor.name(), |r| {
        let value = |node: &Node, r: &mut Reading| match &node.kind {
            Kind::Text(text) if text == "none" && key.facts().or_none => Some("none".to_owned()),
            _ => key.read_canonical(node, r),
        };
        let nodes = items(&entry.node, key.key().example(), r);
        nodes.iter().filter_map(|n| Some((value(n, r)?, n.span))).unzip()
    })
}

pub(super) fn selector_schema() -> Value {
    let property = |factor: Factor| {
        let key = factor.entry().key();
        let mut any = Vec::from_iter(key.schema());
        if factor.entry().facts().or_none {
            any.push(json!({ "const": "none", "description": "cells without this factor" }));
        }
        let one = json!({ "anyOf": any });
        let schema = json!({
            "description": key.doc(),
            "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }],
        });
        (factor.name().to_owned(), schema)
    };
    json!({
        "type": "object",
        "properties": Factor::ALL.map(property).into_iter().collect::<serde_json::Map<_, _>>(),
        "additionalProperties": false,
    })
}

/// Two selectors: the ratio of two cells.
pub(super) struct ThanForm;

impl Form for ThanForm {
    type Value = (Picked, Picked);

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<(Picked, Picked)> {
        let both = match &node.kind {
            Kind::Table(entries) if entries.len() == 2 => node.get("of").zip(node.get("over")),
            _ => None,
        };
        let Some((of, over)) = both else {
            reading.unfit(node, &self.expected(), self.example());
            return None;
        };
        let of = reading.within("of", |r| SelectorForm.read(&of.node, r));
        let over = reading.within("over", |r| SelectorForm.read(&over.node, r));
        of.zip(over)
    }

    fn expected(&self) -> String {
        "a table with two selectors of one cell each, `of` and `over`".to_owned()
    }

    fn example(&self) -> &'static str {
        "{ of = { limit = 4 }, over = { limit = 1 } }"
    }

    fn schema(&self) -> Value {
        let selector = json!({ "$ref": "#/definitions/selector" });
        json!({
            "type": "object",
            "properties": { "of": selector, "over": selector },
            "required": ["of", "over"],
            "additionalProperties": false,
        })
    }

    fn inside(&self) -> Inside {
        Inside::Open
    }
}

/// Denominator of a claim: a word, another metric, the largest of several of these, or the cell
/// that a selector picks.
pub(super) struct Over {
    pub(super) words: OneOf<crate::spec::Over>,
    pub(super) metrics: OneOf<Metric>,
}

/// A denominator as it is written.
#[derive(Debug, Clone)]
pub(super) enum PickedOver {
    Word(crate::spec::Over),
    Largest(Vec<Placed<crate::spec::Over>>),
    Cell(Picked),
}

impl Over {
    fn word(&self, node: &Node, reading: &mut Reading) -> Option<crate::spec::Over> {
        let Kind::Text(text) = &node.kind else {
            reading.unfit(node, &self.expected(), self.example());
            return None;
        };
        let words = (self.words.all)();
        let metrics = (self.metrics.all)();
        if let Some(word) = words.iter().find(|w| w.word == text) {
            return Some(word.value.clone());
        }
        if let Some(metric) = metrics.iter().find(|w| w.word == text) {
            return Some(crate::spec::Over::Metric(metric.value));
        }
        let what = format!("unknown {} {text:?}", reading.key());
        let words: Vec<&str> = words.iter().map(|w| w.word).collect();
        let known = format!("known: {}, and every metric", listed(&words));
        let problem = Problem::at(node.span, what).note(known);
        reading.report(
            match nearest(text, words.into_iter().chain(metrics.iter().map(|m| m.word))) {
                Some(word) => problem.hint(format!("did you mean `{word}`?")),
                None => problem,
            },
        );
        None
    }
}

impl Form for Over {
    type Value = PickedOver;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<PickedOver> {
        match &node.kind {
            Kind::Text(_) => self.word(node, reading).map(PickedOver::Word),
            Kind::List(nodes) if nodes.len() > 1 => {
                let before = reading.problems.len();
                let word = |n: &Node, r: &mut Reading| {
                    Some(Placed { value: self.word(n, r)?, span: n.span })
                };
                let words = nodes.iter().filter_map(|n| word(n, reading)).collect();
                (reading.problems.len() == before).then_some(PickedOver::Largest(words))
            }
            Kind::Table(_) => SelectorForm.read(node, reading).map(PickedOver::Cell),
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        format!(
            "{}, a metric, a list of at least two of these, or a selector of one cell",
            self.words.expected()
        )
    }

    fn example(&self) -> &'static str {
        self.words.example()
    }

    fn schema(&self) -> Value {
        let one = json!({ "anyOf": [self.words.schema(), self.metrics.schema()] });
        json!({ "anyOf": [
            one,
            { "type": "array", "items": one, "minItems": 2 },
            { "$ref": "#/definitions/selector" },
        ] })
    }

    fn inside(&self) -> Inside {
        Inside::Open
    }
}
