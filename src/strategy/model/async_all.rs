//! `async-all`: one task per request, all at once.

use super::{LimitRule, Model};
use crate::strategy::{Flavour, schedule};

pub(super) const MODEL: Model = Model {
    name: "async-all",
    summary: "one task per request, all at once",
    known_as: "asyncio.gather",
    flavour: Flavour::Async,
    limit: LimitRule::Forbidden,
    ideal: |delays, _| schedule::all_at_once(delays),
};
