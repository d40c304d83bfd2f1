//! Limits that real trials run into first, on both sides.

use inflight::record::{Recording, TrialRow};

use crate::bench::{Bench, alone};

const HEAD: &str = r#"
title = "Limits"
question = "What breaks first?"
blocks = { count = 1, warmup = 0 }
"#;

/// Records an experiment of one block and reads it back, with its report. The control's second trial
/// is left out.
fn recorded(experiment: &str) -> (Vec<TrialRow>, String) {
    let text = format!("{HEAD}{experiment}");
    let bench = Bench::new();
    bench.file("limits.toml", &text);
    {
        let _alone = alone();
        bench.call(&["run", "--quiet", "limits.toml"]).has_recorded();
    }
    let run = bench.runs().pop().expect("a run");
    let recording = Recording::read(&run).expect("a readable record");
    let name = run.file_name().expect("a name").to_string_lossy().into_owned();
    let report = bench.path("reports").join(name).join("report.md");
    let page = fs_err::read_to_string(report).expect("a report");
    let rows = recording.trials.into_iter().filter(|row| row.replica == "a");
    (rows.collect(), page)
}

/// On a busy machine the server may be late, which is no fault of what is counted here.
#[track_caller]
fn is_measured(row: &TrialRow) {
    let is_late = |reason: &str| {
        reason.starts_with("the server's median") || reason.starts_with("the server's lateness")
    };
    let remedy = "end other work on this machine, and run it again";
    // What was seen stands in brackets, with semicolons of its own.
    let parts = row.reason.split(['(', ')']);
    let reason: String = parts.step_by(2).collect();
    let late = reason.split("; ").filter(|part| *part != remedy).all(is_late);
    assert!(row.is_ok() || late, "{} {}: {}", row.label, row.client, row.reason);
}

/// Whether this machine cannot do what the cell needs.
#[track_caller]
fn is_skipped(row: &TrialRow) -> bool {
    let skipped = row.status.name() == "skipped";
    if skipped {
        // A sentence that says why.
        assert!(row.reason.contains(' '), "{}", row.reason);
        println!("skipped: {}", row.reason);
    }
    skipped
}

fn what_broke(page: &str) -> &str {
    let from = page.find("## What broke first").expect("a section");
    let part = &page[from + 3..];
    &part[..part.find("\n## ").unwrap_or(part.len())]
}

#[test]
fn ports_run_out_where_connections_exceed_them() {
    let (rows, page) = recorded(
        r#"
workload = { requests = 300, delay = "20ms" }
strategy = [
    { label = "fresh", model = "async-semaphore", client = ["hyper", "reqwest"], reuse = "none", limit = 30, ports = 200 },
    { label = "threads", model = "threads", client = ["ureq", "reqwest-blocking"], reuse = "none", limit = 30, ports = 200 },
    { label = "kept", model = "async-semaphore", client = "hyper", limit = 30, ports = 200 },
]
"#,
    );
    assert_eq!(rows.len(), 5);
    if rows.iter().all(is_skipped) {
        return;
    }
    for row in &rows {
        is_measured(row);
        let lost = if row.label == "kept" { 0 } else { 100 };
        assert_eq!(row.failed_with("eaddrnotavail"), Some(lost), "{}", row.client);
        assert_eq!((row.errors, row.ok), (Some(lost), Some(300 - lost)), "{}", row.client);
        if lost > 0 {
            assert_eq!(row.server_connections, Some(200), "{}", row.client);
            assert_eq!(row.first_failure_class, "eaddrnotavail");
            // Its counters begin with it.
            assert_eq!(row.listen_overflows, Some(0));
        }
    }
    let hyper = rows.iter().find(|row| row.client == "hyper" && row.label == "fresh");
    let phases = hyper.expect("a row").error_phases.to_string();
    assert_eq!(phases, "eaddrnotavail@connect:100");
    if rows.iter().all(TrialRow::is_ok) {
        let part = what_broke(&page);
        assert!(
            part.contains("no local port was left (`eaddrnotavail`, in phase `connect`)"),
            "{part}"
        );
        assert!(part.contains("It did not happen in `kept`"), "{part}");
    }
}

#[test]
fn files_run_out_and_a_limit_cures_it() {
    let (rows, page) = recorded(
        r#"
workload = { requests = 400, delay = "100ms" }
baseline = { label = "limited", client = "hyper" }
strategy = [
    { label = "all at once", model = "async-all", client = ["hyper", "reqwest"], reuse = ["none", "session"], nofile = 100 },
    { label = "limited", model = "async-semaphore", client = ["hyper", "reqwest"], reuse = "none", limit = 80, nofile = 100 },
    { label = "threads", model = "threads", client = ["ureq", "reqwest-blocking"], reuse = "none", limit = 200, nofile = 100 },
]
"#,
    );
    for row in &rows {
        is_measured(row);
        let (ok, errors) = (row.ok.expect("a count"), row.errors.expect("a count"));
        assert_eq!((ok + errors, row.failed_with("emfile")), (400, Some(errors)), "{}", row.client);
        // Nothing of this is known where the system does not count files.
        let Some(peak) = row.client_peak_open_files else { continue };
        let before = row.client_open_files_before.expect("it counts");
        // reqwest does not say when it closes a connection that it has kept.
        let tells = match row.client.as_str() {
            "hyper" | "ureq" => true,
            "reqwest" => row.reuse == "none",
            _ => false,
        };
        assert_eq!(row.unexplained_connections(), tells.then_some(0), "{}", row.client);
        if row.label == "limited" {
            assert_eq!(errors, 0, "{}", row.client);
            assert!((before + 80..=100).contains(&peak), "{peak} files, {before} before");
        } else if row.label == "threads" {
            // Others may close theirs while one that found none left is being counted.
            assert!((90..=100).contains(&peak), "{peak} files at their limit");
            assert!(errors > 0 && ok >= 100 - before, "{ok} of {before}");
            assert_eq!(row.first_failure_class, "emfile", "{}", row.client);
            // `reqwest::blocking` tells no phase before the head.
            let phase = if row.client == "ureq" { "connect" } else { "wait" };
            assert_eq!(row.error_phases.to_string(), format!("emfile@{phase}:{errors}"));
        } else {
            assert!((98..=100).contains(&peak), "{peak} files at their limit");
            assert!(errors > 0 && ok >= 100 - before, "{ok} of {before}");
            let first = row.first_failure_in_flight.expect("a failure");
            assert!(first + before >= 99, "{first} in flight, {before} files before");
            assert_eq!(row.error_phases.to_string(), format!("emfile@connect:{errors}"));
        }
    }
    let part = what_broke(&page);
    assert!(part.contains("no file was left to open (`emfile`, in phase `connect`)"), "{part}");
    assert!(part.contains("or allow more open files (`nofile`"), "{part}");
}

#[test]
fn a_server_without_files_lets_connections_wait() {
    let (rows, page) = recorded(
        r#"
workload = { requests = 60, delay = "200ms" }
server = { server_nofile = 40 }
strategy = [{ model = "async-all", client = "hyper", reuse = "none" }]
"#,
    );
    let [row] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    is_measured(row);
    assert_eq!(
        (row.ok, row.server_connections, row.server_nofile.as_str()),
        (Some(60), Some(60), "40")
    );
    assert!(row.server_accept_failures > Some(0), "{:?}", row.server_accept_failures);
    assert!(row.server_peak_in_flight < Some(40), "{:?}", row.server_peak_in_flight);
    if row.is_ok() {
        assert!(what_broke(&page).contains("the server had no file left"), "{}", what_broke(&page));
    }
}

/// The server takes some twenty connections, its queue a few; the others have to ask again, the first
/// time after a second. In a network of their own, nobody else is counted.
#[test]
fn a_full_accept_queue_is_counted() {
    let (rows, page) = recorded(
        r#"
workload = { requests = 40, delay = "400ms" }
server = { server_nofile = 32, backlog = 4 }
strategy = [{ model = "async-all", client = "hyper", reuse = "none", ports = 1000 }]
"#,
    );
    let [row] = rows.as_slice() else { panic!("{} rows", rows.len()) };
    if is_skipped(row) {
        return;
    }
    is_measured(row);
    assert_eq!(row.ok, Some(40), "{}", row.error_classes);
    let counted = [row.listen_overflows, row.listen_drops, row.syn_retransmits, row.tcp_timeouts];
    assert!(counted.iter().all(|n| *n > Some(0)), "{counted:?}");
    assert!(row.listen_drops >= row.listen_overflows && row.retransmits >= row.syn_retransmits);
    assert!(row.wall_ns >= Some(1_000_000_000), "{:?}", row.wall_ns);
    if row.is_ok() {
        assert!(what_broke(&page).contains("the accept queue was full"), "{}", what_broke(&page));
    }
}

#[test]
fn a_full_server_refuses_requests_at_once() {
    let (rows, page) = recorded(
        r#"
workload = { requests = 50, delay = "400ms" }
server = { capacity = 5, retry_after = "2s" }
strategy = [
    { label = "all at once", model = "async-all", client = ["hyper", "reqwest"] },
    { label = "limited", model = "async-semaphore", client = "hyper", limit = 5 },
]
"#,
    );
    for row in &rows {
        is_measured(row);
        let refused = row.server_refused.expect("a count");
        assert_eq!(row.failed_with("status(4xx)"), Some(refused), "{}", row.label);
        assert_eq!((row.errors, row.ok), (Some(refused), Some(50 - refused)), "{}", row.label);
        assert_eq!(row.server_peak_in_flight, Some(5), "{}", row.label);
        assert_eq!(refused > 0, row.label == "all at once", "{refused}");
    }
    if rows.iter().all(TrialRow::is_ok) {
        let part = what_broke(&page);
        assert!(part.contains("the server refused requests (`status(4xx)`"), "{part}");
        assert!(part.contains("It did not happen in `limited`"), "{part}");
    }
}

#[test]
fn a_client_without_memory_ends_its_trial_and_not_the_run() {
    let (rows, page) = recorded(
        r#"
workload = { requests = 500, delay = "20ms", body = "20kB" }
strategy = [{ model = "async-semaphore", limit = 50, memory = ["6MB", "2GB"] }]
"#,
    );
    let of = |memory: &str| rows.iter().find(|row| row.memory == memory).expect("a row");
    let ended = of("6MB");
    assert_eq!(ended.status.name(), "failed", "{}", ended.reason);
    let why = "not enough memory for the client, which may have 6MB (`memory`): client ended ";
    assert!(ended.reason.starts_with(why), "{}", ended.reason);
    is_measured(of("2GB"));
    assert_eq!(of("2GB").ok, Some(500));
    let part = what_broke(&page);
    assert!(part.contains("the client needed more than its 6MB of memory"), "{part}");
}

#[test]
fn a_host_that_nobody_knows_fails_its_requests_and_no_others() {
    let (rows, page) = recorded(
        r#"
workload = { requests = 40, delay = "5ms", targets = 2 }
server = { dns_delay = "1ms", unknown_hosts = 1 }
strategy = [
    { label = "async", model = "async-semaphore", client = ["hyper", "reqwest"], limit = 10 },
    { label = "threads", model = "threads", client = ["ureq", "reqwest-blocking"], limit = 10 },
]
"#,
    );
    assert_eq!(rows.len(), 4);
    for row in &rows {
        is_measured(row);
        assert_eq!((row.ok, row.failed_with("dns")), (Some(20), Some(20)), "{}", row.client);
    }
    if rows.iter().all(TrialRow::is_ok) {
        let part = what_broke(&page);
        assert!(part.contains("names were not found (`dns`"), "{part}");
    }
}

/// Uploads are handed over by another thread in `reqwest-blocking`, which hides why a request failed.
#[test]
fn a_limit_names_the_failure_of_an_upload_too() {
    let (rows, _) = recorded(
        r#"
workload = { requests = 60, delay = "100ms", upload = ["0B", "20kB", "100kB"] }
strategy = [
    { label = "all at once", model = "async-all", client = ["hyper", "reqwest"], nofile = 24 },
    { label = "threads", model = "threads", client = ["ureq", "reqwest-blocking"], limit = 60, nofile = 24 },
    { label = "ports", model = "threads", client = ["ureq", "reqwest-blocking"], reuse = "none", limit = 20, ports = 40 },
]
"#,
    );
    for row in rows.iter().filter(|row| row.label != "ports" || !is_skipped(row)) {
        is_measured(row);
        let class = if row.label == "ports" { "eaddrnotavail" } else { "emfile" };
        assert!(row.errors >= Some(20), "{} {}: {}", row.client, row.upload, row.error_phases);
        assert_eq!(row.failed_with(class), row.errors, "{} {}", row.client, row.error_phases);
    }
}
