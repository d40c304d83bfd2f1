//! `async-buffered`: a stream with at most `limit` futures alive.

use super::{LimitRule, Model, required};
use crate::strategy::{Flavour, schedule};

pub(super) const MODEL: Model = Model {
    name: "async-buffered",
    summary: "a stream with at most `limit` futures alive",
    known_as: "buffer_unordered",
    flavour: Flavour::Async,
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
};
