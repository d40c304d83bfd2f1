//! Every pair of values of the settings of workload, server and strategy, run for real.
//!
//! The settings and their words come from the schema, which is made of the table of keys. A setting
//! without words has its values in [`VALUES`], or its example as the only one. Which values cannot meet is
//! what the reader refuses.

mod array;

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::sync::OnceLock;

use inflight::protocol::LATE_NS;
use inflight::record::{Recording, Status, TrialRow};
use inflight::server::self_check;
use inflight::spec::{Experiment, Scenario, Source};
use inflight::strategy::probe::Phase;
use inflight::validity::{CHECKS, MeasuredTrial, NotPassed, Why, is_invalid_by_machine};
use inflight::vocabulary::Protocol;
use serde_json::Value as Json;

use crate::bench::{Bench, alone};
use array::{Row, Space};

/// Values of settings that are no words, in TOML; beside them, a setting that need not be written is
/// left out. They are small: a row is to take a fraction of a second.
const VALUES: &[(&str, &[&str])] = &[
    ("requests", &["7", "1"]),
    ("delay", &["\"8ms\"", "\"0s\"", "{ choice = [\"1ms\", \"20ms\"] }"]),
    ("time_scale", &["0.5"]),
    ("body", &["\"3B\"", "\"70kB\""]),
    ("chunks", &["3"]),
    ("chunk_delay", &["\"5ms\""]),
    ("upload", &["\"2kB\"", "\"70kB\""]),
    ("redirects", &["2"]),
    ("targets", &["3"]),
    ("rtt", &["\"4ms\""]),
    ("arrival", &["{ constant = \"400/s\" }", "{ poisson = \"400/s\" }"]),
    ("backlog", &["16"]),
    ("connect_delay", &["\"5ms\""]),
    ("handshake_delay", &["\"5ms\""]),
    ("streams", &["2"]),
    ("dns_delay", &["\"5ms\""]),
    ("dns_ttl", &["\"1s\""]),
    ("unknown_hosts", &["1"]),
    ("server_nofile", &["64"]),
    ("capacity", &["2"]),
    ("retry_after", &["\"2s\""]),
    ("limit", &["3"]),
    ("max_connections", &["2"]),
    ("runtime", &["\"multi-thread(2)\""]),
    ("work", &["\"2ms\"", "{ compute = \"1ms\" }"]),
    ("timeout", &["\"20s\""]),
    ("nofile", &["64"]),
    ("ports", &["200"]),
    ("memory", &["\"1GB\""]),
];

/// The name of a strategy, which changes nothing, and what only programs and services have.
const NO_SETTINGS: [&str; 6] =
    ["label", "program", "settings", "service", "service_settings", "share_cpus"];

/// Need not be written, but what holds otherwise depends on the model.
const ALWAYS_WRITTEN: &str = "client";

/// Together they decide which address a client connects to, and which certificate it gets: every
/// combination is run, not every pair only.
const ADDRESSING: [&str; 4] = ["tls", "dns_delay", "rtt", "rtt_by"];

/// Times that a row is run again because the machine was late: that is no fault of a setting.
const RETRIES: usize = 2;

/// A key of a table of the file.
#[derive(Debug, Clone)]
struct Setting {
    table: &'static str,
    name: String,
    /// In TOML; `None` where it is not written.
    values: Vec<Option<String>>,
}

const TABLES: [&str; 3] = ["workload", "server", "strategy"];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The settings of the schema, or what is to be done for one that has no values.
fn settings() -> Result<Vec<Setting>, String> {
    settings_of(&inflight::spec::schema())
}

fn settings_of(schema: &Json) -> Result<Vec<Setting>, String> {
    let mut settings = Vec::new();
    for table in TABLES {
        let form = &schema["properties"][table];
        let form = form.get("items").unwrap_or(form);
        // Those of a strategy without a program.
        let required = form["then"].get("required").unwrap_or(&form["required"]);
        let required = required.as_array().cloned().unwrap_or_default();
        let keys = form["properties"].as_object().expect("keys");
        for (name, key) in keys.iter().filter(|(name, _)| !NO_SETTINGS.contains(&name.as_str())) {
            let of_table = || VALUES.iter().find(|(key, _)| key == name);
            let written: Vec<String> = match (words(key), of_table()) {
                (Some(words), None) => words,
                (_, Some((_, values))) => values.iter().map(|&v| v.to_owned()).collect(),
                (None, None) => {
                    let example = key["examples"].get(0).map(toml_of);
                    vec![example.ok_or_else(|| {
                        format!(
                            "`{name}` of [{table}] has no values in the covering array: add some \
                             to `VALUES` in tests/it/covering/mod.rs"
                        )
                    })?]
                }
            };
            // A default is the same as nothing written.
            let default = key.get("default").map(toml_of);
            let written = written.into_iter().filter(|v| Some(v) != default.as_ref()).map(Some);
            let is_optional = name != ALWAYS_WRITTEN && !required.iter().any(|r| r == name);
            let absent = is_optional.then_some(None);
            let values = absent.into_iter().chain(written).collect();
            settings.push(Setting { table, name: name.clone(), values });
        }
    }
    Ok(settings)
}

/// The words that a key can have, if it has nothing but words.
fn words(key: &Json) -> Option<Vec<String>> {
    let one = key["anyOf"].get(0).unwrap_or(key);
    if one["type"] == "boolean" {
        return Some(vec!["false".to_owned(), "true".to_owned()]);
    }
    let words = one.get("oneOf")?.as_array()?;
    words.iter().map(|word| word.get("const").map(toml_of)).collect()
}

/// Words, numbers and flags are written in TOML as in JSON.
fn toml_of(value: &Json) -> String {
    value.to_string()
}

/// The experiment of a row.
fn experiment(settings: &[Setting], row: &[usize]) -> String {
    let mut text =
        "title = \"A pair\"\nquestion = \"Does it work?\"\nrecord = \"all\"\n".to_owned();
    for table in TABLES {
        let head = if table == "strategy" { "[[strategy]]" } else { &format!("[{table}]") };
        let _ = writeln!(text, "\n{head}");
        for (setting, &value) in settings.iter().zip(row).filter(|(s, _)| s.table == table) {
            if let Some(value) = &setting.values[value] {
                let _ = writeln!(text, "{} = {value}", setting.name);
            }
        }
    }
    text + "\n[blocks]\ncount = 1\nwarmup = 0\n"
}

/// Whether the reader takes an experiment.
fn is_valid(text: &str) -> bool {
    let source = Source { name: "pair".to_owned(), text: text.to_owned(), overrides: Vec::new() };
    Experiment::parse(&source, root()).is_ok()
}

/// The array, made once for all tests.
struct Array {
    settings: Vec<Setting>,
    space: Space,
    rows: Vec<Row>,
}

impl Array {
    fn new() -> &'static Array {
        static ARRAY: OnceLock<Array> = OnceLock::new();
        ARRAY.get_or_init(|| {
            let settings = settings().unwrap_or_else(|what| panic!("{what}"));
            let space = space(&settings);
            let rows = space.cover(&ADDRESSING.map(|name| place(&settings, name)));
            Array { settings, space, rows }
        })
    }

    fn place(&self, name: &str) -> usize {
        place(&self.settings, name)
    }
}

fn place(settings: &[Setting], name: &str) -> usize {
    settings.iter().position(|s| s.name == name).expect("a setting")
}

/// The space of all rows. Two values can meet if they do so in some row of few settings.
fn space(settings: &[Setting]) -> Space {
    let seen: RefCell<HashMap<Row, bool>> = RefCell::default();
    let is_valid = |row: &Row| {
        let known = seen.borrow().get(row).copied();
        known.unwrap_or_else(|| {
            let valid = is_valid(&experiment(settings, row));
            seen.borrow_mut().insert(row.clone(), valid);
            valid
        })
    };
    let place = |name: &str| place(settings, name);
    let count = |name: &str| settings[place(name)].values.len();
    let mut contexts: Vec<Row> = Vec::new();
    for rich in [0, 1] {
        for (model, client) in
            (0..count("model")).flat_map(|m| (0..count("client")).map(move |c| (m, c)))
        {
            let (limits, protocols) = (0..count("limit"), 0..count("protocol"));
            for (limit, protocol) in limits.flat_map(|l| protocols.clone().map(move |p| (l, p))) {
                let mut row = vec![0; settings.len()];
                row[place("model")] = model;
                row[place("client")] = client;
                row[place("limit")] = limit;
                row[place("protocol")] = protocol;
                // What other settings need to mean something.
                for name in ["dns_delay", "rtt", "targets"] {
                    row[place(name)] = rich;
                }
                if is_valid(&row) {
                    contexts.push(row);
                }
            }
        }
    }
    let values = settings.iter().map(|s| s.values.len()).collect();
    Space::new(values, |one, other| {
        contexts.iter().any(|context| {
            let mut row = context.clone();
            (row[one.0], row[other.0]) = (one.1, other.1);
            is_valid(&row)
        })
    })
}

/// Faults of the recording of a row. On a busy machine, lateness is not looked at.
fn faults_of(recording: &Recording, busy: bool) -> Vec<String> {
    let mut faults = Vec::new();
    let cell = &recording.plan.cells[0];
    let scenario = recording.plan.scenario_of(cell);
    for trial in &recording.trials {
        let name = &trial.trial;
        if !matches!(trial.status, Status::Ok | Status::Invalid) {
            faults.push(format!("{name} is {}: {}", trial.status, trial.reason));
            continue;
        }
        let measured = MeasuredTrial::new(&recording.plan, 0, trial);
        // Other work on this machine says nothing of a setting.
        let busy = busy || is_invalid_by_machine(&measured);
        for check in CHECKS.iter().filter(|check| !busy || !check.by_machine) {
            match check.ask(&measured) {
                Err(NotPassed::Failed(what)) => faults.push(format!("{name} is invalid: {what}")),
                // Clients cannot tell everything; the server can.
                Err(NotPassed::NotAsked(Why::NotRecorded(column)))
                    if column.starts_with("server_") =>
                {
                    faults.push(format!("{name} lacks {column}: {}", check.words));
                }
                Ok(()) | Err(NotPassed::NotAsked(_)) => {}
            }
        }
        let is_http2 = cell.strategy.protocol == Protocol::Http2;
        faults.extend(unplanned(trial, scenario, is_http2).map(|what| format!("{name}: {what}")));
        faults.extend(unsound(recording, trial).into_iter().map(|what| format!("{name}: {what}")));
    }
    if recording.trials.len() != 2 {
        faults.push(format!("{} trials instead of a cell and its control", recording.trials.len()));
    }
    faults
}

/// Failures that nobody planned, and planned ones that did not come.
fn unplanned(trial: &TrialRow, scenario: &Scenario, is_http2: bool) -> Option<String> {
    let mut classes = trial.error_classes.0.clone();
    // An unknown host is `dns`, a full server is `status(4xx)`; and a client that does not wait for
    // the server's limit of streams hears of it.
    let unknown =
        (0..scenario.requests).filter(|&i| scenario.goes_to_unknown_host(i)).count() as u64;
    let dns = classes.remove("dns").unwrap_or(0);
    let refused = classes.remove("status(4xx)").unwrap_or(0);
    if is_http2 && scenario.streams < scenario.requests {
        classes.remove("h2_reset");
    }
    let expected = (unknown, trial.server_refused.unwrap_or(0));
    let failed = !classes.is_empty() || (dns, refused) != expected;
    failed.then(|| {
        let (classes, first) = (&trial.error_phases, &trial.first_error);
        format!("failed: {classes}; planned: {expected:?} (names, capacity); first: {first}")
    })
}

/// Phases that do not follow each other, or do not add up to the time of their request.
fn unsound(recording: &Recording, trial: &TrialRow) -> Option<String> {
    let rows = recording.requests(&trial.trial).expect("rows");
    let Some(mut rows) = rows else { return Some("has no rows of requests".to_owned()) };
    let (mut seen, mut ok, mut sum_ns) = (0, 0, 0);
    while let Some(scanned) = rows.next_row().expect("a row") {
        let row = scanned.row().expect("a whole row");
        let ends = row.ends_ns().into_iter().filter_map(|(_, end)| end);
        let told: Vec<u64> = std::iter::once(row.scheduled_ns).chain(ends).collect();
        if !told.is_sorted() {
            return Some(format!("marks of request {} are out of order: {told:?}", row.index));
        }
        seen += 1;
        if row.error.is_none() {
            ok += 1;
            sum_ns += row.end_ns - row.scheduled_ns;
        }
    }
    if Some(seen) != trial.issued || Some(ok) != trial.ok {
        return Some(format!("has {seen} rows of requests, {ok} of them good"));
    }
    let told: Vec<u64> = Phase::ALL.into_iter().filter_map(|p| trial.phase_ns(p)).collect();
    let (mean, sum) = (sum_ns.checked_div(ok).unwrap_or(0), told.iter().sum::<u64>());
    // Each mean is rounded down to a whole nanosecond. Without probes there are none.
    let add_up = told.is_empty() || sum.abs_diff(mean) <= Phase::ALL.len() as u64;
    (!add_up).then(|| format!("phases add up to {sum} ns of {mean} ns"))
}

/// Outcome of running a row.
enum Ran {
    /// As planned.
    Good,
    /// This machine cannot: why.
    Skipped(String),
    Faulty(Vec<String>),
}

/// Records a row and judges it.
fn run(text: &str) -> Ran {
    let mut faults = Vec::new();
    for _ in 0..RETRIES {
        let bench = Bench::new();
        let file = bench.file("pair.toml", text);
        let called = bench.call(&["run", "--quiet", file]);
        let Some(run) = bench.runs().pop() else { return Ran::Faulty(vec![called.stderr]) };
        let recording = Recording::read(&run).expect("a record");
        let trials = &recording.trials;
        if let Some(skipped) = trials.iter().find(|t| t.status == Status::Skipped) {
            return Ran::Skipped(skipped.reason.clone());
        }
        // That a busy machine is late is no fault of a setting.
        let busy = self_check(&[]).is_ok_and(|check| check.late_p99_ns > LATE_NS);
        faults = faults_of(&recording, busy);
        if faults.is_empty() {
            return Ran::Good;
        }
    }
    Ran::Faulty(faults)
}

/// Runs a row without what this machine has not: netem, or networks of a trial's own.
fn run_here(text: &str, told: &mut Vec<String>) -> Ran {
    let without = |keys: &[&str]| -> String {
        let is_kept = |line: &&str| !keys.iter().any(|key| line.starts_with(key));
        text.lines().filter(is_kept).map(|line| format!("{line}\n")).collect()
    };
    let ran = run(text);
    let Ran::Skipped(why) = &ran else { return ran };
    told.push(why.clone());
    let ran = run(&without(&["rtt_by = "]));
    let Ran::Skipped(why) = &ran else { return ran };
    told.push(why.clone());
    run(&without(&["rtt_by = ", "rtt = ", "ports = "]))
}

#[test]
fn every_pair_of_settings_works() {
    let _alone = alone();
    let Array { settings, rows, .. } = Array::new();
    let mut bad = String::new();
    let mut told: Vec<String> = Vec::new();
    for (number, row) in rows.iter().enumerate() {
        let text = experiment(settings, row);
        match run_here(&text, &mut told) {
            Ran::Good => {}
            Ran::Skipped(why) => told.push(why),
            Ran::Faulty(faults) => {
                let faults = faults.join("\n");
                let _ = write!(bad, "\n--- row {number} of {}\n{faults}\n{text}", rows.len());
            }
        }
    }
    if let Some(why) = told.first() {
        eprintln!("{} of {} rows were run without their network: {why}", told.len(), rows.len());
    }
    assert!(bad.is_empty(), "{bad}");
}

/// Where the figures of the array are.
const DOCUMENT: &str = "docs/method/checks.md";

#[test]
fn the_figures_of_the_array_are_in_the_docs() {
    let Array { settings, space, rows } = Array::new();
    for row in rows {
        let text = experiment(settings, row);
        assert!(is_valid(&text), "three settings exclude each other: {text}");
    }
    let values: usize = settings.iter().map(|s| s.values.len()).sum();
    let combinations = space.combinations(&ADDRESSING.map(|name| place(settings, name)));
    let (pairs, all) = (space.pairs().len(), space.all_pairs().len());
    let figures = format!(
        "{} settings with {values} values: {pairs} pairs ({} more cannot be) and the {} combinations of {}, in {} rows.",
        settings.len(),
        all - pairs,
        combinations.len(),
        ADDRESSING.map(|name| format!("`{name}`")).join(", "),
        rows.len()
    );
    let path = root().join(DOCUMENT);
    let text = fs_err::read_to_string(&path).expect("a document");
    let (begin, end) = ("<!-- every pair of settings -->\n\n", "\n\n<!-- end -->");
    let (before, rest) = text.split_once(begin).expect("a place for the figures");
    let (there, after) = rest.split_once(end).expect("its end");
    if std::env::var_os("INFLIGHT_BLESS").is_some() {
        let whole = format!("{before}{begin}{figures}{end}{after}");
        fs_err::write(&path, whole).expect("a written document");
        return;
    }
    assert_eq!(there, figures, "{DOCUMENT} is out of date: INFLIGHT_BLESS=1 cargo test");
}

#[test]
fn a_key_without_values_is_named() {
    let mut schema: Json = serde_json::json!({ "properties": {} });
    for table in TABLES {
        schema["properties"][table] = serde_json::json!({ "properties": {}, "required": [] });
    }
    assert!(settings_of(&schema).expect("nothing lacks").is_empty());
    let keys = &mut schema["properties"]["server"]["properties"];
    keys["novel"] = serde_json::json!({ "anyOf": [{ "oneOf": [{ "const": "a" }, { "const": "b" }] }], "default": "a" });
    let settings = settings_of(&schema).expect("words are enough");
    assert_eq!(settings[0].values, [None, Some("\"b\"".to_owned())]);
    let keys = &mut schema["properties"]["server"]["properties"];
    keys["speed"] = serde_json::json!({ "anyOf": [{ "type": "integer" }], "default": 1 });
    let error = settings_of(&schema).expect_err("a number has no words");
    assert!(
        error.starts_with("`speed` of [server] has no values in the covering array"),
        "{error}"
    );
    schema["properties"]["server"]["properties"]["speed"]["examples"] = serde_json::json!([2]);
    let settings = settings_of(&schema).expect("an example is enough");
    let speed = settings.iter().find(|setting| setting.name == "speed").expect("a setting");
    assert_eq!(speed.values, [None, Some("2".to_owned())]);
}

/// A fault that needs two settings: where both are, requests have a microsecond.
#[test]
fn a_planted_fault_is_found() {
    let _alone = alone();
    let array = Array::new();
    let Array { settings, rows, .. } = array;
    let place = |name: &str| array.place(name);
    let value = |name: &str, toml: &str| {
        let is = |v: &Option<String>| v.as_deref() == Some(toml);
        (place(name), settings[place(name)].values.iter().position(is).expect("a value"))
    };
    let (tls, chunks) = (value("tls", "true"), value("chunks", "3"));
    let faulty = |row: &Row| {
        let mut text = experiment(settings, row);
        if row[tls.0] == tls.1 && row[chunks.0] == chunks.1 {
            text = text.replace("timeout = \"20s\"\n", "");
            text = text.replace("[[strategy]]\n", "[[strategy]]\ntimeout = \"1us\"\n");
        }
        text
    };
    // Only so many rows have one of the two, and take the time of this test.
    let has_either = |row: &&Row| row[tls.0] == tls.1 && row[place("rtt")] == 0;
    let found = rows.iter().filter(has_either).find_map(|row| match run(&faulty(row)) {
        Ran::Faulty(faults) => Some(faults),
        Ran::Good | Ran::Skipped(_) => None,
    });
    let found = found.expect("a row with both").join("\n");
    // Beside others, where the deadline met a request at an odd moment.
    assert!(found.contains("failed: ") && found.contains("timeout("), "{found}");
}
