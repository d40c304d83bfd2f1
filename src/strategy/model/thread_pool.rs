//! `thread-pool`: a rayon pool of `limit` threads, each takes the next request.

use super::{Holds, Issue, LimitRule, Model, Next, STACK_BYTES, required};
use crate::strategy::schedule;
use crate::strategy::work::BlockingWork;

pub(super) const MODEL: Model = Model {
    name: "thread-pool",
    summary: "a rayon pool of `limit` threads, each takes the next request",
    known_as: "ThreadPoolExecutor",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
    open: Some(|arrivals, delays, limit| schedule::open::list(arrivals, delays, required(limit))),
    own_work: None,
    next: Some(Next::InLine),
    holds: Holds::Slots,
    issue: Issue::Blocking(issue),
    source: include_str!("thread_pool.rs"),
};

/// Requests are handed out one by one in index order: from outside the pool `spawn_fifo` appends
/// to the one queue that every thread takes from. `par_iter` would halve the range instead, and
/// each thread would run its half in its own order.
///
/// A thread looks into every other thread's queue before it takes from that one, so the cost of a
/// request grows with the pool: seen about 90 µs of CPU time with 50 threads and 250 µs with 500.
fn issue(work: &BlockingWork) {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(work.slots() as usize)
        .stack_size(STACK_BYTES)
        .build();
    match pool {
        Ok(pool) => pool.in_place_scope_fifo(|scope| {
            for index in work.indices() {
                let request = work.take(index);
                scope.spawn_fifo(move |_| request.send());
            }
            work.count_threads();
        }),
        Err(why) => work.indices().for_each(|index| work.take(index).without_thread(&why)),
    }
}
