//! inflight: a reproducible experiment harness for HTTP client concurrency.

pub mod analyse;
pub mod body;
pub mod client;
pub mod delay;
pub mod diff;
pub mod exit;
pub mod machine;
pub mod plan;
pub mod protocol;
pub mod record;
pub mod report;
pub mod run;
pub mod server;
pub mod spec;
pub mod strategy;
pub mod table;
pub mod units;
