//! Calls of the backend, with clients that block and with clients that do not.

use std::io;
use std::net::SocketAddr;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;

/// Which calls a page makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Calls {
    /// Where they go; nowhere, without a backend.
    pub(super) backend: Option<SocketAddr>,
    /// Calls of a page.
    pub(super) count: u32,
}

impl Calls {
    /// The URLs of a page's calls, in their order.
    pub(super) fn of_page(self, page: u32) -> Vec<String> {
        let Some(backend) = self.backend else { return Vec::new() };
        let first = u64::from(page) * u64::from(self.count);
        (0..u64::from(self.count)).map(|k| format!("http://{backend}/{}", first + k)).collect()
    }
}

/// A client that blocks, and keeps its connections.
pub(super) fn agent() -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).build().into()
}

/// Makes a call, and gives the bytes of its answer.
///
/// # Errors
///
/// If it fails, or its answer is another than status 200.
pub(super) fn call(agent: &ureq::Agent, url: &str) -> io::Result<u64> {
    let mut answer = agent.get(url).call().map_err(io::Error::other)?;
    let body = answer.body_mut().read_to_vec().map_err(io::Error::other)?;
    Ok(body.len() as u64)
}

/// A client for the runtime that polls its calls. It keeps its connections.
pub(super) type AsyncClient = Client<HttpConnector, Empty<Bytes>>;

pub(super) fn async_client() -> AsyncClient {
    Client::builder(TokioExecutor::new()).build_http()
}

/// Makes a call, and gives the bytes of its answer.
///
/// # Errors
///
/// If it fails, or its answer is another than status 200.
pub(super) async fn call_async(client: &AsyncClient, url: &str) -> io::Result<u64> {
    let url = url.parse().map_err(io::Error::other)?;
    let answer = client.get(url).await.map_err(io::Error::other)?;
    if answer.status() != 200 {
        return Err(io::Error::other(format!("the backend answered {}", answer.status())));
    }
    let body = answer.into_body().collect().await.map_err(io::Error::other)?;
    Ok(body.to_bytes().len() as u64)
}

/// Makes all calls of a page at once, and gives the bytes of each answer.
///
/// # Errors
///
/// If one of them fails.
pub(super) async fn all_at_once(client: &AsyncClient, urls: &[String]) -> io::Result<Vec<u64>> {
    futures_util::future::try_join_all(urls.iter().map(|url| call_async(client, url))).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_of_all_pages_are_numbered_through() {
        let backend = "127.0.0.1:81".parse().ok();
        let calls = Calls { backend, count: 2 };
        assert_eq!(calls.of_page(0), ["http://127.0.0.1:81/0", "http://127.0.0.1:81/1"]);
        assert_eq!(calls.of_page(3), ["http://127.0.0.1:81/6", "http://127.0.0.1:81/7"]);
        assert!(Calls { backend: None, ..calls }.of_page(3).is_empty());
        // The last page of the last request that there can be.
        assert_eq!(calls.of_page(u32::MAX).len(), 2);
    }
}
