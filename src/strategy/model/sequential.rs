//! `sequential`: one request after the other on the caller's thread.

use super::{Holds, Issue, LimitRule, Model, Next};
use crate::strategy::schedule;
use crate::strategy::work::BlockingWork;

pub(super) const MODEL: Model = Model {
    name: "sequential",
    summary: "one request after the other on the caller's thread",
    known_as: "a for loop over requests.get",
    limit: LimitRule::Forbidden,
    ideal: |delays, _| schedule::one_by_one(delays),
    open: Some(|arrivals, delays, _| schedule::open::one_by_one(arrivals, delays)),
    own_work: Some(|requests, work| requests + work),
    next: Some(Next::InLine),
    holds: Holds::Slots,
    issue: Issue::Blocking(issue),
    source: include_str!("sequential.rs"),
};

fn issue(work: &BlockingWork) {
    for index in work.indices() {
        work.take(index).send();
    }
    work.do_own_work();
}
