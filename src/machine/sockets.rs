//! TCP sockets by state, as `sock_diag(7)` tells them.
//!
//! The list of all sockets that is in `/proc/net/tcp` takes a microsecond for each. Here the kernel is
//! asked for those that are neither established nor in TIME-WAIT, which are few: it tells the
//! number of the others in `/proc/net/sockstat` for nothing. What is left of the cost is looking through
//! its table of connections, whose size depends on the machine's memory: half a millisecond or so.

use std::io;

use fs_err::File;
use rustix::fd::OwnedFd;
use rustix::io::Errno;
use rustix::net::{AddressFamily, RecvFlags, SendFlags, recv, send};

use super::beyond::beyond_the_limit;

/// TCP sockets (IPv4) of a network namespace that are neither established nor in TIME-WAIT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct States {
    /// Connecting: no answer yet.
    pub syn_sent: u64,
    /// Connected by a client, and not acknowledged by it yet.
    pub syn_received: u64,
    /// Closed here, and not yet by the other side: FIN-WAIT-1, FIN-WAIT-2 and CLOSING.
    pub fin_wait: u64,
    /// Closed by the other side, and not yet here.
    pub close_wait: u64,
    /// Closed by both, and not acknowledged yet.
    pub last_ack: u64,
    /// Waiting for connections.
    pub listen: u64,
}

/// States by their number (`include/net/tcp_states.h`).
const ESTABLISHED: u8 = 1;
const TIME_WAIT: u8 = 6;
/// A request for a connection that the kernel keeps until it is whole. Told as SYN-RECEIVED.
const LAST_STATE: u8 = 12;

/// Messages (`linux/netlink.h`, `linux/sock_diag.h`).
const ERROR: u16 = 2;
const DONE: u16 = 3;
const SOCK_DIAG_BY_FAMILY: u16 = 20;
/// `NLM_F_REQUEST | NLM_F_DUMP`.
const REQUEST_ALL: u16 = 0x301;
const HEADER_BYTES: usize = 16;
/// `struct inet_diag_req_v2`: five fields, and the identity of a socket, which is not asked for.
const REQUEST_BYTES: usize = HEADER_BYTES + 8 + 48;

/// The kernel's answers come in pieces of this size at most.
const PIECE_BYTES: usize = 32 * 1024;

/// A question that can be asked again and again.
#[derive(Debug)]
pub struct Sockets(File);

impl Sockets {
    /// Opens a socket to the kernel, in the network namespace of this thread.
    ///
    /// # Errors
    ///
    /// If the kernel does not know the question, or does not let this process ask it.
    pub fn open() -> io::Result<Sockets> {
        let socket = File::from_parts(kernel()?.into(), "the kernel's list of sockets");
        let sockets = Sockets(beyond_the_limit(socket)?);
        sockets.states()?;
        Ok(sockets)
    }

    /// Asks.
    ///
    /// # Errors
    ///
    /// If the kernel does not answer, or not as it is documented.
    pub fn states(&self) -> io::Result<States> {
        let kernel = self.0.file();
        send(kernel, &request(), SendFlags::empty())?;
        let mut states = States::default();
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let (_, length) = recv(kernel, piece.as_mut_slice(), RecvFlags::TRUNC)?;
            let told = piece.get(..length).ok_or(Errno::MSGSIZE)?;
            if states.add(told)? {
                return Ok(states);
            }
        }
    }
}

impl States {
    /// Counts the sockets of one piece of the answer; whether it was the last.
    fn add(&mut self, mut piece: &[u8]) -> Result<bool, Errno> {
        while let Some((header, _)) = piece.split_first_chunk::<HEADER_BYTES>() {
            let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
            let message = piece.get(HEADER_BYTES..length).ok_or(Errno::BADMSG)?;
            match u16::from_ne_bytes([header[4], header[5]]) {
                DONE => return Ok(true),
                ERROR => return Err(error(message)),
                // `struct inet_diag_msg` begins with the family and the state.
                SOCK_DIAG_BY_FAMILY => self.count(*message.get(1).ok_or(Errno::BADMSG)?),
                _ => {}
            }
            // Messages begin at multiples of four bytes.
            piece = piece.get(length.next_multiple_of(4)..).unwrap_or_default();
        }
        Ok(false)
    }

    fn count(&mut self, state: u8) {
        let counted = match state {
            2 => &mut self.syn_sent,
            3 | LAST_STATE => &mut self.syn_received,
            4 | 5 | 11 => &mut self.fin_wait,
            8 => &mut self.close_wait,
            9 => &mut self.last_ack,
            10 => &mut self.listen,
            _ => return,
        };
        *counted += 1;
    }

    /// Of `in_use` open sockets (`/proc/net/sockstat`), those that are established: the kernel counts
    /// what is not yet whole elsewhere.
    pub fn established(&self, in_use: u64) -> u64 {
        let others = self.syn_sent + self.fin_wait + self.close_wait + self.last_ack + self.listen;
        in_use.saturating_sub(others)
    }
}

#[cfg(target_os = "linux")]
fn kernel() -> io::Result<OwnedFd> {
    use rustix::net::{SocketFlags, SocketType, netlink::SOCK_DIAG, socket_with};
    let (family, kind) = (AddressFamily::NETLINK, SocketType::RAW);
    Ok(socket_with(family, kind, SocketFlags::CLOEXEC, Some(SOCK_DIAG))?)
}

#[cfg(not(target_os = "linux"))]
fn kernel() -> io::Result<OwnedFd> {
    Err(io::ErrorKind::Unsupported.into())
}

/// `struct nlmsgerr` begins with the negative number of an error.
fn error(message: &[u8]) -> Errno {
    let number = message.first_chunk().map_or(0, |bytes| i32::from_ne_bytes(*bytes));
    if number < 0 { Errno::from_raw_os_error(-number) } else { Errno::BADMSG }
}

/// All TCP sockets over IPv4 but those that are established or in TIME-WAIT.
fn request() -> [u8; REQUEST_BYTES] {
    let states = (1u32..=LAST_STATE.into()).fold(0u32, |all, state| all | 1 << state);
    let states = states & !(1 << ESTABLISHED) & !(1 << TIME_WAIT);
    let mut request = [0; REQUEST_BYTES];
    request[..4].copy_from_slice(&(REQUEST_BYTES as u32).to_ne_bytes());
    request[4..6].copy_from_slice(&SOCK_DIAG_BY_FAMILY.to_ne_bytes());
    request[6..8].copy_from_slice(&REQUEST_ALL.to_ne_bytes());
    request[HEADER_BYTES] = AddressFamily::INET.as_raw() as u8;
    request[HEADER_BYTES + 1] = 6; // IPPROTO_TCP
    request[HEADER_BYTES + 4..HEADER_BYTES + 8].copy_from_slice(&states.to_ne_bytes());
    request
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{TcpListener, TcpStream};

    fn message(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut all = ((HEADER_BYTES + body.len()) as u32).to_ne_bytes().to_vec();
        all.extend(kind.to_ne_bytes());
        all.resize(HEADER_BYTES, 0);
        all.extend(body);
        all.resize(all.len().next_multiple_of(4), 0);
        all
    }

    #[test]
    fn sockets_are_counted_by_state_to_the_end_of_the_answer() {
        let mut states = States::default();
        let told = |state: u8| message(SOCK_DIAG_BY_FAMILY, &[2, state, 0, 0, 0]);
        let piece: Vec<u8> =
            [2, 2, 3, 4, 5, 8, 9, 10, 11, 12, 7].into_iter().flat_map(told).collect();
        assert_eq!(states.add(&piece), Ok(false), "there is more to come");
        let rest = [told(8), message(DONE, &[0; 4])].concat();
        assert_eq!(states.add(&rest), Ok(true));
        let want = States {
            syn_sent: 2,
            syn_received: 2,
            fin_wait: 3,
            close_wait: 2,
            last_ack: 1,
            listen: 1,
        };
        assert_eq!(states, want);
        assert_eq!((states.established(20), states.established(3)), (11, 0));
        let refused = message(ERROR, &(-13i32).to_ne_bytes());
        assert_eq!(states.add(&refused), Err(Errno::ACCESS));
        assert_eq!(states.add(&piece[..19]), Err(Errno::BADMSG), "cut off");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_connection_that_one_side_closed_is_seen() {
        let sockets = Sockets::open().expect("a kernel that tells");
        let before = sockets.states().expect("an answer");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let clients: Vec<TcpStream> =
            (0..20).map(|_| TcpStream::connect(listener.local_addr().unwrap()).unwrap()).collect();
        let served: Vec<TcpStream> = (0..20).map(|_| listener.accept().unwrap().0).collect();
        drop(clients);
        // Other tests have sockets too, which come and go.
        let after = sockets.states().expect("an answer");
        assert!(after.listen >= 1 && after.close_wait >= 20, "{before:?}, then {after:?}");
        assert!(after.fin_wait >= 20, "{after:?}");
        drop(served);
    }
}
