//! Files of the harness in a process whose open files are limited.

use std::io;
use std::os::fd::AsFd;
use std::sync::{Mutex, PoisonError};

use fs_err as fs;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The same file under a number beyond the limit of open files (or under the highest ones, where
/// the limit cannot be raised for a moment): a limit is one of numbers, and an open file keeps its.
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

#[cfg(test)]
mod tests {
    use std::os::unix::fs::FileExt;

    use super::*;

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
}
