//! This process, watched while it works: a look costs some ten microseconds and no file; one that tells
//! the states of sockets apart, half a millisecond or so.

use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fs_err as fs;

use super::beyond::beyond_the_limit;
use super::process::{Status, open_files, parse_status};
use super::sockets::{Sockets, States};

/// Longer than what is read: the status of a process has 1.5 kB, the counts of sockets 0.2 kB.
const READ: usize = 8_192;

/// Files of `/proc` that stay open, so that a process without a file left can still be looked at.
/// They stand beyond the limit of open files, so that none of it is taken.
#[derive(Debug)]
pub struct Watch {
    status: Option<fs::File>,
    sockets: Option<fs::File>,
    states: Option<Mutex<Paced>>,
}

/// Looks at the states of sockets, which take at most a part of the time.
#[derive(Debug)]
struct Paced {
    sockets: Sockets,
    next: Instant,
}

/// Of the time, at most the inverse of this goes into states of sockets.
const PAUSES: u32 = 20;

/// What a look saw. What the system does not tell is `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Memory and threads.
    pub status: Status,
    /// Open files, those of the watch left out.
    pub open_files: Option<u64>,
    /// TCP sockets (IPv4) of the network namespace that are open.
    pub tcp_in_use: Option<u64>,
    /// The same in TIME-WAIT.
    pub tcp_time_wait: Option<u64>,
    /// The same in other states; not of every look.
    pub tcp_states: Option<States>,
}

impl Watch {
    /// Opens what can be opened; `states`, if sockets are to be told apart by their state.
    pub fn open(states: bool) -> Watch {
        let open = |path| fs::File::open(path).and_then(beyond_the_limit).ok();
        let sockets = if states { Sockets::open().ok() } else { None };
        Watch {
            status: open("/proc/self/status"),
            sockets: open("/proc/net/sockstat"),
            states: sockets.map(|sockets| Mutex::new(Paced { sockets, next: Instant::now() })),
        }
    }

    /// Looks at the process.
    pub fn look(&self) -> Look {
        let sockets = self.sockets.as_ref().and_then(text).unwrap_or_default();
        let (tcp_in_use, tcp_time_wait) = parse_sockets(&sockets);
        let states = self.states.as_ref();
        let own = self.status.iter().chain(&self.sockets).count() + states.iter().count();
        Look {
            status: self
                .status
                .as_ref()
                .and_then(text)
                .map(|t| parse_status(&t))
                .unwrap_or_default(),
            open_files: open_files().map(|n| n.saturating_sub(own as u64)),
            tcp_in_use,
            tcp_time_wait,
            tcp_states: states
                .and_then(|paced| paced.lock().unwrap_or_else(PoisonError::into_inner).look()),
        }
    }
}

impl Paced {
    fn look(&mut self) -> Option<States> {
        let begun = Instant::now();
        let states = if begun < self.next { None } else { self.sockets.states().ok() }?;
        self.next = begun + begun.elapsed().max(Duration::from_micros(1)) * PAUSES;
        Some(states)
    }
}

/// A file of `/proc` from its beginning, which makes it anew.
fn text(file: &fs::File) -> Option<String> {
    let mut bytes = [0; READ];
    let read = file.file().read_at(&mut bytes, 0).ok()?;
    Some(String::from_utf8_lossy(&bytes[..read]).into_owned())
}

/// `TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1`, one line of several.
fn parse_sockets(text: &str) -> (Option<u64>, Option<u64>) {
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:")).unwrap_or("");
    let words: Vec<&str> = line.split_whitespace().collect();
    let after = |name: &str| {
        let at = words.iter().position(|word| *word == name)?;
        words.get(at + 1)?.parse().ok()
    };
    (after("inuse"), after("tw"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_are_read_by_name() {
        let text =
            "sockets: used 9\nTCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1\nUDP: inuse 1 mem 0\n";
        assert_eq!(parse_sockets(text), (Some(5), Some(2)));
        assert_eq!(parse_sockets("sockets: used 9\n"), (None, None));
        assert_eq!(parse_sockets("TCP: inuse"), (None, None));
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_watch_sees_what_is_opened_and_not_itself() {
        let watch = Watch::open(true);
        let before = watch.look();
        assert!(before.status.rss_bytes > Some(0) && before.status.threads >= Some(1));
        assert!(before.tcp_in_use.is_some() && before.tcp_time_wait.is_some());
        assert!(before.tcp_states.is_some());
        assert_eq!(Watch::open(false).look().tcp_states, None);
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let open: Vec<_> = (0..20)
            .map(|_| (std::net::TcpStream::connect(address).unwrap(), listener.accept().unwrap()))
            .collect();
        let after = Watch::open(true).look();
        let (states, in_use) = (after.tcp_states.unwrap(), after.tcp_in_use.unwrap());
        assert!(states.established(in_use) >= 40, "{states:?} of {in_use}");
        drop(open);
        // Other tests open files too, so many are opened here.
        let files: Vec<_> = (0..500).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        assert!(watch.look().open_files >= Some(500));
        drop(files);
    }
}
