//! A server for a few names that all have one address, and an answer that takes its time.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::future::{Future, pending};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rustix::net::sockopt;
use serde::{Deserialize, Serialize};
use tokio::net::UdpSocket;

use super::message::{Code, MAX_BYTES, Query, Record, Response, TYPE_A};
use super::name::{Name, NameError};

/// Asked of the system for queries that wait to be read. A waiting query takes about 0.8 kB of it,
/// and Linux grants the double: 10 000 queries, more than a burst of all look-ups of a trial that
/// a limit of open files allows.
const RECEIVE_BUFFER_BYTES: usize = 4 << 20;

/// Names of a server, with their one address.
#[derive(Debug, Clone)]
pub struct Zone {
    /// The names that exist.
    pub names: Vec<String>,
    /// The address of every name.
    pub address: Ipv4Addr,
    /// Time for which the address may be kept. It goes over the wire in whole seconds, rounded up.
    pub ttl: Duration,
    /// Between reading a query and sending the answer.
    pub delay: Duration,
}

/// A bound server that does not answer yet: [`run`](Server::run) does.
///
/// It answers a question for the address of a known name with it, for anything else about such a
/// name with nothing, and for other names with NXDOMAIN; all after the same delay, in the order in
/// which they came, however many wait. What is no question gets no answer.
///
/// Queries that come in while it is busy wait in the socket. How many of them fit follows from
/// [`receive_buffer_bytes`](Server::receive_buffer_bytes): on Linux one takes about 0.8 kB. The
/// server asks for 8 MiB (10 000 queries), which takes the right `CAP_NET_ADMIN` or a system that
/// allows it (`net.core.rmem_max` of 4 MiB); the usual limit of 416 KiB has room for 500. Beyond,
/// the system drops queries without a word: they count nowhere here, and the client sends them
/// again.
#[derive(Debug)]
pub struct Server {
    socket: UdpSocket,
    addr: SocketAddr,
    receive_buffer_bytes: usize,
    names: HashSet<Name>,
    record: Record,
    delay: Duration,
    counters: Arc<Counters>,
}

/// Counters of a server so far.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Questions read.
    pub queries: u64,
    /// Answers sent about known names.
    pub answered: u64,
    /// Answers sent that a name does not exist.
    pub nxdomain: u64,
    /// Packets that were no questions.
    pub malformed: u64,
}

/// Reads the counts of a server, while it runs and afterwards.
#[derive(Debug, Clone)]
pub struct CountsReader(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    queries: AtomicU64,
    answered: AtomicU64,
    nxdomain: AtomicU64,
    malformed: AtomicU64,
}

/// An answer that waits for its time.
struct Pending {
    due: Instant,
    to: SocketAddr,
    response: Response,
}

impl Server {
    /// Binds to a free port of `ip`, in the runtime that this is called in.
    ///
    /// # Errors
    ///
    /// If a name of the zone is no host name (`InvalidInput`), or if the system refuses the
    /// socket.
    pub fn bind(ip: IpAddr, zone: &Zone) -> io::Result<Server> {
        let names = zone.names.iter().map(|name| Name::new(name));
        let names: Result<_, NameError> = names.collect();
        let names = names.map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
        let socket = std::net::UdpSocket::bind((ip, 0))?;
        socket.set_nonblocking(true)?;
        let receive_buffer_bytes = enlarge(&socket)?;
        Ok(Server {
            addr: socket.local_addr()?,
            socket: UdpSocket::from_std(socket)?,
            receive_buffer_bytes,
            names,
            record: Record { address: zone.address, ttl: zone.ttl },
            delay: zone.delay,
            counters: Arc::default(),
        })
    }

    /// Address that it listens on.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The room for queries that wait to be read, as the system counts it.
    pub fn receive_buffer_bytes(&self) -> usize {
        self.receive_buffer_bytes
    }

    /// Its counts, to be read at any time.
    pub fn counts(&self) -> CountsReader {
        CountsReader(self.counters.clone())
    }

    /// Answers for as long as it is polled. `sleep` waits for a duration that starts when it is
    /// called, by a timer as exact as the delay is to be; one that wakes early is called again. Of
    /// each answer, `paused` hears how long the delay was to be, and how long it was.
    ///
    /// # Errors
    ///
    /// If the system can no longer read from the socket. An answer that it refuses to send is left
    /// out, like one that is lost.
    pub async fn run<F: Future<Output = ()>>(
        self,
        sleep: impl Fn(Duration) -> F,
        paused: impl Fn(Duration, Duration),
    ) -> io::Result<Infallible> {
        // One delay for all, so answers come due in the order of their questions: a queue and one
        // sleeper do, whatever the number that waits.
        let mut queue: VecDeque<Pending> = VecDeque::new();
        let mut packet = [0; MAX_BYTES];
        loop {
            while let Some(pending) = queue.pop_front_if(|first| first.due <= Instant::now()) {
                paused(self.delay, self.delay + pending.due.elapsed());
                self.send(pending).await;
            }
            let next = queue.front().map(|first| {
                let rest = first.due.saturating_duration_since(Instant::now());
                sleep(rest)
            });
            let due = async {
                match next {
                    Some(sleep) => sleep.await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                () = due => {}
                received = self.socket.recv_from(&mut packet) => match received {
                    Ok((length, from)) => queue.extend(self.read(&packet[..length], from)),
                    Err(error) if is_about_an_answer(&error) => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    fn read(&self, packet: &[u8], from: SocketAddr) -> Option<Pending> {
        let due = Instant::now() + self.delay;
        let Ok(query) = Query::decode(packet) else {
            self.counters.malformed.fetch_add(1, Ordering::Relaxed);
            return None;
        };
        self.counters.queries.fetch_add(1, Ordering::Relaxed);
        let known = self.names.contains(&query.name);
        let code = if known { Code::NoError } else { Code::NotFound };
        let has_address = known && query.kind == TYPE_A;
        let records = if has_address { vec![self.record] } else { Vec::new() };
        let response = Response { query, code, truncated: false, records };
        Some(Pending { due, to: from, response })
    }

    async fn send(&self, pending: Pending) {
        let counter = match pending.response.code {
            Code::NotFound => &self.counters.nxdomain,
            _ => &self.counters.answered,
        };
        // Counted first, so that whoever has the answer sees it counted.
        counter.fetch_add(1, Ordering::Relaxed);
        if self.socket.send_to(&pending.response.encode(), pending.to).await.is_err() {
            counter.fetch_sub(1, Ordering::Relaxed);
        }
    }
}

impl CountsReader {
    /// The present ones.
    pub fn get(&self) -> Counts {
        let Counters { queries, answered, nxdomain, malformed } = &*self.0;
        Counts {
            queries: queries.load(Ordering::Relaxed),
            answered: answered.load(Ordering::Relaxed),
            nxdomain: nxdomain.load(Ordering::Relaxed),
            malformed: malformed.load(Ordering::Relaxed),
        }
    }
}

/// An asker that has gone shows on some systems as an error of the next read.
fn is_about_an_answer(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}

/// Makes as much room for waiting queries as the system allows, and tells how much that is.
fn enlarge(socket: &std::net::UdpSocket) -> io::Result<usize> {
    // Beyond the limit of the system only for those who may; what is refused leaves less room.
    #[cfg(target_os = "linux")]
    let forced = sockopt::set_socket_recv_buffer_size_force(socket, RECEIVE_BUFFER_BYTES).is_ok();
    #[cfg(not(target_os = "linux"))]
    let forced = false;
    if !forced {
        let _ = sockopt::set_socket_recv_buffer_size(socket, RECEIVE_BUFFER_BYTES);
    }
    Ok(sockopt::socket_recv_buffer_size(socket)?)
}
