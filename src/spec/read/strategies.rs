//! `[[strategy]]` tables, and the strategies that they multiply into.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::num::NonZeroU32;

use super::{IsPlanned, cross};
use crate::spec::error::{Problem, Span};
use crate::spec::key::{Open, Placed, Reading};
use crate::spec::node::Node;
use crate::spec::{Scenario, keys};
use crate::strategy::{
    ByName, Flavour, Invalid, Library, Model, Protocol, Retries, Reuse, Runtime, Strategy, library,
};

/// The lists of one table.
pub(super) struct Lists {
    label: Option<String>,
    model: Vec<Placed<ByName<Model>>>,
    client: Vec<Placed<ByName<Library>>>,
    reuse: Vec<Placed<Reuse>>,
    limit: Vec<Placed<NonZeroU32>>,
    max_connections: Vec<Placed<NonZeroU32>>,
    runtime: Vec<Placed<Runtime>>,
    protocol: Vec<Placed<Protocol>>,
    tls_resumption: Vec<Placed<bool>>,
    dns_cache: Vec<Placed<bool>>,
    probes: Vec<Placed<bool>>,
    retries: Vec<Placed<Retries>>,
    timeout: Vec<Placed<u64>>,
    nofile: Vec<Placed<u64>>,
    ports: Vec<Placed<u32>>,
    memory: Vec<Placed<u64>>,
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
        max_connections: table.many(&keys::MAX_CONNECTIONS, reading),
        runtime: table.many(&keys::RUNTIME, reading),
        protocol: table.many(&keys::PROTOCOL, reading),
        tls_resumption: table.many(&keys::TLS_RESUMPTION, reading),
        dns_cache: table.many(&keys::DNS_CACHE, reading),
        probes: table.many(&keys::PROBES, reading),
        retries: table.many(&keys::RETRIES, reading),
        timeout: table.many(&keys::TIMEOUT, reading),
        nofile: table.many(&keys::NOFILE, reading),
        ports: table.many(&keys::PORTS, reading),
        memory: table.many(&keys::MEMORY, reading),
        span: table.span,
    })
}

impl Lists {
    /// How many values each key has; an absent key counts as one.
    pub(super) fn lengths(&self) -> [(&'static str, usize); 15] {
        [
            ("model", self.model.len().max(1)),
            ("client", self.client.len().max(1)),
            ("reuse", self.reuse.len().max(1)),
            ("limit", self.limit.len().max(1)),
            ("max_connections", self.max_connections.len().max(1)),
            ("runtime", self.runtime.len().max(1)),
            ("protocol", self.protocol.len().max(1)),
            ("tls_resumption", self.tls_resumption.len().max(1)),
            ("dns_cache", self.dns_cache.len().max(1)),
            ("probes", self.probes.len().max(1)),
            ("retries", self.retries.len().max(1)),
            ("timeout", self.timeout.len().max(1)),
            ("nofile", self.nofile.len().max(1)),
            ("ports", self.ports.len().max(1)),
            ("memory", self.memory.len().max(1)),
        ]
    }

    /// Every combination in order, the last key fastest, valid or not.
    fn combinations(&self) -> Vec<Combination<'_>> {
        let first = |model| Combination { model, ..Combination::default() };
        let mut all: Vec<Combination> = self.model.iter().map(|m| first(Some(m))).collect();
        cross(&mut all, &self.client, |c, client| c.client = Some(client));
        cross(&mut all, &self.reuse, |c, reuse| c.reuse = Some(reuse));
        cross(&mut all, &self.limit, |c, limit| c.limit = Some(limit));
        cross(&mut all, &self.max_connections, |c, max_connections| {
            c.max_connections = Some(max_connections);
        });
        cross(&mut all, &self.runtime, |c, runtime| c.runtime = Some(runtime));
        cross(&mut all, &self.protocol, |c, protocol| c.protocol = Some(protocol));
        cross(&mut all, &self.tls_resumption, |c, tls_resumption| {
            c.tls_resumption = Some(tls_resumption);
        });
        cross(&mut all, &self.dns_cache, |c, dns_cache| c.dns_cache = Some(dns_cache));
        cross(&mut all, &self.probes, |c, probes| c.probes = Some(probes));
        cross(&mut all, &self.retries, |c, retries| c.retries = Some(retries));
        cross(&mut all, &self.timeout, |c, timeout| c.timeout = Some(timeout));
        cross(&mut all, &self.nofile, |c, nofile| c.nofile = Some(nofile));
        cross(&mut all, &self.ports, |c, ports| c.ports = Some(ports));
        cross(&mut all, &self.memory, |c, memory| c.memory = Some(memory));
        all
    }
}

/// One value of each key that is there.
#[derive(Clone, Default)]
struct Combination<'l> {
    model: Option<&'l Placed<ByName<Model>>>,
    client: Option<&'l Placed<ByName<Library>>>,
    reuse: Option<&'l Placed<Reuse>>,
    limit: Option<&'l Placed<NonZeroU32>>,
    max_connections: Option<&'l Placed<NonZeroU32>>,
    runtime: Option<&'l Placed<Runtime>>,
    protocol: Option<&'l Placed<Protocol>>,
    tls_resumption: Option<&'l Placed<bool>>,
    dns_cache: Option<&'l Placed<bool>>,
    probes: Option<&'l Placed<bool>>,
    retries: Option<&'l Placed<Retries>>,
    timeout: Option<&'l Placed<u64>>,
    nofile: Option<&'l Placed<u64>>,
    ports: Option<&'l Placed<u32>>,
    memory: Option<&'l Placed<u64>>,
}

impl Combination<'_> {
    /// What it may mean, the likeliest first. A recording of another build does not say how a model
    /// waits that only that build has, nor what a client sent again by default.
    fn meanings(&self, label: Option<&str>, recorded: bool) -> Vec<Strategy> {
        let (model, client) = (&self.model().value, self.client.map(|c| &c.value));
        let by_client = || client.and_then(|client| Some(client.known()?.flavour()));
        let flavours = match model.known().map(Model::flavour).or_else(by_client) {
            Some(flavour) => vec![flavour],
            None => vec![Flavour::Blocking, Flavour::Async],
        };
        let retries = match (self.retries, recorded) {
            (Some(retries), _) => vec![Some(retries.value)],
            (None, false) => vec![None],
            (None, true) => vec![None, Some(Retries::None), Some(Retries::Library)],
        };
        let of = |flavour| {
            let client = client.cloned().unwrap_or_else(|| default_client(flavour));
            let plain = Strategy::of(label.unwrap_or(model.name()), model.clone(), client);
            let by_flavour = (flavour == Flavour::Async).then_some(Runtime::CurrentThread);
            let strategy = Strategy {
                reuse: self.reuse.map_or(plain.reuse, |r| r.value),
                limit: self.limit.map(|l| l.value),
                max_connections: self.max_connections.map(|n| n.value),
                runtime: self.runtime.map(|r| r.value).or(by_flavour),
                protocol: self.protocol.map_or(plain.protocol, |p| p.value),
                tls_resumption: self.tls_resumption.map_or(plain.tls_resumption, |r| r.value),
                dns_cache: self.dns_cache.map_or(plain.dns_cache, |c| c.value),
                probes: self.probes.map_or(plain.probes, |p| p.value),
                timeout_ns: self.timeout.map(|t| t.value),
                nofile: self.nofile.map(|n| n.value),
                ports: self.ports.map(|n| n.value),
                memory_bytes: self.memory.map(|m| m.value),
                ..plain
            };
            retries.iter().map(move |&retries| Strategy { retries, ..strategy.clone() })
        };
        flavours.into_iter().flat_map(of).collect()
    }

    fn model(&self) -> &Placed<ByName<Model>> {
        self.model.expect("a combination begins with its model")
    }

    /// The value that makes it invalid.
    fn culprit(&self, invalid: &Invalid) -> Span {
        let model = self.model().span;
        match invalid {
            Invalid::Client { .. } => self.client.map_or(model, |c| c.span),
            Invalid::Reuse { .. } => self.reuse.map_or(model, |r| r.span),
            Invalid::LimitMissing(_) => model,
            Invalid::LimitForbidden { .. } => self.limit.map_or(model, |l| l.span),
            Invalid::Protocol { .. } => self.protocol.map_or(model, |p| p.span),
            Invalid::MaxConnections { .. } => self.max_connections.map_or(model, |n| n.span),
            Invalid::Retries { .. } => self.retries.map_or(model, |r| r.span),
            Invalid::RuntimeForbidden(_) => self.runtime.map_or(model, |r| r.span),
        }
    }
}

/// The client of a strategy that names none.
fn default_client(flavour: Flavour) -> ByName<Library> {
    let name = match flavour {
        Flavour::Blocking => "ureq",
        Flavour::Async => "reqwest",
    };
    library::named(name).expect("the default clients are in the list of libraries").into()
}

/// The first meaning that is a strategy and was planned; without one, the first.
fn meant(
    meanings: Vec<Strategy>,
    scenarios: &[Scenario],
    recorded: Option<IsPlanned>,
) -> Result<Strategy, Invalid> {
    let mut meanings = meanings.into_iter().map(Strategy::checked);
    let first = meanings.next().expect("at least one meaning");
    let Some(is_planned) = recorded else { return first };
    let planned = |strategy: &Result<Strategy, Invalid>| {
        let here = |strategy| scenarios.iter().any(|scenario| is_planned(scenario, strategy));
        strategy.as_ref().is_ok_and(here)
    };
    if planned(&first) { first } else { meanings.find(planned).unwrap_or(first) }
}

/// All strategies, or `None` if one is invalid or there twice (and reported).
pub(super) fn multiply(
    lists: &[Lists],
    scenarios: &[Scenario],
    reading: &mut Reading,
) -> Option<Vec<Strategy>> {
    let before = reading.problems.len();
    let mut strategies: Vec<Strategy> = Vec::new();
    let mut seen = HashMap::new();
    for list in lists {
        let mut told: Vec<String> = Vec::new();
        let mut repeats = false;
        for combination in list.combinations() {
            let meanings = combination.meanings(list.label.as_deref(), reading.recorded.is_some());
            let strategy = match meant(meanings, scenarios, reading.recorded) {
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
            // The label is a name, and no part of what a strategy does.
            let meaning = Strategy { label: String::new(), ..strategy.clone() };
            match seen.entry(meaning) {
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
        Invalid::Retries { .. } => clients || list.protocol.len() > 1,
        Invalid::Reuse { .. } | Invalid::Protocol { .. } | Invalid::MaxConnections { .. } => {
            clients
        }
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
    let mut text =
        format!("{} with {}, reuse = \"{}\"", strategy.model, strategy.library, strategy.reuse);
    if let Some(limit) = strategy.limit {
        text.push_str(&format!(", limit = {limit}"));
    }
    if let Some(runtime) = strategy.runtime {
        text.push_str(&format!(", runtime = \"{runtime}\""));
    }
    text
}
