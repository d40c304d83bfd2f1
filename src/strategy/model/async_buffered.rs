//! `async-buffered`: a stream with at most `limit` futures alive.

use futures_util::future::BoxFuture;
use futures_util::stream::{self, StreamExt};

use super::{Holds, Issue, LimitRule, Model, Next, required};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "async-buffered",
    summary: "a stream with at most `limit` futures alive",
    known_as: "buffer_unordered",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
    open: Some(|arrivals, delays, limit| schedule::open::list(arrivals, delays, required(limit))),
    own_work: None,
    next: Some(Next::InLine),
    holds: Holds::Slots,
    issue: Issue::Async(issue),
    source: include_str!("async_buffered.rs"),
};

/// All futures are polled by one task, so on several threads only connections are driven in
/// parallel.
fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        stream::iter(work.indices())
            .map(|index| work.take(index).send())
            .buffer_unordered(work.slots() as usize)
            .for_each(|()| std::future::ready(()))
            .await;
    })
}
