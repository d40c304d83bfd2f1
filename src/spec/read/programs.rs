//! Programs and services, and the strategies that name one.

use std::path::{Path, PathBuf};

use super::declared::{
    Choices, PROGRAM_KEY, check_name, check_placeholders, check_settings, words,
};
use super::lists::{Lists, Table};
use super::service_table::service;
use crate::spec::error::{Problem, Span};
use crate::spec::forms::setting;
use crate::spec::key::{Open, Placed, Reading};
use crate::spec::node::{self, Entry, Kind, Node};
use crate::spec::{Factor, factor, keys};
use crate::strategy::program::PLACEHOLDERS;
use crate::strategy::service::Place;
use crate::strategy::{Program, Service, Settings, Strategy};

/// The programs and services that an experiment may name, and the files that it has them from.
#[derive(Default)]
pub(super) struct Programs {
    pub(super) all: Vec<Program>,
    services: Vec<Service>,
    /// Names of services whose tables could not be read: what is said of these is enough.
    unread: Vec<String>,
    pub(super) files: Vec<String>,
}

/// TOML files that a recording has of its own.
const OF_THE_RECORD: [&str; 2] = ["experiment.toml", "machine.toml"];

/// Factors that a strategy with a program may have.
const FACTORS: [Factor; 11] = [
    Factor::Label,
    Factor::Limit,
    Factor::MaxConnections,
    Factor::Timeout,
    Factor::Nofile,
    Factor::Ports,
    Factor::Memory,
    Factor::Reuse,
    Factor::Settings,
    Factor::Service,
    Factor::ServiceSettings,
];

/// Reads `programs`, `[[program]]` and `[[service]]`.
pub(super) fn read(file: &Open, reading: &mut Reading) -> Programs {
    let mut programs = Programs::default();
    for Placed { value: path, span } in file.many(&keys::PROGRAM_FILES, reading) {
        programs.add_file(&path, span, reading);
    }
    let folder = reading.trace_dir.to_owned();
    for node in file.tables(&keys::PROGRAM, reading) {
        if let Some(program) = program(node, "", &folder, reading) {
            programs.add(program, node.span, reading);
        }
    }
    for node in file.tables(&keys::SERVICE, reading) {
        programs.add_service(node, "", &folder, reading);
    }
    reading.programs = programs.all.iter().map(|program| program.name.clone()).collect();
    programs
}

impl Programs {
    fn add(&mut self, program: Program, span: Span, reading: &mut Reading) {
        if self.is_new(&program.name, span, reading) {
            self.all.push(program);
        }
    }

    fn add_service(&mut self, node: &Node, file: &str, folder: &Path, reading: &mut Reading) {
        match service(node, file, folder, reading) {
            Some(service) if self.is_new(&service.name, node.span, reading) => {
                self.services.push(service);
            }
            Some(_) => {}
            None => {
                let name = node.get("name").map(|entry| &entry.node.kind);
                if let Some(Kind::Text(name)) = name {
                    self.unread.push(name.clone());
                }
            }
        }
    }

    /// Reports a name that another program or service has.
    fn is_new(&self, name: &str, span: Span, reading: &mut Reading) -> bool {
        let mut others = self.all.iter().map(|program| &program.name);
        let is_program = others.any(|other| other == name);
        let is_taken = is_program || self.services.iter().any(|other| other.name == name);
        if is_taken {
            let what = match is_program {
                true => format!("there are two programs `{name}`"),
                false => format!("there are two services `{name}`"),
            };
            reading.report(Problem::at(span, what).hint("give each a name of its own"));
        }
        !is_taken
    }

    /// The service that a strategy names: its table, if it has one.
    pub(super) fn service(
        &self,
        named: Service,
        span: Span,
        reading: &mut Reading,
    ) -> Option<Service> {
        if named.place != Place::Named {
            return Some(named);
        }
        let found = self.services.iter().find(|service| service.name == named.name);
        if found.is_none() {
            let what = format!("there is no service {:?}", named.name);
            let problem = Problem::at(span, what);
            reading.report(match self.services.as_slice() {
                [] => problem
                    .hint("add a table [[service]], or give a URL: http://127.0.0.1:8000/path"),
                all => problem.known(&named.name, all.iter().map(|service| service.name.as_str())),
            });
        }
        found.cloned()
    }

    /// A `[[strategy]]` table in which the settings of its service are the values of one key; `None` if
    /// they cannot be read.
    pub(super) fn with_service_settings(&self, node: &Node, reading: &mut Reading) -> Option<Node> {
        let (Some(named), Kind::Table(entries)) = (node.get(Factor::Service.name()), &node.kind)
        else {
            return Some(node.clone());
        };
        let names = match &named.node.kind {
            Kind::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(&named.node),
        };
        let is_unread =
            |node: &Node| matches!(&node.kind, Kind::Text(name) if self.unread.contains(name));
        if names.iter().any(is_unread) {
            return None;
        }
        let with_settings = |node: &Node| {
            let Kind::Text(name) = &node.kind else { return None };
            let service = self.services.iter().find(|service| service.name == *name)?;
            let settings = &service.started()?.program.settings;
            (!settings.is_empty()).then_some((name.clone(), settings))
        };
        let Some((name, choices)) = names.iter().find_map(with_settings) else {
            return Some(node.clone());
        };
        if names.len() > 1 {
            let what = format!("the service `{name}` has settings, so it cannot stand in a list");
            let hint = "give each service with settings a [[strategy]] of its own";
            reading.report(Problem::at(named.node.span, what).hint(hint));
            return None;
        }
        let before = reading.problems.len();
        let whose = format!("the service `{name}`");
        let factor = Factor::ServiceSettings;
        let lifted = settings(node, &whose, choices, factor, named.key_span, reading);
        if reading.problems.len() > before {
            return None;
        }
        let mut entries: Vec<Entry> =
            entries.iter().filter(|entry| !choices.contains_key(&entry.key)).cloned().collect();
        entries.extend(lifted);
        Some(Node { kind: Kind::Table(entries), span: node.span })
    }

    /// Reads the programs of a file. A recording has a copy of it.
    fn add_file(&mut self, written: &str, span: Span, reading: &mut Reading) {
        let name = Path::new(written).file_name().map_or(Path::new(""), Path::new);
        let relative = if reading.recorded { name } else { Path::new(written) };
        let path = reading.trace_dir.join(relative);
        let fail = |what: String| Problem::at(span, format!("cannot use {written:?}: {what}"));
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) => return reading.report(fail(error.to_string())),
        };
        if OF_THE_RECORD.contains(&name.to_string_lossy().as_ref()) {
            let hint = "rename the file: a recording keeps a copy of it";
            return reading
                .report(fail("every recording has a file of this name".to_owned()).hint(hint));
        }
        let same = |other: &String| Path::new(other).file_name() == Some(name.as_os_str());
        if self.files.iter().any(same) {
            let hint = "rename one: a recording keeps copies of both";
            return reading.report(fail("another file has this name".to_owned()).hint(hint));
        }
        let mut inner = Reading::new(reading.trace_dir, reading.recorded);
        let root = match node::parse(&text, 0) {
            Ok(root) => root,
            Err(problem) => return reading.report(within(&problem, written, &text, span)),
        };
        let folder = path.parent().map_or_else(PathBuf::new, Path::to_owned);
        if let Some(open) = keys::PROGRAMS_FILE.open(&root, &mut inner) {
            for node in open.tables(&keys::PROGRAM, &mut inner) {
                if let Some(program) = program(node, written, &folder, &mut inner) {
                    self.add(program, node.span, &mut inner);
                }
            }
            for node in open.tables(&keys::SERVICE, &mut inner) {
                self.add_service(node, written, &folder, &mut inner);
            }
        }
        for problem in &inner.problems {
            reading.report(within(problem, written, &text, span));
        }
        self.files.push(written.to_owned());
    }

    /// The strategies of a `[[strategy]]` table that names a program.
    pub(super) fn lower(&self, node: &Node, named: &Entry, reading: &mut Reading) -> Option<Table> {
        let Kind::Text(name) = &named.node.kind else {
            let found = named.node.describe();
            let what = format!("`{PROGRAM_KEY}` must be the name of a program, found {found}");
            let hint = "for example: program = \"aiohttp\"";
            reading.report(Problem::at(named.node.span, what).hint(hint));
            return None;
        };
        let Some(program) = self.all.iter().find(|program| program.name == *name) else {
            let what = format!("there is no program {name:?}");
            let problem = Problem::at(named.node.span, what);
            reading.report(match self.all.as_slice() {
                [] => problem.hint("add a table [[program]], or programs = [\"…\"] at the top"),
                all => problem.known(name, all.iter().map(|program| program.name.as_str())),
            });
            return None;
        };
        let before = reading.problems.len();
        let Kind::Table(entries) = &node.kind else { return None };
        for entry in entries.iter().filter(|entry| entry.key != PROGRAM_KEY) {
            check_key(entry, program, reading);
        }
        let whose = format!("the program `{}`", program.name);
        let factor = Factor::Settings;
        let settings = settings(node, &whose, &program.settings, factor, named.key_span, reading);
        if reading.problems.len() > before {
            return None;
        }
        // All that the factors read: what is written of them, and the settings as one of them.
        let of_factor = |entry: &&Entry| FACTORS.iter().any(|factor| factor.name() == entry.key);
        let mut factors: Vec<Entry> = entries.iter().filter(of_factor).cloned().collect();
        factors.extend(settings);
        let lowered = Node { kind: Kind::Table(factors), span: node.span };
        let is_written = |factor: &Factor| lowered.get(factor.name()).is_some();
        let written = factor::of_strategy()
            .filter(|(factor, _)| FACTORS.contains(factor) && is_written(factor));
        let mut start = Strategy::of_program(name, program.clone());
        if let (Some(program), true) = (&mut start.program, is_written(&Factor::Reuse)) {
            // The list of its values says which.
            program.reuse = Some(start.reuse);
        }
        let open = Open { node: &lowered, span: lowered.span };
        let lists = Lists::read(written, &open, &start, reading);
        Some(Table { lists, start, span: node.span })
    }
}

/// A problem in a file of programs, told at the place that names the file.
fn within(problem: &Problem, file: &str, text: &str, span: Span) -> Problem {
    let line = problem.span.map(|at| 1 + text[..at.start.min(text.len())].matches('\n').count());
    let line = line.map_or_else(String::new, |line| format!(", line {line}"));
    let told = Problem::at(span, format!("{file}{line}: {}", problem.message));
    Problem { notes: problem.notes.clone(), hint: problem.hint.clone(), ..told }
}

fn program(node: &Node, file: &str, folder: &Path, reading: &mut Reading) -> Option<Program> {
    let table = keys::PROGRAM.table.open(node, reading)?;
    let before = reading.problems.len();
    let name = table.one(&keys::PROGRAM_NAME, reading);
    let run = table.one(&keys::RUN, reading);
    let version = table.one(&keys::VERSION, reading);
    let files = table.one(&keys::FILES, reading);
    let settings = table.one(&keys::SETTINGS, reading);
    let index_by = table.one(&keys::INDEX_BY, reading);
    let reuse = table.one(&keys::PROGRAM_REUSE, reading);
    let install = table.one(&keys::INSTALL, reading);
    check_name(name.as_ref(), "a program", reading);
    check_settings(settings.as_ref(), reading);
    let program = Program {
        name: name.map(|name| name.value).unwrap_or_default(),
        file: file.to_owned(),
        folder: folder.to_owned(),
        run: words(&run),
        version: words(&version),
        files: words(&files),
        settings: settings.map(|s| s.value).unwrap_or_default(),
        index_by: index_by.map(|by| by.value).unwrap_or_default(),
        reuse: reuse.map(|reuse| reuse.value),
        install: install.map(|line| line.value),
    };
    check_placeholders([&run, &version], &PLACEHOLDERS, &program.settings, reading);
    (reading.problems.len() == before).then_some(program)
}

/// Reports a key that a strategy with this program cannot have.
fn check_key(entry: &Entry, program: &Program, reading: &mut Reading) {
    let key = entry.key.as_str();
    if program.settings.contains_key(key) || FACTORS.iter().any(|factor| factor.name() == key) {
        return;
    }
    if keys::STRATEGY.table.keys().any(|known| known.name() == key) {
        let what =
            format!("`{key}` is for inflight's own clients, and this strategy has a program");
        let hint =
            format!("remove `{key}` or `{PROGRAM_KEY}`; what a program does is up to its settings");
        return reading.report(Problem::at(entry.key_span, what).hint(hint));
    }
    let what = format!("unknown key `{key}` in a [[strategy]] with the program `{}`", program.name);
    let factors = FACTORS.iter().map(|factor| factor.name());
    let known = factors.chain(program.settings.keys().map(String::as_str));
    reading.report(Problem::at(entry.key_span, what).known(key, known));
}

/// The product of the lists of settings, as the values of one factor; `None` if there are no settings.
fn settings(
    node: &Node,
    whose: &str,
    choices: &Choices,
    factor: Factor,
    named: Span,
    reading: &mut Reading,
) -> Option<Entry> {
    let mut all = vec![(Settings::default(), named)];
    for (name, allowed) in choices {
        let Some(entry) = node.get(name) else {
            let what = format!("{whose} needs a value for `{name}`");
            let hint = format!("for example: {name} = {:?}", allowed[0]);
            reading.report(Problem::at(named, what).hint(hint));
            continue;
        };
        let nodes = match &entry.node.kind {
            Kind::List(nodes) => nodes.as_slice(),
            _ => std::slice::from_ref(&entry.node),
        };
        let mut values: Vec<(String, Span)> = Vec::new();
        for node in nodes {
            match setting(node) {
                Some(value) if values.iter().any(|(other, _)| *other == value) => {
                    reading
                        .report(Problem::at(node.span, format!("`{name}` holds this value twice")));
                }
                Some(value) if allowed.contains(&value) => values.push((value, node.span)),
                value => {
                    let what = match value {
                        Some(value) => format!("`{name}` cannot be {value:?}"),
                        None => format!("`{name}` cannot be {}", node.describe()),
                    };
                    let known = format!("known: {}", allowed.join(", "));
                    reading.report(Problem::at(node.span, what).note(known));
                }
            }
        }
        if nodes.is_empty() {
            let what = format!("`{name}` is an empty list, so nothing would be run");
            reading.report(Problem::at(entry.node.span, what));
        }
        let with = |(settings, _): &(Settings, Span), (value, span): &(String, Span)| {
            let mut settings = settings.clone();
            settings.0.insert(name.clone(), value.clone());
            (settings, *span)
        };
        all = all.iter().flat_map(|before| values.iter().map(move |v| with(before, v))).collect();
    }
    if choices.is_empty() {
        return None;
    }
    let text = |(settings, span): &(Settings, Span)| Node {
        kind: Kind::Text(settings.to_string()),
        span: *span,
    };
    let node = Node { kind: Kind::List(all.iter().map(text).collect()), span: named };
    Some(Entry { key: factor.name().to_owned(), key_span: named, node })
}
