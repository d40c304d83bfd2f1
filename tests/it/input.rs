//! Bad input: one clear message and the documented exit code.

use crate::bench::{Bench, TINY};

/// Calls `plan` with a spoiled experiment.
#[track_caller]
fn rejected(from: &str, to: &str, says: &[&str]) {
    let bench = Bench::new();
    let text = TINY.replace(from, to);
    assert_ne!(text, TINY, "the replacement took place");
    bench.file("bad.toml", &text);
    let called = bench.call(&["plan", "bad.toml"]);
    called.exits(65).is_one_clear_message();
    for text in says {
        called.says(text);
    }
}

#[test]
fn an_unknown_key_names_the_nearest() {
    rejected("requests = 8", "request = 8", &["bad.toml:6:1", "`request`", "`requests`"]);
}

#[test]
fn a_bad_unit_is_shown_with_its_place() {
    rejected("\"4ms\"", "\"4 parsecs\"", &["bad.toml:7:", "4 parsecs"]);
}

#[test]
fn a_limit_of_zero_is_rejected() {
    rejected("limit = 4", "limit = 0", &["bad.toml:17:", "limit"]);
}

#[test]
fn zero_is_refused_where_it_would_mean_something_else() {
    let memory = "limit = 4\nmemory = \"0B\"";
    rejected("limit = 4", memory, &["bad.toml:18:", "`memory`", "without `memory`: no limit"]);
    rejected("\"1kB\"", "\"0.4B\"", &["bad.toml:8:", "`body`", "less than a byte"]);
    let bench = Bench::new();
    for (option, value) in
        [("--delay", "0.4ns"), ("--body", "0.0001kB"), ("--stop-after", "0.0001us")]
    {
        bench.call(&["serve", option, value]).exits(64).says("is less than a");
    }
}

#[test]
fn an_empty_matrix_is_rejected() {
    rejected("limit = 4", "limit = []", &["bad.toml:17:", "empty"]);
    rejected("model = \"sequential\"", "model = []", &["empty"]);
}

#[test]
fn a_matrix_of_a_million_cells_is_rejected_at_once() {
    let many = |n: u32| (1..=n).map(|i| i.to_string()).collect::<Vec<_>>().join(", ");
    let big = format!(
        "limit = [{}]\nnofile = [{}]",
        many(1_000),
        (1_000..2_000).map(|i| i.to_string()).collect::<Vec<_>>().join(", ")
    );
    rejected("limit = 4", &big, &["cells"]);
}

#[test]
fn an_invalid_combination_is_an_error_and_not_skipped() {
    rejected("limit = 4", "limit = 4\nclient = \"ureq\"", &["async-semaphore", "ureq", "reqwest"]);
    rejected("limit = 4", "", &["needs a `limit`"]);
    rejected("body = \"1kB\"", "targets = 2", &["targets"]);
}

#[test]
fn several_errors_are_told_at_once() {
    let bench = Bench::new();
    let text = TINY.replace("requests = 8", "request = 8").replace("limit = 4", "limit = 0");
    bench.file("bad.toml", &text);
    bench
        .call(&["plan", "bad.toml"])
        .exits(65)
        .says("bad.toml:6:1")
        .says("bad.toml:17:")
        .says("2 errors");
}

#[test]
fn an_override_that_is_wrong_is_told_apart_from_the_file() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let plan = |set: &str| bench.call(&["plan", "tiny.toml", "--set", set]);
    plan("workload.request=5").exits(65).is_one_clear_message().says("requests");
    plan("workload.requests=0").exits(65).is_one_clear_message().says("--set");
    bench
        .call(&["plan", "tiny.toml", "--only", "nothing like it"])
        .exits(64)
        .is_one_clear_message()
        .says("selects no cell");
}

#[test]
fn a_folder_or_a_missing_file_instead_of_an_experiment() {
    let bench = Bench::new();
    bench.file("experiments/tiny.toml", TINY);
    bench
        .call(&["run", "experiments"])
        .exits(65)
        .is_one_clear_message()
        .says("directory")
        .says("tiny.toml");
    bench
        .call(&["run", "experiments/tinny.toml"])
        .exits(65)
        .is_one_clear_message()
        .says("tiny.toml");
}

#[test]
fn a_wrong_command_line_exits_with_64() {
    let bench = Bench::new();
    bench.call(&["reprot"]).exits(64).says("report");
    bench.call(&["run"]).exits(64).says("FILE");
    bench.call(&["diff", "a"]).exits(64).says("NEW");
    bench.call(&["--help"]).exits(0).prints("Exit codes");
    bench.call(&["--version"]).exits(0).prints("inflight ");
}

#[test]
fn a_folder_that_is_no_recording() {
    let bench = Bench::new();
    bench.file("nothing/here.txt", "");
    bench.call(&["report", "nothing"]).exits(65).is_one_clear_message().says("not a recording");
    bench.call(&["diff", "nothing", "nothing"]).exits(65).is_one_clear_message();
    bench.call(&["report"]).exits(64).is_one_clear_message().says("inflight run");
}

/// A recording to spoil.
fn recorded() -> (Bench, String) {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let run = bench.record(&["tiny.toml", "--blocks", "1"]);
    let name = run.strip_prefix(bench.path("")).expect("a path here").display().to_string();
    (bench, name)
}

#[test]
fn a_manifest_from_the_future_or_the_past_is_told_apart_from_damage() {
    let (bench, run) = recorded();
    let manifest = bench.path(&run).join("manifest.json");
    let text = fs_err::read_to_string(&manifest).expect("a manifest");
    let report = |format: &str| {
        let text = text.replacen("\"format\": 1", format, 1);
        fs_err::write(&manifest, text).expect("a manifest");
        let called = bench.call(&["report", &run]);
        called.exits(65).is_one_clear_message();
        called.stderr
    };
    assert!(report("\"format\": 99").contains("newer inflight"));
    assert!(report("\"format\": 0").contains("record it again"));
    assert!(report("\"format\": \"x\"").contains("manifest.json:2: damaged"));
}

#[test]
fn a_truncated_record_is_damaged_where_it_is_finished() {
    let (bench, run) = recorded();
    let trials = bench.path(&run).join("trials.csv");
    let bytes = fs_err::read(&trials).expect("rows");
    fs_err::write(&trials, &bytes[..bytes.len() - 10]).expect("a torn file");
    let cut = bench.call(&["diff", &run, &run]);
    cut.exits(65).is_one_clear_message().says(&format!("{run}/trials.csv:")).says("was cut");
    // A row cut in its middle by other means is damage, and named.
    let middle = bytes.len() / 2;
    let spoiled = [&bytes[..middle], &bytes[middle + 40..]].concat();
    fs_err::write(&trials, spoiled).expect("a spoiled file");
    bench.call(&["report", &run]).exits(65).is_one_clear_message().says("trials.csv:");
}

#[test]
fn an_edited_experiment_does_not_pass_for_the_recorded_one() {
    let (bench, run) = recorded();
    let file = bench.path(&run).join("experiment.toml");
    fs_err::write(&file, TINY.replace("limit = 4", "limit = 5")).expect("a file");
    bench
        .call(&["report", &run])
        .exits(65)
        .is_one_clear_message()
        .says("was experiment.toml changed");
}

#[test]
fn a_results_folder_that_cannot_be_written() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    // A file in the place of the folder: permissions would not stop a privileged user.
    bench.file("results", "");
    bench.call(&["run", "--quiet", "tiny.toml"]).exits(74).is_one_clear_message().says("results");
    bench
        .call(&["run", "--quiet", "--out", "/proc/inflight", "tiny.toml"])
        .exits(74)
        .is_one_clear_message();
}

#[test]
fn more_waiting_than_can_be_counted_is_rejected() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let sets = ["--set", "workload.requests=1000000", "--set", "workload.delay=24h"];
    bench
        .call(&[&["plan", "tiny.toml"], &sets[..]].concat())
        .exits(65)
        .is_one_clear_message()
        .says("18 years");
}
