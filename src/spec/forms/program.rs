//! Forms of the values of `[[program]]`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::spec::key::{Canonical, Form, Inside, Reading};
use crate::spec::node::{Kind, Node};
use crate::strategy::Settings;

/// The words of a command.
pub(in crate::spec) struct WordList {
    pub(in crate::spec) example: &'static str,
}

impl Form for WordList {
    type Value = Vec<String>;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Vec<String>> {
        let words = match &node.kind {
            Kind::List(nodes) if !nodes.is_empty() => nodes.iter().map(word).collect(),
            _ => None,
        };
        if words.is_none() {
            reading.unfit(node, &self.expected(), self.example);
        }
        words
    }

    fn expected(&self) -> String {
        "a list of words, not empty".to_owned()
    }

    fn example(&self) -> &'static str {
        self.example
    }

    fn schema(&self) -> Value {
        json!({ "type": "array", "items": { "type": "string", "minLength": 1 }, "minItems": 1 })
    }
}

/// A text that a command can be given: not empty, without a null character.
fn word(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Text(text) if !text.is_empty() && !text.contains('\0') => Some(text.clone()),
        _ => None,
    }
}

/// The path of a file, relative to the experiment.
pub(in crate::spec) struct FileName;

impl Form for FileName {
    type Value = String;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<String> {
        let path = word(node).filter(|path| !path.ends_with('/'));
        if path.is_none() {
            reading.unfit(node, &self.expected(), self.example());
        }
        path
    }

    fn expected(&self) -> String {
        "the path of a TOML file".to_owned()
    }

    fn example(&self) -> &'static str {
        "\"../programs/python.toml\""
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "minLength": 1 })
    }
}

impl Canonical for FileName {
    fn canonical(&self, value: &String) -> String {
        value.clone()
    }
}

/// Keys of a program's own, each with its values.
pub(in crate::spec) struct Choices;

impl Form for Choices {
    type Value = BTreeMap<String, Vec<String>>;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Self::Value> {
        let choices = match &node.kind {
            Kind::Table(entries) => entries
                .iter()
                .map(|entry| {
                    let Kind::List(nodes) = &entry.node.kind else { return None };
                    let values = nodes.iter().map(setting).collect::<Option<Vec<_>>>()?;
                    (is_setting(&entry.key) && !values.is_empty())
                        .then(|| (entry.key.clone(), values))
                })
                .collect::<Option<BTreeMap<_, _>>>(),
            _ => None,
        };
        if choices.is_none() {
            reading.unfit(node, &self.expected(), self.example());
        }
        choices
    }

    fn expected(&self) -> String {
        "a table of names (lower-case letters, `-`, `_`), each with a list of values: words, numbers, true or false"
            .to_owned()
    }

    fn example(&self) -> &'static str {
        r#"{ session = ["shared", "per-request"] }"#
    }

    fn schema(&self) -> Value {
        json!({
            "type": "object",
            "additionalProperties": {
                "type": "array",
                "items": { "type": ["string", "integer", "boolean"] },
                "minItems": 1,
            },
        })
    }

    fn inside(&self) -> Inside {
        Inside::Open
    }
}

fn is_setting(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|c| c.is_ascii_lowercase() || "-_".contains(c))
}

/// One value of a setting, as text; `None` if it cannot be one.
pub(in crate::spec) fn setting(node: &Node) -> Option<String> {
    match &node.kind {
        Kind::Text(text) => {
            let fits =
                !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control());
            fits.then(|| text.clone())
        }
        Kind::Integer(n) => Some(n.to_string()),
        Kind::Bool(flag) => Some(flag.to_string()),
        _ => None,
    }
}

/// Values of a program's settings, as one text.
pub(in crate::spec) struct SettingsForm;

impl Form for SettingsForm {
    type Value = Settings;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Settings> {
        let settings = match &node.kind {
            Kind::Text(text) => Settings::parse(text),
            _ => None,
        };
        if settings.is_none() {
            reading.unfit(node, &self.expected(), self.example());
        }
        settings
    }

    fn expected(&self) -> String {
        "the values of a program's settings, `name=value` by name, with a space between two"
            .to_owned()
    }

    fn example(&self) -> &'static str {
        "\"session=shared\""
    }

    fn schema(&self) -> Value {
        json!({ "type": "string", "pattern": "^[^ =]+=[^ ]+( [^ =]+=[^ ]+)*$" })
    }
}

impl Canonical for SettingsForm {
    fn canonical(&self, value: &Settings) -> String {
        value.to_string()
    }
}
