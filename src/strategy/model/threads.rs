//! `threads`: `limit` OS threads, requests split evenly before the start.

use std::thread;

use super::{Holds, Issue, LimitRule, Model, Next, STACK_BYTES, required};
use crate::strategy::schedule;
use crate::strategy::work::BlockingWork;

pub(super) const MODEL: Model = Model {
    name: "threads",
    summary: "`limit` OS threads, requests split evenly before the start",
    known_as: "threading.Thread × n",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::strided(delays, required(limit)),
    open: Some(|arrivals, delays, limit| {
        schedule::open::strided(arrivals, delays, required(limit))
    }),
    own_work: None,
    next: Some(Next::OwnShare),
    holds: Holds::Slots,
    issue: Issue::Blocking(issue),
    source: include_str!("threads.rs"),
};

/// Thread `i` issues requests `i`, `i + limit`, … A thread that the system refuses to start fails
/// its share.
fn issue(work: &BlockingWork) {
    let slots = work.slots();
    let share = |first: u32| work.indices().skip(first as usize).step_by(slots as usize);
    thread::scope(|scope| {
        for first in 0..slots {
            let send = move || share(first).for_each(|index| work.take(index).send());
            let started = thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, send);
            if let Err(why) = started {
                share(first).for_each(|index| work.take(index).without_thread(&why));
            }
        }
        work.count_threads();
    });
}
