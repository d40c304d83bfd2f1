//! `async-semaphore`: one task per request, each waits for one of `limit` permits.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::{Holds, Issue, LimitRule, Model, Next, joined, required};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "async-semaphore",
    summary: "one task per request, each waits for one of `limit` permits",
    known_as: "asyncio.Semaphore",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
    open: Some(|arrivals, delays, limit| schedule::open::list(arrivals, delays, required(limit))),
    own_work: None,
    next: Some(Next::InLine),
    holds: Holds::Requests,
    issue: Issue::Async(issue),
    source: include_str!("async_semaphore.rs"),
};

/// tokio's semaphore is fair, and tasks are polled for the first time in the order in which they
/// are spawned (on one thread; nearly so on several): permits go out in index order.
fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let permits = Arc::new(Semaphore::new(work.slots() as usize));
        let mut tasks = Vec::with_capacity(work.indices().len());
        for index in work.indices() {
            let (request, permits) = (work.arrived(index).await, Arc::clone(&permits));
            tasks.push(tokio::spawn(async move {
                let _permit = permits.acquire().await.expect("the semaphore is never closed");
                request.send().await;
            }));
        }
        joined(tasks.into_iter()).await;
    })
}
