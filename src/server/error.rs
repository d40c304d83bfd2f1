//! What can stop a server.

use std::io;
use std::net::IpAddr;

use crate::protocol::VERSION;
use crate::tls::TlsError;

/// Why a server did not serve, or could not say what it saw.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The first line of the input is no configuration.
    #[error("the first line of the input is not a server configuration: {0}")]
    Config(#[source] serde_json::Error),
    /// The input ended before a configuration.
    #[error("the input ended before a server configuration")]
    NoConfig,
    /// The sender speaks another version of the protocol.
    #[error(
        "the harness speaks version {theirs} of the trial protocol and this server version \
         {VERSION}: use one build for both"
    )]
    Version {
        /// Of the sender.
        theirs: u32,
    },
    /// Someone else listens on the port.
    #[error(
        "port {port} of {ip} is in use: stop the program that listens there \
         (`ss -ltnp 'sport = :{port}'` names it), or take port 0 for a free one"
    )]
    PortInUse {
        /// The address asked for.
        ip: IpAddr,
        /// The port asked for.
        port: u16,
    },
    /// The body is longer than any that is served.
    #[error("a body of {bytes} B is too long: a server takes {max} B at most")]
    BodyTooLong {
        /// The length asked for.
        bytes: u64,
        /// The longest.
        max: u64,
    },
    /// Connections cannot be encrypted.
    #[error("cannot encrypt connections")]
    Tls(#[source] TlsError),
    /// The system refused something.
    #[error("cannot {what}: {source}")]
    System {
        /// What was tried.
        what: String,
        /// Its answer.
        source: io::Error,
    },
}

/// For `map_err`: an error of the system while trying to do `what`.
pub(super) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> ServerError {
    let what = what.into();
    move |source| ServerError::System { what, source }
}
