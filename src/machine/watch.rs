//! This process, watched while it works: a look costs some seven microseconds and no file; one that also
//! asks each socket for its state, a call of the system for each file.
//!
//! `/proc/self/status` has more in one place, and takes 13 µs alone: most of it is what nobody asks for.

use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use fs_err as fs;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::process::open_files;
use super::sockets::{self, States};

/// Longer than what is read: the memory of a process has 50 bytes, the counts of sockets 200.
const READ: usize = 512;

/// Files of `/proc` that stay open, so that a process without a file left can still be looked at.
/// They stand beyond the limit of open files, so that none of it is taken.
#[derive(Debug)]
pub struct Watch {
    memory: Option<fs::File>,
    /// The folder of the process's threads: it has a link for each.
    threads: Option<fs::File>,
    /// The folder of its open files: its length is their number, from Linux 6.2 on.
    files: Option<fs::File>,
    sockets: Option<fs::File>,
    page_bytes: u64,
    /// When states of sockets may be looked at again, if at all.
    next_states: Option<Mutex<Instant>>,
}

/// Inverse of the largest share of time that reading the states of sockets may take.
const PAUSES: u32 = 20;

/// Values of one look. Unknown values are `None`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    /// Resident memory.
    pub rss_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
    /// Open files, those of the watch left out.
    pub open_files: Option<u64>,
    /// TCP sockets (IPv4) of the network namespace that are open.
    pub tcp_in_use: Option<u64>,
    /// TCP sockets (IPv4) of the network namespace in TIME-WAIT.
    pub tcp_time_wait: Option<u64>,
    /// The process's own by state; not of every look.
    pub states: Option<States>,
}

impl Watch {
    /// Opens what can be opened; `states`, if sockets are to be told apart by their state.
    pub fn open(states: bool) -> Watch {
        let open = |path| fs::File::open(path).and_then(beyond_the_limit).ok();
        Watch {
            memory: open("/proc/self/statm"),
            threads: open("/proc/self/task"),
            files: open("/proc/self/fd"),
            sockets: open("/proc/net/sockstat"),
            page_bytes: rustix::param::page_size() as u64,
            next_states: states.then(|| Mutex::new(Instant::now())),
        }
    }

    /// Looks at the process.
    pub fn look(&self) -> Look {
        let (mut memory, mut sockets) = ([0; READ], [0; READ]);
        let (tcp_in_use, tcp_time_wait) = parse_sockets(text(&self.sockets, &mut sockets));
        let pages = text(&self.memory, &mut memory).split(' ').nth(1);
        let files = self.open_files();
        Look {
            rss_bytes: pages.and_then(|pages| Some(pages.parse::<u64>().ok()? * self.page_bytes)),
            // A folder has a link from above, one from itself, and one from each folder in it.
            threads: stat(&self.threads).and_then(|task| task.st_nlink.checked_sub(2)),
            open_files: files,
            tcp_in_use,
            tcp_time_wait,
            states: files.and_then(|files| self.states(files)),
        }
    }

    /// Number of open files, those of the watch left out.
    fn open_files(&self) -> Option<u64> {
        let own = [&self.memory, &self.threads, &self.files, &self.sockets];
        let own = own.into_iter().flatten().count() as u64;
        let length = stat(&self.files).and_then(|folder| u64::try_from(folder.st_size).ok());
        let files = length.filter(|&n| n > 0).or_else(open_files)?;
        Some(files.saturating_sub(own))
    }

    /// The watch's own files have numbers of their own.
    fn states(&self, files: u64) -> Option<States> {
        let mut next = self.next_states.as_ref()?.lock().unwrap_or_else(PoisonError::into_inner);
        let begun = Instant::now();
        if begun < *next {
            return None;
        }
        let states = sockets::states(files);
        *next = begun + begun.elapsed().max(Duration::from_micros(1)) * PAUSES;
        states
    }
}

/// Moves an open file to a number beyond the limit of open files; to the highest ones, where the
/// limit cannot be raised for a moment. The limit is one of numbers, and an open file keeps its.
pub fn beyond_the_limit(file: fs::File) -> io::Result<fs::File> {
    /// Numbers that are looked for.
    const ROOM: u64 = 16;
    /// The limit is the whole process's: two that raise it at once would leave it raised.
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
    let limit = getrlimit(Resource::Nofile);
    let Some(now) = limit.current else { return Ok(file) };
    let raised = limit.maximum.map_or(now + ROOM, |max| max.min(now + ROOM));
    let path = file.path().to_owned();
    setrlimit(Resource::Nofile, Rlimit { current: Some(raised), ..limit })?;
    let from = i32::try_from(raised.saturating_sub(ROOM)).unwrap_or(i32::MAX);
    let copy = rustix::io::fcntl_dupfd_cloexec(file.as_fd(), from);
    setrlimit(Resource::Nofile, limit)?;
    Ok(fs::File::from_parts(copy?.into(), path))
}

/// A file of `/proc` from its beginning, which makes it anew; empty if there is none.
fn text<'a>(file: &Option<fs::File>, memory: &'a mut [u8; READ]) -> &'a str {
    let read = file.as_ref().and_then(|file| file.file().read_at(memory, 0).ok());
    std::str::from_utf8(&memory[..read.unwrap_or(0)]).unwrap_or_default()
}

fn stat(file: &Option<fs::File>) -> Option<rustix::fs::Stat> {
    rustix::fs::fstat(file.as_ref()?).ok()
}

/// `TCP: inuse 5 orphan 0 tw 2 alloc 7 mem 1`, one line of several.
fn parse_sockets(text: &str) -> (Option<u64>, Option<u64>) {
    let line = text.lines().find_map(|line| line.strip_prefix("TCP:")).unwrap_or("");
    let after = |name: &str| {
        let mut words = line.split_whitespace().skip_while(|word| *word != name);
        words.nth(1)?.parse().ok()
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

    #[test]
    fn a_file_beyond_the_limit_takes_none_of_the_numbers_that_are_left() {
        use std::os::fd::AsRawFd;
        let limit = getrlimit(Resource::Nofile).current.expect("a limit");
        let file = beyond_the_limit(fs::File::open("/dev/null").unwrap()).unwrap();
        let number = u64::try_from(file.file().as_raw_fd()).unwrap();
        // Beyond it, or at its very end where it cannot be raised.
        assert!(number + 16 >= limit, "{number} under a limit of {limit}");
        assert_eq!(file.file().read_at(&mut [0; 8], 0).unwrap(), 0);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_watch_sees_what_is_opened_and_not_itself() {
        let watch = Watch::open(true);
        let before = watch.look();
        assert!(before.rss_bytes > Some(0) && before.threads >= Some(1));
        assert!(before.tcp_in_use.is_some() && before.tcp_time_wait.is_some());
        assert!(before.states.is_some());
        assert_eq!(Watch::open(false).look().states, None);
        // Other tests open files too, so many are opened here.
        let files: Vec<_> = (0..500).map(|_| fs::File::open("/dev/null").unwrap()).collect();
        assert!(watch.look().open_files >= Some(500));
        drop(files);
    }

    /// Compares a look with `/proc/self/status`, which it replaces.
    #[cfg(target_os = "linux")]
    #[test]
    fn a_look_agrees_with_the_status_of_the_process() {
        use crate::machine::process::Status;
        // Other tests take memory and threads meanwhile: one of several looks has none between.
        let agrees = || {
            let (before, look, after) = (Status::now(), Watch::open(false).look(), Status::now());
            before.threads == after.threads
                && look.threads == before.threads
                && look.rss_bytes >= before.rss_bytes.min(after.rss_bytes)
                && look.rss_bytes <= before.rss_bytes.max(after.rss_bytes)
        };
        assert!(
            (0..2_000).any(|_| agrees()),
            "{:?} {:?}",
            Watch::open(false).look(),
            Status::now()
        );
    }
}
