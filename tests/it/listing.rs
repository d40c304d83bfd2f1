//! Recordings are listed, named and labelled; a run ends by its rule.

use crate::bench::{Bench, TINY, recorded};

#[test]
fn recordings_are_listed_named_and_labelled() {
    let bench = Bench::new();
    bench.call(&["runs"]).exits(0).says("make one with `inflight run FILE`");
    bench.call(&["runs", "--format", "json"]).exits(0).prints("\"recordings\": []");
    bench.call(&["machine", "label", "here", "x"]).exits(64).says("none has recorded there");

    bench.file("tiny.toml", TINY);
    let run = bench.record(&["tiny.toml", "--blocks", "1"]);
    let name = run.file_name().expect("a name").to_string_lossy().into_owned();
    let machine = run.parent().and_then(|p| p.file_name()).expect("a machine").to_string_lossy();
    bench.call(&["runs"]).exits(0).prints(&name).prints("1 of 1").prints("finished");
    bench.call(&["runs", "--state", "damaged"]).exits(0).says("none of the 1 recording under");
    bench.call(&["runs", "--since", "yesterday"]).exits(64).says("36h or 7d");

    let page = format!("reports/{name}/report.md");
    for text in ["@latest", "tiny", &name[..name.len() - 1], &name] {
        bench.call(&["report", text]).exits(0).prints(&page);
    }

    // The label stands in lists and reports, and a later recording leaves it alone.
    bench.call(&["machine", "label", &machine, "line\nbreak"]).exits(64).says("one line");
    bench.call(&["machine", "label", &machine, "lab box"]).exits(0).says("`lab box`");
    bench.call(&["report", "--check"]).exits(1);
    bench.record(&["tiny.toml", "--blocks", "1"]);
    bench.call(&["runs", "--machine", "lab box", "--format", "csv"]).exits(0).prints("lab box");
    bench.call(&["machine"]).exits(0).prints("lab box").prints(&machine);
    bench.call(&["report"]).exits(0);
    bench.call(&["report", "--check"]).exits(0);

    bench.call(&["report", "@latest~1"]).exits(0).prints(&page);
    let both = bench.call(&["report", "tiny"]);
    both.exits(64).is_one_clear_message().says("matches 2 recordings").says(&name);
    bench.call(&["report", "@latest:other"]).exits(64).is_one_clear_message().says("inflight runs");

    fs_err::remove_file(run.join("manifest.json")).expect("a file");
    bench.call(&["runs"]).exits(0).prints("damaged").prints("it has no manifest.json");
}

#[test]
fn a_run_ends_by_its_rule_and_is_complete() {
    let bench = Bench::new();
    // Wide enough for any machine that is not stuck.
    let rule = "until = { half_width = \"99%\", min = 6, max = 40 }";
    // Few requests, whose lateness adds up to little on a busy machine.
    let few = TINY.replace("requests = 8", "requests = 4");
    bench.file("ruled.toml", &few.replace("count = 6", rule));
    bench
        .call(&["plan", "ruled.toml"])
        .exits(0)
        .prints("6 to 40 blocks")
        .prints("21 to 123 trials");
    // On a busy machine so many trials may be invalid that no interval is known.
    let ended = (0..5).any(|_| {
        let called = bench.run(&["ruled.toml"]);
        called.says("of at most 40 done");
        called.stderr.contains("is the last: every interval is narrow enough")
    });
    assert!(ended, "no run ended by its rule");
    let run = bench.runs().pop().expect("a run");
    let recording = inflight::record::Recording::read(&run).expect("a readable record");
    let blocks = recording.complete_blocks().len();
    assert!((6..40).contains(&blocks), "{blocks}");
    assert_eq!(recording.planned_blocks() as usize, blocks);
    let page =
        fs_err::read_to_string(bench.path("reports").join(&recording.name).join("report.md"));
    assert!(page.expect("a report").contains("The run ended by its rule after "));
    bench.call(&["run", "--resume", "@latest:ruled"]).has_recorded().says("nothing is left to run");
    bench.call(&["runs"]).exits(0).prints(&format!("{blocks} of {blocks}")).prints("finished");
    bench.call(&["report", "--check"]).exits(0);

    bench.call(&["plan", "ruled.toml", "--blocks", "7"]).exits(0).prints("7 blocks");
    bench.file("both.toml", &TINY.replace("count = 6", &format!("count = 6\n{rule}")));
    let both = bench.call(&["plan", "both.toml"]);
    both.exits(65).is_one_clear_message().says("both.toml:21:1").says("`count` and `until`");
}

#[test]
fn a_recording_is_removed_with_its_report_and_nothing_else() {
    let (bench, run) = recorded(6);
    let name = run.file_name().expect("a name").to_string_lossy().into_owned();
    let report = bench.path("reports").join(&name);
    let copy = run.with_file_name("20200101T000000Z-tiny-other");
    fs_err::create_dir_all(&copy).expect("a folder");
    for file in fs_err::read_dir(&run).expect("a folder").flatten().filter(|f| f.path().is_file()) {
        fs_err::copy(file.path(), copy.join(file.file_name())).expect("a copy");
    }

    bench.call(&["runs", "rm", &name]).exits(64).is_one_clear_message().says("--yes");
    bench.call(&["runs", "rm"]).exits(64).says("RECORDING");
    fs_err::create_dir_all(bench.path("folder")).expect("a folder");
    let folder = bench.call(&["runs", "rm", "--yes", &name, "folder"]);
    folder.exits(65).is_one_clear_message().says("not a recording");
    let plan = std::fs::File::open(run.join("plan.csv")).expect("a plan");
    plan.lock().expect("a lock");
    bench.call(&["runs", "rm", "--yes", &name]).exits(74).says("another inflight is writing");
    plan.unlock().expect("no lock");
    assert!(run.is_dir() && report.is_dir(), "nothing was removed");

    let removed = bench.call(&["runs", "rm", "--yes", &name, &name]);
    removed.exits(0).prints(&name).prints("README.md").prints("index.html");
    assert!(!run.exists() && !report.exists());
    assert_eq!(bench.runs(), std::slice::from_ref(&copy));
    let left = fs_err::read_dir(copy.parent().expect("a machine")).expect("a folder");
    let left: Vec<_> = left.flatten().map(|file| file.file_name()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    let index = fs_err::read_to_string(bench.path("reports/README.md")).expect("an index");
    assert!(!index.contains(&name), "{index}");
    bench.call(&["runs", "rm", "--yes", &name]).exits(64).says("no such recording");
}

#[test]
fn lists_fit_a_narrow_terminal() {
    let (bench, _run) = recorded(6);
    let runs = bench.command(&["runs"]).env("COLUMNS", "60").output().expect("the program starts");
    let text = String::from_utf8_lossy(&runs.stdout).into_owned();
    assert!(text.contains("blocks 6 of 6"), "{text}");
    assert!(text.lines().all(|line| line.chars().count() <= 60), "{text}");
}
