//! `threads`: `limit` OS threads, requests split evenly before the start.

use super::{LimitRule, Model, required};
use crate::strategy::{Flavour, schedule};

pub(super) const MODEL: Model = Model {
    name: "threads",
    summary: "`limit` OS threads, requests split evenly before the start",
    known_as: "threading.Thread × n",
    flavour: Flavour::Blocking,
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::strided(delays, required(limit)),
};
