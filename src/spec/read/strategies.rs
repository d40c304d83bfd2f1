//! `[[strategy]]` tables, and the strategies that they multiply into.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::IsPlanned;
use super::lists::{Lists, Point, Table};
use super::programs::Programs;
use crate::spec::error::{Problem, Span};
use crate::spec::key::{Open, Reading};
use crate::spec::node::Node;
use crate::spec::{Factor, Scenario, factor, keys};
use crate::strategy::service::Place;
use crate::strategy::{ByName, Invalid, Library, Model, Service, Strategy, library, model};
use crate::vocabulary::{Flavour, Retries, Runtime};

/// Reads every table; what cannot be read is reported.
pub(super) fn read(file: &Open, programs: &Programs, reading: &mut Reading) -> Vec<Table> {
    let nodes = file.tables(&keys::STRATEGY, reading);
    if let (Some(node), []) = (file.table(keys::STRATEGY.name), nodes.as_slice())
        && matches!(&node.kind, crate::spec::node::Kind::List(_))
    {
        let what = "an experiment needs at least one strategy";
        reading.report(Problem::at(node.span, what).hint("add a table [[strategy]]"));
    }
    let table = |node: &Node| {
        let node = programs.with_service_settings(node, reading)?;
        match node.get(keys::PROGRAM_OF.name) {
            Some(named) => programs.lower(&node, named, reading),
            None => table(&node, reading),
        }
    };
    nodes.into_iter().filter_map(table).collect()
}

fn table(node: &Node, reading: &mut Reading) -> Option<Table> {
    let table = keys::STRATEGY.table.open(node, reading)?;
    if let Some(settings) = node.get(Factor::Settings.name()) {
        let what = "only a program has settings, and this strategy names none";
        let hint = "add `program`, or remove `settings`";
        reading.report(Problem::at(settings.key_span, what).hint(hint));
        return None;
    }
    let service = node.get(Factor::Service.name());
    if let (None, Some(settings)) = (service, node.get(Factor::ServiceSettings.name())) {
        let what = "only a service has settings, and this strategy names none";
        let hint = "add `service`, or remove `service_settings`";
        reading.report(Problem::at(settings.key_span, what).hint(hint));
        return None;
    }
    let start = blank();
    let lists = Lists::read(factor::of_strategy(), &table, &start, reading);
    Some(Table { lists, start, span: table.span })
}

/// A strategy in which nothing is written: its model and client mean nothing.
fn blank() -> Strategy {
    Strategy::of("", model::ALL[0], library::ALL[0])
}

/// Possible meanings of a combination, the likeliest first. A recording of another build does not
/// say how a model waits that only that build has, nor what a client sent again by default.
fn meanings(point: &Point<Strategy>, recorded: bool) -> Vec<Strategy> {
    let written = &point.of;
    if written.program.is_some() {
        return vec![written.clone()];
    }
    let has = |factor| point.span(factor).is_some();
    let client = Some(&written.library).filter(|_| has(Factor::Client));
    let by_client = || client.and_then(|client| Some(client.known()?.flavour()));
    let flavours = match written.model.known().map(Model::flavour).or_else(by_client) {
        Some(flavour) => vec![flavour],
        None => vec![Flavour::Blocking, Flavour::Async],
    };
    let retries = match written.retries {
        None if recorded => vec![None, Some(Retries::None), Some(Retries::Library)],
        retries => vec![retries],
    };
    let of = |flavour| {
        let by_flavour = (flavour == Flavour::Async).then_some(Runtime::CurrentThread);
        let label = if has(Factor::Label) { &written.label } else { written.model.name() };
        let strategy = Strategy {
            label: label.to_owned(),
            library: client.cloned().unwrap_or_else(|| default_client(flavour)),
            runtime: written.runtime.or(by_flavour),
            ..written.clone()
        };
        retries.iter().map(move |&retries| Strategy { retries, ..strategy.clone() })
    };
    flavours.into_iter().flat_map(of).collect()
}

/// The value that makes a combination invalid.
fn culprit(point: &Point<Strategy>, invalid: &Invalid) -> Option<Span> {
    let factor = match invalid {
        Invalid::Client { .. } => Factor::Client,
        Invalid::Reuse { .. } => Factor::Reuse,
        Invalid::LimitMissing(_) => Factor::Model,
        Invalid::LimitForbidden { .. } => Factor::Limit,
        Invalid::WorkForbidden { .. } => Factor::Work,
        Invalid::Protocol { .. } => Factor::Protocol,
        Invalid::MaxConnections { .. } => Factor::MaxConnections,
        Invalid::Retries { .. } => Factor::Retries,
        Invalid::RuntimeForbidden(_) => Factor::Runtime,
    };
    point.span(factor).or_else(|| point.span(Factor::Model))
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
    tables: &[Table],
    programs: &Programs,
    scenarios: &[Scenario],
    recorded: Option<IsPlanned>,
    reading: &mut Reading,
) -> Option<Vec<Strategy>> {
    let before = reading.problems.len();
    let mut strategies: Vec<Strategy> = Vec::new();
    let mut seen = HashMap::new();
    for table in tables {
        let mut told: Vec<String> = Vec::new();
        let mut repeats = false;
        for mut point in table.lists.multiply(vec![Point::new(table.start.clone())]) {
            if let Some(named) = point.of.service.take() {
                let span = point.span(Factor::Service).unwrap_or(table.span);
                let Some(service) = programs.service(named, span, reading) else { break };
                check_service(&point.of, &service, span, reading);
                point.of.service = Some(service);
            }
            let meanings = meanings(&point, recorded.is_some());
            let strategy = match meant(meanings, scenarios, recorded) {
                Ok(strategy) => strategy,
                Err(invalid) => {
                    let what = invalid.to_string();
                    if !told.contains(&what) {
                        reading.report(invalid_problem(table, &point, &invalid, &what));
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
                            table.span,
                            format!("two strategies are the same: {}", brief(&strategy)),
                        )
                        .also("first", *first.get())
                        .hint(
                            "remove one of the two or change a value; a label makes no difference",
                        ),
                    );
                }
                Entry::Occupied(_) => {}
                Entry::Vacant(place) => {
                    place.insert(table.span);
                }
            }
            strategies.push(strategy);
        }
    }
    (reading.problems.len() == before).then_some(strategies)
}

/// Reports a service that a strategy cannot ask.
fn check_service(strategy: &Strategy, service: &Service, span: Span, reading: &mut Reading) {
    if let (Some(ports), Place::At(_)) = (strategy.ports, &service.place) {
        let what = format!(
            "`ports = {ports}` needs a network of the trial's own, and {} is outside",
            service.name
        );
        reading.report(Problem::at(span, what).hint("remove `ports`"));
    }
    if let (Some(program), None) = (&strategy.program, service.base()) {
        let (name, path) = (&program.name, &service.path);
        let what = format!("the program `{name}` asks for `…/i`, and the path is {path:?}");
        let hint = "end the path of the service with `/{i}`, or take one of inflight's own clients";
        reading.report(Problem::at(span, what).hint(hint));
    }
}

fn invalid_problem(
    table: &Table,
    point: &Point<Strategy>,
    invalid: &Invalid,
    what: &str,
) -> Problem {
    // The way out is the second half of the text, where there is one.
    let (what, way_out) = match what.split_once("; ") {
        Some((what, way_out)) => (what, Some(way_out)),
        None => (what, None),
    };
    let problem = Problem::at(culprit(point, invalid).unwrap_or(table.span), what);
    let has_several = |factor| table.lists.of(factor).len() > 1;
    let (models, clients) = (has_several(Factor::Model), has_several(Factor::Client));
    let several = match invalid {
        Invalid::Client { .. } => models || clients,
        Invalid::Retries { .. } => clients || has_several(Factor::Protocol),
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
