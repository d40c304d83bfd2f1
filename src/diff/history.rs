//! One experiment over recordings of one machine: each is compared with the one before it.
//!
//! The comparisons of a history are one family, so that a long one does not call a change by chance more
//! often than a short one. Many small changes may each stay within the margin: the last recording is compared
//! with the first too, by itself.

use crate::page::{Block, Table, cells, code, heading, strong, words};
use crate::spec::Metric;
use crate::units::counted;

use super::words as said;
use super::{CellDiff, CellSide, Contest, Diff, Options, Outcome, Side, compare};

/// A recording of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    /// Name of the recording.
    pub recording: String,
    /// When it began, for a reader.
    pub started: String,
    /// The build, short.
    pub build: String,
}

/// Recordings of one experiment on one machine, the oldest first.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// Name of the machine.
    pub machine: String,
    /// The recordings.
    pub points: Vec<Point>,
    /// Comparisons of each with the one before; one fewer than there are recordings.
    pub steps: Vec<Diff>,
    /// Comparison of the last with the first, where others are between them.
    pub whole: Option<Diff>,
}

impl History {
    /// Compares recordings that stand in the order of their dates.
    pub fn of(machine: &str, recordings: Vec<(Point, Side)>, options: &Options) -> History {
        let (points, sides): (Vec<Point>, Vec<Side>) = recordings.into_iter().unzip();
        let between = |base: &Side, new: &Side| Contest::between(base.clone(), new.clone());
        let steps: Vec<Contest> = sides.windows(2).map(|two| between(&two[0], &two[1])).collect();
        let whole = match sides.as_slice() {
            [first, _, .., last] => compare(&[between(first, last)], options).pop(),
            _ => None,
        };
        History { machine: machine.to_owned(), points, steps: compare(&steps, options), whole }
    }

    /// All of its comparisons.
    pub fn diffs(&self) -> Vec<Diff> {
        self.steps.iter().chain(&self.whole).cloned().collect()
    }

    /// A table for each cell and metric, with a row for each recording.
    pub fn blocks(&self) -> Vec<Block> {
        let mut out = vec![heading(2, words!("On "(code(&self.machine))))];
        if self.steps.is_empty() {
            out.push("There is one recording only, and nothing to compare it with.".into());
            return out;
        }
        out.push(self.summary().into());
        let mut seen: Vec<(&str, Metric)> = Vec::new();
        for cell in self.steps.iter().chain(&self.whole).flat_map(|diff| &diff.cells) {
            if !seen.contains(&(&cell.id, cell.metric)) {
                seen.push((&cell.id, cell.metric));
                out.push(heading(3, self.title(cell)));
                out.push(self.table(&cell.id, cell.metric).into());
            }
        }
        let broken = self.steps.iter().filter(|step| !step.is_judged());
        let broken =
            broken.map(|step| words!((code(&step.new.recording)) ": " (said::standing(step))));
        let broken: Vec<_> = broken.collect();
        if !broken.is_empty() {
            out.push(Block::List(broken));
        }
        out.push(said::LIMIT.into());
        out
    }

    /// How many steps changed anything, how many may have, and whether the whole did.
    fn summary(&self) -> String {
        let any = |step: &Diff, is: fn(Outcome) -> bool| step.cells.iter().any(|c| is(c.outcome));
        let changed = self.steps.iter().filter(|step| any(step, is_change)).count();
        let is_open = |step: &&Diff| {
            let lone = !step.only_in_base.is_empty() || !step.only_in_new.is_empty();
            lone || step.cells.is_empty()
                || any(step, |o| !is_change(o) && o != Outcome::Equivalent)
        };
        let open = self.steps.iter().filter(is_open).count();
        let open = match open {
            0 => String::new(),
            open => format!(" In {open}, a cell is undecided or not compared."),
        };
        let steps =
            format!("{changed} of {} changed a cell.{open}", counted(self.steps.len(), "step"));
        match &self.whole {
            Some(whole) => format!("{steps} From the first to the last: {}.", said::summary(whole)),
            None => steps,
        }
    }

    fn title(&self, cell: &CellDiff) -> String {
        let name = said::name(&cell.name, &cell.scenario);
        let several = self.steps.iter().any(|step| step.metrics().count() > 1);
        if several { format!("{name}: {}", cell.metric.name()) } else { name }
    }

    fn table(&self, id: &str, metric: Metric) -> Table {
        let found = |diff: &Diff| -> Option<usize> {
            diff.cells.iter().position(|cell| cell.id == id && cell.metric == metric)
        };
        let mut table = Table::new(["recorded", "build"])
            .numbers(["median (interval)", "× before", "95 % interval"])
            .text(["verdict", "note"]);
        let mut row =
            |point: &Point, side: Option<(&CellSide, bool)>, step: Option<(&Diff, &CellDiff)>| {
                let value =
                    side.map_or_else(none, |(side, relative)| said::value(side, metric, relative));
                let [ratio, range] =
                    step.map_or([none(), none()], |(diff, cell)| said::ratio_and_range(diff, cell));
                let verdict = match step {
                    Some((_, cell)) if is_change(cell.outcome) => {
                        strong(said::word(cell.outcome, metric))
                    }
                    Some((_, cell)) => said::word(cell.outcome, metric).into(),
                    None => none().into(),
                };
                let note =
                    step.map_or(String::new(), |(diff, cell)| said::notes(diff, cell).join("; "));
                table.row(cells![&point.started, &point.build, value, ratio, range, verdict, note]);
            };
        for (index, point) in self.points.iter().enumerate() {
            let before = index.checked_sub(1).map(|step| &self.steps[step]);
            let step = before.and_then(|diff| Some((diff, &diff.cells[found(diff)?])));
            // The first recording, and one whose cell the one before had not, are known from the step after it.
            let after = || {
                let diff = self.steps.get(index)?;
                Some((&diff.cells[found(diff)?].base, diff.relative))
            };
            let side = step.map(|(diff, cell)| (&cell.new, diff.relative)).or_else(after);
            row(point, side, step);
        }
        if let Some(whole) = &self.whole
            && let Some(index) = found(whole)
        {
            let all = Point { started: "the last by the first".to_owned(), ..Point::none() };
            row(&all, None, Some((whole, &whole.cells[index])));
        }
        table
    }
}

impl Point {
    fn none() -> Point {
        Point { recording: String::new(), started: none(), build: none() }
    }
}

fn none() -> String {
    "–".to_owned()
}

/// Whether a verdict says that something is not what it was.
fn is_change(outcome: Outcome) -> bool {
    outcome.is_bad() || (outcome.is_good() && outcome != Outcome::Equivalent)
}
