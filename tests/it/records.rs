//! Faults of folders, records and their names: told before time is spent, and with the place.

use crate::bench::{Bench, TINY, alone, files_under, interrupted_after, recorded};

/// A bench with two recordings, one of which has a damaged row.
fn one_of_two_damaged() -> (Bench, String, String) {
    let (bench, _) = recorded(1);
    bench.record(&["tiny.toml", "--blocks", "1"]);
    let runs = bench.runs();
    let [damaged, whole] = runs.as_slice() else { panic!("{runs:?}") };
    let relative = |run: &std::path::Path| {
        run.strip_prefix(bench.path("")).expect("a path here").display().to_string()
    };
    let (damaged, whole) = (relative(damaged), relative(whole));
    let trials = bench.path(&damaged).join("trials.csv");
    let text = fs_err::read_to_string(&trials).expect("rows").replacen("\n0,", "\nx1,", 1);
    fs_err::write(&trials, text).expect("rows");
    (bench, damaged, whole)
}

#[test]
fn reports_that_cannot_be_written_are_told_before_the_first_trial() {
    let bench = Bench::new();
    bench.file("slow.toml", &TINY.replace("requests = 8", "requests = 200"));
    bench.file("file", "");
    let refused = bench.call(&["run", "slow.toml", "--reports", "file"]);
    refused.exits(74).is_one_clear_message().says("`file`");
    assert_eq!(bench.runs().len(), 0, "no trial, no record");
    bench.file("lists/README.md/x", "");
    bench.call(&["run", "slow.toml", "--reports", "lists"]).exits(74).says("lists/README.md");
    let ab = ["ab", "slow.toml", "--base", "nothing", "--reports", "file"];
    bench.call(&ab).exits(74).is_one_clear_message();

    let _alone = alone();
    interrupted_after(&bench, &["run", "slow.toml"], 1);
    let run = bench.runs().pop().expect("a run");
    let before = fs_err::read(run.join("trials.csv")).expect("rows");
    let resume = bench.call(&["run", "--resume", "@latest", "--reports", "file"]);
    resume.exits(74).is_one_clear_message();
    assert_eq!(fs_err::read(run.join("trials.csv")).expect("rows"), before);
}

#[test]
fn a_report_that_fails_does_not_keep_the_next_experiment_from_running() {
    let bench = Bench::new();
    bench.file("one.toml", TINY);
    bench.file("two.toml", TINY);
    let mut command = bench.command(&[
        "run",
        "-q",
        "one.toml",
        "two.toml",
        "--blocks",
        "1",
        "--set",
        "blocks.warmup=0",
    ]);
    let _alone = alone();
    let child = command.stderr(std::process::Stdio::piped()).spawn().expect("the program starts");
    crate::bench::wait_for("the first run", || bench.runs().len() == 1);
    // The folder of its report is taken by a file.
    let first = bench.runs().pop().expect("a run");
    let name = first.file_name().expect("a name").to_string_lossy().into_owned();
    bench.file(&format!("reports/{name}"), "");
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(74), "{said}");
    assert!(said.contains("error: ") && said.contains("the recording is complete"), "{said}");
    assert_eq!(bench.runs().len(), 2, "{said}");
    let second = bench.runs().pop().expect("a run");
    let report = bench.path("reports").join(second.file_name().expect("a name"));
    assert!(report.join("report.md").is_file(), "{said}");
}

#[test]
fn a_damaged_recording_is_named_and_the_others_go_on() {
    let (bench, damaged, whole) = one_of_two_damaged();
    let error =
        format!("error: {damaged}/trials.csv:2: damaged: column `block`: `x1` is not a whole");
    for command in [&["report"][..], &["report", "--check"]] {
        let called = bench.call(command);
        called.exits(65).says(&error);
        assert_eq!(called.stderr.matches("trials.csv:2").count(), 1, "{}", called.stderr);
    }
    bench.call(&["report"]).says("1 of 2 reports could not be made").prints("report.md");
    bench.call(&["report", "--check"]).says("1 of 2 recordings cannot be read");
    let error = error.trim_start_matches("error: ");
    for command in [
        &["diff", &damaged, &whole][..],
        &["diff", &whole, &damaged],
        &["run", "--resume", &damaged],
        &["plan", "tiny.toml", "--from", &damaged],
        &["run", "tiny.toml", "--predict-from", &damaged],
    ] {
        bench.call(command).exits(65).is_one_clear_message().says(error);
    }
    bench.call(&["runs"]).exits(0).prints(error);
    let read_whole = ["report", "--check", &whole];
    bench.call(&read_whole).exits(0).prints("1 report is what its record gives");
}

#[test]
fn a_check_reads_every_file_and_counts_what_it_names() {
    let (bench, run) = recorded(1);
    fs_err::remove_dir_all(bench.path("reports").join(run.file_name().expect("a name")))
        .expect("a report");
    let check = bench.call(&["report", "--check"]);
    check.exits(1).says("1 of 1 report differs; write them");
    fs_err::remove_file(bench.path("reports/README.md")).expect("the list");
    bench.call(&["report", "--check"]).exits(1).says("differs; the list of reports differs");
    bench.call(&["report"]).exits(0);
    bench.call(&["report", "--check"]).exits(0);
    let read: Vec<String> =
        files_under(&run).into_iter().filter(|f| f != "experiment.toml").collect();
    assert!(read.iter().any(|f| f.starts_with("connections/")), "{read:?}");
    for file in read {
        let path = run.join(&file);
        let whole = fs_err::read(&path).expect("a file");
        let mut spoiled = whole.clone();
        // A line break means nothing between the keys of a manifest, and within a quoted field of a table.
        let header = whole.iter().position(|&byte| byte == b'\n').unwrap_or(whole.len());
        let place = match file.rsplit_once('.') {
            Some((_, "json")) => 0,
            Some((_, "csv")) => header / 2,
            _ => spoiled.len() / 2,
        };
        spoiled[place] = if spoiled[place] == b'\n' { b'x' } else { b'\n' };
        fs_err::write(&path, spoiled).expect("a file");
        let check = bench.call(&["report", "--check"]);
        check.exits(65).says(&file).says("1 of 1 recording cannot be read");
        fs_err::write(&path, whole).expect("a file");
    }
    bench.call(&["report", "--check"]).exits(0);
}

/// The command of a report's section on how to reproduce it.
fn command_in(bench: &Bench) -> String {
    let run = bench.runs().pop().expect("a run");
    let page = bench.path("reports").join(run.file_name().expect("a name")).join("report.md");
    let page = fs_err::read_to_string(page).expect("a page");
    let home = bench.path("").display().to_string();
    assert!(!page.contains(home.trim_end_matches('/')), "no folder of this machine");
    assert!(!page.contains("git checkout") && page.contains("inflight 0."), "{page}");
    let commands = page.split("## How to reproduce").nth(1).expect("a section");
    let command = commands.lines().find(|line| line.starts_with("inflight run "));
    command.expect("a command").to_owned()
}

#[test]
fn what_a_report_says_reproduces_its_recording() {
    let bench = Bench::new();
    bench.file("mine/own name.toml", TINY);
    let again = |command: &str| {
        let before = bench.runs();
        let _alone = alone();
        let program = format!("{} run -q", env!("CARGO_BIN_EXE_inflight"));
        let command = command.replacen("inflight run", &program, 1);
        let mut shell = std::process::Command::new("sh");
        let output = shell.args(["-c", &command]).current_dir(bench.path("")).output().expect("sh");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!([Some(0), Some(5)].contains(&output.status.code()), "{command}: {said}");
        let runs = bench.runs();
        let made = runs.iter().find(|run| !before.contains(run)).expect("a recording");
        let recording = inflight::record::Recording::read(made).expect("a recording");
        (recording.manifest.experiment.clone(), recording.plan.digest())
    };
    let args = ["mine/own name.toml", "--blocks", "1", "--only", "async"];
    let first = bench.record(&args);
    let plan = inflight::record::Recording::read(&first).expect("a recording").plan.digest();
    let command = command_in(&bench);
    assert!(command.starts_with("inflight run 'mine/own name.toml'"), "{command}");
    assert_eq!(again(&command), ("own-name".to_owned(), plan.clone()));

    // An absolute path is not recorded: the copy in the record is as good.
    let absolute = bench.path("mine/own name.toml").display().to_string();
    bench.record(&[&absolute, "--blocks", "1", "--only", "async"]);
    let command = command_in(&bench);
    assert!(command.starts_with("inflight run results/"), "{command}");
    fs_err::remove_dir_all(bench.path("mine")).expect("gone");
    assert_eq!(again(&command), ("own-name".to_owned(), plan));
}

#[test]
fn names_outside_ascii_are_names() {
    let bench = Bench::new();
    for name in ["ü", "ä", "漢字"] {
        let file = format!("{name}.toml");
        bench.file(&file, TINY);
        bench.record(&[&file, "--blocks", "1", "--set", "blocks.warmup=0"]);
    }
    for name in ["ü", "ä", "漢字"] {
        for text in [name.to_owned(), format!("@latest:{name}")] {
            let report = bench.call(&["report", &text]);
            report.exits(0).prints(&format!("-{name}-"));
        }
        bench.call(&["runs", "--experiment", name]).exits(0).prints(name);
    }
    bench.call(&["report", "--check"]).exits(0);
    let long = format!("{}.toml", "ü".repeat(101));
    bench.file(&long, TINY);
    let before = bench.runs().len();
    bench
        .call(&["run", &long])
        .exits(65)
        .is_one_clear_message()
        .says("too long: 202 bytes, at most 200");
    assert_eq!(bench.runs().len(), before);
    let fits = format!("{}.toml", "ü".repeat(100));
    bench.file(&fits, TINY);
    bench.record(&[&fits, "--blocks", "1", "--set", "blocks.warmup=0"]);
    assert_eq!(bench.runs().len(), before + 1);
}

#[test]
fn a_newer_column_is_told_as_newer() {
    let (bench, run) = recorded(1);
    for table in ["trials.csv", "env.csv", "plan.csv"] {
        let path = run.join(table);
        let whole = fs_err::read_to_string(&path).expect("a table");
        let newer: String = whole
            .lines()
            .zip(0..)
            .map(|(line, n)| line.to_owned() + if n == 0 { ",speed\n" } else { ",5\n" })
            .collect();
        fs_err::write(&path, newer).expect("a table");
        let called = bench.call(&["report", "@latest"]);
        called.exits(65).is_one_clear_message().says("this inflight does not know column `speed`");
        assert!(!called.stderr.contains("damaged"), "{}", called.stderr);
        fs_err::write(&path, whole).expect("a table");
    }
    bench.call(&["report", "@latest"]).exits(0);
}
