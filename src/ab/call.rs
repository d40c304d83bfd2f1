//! Other programs, called so that a request to stop ends them too.

use std::io::{self, Read};
use std::process::{Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::child::{kill, prepare};

/// Time between two looks of a wait at whether it should stop: git alone is called some ten times.
const POLL: Duration = Duration::from_millis(5);

/// Status and output of a program. A stream that was not piped is empty.
pub(super) struct Called {
    pub(super) status: ExitStatus,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

/// Why a program gave nothing. It is gone, and what it started with it.
pub(super) enum NotCalled {
    Start(io::Error),
    Stopped,
    TooLong,
}

/// Runs a program to its end, in a process group of its own and without input.
pub(super) fn call(
    command: &mut Command,
    stop: &AtomicBool,
    longest: Option<Duration>,
) -> Result<Called, NotCalled> {
    prepare(command);
    let mut child = command.stdin(Stdio::null()).spawn().map_err(NotCalled::Start)?;
    let stdout = drain(child.stdout.take());
    let stderr = drain(child.stderr.take());
    let began = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => {
                kill(&mut child);
                return Err(NotCalled::Start(error));
            }
        }
        let stopped = stop.load(Ordering::Relaxed);
        if stopped || longest.is_some_and(|longest| began.elapsed() > longest) {
            // Its own children too: cargo's compilers.
            kill(&mut child);
            return Err(if stopped { NotCalled::Stopped } else { NotCalled::TooLong });
        }
        std::thread::sleep(POLL);
    };
    Ok(Called { status, stdout: all(stdout), stderr: all(stderr) })
}

fn drain(stream: Option<impl Read + Send + 'static>) -> Option<JoinHandle<Vec<u8>>> {
    stream.map(|mut stream| {
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            // What came before an error is all there is.
            let _ = stream.read_to_end(&mut bytes);
            bytes
        })
    })
}

fn all(drained: Option<JoinHandle<Vec<u8>>>) -> Vec<u8> {
    // A drain cannot panic: it only moves bytes.
    drained.and_then(|thread| thread.join().ok()).unwrap_or_default()
}
