//! `inflight serve`, as typed.

use std::path::PathBuf;

use clap::Args;

/// `inflight serve`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight serve --delay 10ms
  inflight serve experiments/sync-vs-async.toml --port 8080
  curl -i http://127.0.0.1:8080/17                  request 17, with its seeded delay
  curl -i -H 'Inflight-Delay: 1s' http://127.0.0.1:8080/17
  curl -iL http://127.0.0.1:8080/17?redirects=2     two redirects before the answer
  inflight serve --tls cert.pem --port 8443         HTTP/1.1 and HTTP/2, by ALPN
  curl -i --cacert cert.pem https://127.0.0.1:8443/17
  inflight serve --body 1MB --chunks 10 --chunk-delay 50ms

Ctrl-C stops it; it then prints what it saw as JSON.")]
pub struct Serve {
    /// Take delays, body, seed and all else from the first scenario of this experiment.
    #[arg(value_name = "FILE", conflicts_with = "delay")]
    pub file: Option<PathBuf>,
    /// Delay of every request.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = crate::units::parse_duration)]
    pub delay: u64,
    /// Size of the body of an answer.
    #[arg(long, value_name = "SIZE", default_value = "0B", value_parser = crate::units::parse_size, conflicts_with = "file")]
    pub body: u64,
    /// Pieces that a body is sent in.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "file")]
    pub chunks: u32,
    /// Pause between two pieces.
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = crate::units::parse_duration, conflicts_with = "file")]
    pub chunk_delay: u64,
    /// Encrypt connections, and write the certificate here.
    #[arg(long, value_name = "CERT.pem")]
    pub tls: Option<PathBuf>,
    /// Port on 127.0.0.1; 0 takes a free one.
    #[arg(long, default_value_t = 0)]
    pub port: u16,
    /// Stop after this long.
    #[arg(long, value_name = "DURATION", value_parser = crate::units::parse_duration)]
    pub stop_after: Option<u64>,
}
