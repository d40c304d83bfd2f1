//! Two builds in one run.

mod patch;

use std::path::Path;
use std::process::Command;

use inflight::record::{Origin, Recording};

use crate::bench::{Bench, TINY, alone, interrupted_after, wait_for};

/// This very program, as a binary that was built before.
const THIS: &str = env!("CARGO_BIN_EXE_inflight");

fn bench() -> Bench {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    bench
}

/// A program that says these lines of shell.
fn script(bench: &Bench, name: &str, text: &str) -> String {
    use std::os::unix::fs::PermissionsExt;

    bench.file(name, &format!("#!/bin/sh\n{text}\n"));
    let path = bench.path(name);
    fs_err::set_permissions(&path, PermissionsExt::from_mode(0o755)).expect("a mode");
    path.display().to_string()
}

/// Git in a folder, as nobody in particular.
fn git(folder: &Path, args: &[&str]) -> String {
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"];
    let output =
        Command::new("git").arg("-C").arg(folder).args(who).args(args).output().expect("git");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A repository with a package called inflight whose program is this.
fn repository(bench: &Bench, main: &str) {
    let package = "[package]\nname = \"inflight\"\nversion = \"0.0.0\"\nedition = \"2021\"\n";
    bench.file("Cargo.toml", package);
    bench.file(
        "Cargo.lock",
        "version = 4\n\n[[package]]\nname = \"inflight\"\nversion = \"0.0.0\"\n",
    );
    bench.file(".gitignore", "/target\n/tmp\n");
    bench.file("src/main.rs", main);
    let root = bench.path("");
    git(&root, &["init", "--quiet", "--initial-branch", "main"]);
    git(&root, &["add", "--all"]);
    git(&root, &["commit", "--quiet", "--message", "first"]);
}

/// A program that says hello as a build of another protocol.
fn speaks(protocol: u32) -> String {
    format!("fn main() {{ println!(\"{{{{\\\"protocol\\\":{protocol}}}}}\"); }}\n")
}

/// `inflight ab` with temporary files of its own, so that it can be seen what is left of them.
fn ab(bench: &Bench, args: &[&str]) -> crate::bench::Called {
    let temporary = bench.path("tmp");
    fs_err::create_dir_all(&temporary).expect("a folder");
    let args = [&["ab"], args].concat();
    // What a build needs is there, or stands in the way in the same words everywhere.
    let output = bench
        .command(&args)
        .env("TMPDIR", &temporary)
        .env("CARGO_NET_OFFLINE", "true")
        .output()
        .expect("the program starts");
    crate::bench::Called::of(&args, &output)
}

fn left_over(bench: &Bench) -> Vec<String> {
    crate::bench::files_under(&bench.path("tmp"))
}

#[test]
fn two_binaries_are_recorded_in_the_same_blocks() {
    let bench = bench();
    let _alone = alone();
    let called = ab(&bench, &["tiny.toml", "--base-bin", THIS, "--new-bin", THIS, "--blocks", "6"]);
    called
        .has_compared()
        .says("both sides are the same build")
        .says("tiny: 2 builds, 2 cells, 6 blocks + 1 warm-up, 42 trials")
        .prints("record: results/");
    let run = bench.runs().pop().expect("a run");
    let recording = Recording::read(&run).expect("a readable record");
    assert!(recording.name.contains("-tiny-ab-"), "{}", recording.name);
    assert_eq!(recording.builds(), ["base", "new"]);
    let sides = &recording.manifest.builds;
    assert!(sides.iter().all(|s| s.origin == Origin::Binary && s.build == sides[0].build));
    for block in 0..=6 {
        for build in recording.builds() {
            let rows = recording.trials.iter().filter(|t| t.block == block && t.build == build);
            assert_eq!(rows.count(), 3, "two cells and a twin of {build} in block {block}");
        }
    }
    let manifest = fs_err::read_to_string(run.join("manifest.json")).expect("a manifest");
    assert!(!manifest.contains(THIS), "{manifest}");
    assert_eq!(left_over(&bench), Vec::<String>::new());
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn an_interrupted_comparison_goes_on_with_the_same_binaries_only() {
    let bench = bench();
    let slow = TINY.replace("requests = 8", "requests = 30").replace("\"4ms\"", "\"20ms\"");
    bench.file("slow.toml", &slow.replace("count = 6", "count = 2"));
    let _alone = alone();
    let args = ["ab", "slow.toml", "--base-bin", THIS, "--new-bin", THIS];
    let said = interrupted_after(&bench, &args, 2);
    let run = bench.runs().pop().expect("a run");
    let name = run.strip_prefix(bench.path("")).expect("a path here").display().to_string();
    let resume = format!("inflight ab --resume {name} --base-bin PATH --new-bin PATH");
    assert_eq!(said.lines().last().map(str::trim), Some(resume.as_str()), "{said}");

    bench.call(&["run", "--resume", &name]).exits(64).says("inflight ab --resume");
    ab(&bench, &["--resume", &name]).exits(64).says("base was a given binary");
    let other = script(&bench, "other", &format!("exec {THIS} \"$@\""));
    ab(&bench, &["--resume", &name, "--base-bin", &other, "--new-bin", THIS])
        .exits(65)
        .is_one_clear_message()
        .says("base is not what it was");

    let again = ["--resume", &name, "--base-bin", THIS, "--new-bin", THIS];
    ab(&bench, &again).has_compared().says("going on with");
    let recording = Recording::read(&run).expect("a readable record");
    assert!(recording.manifest.is_finished());
    assert_eq!(recording.trials.len(), 18);
    ab(&bench, &["--resume", &name]).has_compared();
    assert_eq!(left_over(&bench), Vec::<String>::new());
}

#[test]
fn a_usual_recording_is_not_gone_on_with_as_a_comparison() {
    let bench = bench();
    let run = bench.record(&["tiny.toml", "--blocks", "1"]).display().to_string();
    ab(&bench, &["--resume", &run]).exits(64).is_one_clear_message().says("inflight run --resume");
}

#[test]
fn an_old_a_newer_a_broken_and_a_foreign_binary_are_told_apart() {
    let bench = bench();
    let old =
        "case $1 in --version) echo 'inflight 0.1.0';; *) echo 'error: no' >&2; exit 64;; esac";
    let cases = [
        ("old", old, 65, "it is inflight 0.1.0, which is older than `inflight ab`"),
        ("earlier", "echo '{\"protocol\":0}'", 65, "it speaks protocol 0, this inflight speaks"),
        ("later", "echo '{\"protocol\":99,\"x\":1}'", 65, "use a newer inflight to compare"),
        ("broken", "echo 'bad luck' >&2; kill -SEGV $$", 65, "it said: bad luck"),
        ("foreign", "echo hello", 65, "an answer that cannot be read; it said: hello"),
        ("usage", "exit 64", 65, "it does not answer as an inflight"),
    ];
    for (name, text, code, says) in cases {
        let path = script(&bench, name, text);
        ab(&bench, &["tiny.toml", "--base-bin", &path, "--new-bin", THIS])
            .exits(code)
            .is_one_clear_message()
            .says(&format!("base ({path})"))
            .says(says);
    }
    let plain = bench.path("tiny.toml").display().to_string();
    ab(&bench, &["tiny.toml", "--base-bin", THIS, "--new-bin", &plain])
        .exits(74)
        .is_one_clear_message()
        .says("new (")
        .says("it cannot be started");
    ab(&bench, &["tiny.toml", "--base-bin", "nowhere", "--new-bin", THIS])
        .exits(74)
        .is_one_clear_message()
        .says("base: ")
        .says("nowhere");
    assert_eq!(bench.runs().len(), 0);
    assert_eq!(left_over(&bench), Vec::<String>::new());
}

#[test]
fn a_build_that_fails_shows_the_end_of_its_log_and_keeps_it() {
    let bench = bench();
    repository(&bench, "fn main() { broken }\n");
    let called = ab(&bench, &["tiny.toml", "--base", "HEAD", "--new-bin", THIS]);
    called.exits(65).says("base (").says("cannot be built").says("cannot find value `broken`");
    let left = left_over(&bench);
    assert_eq!(left.len(), 1, "{left:?}");
    assert!(left[0].ends_with(".log"), "{left:?}");
    called.says(&left[0]);
    let log = fs_err::read_to_string(bench.path("tmp").join(&left[0])).expect("a log");
    assert!(log.contains("cannot find value `broken`"), "{log}");
    assert_eq!(git(&bench.path(""), &["worktree", "list"]).lines().count(), 1);
}

#[test]
fn what_is_built_is_the_commit_or_the_tree_as_it_stands() {
    let bench = bench();
    repository(&bench, &speaks(90));
    let protocol = |args: &[&str], n: u32| {
        ab(&bench, args).exits(65).says("error: base (").says(&format!("it speaks protocol {n}"));
        assert_eq!(git(&bench.path(""), &["worktree", "list"]).lines().count(), 1);
        assert_eq!(left_over(&bench), Vec::<String>::new());
    };
    protocol(&["tiny.toml", "--base", "HEAD", "--new-bin", THIS], 90);
    bench.file("src/number.rs", &speaks(91).replace("fn main", "pub fn say"));
    bench.file("src/main.rs", "mod number;\nfn main() { number::say() }\n");
    protocol(&["tiny.toml", "--base", "HEAD", "--new-bin", THIS], 90);
    for tree in [&["tiny.toml", "--base-bin", THIS][..], &["tiny.toml"]] {
        let called = ab(&bench, tree);
        called.exits(65).says("with 2 changed or new files").says("it speaks protocol 91");
    }
    git(&bench.path(""), &["add", "--all"]);
    git(&bench.path(""), &["commit", "--quiet", "--message", "second"]);
    // Both commits in one target directory: what was built before must not pass for the other.
    let target = bench.path("target").display().to_string();
    protocol(&["tiny.toml", "--base", "HEAD", "--new-bin", THIS, "--target-dir", &target], 91);
    protocol(&["tiny.toml", "--base", "HEAD~1", "--new-bin", THIS, "--target-dir", &target], 90);
    protocol(&["tiny.toml", "--base", "HEAD", "--new-bin", THIS, "--target-dir", &target], 91);
}

#[test]
fn a_build_outside_of_a_repository_or_of_no_commit() {
    let bench = bench();
    ab(&bench, &["tiny.toml"])
        .exits(64)
        .is_one_clear_message()
        .says("the current folder is in no git repository; name a checkout with --source DIR");
    repository(&bench, &speaks(90));
    ab(&bench, &["tiny.toml", "--base", "no-such"])
        .exits(64)
        .is_one_clear_message()
        .says("--base no-such: git knows no such commit");
    ab(&bench, &["tiny.toml", "--base", "HEAD", "--base-bin", THIS]).exits(64).says("--base-bin");
}

#[test]
fn a_checkout_of_something_else_is_told_apart_before_any_build() {
    let (bench, inflight) = (bench(), Bench::new());
    repository(&inflight, &speaks(90));
    bench.file("Cargo.toml", "[package]\nname = \"other\"\nversion = \"0.0.0\"\n");
    git(&bench.path(""), &["init", "--quiet"]);
    let called = ab(&bench, &["tiny.toml", "--base", "HEAD"]);
    called.exits(64).is_one_clear_message().says("is in a checkout of `other`; name a checkout");
    bench.file("Cargo.toml", "[workspace]\n");
    ab(&bench, &["tiny.toml"]).exits(64).says("is in a checkout of something else");
    // Builds stand under this folder, where cargo would take them for members of its workspace.
    fs_err::remove_file(bench.path("Cargo.toml")).expect("a file");
    let source = inflight.path("src").display().to_string();
    ab(&bench, &["tiny.toml", "--source", &source]).exits(65).says("it speaks protocol 90");
    assert_eq!(left_over(&bench), Vec::<String>::new());
}

#[test]
fn ctrl_c_ends_a_build_and_leaves_nothing() {
    let bench = bench();
    repository(&bench, &speaks(90));
    // A build script that says who it is and would take an hour.
    let wait = "fn main() {
        let started = std::env::temp_dir().join(\"started\");
        std::fs::write(started, format!(\"{}\\n\", std::process::id())).unwrap();
        std::thread::sleep(std::time::Duration::from_secs(3600));
    }\n";
    bench.file("build.rs", wait);
    git(&bench.path(""), &["add", "--all"]);
    git(&bench.path(""), &["commit", "--quiet", "--message", "slow"]);
    fs_err::create_dir_all(bench.path("tmp")).expect("a folder");
    let child = bench
        .command(&["ab", "tiny.toml"])
        .env("TMPDIR", bench.path("tmp"))
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the program starts");
    let started = || fs_err::read_to_string(bench.path("tmp/started")).unwrap_or_default();
    wait_for("the build script", || started().ends_with('\n'));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("a signal");
    let output = child.wait_with_output().expect("an end");
    assert_eq!(output.status.code(), Some(130));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.ends_with("interrupted; nothing is lost\n"), "{said}");
    assert_eq!(left_over(&bench), ["started"]);
    let status = format!("/proc/{}/status", started().trim());
    // It may be dead and not yet forgotten.
    let is_there = || fs_err::read_to_string(&status).is_ok_and(|s| !s.contains("State:\tZ"));
    wait_for("the end of the build script", || !is_there());
    assert_eq!(git(&bench.path(""), &["worktree", "list"]).lines().count(), 1);
}
