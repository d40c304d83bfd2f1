//! From an experiment to a plan: cells, their ideal schedules, and the order of the trials.

mod caution;
mod drawn;
mod only;
mod pages;
mod part;
mod scale;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::num::NonZeroU32;

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

use crate::spec::{Experiment, Factor, Scenario, Selector};
use crate::strategy::schedule::{self, Schedule};
use crate::strategy::{Program, Strategy};
use crate::units::hex;

pub use caution::Caution;
pub use drawn::{Drawn, FALSE_ALARMS, Quantiles};
pub use only::Only;
pub(crate) use pages::backend;
pub use part::DrawnPart;
pub use scale::{MUCH_OVERHEAD, timed_out};

/// Everything that a run will do, known before it starts.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// The experiment that is planned.
    pub experiment: Experiment,
    /// The delays of each scenario, summed up.
    pub scenarios: Vec<ScenarioFacts>,
    /// The matrix, scenario by scenario, strategies in file order.
    pub cells: Vec<Cell>,
    /// The names of the builds that are compared, each with every cell in every block; empty if
    /// there is only one build.
    pub builds: Vec<String>,
    /// The trials in the order of their execution.
    pub trials: Vec<PlannedTrial>,
}

/// Name, baseline and drawn delays of a scenario.
#[derive(Debug, Clone, PartialEq)]
pub struct ScenarioFacts {
    /// The values of the factors that differ between the scenarios of this experiment, empty if
    /// there is only one scenario.
    pub name: String,
    /// The longest delay, after scaling.
    pub longest_delay_ns: u64,
    /// All delays, one after the other.
    pub sum_of_delays_ns: u64,
    /// Index of the cell that the others are compared with.
    pub baseline: usize,
    /// Index of the cell that is repeated as the A/A control.
    pub control: usize,
}

/// One point of the matrix.
#[derive(Debug, Clone, PartialEq)]
pub struct Cell {
    /// Stable across experiments, machines and commits: made of what the cell does, not of what
    /// it is called.
    pub id: CellId,
    /// The label, with the factors that tell it from other strategies of the same label.
    pub name: String,
    /// Index of its scenario.
    pub scenario: usize,
    /// The strategy that issues its requests.
    pub strategy: Strategy,
    /// Its schedule without overhead.
    pub ideal: Schedule,
    /// Lower bound of the wall time of any schedule with this concurrency.
    pub bound_ns: u64,
}

/// Identity of a cell: eight hexadecimal digits over its semantic factors.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CellId(String);

impl CellId {
    pub(crate) fn of(scenario: &Scenario, strategy: &Strategy) -> CellId {
        let mut hash = Sha256::new();
        for factor in Factor::ALL {
            let value = match factor {
                Factor::Label => continue,
                // The description of a trace does not hold its delays.
                Factor::Delay => {
                    serde_json::to_string(&scenario.delay).expect("a delay is plain data")
                }
                _ => factor.value(scenario, strategy),
            };
            // A factor that came later leaves cells without it what they were.
            if factor.legacy_default() == Some(value.as_str()) {
                continue;
            }
            hash.update(format!("{}={value}\n", factor.name()));
        }
        CellId(hex(&hash.finalize()[..4]))
    }
}

impl fmt::Display for CellId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Which of two equal trials of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Replica {
    /// The one that speaks for its cell.
    A,
    /// The A/A control: the same cell once more.
    B,
}

impl Replica {
    /// The letter of the record.
    pub fn letter(self) -> &'static str {
        match self {
            Replica::A => "a",
            Replica::B => "b",
        }
    }
}

/// One trial to come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedTrial {
    /// 0 is warm-up; with more than one block of warm-up, their trials follow each other in it.
    pub block: u32,
    /// Place within the block, from 0.
    pub position: u32,
    /// Name of its first attempt, unique in the run.
    pub trial: String,
    /// Index of its cell.
    pub cell: usize,
    /// Replica of the cell: the trial itself, or its control twin.
    pub replica: Replica,
    /// Index of the build that issues its requests; 0 if there is only one.
    pub build: usize,
}

impl Plan {
    /// Expands an experiment to the cells that `only` keeps; `None` if it keeps none.
    ///
    /// A baseline or control that `only` leaves out is replaced by its default.
    pub fn new(experiment: Experiment, only: &Only) -> Option<Plan> {
        Plan::recorded(experiment, only, |_| Schedule { wall_ns: 0, peak: 0 })
    }

    /// A plan for an experiment that another build has recorded: `ideal` tells the schedule of a
    /// cell whose model this build does not have.
    pub(crate) fn recorded(
        mut experiment: Experiment,
        only: &Only,
        ideal: impl Fn(&CellId) -> Schedule,
    ) -> Option<Plan> {
        let name_of: Vec<String> =
            experiment.strategies.iter().map(|s| strategy_name(s, &experiment)).collect();
        let kept = |scenario: &Scenario| -> Vec<(Strategy, String)> {
            let all = experiment.strategies.iter().zip(&name_of);
            all.filter(|(strategy, name)| {
                !experiment.excludes.iter().any(|x| x.matches(scenario, strategy))
                    && only.keeps(scenario, strategy, name)
            })
            .map(|(strategy, name)| (strategy.clone(), name.clone()))
            .collect()
        };
        let matrix: Vec<_> = experiment
            .scenarios
            .iter()
            .map(|scenario| (scenario.clone(), kept(scenario)))
            .filter(|(_, strategies)| !strategies.is_empty())
            .collect();
        experiment.scenarios = matrix.iter().map(|(scenario, _)| scenario.clone()).collect();

        let mut cells = Vec::new();
        let mut scenarios = Vec::new();
        for (index, (scenario, strategies)) in matrix.into_iter().enumerate() {
            let first = cells.len();
            let delays = scenario.delays_ns();
            let waits = scenario.waits_ns();
            let arrivals = scenario.arrivals_ns();
            cells.extend(strategies.into_iter().map(|(strategy, name)| {
                let (known, bound_ns) =
                    schedules(&strategy, &scenario, arrivals.as_deref(), &waits);
                let id = CellId::of(&scenario, &strategy);
                let ideal = known.unwrap_or_else(|| ideal(&id));
                Cell { id, name, scenario: index, ideal, bound_ns, strategy }
            }));
            let here = || first..cells.len();
            let select = |selector: &Option<Selector>| {
                let selector = selector.as_ref()?;
                here().find(|&c| selector.matches(&scenario, &cells[c].strategy))
            };
            let shortest = || here().min_by_key(|&c| cells[c].ideal.wall_ns);
            scenarios.push(ScenarioFacts {
                name: scenario_name(&scenario, &experiment),
                longest_delay_ns: delays.iter().copied().max().unwrap_or(0),
                sum_of_delays_ns: delays.iter().sum(),
                baseline: select(&experiment.baseline).unwrap_or(first),
                control: select(&experiment.control).or_else(shortest).unwrap_or(first),
            });
        }
        let trials = order(&experiment, &scenarios, cells.len(), 1);
        let builds = Vec::new();
        (!cells.is_empty()).then_some(Plan { experiment, scenarios, cells, builds, trials })
    }

    /// Adds the build as one more factor: every block holds all its trials once for each of these
    /// builds, in one random order. No names, or one, change nothing.
    pub fn with_builds(mut self, names: &[impl AsRef<str>]) -> Plan {
        if names.len() > 1 {
            self.builds = names.iter().map(|n| n.as_ref().to_owned()).collect();
            self.trials = order(&self.experiment, &self.scenarios, self.cells.len(), names.len());
        }
        self
    }

    /// The part of one of several builds, as a plan of that build alone. Trials keep their places;
    /// `None` if there is no build of this name.
    pub fn of_build(&self, name: &str) -> Option<Plan> {
        let build = self.builds.iter().position(|b| b == name)?;
        let of_build = self.trials.iter().filter(|t| t.build == build);
        let trials = of_build.map(|t| PlannedTrial { build: 0, ..t.clone() }).collect();
        Some(Plan { builds: Vec::new(), trials, ..self.clone() })
    }

    /// This plan with another number of measured blocks.
    pub fn with_blocks(mut self, count: u32) -> Plan {
        self.experiment.blocks.count = count;
        let builds = self.builds.len().max(1);
        self.trials = order(&self.experiment, &self.scenarios, self.cells.len(), builds);
        self
    }

    /// The programs that issue or answer requests, each once.
    pub fn programs(&self) -> Vec<&Program> {
        let mut programs: Vec<&Program> = Vec::new();
        for program in self.cells.iter().flat_map(|cell| cell.strategy.programs()) {
            if !programs.iter().any(|known| known.name == program.name) {
                programs.push(program);
            }
        }
        programs
    }

    /// Lines of code of its models, by name.
    pub fn model_lines(&self) -> BTreeMap<String, u64> {
        let models = self.cells.iter().filter_map(|cell| cell.strategy.model.known());
        models.map(|model| (model.name.to_owned(), model.lines())).collect()
    }

    /// Cells of the scenario that has the most.
    pub fn most_cells(&self) -> usize {
        let cells = |scenario: usize| self.cells.iter().filter(|c| c.scenario == scenario).count();
        (0..self.scenarios.len()).map(cells).max().unwrap_or(0)
    }

    /// The name of a trial's build; `None` if there is only one.
    pub fn build_of(&self, trial: &PlannedTrial) -> Option<&str> {
        self.builds.get(trial.build).map(String::as_str)
    }

    /// The scenario that a cell belongs to.
    pub fn scenario_of(&self, cell: &Cell) -> &Scenario {
        &self.experiment.scenarios[cell.scenario]
    }

    /// The drawn delays of a cell's scenario, summed up.
    pub fn facts_of(&self, cell: &Cell) -> &ScenarioFacts {
        &self.scenarios[cell.scenario]
    }

    /// The value of a factor in a cell, in one fixed form.
    pub fn factor(&self, cell: &Cell, factor: Factor) -> String {
        factor.value(self.scenario_of(cell), &cell.strategy)
    }

    /// The cells that a selector selects.
    pub fn select<'a>(&'a self, selector: &'a Selector) -> impl Iterator<Item = usize> + 'a {
        let matches = |c: &Cell| selector.matches(self.scenario_of(c), &c.strategy);
        (0..self.cells.len()).filter(move |&i| matches(&self.cells[i]))
    }

    /// The cell that a claim about `cell` divides by: of those that the selector picks, the one in the
    /// same scenario, but for the factors of scenarios that the selector names.
    pub fn denominator(&self, selector: &Selector, cell: usize) -> Option<usize> {
        let here = self.scenario_of(&self.cells[cell]);
        let strategy = &self.cells[cell].strategy;
        let same = |factor: Factor, other: usize| {
            let there = self.scenario_of(&self.cells[other]);
            factor.value(there, strategy) == factor.value(here, strategy)
        };
        let mut picked = self.select(selector);
        picked.find(|&other| selector.others_of_scenario().all(|factor| same(factor, other)))
    }

    /// Requests that the service of a cell can serve at once, if these are fewer than its client may have in
    /// flight.
    pub fn service_slots(&self, cell: &Cell) -> Option<u32> {
        let scenario = self.scenario_of(cell);
        let slots = pages::of(&cell.strategy, scenario)?.slots?.get();
        (slots < cell.strategy.concurrency(scenario.requests, scenario.streams)).then_some(slots)
    }

    /// Wall time of a cell's schedule without the own work of its caller, in nanoseconds.
    pub fn requests_alone_ns(&self, cell: &Cell) -> Option<u64> {
        let scenario = self.scenario_of(cell);
        let alone = Strategy { own_work: None, ..cell.strategy.clone() };
        let (arrivals, waits) = (scenario.arrivals_ns(), scenario.waits_ns());
        let (ideal, _) = schedules(&alone, scenario, arrivals.as_deref(), &waits);
        Some(ideal?.wall_ns)
    }

    /// Ideal latencies of a cell's requests; see [`Strategy::ideal_latencies_ns`].
    pub fn ideal_latencies_ns(&self, cell: &Cell) -> Option<Vec<u64>> {
        let scenario = self.scenario_of(cell);
        let (arrivals, waits) = (scenario.arrivals_ns(), scenario.waits_ns());
        cell.strategy.ideal_latencies_ns(arrivals.as_deref(), &waits, scenario.streams)
    }

    /// A trial that takes longer than this is stuck: 20 s for starting and stopping, ten times
    /// the ideal time (a strategy may do badly and still be measured), 2 ms for each request.
    pub fn deadline_ns(&self, cell: &Cell) -> u64 {
        self.experiment.deadline_ns.unwrap_or_else(|| {
            let requests = u64::from(self.scenario_of(cell).requests);
            (20_000_000_000 + requests * 2_000_000)
                .saturating_add(cell.ideal.wall_ns.saturating_mul(10))
        })
    }

    /// Expected time of a trial of this cell, from its ideal time. 60 ms are for two processes to
    /// start and stop. 60 µs of CPU for each request cannot all hide behind the delays. Both are
    /// round figures from a two-core machine.
    pub fn expected_ns(&self, cell: &Cell) -> u64 {
        let cpu_ns = expected_cpu_ns(self.scenario_of(cell).requests);
        let start_ns = PROGRAM_START_NS * cell.strategy.programs().count() as u64;
        60_000_000 + start_ns + cell.ideal.wall_ns.max(cpu_ns)
    }

    /// Expected time of these trials, in nanoseconds.
    pub fn expected_of_ns<'a>(&self, trials: impl IntoIterator<Item = &'a PlannedTrial>) -> u64 {
        let expected = trials.into_iter().map(|t| self.expected_ns(&self.cells[t.cell]));
        expected.fold(0, u64::saturating_add)
    }

    /// The trials that run in any case: a stopping rule may end the run after them.
    pub fn least_trials(&self) -> &[PlannedTrial] {
        let least = self.experiment.blocks.least();
        &self.trials[..self.trials.partition_point(|t| t.block <= least)]
    }

    /// Digest of what is run: the cells, the order, and the builds where there are several. A run
    /// can be resumed under the same digest only.
    pub fn digest(&self) -> String {
        let mut hash = Sha256::new();
        for t in &self.trials {
            let cell = &self.cells[t.cell];
            hash.update(format!("{} {} {}", t.trial, cell.id, t.replica.letter()));
            hash.update(self.build_of(t).map_or(String::new(), |name| format!(" {name}")));
            hash.update("\n");
        }
        hex(&hash.finalize()[..16])
    }
}

/// Time until a program makes its first request, or a service answers its first: an interpreter and its libraries take 0.1 to 0.2 s.
const PROGRAM_START_NS: u64 = 150_000_000;

/// CPU time that requests will take: 60 µs each, a round figure from a two-core machine.
fn expected_cpu_ns(requests: u32) -> u64 {
    u64::from(requests) * 60_000
}

/// The ideal schedule of a strategy, if its model is known, and what none can beat. `waits` are those of
/// the scenario at the delay server; a service with pages has its own.
fn schedules(
    strategy: &Strategy,
    scenario: &Scenario,
    arrivals: Option<&[u64]>,
    waits: &[u64],
) -> (Option<Schedule>, u64) {
    let streams = scenario.streams;
    let pages = pages::of(strategy, scenario);
    let waits = pages.as_ref().map_or(waits, |pages| &pages.times_ns);
    let asked = strategy.concurrency(u32::try_from(waits.len()).unwrap_or(u32::MAX), streams);
    // Requests that the service cannot serve at once wait there.
    let fewer = pages.as_ref().and_then(|pages| pages.slots).filter(|slots| slots.get() < asked);
    let slots = fewer.map_or(asked, NonZeroU32::get);
    let queued = |schedule: Schedule| Schedule { peak: asked, ..schedule };
    match arrivals {
        Some(at) => {
            let bound_ns = schedule::open::bound_ns(at, waits, slots);
            let ideal = match fewer {
                Some(slots) => Some(queued(schedule::open::list(at, waits, slots).schedule())),
                None => strategy.ideal_open(at, waits, streams),
            };
            (ideal, strategy.wall_with_own_work(bound_ns))
        }
        None => {
            let bound_ns = schedule::bound_ns(waits, slots);
            let ideal = match fewer {
                Some(slots) => Some(queued(schedule::list(waits, slots))),
                None => strategy.ideal(waits, streams),
            };
            (ideal, strategy.wall_with_own_work(bound_ns))
        }
    }
}

/// Randomised complete blocks: every block holds every cell once, and the control twice, for each
/// build, in an order that is drawn for each block.
fn order(
    experiment: &Experiment,
    scenarios: &[ScenarioFacts],
    cells: usize,
    builds: usize,
) -> Vec<PlannedTrial> {
    type Member = (usize, Replica, usize);
    let mut members: Vec<Member> = Vec::new();
    for build in 0..builds {
        members.extend((0..cells).map(|c| (c, Replica::A, build)));
        members.extend(scenarios.iter().map(|s| (s.control, Replica::B, build)));
    }
    let shuffled = |stream: u64| {
        let mut rng = ChaCha8Rng::seed_from_u64(experiment.blocks.seed);
        rng.set_stream(stream);
        let mut order = members.clone();
        order.shuffle(&mut rng);
        order
    };
    let mut trials = Vec::new();
    let mut block = |number: u32, members: Vec<Member>| {
        trials.extend(members.into_iter().zip(0u32..).map(|((cell, replica, build), position)| {
            let trial = format!("b{number:03}p{position:03}");
            PlannedTrial { block: number, position, trial, cell, replica, build }
        }));
    };
    // Streams count down for the warm-up, so that its length does not change the blocks' order.
    let warmup: Vec<_> =
        (0..experiment.blocks.warmup).flat_map(|w| shuffled(u64::MAX - u64::from(w))).collect();
    block(0, warmup);
    for number in 1..=experiment.blocks.count {
        block(number, shuffled(u64::from(number)));
    }
    trials
}

fn strategy_name(strategy: &Strategy, experiment: &Experiment) -> String {
    let alike = || experiment.strategies.iter().filter(|s| s.label == strategy.label);
    let any = &experiment.scenarios[0];
    let varying = Factor::ALL.into_iter().filter(|f| {
        f.is_of_strategy() && alike().any(|other| f.value(any, other) != f.value(any, strategy))
    });
    let mut name = strategy.label.clone();
    for factor in varying {
        let value = factor.value(any, strategy);
        match factor {
            // These words say what they are.
            Factor::Model
            | Factor::Client
            | Factor::Runtime
            | Factor::Protocol
            | Factor::Settings
            | Factor::Service
            | Factor::ServiceSettings => {
                name += &format!(" {value}");
            }
            Factor::DnsCache | Factor::TlsResumption | Factor::Probes => {
                let (with, what) =
                    (if value == "true" { "with" } else { "without" }, factor.spoken());
                name += &format!(" {with} {what}");
            }
            Factor::Reuse => name += &format!(" reuse {value}"),
            Factor::Limit if value == "none" => name += " unlimited",
            _ => name += &format!(" {} {value}", factor.spoken()),
        }
    }
    name
}

fn scenario_name(scenario: &Scenario, experiment: &Experiment) -> String {
    // A scenario's factors do not depend on the strategy, so any will do.
    let any = &experiment.strategies[0];
    let value = |f: Factor, s: &Scenario| f.value(s, any);
    let varying = Factor::ALL.into_iter().filter(|&f| {
        !f.is_of_strategy()
            && experiment.scenarios.iter().any(|other| value(f, other) != value(f, scenario))
    });
    let part = |f: Factor| match f {
        Factor::Requests => match scenario.requests {
            1 => "1 request".to_owned(),
            _ => format!("{} requests", value(f, scenario)),
        },
        Factor::TimeScale => format!("time × {}", value(f, scenario)),
        Factor::Tls if scenario.tls => "TLS".to_owned(),
        Factor::Tls => "plain".to_owned(),
        _ => format!("{} {}", f.spoken(), value(f, scenario)),
    };
    varying.map(part).collect::<Vec<_>>().join(", ")
}
