//! `async-all`: one task per request, all at once.

use futures_util::future::BoxFuture;

use super::{Issue, LimitRule, Model, joined};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "async-all",
    summary: "one task per request, all at once",
    known_as: "asyncio.gather",
    limit: LimitRule::Forbidden,
    ideal: |delays, _| schedule::all_at_once(delays),
    issue: Issue::Async(issue),
};

fn issue(work: AsyncWork) -> BoxFuture<'static, ()> {
    Box::pin(async move {
        joined(work.indices().map(|index| tokio::spawn(work.take(index).send()))).await;
    })
}
