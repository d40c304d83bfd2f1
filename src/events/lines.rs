//! Plain lines, where there is no terminal.

use std::io::Write;
use std::time::{Duration, Instant};

use super::course::Course;
use super::{Event, Sink};
use crate::plan::Plan;
use crate::record::Status;

/// A long trial is spoken of this often.
const SPOKEN_EVERY: Duration = Duration::from_secs(30);

/// A line for each block, and for whatever else is worth one.
pub struct Lines<W: Write> {
    out: W,
    course: Course,
    /// When the trial that runs was last spoken of.
    spoken: Option<Instant>,
    bad_in_block: usize,
    skipped_in_block: usize,
}

impl<W: Write> Lines<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Lines<W> {
        let course = Course::default();
        Lines { out, course, spoken: None, bad_in_block: 0, skipped_in_block: 0 }
    }

    fn say(&mut self, line: &str) {
        // There is nobody to tell that nobody reads.
        let _ = writeln!(self.out, "{line}");
    }
}

impl<W: Write> Sink for Lines<W> {
    fn note(&mut self, plan: &Plan, event: Event) {
        if let Some(line) = self.course.note(plan, event) {
            self.say(&line);
        }
        match event {
            Event::TrialBegun(_) => self.spoken = None,
            Event::Tick(planned, tick) => {
                let progress = self.course.progress(plan, planned, tick);
                let spoken = self.spoken.get_or_insert_with(Instant::now);
                if spoken.elapsed() >= SPOKEN_EVERY {
                    *spoken = Instant::now();
                    let (trial, cell) = (&planned.trial, &plan.cells[planned.cell].name);
                    self.say(&format!("{trial} {cell}: {progress}, {}", self.course.left()));
                }
            }
            Event::TrialEnded(_, row) => match row.status {
                Status::Ok => {}
                Status::Skipped => self.skipped_in_block += 1,
                Status::Failed | Status::Invalid | Status::Aborted => self.bad_in_block += 1,
            },
            Event::BlockEnded(number) => {
                let blocks = &plan.experiment.blocks;
                let most = if blocks.until.is_some() { "at most " } else { "" };
                let block = match number {
                    0 => "warm-up".to_owned(),
                    n => format!("block {n} of {most}{}", blocks.count),
                };
                let some = |n, what| if n > 0 { format!(", {n} {what}") } else { String::new() };
                let bad = some(std::mem::take(&mut self.bad_in_block), "trials not ok");
                let skipped = some(std::mem::take(&mut self.skipped_in_block), "skipped");
                self.say(&format!("{block} done{bad}{skipped}, {}", self.course.left()));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::events::Summary;
    use crate::plan::{Only, PlannedTrial};
    use crate::record::TrialRow;
    use crate::record::synthetic::{experiment, strategy};

    #[test]
    fn a_run_is_a_line_for_each_block_and_for_each_new_trouble() {
        let strategies = vec![strategy("async", "async-workers", Some(10))];
        let mut experiment = experiment(strategies, 2);
        experiment.blocks.repeat_invalid = 1;
        let plan = Plan::new(experiment, &Only::default()).expect("a plan");
        let left: Vec<&PlannedTrial> = plan.trials.iter().collect();
        let blocks: Vec<&[&PlannedTrial]> = left.chunk_by(|a, b| a.block == b.block).collect();
        let mut lines = Lines::new(Vec::new());
        let block = |lines: &mut Lines<Vec<u8>>, number: usize, status, reason: &str| {
            for planned in blocks[number] {
                let mut row = TrialRow::planned(&plan, planned, 1);
                row.set_status(status, reason);
                lines.note(&plan, Event::TrialBegun(planned));
                lines.note(&plan, Event::TrialEnded(planned, &row));
            }
            lines.note(&plan, Event::BlockEnded(number as u32));
        };
        lines.note(&plan, Event::Warning("one CPU only"));
        lines.note(&plan, Event::Planned(&left));
        block(&mut lines, 0, Status::Ok, "");
        block(&mut lines, 1, Status::Invalid, "late");
        lines.note(&plan, Event::Repeated(blocks[1], 1));
        block(&mut lines, 1, Status::Skipped, "no network");
        block(&mut lines, 2, Status::Skipped, "no network");
        let summary = Summary { narrow_enough_after: Some(2), ..Summary::default() };
        lines.note(&plan, Event::Ended(&summary));
        let text = String::from_utf8(lines.out).expect("text");
        // How long it takes is not planned.
        let timeless: Vec<&str> =
            text.lines().map(|l| l.split(", about").next().unwrap_or(l)).collect();
        insta::assert_snapshot!(timeless.join("\n"), @"
        warning: one CPU only
        warm-up done
        b001p000 async: invalid: late
        b001p001 async: invalid: late
        block 1 of 2 done, 2 trials not ok
        block 1 is repeated (1 of at most 1 times): the server was late
        b001p000 async: skipped: no network
        block 1 of 2 done, 2 skipped
        block 2 of 2 done, 2 skipped, done
        block 2 is the last: every interval is narrow enough
        ");
    }
}
