//! `thread-pool`: a rayon pool of `limit` threads, each takes the next request.

use super::{LimitRule, Model, required};
use crate::strategy::{Flavour, schedule};

pub(super) const MODEL: Model = Model {
    name: "thread-pool",
    summary: "a rayon pool of `limit` threads, each takes the next request",
    known_as: "ThreadPoolExecutor",
    flavour: Flavour::Blocking,
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
};
