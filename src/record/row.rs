//! `trials.csv`: one row for each trial.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ErrorClasses;
use super::sides::mismatched;
use crate::link::RelayReport;
use crate::plan::{Plan, PlannedTrial};
use crate::protocol::{ClientReport, OpenReport, ServerReport};
use crate::spec::{Factor, factors};
use crate::strategy::Library;
use crate::strategy::probe::Phase;

/// What the reason of a trial begins with that ended because its client had not enough memory.
pub const NOT_ENOUGH_MEMORY: &str = "not enough memory for the client";

/// What became of a trial.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Status {
    /// A measurement of what the cell names, errors of requests included.
    #[default]
    Ok,
    /// No measurement: a process failed, or took longer than its deadline.
    Failed,
    /// A measurement of something else than the cell names.
    Invalid,
    /// Not run: this machine cannot do what the cell needs.
    Skipped,
    /// Interrupted; to be repeated.
    Aborted,
}

impl Status {
    /// The word of the record.
    pub fn name(self) -> &'static str {
        match self {
            Status::Ok => "ok",
            Status::Failed => "failed",
            Status::Invalid => "invalid",
            Status::Skipped => "skipped",
            Status::Aborted => "aborted",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

macro_rules! trial_row {
    (
        strategy { $($s:ident $s_name:ident $s_doc:literal)* }
        scenario { $($c:ident $c_name:ident $c_doc:literal)* }
    ) => {
        /// One trial. The fields are the columns of `trials.csv`, in their order; what is not known is
        /// empty. Times are nanoseconds, sizes bytes.
        #[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub struct TrialRow {
            /// Block; 0 is warm-up.
            pub block: u32,
            /// Place within the block, from 0.
            pub position: u32,
            /// 1, or more if the block was repeated after an interruption.
            pub attempt: u32,
            /// Name of the trial, unique in the run; files of a trial are called after it.
            pub trial: String,
            /// Identity of the cell.
            pub cell: String,
            /// `a`, or `b` for the A/A control.
            pub replica: String,
            /// Short commit of the build that ran it; in a run of several builds the name of the build, as
            /// the manifest has it.
            pub build: String,
            /// Index of the scenario.
            pub scenario: usize,
            $(#[doc = concat!("Factor `", stringify!($s_name), "`.")] #[serde(default)] pub $s_name: String,)*
            $(#[doc = concat!("Factor `", stringify!($c_name), "`.")] #[serde(default)] pub $c_name: String,)*
            /// What became of it.
            pub status: Status,
            /// Why it is not `ok`; empty if it is.
            pub reason: String,
            /// Unix time of its start, in milliseconds.
            pub started_unix_ms: u64,
            /// Wall time of the strategy, inside the client.
            pub wall_ns: Option<u64>,
            /// Wall time of the same schedule without overhead.
            pub ideal_ns: u64,
            /// What no schedule with this concurrency can beat.
            pub bound_ns: u64,
            /// Requests issued.
            pub issued: Option<u64>,
            /// Requests answered with status 200 and the right body.
            pub ok: Option<u64>,
            /// Requests that failed.
            pub errors: Option<u64>,
            /// Failed requests by class.
            pub error_classes: ErrorClasses,
            /// The first failure by request index, as the library tells it.
            pub first_error: String,
            /// Failed requests by class and phase: `emfile@connect:12`.
            #[serde(default)]
            pub error_phases: ErrorClasses,
            /// Class of the failure that came first in time.
            #[serde(default)]
            pub first_failure_class: String,
            /// The phase that it did not come to the end of.
            #[serde(default)]
            pub first_failure_phase: String,
            /// When it was, since the start of the window.
            #[serde(default)]
            pub first_failure_ns: Option<u64>,
            /// Requests in flight at that moment, itself included.
            #[serde(default)]
            pub first_failure_in_flight: Option<u64>,
            /// Requests issued until then.
            #[serde(default)]
            pub first_failure_issued: Option<u64>,
            /// Median latency of the successful requests.
            pub latency_p50_ns: Option<u64>,
            /// 90th percentile of the same.
            pub latency_p90_ns: Option<u64>,
            /// 99th percentile of the same.
            pub latency_p99_ns: Option<u64>,
            /// The longest of the same.
            pub latency_max_ns: Option<u64>,
            /// From the planned start of the first request to that of the last, under open arrival; empty, as
            /// the next columns, if arrival is closed. Latencies count from the planned starts then.
            #[serde(default)]
            pub arrival_span_ns: Option<u64>,
            /// Median service time of the successful requests: from handing them to the library on.
            #[serde(default)]
            pub service_p50_ns: Option<u64>,
            /// 90th percentile of the same.
            #[serde(default)]
            pub service_p90_ns: Option<u64>,
            /// 99th percentile of the same.
            #[serde(default)]
            pub service_p99_ns: Option<u64>,
            /// The longest of the same.
            #[serde(default)]
            pub service_max_ns: Option<u64>,
            /// How much later than planned requests were handed to the library, median.
            #[serde(default)]
            pub start_lateness_p50_ns: Option<u64>,
            /// 99th percentile of the same.
            #[serde(default)]
            pub start_lateness_p99_ns: Option<u64>,
            /// Median of (end − planned start − planned delay) over a tenth of the successful requests: the
            /// least of the tenths before the middle.
            #[serde(default)]
            pub lateness_before_ns: Option<u64>,
            /// The same of the last tenth.
            #[serde(default)]
            pub lateness_end_ns: Option<u64>,
            /// From the middle of that tenth to the middle of the last, as planned.
            #[serde(default)]
            pub lateness_apart_ns: Option<u64>,
            /// Requests that had not started when a later one was planned, at the worst moment.
            #[serde(default)]
            pub backlog_peak: Option<u64>,
            /// The same when the last one was planned.
            #[serde(default)]
            pub backlog_end: Option<u64>,
            /// Requests that were planned for another time than seed and index say.
            #[serde(default)]
            pub arrivals_misplanned: Option<u64>,
            /// Requests that started before their planned time.
            #[serde(default)]
            pub arrivals_early: Option<u64>,
            /// Requests in flight at the busiest moment, as the client saw it.
            pub client_peak_in_flight: Option<u64>,
            /// CPU time of the client in user mode, within the window.
            pub client_cpu_user_ns: Option<u64>,
            /// CPU time of the client in the kernel, within the window.
            pub client_cpu_sys_ns: Option<u64>,
            /// CPU time of the whole client process.
            pub client_cpu_process_ns: Option<u64>,
            /// Peak resident memory of the client.
            pub client_max_rss_bytes: Option<u64>,
            /// Threads of the client at the busiest moment seen.
            pub client_peak_threads: Option<u64>,
            /// Context switches of the client that waited for something.
            pub client_voluntary_switches: Option<u64>,
            /// Context switches of the client forced by the scheduler.
            pub client_involuntary_switches: Option<u64>,
            /// Bytes of bodies received.
            pub client_body_bytes: Option<u64>,
            /// Answers with a wrong body.
            pub client_body_mismatches: Option<u64>,
            /// Files of the client just before the window; taken where the strategy limits them.
            #[serde(default)]
            pub client_open_files_before: Option<u64>,
            /// Files of the client at the busiest moment, likewise.
            #[serde(default)]
            pub client_peak_open_files: Option<u64>,
            /// Requests in flight at the busiest moment of the ideal schedule.
            pub expected_peak_in_flight: u32,
            /// Requests whose head the server parsed.
            pub server_requests: Option<u64>,
            /// Requests whose body it handed over whole.
            pub server_answered: Option<u64>,
            /// Connections that it accepted.
            pub server_connections: Option<u64>,
            /// Requests of the connection with the fewest.
            pub server_requests_per_connection_min: Option<u64>,
            /// Median of requests over connections.
            pub server_requests_per_connection_p50: Option<u64>,
            /// Requests of the connection with the most.
            pub server_requests_per_connection_max: Option<u64>,
            /// Connections that it accepted and that carried a request.
            #[serde(default)]
            pub server_connections_used: Option<u64>,
            /// Connections that it could not accept at once.
            pub server_accept_failures: Option<u64>,
            /// Requests in flight at the busiest moment, as the server saw it.
            pub server_peak_in_flight: Option<u64>,
            /// Sum of the delays as they really were.
            pub server_delay_sum_ns: Option<u64>,
            /// Actual minus planned delay, median.
            pub server_delay_error_p50_ns: Option<u64>,
            /// Actual minus planned delay, 99th percentile.
            pub server_delay_error_p99_ns: Option<u64>,
            /// Actual minus planned delay, longest.
            pub server_delay_error_max_ns: Option<u64>,
            /// CPU time of the server in user mode.
            pub server_cpu_user_ns: Option<u64>,
            /// CPU time of the server in the kernel.
            pub server_cpu_sys_ns: Option<u64>,
            /// Peak resident memory of the server.
            pub server_max_rss_bytes: Option<u64>,
            /// Redirects that it sent.
            #[serde(default)]
            pub server_redirects: Option<u64>,
            /// Bytes of request bodies that it received.
            #[serde(default)]
            pub server_uploaded_bytes: Option<u64>,
            /// Requests that it refused with 429, being full.
            #[serde(default)]
            pub server_refused: Option<u64>,
            /// TLS handshakes from nothing, as the server saw it.
            #[serde(default)]
            pub tls_full: Option<u64>,
            /// TLS handshakes that resumed a session, likewise.
            #[serde(default)]
            pub tls_resumed: Option<u64>,
            /// TLS handshakes that failed or were given up, likewise.
            #[serde(default)]
            pub tls_failed: Option<u64>,
            /// Queries that the name server got.
            #[serde(default)]
            pub dns_queries: Option<u64>,
            /// Look-ups that the client answered from its cache.
            #[serde(default)]
            pub dns_hits: Option<u64>,
            /// Look-ups that waited for the query of another.
            #[serde(default)]
            pub dns_coalesced: Option<u64>,
            /// Look-ups of the client that were answered by a query of their own.
            #[serde(default)]
            pub dns_misses: Option<u64>,
            /// Look-ups of the client without an answer.
            #[serde(default)]
            pub dns_failed: Option<u64>,
            /// Queries that the client sent a second time.
            #[serde(default)]
            pub dns_resends: Option<u64>,
            /// Connections that were ready for requests, as the client saw it.
            #[serde(default)]
            pub connections_opened: Option<u64>,
            /// Of these, those that carried no request.
            #[serde(default)]
            pub connections_unused: Option<u64>,
            /// Connections that could not be opened.
            #[serde(default)]
            pub connections_failed: Option<u64>,
            /// Connections that were given up while they were being opened.
            #[serde(default)]
            pub connections_given_up: Option<u64>,
            /// Connections open at the end of the window; empty where the library does not tell when one
            /// is closed.
            #[serde(default)]
            pub connections_kept: Option<u64>,
            /// Connections of which client and server do not say the same: another number of requests, or
            /// known to one side only (but for those that carried none, and for which the client has a
            /// reason). Empty where the client does not tell the ports of its connections.
            #[serde(default)]
            pub connections_mismatched: Option<u64>,
            /// TCP connections of the client open at once at the busiest moment.
            #[serde(default)]
            pub connections_peak: Option<u64>,
            /// TCP connections of the client that may have ended when the last one was opened.
            #[serde(default)]
            pub connections_ended_before_last: Option<u64>,
            /// From the TCP connect to a connection that is ready, median.
            #[serde(default)]
            pub connect_p50_ns: Option<u64>,
            /// Mean time of a successful request in the strategy's hands. The means of the phases add up to
            /// the mean from `scheduled` to the end; a phase that the library cannot tell is empty, and its
            /// time is part of the next one.
            #[serde(default)]
            pub phase_queue_ns: Option<u64>,
            /// The same in the library's pool.
            #[serde(default)]
            pub phase_pool_ns: Option<u64>,
            /// The same looking up a name.
            #[serde(default)]
            pub phase_dns_ns: Option<u64>,
            /// The same opening a TCP connection.
            #[serde(default)]
            pub phase_connect_ns: Option<u64>,
            /// The same in a TLS handshake.
            #[serde(default)]
            pub phase_tls_ns: Option<u64>,
            /// The same until the connection took the request.
            #[serde(default)]
            pub phase_stream_ns: Option<u64>,
            /// The same writing the request.
            #[serde(default)]
            pub phase_send_ns: Option<u64>,
            /// The same until the response head.
            #[serde(default)]
            pub phase_wait_ns: Option<u64>,
            /// The same reading the body.
            #[serde(default)]
            pub phase_receive_ns: Option<u64>,
            /// What held the packets of a network of the trial's own; empty without one.
            #[serde(default)]
            pub rtt_kind: String,
            /// For how much too long packets were held, median; half a round trip is right.
            #[serde(default)]
            pub rtt_error_p50_ns: Option<u64>,
            /// The same, 99th percentile.
            #[serde(default)]
            pub rtt_error_p99_ns: Option<u64>,
            /// The same, longest.
            #[serde(default)]
            pub rtt_error_max_ns: Option<u64>,
            /// Packets that this network passed on, of both directions.
            #[serde(default)]
            pub rtt_packets: Option<u64>,
            /// Packets that it lost.
            #[serde(default)]
            pub rtt_dropped: Option<u64>,
            /// CPU time of the relay, user and kernel: it runs where the server does.
            #[serde(default)]
            pub rtt_cpu_ns: Option<u64>,
            /// Connections dropped because the accept queue was full (whole machine, or the network of
            /// the trial's own).
            pub listen_overflows: Option<u64>,
            /// TCP segments sent again (likewise).
            pub retransmits: Option<u64>,
            /// Connections that a listening socket dropped, for whatever reason (likewise).
            #[serde(default)]
            pub listen_drops: Option<u64>,
            /// Segments sent again that open a connection (likewise).
            #[serde(default)]
            pub syn_retransmits: Option<u64>,
            /// Times that TCP's timer ran out before an answer (likewise).
            #[serde(default)]
            pub tcp_timeouts: Option<u64>,
        }

        impl TrialRow {
            /// The value of a factor, in one fixed form.
            pub fn factor(&self, factor: Factor) -> &str {
                match factor {
                    $(Factor::$s => &self.$s_name,)*
                    $(Factor::$c => &self.$c_name,)*
                }
            }

            fn factor_mut(&mut self, factor: Factor) -> &mut String {
                match factor {
                    $(Factor::$s => &mut self.$s_name,)*
                    $(Factor::$c => &mut self.$c_name,)*
                }
            }
        }
    };
}
factors!(trial_row);

impl TrialRow {
    /// The row of a planned trial before anything is known of it.
    pub fn planned(plan: &Plan, planned: &PlannedTrial, attempt: u32) -> TrialRow {
        let cell = &plan.cells[planned.cell];
        let trial = match attempt {
            1 => planned.trial.clone(),
            n => format!("{}a{n}", planned.trial),
        };
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

    /// Fills in the factors that recordings did not have when this one was made.
    pub(super) fn complete_factors(&mut self) {
        for factor in Factor::ALL {
            let value = self.factor_mut(factor);
            if let (true, Some(before)) = (value.is_empty(), factor.before_it_was_there()) {
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
        self.client_open_files_before = report.open_files_before;
        self.client_peak_open_files = report.peak_open_files;
        self.latency_p50_ns = report.latency_percentiles.map(|p| p.p50_ns);
        self.latency_p90_ns = report.latency_percentiles.map(|p| p.p90_ns);
        self.latency_p99_ns = report.latency_percentiles.map(|p| p.p99_ns);
        self.latency_max_ns = report.latency_percentiles.map(|p| p.max_ns);
        self.client_peak_in_flight = Some(report.peak_in_flight);
        self.client_cpu_user_ns = Some(report.cpu_user_ns);
        self.client_cpu_sys_ns = Some(report.cpu_sys_ns);
        self.client_cpu_process_ns = Some(report.cpu_process_ns);
        self.client_max_rss_bytes = report.max_rss_bytes;
        self.client_peak_threads = report.peak_threads;
        self.client_voluntary_switches = Some(report.voluntary_switches);
        self.client_involuntary_switches = Some(report.involuntary_switches);
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

    /// Mean time of a successful request in a phase, in nanoseconds.
    pub fn phase_ns(&self, phase: Phase) -> Option<u64> {
        match phase {
            Phase::Queue => self.phase_queue_ns,
            Phase::Pool => self.phase_pool_ns,
            Phase::Dns => self.phase_dns_ns,
            Phase::Connect => self.phase_connect_ns,
            Phase::Tls => self.phase_tls_ns,
            Phase::Stream => self.phase_stream_ns,
            Phase::Send => self.phase_send_ns,
            Phase::Wait => self.phase_wait_ns,
            Phase::Receive => self.phase_receive_ns,
        }
    }

    /// Fills in what both sides saw of a trial of this library.
    pub fn set_both(&mut self, client: &ClientReport, server: &ServerReport, library: &Library) {
        self.set_client(client);
        self.set_server(server);
        let counts = client.connections.as_ref();
        // Otherwise the client does not count what the server counts.
        let counts = counts.filter(|_| library.tells_hops || server.redirected == 0);
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
        self.server_delay_error_p50_ns = report.delay_error_p50_ns;
        self.server_delay_error_p99_ns = report.delay_error_p99_ns;
        self.server_delay_error_max_ns = report.delay_error_max_ns;
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

    /// Takes over what the network saw.
    pub fn set_link(&mut self, report: &RelayReport) {
        self.rtt_kind = report.kind.to_string();
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

    /// Whether its numbers may be used.
    pub fn is_ok(&self) -> bool {
        self.status == Status::Ok
    }

    /// Whether it was interrupted.
    pub fn is_aborted(&self) -> bool {
        self.status == Status::Aborted
    }

    /// CPU time of the client within the window, user and kernel.
    pub fn client_cpu_ns(&self) -> Option<u64> {
        Some(self.client_cpu_user_ns? + self.client_cpu_sys_ns?)
    }

    /// CPU time of the server, user and kernel.
    pub fn server_cpu_ns(&self) -> Option<u64> {
        Some(self.server_cpu_user_ns? + self.server_cpu_sys_ns?)
    }

    /// Requests that failed with this class.
    pub fn failed_with(&self, class: &str) -> Option<u64> {
        self.errors?;
        Some(self.error_classes.0.get(class).copied().unwrap_or(0))
    }

    /// Connections that were opened beyond the files that were free, and that none which ended before
    /// the last was opened made room for. More than none cannot be: a limit of files is a limit.
    pub fn unexplained_connections(&self) -> Option<u64> {
        let free = self.nofile.parse::<u64>().ok()?.checked_sub(self.client_open_files_before?)?;
        let explained = free + self.connections_ended_before_last?;
        Some(self.connections_opened?.saturating_sub(explained))
    }

    /// Requests per second that were to come, under open arrival: as they were drawn.
    pub fn offered_per_s(&self) -> Option<f64> {
        let span_ns = self.arrival_span_ns.filter(|&ns| ns > 0)?;
        Some(self.issued?.saturating_sub(1) as f64 * 1e9 / span_ns as f64)
    }

    /// The share of the offered rate that was achieved, under open arrival; see `docs/method.md`.
    ///
    /// The requests between two tenths of the trial were to come in the time that the two are
    /// apart. If lateness has grown in between, they took longer to go through by as much. A
    /// request that failed is none that went through.
    pub fn kept_up(&self) -> Option<f64> {
        let apart_ns = self.lateness_apart_ns.filter(|&ns| ns > 0)? as f64;
        let grown_ns = self.lateness_end_ns?.saturating_sub(self.lateness_before_ns?) as f64;
        let succeeded = self.ok? as f64 / self.issued.filter(|&n| n > 0)? as f64;
        Some(succeeded * apart_ns / (apart_ns + grown_ns))
    }

    /// Requests per second that went through, under open arrival.
    pub fn achieved_per_s(&self) -> Option<f64> {
        Some(self.offered_per_s()? * self.kept_up()?)
    }

    /// Requests that were answered, per second of wall time.
    pub fn throughput_per_s(&self) -> Option<f64> {
        let wall_ns = self.wall_ns.filter(|&ns| ns > 0)?;
        Some(self.ok? as f64 * 1e9 / wall_ns as f64)
    }

    /// Wall time by requests, in nanoseconds.
    pub fn wall_per_request_ns(&self) -> Option<f64> {
        self.per_request(self.wall_ns?)
    }

    /// CPU time of the client within the window by requests, in nanoseconds.
    pub fn cpu_per_request_ns(&self) -> Option<f64> {
        self.per_request(self.client_cpu_ns()?)
    }

    fn per_request(&self, ns: u64) -> Option<f64> {
        let requests = self.issued.filter(|&n| n > 0)?;
        Some(ns as f64 / requests as f64)
    }

    /// Ideal wall time ÷ wall time, dimensionless.
    pub fn efficiency(&self) -> Option<f64> {
        self.wall_ns.filter(|&wall| wall > 0).map(|wall| self.ideal_ns as f64 / wall as f64)
    }
}

/// `emfile@connect`
fn at_phase(class: &str, phase: Phase) -> String {
    format!("{class}@{}", phase.name())
}

/// Connections that carried a request, if the server lists them.
fn used(report: &ServerReport) -> Option<u64> {
    let listed = report.accepted.len() as u64 == report.connections;
    listed.then(|| report.accepted.iter().filter(|(_, requests)| *requests > 0).count() as u64)
}

/// A row is a line: line breaks within a field become spaces.
fn one_line(text: &str) -> String {
    text.replace(['\n', '\r'], " ").trim().to_owned()
}
