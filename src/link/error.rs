//! What can stop a relay.

use std::io;

use crate::protocol::VERSION;

/// Why a relay did not relay. That a machine does not allow a link is no such reason: it is an
/// answer, see [`RelayAnswer`](super::RelayAnswer).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The first line of the input is no configuration.
    #[error("the first line of the input is not a relay configuration: {0}")]
    Config(#[source] serde_json::Error),
    /// The sender speaks another version of the protocol.
    #[error(
        "the harness speaks version {theirs} of the trial protocol and this relay version \
         {VERSION}: use one build for both"
    )]
    Version {
        /// Of the sender.
        theirs: u32,
    },
    /// netem let a packet pass too early.
    #[error("netem held a packet for {held_ns} ns, which is less than the {hold_ns} ns it was to")]
    Early {
        /// Measured.
        held_ns: u64,
        /// Planned.
        hold_ns: u64,
    },
    /// netem does not say what it did.
    #[error("netem cannot be asked how many packets it held: {0}")]
    Untold(String),
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
pub(super) fn system(what: impl Into<String>) -> impl FnOnce(io::Error) -> LinkError {
    let what = what.into();
    move |source| LinkError::System { what, source }
}
