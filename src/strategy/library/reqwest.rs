//! reqwest: the async client on hyper.

use super::Library;
use crate::strategy::{Flavour, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "reqwest",
    flavour: Flavour::Async,
    reuse: &[Reuse::Session, Reuse::None],
    summary: "async, hyper's connection pool without a cap on open connections",
};
