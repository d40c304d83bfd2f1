//! The server as a child of the harness: one JSON document each way, and one when it is ready.

use std::cell::RefCell;
use std::io::{self, BufRead, Write};

use serde::{Deserialize, Serialize};
use tokio::sync::oneshot;

use super::Server;
use super::error::{ServerError, system};
use crate::protocol::{Aside, ServerConfig, VERSION};

/// Serves for the process that holds the other ends of `input` and `output`.
///
/// Reads a [`ServerConfig`] line, writes a [`ServerReady`](crate::protocol::ServerReady) line when
/// it listens, serves until `input` ends (and writes an [`Aside`] line from time to time, if it is to),
/// writes a [`ServerReport`](crate::protocol::ServerReport)
/// line. Whatever else `input` says is ignored.
///
/// # Errors
///
/// As [`serve`](super::serve); and if the first line is no configuration, or the other side does
/// not read.
pub fn run_child(
    mut input: impl BufRead + Send + 'static,
    mut output: impl Write,
) -> Result<(), ServerError> {
    let mut line = String::new();
    if input.read_line(&mut line).map_err(system("read the configuration"))? == 0 {
        return Err(ServerError::NoConfig);
    }
    let server = Server::start(parse(&line)?)?;
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
    let on_ready = |ready| write_line(&mut *out.borrow_mut(), &ready);
    let on_tick = |tick| write_line(&mut *out.borrow_mut(), &Aside::Tick(tick));
    let report = server.run(on_ready, on_tick, async {
        // The sender never goes without sending.
        let _ = ended.await;
    })?;
    write_line(&mut output, &report)
}

/// The version comes first: another one may have other fields, and the error should not be about
/// those.
fn parse(line: &str) -> Result<ServerConfig, ServerError> {
    #[derive(Deserialize)]
    struct AnyVersion {
        protocol: u32,
    }
    let AnyVersion { protocol } = serde_json::from_str(line).map_err(ServerError::Config)?;
    if protocol != VERSION {
        return Err(ServerError::Version { theirs: protocol });
    }
    serde_json::from_str(line).map_err(ServerError::Config)
}

fn write_line(output: &mut impl Write, document: &impl Serialize) -> Result<(), ServerError> {
    let mut line = serde_json::to_vec(document).expect("plain numbers and text");
    line.push(b'\n');
    output.write_all(&line).and_then(|()| output.flush()).map_err(system("write to the harness"))
}
