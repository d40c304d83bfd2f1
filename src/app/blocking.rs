//! Workers that block: each thread accepts a connection, answers one request and closes it.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};

use super::AppConfig;
use super::calls::{AsyncClient, Calls, agent, all_at_once, async_client, call};
use super::page::{Asked, LONGEST_HEAD, Reply, is_whole};
use crate::strategy::page::POOL;
use crate::strategy::{Outbound, OwnWork};

/// Time that a client has to send its request: a thread waits for nobody else meanwhile.
const PATIENCE: Duration = Duration::from_secs(5);

/// Serves on this many threads, for ever.
///
/// # Errors
///
/// If a thread or a runtime cannot be started, or the socket accepts nothing any more.
pub(super) fn serve(listener: &TcpListener, config: &AppConfig) -> io::Result<()> {
    let background = match config.outbound {
        Outbound::Offload => Some(Background::start()?),
        _ => None,
    };
    thread::scope(|scope| {
        let serve = || serve_one_by_one(listener, config, background.as_ref());
        let threads: Vec<_> = (1..config.threads.get())
            .map(|_| thread::Builder::new().spawn_scoped(scope, serve))
            .collect::<io::Result<_>>()?;
        serve()?;
        threads.into_iter().try_for_each(|thread| match thread.join() {
            Ok(served) => served,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    })
}

fn serve_one_by_one(
    listener: &TcpListener,
    config: &AppConfig,
    background: Option<&Background>,
) -> io::Result<()> {
    let mut outbound = Outgoing::of(config, background)?;
    loop {
        let (stream, _) = match listener.accept() {
            Ok(accepted) => accepted,
            // Who has gone before it was accepted is no failure of the server.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
            Err(error) => return Err(error),
        };
        // A client that goes away in the middle has its own failure.
        let _ = answer(stream, |page| outbound.page(page));
    }
}

/// Answers the one request of a connection.
fn answer(mut stream: TcpStream, page: impl FnOnce(u32) -> io::Result<Vec<u64>>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut head = Vec::new();
    let mut part = [0; 1024];
    while !is_whole(&head) && head.len() < LONGEST_HEAD {
        match stream.read(&mut part)? {
            0 => return Ok(()),
            n => head.extend_from_slice(&part[..n]),
        }
    }
    let reply = match Asked::of_head(&head) {
        Some(Asked::Ready) => Reply::ready(),
        Some(Asked::Page(number)) => Reply::page(number, page(number)),
        Some(Asked::Unknown) | None => Reply::unknown(),
    };
    stream.write_all(&reply.closing())
}

/// Calls of one thread.
struct Outgoing<'a> {
    calls: Calls,
    work: Option<OwnWork>,
    way: Way<'a>,
}

enum Way<'a> {
    Sequential(ureq::Agent),
    Pool(rayon::ThreadPool, ureq::Agent),
    /// A loop is made for each page.
    Loop,
    Background(&'a Background),
}

impl<'a> Outgoing<'a> {
    fn of(config: &AppConfig, background: Option<&'a Background>) -> io::Result<Outgoing<'a>> {
        let way = match (config.outbound, background) {
            (Outbound::ThreadPool, _) => {
                let pool = rayon::ThreadPoolBuilder::new().num_threads(POOL.get() as usize);
                Way::Pool(pool.build().map_err(io::Error::other)?, agent())
            }
            (Outbound::AsyncLoop, _) => Way::Loop,
            (_, Some(background)) => Way::Background(background),
            _ => Way::Sequential(agent()),
        };
        let calls = Calls { backend: config.backend, count: config.calls };
        Ok(Outgoing { calls, work: config.work, way })
    }

    /// Makes the calls of a page and does its own work. Gives the bytes of each answer.
    fn page(&mut self, number: u32) -> io::Result<Vec<u64>> {
        let urls = self.calls.of_page(number);
        let work = || self.work.into_iter().for_each(OwnWork::run);
        let bytes = match &self.way {
            Way::Sequential(agent) => urls.iter().map(|url| call(agent, url)).collect(),
            Way::Pool(pool, agent) => on_pool(pool, agent, urls),
            Way::Loop => runtime()?.block_on(async { all_at_once(&async_client(), &urls).await }),
            Way::Background(background) => {
                let answers = background.begin(urls);
                work();
                return answers.recv().map_err(io::Error::other)?;
            }
        };
        work();
        bytes
    }
}

/// Makes calls on the threads of a pool, which take them in their order.
fn on_pool(
    pool: &rayon::ThreadPool,
    agent: &ureq::Agent,
    urls: Vec<String>,
) -> io::Result<Vec<u64>> {
    let (send, answers) = mpsc::channel();
    let count = urls.len();
    for (k, url) in urls.into_iter().enumerate() {
        let (send, agent) = (send.clone(), agent.clone());
        // Nobody waits any more where another call has failed.
        pool.spawn_fifo(move || drop(send.send((k, call(&agent, &url)))));
    }
    drop(send);
    let mut bytes = vec![0; count];
    for (k, answer) in answers {
        bytes[k] = answer?;
    }
    Ok(bytes)
}

fn runtime() -> io::Result<Runtime> {
    Builder::new_current_thread().enable_all().build()
}

/// An event loop on a thread of its own, to which all threads of the process hand their calls.
struct Background {
    handle: Handle,
    client: AsyncClient,
}

impl Background {
    fn start() -> io::Result<Background> {
        let runtime = runtime()?;
        let handle = runtime.handle().clone();
        // It runs until the process ends.
        thread::Builder::new()
            .name("event loop".to_owned())
            .spawn(move || runtime.block_on(std::future::pending::<()>()))?;
        Ok(Background { handle, client: async_client() })
    }

    /// Begins all calls of a page. Their answers come together.
    fn begin(&self, urls: Vec<String>) -> mpsc::Receiver<io::Result<Vec<u64>>> {
        let (send, answers) = mpsc::channel();
        let client = self.client.clone();
        self.handle.spawn(async move {
            // The page is gone where nobody waits.
            let _ = send.send(all_at_once(&client, &urls).await);
        });
        answers
    }
}
