//! From the text of an experiment to the experiment.

mod cells;
mod claims;
mod gates;
mod loads;
mod strategies;

use std::num::NonZeroU32;
use std::path::Path;

use super::error::{Problem, Span, SpecErrors};
use super::forms::Requests;
use super::key::{Open, Placed, Reading};
use super::node::{self, Node};
use super::{Blocks, DEFAULT_BLOCKS, Experiment, Scenario, Source, Until, keys, overrides};
use crate::arrival::Arrival;
use crate::delay::{Delay, Sampling};
use crate::link::RttBy;
use crate::strategy::Strategy;
use crate::units::exact_duration;
use cells::Cells;
use strategies::Lists;

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
        let mut reading = Reading::new(trace_dir, recorded);
        let experiment = file(name_of(&source.name), &root, &mut reading);
        match experiment {
            Some(experiment) if reading.problems.is_empty() => Ok(experiment),
            _ => Err(fail(&reading.problems)),
        }
    }
}

/// The file's name without its ending, fit to be part of a folder's name: letters, digits and signs of
/// any script stay, so that names that differ in them stay apart.
pub(super) fn name_of(file: &str) -> String {
    let stem = Path::new(file).file_stem().unwrap_or_default().to_string_lossy();
    let fit = |c: char| {
        let stays =
            if c.is_ascii() { c.is_ascii_alphanumeric() || "-_.".contains(c) } else { is_seen(c) };
        if stays { c } else { '-' }
    };
    match stem.chars().map(fit).collect::<String>() {
        name if name.trim_matches(['-', '.']).is_empty() => "experiment".to_owned(),
        name => name,
    }
}

/// Whether a reader sees a character: spaces, controls and marks of direction are not.
fn is_seen(c: char) -> bool {
    let is_mark = matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}');
    !c.is_whitespace() && !c.is_control() && !is_mark
}

fn file(name: String, root: &Node, reading: &mut Reading) -> Option<Experiment> {
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
    let lists = strategies::read(&file, reading);
    let whole = reading.problems.len() == before;
    let whole = whole && !lists.is_empty();
    let fits = whole && axes.as_ref().is_some_and(|a| is_small(a, &lists, reading));
    let scenarios = axes.filter(|_| fits).map(Axes::multiply);
    let strategies = match &scenarios {
        Some(scenarios) => strategies::multiply(&lists, scenarios, reading),
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
        let what = "`max` is below `min`, so the intervals would never be looked at";
        reading.report(Problem::at(max.span, what).also("`min`", min.span));
        return None;
    }
    let until = Until { half_width, min: min.value, max: max.value };
    Some(Placed { value: until, span: max.span })
}

/// The lists that multiply into scenarios.
struct Axes {
    requests: Vec<Placed<Requests>>,
    arrival: Vec<Placed<Arrival>>,
    /// Every number of requests with every arrival.
    loads: Vec<Placed<(u32, Arrival)>>,
    delay: Vec<Placed<Delay>>,
    time_scale: Vec<Placed<f64>>,
    draw: Vec<Placed<Sampling>>,
    body: Vec<Placed<u64>>,
    chunks: Vec<Placed<u32>>,
    chunk_delay: Vec<Placed<u64>>,
    upload: Vec<Placed<u64>>,
    redirects: Vec<Placed<u32>>,
    targets: Vec<Placed<u32>>,
    rtt: Vec<Placed<u64>>,
    rtt_by: Vec<Placed<RttBy>>,
    seed: Vec<Placed<u64>>,
    backlog: Vec<Placed<u32>>,
    tls: Vec<Placed<bool>>,
    connect_delay: Vec<Placed<u64>>,
    handshake_delay: Vec<Placed<u64>>,
    streams: Vec<Placed<u32>>,
    dns_delay: Vec<Placed<u64>>,
    dns_ttl: Vec<Placed<u64>>,
    unknown_hosts: Vec<Placed<u32>>,
    server_nofile: Vec<Placed<u64>>,
    capacity: Vec<Placed<NonZeroU32>>,
    retry_after: Vec<Placed<u64>>,
    span: Span,
}

fn axes(file: &Open, reading: &mut Reading) -> Option<Axes> {
    let seed = file.many(&keys::SEED, reading);
    let absent = Node { kind: node::Kind::Table(Vec::new()), span: file.span };
    let server = file.table(keys::SERVER.name).unwrap_or(&absent);
    let server = keys::SERVER.table.open(server, reading);
    let workload = keys::WORKLOAD.table.open(file.table(keys::WORKLOAD.name)?, reading);
    let (server, workload) = (server?, workload?);
    let requests = workload.many(&keys::REQUESTS, reading);
    let arrival = workload.many(&keys::ARRIVAL, reading);
    let axes = Axes {
        loads: loads::read(&requests, &arrival, reading),
        requests,
        arrival,
        delay: workload.many(&keys::DELAY, reading),
        time_scale: workload.many(&keys::TIME_SCALE, reading),
        draw: workload.many(&keys::DRAW, reading),
        body: workload.many(&keys::BODY, reading),
        chunks: workload.many(&keys::CHUNKS, reading),
        chunk_delay: workload.many(&keys::CHUNK_DELAY, reading),
        upload: workload.many(&keys::UPLOAD, reading),
        redirects: workload.many(&keys::REDIRECTS, reading),
        targets: workload.many(&keys::TARGETS, reading),
        rtt: workload.many(&keys::RTT, reading),
        rtt_by: workload.many(&keys::RTT_BY, reading),
        seed,
        backlog: server.many(&keys::BACKLOG, reading),
        tls: server.many(&keys::TLS, reading),
        connect_delay: server.many(&keys::CONNECT_DELAY, reading),
        handshake_delay: server.many(&keys::HANDSHAKE_DELAY, reading),
        streams: server.many(&keys::STREAMS, reading),
        dns_delay: server.many(&keys::DNS_DELAY, reading),
        dns_ttl: server.many(&keys::DNS_TTL, reading),
        unknown_hosts: server.many(&keys::UNKNOWN_HOSTS, reading),
        server_nofile: server.many(&keys::SERVER_NOFILE, reading),
        capacity: server.many(&keys::CAPACITY, reading),
        retry_after: server.many(&keys::RETRY_AFTER, reading),
        span: workload.span,
    };
    if let (Some(several), true) =
        (axes.targets.iter().find(|t| t.value > 1), axes.dns_delay.is_empty())
    {
        let what = "several targets need names, and there is no name server";
        let hint = "add to [server]: dns_delay = \"0s\"";
        reading.report(Problem::at(several.span, what).hint(hint));
    }
    unknown_hosts(&axes, reading);
    nothing_left_by_scaling(&axes, reading);
    strata(&axes, reading);
    if let (Some(by), None) = (workload.node.get("rtt_by"), workload.node.get("rtt")) {
        let what = "`rtt_by` says what holds the packets of a round trip, and there is none";
        let hint = "add to [workload]: rtt = \"15ms\", or remove `rtt_by`";
        reading.report(Problem::at(by.key_span, what).hint(hint));
    }
    let redirected = axes.redirects.iter().find(|r| r.value > 0);
    if let (Some(upload), Some(redirects)) = (axes.upload.iter().find(|u| u.value > 0), redirected)
    {
        let what = "requests with a body cannot be redirected: clients do not send a body twice";
        let hint = "give `upload` and `redirects` an experiment each";
        let problem = Problem::at(upload.span, what).also("`redirects`", redirects.span);
        reading.report(problem.hint(hint));
    }
    Some(axes)
}

/// A scale may not make nothing of what a delay is written with.
fn nothing_left_by_scaling(axes: &Axes, reading: &mut Reading) {
    let shortest = |delay: &Placed<Delay>| Some((delay.span, delay.value.shortest_written_ns()?));
    let shortest: Vec<(Span, u64)> = axes.delay.iter().filter_map(shortest).collect();
    for scale in &axes.time_scale {
        let gone = |&&(_, ns): &&(Span, u64)| (ns as f64 * scale.value).round() == 0.0;
        let Some(&(delay, ns)) = shortest.iter().filter(gone).min_by_key(|(_, ns)| *ns) else {
            continue;
        };
        let (text, by) = (exact_duration(ns), scale.value);
        let what =
            format!("`time_scale` {by:?} leaves less than a nanosecond of the duration {text}");
        let hint = format!(
            "write a `time_scale` of at least {:?}, or \"0s\" instead of {text}",
            1.0 / ns as f64
        );
        let problem = Problem::at(scale.span, what).also("`delay`", delay);
        reading.report(problem.hint(hint));
    }
}

/// Hosts are unknown to a name server, and there are no more of them than hosts.
fn unknown_hosts(axes: &Axes, reading: &mut Reading) {
    let Some(unknown) = axes.unknown_hosts.iter().max_by_key(|hosts| hosts.value) else { return };
    let fewest = axes.targets.iter().min_by_key(|targets| targets.value);
    if unknown.value > 0 && axes.dns_delay.is_empty() {
        let what = "hosts can be unknown to a name server only, and there is none";
        let hint = "add to [server]: dns_delay = \"0s\"";
        reading.report(Problem::at(unknown.span, what).hint(hint));
    } else if let Some(targets) = fewest.filter(|targets| targets.value < unknown.value) {
        let what = format!("{} hosts cannot be unknown of {}", unknown.value, targets.value);
        let hint = "ask for as many `targets` in [workload]";
        let problem = Problem::at(unknown.span, what).also("`targets`", targets.span);
        reading.report(problem.hint(hint));
    }
}

/// A stratum is a share of a distribution, which delays by request index have only as a whole.
fn strata(axes: &Axes, reading: &mut Reading) {
    let stratified = axes.draw.iter().find(|d| d.value == Sampling::Stratified);
    let indexed = axes.delay.iter().find(|d| d.value.model.needs_index());
    if let (Some(draw), Some(delay)) = (stratified, indexed) {
        let what = "a mixture with a `cycle` or a `trace` cannot be stratified: their delays go by request index";
        let hint = "write a `choice` of the same delays in the mixture, or draw = \"independent\"";
        let problem = Problem::at(draw.span, what).also("the delay", delay.span);
        reading.report(problem.hint(hint));
    }
}

impl Axes {
    fn lengths(&self) -> [(&'static str, usize); 25] {
        [
            ("requests", self.requests.len()),
            ("arrival", self.arrival.len()),
            ("delay", self.delay.len()),
            ("time_scale", self.time_scale.len()),
            ("draw", self.draw.len()),
            ("body", self.body.len()),
            ("chunks", self.chunks.len()),
            ("chunk_delay", self.chunk_delay.len()),
            ("upload", self.upload.len()),
            ("redirects", self.redirects.len()),
            ("targets", self.targets.len()),
            ("rtt", self.rtt.len().max(1)),
            ("rtt_by", self.rtt_by.len()),
            ("seed", self.seed.len()),
            ("backlog", self.backlog.len()),
            ("tls", self.tls.len()),
            ("connect_delay", self.connect_delay.len()),
            ("handshake_delay", self.handshake_delay.len()),
            ("streams", self.streams.len()),
            ("dns_delay", self.dns_delay.len().max(1)),
            ("dns_ttl", self.dns_ttl.len()),
            ("unknown_hosts", self.unknown_hosts.len()),
            ("server_nofile", self.server_nofile.len().max(1)),
            ("capacity", self.capacity.len().max(1)),
            ("retry_after", self.retry_after.len()),
        ]
    }

    /// Every scenario; the last list varies fastest.
    fn multiply(self) -> Vec<Scenario> {
        let mut all = vec![Scenario::plain(1, Delay::NONE)];
        cross(&mut all, &self.loads, |s, load| (s.requests, s.arrival) = load.value);
        cross(&mut all, &self.delay, |s, delay| s.delay = delay.value.clone());
        cross(&mut all, &self.time_scale, |s, time_scale| s.time_scale = time_scale.value);
        cross(&mut all, &self.draw, |s, draw| s.sampling = draw.value);
        cross(&mut all, &self.body, |s, body| s.body_bytes = body.value);
        cross(&mut all, &self.chunks, |s, chunks| s.chunks = chunks.value);
        cross(&mut all, &self.chunk_delay, |s, chunk_delay| s.chunk_delay_ns = chunk_delay.value);
        cross(&mut all, &self.upload, |s, upload| s.upload_bytes = upload.value);
        cross(&mut all, &self.redirects, |s, redirects| s.redirects = redirects.value);
        cross(&mut all, &self.targets, |s, targets| s.targets = targets.value);
        cross(&mut all, &self.rtt, |s, rtt| s.rtt_ns = Some(rtt.value));
        cross(&mut all, &self.rtt_by, |s, by| s.rtt_by = by.value);
        cross(&mut all, &self.seed, |s, seed| s.seed = seed.value);
        cross(&mut all, &self.backlog, |s, backlog| s.backlog = backlog.value);
        cross(&mut all, &self.tls, |s, tls| s.tls = tls.value);
        cross(&mut all, &self.connect_delay, |s, connect_delay| {
            s.connect_delay_ns = connect_delay.value;
        });
        cross(&mut all, &self.handshake_delay, |s, handshake_delay| {
            s.handshake_delay_ns = handshake_delay.value;
        });
        cross(&mut all, &self.streams, |s, streams| s.streams = streams.value);
        cross(&mut all, &self.dns_delay, |s, dns_delay| s.dns_delay_ns = Some(dns_delay.value));
        cross(&mut all, &self.dns_ttl, |s, dns_ttl| s.dns_ttl_ns = dns_ttl.value);
        cross(&mut all, &self.unknown_hosts, |s, hosts| s.unknown_hosts = hosts.value);
        cross(&mut all, &self.server_nofile, |s, files| s.server_nofile = Some(files.value));
        cross(&mut all, &self.capacity, |s, capacity| s.capacity = Some(capacity.value));
        cross(&mut all, &self.retry_after, |s, after| s.retry_after_ns = after.value);
        all
    }
}

/// Every item with every value, the values varying fastest; an absent list leaves the items as they
/// are.
fn cross<'v, T: Clone, V>(
    items: &mut Vec<T>,
    values: &'v [Placed<V>],
    set: impl Fn(&mut T, &'v Placed<V>),
) {
    let with = |item: &T, value| {
        let mut item = item.clone();
        set(&mut item, value);
        item
    };
    if !values.is_empty() {
        let all = items.iter().flat_map(|item| values.iter().map(|value| with(item, value)));
        *items = all.collect();
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
fn is_small(axes: &Axes, lists: &[Lists], reading: &mut Reading) -> bool {
    let (scenarios, scenarios_text) = product(&axes.lengths());
    let products: Vec<(u64, String)> = lists.iter().map(|l| product(&l.lengths())).collect();
    let strategies = products.iter().fold(0u64, |n, (p, _)| n.saturating_add(*p));
    let cells = scenarios.saturating_mul(strategies);
    if cells <= MOST_CELLS {
        return true;
    }
    let what = format!(
        "{scenarios} scenarios × {strategies} strategies are {cells} cells; at most {MOST_CELLS} can be run"
    );
    let largest = products.iter().zip(lists).max_by_key(|((n, _), _)| *n);
    let (span, largest_text) = match largest {
        Some(((n, text), list)) if *n > scenarios => (list.span, text.as_str()),
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
