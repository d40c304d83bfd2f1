//! Processes of the application: one that serves, or one that watches over several which do.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{FromRawFd, OwnedFd};
use std::process::{Child, Command, Stdio};

use super::{AppConfig, blocking, event_loop, green};
use crate::child::{kill, prepare};
use crate::strategy::Outbound;

/// Connections that wait to be accepted. More than 128, so that twenty times as many pages as workers
/// do not wait a second for their connection.
const BACKLOG: i32 = 4_096;

/// Variable of the environment that makes a process a worker: its standard input is the socket.
const WORKER: &str = "INFLIGHT_APP_WORKER";

/// Serves until it is killed. `listening` is told the address.
///
/// # Errors
///
/// If it cannot listen, a process cannot be started, or one ends.
pub fn serve(config: &AppConfig, listening: impl FnOnce(SocketAddr)) -> io::Result<()> {
    if std::env::var_os(WORKER).is_some() {
        // SAFETY: descriptor 0 is open, is the socket that our parent has put there, and nothing else of
        // this process uses it.
        let socket = unsafe { OwnedFd::from_raw_fd(0) };
        return serve_here(&TcpListener::from(socket), config);
    }
    let listener = listen(config.listen)?;
    listening(listener.local_addr()?);
    if config.processes.get() == 1 {
        return serve_here(&listener, config);
    }
    let workers = (0..config.processes.get()).map(|_| worker(&listener));
    watch(workers.collect::<io::Result<_>>()?)
}

fn serve_here(listener: &TcpListener, config: &AppConfig) -> io::Result<()> {
    match config.outbound {
        Outbound::Async => event_loop::serve(listener, config),
        Outbound::Green => green::serve(listener, config),
        Outbound::Sequential | Outbound::ThreadPool | Outbound::AsyncLoop | Outbound::Offload => {
            blocking::serve(listener, config)
        }
    }
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    rustix::net::listen(&listener, BACKLOG)?;
    Ok(listener)
}

/// Starts a worker: this program once more, with the same arguments and the socket as its input.
fn worker(listener: &TcpListener) -> io::Result<Child> {
    let mut command = Command::new(std::env::current_exe()?);
    command.args(std::env::args_os().skip(1)).env(WORKER, "1");
    command.stdin(Stdio::from(OwnedFd::from(listener.try_clone()?))).stdout(Stdio::null());
    // It ends when this process does, however that ends.
    prepare(&mut command);
    command.spawn()
}

/// Waits for the end of any worker, which is a failure, and ends the others.
fn watch(mut workers: Vec<Child>) -> io::Result<()> {
    let ended = loop {
        let ended = workers.iter_mut().find_map(|worker| worker.try_wait().transpose());
        match ended {
            Some(ended) => break ended,
            None => std::thread::sleep(std::time::Duration::from_millis(50)),
        }
    };
    for worker in &mut workers {
        kill(worker);
    }
    Err(io::Error::other(format!("a worker ended with {}", ended?)))
}
