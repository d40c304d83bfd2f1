//! TCP sockets of this process by state.
//!
//! Each is asked for its own, which is one call of the system and holds up nobody. Lists of the whole
//! machine take far longer: `/proc/net/tcp` a microsecond for each socket of every program, and
//! `sock_diag(7)` goes through the table of all connections.

/// TCP sockets of this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct States {
    /// Connected.
    pub established: u64,
    /// Connecting: no answer yet.
    pub syn_sent: u64,
    /// Closed by the other side, and not yet here.
    pub close_wait: u64,
}

/// Numbers of files that are asked at most.
const MOST: u64 = 4_096;

/// Asks each of `open_files` files; `None` if they are too many, or the system does not tell. Files with
/// the highest numbers are left out: the lowest free one is taken first, but for those of the harness.
#[cfg(target_os = "linux")]
pub fn states(open_files: u64) -> Option<States> {
    if open_files > MOST {
        return None;
    }
    let mut states = States::default();
    let mut left = open_files;
    let mut numbers = 0..MOST;
    while left > 0
        && let Some(number) = numbers.next()
    {
        let Some(state) = state(number as libc::c_int) else { continue };
        left -= 1;
        // `include/net/tcp_states.h`
        match state {
            Some(1) => states.established += 1,
            Some(2) => states.syn_sent += 1,
            Some(8) => states.close_wait += 1,
            _ => {}
        }
    }
    Some(states)
}

/// Asks each of `open_files` files; `None` if they are too many, or the system does not tell.
#[cfg(not(target_os = "linux"))]
pub fn states(_: u64) -> Option<States> {
    None
}

/// The state of a file that is a TCP socket; `None` inside for one that is none, outside for no file.
#[cfg(target_os = "linux")]
fn state(number: libc::c_int) -> Option<Option<u8>> {
    // `struct tcp_info` begins with the state, and as much is told as there is room for.
    let mut state = 0_u8;
    let mut length: libc::socklen_t = 1;
    // SAFETY: both pointers are to live values of the size that `length` says, which the kernel writes
    // to; a number that is no file, or no socket, is an error and no more.
    let result = unsafe {
        libc::getsockopt(
            number,
            libc::IPPROTO_TCP,
            libc::TCP_INFO,
            (&raw mut state).cast(),
            &raw mut length,
        )
    };
    match result {
        0 => Some(Some(state)),
        _ if std::io::Error::last_os_error().raw_os_error() == Some(libc::EBADF) => None,
        _ => Some(None),
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::net::{TcpListener, TcpStream};

    use super::*;

    #[test]
    fn own_sockets_are_seen_in_their_states() {
        // All numbers are asked: other tests open files meanwhile, and these would count as the last.
        let now = || states(MOST).expect("not too many");
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        // Other tests have sockets too, which come and go: these are many, and fewer than wait
        // to be accepted.
        let clients: Vec<TcpStream> =
            (0..100).map(|_| TcpStream::connect(address).unwrap()).collect();
        let served: Vec<TcpStream> = (0..100).map(|_| listener.accept().unwrap().0).collect();
        assert!(now().established >= 200, "{:?}", now());
        drop(clients);
        assert!(now().close_wait >= 100, "{:?}", now());
        drop(served);
        assert_eq!(states(u64::MAX), None, "more than are asked");
    }
}
