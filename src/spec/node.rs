//! A TOML document as a tree in which every key and value knows its place.
//!
//! `toml_edit` tells tables, inline tables, arrays and arrays of tables apart by how they are
//! written. An experiment means the same in either form, so this tree does not.

use toml_edit::{Document, Item, Table, TableLike, Value};

use super::error::{Problem, Span};
use crate::units::is_above_zero;

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) kind: Kind,
    /// The value; of a table under a header, the header.
    pub(super) span: Span,
}

/// A value of TOML.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Text(String),
    Integer(i64),
    Float(f64),
    Bool(bool),
    Datetime,
    List(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key of a table with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) key: String,
    pub(super) key_span: Span,
    pub(super) node: Node,
}

/// Parses a document; `source` is its number among the texts of an experiment.
pub(super) fn parse(text: &str, source: usize) -> Result<Node, Problem> {
    let document = Document::parse(text).map_err(|error| {
        let range = error.span().unwrap_or(0..0);
        let span = Span { source, start: range.start, end: range.end };
        Problem::at(span, format!("not valid TOML: {}", message(&error)))
    })?;
    let start = Span { source, start: 0, end: 0 };
    let mut node = of_table(document.as_table(), start);
    node.keep_above_zero(text);
    Ok(node)
}

/// The smallest number above zero.
const SMALLEST: f64 = f64::from_bits(1);

/// The message of `toml_edit`, without words that say nothing.
pub(super) fn message(error: &toml_edit::TomlError) -> &str {
    let message = error.message().trim();
    message.strip_suffix(", expected nothing").unwrap_or(message)
}

impl Node {
    /// The value under a key of this table.
    pub(super) fn get(&self, key: &str) -> Option<&Entry> {
        match &self.kind {
            Kind::Table(entries) => entries.iter().find(|e| e.key == key),
            _ => None,
        }
    }

    /// A number that is written as more than zero never becomes zero: `1e-400` is less than what a float
    /// holds.
    fn keep_above_zero(&mut self, text: &str) {
        match &mut self.kind {
            Kind::Float(x) if *x == 0.0 => {
                let written = text.get(self.span.start..self.span.end).unwrap_or_default();
                let digits = written.split(['e', 'E']).next().unwrap_or_default();
                if is_above_zero(digits) {
                    *x = SMALLEST.copysign(*x);
                }
            }
            Kind::List(nodes) => nodes.iter_mut().for_each(|node| node.keep_above_zero(text)),
            Kind::Table(entries) => {
                entries.iter_mut().for_each(|entry| entry.node.keep_above_zero(text));
            }
            _ => {}
        }
    }

    /// Whether it says zero: `0`, `0.0`, `"0s"`.
    pub(super) fn is_zero(&self) -> bool {
        match &self.kind {
            Kind::Text(text) => text.starts_with('0') && !is_above_zero(text),
            Kind::Integer(n) => *n == 0,
            Kind::Float(x) => *x == 0.0,
            _ => false,
        }
    }

    /// The value for an error: `the integer 5`.
    pub(super) fn describe(&self) -> String {
        match &self.kind {
            Kind::Text(text) if text.len() > 40 => "a long string".to_owned(),
            Kind::Text(text) => format!("the string {text:?}"),
            Kind::Integer(n) => format!("the integer {n}"),
            Kind::Float(x) => format!("the float {x:?}"),
            Kind::Bool(b) => format!("the boolean {b}"),
            Kind::Datetime => "a date or time".to_owned(),
            Kind::List(_) => "a list".to_owned(),
            Kind::Table(_) => "a table".to_owned(),
        }
    }
}

fn of_table(table: &dyn TableLike, span: Span) -> Node {
    let entries = table.iter().filter_map(|(name, item)| {
        let (key, _) = table.get_key_value(name)?;
        let key_span = placed(key.span(), span);
        let node = of_item(item, key_span)?;
        Some(Entry { key: name.to_owned(), key_span, node })
    });
    Node { kind: Kind::Table(entries.collect()), span }
}

/// `around` is the place of what has none of its own, such as a table made by a dotted key.
fn of_item(item: &Item, around: Span) -> Option<Node> {
    match item {
        Item::None => None,
        Item::Value(value) => Some(of_value(value, around)),
        Item::Table(table) => Some(of_table(table, header(table, around))),
        Item::ArrayOfTables(tables) => {
            let nodes: Vec<Node> = tables.iter().map(|t| of_table(t, header(t, around))).collect();
            let span = nodes.first().map_or(around, |n| n.span);
            Some(Node { kind: Kind::List(nodes), span })
        }
    }
}

fn of_value(value: &Value, around: Span) -> Node {
    let span = placed(value.span(), around);
    let kind = match value {
        Value::String(s) => Kind::Text(s.value().clone()),
        Value::Integer(n) => Kind::Integer(*n.value()),
        Value::Float(x) => Kind::Float(*x.value()),
        Value::Boolean(b) => Kind::Bool(*b.value()),
        Value::Datetime(_) => Kind::Datetime,
        Value::Array(array) => Kind::List(array.iter().map(|v| of_value(v, span)).collect()),
        Value::InlineTable(table) => return of_table(table, span),
    };
    Node { kind, span }
}

fn header(table: &Table, around: Span) -> Span {
    placed(table.span(), around)
}

fn placed(range: Option<std::ops::Range<usize>>, around: Span) -> Span {
    match range {
        Some(range) if range.end > range.start => {
            Span { source: around.source, start: range.start, end: range.end }
        }
        _ => around,
    }
}
