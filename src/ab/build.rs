//! Cargo, called on a tree.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use fs_err as fs;
use serde::Deserialize;

use super::AbError;
use super::call::{Called, NotCalled, call};
use super::git::HOOK_VARIABLES;
use super::patch::Crate;
use crate::record::Patched;

/// The end of a failed build's log that is shown: an error of the compiler and cargo's summary.
const LAST_LINES: usize = 20;

/// A tree to build.
pub(super) struct Compiler<'a> {
    pub(super) tree: &'a Path,
    pub(super) target_dir: &'a Path,
    /// Where everything goes that cargo has to say.
    pub(super) log: &'a Path,
    /// The crates that replace those of the lock file,
    pub(super) crates: &'a [Crate],
    /// and their description, which the binary keeps.
    pub(super) patched: Option<&'a Patched>,
}

/// Outcome of a build.
pub(super) enum Built {
    Binary(PathBuf),
    /// With this status of cargo.
    Failed(String),
}

/// Needed fields of a message of `cargo build --message-format=json`.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

impl Compiler<'_> {
    /// Builds the binary `inflight`, optimised and with the dependencies of the lock file.
    pub(super) fn build(&self, stop: &AtomicBool) -> Result<Built, AbError> {
        let mut command = cargo(self.tree, self.crates);
        command
            .args(["build", "--release", "--locked", "--bin", "inflight"])
            // Cargo tells where the binary is: settings of the user may move it.
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            .arg(self.target_dir)
            .stderr(fs::File::create(self.log)?.into_file());
        match self.patched {
            Some(patched) => {
                command.env("INFLIGHT_PATCHED", serde_json::to_string(patched).expect("plain data"))
            }
            None => command.env_remove("INFLIGHT_PATCHED"),
        };
        let called = run(&mut command, stop)?;
        if !called.status.success() {
            return Ok(Built::Failed(called.status.to_string()));
        }
        let messages = called.stdout.split(|&b| b == b'\n');
        let binary = messages
            .filter_map(|line| serde_json::from_slice::<Message>(line).ok())
            .filter(|message| message.target.as_ref().is_some_and(|t| t.name == "inflight"))
            .find_map(|message| message.executable);
        Ok(binary.map_or_else(
            || Built::Failed(format!("{}, and no binary `inflight`", called.status)),
            Built::Binary,
        ))
    }
}

/// Cargo in a tree, with crates that replace others. Its standard output is piped.
pub(super) fn cargo(tree: &Path, crates: &[Crate]) -> Command {
    // Set where cargo itself runs this program: the same cargo then.
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(["--color", "never"]).current_dir(tree).stdout(Stdio::piped());
    for patched in crates {
        command.args(["--config", &patched.setting()]);
    }
    for variable in HOOK_VARIABLES {
        command.env_remove(variable);
    }
    command
}

/// Runs cargo to its end.
pub(super) fn run(command: &mut Command, stop: &AtomicBool) -> Result<Called, AbError> {
    call(command, stop, None).map_err(|not| match not {
        NotCalled::Start(error) => {
            let program = command.get_program().to_string_lossy().into_owned();
            AbError::Start { program, error }
        }
        NotCalled::Stopped | NotCalled::TooLong => AbError::Stopped,
    })
}

/// Moves a log out of the folder that is about to be removed. Returns its new path, and its end.
pub(super) fn keep_log(log: &Path, prefix: &str) -> io::Result<(PathBuf, String)> {
    let text = fs::read(log)?;
    let kept = tempfile::Builder::new().prefix(prefix).suffix(".log").tempfile()?;
    fs::write(kept.path(), &text)?;
    let (_, path) = kept.keep().map_err(|e| e.error)?;
    Ok((path, last_lines(&text)))
}

/// The end of what cargo said, indented.
pub(super) fn last_lines(said: &[u8]) -> String {
    let text = String::from_utf8_lossy(said);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    last.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}
