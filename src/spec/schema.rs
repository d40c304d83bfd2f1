//! The JSON schema of experiment files, for editors.

use serde_json::{Map, Value, json};

use super::forms::definitions;
use super::key::{AnyKey, Inside, Presence, TableForm};
use super::keys;
use super::selector::selector_schema;

/// The JSON schema of experiment files, made of the table of keys that the reader uses.
///
/// Draft 7: the newest that the TOML extensions of editors check in full.
pub fn schema() -> Value {
    let mut schema = table(&keys::FILE);
    let mut definitions = definitions();
    definitions.insert("selector".to_owned(), selector_schema());
    schema["$schema"] = json!("http://json-schema.org/draft-07/schema#");
    schema["title"] = json!("inflight experiment");
    schema["definitions"] = Value::Object(definitions);
    schema
}

fn table(table: &TableForm) -> Value {
    let properties: Map<String, Value> =
        table.keys().map(|k| (k.name().to_owned(), property(k))).collect();
    let required: Vec<&str> =
        table.keys().filter(|k| k.presence() == Presence::Required).map(AnyKey::name).collect();
    let mut schema = json!({
        "type": "object",
        "description": table.doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    if !table.either.is_empty() {
        let both = table.either.iter().map(|(one, other)| json!({ "required": [one, other] }));
        schema["not"] = json!({ "anyOf": both.collect::<Vec<_>>() });
    }
    schema
}

/// The value of a key, which may be a table of its own, or several.
fn value(key: &dyn AnyKey) -> Value {
    let one = |form: &TableForm| match key.name() == keys::EXCLUDE.name {
        true => json!({ "$ref": "#/definitions/selector" }),
        false if key.name() == keys::STRATEGY.name => strategy(),
        false => table(form),
    };
    match key.inside() {
        Inside::Table(form) => one(form),
        Inside::Tables(form) => json!({ "type": "array", "items": one(form), "minItems": 1 }),
        Inside::Nothing | Inside::Open => key.schema().unwrap_or_default(),
    }
}

/// A strategy with a program has the program's settings as keys, and neither model nor client.
fn strategy() -> Value {
    let mut schema = table(keys::STRATEGY.table);
    let names: Vec<&str> = keys::STRATEGY.table.keys().map(AnyKey::name).collect();
    let required = std::mem::replace(&mut schema["required"], json!([]));
    schema["additionalProperties"] = json!(true);
    schema["if"] = json!({ "not": { "required": [keys::PROGRAM_OF.name] } });
    schema["then"] = json!({ "required": required, "propertyNames": { "enum": names } });
    schema
}

fn property(key: &dyn AnyKey) -> Value {
    let one = value(key);
    // Beside a `$ref`, draft 7 ignores everything; within `allOf` it does not.
    let mut schema = match (key.many(), one.get("$ref").is_some()) {
        (true, _) => json!({ "anyOf": [one, { "type": "array", "items": one, "minItems": 1 }] }),
        (false, true) => json!({ "allOf": [one] }),
        (false, false) => one,
    };
    let mut description = match key.inside() {
        Inside::Table(_) | Inside::Tables(_) => key.doc().to_owned(),
        _ => format!("{}: {}", key.doc(), key.expected()),
    };
    if let Presence::Otherwise(otherwise) = key.presence() {
        description.push_str(&format!("; if absent: {otherwise}"));
    }
    schema["description"] = json!(description);
    if let Presence::Default(toml) = key.presence() {
        // The defaults are numbers and plain strings, which TOML and JSON write alike.
        schema["default"] = serde_json::from_str(toml).unwrap_or_else(|_| json!(toml));
    }
    // So are most examples; a table of TOML is none.
    if let Ok(example) = serde_json::from_str::<Value>(key.example()) {
        schema["examples"] = json!([example]);
    }
    schema
}
