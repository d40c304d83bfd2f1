//! From an experiment file to a record, a report and a comparison, on real sockets.

use inflight::record::{Recording, TrialRow};

use crate::bench::{Bench, TINY, alone, files_under, recorded};

#[test]
fn a_run_ends_with_a_report_that_its_record_gives() {
    let bench = Bench::new();
    bench.file("experiments/tiny.toml", TINY);
    let run = bench.run(&["experiments/tiny.toml"]);
    let first = run.stderr.lines().next().unwrap_or_default();
    assert!(first.starts_with("tiny: 2 cells, 6 blocks + 1 warm-up, 21 trials, about "), "{first}");
    let report = run.stdout.lines().find_map(|l| l.strip_prefix("report: ")).expect("a report");
    let page = fs_err::read_to_string(bench.path(report)).expect("a page");
    assert!(page.starts_with("# Tiny"), "{page}");
    assert!(page.contains("Is it quick?"));

    bench.call(&["report", "--check"]).exits(0).prints("1 report is what its record gives");
    let before = files_under(&bench.path("reports"));
    bench.call(&["report"]).exits(0);
    assert_eq!(files_under(&bench.path("reports")), before);
    bench.call(&["report", "--check"]).exits(0);

    fs_err::write(bench.path(report), page.replacen("Tiny", "Tidy", 1)).expect("a page");
    bench.call(&["report", "--check"]).exits(1).says("report.md");
}

#[test]
fn the_answer_is_printed_for_a_program_and_nothing_is_written() {
    let (bench, run) = recorded(6);
    let files = files_under(&bench.path(""));
    let json = bench.call(&["report", "@latest", "--format", "json"]);
    let document: serde_json::Value = serde_json::from_str(&json.exits(0).stdout).expect("JSON");
    let answer = &document["recordings"][0];
    let page = fs_err::read_to_string(
        bench.path("reports").join(run.file_name().expect("a name")).join("report.md"),
    );
    let headline = answer["scenarios"][0]["headline"].as_str().expect("a headline");
    assert!(page.expect("a page").contains(&format!("**{headline}**")), "{headline}");
    let text = bench.call(&["report", "--format", "text"]);
    text.exits(0)
        .prints(headline)
        .prints(answer["scenarios"][0]["use"]["text"].as_str().expect("a line"));
    assert_eq!(files_under(&bench.path("")), files);
    bench.call(&["report", "--format", "json", "--check"]).exits(64);

    fs_err::write(run.join("trials.csv"), "nothing").expect("a file");
    let damaged = bench.call(&["report", "--format", "json"]);
    damaged.exits(65).says("trials.csv").prints("\"recordings\": []");
}

#[test]
fn a_record_holds_everything_and_names_no_folder() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let file = bench.path("tiny.toml").display().to_string();
    let run = bench.record(&[&file]);
    let files = files_under(&run);
    for name in ["env.csv", "experiment.toml", "latency.csv.zst", "manifest.json", "plan.csv"] {
        assert!(files.iter().any(|f| f == name), "{name} is not in {files:?}");
    }
    // One for each cell; a trial that proved to be invalid leaves its own besides.
    let left = |folder: &str| files.iter().filter(|f| f.starts_with(folder)).count();
    assert!(left("requests/") >= 2 && left("timeline/") >= 2, "{files:?}");
    assert_eq!(fs_err::read_to_string(run.join("experiment.toml")).expect("a file"), TINY);
    let home = bench.path("").display().to_string();
    for name in files.iter().filter(|f| !f.ends_with(".zst")) {
        let text = fs_err::read_to_string(run.join(name)).expect("a text file");
        assert!(!text.contains(home.trim_end_matches('/')), "{name} names a folder");
    }
}

#[test]
fn json_events_tell_the_whole_run() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let run = bench.run(&["--json", "tiny.toml"]);
    let events: Vec<serde_json::Value> =
        run.stdout.lines().map(|l| serde_json::from_str(l).expect("a JSON line")).collect();
    let named = |name: &str| events.iter().filter(|e| e["event"] == name).count();
    assert_eq!((named("begin"), named("trial"), named("end"), named("report")), (1, 21, 1, 1));
    let measured = |e: &&serde_json::Value| e["wall_ns"].is_u64();
    assert_eq!(events.iter().filter(|e| e["event"] == "trial").filter(measured).count(), 21);
    // What a person is warned of comes before the first trial.
    let few = bench.run(&["--json", "--blocks", "2", "--only", "async", "tiny.toml"]);
    let warned = few.stdout.find("\"text\":\"fewer than 6 blocks: ");
    assert!(warned.is_some() && warned < few.stdout.find("\"event\":\"begin\""), "{}", few.stdout);
}

#[test]
fn a_disturbed_machine_is_told_at_the_end_of_a_run() {
    let (bench, run) = recorded(9);
    // The hypervisor took half of the first measured block, which was not a short one.
    let env = run.join("env.csv");
    let text = fs_err::read_to_string(&env).expect("a file");
    let header = text.lines().next().expect("a header");
    let column = |name: &str| header.split(',').position(|c| c == name).expect("a column");
    let (begins, steal) = (column("at_unix_ms"), column("steal_percent"));
    let changed: Vec<String> = text
        .lines()
        .map(|line| {
            let mut fields: Vec<&str> = line.split(',').collect();
            match fields[0] {
                "1" => fields[begins] = "0",
                "2" => fields[steal] = "50.0",
                _ => {}
            }
            fields.join(",")
        })
        .collect();
    fs_err::write(&env, changed.join("\n") + "\n").expect("a file");
    let run = run.display().to_string();
    let told = "the hypervisor took up to 50.0 % of the CPU time for others (block";
    bench.run(&["--resume", &run]).says(&format!("warning: {told}"));
    let json = bench.run(&["--resume", &run, "--json"]);
    assert!(!json.stderr.contains(told), "{}", json.stderr);
    let last = json.stdout.lines().last().expect("an event");
    let event: serde_json::Value = serde_json::from_str(last).expect("a JSON line");
    assert!(event["warnings"][0].as_str().expect("a warning").starts_with(told), "{event}");
    assert!(!bench.run(&["--resume", &run, "--quiet"]).stderr.contains(told));
}

#[test]
fn a_run_compared_with_itself_has_ratio_one_everywhere() {
    // More blocks than intervals need, should one trial be invalid.
    let (bench, run) = recorded(9);
    let run = run.display().to_string();
    bench.call(&["diff", &run, &run, "--gate", "wall=5%"]).exits(3).prints("are one recording");
    let diff = bench.call(&["diff", &run, &run, "--force", "--format", "csv"]);
    diff.exits(0);
    let mut rows = csv::Reader::from_reader(diff.stdout.as_bytes());
    let headers = rows.headers().expect("a header").clone();
    let column = |name: &str| headers.iter().position(|h| h == name).expect("a column");
    let (ratio, verdict) = (column("ratio"), column("outcome"));
    let rows: Vec<csv::StringRecord> = rows.records().map(|r| r.expect("a row")).collect();
    assert_eq!(rows.len(), 2);
    for row in &rows {
        assert_eq!(row[ratio].parse::<f64>().expect("a ratio"), 1.0);
        assert!(!["faster", "slower"].contains(&&row[verdict]), "{row:?}");
    }
}

#[test]
fn a_part_of_the_matrix_is_recorded_and_reported() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let args = ["tiny.toml", "--only", "async", "--set", "workload.requests=5", "--blocks", "2"];
    let run = bench.record(&args);
    let rows = fs_err::read_to_string(run.join("trials.csv")).expect("rows");
    // One cell and its control twin, in two blocks and a warm-up; and the header.
    assert_eq!(rows.lines().count(), 1 + 2 * 3);
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn a_plan_runs_nothing() {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    bench
        .call(&["plan", "tiny.toml"])
        .exits(0)
        .prints("async-semaphore")
        .prints("order of block 1");
    assert_eq!(bench.runs().len(), 0);
}

#[test]
fn a_trace_travels_with_its_record() {
    let bench = Bench::new();
    bench.file("t/delays.csv", "delay_ns\n1000000\n3000000\n");
    let text = TINY.replace("{ choice = [\"1ms\", \"4ms\"] }", "{ trace = \"delays.csv\" }");
    bench.file("t/tiny.toml", &text);
    let run = bench.record(&["t/tiny.toml", "--blocks", "1"]);
    assert!(run.join("delays.csv").is_file());
    fs_err::remove_file(bench.path("t/delays.csv")).expect("a removed file");
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn a_refuted_claim_is_a_finding_unless_claims_are_strict() {
    let bench = Bench::new();
    let claim = "\n[[claim]]\ntext = \"sync is magic\"\nof = { label = \"sync\" }\nover = \"ideal\"\nat_most = 0.5\n";
    bench.file("tiny.toml", &format!("{TINY}{claim}"));
    bench.record(&["tiny.toml"]);
    let _alone = alone();
    let strict = bench.call(&["run", "--quiet", "--strict-claims", "tiny.toml"]);
    // A trial that is invalid because the machine is busy is told first.
    assert!([1, 5].contains(&strict.code), "{}", strict.stderr);
}

#[test]
fn what_a_strategy_suffers_is_counted_and_leaves_the_trial_valid() {
    let bench = Bench::new();
    let greedy = "\n[[strategy]]\nlabel = \"greedy\"\nmodel = \"async-all\"\nnofile = 32\n";
    let text = TINY
        .replace("requests = 8", "requests = 64")
        .replace("[blocks]", &format!("{greedy}\n[blocks]"));
    bench.file("tiny.toml", &text);
    let run = bench.record(&["tiny.toml", "--only", "greedy", "--blocks", "1"]);
    let recording = Recording::read(&run).expect("a recording");
    for trial in &recording.trials {
        let errors = trial.errors.expect("a count");
        assert!((32..64).contains(&errors), "{errors} of 64 requests failed with 32 open files");
        assert_eq!(trial.error_classes.to_string(), format!("emfile:{errors}"));
        // A busy machine may make the delays late, which is another matter.
        let late = trial.reason.starts_with("the server's");
        assert!(trial.reason.is_empty() || late, "{}", trial.reason);
    }
    let report = bench.call(&["report"]);
    report.exits(0);
    let page = fs_err::read_to_string(bench.path(report.stdout.trim())).expect("a page");
    // Of trials that were late, no number is told.
    let any = recording.measured().any(TrialRow::is_ok);
    let told = if any { "emfile" } else { "invalid" };
    assert!(page.contains(told), "{page}");
}

#[test]
fn a_trial_that_passes_its_deadline_is_killed_and_recorded() {
    let bench = Bench::new();
    let text = TINY
        .replace("question = ", "deadline = \"1s\"\nquestion = ")
        .replace("\"4ms\"", "\"600ms\"");
    bench.file("slow.toml", &text);
    // One by one, eight requests of up to 600 ms take longer than a second; four at a time do not.
    let _alone = alone();
    let args = [
        "run",
        "--quiet",
        "slow.toml",
        "--only",
        "sync",
        "--blocks",
        "1",
        "--set",
        "blocks.warmup=0",
    ];
    bench.call(&args).exits(5).says("2 trials failed");
    let run = bench.runs().pop().expect("a run");
    let rows = fs_err::read_to_string(run.join("trials.csv")).expect("rows");
    assert_eq!(
        rows.matches("client was still running after the deadline of 1s").count(),
        2,
        "{rows}"
    );
    bench.call(&["report", "--check"]).exits(0);
}
