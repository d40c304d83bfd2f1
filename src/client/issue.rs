//! One request of a trial: timed, made by the library, checked.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use futures_util::future::BoxFuture;

use super::record::Recorder;
use crate::strategy::failure::Failure;
use crate::strategy::green;
use crate::strategy::library::{AsyncClient, BlockingClient};
use crate::strategy::work::{AsyncIssuer, BlockingIssuer, Issuer};
use crate::timer::Timer;

/// A client whose requests are recorded.
pub(super) struct Issuing<C: ?Sized> {
    pub(super) recorder: Arc<Recorder>,
    pub(super) client: Arc<C>,
    pub(super) clock: Clock,
}

/// Planned starts of requests under open arrival, and the way in which an async client waits for them.
#[derive(Default)]
pub(super) struct Clock {
    /// In nanoseconds since the start of the window, by request; `None` if arrival is closed.
    pub(super) arrivals_ns: Option<Vec<u64>>,
    /// tokio's own timer is late by about a millisecond, which would be lateness of the client.
    pub(super) timer: Option<Timer>,
}

impl<C: Send + Sync + ?Sized> Issuer for Issuing<C> {
    fn now_ns(&self) -> u64 {
        self.recorder.now_ns()
    }

    fn fail(&self, index: u32, scheduled_ns: u64, failure: Failure) {
        self.recorder.fail(index, scheduled_ns, failure);
    }

    fn count_threads(&self) {
        self.recorder.count_threads();
    }

    fn arrival_ns(&self, index: u32) -> Option<u64> {
        self.clock.arrivals_ns.as_ref().map(|all| all[index as usize])
    }
}

impl BlockingIssuer for Issuing<dyn BlockingClient> {
    fn issue(&self, index: u32, scheduled_ns: u64) {
        let mut attempt = self.recorder.begin(index, scheduled_ns, None);
        let result = self.client.fetch(index, &mut attempt);
        attempt.end(result);
    }

    fn wait_until(&self, at_ns: u64) {
        while let Some(rest_ns) = self.recorder.until_ns(at_ns) {
            let rest = Duration::from_nanos(rest_ns);
            match &self.clock.timer {
                // There is one where the threads are green.
                Some(timer) => green::wait(timer.sleep(rest)),
                None => thread::sleep(rest),
            }
        }
    }
}

impl AsyncIssuer for Issuing<dyn AsyncClient> {
    fn issue(
        self: Arc<Self>,
        index: u32,
        scheduled_ns: u64,
        start_ns: Option<u64>,
    ) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut attempt = self.recorder.begin(index, scheduled_ns, start_ns);
            let result = self.client.fetch(index, &mut attempt).await;
            attempt.end(result);
        })
    }

    /// The window's clock decides, not the timer's: however they are rounded, nothing is early.
    fn wait_until(&self, at_ns: u64) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let Some(timer) = &self.clock.timer else { return };
            while let Some(rest_ns) = self.recorder.until_ns(at_ns) {
                timer.sleep(Duration::from_nanos(rest_ns)).await;
            }
        })
    }
}
