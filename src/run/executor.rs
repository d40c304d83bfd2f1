//! The process boundary: one trial in, its outcome out.

use std::time::Duration;

use super::network::Network;
use crate::child::Ended;
use crate::network::RelayReport;
use crate::protocol::{ClientConfig, ClientReport, ServerConfig, ServerReport, Tick};
use crate::server::SelfCheck;
use crate::service::ServiceReport;

/// One trial to execute.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Configuration of the delay server, or of a service's backend.
    pub server: ServerConfig,
    /// Configuration of the client; the executor fills in the server's address.
    pub client: ClientConfig,
    /// The network of the trial's own; plain loopback, if it asks for nothing.
    pub network: Network,
    /// A trial that takes longer is stuck.
    pub deadline: Duration,
    /// Index of the build that the client is to be of, in the plan's order; 0 if there is only one.
    pub build: usize,
}

/// Reports of all processes of a trial.
#[derive(Debug, Clone, PartialEq)]
pub struct Reports {
    /// Report of the client.
    pub client: ClientReport,
    /// From the start of the client's process to its exit.
    pub client_lived: Option<Duration>,
    /// Report of the server.
    pub server: Served,
    /// Report of the network, if the trial had one of its own.
    pub link: Option<RelayReport>,
}

/// Report of the server side of a trial.
#[derive(Debug, Clone, PartialEq)]
pub enum Served {
    /// By the delay server, which tells everything.
    ByDelayServer(Box<ServerReport>),
    /// By a service that was started for the trial, and by its backend, if it has one.
    ByService(ServiceReport, Option<Box<ServerReport>>),
    /// By a service that ran already, of which nothing is known.
    Elsewhere,
}

/// Runs trials. There is one for real processes, and tests have one with planned outcomes.
pub trait Executor {
    /// Runs one trial to its end. `told` is told how far it has come, if its server is to say so.
    fn execute(&mut self, job: &Job, told: &mut dyn FnMut(Tick)) -> Result<Reports, Ended>;

    /// Checks the delay server's timer, on the CPUs that a server would have.
    fn self_check(&mut self, cpus: &[usize]) -> Option<SelfCheck>;

    /// Whether someone asked to stop.
    fn stopping(&self) -> bool;
}
