//! Words that several stages share: what an experiment file may say of a client and of a network, and
//! the columns of a trial.

mod http;
mod network;
mod runtime;
mod trial;

pub(crate) use self::trial::{report, trial_columns};
pub use self::{
    http::{Protocol, Retries, Reuse},
    network::RttBy,
    runtime::{Flavour, Runtime},
};
