//! Words that several stages share: what an experiment file may say of a client and a network.

mod http;
mod network;
mod runtime;

pub use self::{
    http::{Protocol, Retries, Reuse},
    network::RttBy,
    runtime::{Flavour, Runtime},
};
