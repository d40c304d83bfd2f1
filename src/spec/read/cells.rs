//! The cells of an experiment, and the selectors that pick among them.

use crate::spec::error::{Problem, Span, listed, nearest};
use crate::spec::key::{Form, Key, Open, Reading};
use crate::spec::selector::{Picked, SelectorForm};
use crate::spec::{Factor, Scenario, Selector, keys};
use crate::strategy::Strategy;

/// Every cell with the texts of its factors. A cell is numbered scenario by scenario.
pub(super) struct Cells {
    /// Texts of the factors of each scenario, then of each strategy, in the order of the factors.
    scenarios: Vec<Vec<String>>,
    strategies: Vec<Vec<String>>,
    excluded: Vec<bool>,
    /// The place of the last `[[exclude]]`.
    exclude_span: Option<Span>,
}

impl Cells {
    pub(super) fn new(scenarios: &[Scenario], strategies: &[Strategy]) -> Cells {
        let texts = |of_strategy: bool, scenario: &Scenario, strategy: &Strategy| {
            let factors = Factor::ALL.into_iter().filter(|f| f.is_of_strategy() == of_strategy);
            factors.map(|f| f.value(scenario, strategy)).collect::<Vec<String>>()
        };
        Cells {
            excluded: vec![false; scenarios.len() * strategies.len()],
            exclude_span: None,
            scenarios: scenarios.iter().map(|s| texts(false, s, &strategies[0])).collect(),
            strategies: strategies.iter().map(|s| texts(true, &scenarios[0], s)).collect(),
        }
    }

    fn text(&self, cell: usize, factor: Factor) -> &str {
        let (scenario, strategy) = (cell / self.strategies.len(), cell % self.strategies.len());
        // The factors of the strategy come first in `Factor::ALL`.
        match factor as usize {
            i if factor.is_of_strategy() => &self.strategies[strategy][i],
            i => &self.scenarios[scenario][i - self.strategies[strategy].len()],
        }
    }

    /// Whether this scenario meets this strategy.
    pub(super) fn meet(&self, scenario: usize, strategy: usize) -> bool {
        !self.excluded[scenario * self.strategies.len() + strategy]
    }

    fn scenario(&self, cell: usize) -> usize {
        cell / self.strategies.len()
    }

    /// The cells that are not excluded.
    fn all(&self) -> impl Iterator<Item = usize> {
        self.excluded.iter().enumerate().filter(|(_, out)| !**out).map(|(cell, _)| cell)
    }

    pub(super) fn left(&self) -> usize {
        self.all().count()
    }

    /// The scenarios that still have a cell.
    pub(super) fn scenarios_left(&self) -> usize {
        self.excluded.chunks(self.strategies.len()).filter(|c| c.contains(&false)).count()
    }

    /// Reports if every cell is excluded.
    pub(super) fn any_left(&self, reading: &mut Reading) -> bool {
        let any = self.excluded.contains(&false);
        if let (false, Some(span)) = (any, self.exclude_span) {
            let what = "every cell is excluded, so there is nothing to run";
            reading.report(Problem::at(span, what).hint("remove an [[exclude]] or narrow it"));
        }
        any
    }

    fn matches(&self, selector: &Selector, cell: usize) -> bool {
        selector
            .terms
            .iter()
            .all(|(factor, accepted)| accepted.iter().any(|a| a == self.text(cell, *factor)))
    }

    /// The cells that a selector picks. Picking none is reported, as is a value that no cell has.
    pub(super) fn pick(&self, picked: &Picked, reading: &mut Reading) -> Option<Vec<usize>> {
        let before = reading.problems.len();
        for ((factor, accepted), spans) in picked.selector.terms.iter().zip(&picked.values) {
            for (value, span) in accepted.iter().zip(spans) {
                if !self.all().any(|cell| self.text(cell, *factor) == value) {
                    reading.report(self.no_such_value(*factor, value, *span));
                }
            }
        }
        if reading.problems.len() > before {
            return None;
        }
        let cells: Vec<usize> = self.all().filter(|c| self.matches(&picked.selector, *c)).collect();
        if cells.is_empty() {
            let what = format!("`{}` selects no cell: none has all of these values", picked.key);
            reading.report(self.candidates(Problem::at(picked.span, what), self.all()));
            return None;
        }
        Some(cells)
    }

    fn no_such_value(&self, factor: Factor, value: &str, span: Span) -> Problem {
        let name = factor.name();
        let there = self.values(factor);
        let what = format!("no cell has {name} = {}", written(value));
        let shown: Vec<String> = there.iter().map(|v| written(v)).collect();
        let problem = Problem::at(span, what).note(format!("{name} can be: {}", listed(&shown)));
        match nearest(value, there) {
            Some(word) if value.parse::<f64>().is_err() => {
                problem.hint(format!("did you mean {}?", written(word)))
            }
            _ => problem,
        }
    }

    /// Whether one of these cells has no value of a factor.
    pub(super) fn any_without(&self, cells: &[usize], factor: Factor) -> bool {
        cells.iter().any(|&cell| self.text(cell, factor) == "none")
    }

    /// The different values of a factor among the cells, in order.
    fn values(&self, factor: Factor) -> Vec<&str> {
        let mut seen = std::collections::HashSet::new();
        self.all().map(|cell| self.text(cell, factor)).filter(|v| seen.insert(*v)).collect()
    }

    /// Checks that there is one cell in every scenario of `scenarios` (all with cells, if `None`).
    pub(super) fn one_in_each(
        &self,
        picked: &Picked,
        cells: &[usize],
        scenarios: impl Iterator<Item = usize>,
        reading: &mut Reading,
    ) {
        for scenario in scenarios {
            // Cells are numbered scenario by scenario, and picked in order.
            let start = cells.partition_point(|c| self.scenario(*c) < scenario);
            let end = cells.partition_point(|c| self.scenario(*c) <= scenario);
            let here = &cells[start..end];
            if here.len() != 1 {
                reading.report(self.not_one(picked, here, scenario));
                return;
            }
        }
    }

    /// Checks that there is one cell for every scenario of `scenarios`: in the same scenario, but for
    /// the factors of scenarios that the selector names.
    pub(super) fn one_for_each(
        &self,
        picked: &Picked,
        cells: &[usize],
        scenarios: &[usize],
        reading: &mut Reading,
    ) {
        let others: Vec<Factor> = picked.selector.others_of_scenario().collect();
        let first = |scenario: usize| scenario * self.strategies.len();
        for &scenario in scenarios {
            let same = |cell: &usize, factor: &Factor| {
                self.text(*cell, *factor) == self.text(first(scenario), *factor)
            };
            let reached = |cell: &usize| others.iter().all(|factor| same(cell, factor));
            let here: Vec<usize> = cells.iter().copied().filter(reached).collect();
            if here.len() != 1 {
                reading.report(self.not_one(picked, &here, scenario));
                return;
            }
        }
    }

    /// A selector that should pick one cell for a scenario picks none, or the cells of `here`.
    fn not_one(&self, picked: &Picked, here: &[usize], scenario: usize) -> Problem {
        let what = format!(
            "`{}` must select one cell of each scenario; it selects {}{}",
            picked.key,
            if here.is_empty() { "none".to_owned() } else { here.len().to_string() },
            self.scenario_name(scenario),
        );
        let problem = Problem::at(picked.span, what);
        if here.is_empty() {
            let there = self.all().filter(|c| self.scenario(*c) == scenario);
            let problem = self.candidates(problem, there);
            let terms = picked.selector.terms.iter().map(|(f, _)| *f);
            let fixed: Vec<&str> =
                terms.filter(|f| !f.is_of_strategy()).map(Factor::name).collect();
            match fixed.as_slice() {
                [] => problem,
                keys => problem.hint(format!("leave out {}", keys.join(", "))),
            }
        } else {
            let apart: Vec<&str> = self.telling(here).iter().map(|f| f.name()).collect();
            let hint = format!("tell them apart by {}", apart.join(", "));
            self.candidates(problem, here.iter().copied()).hint(hint)
        }
    }

    /// The scenarios of some cells, each once, in order.
    pub(super) fn scenarios_of(&self, cells: impl Iterator<Item = usize>) -> Vec<usize> {
        let mut scenarios: Vec<usize> = cells.map(|c| self.scenario(c)).collect();
        scenarios.dedup();
        scenarios
    }

    /// Adds the cells that could be selected, ten at most.
    fn candidates(&self, problem: Problem, cells: impl Iterator<Item = usize>) -> Problem {
        const SHOWN: usize = 10;
        let cells: Vec<usize> = cells.collect();
        let telling = self.telling(&cells);
        let name = |cell: usize| {
            let terms: Vec<String> = telling
                .iter()
                .map(|f| format!("{} = {}", f.name(), written(self.text(cell, *f))))
                .collect();
            format!("{{ {} }}", terms.join(", "))
        };
        let problem = cells
            .iter()
            .take(SHOWN)
            .fold(problem.note("cells:"), |p, cell| p.note(format!("  {}", name(*cell))));
        match cells.len().saturating_sub(SHOWN) {
            0 => problem,
            more => problem.note(format!("  and {more} more")),
        }
    }

    /// Few factors that tell these cells apart, the label if nothing does.
    fn telling(&self, cells: &[usize]) -> Vec<Factor> {
        // How many different cells are known by the factors so far.
        let mut known: Vec<usize> = vec![0; cells.len()];
        let mut count = 1;
        let mut telling = Vec::new();
        for factor in Factor::ALL {
            let mut numbers = std::collections::HashMap::new();
            let finer: Vec<usize> = (cells.iter().zip(&known))
                .map(|(cell, group)| {
                    let next = numbers.len();
                    *numbers.entry((*group, self.text(*cell, factor))).or_insert(next)
                })
                .collect();
            if numbers.len() > count {
                count = numbers.len();
                telling.push(factor);
                known = finer;
            }
        }
        if telling.is_empty() { vec![Factor::Label] } else { telling }
    }

    /// ` in requests = 10, delay = "1s"`; nothing where there is one scenario only.
    fn scenario_name(&self, scenario: usize) -> String {
        let cells: Vec<usize> = (0..self.excluded.len()).collect();
        let cell = scenario * self.strategies.len();
        let terms: Vec<String> = self
            .telling(&cells)
            .into_iter()
            .filter(|f| !f.is_of_strategy())
            .map(|f| format!("{} = {}", f.name(), written(self.text(cell, f))))
            .collect();
        match terms.as_slice() {
            [] => String::new(),
            terms => format!(" in {}", terms.join(", ")),
        }
    }
}

/// A value as one would write it in a selector.
fn written(value: &str) -> String {
    match value.parse::<f64>().is_ok() || value.parse::<bool>().is_ok() {
        true => value.to_owned(),
        false => format!("{value:?}"),
    }
}

/// Reads the `[[exclude]]` tables and takes their cells out, if the cells stand.
pub(super) fn excludes(
    file: &Open,
    cells: Option<&mut Cells>,
    reading: &mut Reading,
) -> Vec<Selector> {
    let nodes = file.tables(&keys::EXCLUDE, reading);
    let picked: Vec<Picked> = nodes
        .iter()
        .filter_map(|node| reading.within(keys::EXCLUDE.name, |r| SelectorForm.read(node, r)))
        .collect();
    if let Some(cells) = cells {
        // All are picked before the first is taken out: their order must not matter.
        let picks: Vec<Vec<usize>> = picked.iter().filter_map(|p| cells.pick(p, reading)).collect();
        for cell in picks.into_iter().flatten() {
            cells.excluded[cell] = true;
        }
        cells.exclude_span = picked.last().map(|p| p.span);
    }
    picked.into_iter().map(|p| p.selector).collect()
}

/// Reads `[baseline]` or `[control]`: one cell of every scenario.
pub(super) fn one_each(
    file: &Open,
    key: &Key<SelectorForm>,
    cells: Option<&Cells>,
    reading: &mut Reading,
) -> Option<Selector> {
    let picked = file.one(key, reading)?.value;
    if let Some(cells) = cells
        && let Some(of) = cells.pick(&picked, reading)
    {
        let scenarios = cells.scenarios_of(cells.all());
        cells.one_in_each(&picked, &of, scenarios.into_iter(), reading);
    }
    Some(picked.selector)
}
