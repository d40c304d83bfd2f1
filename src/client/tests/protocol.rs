//! The child's two documents, its files, and the limits of its process.

use std::process::{Command, Stdio};

use super::*;
use crate::protocol::Timeline;
use crate::protocol::VERSION;
use crate::record::TimelineRow;

/// Names the file into which [`child`] writes its report.
const REPORT: &str = "INFLIGHT_TEST_CLIENT_REPORT";

/// Not a test by itself: what the tests below start as a process, whose limits they set.
#[test]
fn child() {
    let Some(path) = std::env::var_os(REPORT) else { return };
    let report = fs_err::File::create(std::path::PathBuf::from(path)).expect("a file");
    run_child(std::io::stdin().lock(), report).expect("a report");
}

pub(super) fn run_as_a_child(config: &ClientConfig) -> ClientReport {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("report.json");
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .args(["client::tests::protocol::child", "--exact"])
        .env(REPORT, &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .expect("a process");
    let stdin = child.stdin.take().expect("a pipe");
    serde_json::to_writer(stdin, config).expect("a child that reads");
    assert!(child.wait().expect("a process").success());
    let text = fs_err::read_to_string(path).expect("a report");
    assert!(text.ends_with("}\n"));
    serde_json::from_str(&text).expect("a report")
}

#[test]
fn a_child_reports_what_it_measured() {
    let serving = Serving::start(fixed_ms(60));
    let strategy = strategy("async-semaphore", "reqwest", Reuse::Session, 5);
    let report = run_as_a_child(&config(serving.addr, strategy, 20, fixed_ms(60)));
    assert_eq!(serving.stop().requests, 20);
    assert_eq!((report.protocol, report.ok, report.peak_in_flight), (VERSION, 20, 5));
    assert!(report.wall_ns >= 240_000_000);
    assert!(report.cpu_process_ns >= report.cpu_user_ns + report.cpu_sys_ns);
    assert_eq!(report.latency.iter().map(|b| b.1).sum::<u64>(), 20);
    // The test's own thread and its runner's; a current-thread runtime starts none.
    assert!(report.peak_threads <= Some(3), "{:?}", report.peak_threads);
}

#[test]
fn a_trial_that_runs_out_of_files_ends_with_counts() {
    let serving = Serving::start(fixed_ms(50));
    for (model, client) in [("async-all", "reqwest"), ("threads", "ureq")] {
        let mut strategy = strategy(model, client, Reuse::Session, 60);
        strategy.nofile = Some(40);
        let report = run_as_a_child(&config(serving.addr, strategy, 60, fixed_ms(50)));
        let out_of_files = report.errors.get("emfile").copied().unwrap_or(0);
        assert!(out_of_files > 0, "{model}: {:?}", report.errors);
        assert_eq!((report.issued, report.ok + out_of_files), (60, 60), "{:?}", report.errors);
        assert!(report.first_error.is_some());
    }
    serving.stop();
}

#[test]
fn rows_and_samples_are_written() {
    let serving = Serving::start(fixed_ms(30));
    let dir = tempfile::tempdir().expect("a directory");
    let (requests, timeline) = (dir.path().join("1.csv.zst"), dir.path().join("1.csv"));
    let mut config =
        config(serving.addr, strategy("thread-pool", "ureq", Reuse::Session, 4), 12, fixed_ms(30));
    config.request_log = Some(RequestLog { path: requests.clone(), rows: 10 });
    config.timeline = Some(Timeline { path: timeline.clone(), every_ns: 5_000_000 });
    let report = run(&config).expect("a report");
    serving.stop();

    let rows: Vec<RequestRow> = rows(&requests);
    assert_eq!(rows.iter().map(|r| r.index).collect::<Vec<_>>(), (0..10).collect::<Vec<_>>());
    for row in &rows {
        let head_ns = row.head_ns.expect("a head");
        assert!(row.scheduled_ns <= row.start_ns && row.start_ns <= head_ns, "{row:?}");
        assert!(head_ns <= row.end_ns && row.end_ns <= report.wall_ns, "{row:?}");
        assert_eq!((row.planned_delay_ns, row.status), (30_000_000, Some(200)));
        assert_eq!((row.body_bytes, &row.error, &row.error_chain), (BODY_BYTES, &None, &None));
        assert!(row.served_delay_ns >= Some(30_000_000), "{row:?}");
    }

    let mut samples = csv::Reader::from_path(timeline).expect("a file");
    let samples: Vec<TimelineRow> = samples.deserialize().collect::<Result<_, _>>().expect("rows");
    let (first, last) = (samples.first().expect("a row"), samples.last().expect("a row"));
    assert_eq!((first.at_ns, first.completed), (0, 0));
    assert_eq!((last.at_ns, last.completed, last.in_flight), (report.wall_ns, 12, 0));
    assert!(samples.len() > 3 && samples.is_sorted_by_key(|s| s.at_ns), "{samples:?}");
    assert!(samples.iter().all(|s| s.in_flight <= 4 && s.open_files > Some(0)));
    assert!(samples.iter().any(|s| s.in_flight == 4));
}

/// In a process of its own: what it used is all that is looked at.
#[test]
fn what_the_sampler_uses_is_not_the_clients() {
    let serving = Serving::start(fixed_ms(150));
    let dir = tempfile::tempdir().expect("a directory");
    let timeline = dir.path().join("1.csv");
    let mut config =
        config(serving.addr, strategy("sequential", "ureq", Reuse::Session, 0), 4, fixed_ms(150));
    let without = run_as_a_child(&config);
    assert_eq!(without.sampler_cpu_ns, None);
    // Far more looks than a trial has, so that their time is far more than that of four requests.
    config.timeline = Some(Timeline { path: timeline.clone(), every_ns: 50_000 });
    let report = run_as_a_child(&config);
    serving.stop();
    assert_eq!((without.ok, report.ok), (4, 4));
    let Some(sampler_ns) = report.sampler_cpu_ns else { return };
    let mut samples = csv::Reader::from_path(timeline).expect("a file");
    let samples: Vec<TimelineRow> = samples.deserialize().collect::<Result<_, _>>().expect("rows");
    let (looks, cpu_ns) = (samples.len() as u64, report.cpu_user_ns + report.cpu_sys_ns);
    println!("{looks} looks: {sampler_ns} ns, the client {cpu_ns} ns");
    assert!(looks > 500, "{looks} looks");
    assert!(cpu_ns < sampler_ns / 2, "{looks} looks: {sampler_ns} ns, the client {cpu_ns} ns");
    assert!(report.cpu_process_ns > cpu_ns + sampler_ns);
    // It waits before each look.
    let switches = report.voluntary_switches;
    assert!(
        switches < without.voluntary_switches + looks / 4,
        "{switches} switches, {looks} looks"
    );
    assert!(report.peak_threads <= without.peak_threads, "{:?}", report.peak_threads);
    // The rows tell the same.
    let last = samples.last().expect("a row");
    assert_eq!(last.cpu_ns, cpu_ns);
    assert_eq!(last.cpu_user_ns.zip(last.cpu_sys_ns).map(|(u, s)| u + s), Some(cpu_ns));
    assert!(samples.iter().all(|row| row.cpu_ns < sampler_ns / 2), "{samples:?}");
}

#[test]
fn failed_requests_are_rows() {
    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("1.csv.zst");
    let strategy = strategy("sequential", "ureq", Reuse::None, 0);
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let mut config = config(nowhere, strategy, 3, fixed_ms(1));
    config.request_log = Some(RequestLog { path: path.clone(), rows: 10 });
    run(&config).expect("a report");
    let rows: Vec<RequestRow> = rows(&path);
    assert_eq!(rows.len(), 3);
    assert!(rows.iter().all(|r| r.error.as_deref() == Some("refused") && r.head_ns.is_none()));
    assert!(rows.iter().all(|r| r.errno == Some(libc::ECONNREFUSED)), "{rows:?}");
    assert!(rows[0].error_chain.as_ref().is_some_and(|c| c.contains("refused")), "{rows:?}");

    // A record is never written over; it is told before the trial.
    let again = run(&config).expect_err("the file exists");
    assert!(again.to_string().starts_with("cannot write the rows of the trial: "), "{again}");
}
