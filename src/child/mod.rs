//! Child processes: a JSON document in, JSON documents out, one to a line.
//!
//! [`Process`] is the harness's side and takes any command. It drains both outputs, waits no longer
//! than it may, and quotes the last lines of standard error where a process fails. Server, client and
//! relay are hidden subcommands of this binary. What they have in common is here too: they read one
//! document of this version of the [protocol](crate::protocol), and end with a [`ChildError`].

mod process;
#[cfg(target_os = "linux")]
pub(crate) mod tree;

use std::io::{self, BufRead, Write};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::protocol::VERSION;
use crate::tls::TlsError;

pub use process::{End, Ended, Process, Wait, command, this_binary};
pub(crate) use process::{kill, prepare};

/// Name of the hidden subcommand that serves a trial.
pub const SERVER_COMMAND: &str = "__server";
/// Name of the hidden subcommand that issues a trial's requests.
pub const CLIENT_COMMAND: &str = "__client";
/// Name of the hidden subcommand that starts a service, and ends it.
pub const SERVICE_COMMAND: &str = "__service";
/// Name of the hidden subcommand that relays a trial's packets.
pub const RELAY_COMMAND: &str = "__relay";

/// Why a server, a client or a relay could not do its part. Failed requests are no such reason: they
/// are rows and counts.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ChildError {
    /// The first line of the input is no configuration.
    #[error("the first line of the input is not a configuration of this version: {0}")]
    Config(serde_json::Error),
    /// The sender speaks another version of the protocol.
    #[error(
        "the harness speaks version {theirs} of the trial protocol and this build version \
         {VERSION}: use one build for both"
    )]
    Version {
        /// Version of the sender.
        theirs: u32,
    },
    /// Connections cannot be encrypted.
    #[error("cannot encrypt connections: {0}")]
    Tls(#[from] TlsError),
    /// The system refused something.
    #[error("cannot {what}: {error}")]
    System {
        /// Step that was refused, as it goes on after `cannot`.
        what: String,
        /// Answer of the system.
        error: io::Error,
    },
    /// Anything else: why, in a sentence.
    #[error("{0}")]
    Failed(String),
}

/// For `map_err`: the system refused to do `what`.
pub(crate) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> ChildError {
    let what = what.into();
    move |error| ChildError::System { what, error }
}

/// Reads the configuration of a child, which is the first line of its input.
pub(crate) fn configuration<T: DeserializeOwned>(
    input: &mut impl BufRead,
) -> Result<T, ChildError> {
    let mut line = Vec::new();
    input.read_until(b'\n', &mut line).map_err(system("read the configuration"))?;
    parse(&line)
}

/// Parses a document of this version. The version comes first: another one may have other fields, and
/// the error should not be about those.
pub(crate) fn parse<T: DeserializeOwned>(document: &[u8]) -> Result<T, ChildError> {
    #[derive(Deserialize)]
    struct AnyVersion {
        protocol: u32,
    }
    let AnyVersion { protocol } = serde_json::from_slice(document).map_err(ChildError::Config)?;
    if protocol != VERSION {
        return Err(ChildError::Version { theirs: protocol });
    }
    serde_json::from_slice(document).map_err(ChildError::Config)
}

/// Writes a document of a child.
pub(crate) fn answer(output: &mut impl Write, document: &impl Serialize) -> Result<(), ChildError> {
    let written = output.write_all(&line(document)).and_then(|()| output.flush());
    written.map_err(system("write to the harness"))
}

fn line(document: &impl Serialize) -> Vec<u8> {
    let mut line = serde_json::to_vec(document).expect("a document is plain data");
    line.push(b'\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::network::RelayConfig;

    fn told(line: &str) -> String {
        let config: Result<RelayConfig, _> = configuration(&mut line.as_bytes());
        config.map_or_else(|e| e.to_string(), |config| format!("{config:?}"))
    }

    #[test]
    fn another_version_is_told_before_another_form() {
        assert!(told("{\"protocol\":99,\"news\":1}").contains("speaks version 99"));
        let unknown = format!("{{\"protocol\":{VERSION},\"news\":1}}");
        assert!(told(&unknown).contains("unknown field `news`"), "{}", told(&unknown));
        assert!(told("").contains("not a configuration"));
    }

    #[test]
    fn what_follows_the_first_line_is_ignored() {
        let config = "\"rtt_ns\":1,\"rtt_by\":\"tun\",\"ports\":null,\"cpus\":[]";
        let told = told(&format!("{{\"protocol\":{VERSION},{config}}}\nmore"));
        assert!(told.starts_with("RelayConfig"), "{told}");
    }
}
