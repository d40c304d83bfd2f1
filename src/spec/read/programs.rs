//! Programs, and the strategies that name one.

use std::path::{Path, PathBuf};

use super::lists::{Lists, Table};
use crate::spec::error::{Problem, Span};
use crate::spec::forms::setting;
use crate::spec::key::{Open, Placed, Reading};
use crate::spec::node::{self, Entry, Kind, Node};
use crate::spec::{Factor, factor, keys};
use crate::strategy::program::placeholders;
use crate::strategy::{Program, Settings, Strategy};

/// The programs that an experiment may name, and the files that it has them from.
#[derive(Default)]
pub(super) struct Programs {
    pub(super) all: Vec<Program>,
    pub(super) files: Vec<String>,
}

/// TOML files that a recording has of its own.
const OF_THE_RECORD: [&str; 2] = ["experiment.toml", "machine.toml"];

/// Key of a strategy that names its program.
const KEY: &str = "program";

/// Factors that a strategy with a program may have.
const FACTORS: [Factor; 9] = [
    Factor::Label,
    Factor::Limit,
    Factor::MaxConnections,
    Factor::Timeout,
    Factor::Nofile,
    Factor::Ports,
    Factor::Memory,
    Factor::Reuse,
    Factor::Settings,
];

/// Reads `programs` and `[[program]]`.
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
    reading.programs = programs.all.iter().map(|program| program.name.clone()).collect();
    programs
}

impl Programs {
    fn add(&mut self, program: Program, span: Span, reading: &mut Reading) {
        if self.all.iter().any(|other| other.name == program.name) {
            let what = format!("there are two programs `{}`", program.name);
            reading.report(Problem::at(span, what).hint("give each program a name of its own"));
        } else {
            self.all.push(program);
        }
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
            let what = format!("`{KEY}` must be the name of a program, found {found}");
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
        for entry in entries.iter().filter(|entry| entry.key != KEY) {
            check_key(entry, program, reading);
        }
        let settings = settings(node, program, named.key_span, reading);
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
    if let Some(name) = &name
        && !name.value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    {
        let what = format!("{:?} is no name of a program", name.value);
        reading.report(Problem::at(name.span, what).hint("use letters, digits, `-`, `_` and `.`"));
    }
    for (setting, span) in settings.iter().flat_map(|s| s.value.keys().map(|key| (key, s.span))) {
        let is_factor = Factor::ALL.iter().any(|factor| factor.name() == setting);
        if is_factor || setting == KEY {
            let what = format!("`{setting}` is a key of every strategy");
            reading.report(Problem::at(span, what).hint("give the setting another name"));
        }
    }
    let words = |list: &Option<Placed<Vec<String>>>| {
        list.as_ref().map(|l| l.value.clone()).unwrap_or_default()
    };
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
    for list in [&run, &version].into_iter().flatten() {
        for word in &list.value {
            for name in placeholders(word).into_iter().filter(|name| !program.knows(name)) {
                let what = format!("{word:?} has a placeholder that means nothing: `{{{name}}}`");
                let all = crate::strategy::program::PLACEHOLDERS.iter().map(|(known, _)| *known);
                let interpreters =
                    crate::strategy::program::INTERPRETERS.iter().map(|(known, _)| *known);
                let settings = program.settings.keys().map(String::as_str);
                reading.report(
                    Problem::at(list.span, what)
                        .known(name, all.chain(interpreters).chain(settings)),
                );
            }
        }
    }
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
        let hint = format!("remove `{key}` or `{KEY}`; what a program does is up to its settings");
        return reading.report(Problem::at(entry.key_span, what).hint(hint));
    }
    let what = format!("unknown key `{key}` in a [[strategy]] with the program `{}`", program.name);
    let factors = FACTORS.iter().map(|factor| factor.name());
    let known = factors.chain(program.settings.keys().map(String::as_str));
    reading.report(Problem::at(entry.key_span, what).known(key, known));
}

/// The product of the lists of a program's settings, as the values of one key; `None` if it has none.
fn settings(node: &Node, program: &Program, named: Span, reading: &mut Reading) -> Option<Entry> {
    let mut all = vec![(Settings::default(), named)];
    for (name, allowed) in &program.settings {
        let Some(entry) = node.get(name) else {
            let what = format!("the program `{}` needs a value for `{name}`", program.name);
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
    if program.settings.is_empty() {
        return None;
    }
    let text = |(settings, span): &(Settings, Span)| Node {
        kind: Kind::Text(settings.to_string()),
        span: *span,
    };
    let node = Node { kind: Kind::List(all.iter().map(text).collect()), span: named };
    Some(Entry { key: Factor::Settings.name().to_owned(), key_span: named, node })
}
