//! `sequential`: one request after the other on the caller's thread.

use super::{LimitRule, Model};
use crate::strategy::{Flavour, schedule};

pub(super) const MODEL: Model = Model {
    name: "sequential",
    summary: "one request after the other on the caller's thread",
    known_as: "a for loop over requests.get",
    flavour: Flavour::Blocking,
    limit: LimitRule::Forbidden,
    ideal: |delays, _| schedule::one_by_one(delays),
};
