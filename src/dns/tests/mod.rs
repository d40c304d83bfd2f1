//! Server and resolver over real sockets. Bounds on time are lower ones, or of the size of
//! [`PATIENCE`].

mod cache;
mod garbage;
mod plain;

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;

use super::message::{Code, Query, Record, Response};
use super::*;
use crate::timer::Timer;

/// Far longer than any of it takes, so that a machine under load does not fail a test.
const PATIENCE: Duration = Duration::from_secs(20);

const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn zone(delay: Duration) -> Zone {
    let names = vec!["a.test".to_owned(), "B.test".to_owned()];
    Zone { names, address: ADDRESS, ttl: Duration::from_secs(600), delay }
}

/// A server on a thread of its own.
struct Running {
    addr: SocketAddr,
    counts: CountsReader,
    receive_buffer_bytes: usize,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Running {
    fn start(zone: Zone) -> Running {
        Running::start_after(zone, || {})
    }

    /// One that is bound, and answers when `before` has ended.
    fn start_after(zone: Zone, before: impl FnOnce() + Send + 'static) -> Running {
        let (bound, is_bound) = mpsc::channel();
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::spawn(move || {
            runtime().block_on(async {
                let timer = &Timer::start().unwrap();
                let server = Server::bind(Ipv4Addr::LOCALHOST.into(), &zone).unwrap();
                bound
                    .send((server.addr(), server.counts(), server.receive_buffer_bytes()))
                    .unwrap();
                before();
                tokio::select! {
                    ended = server.run(|rest| timer.sleep(rest), |_, _| ()) => panic!("{ended:?}"),
                    _ = stopped => {}
                }
            });
        });
        let (addr, counts, receive_buffer_bytes) = is_bound.recv_timeout(PATIENCE).unwrap();
        let (stop, thread) = (Some(stop), Some(thread));
        Running { addr, counts, receive_buffer_bytes, stop, thread }
    }

    fn resolver(&self, cache: bool) -> Resolver {
        Resolver::new(self.addr, cache, PATIENCE)
    }

    fn wait_for_queries(&self, want: u64) {
        let start = Instant::now();
        while self.counts.get().queries < want {
            assert!(start.elapsed() < PATIENCE, "{:?}", self.counts.get());
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.stop.take());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

/// Packets that a fake server sends back for a query.
type Answer = Box<dyn FnOnce(Query) -> Vec<Vec<u8>> + Send>;

/// A server that answers the queries it gets, in turn, as the closures say; it ends with them.
fn fake(answers: Vec<Answer>) -> (SocketAddr, JoinHandle<()>) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let addr = socket.local_addr().unwrap();
    let thread = std::thread::spawn(move || {
        for answer in answers {
            let mut packet = [0; 512];
            let (length, from) = socket.recv_from(&mut packet).unwrap();
            for reply in answer(Query::decode(&packet[..length]).unwrap()) {
                socket.send_to(&reply, from).unwrap();
            }
        }
    });
    (addr, thread)
}

fn answer(query: Query, address: Ipv4Addr) -> Response {
    let records = vec![Record { address, ttl: Duration::from_secs(600) }];
    Response { query, code: Code::NoError, truncated: false, records }
}
