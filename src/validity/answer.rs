//! The three answers of a check.

use crate::words::{Words, code, words};

/// Outcome of one check of one trial: `Ok` if it passed.
pub type Answer = Result<(), NotPassed>;

/// Outcome of a check that did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotPassed {
    /// The trial is no measurement of its cell, for this reason.
    Failed(String),
    /// The check was not asked.
    NotAsked(Why),
}

/// Reason for which a check was not asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// The trial has nothing of the kind: no redirects, say.
    NoSubject,
    /// Requests failed. Such a request need not have reached the server, may have needed another
    /// connection, and is in flight there until the server notices.
    RequestsFailed,
    /// The experiment limits the open files of the server.
    ServerFilesLimited,
    /// Another version recorded the trial, with an HTTP client that this one does not have.
    UnknownClient,
    /// A program issued the requests, and a program does not tell.
    ProgramDoesNotTell,
    /// A service answered the requests, and a service does not tell.
    ServiceDoesNotTell,
    /// A program issued the requests that does not say how it treats connections.
    ReuseNotDeclared,
    /// A column of `trials.csv` that the check needs is empty.
    NotRecorded(&'static str),
}

impl Why {
    /// The reason as the end of a sentence.
    pub fn words(self) -> Words {
        match self {
            Why::NoSubject => "it has nothing of the kind".into(),
            Why::RequestsFailed => "requests failed".into(),
            Why::ServerFilesLimited => "the server may open few files".into(),
            Why::UnknownClient => "this version does not have its client".into(),
            Why::ProgramDoesNotTell => "its program does not tell".into(),
            Why::ServiceDoesNotTell => "its service does not tell".into(),
            Why::ReuseNotDeclared => "its program does not declare `reuse`".into(),
            Why::NotRecorded(column) => words!((code(column)) " is not recorded"),
        }
    }
}

/// Whether a check failed.
pub(super) fn failed(answer: &Answer) -> bool {
    matches!(answer, Err(NotPassed::Failed(_)))
}

/// Passes if `holds`; fails with the reason if not.
pub(super) fn require(holds: bool, reason: impl FnOnce() -> String) -> Answer {
    if holds { Ok(()) } else { Err(NotPassed::Failed(reason())) }
}

/// Goes on if `holds`; the check is not asked if not.
pub(super) fn ask_if(holds: bool, why: Why) -> Answer {
    if holds { Ok(()) } else { Err(NotPassed::NotAsked(why)) }
}

/// The value of a column of a [`TrialRow`](crate::record::TrialRow), or `Err` where it is empty.
macro_rules! recorded {
    ($row:expr, $column:ident) => {
        $row.$column.ok_or($crate::validity::NotPassed::NotAsked(
            $crate::validity::Why::NotRecorded(stringify!($column)),
        ))
    };
}
pub(super) use recorded;
