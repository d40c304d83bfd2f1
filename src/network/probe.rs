//! Lateness of netem, which the kernel does not tell: datagrams that the relay sends to itself.

use std::io::{self, Read};
use std::net::UdpSocket;
use std::os::fd::AsFd;

use super::documents::{LinkKind, RelayReport};
use super::late::Late;
use super::wait::{now_ns, wait};
use super::{NEAR, netem};
use crate::child::{ChildError, system};

/// From one probe to the next, but no less than a hold, so that hardly ever two are on their way. A
/// hundred in a second give a trial of a second a 99th percentile, and two sleeps and two system calls
/// each are little of a CPU: `rtt_cpu_ns` of a trial by netem is what they took.
const EVERY_NS: u64 = 10_000_000;

/// Bytes of a probe, which is the moment at which it was sent.
const LEN: usize = size_of::<u64>();

/// Its bytes as a packet: headers of IP and UDP before it.
const PACKET_LEN: u64 = 20 + 8 + LEN as u64;

/// A relay that relays nothing.
#[derive(Debug)]
pub(super) struct Probe {
    socket: UdpSocket,
    hold_ns: u64,
    late: Late,
    received: u64,
}

impl Probe {
    /// A probe for a network in which netem holds packets for so long.
    pub(super) fn new(hold_ns: u64) -> Result<Probe, ChildError> {
        let to_itself = || -> io::Result<UdpSocket> {
            let socket = UdpSocket::bind((NEAR, 0))?;
            // Nobody else's datagrams are received then.
            socket.connect(socket.local_addr()?)?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        };
        let socket = to_itself().map_err(system("send datagrams to itself"))?;
        Ok(Probe { socket, hold_ns, late: Late::new(), received: 0 })
    }

    /// Measures until `input` ends.
    pub(super) fn run(mut self, input: &mut (impl Read + AsFd)) -> Result<RelayReport, ChildError> {
        let mut next_ns = now_ns();
        while !wait(&self.socket, Some(next_ns), input)? {
            self.receive()?;
            if now_ns() >= next_ns {
                self.send()?;
                next_ns = now_ns() + EVERY_NS.max(self.hold_ns);
            }
        }
        self.receive()?;
        let counted = netem::counted().map_err(|e| {
            ChildError::Failed(format!("netem cannot be asked how many packets it held: {e}"))
        })?;
        Ok(self.late.add_to(RelayReport {
            kind: LinkKind::Netem,
            // The trial's own.
            packets: counted.packets.saturating_sub(self.received),
            bytes: counted.bytes.saturating_sub(PACKET_LEN * self.received),
            dropped: counted.dropped,
            ..RelayReport::default()
        }))
    }

    fn send(&self) -> Result<(), ChildError> {
        match self.socket.send(&now_ns().to_ne_bytes()) {
            Ok(_) => Ok(()),
            Err(e) => Err(system("send a datagram to itself")(e)),
        }
    }

    fn receive(&mut self) -> Result<(), ChildError> {
        let mut sent = [0; LEN];
        loop {
            match self.socket.recv(&mut sent) {
                Ok(_) => {}
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(e) => return Err(system("receive a datagram of its own")(e)),
            }
            let held_ns = now_ns().saturating_sub(u64::from_ne_bytes(sent));
            let hold_ns = self.hold_ns;
            let late_ns = held_ns.checked_sub(hold_ns).ok_or_else(|| {
                ChildError::Failed(format!(
                    "netem held a packet for {held_ns} ns, which is less than the {hold_ns} ns it was to"
                ))
            })?;
            self.late.note(late_ns);
            self.received += 1;
        }
    }
}
