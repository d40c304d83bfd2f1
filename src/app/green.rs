//! Workers with green threads: code that blocks, each connection and each call on a stack of its own, all on
//! one OS thread.

use std::cell::RefCell;
use std::io;
use std::net::TcpListener;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::AppConfig;
use super::calls::{AsyncClient, Calls, async_client, call_async};
use super::event_loop::accepting;
use super::page::{Asked, LONGEST_HEAD, Reply, is_whole};
use crate::strategy::OwnWork;
use crate::strategy::green::{spawn, wait};

/// Serves with one green thread for each connection, for ever.
///
/// # Errors
///
/// If there is no runtime, no stack for a thread, or the socket accepts nothing any more.
pub(super) fn serve(listener: &TcpListener, config: &AppConfig) -> io::Result<()> {
    let calls = Calls { backend: config.backend, count: config.calls };
    let (client, work) = (async_client(), config.work);
    accepting(listener, |stream| {
        let client = client.clone();
        // A client that goes away in the middle has its own failure.
        spawn(move || drop(answer(stream, &client, calls, work)))?;
        Ok(())
    })
}

/// Answers the one request of a connection.
fn answer(
    mut stream: TcpStream,
    client: &AsyncClient,
    calls: Calls,
    work: Option<OwnWork>,
) -> io::Result<()> {
    let mut head = Vec::new();
    while !is_whole(&head) && head.len() < LONGEST_HEAD {
        if wait(stream.read_buf(&mut head))? == 0 {
            return Ok(());
        }
    }
    let reply = match Asked::of_head(&head) {
        Some(Asked::Ready) => Reply::ready(),
        Some(Asked::Page(page)) => Reply::page(page, at_once(client, calls, page, work)),
        Some(Asked::Unknown) | None => Reply::unknown(),
    };
    wait(stream.write_all(&reply.closing()))?;
    wait(stream.shutdown())
}

/// Makes each call of a page on a green thread of its own, waits for all, then does the own work.
fn at_once(
    client: &AsyncClient,
    calls: Calls,
    page: u32,
    work: Option<OwnWork>,
) -> io::Result<Vec<u64>> {
    let urls = calls.of_page(page);
    let answers = Rc::new(RefCell::new(Vec::new()));
    let mut threads = Vec::with_capacity(urls.len());
    for (k, url) in urls.into_iter().enumerate() {
        let (client, answers) = (client.clone(), Rc::clone(&answers));
        threads.push(spawn(move || {
            let answer = wait(call_async(&client, &url));
            answers.borrow_mut().push((k, answer));
        })?);
    }
    for thread in threads {
        wait(thread).map_err(io::Error::other)?;
    }
    match work {
        Some(OwnWork::Sleep(ns)) => wait(tokio::time::sleep(Duration::from_nanos(ns))),
        Some(computing) => computing.run(),
        None => {}
    }
    let mut answers = answers.take();
    answers.sort_by_key(|(k, _)| *k);
    answers.into_iter().map(|(_, answer)| answer).collect()
}
