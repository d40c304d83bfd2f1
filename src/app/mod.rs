//! A web application under test: processes × threads, and calls of a backend for each request.
//!
//! Request `GET /i` is page `i`. It makes [`AppConfig::calls`] calls, call `k` of which is request
//! `i × calls + k` of the backend, and does [`AppConfig::work`] of its own; in which order, says
//! [`AppConfig::outbound`]. `GET /ready` calls nothing. Each answer names the process that gave it in a
//! header, `Inflight-Worker`. A page of which a call fails is answered with status 502.
//!
//! Workers share one listening socket. A worker is a process with threads that block (`blocking`), with
//! an event loop (`event_loop`) or with green threads (`green`).

mod blocking;
mod calls;
mod event_loop;
mod green;
mod page;
mod process;

use std::net::SocketAddr;
use std::num::NonZeroU32;

use crate::strategy::{Outbound, OwnWork};

pub use process::serve;

/// Configuration of the application.
#[derive(Debug, Clone, PartialEq)]
pub struct AppConfig {
    /// Where it listens; any free port, if that is 0.
    pub listen: SocketAddr,
    /// Processes that serve.
    pub processes: NonZeroU32,
    /// Threads of each; of no meaning where one thread [serves all](Outbound::serves_others).
    pub threads: NonZeroU32,
    /// Order of the calls of a page.
    pub outbound: Outbound,
    /// Where calls go: `http://127.0.0.1:8000`. Without it, a page makes none.
    pub backend: Option<SocketAddr>,
    /// Calls of a page.
    pub calls: u32,
    /// Work of a page's own.
    pub work: Option<OwnWork>,
}
