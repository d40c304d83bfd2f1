//! How a row is filled in: from the plan, then from what the children of its trial report.

use std::time::Duration;

use super::TrialRow;
use crate::link::RelayReport;
use crate::plan::{Plan, PlannedTrial};
use crate::protocol::{ClientReport, OpenReport, Pause, PauseReport, ServerReport, Stall};
use crate::record::columns::as_written;
use crate::record::sides::mismatched;
use crate::record::{ErrorClasses, Status};
use crate::spec::Factor;
use crate::strategy::probe::Phase;
use crate::strategy::{Retries, Strategy};

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
        self.wall_ns = Some(report.wall_ns);
        self.issued = Some(report.issued);
        self.ok = Some(report.ok);
        self.errors = Some(report.errors.values().sum());
        self.error_classes = ErrorClasses(report.errors.clone());
        self.first_error = one_line(report.first_error.as_deref().unwrap_or_default());
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
        self.client_open_files_before = report.open_files_before;
        self.client_peak_open_files = report.peak_open_files;
        self.latency_p50_ns = report.latency_percentiles.map(|p| p.p50_ns);
        self.latency_p90_ns = report.latency_percentiles.map(|p| p.p90_ns);
        self.latency_p95_ns = report.latency_percentiles.and_then(|p| p.p95_ns);
        self.latency_p99_ns = report.latency_percentiles.map(|p| p.p99_ns);
        self.latency_p999_ns = report.latency_percentiles.and_then(|p| p.p999_ns);
        self.latency_max_ns = report.latency_percentiles.map(|p| p.max_ns);
        self.client_peak_in_flight = Some(report.peak_in_flight);
        self.client_cpu_user_ns = Some(report.cpu_user_ns);
        self.client_cpu_sys_ns = Some(report.cpu_sys_ns);
        self.client_sampler_cpu_ns = report.sampler_cpu_ns;
        self.client_cpu_process_ns = Some(report.cpu_process_ns);
        self.client_max_rss_bytes = report.max_rss_bytes;
        self.client_peak_threads = report.peak_threads;
        self.client_voluntary_switches = Some(report.voluntary_switches);
        self.client_involuntary_switches = Some(report.involuntary_switches);
        self.client_minor_faults = report.minor_faults;
        self.client_major_faults = report.major_faults;
        self.client_body_bytes = Some(report.body_bytes);
        self.client_body_mismatches = Some(report.body_mismatches);
        self.set_phases(report);
        self.set_open(report.open);
        if let Some(dns) = report.dns {
            self.dns_misses = Some(dns.misses);
            self.dns_hits = Some(dns.hits);
            self.dns_coalesced = Some(dns.coalesced);
            self.dns_failed = Some(dns.failed);
            self.dns_resends = Some(dns.resends);
        }
        if let Some(connections) = &report.connections {
            self.connections_opened = Some(connections.opened);
            self.connections_unused = Some(connections.unused);
            self.connections_failed = Some(connections.failed);
            self.connections_given_up = Some(connections.given_up);
            self.connections_kept = connections.kept;
            self.connections_peak = connections.peak;
            self.connections_ended_before_last = connections.ended_before_last;
            self.connect_p50_ns = connections.connect_p50_ns;
        }
    }

    fn set_open(&mut self, report: Option<OpenReport>) {
        let Some(open) = report else { return };
        self.arrival_span_ns = Some(open.span_ns);
        self.service_p50_ns = open.service.map(|p| p.p50_ns);
        self.service_p90_ns = open.service.map(|p| p.p90_ns);
        self.service_p99_ns = open.service.map(|p| p.p99_ns);
        self.service_max_ns = open.service.map(|p| p.max_ns);
        self.start_lateness_p50_ns = open.start_lateness.map(|p| p.p50_ns);
        self.start_lateness_p99_ns = open.start_lateness.map(|p| p.p99_ns);
        self.lateness_before_ns = open.lateness_before_ns;
        self.lateness_end_ns = open.lateness_end_ns;
        self.lateness_apart_ns = open.lateness_apart_ns;
        self.backlog_peak = Some(open.backlog_peak);
        self.backlog_end = Some(open.backlog_end);
        self.arrivals_misplanned = Some(open.misplanned);
        self.arrivals_early = Some(open.early);
    }

    fn set_phases(&mut self, report: &ClientReport) {
        for time in &report.phases {
            let mean = time.sum_ns.checked_div(report.ok);
            *self.phase_mut(time.phase) = mean;
        }
    }

    fn phase_mut(&mut self, phase: Phase) -> &mut Option<u64> {
        match phase {
            Phase::Queue => &mut self.phase_queue_ns,
            Phase::Pool => &mut self.phase_pool_ns,
            Phase::Dns => &mut self.phase_dns_ns,
            Phase::Connect => &mut self.phase_connect_ns,
            Phase::Tls => &mut self.phase_tls_ns,
            Phase::Stream => &mut self.phase_stream_ns,
            Phase::Send => &mut self.phase_send_ns,
            Phase::Wait => &mut self.phase_wait_ns,
            Phase::Receive => &mut self.phase_receive_ns,
        }
    }

    /// Fills in what both sides saw of a trial of this strategy.
    pub fn set_both(&mut self, client: &ClientReport, server: &ServerReport, strategy: &Strategy) {
        self.set_client(client);
        self.set_server(server);
        self.server_stalled_ns = stalled(client, server);
        let counts = client.connections.as_ref();
        // Otherwise the client does not count what the server counts.
        let tells_hops = strategy.library.known().is_some_and(|library| library.tells_hops);
        let counts = counts.filter(|_| tells_hops || server.redirected == 0);
        self.connections_mismatched = counts.and_then(|counts| mismatched(counts, server));
    }

    /// Fills in what the server saw.
    pub fn set_server(&mut self, report: &ServerReport) {
        self.server_requests = Some(report.requests);
        self.server_answered = Some(report.answered);
        self.server_connections = Some(report.connections);
        self.server_requests_per_connection_min = Some(report.requests_per_connection_min);
        self.server_requests_per_connection_p50 = Some(report.requests_per_connection_p50);
        self.server_requests_per_connection_max = Some(report.requests_per_connection_max);
        self.server_connections_used = used(report);
        self.server_accept_failures = Some(report.accept_failures);
        self.server_peak_in_flight = Some(report.peak_in_flight);
        self.server_delay_sum_ns = Some(report.delay_served_sum_ns);
        self.set_lateness(&report.lateness);
        self.server_cpu_user_ns = Some(report.cpu_user_ns);
        self.server_cpu_sys_ns = Some(report.cpu_sys_ns);
        self.server_max_rss_bytes = report.max_rss_bytes;
        self.server_redirects = Some(report.redirected);
        self.server_uploaded_bytes = Some(report.uploaded_bytes);
        self.tls_full = Some(report.tls_full);
        self.tls_resumed = Some(report.tls_resumed);
        self.tls_failed = Some(report.tls_failed);
        self.dns_queries = Some(report.dns_queries);
        self.server_refused = Some(report.refused);
        self.listen_drops = report.listen_drops;
        self.syn_retransmits = report.syn_retransmits;
        self.tcp_timeouts = report.tcp_timeouts;
        self.listen_overflows = report.listen_overflows;
        self.retransmits = report.retransmits;
    }

    fn set_lateness(&mut self, report: &PauseReport) {
        for pause in Pause::ALL {
            let told = report.of(pause);
            let [pauses, late, p50, p99, max] = self.pause_columns(pause);
            (*pauses, *late) = (Some(told.pauses), Some(told.late));
            (*p50, *p99, *max) = (told.error_p50_ns, told.error_p99_ns, told.error_max_ns);
        }
        self.server_pause_sum_ns = Some(report.sum_ns);
        self.server_late_sum_ns = Some(report.late_sum_ns);
        self.server_late_max_ns = Some(report.late_max_ns);
    }

    /// Pauses of a kind, late ones, and median, 99th percentile and longest of their errors.
    fn pause_columns(&mut self, pause: Pause) -> [&mut Option<u64>; 5] {
        match pause {
            Pause::Delay => [
                &mut self.server_delay_pauses,
                &mut self.server_delay_late,
                &mut self.server_delay_error_p50_ns,
                &mut self.server_delay_error_p99_ns,
                &mut self.server_delay_error_max_ns,
            ],
            Pause::Piece => [
                &mut self.server_piece_pauses,
                &mut self.server_piece_late,
                &mut self.server_piece_error_p50_ns,
                &mut self.server_piece_error_p99_ns,
                &mut self.server_piece_error_max_ns,
            ],
            Pause::Connect => [
                &mut self.server_connect_pauses,
                &mut self.server_connect_late,
                &mut self.server_connect_error_p50_ns,
                &mut self.server_connect_error_p99_ns,
                &mut self.server_connect_error_max_ns,
            ],
            Pause::Handshake => [
                &mut self.server_handshake_pauses,
                &mut self.server_handshake_late,
                &mut self.server_handshake_error_p50_ns,
                &mut self.server_handshake_error_p99_ns,
                &mut self.server_handshake_error_max_ns,
            ],
            Pause::Name => [
                &mut self.server_name_pauses,
                &mut self.server_name_late,
                &mut self.server_name_error_p50_ns,
                &mut self.server_name_error_p99_ns,
                &mut self.server_name_error_max_ns,
            ],
        }
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
        self.rtt_kind = report.kind.to_string();
        self.rtt_no_netem = one_line(report.no_netem.as_deref().unwrap_or_default());
        self.rtt_error_p50_ns = report.hold_error_p50_ns;
        self.rtt_error_p99_ns = report.hold_error_p99_ns;
        self.rtt_error_max_ns = report.hold_error_max_ns;
        self.rtt_packets = Some(report.packets);
        self.rtt_dropped = Some(report.dropped);
        self.rtt_cpu_ns = Some(report.cpu_user_ns + report.cpu_sys_ns);
    }

    /// Sets the outcome.
    pub fn set_status(&mut self, status: Status, reason: &str) {
        self.status = status;
        self.reason = one_line(reason);
    }
}

/// `emfile@connect`
fn at_phase(class: &str, phase: Phase) -> String {
    format!("{class}@{}", phase.name())
}

/// How much of the client's window its server stood still, if both have one clock.
fn stalled(client: &ClientReport, server: &ServerReport) -> Option<u64> {
    let began_ns = client.began_ns?;
    let ended_ns = began_ns.saturating_add(client.wall_ns);
    let within = |stall: &Stall| {
        let from_ns = stall.end_ns.saturating_sub(stall.ns).max(began_ns);
        stall.end_ns.min(ended_ns).saturating_sub(from_ns)
    };
    Some(server.lateness.stalls.iter().map(within).sum())
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
        let client =
            ClientReport { began_ns: Some(1_000), wall_ns: 500, ..ClientReport::default() };
        let after = |stalls: &[(u64, u64)]| {
            let mut server = ServerReport::default();
            let stalls = stalls.iter().map(|&(end_ns, ns)| Stall { end_ns, ns });
            server.lateness.stalls = stalls.collect();
            stalled(&client, &server)
        };
        assert_eq!(after(&[]), Some(0));
        assert_eq!(after(&[(900, 300), (1_700, 100)]), Some(0));
        assert_eq!(after(&[(1_100, 300), (1_600, 150)]), Some(150));
        assert_eq!(after(&[(9_000, 8_900)]), Some(500));
        let client = ClientReport { began_ns: None, ..client };
        assert_eq!(stalled(&client, &ServerReport::default()), None);
    }
}
