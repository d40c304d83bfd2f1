//! Words for how a client speaks HTTP.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The version of HTTP that a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// HTTP/1.1.
    Http1,
    /// HTTP/2: by ALPN where connections are encrypted, by prior knowledge where they are not.
    Http2,
}

impl Protocol {
    /// Every protocol, in the order of the documentation.
    pub const ALL: [Protocol; 2] = [Protocol::Http1, Protocol::Http2];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Http1 => "http1",
            Protocol::Http2 => "http2",
        }
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Use of a connection after its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reuse {
    /// A connection for every request.
    None,
    /// One client object for the whole trial; it keeps and reuses its connections.
    Session,
    /// A fresh client object for every request over one shared pool of connections.
    Pool,
}

impl Reuse {
    /// Every mode, in the order of the documentation.
    pub const ALL: [Reuse; 3] = [Reuse::None, Reuse::Session, Reuse::Pool];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Reuse::None => "none",
            Reuse::Session => "session",
            Reuse::Pool => "pool",
        }
    }
}

impl fmt::Display for Reuse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Requests that a client sends again by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Retries {
    /// The default of its library.
    Library,
    /// Nothing: either its library retries nothing, or it is told not to.
    None,
}

impl Retries {
    /// Every value, in the order of the documentation.
    pub const ALL: [Retries; 2] = [Retries::Library, Retries::None];

    /// The word of the experiment file.
    pub fn name(self) -> &'static str {
        match self {
            Retries::Library => "library",
            Retries::None => "none",
        }
    }

    /// The value before strategies had one: every client was told not to.
    pub(crate) fn legacy() -> Option<Retries> {
        Some(Retries::None)
    }

    pub(crate) fn is_legacy(retries: &Option<Retries>) -> bool {
        *retries == Retries::legacy()
    }
}

impl fmt::Display for Retries {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
