//! The answer: a few sentences that say no more than the record does.

use crate::analyse::{Compared, Estimate, RatioEstimate, Verdict};
use crate::record::{Happening, Status, TrialRow};
use crate::spec::Metric;

use super::facts::{Facts, client_cpu_per_1000};
use super::markdown;
use super::numbers::{and, bytes, capital, count, counted, interval, ns, percent, ratio, times};
use super::open::{self, Sweep};
use super::standing::Standing;

/// A wall time up to this many times the longest delay is told as a distance from it: it is what
/// no strategy can beat. Above, the cell's own ideal says more.
const NEAR_LONGEST: f64 = 1.5;

/// Cells that are named beside the fastest and the baseline: one sentence holds no more.
const OTHERS: usize = 4;

/// More scenarios than this do not fit the first screen.
const SCENARIOS: usize = 6;

/// How names and words are written: for a page or for a terminal.
#[derive(Clone, Copy)]
struct Voice {
    name: fn(&str) -> String,
    text: fn(&str) -> String,
    strong: fn(&str) -> String,
}

const PAGE: Voice = Voice {
    name: markdown::code,
    text: markdown::text,
    strong: |text| format!("**{}**", markdown::text(text)),
};

const TERMINAL: Voice =
    Voice { name: |name| format!("`{name}`"), text: str::to_owned, strong: str::to_owned };

/// The answer for a terminal: one to three sentences for each scenario.
pub(super) fn plain(facts: &Facts) -> String {
    let mut lines = Vec::new();
    lines.extend(trouble(facts, TERMINAL));
    lines.extend(by_scenario(facts, TERMINAL, true));
    lines.join("\n")
}

/// The answer in one line of Markdown, for the index: that of the first scenario.
pub(super) fn line(facts: &Facts) -> String {
    let first = by_scenario(facts, PAGE, false).into_iter().next().unwrap_or_default();
    let more = by_scenario(facts, PAGE, false).len() - 1;
    let more = match more {
        0 => String::new(),
        n => format!(" ({} in the report)", counted(n, "more scenario")),
    };
    let broken = if trouble(facts, PAGE).is_empty() { "" } else { "(Incomplete.) " };
    format!("{broken}{first}{more}")
}

/// The answer as part of the report.
pub(super) fn section(facts: &Facts) -> String {
    let sentences = by_scenario(facts, PAGE, true);
    let mut parts = trouble(facts, PAGE);
    match sentences.split_at_checked(SCENARIOS) {
        _ if sentences.len() == 1 => parts.push(sentences[0].clone()),
        Some((first, rest)) if !rest.is_empty() => {
            parts.push(markdown::list(first));
            let summary = format!("{} more scenarios", rest.len());
            parts.push(markdown::details(&summary, &markdown::list(rest)));
        }
        _ => parts.push(markdown::list(&sentences)),
    }
    parts.join("\n\n")
}

/// What keeps the record from being what was planned; a warning each.
fn trouble(facts: &Facts, voice: Voice) -> Vec<String> {
    let analysis = facts.analysis;
    let mut warnings = Vec::new();
    if analysis.blocks < analysis.planned_blocks {
        let last = facts.recording.manifest.events.last().map(|e| e.what);
        let how = if last == Some(Happening::Interrupted) { " and was interrupted" } else { "" };
        let most = match facts.plan().experiment.blocks.until {
            Some(_) => "at most ",
            None => "",
        };
        warnings.push(format!(
            "{}: it holds {} of {most}{} planned blocks{how}.",
            (voice.strong)("The recording is incomplete"),
            analysis.blocks,
            analysis.planned_blocks,
        ));
    }
    if facts.recording.manifest.build.profile != "release" {
        warnings.push(format!(
            "{}: its CPU times and efficiencies are not those of a program that is shipped.",
            (voice.strong)("This is no release build"),
        ));
    }
    let rows: Vec<&TrialRow> = facts.recording.measured().collect();
    let of = |status: Status| rows.iter().filter(|r| r.status == status).count();
    let affected = |is: fn(Status) -> bool| {
        let of = rows.iter().filter(|r| is(r.status)).filter_map(|r| facts.cell_of(r));
        let mut cells: Vec<usize> = of.collect();
        cells.sort_unstable();
        cells.dedup();
        cells
    };
    let (failed, invalid) = (of(Status::Failed), of(Status::Invalid));
    if failed + invalid > 0 {
        let affected = affected(|status| matches!(status, Status::Failed | Status::Invalid));
        let mut what = Vec::new();
        if failed > 0 {
            what.push(format!("{failed} failed"));
        }
        if invalid > 0 {
            what.push(format!("{invalid} measured something else than their cell names"));
        }
        let trials = count(rows.len() as u64);
        warnings.push(format!(
            "{} ({}); they are left out of every number.",
            (voice.strong)(&format!("Of {trials} trials, {}", and(&what))),
            names(facts, voice, &affected, 4),
        ));
    }
    let skipped = of(Status::Skipped);
    if skipped > 0 {
        let mut why: Vec<String> = rows
            .iter()
            .filter(|r| r.status == Status::Skipped)
            .map(|r| (voice.text)(&r.reason))
            .collect();
        why.sort_unstable();
        why.dedup();
        let (were, trials) = (if skipped == 1 { "was" } else { "were" }, count(rows.len() as u64));
        warnings.push(format!(
            "{} ({}): {}.",
            (voice.strong)(&format!("Of {trials} trials, {skipped} {were} skipped")),
            names(facts, voice, &affected(|status| status == Status::Skipped), 4),
            why.join("; "),
        ));
    }
    warnings
}

fn names(facts: &Facts, voice: Voice, cells: &[usize], most: usize) -> String {
    let mut shown: Vec<String> =
        cells.iter().take(most).map(|&c| (voice.name)(facts.name(c))).collect();
    if cells.len() > most {
        shown.push(format!("{} more", cells.len() - most));
    }
    and(&shown)
}

fn by_scenario(facts: &Facts, voice: Voice, whole: bool) -> Vec<String> {
    let sweeps = open::sweeps(facts);
    // What is one answer: a closed scenario, or all rates of a sweep.
    let alone = sweeps.len() == 1 && (0..facts.plan().scenarios.len()).all(|s| facts.is_open(s));
    facts
        .scenarios()
        .filter_map(|(index, scenario)| {
            if facts.is_open(index) {
                let begins = |sweep: &&Sweep| {
                    sweep.scenarios.iter().map(|(_, scenario)| *scenario).min() == Some(index)
                };
                let sweep = sweeps.iter().find(begins)?;
                let text = of_rates(facts, voice, sweep, whole);
                let name = if sweep.name.is_empty() { "open arrival" } else { &sweep.name };
                let named = || format!("{}: {text}", (voice.strong)(name));
                return Some(if alone { text.clone() } else { named() });
            }
            let speaker = Speaker::of(facts, voice, index);
            let mut sentences = vec![speaker.fastest()];
            if whole {
                sentences.extend(
                    [speaker.cost(), speaker.faulty(), speaker.unmeasured()].into_iter().flatten(),
                );
            }
            let text = sentences.join(" ");
            Some(if facts.has_scenarios() {
                format!("{}: {text}", (voice.strong)(&scenario.name))
            } else {
                text
            })
        })
        .collect()
}

/// Up to which rate each strategy keeps up; in whole, what failed besides.
fn of_rates(facts: &Facts, voice: Voice, sweep: &Sweep, whole: bool) -> String {
    let name = |cell: usize| (voice.name)(facts.name(cell));
    let lines = open::lines(facts, sweep);
    let most = if whole { lines.len() } else { OTHERS };
    let mut sentences: Vec<String> =
        lines.iter().take(most).map(|line| open::sentence(facts, line, name)).collect();
    for &(rate, scenario) in sweep.scenarios.iter().filter(|_| whole) {
        let speaker = Speaker::of(facts, voice, scenario);
        let said = [speaker.faulty(), speaker.unmeasured()].into_iter().flatten();
        sentences.extend(said.map(|s| format!("At {} {}", open::shown(rate), uncapital(&s))));
    }
    sentences.join(" ")
}

/// One scenario's sentences.
struct Speaker<'a> {
    facts: &'a Facts<'a>,
    voice: Voice,
    scenario: usize,
    standing: Standing,
}

impl<'a> Speaker<'a> {
    fn of(facts: &'a Facts<'a>, voice: Voice, scenario: usize) -> Speaker<'a> {
        Speaker { facts, voice, scenario, standing: Standing::of(facts, scenario) }
    }

    fn name(&self, cell: usize) -> String {
        (self.voice.name)(self.facts.name(cell))
    }

    fn names(&self, cells: &[usize]) -> String {
        names(self.facts, self.voice, cells, 4)
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
            some => format!("{requests} ({})", (self.voice.text)(&some)),
        }
    }

    /// Who is the fastest, how much faster than the baseline, how near to the possible.
    fn fastest(&self) -> String {
        let Some(fastest) = self.standing.fastest else {
            return "Nothing can be said: no cell has a valid trial in a complete block."
                .to_owned();
        };
        let Ok(wall) = &self.facts.analysed(fastest).wall else {
            return "Nothing can be said: no wall time was recorded.".to_owned();
        };
        let requests = self.requests();
        let opening = if self.standing.all_faulty {
            format!(
                "In no cell did all requests succeed; of what was tried, {} ended first, in {}",
                self.name(fastest),
                ns(wall.value)
            )
        } else if !self.standing.has_intervals && self.has_company() {
            return self.without_intervals(fastest, wall);
        } else if self.standing.has_winner() || !self.has_company() {
            format!("{} completes {requests} in {}", self.name(fastest), self.measured(wall))
        } else {
            self.tie(fastest, wall)
        };
        let clauses: Vec<String> = [self.against_baseline(fastest), self.against_ideal(fastest)]
            .into_iter()
            .flatten()
            .collect();
        let clauses =
            if clauses.is_empty() { String::new() } else { format!(", {}", and(&clauses)) };
        let next = match self.best_of_other_labels(fastest) {
            others if self.standing.has_winner() && !others.is_empty() => {
                let shown: Vec<String> = others
                    .iter()
                    .map(|&c| format!("{} ({})", self.name(c), self.wall(c)))
                    .collect();
                let verb = if shown.len() == 1 { "Next comes" } else { "Next come" };
                Some(format!("{verb} {}.", and(&shown)))
            }
            _ => self.not_told_apart(wall),
        };
        let next = next.map_or_else(String::new, |next| format!(" {next}"));
        format!("{opening}{clauses}.{next}")
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

    fn tie(&self, fastest: usize, wall: &Estimate) -> String {
        let requests = self.requests();
        if self.standing.equivalent.is_empty() {
            let measured = self.measured(wall);
            return format!(
                "{} has the shortest median for {requests}, {measured}",
                self.name(fastest)
            );
        }
        let mut equal = vec![fastest];
        equal.extend(&self.standing.equivalent);
        format!(
            "{} complete {requests} equally fast (within the margin of {}), {} in {}",
            self.names(&equal),
            percent(self.facts.analysis.margin.relative()),
            self.name(fastest),
            self.measured(wall)
        )
    }

    /// Which cells may be as fast for all that is known.
    fn not_told_apart(&self, wall: &Estimate) -> Option<String> {
        let Standing { untold, unranked, .. } = &self.standing;
        let mut sentences = Vec::new();
        if !untold.is_empty() {
            let verb = if untold.len() == 1 { "is" } else { "are" };
            sentences.push(format!(
                "But {} ({}) {verb} not shown to differ from it by more than the margin or the noise.",
                self.names(untold),
                self.walls(untold)
            ));
        }
        if !unranked.is_empty() {
            let others = match unranked.as_slice() {
                [one] => format!("{} ({})", self.name(*one), self.walls(&[*one])),
                many => format!("{} other cells ({})", many.len(), self.walls(many)),
            };
            sentences.push(format!(
                "To rank {others} among so many comparisons, {} are too few.",
                counted(wall.n, "block")
            ));
        }
        (!sentences.is_empty()).then(|| sentences.join(" "))
    }

    /// The shortest and the longest median of cells.
    fn walls(&self, cells: &[usize]) -> String {
        let walls = || cells.iter().filter_map(|&c| self.facts.wall_ns(c));
        let (low, high) = (walls().fold(f64::INFINITY, f64::min), walls().fold(0.0, f64::max));
        super::numbers::span(low, high, ns)
    }

    fn without_intervals(&self, fastest: usize, wall: &Estimate) -> String {
        let why = match &wall.interval {
            Err(reason) => format!("no interval: {reason}"),
            Ok(_) => "too few blocks are shared by the cells".to_owned(),
        };
        let baseline = self.baseline();
        let compared = match self.facts.wall_ns(baseline) {
            Some(base) if baseline != fastest => {
                format!(", the baseline {} in {}", self.name(baseline), ns(base))
            }
            _ => String::new(),
        };
        format!(
            "{} took the shortest time for {}, {}{compared}; whether that is more than noise is \
             not known ({why}).",
            self.name(fastest),
            self.requests(),
            self.measured(wall),
        )
    }

    fn against_baseline(&self, cell: usize) -> Option<String> {
        let baseline = self.baseline();
        if cell == baseline {
            let alone = !self.has_company();
            return (!alone).then(|| "itself the baseline".to_owned());
        }
        let Compared { ratio: r, judged } = self.facts.analysed(cell).over_baseline.as_ref()?;
        let name = self.name(baseline);
        let (baseline_failed, _) = self.facts.errors(baseline);
        let Ok(r) = r else {
            let why =
                if baseline_failed > 0 { "requests failed there" } else { "it has no valid trial" };
            return Some(format!("not comparable with the baseline {name} ({why})"));
        };
        let caveat = if baseline_failed > 0 { ", where requests failed" } else { "" };
        let details = format!("{}; {}{caveat}", self.wall(baseline), with_interval(r));
        Some(match judged.verdict {
            Ok(Verdict::Faster) if r.ratio.value <= 2.0 / 3.0 => {
                format!("{} times as fast as {name} ({details})", times(1.0 / r.ratio.value))
            }
            Ok(Verdict::Faster) => {
                format!("{} less than {name} ({details})", percent(1.0 - r.ratio.value))
            }
            Ok(Verdict::Equivalent) => format!("as fast as the baseline {name} ({details})"),
            Ok(Verdict::Slower) => format!("slower than the baseline {name} ({details})"),
            _ => {
                let doubt = judged.doubt.as_ref();
                let why = doubt.map_or_else(String::new, |doubt| format!("; {doubt}"));
                format!("not shown to differ from the baseline {name} ({details}{why})")
            }
        })
    }

    fn against_ideal(&self, cell: usize) -> Option<String> {
        let analysed = self.facts.analysed(cell);
        let wall = analysed.wall.as_ref().ok()?.value;
        let longest = self.facts.plan().scenarios[self.scenario].longest_delay_ns as f64;
        if longest > 0.0 && wall <= NEAR_LONGEST * longest {
            let above = (wall / longest - 1.0).max(0.0);
            return Some(format!("{} above the longest delay ({})", percent(above), ns(longest)));
        }
        let ideal = self.facts.cell(cell).ideal.wall_ns as f64;
        (ideal > 0.0).then(|| {
            format!("{} above its ideal ({})", percent((wall / ideal - 1.0).max(0.0)), ns(ideal))
        })
    }

    /// What the fastest costs, and the baseline beside it.
    fn cost(&self) -> Option<String> {
        let mut cells = vec![self.standing.fastest?];
        cells.extend(self.standing.equivalent.iter().take(2));
        if !cells.contains(&self.baseline()) && self.facts.wall_ns(self.baseline()).is_some() {
            cells.push(self.baseline());
        }
        let cpu = |cell| self.facts.median(cell, client_cpu_per_1000).ok().map(|e| ns(e.value));
        let memory =
            |cell| self.facts.median(cell, |r| Metric::Memory.of(r)).ok().map(|e| bytes(e.value));
        let known: Vec<(usize, String, String)> =
            cells.into_iter().filter_map(|c| Some((c, cpu(c)?, memory(c)?))).collect();
        let ((first, cpu, memory), others) = known.split_first()?;
        let mut parts = vec![format!(
            "{} takes {cpu} of CPU per 1,000 requests and {memory} of memory",
            self.name(*first)
        )];
        parts.extend(
            others.iter().map(|(c, cpu, memory)| format!("{} {cpu} and {memory}", self.name(*c))),
        );
        Some(format!("{}.", parts.join(", ")))
    }

    fn faulty(&self) -> Option<String> {
        let faulty = &self.standing.faulty;
        let (&first, rest) = faulty.split_first()?;
        let (errors, issued) = self.facts.errors(first);
        let share = percent(errors as f64 / issued.max(1) as f64);
        let classes: Vec<String> = self
            .facts
            .error_classes(first)
            .into_iter()
            .take(3)
            .map(|(c, _)| (self.voice.text)(&c))
            .collect();
        let classes =
            if classes.is_empty() { String::new() } else { format!(": {}", classes.join(", ")) };
        let others = match rest {
            [] => String::new(),
            rest => format!(", likewise in {}", self.names(rest)),
        };
        let consequence =
            if self.standing.all_faulty { "" } else { "; a time of fewer answers is not ranked" };
        Some(format!(
            "In {} requests failed ({share}{classes}){others}{consequence}.",
            self.name(first)
        ))
    }

    fn unmeasured(&self) -> Option<String> {
        let cells = &self.standing.unmeasured;
        (!cells.is_empty() && self.standing.fastest.is_some())
            .then(|| capital(&format!("no valid trial: {}.", self.names(cells))))
    }
}

/// A sentence that goes on after another word.
fn uncapital(sentence: &str) -> String {
    let mut chars = sentence.chars();
    chars.next().map_or_else(String::new, |first| first.to_lowercase().chain(chars).collect())
}

/// `ratio 0.0207, 95 % interval 0.0205 to 0.0209`
fn with_interval(r: &RatioEstimate) -> String {
    match &r.ratio.interval {
        Ok(i) => format!("ratio {}, {}", ratio(r.ratio.value), interval(r.ratio.value, i, ratio)),
        Err(reason) => format!("ratio {}, no interval: {reason}", ratio(r.ratio.value)),
    }
}
