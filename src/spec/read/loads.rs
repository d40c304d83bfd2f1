//! Number and arrival of requests: the two lists of `[workload]` that depend on each other.

use std::collections::HashMap;

use super::cells::Cells;
use crate::arrival::Arrival;
use crate::spec::error::Problem;
use crate::spec::forms::{Requests, RequestsForm};
use crate::spec::key::{Key, Open, Placed, Reading};
use crate::spec::keys;
use crate::spec::{Factor, Scenario};
use crate::strategy::{Strategy, model};

/// The key of the table of factors, by its type: a time in it becomes a number with an arrival.
pub(super) static REQUESTS: Key<RequestsForm> = Key::required("requests", RequestsForm, "").many();

/// Every number of requests with every arrival, arrivals varying fastest. A time without a rate is
/// reported, as is a number that nobody can mean.
pub(super) fn read(
    requests: &[Placed<Requests>],
    arrivals: &[Placed<Scenario>],
    reading: &mut Reading,
) -> Vec<(u32, Arrival)> {
    let mut loads = Vec::new();
    let mut seen = HashMap::new();
    for requests in requests {
        for arrival in arrivals {
            let span = requests.span;
            let arrival = Placed { value: arrival.value.arrival, span: arrival.span };
            let Some(n) = requests.value.of(arrival.value) else {
                reading.report(unknown(requests, &arrival));
                continue;
            };
            // A value that stands twice in its list is reported there.
            if let Some((value, first)) = seen.insert((n, arrival.value), (requests.value, span))
                && value != requests.value
            {
                let what = format!("`requests` has {n} twice, written in two ways");
                reading.report(Problem::at(span, what).also("first", first));
            }
            loads.push((n, arrival.value));
        }
    }
    loads
}

fn unknown(requests: &Placed<Requests>, arrival: &Placed<Arrival>) -> Problem {
    match arrival.value.rate() {
        None => {
            let what = "a duration in `requests` needs a rate: set `arrival`";
            let hint = "write a number, or a rate: arrival = { poisson = \"500/s\" }";
            Problem::at(requests.span, what).hint(hint)
        }
        Some(rate) => {
            let what = format!("`requests`: at {rate} this duration does not give 1 to 10_000_000");
            let hint = "write a number, or another duration or rate";
            Problem::at(requests.span, what).also("the rate", arrival.span).hint(hint)
        }
    }
}

/// Reports a setting of the workload or the server that no program can be told about.
pub(super) fn check_programs(
    file: &Open,
    scenarios: &[Scenario],
    strategies: &[Strategy],
    cells: &Cells,
    reading: &mut Reading,
) {
    let settings: [Asked; 5] = [
        (keys::SERVER.name, Factor::Tls, |s| s.tls),
        (keys::SERVER.name, Factor::DnsDelay, |s| s.dns_delay_ns.is_some()),
        (keys::WORKLOAD.name, Factor::Arrival, |s| !s.arrival.is_closed()),
        (keys::WORKLOAD.name, Factor::Upload, |s| s.upload_bytes > 0),
        (keys::WORKLOAD.name, Factor::Redirects, |s| s.redirects > 0),
    ];
    let problem = |key: &str, strategy: &Strategy| {
        let client = strategy.library.name();
        let what = format!("the program `{client}` cannot be told about `{key}`");
        let hint =
            format!("leave it out there: an [[exclude]] with client = \"{client}\" and `{key}`");
        (what, hint)
    };
    let matrix = Matrix { file, scenarios, strategies, cells };
    matrix.refuse(&settings, |strategy| strategy.program.is_some(), problem, reading);
}

/// Reports a setting of the delay server, or of the network to it, that meets a service. Delays and
/// bodies are those of the backend, if the service has one.
pub(super) fn check_services(
    file: &Open,
    scenarios: &[Scenario],
    strategies: &[Strategy],
    cells: &Cells,
    reading: &mut Reading,
) {
    let (workload, server) = (keys::WORKLOAD.name, keys::SERVER.name);
    let of_backend: [Asked; 2] = [
        (workload, Factor::Delay, |s| s.delays_ns().iter().any(|&ns| ns > 0)),
        (workload, Factor::Body, |s| s.body_bytes > 0),
    ];
    let settings: [Asked; 12] = [
        (workload, Factor::Chunks, |s| s.chunks > 1),
        (workload, Factor::Upload, |s| s.upload_bytes > 0),
        (workload, Factor::Redirects, |s| s.redirects > 0),
        (workload, Factor::Targets, |s| s.targets > 1),
        (workload, Factor::Rtt, |s| s.rtt_ns.is_some()),
        (server, Factor::Tls, |s| s.tls),
        (server, Factor::ConnectDelay, |s| s.connect_delay_ns > 0),
        (server, Factor::HandshakeDelay, |s| s.handshake_delay_ns > 0),
        (server, Factor::DnsDelay, |s| s.dns_delay_ns.is_some()),
        (server, Factor::UnknownHosts, |s| s.unknown_hosts > 0),
        (server, Factor::ServerNofile, |s| s.server_nofile.is_some()),
        (server, Factor::Capacity, |s| s.capacity.is_some()),
    ];
    let problem = |key: &str, strategy: &Strategy| {
        let service = strategy.service.as_ref().map(|s| s.name.as_str()).unwrap_or_default();
        let what = format!("`{key}` is for the delay server, and the service {service:?} is asked");
        let hint = format!(
            "remove `{key}`, or leave it out there: an [[exclude]] with service = {service:?}"
        );
        (what, hint)
    };
    let matrix = Matrix { file, scenarios, strategies, cells };
    let without_backend =
        |strategy: &Strategy| strategy.service.as_ref().is_some_and(|s| !s.has_backend());
    matrix.refuse(&of_backend, without_backend, problem, reading);
    matrix.refuse(&settings, |strategy| strategy.service.is_some(), problem, reading);
    let shares: [Asked; 1] = [(server, Factor::ShareCpus, |s| s.share_cpus)];
    let no_service = |key: &str, _: &Strategy| {
        let what = format!("`{key}` is for services, and the delay server is asked");
        (what, "name a `service`: the delay server always has a CPU of its own".to_owned())
    };
    matrix.refuse(&shares, |strategy| strategy.service.is_none(), no_service, reading);
    matrix.check_calls(reading);
}

/// Calls of a backend in a trial: as many as there may be requests.
const MOST_CALLS: u64 = 10_000_000;

/// Table, factor, and whether a scenario asks for more than its default.
type Asked = (&'static str, Factor, fn(&Scenario) -> bool);

/// All cells of an experiment, with the text that they are of.
struct Matrix<'a> {
    file: &'a Open<'a>,
    scenarios: &'a [Scenario],
    strategies: &'a [Strategy],
    cells: &'a Cells,
}

impl Matrix<'_> {
    /// Reports a service that would call its backend more often than a trial may have requests.
    fn check_calls(&self, reading: &mut Reading) {
        let calls = |strategy: &Strategy| strategy.service.as_ref()?.page.as_ref().map(|p| p.calls);
        let too_many = |(index, strategy): (usize, &Strategy)| {
            let calls = u64::from(calls(strategy)?);
            let meets = |&i: &usize| {
                let requests = u64::from(self.scenarios[i].requests);
                requests * calls > MOST_CALLS && self.cells.meet(i, index)
            };
            (0..self.scenarios.len()).find(meets).map(|i| (self.scenarios[i].requests, calls))
        };
        let Some((requests, calls)) = self.strategies.iter().enumerate().find_map(too_many) else {
            return;
        };
        let table = self.file.table(keys::WORKLOAD.name);
        let entry = table.as_ref().and_then(|table| table.get(Factor::Requests.name()));
        let span = entry.map_or(self.file.span, |entry| entry.node.span);
        let what = format!("{requests} requests with {calls} calls each are too many for a trial");
        let hint = "a backend takes at most 10_000_000 calls: ask for fewer requests";
        reading.report(Problem::at(span, what).hint(hint));
    }

    /// Reports each setting that meets a strategy of this kind, at the place of its key.
    fn refuse(
        &self,
        settings: &[Asked],
        is_of_kind: fn(&Strategy) -> bool,
        problem: impl Fn(&str, &Strategy) -> (String, String),
        reading: &mut Reading,
    ) {
        for (table, factor, asks) in settings {
            let met = self.strategies.iter().enumerate().find(|(strategy, s)| {
                let meets = |i: usize| asks(&self.scenarios[i]) && self.cells.meet(i, *strategy);
                is_of_kind(s) && (0..self.scenarios.len()).any(meets)
            });
            let Some((_, strategy)) = met else { continue };
            let (what, hint) = problem(factor.name(), strategy);
            let entry = self.file.table(table).and_then(|table| table.get(factor.name()));
            let span = entry.map_or(self.file.span, |entry| entry.node.span);
            reading.report(Problem::at(span, what).hint(hint));
        }
    }
}

/// Reports a model that meets open arrival and means nothing there.
pub(super) fn check_models(
    file: &Open,
    scenarios: &[Scenario],
    strategies: &[Strategy],
    cells: &Cells,
    reading: &mut Reading,
) {
    let open = |i: usize| !scenarios[i].arrival.is_closed();
    let refused = strategies.iter().enumerate().find(|(strategy, s)| {
        let met = (0..scenarios.len()).any(|i| open(i) && cells.meet(i, *strategy));
        s.model.known().is_some_and(|model| model.open.is_none()) && met
    });
    let Some((_, strategy)) = refused else { return };
    let name = strategy.model.name();
    let what = format!(
        "model `{name}` does not support open arrival; models that do: {}",
        model::openable().join(", ")
    );
    let hint = format!("exclude it there: an [[exclude]] with model = \"{name}\" and `arrival`");
    let span = file
        .table(keys::WORKLOAD.name)
        .and_then(|workload| workload.get("arrival"))
        .map_or(file.span, |entry| entry.node.span);
    reading.report(Problem::at(span, what).hint(hint));
}
