//! `[[strategy]]` tables, and the strategies that they multiply into.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU32;

use crate::spec::error::{Problem, Span};
use crate::spec::key::{Open, Placed, Reading};
use crate::spec::keys;
use crate::spec::node::Node;
use crate::strategy::{Flavour, Invalid, Library, Model, Reuse, Runtime, Strategy, library};

/// The lists of one table.
pub(super) struct Lists {
    label: Option<String>,
    model: Vec<Placed<(&'static Model, &'static str)>>,
    client: Vec<Placed<(&'static Library, &'static str)>>,
    reuse: Vec<Placed<(Reuse, &'static str)>>,
    limit: Vec<Placed<NonZeroU32>>,
    runtime: Vec<Placed<Runtime>>,
    timeout: Vec<Placed<u64>>,
    nofile: Vec<Placed<u64>>,
    pub(super) span: Span,
}

/// Reads every table; what cannot be read is reported.
pub(super) fn read(file: &Open, reading: &mut Reading) -> Vec<Lists> {
    let nodes = file.tables(&keys::STRATEGY, reading);
    if let (Some(node), []) = (file.table(keys::STRATEGY.name), nodes.as_slice())
        && matches!(&node.kind, crate::spec::node::Kind::List(_))
    {
        let what = "an experiment needs at least one strategy";
        reading.report(Problem::at(node.span, what).hint("add a table [[strategy]]"));
    }
    nodes.into_iter().filter_map(|node| lists(node, reading)).collect()
}

fn lists(node: &Node, reading: &mut Reading) -> Option<Lists> {
    let table = keys::STRATEGY.table.open(node, reading)?;
    Some(Lists {
        label: table.one(&keys::LABEL, reading).map(|l| l.value),
        model: table.many(&keys::MODEL, reading),
        client: table.many(&keys::CLIENT, reading),
        reuse: table.many(&keys::REUSE, reading),
        limit: table.many(&keys::LIMIT, reading),
        runtime: table.many(&keys::RUNTIME, reading),
        timeout: table.many(&keys::TIMEOUT, reading),
        nofile: table.many(&keys::NOFILE, reading),
        span: table.span,
    })
}

impl Lists {
    /// How many values each key has; an absent key counts as one.
    pub(super) fn lengths(&self) -> [(&'static str, usize); 7] {
        [
            ("model", self.model.len().max(1)),
            ("client", self.client.len().max(1)),
            ("reuse", self.reuse.len().max(1)),
            ("limit", self.limit.len().max(1)),
            ("runtime", self.runtime.len().max(1)),
            ("timeout", self.timeout.len().max(1)),
            ("nofile", self.nofile.len().max(1)),
        ]
    }

    /// Every combination in order, the last key fastest, valid or not.
    fn combinations(&self) -> Vec<Combination<'_>> {
        let mut all = Vec::new();
        for model in &self.model {
            for client in or_absent(&self.client) {
                for reuse in &self.reuse {
                    for limit in or_absent(&self.limit) {
                        for runtime in or_absent(&self.runtime) {
                            for timeout in or_absent(&self.timeout) {
                                all.extend(or_absent(&self.nofile).map(|nofile| Combination {
                                    model,
                                    client,
                                    reuse,
                                    limit,
                                    runtime,
                                    timeout,
                                    nofile,
                                }));
                            }
                        }
                    }
                }
            }
        }
        all
    }
}

/// The values, or once `None` where there are none.
fn or_absent<T>(values: &[T]) -> impl Iterator<Item = Option<&T>> {
    let absent = values.is_empty().then_some(None);
    values.iter().map(Some).chain(absent)
}

/// One value of each key.
struct Combination<'l> {
    model: &'l Placed<(&'static Model, &'static str)>,
    client: Option<&'l Placed<(&'static Library, &'static str)>>,
    reuse: &'l Placed<(Reuse, &'static str)>,
    limit: Option<&'l Placed<NonZeroU32>>,
    runtime: Option<&'l Placed<Runtime>>,
    timeout: Option<&'l Placed<u64>>,
    nofile: Option<&'l Placed<u64>>,
}

impl Combination<'_> {
    fn strategy(&self, label: Option<&str>) -> Result<Strategy, Invalid> {
        let model = self.model.value.0;
        Strategy::new(
            label.unwrap_or(model.name).to_owned(),
            model,
            self.client.map_or_else(|| default_client(model), |c| c.value.0),
            self.reuse.value.0,
            self.limit.map(|l| l.value),
            self.runtime.map(|r| r.value),
            self.timeout.map(|t| t.value),
            self.nofile.map(|n| n.value),
        )
    }

    /// The value that makes it invalid.
    fn culprit(&self, invalid: &Invalid) -> Span {
        let model = self.model.span;
        match invalid {
            Invalid::Client { .. } => self.client.map_or(model, |c| c.span),
            Invalid::Reuse { .. } => self.reuse.span,
            Invalid::LimitMissing(_) => model,
            Invalid::LimitForbidden { .. } => self.limit.map_or(model, |l| l.span),
            Invalid::RuntimeForbidden(_) => self.runtime.map_or(model, |r| r.span),
        }
    }
}

/// The client of a strategy that names none.
fn default_client(model: &Model) -> &'static Library {
    let name = match model.flavour() {
        Flavour::Blocking => "ureq",
        Flavour::Async => "reqwest",
    };
    library::named(name).expect("the default clients are in the list of libraries")
}

/// All strategies, or `None` if one is invalid or there twice (and reported).
pub(super) fn multiply(lists: &[Lists], reading: &mut Reading) -> Option<Vec<Strategy>> {
    let before = reading.problems.len();
    let mut strategies: Vec<Strategy> = Vec::new();
    let mut seen = HashMap::new();
    for list in lists {
        let mut told: Vec<String> = Vec::new();
        let mut repeats = false;
        for combination in list.combinations() {
            let strategy = match combination.strategy(list.label.as_deref()) {
                Ok(strategy) => strategy,
                Err(invalid) => {
                    let what = invalid.to_string();
                    if !told.contains(&what) {
                        reading.report(invalid_problem(list, &combination, &invalid, &what));
                        told.push(what);
                    }
                    continue;
                }
            };
            match seen.entry(meaning(&strategy)) {
                Entry::Occupied(first) if !repeats => {
                    repeats = true;
                    reading.report(
                        Problem::at(
                            list.span,
                            format!("a strategy is there twice: {}", brief(&strategy)),
                        )
                        .also("first", *first.get())
                        .hint(
                            "remove one of the two or change a value; a label makes no difference",
                        ),
                    );
                }
                Entry::Occupied(_) => {}
                Entry::Vacant(place) => {
                    place.insert(list.span);
                }
            }
            strategies.push(strategy);
        }
    }
    (reading.problems.len() == before).then_some(strategies)
}

/// All that a strategy does. The label is a name and no part of it.
fn meaning(s: &Strategy) -> impl std::hash::Hash + Eq + use<> {
    (s.model.name, s.library.name, s.reuse, s.limit, s.runtime, s.timeout_ns, s.nofile)
}

fn invalid_problem(
    list: &Lists,
    combination: &Combination,
    invalid: &Invalid,
    what: &str,
) -> Problem {
    // The way out is the second half of the text, where there is one.
    let (what, way_out) = match what.split_once("; ") {
        Some((what, way_out)) => (what, Some(way_out)),
        None => (what, None),
    };
    let problem = Problem::at(combination.culprit(invalid), what);
    let (models, clients) = (list.model.len() > 1, list.client.len() > 1);
    let several = match invalid {
        Invalid::Client { .. } => models || clients,
        Invalid::Reuse { .. } => clients,
        _ => models,
    };
    let split = "lists are multiplied: give the other values a [[strategy]] of their own";
    match (way_out, invalid) {
        (Some(way_out), _) if several => problem.note(way_out).hint(split),
        (Some(way_out), _) => problem.hint(way_out),
        (None, _) if several => problem.hint(split),
        (None, Invalid::LimitMissing(_)) => problem.hint("for example: limit = 100"),
        (None, _) => problem,
    }
}

fn brief(strategy: &Strategy) -> String {
    let mut text = format!(
        "{} with {}, reuse = \"{}\"",
        strategy.model.name, strategy.library.name, strategy.reuse
    );
    if let Some(limit) = strategy.limit {
        text.push_str(&format!(", limit = {limit}"));
    }
    if let Some(runtime) = strategy.runtime {
        text.push_str(&format!(", runtime = \"{runtime}\""));
    }
    text
}
