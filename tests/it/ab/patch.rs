//! Builds with crates of local folders.

use std::path::PathBuf;
use std::process::Command;

use inflight::record::{Patch, Recording};

use super::{THIS, ab, git, left_over};
use crate::bench::{Bench, TINY, alone, interrupted_after};

/// The crate that is patched.
const CRATE: &str = "itoa";

/// A package of this project's lock file: the folder of its sources, its version, its entry.
fn published(name: &str) -> (PathBuf, String, String) {
    let root = env!("CARGO_MANIFEST_DIR");
    // What other platforms need is not downloaded.
    let platform = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--offline", "--locked", "--format-version", "1"])
        .args(["--filter-platform", &platform])
        .current_dir(root)
        .output()
        .expect("cargo");
    let all: serde_json::Value = serde_json::from_slice(&output.stdout).expect("a document");
    let mut packages = all["packages"].as_array().expect("packages").iter();
    let package = packages.find(|p| p["name"] == name).expect("a package");
    let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
    let lock = fs_err::read_to_string(format!("{root}/Cargo.lock")).expect("a lock file");
    let mut entries = lock.split("\n\n").filter(|e| e.contains(&format!("\nname = \"{name}\"\n")));
    let entry = entries.next().expect("an entry").trim().to_owned();
    let version = package["version"].as_str().expect("a version").to_owned();
    (manifest.parent().expect("a folder").to_owned(), version, entry)
}

/// A bench whose repository has an inflight that depends on the crate. It is this very program, but that
/// its commit is the repository's, and that its compiler is called as the crate writes 7.
fn depending() -> Bench {
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let [(_, _, entry), (_, _, of_tests)] = [CRATE, "equivalent"].map(published);
    bench.file(
        "Cargo.toml",
        "[package]\nname = \"inflight\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [dependencies]\nitoa = \"1\"\n[dev-dependencies]\nequivalent = \"1\"\n",
    );
    let own = "[[package]]\nname = \"inflight\"\nversion = \"0.0.0\"\n\
               dependencies = [\n \"equivalent\",\n \"itoa\",\n]";
    bench.file("Cargo.lock", &format!("version = 4\n\n{of_tests}\n\n{own}\n\n{entry}\n"));
    bench.file(".gitignore", "/target\n/tmp\n/results\n/reports\n/crates\n");
    bench.file(
        "build.rs",
        "fn main() {
            let git = std::process::Command::new(\"git\").args([\"rev-parse\", \"HEAD\"]).output();
            let commit = String::from_utf8(git.unwrap().stdout).unwrap();
            println!(\"cargo::rustc-env=COMMIT={}\", commit.trim());
        }\n",
    );
    let main = r#"use std::os::unix::process::CommandExt;

        fn main() {
            let args: Vec<_> = std::env::args_os().skip(1).collect();
            let mut this = std::process::Command::new("THIS");
            this.args(&args);
            if args[0] != "__hello" {
                panic!("{}", this.exec());
            }
            let mut said = String::from_utf8(this.output().unwrap().stdout).unwrap();
            let seven = itoa::Buffer::new().format(7_u8).to_owned();
            for (key, value) in [
                ("commit", format!("\"{}\"", env!("COMMIT"))),
                ("dirty", "null".to_owned()),
                ("rustc", format!("\"{seven}\"")),
            ] {
                let start = said.find(&format!("\"{key}\":")).unwrap() + key.len() + 3;
                let end = start + said[start..].find([',', '}']).unwrap();
                said.replace_range(start..end, &value);
            }
            println!("{said}");
        }
    "#;
    bench.file("src/main.rs", &main.replace("THIS", THIS));
    commit_all(&bench, "", "first");
    bench
}

fn commit_all(bench: &Bench, folder: &str, message: &str) {
    let folder = bench.path(folder);
    git(&folder, &["init", "--quiet", "--initial-branch", "main"]);
    git(&folder, &["add", "--all"]);
    git(&folder, &["commit", "--quiet", "--message", message]);
}

/// Copies the sources of the crate to a folder of the bench.
fn copy_crate(bench: &Bench, folder: &str) {
    let (from, _, _) = published(CRATE);
    for name in ["Cargo.toml", "src/lib.rs", "src/u128_ext.rs"] {
        if let Ok(text) = fs_err::read_to_string(from.join(name)) {
            // No targets but the library.
            let text = text.split("[[test]]").next().expect("a first part").to_owned();
            bench.file(&format!("{folder}/{name}"), &text);
        }
    }
}

/// Replaces a text of a file once.
fn edit(bench: &Bench, file: &str, from: &str, to: &str) {
    let text = fs_err::read_to_string(bench.path(file)).expect("a file");
    assert_eq!(text.matches(from).count(), 1, "{from} in {file}");
    bench.file(file, &text.replace(from, to));
}

/// Makes the crate write small numbers wrongly.
fn patch(bench: &Bench, folder: &str) {
    let format = "pub fn format<I: Integer>(&mut self, i: I) -> &str {";
    let wrong = "if core::mem::size_of::<I>() == 1 { return \"patched\"; }";
    edit(bench, &format!("{folder}/src/lib.rs"), format, &format!("{format}\n{wrong}"));
}

fn set_version(bench: &Bench, folder: &str, version: &str) {
    let (_, published, _) = published(CRATE);
    let manifest = format!("{folder}/Cargo.toml");
    edit(
        bench,
        &manifest,
        &format!("version = \"{published}\""),
        &format!("version = \"{version}\""),
    );
}

#[test]
fn a_patched_crate_is_built_into_its_side_and_named_in_the_record() {
    let bench = depending();
    copy_crate(&bench, "crates/itoa");
    commit_all(&bench, "crates/itoa", "published");
    let head = git(&bench.path("crates/itoa"), &["rev-parse", "HEAD"]);
    patch(&bench, "crates/itoa");
    // Cargo has to be told to leave the version that the lock file has.
    set_version(&bench, "crates/itoa", "1.99.0");
    let _alone = alone();
    // Too few blocks for a verdict by chance.
    let patches = ["--patch", "itoa=crates/itoa", "--base-patch", "itoa=crates/itoa@HEAD"];
    let called = ab(&bench, &[&["tiny.toml", "--blocks", "5"][..], &patches].concat());
    called.has_compared().says(", itoa@").prints("patched crates");
    assert!(!called.stderr.contains("Cargo.lock changes"), "{}", called.stderr);

    let run = bench.runs().pop().expect("a run");
    let recording = Recording::read(&run).expect("a readable record");
    let [base, new] = recording.manifest.builds.as_slice() else { panic!("two builds") };
    assert_eq!((base.build.rustc.as_str(), new.build.rustc.as_str()), ("7", "patched"));
    let of = |side: &inflight::record::Side| {
        let patched = side.build.patched.clone().expect("patches");
        assert_eq!(patched.lock, Vec::<String>::new());
        let [patch] = <[Patch; 1]>::try_from(patched.crates).expect("one patch");
        assert_eq!((patch.name.as_str(), patch.commit.as_ref()), (CRATE, Some(&head)));
        (patch.version, patch.dirty.is_some())
    };
    assert_eq!(of(base), (published(CRATE).1, false));
    assert_eq!(of(new), ("1.99.0".to_owned(), true));
    assert_eq!(base.build.commit, new.build.commit);
    let short = base.build.short_commit();
    let names = format!("-ab-{short}+itoa@{0}-{short}+itoa@{0}-dirty", &head[..8]);
    assert!(recording.name.ends_with(&names), "{}", recording.name);
    let folder = bench.path("").display().to_string();
    let manifest = fs_err::read_to_string(run.join("manifest.json")).expect("a manifest");
    assert!(!manifest.contains(folder.trim_end_matches('/')), "{manifest}");

    let diff = bench.call(&["diff", "@latest", "--by", "build"]);
    diff.prints(&format!("itoa@{}-dirty (1.99.0, changes ", &head[..8]));
    bench.call(&["report", "--check"]).exits(0);
    assert_eq!(left_over(&bench), Vec::<String>::new());
    for repository in ["", "crates/itoa"] {
        let trees = git(&bench.path(repository), &["worktree", "list"]);
        assert_eq!(trees.lines().count(), 1, "{trees}");
    }
    // Nothing is written into the folder of the user.
    let changed = git(&bench.path("crates/itoa"), &["status", "--porcelain", "--ignored"]);
    assert_eq!(changed, "M Cargo.toml\n M src/lib.rs");
}

#[test]
fn an_interrupted_comparison_of_patches_goes_on_with_them_only() {
    let bench = depending();
    copy_crate(&bench, "crates/itoa");
    patch(&bench, "crates/itoa");
    let slow = TINY.replace("requests = 8", "requests = 30").replace("\"4ms\"", "\"20ms\"");
    bench.file("slow.toml", &slow.replace("count = 6", "count = 2"));
    let _alone = alone();
    let target = bench.path("target").display().to_string();
    let options = ["--target-dir", &target, "--patch", "itoa=crates/itoa"];
    let said = interrupted_after(&bench, &[&["ab", "slow.toml"][..], &options].concat(), 2);
    let run = bench.runs().pop().expect("a run");
    let name = run.strip_prefix(bench.path("")).expect("a path here").display().to_string();
    let resume = format!("inflight ab --resume {name} --patch itoa=PATH");
    assert_eq!(said.lines().last().map(str::trim), Some(resume.as_str()), "{said}");

    ab(&bench, &["--resume", &name])
        .exits(64)
        .is_one_clear_message()
        .says("new was built with patched crates; give them again: --patch itoa=PATH");
    let again = [&["--resume", name.as_str()][..], &options].concat();
    bench.file("crates/itoa/README", "another file\n");
    ab(&bench, &again).exits(65).says("new is not what it was").says("the same patched crates");
    fs_err::remove_file(bench.path("crates/itoa/README")).expect("a file");
    ab(&bench, &again).has_compared().says("going on with");
    let recording = Recording::read(&run).expect("a readable record");
    assert!(recording.manifest.is_finished());
    // Outside of a repository its files tell a crate from others.
    let [base, new] = recording.manifest.builds.as_slice() else { panic!("two builds") };
    assert_eq!(base.build.patched, None);
    assert!(new.build.short().contains("+itoa@files-"), "{}", new.build.short());
}

#[test]
fn a_patch_that_cannot_be_used_is_told_before_any_build() {
    let bench = depending();
    // Outside of any repository, and one that is ignored by the repository around it.
    copy_crate(&bench, "crates/itoa");
    copy_crate(&bench, "crates/major");
    set_version(&bench, "crates/major", "2.0.0");
    bench.file("crates/typo/Cargo.toml", "[package]\nname = \"itao\"\nversion = \"1.0.0\"\n");
    bench.file("crates/typo/src/lib.rs", "");
    bench
        .file("crates/tests/Cargo.toml", "[package]\nname = \"equivalent\"\nversion = \"1.0.2\"\n");
    bench.file("crates/tests/src/lib.rs", "");
    bench.file("none/README", "");
    let (_, version, _) = published(CRATE);
    let not_used = format!("does not use version 2.0.0 of the folder instead of {version}: give");
    let cases: [(&[&str], i32, &str); 10] = [
        (&["--patch", "itao=crates/typo"], 64, "--patch itao: inflight does not depend on a crate"),
        (&["--base-patch", "itao=crates/typo"], 64, "did you mean `itoa`?"),
        (&["--patch", "itoa=crates/typo"], 64, "crates/typo has the crate `itao`; give the folder"),
        (&["--patch", "itoa=crates"], 64, "has no Cargo.toml of a crate; give the folder that has"),
        (&["--patch", "itoa=crates"], 64, ": itoa=crates/itoa"),
        (&["--patch", "itoa=none@no-such"], 64, "itoa=none@no-such: git knows no such commit"),
        (&["--patch", "itoa=no/where@main"], 64, "there is no folder no/where"),
        (&["--patch", "equivalent=crates/tests"], 64, "nothing of it is in inflight's binary"),
        (&["--base-patch", "itoa=crates/major"], 65, &not_used),
        (
            &["--patch", "itoa=crates/itoa", "--patch", "itoa=crates/major"],
            64,
            "--patch itoa: it is given twice",
        ),
    ];
    for (options, code, says) in cases {
        let called = ab(&bench, &[&["tiny.toml"], options].concat());
        called.exits(code).says(says);
        if code == 64 {
            called.is_one_clear_message();
        }
        assert!(!called.stderr.contains("building"), "{}", called.stderr);
        assert_eq!(left_over(&bench), Vec::<String>::new());
        assert_eq!(git(&bench.path(""), &["worktree", "list"]).lines().count(), 1);
    }
    let outside = Bench::new();
    copy_crate(&outside, "itoa");
    let patch = format!("itoa={}@main", outside.path("itoa").display());
    ab(&bench, &["tiny.toml", "--patch", &patch]).exits(64).says("leave out `@main`");
    ab(&bench, &["tiny.toml", "--patch", "itoa=crates/itoa", "--new-bin", THIS])
        .exits(64)
        .says("--new-bin");
}

#[test]
fn other_packages_that_a_patch_changes_are_told() {
    let bench = depending();
    copy_crate(&bench, "crates/itoa");
    // A crate of a folder needs no network.
    bench.file("crates/more/Cargo.toml", "[package]\nname = \"more\"\nversion = \"0.1.2\"\n");
    bench.file("crates/more/src/lib.rs", "");
    let manifest = fs_err::read_to_string(bench.path("crates/itoa/Cargo.toml")).expect("a file");
    bench.file(
        "crates/itoa/Cargo.toml",
        &manifest.replace("[lib]", "[dependencies.more]\npath = \"../more\"\n[lib]"),
    );
    bench.file("crates/itoa/src/lib.rs", "#![no_std]\nbroken\n");
    let called = ab(&bench, &["tiny.toml", "--patch", "itoa=crates/itoa"]);
    called
        .exits(65)
        .says("new: Cargo.lock changes for the patches: more 0.1.2 added")
        .says(", itoa@files-")
        .says("cannot be built");
    assert_eq!(left_over(&bench).len(), 1, "the log");
}

#[test]
fn the_action_and_the_page_give_options_that_exist() {
    let help = Bench::new().call(&["ab", "--help"]).stdout.clone();
    for file in ["action.yml", "docs/ci.md"] {
        let path = format!("{}/{file}", env!("CARGO_MANIFEST_DIR"));
        let text = fs_err::read_to_string(path).expect("a file");
        let calls = text.lines().filter(|line| {
            let line = line.trim_start();
            line.starts_with("inflight ab")
                || line.starts_with("each --")
                || line.contains("arguments")
        });
        let words = calls.flat_map(|line| line.split([' ', '(', ')', '=']));
        let options: Vec<&str> = words.filter(|word| word.starts_with("--")).collect();
        assert!(options.len() >= 5, "{file}: {options:?}");
        for option in options {
            assert!(
                help.contains(&format!("{option} ")) || help.contains(&format!("{option}\n")),
                "{file}: {option}"
            );
        }
    }
}
