//! inflight: a reproducible experiment harness for HTTP client concurrency.

pub mod analyse;
pub mod report;
