//! Opening a table: its unknown and missing keys are reported.

use std::fmt::Write as _;

use crate::spec::error::{Problem, nearest};
use crate::spec::key::{AnyKey, Inside, Open, Presence, Reading, TableForm};
use crate::spec::keys;
use crate::spec::node::{Entry, Kind, Node};

impl TableForm {
    /// Checks the keys of a table. `None` if it is none.
    pub(super) fn open<'n>(&self, node: &'n Node, reading: &mut Reading) -> Option<Open<'n>> {
        let Kind::Table(entries) = &node.kind else {
            let what = format!("{} is a table, found {}", self.title, node.describe());
            let hint = match &node.kind {
                Kind::List(_) => format!("write {} once, in single brackets", self.title),
                _ => format!("write {} on a line of its own, its keys below", self.title),
            };
            reading.report(Problem::at(node.span, what).hint(hint));
            return None;
        };
        // A key that is misspelt is one error: it is not missing as well.
        let meant: Vec<&str> =
            entries.iter().filter_map(|e| self.check_known(e, reading)).collect();
        let missing: Vec<&dyn AnyKey> = self
            .keys()
            .filter(|k| k.presence() == Presence::Required && node.get(k.name()).is_none())
            .filter(|k| !meant.contains(&k.name()))
            .collect();
        if !missing.is_empty() {
            self.report_missing(node, &missing, reading);
        }
        for (one, other) in self.either {
            if let (Some(first), Some(second)) = (node.get(one), node.get(other)) {
                let what = format!("{} has both `{one}` and `{other}`", self.title);
                let problem = Problem::at(second.key_span, what).also("the first", first.key_span);
                reading.report(problem.hint(format!("remove `{one}` or `{other}`")));
            }
        }
        Some(Open { node, span: node.span })
    }

    /// Reports an unknown key, and returns the key that was probably meant.
    fn check_known(&self, entry: &Entry, reading: &mut Reading) -> Option<&'static str> {
        let names = || self.keys().map(AnyKey::name);
        if names().any(|name| name == entry.key) {
            return None;
        }
        let what = format!("unknown key `{}` in {}", entry.key, self.title);
        let problem = Problem::at(entry.key_span, what).known(&entry.key, names());
        let elsewhere = keys::tables_with(&entry.key);
        reading.report(match (&problem.hint, elsewhere.as_slice()) {
            (None, [_, ..]) => {
                let places = elsewhere.join(" and ");
                problem.hint(format!("`{}` is a key of {places}", entry.key))
            }
            _ => problem,
        });
        nearest(&entry.key, names())
    }

    fn report_missing(&self, node: &Node, missing: &[&dyn AnyKey], reading: &mut Reading) {
        let names: Vec<String> = missing.iter().map(|k| format!("`{}`", k.name())).collect();
        let mut example = String::new();
        for key in missing {
            let separator = if example.is_empty() { "" } else { "; " };
            let line = match key.inside() {
                Inside::Table(table) | Inside::Tables(table) => table.title.to_owned(),
                _ => format!("{} = {}", key.name(), key.example()),
            };
            let _ = write!(example, "{separator}{line}");
        }
        let plural = if names.len() == 1 { "" } else { "s" };
        let what = format!("{} lacks the key{plural} {}", self.title, names.join(", "));
        reading.report(Problem::at(node.span, what).hint(format!("add, for example: {example}")));
    }
}
