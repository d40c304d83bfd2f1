//! From the text of an experiment to the experiment.

mod cells;
mod claims;
mod declared;
mod gates;
mod lists;
mod loads;
mod programs;
mod service_table;
mod services;
mod strategies;
mod table;

use std::path::Path;

use super::error::{Problem, Span, SpecErrors};
use super::key::{Open, Placed, Reading, TableForm};
use super::node::{self, Node};
use super::source::name_of;
use super::{
    Blocks, DEFAULT_BLOCKS, Experiment, Factor, Scenario, Source, Until, factor, keys, overrides,
};
use crate::arrival::Arrival;
use crate::delay::Sampling;
use crate::strategy::{Program, Strategy};
use crate::units::exact_duration;
use cells::Cells;
use lists::{Lists, Point};

/// More cells than this are a mistake: at a second each, a block would take three hours.
const MOST_CELLS: u64 = 10_000;
/// More trials than this are a mistake: at a second each, they would take eleven days.
const MOST_TRIALS: u64 = 1_000_000;

/// Whether a scenario with a strategy is a cell of a recording.
pub(crate) type IsPlanned<'a> = &'a dyn Fn(&Scenario, &Strategy) -> bool;

impl Experiment {
    /// Reads an experiment; traces are files in `trace_dir`. On failure, every error of the file.
    pub fn parse(source: &Source, trace_dir: &Path) -> Result<Experiment, SpecErrors> {
        Experiment::parse_as(source, trace_dir, None)
    }

    /// Reads the experiment of a recording, which may be one of another build: it may name models and
    /// clients that this build does not have, and it means what was planned.
    pub(crate) fn parse_recorded(
        source: &Source,
        trace_dir: &Path,
        is_planned: IsPlanned,
    ) -> Result<Experiment, SpecErrors> {
        Experiment::parse_as(source, trace_dir, Some(is_planned))
    }

    fn parse_as(
        source: &Source,
        trace_dir: &Path,
        recorded: Option<IsPlanned>,
    ) -> Result<Experiment, SpecErrors> {
        let shown: Vec<String> = source.overrides.iter().map(|o| format!("--set {o}")).collect();
        let texts: Vec<&str> =
            std::iter::once(source.text.as_str()).chain(shown.iter().map(String::as_str)).collect();
        let fail = |problems: &[Problem]| SpecErrors::new(problems, &source.name, &texts);
        let mut root = node::parse(&source.text, 0).map_err(|p| fail(&[p]))?;
        let problems = overrides::apply(&mut root, &shown);
        if !problems.is_empty() {
            return Err(fail(&problems));
        }
        let mut reading = Reading::new(trace_dir, recorded.is_some());
        let experiment = file(name_of(&source.name), &root, recorded, &mut reading);
        match experiment {
            Some(experiment) if reading.problems.is_empty() => Ok(experiment),
            _ => Err(fail(&reading.problems)),
        }
    }
}

/// The programs of a file: an experiment, or a file of programs. What else the file holds is not looked at.
pub fn programs_of(source: &Source, folder: &Path) -> Result<Vec<Program>, SpecErrors> {
    let fail = |problems: &[Problem]| SpecErrors::new(problems, &source.name, &[&source.text]);
    let root = node::parse(&source.text, 0).map_err(|p| fail(&[p]))?;
    let mut reading = Reading::new(folder, false);
    let programs = programs::read(&Open { node: &root, span: root.span }, &mut reading);
    if reading.problems.is_empty() { Ok(programs.all) } else { Err(fail(&reading.problems)) }
}

fn file(
    name: String,
    root: &Node,
    recorded: Option<IsPlanned>,
    reading: &mut Reading,
) -> Option<Experiment> {
    let root = &services::filled_in(root);
    let file = keys::FILE.open(root, reading)?;
    let title = file.one(&keys::TITLE, reading);
    let question = file.one(&keys::QUESTION, reading);
    let record = file.one(&keys::RECORD, reading);
    let margin = file.one(&keys::MARGIN, reading);
    let deadline = file.one(&keys::DEADLINE, reading);
    let blocks = blocks(&file, reading);

    // What follows from a failed value is not an error of its own: from here on, each step is
    // taken only if the ones that it builds on stand.
    let before = reading.problems.len();
    let axes = axes(&file, reading);
    let programs = programs::read(&file, reading);
    let tables = strategies::read(&file, &programs, reading);
    let whole = reading.problems.len() == before;
    let whole = whole && !tables.is_empty();
    let fits = whole && axes.as_ref().is_some_and(|a| is_small(a, &tables, reading));
    let scenarios = axes.filter(|_| fits).map(Axes::multiply);
    let strategies = match &scenarios {
        Some(scenarios) => strategies::multiply(&tables, &programs, scenarios, recorded, reading),
        None => None,
    };
    let mut cells = match (&scenarios, &strategies) {
        (Some(scenarios), Some(strategies)) => Some(Cells::new(scenarios, strategies)),
        _ => None,
    };

    let before = reading.problems.len();
    let excludes = cells::excludes(&file, cells.as_mut(), reading);
    if let (Some(scenarios), Some(strategies), Some(cells)) = (&scenarios, &strategies, &cells) {
        loads::check_models(&file, scenarios, strategies, cells, reading);
        loads::check_programs(&file, scenarios, strategies, cells, reading);
        loads::check_services(&file, scenarios, strategies, cells, reading);
    }
    let excluded = reading.problems.len() == before;
    let cells = cells.filter(|c| excluded && c.any_left(reading));
    if let (Some(cells), Some(blocks)) = (&cells, &blocks) {
        check_trials(cells, blocks, reading);
    }
    let baseline = cells::one_each(&file, &keys::BASELINE, cells.as_ref(), reading);
    let control = cells::one_each(&file, &keys::CONTROL, cells.as_ref(), reading);
    let claims = claims::read(&file, cells.as_ref(), reading);
    let gates = gates::read(&file, cells.as_ref(), reading);

    Some(Experiment {
        name,
        title: title?.value,
        question: question?.value,
        scenarios: scenarios?,
        strategies: strategies?,
        excludes,
        baseline,
        control,
        blocks: blocks?.value,
        claims,
        gates,
        record: record?.value,
        margin: margin?.value,
        deadline_ns: deadline.map(|d| d.value),
        program_files: programs.files,
    })
}

fn blocks(file: &Open, reading: &mut Reading) -> Option<Placed<Blocks>> {
    let absent = Node { kind: node::Kind::Table(Vec::new()), span: file.span };
    let node = file.table(keys::BLOCKS.name).unwrap_or(&absent);
    let table = keys::BLOCKS.table.open(node, reading)?;
    let before = reading.problems.len();
    let count = table.one(&keys::COUNT, reading);
    let count_is_bad = reading.problems.len() > before;
    let warmup = table.one(&keys::WARMUP, reading);
    let seed = table.one(&keys::BLOCK_SEED, reading);
    let repeat_invalid = table.one(&keys::REPEAT_INVALID, reading);
    let until = table.table(keys::UNTIL.name).map(|node| until(node, reading));
    let count_is_default = until.is_none() && count.is_none();
    let (until, count) = match (until, count) {
        (Some(until), _) => {
            let until = until?;
            (Some(until.value), Placed { value: until.value.max, span: until.span })
        }
        (None, Some(count)) => (None, count),
        (None, None) if count_is_bad => return None,
        (None, None) => (None, Placed { value: DEFAULT_BLOCKS, span: table.span }),
    };
    let blocks = Blocks {
        count: count.value,
        count_is_default,
        until,
        warmup: warmup?.value,
        seed: seed?.value,
        repeat_invalid: repeat_invalid?.value,
    };
    Some(Placed { value: blocks, span: count.span })
}

/// The rule, at the place of its `max`.
fn until(node: &Node, reading: &mut Reading) -> Option<Placed<Until>> {
    let table = keys::UNTIL.table.open(node, reading)?;
    let half_width = table.one(&keys::HALF_WIDTH, reading);
    let min = table.one(&keys::MIN, reading);
    let max = table.one(&keys::MAX, reading);
    let (half_width, min, max) = (half_width?.value, min?, max?);
    if max.value < min.value {
        let what = "`max` is below `min`: the run would end before the intervals are looked at";
        reading.report(Problem::at(max.span, what).also("`min`", min.span));
        return None;
    }
    let until = Until { half_width, min: min.value, max: max.value };
    Some(Placed { value: until, span: max.span })
}

/// All that multiplies into scenarios.
struct Axes {
    requests: usize,
    arrivals: usize,
    /// Every number of requests with every arrival.
    loads: Vec<(u32, Arrival)>,
    /// The lists of all other factors.
    lists: Lists<Scenario>,
    span: Span,
}

fn axes(file: &Open, reading: &mut Reading) -> Option<Axes> {
    let seed = lists_of(&keys::FILE, file, reading);
    let absent = Node { kind: node::Kind::Table(Vec::new()), span: file.span };
    let server = file.table(keys::SERVER.name).unwrap_or(&absent);
    let server = keys::SERVER.table.open(server, reading);
    let workload = keys::WORKLOAD.table.open(file.table(keys::WORKLOAD.name)?, reading);
    let (server, workload) = (server?, workload?);
    let requests = workload.many(&loads::REQUESTS, reading);
    let of_workload = lists_of(keys::WORKLOAD.table, &workload, reading);
    let mut lists = of_workload.and([seed, lists_of(keys::SERVER.table, &server, reading)]);
    let arrivals = lists.take(Factor::Arrival);
    let loads = loads::read(&requests, &arrivals, reading);
    let (requests, arrivals) = (requests.len(), arrivals.len());
    let axes = Axes { requests, arrivals, loads, lists, span: workload.span };
    let values = |factor| axes.lists.of(factor);
    let several = values(Factor::Targets).iter().find(|t| t.value.targets > 1);
    if let (Some(several), true) = (several, values(Factor::DnsDelay).is_empty()) {
        let what = "several `targets` need a name server: set `dns_delay`";
        let hint = "add to [server]: dns_delay = \"0s\"";
        reading.report(Problem::at(several.span, what).hint(hint));
    }
    check_unknown_hosts(&axes, reading);
    check_scaled_delays(&axes, reading);
    check_strata(&axes, reading);
    if let (Some(by), None) = (workload.node.get("rtt_by"), workload.node.get("rtt")) {
        let what = "`rtt_by` needs a round trip: set `rtt`";
        let hint = "add to [workload]: rtt = \"15ms\", or remove `rtt_by`";
        reading.report(Problem::at(by.key_span, what).hint(hint));
    }
    let redirected = values(Factor::Redirects).iter().find(|r| r.value.redirects > 0);
    let uploading = values(Factor::Upload).iter().find(|u| u.value.upload_bytes > 0);
    if let (Some(upload), Some(redirects)) = (uploading, redirected) {
        let what = "requests with a body cannot be redirected: clients do not send a body twice";
        let hint = "give `upload` and `redirects` an experiment each";
        let problem = Problem::at(upload.span, what).also("`redirects`", redirects.span);
        reading.report(problem.hint(hint));
    }
    Some(axes)
}

/// The lists of a table; `requests` is read by its type.
fn lists_of(table: &TableForm, open: &Open, reading: &mut Reading) -> Lists<Scenario> {
    let factors = factor::of_scenario().filter(|(factor, entry)| {
        entry.facts().table == table.title && *factor != Factor::Requests
    });
    Lists::read(factors, open, &Scenario::default(), reading)
}

/// Checks that no scale rounds a written delay to zero.
fn check_scaled_delays(axes: &Axes, reading: &mut Reading) {
    let shortest = |of: &Placed<Scenario>| Some((of.span, of.value.delay.shortest_written_ns()?));
    let delays = axes.lists.of(Factor::Delay).iter();
    let shortest: Vec<(Span, u64)> = delays.filter_map(shortest).collect();
    for scale in axes.lists.of(Factor::TimeScale) {
        let by = scale.value.time_scale;
        let gone = |&&(_, ns): &&(Span, u64)| (ns as f64 * by).round() == 0.0;
        let Some(&(delay, ns)) = shortest.iter().filter(gone).min_by_key(|(_, ns)| *ns) else {
            continue;
        };
        let text = exact_duration(ns);
        let what = format!("`time_scale` {by:?} makes the duration {text} less than a nanosecond");
        let hint = format!(
            "write a `time_scale` of at least {:?}, or \"0s\" instead of {text}",
            1.0 / ns as f64
        );
        let problem = Problem::at(scale.span, what).also("`delay`", delay);
        reading.report(problem.hint(hint));
    }
}

/// Checks that unknown hosts have a name server, and are at most as many as the hosts.
fn check_unknown_hosts(axes: &Axes, reading: &mut Reading) {
    let unknown = axes.lists.of(Factor::UnknownHosts).iter();
    let Some(unknown) = unknown.max_by_key(|of| of.value.unknown_hosts) else { return };
    let hosts = unknown.value.unknown_hosts;
    let fewest = axes.lists.of(Factor::Targets).iter().min_by_key(|of| of.value.targets);
    if hosts > 0 && axes.lists.of(Factor::DnsDelay).is_empty() {
        let what = "`unknown_hosts` needs a name server: set `dns_delay`";
        let hint = "add to [server]: dns_delay = \"0s\"";
        reading.report(Problem::at(unknown.span, what).hint(hint));
    } else if let Some(targets) = fewest.filter(|of| of.value.targets < hosts) {
        let what =
            format!("`unknown_hosts` ({hosts}) exceeds `targets` ({})", targets.value.targets);
        let hint = format!("write in [workload]: targets = {hosts}");
        let problem = Problem::at(unknown.span, what).also("`targets`", targets.span);
        reading.report(problem.hint(hint));
    }
}

/// Checks that stratified delays have strata, which delays by request index do not.
fn check_strata(axes: &Axes, reading: &mut Reading) {
    let stratified = |of: &&Placed<Scenario>| of.value.sampling == Sampling::Stratified;
    let stratified = axes.lists.of(Factor::Draw).iter().find(stratified);
    let mut delays = axes.lists.of(Factor::Delay).iter();
    let indexed = delays.find(|of| of.value.delay.model.needs_index());
    if let (Some(draw), Some(delay)) = (stratified, indexed) {
        let what = "a mixture with a `cycle` or `trace` cannot be stratified: each request index has its delay";
        let hint = "write a `choice` of the same delays in the mixture, or draw = \"independent\"";
        let problem = Problem::at(draw.span, what).also("the delay", delay.span);
        reading.report(problem.hint(hint));
    }
}

impl Axes {
    fn lengths(&self) -> Vec<(&'static str, usize)> {
        let load = [(Factor::Requests, self.requests), (Factor::Arrival, self.arrivals)];
        load.map(|(factor, len)| (factor.name(), len))
            .into_iter()
            .chain(self.lists.lengths())
            .collect()
    }

    /// Every scenario; the last list varies fastest.
    fn multiply(self) -> Vec<Scenario> {
        let start = |&(requests, arrival): &(u32, Arrival)| {
            Point::new(Scenario { requests, arrival, ..Scenario::default() })
        };
        let points = self.lists.multiply(self.loads.iter().map(start).collect());
        points.into_iter().map(|point| point.of).collect()
    }
}

/// The product of the lengths, and how it comes about: `6 (requests 3 × delay 2)`.
fn product(lengths: &[(&str, usize)]) -> (u64, String) {
    let product = lengths.iter().fold(1u64, |n, (_, len)| n.saturating_mul(*len as u64));
    let factors: Vec<String> = lengths
        .iter()
        .filter(|(_, len)| *len > 1)
        .map(|(name, len)| format!("{name} {len}"))
        .collect();
    match factors.as_slice() {
        [] => (product, product.to_string()),
        some => (product, format!("{product} ({})", some.join(" × "))),
    }
}

/// Whether the matrix may be made at all; nothing of it is allocated before.
fn is_small(axes: &Axes, tables: &[lists::Table], reading: &mut Reading) -> bool {
    let (scenarios, scenarios_text) = product(&axes.lengths());
    let lengths = |table: &lists::Table| table.lists.lengths().collect::<Vec<_>>();
    let products: Vec<(u64, String)> = tables.iter().map(|t| product(&lengths(t))).collect();
    let strategies = products.iter().fold(0u64, |n, (p, _)| n.saturating_add(*p));
    let cells = scenarios.saturating_mul(strategies);
    if cells <= MOST_CELLS {
        return true;
    }
    let what = format!(
        "{scenarios} scenarios × {strategies} strategies are {cells} cells; at most {MOST_CELLS} can be run"
    );
    let largest = products.iter().zip(tables).max_by_key(|((n, _), _)| *n);
    let (span, largest_text) = match largest {
        Some(((n, text), table)) if *n > scenarios => (table.span, text.as_str()),
        Some(((_, text), _)) => (axes.span, text.as_str()),
        None => (axes.span, "0"),
    };
    let problem = Problem::at(span, what)
        .note(format!("scenarios: {scenarios_text}"))
        .note(format!("the largest [[strategy]]: {largest_text}"));
    reading.report(problem.hint("shorten a list, or split the question into several experiments"));
    false
}

fn check_trials(cells: &Cells, blocks: &Placed<Blocks>, reading: &mut Reading) {
    let (left, scenarios) = (cells.left(), cells.scenarios_left());
    let rounds = u64::from(blocks.value.count) + u64::from(blocks.value.warmup);
    // One cell of each scenario is run twice, as the control.
    let trials = (left + scenarios) as u64 * rounds;
    if trials > MOST_TRIALS {
        let what = format!(
            "{left} cells and {scenarios} controls × {rounds} blocks are {trials} trials; at most {MOST_TRIALS} can be run"
        );
        let hint =
            "run fewer blocks, shorten a list, or split the question into several experiments";
        reading.report(Problem::at(blocks.span, what).hint(hint));
    }
}
