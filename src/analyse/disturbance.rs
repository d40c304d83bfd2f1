//! Signs that the machine was not left to the run. They are flagged, never deleted.

use std::fmt;

use crate::network::LinkKind;
use crate::record::{EnvRow, Recording, Status, TrialRow};

use super::stability::DISPERSED;

/// Share of the machine's CPU time, and of its clock, from which a flag is raised: what computes
/// without a pause loses as much of its speed as the blocks of a cell may spread. The recordings of
/// this repository have one block of 54 beyond it (5.1 % stolen), and else at most 3.4 % stolen and
/// 3.7 % spent by others.
const NOTABLE: f64 = DISPERSED;

/// CPU time that starting, ending and recording a trial costs outside of what its two processes
/// say of themselves: 5 to 30 ms in the recordings of this repository, what the system did on its
/// own meanwhile included.
const AROUND_A_TRIAL_NS: f64 = 30e6;

/// Blocks that are shorter are not judged. The system counts CPU time in ticks of 10 ms on each CPU,
/// which is 1 % of a second.
const SHORTEST_MS: u64 = 1_000;

/// A sign of disturbance of the machine; `Display` says what to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Disturbance {
    /// The hypervisor gave CPU time to others.
    Stolen {
        /// Share of the CPU time of the whole machine in the worst block, 0 to 1.
        most: f64,
        /// The blocks with a notable share.
        blocks: Vec<u32>,
    },
    /// Programs that are no part of the run used the CPUs.
    Busy {
        /// Share of the CPU time of the whole machine in the worst block, 0 to 1.
        most: f64,
        /// The blocks with a notable share.
        blocks: Vec<u32>,
    },
    /// The clock of the CPUs was not the same at the start of every block.
    ClockChanged {
        /// The slowest mean clock of all CPUs, in MHz.
        low_mhz: f64,
        /// The fastest.
        high_mhz: f64,
    },
}

impl fmt::Display for Disturbance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stolen { most, blocks } => write!(
                f,
                "the hypervisor took up to {:.1} % of the CPU time for others ({}): use a machine \
                 of its own, or measure at another time",
                most * 100.0,
                list(blocks)
            ),
            Self::Busy { most, blocks } => write!(
                f,
                "other programs used up to {:.1} % of the CPU time ({}): close them, or measure \
                 when they are done",
                most * 100.0,
                list(blocks)
            ),
            Self::ClockChanged { low_mhz, high_mhz } => write!(
                f,
                "the clock of the CPUs was {low_mhz:.0} to {high_mhz:.0} MHz at the starts of the \
                 blocks: fix it (governor `performance`, no turbo), or trust comparisons inside a \
                 block only"
            ),
        }
    }
}

/// `block 4`, `blocks 4, 7`
fn list(blocks: &[u32]) -> String {
    let noun = if blocks.len() == 1 { "block" } else { "blocks" };
    let numbers: Vec<String> = blocks.iter().map(ToString::to_string).collect();
    format!("{noun} {}", numbers.join(", "))
}

/// Flags for the whole run, from the rows of the environment. What the system did not tell raises
/// none; nor does the last block, after which there is no row, nor one of less than a second.
///
/// The load average is not looked at: it is a mean over the minute before, which counts the trials
/// themselves and what ended before the first.
#[must_use]
pub fn disturbances(recording: &Recording) -> Vec<Disturbance> {
    let flags = [
        worst(recording, stolen).map(|(most, blocks)| Disturbance::Stolen { most, blocks }),
        worst(recording, others).map(|(most, blocks)| Disturbance::Busy { most, blocks }),
        clock(recording),
    ];
    flags.into_iter().flatten().collect()
}

/// One measured block, between its own row of the environment and the next.
struct Span<'a> {
    recording: &'a Recording,
    start: &'a EnvRow,
    end: &'a EnvRow,
}

/// The blocks with a notable share, and the largest.
fn worst(recording: &Recording, share: impl Fn(&Span) -> Option<f64>) -> Option<(f64, Vec<u32>)> {
    let spans =
        recording.env.windows(2).map(|rows| Span { recording, start: &rows[0], end: &rows[1] });
    let notable: Vec<(f64, u32)> = spans
        .filter(|span| span.start.block > 0 && span.wall_ms() >= Some(SHORTEST_MS))
        .filter_map(|span| Some((share(&span)?, span.start.block)))
        .filter(|(share, _)| *share > NOTABLE)
        .collect();
    let most = notable.iter().map(|(share, _)| *share).max_by(f64::total_cmp)?;
    Some((most, notable.into_iter().map(|(_, block)| block).collect()))
}

fn stolen(span: &Span) -> Option<f64> {
    Some(span.end.steal_percent? / 100.0)
}

/// CPU share of other programs: busy time less stolen time and that of the trials themselves. The
/// CPUs are those that the run could use: where the machine has more of them, this is too low,
/// never too high.
fn others(span: &Span) -> Option<f64> {
    let busy = (span.end.busy_percent? - span.end.steal_percent.unwrap_or(0.0)) / 100.0;
    let cpus = span.recording.machine.as_ref().filter(|machine| machine.cpus > 0)?.cpus;
    let trials: Vec<&TrialRow> = span.trials().collect();
    let own: Option<u64> = trials
        .iter()
        // One that was skipped took nothing.
        .filter(|trial| trial.status != Status::Skipped)
        .map(|trial| {
            // What netem takes is in no process's account.
            let relay = trial.rtt_cpu_ns.unwrap_or(0);
            let relay = (trial.rtt_kind != LinkKind::Netem.name()).then_some(relay)?;
            Some(trial.client_cpu_process_ns? + trial.server_cpu_ns()? + relay)
        })
        .sum();
    // A trial that failed did not say what it took.
    let own = own.filter(|_| !trials.is_empty())? as f64;
    let around = AROUND_A_TRIAL_NS * trials.len() as f64;
    Some(busy - (own + around) / (span.wall_ms()? as f64 * 1e6 * cpus as f64))
}

impl Span<'_> {
    /// Duration of the span; `None` if the clock was set back meanwhile.
    fn wall_ms(&self) -> Option<u64> {
        self.end.at_unix_ms.checked_sub(self.start.at_unix_ms)
    }

    /// The trials of the block, if it was not interrupted.
    fn trials(&self) -> impl Iterator<Item = &TrialRow> {
        let EnvRow { block, attempt, .. } = *self.start;
        self.recording.trials.iter().filter(move |t| t.block == block && t.attempt == attempt)
    }
}

fn clock(recording: &Recording) -> Option<Disturbance> {
    let measured = recording.env.iter().filter(|row| row.block > 0);
    let clocks: Vec<f64> = measured.filter_map(|row| row.cpu_mhz).collect();
    let low_mhz = clocks.iter().copied().min_by(f64::total_cmp)?;
    let high_mhz = clocks.iter().copied().max_by(f64::total_cmp)?;
    (high_mhz > low_mhz * (1.0 + NOTABLE))
        .then_some(Disturbance::ClockChanged { low_mhz, high_mhz })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::synthetic::{experiment, recording, strategy};

    /// Three blocks of a second on two CPUs. The two strategies and the twin take 14 ms of CPU time
    /// a trial, so 42 ms of 2 s are their own, and 90 ms may be spent around them.
    fn quiet() -> Recording {
        let strategies =
            vec![strategy("sync", "sequential", None), strategy("async", "async-all", None)];
        let mut recording = recording(experiment(strategies, 3), |_, _, _| {});
        recording.env = (0..=3)
            .map(|block| EnvRow {
                block,
                attempt: 1,
                at_unix_ms: 1_000_000 + u64::from(block) * 1_000,
                // What was before is nothing against the run.
                load_1min: Some(4.0),
                steal_percent: (block > 0).then_some(0.5),
                busy_percent: (block > 0).then_some(9.0),
                cpu_mhz: Some(2_600.0),
                ..EnvRow::default()
            })
            .collect();
        recording
    }

    fn texts(recording: &Recording) -> Vec<String> {
        disturbances(recording).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_quiet_machine_raises_no_flag() {
        assert_eq!(disturbances(&quiet()), []);
    }

    #[test]
    fn a_row_tells_of_the_block_before_it() {
        let mut recording = quiet();
        // The warm-up is not analysed.
        recording.env[1].steal_percent = Some(20.0);
        assert_eq!(texts(&recording), [""; 0]);
        recording.env[2].steal_percent = Some(5.5);
        recording.env[3].steal_percent = Some(7.25);
        assert_eq!(
            texts(&recording),
            ["the hypervisor took up to 7.2 % of the CPU time for others (blocks 1, 2): use a \
              machine of its own, or measure at another time"]
        );
    }

    #[test]
    fn what_the_trials_take_themselves_is_not_the_work_of_others() {
        let mut recording = quiet();
        // 20 % less 0.5 % stolen, less (42 + 90) ms of 2 s.
        recording.env[3].busy_percent = Some(20.0);
        let [Disturbance::Busy { most, blocks }] = &disturbances(&recording)[..] else {
            panic!("{:?}", disturbances(&recording));
        };
        assert!((most - 0.129).abs() < 1e-9, "{most}");
        assert_eq!(blocks, &[2]);
        assert_eq!(
            texts(&recording),
            ["other programs used up to 12.9 % of the CPU time (block 2): close them, or measure \
              when they are done"]
        );
        for row in recording.trials.iter_mut().filter(|row| row.block == 2) {
            row.client_cpu_process_ns = row.client_cpu_process_ns.map(|ns| ns + 50_000_000);
            row.rtt_cpu_ns = Some(50_000_000);
        }
        assert_eq!(disturbances(&recording), [], "300 ms more are the trials' own");
        recording.env[3].busy_percent = Some(90.0);
        assert_eq!(disturbances(&recording).len(), 1);
        for row in recording.trials.iter_mut().filter(|row| row.block == 2) {
            row.rtt_kind = "netem".to_owned();
        }
        assert_eq!(disturbances(&recording), [], "nobody knows what the network took");
    }

    #[test]
    fn where_the_own_share_is_not_known_nothing_is_said_of_others() {
        let mut recording = quiet();
        recording.env[3].busy_percent = Some(90.0);
        let failed = recording.trials.iter_mut().find(|row| row.block == 2).expect("a trial");
        failed.set_status(Status::Failed, "it took longer than its deadline");
        failed.client_cpu_process_ns = None;
        assert_eq!(disturbances(&recording), []);

        let mut moved = quiet();
        moved.env[3].busy_percent = Some(90.0);
        moved.machine = None;
        assert_eq!(disturbances(&moved), []);

        let mut repeated = quiet();
        repeated.env[3].busy_percent = Some(90.0);
        repeated.env[2].attempt = 2;
        assert_eq!(disturbances(&repeated), [], "its trials are those of another attempt");
    }

    #[test]
    fn a_block_of_a_few_ticks_is_not_judged() {
        let mut recording = quiet();
        recording.env[3].steal_percent = Some(50.0);
        recording.env[3].at_unix_ms -= 1;
        assert_eq!(disturbances(&recording), []);
        recording.env[3].at_unix_ms = 0;
        assert_eq!(disturbances(&recording), [], "the clock was set back");
    }

    #[test]
    fn a_clock_that_changes_is_told_with_its_range() {
        let mut recording = quiet();
        recording.env[2].cpu_mhz = Some(2_500.0);
        assert_eq!(disturbances(&recording), []);
        recording.env[2].cpu_mhz = Some(1_800.0);
        assert_eq!(
            texts(&recording),
            ["the clock of the CPUs was 1800 to 2600 MHz at the starts of the blocks: fix it \
              (governor `performance`, no turbo), or trust comparisons inside a block only"]
        );
        for row in &mut recording.env {
            (row.cpu_mhz, row.busy_percent, row.steal_percent) = (None, None, None);
        }
        assert_eq!(disturbances(&recording), []);
    }
}
