//! Load of the machine by all programs.

use fs_err as fs;

use super::facts::value_of;

/// CPU time of the whole machine since its start, in clock ticks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpu {
    total: u64,
    idle: u64,
    steal: u64,
}

impl Cpu {
    /// Now; `None` where the system does not tell.
    pub fn now() -> Option<Cpu> {
        parse_stat(&fs::read_to_string("/proc/stat").ok()?)
    }

    /// Percent of CPU time that the hypervisor gave to others since `earlier`.
    pub fn steal_percent_since(self, earlier: Cpu) -> Option<f64> {
        self.percent(earlier, self.steal.checked_sub(earlier.steal)?)
    }

    /// Percent of CPU time that was not idle since `earlier`.
    pub fn busy_percent_since(self, earlier: Cpu) -> Option<f64> {
        let idle = self.idle.checked_sub(earlier.idle)?;
        self.percent(earlier, self.total.checked_sub(earlier.total)?.checked_sub(idle)?)
    }

    fn percent(self, earlier: Cpu, part: u64) -> Option<f64> {
        let total = self.total.checked_sub(earlier.total).filter(|&t| t > 0)?;
        // Two decimals: a tick is 10 ms, more digits would be noise in the record.
        Some((part as f64 / total as f64 * 10_000.0).round() / 100.0)
    }
}

/// `/proc/stat`, first line: user nice system idle iowait irq softirq steal guest guest_nice; the
/// last two are part of the first two.
fn parse_stat(text: &str) -> Option<Cpu> {
    let line = text.lines().next()?.strip_prefix("cpu ")?;
    let ticks: Vec<u64> = line.split_whitespace().map_while(|t| t.parse().ok()).collect();
    let at = |i: usize| ticks.get(i).copied();
    Some(Cpu {
        total: ticks.iter().take(8).sum(),
        idle: at(3)? + at(4).unwrap_or(0),
        steal: at(7).unwrap_or(0),
    })
}

/// A reading of load, clock and memory.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// Load average of the last minute.
    pub load_1min: Option<f64>,
    /// Mean clock of the CPUs, in MHz.
    pub cpu_mhz: Option<f64>,
    /// Memory that could be used without swapping.
    pub available_memory_bytes: Option<u64>,
}

impl Load {
    /// Now.
    pub fn now() -> Load {
        let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let clocks: Vec<f64> = read("/proc/cpuinfo")
            .lines()
            .filter_map(|l| l.strip_prefix("cpu MHz")?.split(':').nth(1)?.trim().parse().ok())
            .collect();
        let mean = clocks.iter().sum::<f64>() / clocks.len() as f64;
        let kib: Option<u64> = value_of(&read("/proc/meminfo"), "MemAvailable")
            .and_then(|v| v.split(' ').next()?.parse().ok());
        Load {
            load_1min: read("/proc/loadavg").split(' ').next().and_then(|l| l.parse().ok()),
            cpu_mhz: mean.is_finite().then(|| mean.round()),
            available_memory_bytes: kib.map(|kib| kib * 1024),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_of_the_time_between_two_readings() {
        let cpu = |line: &str| parse_stat(line).expect("a line of /proc/stat");
        let a = cpu("cpu  100 0 100 800 0 0 0 0 0 0\n");
        let b = cpu("cpu  150 0 120 910 0 0 0 20 7 0\n");
        assert_eq!(b.steal_percent_since(a), Some(10.0));
        assert_eq!(b.busy_percent_since(a), Some(45.0));
        assert_eq!(a.busy_percent_since(a), None);
        assert_eq!(parse_stat("intr 1 2 3"), None);
    }
}
