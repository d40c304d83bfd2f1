//! A pool of connections that fresh ureq agents share.
//!
//! ureq's own pool belongs to one agent. Here the connector keeps idle connections itself, and the
//! agents, which may keep none, believe that they always connect.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport,
};

/// What `TcpConnector` makes; it does not name the type.
type Tcp = Box<dyn Transport>;

/// Idle connections, the one that was used last on top.
#[derive(Debug, Default)]
pub(super) struct Idle(Mutex<Vec<Tcp>>);

impl Idle {
    fn pop(&self) -> Option<Tcp> {
        self.lock().pop()
    }

    fn push(&self, tcp: Tcp) {
        self.lock().push(tcp);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Tcp>> {
        // A push or a pop leaves the list whole, whatever happens to the thread around it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes an idle connection, or opens one.
#[derive(Debug)]
pub(super) struct Pooling {
    idle: Arc<Idle>,
    tcp: TcpConnector,
}

impl Pooling {
    pub(super) fn new(idle: Arc<Idle>) -> Pooling {
        Pooling { idle, tcp: TcpConnector::default() }
    }
}

impl Connector<()> for Pooling {
    type Out = Pooled;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Pooled>, Error> {
        let pooled = |tcp| Pooled { tcp: Some(tcp), reusable: false, idle: Arc::clone(&self.idle) };
        while let Some(mut tcp) = self.idle.pop() {
            if tcp.is_open() {
                return Ok(Some(pooled(tcp)));
            }
        }
        Ok(self.tcp.connect(details, chained)?.map(|tcp| pooled(Box::new(tcp))))
    }
}

/// A connection that goes back to the pool when it is dropped, if it may be used again.
pub(super) struct Pooled {
    /// `None` only while it is dropped.
    tcp: Option<Tcp>,
    reusable: bool,
    idle: Arc<Idle>,
}

impl Pooled {
    fn tcp(&mut self) -> &mut Tcp {
        self.tcp.as_mut().expect("a connection until it is dropped")
    }
}

impl Transport for Pooled {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.tcp().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.reusable = false;
        self.tcp().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.tcp().await_input(timeout)
    }

    /// ureq asks this exactly when an answer has ended well and the connection may be kept.
    fn is_open(&mut self) -> bool {
        self.reusable = self.tcp().is_open();
        self.reusable
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if self.reusable
            && let Some(tcp) = self.tcp.take()
        {
            self.idle.push(tcp);
        }
    }
}

impl fmt::Debug for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled").field("tcp", &self.tcp).finish_non_exhaustive()
    }
}
