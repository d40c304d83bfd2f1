//! Other programs, called so that a request to stop ends them too.

use std::io::{self, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::run::process::prepare;

/// How often a wait looks whether it should stop: git alone is called some ten times.
const POLL: Duration = Duration::from_millis(5);

/// What a program gave. A stream that was not piped is empty.
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
                end(&mut child);
                return Err(NotCalled::Start(error));
            }
        }
        let stopped = stop.load(Ordering::Relaxed);
        if stopped || longest.is_some_and(|longest| began.elapsed() > longest) {
            end(&mut child);
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

/// Ends the child and its own children (cargo's compilers). It has not been waited for, so its
/// group is still its own.
fn end(child: &mut Child) {
    #[cfg(unix)]
    {
        let group = rustix::process::Pid::from_child(child);
        // It may have ended by itself just now.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}
