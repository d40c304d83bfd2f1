//! One request of a trial: timed, made by the library, checked.

use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::record::Recorder;
use crate::strategy::failure::Failure;
use crate::strategy::library::{AsyncClient, BlockingClient};
use crate::strategy::work::{AsyncIssuer, BlockingIssuer, Issuer};

/// A client whose requests are recorded.
pub(super) struct Issuing<C: ?Sized> {
    pub(super) recorder: Arc<Recorder>,
    pub(super) client: Arc<C>,
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
}

impl BlockingIssuer for Issuing<dyn BlockingClient> {
    fn issue(&self, index: u32, scheduled_ns: u64) {
        let mut attempt = self.recorder.begin(index, scheduled_ns);
        let result = self.client.fetch(index, &mut attempt);
        attempt.end(result);
    }
}

impl AsyncIssuer for Issuing<dyn AsyncClient> {
    fn issue(self: Arc<Self>, index: u32, scheduled_ns: u64) -> BoxFuture<'static, ()> {
        Box::pin(async move {
            let mut attempt = self.recorder.begin(index, scheduled_ns);
            let result = self.client.fetch(index, &mut attempt).await;
            attempt.end(result);
        })
    }
}
