//! Sentences about one scenario.

use super::super::facts::{Facts, client_cpu_per_1000};
use super::super::numbers::{bytes, counted, interval, ns, percent, ratio, span, times};
use super::super::standing::Standing;
use super::OTHERS;
use crate::analyse::{Compared, Doubt, Estimate, RatioEstimate, Verdict, blocks_to_rank};
use crate::page::{Words, words};
use crate::spec::Metric;

/// A wall time up to this many times the longest delay is told as a distance from it: it is what
/// no strategy can beat. Above, the cell's own ideal says more.
const NEAR_LONGEST: f64 = 1.5;

/// One scenario's sentences.
pub(super) struct Speaker<'a> {
    facts: &'a Facts<'a>,
    scenario: usize,
    standing: Standing,
}

impl<'a> Speaker<'a> {
    pub(super) fn of(facts: &'a Facts<'a>, scenario: usize) -> Speaker<'a> {
        Speaker { facts, scenario, standing: Standing::of(facts, scenario) }
    }

    fn name(&self, cell: usize) -> Words {
        self.facts.code(cell)
    }

    fn names(&self, cells: &[usize]) -> Words {
        self.facts.codes(cells, 4)
    }

    fn wall(&self, cell: usize) -> String {
        self.facts.wall_ns(cell).map_or_else(|| "unknown".to_owned(), ns)
    }

    fn baseline(&self) -> usize {
        self.facts.plan().scenarios[self.scenario].baseline
    }

    fn requests(&self) -> String {
        let n = self.facts.plan().experiment.scenarios[self.scenario].requests;
        let requests = counted(n as usize, "request");
        match self.facts.conditions(self.scenario) {
            none if none.is_empty() => requests,
            some => format!("{requests} ({some})"),
        }
    }

    /// The fastest strategy, its lead over the baseline, and its distance from the ideal.
    pub(super) fn fastest(&self) -> Words {
        let Some(fastest) = self.standing.fastest else {
            return match self.standing.faulty.is_empty() {
                true => "Nothing can be said: no cell has a valid trial in a complete block.",
                false => "No strategy is the fastest: something failed in each.",
            }
            .into();
        };
        let Ok(wall) = &self.facts.analysed(fastest).wall else {
            return "Nothing can be said: no wall time was recorded.".into();
        };
        let requests = self.requests();
        let opening = if !self.standing.has_intervals && self.has_company() {
            return self.without_intervals(fastest, wall);
        } else if self.standing.has_winner() || !self.has_company() {
            words!((self.name(fastest)) " completes " requests " in " (self.measured(wall)))
        } else {
            self.tie(fastest, wall)
        };
        let clauses =
            [self.against_baseline(fastest), self.against_ideal(fastest).map(Words::from)];
        let clauses = Words::and(clauses.into_iter().flatten());
        let comma = if clauses.is_empty() { "" } else { ", " };
        let next = match self.best_of_other_labels(fastest) {
            others if self.standing.has_winner() && !others.is_empty() => {
                let verb = if others.len() == 1 { "Next comes" } else { "Next come" };
                let shown = others.iter().map(|&c| words!((self.name(c)) " (" (self.wall(c)) ")"));
                words!(" " verb " " (Words::and(shown)) ".")
            }
            _ => self.not_told_apart(wall),
        };
        words!(opening comma clauses "." next)
    }

    /// The fastest cell of each label but that of the fastest, in their order; without the
    /// baseline, which has been named already.
    fn best_of_other_labels(&self, fastest: usize) -> Vec<usize> {
        let label = |cell: usize| &self.facts.cell(cell).strategy.label;
        let mut best: Vec<usize> = Vec::new();
        for &cell in self.standing.slower.iter().filter(|&&c| c != self.baseline()) {
            let named = |&other: &usize| label(other) == label(cell);
            if label(cell) != label(fastest) && !best.iter().any(named) {
                best.push(cell);
            }
        }
        best.truncate(OTHERS);
        best
    }

    /// Whether there is anything to be faster than.
    fn has_company(&self) -> bool {
        let Standing { equivalent, slower, .. } = &self.standing;
        !(equivalent.is_empty() && slower.is_empty() && self.standing.not_told_apart() == 0)
    }

    /// `312 ms (median of 12 blocks, 95 % interval 309 to 316 ms)`
    fn measured(&self, wall: &Estimate) -> String {
        let median = format!("median of {}", counted(wall.n, "block"));
        match &wall.interval {
            Ok(i) => format!("{} ({median}, {})", ns(wall.value), interval(wall.value, i, ns)),
            Err(_) if wall.n == 1 => format!("{} (one block)", ns(wall.value)),
            Err(_) => format!("{} ({median})", ns(wall.value)),
        }
    }

    fn tie(&self, fastest: usize, wall: &Estimate) -> Words {
        let (name, requests, measured) = (self.name(fastest), self.requests(), self.measured(wall));
        if self.standing.equivalent.is_empty() {
            return words!(name " has the shortest median for " requests ", " measured);
        }
        let mut equal = vec![fastest];
        equal.extend(&self.standing.equivalent);
        let margin = percent(self.facts.analysis.margin.relative());
        words!(
            (self.names(&equal)) " complete " requests " equally fast (within the margin of " margin
            "), " name " in " measured
        )
    }

    /// Which cells may be as fast for all that is known, after a space.
    fn not_told_apart(&self, wall: &Estimate) -> Words {
        let Standing { untold, unranked, .. } = &self.standing;
        let mut all = Words::default();
        if !untold.is_empty() {
            let verb = if untold.len() == 1 { "is" } else { "are" };
            all.push(words!(
                " But " (self.names(untold)) " (" (self.walls(untold)) ") " verb " not shown to differ \
                 from it by more than the margin or the noise."
            ));
        }
        if !unranked.is_empty() {
            let walls = self.walls(unranked);
            let slower = match unranked.as_slice() {
                [one] => words!("By itself, " (self.name(*one)) " (" walls ") is slower"),
                many => words!(
                    "Each by itself, " (many.len()) " other cells (" walls ") are slower"
                ),
            };
            let Standing { slower: ranked, equivalent, .. } = &self.standing;
            let cells = 1 + ranked.len() + equivalent.len() + self.standing.not_told_apart();
            let needed = blocks_to_rank(cells);
            let but = match wall.n < needed {
                true => format!("but to rank {cells} cells at once takes at least {needed} blocks"),
                false => format!("but not by enough for {cells} cells at once"),
            };
            all.push(words!(" " slower ", " but "."));
        }
        all
    }

    /// The shortest and the longest median of cells.
    fn walls(&self, cells: &[usize]) -> String {
        let walls = || cells.iter().filter_map(|&c| self.facts.wall_ns(c));
        let (low, high) = (walls().fold(f64::INFINITY, f64::min), walls().fold(0.0, f64::max));
        span(low, high, ns)
    }

    fn without_intervals(&self, fastest: usize, wall: &Estimate) -> Words {
        let why = match &wall.interval {
            Err(reason) => format!("no interval: {reason}"),
            Ok(_) => "too few blocks are shared by the cells".to_owned(),
        };
        let baseline = self.baseline();
        let compared = match self.facts.wall_ns(baseline) {
            Some(base) if baseline != fastest && self.facts.is_ranked(baseline) => {
                words!(", the baseline " (self.name(baseline)) " in " (ns(base)))
            }
            _ => Words::default(),
        };
        words!(
            (self.name(fastest)) " took the shortest time for " (self.requests()) ", "
            (self.measured(wall)) compared "; whether that is more than noise is not known (" why ")."
        )
    }

    fn against_baseline(&self, cell: usize) -> Option<Words> {
        let baseline = self.baseline();
        if cell == baseline {
            let alone = !self.has_company();
            return (!alone).then(|| "itself the baseline".into());
        }
        let Compared { ratio: r, judged } = self.facts.analysed(cell).over_baseline.as_ref()?;
        let name = self.name(baseline);
        let shortfall = self.facts.shortfall(baseline);
        let r = match r {
            Ok(r) => r,
            Err(reason) => {
                let why = shortfall.unwrap_or_else(|| match self.facts.wall_ns(baseline) {
                    Some(_) => reason.to_string(),
                    None => self.facts.why_unmeasured(baseline),
                });
                return Some(words!("not compared with the baseline " name " (" why ")"));
            }
        };
        let caveat = shortfall.map_or_else(String::new, |shortfall| format!("; {shortfall}"));
        let details = format!("{}; {}{caveat}", self.wall(baseline), with_interval(r));
        let is_less = r.ratio.value < 1.0;
        let (is_faster, is_slower) = match (&judged.verdict, &judged.doubt) {
            // The interval is clear by itself. To rank all cells at once is another question.
            (_, Some(Doubt::Multiplicity { .. })) => (is_less, !is_less),
            (Ok(verdict), _) => (*verdict == Verdict::Faster, *verdict == Verdict::Slower),
            _ => (false, false),
        };
        Some(match &judged.doubt {
            _ if is_faster && r.ratio.value <= 2.0 / 3.0 => {
                let times = times(1.0 / r.ratio.value);
                words!(times " times as fast as " name " (" details ")")
            }
            _ if is_faster => {
                words!((percent(1.0 - r.ratio.value)) " less than " name " (" details ")")
            }
            _ if is_slower => words!("slower than the baseline " name " (" details ")"),
            None => words!("as fast as the baseline " name " (" details ")"),
            Some(doubt) => words!(
                "not shown to differ from the baseline " name " (" details "; " doubt ")"
            ),
        })
    }

    fn against_ideal(&self, cell: usize) -> Option<String> {
        let analysed = self.facts.analysed(cell);
        let wall = analysed.wall.as_ref().ok()?.value;
        let longest = self.facts.plan().scenarios[self.scenario].longest_delay_ns as f64;
        // What is below a bound is not near it: it did less work.
        let above = |bound: f64| (wall >= bound).then(|| percent(wall / bound - 1.0));
        if longest > 0.0 && wall <= NEAR_LONGEST * longest {
            let above = above(longest)?;
            return Some(format!("{above} above the longest delay ({})", ns(longest)));
        }
        let ideal = self.facts.cell(cell).ideal.wall_ns as f64;
        let above = above(ideal).filter(|_| self.facts.has_ideal(cell))?;
        Some(format!("{above} above its ideal ({})", ns(ideal)))
    }

    /// CPU time and memory of the fastest, with the baseline beside it.
    pub(super) fn cost(&self) -> Option<Words> {
        let mut cells = vec![self.standing.fastest?];
        cells.extend(self.standing.equivalent.iter().take(2));
        let baseline = self.baseline();
        if !cells.contains(&baseline) && self.facts.is_ranked(baseline) {
            cells.push(baseline);
        }
        let cpu = |cell| self.facts.median(cell, client_cpu_per_1000).ok().map(|e| ns(e.value));
        let memory =
            |cell| self.facts.median(cell, |r| Metric::Memory.of(r)).ok().map(|e| bytes(e.value));
        let known: Vec<(usize, String, String)> =
            cells.into_iter().filter_map(|c| Some((c, cpu(c)?, memory(c)?))).collect();
        let ((first, cpu, memory), others) = known.split_first()?;
        let mut all = words!(
            (self.name(*first)) " takes " cpu " of CPU per 1,000 requests and " memory " of memory"
        );
        for (cell, cpu, memory) in others {
            all.push(words!(", " (self.name(*cell)) " " cpu " and " memory));
        }
        Some(words!(all "."))
    }

    /// The cells that are not ranked, and what failed in them.
    pub(super) fn faulty(&self) -> Option<Words> {
        /// More would fill the first screen.
        const MOST_NAMED: usize = 4;
        let faulty = &self.standing.faulty;
        let named = Words::some(faulty.iter().map(|&cell| self.failures(cell)), MOST_NAMED);
        (!named.is_empty()).then(|| words!("Not ranked, because less work was done: " named "."))
    }

    /// `` `impatient` (50 % of requests failed: timeout(head)) ``
    fn failures(&self, cell: usize) -> Words {
        let classes = self.facts.error_classes(cell).into_iter().take(3);
        let classes: Vec<String> = classes.map(|(class, _)| class).collect();
        let classes = match classes.as_slice() {
            [] => String::new(),
            some => format!(": {}", some.join(", ")),
        };
        let shortfall = self.facts.shortfall(cell).unwrap_or_default();
        words!((self.name(cell)) " (" shortfall classes ")")
    }

    pub(super) fn unmeasured(&self) -> Option<Words> {
        let cells = &self.standing.unmeasured;
        let (&first, rest) = cells.split_first()?;
        let why = self.facts.why_unmeasured(first);
        let others = match rest {
            [] => Words::default(),
            rest => words!("; nor of "(self.names(rest))),
        };
        Some(words!("There is no time of " (self.name(first)) " (" why ")" others "."))
    }
}

/// `ratio 0.0207, 95 % interval 0.0205 to 0.0209`
fn with_interval(r: &RatioEstimate) -> String {
    match &r.ratio.interval {
        Ok(i) => format!("ratio {}, {}", ratio(r.ratio.value), interval(r.ratio.value, i, ratio)),
        Err(reason) => format!("ratio {}, no interval: {reason}", ratio(r.ratio.value)),
    }
}
