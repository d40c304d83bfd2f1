//! A connector that notes which connections it opens.
//!
//! On its way through reqwest and hyper-util, every request clones the connector six times, whether it
//! opens a connection or not; with a layer around it, what is cloned is boxes. A connector of no size
//! needs no box of its own: what it puts its layer around is kept by the probe, and the probe is found
//! by the task that makes the request, or by the thread that makes all of a client's.

use std::any::Any;
use std::future::poll_fn;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use hyper_util::client::legacy::connect::Connection;
use tower_layer::Layer;
use tower_service::Service;

use super::probe::{BoxError, Probe};

/// Notes the connections of a client. Its requests are made within [`Probe::requesting`].
#[derive(Debug, Clone)]
pub(super) struct ByTask(pub(super) Probe);

impl<S: Any + Send + Sync> Layer<S> for ByTask {
    type Service = Noting<S>;

    fn layer(&self, connector: S) -> Noting<S> {
        self.0.keep(connector);
        Noting(PhantomData)
    }
}

/// Notes the connections of a client that is built on a thread of its own, which makes its requests:
/// as `reqwest::blocking` does.
#[derive(Debug, Clone)]
pub(in crate::strategy::library) struct ByThread(pub(in crate::strategy::library) Probe);

impl<S: Any + Send + Sync> Layer<S> for ByThread {
    type Service = Noting<S>;

    fn layer(&self, connector: S) -> Noting<S> {
        self.0.found_by_thread();
        ByTask(self.0.clone()).layer(connector)
    }
}

/// A connector whose connections are noted.
#[derive(Debug, Clone)]
pub(in crate::strategy::library) struct Noting<S>(PhantomData<S>);

impl<S, R> Service<R> for Noting<S>
where
    S: Service<R, Error = BoxError> + Any + Clone + Send,
    S::Response: Connection,
    S::Future: Send,
    R: Send + 'static,
{
    type Response = S::Response;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<S::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        // What opens the connection is awaited by the future.
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, to: R) -> Self::Future {
        let probe = Probe::running().expect("the task or the thread of a request");
        let mut connector = probe.kept::<S>().expect("what a layer was put around").clone();
        let connection = probe.begin();
        Box::pin(probe.noting(connection, async move {
            poll_fn(|context| connector.poll_ready(context)).await?;
            connector.call(to).await
        }))
    }
}
