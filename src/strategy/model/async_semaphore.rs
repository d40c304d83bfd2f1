//! `async-semaphore`: one task per request, each waits for one of `limit` permits.

use super::{LimitRule, Model, required};
use crate::strategy::{Flavour, schedule};

pub(super) const MODEL: Model = Model {
    name: "async-semaphore",
    summary: "one task per request, each waits for one of `limit` permits",
    known_as: "asyncio.Semaphore",
    flavour: Flavour::Async,
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
};
