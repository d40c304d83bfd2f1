//! Words for how a client waits.

use std::fmt;
use std::num::NonZeroU32;

use serde::{Deserialize, Serialize};

/// Way in which code waits: it blocks its thread, or yields to a runtime. A model issues requests
/// in one flavour, so it can drive the libraries of that flavour only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flavour {
    /// A call returns when the answer is there.
    Blocking,
    /// A call returns a future.
    Async,
}

/// The tokio runtime that an async model runs on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Runtime {
    /// Everything on the thread that started the trial.
    CurrentThread,
    /// A work-stealing runtime with this many worker threads.
    MultiThread(NonZeroU32),
}

impl fmt::Display for Runtime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Runtime::CurrentThread => f.write_str("current-thread"),
            Runtime::MultiThread(n) => write!(f, "multi-thread({n})"),
        }
    }
}
