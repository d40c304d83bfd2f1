//! Tells the binary what it was built from: commit, uncommitted changes, compiler, lock file, patched
//! crates.

use std::path::Path;
use std::process::Command;

use sha2::{Digest, Sha256};

/// Sources of the binary. A change elsewhere (a report, a page of the docs) does not make a
/// recording irreproducible.
const SOURCES: [&str; 6] = ["src", "crates", "assets", "build.rs", "Cargo.toml", "Cargo.lock"];

fn main() {
    let commit = git(&["rev-parse", "HEAD"]);
    // Without a commit nothing is told of changes, and a changed snapshot need not build everything again.
    let watched: &[&str] = if commit.is_some() { &SOURCES } else { &["build.rs", "Cargo.lock"] };
    for source in watched {
        println!("cargo::rerun-if-changed={source}");
    }
    // A commit changes what is dirty without changing a file; git may be absent altogether.
    for file in ["HEAD", "logs/HEAD", "index"] {
        let path = git(&["rev-parse", "--git-path", file]).unwrap_or_default();
        if Path::new(path.trim()).is_file() {
            println!("cargo::rerun-if-changed={}", path.trim());
        }
    }
    set("COMMIT", commit.unwrap_or_default().trim());
    set("DIRTY", &dirty().unwrap_or_default());
    let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let version = output(Command::new(rustc).arg("--version")).unwrap_or_default();
    set("RUSTC", version.trim());
    let lock = std::fs::read("Cargo.lock").map(|bytes| digest(&bytes)).unwrap_or_default();
    set("LOCK", &lock);
    // Said by `inflight ab`, which patches crates.
    println!("cargo::rerun-if-env-changed=INFLIGHT_PATCHED");
    set("PATCHED", &std::env::var("INFLIGHT_PATCHED").unwrap_or_default());
}

/// A digest of the uncommitted changes to the sources, files that git does not track included;
/// `None` if there are none or git cannot tell.
fn dirty() -> Option<String> {
    let with = |args: &[&str]| git(&[args, &["--"], &SOURCES].concat());
    let changes = with(&["diff", "HEAD"])?;
    let untracked = with(&["ls-files", "--others", "--exclude-standard"])?;
    if changes.is_empty() && untracked.is_empty() {
        return None;
    }
    let mut all = changes.into_bytes();
    for file in untracked.lines() {
        all.extend(file.as_bytes());
        all.extend(std::fs::read(file).unwrap_or_default());
    }
    Some(digest(&all))
}

fn git(args: &[&str]) -> Option<String> {
    output(Command::new("git").args(args))
}

fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).into_owned())
}

fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)[..8].iter().map(|b| format!("{b:02x}")).collect()
}

fn set(name: &str, value: &str) {
    println!("cargo::rustc-env=INFLIGHT_{name}={value}");
}
