//! Workers with an event loop: one thread serves all connections, and keeps them.

use std::convert::Infallible;
use std::io;
use std::net::TcpListener;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::task::{LocalSet, spawn_local};

use super::AppConfig;
use super::calls::{AsyncClient, Calls, all_at_once, async_client};
use super::page::{Asked, Reply};
use crate::strategy::OwnWork;

/// Serves with `connection` for each connection, for ever.
///
/// # Errors
///
/// If there is no runtime, or the socket accepts nothing any more.
pub(super) fn accepting(
    listener: &TcpListener,
    connection: impl Fn(TcpStream) -> io::Result<()>,
) -> io::Result<()> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        listener.set_nonblocking(true)?;
        let listener = tokio::net::TcpListener::from_std(listener.try_clone()?)?;
        loop {
            let (stream, _) = match listener.accept().await {
                Ok(accepted) => accepted,
                // Who has gone before it was accepted is no failure of the server.
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return Err(error),
            };
            stream.set_nodelay(true)?;
            connection(stream)?;
        }
    })
}

/// Serves with one task for each connection, for ever.
///
/// # Errors
///
/// As [`accepting`].
pub(super) fn serve(listener: &TcpListener, config: &AppConfig) -> io::Result<()> {
    let calls = Calls { backend: config.backend, count: config.calls };
    let (client, work) = (async_client(), config.work);
    accepting(listener, |stream| {
        let client = client.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let client = client.clone();
            async move {
                let reply = match (request.method(), Asked::of_path(request.uri().path())) {
                    (&Method::GET, Asked::Ready) => Reply::ready(),
                    (&Method::GET, Asked::Page(page)) => {
                        Reply::page(page, answers(&client, calls, page, work).await)
                    }
                    _ => Reply::unknown(),
                };
                Ok::<_, Infallible>(response(reply))
            }
        });
        // A client that goes away in the middle has its own failure.
        spawn_local(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        Ok(())
    })
}

/// Makes the calls of a page, then does its own work. Who computes holds up all other pages.
pub(super) async fn answers(
    client: &AsyncClient,
    calls: Calls,
    page: u32,
    work: Option<OwnWork>,
) -> io::Result<Vec<u64>> {
    let bytes = all_at_once(client, &calls.of_page(page)).await?;
    match work {
        Some(OwnWork::Sleep(ns)) => tokio::time::sleep(std::time::Duration::from_nanos(ns)).await,
        Some(computing) => computing.run(),
        None => {}
    }
    Ok(bytes)
}

fn response(reply: Reply) -> Response<Full<Bytes>> {
    Response::builder()
        .status(reply.status)
        .header("content-type", "application/json")
        .header("inflight-worker", std::process::id())
        .body(Full::from(reply.body))
        .expect("the parts of an answer are valid")
}
