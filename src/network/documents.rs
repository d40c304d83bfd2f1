//! Documents between harness and relay: one JSON document a line.

use std::fmt;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::vocabulary::RttBy;

/// Settings of a relay.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayConfig {
    /// [`VERSION`](crate::protocol::VERSION) of the sender.
    pub protocol: u32,
    /// The round trip: each packet is held for half of it. Without one, the network is a loopback
    /// device of its own and there is nothing to relay.
    pub rtt_ns: Option<u64>,
    /// Holder of the packets, if there is a round trip.
    pub rtt_by: RttBy,
    /// Local ports for connections; those of the machine, if absent.
    pub ports: Option<u32>,
    /// CPUs that it may run on; any, if empty.
    pub cpus: Vec<usize>,
}

impl RelayConfig {
    /// For how long each packet is to be held: half a round trip, rounded up, since no round trip is
    /// to be shorter than asked for.
    pub fn hold_ns(&self) -> Option<u64> {
        self.rtt_ns.map(|rtt_ns| rtt_ns.div_ceil(2))
    }
}

/// The first answer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RelayAnswer {
    /// The namespace can be entered.
    Ready(RelayReady),
    /// This machine does not allow it: why, in a sentence. Nothing follows.
    Unavailable(String),
}

/// A relay that relays.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayReady {
    /// [`VERSION`](crate::protocol::VERSION) of the relay.
    pub protocol: u32,
    /// Whether the network namespace is inside a user namespace, which must be entered first.
    pub user_namespace: bool,
    /// Address of servers.
    pub near: Ipv4Addr,
    /// Address that clients connect to.
    pub far: Ipv4Addr,
    /// The port where a server is to listen, so that it takes none of the local ports that there
    /// are for connections; any, if absent.
    pub listen: Option<u16>,
}

/// Holder of a link's packets, as it was used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkKind {
    /// The relay, behind a TUN device.
    #[default]
    Tun,
    /// netem, on the loopback device.
    Netem,
}

impl LinkKind {
    /// The word of the record.
    pub fn name(self) -> &'static str {
        match self {
            LinkKind::Tun => "tun",
            LinkKind::Netem => "netem",
        }
    }
}

impl fmt::Display for LinkKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Report of a relay. The error of a hold is its actual minus its planned length. The relay's own
/// errors are those of every packet, from the moment when it has been read to the moment when it is
/// written. Those of netem are of the relay's own probes, from the moment before one is sent to the
/// moment when it has been received.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RelayReport {
    /// Holder of the packets.
    pub kind: LinkKind,
    /// Why it was not netem, where that would have been taken: a sentence.
    pub no_netem: Option<String>,
    /// Packets passed on, of both directions.
    pub packets: u64,
    /// Bytes of these packets, with IP headers.
    pub bytes: u64,
    /// Packets lost because a queue was full (netem's, or the relay's or its device's), or because
    /// the system did not take them back.
    pub dropped: u64,
    /// Packets that were for nobody: not IPv4, or not from near to far.
    pub ignored: u64,
    /// Packets held at once at the busiest moment; netem does not tell.
    pub peak_queue: Option<u64>,
    /// Error of a hold, median; empty if no packet was passed on.
    pub hold_error_p50_ns: Option<u64>,
    /// Error of a hold, 99th percentile.
    pub hold_error_p99_ns: Option<u64>,
    /// Error of a hold, longest.
    pub hold_error_max_ns: Option<u64>,
    /// CPU time in user mode of the relay since its start, making the namespace included.
    pub cpu_user_ns: u64,
    /// CPU time in the kernel of the relay: most of what the network stack does happens on its
    /// account. With netem it happens on the account of whoever sends, or of nobody.
    pub cpu_sys_ns: u64,
}
