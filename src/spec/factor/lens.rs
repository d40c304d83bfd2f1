//! A line of the table of factors: how a value is read, got from a cell, and set in one.

use std::borrow::Cow;

use super::Facts;
use crate::spec::forms::Requests;
use crate::spec::key::{AnyKey, Canonical, Key, Open, Placed, Presence, Reading};
use crate::spec::node::Node;

/// Key and facts of a factor, without its place in a cell.
pub(super) struct Row<F> {
    key: Key<F>,
    facts: Facts,
}

impl<F> Row<F> {
    /// A key of the table with this title, optional unless something else is said.
    pub(super) const fn new(table: &'static str, form: F) -> Row<F> {
        let facts = Facts { table, legacy: None, phrase: None, or_none: false };
        Row { key: Key::optional("", form, "").many(), facts }
    }

    pub(super) const fn named(mut self, name: &'static str, doc: &'static str) -> Row<F> {
        (self.key.name, self.key.doc) = (name, doc);
        self
    }

    /// No list of values is allowed.
    pub(super) const fn single(mut self) -> Row<F> {
        self.key.many = false;
        self
    }

    pub(super) const fn required(mut self) -> Row<F> {
        self.key.presence = Presence::Required;
        self
    }

    pub(super) const fn default(mut self, toml: &'static str) -> Row<F> {
        self.key.presence = Presence::Default(toml);
        self
    }

    /// Words say what holds without the key; every cell has a value all the same.
    pub(super) const fn otherwise(mut self, otherwise: &'static str) -> Row<F> {
        self.key.presence = Presence::Otherwise(otherwise);
        self
    }

    /// Words say what holds without the key; a cell has no value then.
    pub(super) const fn or_none(mut self, otherwise: &'static str) -> Row<F> {
        self.facts.or_none = true;
        self.otherwise(otherwise)
    }

    /// See [`Facts::legacy`].
    pub(super) const fn legacy(mut self, value: &'static str) -> Row<F> {
        self.facts.legacy = Some(value);
        self
    }

    /// See [`Facts::phrase`].
    pub(super) const fn phrase(mut self, phrase: &'static str) -> Row<F> {
        self.facts.phrase = Some(phrase);
        self
    }
}

/// A factor whose values stand in an `S`.
pub(super) struct Lens<S, F: Canonical> {
    pub(super) row: Row<F>,
    pub(super) get: fn(&S) -> Option<Cow<'_, F::Value>>,
    pub(super) set: fn(&mut S, F::Value),
}

/// A factor, whatever its values are.
pub(in crate::spec) trait FactorKey: Sync {
    fn key(&self) -> &dyn AnyKey;
    fn facts(&self) -> &Facts;
    /// Reads one value and gives it the form of [`super::Factor::value`].
    fn read_canonical(&self, node: &Node, reading: &mut Reading) -> Option<String>;
}

/// A factor whose values stand in an `S`, whatever they are.
pub(in crate::spec) trait FactorOf<S>: FactorKey {
    /// Its value in one fixed form; `None` where there is none.
    fn text(&self, of: &S) -> Option<String>;
    /// The values of the key in a table, each in a copy of `start`.
    fn read(&self, table: &Open, start: &S, reading: &mut Reading) -> Vec<Placed<S>>;
    fn copy(&self, from: &S, to: &mut S);
}

impl<S, F: Canonical> FactorKey for Lens<S, F> {
    fn key(&self) -> &dyn AnyKey {
        &self.row.key
    }
    fn facts(&self) -> &Facts {
        &self.row.facts
    }
    fn read_canonical(&self, node: &Node, reading: &mut Reading) -> Option<String> {
        let form = &self.row.key.form;
        form.read(node, reading).map(|value| form.canonical(&value))
    }
}

impl<S: Clone, F: Canonical> FactorOf<S> for Lens<S, F> {
    fn text(&self, of: &S) -> Option<String> {
        (self.get)(of).map(|value| self.row.key.form.canonical(&value))
    }
    fn read(&self, table: &Open, start: &S, reading: &mut Reading) -> Vec<Placed<S>> {
        let with = |value: Placed<F::Value>| {
            let mut of = start.clone();
            (self.set)(&mut of, value.value);
            Placed { value: of, span: value.span }
        };
        table.many(&self.row.key, reading).into_iter().map(with).collect()
    }
    fn copy(&self, from: &S, to: &mut S) {
        if let Some(value) = (self.get)(from) {
            (self.set)(to, value.into_owned());
        }
    }
}

/// A field that holds values of type `V`.
pub(super) trait Slot<V: Clone> {
    fn get(&self) -> Option<Cow<'_, V>>;
    fn set(&mut self, value: V);
}

impl<V: Clone> Slot<V> for V {
    fn get(&self) -> Option<Cow<'_, V>> {
        Some(Cow::Borrowed(self))
    }
    fn set(&mut self, value: V) {
        *self = value;
    }
}

impl<V: Clone> Slot<V> for Option<V> {
    fn get(&self) -> Option<Cow<'_, V>> {
        self.as_ref().map(Cow::Borrowed)
    }
    fn set(&mut self, value: V) {
        *self = Some(value);
    }
}

/// A time in `requests` becomes a number with the arrival of its scenario.
impl Slot<Requests> for u32 {
    fn get(&self) -> Option<Cow<'_, Requests>> {
        Some(Cow::Owned(Requests::Count(*self)))
    }
    fn set(&mut self, value: Requests) {
        if let Requests::Count(n) = value {
            *self = n;
        }
    }
}
