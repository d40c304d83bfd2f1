//! `green`: `limit` green threads on one OS thread take from one queue.

use std::cell::Cell;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;

use super::{Holds, Issue, LimitRule, Model, Next, joined, required};
use crate::strategy::work::BlockingWork;
use crate::strategy::{green, schedule};

pub(super) const MODEL: Model = Model {
    name: "green",
    summary: "`limit` green threads on one OS thread take from one queue",
    known_as: "gevent.pool.Pool",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
    open: Some(|arrivals, delays, limit| schedule::open::list(arrivals, delays, required(limit))),
    own_work: None,
    next: Some(Next::InLine),
    holds: Holds::Slots,
    issue: Issue::Green(issue),
    source: include_str!("green.rs"),
};

/// Green thread `i` begins with request `i`, and takes the next of the queue when that has ended. All are
/// started before the first of them runs. One without a stack fails its first request; if
/// none has a stack, all requests fail.
fn issue(work: BlockingWork) -> LocalBoxFuture<'static, ()> {
    Box::pin(async move {
        let (requests, slots) = (work.indices().end, work.slots());
        let next = Rc::new(Cell::new(slots));
        let mut threads = Vec::with_capacity(slots as usize);
        for first in work.indices().take(slots as usize) {
            let (mine, next) = (work.clone(), Rc::clone(&next));
            let started = green::spawn(move || {
                let mut index = first;
                while index < requests {
                    mine.take(index).send();
                    index = next.replace(next.get() + 1);
                }
            });
            match started {
                Ok(thread) => threads.push(thread),
                Err(why) => {
                    let fail = |index| work.take(index).without_stack(first, &why);
                    fail(first);
                    if threads.is_empty() && first + 1 == slots {
                        // None was started, and so none takes the others from the queue.
                        (slots..requests).for_each(fail);
                    }
                }
            }
        }
        joined(threads.into_iter()).await;
    })
}
