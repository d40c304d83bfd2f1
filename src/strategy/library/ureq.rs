//! ureq: a blocking client without a runtime.

use super::Library;
use crate::strategy::{Flavour, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "ureq",
    flavour: Flavour::Blocking,
    reuse: &[Reuse::Session, Reuse::None, Reuse::Pool],
    summary: "blocking, on the caller's thread, HTTP/1.1",
};
