//! `async-all`: one task per request, all at once.

use futures_util::future::BoxFuture;

use super::{Holds, Issue, LimitRule, Model, Next, joined};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "async-all",
    summary: "one task per request, all at once",
    known_as: "asyncio.gather",
    limit: LimitRule::Forbidden,
    ideal: |delays, _| schedule::all_at_once(delays),
    open: Some(|arrivals, delays, _| schedule::open::all_at_once(arrivals, delays)),
    own_work: None,
    next: Some(Next::InLine),
    holds: Holds::Requests,
    issue: Issue::Async(issue),
    source: include_str!("async_all.rs"),
};

fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        let mut tasks = Vec::with_capacity(work.indices().len());
        for index in work.indices() {
            tasks.push(tokio::spawn(work.arrived(index).await.send()));
        }
        joined(tasks.into_iter()).await;
    })
}
