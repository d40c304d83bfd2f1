//! The processes of a program or a service: all that it starts, wherever they go.
//!
//! This process is the reaper of all its descendants: one whose parent ends becomes its child. Where the
//! system has cgroups (v2) that may be made, the program runs in one of its own, which counts the CPU time
//! of all that ever ran in it and ends all of it at once.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::machine::process::{Status, status_of};
use crate::timer::Moment;

/// The processes of a program or a service.
pub(crate) struct Tree {
    group: Option<Group>,
}

/// A reading of all processes of a tree.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Look {
    pub(crate) processes: u64,
    pub(crate) rss_bytes: u64,
    /// The most that any one process ever had.
    pub(crate) max_rss_bytes: u64,
    pub(crate) threads: u64,
    pub(crate) open_files: Option<u64>,
}

/// CPU time of all that ran in a tree, in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Cpu {
    pub(crate) user_ns: u64,
    pub(crate) sys_ns: u64,
}

/// Readings of a tree: the most of everything, and its CPU time so far at moments of the machine's clock.
#[derive(Debug, Clone, Default)]
pub(crate) struct Readings {
    pub(crate) peak: Look,
    /// Empty without a cgroup.
    cpu: Vec<(u64, Cpu)>,
}

impl Readings {
    /// Adds a reading of now.
    pub(crate) fn note(&mut self, tree: &Tree) {
        let (look, cpu, at) = (tree.look(), tree.cpu(), Moment::now().monotonic_ns());
        let most = &mut self.peak;
        most.processes = most.processes.max(look.processes);
        most.rss_bytes = most.rss_bytes.max(look.rss_bytes);
        most.max_rss_bytes = most.max_rss_bytes.max(look.max_rss_bytes);
        most.threads = most.threads.max(look.threads);
        most.open_files = most.open_files.max(look.open_files);
        self.cpu.extend(cpu.map(|cpu| (at, cpu)));
    }

    /// Its CPU time in all; `None` without a cgroup.
    pub(crate) fn cpu(&self) -> Option<Cpu> {
        self.cpu.last().map(|(_, cpu)| *cpu)
    }

    /// Its CPU time between two moments; `None` if it was not read around both.
    pub(crate) fn cpu_within(&self, begin_ns: u64, end_ns: u64) -> Option<Cpu> {
        let (before, after) = (self.cpu_at(begin_ns)?, self.cpu_at(end_ns)?);
        Some(Cpu {
            user_ns: after.user_ns.saturating_sub(before.user_ns),
            sys_ns: after.sys_ns.saturating_sub(before.sys_ns),
        })
    }

    /// CPU time at a moment, on a line between the readings around it.
    fn cpu_at(&self, ns: u64) -> Option<Cpu> {
        let next = self.cpu.partition_point(|(at, _)| *at < ns);
        let (after_ns, after) = *self.cpu.get(next)?;
        let (before_ns, before) = *self.cpu.get(next.checked_sub(1)?)?;
        let share = (ns - before_ns) as f64 / (after_ns - before_ns).max(1) as f64;
        let between = |from: u64, to: u64| from + (to.saturating_sub(from) as f64 * share) as u64;
        Some(Cpu {
            user_ns: between(before.user_ns, after.user_ns),
            sys_ns: between(before.sys_ns, after.sys_ns),
        })
    }
}

/// Waits for any child of this process: its id and status, 0 if none has ended yet (`WNOHANG`). `None` if
/// there is none.
pub(crate) fn wait_for_any(options: libc::c_int) -> Option<(i32, libc::c_int)> {
    loop {
        let mut status = 0;
        // SAFETY: the pointer is to a live integer, which the kernel fills in.
        let pid = unsafe { libc::waitpid(-1, &raw mut status, options) };
        if pid >= 0 {
            return Some((pid, status));
        }
        if io::Error::last_os_error().kind() != io::ErrorKind::Interrupted {
            return None;
        }
    }
}

/// End of a process in words, and whether it was a success.
pub(crate) fn end_of(status: libc::c_int) -> (String, bool) {
    if libc::WIFSIGNALED(status) {
        return (format!("was killed by signal {}", libc::WTERMSIG(status)), false);
    }
    let code = libc::WEXITSTATUS(status);
    (format!("ended with exit status {code}"), code == 0)
}

/// Time until a killed tree must be gone.
const GONE: Duration = Duration::from_secs(5);

impl Tree {
    /// A tree without a process yet.
    pub(crate) fn new() -> io::Result<Tree> {
        // SAFETY: the call takes plain numbers and changes no memory of this process.
        let set = unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) };
        if set != 0 {
            return Err(io::Error::last_os_error());
        }
        Ok(Tree { group: Group::new() })
    }

    /// Starts its first process.
    pub(crate) fn start(&mut self, mut command: Command) -> io::Result<u32> {
        let procs = self.group.as_ref().map(Group::procs).transpose();
        // Without a file to enter the cgroup by, there is none.
        let procs = procs.unwrap_or_default();
        let fd = procs.as_ref().map(AsRawFd::as_raw_fd);
        command.process_group(0);
        // SAFETY: between fork and exec only system calls are made and nothing is allocated.
        unsafe {
            command.pre_exec(move || {
                rustix::process::set_parent_process_death_signal(Some(Signal::KILL))?;
                if let Some(fd) = fd {
                    // A cgroup that does not take it is seen afterwards.
                    libc::write(fd, c"0".as_ptr().cast(), 1);
                }
                Ok(())
            });
        }
        let child = command.spawn()?;
        if let Some(group) = &self.group
            && !group.has_been_entered()
        {
            self.group = None;
        }
        Ok(child.id())
    }

    /// CPU time so far; `None` without a cgroup.
    pub(crate) fn cpu(&self) -> Option<Cpu> {
        self.group.as_ref()?.cpu()
    }

    /// Its processes that run or wait to be reaped.
    fn pids(&self) -> Vec<i32> {
        match &self.group {
            Some(group) => group.pids(),
            None => descendants(),
        }
    }

    /// Its processes that have not ended.
    pub(crate) fn alive(&self) -> Vec<i32> {
        let runs = |pid: &i32| stat(*pid).is_some_and(|stat| !matches!(stat.state, 'Z' | 'X'));
        self.pids().into_iter().filter(runs).collect()
    }

    /// Reads all of its processes.
    pub(crate) fn look(&self) -> Look {
        let mut look = Look::default();
        for pid in self.pids() {
            let Some(Status { max_rss_bytes, rss_bytes, threads }) = status_of(pid) else {
                continue;
            };
            look.processes += 1;
            look.rss_bytes += rss_bytes.unwrap_or(0);
            look.max_rss_bytes = look.max_rss_bytes.max(max_rss_bytes.unwrap_or(0));
            look.threads += threads.unwrap_or(0);
            // The length of the folder is the number of files, on a Linux that counts them.
            let files = fs::metadata(format!("/proc/{pid}/fd")).map(|folder| folder.len());
            if let Some(files) = files.ok().filter(|&files| files > 0) {
                *look.open_files.get_or_insert(0) += files;
            }
        }
        look
    }

    /// Kills and reaps all of it.
    pub(crate) fn kill(&self) {
        let begun = Instant::now();
        loop {
            let ended = self.group.as_ref().is_some_and(Group::kill);
            let alive = self.alive();
            if !ended {
                for &pid in &alive {
                    // It may have ended by itself just now.
                    let _ = Pid::from_raw(pid).map(|pid| kill_process(pid, Signal::KILL));
                }
            }
            if alive.is_empty() || begun.elapsed() > GONE {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// Names of processes, for a message.
    pub(crate) fn names(pids: &[i32]) -> String {
        let name = |pid: &i32| stat(*pid).map(|stat| stat.name);
        let names: Vec<String> = pids.iter().filter_map(name).take(5).collect();
        names.join(", ")
    }
}

/// A cgroup of a program's own.
struct Group {
    dir: PathBuf,
}

impl Group {
    /// Makes one below the cgroup of this process; `None` where that cannot be done.
    fn new() -> Option<Group> {
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let mount = mounts.lines().find_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (path, kind) = (fields.next()?, fields.next()?);
            (kind == "cgroup2").then(|| path.to_owned())
        })?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let name = format!("inflight-{}", std::process::id());
        let dir = PathBuf::from(mount).join(own).join(name);
        fs::create_dir(&dir).ok()?;
        Some(Group { dir })
    }

    fn procs(&self) -> io::Result<fs::File> {
        OpenOptions::new().write(true).open(self.dir.join("cgroup.procs"))
    }

    /// Whether a process is in it, or was: one that has ended has left CPU time.
    fn has_been_entered(&self) -> bool {
        !self.pids().is_empty() || self.cpu().is_some_and(|cpu| cpu != Cpu::default())
    }

    fn cpu(&self) -> Option<Cpu> {
        let stat = fs::read_to_string(self.dir.join("cpu.stat")).ok()?;
        let us = |key: &str| -> Option<u64> {
            let line = stat.lines().find_map(|line| line.strip_prefix(key))?;
            line.trim().parse().ok()
        };
        Some(Cpu { user_ns: us("user_usec")? * 1_000, sys_ns: us("system_usec")? * 1_000 })
    }

    fn pids(&self) -> Vec<i32> {
        let text = fs::read_to_string(self.dir.join("cgroup.procs")).unwrap_or_default();
        text.lines().filter_map(|line| line.parse().ok()).collect()
    }

    /// Kills all of it at once; whether that was possible (Linux 5.14).
    fn kill(&self) -> bool {
        let file = OpenOptions::new().write(true).open(self.dir.join("cgroup.kill"));
        file.and_then(|mut file| file.write_all(b"1")).is_ok()
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // A cgroup is busy for a moment after its last process.
        for _ in 0..100 {
            if fs::remove_dir(&self.dir).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

/// A part of `/proc/<pid>/stat`.
struct Stat {
    name: String,
    state: char,
    parent: i32,
}

fn stat(pid: i32) -> Option<Stat> {
    parse_stat(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
}

/// `12 (a name) S 1 …`; the name may hold anything.
fn parse_stat(text: &str) -> Option<Stat> {
    let (before, after) = text.rsplit_once(')')?;
    let (_, name) = before.split_once('(')?;
    let mut fields = after.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some(Stat { name: name.to_owned(), state, parent: fields.next()?.parse().ok()? })
}

/// All processes below this one.
fn descendants() -> Vec<i32> {
    let Ok(folders) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = folders.flatten().filter_map(|folder| folder.file_name().to_str()?.parse().ok());
    let parents: Vec<(i32, i32)> =
        pids.filter_map(|pid: i32| Some((pid, stat(pid)?.parent))).collect();
    let mut found = Vec::new();
    let mut next = vec![std::process::id().cast_signed()];
    while let Some(parent) = next.pop() {
        let children = parents.iter().filter(|(_, of)| *of == parent).map(|(pid, _)| *pid);
        let before = found.len();
        found.extend(children);
        next.extend(&found[before..]);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cpu_time_is_read_between_two_readings() {
        let cpu = |user_ns| Cpu { user_ns, sys_ns: 0 };
        let readings = Readings { cpu: vec![(100, cpu(0)), (200, cpu(50))], ..Readings::default() };
        assert_eq!(readings.cpu_at(150), Some(cpu(25)));
        assert_eq!(readings.cpu_at(200), Some(cpu(50)));
        assert_eq!((readings.cpu_at(90), readings.cpu_at(300)), (None, None));
        assert_eq!(readings.cpu_within(120, 180), Some(cpu(30)));
        assert_eq!(readings.cpu_within(90, 180), None);
    }

    #[test]
    fn a_name_may_hold_spaces_and_brackets() {
        let stat = parse_stat("12 (a) b (c)) S 7 12 12 0").expect("a line");
        assert_eq!((stat.name.as_str(), stat.state, stat.parent), ("a) b (c)", 'S', 7));
        assert!(parse_stat("12").is_none());
    }

    #[test]
    fn descendants_are_found_below_this_process() {
        let mut child =
            Command::new("sh").args(["-c", "sleep 30 & echo; wait"]).spawn().expect("a shell");
        let pid = child.id().cast_signed();
        let begun = Instant::now();
        let below = loop {
            let all = descendants();
            let of_child =
                all.iter().filter(|&&p| stat(p).is_some_and(|s| s.parent == pid)).count();
            if all.contains(&pid) && of_child == 1 || begun.elapsed() > Duration::from_secs(20) {
                break all;
            }
        };
        assert!(below.contains(&pid), "{below:?}");
        for pid in below.iter().filter(|&&p| p == pid || stat(p).is_some_and(|s| s.parent == pid)) {
            let _ = Pid::from_raw(*pid).map(|pid| kill_process(pid, Signal::KILL));
        }
        child.wait().expect("it ends");
    }
}
