//! A link of a trial: the relay as a child process, and the way into its namespace.

use std::net::Ipv4Addr;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::child::{Ended, Process, RELAY_COMMAND, Wait, command};
use crate::network::{RelayAnswer, RelayConfig, RelayReady, RelayReport};
use crate::protocol::VERSION;
use crate::vocabulary::RttBy;

/// Settings of a network of a trial's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Network {
    /// Its round trip; that of a loopback device, if absent.
    pub rtt: Option<Duration>,
    /// Holder of its packets, if it has a round trip.
    pub rtt_by: RttBy,
    /// Local ports for connections; those of the machine, if absent.
    pub ports: Option<u32>,
}

impl Network {
    /// Whether plain loopback will not do.
    pub fn is_needed(&self) -> bool {
        self.rtt.is_some() || self.ports.is_some()
    }
}

/// A network of its own, for the processes that [enter](Link::enter) it.
///
/// It lives as long as its relay, a child process that dropping this kills.
#[derive(Debug)]
pub struct Link {
    relay: Process,
    ready: RelayReady,
    namespaces: namespaces::Namespaces,
}

impl Link {
    /// Starts a relay, which is `program`'s, on these CPUs (on any, if there are none), and waits
    /// until it is ready.
    ///
    /// Must be called on a thread that lives as long as the link: the relay is killed when that
    /// thread ends.
    pub fn open(
        program: &Path,
        network: Network,
        cpus: &[usize],
        wait: &Wait,
    ) -> Result<Link, Ended> {
        let Network { rtt, rtt_by, ports } = network;
        let rtt_ns = rtt.map(|rtt| u64::try_from(rtt.as_nanos()).unwrap_or(u64::MAX));
        let mut relay = Process::start("relay", command(program, RELAY_COMMAND))?;
        let cpus = cpus.to_vec();
        relay.send(&RelayConfig { protocol: VERSION, rtt_ns, rtt_by, ports, cpus })?;
        let ready = match relay.answer(wait)? {
            RelayAnswer::Ready(ready) => ready,
            RelayAnswer::Unavailable(why) => return Err(Ended::Unavailable(why)),
        };
        let namespaces = namespaces::Namespaces::of(relay.id(), ready.user_namespace)
            .map_err(|e| relay.failed(&format!("has a namespace that cannot be found ({e})")))?;
        Ok(Link { relay, ready, namespaces })
    }

    /// Lets a command run inside.
    pub fn enter(&self, command: &mut Command) {
        self.namespaces.enter(command);
    }

    /// The address that servers inside listen on.
    pub fn near(&self) -> Ipv4Addr {
        self.ready.near
    }

    /// The address that clients inside connect to: what is sent there arrives at [`Link::near`],
    /// half a round trip later.
    pub fn far(&self) -> Ipv4Addr {
        self.ready.far
    }

    /// The port that servers inside are to listen on, if it matters.
    pub fn listen(&self) -> Option<u16> {
        self.ready.listen
    }

    /// Process id of the relay.
    pub fn id(&self) -> u32 {
        self.relay.id()
    }

    /// Ends the relay: packets that it holds are lost, so whoever is inside should have ended. What it
    /// did, if there was a round trip.
    pub fn close(mut self, wait: &Wait) -> Result<Option<RelayReport>, Ended> {
        self.relay.close_input();
        let report = self.relay.answer(wait)?;
        self.relay.end(wait)?;
        Ok(report)
    }
}

#[cfg(target_os = "linux")]
mod namespaces {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsFd;
    use std::os::unix::process::CommandExt;
    use std::process::Command;
    use std::sync::Arc;

    use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

    /// The way into the namespaces of a process.
    #[derive(Debug)]
    pub(super) struct Namespaces {
        /// In the order in which they are entered: what may enter a network namespace is decided in
        /// the user namespace that it belongs to.
        doors: Arc<[(LinkNameSpaceType, File)]>,
    }

    impl Namespaces {
        pub(super) fn of(process: u32, has_user_namespace: bool) -> io::Result<Namespaces> {
            let door = |kind, name: &str| {
                let file = fs_err::File::open(format!("/proc/{process}/ns/{name}"))?;
                Ok::<_, io::Error>((kind, file.into_file()))
            };
            let mut doors = Vec::new();
            if has_user_namespace {
                doors.push(door(LinkNameSpaceType::User, "user")?);
            }
            doors.push(door(LinkNameSpaceType::Network, "net")?);
            Ok(Namespaces { doors: doors.into() })
        }

        pub(super) fn enter(&self, command: &mut Command) {
            let doors = Arc::clone(&self.doors);
            // SAFETY: between fork and exec only system calls are made and nothing is allocated.
            unsafe {
                command.pre_exec(move || {
                    for (kind, door) in doors.iter() {
                        move_into_link_name_space(door.as_fd(), Some(*kind))?;
                    }
                    Ok(())
                });
            }
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod namespaces {
    use std::io;
    use std::process::Command;

    /// Namespaces of a system that has none.
    #[derive(Debug)]
    pub(super) enum Namespaces {}

    impl Namespaces {
        pub(super) fn of(_process: u32, _has_user_namespace: bool) -> io::Result<Namespaces> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(super) fn enter(&self, _command: &mut Command) {
            match *self {}
        }
    }
}
