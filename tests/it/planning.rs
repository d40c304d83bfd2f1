//! Advice before the first trial.

use crate::bench::{Bench, TINY};

/// Case `rare-tail` of what a seed may miss.
const RARE: &str = r#"
title = "One answer in a hundred takes a second"
question = "What does the rare slow answer cost?"
seed = 4

[workload]
requests = 60
delay = { mixture = [{ weight = 99, fixed = "2ms" }, { weight = 1, fixed = "1s" }] }

[[strategy]]
label = "one by one"
model = "sequential"

[[strategy]]
label = "all at once"
model = "async-all"

[blocks]
count = 2
warmup = 0
"#;

#[test]
fn a_rare_part_that_was_not_drawn_is_told_by_plan_run_and_report() {
    let bench = Bench::new();
    bench.file("rare.toml", RARE);
    let told =
        "1 % of the delay model, at 1s, is not among the 60 requests (expected 0.6, drawn 0)";
    let plan = bench.call(&["plan", "rare.toml"]);
    plan.exits(0).prints("1 % at 1s: expected 0.6, drawn 0").prints(&format!("warning: {told}"));
    plan.prints("expected").prints("p99");

    let json = bench.call(&["plan", "rare.toml", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.exits(0).stdout).expect("JSON");
    assert_eq!(json["from"], serde_json::Value::Null);
    let delays = &json["plan"]["delays"][0]["delays"];
    assert_eq!(delays["drawn"]["longest_ns"], 2_000_000);
    assert_eq!(
        (&delays["parts"][1]["drawn"], &delays["parts"][1]["name"]),
        (&0.into(), &"at 1s".into())
    );
    let warnings = json["plan"]["warnings"].as_array().expect("warnings");
    assert!(warnings.iter().any(|w| w.as_str().expect("text").starts_with(told)), "{json}");

    let run = bench.run(&["rare.toml"]);
    run.says(&format!("warning: {told}")).prints(told);

    // A hundred, stratified, have one of it; and delays are served as they were planned.
    let sets = ["--set", "workload.draw=stratified", "--set", "workload.requests=100"];
    let plan = bench.call(&[&["plan", "rare.toml"], &sets[..]].concat());
    plan.exits(0).prints("1 % at 1s: expected 1, drawn 1");
    assert!(!plan.stdout.contains("not among"), "{}", plan.stdout);
    bench.record(&[&["rare.toml", "--only", "all at once"], &sets[..]].concat());
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn blocks_follow_from_the_cells_unless_they_are_given() {
    let bench = Bench::new();
    let many = TINY.replace("limit = 4", "limit = [1, 2, 3, 4, 5, 6, 7, 8]");
    let without = many.lines().filter(|l| !l.starts_with("count")).collect::<Vec<_>>().join("\n");
    bench.file("open.toml", &without);
    // Nine cells are 36 pairs: 36 × 2 ÷ 2¹¹ = 3.5 %.
    bench.call(&["plan", "open.toml"]).exits(0).prints("9 cells, 11 blocks");
    bench
        .call(&["plan", "open.toml", "--blocks", "8"])
        .exits(0)
        .prints("warning: 8 blocks are too few")
        .prints("at least 11 blocks to rank 9 cells");
    // A recording is read with the blocks that it was planned with.
    let few = TINY.lines().filter(|l| !l.starts_with("count")).collect::<Vec<_>>().join("\n");
    bench.file("few.toml", &few);
    let run = bench.record(&["few.toml"]);
    let rows = fs_err::read_to_string(run.join("plan.csv")).expect("rows");
    assert!(rows.lines().last().expect("a row").starts_with("10,"), "{rows}");
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn a_time_scale_is_told_before_and_after() {
    let bench = Bench::new();
    let scaled = TINY
        .replace("[workload]", "[workload]\ntime_scale = 0.01")
        .replace(r#"["1ms", "4ms"]"#, r#"["1s", "4s"]"#)
        .replace("limit = 4", "limit = 4\ntimeout = \"2s\"");
    bench.file("scaled.toml", &scaled);
    let plan = bench.call(&["plan", "scaled.toml"]);
    plan.exits(0).prints("warning: `timeout` 2.00 s is not scaled");
    bench.run(&["scaled.toml"]).says("`timeout` 2.00 s is not scaled").prints("× 0.01");
    let plain = bench.call(&["plan", "scaled.toml", "--set", "workload.time_scale=1"]);
    assert!(!plain.exits(0).stdout.contains("not scaled"), "{}", plain.stdout);
}
