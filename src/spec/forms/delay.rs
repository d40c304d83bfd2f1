//! The form of a delay: a duration, or a table with one model in it.

use serde_json::{Map, Value, json};

use super::{Duration, number};
use crate::delay::{
    Delay, Fixed, Given, LONGEST_NS, MODELS, Model, Part, Setting, SettingKind, Syntax, Written,
};
use crate::spec::error::Problem;
use crate::spec::key::{Canonical, Form, Inside, Reading};
use crate::spec::node::{Entry, Kind, Node};

/// A delay model with its settings.
pub(in crate::spec) struct DelayForm;

const DURATION: Duration = Duration { least: 0, most: LONGEST_NS, example: "\"10ms\"" };
/// A cap of nothing would make every delay zero.
const CAP: Duration = Duration { least: 1, most: LONGEST_NS, example: "\"10s\"" };

impl Form for DelayForm {
    type Value = Delay;

    fn read(&self, node: &Node, reading: &mut Reading) -> Option<Delay> {
        match &node.kind {
            Kind::Text(_) => {
                let ns = DURATION.read(node, reading)?;
                Some(Delay { model: Model::Fixed(Fixed { ns }), max_ns: None })
            }
            Kind::Table(entries) => {
                let model = model(node, entries, &["max"], reading);
                let max_ns = match node.get("max") {
                    Some(e) => Some(reading.within("max", |r| CAP.read(&e.node, r))?),
                    None => None,
                };
                Some(Delay { model: model?, max_ns })
            }
            _ => {
                reading.unfit(node, &self.expected(), self.example());
                None
            }
        }
    }

    fn expected(&self) -> String {
        "a duration or a table with a delay model".to_owned()
    }

    fn example(&self) -> &'static str {
        r#"{ uniform = ["10ms", "50ms"] }"#
    }

    fn schema(&self) -> Value {
        json!({ "$ref": "#/definitions/delay" })
    }

    fn inside(&self) -> Inside {
        Inside::Open
    }
}

impl Canonical for DelayForm {
    fn canonical(&self, value: &Delay) -> String {
        value.describe()
    }
}

/// The one model of a delay table; `besides` are the keys that may stand beside it.
fn model(
    node: &Node,
    entries: &[Entry],
    besides: &[&'static str],
    reading: &mut Reading,
) -> Option<Model> {
    let before = reading.problems.len();
    let written = |e: &Entry| MODELS.iter().find(|w| w.word == e.key);
    for entry in entries {
        if written(entry).is_none() && !besides.contains(&entry.key.as_str()) {
            let what = format!("there is no delay model `{}`", entry.key);
            let known = MODELS.iter().map(|w| w.word).chain(besides.iter().copied());
            reading.report(Problem::at(entry.key_span, what).known(&entry.key, known));
        }
    }
    let found: Vec<(&Entry, &Written)> =
        entries.iter().filter_map(|e| Some((e, written(e)?))).collect();
    match found.as_slice() {
        [(entry, written)] => {
            let model = reading.within(written.word, |r| of_syntax(written, &entry.node, r));
            model.filter(|_| reading.problems.len() == before)
        }
        [] => {
            // A model that is misspelt is one error, not two.
            if reading.problems.len() == before {
                let what = "`delay` has no model";
                let known: Vec<&str> = MODELS.iter().map(|w| w.word).collect();
                let problem =
                    Problem::at(node.span, what).note(format!("known: {}", known.join(", ")));
                reading.report(
                    problem.hint("for example: delay = { uniform = [\"10ms\", \"50ms\"] }"),
                );
            }
            None
        }
        [(first, _), (second, _), ..] => {
            let what = format!("a delay has one model, not `{}` and `{}`", first.key, second.key);
            let hint = "for several delays write a list of tables, for a blend of them a `mixture`";
            let problem = Problem::at(second.key_span, what).also("first", first.key_span);
            reading.report(problem.hint(hint));
            None
        }
    }
}

fn of_syntax(written: &Written, node: &Node, reading: &mut Reading) -> Option<Model> {
    match written.syntax {
        Syntax::Duration(make) => DURATION.read(node, reading).map(make),
        Syntax::Durations { least, most, make } => {
            let Some(nodes) = list(node, least, most) else {
                let what = match least == most {
                    true => format!("`{}` takes a list of {least} durations", written.word),
                    false => {
                        format!("`{}` takes a list of {least} to {most} durations", written.word)
                    }
                };
                reading.report(Problem::at(node.span, what).hint(example(written)));
                return None;
            };
            let read: Vec<Option<u64>> = nodes.iter().map(|n| DURATION.read(n, reading)).collect();
            let durations = read.into_iter().collect::<Option<Vec<u64>>>()?;
            match make(durations) {
                Ok(model) => Some(model),
                Err(what) => {
                    let what = format!("`{}`: {what}", written.word);
                    reading.report(Problem::at(node.span, what).hint(example(written)));
                    None
                }
            }
        }
        Syntax::Settings { keys, make } => settings(written, keys, node, reading).map(|g| make(&g)),
        Syntax::Parts(make) => {
            let Some(nodes) = list(node, 1, 100) else {
                let what = format!("`{}` takes a list of 1 to 100 delay tables", written.word);
                reading.report(Problem::at(node.span, what).hint(example(written)));
                return None;
            };
            let parts: Vec<Option<Part>> = nodes.iter().map(|n| part(n, reading)).collect();
            parts.into_iter().collect::<Option<Vec<Part>>>().map(make)
        }
        Syntax::File(make) => file(written, make, node, reading),
    }
}

fn list(node: &Node, least: usize, most: usize) -> Option<&[Node]> {
    match &node.kind {
        Kind::List(nodes) if (least..=most).contains(&nodes.len()) => Some(nodes),
        _ => None,
    }
}

fn example(written: &Written) -> String {
    format!("for example: delay = {{ {} }}", written.example)
}

fn settings(
    written: &Written,
    keys: &'static [Setting],
    node: &Node,
    reading: &mut Reading,
) -> Option<Given> {
    let Kind::Table(entries) = &node.kind else {
        let names: Vec<String> = keys.iter().map(|k| format!("`{}`", k.name)).collect();
        let what = format!("`{}` takes a table with {}", written.word, names.join(" and "));
        reading.report(Problem::at(node.span, what).hint(example(written)));
        return None;
    };
    let before = reading.problems.len();
    for entry in entries.iter().filter(|e| keys.iter().all(|k| k.name != e.key)) {
        let what = format!("unknown key `{}` in `{}`", entry.key, written.word);
        let known = keys.iter().map(|k| k.name);
        reading.report(Problem::at(entry.key_span, what).known(&entry.key, known));
    }
    let mut given = Given::default();
    // A setting that is misspelt is one error: it is not missing as well.
    let misspelt = reading.problems.len() > before;
    for key in keys {
        let Some(entry) = node.get(key.name) else {
            if misspelt {
                continue;
            }
            let what = format!("`{}` lacks the key `{}`, {}", written.word, key.name, key.doc);
            reading.report(Problem::at(node.span, what).hint(example(written)));
            continue;
        };
        reading.within(key.name, |r| match key.kind {
            SettingKind::Duration => {
                given.durations.extend(DURATION.read(&entry.node, r).map(|ns| (key.name, ns)));
            }
            SettingKind::NotNegative | SettingKind::Positive => {
                given.numbers.extend(bounded(key.kind, &entry.node, r).map(|x| (key.name, x)));
            }
        });
    }
    (reading.problems.len() == before).then_some(given)
}

fn bounded(kind: SettingKind, node: &Node, reading: &mut Reading) -> Option<f64> {
    let fits =
        |x: &f64| x.is_finite() && (*x > 0.0 || (kind != SettingKind::Positive && *x == 0.0));
    let value = number(node).filter(fits);
    if value.is_none() {
        let expected = match kind {
            SettingKind::Positive => "a number above 0",
            _ => "a number of at least 0",
        };
        reading.unfit(node, expected, "1.5");
    }
    value
}

fn part(node: &Node, reading: &mut Reading) -> Option<Part> {
    let Kind::Table(entries) = &node.kind else {
        let what = format!("a part of a mixture is a table, found {}", node.describe());
        let hint = "for example: { weight = 90, fixed = \"1ms\" }";
        reading.report(Problem::at(node.span, what).hint(hint));
        return None;
    };
    let model = model(node, entries, &["weight"], reading);
    let Some(entry) = node.get("weight") else {
        let what = "a part of a mixture lacks the key `weight`";
        let hint = "for example: { weight = 90, fixed = \"1ms\" }";
        reading.report(Problem::at(node.span, what).hint(hint));
        return None;
    };
    let weight = reading.within("weight", |r| bounded(SettingKind::Positive, &entry.node, r))?;
    Some(Part { weight, model: model? })
}

/// CSV files of a record; a trace of the same name would have no place there.
const OF_THE_RECORD: [&str; 3] = ["plan.csv", "trials.csv", "env.csv"];

fn file(
    written: &Written,
    make: fn(String, &mut dyn std::io::Read) -> Result<Model, String>,
    node: &Node,
    reading: &mut Reading,
) -> Option<Model> {
    let Kind::Text(name) = &node.kind else {
        reading.unfit(node, "the name of a CSV file", "\"delays.csv\"");
        return None;
    };
    // The record of a run keeps its traces beside its experiment: a name is all that fits both.
    if name.is_empty() || name.contains(['/', '\\']) || name == ".." || name == "." {
        let what = format!("`{}` takes the name of a file beside the experiment", written.word);
        reading.report(
            Problem::at(node.span, what).hint("put the file there and write its name alone"),
        );
        return None;
    }
    if OF_THE_RECORD.contains(&name.as_str()) {
        let what = format!("{name:?} is the name of a file that every record has of its own");
        reading.report(Problem::at(node.span, what).hint("rename the file"));
        return None;
    }
    let made = std::fs::File::open(reading.trace_dir.join(name))
        .map_err(|error| error.to_string())
        .and_then(|mut file| make(name.clone(), &mut file));
    match made {
        Ok(model) => Some(model),
        Err(error) => {
            let what = format!("cannot use the file {name:?}: {error}");
            let hint = "write a CSV file with a column `delay_ns`, beside the experiment";
            reading.report(Problem::at(node.span, what).hint(hint));
            None
        }
    }
}

/// The definitions that the schema of a delay refers to.
pub(in crate::spec) fn definitions() -> Map<String, Value> {
    let cap = json!({
        "type": "string",
        "description": "longer delays are cut to this, before scaling",
    });
    let weight = json!({
        "type": "number",
        "exclusiveMinimum": 0,
        "description": "how often, relative to the other parts",
    });
    let table = |besides: &str, schema: Value, required: bool| {
        let mut properties: Map<String, Value> =
            MODELS.iter().map(|w| (w.word.to_owned(), model_schema(w))).collect();
        properties.insert(besides.to_owned(), schema);
        let one: Vec<Value> = MODELS.iter().map(|w| json!({ "required": [w.word] })).collect();
        let mut table = json!({
            "type": "object",
            "properties": properties,
            "additionalProperties": false,
            "oneOf": one,
        });
        if required {
            table["required"] = json!([besides]);
        }
        table
    };
    let delay = json!({ "anyOf": [
        { "type": "string", "pattern": "^\\s*[0-9]", "description": "the same delay for every request" },
        table("max", cap, false),
    ] });
    let mut definitions = Map::new();
    definitions.insert("delay".to_owned(), delay);
    definitions.insert("part".to_owned(), table("weight", weight, true));
    definitions
}

fn model_schema(written: &Written) -> Value {
    let duration = json!({ "type": "string", "pattern": "^\\s*[0-9]" });
    let mut schema = match written.syntax {
        Syntax::Duration(_) => duration,
        Syntax::Durations { least, most, .. } => {
            json!({ "type": "array", "items": duration, "minItems": least, "maxItems": most })
        }
        Syntax::Settings { keys, .. } => {
            let properties: Map<String, Value> =
                keys.iter().map(|k| (k.name.to_owned(), setting_schema(k))).collect();
            json!({
                "type": "object",
                "properties": properties,
                "required": keys.iter().map(|k| k.name).collect::<Vec<_>>(),
                "additionalProperties": false,
            })
        }
        Syntax::Parts(_) => json!({
            "type": "array",
            "items": { "$ref": "#/definitions/part" },
            "minItems": 1,
            "maxItems": 100,
        }),
        Syntax::File(_) => json!({ "type": "string", "pattern": "^[^/\\\\]+$" }),
    };
    schema["description"] = json!(written.doc);
    schema
}

fn setting_schema(setting: &Setting) -> Value {
    let mut schema = match setting.kind {
        SettingKind::Duration => json!({ "type": "string", "pattern": "^\\s*[0-9]" }),
        SettingKind::NotNegative => json!({ "type": "number", "minimum": 0 }),
        SettingKind::Positive => json!({ "type": "number", "exclusiveMinimum": 0 }),
    };
    schema["description"] = json!(setting.doc);
    schema
}
