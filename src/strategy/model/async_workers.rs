//! `async-workers`: `limit` tasks take from one queue.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures_util::future::BoxFuture;

use super::{Holds, Issue, LimitRule, Model, Next, joined, required};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "async-workers",
    summary: "`limit` tasks take from one queue",
    known_as: "a worker pool",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
    open: Some(|arrivals, delays, limit| schedule::open::list(arrivals, delays, required(limit))),
    own_work: None,
    next: Some(Next::InLine),
    holds: Holds::Slots,
    issue: Issue::Async(issue),
    source: include_str!("async_workers.rs"),
};

/// The queue is a counter: it holds every index from the start.
fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let next = Arc::new(AtomicU32::new(0));
        joined((0..work.slots()).map(|_| {
            let (work, next) = (work.clone(), Arc::clone(&next));
            tokio::spawn(async move {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    if !work.indices().contains(&index) {
                        break;
                    }
                    work.send(index).await;
                }
            })
        }))
        .await;
    })
}
