//! The record of a run: what stands in `results/`, its types, writing and reading.

mod request;
mod timeline;

pub use request::{RequestRow, read_requests, write_requests};
pub use timeline::TimelineRow;
