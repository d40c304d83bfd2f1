//! `inflight diff` as scripts call it: selections, exit codes under `sh -e`, GitHub, charts.

use std::path::Path;
use std::process::Command;

use crate::bench::{Bench, recorded};

/// A recording, and copies of its rows: the same, and with `async` taking twice as long.
fn recorded_and_scaled() -> (Bench, String) {
    let (bench, run) = recorded(12);
    scaled(&run.join("trials.csv"), &bench.path("same.csv"), 1.0);
    scaled(&run.join("trials.csv"), &bench.path("slow.csv"), 2.0);
    (bench, run.display().to_string())
}

/// Rows of a real recording with planned wall times, so that no verdict hangs on the machine: 10 ms,
/// a little more from block to block, and `factor` times that for `async`.
fn scaled(from: &Path, to: &Path, factor: f64) {
    let mut rows = csv::Reader::from_path(from).expect("rows");
    let headers = rows.headers().expect("a header").clone();
    let column = |name: &str| headers.iter().position(|h| h == name).expect("a column");
    let [wall, status, reason] = ["wall_ns", "status", "reason"].map(column);
    let (label, block) = (column("label"), column("block"));
    let mut out = csv::Writer::from_path(to).expect("a file");
    out.write_record(&headers).expect("a header");
    for row in rows.records() {
        let row = row.expect("a row");
        let block: u64 = row[block].parse().expect("a number");
        let ns = 10_000_000 + (block * 7) % 5 * 10_000;
        let factor = if &row[label] == "async" { factor } else { 1.0 };
        let planned = [
            (wall, format!("{:.0}", ns as f64 * factor)),
            (status, "ok".to_owned()),
            (reason, String::new()),
        ];
        let fields = row.iter().enumerate().map(|(index, field)| {
            let planned = planned.iter().find(|(column, _)| *column == index);
            planned.map_or(field, |(_, value)| value)
        });
        out.write_record(fields).expect("a row");
    }
    out.flush().expect("the file");
}

/// Runs a script as make does: it ends at the first command that fails, with its exit code.
#[track_caller]
fn script(bench: &Bench, script: &str, code: i32, reached: bool) {
    let output = Command::new("sh")
        .args(["-ec", &format!("{script}; echo reached")])
        .current_dir(bench.path(""))
        .env("INFLIGHT", env!("CARGO_BIN_EXE_inflight"))
        .env("NO_COLOR", "1")
        .output()
        .expect("a shell");
    let out = String::from_utf8_lossy(&output.stdout);
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(code), "{script}\n{out}\n{err}");
    assert_eq!(out.ends_with("reached\n"), reached, "{script}");
}

#[test]
fn scripts_can_trust_the_exit_code() {
    let (bench, run) = recorded_and_scaled();
    let diff = |args: &str| format!("\"$INFLIGHT\" diff {args}");
    script(&bench, &diff(&format!("{run} {run}")), 3, false);
    script(&bench, &diff(&format!("{run} {run} --force")), 0, true);
    script(&bench, &diff("same.csv same.csv"), 3, false);
    script(&bench, &format!("cp same.csv copy.csv; {}", diff("same.csv copy.csv")), 3, false);
    script(&bench, &diff(&format!("{run} {run}/trials.csv")), 3, false);
    let links =
        format!("cp -r {run} copy; ln -s \"$(basename {run})\" \"$(dirname {run})/latest\"");
    script(&bench, &format!("{links}; {}", diff(&format!("{run} copy"))), 3, false);
    script(&bench, &diff(&format!("{run} latest --gate wall=5%")), 3, false);
    script(&bench, &diff(&format!("same.csv {run} copy")), 3, false);
    script(&bench, &diff("@latest~1 @latest"), 64, false);
    script(&bench, &diff("same.csv slow.csv"), 1, false);
    script(&bench, &diff("slow.csv same.csv"), 0, true);
    // A gate is asked about its own cells only.
    script(&bench, &diff("same.csv slow.csv --gate wall=20%:label=async"), 1, false);
    script(&bench, &diff("same.csv slow.csv --gate wall=5%:label=sync"), 0, true);
    script(&bench, &diff("same.csv slow.csv --gate wall=5%:label=nobody"), 3, false);
    script(&bench, &diff("same.csv nothing.csv"), 64, false);
    script(&bench, &diff("same.csv slow.csv --gate wall"), 64, false);
    script(&bench, &diff(&format!("{run} --by requests")), 64, false);
    script(&bench, &diff(&format!("{run} --by build")), 64, false);
    bench.file("other.csv", "block,position\n1,2\n");
    script(&bench, &diff("same.csv other.csv"), 65, false);
}

#[test]
fn what_is_undecided_fails_under_strict_only() {
    let (bench, run) = recorded(2);
    // Too few blocks for an interval, and another order of the two.
    scaled(&run.join("trials.csv"), &bench.path("same.csv"), 1.0);
    scaled(&run.join("trials.csv"), &bench.path("slow.csv"), 2.0);
    let diff = |args: &str| format!("\"$INFLIGHT\" diff same.csv slow.csv {args}");
    script(&bench, &diff(""), 0, true);
    script(&bench, &diff("--strict"), 4, false);
}

#[test]
fn names_charts_and_formats() {
    let (bench, run) = recorded_and_scaled();
    let diff = bench.call(&[
        "diff",
        "before=same.csv",
        "after=slow.csv",
        &run,
        "--metric",
        "wall,errors",
        "--chart",
        "ratios.svg",
        "--split",
        "--sort",
        "name",
    ]);
    diff.exits(1).prints("before").prints("after").prints("new 2");
    for chart in ["ratios.svg", "ratios-2.svg"] {
        let svg = fs_err::read_to_string(bench.path(chart)).expect("a chart");
        assert!(svg.starts_with("<svg") || svg.starts_with("<?xml"), "{chart}");
        assert!(svg.contains("async"), "{chart}");
    }
    let json = bench.call(&["diff", "same.csv", "slow.csv", "--format", "json"]);
    json.exits(1);
    let document: serde_json::Value = serde_json::from_str(&json.stdout).expect("a document");
    assert_eq!(document["schema"], 3);
    assert_eq!(document["comparisons"][0]["summary"]["wall"]["slower"], 1);
    assert_eq!((&document["exit_code"], &document["exit_code_strict"]), (&1.into(), &1.into()));
}

#[test]
fn a_factor_within_one_recording() {
    let (bench, run) = recorded_and_scaled();
    let diff = bench.call(&["diff", &run, "--by", "model"]);
    // Async is faster than one after the other, which is no news of a change.
    diff.exits(0).prints("by model").prints("faster").prints("change together with model");
    bench.call(&["diff", "same.csv", "--by", "model"]).exits(64).is_one_clear_message();
    bench.call(&["diff", &run, "--by", "speed"]).exits(64).says("speed");
}

#[test]
fn github_gets_annotations_and_a_summary() {
    let (bench, _) = recorded_and_scaled();
    let summary = bench.file("summary.md", "before\n");
    let mut command = bench.command(&["diff", "same.csv", "slow.csv", "--github"]);
    let output = command.env("GITHUB_STEP_SUMMARY", bench.path(summary)).output().expect("a call");
    assert_eq!(output.status.code(), Some(1));
    let out = String::from_utf8_lossy(&output.stdout);
    assert!(out.lines().any(|line| line.starts_with("::error title=")), "{out}");
    let summary = fs_err::read_to_string(bench.path(summary)).expect("a summary");
    assert!(summary.starts_with("before\n## inflight diff"), "{summary}");
    assert!(summary.contains("| slower "), "{summary}");
}

/// With a CPU less this is another machine, whose milliseconds mean nothing here.
#[test]
fn two_machines_are_compared_by_the_advantages_of_their_cells() {
    let (bench, here) = recorded(9);
    let there = bench.path("there").display().to_string();
    let program = env!("CARGO_BIN_EXE_inflight");
    let args = ["--cpu-list", "0", program, "run", "--quiet", "--blocks", "9", "--out", &there];
    let _alone = crate::bench::alone();
    let recorded = Command::new("taskset")
        .args(args)
        .args(["--reports", &there, "tiny.toml"])
        .current_dir(bench.path(""))
        .output()
        .expect("taskset, of util-linux");
    let stderr = String::from_utf8_lossy(&recorded.stderr);
    assert!(matches!(recorded.status.code(), Some(0 | 5)), "{stderr}");
    let there = inflight::record::find_runs(Path::new(&there)).expect("a folder").remove(0);
    let (here, there) = (here.display().to_string(), there.display().to_string());
    if std::thread::available_parallelism().is_ok_and(|cpus| cpus.get() < 2) {
        // Both were recorded with one CPU, and are of one machine.
        bench.call(&["diff", &here, &there]).prints("Comparable");
        return;
    }
    let diff = bench.call(&["diff", &here, &there]);
    diff.prints("Across machines: every cell is divided by the baseline");
    assert!(diff.stdout.contains("1cpu"), "{}", diff.stdout);
    // The baseline is what the other is divided by.
    assert!(!diff.stdout.contains(" sync  "), "{}", diff.stdout);
    let refused = bench.call(&["diff", &here, &there, "--relative", "never"]);
    refused.exits(3).prints("Not comparable: machine differs");
    bench
        .call(&["diff", &here, &there, "--relative", "never", "--force"])
        .prints("forced")
        .prints("Not comparable: machine differs");
}

#[test]
fn one_side_alone_says_what_to_type() {
    let (bench, run) = recorded_and_scaled();
    let name = Path::new(&run).file_name().expect("a name").to_string_lossy().into_owned();
    let alone = bench.call(&["diff", "@latest"]);
    alone.exits(64).says("NEW is missing").says(&name).says("none before it of `tiny`");
    bench.call(&["diff", "nothing-like-it"]).exits(64).says("NEW is missing");
}

#[test]
fn some_cells_are_shown_and_all_are_judged() {
    let (bench, _) = recorded_and_scaled();
    let diff = |only: &str| bench.call(&["diff", "same.csv", "slow.csv", "--only", only]);
    diff("label=sync").exits(1).prints("Not shown: 1 slower.");
    diff("label=async").exits(1).prints("Shown cells: 1 of 2.");
    diff("label=asynk").exits(64).is_one_clear_message().says("there are label async, sync");
    diff("labl=async").exits(64).says("did you mean `label`?");
}

#[test]
fn a_chart_that_cannot_be_drawn_is_refused_before_anything_is_read() {
    let bench = Bench::new();
    let chart = |name: &str| bench.call(&["diff", "a", "b", "--chart", name]);
    chart("x.pdf").exits(64).is_one_clear_message().says("no .pdf");
    if cfg!(not(feature = "png")) {
        chart("x.png").exits(64).is_one_clear_message().says("--features png");
        bench.call(&["report", "--png"]).exits(64).says("--features png");
    }
}

#[test]
fn shells_complete_metrics_and_factors() {
    let bench = Bench::new();
    let script = bench.call(&["completions", "bash"]);
    script.exits(0).prints("throughput").prints("reuse");
}
