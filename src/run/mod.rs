//! The loop over trials: from a plan to a record.

pub mod child;
pub mod contract;
pub mod executor;
pub mod network;
pub mod programs;
#[cfg(test)]
mod tests;
mod timelines;

use std::collections::{HashMap, HashSet};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

pub use child::ChildExecutor;
pub use executor::{Executor, Job, Reports, Served};
pub use network::Network;

use crate::child::Ended;
use crate::events::{Event, Sink, Summary};
use crate::machine::{Cpu, Load};
use crate::plan::{Cell, Plan, PlannedTrial, Replica};
use crate::protocol::{ClientConfig, RequestLog, ServerConfig, ServerReady, Tick, Timeline};
use crate::record::{EnvRow, Happening, RecordError, RunWriter, Status, TrialRow};
use crate::spec::{RecordLevel, Scenario};
use crate::validity::{MeasuredTrial, invalid, is_invalid_by_machine};

/// Rows of single requests that `record = "sample"` keeps of a trial.
const SAMPLE_ROWS: u32 = 1_000;

/// The server of a trial that is expected to take as long says in between how far it has come.
const LONG_NS: u64 = 3_000_000_000;

/// Time between two ticks of a long trial's server. Each costs the server a line of text; the
/// client has no part in it.
const TICK_NS: u64 = 1_000_000_000;

/// CPUs of the two children of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cpus {
    /// CPUs of the delay server.
    pub server: Vec<usize>,
    /// CPUs of the client.
    pub client: Vec<usize>,
}

impl Cpus {
    /// Splits the CPUs that this process may use: the delay server has one thread and gets the
    /// last CPU, the client gets the others. With a single CPU they have to share it.
    pub fn split(allowed: &[usize]) -> Cpus {
        match allowed {
            [client @ .., server] if !client.is_empty() => {
                Cpus { server: vec![*server], client: client.to_vec() }
            }
            _ => Cpus { server: allowed.to_vec(), client: allowed.to_vec() },
        }
    }

    /// CPUs of the server side of a trial.
    fn of_server(&self, scenario: &Scenario) -> Vec<usize> {
        let mut cpus = self.server.clone();
        if scenario.share_cpus {
            cpus.extend(&self.client);
            cpus.sort_unstable();
            cpus.dedup();
        }
        cpus
    }

    /// Whether server and client are kept apart.
    pub fn are_apart(&self) -> bool {
        self.server.iter().all(|cpu| !self.client.contains(cpu))
    }
}

/// The stopping rule: from the measured trials of all complete blocks, whether the run may end. A
/// function of these alone, so that a run that is resumed ends where it would have ended.
pub type StoppingRule = fn(&Plan, &[TrialRow]) -> bool;

/// Blocks and trials that are recorded already, for a run that goes on.
#[derive(Debug, Default)]
pub struct Done<'a> {
    /// Blocks that need nothing more.
    pub blocks: HashSet<u32>,
    /// The last attempt of each block that was begun.
    pub attempts: HashMap<u32, u32>,
    /// Complete attempts of each block that has to be repeated.
    repeats: HashMap<u32, u32>,
    /// Good trials of the blocks that need nothing more.
    good: Vec<Good>,
    /// The trials of the blocks that need nothing more.
    complete: Vec<&'a TrialRow>,
}

/// A good trial that an earlier process left.
#[derive(Debug)]
struct Good {
    cell: String,
    build: String,
    block: u32,
    is_twin: bool,
}

impl<'a> Done<'a> {
    /// Finds what is done in the rows of a record: `complete` are those that count, of all blocks
    /// that were recorded whole.
    pub fn of(plan: &Plan, complete: &'a [TrialRow], all: &[TrialRow], env: &[EnvRow]) -> Done<'a> {
        let mut attempts: HashMap<u32, u32> = HashMap::new();
        let begun = env
            .iter()
            .map(|e| (e.block, e.attempt))
            .chain(all.iter().map(|t| (t.block, t.attempt)));
        for (block, attempt) in begun {
            let last = attempts.entry(block).or_default();
            *last = attempt.max(*last);
        }
        let mut repeats = HashMap::new();
        for rows in complete.chunk_by(|a, b| a.block == b.block) {
            let block = rows[0].block;
            let whole = recorded_whole(block, rows.len(), all);
            if must_repeat(plan, rows, whole - 1) {
                repeats.insert(block, whole);
            }
        }
        let complete: Vec<&TrialRow> =
            complete.iter().filter(|t| !repeats.contains_key(&t.block)).collect();
        let good = complete.iter().filter(|t| t.is_ok());
        Done {
            blocks: complete.iter().map(|t| t.block).collect(),
            attempts,
            repeats,
            good: good
                .map(|t| Good {
                    cell: t.cell.clone(),
                    build: t.build.clone(),
                    block: t.block,
                    is_twin: t.replica != "a",
                })
                .collect(),
            complete,
        }
    }
}

/// Number of complete attempts of a block of so many trials, at least one.
fn recorded_whole(block: u32, trials: usize, all: &[TrialRow]) -> u32 {
    let mut attempts: HashMap<u32, usize> = HashMap::new();
    for row in all.iter().filter(|row| row.block == block && !row.is_aborted()) {
        *attempts.entry(row.attempt).or_default() += 1;
    }
    attempts.values().filter(|&&rows| rows == trials).count().max(1) as u32
}

/// The rule of `repeat_invalid`: whether a block that is recorded whole is repeated, which it was so often
/// before. It looks at what the machine did, never at how long a strategy took; warm-up is not looked at.
fn must_repeat(plan: &Plan, rows: &[TrialRow], repeats: u32) -> bool {
    let by_machine = |row: &TrialRow| {
        let cell = plan.cells.iter().position(|cell| cell.id.to_string() == row.cell);
        row.status == Status::Invalid
            && cell.is_some_and(|cell| is_invalid_by_machine(&MeasuredTrial::new(plan, cell, row)))
    };
    repeats < plan.experiment.blocks.repeat_invalid
        && rows.iter().any(|row| row.block > 0 && by_machine(row))
}

/// Runs what is left of the plan, block by block, and records every trial. Where the experiment has
/// a stopping rule, it is asked after each whole block.
///
/// A trial that fails is a row; a row that cannot be written ends the run.
pub fn record(
    plan: &Plan,
    cpus: &Cpus,
    done: &Done,
    rule: StoppingRule,
    writer: &mut RunWriter,
    executor: &mut dyn Executor,
    sink: &mut dyn Sink,
) -> Result<Summary, RecordError> {
    let resumed = !writer.manifest().events.is_empty();
    let begin = if resumed { Happening::Resumed } else { Happening::Started };
    writer.note(begin, jiff::Timestamp::now())?;
    let left: Vec<&PlannedTrial> =
        plan.trials.iter().filter(|t| !done.blocks.contains(&t.block)).collect();
    sink.note(plan, Event::Planned(&left));
    let mut going = Going {
        plan,
        cpus,
        writer,
        executor,
        sink,
        summary: Summary::default(),
        kept: Kept::of(plan, done),
        cpu_before: None,
    };
    let mut measured = Measured::of(plan, done, rule);
    for block in left.chunk_by(|a, b| a.block == b.block) {
        if measured.are_enough() {
            break;
        }
        let number = block[0].block;
        let mut attempt = done.attempts.get(&number).copied().unwrap_or(0) + 1;
        let mut repeats = done.repeats.get(&number).copied().unwrap_or(0);
        let rows = loop {
            let before = (going.summary, going.kept.clone());
            let rows = going.block(block, attempt)?;
            if going.summary.interrupted {
                going.writer.note(Happening::Interrupted, jiff::Timestamp::now())?;
                going.sink.note(plan, Event::Ended(&going.summary));
                return Ok(going.summary);
            }
            if !must_repeat(plan, &rows, repeats) {
                break rows;
            }
            // What is thrown away stays in the record, and counts for nothing.
            (going.summary, going.kept) = before;
            going.summary.repeats += 1;
            (attempt, repeats) = (attempt + 1, repeats + 1);
            going.sink.note(plan, Event::Repeated(block, repeats));
        };
        rows.into_iter().for_each(|row| measured.add(row));
    }
    let Going { mut summary, writer, sink, .. } = going;
    summary.narrow_enough_after = measured.stopped_early_after();
    let end = match summary.narrow_enough_after {
        Some(_) => Happening::NarrowEnough,
        None => Happening::Finished,
    };
    writer.note(end, jiff::Timestamp::now())?;
    sink.note(plan, Event::Ended(&summary));
    Ok(summary)
}

/// A run on its way.
struct Going<'a> {
    plan: &'a Plan,
    cpus: &'a Cpus,
    writer: &'a mut RunWriter,
    executor: &'a mut dyn Executor,
    sink: &'a mut dyn Sink,
    summary: Summary,
    kept: Kept,
    cpu_before: Option<Cpu>,
}

impl Going<'_> {
    /// Records one attempt of a block, or what there is of it when the run is asked to stop.
    fn block(
        &mut self,
        block: &[&PlannedTrial],
        attempt: u32,
    ) -> Result<Vec<TrialRow>, RecordError> {
        let (plan, cpus) = (self.plan, self.cpus);
        let number = block[0].block;
        let env = environment(number, attempt, &mut self.cpu_before, cpus, self.executor);
        self.writer.append_env(&env)?;
        let mut rows = Vec::with_capacity(block.len());
        for planned in block {
            self.sink.note(plan, Event::TrialBegun(planned));
            let trial = Trial { plan, planned, attempt, cpus };
            let mut told = |tick| self.sink.note(plan, Event::Tick(planned, tick));
            let (row, latency) = trial.execute(self.writer, self.executor, &self.kept, &mut told);
            trial.settle_timeline(&self.writer.timeline_path(&row.trial), &row, &mut self.kept)?;
            self.writer.append_trial(&row, &latency)?;
            self.kept.note(&trial, &row);
            let summary = &mut self.summary;
            match row.status {
                Status::Ok => summary.ok += 1,
                Status::Failed => summary.failed += 1,
                Status::Invalid => summary.invalid += 1,
                Status::Skipped => summary.skipped += 1,
                Status::Aborted => summary.interrupted = true,
            }
            self.sink.note(plan, Event::TrialEnded(planned, &row));
            rows.push(row);
            if self.summary.interrupted || self.executor.stopping() {
                self.summary.interrupted = true;
                break;
            }
        }
        if rows.len() == block.len() {
            self.sink.note(plan, Event::BlockEnded(number));
        }
        Ok(rows)
    }
}

/// The measured trials of the complete blocks, where a stopping rule wants to see them.
struct Measured<'a> {
    plan: &'a Plan,
    rule: StoppingRule,
    rows: Vec<TrialRow>,
}

impl<'a> Measured<'a> {
    fn of(plan: &'a Plan, done: &Done, rule: StoppingRule) -> Measured<'a> {
        let mut measured = Measured { plan, rule, rows: Vec::new() };
        done.complete.iter().for_each(|&row| measured.add(row.clone()));
        measured
    }

    fn add(&mut self, row: TrialRow) {
        if self.plan.experiment.blocks.until.is_some() && row.block > 0 {
            self.rows.push(row);
        }
    }

    /// Asked between blocks.
    fn are_enough(&self) -> bool {
        !self.rows.is_empty() && (self.rule)(self.plan, &self.rows)
    }

    fn last_block(&self) -> u32 {
        self.rows.iter().map(|row| row.block).max().unwrap_or(0)
    }

    /// The last block, if the plan has more.
    fn stopped_early_after(&self) -> Option<u32> {
        let last = self.last_block();
        (0 < last && last < self.plan.experiment.blocks.count).then_some(last)
    }
}

fn environment(
    block: u32,
    attempt: u32,
    cpu_before: &mut Option<Cpu>,
    cpus: &Cpus,
    executor: &mut dyn Executor,
) -> EnvRow {
    let check = executor.self_check(&cpus.server);
    let load = Load::now();
    let now = Cpu::now();
    let before = std::mem::replace(cpu_before, now);
    let since = |share: fn(Cpu, Cpu) -> Option<f64>| share(now?, before?);
    EnvRow {
        block,
        attempt,
        at_unix_ms: jiff::Timestamp::now().as_millisecond().unsigned_abs(),
        load_1min: load.load_1min,
        steal_percent: since(Cpu::steal_percent_since),
        busy_percent: since(Cpu::busy_percent_since),
        cpu_mhz: load.cpu_mhz,
        available_memory_bytes: load.available_memory_bytes,
        timer_error_p50_ns: check.as_ref().map(|c| c.late_p50_ns),
        timer_error_p99_ns: check.as_ref().map(|c| c.late_p99_ns),
    }
}

/// One planned trial, about to run.
struct Trial<'a> {
    plan: &'a Plan,
    planned: &'a PlannedTrial,
    attempt: u32,
    cpus: &'a Cpus,
}

impl Trial<'_> {
    /// Runs it. Returns its row and its latency histogram.
    fn execute(
        &self,
        writer: &RunWriter,
        executor: &mut dyn Executor,
        kept: &Kept,
        told: &mut dyn FnMut(Tick),
    ) -> (TrialRow, Vec<(u64, u64)>) {
        let cell = &self.plan.cells[self.planned.cell];
        let mut row = TrialRow::planned(self.plan, self.planned, self.attempt);
        if self.plan.builds.is_empty() {
            row.build = crate::record::Build::this().short();
        }
        row.started_unix_ms = jiff::Timestamp::now().as_millisecond().unsigned_abs();
        let mut latency = Vec::new();
        match executor.execute(&self.job(writer, &row.trial, kept), told) {
            Ok(Reports { client, client_lived, server, link }) => {
                match &server {
                    Served::ByDelayServer(server) => {
                        row.set_both(&client, server, &cell.strategy);
                    }
                    Served::ByService(service, backend) => {
                        row.set_client_of_service(&client);
                        row.set_service(service);
                        if let Some(backend) = backend {
                            row.set_backend(backend);
                        }
                    }
                    Served::Elsewhere => row.set_client_of_service(&client),
                }
                if let Some(lived) = client_lived {
                    row.set_process_wall(lived);
                }
                if let Some(link) = link {
                    row.set_link(&link);
                }
                let shares = self.plan.scenario_of(cell).share_cpus;
                row.set_shared_cpu(self.cpus.are_apart() && !shares);
                latency = client.latency;
                let told = client.program.is_none_or(|program| program.reports);
                if !told && !matches!(server, Served::ByDelayServer(_)) {
                    // What is not known is no success: nobody saw its requests.
                    let why = "neither the program nor the service tells of requests";
                    row.set_status(Status::Failed, why);
                } else if let Some(reason) =
                    invalid(&MeasuredTrial::new(self.plan, self.planned.cell, &row))
                {
                    row.set_status(Status::Invalid, &reason);
                }
            }
            Err(Ended::Unavailable(why)) => row.set_status(Status::Skipped, &why),
            Err(Ended::Failed(reason)) => row.set_status(Status::Failed, &reason),
            Err(Ended::Stopped) => row.set_status(Status::Aborted, "interrupted"),
        }
        (row, latency)
    }

    fn job(&self, writer: &RunWriter, trial: &str, kept: &Kept) -> Job {
        let cell = &self.plan.cells[self.planned.cell];
        let scenario = self.plan.scenario_of(cell);
        // A program tells of its requests at most.
        let is_program = cell.strategy.program.is_some();
        let request_log = self
            .request_rows(scenario.requests, kept)
            .map(|rows| RequestLog { path: writer.requests_path(trial), rows });
        let timeline = self
            .sampled_every_ns(kept)
            .filter(|_| !is_program)
            .map(|every_ns| Timeline { path: writer.timeline_path(trial), every_ns });
        let nowhere = ServerReady::at(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        Job {
            server: ServerConfig {
                cpus: self.cpus.of_server(scenario),
                tick_ns: (self.plan.expected_ns(cell) >= LONG_NS).then_some(TICK_NS),
                ..self.server_config(cell, scenario)
            },
            // What it needs to know of the server, the executor fills in.
            client: ClientConfig {
                cpus: self.cpus.client.clone(),
                connection_log: request_log
                    .as_ref()
                    .filter(|_| !is_program)
                    .map(|_| writer.connections_path(trial)),
                request_log,
                timeline,
                ..ClientConfig::of(scenario, &cell.strategy, &nowhere)
            },
            network: Network {
                rtt: scenario.rtt_ns.map(Duration::from_nanos),
                rtt_by: scenario.rtt_by,
                ports: cell.strategy.ports,
            },
            deadline: Duration::from_nanos(self.plan.deadline_ns(cell)),
            build: self.planned.build,
        }
    }

    /// The delay server that the client asks, or that is the backend of its service.
    fn server_config(&self, cell: &Cell, scenario: &Scenario) -> ServerConfig {
        match cell.strategy.service.as_ref().and_then(|service| service.page.as_ref()) {
            Some(page) if page.calls > 0 => ServerConfig::of(&crate::plan::backend(scenario, page)),
            _ => ServerConfig::of(scenario).for_strategy(&cell.strategy),
        }
    }

    /// The first good measured trial of a cell represents it; its control twin does not.
    fn request_rows(&self, requests: u32, kept: &Kept) -> Option<u32> {
        let represents =
            self.is_representative() && !kept.requests.contains(&self.cell_and_build());
        match self.plan.experiment.record {
            RecordLevel::All => Some(requests),
            RecordLevel::Sample => represents.then_some(SAMPLE_ROWS.min(requests)),
            RecordLevel::None => None,
        }
    }

    fn cell_and_build(&self) -> CellAndBuild {
        (self.planned.cell, self.planned.build)
    }

    fn is_representative(&self) -> bool {
        self.planned.block > 0 && self.planned.replica == Replica::A
    }
}

/// Index of a cell, and of a build.
type CellAndBuild = (usize, usize);

/// Cells of which a good trial has left its request rows and its timeline already, by build.
#[derive(Debug, Clone, Default)]
struct Kept {
    requests: HashSet<CellAndBuild>,
    timelines: HashSet<CellAndBuild>,
    /// Timelines of broken trials.
    broken: HashMap<CellAndBuild, usize>,
}

impl Kept {
    /// Finds the rows that an earlier process left.
    fn of(plan: &Plan, done: &Done) -> Kept {
        let mut kept = Kept::default();
        // Where there is one build, its rows name the commit.
        let key_of = |cell: &str, build: &str| {
            let cell = plan.cells.iter().position(|c| c.id.to_string() == cell)?;
            Some((cell, plan.builds.iter().position(|name| name == build).unwrap_or(0)))
        };
        for good in &done.good {
            let key = key_of(&good.cell, &good.build);
            kept.timelines.extend(key);
            if good.block > 0 && !good.is_twin {
                kept.requests.extend(key);
            }
        }
        for &row in &done.complete {
            if let Some(key) = key_of(&row.cell, &row.build) {
                kept.count_broken(key, row);
            }
        }
        kept
    }

    fn note(&mut self, trial: &Trial, row: &TrialRow) {
        if row.is_ok() {
            self.timelines.insert(trial.cell_and_build());
            if trial.is_representative() {
                self.requests.insert(trial.cell_and_build());
            }
        }
    }
}
