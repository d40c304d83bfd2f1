//! A service that is started for a trial: the child process between the harness and its command.
//!
//! It starts the command on a free port, asks until it answers, and counts all of its processes. When the
//! trial is over, or when the harness is gone, it ends all of them: nothing of a service outlives its
//! trial.

mod child;
mod documents;

pub use child::run_child;
pub use documents::{ServiceAnswer, ServiceConfig, ServiceReport, ServiceWindow};
