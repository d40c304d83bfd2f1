//! One cell: what its recorded relatives cost, and what it takes with that.

use super::basis::{BlockRows, Family};
use super::calibrate::Recorded;
use super::line::Lines;
use super::queue::{Cost, Cpus, Order, wall_ns};
use super::settled::{self, Connections};
use super::{Bound, NoPrediction, Note, Predicted, Range, memory};
use crate::analyse::{Estimate, median};
use crate::plan::{Cell, Plan};
use crate::record::{Recording, TrialRow};
use crate::spec::Scenario;
use crate::vocabulary::Protocol;

/// A recorded size is said to be missed by the simulation if it is off by more than this.
const MISSED: f64 = 0.1;

/// A cell with its delays, as far as they are simulated.
struct Target<'a> {
    cell: &'a Cell,
    scenario: &'a Scenario,
    requests: u64,
    waits: Vec<u64>,
    cpus: Cpus,
}

impl Target<'_> {
    /// Wall time of all requests; beyond what is simulated, in a straight line.
    fn wall(&self, cost: Cost) -> f64 {
        let of = |requests: usize| {
            let order = self.order(requests);
            wall_ns(&self.waits[..requests], order, self.cpus, cost) as f64
        };
        let simulated = self.waits.len();
        let left = self.requests - simulated as u64;
        let whole = of(simulated);
        if left == 0 {
            return whole;
        }
        let half = simulated / 2;
        whole + (whole - of(half)) / (simulated - half) as f64 * left as f64
    }

    fn order(&self, requests: usize) -> Order {
        Order::of(&self.cell.strategy, requests, self.scenario.streams)
    }

    /// The bottleneck, by the time that each resource would take alone.
    fn bound(&self, cost: Cost) -> Bound {
        let n = self.requests as f64;
        let mut client = (cost.fixed + n * cost.client) / self.cpus.client as f64;
        let mut server = n * cost.server;
        if self.cpus.shared {
            let both = client + server;
            (client, server) = if client >= server { (both, 0.0) } else { (0.0, both) };
        }
        let schedule = self.wall(cost.without_queues());
        if client.max(server) > schedule {
            return if client >= server { Bound::Cpu } else { Bound::Server };
        }
        let all_at_once = self.order(self.waits.len()).slots() >= self.waits.len();
        if all_at_once && self.waits.len() > 1 { Bound::LongestDelay } else { Bound::Limit }
    }
}

/// Predicts a cell with this many requests, of which `most` are simulated.
pub(super) fn one(
    plan: &Plan,
    cell: &Cell,
    recording: &Recording,
    requests: u64,
    most: u64,
) -> Result<Predicted, NoPrediction> {
    let scenario = plan.scenario_of(cell);
    if !scenario.arrival.is_closed() {
        return Err(NoPrediction::OpenArrival);
    }
    let simulated = cell.strategy.model.known().filter(|model| model.next.is_some());
    let Some(model) = simulated.filter(|_| cell.strategy.own_work.is_none()) else {
        return Err(NoPrediction::Model(cell.strategy.model.name().to_owned()));
    };
    if cell.strategy.library.known().is_none() {
        return Err(NoPrediction::Client(cell.strategy.library.name().to_owned()));
    }
    let mut family = Family::of(plan, cell, recording)?;
    let mut notes = Vec::new();
    let slots = |n: u32| Order::of(&cell.strategy, n as usize, scenario.streams).slots();
    let simulated = u32::try_from(requests.min(most)).unwrap_or(u32::MAX);
    // Without a limit, no two sizes have the same number of requests at once.
    let is_bounded = cell.strategy.limit.or(cell.strategy.max_connections).is_some();
    if is_bounded && !family.keep_full(slots, simulated) {
        notes.push(Note::NotFull(slots(simulated)));
    }
    let blocks = family.blocks()?;
    let measured = Measured::of(&blocks)?;
    if let [one] = family.cells.as_slice()
        && u64::from(family.requests(one)) != requests
    {
        notes.push(Note::OneSize);
    }
    if !family.same_delays {
        notes.push(Note::OtherDelays);
    }
    let target = Target {
        cell,
        scenario,
        requests,
        waits: Scenario { requests: simulated, ..scenario.clone() }.waits_ns(),
        cpus: cpus(cell, recording),
    };
    let n = requests as f64;
    let cpu = measured.client.at(n).map_err(|_| NoPrediction::NoCpu)?;
    let worlds = Worlds::of(&family, &target, &measured, &cpu, &mut notes)?;
    if requests > most {
        notes.push(Note::Extrapolated(most));
    }
    let mut basis = family.describe(blocks.len());
    let mut memory_bytes = memory::predicted(model.holds, &measured.memory, n);
    let largest = family.cells.last().ok_or(NoPrediction::NotMeasured)?;
    match settled::connections((plan, cell), recording, largest, requests) {
        Connections::AsRecorded => {}
        Connections::Settled(bytes, from) => {
            // No settled connection needs less than one that is not.
            let least = memory_bytes.map_or(0.0, |range| range.value);
            memory_bytes = Ok(bytes.map(|bytes| bytes.max(least)));
            basis.memory = Some(from);
        }
        Connections::Unknown(note) => notes.extend(memory_bytes.is_ok().then_some(note)),
    }
    let machine = recording.machine.as_ref().filter(|m| m.memory_gib > 0);
    if let (Ok(needs), Some(machine)) = (&memory_bytes, machine)
        && needs.value > machine.memory_gib as f64 * 1024f64.powi(3)
    {
        notes.push(Note::TooMuchMemory);
    }
    notes.extend(too_many_files(&target, recording));
    Ok(Predicted {
        basis,
        wall_ns: worlds.range(|cost| target.wall(cost)),
        cpu_ns: Range::of(&cpu),
        memory_bytes,
        bound: target.bound(worlds.middle),
        ideal_ns: target.wall(Cost::default()),
        notes,
    })
}

/// Measurements from the blocks of a recording.
struct Measured {
    client: Lines,
    server: Lines,
    memory: Vec<Vec<(f64, f64)>>,
    /// Wall time of the largest size.
    wall: Estimate,
    /// Requests and median wall of the smaller sizes.
    smaller: Vec<(u32, f64)>,
}

impl Measured {
    fn of(blocks: &[BlockRows]) -> Result<Measured, NoPrediction> {
        type Points = Vec<Vec<(f64, f64)>>;
        let points = |value: &dyn Fn(&TrialRow) -> Option<u64>| -> Option<Points> {
            let point = |(n, row): &(f64, &TrialRow)| Some((*n, value(row)? as f64));
            blocks.iter().map(|rows| rows.iter().map(point).collect()).collect()
        };
        let client = points(&|row| row.client_cpu_ns()).ok_or(NoPrediction::NoCpu)?;
        // Without it, nobody queues for the server. A network of the trial's own runs where it does.
        let server =
            points(&|row| Some(row.server_cpu_ns().unwrap_or(0) + row.rtt_cpu_ns.unwrap_or(0)));
        let walls = points(&|row| row.wall_ns).ok_or(NoPrediction::NotMeasured)?;
        let memory = points(&|row| row.client_max_rss_bytes).unwrap_or_default();
        let sizes = walls.first().map_or(0, Vec::len);
        let at =
            |size: usize| median(&walls.iter().map(|points| points[size].1).collect::<Vec<f64>>());
        let smaller = (0..sizes.saturating_sub(1))
            .filter_map(|size| Some((walls.first()?[size].0 as u32, at(size).ok()?.value)));
        Ok(Measured {
            client: Lines::new(&client),
            server: Lines::new(&server.unwrap_or_default()),
            memory,
            wall: at(sizes.saturating_sub(1)).map_err(|_| NoPrediction::NotMeasured)?,
            smaller: smaller.collect(),
        })
    }
}

/// The cost of a request as the middle and the ends of the recorded blocks have it.
struct Worlds {
    middle: Cost,
    ends: Option<(Cost, Cost)>,
}

impl Worlds {
    /// Brings the simulation of the largest recorded size to its measured wall.
    fn of(
        family: &Family,
        target: &Target,
        measured: &Measured,
        cpu: &Estimate,
        notes: &mut Vec<Note>,
    ) -> Result<Worlds, NoPrediction> {
        let cells = &family.cells;
        let largest = cells.last().ok_or(NoPrediction::NotMeasured)?;
        let waits = family.scenario(largest).waits_ns();
        let order = |n: usize| Order::of(&largest.strategy, n, target.scenario.streams);
        let recorded = Recorded { waits: &waits, order: order(waits.len()), cpus: target.cpus };
        if wall_ns(&waits, recorded.order, target.cpus, Cost::default()) != largest.ideal.wall_ns {
            return Err(NoPrediction::Model(largest.strategy.model.name().to_owned()));
        }
        let (client, server) = (measured.client.middle(), measured.server.middle());
        let plain =
            Cost { fixed: client.fixed, client: client.slope, server: server.slope, extra: 0.0 };
        let saturated = recorded.is_saturated(plain);
        // An end of the CPU time for the requests asked for is that share of both of its parts.
        let world = |cpu_ns: f64, wall_ns: f64| {
            let share = if cpu.value > 0.0 { cpu_ns / cpu.value } else { 1.0 };
            let cost = Cost { fixed: plain.fixed * share, client: plain.client * share, ..plain };
            recorded.calibrated(cost, wall_ns, saturated)
        };
        let middle = world(cpu.value, measured.wall.value);
        let ends = match (&cpu.interval, &measured.wall.interval) {
            (Ok(cpu), Ok(wall)) => Some((world(cpu.low, wall.low), world(cpu.high, wall.high))),
            _ => None,
        };
        for &(requests, wall) in &measured.smaller {
            let smaller = family.waits_of(requests);
            let simulated = wall_ns(&smaller, order(smaller.len()), target.cpus, middle) as f64;
            if wall > 0.0 && (simulated / wall - 1.0).abs() > MISSED {
                notes.push(Note::Missed { requests, ratio: simulated / wall });
            }
        }
        Ok(Worlds { middle, ends })
    }

    fn range(&self, wall: impl Fn(Cost) -> f64) -> Range {
        let value = wall(self.middle);
        // Ends may swap by a little: a list schedule can be shorter for longer requests.
        let ends = self.ends.map(|(low, high)| {
            let (low, high) = (wall(low), wall(high));
            (low.min(high).min(value), low.max(high).max(value))
        });
        Range { value, ends }
    }
}

/// The CPUs of the recorded machine that this cell's client can use at once.
fn cpus(cell: &Cell, recording: &Recording) -> Cpus {
    let manifest = &recording.manifest;
    let all = match manifest.client_cpus.len() {
        0 => recording.machine.as_ref().map_or(1, |m| m.cpus as usize),
        n => n,
    };
    let threads = cell.strategy.threads() as usize;
    let (server, client) = (&manifest.server_cpus, &manifest.client_cpus);
    let shared = !server.is_empty() && server.iter().any(|cpu| client.contains(cpu));
    Cpus { client: threads.min(all).max(1), shared }
}

/// Each request under way has a connection with HTTP/1.1.
fn too_many_files(target: &Target, recording: &Recording) -> Option<Note> {
    let strategy = &target.cell.strategy;
    if strategy.protocol != Protocol::Http1 {
        return None;
    }
    let has = strategy.nofile.or(recording.manifest.nofile)?;
    let requests = u32::try_from(target.requests).unwrap_or(u32::MAX);
    let needs = u64::from(strategy.concurrency(requests, target.scenario.streams));
    (needs > has).then_some(Note::TooManyFiles { needs, has })
}
