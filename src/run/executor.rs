//! The process boundary: one trial in, its outcome out.

use std::time::Duration;

use super::link::Network;
use crate::link::RelayReport;
use crate::protocol::{ClientConfig, ClientReport, ServerConfig, ServerReport, Tick};
use crate::server::SelfCheck;

/// One trial to execute.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// For the delay server.
    pub server: ServerConfig,
    /// For the client; the executor fills in the server's address.
    pub client: ClientConfig,
    /// The network of the trial's own; plain loopback, if it asks for nothing.
    pub network: Network,
    /// A trial that takes longer is stuck.
    pub deadline: Duration,
    /// Index of the build that the client is to be of, in the plan's order; 0 if there is only one.
    pub build: usize,
}

/// What became of a trial's processes.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// Both processes reported.
    Measured {
        /// What the client measured.
        client: Box<ClientReport>,
        /// From the start of the client's process to its exit.
        client_lived: Option<Duration>,
        /// What the server saw.
        server: Box<ServerReport>,
        /// What the network did, if it had one of its own.
        link: Option<Box<RelayReport>>,
    },
    /// This machine cannot run it: why, in a sentence. Nothing was measured, and nothing is wrong.
    Skipped(String),
    /// A process failed or took too long; both are gone.
    Failed(String),
    /// Asked to stop; both are gone.
    Aborted,
}

/// Runs trials. There is one for real processes, and tests have one with planned outcomes.
pub trait Executor {
    /// Runs one trial to its end. `told` is told how far it has come, if its server is to say so.
    fn execute(&mut self, job: &Job, told: &mut dyn FnMut(Tick)) -> Outcome;

    /// Checks the delay server's timer, on the CPUs that a server would have.
    fn self_check(&mut self, cpus: &[usize]) -> Option<SelfCheck>;

    /// Whether someone asked to stop.
    fn stopping(&self) -> bool;
}
