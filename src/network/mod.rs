//! A network with a round trip, for trials on one machine.
//!
//! On loopback a packet arrives when it is sent, so what costs round trips (opening a connection,
//! TLS, DNS) costs nothing. Here a child process, the *relay*, makes a network namespace with one
//! TUN device and two addresses: [`NEAR`] is the namespace itself, [`FAR`] is nobody. What a process
//! in the namespace sends to `FAR` is routed into the device. The relay reads it, holds it for half
//! a round trip, exchanges its source and its destination and writes it back. So whoever connects
//! to `FAR` reaches whoever listens on `NEAR`, who sees a peer at `FAR` and answers by the same way:
//! client and server share the namespace, and every packet of either is held.
//!
//! Where the kernel has netem, it can hold the packets itself: then `NEAR` is an address of the
//! namespace's loopback device, on which netem holds each packet for half a round trip. Client and
//! server both use that one address, and a packet crosses the device once, whichever way it goes.
//! The relay then has nothing to relay; it measures how late netem is.
//!
//! A network without a round trip is the namespace with its own loopback device: what it is for is a
//! limit of its own, such as few local ports. It has no TUN device, and the relay nothing to do but
//! keep it.
//!
//! The relay's side is here; the harness's is [`run::network`](crate::run::network).

mod child;
mod documents;
#[cfg(target_os = "linux")]
mod late;
#[cfg(target_os = "linux")]
mod namespace;
#[cfg(target_os = "linux")]
mod netem;
#[cfg(target_os = "linux")]
mod probe;
#[cfg(target_os = "linux")]
mod queue;
#[cfg(target_os = "linux")]
mod relay;
#[cfg(target_os = "linux")]
mod turn;
#[cfg(target_os = "linux")]
mod wait;

use std::net::Ipv4Addr;

pub use child::run_child;
pub use documents::{LinkKind, RelayAnswer, RelayConfig, RelayReady, RelayReport};

/// The address of the namespace itself. Its network is private to the namespace, so it can collide
/// with nothing.
pub const NEAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 1);

/// The address on the other side of the relay: it leads back to [`NEAR`]. Where netem holds the
/// packets, there is no other side, and whoever would connect to it connects to `NEAR`.
pub const FAR: Ipv4Addr = Ipv4Addr::new(10, 9, 0, 2);

/// Longest packet in bytes: that of an Ethernet. Loopback's 64 KiB would let a connection begin
/// with a window of ten such packets, which no network with a round trip does.
#[cfg(target_os = "linux")]
const MTU: usize = 1_500;

/// Packets held at once at most; more are dropped and counted. At the most packets in a second that
/// a relay can pass on (some 100 000), this is more than half a second of them, and it bounds the
/// relay to 100 MB, of which only what is used is taken. netem holds as many.
#[cfg(target_os = "linux")]
const CAPACITY: u32 = 65_536;
