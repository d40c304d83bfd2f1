//! Programs as clients: what they do wrong is one clear trial each, and nothing of them is left.

use std::path::Path;
use std::process::{Child, Stdio};

use inflight::record::{Recording, Status, TrialRow};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::{Bench, alone, wait_for};

/// A client in bash, which is there wherever Rust is. Its setting says what it does wrong.
const CLIENT: &str = r#"
way=$INFLIGHT_SETTING_WAY
address=${INFLIGHT_URL#http://}
rows=
get() { # INDEX
  local start head status
  start=$(date +%s%N)
  exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
  printf 'GET /%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' "$1" >&3
  read -r _ status _ <&3
  head=$(date +%s%N)
  cat <&3 > /dev/null
  exec 3<&-
  rows+="$1,$start,$head,$(date +%s%N),${status:-closed}"$'\n'
}
all() { # FIRST LAST
  local i
  for ((i = $1; i <= $2; i++)); do get "$i"; done
}
report() { printf '%s' "$rows" >> "$INFLIGHT_REPORT"; }
last=$((INFLIGHT_REQUESTS - 1))
case $way in
  good) all 0 "$last"; report ;;
  silent) all 0 "$last" ;;
  early) all 0 2; report ;;
  crash) all 0 2; echo "it is broken" >&2; exit 3 ;;
  missing) exec /no/such/interpreter ;;
  garbage) all 0 "$last"; echo "hello, world" >> "$INFLIGHT_REPORT" ;;
  flood) head -c 10000000 /dev/zero | tr '\0' x; yes | head -n 100000; all 0 "$last"; report ;;
  twice) all 0 "$last"; get 0 ;;
  instead) get 0; all 0 $((last - 1)) ;;
  beyond) for ((i = 0; i <= last; i++)); do get "$i" & done; wait ;;
  killed) all 0 1; kill -9 $$ ;;
  daemon) all 0 "$last"; report; setsid sleep 600 & ;;
  stubborn) trap '' TERM; setsid sleep 600 & sleep 600 ;;
  hungry) x=$(head -c 400000000 /dev/zero | tr '\0' x); all 0 "$last" ;;
esac
"#;

fn experiment(ways: &[&str], more: &str) -> String {
    let ways: Vec<String> = ways.iter().map(|way| format!("{way:?}")).collect();
    let ways = ways.join(", ");
    format!(
        r#"
title = "A program"
question = "What does it do?"
deadline = "10s"

[workload]
requests = 6
delay = "20ms"

[[program]]
name = "client"
run = ["bash", "client.sh"]
version = ["bash", "--version"]
files = ["client.sh"]
settings = {{ way = [{ways}] }}

[[strategy]]
program = "client"
way = [{ways}]
limit = 2
{more}

[control]
settings = "way={first}"

[blocks]
count = 1
warmup = 0
"#,
        first = ways.split('"').nth(1).expect("a way"),
    )
}

/// Processes that run in this folder: a program runs where its file stands, wherever it goes.
pub(crate) fn left_in(folder: &Path) -> Vec<i32> {
    let folder = folder.canonicalize().expect("a folder");
    let processes = fs_err::read_dir("/proc").expect("a list of processes");
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let runs_here = |pid: &i32| {
        let dir = std::fs::read_link(format!("/proc/{pid}/cwd"));
        dir.is_ok_and(|dir| dir == folder)
    };
    pids.filter(runs_here).collect()
}

/// The row of a way, of the one or two that there are.
fn row<'a>(recording: &'a Recording, way: &str) -> &'a TrialRow {
    let settings = format!("way={way}");
    let mut rows = recording.trials.iter().filter(|row| row.settings == settings);
    rows.next().expect("a row of each way")
}

#[test]
#[cfg(target_os = "linux")]
fn what_a_program_does_wrong_is_one_clear_trial() {
    let _alone = alone();
    let bench = Bench::new();
    bench.file("client.sh", CLIENT);
    let failing = [
        ("early", Status::Invalid, "3 of 6 requests were issued"),
        ("crash", Status::Failed, "ended with exit status 3; it said: it is broken"),
        ("missing", Status::Failed, "exit status 127"),
        ("garbage", Status::Failed, "its report, line 1: 2 fields"),
        ("twice", Status::Invalid, "the server got 7 requests instead of 6"),
        ("instead", Status::Invalid, "5 of 6 requests were issued"),
        ("beyond", Status::Invalid, "requests were in flight, 2 are allowed"),
        ("killed", Status::Failed, "was killed by signal 9"),
        ("daemon", Status::Failed, "left 1 processes behind (sleep)"),
        ("stubborn", Status::Failed, "was still running after the deadline of 10s"),
    ];
    let ways: Vec<&str> =
        ["good", "silent", "flood"].into_iter().chain(failing.iter().map(|f| f.0)).collect();
    let file = bench.file("programs.toml", &experiment(&ways, ""));
    let called = bench.call(&["run", "--quiet", file]);
    assert_eq!(called.code, 5, "{}", called.stderr);
    assert_eq!(left_in(&bench.path("")), Vec::<i32>::new());
    let recording = Recording::read(&bench.runs()[0]).expect("a record");
    for (way, status, reason) in failing {
        let row = row(&recording, way);
        assert_eq!(row.status, status, "{way}: {}", row.reason);
        assert!(row.reason.contains(reason), "{way}: {}", row.reason);
    }
    for (way, told_by) in [("good", "report"), ("flood", "report"), ("silent", "server")] {
        let row = row(&recording, way);
        // A busy machine may make a trial invalid, never fail it.
        assert!(matches!(row.status, Status::Ok | Status::Invalid), "{way}: {}", row.reason);
        assert_eq!((row.issued, row.ok, row.errors), (Some(6), Some(6), Some(0)), "{way}");
        assert_eq!(row.client_told_by, told_by, "{way}");
        assert_eq!(row.latency_p50_ns.is_some(), told_by == "report", "{way}");
        assert!(row.client_cpu_process_ns > Some(0) && row.client_max_rss_bytes > Some(1_000_000));
        let wall = row.wall_ns.expect("a wall time");
        assert!(wall >= 120_000_000 && Some(wall) < row.client_process_wall_ns, "{way}: {wall}");
    }
    let program = &recording.manifest.programs[0];
    assert!(program.version.as_deref().is_some_and(|said| said.contains("bash")), "{program:?}");
    let report = bench.path("reports").join(&recording.name).join("report.md");
    let report = fs_err::read_to_string(report).expect("a report");
    assert!(report.contains("## Programs") && report.contains("bash client.sh"), "{report}");
}

/// Whether the program's limit of memory ends it is up to the program; that it ends is not.
#[test]
#[cfg(target_os = "linux")]
fn a_program_that_eats_its_memory_fails_alone() {
    let _alone = alone();
    let bench = Bench::new();
    bench.file("client.sh", CLIENT);
    let text = experiment(&["good", "hungry"], "memory = \"100MB\"");
    let called = bench.call(&["run", "--quiet", bench.file("programs.toml", &text)]);
    assert_eq!(called.code, 5, "{}", called.stderr);
    let recording = Recording::read(&bench.runs()[0]).expect("a record");
    let hungry = row(&recording, "hungry");
    assert!(matches!(hungry.status, Status::Failed | Status::Invalid), "{hungry:?}");
    assert_ne!(hungry.ok, Some(6));
    assert_eq!(row(&recording, "good").ok, Some(6));
    assert_eq!(left_in(&bench.path("")), Vec::<i32>::new());
}

/// Starts a run whose program and a child of it that left its session sleep.
#[cfg(target_os = "linux")]
fn sleeping(bench: &Bench) -> Child {
    bench.file("client.sh", CLIENT);
    let text = experiment(&["stubborn"], "").replace("\"5s\"", "\"10m\"");
    let child = bench
        .command(&["run", "--quiet", bench.file("programs.toml", &text)])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // The runner and its children stand in the folder too.
    wait_for("both sleepers", || {
        let is_sleep = |pid: &&i32| {
            let name = std::fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
            name.trim() == "sleep"
        };
        left_in(&bench.path("")).iter().filter(is_sleep).count() == 2
    });
    child
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_is_left_of_a_program_after_ctrl_c() {
    let _alone = alone();
    let bench = Bench::new();
    let child = sleeping(&bench);
    kill_process(Pid::from_child(&child), Signal::INT).expect("a signal");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(left_in(&bench.path("")), Vec::<i32>::new());
}

#[test]
#[cfg(target_os = "linux")]
fn nothing_is_left_of_a_program_when_the_runner_is_killed() {
    let _alone = alone();
    let bench = Bench::new();
    let mut child = sleeping(&bench);
    child.kill().expect("a kill");
    child.wait().expect("an end");
    wait_for("the end of all", || left_in(&bench.path("")).is_empty());
}

/// A client whose work is done by a child that has left its session; both say what they used.
const BURNING: &str = r#"
address=${INFLIGHT_URL#http://}
exec 3<>"/dev/tcp/${address%:*}/${address#*:}"
printf 'GET /0 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n' >&3
cat <&3 > /dev/null
rm -f done
setsid bash burn.sh &
while ! [[ -e done ]]; do sleep 0.02; done
wait
times > own.times
"#;

const BURN: &str = r#"
printf -v x '%60000000s' ''
for ((i = 0; i < 300000; i++)); do :; done
grep VmHWM /proc/$$/status > rss
sleep 0.3
times > burn.times
: > done
"#;

/// Seconds of CPU time in what `times` prints: `0m0.012s 0m0.001s`, of the shell and of its children.
fn seconds(text: &str) -> f64 {
    let one = |word: &str| -> f64 {
        let (minutes, seconds) = word.trim_end_matches('s').split_once('m').expect("a time");
        minutes.parse::<f64>().expect("minutes") * 60.0 + seconds.parse::<f64>().expect("seconds")
    };
    text.split_whitespace().map(one).sum()
}

#[test]
#[cfg(target_os = "linux")]
fn cpu_and_memory_of_a_grandchild_in_another_session_are_counted() {
    let bench = Bench::new();
    bench.file("client.sh", BURNING);
    bench.file("burn.sh", BURN);
    let text = experiment(&["any"], "").replace("requests = 6", "requests = 1");
    let text = text.replace("deadline = \"5s\"", "deadline = \"60s\"");
    let run = bench.record(&[bench.file("programs.toml", &text)]);
    let recording = Recording::read(&run).expect("a record");
    // The files are those of the trial that ran last.
    let row = recording.trials.last().expect("a row");
    let read = |name: &str| fs_err::read_to_string(bench.path(name)).expect("a file");
    // What the first shell says of its children has what it waited for; the burner is one of them.
    let said = seconds(&read("own.times"));
    let burnt = seconds(&read("burn.times"));
    let counted = row.client_cpu_process_ns.expect("CPU time") as f64 / 1e9;
    assert!(burnt > 0.1, "it burnt {burnt} s only");
    // Beside what bash itself tells there is the start of two shells.
    assert!(
        counted >= 0.95 * said && counted <= 1.05 * said + 0.05,
        "{counted} s against {said} s"
    );
    let rss = read("rss");
    let kib: f64 = rss.split_whitespace().nth(1).expect("a number").parse().expect("a number");
    let peak = row.client_max_rss_bytes.expect("memory") as f64 / 1024.0;
    // The other shell has some 4 MiB.
    assert!(peak >= 0.95 * kib && peak <= 1.05 * kib + 8_192.0, "{peak} KiB against {kib} KiB");
}

#[test]
#[cfg(target_os = "linux")]
fn a_program_is_checked_line_by_line() {
    let _alone = alone();
    let bench = Bench::new();
    bench.file("client.sh", CLIENT);
    let file = bench.file("programs.toml", &experiment(&["good", "twice", "silent"], ""));
    let good = bench.call(&["check", file, "client"]);
    assert_eq!(good.code, 0, "{}{}", good.stdout, good.stderr);
    let lines = [
        "ok        one request: each request comes once",
        "ok        ten requests: it reports all of them",
        "left out  a limit of 3: it never has more than 1 in flight",
        "ok        an error answer: it reports `status(5xx)`",
        "left out  a slow answer: it waits longer than its timeout",
        "It keeps the contract.",
    ];
    for line in lines {
        assert!(good.stdout.contains(line), "{line}\n{}", good.stdout);
    }
    let twice = bench.call(&["check", file, "client", "--set", "way=twice"]);
    assert_eq!(twice.code, 1, "{}", twice.stdout);
    assert!(twice.stdout.contains("BROKEN    one request: 0 requests are missing, 1 come twice"));
    let silent = bench.call(&["check", file, "client", "--set", "way=silent"]);
    assert!(
        silent.stdout.contains("left out  ten requests: it reports nothing"),
        "{}",
        silent.stdout
    );
    let unknown = bench.call(&["check", file, "other"]);
    assert_eq!(unknown.code, 64);
    assert!(unknown.stderr.contains("it has: client"), "{}", unknown.stderr);
}

#[test]
fn a_program_that_is_missing_is_skipped_with_the_way_to_install_it() {
    let _alone = alone();
    let bench = Bench::new();
    let text = experiment(&["good"], "[[strategy]]\nmodel = \"sequential\"\n").replace(
        "run = [\"bash\", \"client.sh\"]\nversion = [\"bash\", \"--version\"]\nfiles = [\"client.sh\"]",
        "run = [\"no-such-client\"]\ninstall = \"just programs\"",
    );
    let text = text.replace("settings = \"way=good\"", "model = \"sequential\"");
    let called = bench.call(&["run", bench.file("programs.toml", &text)]);
    let recording = Recording::read(&bench.runs()[0]).expect("a record");
    let row = row(&recording, "good");
    assert_eq!(row.status, Status::Skipped, "{}", called.stderr);
    let want = "the program `client` is not here: there is no `no-such-client`; install it with `just programs`";
    assert!(row.reason.contains(want), "{}", row.reason);
    assert!(called.stderr.contains(want), "{}", called.stderr);
}

#[test]
fn programs_of_a_file_of_their_own_are_kept_with_the_recording() {
    let bench = Bench::new();
    bench.file("clients/client.sh", CLIENT);
    let all = experiment(&["good"], "");
    let (before, after) = all.split_once("[[program]]").expect("a program");
    let (program, after) = after.split_once("[[strategy]]").expect("a strategy");
    bench.file("clients/shell.toml", &format!("[[program]]{program}"));
    let text = format!("programs = [\"clients/shell.toml\"]\n{before}[[strategy]]{after}");
    let run = bench.record(&[bench.file("programs.toml", &text)]);
    fs_err::remove_dir_all(bench.path("clients")).expect("a folder");
    let recording = Recording::read(&run).expect("a record that needs nothing else");
    assert_eq!(row(&recording, "good").ok, Some(6));
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn a_strategy_with_a_program_has_no_keys_of_other_clients() {
    let bench = Bench::new();
    bench.file("client.sh", CLIENT);
    let told = |more: &str| {
        let text = experiment(&["good"], more);
        let called = bench.call(&["plan", bench.file("programs.toml", &text)]);
        assert_eq!(called.code, 65, "{}", called.stdout);
        called.stderr
    };
    assert!(told("model = \"threads\"").contains("`model` is for inflight's own clients"));
    assert!(told("wai = 1").contains("did you mean `way`?"));
    assert!(told("[server]\ntls = true").contains("cannot be told about `tls`"));
    let unknown = experiment(&["good"], "").replace("program = \"client\"", "program = \"cleint\"");
    let called = bench.call(&["plan", bench.file("programs.toml", &unknown)]);
    assert!(called.stderr.contains("did you mean `client`?"), "{}", called.stderr);
    let placeholder = experiment(&["good"], "").replace("\"client.sh\"]\nv", "\"{limti}\"]\nv");
    let called = bench.call(&["plan", bench.file("programs.toml", &placeholder)]);
    assert!(called.stderr.contains("did you mean `limit`?"), "{}", called.stderr);
}
