//! A trial whose server stood still measured the machine.

use std::process::Stdio;
use std::time::Duration;

use inflight::record::{Recording, Status};
use rustix::process::{Pid, Signal, kill_process};

use crate::bench::{Bench, alone, wait_for};

/// Four answers in two pieces, 600 ms apart.
const PIECES: &str = r#"
title = "The server stands still while it pauses"
question = "Is it a measurement?"

[workload]
requests = 4
delay = "40ms"
body = "2B"
chunks = 2
chunk_delay = "600ms"

[[strategy]]
model = "async-workers"
client = "hyper"
limit = 4

[blocks]
count = 1
warmup = 0
"#;

/// Children of a process whose command line has this word.
fn children(parent: u32, word: &str) -> Vec<Pid> {
    let processes = fs_err::read_dir("/proc").expect("a list of processes");
    let pids = processes.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let is_child = |pid: &i32| {
        let stat = fs_err::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        let after_name = stat.rsplit_once(')').map_or("", |(_, rest)| rest);
        let of = after_name.split_whitespace().nth(1).and_then(|ppid| ppid.parse().ok());
        let line = fs_err::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        of == Some(parent) && String::from_utf8_lossy(&line).contains(word)
    };
    pids.filter(is_child).filter_map(Pid::from_raw).collect()
}

#[test]
#[cfg(target_os = "linux")]
fn a_trial_whose_server_stood_still_is_invalid() {
    let _alone = alone();
    let bench = Bench::new();
    let file = bench.file("pieces.toml", PIECES);
    let child = bench
        .command(&["run", "--quiet", file])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for("both processes", || !children(child.id(), "__client").is_empty());
    // Of the two trials (one is the control) the first is stopped, in its pause.
    std::thread::sleep(Duration::from_millis(300));
    let [server] = children(child.id(), "__server")[..] else { panic!("one server") };
    kill_process(server, Signal::STOP).expect("a signal");
    std::thread::sleep(Duration::from_millis(700));
    kill_process(server, Signal::CONT).expect("a signal");
    child.wait_with_output().expect("an end");
    let run = bench.runs().pop().expect("a run");
    let recording = Recording::read(&run).expect("a record");
    let stopped = &recording.trials[0];
    assert_eq!(stopped.status, Status::Invalid, "{stopped:?}");
    let reason = &stopped.reason;
    assert!(reason.contains("it stood still for"), "{reason}");
    assert!(reason.contains("4 of 4 pauses between pieces were late"), "{reason}");
    assert!(stopped.server_stalled_ns > Some(500_000_000), "{stopped:?}");
    assert!(stopped.server_piece_error_p50_ns > Some(100_000_000), "{stopped:?}");
}
