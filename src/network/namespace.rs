//! A network namespace in which packets are held, and with few ports, if so asked.

use std::ffi::c_char;
use std::io;
use std::net::Ipv4Addr;
use std::os::fd::{AsRawFd, OwnedFd};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};
use rustix::process::{getegid, geteuid};
use rustix::thread::{UnshareFlags, unshare_unsafe};

use super::documents::RelayReady;
use super::netem::{self, NoNetem};
use super::{FAR, MTU, NEAR};
use crate::protocol::VERSION;
use crate::vocabulary::RttBy;

/// The device's name.
const DEVICE: &str = "inflight";

/// Netmask of the two addresses and their network: nothing else is routed.
const NETMASK: Ipv4Addr = Ipv4Addr::new(255, 255, 255, 252);

/// Packets that the device keeps while the relay is busy or waits for its CPU: a thousand
/// connections, each with an answer of a few packets, may send in one moment. The default of 500 is
/// too few for that.
const DEVICE_QUEUE: u32 = 16_384;

/// Settings of the kernel that a namespace takes over from outside; a new one begins with defaults.
const SETTINGS: [&str; 6] = [
    "core/somaxconn",
    "ipv4/ip_local_port_range",
    "ipv4/tcp_congestion_control",
    "ipv4/tcp_max_syn_backlog",
    "ipv4/tcp_no_metrics_save",
    "ipv4/tcp_slow_start_after_idle",
];

/// A namespace that this thread is in.
#[derive(Debug)]
pub(super) struct Namespace {
    pub(super) holder: Holder,
    user_namespace: bool,
    listen: Option<u16>,
}

/// Holder of a namespace's packets.
#[derive(Debug)]
pub(super) enum Holder {
    /// There is no round trip.
    Nobody,
    /// Whoever reads this device; why it is not netem, where that would have been taken.
    Relay { tun: OwnedFd, hold_ns: u64, no_netem: Option<String> },
    /// The kernel's netem.
    Netem { hold_ns: u64 },
}

impl Namespace {
    pub(super) fn ready(&self) -> RelayReady {
        let (near, far) = match self.holder {
            Holder::Relay { .. } => (NEAR, FAR),
            Holder::Netem { .. } => (NEAR, NEAR),
            Holder::Nobody => (Ipv4Addr::LOCALHOST, Ipv4Addr::LOCALHOST),
        };
        let Namespace { user_namespace, listen, .. } = *self;
        RelayReady { protocol: VERSION, user_namespace, near, far, listen }
    }
}

/// Where the local ports begin when there are few of them. Below them are enough for a server.
const FIRST_PORT: u32 = 32_768;

/// Where a server listens then.
const LISTEN_PORT: u16 = 8_080;

/// Moves this thread into a new network namespace; has its packets held for so long, if at all, and
/// leaves this many `ports` to connections. If the machine does not allow that, the error says why,
/// in a sentence.
pub(super) fn make(
    hold_ns: Option<u64>,
    by: RttBy,
    ports: Option<u32>,
) -> Result<Namespace, String> {
    let settings = SETTINGS.map(|name| fs_err::read(setting(name)).ok());
    let user_namespace = unshare()?;
    keep(&settings);
    set_up(Interface::named("lo"), Interface::up)
        .map_err(|e| format!("the loopback device of a network namespace cannot be used: {e}"))?;
    let listen = ports.map(leave_ports).transpose()?.map(|()| LISTEN_PORT);
    let holder = match hold_ns {
        Some(hold_ns) => holder(hold_ns, by)?,
        None => Holder::Nobody,
    };
    Ok(Namespace { holder, user_namespace, listen })
}

fn holder(hold_ns: u64, by: RttBy) -> Result<Holder, String> {
    let relay = |no_netem| tun().map(|tun| Holder::Relay { tun, hold_ns, no_netem });
    match by {
        RttBy::Tun => relay(None),
        RttBy::Netem => {
            netem(hold_ns).map_err(|no| no.with_way_out())?;
            Ok(Holder::Netem { hold_ns })
        }
        RttBy::Auto => match netem(hold_ns) {
            Ok(()) => Ok(Holder::Netem { hold_ns }),
            Err(no) => relay(Some(no.to_string())).map_err(|why| format!("{why}; and {no}")),
        },
    }
}

/// Leaves this many local ports to connections, and lets none of them be used again while its last
/// connection is in TIME_WAIT, for a minute: by default Linux uses them again on loopback.
fn leave_ports(ports: u32) -> Result<(), String> {
    let range = format!("{FIRST_PORT} {}", FIRST_PORT + ports - 1);
    let settings = [("ipv4/ip_local_port_range", range.as_str()), ("ipv4/tcp_tw_reuse", "0")];
    for (name, value) in settings {
        fs_err::write(setting(name), value)
            .map_err(|e| format!("this machine does not let a network have few ports: {e}"))?;
    }
    Ok(())
}

/// netem on the loopback device, and an address there.
///
/// That address is [`NEAR`], as behind a TUN device, and not 127.0.0.1: with addresses of loopback
/// Linux uses ports again that wait for the end of their last connection (`tcp_tw_reuse`), as no
/// network does.
fn netem(hold_ns: u64) -> Result<(), NoNetem> {
    netem::hold(hold_ns)?;
    let ready = set_up(Interface::named("lo"), |device| device.set_mtu(MTU as i32))
        .and_then(|()| {
            // A second address, by a name of its own: 127.0.0.1 stays what it is everywhere.
            set_up(Interface::named("lo:near"), |device| {
                device.set_addr(libc::SIOCSIFADDR as _, NEAR)?;
                device.set_addr(libc::SIOCSIFNETMASK as _, Ipv4Addr::BROADCAST)
            })
        })
        .map_err(|e| NoNetem::Refused(e.to_string()));
    if ready.is_err() {
        netem::let_go();
    }
    ready
}

/// The device of a round trip, ready for use.
fn tun() -> Result<OwnedFd, String> {
    let tun = open_tun()?;
    set_up(Interface::named(DEVICE), |device| {
        device.set_addr(libc::SIOCSIFADDR as _, NEAR)?;
        device.set_addr(libc::SIOCSIFNETMASK as _, NETMASK)?;
        device.set_mtu(MTU as i32)?;
        device.set_queue(DEVICE_QUEUE)?;
        device.up()
    })
    .map_err(|e| format!("a TUN device cannot be set up: {e}"))?;
    Ok(tun)
}

/// Whether it took a user namespace.
fn unshare() -> Result<bool, String> {
    // Asked before: in a user namespace that maps nobody, everybody is nobody.
    let (user, group) = (geteuid().as_raw(), getegid().as_raw());
    // SAFETY: this thread shares no file descriptor table that this would change; only networks
    // are made anew, and sockets that exist stay where they are.
    let alone = unsafe { unshare_unsafe(UnshareFlags::NEWNET) };
    let Err(refused) = alone else { return Ok(false) };
    // SAFETY: likewise; this process gains capabilities inside the new namespaces only.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER | UnshareFlags::NEWNET) }.map_err(|errno| {
        let (first, second) = (io::Error::from(refused), io::Error::from(errno));
        format!(
            "this machine allows no network namespace ({first}), nor one in a user namespace \
             ({second})"
        )
    })?;
    // Everybody stays who they are.
    fs_err::write("/proc/thread-self/setgroups", "deny")
        .and_then(|()| fs_err::write("/proc/thread-self/uid_map", format!("{user} {user} 1")))
        .and_then(|()| fs_err::write("/proc/thread-self/gid_map", format!("{group} {group} 1")))
        .map_err(|e| format!("this machine allows nobody in a user namespace: {e}"))?;
    Ok(true)
}

fn setting(name: &str) -> String {
    format!("/proc/sys/net/{name}")
}

fn keep(settings: &[Option<Vec<u8>>; SETTINGS.len()]) {
    for (name, before) in SETTINGS.iter().zip(settings) {
        let Some(before) = before else { continue };
        if fs_err::read(setting(name)).is_ok_and(|now| now != *before) {
            // Not everything may be set in a user namespace; the kernel's default is then in force.
            let _ = fs_err::write(setting(name), before);
        }
    }
}

fn open_tun() -> Result<OwnedFd, String> {
    let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let tun = match rustix::fs::open("/dev/net/tun", flags, Mode::empty()) {
        Ok(tun) => tun,
        Err(Errno::NOENT) => return Err("this machine has no /dev/net/tun".to_owned()),
        Err(errno) => {
            let refused = io::Error::from(errno);
            return Err(format!("this machine does not open /dev/net/tun: {refused}"));
        }
    };
    let mut request = ifreq(DEVICE);
    // Bare IPv4 packets, without a header of the device's own.
    request.ifr_ifru.ifru_flags = (libc::IFF_TUN | libc::IFF_NO_PI) as _;
    ioctl(&tun, libc::TUNSETIFF, &mut request)
        .map_err(|e| format!("this machine allows no TUN device: {e}"))?;
    Ok(tun)
}

/// Packets that the device of this namespace dropped because the relay did not read in time.
pub(super) fn dropped_by_device() -> Option<u64> {
    dropped(&fs_err::read_to_string("/proc/thread-self/net/dev").ok()?)
}

fn dropped(devices: &str) -> Option<u64> {
    let line =
        devices.lines().find_map(|l| l.trim_start().strip_prefix(DEVICE)?.strip_prefix(':'))?;
    // Eight columns of what was received; of what was sent: bytes, packets, errors, drops.
    line.split_whitespace().nth(8 + 3)?.parse().ok()
}

/// A device of this namespace, by name.
struct Interface {
    socket: OwnedFd,
    name: &'static str,
}

fn set_up(
    interface: io::Result<Interface>,
    how: impl FnOnce(&Interface) -> io::Result<()>,
) -> io::Result<()> {
    how(&interface?)
}

impl Interface {
    fn named(name: &'static str) -> io::Result<Interface> {
        let socket =
            socket_with(AddressFamily::INET, SocketType::DGRAM, SocketFlags::CLOEXEC, None)?;
        Ok(Interface { socket, name })
    }

    fn set_addr(&self, request: libc::Ioctl, addr: Ipv4Addr) -> io::Result<()> {
        let addr = libc::sockaddr_in {
            sin_family: libc::AF_INET as _,
            sin_port: 0,
            sin_addr: libc::in_addr { s_addr: u32::from_ne_bytes(addr.octets()) },
            sin_zero: [0; 8],
        };
        let mut ifreq = ifreq(self.name);
        // SAFETY: both are plain data of one length, and the first is a form of the second.
        ifreq.ifr_ifru.ifru_addr =
            unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(addr) };
        ioctl(&self.socket, request, &mut ifreq)
    }

    fn set_mtu(&self, mtu: i32) -> io::Result<()> {
        let mut ifreq = ifreq(self.name);
        ifreq.ifr_ifru.ifru_mtu = mtu;
        ioctl(&self.socket, libc::SIOCSIFMTU as _, &mut ifreq)
    }

    /// By netlink: in a user namespace, the request (`SIOCSIFTXQLEN`) is not allowed.
    fn set_queue(&self, packets: u32) -> io::Result<()> {
        let index = rustix::net::netdevice::name_to_index(&self.socket, self.name)?;
        // Routing, which is about links too, is the protocol of number 0.
        let netlink =
            socket_with(AddressFamily::NETLINK, SocketType::RAW, SocketFlags::CLOEXEC, None)?;
        rustix::io::write(&netlink, &queue_message(index, packets))?;
        // The header of the answer, its error number (negated), and what it answers.
        let mut answer = [0; 64];
        let len = rustix::io::read(&netlink, &mut answer)?;
        match answer[..len].get(16..20) {
            Some([0, 0, 0, 0]) => Ok(()),
            Some(&[a, b, c, d]) => {
                Err(io::Error::from_raw_os_error(-i32::from_ne_bytes([a, b, c, d])))
            }
            _ => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    fn up(&self) -> io::Result<()> {
        let mut ifreq = ifreq(self.name);
        ifreq.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as _;
        ioctl(&self.socket, libc::SIOCSIFFLAGS as _, &mut ifreq)
    }
}

/// "The queue of the device of this index is to have this length, and tell whether it has": a
/// netlink header (16 bytes), a link (16), one attribute (8), all in the machine's byte order.
fn queue_message(index: u32, packets: u32) -> [u8; 40] {
    let mut message = [0; 40];
    let mut put = |at: usize, bytes: &[u8]| message[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, &40_u32.to_ne_bytes());
    put(4, &libc::RTM_NEWLINK.to_ne_bytes());
    put(6, &((libc::NLM_F_REQUEST | libc::NLM_F_ACK) as u16).to_ne_bytes());
    put(20, &index.to_ne_bytes());
    put(32, &8_u16.to_ne_bytes());
    put(34, &libc::IFLA_TXQLEN.to_ne_bytes());
    put(36, &packets.to_ne_bytes());
    message
}

fn ifreq(name: &str) -> libc::ifreq {
    // SAFETY: a name and a union of plain data, for which all zeros is a valid value.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    // The last byte stays 0: it ends the name.
    let room = request.ifr_name.len() - 1;
    for (to, from) in request.ifr_name[..room].iter_mut().zip(name.bytes()) {
        *to = from as c_char;
    }
    request
}

fn ioctl(fd: &OwnedFd, request: libc::Ioctl, ifreq: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: every request used here reads, or writes, one `ifreq`, and this one is alive.
    match unsafe { libc::ioctl(fd.as_raw_fd(), request, std::ptr::from_mut(ifreq)) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_are_those_of_what_the_device_was_to_send() {
        let devices = "Inter-|   Receive                     |  Transmit\n \
             face |bytes packets errs drop fifo frame compressed multicast|bytes packets errs drop\n    \
             lo:  1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n\
             inflight: 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36\n";
        assert_eq!(dropped(devices), Some(32));
        assert_eq!(dropped("Inter-|\n"), None);
    }
}
