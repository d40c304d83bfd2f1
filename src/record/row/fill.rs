//! Filling of a row: from the plan, then from the reports of its trial's children.

use std::time::Duration;

use super::TrialRow;
use crate::network::RelayReport;
use crate::plan::{Plan, PlannedTrial};
use crate::protocol::{ClientReport, ServerReport, Stall};
use crate::record::columns::as_written;
use crate::record::sides::mismatched;
use crate::record::{ErrorClasses, Status};
use crate::service::ServiceReport;
use crate::spec::Factor;
use crate::strategy::Strategy;
use crate::strategy::probe::Phase;
use crate::vocabulary::Retries;

impl TrialRow {
    /// The row of a planned trial before anything is known of it.
    pub fn planned(plan: &Plan, planned: &PlannedTrial, attempt: u32) -> TrialRow {
        let cell = &plan.cells[planned.cell];
        let trial = attempt_name(&planned.trial, attempt);
        let mut row = TrialRow {
            block: planned.block,
            position: planned.position,
            attempt,
            trial,
            cell: cell.id.to_string(),
            replica: planned.replica.letter().to_owned(),
            build: plan.build_of(planned).unwrap_or_default().to_owned(),
            scenario: cell.scenario,
            ideal_ns: cell.ideal.wall_ns,
            bound_ns: cell.bound_ns,
            expected_peak_in_flight: cell.ideal.peak,
            ..TrialRow::default()
        };
        for factor in Factor::ALL {
            *row.factor_mut(factor) = one_line(&plan.factor(cell, factor));
        }
        row
    }

    /// Fills in the factors that recordings did not have when this one was made, and gives those that
    /// a data frame has written back (`True`, `5.0`) the form that they had.
    pub(in crate::record) fn complete_factors(&mut self) {
        for factor in Factor::ALL {
            let value = self.factor_mut(factor);
            if factor != Factor::Label && as_written(value) != value {
                *value = as_written(value).to_owned();
            }
            if let (true, Some(before)) = (value.is_empty(), factor.legacy_default()) {
                before.clone_into(value);
            }
        }
    }

    /// Fills in what the client measured.
    pub fn set_client(&mut self, report: &ClientReport) {
        self.take_client(report);
        self.errors = Some(report.errors.values().sum());
        self.error_classes = ErrorClasses(report.errors.clone());
        self.first_error = one_line(report.first_error.as_deref().unwrap_or_default());
        if let Some(program) = &report.program {
            self.client_told_by = if program.reports { "report" } else { "server" }.to_owned();
            program.cpu_by.name().clone_into(&mut self.client_cpu_by);
            self.client_peak_processes = Some(program.peak_processes);
            if !program.reports_bodies {
                self.client_body_bytes = None;
                self.client_body_mismatches = None;
            }
        }
        let phases = report.failures.iter().map(|f| (at_phase(&f.class, f.phase), f.requests));
        self.error_phases = ErrorClasses(phases.collect());
        if let Some(first) = &report.first_failure {
            self.first_failure_class.clone_from(&first.class);
            first.phase.name().clone_into(&mut self.first_failure_phase);
            self.first_failure_ns = Some(first.at_ns);
            self.first_failure_in_flight = Some(first.in_flight);
            self.first_failure_issued = Some(first.started);
        }
        let never = self.retries == Retries::None.name();
        self.client_retries = report.retries.or(never.then_some(0));
        for time in &report.phases {
            *self.phase_mut(time.phase) = time.sum_ns.checked_div(report.ok);
        }
    }

    /// Fills in what both sides saw of a trial of this strategy.
    pub fn set_both(&mut self, client: &ClientReport, server: &ServerReport, strategy: &Strategy) {
        self.set_client(client);
        self.set_server(server);
        let window = match &client.program {
            Some(program) if !program.reports => {
                self.take_requests_from_server(server);
                server.began_ns.zip(server.window_ns)
            }
            _ => client.began_ns.map(|began_ns| (began_ns, client.wall_ns)),
        };
        self.server_stalled_ns = window.map(|(began_ns, ns)| stalled(began_ns, ns, server));
        let counts = client.connections.as_ref();
        // Otherwise the client does not count what the server counts.
        let tells_hops = strategy.library.known().is_some_and(|library| library.tells_hops);
        let counts = counts.filter(|_| tells_hops || server.redirected == 0);
        self.connections_mismatched = counts.and_then(|counts| mismatched(counts, server));
    }

    /// Fills in what the client tells of a service.
    pub fn set_client_of_service(&mut self, client: &ClientReport) {
        self.set_client(client);
        if client.program.is_some() {
            // A program tells the status and the length of an answer, and nobody knows the right length.
            self.client_body_mismatches = None;
        }
        if let Some(workers) = &client.workers {
            self.service_workers = Some(workers.len() as u64);
            self.service_worker_answers = Some(workers.iter().sum());
            self.service_worker_answers_max = workers.iter().copied().max();
        }
    }

    /// Fills in what the backend of a service saw.
    pub fn set_backend(&mut self, backend: &ServerReport) {
        self.backend_requests = Some(backend.requests);
        self.backend_distinct_requests = Some(backend.distinct);
        self.backend_connections = Some(backend.connections);
        self.backend_peak_in_flight = Some(backend.peak_in_flight);
        self.backend_delay_error_p99_ns = backend.lateness.delays.error_p99_ns;
        self.backend_cpu_ns = Some(backend.cpu_user_ns + backend.cpu_sys_ns);
    }

    /// Fills in what the processes of a service used.
    pub fn set_service(&mut self, service: &ServiceReport) {
        self.service_ready_ns = Some(service.ready_ns);
        service.cpu_by.name().clone_into(&mut self.service_cpu_by);
        self.service_cpu_user_ns = Some(service.cpu_user_ns);
        self.service_cpu_sys_ns = Some(service.cpu_sys_ns);
        self.service_max_rss_bytes = Some(service.max_rss_bytes);
        self.service_peak_processes = Some(service.peak_processes);
        self.service_peak_threads = Some(service.peak_threads);
    }

    /// Fills in what the server alone knows of the requests of a program that does not report.
    fn take_requests_from_server(&mut self, server: &ServerReport) {
        self.wall_ns = server.window_ns;
        self.issued = Some(server.distinct);
        let ok = server.answered.min(server.distinct);
        let errors = server.distinct - ok;
        (self.ok, self.errors) = (Some(ok), Some(errors));
        let classes = (errors > 0).then(|| (UNANSWERED.to_owned(), errors));
        self.error_classes = ErrorClasses(classes.into_iter().collect());
        self.client_peak_in_flight = None;
    }

    /// Fills in what the server saw.
    pub fn set_server(&mut self, report: &ServerReport) {
        self.take_server(report);
        self.server_connections_used = used(report);
    }

    /// Says which of the trial's other processes ran on the server's CPUs: a relay always does, the
    /// client where it has none of its own.
    pub fn set_shared_cpu(&mut self, client_is_apart: bool) {
        let client = if client_is_apart { Some(0) } else { self.client_cpu_process_ns };
        let relay = self.rtt_cpu_ns.unwrap_or(0);
        self.server_shared_cpu_ns = client.map(|client| client + relay);
    }

    /// Fills in how long the client's process lived.
    pub fn set_process_wall(&mut self, wall: Duration) {
        self.client_process_wall_ns = Some(wall.as_nanos() as u64);
    }

    /// Takes over what the network saw.
    pub fn set_link(&mut self, report: &RelayReport) {
        self.take_network(report);
        self.rtt_kind = report.kind.to_string();
        self.rtt_no_netem = one_line(report.no_netem.as_deref().unwrap_or_default());
        self.rtt_cpu_ns = Some(report.cpu_user_ns + report.cpu_sys_ns);
    }

    /// Sets the outcome.
    pub fn set_status(&mut self, status: Status, reason: &str) {
        self.status = status;
        self.reason = one_line(reason);
    }
}

/// Class of the requests of a program that does not report, and whose answers were not sent whole.
const UNANSWERED: &str = "unanswered";

/// `emfile@connect`
fn at_phase(class: &str, phase: Phase) -> String {
    format!("{class}@{}", phase.name())
}

/// Time of a window of `wall_ns` in which the server stood still.
fn stalled(began_ns: u64, wall_ns: u64, server: &ServerReport) -> u64 {
    let ended_ns = began_ns.saturating_add(wall_ns);
    let within = |stall: &Stall| {
        let from_ns = stall.end_ns.saturating_sub(stall.ns).max(began_ns);
        stall.end_ns.min(ended_ns).saturating_sub(from_ns)
    };
    server.lateness.stalls.iter().map(within).sum()
}

/// Connections that carried a request, if the server lists them.
fn used(report: &ServerReport) -> Option<u64> {
    let listed = report.accepted.len() as u64 == report.connections;
    listed.then(|| report.accepted.iter().filter(|(_, requests)| *requests > 0).count() as u64)
}

/// The name of an attempt of a trial whose first has this one.
pub(in crate::record) fn attempt_name(first: &str, attempt: u32) -> String {
    match attempt {
        1 => first.to_owned(),
        n => format!("{first}a{n}"),
    }
}

/// A row is a line: line breaks within a field become spaces.
pub(in crate::record) fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_stalls_within_the_window_count() {
        let after = |stalls: &[(u64, u64)]| {
            let mut server = ServerReport::default();
            let stalls = stalls.iter().map(|&(end_ns, ns)| Stall { end_ns, ns });
            server.lateness.stalls = stalls.collect();
            stalled(1_000, 500, &server)
        };
        assert_eq!(after(&[]), 0);
        assert_eq!(after(&[(900, 300), (1_700, 100)]), 0);
        assert_eq!(after(&[(1_100, 300), (1_600, 150)]), 150);
        assert_eq!(after(&[(9_000, 8_900)]), 500);
    }
}
