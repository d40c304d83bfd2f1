//! `trials.csv`: one row for each trial.

mod derived;
mod fill;

use serde::{Deserialize, Serialize};

pub(super) use self::fill::{attempt_name, one_line};
use super::{ErrorClasses, Status};
use crate::spec::{Factor, factors};

macro_rules! trial_row {
    (
        strategy { $($s:ident $s_name:ident $s_doc:literal $s_more:tt)* }
        scenario { $($c:ident $c_name:ident $c_doc:literal $c_more:tt)* }
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
            /// 95th percentile of the same.
            #[serde(default)]
            pub latency_p95_ns: Option<u64>,
            /// 99th percentile of the same.
            pub latency_p99_ns: Option<u64>,
            /// 99.9th percentile of the same.
            #[serde(default)]
            pub latency_p999_ns: Option<u64>,
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
            /// CPU time of the client in user mode, within the window; without the thread that samples its
            /// timeline, if `client_sampler_cpu_ns` is there.
            pub client_cpu_user_ns: Option<u64>,
            /// CPU time of the client in the kernel, likewise.
            pub client_cpu_sys_ns: Option<u64>,
            /// CPU time of the thread that samples the client's timeline, within the window. Empty if there
            /// was none, or in older recordings, where the two columns before are with it.
            #[serde(default)]
            pub client_sampler_cpu_ns: Option<u64>,
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
            /// Page faults of the client that read no disk, within the window.
            #[serde(default)]
            pub client_minor_faults: Option<u64>,
            /// Page faults of the client that read a disk, within the window.
            #[serde(default)]
            pub client_major_faults: Option<u64>,
            /// From the start of the client's process to its exit, as its parent saw it.
            #[serde(default)]
            pub client_process_wall_ns: Option<u64>,
            /// Bytes of bodies received.
            pub client_body_bytes: Option<u64>,
            /// Answers with a wrong body.
            pub client_body_mismatches: Option<u64>,
            /// Requests that the library sent again by itself; empty where nobody counted.
            #[serde(default)]
            pub client_retries: Option<u64>,
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
            /// Delays, but for those of nothing.
            #[serde(default)]
            pub server_delay_pauses: Option<u64>,
            /// Of these, those that were later than allowed, for another reason than the server's own work.
            #[serde(default)]
            pub server_delay_late: Option<u64>,
            /// Pauses between two pieces of an answer.
            #[serde(default)]
            pub server_piece_pauses: Option<u64>,
            /// Of these, those that were later than allowed, likewise.
            #[serde(default)]
            pub server_piece_late: Option<u64>,
            /// Actual minus planned, median.
            #[serde(default)]
            pub server_piece_error_p50_ns: Option<u64>,
            /// Actual minus planned, 99th percentile.
            #[serde(default)]
            pub server_piece_error_p99_ns: Option<u64>,
            /// Actual minus planned, longest.
            #[serde(default)]
            pub server_piece_error_max_ns: Option<u64>,
            /// Pauses before the first read from a connection.
            #[serde(default)]
            pub server_connect_pauses: Option<u64>,
            /// Of these, those that were later than allowed, likewise.
            #[serde(default)]
            pub server_connect_late: Option<u64>,
            /// Actual minus planned, median.
            #[serde(default)]
            pub server_connect_error_p50_ns: Option<u64>,
            /// Actual minus planned, 99th percentile.
            #[serde(default)]
            pub server_connect_error_p99_ns: Option<u64>,
            /// Actual minus planned, longest.
            #[serde(default)]
            pub server_connect_error_max_ns: Option<u64>,
            /// Pauses before a TLS handshake.
            #[serde(default)]
            pub server_handshake_pauses: Option<u64>,
            /// Of these, those that were later than allowed, likewise.
            #[serde(default)]
            pub server_handshake_late: Option<u64>,
            /// Actual minus planned, median.
            #[serde(default)]
            pub server_handshake_error_p50_ns: Option<u64>,
            /// Actual minus planned, 99th percentile.
            #[serde(default)]
            pub server_handshake_error_p99_ns: Option<u64>,
            /// Actual minus planned, longest.
            #[serde(default)]
            pub server_handshake_error_max_ns: Option<u64>,
            /// Pauses before the answer to a query for a name.
            #[serde(default)]
            pub server_name_pauses: Option<u64>,
            /// Of these, those that were later than allowed, likewise.
            #[serde(default)]
            pub server_name_late: Option<u64>,
            /// Actual minus planned, median.
            #[serde(default)]
            pub server_name_error_p50_ns: Option<u64>,
            /// Actual minus planned, 99th percentile.
            #[serde(default)]
            pub server_name_error_p99_ns: Option<u64>,
            /// Actual minus planned, longest.
            #[serde(default)]
            pub server_name_error_max_ns: Option<u64>,
            /// Sum of all pauses of the server as they really were.
            #[serde(default)]
            pub server_pause_sum_ns: Option<u64>,
            /// By how much pauses ended too late, without the server's own work: the sum of those beyond 1 ms.
            #[serde(default)]
            pub server_late_sum_ns: Option<u64>,
            /// The most of these.
            #[serde(default)]
            pub server_late_max_ns: Option<u64>,
            /// Time of the window in which the server stood still for at least 10 ms at a time.
            #[serde(default)]
            pub server_stalled_ns: Option<u64>,
            /// CPU time of the trial's other processes on the server's CPUs: the relay, and the client if it has
            /// no CPU of its own.
            #[serde(default)]
            pub server_shared_cpu_ns: Option<u64>,
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
            /// Why it was not netem, where that would have been taken; empty otherwise.
            #[serde(default)]
            pub rtt_no_netem: String,
            /// For how much too long packets were held, median; half a round trip is right. Of every
            /// packet with the relay, of probes with netem.
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
