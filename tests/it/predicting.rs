//! Cells of another size are predicted from a recording, then measured.

use crate::bench::{Bench, TINY};

#[test]
fn a_run_is_predicted_then_measured_then_compared() {
    let bench = Bench::new();
    let small = TINY.replace("requests = 8", "requests = [8, 24]");
    bench.file("small.toml", &small);
    let large = TINY.replace("requests = 8", "requests = 60");
    bench.file("large.toml", &large);

    // Nothing is recorded yet.
    let nothing = bench.call(&["plan", "large.toml", "--requests", "1e9"]);
    nothing.exits(64).is_one_clear_message().says("inflight runs");
    bench.record(&["small.toml"]);

    let plan = bench.call(&["plan", "large.toml", "--from", "small"]);
    plan.exits(0).prints("sync").prints("limit").prints("from 8 and 24 requests");
    let many = ["plan", "large.toml", "--from", "@latest", "--requests", "1e9"];
    let many = bench.call(&[&many[..], &["--machines", "100_000", "--json"]].concat());
    let many: serde_json::Value = serde_json::from_str(&many.exits(0).stdout).expect("JSON");
    assert_eq!((&many["schema"], &many["machines"]), (&1.into(), &100_000.into()));
    let cells = many["cells"].as_array().expect("cells");
    assert_eq!(cells.len(), 2);
    for cell in cells {
        assert_eq!(cell["requests"], 1_000_000_000);
        assert_eq!(cell["requests_each"], 10_000);
        let ideal = cell["ideal_ns"].as_u64().expect("an ideal");
        assert!(cell["wall_ns"]["value"].as_u64().expect("a wall") >= ideal);
        assert!(cell["efficiency"].as_f64().expect("a share") <= 1.0);
    }

    // Another limit was never recorded.
    bench.file("other.toml", &large.replace("limit = 4", "limit = 5"));
    let other = bench.call(&["plan", "other.toml", "--from", "small"]);
    other.exits(0).prints("not predicted").prints("limit = 4 instead of 5");

    let run = bench.record(&["large.toml", "--predict-from", "small"]);
    let predictions = fs_err::read_to_string(run.join("predictions.csv")).expect("predictions");
    assert!(predictions.starts_with("cell,requests,from,"), "{predictions}");
    assert_eq!(predictions.lines().count(), 3, "{predictions}");
    let name = run.file_name().expect("a name").to_string_lossy().into_owned();
    let report = |name: &str| {
        let page = bench.path("reports").join(name).join("report.md");
        fs_err::read_to_string(page).expect("a report")
    };
    assert!(report(&name).contains("## Prediction"));
    assert!(report(&name).contains("No earlier prediction"));
    bench.call(&["report", "--check"]).exits(0);

    // The next run knows how good that was, as far as it was a measurement.
    let recording = inflight::record::Recording::read(&run).expect("a record");
    let any = recording.measured().any(inflight::record::TrialRow::is_ok);
    let all = recording.measured().all(inflight::record::TrialRow::is_ok);
    let again = bench.record(&["large.toml", "--predict-from", "small", "--blocks", "1"]);
    let name = again.file_name().expect("a name").to_string_lossy().into_owned();
    let told = report(&name).contains("Earlier predictions");
    assert!((told || !all) && (any || !told), "told: {told}; measured: any {any}, all {all}");
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn what_cannot_be_predicted_from_is_told() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    for number in ["0", "1.5", "many"] {
        let call = bench.call(&["plan", "tiny.toml", "--requests", number]);
        call.exits(64).says("whole number above zero");
    }
    let run = bench.call(&["run", "tiny.toml", "--predict-from", "@latest"]);
    run.exits(64).is_one_clear_message().says("inflight runs");
    assert!(!bench.path("results").exists(), "nothing was begun");
    bench.file("trials.csv", "block\n");
    let bare = bench.call(&["plan", "tiny.toml", "--from", "trials.csv"]);
    bare.exits(64).is_one_clear_message().says("needs a recording");
}
