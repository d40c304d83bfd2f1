//! `reqwest::blocking`: the async client behind a thread of its own.

use super::Library;
use crate::strategy::{Flavour, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "reqwest-blocking",
    flavour: Flavour::Blocking,
    reuse: &[Reuse::Session, Reuse::None],
    summary: "blocking facade; one hidden thread drives all connections",
};
