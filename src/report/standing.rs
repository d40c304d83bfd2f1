//! Which cell of a scenario is the fastest, and which ones cannot be told from it.

use crate::analyse::{Comparison, Control, Direction, Doubt, Verdict, judge};
use crate::spec::Metric;

use super::facts::Facts;

/// The cells of a scenario around its fastest.
pub(super) struct Standing {
    /// The measured cell with the shortest median wall time of those whose requests all
    /// succeeded; none where requests failed everywhere.
    pub(super) fastest: Option<usize>,
    /// Slower than the fastest by less than the margin, if at all.
    pub(super) equivalent: Vec<usize>,
    /// Neither shown to be slower nor to be equivalent.
    pub(super) untold: Vec<usize>,
    /// Would be one or the other, were there not so many comparisons for so few blocks.
    pub(super) unranked: Vec<usize>,
    /// Shown to be slower, the fastest of them first.
    pub(super) slower: Vec<usize>,
    /// Measured, but some requests failed, or are not known to have succeeded: a time of fewer
    /// answers.
    pub(super) faulty: Vec<usize>,
    /// Cells without a single measurement.
    pub(super) unmeasured: Vec<usize>,
    /// Whether there were enough blocks to compare at all.
    pub(super) has_intervals: bool,
}

impl Standing {
    /// Compares every cell of a scenario with the fastest one, block by block.
    ///
    /// The fastest is chosen by the data, which makes it look faster than it is; the comparisons
    /// therefore are one family under Holm's adjustment, and what they decide is only which cells
    /// are named beside it.
    pub(super) fn of(facts: &Facts, scenario: usize) -> Standing {
        let cells = facts.cells_of(scenario);
        let (mut measured, unmeasured): (Vec<usize>, Vec<usize>) =
            cells.into_iter().partition(|&c| facts.wall_ns(c).is_some());
        // The sort is stable, so equal cells stay in the order of the file.
        let wall = |c: usize| facts.wall_ns(c).unwrap_or(f64::INFINITY);
        measured.sort_by(|&a, &b| wall(a).total_cmp(&wall(b)));
        let (clean, faulty): (Vec<usize>, Vec<usize>) =
            measured.iter().partition(|&&c| facts.is_ranked(c));
        let mut standing = Standing {
            fastest: clean.first().copied(),
            equivalent: Vec::new(),
            untold: Vec::new(),
            unranked: Vec::new(),
            slower: Vec::new(),
            unmeasured,
            has_intervals: false,
            faulty,
        };
        if let Some((&fastest, others)) = clean.split_first() {
            standing.compare(facts, scenario, fastest, others);
        }
        standing
    }

    fn compare(&mut self, facts: &Facts, scenario: usize, fastest: usize, others: &[usize]) {
        let family: Vec<Comparison> = others
            .iter()
            .map(|&other| Comparison {
                ratio: Metric::Wall.ratio_of_cells(facts.recording, fastest, other),
                direction: Direction::LowerIsBetter,
            })
            .collect();
        let control = facts.analysis.controls.get(scenario).and_then(Control::interval);
        let judged = judge(&family, facts.analysis.margin, control);
        self.has_intervals =
            facts.analysed(fastest).wall.as_ref().is_ok_and(|e| e.interval.is_ok());
        for (&other, judged) in others.iter().zip(judged) {
            let group = match (judged.verdict, judged.doubt) {
                (Ok(Verdict::Slower), _) => &mut self.slower,
                (Ok(Verdict::Equivalent), _) => &mut self.equivalent,
                (_, Some(Doubt::Multiplicity { .. })) => &mut self.unranked,
                _ => &mut self.untold,
            };
            group.push(other);
        }
    }

    /// Whether one cell is shown to be faster than all the others that were measured.
    pub(super) fn has_winner(&self) -> bool {
        self.has_intervals && self.equivalent.is_empty() && self.not_told_apart() == 0
    }

    /// Number of cells that are neither shown to be slower nor to be equivalent, for whatever
    /// reason.
    pub(super) fn not_told_apart(&self) -> usize {
        self.untold.len() + self.unranked.len()
    }
}
