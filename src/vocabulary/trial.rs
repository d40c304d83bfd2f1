//! The table of trial columns: all that there is to say of one stands here.

/// The columns of `trials.csv`, in their order. Hands its sections to the macro of this name, behind what
/// it was given.
///
/// - `from client.dns { … }` has the columns that are fields of a report: `column: type = field`. A type
///   behind the field adds it to the report itself, see [`report!`].
/// - `of client { … }` has those that are worked out of it, in `record/row/fill.rs`.
/// - `since` is the day from which on recordings have the column. Without it, they all do.
/// - `phase` makes it the mean time in a phase.
/// - `serde` is for the report's field.
///
/// The words are those of `docs/record-format.md` too.
macro_rules! trial_columns {
    ($use:ident $($given:tt)*) => {
        $use! {
            $($given)*
            of plan {
                /// Block; 0 is warm-up.
                block: u32;
                /// Place within the block, from 0.
                position: u32;
                /// Counts from 1; more if the block was repeated after an interruption or by
                /// `repeat_invalid`.
                attempt: u32;
                /// Name of the trial, unique in the run; files of a trial are called after it.
                trial: String;
                /// Identity of the cell.
                cell: String;
                /// `a`, or `b` for the A/A control.
                replica: String;
                /// Short commit of the build that ran it; in a recording of two builds the name of
                /// the side: `base` or `new`.
                build: String;
                /// Index of the scenario.
                scenario: usize;
            }
            factors
            of run {
                /// `ok`, `failed` (no measurement), `invalid` (a measurement of something else),
                /// `skipped` (this machine cannot do what the cell needs) or `aborted` (interrupted,
                /// to be repeated).
                status: Status;
                /// Why it is not `ok`; empty if it is.
                reason: String;
                /// Unix time of its start.
                started_unix_ms: u64;
            }
            from client {
                /// Wall time of the strategy, inside the client.
                wall_ns: Option<u64> = wall_ns: u64;
            }
            of plan {
                /// Wall time of the same schedule without overhead: [the ideal](method/trial.md#the-ideal).
                ideal_ns: u64;
                /// Shortest wall time of any schedule with this concurrency.
                bound_ns: u64;
            }
            from client {
                /// Requests issued.
                issued: Option<u64> = issued: u64;
                /// Requests answered with status 200 and the right body.
                ok: Option<u64> = ok: u64;
            }
            of client {
                /// Requests that failed.
                errors: Option<u64>;
                /// Failed requests by class: `emfile:12 timeout(head):3`.
                error_classes: ErrorClasses;
                /// First failure by request index, as the library tells it.
                first_error: String;
                /// Failed requests by class and phase: `emfile@connect:12`.
                #[since("2026-11-21")]
                error_phases: ErrorClasses;
                /// Class of the failure that came first in time; empty if no request failed.
                #[since("2026-11-21")]
                first_failure_class: String;
                /// Phase that the first failure did not come to the end of.
                #[since("2026-11-21")]
                first_failure_phase: String;
                /// Time of the first failure, since the start of the window.
                #[since("2026-11-21")]
                first_failure_ns: Option<u64>;
                /// Requests in flight at the first failure, itself included.
                #[since("2026-11-21")]
                first_failure_in_flight: Option<u64>;
                /// Requests issued until the first failure.
                #[since("2026-11-21")]
                first_failure_issued: Option<u64>;
            }
            from client.latency_percentiles {
                /// Median latency of the successful requests, nearest rank: from handing a request to
                /// the library, or from its planned start if `arrival` is not `closed`. Readers use a
                /// percentile only [if the requests suffice](method/trial.md#percentiles).
                latency_p50_ns: Option<u64> = p50_ns;
                /// 90th percentile of latency.
                latency_p90_ns: Option<u64> = p90_ns;
                /// 95th percentile of latency.
                #[since("2026-11-30")]
                latency_p95_ns: Option<u64> = p95_ns;
                /// 99th percentile of latency.
                latency_p99_ns: Option<u64> = p99_ns;
                /// 99.9th percentile of latency.
                #[since("2026-11-30")]
                latency_p999_ns: Option<u64> = p999_ns;
                /// Longest latency.
                latency_max_ns: Option<u64> = max_ns;
            }
            from client.open {
                /// From the planned start of the first request to that of the last; empty, as the next
                /// columns to `arrivals_early`, if `arrival` is `closed`.
                #[since("2026-11-21")]
                arrival_span_ns: Option<u64> = span_ns: u64;
            }
            from client.open.service {
                /// Median service time of the successful requests: from handing one to the library to
                /// its last byte.
                #[since("2026-11-21")]
                service_p50_ns: Option<u64> = p50_ns;
                /// 90th percentile of service time.
                #[since("2026-11-21")]
                service_p90_ns: Option<u64> = p90_ns;
                /// 99th percentile of service time.
                #[since("2026-11-21")]
                service_p99_ns: Option<u64> = p99_ns;
                /// Longest service time.
                #[since("2026-11-21")]
                service_max_ns: Option<u64> = max_ns;
            }
            from client.open.start_lateness {
                /// How much later than planned requests were handed to the library, median.
                #[since("2026-11-21")]
                start_lateness_p50_ns: Option<u64> = p50_ns;
                /// How much later than planned requests were handed to the library, 99th percentile.
                #[since("2026-11-21")]
                start_lateness_p99_ns: Option<u64> = p99_ns;
            }
            from client.open {
                /// Median of (end − planned start − planned delay) over a tenth of the successful
                /// requests: the least of the tenths before the middle
                /// ([trial](method/trial.md#open-arrival)).
                #[since("2026-11-21")]
                lateness_before_ns: Option<u64> = lateness_before_ns: Option<u64>;
                /// Median of (end − planned start − planned delay) over the last tenth.
                #[since("2026-11-21")]
                lateness_end_ns: Option<u64> = lateness_end_ns: Option<u64>;
                /// Planned time from the middle of the first of these tenths to that of the last.
                #[since("2026-11-21")]
                lateness_apart_ns: Option<u64> = lateness_apart_ns: Option<u64>;
                /// Requests that had not started when a later one was planned, at the worst moment.
                #[since("2026-11-21")]
                backlog_peak: Option<u64> = backlog_peak: u64;
                /// Requests that had not started when the last one was planned.
                #[since("2026-11-21")]
                backlog_end: Option<u64> = backlog_end: u64;
                /// Requests that were planned for another time than seed and index say; 0 in a valid
                /// trial.
                #[since("2026-11-21")]
                arrivals_misplanned: Option<u64> = misplanned: u64;
                /// Requests that started before their planned time; 0 in a valid trial.
                #[since("2026-11-21")]
                arrivals_early: Option<u64> = early: u64;
            }
            from client {
                /// Requests in flight at the busiest moment, as the client saw it.
                client_peak_in_flight: Option<u64> = peak_in_flight: u64;
                /// CPU time of the client in user mode within the window; without the thread that
                /// samples its timeline, if `client_sampler_cpu_ns` is there.
                client_cpu_user_ns: Option<u64> = cpu_user_ns: u64;
                /// CPU time of the client in the kernel within the window, likewise.
                client_cpu_sys_ns: Option<u64> = cpu_sys_ns: u64;
                /// CPU time within the window of the thread that samples the client's timeline. Empty
                /// if there was none, or if the system does not tell; then CPU time and context
                /// switches of the client are with it.
                #[since("2026-11-30")]
                client_sampler_cpu_ns: Option<u64> = sampler_cpu_ns: Option<u64>;
                /// CPU time of the whole client process, user and kernel, up to its report.
                client_cpu_process_ns: Option<u64> = cpu_process_ns: u64;
                /// Peak resident memory of the client (`VmHWM`).
                client_max_rss_bytes: Option<u64> = max_rss_bytes: Option<u64>;
                /// Threads of the client at the busiest moment seen.
                client_peak_threads: Option<u64> = peak_threads: Option<u64>;
                /// Context switches of the client that waited for something, within the window,
                /// without the sampler's.
                client_voluntary_switches: Option<u64> = voluntary_switches: u64;
                /// Context switches of the client forced by the scheduler, likewise.
                client_involuntary_switches: Option<u64> = involuntary_switches: u64;
                /// Page faults of the client that read no disk, within the window.
                #[since("2026-11-30")]
                #[serde(skip_serializing_if = "Option::is_none")]
                client_minor_faults: Option<u64> = minor_faults: Option<u64>;
                /// Page faults of the client that read a disk, within the window.
                #[since("2026-11-30")]
                #[serde(skip_serializing_if = "Option::is_none")]
                client_major_faults: Option<u64> = major_faults: Option<u64>;
            }
            of run {
                /// From before the client's process is started until it has exited, as its parent saw
                /// it.
                #[since("2026-11-30")]
                client_process_wall_ns: Option<u64>;
            }
            from client {
                /// Bytes of bodies received.
                client_body_bytes: Option<u64> = body_bytes: u64;
                /// Answers whose body had the wrong length, checksum or index; they failed too.
                client_body_mismatches: Option<u64> = body_mismatches: u64;
            }
            of client {
                /// Who told of the requests of a program: `report` (it did) or `server` (it did not; then
                /// `wall_ns` is the server's window, `issued` are the requests that came there, and `ok`
                /// those that were answered whole). Empty, as the next two, of inflight's own clients.
                #[since("2026-11-30")]
                client_told_by: String;
                /// How the CPU time of a program was measured: `cgroup` (all its processes) or `wait` (those
                /// that somebody waited for).
                #[since("2026-11-30")]
                client_cpu_by: String;
                /// Processes of a program at the busiest moment seen.
                #[since("2026-11-30")]
                client_peak_processes: Option<u64>;
                /// Requests that the library sent again by itself: 0 with `retries = "none"`, otherwise
                /// empty without probes.
                #[since("2026-11-30")]
                client_retries: Option<u64>;
            }
            from client {
                /// Open files of the client just before the window; only with `nofile`.
                #[since("2026-11-21")]
                client_open_files_before: Option<u64> = open_files_before: Option<u64>;
                /// Open files of the client at the busiest moment; only with `nofile`.
                #[since("2026-11-21")]
                client_peak_open_files: Option<u64> = peak_open_files: Option<u64>;
            }
            of plan {
                /// Requests in flight at the busiest moment of the ideal schedule.
                expected_peak_in_flight: u32;
            }
            from server {
                /// Requests whose head the server parsed, without those that it redirected: each of
                /// these comes again.
                server_requests: Option<u64> = requests: u64;
                /// Different requests among these, by index; each redirected one counts once.
                #[since("2026-11-30")]
                server_distinct_requests: Option<u64> = distinct: u64;
                /// Requests whose body the server handed over whole.
                server_answered: Option<u64> = answered: u64;
                /// From the head of the first request to the last byte of the last body, as the server saw
                /// it; empty if no body was handed over.
                #[since("2026-11-30")]
                server_window_ns: Option<u64> = window_ns: Option<u64>;
                /// Connections that the server accepted.
                server_connections: Option<u64> = connections: u64;
                /// Requests of the connection with the fewest, redirected ones included; 0 if a
                /// connection carried none.
                server_requests_per_connection_min: Option<u64> = requests_per_connection_min: u64;
                /// Median of requests over connections.
                server_requests_per_connection_p50: Option<u64> = requests_per_connection_p50: u64;
                /// Requests of the connection with the most.
                server_requests_per_connection_max: Option<u64> = requests_per_connection_max: u64;
            }
            of server {
                /// Connections that the server accepted and that carried a request.
                #[since("2026-11-21")]
                server_connections_used: Option<u64>;
            }
            from server {
                /// Connections that the server could not accept at once (too many open files); they
                /// waited.
                server_accept_failures: Option<u64> = accept_failures: u64;
                /// Requests in flight at the busiest moment, as the server saw it: from the parsed head
                /// to just before the last write of the body.
                server_peak_in_flight: Option<u64> = peak_in_flight: u64;
                /// Sum of the delays as they really were.
                server_delay_sum_ns: Option<u64> = delay_served_sum_ns: u64;
            }
            from server.lateness.delays {
                /// Actual minus planned delay of answers, median.
                server_delay_error_p50_ns: Option<u64> = error_p50_ns;
                /// Actual minus planned delay of answers, 99th percentile.
                server_delay_error_p99_ns: Option<u64> = error_p99_ns;
                /// Actual minus planned delay of answers, longest.
                server_delay_error_max_ns: Option<u64> = error_max_ns;
                /// Delays of answers, but for those of nothing.
                #[since("2026-11-30")]
                server_delay_pauses: Option<u64> = pauses;
                /// Delays of answers later than 1 ms and 5 % of them, for another reason than the
                /// server's own work ([checks](method/checks.md#when-the-server-is-late)).
                #[since("2026-11-30")]
                server_delay_late: Option<u64> = late;
            }
            from server.lateness.pieces {
                /// Pauses between two pieces of an answer.
                #[since("2026-11-30")]
                server_piece_pauses: Option<u64> = pauses;
                /// Pauses between pieces that were late, as `server_delay_late`.
                #[since("2026-11-30")]
                server_piece_late: Option<u64> = late;
                /// Actual minus planned pause between pieces, median.
                #[since("2026-11-30")]
                server_piece_error_p50_ns: Option<u64> = error_p50_ns;
                /// Actual minus planned pause between pieces, 99th percentile.
                #[since("2026-11-30")]
                server_piece_error_p99_ns: Option<u64> = error_p99_ns;
                /// Actual minus planned pause between pieces, longest.
                #[since("2026-11-30")]
                server_piece_error_max_ns: Option<u64> = error_max_ns;
            }
            from server.lateness.connects {
                /// Pauses before the first read from a connection.
                #[since("2026-11-30")]
                server_connect_pauses: Option<u64> = pauses;
                /// Pauses before the first read that were late, as `server_delay_late`.
                #[since("2026-11-30")]
                server_connect_late: Option<u64> = late;
                /// Actual minus planned pause before the first read, median.
                #[since("2026-11-30")]
                server_connect_error_p50_ns: Option<u64> = error_p50_ns;
                /// Actual minus planned pause before the first read, 99th percentile.
                #[since("2026-11-30")]
                server_connect_error_p99_ns: Option<u64> = error_p99_ns;
                /// Actual minus planned pause before the first read, longest.
                #[since("2026-11-30")]
                server_connect_error_max_ns: Option<u64> = error_max_ns;
            }
            from server.lateness.handshakes {
                /// Pauses before a TLS handshake.
                #[since("2026-11-30")]
                server_handshake_pauses: Option<u64> = pauses;
                /// Pauses before a handshake that were late, as `server_delay_late`.
                #[since("2026-11-30")]
                server_handshake_late: Option<u64> = late;
                /// Actual minus planned pause before a handshake, median.
                #[since("2026-11-30")]
                server_handshake_error_p50_ns: Option<u64> = error_p50_ns;
                /// Actual minus planned pause before a handshake, 99th percentile.
                #[since("2026-11-30")]
                server_handshake_error_p99_ns: Option<u64> = error_p99_ns;
                /// Actual minus planned pause before a handshake, longest.
                #[since("2026-11-30")]
                server_handshake_error_max_ns: Option<u64> = error_max_ns;
            }
            from server.lateness.names {
                /// Pauses before the answer to a query for a name.
                #[since("2026-11-30")]
                server_name_pauses: Option<u64> = pauses;
                /// Pauses of the name server that were late, as `server_delay_late`.
                #[since("2026-11-30")]
                server_name_late: Option<u64> = late;
                /// Actual minus planned pause of the name server, median.
                #[since("2026-11-30")]
                server_name_error_p50_ns: Option<u64> = error_p50_ns;
                /// Actual minus planned pause of the name server, 99th percentile.
                #[since("2026-11-30")]
                server_name_error_p99_ns: Option<u64> = error_p99_ns;
                /// Actual minus planned pause of the name server, longest.
                #[since("2026-11-30")]
                server_name_error_max_ns: Option<u64> = error_max_ns;
            }
            from server.lateness {
                /// Sum of all pauses of the server as they really were.
                #[since("2026-11-30")]
                server_pause_sum_ns: Option<u64> = sum_ns;
                /// Lateness of all pauses that ended more than 1 ms too late, without the server's own
                /// work: the sum.
                #[since("2026-11-30")]
                server_late_sum_ns: Option<u64> = late_sum_ns;
                /// Most lateness of one pause, likewise.
                #[since("2026-11-30")]
                server_late_max_ns: Option<u64> = late_max_ns;
            }
            of both {
                /// Time of the window in which the server stood still for at least 10 ms at a time.
                /// Empty where processes have no clock in common.
                #[since("2026-11-30")]
                server_stalled_ns: Option<u64>;
                /// CPU time of the trial's other processes on the server's CPUs: the relay, and the
                /// client if it has no CPU of its own.
                #[since("2026-11-30")]
                server_shared_cpu_ns: Option<u64>;
            }
            from server {
                /// CPU time of the server in user mode, from its start to its end.
                server_cpu_user_ns: Option<u64> = cpu_user_ns: u64;
                /// CPU time of the server in the kernel, likewise.
                server_cpu_sys_ns: Option<u64> = cpu_sys_ns: u64;
                /// Peak resident memory of the server (`VmHWM`).
                server_max_rss_bytes: Option<u64> = max_rss_bytes: Option<u64>;
                /// Redirects that the server sent.
                #[since("2026-11-21")]
                server_redirects: Option<u64> = redirected: u64;
                /// Bytes of request bodies that the server received, again after each redirect.
                #[since("2026-11-21")]
                server_uploaded_bytes: Option<u64> = uploaded_bytes: u64;
                /// Requests that the server refused with 429, being at its `capacity`.
                #[since("2026-11-21")]
                server_refused: Option<u64> = refused: u64;
                /// TLS handshakes from nothing, as the server saw them.
                #[since("2026-11-21")]
                tls_full: Option<u64> = tls_full: u64;
                /// TLS handshakes that resumed a session, as the server saw them.
                #[since("2026-11-21")]
                tls_resumed: Option<u64> = tls_resumed: u64;
                /// TLS handshakes that failed or that the client gave up, as the server saw them.
                #[since("2026-11-21")]
                tls_failed: Option<u64> = tls_failed: u64;
                /// Queries that the name server got.
                #[since("2026-11-21")]
                dns_queries: Option<u64> = dns_queries: u64;
            }
            from client.dns {
                /// Look-ups that the client answered from its cache.
                #[since("2026-11-21")]
                dns_hits: Option<u64> = hits: u64;
                /// Look-ups that waited for the query of another.
                #[since("2026-11-21")]
                dns_coalesced: Option<u64> = coalesced: u64;
                /// Look-ups of the client that were answered by a query of their own.
                #[since("2026-11-21")]
                dns_misses: Option<u64> = misses: u64;
                /// Look-ups that ended with an error; each is one of the three others too.
                #[since("2026-11-21")]
                dns_failed: Option<u64> = failed: u64;
                /// Queries that the client sent a second time, because the first was not answered in
                /// time.
                #[since("2026-11-21")]
                dns_resends: Option<u64> = resends: u64;
            }
            from client.connections {
                /// Connections that were ready for requests, as the client saw them.
                #[since("2026-11-21")]
                connections_opened: Option<u64> = opened: u64;
                /// Connections that were ready and carried no request: the library had begun them for a
                /// request that another connection then carried.
                #[since("2026-11-21")]
                connections_unused: Option<u64> = unused: u64;
                /// Connections that could not be opened.
                #[since("2026-11-21")]
                connections_failed: Option<u64> = failed: u64;
                /// Connections that were given up while they were being opened.
                #[since("2026-11-21")]
                connections_given_up: Option<u64> = given_up: u64;
                /// Connections open at the end of the window; empty where the library does not tell when
                /// one is closed.
                #[since("2026-11-21")]
                connections_kept: Option<u64> = kept: Option<u64>;
            }
            of both {
                /// Connections of which client and server do not say the same: another number of
                /// requests, or known to one side only (but for those that carried none, and for which
                /// the client has a reason; [checks](method/checks.md)). Empty where the client does not
                /// tell the ports of its connections.
                #[since("2026-11-21")]
                connections_mismatched: Option<u64>;
            }
            from client.connections {
                /// TCP connections of the client open at once at the busiest moment. Where the library
                /// does not tell an end, it is that of the request without reuse, and otherwise that of
                /// the window ([network](method/network.md#limits-that-strategies-run-into)).
                #[since("2026-11-21")]
                connections_peak: Option<u64> = peak: Option<u64>;
                /// TCP connections of the client that may have ended when the last one was opened.
                /// Where the library does not tell, one without reuse may have ended as soon as its
                /// answer could come, and with reuse nobody knows.
                #[since("2026-11-21")]
                connections_ended_before_last: Option<u64> = ended_before_last: Option<u64>;
                /// From the TCP connect (after the look-up) to a connection that is ready, median.
                #[since("2026-11-21")]
                connect_p50_ns: Option<u64> = connect_p50_ns: Option<u64>;
            }
            of client {
                /// Mean time of a successful request in the strategy's hands. The means of the phases
                /// add up to the mean from `scheduled_ns` to the end; a phase that the library cannot
                /// tell is empty, and its time is part of the next one.
                #[since("2026-11-21")]
                #[phase(Queue)]
                phase_queue_ns: Option<u64>;
                /// Mean time of a successful request in the library's pool.
                #[since("2026-11-21")]
                #[phase(Pool)]
                phase_pool_ns: Option<u64>;
                /// Mean time of a successful request looking up a name.
                #[since("2026-11-21")]
                #[phase(Dns)]
                phase_dns_ns: Option<u64>;
                /// Mean time of a successful request opening a TCP connection.
                #[since("2026-11-21")]
                #[phase(Connect)]
                phase_connect_ns: Option<u64>;
                /// Mean time of a successful request in a TLS handshake.
                #[since("2026-11-21")]
                #[phase(Tls)]
                phase_tls_ns: Option<u64>;
                /// Mean time of a successful request until the connection took it.
                #[since("2026-11-21")]
                #[phase(Stream)]
                phase_stream_ns: Option<u64>;
                /// Mean time of a successful request being written.
                #[since("2026-11-21")]
                #[phase(Send)]
                phase_send_ns: Option<u64>;
                /// Mean time of a successful request until the response head.
                #[since("2026-11-21")]
                #[phase(Wait)]
                phase_wait_ns: Option<u64>;
                /// Mean time of a successful request reading the body.
                #[since("2026-11-21")]
                #[phase(Receive)]
                phase_receive_ns: Option<u64>;
            }
            of service {
                /// From the start of a service's command to its first answer; empty, as the other columns of
                /// the service, of the delay server and of a service that ran already.
                #[since("2026-11-30")]
                service_ready_ns: Option<u64>;
                /// CPU time in user mode of all processes of the service: within the window where
                /// `service_cpu_by` is `cgroup` and the window is known, from start to end elsewhere.
                #[since("2026-11-30")]
                service_cpu_user_ns: Option<u64>;
                /// CPU time of the service in the kernel, likewise.
                #[since("2026-11-30")]
                service_cpu_sys_ns: Option<u64>;
                /// Measurement of the service's CPU time, as `client_cpu_by`.
                #[since("2026-11-30")]
                service_cpu_by: String;
                /// Resident memory of all processes of the service at the busiest moment seen.
                #[since("2026-11-30")]
                service_max_rss_bytes: Option<u64>;
                /// Processes of the service at the busiest moment seen.
                #[since("2026-11-30")]
                service_peak_processes: Option<u64>;
                /// Threads of the service at the busiest moment seen.
                #[since("2026-11-30")]
                service_peak_threads: Option<u64>;
                /// Workers that answered a request: different values of the header `Inflight-Worker`; empty,
                /// as the next two, if an answer had none.
                #[since("2026-11-30")]
                service_workers: Option<u64>;
                /// Answers of all these workers.
                #[since("2026-11-30")]
                service_worker_answers: Option<u64>;
                /// Answers of the worker that gave the most.
                #[since("2026-11-30")]
                service_worker_answers_max: Option<u64>;
                /// Calls that the service's backend got; empty, as the next columns, without one.
                #[since("2026-11-30")]
                backend_requests: Option<u64>;
                /// Different calls among these, by index.
                #[since("2026-11-30")]
                backend_distinct_requests: Option<u64>;
                /// Connections that the backend accepted.
                #[since("2026-11-30")]
                backend_connections: Option<u64>;
                /// Calls in flight at the backend at the busiest moment.
                #[since("2026-11-30")]
                backend_peak_in_flight: Option<u64>;
                /// Actual minus planned delay of the backend's answers, 99th percentile.
                #[since("2026-11-30")]
                backend_delay_error_p99_ns: Option<u64>;
                /// CPU time of the backend, user and kernel, from its start to its end.
                #[since("2026-11-30")]
                backend_cpu_ns: Option<u64>;
            }
            of network {
                /// Holder of the packets of a network with a round trip, `tun` or `netem`; empty, as the
                /// next columns to `rtt_cpu_ns`, without one.
                #[since("2026-11-21")]
                rtt_kind: String;
                /// Why it was not netem, with `rtt_by = "auto"` and `tun`; empty otherwise.
                #[since("2026-11-26")]
                rtt_no_netem: String;
            }
            from network {
                /// How much longer than half a round trip packets were held, median: with `tun` of every
                /// packet, with `netem` of [probes](method/network.md#round-trip).
                #[since("2026-11-21")]
                rtt_error_p50_ns: Option<u64> = hold_error_p50_ns;
                /// How much too long packets were held, 99th percentile.
                #[since("2026-11-21")]
                rtt_error_p99_ns: Option<u64> = hold_error_p99_ns;
                /// How much too long packets were held, longest.
                #[since("2026-11-21")]
                rtt_error_max_ns: Option<u64> = hold_error_max_ns;
                /// Packets that the network passed on, of both directions, without the probes.
                #[since("2026-11-21")]
                rtt_packets: Option<u64> = packets;
                /// Packets that the network lost, without the probes.
                #[since("2026-11-21")]
                rtt_dropped: Option<u64> = dropped;
            }
            of network {
                /// CPU time of the relay, user and kernel: it runs where the server does.
                #[since("2026-11-21")]
                rtt_cpu_ns: Option<u64>;
            }
            from server {
                /// Connections dropped because the accept queue was full: as the next columns, on the
                /// whole machine while the server ran, or in the network of the trial's own (`rtt`,
                /// `ports`).
                listen_overflows: Option<u64> = listen_overflows: Option<u64>;
                /// TCP segments sent again.
                retransmits: Option<u64> = retransmits: Option<u64>;
                /// Connections that a listening socket dropped, for whatever reason.
                #[since("2026-11-21")]
                listen_drops: Option<u64> = listen_drops: Option<u64>;
                /// TCP segments sent again that open a connection.
                #[since("2026-11-21")]
                syn_retransmits: Option<u64> = syn_retransmits: Option<u64>;
                /// Times that TCP's timer ran out before an answer.
                #[since("2026-11-21")]
                tcp_timeouts: Option<u64> = tcp_timeouts: Option<u64>;
            }
        }
    };
}
pub(crate) use trial_columns;

/// A report with a field for each column that the table of trial columns has from it.
///
/// `report! { client.dns => pub struct DnsCounts { … } }`; its own fields come first.
macro_rules! report {
    ($from:ident $(. $part:ident)? => $(#[$meta:meta])* pub struct $name:ident { $($own:tt)* }) => {
        $crate::vocabulary::trial_columns! {
            report [$from $(. $part)?] [$(#[$meta])* pub struct $name] [$($own)*] []
        }
    };
    // The sections from this report are kept, and the others are left out.
    ([client] $name:tt $own:tt [$($kept:tt)*] from client { $($more:tt)* } $($rest:tt)*) => {
        report! { [client] $name $own [$($kept)* $($more)*] $($rest)* }
    };
    ([client.open] $name:tt $own:tt [$($kept:tt)*] from client.open { $($more:tt)* } $($rest:tt)*) => {
        report! { [client.open] $name $own [$($kept)* $($more)*] $($rest)* }
    };
    ([client.dns] $name:tt $own:tt [$($kept:tt)*] from client.dns { $($more:tt)* } $($rest:tt)*) => {
        report! { [client.dns] $name $own [$($kept)* $($more)*] $($rest)* }
    };
    (
        [client.connections] $name:tt $own:tt [$($kept:tt)*]
        from client.connections { $($more:tt)* } $($rest:tt)*
    ) => {
        report! { [client.connections] $name $own [$($kept)* $($more)*] $($rest)* }
    };
    ([server] $name:tt $own:tt [$($kept:tt)*] from server { $($more:tt)* } $($rest:tt)*) => {
        report! { [server] $name $own [$($kept)* $($more)*] $($rest)* }
    };
    ($from:tt $name:tt $own:tt $kept:tt factors $($rest:tt)*) => {
        report! { $from $name $own $kept $($rest)* }
    };
    (
        $from:tt $name:tt $own:tt $kept:tt
        $kind:ident $source:ident $(. $part:ident)* { $($other:tt)* } $($rest:tt)*
    ) => {
        report! { $from $name $own $kept $($rest)* }
    };
    (
        $from:tt [$($name:tt)*] [$($own:tt)*] [$(
            $(#[doc = $doc:literal])+
            $(#[since($since:literal)])?
            $(#[serde($($serde:tt)*)])?
            $column:ident: $type:ty = $field:ident: $told:ty;
        )*]
    ) => {
        $($name)* {
            $($own)*
            $($(#[doc = $doc])+ $(#[serde($($serde)*)])? pub $field: $told,)*
        }
    };
}
pub(crate) use report;
