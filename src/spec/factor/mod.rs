//! Factors name the properties of a cell; selectors pick cells by them.

mod lens;
mod table;
mod words;

use std::path::Path;

use super::error::Span;
use super::key::{AnyKey, Open, Reading};
use super::node::{Kind, Node};
use crate::strategy::Strategy;
pub(super) use lens::{FactorKey, FactorOf};
use lens::{Lens, Row, Slot};
use table::{OF_SCENARIO, OF_STRATEGY};

pub(crate) use table::factors;
pub use table::{Factor, Scenario};

/// Facts of a factor that do not depend on the type of its values.
pub(super) struct Facts {
    /// Title of the table that has its key.
    pub(super) table: &'static str,
    /// See [`Factor::legacy_default`].
    pub(super) legacy: Option<&'static str>,
    /// A part of a sentence about a scenario, in which `{}` is the value.
    pub(super) phrase: Option<&'static str>,
    /// Whether a cell may have no value; a selector then says "none".
    pub(super) or_none: bool,
}

impl Factor {
    /// The key of the experiment file.
    pub fn name(self) -> &'static str {
        self.entry().key().name()
    }

    /// Its name in a sentence.
    pub fn spoken(self) -> String {
        self.name().replace('_', " ")
    }

    /// Whether it belongs to the strategy rather than to the scenario.
    pub fn is_of_strategy(self) -> bool {
        (self as usize) < OF_STRATEGY.len()
    }

    /// The value before recordings had this factor; `None` for those that were always there. A cell
    /// with this value is the same cell as before.
    pub fn legacy_default(self) -> Option<&'static str> {
        self.entry().facts().legacy
    }

    /// Its value in one cell, in one fixed form; `"none"` where the cell has none.
    pub fn value(self, scenario: &Scenario, strategy: &Strategy) -> String {
        // Of a program that does not say how it treats connections, nobody knows.
        if self == Factor::Reuse && strategy.declared_reuse().is_none() {
            return "undeclared".to_owned();
        }
        let text = match self.is_of_strategy() {
            true => OF_STRATEGY[self as usize].text(strategy),
            false => self.of_scenario().text(scenario),
        };
        text.unwrap_or_else(|| "none".to_owned())
    }

    /// A part of a sentence about a scenario that has this value: `answers in 2 pieces`.
    pub fn phrase(self, value: &str) -> String {
        match self.entry().facts().phrase {
            Some(phrase) => phrase.replace("{}", value),
            None => format!("{} {value}", self.spoken()),
        }
    }

    /// Its line of the table.
    pub(super) fn entry(self) -> &'static dyn FactorKey {
        match self.is_of_strategy() {
            true => OF_STRATEGY[self as usize],
            false => self.of_scenario(),
        }
    }

    fn of_scenario(self) -> &'static dyn FactorOf<Scenario> {
        OF_SCENARIO[self as usize - OF_STRATEGY.len()]
    }
}

impl Scenario {
    /// All that an experiment file need not write, as it is by default.
    pub(super) fn defaults() -> Scenario {
        let span = Span { source: 0, start: 0, end: 0 };
        let nothing = Node { kind: Kind::Table(Vec::new()), span };
        let table = Open { node: &nothing, span };
        let mut reading = Reading::new(Path::new(""), false);
        let mut scenario = Scenario::default();
        for entry in OF_SCENARIO {
            for value in entry.read(&table, &Scenario::default(), &mut reading) {
                entry.copy(&value.value, &mut scenario);
            }
        }
        scenario
    }
}

/// The factors of strategies, each with its line of the table.
pub(super) fn of_strategy() -> impl Iterator<Item = (Factor, &'static dyn FactorOf<Strategy>)> {
    Factor::ALL.into_iter().zip(OF_STRATEGY.iter().copied())
}

/// The factors of scenarios, likewise.
pub(super) fn of_scenario() -> impl Iterator<Item = (Factor, &'static dyn FactorOf<Scenario>)> {
    Factor::ALL.into_iter().skip(OF_STRATEGY.len()).zip(OF_SCENARIO.iter().copied())
}

/// The factors that are keys of the table with this title.
pub(super) fn keys_of(table: &str) -> Vec<&'static dyn AnyKey> {
    let all = Factor::ALL.into_iter().map(Factor::entry);
    all.filter(|entry| entry.facts().table == table).map(FactorKey::key).collect()
}

/// Cells by the values of their factors: every factor named must have one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Factor and accepted values, in the form of [`Factor::value`].
    pub terms: Vec<(Factor, Vec<String>)>,
}

impl Selector {
    /// Whether the cell of this scenario and strategy is selected.
    pub fn matches(&self, scenario: &Scenario, strategy: &Strategy) -> bool {
        self.terms.iter().all(|(factor, accepted)| {
            let value = factor.value(scenario, strategy);
            accepted.contains(&value)
        })
    }

    /// The factors of scenarios that it does not name.
    pub fn others_of_scenario(&self) -> impl Iterator<Item = Factor> {
        let names = |factor: &Factor| self.terms.iter().any(|(named, _)| named == factor);
        Factor::ALL.into_iter().filter(move |f| !f.is_of_strategy() && !names(f))
    }
}
