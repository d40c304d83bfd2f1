//! Keys and tables of the experiment file, and how a table is read by them.

use std::path::Path;

use serde_json::Value;

use super::error::{Problem, Span};
use super::node::{Kind, Node};

/// State of reading: the problems so far, and the key that errors name.
pub(super) struct Reading<'a> {
    pub(super) problems: Vec<Problem>,
    /// The folder that traces are read from.
    pub(super) trace_dir: &'a Path,
    /// Whether the file is that of a recording.
    pub(super) recorded: bool,
    /// Names of the programs that strategies may have.
    pub(super) programs: Vec<String>,
    /// The key whose value is being read.
    key: &'static str,
    /// Meaning of the key's absence, if it is optional and has no value then.
    otherwise: Option<&'static str>,
}

impl<'a> Reading<'a> {
    pub(super) fn new(trace_dir: &'a Path, recorded: bool) -> Reading<'a> {
        Reading {
            problems: Vec::new(),
            trace_dir,
            recorded,
            programs: Vec::new(),
            key: "",
            otherwise: None,
        }
    }

    /// Whether a word names a program, or what all of them have as their model.
    pub(super) fn is_of_program(&self, word: &str) -> bool {
        self.programs.iter().any(|name| name == word)
            || (word == crate::strategy::PROGRAM_MODEL && !self.programs.is_empty())
    }

    pub(super) fn report(&mut self, problem: Problem) {
        self.problems.push(problem);
    }

    /// Reports that a value is of the wrong type or outside its range.
    pub(super) fn unfit(&mut self, node: &Node, expected: &str, example: &str) {
        let problem = self.unfitting(node, expected, example);
        self.report(problem);
    }

    /// Reports that a value is of the wrong type or outside its range, with a note that says why.
    pub(super) fn unfit_since(&mut self, node: &Node, expected: &str, example: &str, why: String) {
        let problem = self.unfitting(node, expected, example);
        self.report(problem.note(why));
    }

    fn unfitting(&self, node: &Node, expected: &str, example: &str) -> Problem {
        let key = self.key;
        let what = format!("`{key}` must be {expected}, found {}", node.describe());
        let problem = Problem::at(node.span, what);
        let problem = problem.hint(format!("for example: {key} = {example}"));
        match self.otherwise {
            // Whoever writes zero may mean that there is to be no such thing.
            Some(otherwise) if node.is_zero() => {
                problem.note(format!("without `{key}`: {otherwise}"))
            }
            _ => problem,
        }
    }

    /// Reads with another key's name in the errors.
    pub(super) fn within<T>(&mut self, key: &'static str, read: impl FnOnce(&mut Self) -> T) -> T {
        let outer = std::mem::replace(&mut self.key, key);
        let otherwise = self.otherwise.take();
        let value = read(self);
        (self.key, self.otherwise) = (outer, otherwise);
        value
    }

    /// Reads with the name of a table's key in the errors, and with the meaning of its absence.
    fn within_key<F, T>(&mut self, key: &Key<F>, read: impl FnOnce(&mut Self) -> T) -> T {
        self.within(key.name, |reading| {
            if let Presence::Otherwise(otherwise) = key.presence {
                reading.otherwise = Some(otherwise);
            }
            read(reading)
        })
    }

    pub(super) fn key(&self) -> &'static str {
        self.key
    }
}

/// A value and its place.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed<T> {
    pub(super) value: T,
    pub(super) span: Span,
}

/// Form of a value: how it is read, and how the schema and the reference describe it.
pub(super) trait Form: Sync {
    /// The value that is read.
    type Value;
    /// Reads one value, or reports why not.
    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Self::Value>;
    /// Half a sentence: "a duration of at least 1ms".
    fn expected(&self) -> String;
    /// A valid value, in TOML.
    fn example(&self) -> &'static str;
    /// Its JSON schema.
    fn schema(&self) -> Value;
    /// The inside of the value, for the path of an override.
    fn inside(&self) -> Inside {
        Inside::Nothing
    }
}

/// A form whose values have one text each, as [`super::Factor::value`] gives it.
pub(super) trait Canonical: Form<Value: Clone> {
    fn canonical(&self, value: &Self::Value) -> String;
}

/// Inside of a key's value.
#[derive(Clone, Copy)]
pub(super) enum Inside {
    /// A value.
    Nothing,
    /// A table of keys that the value's own reader checks.
    Open,
    /// A table.
    Table(&'static TableForm),
    /// A list of tables.
    Tables(&'static TableForm),
}

/// Whether a key must be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Required,
    Optional,
    /// The value that it has otherwise, in TOML; read like any other.
    Default(&'static str),
    /// Optional; the words say what holds otherwise.
    Otherwise(&'static str),
}

/// A key of a table.
pub(super) struct Key<F> {
    pub(super) name: &'static str,
    pub(super) doc: &'static str,
    pub(super) form: F,
    pub(super) presence: Presence,
    pub(super) many: bool,
}

impl<F> Key<F> {
    pub(super) const fn required(name: &'static str, form: F, doc: &'static str) -> Key<F> {
        Key { name, doc, form, presence: Presence::Required, many: false }
    }

    pub(super) const fn optional(name: &'static str, form: F, doc: &'static str) -> Key<F> {
        Key { name, doc, form, presence: Presence::Optional, many: false }
    }

    /// An optional key without a value of its own: `otherwise` says what holds then.
    pub(super) const fn otherwise(mut self, otherwise: &'static str) -> Key<F> {
        self.presence = Presence::Otherwise(otherwise);
        self
    }

    pub(super) const fn default(mut self, toml: &'static str) -> Key<F> {
        self.presence = Presence::Default(toml);
        self
    }

    /// A list of values is allowed too.
    pub(super) const fn many(mut self) -> Key<F> {
        self.many = true;
        self
    }
}

/// A key without the type of its value, for everything but reading it.
pub(super) trait AnyKey: Sync {
    fn name(&self) -> &'static str;
    fn doc(&self) -> &'static str;
    fn presence(&self) -> Presence;
    fn many(&self) -> bool;
    fn expected(&self) -> String;
    fn example(&self) -> &'static str;
    /// The schema of one value; `None` of a table, which has that of its keys.
    fn schema(&self) -> Option<Value>;
    fn inside(&self) -> Inside;
}

impl<F: Form> AnyKey for Key<F> {
    fn name(&self) -> &'static str {
        self.name
    }
    fn doc(&self) -> &'static str {
        self.doc
    }
    fn presence(&self) -> Presence {
        self.presence
    }
    fn many(&self) -> bool {
        self.many
    }
    fn expected(&self) -> String {
        self.form.expected()
    }
    fn example(&self) -> &'static str {
        self.form.example()
    }
    fn schema(&self) -> Option<Value> {
        Some(self.form.schema())
    }
    fn inside(&self) -> Inside {
        self.form.inside()
    }
}

/// A table of the file: its name and its keys.
pub(super) struct TableForm {
    /// As errors name it: `[workload]`.
    pub(super) title: &'static str,
    pub(super) doc: &'static str,
    pub(super) keys: fn() -> Vec<&'static dyn AnyKey>,
    /// Pairs of optional keys of which only one may be written.
    pub(super) either: &'static [(&'static str, &'static str)],
}

/// A table that is there: its unknown and missing keys are reported.
pub(super) struct Open<'n> {
    pub(super) node: &'n Node,
    pub(super) span: Span,
}

impl TableForm {
    pub(super) fn keys(&self) -> impl Iterator<Item = &'static dyn AnyKey> + use<> {
        (self.keys)().into_iter()
    }
}

impl<'n> Open<'n> {
    /// The value of a key, or its default. `None` if it is absent or bad (and reported).
    pub(super) fn one<F: Form>(
        &self,
        key: &Key<F>,
        reading: &mut Reading,
    ) -> Option<Placed<F::Value>> {
        let node = self.written_or_default(key)?;
        let value = reading.within_key(key, |r| key.form.read(&node, r))?;
        Some(Placed { value, span: node.span })
    }

    /// The values of a key, several if it may hold a list. Empty if it is absent or bad (and reported).
    pub(super) fn many<F: Canonical>(
        &self,
        key: &Key<F>,
        reading: &mut Reading,
    ) -> Vec<Placed<F::Value>> {
        let Some(node) = self.written_or_default(key) else { return Vec::new() };
        reading.within_key(key, |r| {
            let mut seen = std::collections::HashMap::new();
            let mut values = Vec::new();
            let single = std::slice::from_ref(&*node);
            let nodes = if key.many { items(&node, key.form.example(), r) } else { single };
            for node in nodes {
                let Some(value) = key.form.read(node, r) else { continue };
                if let Some(first) = seen.insert(key.form.canonical(&value), node.span) {
                    let what = format!("`{}` holds this value twice", key.name);
                    r.report(Problem::at(node.span, what).also("first", first));
                }
                values.push(Placed { value, span: node.span });
            }
            values
        })
    }

    /// The table behind a key.
    pub(super) fn table(&self, key: &str) -> Option<&'n Node> {
        self.node.get(key).map(|e| &e.node)
    }

    /// The tables behind a key; a single one is an error.
    pub(super) fn tables(&self, section: &Section, reading: &mut Reading) -> Vec<&'n Node> {
        let Some(entry) = self.node.get(section.name) else { return Vec::new() };
        match &entry.node.kind {
            Kind::List(nodes) => nodes.iter().collect(),
            _ => {
                let title = section.table.title;
                let what = format!(
                    "`{}` is a list of tables, found {}",
                    section.name,
                    entry.node.describe()
                );
                let hint = format!("write {title}, in double brackets");
                reading.report(Problem::at(entry.node.span, what).hint(hint));
                Vec::new()
            }
        }
    }

    fn written_or_default<F>(&self, key: &Key<F>) -> Option<std::borrow::Cow<'n, Node>> {
        use std::borrow::Cow;
        match (self.node.get(key.name), key.presence) {
            (Some(entry), _) => Some(Cow::Borrowed(&entry.node)),
            (None, Presence::Default(toml)) => {
                let mut table = super::node::parse(&format!("default = {toml}"), 0).ok()?;
                let Kind::Table(entries) = &mut table.kind else { return None };
                // A default has no place of its own: errors point at the table that relies on it.
                Some(Cow::Owned(Node { span: self.span, ..entries.pop()?.node }))
            }
            (None, _) => None,
        }
    }
}

/// The items of a list, or the value itself.
pub(super) fn items<'n>(node: &'n Node, example: &str, reading: &mut Reading) -> &'n [Node] {
    match &node.kind {
        Kind::List(nodes) => {
            if nodes.is_empty() {
                let key = reading.key();
                let what = format!("`{key}` is an empty list, so nothing would be run or selected");
                let hint = format!("write at least one value: {key} = {example}");
                reading.report(Problem::at(node.span, what).hint(hint));
            }
            nodes
        }
        _ => std::slice::from_ref(node),
    }
}

/// A key that holds a table of its own, or several.
pub(super) struct Section {
    pub(super) name: &'static str,
    pub(super) presence: Presence,
    pub(super) table: &'static TableForm,
    /// `[[name]]` instead of `[name]`.
    pub(super) many: bool,
}

impl AnyKey for Section {
    fn name(&self) -> &'static str {
        self.name
    }
    fn doc(&self) -> &'static str {
        self.table.doc
    }
    fn presence(&self) -> Presence {
        self.presence
    }
    fn many(&self) -> bool {
        false
    }
    fn expected(&self) -> String {
        if self.many { "tables".to_owned() } else { "a table".to_owned() }
    }
    fn example(&self) -> &'static str {
        self.table.title
    }
    fn schema(&self) -> Option<Value> {
        None
    }
    fn inside(&self) -> Inside {
        if self.many { Inside::Tables(self.table) } else { Inside::Table(self.table) }
    }
}
