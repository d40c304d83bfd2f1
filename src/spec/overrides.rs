//! `--set path.to.key=value`: values of the command line in place of those of the file.

use toml_edit::Key;

use super::error::{Problem, Span, nearest};
use super::key::{Inside, TableForm};
use super::keys;
use super::node::{self, Entry, Kind, Node};

/// Applies overrides, each with its `--set ` in front, in order. What cannot be applied is
/// returned; override `i` is text number `i + 1` of the experiment.
pub(super) fn apply(root: &mut Node, overrides: &[String]) -> Vec<Problem> {
    let apply_one = |(i, text): (usize, &String)| Override::parse(text, i + 1)?.apply(root);
    overrides.iter().enumerate().map(apply_one).filter_map(Result::err).collect()
}

const PREFIX: &str = "--set ";

/// A change of one value.
struct Override {
    path: Vec<String>,
    path_span: Span,
    value: Node,
}

impl Override {
    fn parse(text: &str, source: usize) -> Result<Override, Problem> {
        let whole = Span { source, start: PREFIX.len(), end: text.len() };
        let shape = "for example: --set workload.requests=1000";
        let body = &text[PREFIX.len()..];
        let Some(equals) = equals_sign(body) else {
            return Err(Problem::at(whole, "an override is path.to.key=value").hint(shape));
        };
        let path_span = Span { end: PREFIX.len() + equals, ..whole };
        let path = Key::parse(&body[..equals]).map_err(|error| {
            let what = format!("this is not a path of keys: {}", node::message(&error));
            let hint = "quote a label that is more than one word: strategy.\"my label\".limit=5";
            Problem::at(path_span, what).hint(hint)
        })?;
        let start = PREFIX.len() + equals + 1;
        let value = value(&text[start..], Span { start, ..whole })?;
        Ok(Override { path: path.iter().map(|k| k.get().to_owned()).collect(), path_span, value })
    }

    fn apply(self, root: &mut Node) -> Result<(), Problem> {
        let (last, path) = self.path.split_last().expect("a path has a key");
        let mut place = Place { node: root, inside: Inside::Table(&keys::FILE) };
        for segment in path {
            place = self.step(place, segment)?;
        }
        self.replace_rival(&mut place, last);
        let entry = self.entry(place, last)?;
        entry.node = self.value;
        Ok(())
    }

    /// Goes from a table or list to what a segment of the path names in it.
    fn step<'n>(&self, mut place: Place<'n>, segment: &str) -> Result<Place<'n>, Problem> {
        if let Inside::Tables(table) = place.inside {
            return self.table_of_list(place.node, table, segment);
        }
        let inside = self.inside(place.inside, segment)?;
        self.replace_rival(&mut place, segment);
        let entry = self.entry(place, segment)?;
        Ok(Place { node: &mut entry.node, inside })
    }

    /// A key that excludes another takes its place: the last word is that of the command line.
    fn replace_rival(&self, place: &mut Place, key: &str) {
        let (Inside::Table(table), Kind::Table(entries)) = (place.inside, &mut place.node.kind)
        else {
            return;
        };
        for &(one, other) in table.either {
            let rival = if key == one {
                other
            } else if key == other {
                one
            } else {
                continue;
            };
            entries.retain(|entry| entry.key != rival);
        }
    }

    /// The inside of a key's value; an unknown key is an error.
    fn inside(&self, inside: Inside, segment: &str) -> Result<Inside, Problem> {
        let Inside::Table(table) = inside else { return Ok(Inside::Open) };
        match table.keys().find(|k| k.name() == segment) {
            Some(key) => Ok(key.inside()),
            None => {
                let what = format!("there is no key `{segment}` in {}", table.title);
                let known = table.keys().map(super::key::AnyKey::name);
                let problem = Problem::at(self.path_span, what).known(segment, known);
                let elsewhere = keys::tables_with(segment);
                Err(match (&problem.hint, elsewhere.as_slice()) {
                    (None, [_, ..]) => {
                        let places = elsewhere.join(" and ");
                        problem.hint(format!("`{segment}` is a key of {places}"))
                    }
                    _ => problem,
                })
            }
        }
    }

    /// The key of a table, made if it is not there.
    fn entry<'n>(&self, place: Place<'n>, segment: &str) -> Result<&'n mut Entry, Problem> {
        if let Inside::Tables(table) = place.inside {
            let what = format!("{} is a list: name a table of it and a key", table.title);
            let hint = format!("by number from 0, as in --set {}.0.key=value", self.path[0]);
            return Err(Problem::at(self.path_span, what).hint(hint));
        }
        self.inside(place.inside, segment)?;
        let found = place.node.describe();
        let Kind::Table(entries) = &mut place.node.kind else {
            let what = format!("`{segment}` cannot be set: its place is not a table but {found}");
            return Err(Problem::at(self.path_span, what).hint("set the whole value instead"));
        };
        let index = entries.iter().position(|e| e.key == segment).unwrap_or_else(|| {
            let node = Node { kind: Kind::Table(Vec::new()), span: self.path_span };
            entries.push(Entry { key: segment.to_owned(), key_span: self.path_span, node });
            entries.len() - 1
        });
        Ok(&mut entries[index])
    }

    /// A table of a list, by its number or its label.
    fn table_of_list<'n>(
        &self,
        node: &'n mut Node,
        table: &'static TableForm,
        segment: &str,
    ) -> Result<Place<'n>, Problem> {
        let Kind::List(nodes) = &mut node.kind else {
            let what = format!("the experiment has no {}", table.title);
            return Err(Problem::at(self.path_span, what));
        };
        let names: Vec<Option<String>> = nodes.iter().map(name).collect();
        let named: Vec<usize> = match segment.parse::<usize>() {
            Ok(index) if index < nodes.len() => vec![index],
            _ => (0..nodes.len()).filter(|i| names[*i].as_deref() == Some(segment)).collect(),
        };
        match named.as_slice() {
            [index] => Ok(Place { node: &mut nodes[*index], inside: Inside::Table(table) }),
            [] => {
                let what = format!("there is no {} `{segment}`", table.title);
                let shown = names.iter().enumerate().map(|(i, name)| match name {
                    Some(name) => format!("{i} ({name})"),
                    None => i.to_string(),
                });
                let shown = shown.collect::<Vec<_>>().join(", ");
                let problem = Problem::at(self.path_span, what).note(format!("there are: {shown}"));
                let near = nearest(segment, names.iter().flatten().map(String::as_str));
                Err(match near {
                    Some(name) => problem.hint(format!("did you mean `{name}`?")),
                    None => problem,
                })
            }
            several => {
                let what =
                    format!("{} tables {} are called `{segment}`", several.len(), table.title);
                let numbers: Vec<String> = several.iter().map(ToString::to_string).collect();
                let hint = format!("name one by its number: {}", numbers.join(" or "));
                Err(Problem::at(self.path_span, what).hint(hint))
            }
        }
    }
}

/// Place that a path has come to.
struct Place<'n> {
    node: &'n mut Node,
    inside: Inside,
}

/// The label of a strategy, given or by default.
fn name(table: &Node) -> Option<String> {
    let entry = table.get("label").or_else(|| table.get("model"))?;
    match &entry.node.kind {
        Kind::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// The first `=` outside quotes.
fn equals_sign(text: &str) -> Option<usize> {
    let mut quote = None;
    for (i, c) in text.char_indices() {
        match (quote, c) {
            (None, '=') => return Some(i),
            (None, '"' | '\'') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
    }
    None
}

/// A value in TOML, or a bare word, which is a string: `record=all`, `delay=10ms`.
fn value(text: &str, span: Span) -> Result<Node, Problem> {
    let text_trimmed = text.trim();
    if text_trimmed.is_empty() {
        let hint = "for an empty string write two quotes";
        return Err(Problem::at(span, "an override needs a value").hint(hint));
    }
    let is_toml = text_trimmed.starts_with(['[', '{', '"', '\'']);
    match node::parse(&format!("value={text}"), span.source) {
        Ok(Node { kind: Kind::Table(mut entries), .. }) if entries.len() == 1 => {
            let mut node = entries.remove(0).node;
            shift(&mut node, span.start - "value=".len());
            Ok(node)
        }
        Err(problem) if is_toml => {
            let place = problem.span.unwrap_or(span);
            let moved = span.start.saturating_sub("value=".len());
            let place = Span { start: place.start + moved, end: place.end + moved, ..span };
            Err(Problem { span: Some(place), ..problem })
        }
        _ => Ok(Node { kind: Kind::Text(text_trimmed.to_owned()), span }),
    }
}

/// Moves the places of a value that was parsed alone to where it stands in its override.
fn shift(node: &mut Node, by: usize) {
    let moved = |span: Span| Span { start: span.start + by, end: span.end + by, ..span };
    node.span = moved(node.span);
    match &mut node.kind {
        Kind::List(nodes) => nodes.iter_mut().for_each(|n| shift(n, by)),
        Kind::Table(entries) => {
            for entry in entries {
                entry.key_span = moved(entry.key_span);
                shift(&mut entry.node, by);
            }
        }
        _ => {}
    }
}
