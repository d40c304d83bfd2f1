//! The server as a child of the harness: one JSON document each way, and one when it is ready.

use std::cell::RefCell;
use std::io::{self, BufRead, Write};

use tokio::sync::oneshot;

use super::Server;
use crate::child::{self, ChildError, system};
use crate::protocol::Aside;

/// Serves for the process that holds the other ends of `input` and `output`.
///
/// Reads a [`ServerConfig`](crate::protocol::ServerConfig) line, writes a
/// [`ServerReady`](crate::protocol::ServerReady) line when it listens, serves until `input` ends (and
/// writes an [`Aside`] line from time to time, if it is to), writes a
/// [`ServerReport`](crate::protocol::ServerReport) line. Whatever else `input` says is ignored.
///
/// # Errors
///
/// As [`serve`](super::serve); and if the first line is no configuration, or the other side does
/// not read.
pub fn run_child(
    mut input: impl BufRead + Send + 'static,
    mut output: impl Write,
) -> Result<(), ChildError> {
    let server = Server::start(child::configuration(&mut input)?)?;
    let (at_end, ended) = oneshot::channel();
    std::thread::Builder::new()
        .name("parent".to_owned())
        .spawn(move || {
            // An input that cannot be read has ended too.
            let _ = io::copy(&mut input, &mut io::sink());
            // The server may have failed in the meantime.
            let _ = at_end.send(());
        })
        .map_err(system("start a thread"))?;
    // Written in turns, by one thread.
    let out = RefCell::new(&mut output);
    let on_ready = |ready| child::answer(&mut *out.borrow_mut(), &ready);
    let on_tick = |tick| child::answer(&mut *out.borrow_mut(), &Aside::Tick(tick));
    let report = server.run(on_ready, on_tick, async {
        // The sender never goes without sending.
        let _ = ended.await;
    })?;
    child::answer(&mut output, &report)
}
