//! `offload`: a caller that blocks hands all requests to a runtime on a background thread, does its own
//! work, and collects the answers.

use std::sync::{Arc, mpsc};
use std::thread;

use tokio::runtime::{Runtime, RuntimeFlavor};
use tokio::sync::{Semaphore, oneshot};

use super::{Holds, Issue, LimitRule, Model, Next, required};
use crate::strategy::schedule;
use crate::strategy::work::AsyncWork;

pub(super) const MODEL: Model = Model {
    name: "offload",
    summary: "a blocking caller hands its requests to a background runtime, `limit` at once, does its own `work`, then collects the answers",
    known_as: "asyncio.run_coroutine_threadsafe",
    limit: LimitRule::Required,
    ideal: |delays, limit| schedule::list(delays, required(limit)),
    // The caller's work would begin when the last of them has arrived.
    open: None,
    own_work: Some(u64::max),
    next: Some(Next::InLine),
    holds: Holds::Requests,
    issue: Issue::Offload(issue),
    source: include_str!("offload.rs"),
};

/// The caller goes on when its own work is done and every answer is there.
fn issue(work: &AsyncWork, runtime: &Runtime) {
    let permits = Arc::new(Semaphore::new(work.slots() as usize));
    let (ended, answers) = mpsc::channel();
    let collected = thread::scope(|scope| {
        let (stop, stopped) = oneshot::channel::<()>();
        // A runtime of several threads drives itself.
        if runtime.handle().runtime_flavor() == RuntimeFlavor::CurrentThread {
            let drive = move || drop(runtime.block_on(stopped));
            if let Err(why) = thread::Builder::new().spawn_scoped(scope, drive) {
                work.indices().for_each(|index| work.take(index).without_thread(&why));
                return work.indices().len();
            }
        }
        for index in work.indices() {
            let (request, permits, ended) = (work.take(index), Arc::clone(&permits), ended.clone());
            runtime.spawn(async move {
                let _permit = permits.acquire().await.expect("the semaphore is never closed");
                request.send().await;
                ended.send(()).expect("the caller collects every answer");
            });
        }
        drop(ended);
        work.count_threads();
        work.do_own_work();
        let collected = answers.iter().count();
        drop(stop);
        collected
    });
    assert_eq!(collected, work.indices().len(), "a request panicked");
}
