//! Metrics of a trial.

/// The table of metrics: all that there is to say of one stands here. Hands its lines to the macro of
/// this name:
///
/// - the variant, and the word of the experiment file and of every output,
/// - `means`: the line of the reference,
/// - `title`: what a report calls it,
/// - `column`: the trial column that it is, whose unit it has; or else
/// - `unit`: a [`Unit`]; it says how values are printed, how a bound is written, and what a claim may
///   divide by, and `read`: its value in a row of the record, in its unit,
/// - `is`: its [`Property`]s, if it has any.
///
/// Only the stage that knows rows compiles `column` and `read`.
macro_rules! metrics {
    ($use:ident) => {
        $use! {
            Wall "wall" {
                means: "wall time of a trial",
                title: "wall time",
                column: wall_ns,
                is: [OfEveryTrial HasIdeal],
            }
            Throughput "throughput" {
                means: "answered requests per second of wall time",
                title: "throughput",
                unit: PerSecond, read: |row| row.throughput_per_s(),
                is: [OfEveryTrial MoreIsBetter],
            }
            Efficiency "efficiency" {
                means: "ideal wall time by wall time",
                title: "efficiency",
                unit: Share, read: |row| row.efficiency(),
                is: [OfEveryTrial MoreIsBetter],
            }
            P50 "p50" {
                means: "median latency of a trial; under open arrival from the planned start",
                title: "p50 latency",
                column: latency_p50_ns,
                is: [OfEveryTrial],
            }
            P90 "p90" {
                means: "90th percentile of latency; under open arrival from the planned start",
                title: "p90 latency",
                column: latency_p90_ns,
            }
            P95 "p95" {
                means: "95th percentile of latency; under open arrival from the planned start",
                title: "p95 latency",
                column: latency_p95_ns,
            }
            P99 "p99" {
                means: "99th percentile of latency; under open arrival from the planned start",
                title: "p99 latency",
                column: latency_p99_ns,
                is: [OfEveryTrial],
            }
            P999 "p99.9" {
                means: "99.9th percentile of latency; under open arrival from the planned start",
                title: "p99.9 latency",
                column: latency_p999_ns,
            }
            Max "max" {
                means: "longest latency; under open arrival from the planned start",
                title: "longest latency",
                column: latency_max_ns,
            }
            Cpu "cpu" {
                means: "CPU time of the client while it measures",
                title: "CPU time",
                unit: Nanoseconds, read: |row| row.client_cpu_ns(),
                is: [OfEveryTrial UsedUp],
            }
            CpuShare "cpu-share" {
                means: "CPU time of the client by wall time; 1 is one CPU all the time",
                title: "CPU time ÷ wall time",
                unit: Share, read: |row| row.cpu_share(),
                is: [UsedUp],
            }
            ServerCpu "server-cpu" {
                means: "CPU time of the delay server, from its start to its end",
                title: "server CPU time",
                unit: Nanoseconds, read: |row| row.server_cpu_ns(),
                is: [UsedUp],
            }
            ServiceCpu "service-cpu" {
                means: "CPU time of all processes of a service that was started: within the window where a cgroup counts it",
                title: "service CPU time",
                unit: Nanoseconds, read: |row| row.service_cpu_ns(),
                is: [UsedUp],
            }
            ServiceMemory "service-memory" {
                means: "resident memory of all processes of a service that was started, at the busiest moment seen",
                title: "service memory",
                column: service_max_rss_bytes,
                is: [UsedUp],
            }
            WorkerShare "worker-share" {
                means: "share of a service's answers that the worker with the most gave; 1 is all of them",
                title: "largest share of a worker",
                unit: Share, read: |row| row.worker_share(),
            }
            ProcessWall "process-wall" {
                means: "time from the client's start to its exit: loading, set-up and report included",
                title: "time of the whole client",
                column: client_process_wall_ns,
            }
            WallPerRequest "wall-per-request" {
                means: "wall time of a trial by its requests",
                title: "wall time of a request",
                unit: Nanoseconds, read: |row| row.wall_per_request_ns(),
            }
            CpuPerRequest "cpu-per-request" {
                means: "CPU time of the client by the requests of the trial",
                title: "CPU time of a request",
                unit: Nanoseconds, read: |row| row.cpu_per_request_ns(),
            }
            Memory "memory" {
                means: "peak resident memory of the client",
                title: "memory",
                column: client_max_rss_bytes,
                is: [OfEveryTrial UsedUp],
            }
            ServerMemory "server-memory" {
                means: "peak resident memory of the delay server",
                title: "server memory",
                column: server_max_rss_bytes,
                is: [UsedUp],
            }
            Connections "connections" {
                means: "connections that the server accepted",
                title: "connections",
                column: server_connections,
                is: [OfEveryTrial],
            }
            Errors "errors" {
                means: "requests that failed",
                title: "failed requests",
                column: errors,
                is: [OfEveryTrial CountsFailures],
            }
            ErrorsEmfile "errors-emfile" {
                means: "requests that failed with class `emfile`",
                title: "requests without a file",
                unit: Count, read: |row| row.failed_with("emfile"),
                is: [CountsFailures],
            }
            ErrorsEaddrnotavail "errors-eaddrnotavail" {
                means: "requests that failed with class `eaddrnotavail`",
                title: "requests without a port",
                unit: Count, read: |row| row.failed_with("eaddrnotavail"),
                is: [CountsFailures],
            }
            ErrorsStatus4xx "errors-status-4xx" {
                means: "requests that failed with class `status(4xx)`",
                title: "refused requests",
                unit: Count, read: |row| row.failed_with("status(4xx)"),
                is: [CountsFailures],
            }
            InFlight "in-flight" {
                means: "requests in flight at the busiest moment, as the client saw it",
                title: "most requests in flight",
                column: client_peak_in_flight,
            }
            OpenFiles "open-files" {
                means: "open files of the client at the busiest moment (with `nofile`)",
                title: "most open files",
                column: client_peak_open_files,
            }
            PeakConnections "peak-connections" {
                means: "connections open at once at the busiest moment (with probes)",
                title: "most open connections",
                column: connections_peak,
            }
            UnexplainedConnections "unexplained-connections" {
                means: "connections that neither free files nor ended connections explain (with `nofile` and probes)",
                title: "unexplained connections",
                unit: Count, read: |row| row.unexplained_connections(),
            }
            ListenOverflows "listen-overflows" {
                means: "connections dropped by a full accept queue",
                title: "connections dropped by a full accept queue",
                column: listen_overflows,
            }
            SynRetransmits "syn-retransmits" {
                means: "segments sent again that open a connection",
                title: "connection attempts sent again",
                column: syn_retransmits,
            }
            MinorFaults "minor-faults" {
                means: "page faults of the client while it measures that read no disk",
                title: "minor page faults",
                column: client_minor_faults,
                is: [OfWork],
            }
            MajorFaults "major-faults" {
                means: "page faults of the client while it measures that read a disk",
                title: "major page faults",
                column: client_major_faults,
                is: [OfWork],
            }
            Connect "connect" {
                means: "median time from the TCP connect to a connection that is ready",
                title: "time to connect",
                column: connect_p50_ns,
            }
            UnusedConnections "unused-connections" {
                means: "connections that were ready and carried no request",
                title: "unused connections",
                column: connections_unused,
            }
            DnsQueries "dns-queries" {
                means: "queries that the name server got",
                title: "name queries",
                column: dns_queries,
            }
            DnsHits "dns-hits" {
                means: "look-ups that the client's cache answered",
                title: "cached look-ups",
                column: dns_hits,
                is: [MoreIsBetter],
            }
            TlsFull "tls-full" {
                means: "TLS handshakes from nothing",
                title: "full TLS handshakes",
                column: tls_full,
            }
            TlsResumed "tls-resumed" {
                means: "TLS handshakes that resumed a session",
                title: "resumed TLS handshakes",
                column: tls_resumed,
                is: [MoreIsBetter],
            }
            ServiceP50 "service-p50" {
                means: "median time of a request in the library's hands, under open arrival",
                title: "p50 service time",
                column: service_p50_ns,
            }
            ServiceP99 "service-p99" {
                means: "99th percentile of the time of a request in the library's hands, under open arrival",
                title: "p99 service time",
                column: service_p99_ns,
            }
            Achieved "achieved" {
                means: "requests per second that went through, under open arrival",
                title: "achieved rate",
                unit: PerSecond, read: |row| row.achieved_per_s(),
                is: [MoreIsBetter],
            }
            KeptUp "kept-up" {
                means: "achieved by offered rate, under open arrival; 1 is all",
                title: "achieved ÷ offered rate",
                unit: Share, read: |row| row.kept_up(),
                is: [MoreIsBetter],
            }
            Backlog "backlog" {
                means: "requests that were planned and not started, at the worst moment",
                title: "backlog",
                column: backlog_peak,
                is: [OfWork],
            }
            PhaseQueue "phase-queue" {
                means: "mean time of a request in the strategy's hands",
                title: "mean queue time",
                column: phase_queue_ns,
            }
            PhasePool "phase-pool" {
                means: "mean time of a request in the library's pool",
                title: "mean pool time",
                column: phase_pool_ns,
            }
            PhaseDns "phase-dns" {
                means: "mean time of a request looking up a name",
                title: "mean look-up time",
                column: phase_dns_ns,
            }
            PhaseConnect "phase-connect" {
                means: "mean time of a request opening a TCP connection",
                title: "mean connect time",
                column: phase_connect_ns,
            }
            PhaseTls "phase-tls" {
                means: "mean time of a request in a TLS handshake",
                title: "mean TLS time",
                column: phase_tls_ns,
            }
            PhaseStream "phase-stream" {
                means: "mean time of a request until the connection took it",
                title: "mean stream time",
                column: phase_stream_ns,
            }
            PhaseSend "phase-send" {
                means: "mean time of a request being written",
                title: "mean send time",
                column: phase_send_ns,
            }
            PhaseWait "phase-wait" {
                means: "mean time of a request until the response head",
                title: "mean wait time",
                column: phase_wait_ns,
            }
            PhaseReceive "phase-receive" {
                means: "mean time of a request reading the body",
                title: "mean receive time",
                column: phase_receive_ns,
            }
        }
    };
}
pub(crate) use metrics;

macro_rules! define {
    ($($metric:ident $name:literal {
        means: $means:literal,
        title: $title:literal,
        $(column: $column:ident,)?
        $(unit: $unit:ident, read: $read:expr,)?
        $(is: [$($is:ident)*],)?
    })*) => {
        /// A metric of a trial, to be compared, claimed or gated.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Metric {
            $(#[doc = concat!("`", $name, "`: ", $means, ".")] $metric,)*
        }

        impl Metric {
            /// Every metric.
            pub const ALL: [Metric; [$($name),*].len()] = [$(Metric::$metric),*];

            /// The word of the experiment file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Metric::$metric => $name,)*
                }
            }

            /// Its meaning, in the words of the reference.
            pub fn meaning(self) -> &'static str {
                match self {
                    $(Metric::$metric => $means,)*
                }
            }

            /// Its title in a report.
            pub fn title(self) -> &'static str {
                match self {
                    $(Metric::$metric => $title,)*
                }
            }

            /// The unit of its values.
            pub fn unit(self) -> Unit {
                match self {
                    $(Metric::$metric => {
                        $(Unit::of_column(stringify!($column)))?
                        $(Unit::$unit)?
                    })*
                }
            }

            /// Whether it is a part of something else already: it is divided by no baseline's.
            pub fn is_share(self) -> bool {
                self.unit() == Unit::Share
            }

            /// Whether it is of the work done: times, rates, CPU, memory, and what else requests that fail
            /// early take less of. Its values compare only if the requests succeeded. The other
            /// metrics count events, failures among them, and are judged in any case.
            pub fn needs_all_requests(self) -> bool {
                !self.is_count() || self.has(Property::OfWork)
            }

            fn properties(self) -> &'static [Property] {
                match self {
                    $(Metric::$metric => &[$($(Property::$is),*)?],)*
                }
            }
        }
    };
}
metrics!(define);

/// A property that some metrics have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Property {
    /// Every recording has it: the others need probes, names, TLS, limits or open arrival.
    OfEveryTrial,
    /// The ideal schedule has a value of it.
    HasIdeal,
    /// More is better; of the others, less is. What is answered from a cache or resumed costs less
    /// than what it stands for.
    MoreIsBetter,
    /// It is used up without being a number of things: of two cells one takes more of it.
    UsedUp,
    /// It counts failed requests.
    CountsFailures,
    /// It counts work done: see [`Metric::needs_all_requests`].
    OfWork,
}

impl Metric {
    /// Metrics that every recording has.
    pub fn of_every_trial() -> impl Iterator<Item = Metric> {
        Metric::ALL.into_iter().filter(|metric| metric.has(Property::OfEveryTrial))
    }

    /// Whether the ideal schedule has a value to compare with.
    pub fn has_ideal(self) -> bool {
        self.has(Property::HasIdeal)
    }

    /// Whether more is better.
    pub fn is_more_better(self) -> bool {
        self.has(Property::MoreIsBetter)
    }

    /// Rank of a percentile over the requests of a trial, as so many of 1,000; `None` of other
    /// metrics.
    pub fn per_mille(self) -> Option<u64> {
        match self {
            Metric::P50 | Metric::ServiceP50 => Some(500),
            Metric::P90 => Some(900),
            Metric::P95 => Some(950),
            Metric::P99 | Metric::ServiceP99 => Some(990),
            Metric::P999 => Some(999),
            _ => None,
        }
    }

    /// Successful requests that a trial needs for this percentile: 1 ÷ (1 − p). With fewer, the
    /// nearest rank is the last, so that the longest latency would pass for a percentile.
    pub fn requests_needed(self) -> Option<u64> {
        self.per_mille().map(|per_mille| 1_000_u64.div_ceil(1_000 - per_mille))
    }

    /// Whether it counts something, so that a claim is about every trial and not about a median.
    pub fn is_count(self) -> bool {
        self.unit() == Unit::Count
    }

    /// Whether it counts failed requests.
    pub fn counts_failures(self) -> bool {
        self.has(Property::CountsFailures)
    }

    /// Whether a cell takes more or less of it, rather than being slower or faster.
    pub fn is_used_up(self) -> bool {
        self.is_count() || self.has(Property::UsedUp)
    }

    fn has(self, property: Property) -> bool {
        self.properties().contains(&property)
    }
}

/// The unit of a metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Time.
    Nanoseconds,
    /// Requests per second.
    PerSecond,
    /// Memory.
    Bytes,
    /// A part of one.
    Share,
    /// A number of things.
    Count,
}

impl Unit {
    /// The unit that the name of a column of numbers ends with.
    fn of_column(name: &str) -> Unit {
        match name.rsplit('_').next() {
            Some("ns") => Unit::Nanoseconds,
            Some("bytes") => Unit::Bytes,
            _ => Unit::Count,
        }
    }

    /// Its short name.
    pub fn name(self) -> &'static str {
        match self {
            Unit::Nanoseconds => "ns",
            Unit::PerSecond => "1/s",
            Unit::Bytes => "B",
            Unit::Share | Unit::Count => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn no_two_metrics_are_called_the_same() {
        let different = |word: fn(Metric) -> &'static str| {
            Metric::ALL.map(word).into_iter().collect::<BTreeSet<_>>().len() == Metric::ALL.len()
        };
        assert!(different(Metric::name));
        assert!(different(Metric::meaning));
        assert!(different(Metric::title));
    }

    #[test]
    fn a_percentile_needs_a_request_beyond_it() {
        let needed = |metric: Metric| metric.requests_needed();
        assert_eq!(needed(Metric::P50), Some(2));
        assert_eq!(needed(Metric::P90), Some(10));
        assert_eq!(needed(Metric::P95), Some(20));
        assert_eq!(needed(Metric::P99), Some(100));
        assert_eq!(needed(Metric::P999), Some(1_000));
        assert_eq!(needed(Metric::Max), None);
        for metric in Metric::ALL {
            let (Some(per_mille), Some(needed)) = (metric.per_mille(), needed(metric)) else {
                continue;
            };
            // The nearest rank among n is n itself for fewer, and never for as many.
            let is_last = |n: u64| (n * per_mille).div_ceil(1_000) == n;
            assert!((1..needed).all(is_last), "{metric:?}");
            assert!(!(needed..20 * needed).any(is_last), "{metric:?}");
        }
    }

    #[test]
    fn only_counts_can_be_judged_of_work_that_was_not_done() {
        let judged: Vec<Metric> =
            Metric::ALL.into_iter().filter(|metric| !metric.needs_all_requests()).collect();
        assert!(judged.iter().all(|metric| metric.is_count()), "{judged:?}");
        for metric in [Metric::Errors, Metric::ErrorsEmfile, Metric::Connections] {
            assert!(judged.contains(&metric), "{metric:?}");
        }
        for metric in [Metric::MinorFaults, Metric::MajorFaults] {
            assert!(metric.needs_all_requests(), "{metric:?}");
        }
        // Requests that fail at once leave less to do for those behind them.
        assert!(Metric::Backlog.needs_all_requests());
    }
}
