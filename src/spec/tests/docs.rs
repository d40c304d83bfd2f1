//! The reference, the schema and the reader say the same.
//!
//! `INFLIGHT_BLESS=1 cargo test` writes the generated parts anew.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{BASE, good, parse};
use crate::delay::{MODELS, Syntax};
use crate::spec::error::Span;
use crate::spec::key::{Inside, Presence, TableForm};
use crate::spec::node::{self, Kind, Node};
use crate::spec::{Metric, Unit, keys, schema};
use crate::strategy::probe::Phase;
use crate::strategy::{Library, Model, Strategy, library, model};
use crate::tests::generated::{BLESS, between, blessing, same, same_part, text};
use crate::vocabulary::Reuse;

const REFERENCE: &str = "docs/experiment-file.md";
const METHOD: &str = "docs/method/requests.md";
const SCHEMA: &str = "experiments/schema.json";

#[test]
fn the_committed_schema_is_the_one_of_the_reader() {
    if blessing() {
        let wanted = serde_json::to_string_pretty(&schema()).expect("a schema") + "\n";
        same(SCHEMA, &wanted);
    }
    // As values: the order of keys in the text is no part of a schema.
    let committed: Value = serde_json::from_str(&text(SCHEMA)).expect("valid JSON");
    assert!(committed == schema(), "{SCHEMA} is out of date: {BLESS}=1 cargo test");
}

#[test]
fn the_tables_of_the_reference_are_those_of_the_reader() {
    let mut wanted = text(REFERENCE);
    for table in keys::tables() {
        if table.title != keys::EXCLUDE.table.title {
            wanted = between(&wanted, table.title, &keys_table(table));
        }
    }
    wanted = between(&wanted, "delay models", &delay_table());
    wanted = between(&wanted, "combinations", &combinations_table());
    wanted = between(&wanted, "metrics", &metrics_table());
    same(REFERENCE, &with_every_key(&wanted));
}

/// The reference with every key in its sample: one that it lacks is added to its table as a comment.
fn with_every_key(page: &str) -> String {
    let (before, rest) = page.split_once("```toml\n").expect("the reference begins with a sample");
    let (sample, after) = rest.split_once("```").expect("the end of the sample");
    let mut sample = sample.to_owned();
    for table in keys::tables() {
        for key in table.keys() {
            let mut words = sample.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
            if words.any(|word| word == key.name()) {
                continue;
            }
            let below = match sample.find(&format!("\n{}", table.title)) {
                Some(head) => head + 1 + sample[head + 1..].find('\n').expect("a line") + 1,
                None => 0,
            };
            sample.insert_str(below, &format!("# {} = {}\n", key.name(), key.example()));
        }
    }
    format!("{before}```toml\n{sample}```{after}")
}

#[test]
fn the_tables_of_clients_are_those_of_the_libraries() {
    same_part(METHOD, "what each client tells", &telling_table());
    same_part(METHOD, "the ways of each client", &ways_table());
}

/// Phases and facts that each library can tell of a request and of a connection.
fn telling_table() -> String {
    let phases = Phase::OF_LIBRARY;
    let mut text = "| client |".to_owned();
    for phase in &phases {
        let _ = write!(text, " `{}` |", phase.name());
    }
    text.push_str(" starter | closing | redirected hops |\n| --- |");
    text.push_str(&" --- |".repeat(phases.len() + 3));
    text.push('\n');
    for library in library::ALL {
        let of_phases = phases.iter().map(|phase| library.tells.contains(phase));
        let of_connections = [library.tells_starter, library.tells_closing, library.tells_hops];
        let _ = write!(text, "| `{}` |", library.name);
        for told in of_phases.chain(of_connections) {
            text.push_str(if told { " yes |" } else { " – |" });
        }
        text.push('\n');
    }
    text
}

fn ways_table() -> String {
    let mut text =
        "| client | looks names up | opens connections | keeps | sends again by itself |\n| --- | --- | --- | --- | --- |\n"
            .to_owned();
    for library in library::ALL {
        let ways = &library.ways;
        let library::Ways { resolves, connects, pools, retries } = ways;
        let name = library.name;
        let _ = writeln!(text, "| `{name}` | {resolves} | {connects} | {pools} | {retries} |");
    }
    text
}

#[test]
fn the_sample_of_the_reference_is_an_experiment() {
    let text = text(REFERENCE);
    let sample = text.split("```toml\n").nth(1).and_then(|t| t.split("```").next());
    let sample = sample.expect("the reference begins with a sample");
    let e = good(sample, &[]);
    assert_eq!((e.scenarios.len(), e.strategies.len(), e.claims.len()), (2, 11, 3));
    assert!(accepts(&schema(), &json(sample)).is_ok());
}

fn keys_table(table: &TableForm) -> String {
    let mut text = "| key | value | default | meaning |\n| --- | --- | --- | --- |\n".to_owned();
    for key in table.keys().filter(|k| !matches!(k.inside(), Inside::Table(_) | Inside::Tables(_)))
    {
        let many = if key.many() { ", or a list" } else { "" };
        let default = match key.presence() {
            Presence::Required => "required".to_owned(),
            Presence::Optional => "–".to_owned(),
            Presence::Default(toml) => format!("`{toml}`"),
            Presence::Otherwise(otherwise) => otherwise.to_owned(),
        };
        let _ = writeln!(
            text,
            "| `{}` | {}{many} | {default} | {} |",
            key.name(),
            key.expected(),
            key.doc()
        );
    }
    text
}

fn delay_table() -> String {
    let mut text = "| delay | meaning |\n| --- | --- |\n".to_owned();
    for written in MODELS {
        let settings = match written.syntax {
            Syntax::Settings { keys, .. } => {
                let keys: Vec<String> =
                    keys.iter().map(|k| format!("`{}`: {}", k.name, k.doc)).collect();
                format!(" {}.", keys.join("; "))
            }
            _ => String::new(),
        };
        let _ = writeln!(text, "| `{{ {} }}` | {}{settings} |", written.example, written.doc);
    }
    text
}

fn metrics_table() -> String {
    let head = "| metric | meaning | unit | better | where requests failed |";
    let mut text = format!("{head}\n| --- | --- | --- | --- | --- |\n");
    for metric in Metric::ALL {
        let unit = match metric.unit() {
            Unit::Nanoseconds => "time",
            Unit::PerSecond => "per second",
            Unit::Bytes => "size",
            Unit::Share => "share",
            Unit::Count => "count",
        };
        let better = if metric.is_more_better() { "more" } else { "less" };
        let judged = if metric.needs_all_requests() { "not judged" } else { "judged" };
        let (name, meaning) = (metric.name(), metric.meaning());
        let _ = writeln!(text, "| `{name}` | {meaning} | {unit} | {better} | {judged} |");
    }
    text
}

/// Combinations that `Strategy::checked` takes, found by trying everything.
fn combinations_table() -> String {
    let head = "| model | what it does | clients and their reuse | limit | runtime |";
    let mut text = format!("{head}\n| --- | --- | --- | --- | --- |\n");
    let limit = std::num::NonZeroU32::new(5);
    let runtime = Some(crate::vocabulary::Runtime::CurrentThread);
    let valid = |m: &'static Model, l: &'static Library, r: Reuse, limit, runtime| {
        Strategy { reuse: r, limit, runtime, ..Strategy::of("", m, l) }.checked().is_ok()
    };
    for model in model::ALL {
        let some = |limit, runtime| {
            let all = library::ALL.iter();
            all.copied().any(|l| Reuse::ALL.iter().any(|r| valid(model, l, *r, limit, runtime)))
        };
        let mut clients = Vec::new();
        for library in library::ALL {
            let reuse: Vec<&str> = Reuse::ALL
                .into_iter()
                .filter(|r| [None, limit].iter().any(|l| valid(model, library, *r, *l, None)))
                .map(Reuse::name)
                .collect();
            if !reuse.is_empty() {
                clients.push(format!("{}: {}", library.name, reuse.join(", ")));
            }
        }
        let limit_rule = match (some(None, None), some(limit, None)) {
            (true, true) => "optional",
            (true, false) => "forbidden",
            (false, _) => "required",
        };
        let takes_runtime = some(limit, runtime) || some(None, runtime);
        let _ = writeln!(
            text,
            "| `{}` | {} | {} | {limit_rule} | {} |",
            model.name,
            model.summary,
            clients.join("; "),
            if takes_runtime { "optional" } else { "forbidden" },
        );
    }
    text
}

#[test]
fn the_example_of_every_key_is_of_its_form() {
    let paths = [
        ("", &keys::FILE),
        ("workload.", keys::WORKLOAD.table),
        ("server.", keys::SERVER.table),
        ("strategy.1.", keys::STRATEGY.table),
        ("blocks.", keys::BLOCKS.table),
        ("blocks.until.", keys::UNTIL.table),
        ("claim.0.", keys::CLAIM.table),
    ];
    for (path, table) in paths {
        for key in
            table.keys().filter(|k| !matches!(k.inside(), Inside::Table(_) | Inside::Tables(_)))
        {
            let set = format!("{path}{}={}", key.name(), key.example());
            // It may break a rule elsewhere (a baseline of two cells), not the form of its key.
            if let Err(errors) = parse(BASE, &[&set]) {
                assert!(errors.iter().all(|e| !e.message().contains(" must be ")), "{errors}");
            }
        }
    }
}

#[test]
fn the_schema_takes_good_files_and_no_bad_ones() {
    let fixtures = ["rich.toml", "async-or-not.toml"];
    let fixtures = fixtures.map(|name| text(&format!("tests/fixtures/spec/{name}")));
    for file in fixtures.iter().map(String::as_str).chain([BASE]) {
        accepts(&schema(), &json(file)).unwrap_or_else(|e| panic!("{e}\n{file}"));
    }
    let bad = [
        ("requests = 100", "requests = 0"),
        ("requests = 100", "reqests = 100"),
        ("requests = 100", "requests = []"),
        ("requests = 100", "requests = true"),
        ("requests = 100", "requests = 100\narrival = \"open\""),
        ("requests = 100", "requests = 100\narrival = { poison = \"5/s\" }"),
        ("requests = 100", "requests = 100\ntargets = 0"),
        ("choice", "chioce"),
        ("choice = [\"0s\", \"1s\"]", "choice = [0, 1]"),
        ("choice = [\"0s\", \"1s\"]", "fixed = \"1s\", choice = [\"1s\"]"),
        ("choice = [\"0s\", \"1s\"]", "max = \"1s\""),
        ("choice = [\"0s\", \"1s\"]", "mixture = [{ fixed = \"1s\" }]"),
        ("\"sequential\"", "\"sequental\""),
        ("model = \"sequential\"", ""),
        ("[blocks]", "[blocs]"),
        ("[workload]", "[[workload]]"),
        ("over = \"ideal\"", "over = \"idea\""),
        ("over = \"ideal\"", "over = [\"ideal\"]"),
        ("over = \"ideal\"", "over = [\"ideal\", \"idea\"]"),
        ("client = \"ureq\"", "clint = \"ureq\""),
        ("at_most = 1.15", "at_most = -1"),
        ("count = 15", "count = 15\nuntil = { half_width = \"2%\", max = 50 }"),
        ("count = 15", "until = { half_width = \"2%\", min = 5, max = 50 }"),
        ("count = 15", "until = { half_width = 2, max = 50 }"),
        ("count = 15", "until = 50"),
    ];
    for (from, to) in bad {
        let file = super::changed(&[(from, to)]);
        assert!(parse(&file, &[]).is_err(), "{file}");
        assert!(accepts(&schema(), &json(&file)).is_err(), "the schema takes {to}");
    }
}

/// A file as JSON.
fn json(file: &str) -> Value {
    fn of(node: &Node) -> Value {
        match &node.kind {
            Kind::Text(text) => json!(text),
            Kind::Integer(n) => json!(n),
            Kind::Float(x) => json!(x),
            Kind::Bool(b) => json!(b),
            Kind::Datetime => Value::Null,
            Kind::List(nodes) => nodes.iter().map(of).collect(),
            Kind::Table(entries) => {
                Value::Object(entries.iter().map(|e| (e.key.clone(), of(&e.node))).collect())
            }
        }
    }
    let root = node::parse(file, 0).expect("valid TOML");
    assert_eq!(root.span, Span { source: 0, start: 0, end: 0 });
    of(&root)
}

/// As much of JSON Schema as ours uses; an unknown word is an error.
fn accepts(schema: &Value, value: &Value) -> Result<(), String> {
    check(schema, schema, value)
}

fn check(root: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    let fail = || Err(format!("{value} is not {schema}"));
    let object = schema.as_object().ok_or("a schema is an object")?;
    for (word, rule) in object {
        let list = || rule.as_array().into_iter().flatten();
        let passing = || list().filter(|s| check(root, s, value).is_ok()).count();
        let ok = match word.as_str() {
            "$schema" | "title" | "description" | "default" | "examples" | "definitions" => true,
            // Patterns are for editors; the reader is stricter.
            "pattern" | "minLength" => value.is_string(),
            "type" => {
                let one = std::slice::from_ref(rule);
                rule.as_array().map_or(one, Vec::as_slice).iter().any(|kind| match kind.as_str() {
                    Some("object") => value.is_object(),
                    Some("array") => value.is_array(),
                    Some("string") => value.is_string(),
                    Some("boolean") => value.is_boolean(),
                    Some("integer") => value.is_i64() || value.is_u64(),
                    Some("number") => value.is_number(),
                    other => panic!("unknown type {other:?}"),
                })
            }
            "const" => rule == value,
            "minimum" => value.as_f64() >= rule.as_f64(),
            "maximum" => value.as_f64() <= rule.as_f64(),
            "multipleOf" => value.as_u64().zip(rule.as_u64()).is_some_and(|(n, of)| n % of == 0),
            "exclusiveMinimum" => value.as_f64() > rule.as_f64(),
            "minItems" => value.as_array().map(|a| a.len() as u64) >= rule.as_u64(),
            "maxItems" => value.as_array().map(|a| a.len() as u64) <= rule.as_u64(),
            "items" => value.as_array().into_iter().flatten().all(|v| check(root, rule, v).is_ok()),
            "anyOf" => passing() >= 1,
            "oneOf" => passing() == 1,
            "allOf" => passing() == list().count(),
            "enum" => list().any(|one| one == value),
            "if" => {
                check(root, rule, value).is_err() || check(root, &object["then"], value).is_ok()
            }
            // With `if`.
            "then" => true,
            "propertyNames" => value.as_object().is_none_or(|o| {
                o.keys().all(|key| check(root, rule, &key.as_str().into()).is_ok())
            }),
            "not" => check(root, rule, value).is_err(),
            "required" => list().all(|k| value.get(k.as_str().unwrap_or_default()).is_some()),
            "additionalProperties" => value.as_object().into_iter().flatten().all(|(key, v)| {
                let known = object.get("properties").is_some_and(|p| p.get(key).is_some());
                known || *rule == true || rule.is_object() && check(root, rule, v).is_ok()
            }),
            "properties" => {
                rule.as_object().into_iter().flatten().all(|(key, schema)| {
                    value.get(key).is_none_or(|v| check(root, schema, v).is_ok())
                })
            }
            "$ref" => {
                let pointer = rule.as_str().unwrap_or_default().trim_start_matches('#');
                let target = root.pointer(pointer).ok_or_else(|| format!("no {pointer}"))?;
                check(root, target, value).is_ok()
            }
            other => return Err(format!("unknown word {other}")),
        };
        if !ok {
            return fail();
        }
    }
    Ok(())
}
