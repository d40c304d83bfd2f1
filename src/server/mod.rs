//! The delay server.

pub mod timer;
