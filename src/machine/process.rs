//! This process: what it used, what it may use. A value that the system does not tell is `None`.

use std::io;
use std::time::Duration;

use rustix::process::{Resource, Rlimit};

/// CPU time, context switches and page faults of this process since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    /// CPU time in user mode, in nanoseconds.
    pub user_ns: u64,
    /// CPU time in the kernel, in nanoseconds.
    pub sys_ns: u64,
    /// Context switches that waited for something.
    pub voluntary_switches: u64,
    /// Context switches forced by the scheduler.
    pub involuntary_switches: u64,
    /// Page faults that read no disk.
    pub minor_faults: u64,
    /// Page faults that read a disk.
    pub major_faults: u64,
}

impl Usage {
    /// Usage of this process so far, all threads.
    pub fn now() -> Usage {
        Usage::of(libc::RUSAGE_SELF)
    }

    /// Usage of all children that were waited for, and of theirs.
    pub fn of_children() -> Usage {
        Usage::of(libc::RUSAGE_CHILDREN)
    }

    /// Usage of the calling thread so far; `None` where the system does not tell threads apart.
    #[cfg(target_os = "linux")]
    pub fn of_this_thread() -> Option<Usage> {
        Some(Usage::of(libc::RUSAGE_THREAD))
    }

    /// Usage of the calling thread so far; `None` where the system does not tell threads apart.
    #[cfg(not(target_os = "linux"))]
    pub fn of_this_thread() -> Option<Usage> {
        None
    }

    fn of(who: libc::c_int) -> Usage {
        // SAFETY: `rusage` is plain integers, for which all zeros is a valid value.
        let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
        // SAFETY: the pointer is to a live `rusage`. The call fails only for a bad `who` or
        // pointer, and neither is possible here.
        unsafe { libc::getrusage(who, &raw mut usage) };
        let ns = |t: libc::timeval| {
            Duration::from_secs(t.tv_sec.unsigned_abs()).as_nanos() as u64
                + t.tv_usec.unsigned_abs() * 1_000
        };
        Usage {
            user_ns: ns(usage.ru_utime),
            sys_ns: ns(usage.ru_stime),
            voluntary_switches: usage.ru_nvcsw.unsigned_abs(),
            involuntary_switches: usage.ru_nivcsw.unsigned_abs(),
            minor_faults: usage.ru_minflt.unsigned_abs(),
            major_faults: usage.ru_majflt.unsigned_abs(),
        }
    }

    /// Usage since `earlier`.
    pub fn since(self, earlier: Usage) -> Usage {
        Usage {
            user_ns: self.user_ns - earlier.user_ns,
            sys_ns: self.sys_ns - earlier.sys_ns,
            voluntary_switches: self.voluntary_switches - earlier.voluntary_switches,
            involuntary_switches: self.involuntary_switches - earlier.involuntary_switches,
            minor_faults: self.minor_faults - earlier.minor_faults,
            major_faults: self.major_faults - earlier.major_faults,
        }
    }

    /// The rest, if a `part` of it is one thread's. The sum of user and kernel is exact. It is split as that
    /// of the whole is: of a thread that runs for microseconds at once, Linux, which samples the split with
    /// its ticks, calls all of it user or all of it kernel.
    pub fn without(self, part: Usage) -> Usage {
        let (all_ns, cpu_ns) = (self.cpu_ns(), self.cpu_ns().saturating_sub(part.cpu_ns()));
        let user = u128::from(self.user_ns) * u128::from(cpu_ns);
        let user_ns = user.checked_div(all_ns.into()).map_or(0, |ns| ns as u64);
        Usage {
            user_ns,
            sys_ns: cpu_ns - user_ns,
            voluntary_switches: self.voluntary_switches.saturating_sub(part.voluntary_switches),
            involuntary_switches: self
                .involuntary_switches
                .saturating_sub(part.involuntary_switches),
            minor_faults: self.minor_faults.saturating_sub(part.minor_faults),
            major_faults: self.major_faults.saturating_sub(part.major_faults),
        }
    }

    /// User and kernel together, in nanoseconds.
    pub fn cpu_ns(self) -> u64 {
        self.user_ns + self.sys_ns
    }
}

/// CPU time of the calling thread so far, in nanoseconds.
pub fn thread_cpu_ns() -> u64 {
    let mut used = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a live value, which the kernel fills in.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut used) };
    used.tv_sec.unsigned_abs() * 1_000_000_000 + used.tv_nsec.unsigned_abs()
}

/// A reading of `/proc/self/status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Status {
    /// Peak resident memory. Not `ru_maxrss`: that includes the parent's peak at the fork.
    pub max_rss_bytes: Option<u64>,
    /// Resident memory.
    pub rss_bytes: Option<u64>,
    /// Threads.
    pub threads: Option<u64>,
}

impl Status {
    /// Status of this process now.
    pub fn now() -> Status {
        fs_err::read_to_string("/proc/self/status")
            .map_or_else(|_| Status::default(), |s| parse_status(&s))
    }
}

/// A reading of another process; `None` if it is gone.
pub fn status_of(pid: i32) -> Option<Status> {
    let text = fs_err::read_to_string(format!("/proc/{pid}/status")).ok()?;
    Some(parse_status(&text))
}

pub(super) fn parse_status(text: &str) -> Status {
    let number = |key: &str| -> Option<u64> {
        let line = text.lines().find_map(|l| l.strip_prefix(key))?;
        line.split_whitespace().next()?.parse().ok()
    };
    Status {
        max_rss_bytes: number("VmHWM:").map(|kib| kib * 1024),
        rss_bytes: number("VmRSS:").map(|kib| kib * 1024),
        threads: number("Threads:"),
    }
}

/// Open files of this process now.
pub fn open_files() -> Option<u64> {
    // Linux has the number since 6.2, in a microsecond and without opening a file; listing 3 000
    // files takes a millisecond.
    let size = fs_err::metadata("/proc/self/fd").ok()?.len();
    if size > 0 {
        return Some(size);
    }
    // One entry is the folder that is being read.
    fs_err::read_dir("/proc/self/fd").ok().map(|dir| (dir.count() as u64).saturating_sub(1))
}

/// Open files of this process now, without opening one, so that it tells when none is left to open.
/// `None` where the system does not count them (Linux does from 6.2 on).
pub fn count_open_files() -> Option<u64> {
    // The length of the folder of files is their number.
    let files = rustix::fs::stat("/proc/self/fd").ok()?;
    u64::try_from(files.st_size).ok().filter(|&n| n > 0)
}

/// Open files of this process that a limit of `nofile` does not limit: those whose numbers were given
/// out before it was set (a shell may leave some to its children), and are not below it.
pub fn open_files_beyond(nofile: u64) -> u64 {
    let Ok(files) = fs_err::read_dir("/proc/self/fd") else { return 0 };
    let numbers = files.flatten().filter_map(|file| file.file_name().to_str()?.parse::<u64>().ok());
    numbers.filter(|&number| number >= nofile).count() as u64
}

/// CPUs that this process may run on; none where processes cannot be kept on CPUs.
#[cfg(target_os = "linux")]
pub fn allowed_cpus() -> Vec<usize> {
    let Ok(set) = rustix::thread::sched_getaffinity(None) else { return Vec::new() };
    (0..rustix::thread::CpuSet::MAX_CPU).filter(|&cpu| set.is_set(cpu)).collect()
}

/// CPUs that this process may run on; none where processes cannot be kept on CPUs.
#[cfg(not(target_os = "linux"))]
pub fn allowed_cpus() -> Vec<usize> {
    Vec::new()
}

/// Keeps this thread, and the threads that it starts, on these CPUs; on any, if there are none.
#[cfg(target_os = "linux")]
pub fn pin(cpus: &[usize]) -> io::Result<()> {
    if cpus.is_empty() {
        return Ok(());
    }
    let mut set = rustix::thread::CpuSet::new();
    for &cpu in cpus {
        set.set(cpu);
    }
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// Open files that this process could allow itself without privilege.
pub fn hard_nofile() -> Option<u64> {
    rustix::process::getrlimit(Resource::Nofile).maximum
}

/// Keeps this thread on these CPUs; here, that cannot be done.
#[cfg(not(target_os = "linux"))]
pub fn pin(cpus: &[usize]) -> io::Result<()> {
    if cpus.is_empty() { Ok(()) } else { Err(io::ErrorKind::Unsupported.into()) }
}

/// Sets how many files this process may open: exactly `limit`, or as many as the system gives
/// where it is absent. Returns the limit in force.
pub fn set_nofile(limit: Option<u64>) -> io::Result<Option<u64>> {
    let now = rustix::process::getrlimit(Resource::Nofile);
    let wanted = match limit {
        None => Rlimit { current: now.maximum, maximum: now.maximum },
        // A privileged process may raise its maximum; anyone may keep it.
        Some(n) if now.maximum.is_some_and(|max| n > max) => {
            Rlimit { current: Some(n), maximum: Some(n) }
        }
        Some(n) => Rlimit { current: Some(n), maximum: now.maximum },
    };
    rustix::process::setrlimit(Resource::Nofile, wanted)?;
    Ok(rustix::process::getrlimit(Resource::Nofile).current)
}

/// Sets how much memory this process may take for its data: heap, stacks and whatever else it may
/// write to and nobody shares.
pub fn set_memory(bytes: u64) -> io::Result<()> {
    let now = rustix::process::getrlimit(Resource::Data);
    let most = now.maximum.map_or(bytes, |most| most.min(bytes));
    let wanted = Rlimit { current: Some(most), maximum: now.maximum };
    Ok(rustix::process::setrlimit(Resource::Data, wanted)?)
}

/// Lets timers of this thread, and of threads that it starts, fire as exactly as the kernel can:
/// by default it may be 50 µs late to wake several sleepers at once.
pub fn set_exact_timers() -> io::Result<()> {
    #[cfg(target_os = "linux")]
    rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1))?;
    Ok(())
}

/// Lets this thread run as soon as it can: ahead of every thread of ordinary priority. Only for one
/// that mostly waits. Whether the system allows it.
#[cfg(target_os = "linux")]
pub fn go_first() -> bool {
    // SAFETY: plain integers, for which all zeros is a valid value.
    let mut param: libc::sched_param = unsafe { std::mem::zeroed() };
    // The lowest of its kind: ahead of the ordinary, behind whatever else the system has.
    param.sched_priority = 1;
    // SAFETY: the pointer is to a live `sched_param`, which is only read.
    unsafe { libc::sched_setscheduler(0, libc::SCHED_FIFO, &raw const param) == 0 }
}

/// Counters of the network stack, of the whole machine (network namespace) since its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct NetCounters {
    /// Connections dropped because an accept queue was full.
    pub listen_overflows: Option<u64>,
    /// Connections that a listening socket dropped, for whatever reason.
    pub listen_drops: Option<u64>,
    /// TCP segments sent again.
    pub retransmits: Option<u64>,
    /// Of these, those that open a connection.
    pub syn_retransmits: Option<u64>,
    /// Times that TCP's timer ran out before an answer.
    pub tcp_timeouts: Option<u64>,
}

impl NetCounters {
    /// Now.
    pub fn now() -> NetCounters {
        let read = |file: &str| fs_err::read_to_string(file).unwrap_or_default();
        let (extended, tcp) = (read("/proc/net/netstat"), read("/proc/net/snmp"));
        let counter = |text: &str, group: &str, name: &str| {
            let mut lines = text.lines().filter_map(|l| l.strip_prefix(group));
            let (names, values) = (lines.next()?, lines.next()?);
            let column = names.split_whitespace().position(|n| n == name)?;
            values.split_whitespace().nth(column)?.parse().ok()
        };
        NetCounters {
            listen_overflows: counter(&extended, "TcpExt:", "ListenOverflows"),
            listen_drops: counter(&extended, "TcpExt:", "ListenDrops"),
            retransmits: counter(&tcp, "Tcp:", "RetransSegs"),
            syn_retransmits: counter(&extended, "TcpExt:", "TCPSynRetrans"),
            tcp_timeouts: counter(&extended, "TcpExt:", "TCPTimeouts"),
        }
    }

    /// Counts since `earlier`.
    pub fn since(self, earlier: NetCounters) -> NetCounters {
        let less = |now: Option<u64>, then: Option<u64>| Some(now?.saturating_sub(then?));
        NetCounters {
            listen_overflows: less(self.listen_overflows, earlier.listen_overflows),
            listen_drops: less(self.listen_drops, earlier.listen_drops),
            retransmits: less(self.retransmits, earlier.retransmits),
            syn_retransmits: less(self.syn_retransmits, earlier.syn_retransmits),
            tcp_timeouts: less(self.tcp_timeouts, earlier.tcp_timeouts),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn status_is_read_by_name() {
        let text = "Name:\tx\nVmHWM:\t  5000 kB\nVmRSS:\t 4000 kB\nThreads:\t3\n";
        let want =
            Status { max_rss_bytes: Some(5_120_000), rss_bytes: Some(4_096_000), threads: Some(3) };
        assert_eq!(parse_status(text), want);
        assert_eq!(parse_status("Name:\tx\n"), Status::default());
    }

    #[test]
    fn used_time_only_grows() {
        let before = Usage::now();
        let spent = (0..2_000_000u64).fold(0, |a, b| std::hint::black_box(a ^ b));
        std::hint::black_box(spent);
        assert!(Usage::now().since(before).cpu_ns() < 60_000_000_000);
        assert!(Usage::now().cpu_ns() > 0);
    }

    proptest! {
        /// A thread may seem to have more of user or kernel time than its process.
        #[test]
        fn what_is_left_adds_up_and_is_split_as_the_whole_was(
            (user, sys) in (0u64..1 << 50, 0u64..1 << 50),
            (part_user, part_sys) in (0u64..1 << 50, 0u64..1 << 50),
        ) {
            let of = |user_ns, sys_ns| Usage { user_ns, sys_ns, ..Usage::default() };
            let left = of(user, sys).without(of(part_user, part_sys));
            prop_assert_eq!(left.cpu_ns(), (user + sys).saturating_sub(part_user + part_sys));
            prop_assert!(left.user_ns <= user && left.sys_ns <= sys, "{:?}", left);
            prop_assert_eq!(of(user, sys).without(Usage::default()), of(user, sys));
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn linux_tells_everything() {
        let status = Status::now();
        assert!(status.max_rss_bytes >= status.rss_bytes && status.rss_bytes > Some(0));
        assert!(status.threads >= Some(1));
        assert!(open_files() >= Some(1));
        assert!(count_open_files().is_none_or(|n| n >= 3));
        assert!(!allowed_cpus().is_empty());
        assert!(NetCounters::now().listen_overflows.is_some());
        let net = NetCounters::now();
        assert!(net.listen_drops >= net.listen_overflows && net.retransmits.is_some());
        assert!(net.syn_retransmits.is_some() && net.tcp_timeouts.is_some());
    }
}
