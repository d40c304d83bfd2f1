//! ureq's connector for TCP, for when probes are on: the same calls of the system in the same
//! order, but it tells when the connection was open and by which port. ureq's own hides both.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Weak};
use std::time::Duration;

use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, LazyBuffers, NextTimeout, ShutdownHandle, Transport,
};
use ureq::{Error, Timeout};

use super::probe;

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
        // One address: the server's. ureq would go on with the next after a refusal.
        let address = details.addrs.first().ok_or(Error::HostNotFound)?;
        let stream = match patience(details.timeout)? {
            Some(timeout) => TcpStream::connect_timeout(address, timeout),
            None => TcpStream::connect(address),
        };
        let stream = stream.map_err(|e| timed_out(e, Timeout::Connect))?;
        if details.config.no_delay() {
            stream.set_nodelay(true)?;
        }
        probe::connected(|| stream.local_addr());
        let stream = Arc::new(stream);
        (details.register_shutdown)(Arc::downgrade(&stream) as Weak<dyn ShutdownHandle>)?;
        let config = details.config;
        let buffers = LazyBuffers::new(config.input_buffer_size(), config.output_buffer_size());
        Ok(Some(TcpTransport { stream, buffers, write_timeout: None, read_timeout: None }))
    }
}

/// A TCP connection and its buffers.
#[derive(Debug)]
pub(super) struct TcpTransport {
    stream: Arc<TcpStream>,
    buffers: LazyBuffers,
    write_timeout: Option<Duration>,
    read_timeout: Option<Duration>,
}

impl Transport for TcpTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        let timeout = timeout.for_write();
        let wanted = patience(timeout)?;
        if wanted != self.write_timeout {
            self.stream.set_write_timeout(wanted)?;
            self.write_timeout = wanted;
        }
        let written = (&*self.stream).write_all(&self.buffers.output()[..amount]);
        written.map_err(|e| timed_out(e, timeout.reason))
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        let timeout = timeout.for_read();
        let wanted = patience(timeout)?;
        if wanted != self.read_timeout {
            self.stream.set_read_timeout(wanted)?;
            self.read_timeout = wanted;
        }
        let read = (&*self.stream).read(self.buffers.input_append_buf());
        let amount = read.map_err(|e| timed_out(e, timeout.reason))?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    /// Nothing is there to be read: anything, the end too, means that the connection is of no use.
    fn is_open(&mut self) -> bool {
        let looked = self.stream.set_nonblocking(true).map(|()| (&*self.stream).read(&mut [0]));
        matches!(looked, Ok(Err(e)) if e.kind() == io::ErrorKind::WouldBlock)
            && self.stream.set_nonblocking(false).is_ok()
    }
}

/// Longest time that the system may wait; `None` is for ever.
pub(super) fn patience(timeout: NextTimeout) -> Result<Option<Duration>, Error> {
    if timeout.after.is_zero() {
        return Err(Error::Timeout(timeout.reason));
    }
    Ok((!timeout.after.is_not_happening()).then_some(*timeout.after))
}

/// A socket with a timeout says that it would block.
fn timed_out(error: io::Error, reason: Timeout) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
            if error.raw_os_error() != Some(libc::ETIMEDOUT) =>
        {
            Error::Timeout(reason)
        }
        _ => error.into(),
    }
}
