//! The `inflight` binary.

fn main() {}
