//! Factors name the properties of a cell; selectors pick cells by them.

use super::Scenario;
use crate::strategy::Strategy;
use crate::units::{exact_duration, exact_size};

/// The table of factors: those of the strategy first, then those of the scenario. Hands its lines to
/// the macro of this name: variant, key of the experiment file (and column of the record), meaning.
macro_rules! factors {
    ($use:ident) => {
        $use! {
            strategy {
                Label label "The reader's name for a strategy."
                Model model "How requests are issued."
                Client client "The HTTP library."
                Reuse reuse "What happens to connections."
                Limit limit "Requests in flight at most."
                MaxConnections max_connections "Open connections at most."
                Runtime runtime "The async runtime."
                Protocol protocol "The version of HTTP."
                TlsResumption tls_resumption "Whether a TLS session may be resumed."
                DnsCache dns_cache "Whether answers of the name server are kept."
                Probes probes "Whether the phases of requests are taken."
                Retries retries "What a client sends again by itself."
                Timeout timeout "The request timeout."
                Nofile nofile "Open files allowed."
                Ports ports "Local ports that there are."
                Memory memory "Memory allowed."
            }
            scenario {
                Requests requests "Requests of a trial."
                Delay delay "The delay model."
                TimeScale time_scale "The factor on delays."
                Draw draw "How delays are drawn from their model."
                Body body "The size of an answer."
                Chunks chunks "The pieces that an answer comes in."
                ChunkDelay chunk_delay "The pause between two pieces."
                Upload upload "The size of a request's body."
                Redirects redirects "Redirects before each answer."
                Targets targets "Hosts that requests go to."
                Rtt rtt "The round trip of the network."
                RttBy rtt_by "What holds the packets of a round trip."
                Arrival arrival "When requests are to start."
                Seed seed "The seed of delays and body."
                Backlog backlog "The server's accept queue."
                Tls tls "Whether connections are encrypted."
                ConnectDelay connect_delay "The server's pause before it reads from a new connection."
                HandshakeDelay handshake_delay "The server's pause before a TLS handshake."
                Streams streams "Requests at once on an HTTP/2 connection at most."
                DnsDelay dns_delay "How long the name server waits."
                DnsTtl dns_ttl "How long its answers may be kept."
                UnknownHosts unknown_hosts "Hosts that the name server does not know."
                ServerNofile server_nofile "Open files that the server is allowed."
                Capacity capacity "Requests that the server takes at once."
                RetryAfter retry_after "When a client that it refused may come again."
            }
        }
    };
}
pub(crate) use factors;

macro_rules! define {
    (
        strategy { $($s:ident $s_name:ident $s_doc:literal)* }
        scenario { $($c:ident $c_name:ident $c_doc:literal)* }
    ) => {
        /// A named property of a cell, as text. Selectors, tables and `diff` speak of these.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Factor {
            $(#[doc = $s_doc] $s,)*
            $(#[doc = $c_doc] $c,)*
        }

        impl Factor {
            /// Every factor: those of the strategy first, then those of the scenario.
            pub const ALL: [Factor; [$(stringify!($s),)* $(stringify!($c),)*].len()] =
                [$(Factor::$s,)* $(Factor::$c,)*];

            /// The key of the experiment file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Factor::$s => stringify!($s_name),)*
                    $(Factor::$c => stringify!($c_name),)*
                }
            }
        }
    };
}
factors!(define);

impl Factor {
    /// Whether it belongs to the strategy rather than to the scenario.
    pub fn is_of_strategy(self) -> bool {
        self < Factor::Requests
    }

    /// What held before recordings had this factor; `None` for those that were always there. A
    /// cell with this value is the same cell as before.
    pub fn before_it_was_there(self) -> Option<&'static str> {
        Some(match self {
            Factor::MaxConnections
            | Factor::Retries
            | Factor::Ports
            | Factor::Memory
            | Factor::Rtt
            | Factor::DnsDelay
            | Factor::ServerNofile
            | Factor::Capacity => "none",
            // Recordings before it were held by the relay, where this finds netem: `rtt_kind` tells.
            Factor::RttBy => "auto",
            Factor::Draw => "independent",
            Factor::Protocol => "http1",
            Factor::Arrival => "closed",
            Factor::TlsResumption | Factor::DnsCache | Factor::Probes => "true",
            Factor::Chunks | Factor::Targets => "1",
            Factor::ChunkDelay | Factor::ConnectDelay | Factor::HandshakeDelay => "0s",
            Factor::Upload => "0B",
            Factor::Redirects | Factor::UnknownHosts => "0",
            Factor::Tls => "false",
            Factor::Streams => "200",
            Factor::DnsTtl => "60s",
            Factor::RetryAfter => "1s",
            _ => return None,
        })
    }

    /// Its value in one cell, in one fixed form; `"none"` where the cell has none.
    pub fn value(self, scenario: &Scenario, strategy: &Strategy) -> String {
        let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
        match self {
            Factor::Label => strategy.label.clone(),
            Factor::Model => strategy.model.name().to_owned(),
            Factor::Client => strategy.library.name().to_owned(),
            Factor::Reuse => strategy.reuse.to_string(),
            Factor::Limit => or_none(strategy.limit.map(|n| n.to_string())),
            Factor::MaxConnections => or_none(strategy.max_connections.map(|n| n.to_string())),
            Factor::Runtime => or_none(strategy.runtime.map(|r| r.to_string())),
            Factor::Protocol => strategy.protocol.to_string(),
            Factor::TlsResumption => strategy.tls_resumption.to_string(),
            Factor::DnsCache => strategy.dns_cache.to_string(),
            Factor::Probes => strategy.probes.to_string(),
            Factor::Retries => or_none(strategy.retries.map(|r| r.to_string())),
            Factor::Timeout => or_none(strategy.timeout_ns.map(exact_duration)),
            Factor::Nofile => or_none(strategy.nofile.map(|n| n.to_string())),
            Factor::Ports => or_none(strategy.ports.map(|n| n.to_string())),
            Factor::Memory => or_none(strategy.memory_bytes.map(exact_size)),
            Factor::Requests => scenario.requests.to_string(),
            Factor::Delay => scenario.delay.describe(),
            Factor::TimeScale => scenario.time_scale.to_string(),
            Factor::Draw => scenario.sampling.name().to_owned(),
            Factor::Body => exact_size(scenario.body_bytes),
            Factor::Chunks => scenario.chunks.to_string(),
            Factor::ChunkDelay => exact_duration(scenario.chunk_delay_ns),
            Factor::Upload => exact_size(scenario.upload_bytes),
            Factor::Redirects => scenario.redirects.to_string(),
            Factor::Targets => scenario.targets.to_string(),
            Factor::Rtt => or_none(scenario.rtt_ns.map(exact_duration)),
            Factor::RttBy => scenario.rtt_by.name().to_owned(),
            Factor::Arrival => scenario.arrival.describe(),
            Factor::Seed => scenario.seed.to_string(),
            Factor::Backlog => scenario.backlog.to_string(),
            Factor::Tls => scenario.tls.to_string(),
            Factor::ConnectDelay => exact_duration(scenario.connect_delay_ns),
            Factor::HandshakeDelay => exact_duration(scenario.handshake_delay_ns),
            Factor::Streams => scenario.streams.to_string(),
            Factor::DnsDelay => or_none(scenario.dns_delay_ns.map(exact_duration)),
            Factor::DnsTtl => exact_duration(scenario.dns_ttl_ns),
            Factor::UnknownHosts => scenario.unknown_hosts.to_string(),
            Factor::ServerNofile => or_none(scenario.server_nofile.map(|n| n.to_string())),
            Factor::Capacity => or_none(scenario.capacity.map(|n| n.to_string())),
            Factor::RetryAfter => exact_duration(scenario.retry_after_ns),
        }
    }
}

/// Cells by the values of their factors: every factor named must have one of its values.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Selector {
    /// Factor and accepted values, in the form of [`Factor::value`].
    pub terms: Vec<(Factor, Vec<String>)>,
}

impl Selector {
    /// Whether the cell of this scenario and strategy is selected.
    pub fn matches(&self, scenario: &Scenario, strategy: &Strategy) -> bool {
        self.terms.iter().all(|(factor, accepted)| {
            let value = factor.value(scenario, strategy);
            accepted.contains(&value)
        })
    }

    /// The factors of scenarios that it does not name.
    pub fn others_of_scenario(&self) -> impl Iterator<Item = Factor> {
        let names = |factor: &Factor| self.terms.iter().any(|(named, _)| named == factor);
        Factor::ALL.into_iter().filter(move |f| !f.is_of_strategy() && !names(f))
    }
}
