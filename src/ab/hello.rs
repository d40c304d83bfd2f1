//! Identity of a binary, before it is trusted with trials.

use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::call::{Called, NotCalled, call};
use crate::child::{ChildError, parse};
use crate::exit::Exit;
use crate::machine::without_folders;
use crate::protocol::VERSION;
use crate::record::Build;

/// Name of the hidden subcommand that says [`Hello`].
pub const HELLO_COMMAND: &str = "__hello";

/// A binary that has nothing else to do answers within milliseconds.
const LONGEST: Duration = Duration::from_secs(20);

/// Characters of a binary's own words that are quoted.
const WORDS: usize = 400;

/// Facts that a binary tells about itself, as one JSON document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// The version of the [protocol](crate::protocol) that its children speak.
    pub protocol: u32,
    /// The build that it was made from.
    pub build: Build,
}

impl Hello {
    /// The facts about this binary.
    pub fn this() -> Hello {
        Hello { protocol: VERSION, build: Build::this() }
    }
}

/// Error of a binary that cannot take part.
#[derive(Debug, thiserror::Error)]
pub enum HelloError {
    /// It cannot be started.
    #[error("it cannot be started: {0}; is it a program for this machine, and may it be executed?")]
    Start(std::io::Error),
    /// An inflight that does not know the question.
    #[error(
        "it is {0}, which is older than `inflight ab`; use a later commit, or `inflight run` with \
         each build and `inflight diff`"
    )]
    Old(String),
    /// An inflight of another protocol.
    #[error(
        "it speaks protocol {theirs}, this inflight speaks {VERSION}; {}, or `inflight run` with \
         each build and `inflight diff`",
        if *.theirs < VERSION { "use a later commit" } else { "use a newer inflight to compare" }
    )]
    Protocol {
        /// The version that it speaks.
        theirs: u32,
    },
    /// It is broken, or something else.
    #[error("it does not answer as an inflight: {0}")]
    Broken(String),
    /// Someone asked to stop.
    #[error("interrupted")]
    Stopped,
}

/// Asks a binary who it is.
pub(super) fn ask(binary: &Path, stop: &AtomicBool) -> Result<Build, HelloError> {
    let called = speak(binary, HELLO_COMMAND, stop)?;
    if !called.status.success() {
        let is_usage = called.status.code() == Some(i32::from(Exit::Usage as u8));
        return Err(match is_usage.then(|| version(binary, stop)).flatten() {
            Some(version) => HelloError::Old(version),
            None => {
                let said = words(&called.stderr);
                HelloError::Broken(format!("it ended with {}; {said}", called.status))
            }
        });
    }
    let hello: Hello = parse(&called.stdout).map_err(|error| match error {
        ChildError::Version { theirs } => HelloError::Protocol { theirs },
        _ => {
            let said = words(&called.stdout);
            HelloError::Broken(format!("it gave an answer that cannot be read; {said}"))
        }
    })?;
    Ok(hello.build)
}

/// Answer of an inflight of any age to `--version`; `None` of anything else.
fn version(binary: &Path, stop: &AtomicBool) -> Option<String> {
    let called = speak(binary, "--version", stop).ok()?;
    let text = String::from_utf8_lossy(&called.stdout).trim().to_owned();
    (called.status.success() && text.starts_with("inflight ")).then_some(text)
}

fn speak(binary: &Path, word: &str, stop: &AtomicBool) -> Result<Called, HelloError> {
    let mut command = Command::new(binary);
    command.arg(word).stdout(Stdio::piped()).stderr(Stdio::piped());
    call(&mut command, stop, Some(LONGEST)).map_err(|not| match not {
        NotCalled::Start(error) => HelloError::Start(error),
        NotCalled::Stopped => HelloError::Stopped,
        NotCalled::TooLong => {
            HelloError::Broken(format!("it said nothing for {} s", LONGEST.as_secs()))
        }
    })
}

/// The beginning of what a binary said, in one line.
fn words(said: &[u8]) -> String {
    let text = without_folders(&String::from_utf8_lossy(said));
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    match lines.join(" | ").chars().take(WORDS).collect::<String>() {
        empty if empty.is_empty() => "it said nothing".to_owned(),
        said => format!("it said: {said}"),
    }
}
