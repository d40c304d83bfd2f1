//! Tests of reading experiment files as a whole.

mod bad;
mod docs;
mod good;
mod laws;

use std::path::Path;

use super::{Experiment, Source, SpecErrors};

/// A small experiment in which the bad ones change one thing.
const BASE: &str = r#"title = "Small"
question = "Which is faster?"

[workload]
requests = 100
delay = { choice = ["0s", "1s"] }

[baseline]
label = "sync"
client = "ureq"

[[strategy]]
label = "sync"
model = "sequential"
client = ["ureq", "reqwest-blocking"]

[[strategy]]
label = "async"
model = "async-semaphore"
limit = [10, 100]

[blocks]
count = 15

[[claim]]
text = "Async is ideal"
of = { label = "async" }
over = "ideal"
at_most = 1.15
"#;

fn source(text: &str, overrides: &[&str]) -> Source {
    Source {
        name: "experiments/x.toml".to_owned(),
        text: text.to_owned(),
        overrides: overrides.iter().map(|&o| o.to_owned()).collect(),
    }
}

fn parse(text: &str, overrides: &[&str]) -> Result<Experiment, SpecErrors> {
    Experiment::parse(&source(text, overrides), Path::new("tests/fixtures/spec"))
}

/// An experiment that must be good.
fn good(text: &str, overrides: &[&str]) -> Experiment {
    parse(text, overrides).unwrap_or_else(|errors| panic!("{errors}\n\n{text}"))
}

/// `BASE` with each first text replaced by the second.
fn changed(changes: &[(&str, &str)]) -> String {
    changes.iter().fold(BASE.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "the base has no {from:?}");
        text.replacen(from, to, 1)
    })
}
