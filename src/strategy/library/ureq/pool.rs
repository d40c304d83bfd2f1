//! A pool of connections that fresh ureq agents share.
//!
//! ureq's own pool belongs to one agent. Here the connector keeps idle connections itself, and the
//! agents, which may keep none, believe that they always connect. A connection is kept as it is,
//! its TLS session with it.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use ureq::Error;
use ureq::http::uri::Authority;
use ureq::unversioned::transport::{Buffers, ConnectionDetails, Connector, NextTimeout, Transport};

/// A connection of whatever layers.
type Opened = Box<dyn Transport>;

/// A connector that opens connections.
type Opens = dyn Connector<(), Out = Opened>;

/// Idle connections of each host, the one that was used last on top, and what opens new ones.
/// Clones are the same pool.
#[derive(Debug, Clone)]
pub(super) struct Pooling {
    idle: Arc<Idle>,
    opens: Arc<Opens>,
}

#[derive(Debug, Default)]
struct Idle(Mutex<HashMap<Authority, Vec<Opened>>>);

impl Idle {
    fn pop(&self, host: &Authority) -> Option<Opened> {
        self.lock().get_mut(host)?.pop()
    }

    fn push(&self, host: &Authority, opened: Opened) {
        let mut hosts = self.lock();
        match hosts.get_mut(host) {
            Some(idle) => idle.push(opened),
            None => drop(hosts.insert(host.clone(), vec![opened])),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Authority, Vec<Opened>>> {
        // A push or a pop leaves the lists whole, whatever happens to the thread around it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pooling {
    /// An empty pool over a connector.
    pub(super) fn over(connector: impl Connector<()>) -> Pooling {
        Pooling { idle: Arc::default(), opens: Arc::new(Boxing(connector)) }
    }
}

impl Connector<()> for Pooling {
    type Out = Pooled;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Pooled>, Error> {
        let host = details.uri.authority().ok_or(Error::HostNotFound)?;
        let pooled = |opened| {
            let (host, idle) = (host.clone(), Arc::clone(&self.idle));
            Pooled { opened: Some(opened), reusable: false, host, idle }
        };
        while let Some(mut opened) = self.idle.pop(host) {
            if opened.is_open() {
                return Ok(Some(pooled(opened)));
            }
        }
        Ok(self.opens.connect(details, chained)?.map(pooled))
    }
}

/// A connector that does not name its transport.
#[derive(Debug)]
struct Boxing<C>(C);

impl<C: Connector<()>> Connector<()> for Boxing<C> {
    type Out = Opened;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<()>,
    ) -> Result<Option<Opened>, Error> {
        Ok(self.0.connect(details, chained)?.map(|transport| Box::new(transport) as Opened))
    }
}

/// A connection that goes back to the pool when it is dropped, if it may be used again.
pub(super) struct Pooled {
    /// `None` only while it is dropped.
    opened: Option<Opened>,
    reusable: bool,
    host: Authority,
    idle: Arc<Idle>,
}

impl Pooled {
    fn opened(&mut self) -> &mut Opened {
        self.opened.as_mut().expect("a connection until it is dropped")
    }
}

impl Transport for Pooled {
    fn buffers(&mut self) -> &mut dyn Buffers {
        self.opened().buffers()
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.reusable = false;
        self.opened().transmit_output(amount, timeout)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.opened().await_input(timeout)
    }

    /// ureq asks this exactly when an answer has ended well and the connection may be kept.
    fn is_open(&mut self) -> bool {
        self.reusable = self.opened().is_open();
        self.reusable
    }

    fn is_tls(&self) -> bool {
        self.opened.as_ref().is_some_and(Transport::is_tls)
    }
}

impl Drop for Pooled {
    fn drop(&mut self) {
        if self.reusable
            && let Some(opened) = self.opened.take()
        {
            self.idle.push(&self.host, opened);
        }
    }
}

impl fmt::Debug for Pooled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pooled").field("opened", &self.opened).finish_non_exhaustive()
    }
}
