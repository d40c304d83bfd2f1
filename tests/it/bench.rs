//! A folder of its own for each test, and a checked call of the program in it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// An experiment of two cells that takes a fraction of a second.
pub(crate) const TINY: &str = r#"
title = "Tiny"
question = "Is it quick?"

[workload]
requests = 8
delay = { choice = ["1ms", "4ms"] }
body = "1kB"

[[strategy]]
label = "sync"
model = "sequential"

[[strategy]]
label = "async"
model = "async-semaphore"
limit = 4

[blocks]
count = 6
"#;

/// A folder to work in; it goes with the test.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
}

impl Bench {
    pub(crate) fn new() -> Bench {
        Bench { dir: tempfile::tempdir().expect("a folder") }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Writes a file and returns its name.
    pub(crate) fn file<'a>(&self, name: &'a str, content: &str) -> &'a str {
        let path = self.path(name);
        fs_err::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs_err::write(path, content).expect("a file");
        name
    }

    /// The program, ready to be called here, in an environment of no surprises.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_inflight"));
        command.args(args).current_dir(self.dir.path()).env("NO_COLOR", "1").stdin(Stdio::null());
        command
    }

    pub(crate) fn call(&self, args: &[&str]) -> Called {
        let output = self.command(args).output().expect("the program starts");
        Called::of(args, &output)
    }

    /// Records an experiment; see [`Called::has_recorded`].
    pub(crate) fn run(&self, args: &[&str]) -> Called {
        let _alone = alone();
        let called = self.call(&[&["run"], args].concat());
        called.has_recorded();
        called
    }

    /// Records an experiment quietly and returns the run's folder.
    pub(crate) fn record(&self, args: &[&str]) -> PathBuf {
        self.run(&[&["--quiet"], args].concat());
        self.runs().pop().expect("a run")
    }

    /// The folders of all runs, oldest first.
    pub(crate) fn runs(&self) -> Vec<PathBuf> {
        inflight::record::find_runs(&self.path("results")).expect("a folder of results")
    }
}

/// A bench with a recording of [`TINY`] of so many blocks, and the recording's folder. It is made once for
/// all tests; each has a copy of its own.
pub(crate) fn recorded(blocks: u32) -> (Bench, PathBuf) {
    /// Files of a recording, by its number of blocks.
    type Made = BTreeMap<u32, Vec<(String, Vec<u8>)>>;
    static MADE: Mutex<Made> = Mutex::new(BTreeMap::new());
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    let files = made.entry(blocks).or_insert_with(|| {
        let bench = Bench::new();
        bench.file("tiny.toml", TINY);
        bench.record(&["tiny.toml", "--blocks", &blocks.to_string()]);
        let read = |name: String| {
            let content = fs_err::read(bench.path(&name)).expect("a file");
            (name, content)
        };
        files_under(&bench.path("")).into_iter().map(read).collect()
    });
    let bench = Bench::new();
    for (name, content) in files {
        let path = bench.path(name);
        fs_err::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs_err::write(path, content).expect("a file");
    }
    let run = bench.runs().pop().expect("a run");
    (bench, run)
}

/// Real trials measure time: those of one test at once are enough for a small machine.
pub(crate) fn alone() -> MutexGuard<'static, ()> {
    static RUNNING: Mutex<()> = Mutex::new(());
    // A test that failed in here has nothing to do with the next one.
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until a condition holds; for a minute at most.
pub(crate) fn wait_for(what: &str, condition: impl Fn() -> bool) {
    let until = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < until, "waited in vain for {what}");
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// Begins the only recording of a bench and interrupts it as Ctrl-C does when it has this many
/// rows. Returns what was said on standard error.
pub(crate) fn interrupted_after(bench: &Bench, args: &[&str], rows: usize) -> String {
    let child = bench
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    wait_for("the run's folder", || bench.runs().len() == 1);
    let run = bench.runs().pop().expect("a run");
    wait_for("some trials", || {
        fs_err::read_to_string(run.join("trials.csv")).is_ok_and(|t| t.lines().count() > rows)
    });
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130));
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Outcome of a call.
pub(crate) struct Called {
    call: String,
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Called {
    pub(crate) fn of(args: &[&str], output: &Output) -> Called {
        Called {
            call: args.join(" "),
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// The exit code is this.
    #[track_caller]
    pub(crate) fn exits(&self, code: i32) -> &Called {
        let Called { call, stdout, stderr, .. } = self;
        assert_eq!(self.code, code, "inflight {call}\n--- stdout\n{stdout}\n--- stderr\n{stderr}");
        self
    }

    /// The recording is complete. On a busy machine single trials of a few milliseconds may be
    /// invalid, which is what the checks are for.
    #[track_caller]
    pub(crate) fn has_recorded(&self) -> &Called {
        self.exits(if self.code == 5 { 5 } else { 0 })
    }

    /// Two builds that are the same were compared. On a busy machine they may differ all the same, or
    /// nothing may be told.
    #[track_caller]
    pub(crate) fn has_compared(&self) -> &Called {
        self.exits(if [1, 3, 4].contains(&self.code) {
            self.code
        } else {
            self.has_recorded().code
        })
    }

    /// Standard error holds this text.
    #[track_caller]
    pub(crate) fn says(&self, text: &str) -> &Called {
        assert!(self.stderr.contains(text), "`{text}` is not in:\n{}", self.stderr);
        self
    }

    /// Standard output holds this text.
    #[track_caller]
    pub(crate) fn prints(&self, text: &str) -> &Called {
        assert!(self.stdout.contains(text), "`{text}` is not in:\n{}", self.stdout);
        self
    }

    /// There is one error, told once, and no backtrace.
    #[track_caller]
    pub(crate) fn is_one_clear_message(&self) -> &Called {
        assert!(self.stdout.is_empty(), "nothing is printed:\n{}", self.stdout);
        assert_eq!(self.stderr.matches("error: ").count(), 1, "{}", self.stderr);
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
        self
    }
}

/// The names of the files under a folder, sorted.
pub(crate) fn files_under(dir: &Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut left = vec![dir.to_owned()];
    while let Some(folder) = left.pop() {
        for entry in fs_err::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(dir).expect("a path under the folder");
                files.push(name.to_string_lossy().into_owned());
            }
        }
    }
    files.sort();
    files
}
