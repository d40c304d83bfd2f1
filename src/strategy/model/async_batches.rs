//! `async-batches`: `limit` requests at once, the next ones when all of them have ended.

use futures_util::future::BoxFuture;

use super::{Holds, Issue, LimitRule, Model, Next, joined, required};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "async-batches",
    summary: "`limit` requests at once, the next ones when all of them have ended",
    known_as: "asyncio.gather in a loop, Promise.all over slices",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::batches(delays, required(limit)),
    // A batch is what is there at once; of requests that come one by one it is none.
    open: None,
    own_work: None,
    next: Some(Next::Batch),
    holds: Holds::Slots,
    issue: Issue::Async(issue),
    source: include_str!("async_batches.rs"),
};

fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let indices: Vec<u32> = work.indices().collect();
        for batch in indices.chunks(work.slots() as usize) {
            joined(batch.iter().map(|&index| tokio::spawn(work.take(index).send()))).await;
        }
    })
}
