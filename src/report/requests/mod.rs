//! Numbers from the request rows of a recording. Every file is read once, row by row, several
//! trials at a time, and only what is shown is kept.

mod counts;
mod pieces;

use rayon::prelude::*;

use crate::analyse::median;
use crate::plan::Cell;
use crate::record::{RecordError, Recording, Scanned, TrialRow};
use crate::strategy::probe::{Phase, failed_in, times_ns};

use counts::{Counts, p99};
pub(super) use pieces::Direction;
use pieces::{PieceCounts, PieceNumbers};

/// Rows of a trial that are kept for charts: of more every second, every fourth, and so on. No
/// chart has as many lines of pixels.
const MOST_KEPT: usize = 8_192;

/// When the phases of one request ended. Nanoseconds since the start of the trial's window.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) scheduled_ns: u64,
    pub(super) start_ns: u64,
    /// Ends in the order of [`Phase::ALL`]; [`UNKNOWN_END`] where nobody can tell.
    ends_ns: [u64; Phase::ALL.len()],
    pub(super) end_ns: u64,
    pub(super) failed: bool,
    /// Place among all requests of the trial; `u32::MAX` if that is not told.
    index: u32,
    /// Delay that the server says it kept; [`UNKNOWN_END`] if it does not.
    served_ns: u64,
}

const UNKNOWN_END: u64 = u64::MAX;

impl Times {
    fn of(row: &Scanned) -> Option<Times> {
        // A loop, for millions of rows: `map` of an array is not taken apart by the compiler.
        let mut ends_ns = [UNKNOWN_END; Phase::ALL.len()];
        for phase in Phase::ALL {
            ends_ns[phase as usize] = row.end_of(phase).unwrap_or(UNKNOWN_END);
        }
        let known = |phase: Phase| Some(ends_ns[phase as usize]).filter(|&end| end != UNKNOWN_END);
        Some(Times {
            scheduled_ns: row.scheduled_ns()?,
            start_ns: known(Phase::Queue)?,
            ends_ns,
            end_ns: known(Phase::Receive)?,
            failed: row.failed(),
            index: u32::MAX,
            served_ns: UNKNOWN_END,
        })
    }

    /// End of a phase.
    pub(super) fn end_of(&self, phase: Phase) -> Option<u64> {
        Some(self.ends_ns[phase as usize]).filter(|&end| end != UNKNOWN_END)
    }

    /// Place among all requests of the trial.
    pub(super) fn index(&self) -> Option<usize> {
        (self.index != u32::MAX).then_some(self.index as usize)
    }

    /// Delay that the server says it kept.
    pub(super) fn served_ns(&self) -> Option<u64> {
        Some(self.served_ns).filter(|&served| served != UNKNOWN_END)
    }

    /// From its start to its end.
    fn took_ns(&self) -> u64 {
        self.end_ns.saturating_sub(self.start_ns)
    }

    fn known_ends(&self) -> [Option<u64>; Phase::ALL.len()] {
        Phase::ALL.map(|phase| self.end_of(phase))
    }

    /// The time in each phase that is known.
    pub(super) fn phases_ns(&self) -> impl Iterator<Item = (Phase, u64)> {
        let ends = Phase::ALL.into_iter().map(|phase| (phase, self.end_of(phase)));
        times_ns(self.scheduled_ns, ends)
    }
}

/// Rows of one trial, evenly spread over it: one of every so many, failed ones in proportion, and the
/// slowest.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) trial: TrialRow,
    /// Rows that the record has of it.
    pub(super) rows: usize,
    /// One of every n of them is here: 1 is all.
    pub(super) every: usize,
    /// Requests in the order of the record.
    pub(super) requests: Vec<Times>,
    /// Whether any row has a mark of the library.
    pub(super) has_marks: bool,
    /// Rows that failed, and those of them that are kept.
    failed: usize,
    failed_kept: usize,
    /// The row that took longest, with its place.
    slowest: Option<(usize, Times)>,
}

impl Kept {
    fn of(trial: TrialRow) -> Kept {
        Kept {
            trial,
            rows: 0,
            every: 1,
            requests: Vec::new(),
            has_marks: false,
            failed: 0,
            failed_kept: 0,
            slowest: None,
        }
    }

    fn add(&mut self, times: Times) {
        let is_first = self.rows.is_multiple_of(self.every);
        if is_first && self.requests.len() == MOST_KEPT {
            self.halve();
        }
        // MOST_KEPT is even, so it is still the first of its n.
        self.failed += usize::from(times.failed);
        let wanted = self.failed_kept * self.every < self.failed;
        if is_first {
            self.failed_kept += usize::from(times.failed);
            self.requests.push(times);
        } else if let Some(kept) = self.requests.last_mut()
            && kept.failed != wanted
            && times.failed == wanted
        {
            // Failures that come at even distances are seen too.
            self.failed_kept = self.failed_kept + usize::from(wanted) - usize::from(!wanted);
            *kept = times;
        }
        if self.slowest.is_none_or(|(_, slowest)| slowest.took_ns() < times.took_ns()) {
            self.slowest = Some((self.rows, times));
        }
        self.rows += 1;
        let mut library = Phase::OF_LIBRARY.into_iter();
        self.has_marks |= library.any(|phase| times.end_of(phase).is_some());
    }

    /// Keeps one of every two, failed ones in proportion.
    fn halve(&mut self) {
        self.every *= 2;
        let (mut failed, mut kept) = (0, 0);
        let all = std::mem::take(&mut self.requests);
        for pair in all.chunks(2) {
            failed += pair.iter().filter(|times| times.failed).count();
            let wanted = kept * 2 < failed;
            let one = *pair.iter().find(|times| times.failed == wanted).unwrap_or(&pair[0]);
            kept += usize::from(one.failed);
            self.requests.push(one);
        }
        self.failed_kept = kept;
    }

    /// Puts the slowest row in its place, or, where that stands for a failure, beside it.
    fn with_slowest(mut self) -> Kept {
        if let Some((row, slowest)) = self.slowest.filter(|_| self.every > 1) {
            let place = row / self.every;
            match self.requests.get_mut(place) {
                Some(kept) if kept.failed == slowest.failed => *kept = slowest,
                _ => self.requests.insert(place.min(self.requests.len()), slowest),
            }
        }
        self
    }
}

/// The time in a phase, over the successful requests that were in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct PhaseNumbers {
    /// Nanoseconds: half of the requests were in it for no longer.
    pub(super) p50_ns: f64,
    /// 99th percentile of the time in it; `None` of too few requests.
    pub(super) p99_ns: Option<f64>,
    /// Share of the successful requests.
    pub(super) share: f64,
}

/// Failed requests of one class that ended in the same phase.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FailedRows {
    pub(super) class: String,
    pub(super) phase: Phase,
    pub(super) requests: u64,
    /// The raw error chain of the first.
    pub(super) chain: String,
}

/// Numbers from the rows of a cell's measurements.
#[derive(Debug, Default)]
pub(super) struct Digest {
    /// Measurements with rows.
    pub(super) trials: usize,
    /// Rows of them.
    pub(super) rows: u64,
    /// Phases in the order of [`Phase::ALL`]: the median over the trials of each trial's numbers.
    pub(super) phases: [Option<PhaseNumbers>; Phase::ALL.len()],
    /// Pieces of bodies in the order of [`Direction::ALL`]: the median over the trials of each
    /// trial's numbers.
    pub(super) pieces: [Option<PieceNumbers>; Direction::ALL.len()],
    /// Failures by class, then by phase.
    pub(super) failures: Vec<FailedRows>,
    /// The rows of the measurement whose wall time is nearest to the median.
    pub(super) kept: Option<Kept>,
}

/// The digests of all cells, in the order of the plan. `measured` are the trials of each that
/// count, that which speaks for it first.
pub(super) fn digests(
    recording: &Recording,
    measured: &[Vec<&TrialRow>],
) -> Result<Vec<Digest>, RecordError> {
    let mut jobs = Vec::new();
    for (cell, trials) in measured.iter().enumerate() {
        let mut speaks = true;
        for &trial in trials {
            let Some(mut scan) = recording.requests(&trial.trial)? else { continue };
            if speaks && scan.next_row()?.is_some() {
                jobs.push((cell, trial, true));
                speaks = false;
            } else {
                jobs.push((cell, trial, false));
            }
        }
    }
    let read = |&(cell, trial, keep): &(usize, &TrialRow, bool)| {
        let planned = &recording.plan.cells[cell];
        Ok((cell, OfTrial::read(recording, planned, trial, keep)?))
    };
    let read: Vec<(usize, OfTrial)> =
        jobs.par_iter().map(read).collect::<Result<_, RecordError>>()?;
    let mut by_cell: Vec<Vec<OfTrial>> = measured.iter().map(|_| Vec::new()).collect();
    for (cell, of_trial) in read {
        by_cell[cell].push(of_trial);
    }
    Ok(by_cell.into_iter().map(Digest::of).collect())
}

impl Digest {
    fn of(mut trials: Vec<OfTrial>) -> Digest {
        let kept = trials.iter_mut().find_map(|trial| trial.kept.take());
        trials.retain(|trial| trial.rows > 0);
        // The first failure is that of the first block.
        trials.sort_by_key(|trial| trial.block);
        let mut failures: Vec<FailedRows> = Vec::new();
        for failed in trials.iter_mut().flat_map(|trial| trial.failures.drain(..)) {
            add_failures(&mut failures, failed);
        }
        failures.sort_by(|a, b| (&a.class, a.phase).cmp(&(&b.class, b.phase)));
        let over_trials = |phase: Phase| {
            let all = trials.iter().filter_map(|trial| trial.phases[phase as usize]);
            let all: Vec<PhaseNumbers> = all.collect();
            let middle = |of: fn(&PhaseNumbers) -> Option<f64>| {
                median(&all.iter().filter_map(of).collect::<Vec<_>>()).ok().map(|e| e.value)
            };
            Some(PhaseNumbers {
                p50_ns: middle(|n| Some(n.p50_ns))?,
                p99_ns: middle(|n| n.p99_ns),
                share: middle(|n| Some(n.share))?,
            })
        };
        Digest {
            trials: trials.len(),
            rows: trials.iter().map(|trial| trial.rows).sum(),
            phases: Phase::ALL.map(over_trials),
            pieces: Direction::ALL.map(|direction| {
                let of = trials.iter().filter_map(|trial| trial.pieces[direction as usize]);
                PieceNumbers::over_trials(&of.collect::<Vec<_>>())
            }),
            failures,
            kept,
        }
    }
}

fn add_failures(all: &mut Vec<FailedRows>, failed: FailedRows) {
    match all.iter_mut().find(|f| f.class == failed.class && f.phase == failed.phase) {
        Some(known) => known.requests += failed.requests,
        None => all.push(failed),
    }
}

/// Numbers from the rows of one trial.
struct OfTrial {
    block: u32,
    rows: u64,
    phases: [Option<PhaseNumbers>; Phase::ALL.len()],
    pieces: [Option<PieceNumbers>; Direction::ALL.len()],
    failures: Vec<FailedRows>,
    kept: Option<Kept>,
}

impl OfTrial {
    fn read(
        recording: &Recording,
        cell: &Cell,
        trial: &TrialRow,
        keep: bool,
    ) -> Result<OfTrial, RecordError> {
        let kept = Kept::of(trial.clone());
        let mut of_trial = OfTrial {
            block: trial.block,
            rows: 0,
            phases: [None; Phase::ALL.len()],
            pieces: [None; Direction::ALL.len()],
            failures: Vec::new(),
            kept: keep.then_some(kept),
        };
        let Some(mut scan) = recording.requests(&trial.trial)? else { return Ok(of_trial) };
        let tells = tells(recording, cell, scan.has_marks());
        let mut succeeded = 0u64;
        let mut counted: [Option<Counts>; Phase::ALL.len()] = Default::default();
        let mut pieces = PieceCounts::default();
        while let Some(row) = scan.next_row()? {
            let Some(times) = Times::of(&row) else {
                return Err(scan.damaged("one of scheduled_ns, start_ns and end_ns is empty"));
            };
            of_trial.rows += 1;
            if let Some(kept) = &mut of_trial.kept {
                // Of the one trial that is kept: reading them costs time.
                let index = row.index().and_then(|index| u32::try_from(index).ok());
                let served_ns = row.served_delay_ns().unwrap_or(UNKNOWN_END);
                kept.add(Times { index: index.unwrap_or(u32::MAX), served_ns, ..times });
            }
            if times.failed {
                // Who waits for a stream has a connection that does not carry it yet.
                let class = row.error().unwrap_or_default();
                let connected = row.was_carried() || class == "timeout(stream)";
                let failed = FailedRows {
                    class,
                    phase: failed_in(times.known_ends(), connected, tells),
                    requests: 1,
                    chain: row.error_chain().unwrap_or_default(),
                };
                add_failures(&mut of_trial.failures, failed);
                continue;
            }
            succeeded += 1;
            match row.pieces() {
                Ok(None) => {}
                Ok(Some(lists)) => pieces.add(&lists),
                Err(what) => return Err(scan.damaged(what)),
            }
            for (phase, time) in times.phases_ns() {
                counted[phase as usize].get_or_insert_with(Counts::new).add(time);
            }
        }
        of_trial.kept = of_trial.kept.map(Kept::with_slowest);
        of_trial.pieces = pieces.numbers(succeeded);
        of_trial.phases = counted.map(|counts| {
            let histogram = counts?.histogram();
            Some(PhaseNumbers {
                p50_ns: histogram.value_at_quantile(0.5) as f64,
                p99_ns: p99(&histogram),
                share: histogram.len() as f64 / succeeded as f64,
            })
        });
        Ok(of_trial)
    }
}

/// The phases whose end can be known in a cell's rows, in the order of [`Phase::ALL`].
fn tells(recording: &Recording, cell: &Cell, has_marks: bool) -> [bool; Phase::ALL.len()] {
    let scenario = recording.plan.scenario_of(cell);
    let told = cell.strategy.tells(scenario.dns_delay_ns.is_some(), scenario.tls);
    Phase::ALL
        .map(|phase| told[phase as usize] && (has_marks || !Phase::OF_LIBRARY.contains(&phase)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(marks: &[(Phase, u64)]) -> Times {
        let mut ends_ns = [UNKNOWN_END; Phase::ALL.len()];
        for &(phase, end) in marks {
            ends_ns[phase as usize] = end;
        }
        let end = |phase: Phase| ends_ns[phase as usize];
        let (start_ns, end_ns) = (end(Phase::Queue), end(Phase::Receive));
        let (index, served_ns) = (u32::MAX, UNKNOWN_END);
        Times { scheduled_ns: 0, start_ns, ends_ns, end_ns, failed: true, index, served_ns }
    }

    #[test]
    fn times_in_phases_add_up_and_are_never_negative() {
        let marks = [(Phase::Queue, 10), (Phase::Pool, 8), (Phase::Wait, 30), (Phase::Receive, 31)];
        let parts: Vec<u64> = times(&marks).phases_ns().map(|(_, time)| time).collect();
        assert_eq!(parts, [10, 0, 20, 1]);
    }

    #[test]
    fn a_failed_request_ends_in_the_phase_after_its_last_mark() {
        let all = [true; Phase::ALL.len()];
        let recorder = Phase::ALL.map(|p| matches!(p, Phase::Queue | Phase::Wait | Phase::Receive));
        let queued = [(Phase::Queue, 1), (Phase::Receive, 9)];
        let dns = [(Phase::Queue, 1), (Phase::Dns, 2), (Phase::Receive, 9)];
        let head = [(Phase::Queue, 1), (Phase::Wait, 5), (Phase::Receive, 9)];
        assert_eq!(failed_in(times(&queued).known_ends(), false, all), Phase::Pool);
        assert_eq!(failed_in(times(&queued).known_ends(), false, recorder), Phase::Wait);
        assert_eq!(failed_in(times(&queued).known_ends(), true, all), Phase::Stream);
        assert_eq!(failed_in(times(&dns).known_ends(), false, all), Phase::Connect);
        assert_eq!(failed_in(times(&head).known_ends(), true, all), Phase::Receive);
        let never = [(Phase::Queue, 9), (Phase::Receive, 9)];
        assert_eq!(failed_in(times(&never).known_ends(), false, all), Phase::Queue);
    }

    #[test]
    fn kept_rows_are_evenly_spread() {
        let trial = TrialRow::default();
        let mut kept = Kept::of(trial);
        let all = MOST_KEPT * 5 + 3;
        for index in 0..all {
            let mut times = times(&[(Phase::Queue, 1), (Phase::Receive, 2)]);
            times.scheduled_ns = index as u64;
            kept.add(times);
        }
        assert_eq!((kept.rows, kept.every), (all, 8));
        assert_eq!(kept.requests.len(), all.div_ceil(8));
        for (place, times) in kept.requests.iter().enumerate() {
            assert_eq!(times.scheduled_ns as usize, place * 8);
        }
    }

    #[test]
    fn failures_at_even_distances_and_the_slowest_row_are_kept() {
        let all = MOST_KEPT * 3 + 1;
        // Never the first of four, and the slowest is the third of four.
        for (period, slow) in [(4, 4_002), (7, 11), (10_000, all - 2)] {
            let mut kept = Kept::of(TrialRow::default());
            for row in 0..all {
                let took = if row == slow { 9 } else { 1 };
                let mut times = times(&[(Phase::Queue, 1), (Phase::Receive, 1 + took)]);
                times.failed = row % period == period - 1;
                kept.add(times);
            }
            let kept = kept.with_slowest();
            assert!(kept.requests.iter().any(|times| times.took_ns() == 9));
            let failed = kept.requests.iter().filter(|times| times.failed).count();
            let expected = all / period / kept.every;
            assert!(failed >= 1 && failed.abs_diff(expected) <= 2, "{failed} of {expected}");
        }
    }
}
