//! Exit codes. Scripts and `make` may rely on them.
//!
//! Never 2, which make uses for everything, and never 0 for "could not compare".

use std::process::ExitCode;

/// Exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// All is well.
    Fine = 0,
    /// Something is slower or failing more often, a report is not what its record gives, or a claim is
    /// refuted under `--strict-claims`.
    Worse = 1,
    /// The recordings cannot be compared.
    NotComparable = 3,
    /// Nothing is slower, but something is undecided, under `--strict`.
    Inconclusive = 4,
    /// Trials failed or were invalid, this machine could run none, or no request of a cell succeeded
    /// and no claim of the experiment is about its failures.
    BadTrials = 5,
    /// The command line is wrong.
    Usage = 64,
    /// The experiment or the record is wrong.
    BadInput = 65,
    /// A bug in inflight.
    Bug = 70,
    /// The system refused to read, write, or start something.
    Io = 74,
    /// Stopped by a signal; what was recorded is safe.
    Interrupted = 130,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit as u8)
    }
}
