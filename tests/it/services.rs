//! Services in place of the delay server: what they do wrong is one clear trial each, nothing of them is
//! left, and a service that runs already is measured as it is.
#![cfg(target_os = "linux")]

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};

use inflight::record::{Recording, Status, TrialRow};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::{Bench, alone, wait_for};
use crate::programs::left_in;

/// A service in bash around our delay server. Its setting says what it does wrong.
const SERVICE: &str = r#"
serve() { exec "$INFLIGHT" serve --delay 20ms --body 1kB --port "$INFLIGHT_PORT" "$@"; }
case $INFLIGHT_SETTING_WAY in
  good) serve ;;
  crash) echo "it is broken" >&2; exit 3 ;;
  never) exec sleep 600 ;;
  elsewhere) INFLIGHT_PORT=0; serve ;;
  daemon) (serve) & sleep 0.2; exit 0 ;;
  middle) "$INFLIGHT" serve --delay 200ms --port "$INFLIGHT_PORT" & sleep 1.5; kill -9 $!; wait $! 2>/dev/null; exit 7 ;;
  stubborn) trap '' TERM INT; (trap '' TERM INT; setsid sleep 600) & (serve) & wait; sleep 600 ;;
  flood) yes | head -n 300000 >&2; serve ;;
  gigabyte) exec "$INFLIGHT" serve --body 1GB --port "$INFLIGHT_PORT" ;;
esac
"#;

fn experiment(ways: &[&str], more: &str) -> String {
    let first = ways[0];
    let ways: Vec<String> = ways.iter().map(|way| format!("{way:?}")).collect();
    let ways = ways.join(", ");
    format!(
        r#"
title = "A service"
question = "What does it do?"
deadline = "8s"

[workload]
requests = 60

[[service]]
name = "shell"
run = ["bash", "service.sh"]
version = ["bash", "--version"]
files = ["service.sh"]
settings = {{ way = [{ways}] }}
ready_within = "2s"
{more}

[[strategy]]
model = "async-workers"
client = "hyper"
limit = 2
service = "shell"
way = [{ways}]

[control]
service_settings = "way={first}"

[blocks]
count = 1
warmup = 0
"#
    )
}

fn bench() -> Bench {
    let bench = Bench::new();
    bench.file("service.sh", SERVICE);
    bench
}

fn call(bench: &Bench, args: &[&str]) -> std::process::Output {
    let binary = env!("CARGO_BIN_EXE_inflight");
    bench.command(args).env("INFLIGHT", binary).output().expect("the program starts")
}

/// The row of a way, of the one or two that there are.
fn row<'a>(recording: &'a Recording, way: &str) -> &'a TrialRow {
    let settings = format!("way={way}");
    let mut rows = recording.trials.iter().filter(|row| row.service_settings == settings);
    rows.next().expect("a row of each way")
}

#[test]
fn what_a_service_does_wrong_is_one_clear_trial() {
    let _alone = alone();
    let bench = bench();
    let failing = [
        ("crash", "ended with exit status 3 before it was ready; it said: it is broken"),
        ("never", "was not ready within 2.00 s: nothing answered GET /"),
        ("elsewhere", "was not ready within 2.00 s"),
        ("daemon", "left 1 processes (inflight)"),
        ("middle", "ended with exit status 7 in the middle of the trial"),
        ("gigabyte", "was still running after the deadline of 8s"),
    ];
    let good = ["good", "flood", "stubborn"];
    let ways: Vec<&str> = good.into_iter().chain(failing.iter().map(|f| f.0)).collect();
    let file = bench.file("services.toml", &experiment(&ways, ""));
    let output = call(&bench, &["run", "--quiet", file]);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert_eq!(left_in(&bench.path("")), Vec::<i32>::new());
    let recording = Recording::read(&bench.runs()[0]).expect("a record");
    for (way, reason) in failing {
        let row = row(&recording, way);
        assert_eq!(row.status, Status::Failed, "{way}: {}", row.reason);
        assert!(row.reason.contains(reason), "{way}: {}", row.reason);
        assert_eq!(row.ok, None, "{way}");
    }
    for way in good {
        let row = row(&recording, way);
        assert_eq!(row.status, Status::Ok, "{way}: {}", row.reason);
        assert_eq!((row.issued, row.ok, row.errors), (Some(60), Some(60), Some(0)), "{way}");
        // 60 requests of 20 ms, two at a time.
        assert!(row.wall_ns >= Some(600_000_000), "{way}: {:?}", row.wall_ns);
        assert!(row.service_cpu_user_ns.is_some() && row.service_max_rss_bytes > Some(1_000_000));
        assert!(row.service_ready_ns > Some(0) && row.service_peak_processes >= Some(1));
        // What only the delay server tells is not known.
        assert_eq!((row.server_requests, row.server_peak_in_flight), (None, None), "{way}");
        assert_eq!((row.ideal_ns, row.bound_ns), (0, 0), "{way}");
    }
    let stubborn = row(&recording, "stubborn");
    assert!(stubborn.service_peak_processes >= Some(3), "{stubborn:?}");
    let report = bench.path("reports").join(&recording.name).join("report.md");
    let report = fs_err::read_to_string(report).expect("a report");
    assert!(report.contains("## Services") && report.contains("bash service.sh"), "{report}");
    assert!(report.contains("its service does not tell"), "{report}");
}

#[test]
fn wrong_answers_void_a_trial() {
    let _alone = alone();
    let bench = bench();
    for (rule, is_right) in [("body", true), ("same", true), ("json", false)] {
        let text = experiment(&["good"], &format!("answer = \"{rule}\""));
        let output = call(&bench, &["run", "--quiet", bench.file("services.toml", &text)]);
        let recording = Recording::read(bench.runs().last().expect("a run")).expect("a record");
        let row = row(&recording, "good");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        match is_right {
            true => assert_eq!(row.status, Status::Ok, "{rule}: {} {said}", row.reason),
            false => {
                assert_eq!(row.status, Status::Invalid, "{rule}: {said}");
                assert!(row.reason.contains("60 answers were wrong"), "{}", row.reason);
                assert!(row.first_error.contains("no JSON"), "{}", row.first_error);
            }
        }
    }
}

/// Pages of inflight's own application, in all orders and worker models that differ.
const APP: &str = r#"
title = "Pages"
question = "How long do 12 pages of four calls take?"

[workload]
requests = 12
delay = { cycle = ["25ms", "50ms", "75ms", "100ms"] }
body = "1kB"

[[service]]
name = "app"
kind = "app"
ready = "/ready"
calls = 4
answer = "json"
settings = { processes = [1, 2], threads = [1, 2], outbound = ["sequential", "thread-pool", "async", "async-loop", "green", "offload"] }
work = "120ms"

[[strategy]]
label = "hammer"
model = "async-all"
client = "hyper"
service = "app"
processes = [1, 2]
threads = 2
outbound = ["sequential", "thread-pool", "async", "async-loop", "green", "offload"]

[blocks]
count = 1
warmup = 0
"#;

#[test]
fn a_page_takes_what_its_order_of_calls_says() {
    let _alone = alone();
    let bench = Bench::new();
    let called = bench.call(&["run", "--quiet", bench.file("app.toml", APP)]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    assert_eq!(left_in(&bench.path("")), Vec::<i32>::new());
    let recording = Recording::read(&bench.runs()[0]).expect("a record");
    // Twelve pages on two and on four slots; a page of the first is 250 + 120 ms, and so on.
    let ideals = [
        ("sequential", 2_220, 1_110),
        ("thread-pool", 1_320, 660),
        ("async", 220, 220),
        ("async-loop", 1_320, 660),
        ("green", 220, 220),
        ("offload", 720, 360),
    ];
    for (outbound, one, two) in ideals {
        for (processes, ideal_ms) in [(1, one), (2, two)] {
            let settings = format!("outbound={outbound} processes={processes} threads=2");
            let mut rows = recording.trials.iter().filter(|r| r.service_settings == settings);
            let row = rows.next().expect("a row of each cell");
            assert_eq!((row.status, row.ok), (Status::Ok, Some(12)), "{settings}: {}", row.reason);
            assert_eq!(row.ideal_ns, ideal_ms * 1_000_000, "{settings}");
            assert!(row.wall_ns >= Some(row.bound_ns), "{settings}: {:?}", row.wall_ns);
            let calls = (row.backend_requests, row.backend_distinct_requests);
            assert_eq!(calls, (Some(48), Some(48)), "{settings}");
            assert_eq!(row.service_worker_answers, Some(12), "{settings}");
            assert!(
                row.service_workers <= Some(processes),
                "{settings}: {:?}",
                row.service_workers
            );
            // One that serves others keeps all pages in flight at the backend; two slots hold 8 calls.
            if row.ideal_ns == 220_000_000 {
                assert!(row.backend_peak_in_flight > Some(8), "{:?}", row.backend_peak_in_flight);
            } else {
                let most = 8 * processes;
                assert!(
                    row.backend_peak_in_flight <= Some(most),
                    "{:?}",
                    row.backend_peak_in_flight
                );
            }
        }
    }
    let report = bench.path("reports").join(&recording.name).join("report.md");
    let report = fs_err::read_to_string(report).expect("a report");
    assert!(report.contains("served at once") && report.contains("largest share"), "{report}");
    assert!(report.contains("every page made its calls of the backend"), "{report}");
}

#[test]
fn a_page_that_calls_wrongly_or_declares_too_much_is_invalid() {
    let _alone = alone();
    let bench = Bench::new();
    // It declares five calls and is told so; but a command that makes four is found out.
    let wrong = r#"
title = "Pages"
question = "?"

[workload]
requests = 4
delay = "20ms"

[[service]]
name = "mine"
run = ["bash", "-c", "exec $INFLIGHT app --listen {host}:{port} --backend {backend} --calls 4 --threads {threads}"]
ready = "/ready"
calls = CALLS
slots = ["threads"]
settings = { threads = [1, 4] }

[[strategy]]
model = "async-all"
service = "mine"
threads = 1

[blocks]
count = 1
warmup = 0
"#;
    for (change, reason) in [
        ("5", "the backend got 16 calls, 16 different ones, instead of 20"),
        ("2", "the backend got 16 calls"),
    ] {
        let file = bench.file("mine.toml", &wrong.replace("CALLS", change));
        let output = call(&bench, &["run", "--quiet", file]);
        let recording = Recording::read(bench.runs().last().expect("a run")).expect("a record");
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let row = &recording.trials[0];
        assert_eq!(row.status, Status::Invalid, "{change}: {} {said}", row.reason);
        assert!(row.reason.contains(reason), "{change}: {}", row.reason);
    }
    // One that serves more at once than it declares is faster than can be.
    let slots = wrong.replace("CALLS", "4").replace("--threads {threads}", "--threads 4");
    let output = call(&bench, &["run", "--quiet", bench.file("mine.toml", &slots)]);
    let recording = Recording::read(bench.runs().last().expect("a run")).expect("a record");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(recording.trials[0].status, Status::Invalid, "{said}");
    assert!(
        recording.trials[0].reason.contains("less than the 320.0 ms that any schedule needs"),
        "{}",
        recording.trials[0].reason
    );
}

#[test]
fn what_cannot_be_known_of_pages_is_refused_with_a_way_out() {
    let bench = Bench::new();
    for (from, to, why) in [
        ("kind = \"app\"", "", "a service needs `run`, `kind`, or `url`"),
        ("kind = \"app\"", "kind = \"apo\"", "did you mean `app`?"),
        ("calls = 4", "calls = 0", "from 1 to 1000"),
        ("calls = 4", "slots = [\"processes\"]", "both `kind` and `slots`"),
        ("processes = [1, 2], threads", "processes = [0], threads", "`processes` cannot be \"0\""),
        ("\"offload\"] }\nwork", "\"ofload\"] }\nwork", "did you mean `offload`?"),
        (
            "settings = { processes",
            "settings = { greenlets = [1], processes",
            "no setting `greenlets`",
        ),
        ("requests = 12", "requests = 5_000_000", "are too many for a trial"),
        ("kind = \"app\"", "run = [\"x\", \"{backends}\"]", "did you mean `backend`?"),
        ("body = \"1kB\"", "rtt = \"5ms\"", "`rtt` is for the delay server"),
        (
            "kind = \"app\"\nready = \"/ready\"\ncalls = 4",
            "run = [\"x\", \"{calls}\"]",
            "`{calls}` is of a service",
        ),
    ] {
        assert!(APP.contains(from), "{from}");
        let called = bench.call(&["plan", bench.file("app.toml", &APP.replace(from, to))]);
        assert_eq!(called.code, 65, "{to}: {}", called.stderr);
        assert!(called.stderr.contains(why), "{to}: {}", called.stderr);
        // The strategies that ask it are not to blame.
        assert_eq!(called.stderr.matches("error: ").count(), 1, "{to}: {}", called.stderr);
    }
}

#[test]
fn headers_without_end_are_failed_requests() {
    use std::io::Write;
    let _alone = alone();
    let bench = Bench::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    // It ends with the test's process.
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut stream = stream;
                let line = b"x-header: a value that goes on and on\r\n".repeat(100);
                let mut sent = stream.write_all(b"HTTP/1.1 200 OK\r\n");
                while sent.is_ok() {
                    sent = stream.write_all(&line);
                }
            });
        }
    });
    let clients = "model = \"async-workers\"\nclient = [\"hyper\", \"reqwest\"]\nlimit = 2\n\n[[strategy]]\n\
                   model = \"thread-pool\"\nclient = [\"ureq\", \"reqwest-blocking\"]\nlimit = 2";
    let text = OWN.replace("model = \"async-workers\"\nlimit = [1, 4]", clients);
    let text =
        text.replace("count = 6", "count = 1\nwarmup = 0").replace("requests = 20", "requests = 4");
    let file = bench.file("own.toml", &text);
    let called = bench.call(&["run", "--quiet", file, "--target", &format!("http://{address}/")]);
    assert_eq!(called.code, 5, "{}", called.stderr);
    let recording = Recording::read(&bench.runs()[0]).expect("a record");
    assert_eq!(recording.trials.len(), 5);
    for row in &recording.trials {
        assert_eq!((row.ok, row.errors), (Some(0), Some(4)), "{}: {}", row.client, row.reason);
        assert!(row.client_max_rss_bytes < Some(500_000_000), "{:?}", row.client_max_rss_bytes);
    }
}

/// Starts a run whose service ignores signals and has a child that left its session.
fn stubborn(bench: &Bench) -> Child {
    let text = experiment(&["stubborn"], "").replace("requests = 60", "requests = 60000");
    let text = text.replace("\"8s\"", "\"10m\"");
    let child = bench
        .command(&["run", "--quiet", bench.file("services.toml", &text)])
        .env("INFLIGHT", env!("CARGO_BIN_EXE_inflight"))
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // Runner, watcher, client; two shells, the server, the sleeper.
    wait_for("the whole service", || left_in(&bench.path("")).len() >= 6);
    child
}

#[test]
fn nothing_is_left_of_a_service_after_ctrl_c() {
    let _alone = alone();
    let bench = bench();
    let child = stubborn(&bench);
    kill_process(Pid::from_child(&child), Signal::INT).expect("a signal");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(left_in(&bench.path("")), Vec::<i32>::new());
}

#[test]
fn nothing_is_left_of_a_service_when_the_runner_is_killed() {
    let _alone = alone();
    let bench = bench();
    let mut child = stubborn(&bench);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    wait_for("the end of all", || left_in(&bench.path("")).is_empty());
}

/// A delay server by hand: a service that runs already, for its test alone.
struct Running {
    server: Child,
    url: String,
}

impl Running {
    fn start(folder: &Path) -> Running {
        let mut server = std::process::Command::new(env!("CARGO_BIN_EXE_inflight"))
            .args(["serve", "--delay", "10ms", "--body", "1kB", "--stop-after", "2min"])
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        let mut line = String::new();
        let mut said = BufReader::new(server.stdout.take().expect("an output"));
        said.read_line(&mut line).expect("a line");
        let url = line.split_whitespace().find(|word| word.starts_with("http://"));
        let url = url.expect("a URL").trim_end_matches('/').to_owned();
        Running { server, url }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

const OWN: &str = r#"
title = "Mine"
question = "How many at once?"

[workload]
requests = 20

[[strategy]]
model = "async-workers"
limit = [1, 4]

[blocks]
count = 6
"#;

#[test]
fn a_service_that_runs_is_measured_with_one_line() {
    let _alone = alone();
    let bench = Bench::new();
    let running = Running::start(&bench.path(""));
    let file = bench.file("own.toml", OWN);
    let target = format!("{}/{{i}}", running.url);
    let called = bench.call(&["run", "--quiet", file, "--target", &target]);
    assert_eq!(called.code, 0, "{}", called.stderr);
    let recording = Recording::read(&bench.runs()[0]).expect("a record");
    assert_eq!(recording.trials.len(), 21);
    for row in &recording.trials {
        assert_eq!((row.status, row.ok), (Status::Ok, Some(20)), "{}", row.reason);
        assert_eq!(row.service, target);
        assert_eq!((row.service_cpu_user_ns, row.server_requests), (None, None));
    }
    let mut one_at_a_time = recording.trials.iter().filter(|row| row.limit == "1");
    assert!(one_at_a_time.all(|row| row.wall_ns >= Some(200_000_000)));
    let report = bench.path("reports").join(&recording.name).join("report.md");
    let report = fs_err::read_to_string(report).expect("a report");
    assert!(report.contains("no ideal time, and no efficiency"), "{report}");
    // The report is a function of the record, which has the target.
    assert_eq!(bench.call(&["report", "--check"]).code, 0);
    let gone = bench.call(&["run", "--quiet", file, "--target", "http://127.0.0.1:9/"]);
    assert_eq!(gone.code, 5, "{}", gone.stderr);
}

#[test]
fn a_target_that_is_none_is_refused_with_a_way_out() {
    let bench = Bench::new();
    let file = bench.file("own.toml", OWN);
    for (target, why) in [
        ("https://127.0.0.1/", "over plain HTTP"),
        ("http://example.org/", "other machines are not measured"),
        ("flask", "add a table [[service]], or give a URL"),
    ] {
        let called = bench.call(&["run", file, "--target", target]);
        assert_eq!(called.code, 65, "{target}: {}", called.stderr);
        assert!(called.stderr.contains(why), "{target}: {}", called.stderr);
    }
    let with_delay = OWN.replace("requests = 20", "requests = 20\ndelay = \"5ms\"");
    let file = bench.file("own.toml", &with_delay);
    let called = bench.call(&["run", file, "--target", "http://127.0.0.1:9/"]);
    assert!(called.stderr.contains("`delay` is for the delay server"), "{}", called.stderr);
    let called = bench.call(&["run", bench.file("own.toml", OWN)]);
    assert_eq!(called.code, 65);
    assert!(called.stderr.contains("`delay`"), "{}", called.stderr);
}
