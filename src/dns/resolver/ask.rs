//! One question to the server, over a socket of its own.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::UdpSocket;
use tokio::time::timeout_at;

use super::error::ResolveError;
use crate::dns::message::{Code, MAX_BYTES, MessageError, Query, Record, Response, id_of};
use crate::dns::name::Name;

/// A question and what came so far.
struct Exchange {
    query: Query,
    /// Fault of the first packet with the right id that could not be read.
    damage: Option<MessageError>,
}

/// Asks without blocking. Adds to `resends` what it sends a second time.
pub(super) async fn ask(
    server: SocketAddr,
    timeout: Duration,
    id: u16,
    name: &Name,
    resends: &AtomicU64,
) -> Result<Record, ResolveError> {
    let mut exchange = Exchange::new(id, name);
    let question = exchange.query.encode();
    let socket = UdpSocket::bind(any(server)).await.map_err(io("make a socket"))?;
    socket.connect(server).await.map_err(io("take an address"))?;
    let mut packet = [0; MAX_BYTES];
    for (nth, deadline) in deadlines(timeout).into_iter().enumerate() {
        resends.fetch_add(nth as u64, Ordering::Relaxed);
        socket.send(&question).await.map_err(io("send"))?;
        let receiving = async {
            loop {
                let length = socket.recv(&mut packet).await.map_err(io("receive"))?;
                if let Some(result) = exchange.read(&packet[..length]) {
                    return result;
                }
            }
        };
        if let Ok(result) = timeout_at(deadline.into(), receiving).await {
            return result;
        }
    }
    Err(exchange.time_is_up(timeout))
}

/// Asks from a thread that may block. Adds to `resends` what it sends a second time.
pub(super) fn ask_blocking(
    server: SocketAddr,
    timeout: Duration,
    id: u16,
    name: &Name,
    resends: &AtomicU64,
) -> Result<Record, ResolveError> {
    let mut exchange = Exchange::new(id, name);
    let question = exchange.query.encode();
    let socket = std::net::UdpSocket::bind(any(server)).map_err(io("make a socket"))?;
    socket.connect(server).map_err(io("take an address"))?;
    let mut packet = [0; MAX_BYTES];
    for (nth, deadline) in deadlines(timeout).into_iter().enumerate() {
        resends.fetch_add(nth as u64, Ordering::Relaxed);
        socket.send(&question).map_err(io("send"))?;
        while let Some(length) = receive(&socket, &mut packet, deadline)? {
            if let Some(result) = exchange.read(&packet[..length]) {
                return result;
            }
        }
    }
    Err(exchange.time_is_up(timeout))
}

/// The length of the next packet; nothing if none came until the deadline.
fn receive(
    socket: &std::net::UdpSocket,
    packet: &mut [u8],
    deadline: Instant,
) -> Result<Option<usize>, ResolveError> {
    loop {
        let rest = deadline.saturating_duration_since(Instant::now());
        // No time at all would mean to wait for ever.
        if rest.is_zero() {
            return Ok(None);
        }
        socket.set_read_timeout(Some(rest)).map_err(io("set a timeout"))?;
        match socket.recv(packet) {
            Ok(length) => return Ok(Some(length)),
            // The clock decides at the top whether that was the deadline.
            Err(error) if is_early_return(&error) => {}
            Err(error) => return Err(io("receive")(error)),
        }
    }
}

fn is_early_return(error: &io::Error) -> bool {
    use io::ErrorKind::{Interrupted, TimedOut, WouldBlock};
    matches!(error.kind(), WouldBlock | TimedOut | Interrupted)
}

/// When the first query is given up for lost, and when the second one.
fn deadlines(timeout: Duration) -> [Instant; 2] {
    let start = Instant::now();
    [start + timeout / 2, start + timeout]
}

/// Any address and any port, of the kind that can reach `server`.
fn any(server: SocketAddr) -> SocketAddr {
    let ip = match server {
        SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
    };
    SocketAddr::new(ip, 0)
}

fn io(what: &'static str) -> impl FnOnce(io::Error) -> ResolveError {
    move |source| ResolveError::Io { what, source }
}

impl Exchange {
    fn new(id: u16, name: &Name) -> Exchange {
        Exchange { query: Query::address_of(id, name.clone()), damage: None }
    }

    /// Reads a packet; `None` if it is not the answer. One that cannot be read, or answers another
    /// question, may be anybody's: the true answer may still come.
    fn read(&mut self, packet: &[u8]) -> Option<Result<Record, ResolveError>> {
        if id_of(packet) != Some(self.query.id) {
            return None;
        }
        let response = match Response::decode(packet) {
            Ok(response) if response.query == self.query => response,
            Ok(_) => return None,
            Err(error) => {
                self.damage.get_or_insert(error);
                return None;
            }
        };
        let name = || self.query.name.clone();
        Some(match (response.code, response.records.first()) {
            (Code::NoError, Some(record)) => Ok(*record),
            (Code::NoError, None) if response.truncated => {
                Err(ResolveError::Malformed { name: name(), source: MessageError::Truncated })
            }
            (Code::NoError | Code::NotFound, _) => Err(ResolveError::NotFound { name: name() }),
            (Code::Other(code), _) => Err(ResolveError::Refused { name: name(), code }),
        })
    }

    fn time_is_up(self, after: Duration) -> ResolveError {
        let name = self.query.name;
        match self.damage {
            Some(source) => ResolveError::Malformed { name, source },
            None => ResolveError::Timeout { name, after },
        }
    }
}
