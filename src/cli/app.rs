//! `inflight app`, as typed.

use std::net::SocketAddr;
use std::num::NonZeroU32;

use clap::Args;

use crate::strategy::service::Place;
use crate::strategy::{Outbound, Service};

/// `inflight app`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  inflight serve --delay 100ms --port 8001 &
  inflight app --listen 127.0.0.1:8000 --backend http://127.0.0.1:8001 --calls 4 --threads 4
  curl -i http://127.0.0.1:8000/17                  page 17: four calls, then its answer

Ctrl-C stops it. An experiment starts it by itself: see docs/services.md.")]
pub struct App {
    /// Address and port to listen on, of this machine's loopback; port 0 is any free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    pub listen: SocketAddr,
    /// Processes that serve.
    #[arg(long, value_name = "N", default_value = "1", value_parser = few)]
    pub processes: NonZeroU32,
    /// Threads of each process; of no meaning with `async` and `green`.
    #[arg(long, value_name = "N", default_value = "1", value_parser = few)]
    pub threads: NonZeroU32,
    /// Order of a page's calls: sequential, thread-pool, async, async-loop, green or offload.
    #[arg(long, value_name = "ORDER", default_value = "sequential", value_parser = outbound)]
    pub outbound: Outbound,
    /// Where calls go; without it, a page makes none.
    #[arg(long, value_name = "URL", value_parser = backend)]
    pub backend: Option<SocketAddr>,
    /// Calls of a page.
    #[arg(long, value_name = "N", default_value = "1", requires = "backend")]
    pub calls: u32,
    /// Time that a page sleeps beside its calls, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "0", value_parser = seconds)]
    pub work: u64,
    /// Computes for this time instead of sleeping.
    #[arg(long)]
    pub compute: bool,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "no address such as 127.0.0.1:8000")?;
    match address.ip().is_loopback() {
        true => Ok(address),
        false => Err("the application serves this machine's loopback only".to_owned()),
    }
}

fn few(text: &str) -> Result<NonZeroU32, String> {
    let number = text.parse().ok().filter(|n: &NonZeroU32| n.get() <= 256);
    number.ok_or_else(|| "no number from 1 to 256".to_owned())
}

fn outbound(text: &str) -> Result<Outbound, String> {
    Outbound::named(text).ok_or_else(|| {
        let known = Outbound::ALL.map(Outbound::name);
        format!("known: {}", known.join(", "))
    })
}

fn backend(url: &str) -> Result<SocketAddr, String> {
    let service = Service::at_url(url).map_err(|why| why.to_string())?;
    match service.place {
        Place::At(address) if service.path == "/" => Ok(address),
        _ => Err("write it without a path: http://127.0.0.1:8001".to_owned()),
    }
}

fn seconds(text: &str) -> Result<u64, String> {
    let seconds = text.parse().ok().filter(|s: &f64| (0.0..=86_400.0).contains(s));
    let seconds = seconds.ok_or_else(|| "no number of seconds up to a day".to_owned())?;
    Ok((seconds * 1e9).round() as u64)
}
