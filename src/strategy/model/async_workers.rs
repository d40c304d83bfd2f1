//! `async-workers`: `limit` tasks take from one queue.

use super::{LimitRule, Model, required};
use crate::strategy::{Flavour, schedule};

pub(super) const MODEL: Model = Model {
    name: "async-workers",
    summary: "`limit` tasks take from one queue",
    known_as: "a worker pool",
    flavour: Flavour::Async,
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
};
