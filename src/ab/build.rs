//! Cargo, called on a tree.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;

use fs_err as fs;
use serde::Deserialize;

use super::AbError;
use super::call::{NotCalled, call};
use super::git::HOOK_VARIABLES;

/// The end of a failed build's log that is shown: an error of the compiler and cargo's summary.
const LAST_LINES: usize = 20;

/// A tree to build.
pub(super) struct Compiler<'a> {
    pub(super) tree: &'a Path,
    pub(super) target_dir: &'a Path,
    /// Where everything goes that cargo has to say.
    pub(super) log: &'a Path,
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
        // Set where cargo itself runs this program: the same cargo then.
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(&cargo);
        command
            .args(["build", "--release", "--locked", "--bin", "inflight", "--color", "never"])
            // Cargo tells where the binary is: settings of the user may move it.
            .args(["--message-format", "json-render-diagnostics", "--target-dir"])
            .arg(self.target_dir)
            .current_dir(self.tree)
            .stdout(Stdio::piped())
            .stderr(fs::File::create(self.log)?.into_file());
        for variable in HOOK_VARIABLES {
            command.env_remove(variable);
        }
        let called = call(&mut command, stop, None).map_err(|not| match not {
            NotCalled::Start(error) => {
                AbError::Start { program: cargo.to_string_lossy().into_owned(), error }
            }
            NotCalled::Stopped | NotCalled::TooLong => AbError::Stopped,
        })?;
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

/// Moves a log out of the folder that is about to be removed. Returns its new path, and its end.
pub(super) fn keep_log(log: &Path, prefix: &str) -> io::Result<(PathBuf, String)> {
    let text = fs::read(log)?;
    let kept = tempfile::Builder::new().prefix(prefix).suffix(".log").tempfile()?;
    fs::write(kept.path(), &text)?;
    let (_, path) = kept.keep().map_err(|e| e.error)?;
    let text = String::from_utf8_lossy(&text);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let last = &lines[lines.len().saturating_sub(LAST_LINES)..];
    Ok((path, last.iter().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")))
}
