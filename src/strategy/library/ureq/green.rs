//! ureq's connector for TCP in a green thread: every call of the system that would block the OS thread
//! waits in the runtime instead.

use std::future::Future;
use std::io;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::RecvFlags;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, Transport,
};
use ureq::{Error, Timeout};

use super::probe;
use super::tcp::patience;

/// Opens TCP connections.
#[derive(Debug)]
pub(super) struct Tcp;

impl Connector<()> for Tcp {
    type Out = TcpTransport;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<TcpTransport>, Error> {
        // One address: the server's.
        let address = *details.addrs.first().ok_or(Error::HostNotFound)?;
        let after = patience(details.timeout)?;
        let stream = within(after, Timeout::Connect, TcpStream::connect(address))?;
        if details.config.no_delay() {
            stream.set_nodelay(true)?;
        }
        probe::connected(|| stream.local_addr());
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(TcpTransport { stream, buffers }))
    }
}

/// A TCP connection and its buffers.
#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: TcpStream,
    buffers: LazyBuffers,
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        let after = patience(timeout)?;
        let written = self.stream.write_all(&self.buffers.output()[..amount]);
        within(after, timeout.reason, written)
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let after = patience(timeout)?;
        let read = self.stream.read(self.buffers.input_append_buf());
        let amount = within(after, timeout.reason, read)?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Nothing is there to be read: anything, the end too, means that the connection is of no use. The system
    /// is asked itself, since the runtime may not have heard yet.
    fn is_open(&mut self) -> bool {
        let looked = rustix::net::recv(&self.stream, &mut [0u8], RecvFlags::DONTWAIT);
        matches!(looked, Err(Errno::WOULDBLOCK))
    }
}

/// Waits for a call of the system, `after` at most; for ever without one.
fn within<T>(
    after: Option<Duration>,
    reason: Timeout,
    call: impl Future<Output = io::Result<T>>,
) -> Result<T, Error> {
    let ended = match after {
        None => Ok(probe::wait(call)),
        Some(after) => probe::wait(async { tokio::time::timeout(after, call).await }),
    };
    ended.map_err(|_| Error::Timeout(reason))?.map_err(Error::from)
}
