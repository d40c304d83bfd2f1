//! The JSON of the answer, held against the Markdown.

use serde_json::Value;

use super::*;
use crate::report::numbers::{bytes, ns, percent, ratio};
use crate::report::{Answer, json};

/// Asserts that headlines, rows, recommendations and claims of the Markdown are those of the JSON.
pub(super) fn assert_same(recording: &Recording, analysis: &Analysis, rendered: &Rendered) {
    let page = String::from_utf8(rendered.files[crate::report::REPORT].clone()).expect("text");
    let page = plain(&page);
    let answer = answer_of(recording, analysis);
    let text = |value: &Value| plain(value.as_str().expect("text"));
    let scenarios = answer["scenarios"].as_array().expect("scenarios");
    let has_table = scenarios.len() == 1
        && recording.plan.cells.iter().all(|cell| cell.strategy.program.is_none());
    for scenario in scenarios {
        if !scenario["headline"].is_null() {
            assert!(page.contains(&text(&scenario["headline"])), "{}", scenario["headline"]);
        }
        if !scenario["use"].is_null() {
            let advice = &scenario["use"];
            assert!(page.contains(&text(&advice["text"])), "{advice}");
            // What is chosen is a cell of its own, did all of its work, and nothing that is shown to be faster.
            let chosen = advice["cell"].as_str();
            let is_chosen = |cell: &&Value| cell["cell"].as_str() == chosen;
            let chosen = scenario["cells"].as_array().expect("cells").iter().find(is_chosen);
            assert_eq!(chosen.is_some(), advice["cell"].is_string());
            if let Some(chosen) = chosen {
                assert_eq!(chosen["faultless"], true);
                assert!(
                    text(&advice["text"]).starts_with(&format!("Use{}:", text(&chosen["name"])))
                );
                assert_eq!(chosen["limit"], advice["limit"]);
                for cost in ["client_cpu_ns_per_1000_requests", "max_rss_bytes"] {
                    assert_eq!(chosen[cost]["value"], advice[cost], "{cost}");
                }
            }
        }
        let cells = scenario["cells"].as_array().expect("cells");
        for cell in cells.iter().filter(|cell| cell["shown"] == true) {
            if has_table && scenario["open"] == false && cells.len() > 1 {
                let row = plain(&row(cell));
                assert!(page.contains(&row), "no row {row}");
            }
        }
    }
    for claim in answer["claims"].as_array().expect("claims") {
        assert!(page.contains(&format!("|{}|{}", text(&claim["text"]), text(&claim["verdict"]))));
    }
    for warning in answer["warnings"].as_array().expect("warnings") {
        assert!(page.contains(&text(warning)), "{warning}");
    }
}

/// A row of the table, as its numbers are written.
fn row(cell: &Value) -> String {
    let shown = |value: &Value, show: fn(f64) -> String| {
        value["value"].as_f64().map_or("–".to_owned(), show)
    };
    let ratio = match cell["baseline"] == true {
        true => "baseline".to_owned(),
        false => shown(&cell["ratio"], ratio),
    };
    format!(
        "| {} | {ratio} | {} | {} | {} |",
        shown(&cell["wall_ns"], ns),
        shown(&cell["share_of_ideal"], percent),
        shown(&cell["client_cpu_ns_per_1000_requests"], ns),
        shown(&cell["max_rss_bytes"], bytes),
    )
}

/// Text without marks, those of Markdown and of names, and without blanks.
fn plain(text: &str) -> String {
    let mut text = text.replace(['\\', '*', '`'], "");
    for (entity, mark) in [("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")] {
        text = text.replace(entity, mark);
    }
    text.split_whitespace().collect()
}

fn answer_of(recording: &Recording, analysis: &Analysis) -> Value {
    let document: Value =
        serde_json::from_str(&json(&[Answer::of(recording, analysis)])).expect("a document");
    assert_eq!(document["schema"], 1);
    document["recordings"][0].clone()
}

#[test]
fn the_answer_as_json() {
    let (_dir, recording) = on_a_disk(recording(seed(12), lifelike));
    insta::assert_snapshot!(json(&[Answer::of(&recording, &Analysis::of(&recording))]));
}

#[test]
fn what_is_not_known_is_null() {
    let recording = recording(seed(1), |_, _, row| {
        if row.label == "gather" {
            row.set_status(crate::record::Status::Failed, "a reason");
        }
    });
    let answer = answer_of(&recording, &Analysis::of(&recording));
    let scenario = &answer["scenarios"][0];
    let cells = scenario["cells"].as_array().expect("cells");
    let of = |strategy: &str| cells.iter().find(|c| c["strategy"] == strategy).expect("a cell");
    let failed = of("gather");
    for key in ["wall_ns", "ratio", "share_of_ideal", "max_rss_bytes", "failed_requests"] {
        assert!(failed[key].is_null(), "{key}: {}", failed[key]);
    }
    assert_eq!(failed["verdict"], "not judged");
    assert_eq!(
        (failed["ok_trials"].as_u64(), failed["failed_trials"].as_u64()),
        (Some(0), Some(1))
    );
    let one = &of("threads")["wall_ns"];
    assert!(one["value"].is_number() && one["low"].is_null() && one["achieved"].is_null(), "{one}");
    assert_eq!(scenario["use"]["cell"], Value::Null);
    assert!(scenario["use"]["reason"].as_str().is_some_and(|why| !why.is_empty()));
}

#[test]
fn every_field_is_documented() {
    const DOCS: &str = include_str!("../../../docs/reports.md");
    fn keys(value: &Value, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| {
                found.push(key.clone());
                keys(value, found);
            }),
            Value::Array(items) => items.iter().for_each(|item| keys(item, found)),
            _ => {}
        }
    }
    let recording = recording(seed(12), lifelike);
    let document = json(&[Answer::of(&recording, &Analysis::of(&recording))]);
    let mut found = Vec::new();
    keys(&serde_json::from_str(&document).expect("a document"), &mut found);
    let missing: Vec<_> = found.iter().filter(|key| !DOCS.contains(&format!("`{key}`"))).collect();
    assert!(found.len() > 60 && missing.is_empty(), "not in docs/reports.md: {missing:?}");
}

/// The shipped reports were rendered from the shipped records: no headline or recommendation is another one.
/// Of the records, those that are read quickly.
#[test]
fn the_answers_of_shipped_recordings_are_those_of_their_reports() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let runs = crate::record::find_runs(&root.join("results")).expect("recordings");
    let is_small = |run: &&std::path::PathBuf| {
        fs_err::metadata(run.join("trials.csv")).is_ok_and(|file| file.len() < 30_000)
    };
    for run in runs.iter().filter(is_small) {
        let recording = Recording::read(run).expect("a recording");
        let page = root.join("reports").join(&recording.name).join(crate::report::REPORT);
        let Ok(page) = fs_err::read_to_string(page) else { continue };
        let page = plain(&page);
        let answer = answer_of(&recording, &Analysis::of(&recording));
        for scenario in answer["scenarios"].as_array().expect("scenarios") {
            for text in [&scenario["headline"], &scenario["use"]["text"]] {
                let text = text.as_str().map(plain).unwrap_or_default();
                assert!(page.contains(&text), "{}: {text}", recording.name);
            }
        }
    }
}
