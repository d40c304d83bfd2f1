//! `async-semaphore`: one task per request, each waits for one of `limit` permits.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::Semaphore;

use super::{Issue, LimitRule, Model, joined, required};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "async-semaphore",
    summary: "one task per request, each waits for one of `limit` permits",
    known_as: "asyncio.Semaphore",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
    issue: Issue::Async(issue),
};

/// tokio's semaphore is fair, and tasks are polled for the first time in the order in which they
/// are spawned (on one thread; nearly so on several): permits go out in index order.
fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let permits = Arc::new(Semaphore::new(work.slots() as usize));
        joined(work.indices().map(|index| {
            let (request, permits) = (work.take(index), Arc::clone(&permits));
            tokio::spawn(async move {
                let _permit = permits.acquire().await.expect("the semaphore is never closed");
                request.send().await;
            })
        }))
        .await;
    })
}
