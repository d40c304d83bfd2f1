//! Errors of look-ups.

use std::io;
use std::time::Duration;

use crate::dns::message::MessageError;
use crate::dns::name::{Name, NameError};

/// Why a look-up failed. All look-ups that waited for the same query get the same error.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The text is no host name; nothing was sent.
    #[error("{text:?} cannot be looked up")]
    Name {
        /// The text.
        text: String,
        /// The fault of the text.
        source: NameError,
    },
    /// The name does not exist, or has no IPv4 address.
    #[error("the host name {name} does not exist (NXDOMAIN), or has no IPv4 address")]
    NotFound {
        /// The name.
        name: Name,
    },
    /// No answer came, to two queries.
    #[error("no answer to a DNS query for {name} in {after:?}")]
    Timeout {
        /// The name.
        name: Name,
        /// Time of the wait.
        after: Duration,
    },
    /// The server answered with something that cannot be used.
    #[error("the answer to a DNS query for {name} cannot be used")]
    Malformed {
        /// The name.
        name: Name,
        /// The fault of the answer.
        source: MessageError,
    },
    /// The server would not or could not answer.
    #[error("the DNS server answered a query for {name} with code {code}")]
    Refused {
        /// The name.
        name: Name,
        /// The code of RFC 1035; 2 is a failure of the server, 5 a refusal.
        code: u8,
    },
    /// The system refused something.
    #[error("cannot {what} for a DNS query")]
    Io {
        /// Step that was refused, as it goes on after `cannot`.
        what: &'static str,
        /// Its answer.
        source: io::Error,
    },
}

impl Clone for ResolveError {
    /// An `io::Error` has no clone. Its number is kept, or else its kind and text: that is all
    /// that the errors of a socket have, and whoever walks the chain finds an `io::Error`.
    fn clone(&self) -> ResolveError {
        match self {
            ResolveError::Name { text, source } => {
                ResolveError::Name { text: text.clone(), source: *source }
            }
            ResolveError::NotFound { name } => ResolveError::NotFound { name: name.clone() },
            ResolveError::Timeout { name, after } => {
                ResolveError::Timeout { name: name.clone(), after: *after }
            }
            ResolveError::Malformed { name, source } => {
                ResolveError::Malformed { name: name.clone(), source: *source }
            }
            ResolveError::Refused { name, code } => {
                ResolveError::Refused { name: name.clone(), code: *code }
            }
            ResolveError::Io { what, source } => {
                let source = match source.raw_os_error() {
                    Some(number) => io::Error::from_raw_os_error(number),
                    None => io::Error::new(source.kind(), source.to_string()),
                };
                ResolveError::Io { what, source }
            }
        }
    }
}
