//! The child that starts a service and ends it.

use std::io::{BufRead, Write};

use super::documents::ServiceConfig;
use crate::child::{ChildError, configuration};

/// Runs a service for the process that holds the other ends of `input` and `output`.
///
/// Reads a [`ServiceConfig`] line, writes a [`ServiceAnswer`](super::ServiceAnswer) line when the service
/// answers or cannot, and a [`ServiceReport`](super::ServiceReport) line when `input` has ended and nothing
/// is left of the service.
///
/// # Errors
///
/// If the first line is no configuration, the system refuses what is needed to count processes, or the
/// other side does not read.
pub fn run_child(
    mut input: impl BufRead + Send + 'static,
    output: impl Write,
) -> Result<(), ChildError> {
    let config: ServiceConfig = configuration(&mut input)?;
    run(config, input, output)
}

#[cfg(not(target_os = "linux"))]
fn run(_: ServiceConfig, _: impl BufRead, mut output: impl Write) -> Result<(), ChildError> {
    let why = "needs Linux: elsewhere, its processes cannot be counted";
    crate::child::answer(&mut output, &super::ServiceAnswer::Failed(why.to_owned()))
}

#[cfg(target_os = "linux")]
use linux::run;

#[cfg(target_os = "linux")]
mod linux {
    use std::io::{self, BufRead, Read, Write};
    use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
    use std::os::fd::AsFd;
    use std::process::Stdio;
    use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
    use std::time::{Duration, Instant};

    use crate::child::tree::{Cpu, Readings, Tree, end_of, wait_for_any};
    use crate::child::{ChildError, answer, system};
    use crate::machine::process::{self, Usage};
    use crate::protocol::CpuBy;
    use crate::service::{ServiceAnswer, ServiceConfig, ServiceReport, ServiceWindow};
    use crate::units::ReadableNs;

    /// Time between two looks at the processes, and its part of the time so far, as for programs.
    const LOOK_EVERY: Duration = Duration::from_millis(10);
    const LOOKS: u32 = 1_000;

    /// Time that one attempt to ask may take: a service that accepts and says nothing is not ready.
    const ASK_WITHIN: Duration = Duration::from_secs(1);

    pub(super) fn run(
        config: ServiceConfig,
        input: impl BufRead + Send + 'static,
        mut output: impl Write,
    ) -> Result<(), ChildError> {
        process::pin(&config.cpus).map_err(system(format!("run on CPUs {:?}", config.cpus)))?;
        let mut service = Service::start(&config)?;
        let heard = listen(input)?;
        match service.wait_until_ready(&config, &heard) {
            Ok(()) => answer(&mut output, &ServiceAnswer::Ready(service.address))?,
            Err(why) => {
                service.tree.kill();
                return answer(&mut output, &ServiceAnswer::Failed(why));
            }
        }
        let window = service.wait_for_the_end(&heard);
        service.tree.kill();
        answer(&mut output, &service.report(window))
    }

    /// Windows that the harness tells, until it closes its end.
    fn listen(
        mut input: impl BufRead + Send + 'static,
    ) -> Result<Receiver<ServiceWindow>, ChildError> {
        let (send, heard) = channel();
        let read = move || {
            let mut line = String::new();
            // An input that cannot be read has ended too.
            while input.read_line(&mut line).is_ok_and(|bytes| bytes > 0) {
                if let Ok(window) = serde_json::from_str(&line) {
                    // The other end may have failed in the meantime.
                    let _ = send.send(window);
                }
                line.clear();
            }
        };
        let thread = std::thread::Builder::new().name("harness".to_owned()).spawn(read);
        thread.map_err(system("start a thread"))?;
        Ok(heard)
    }

    /// A port of loopback that was free a moment ago.
    fn free_address() -> io::Result<SocketAddr> {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
    }

    struct Service {
        tree: Tree,
        leader: i32,
        address: SocketAddr,
        started: Instant,
        ready: Duration,
        readings: Readings,
        /// How its first process ended, if it has.
        ended: Option<String>,
        failure: Option<String>,
    }

    impl Service {
        fn start(config: &ServiceConfig) -> Result<Service, ChildError> {
            let address = free_address().map_err(system("find a free port"))?;
            let mut command =
                config.started.command(&config.settings, address, config.page.as_ref());
            // Its own words are quoted if it fails. Our standard output is for the harness.
            let words = || io::stderr().as_fd().try_clone_to_owned().map(Stdio::from);
            let words = || words().map_err(system("give the service an output"));
            command.stdin(Stdio::null()).stdout(words()?).stderr(words()?);
            let mut tree = Tree::new().map_err(system("count the processes of a service"))?;
            let started = Instant::now();
            let (leader, failure) = match tree.start(command) {
                Ok(leader) => (leader.cast_signed(), None),
                Err(error) => (0, Some(format!("did not start: {error}"))),
            };
            Ok(Service {
                tree,
                leader,
                address,
                started,
                ready: Duration::ZERO,
                readings: Readings::default(),
                ended: None,
                failure,
            })
        }

        /// Asks until it answers. `Err` says why it never will.
        fn wait_until_ready(
            &mut self,
            config: &ServiceConfig,
            heard: &Receiver<ServiceWindow>,
        ) -> Result<(), String> {
            let within = Duration::from_nanos(config.started.ready_within_ns);
            loop {
                if let Some(failure) = self.failure.take() {
                    return Err(failure);
                }
                self.look();
                if let Some(ended) = &self.ended {
                    return Err(format!("{ended} before it was ready"));
                }
                if answers(self.address, &config.started.ready) {
                    self.ready = self.started.elapsed();
                    return Ok(());
                }
                if self.started.elapsed() > within {
                    return Err(format!(
                        "was not ready within {}: nothing answered GET {} at http://{}",
                        ReadableNs(within.as_nanos() as f64),
                        config.started.ready,
                        self.address
                    ));
                }
                match heard.recv_timeout(Duration::from_millis(5)) {
                    Err(RecvTimeoutError::Disconnected) => return Err("was given up".to_owned()),
                    Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                }
            }
        }

        /// Waits until the harness needs it no longer. The window that it told, if it told one.
        fn wait_for_the_end(&mut self, heard: &Receiver<ServiceWindow>) -> Option<ServiceWindow> {
            let mut window = None;
            loop {
                let pause = LOOK_EVERY.max(self.started.elapsed() / LOOKS);
                match heard.recv_timeout(pause) {
                    Ok(told) => window = Some(told),
                    Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                self.look();
            }
            // Once more, so that the end of the window lies between two readings.
            self.look();
            if let Some(ended) = &self.ended {
                self.failure = Some(format!("{ended} in the middle of the trial"));
            }
            window
        }

        fn look(&mut self) {
            self.readings.note(&self.tree);
            while let Some((pid, status)) = wait_for_any(libc::WNOHANG).filter(|(pid, _)| *pid > 0)
            {
                if pid == self.leader {
                    let (end, _) = end_of(status);
                    let left = self.tree.alive();
                    self.ended = Some(match left.len() {
                        0 => end,
                        n => format!("{end}, and left {n} processes ({})", Tree::names(&left)),
                    });
                }
            }
        }

        fn report(self, window: Option<ServiceWindow>) -> ServiceReport {
            while wait_for_any(libc::WNOHANG).is_some_and(|(pid, _)| pid > 0) {}
            let waited = Usage::of_children();
            let waited = Cpu { user_ns: waited.user_ns, sys_ns: waited.sys_ns };
            let within = window.and_then(|w| self.readings.cpu_within(w.began_ns, w.ended_ns));
            let cpu = within.or(self.readings.cpu()).unwrap_or(waited);
            let peak = self.readings.peak;
            ServiceReport {
                failure: self.failure,
                ready_ns: u64::try_from(self.ready.as_nanos()).unwrap_or(u64::MAX),
                cpu_user_ns: cpu.user_ns,
                cpu_sys_ns: cpu.sys_ns,
                cpu_by: self.readings.cpu().map_or(CpuBy::Wait, |_| CpuBy::Cgroup),
                max_rss_bytes: peak.rss_bytes.max(peak.max_rss_bytes),
                peak_processes: peak.processes,
                peak_threads: peak.threads,
            }
        }
    }

    /// Whether something at this address answers a request in HTTP.
    fn answers(address: SocketAddr, path: &str) -> bool {
        let ask = || -> io::Result<bool> {
            let mut stream = TcpStream::connect_timeout(&address, ASK_WITHIN)?;
            stream.set_read_timeout(Some(ASK_WITHIN))?;
            stream.set_write_timeout(Some(ASK_WITHIN))?;
            let request =
                format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes())?;
            let mut begin = [0; 5];
            stream.read_exact(&mut begin)?;
            Ok(&begin == b"HTTP/")
        };
        ask().unwrap_or(false)
    }
}
