//! Status of a trial.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Beginning of the reason of a trial that ended because its client had not enough memory.
pub const NOT_ENOUGH_MEMORY: &str = "not enough memory for the client";

/// Status of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A measurement of what the cell names, errors of requests included.
    #[default]
    Ok,
    /// No measurement: a process failed, or took longer than its deadline.
    Failed,
    /// A measurement of something else than the cell names.
    Invalid,
    /// Not run: this machine cannot do what the cell needs.
    Skipped,
    /// Interrupted; to be repeated.
    Aborted,
}

impl Status {
    /// The word of the record.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Invalid => "invalid",
            Status::Skipped => "skipped",
            Status::Aborted => "aborted",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
