//! The names of a server: its certificate for them, and the name server that knows them.

use std::future::pending;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use super::Shared;
use crate::child::{ChildError, system};
use crate::dns::{self, Zone};
use crate::protocol::{Pause, ServerConfig};
use crate::tls::Identity;

/// A certificate for every name and address that a client may ask for, if connections are encrypted.
pub(super) fn identity(config: &ServerConfig) -> Result<Option<Identity>, ChildError> {
    if config.tls.is_none() {
        return Ok(None);
    }
    let mut addresses = vec![config.listen, IpAddr::from(Ipv4Addr::LOCALHOST)];
    addresses.extend(config.reached_at);
    let mut names = Vec::new();
    if let Some(terms) = &config.dns {
        addresses.push(IpAddr::from(terms.address));
        names.extend((0..terms.targets).map(dns::host));
    }
    addresses.sort_unstable();
    addresses.dedup();
    names.extend(addresses.iter().map(IpAddr::to_string));
    Ok(Some(Identity::new(names)?))
}

/// Binds the name server, if there is one, beside the other one. To be called in the runtime.
pub(super) fn bind(config: &ServerConfig) -> Result<Option<dns::Server>, ChildError> {
    let Some(terms) = &config.dns else { return Ok(None) };
    let zone = Zone {
        names: (0..terms.targets).map(dns::host).collect(),
        address: terms.address,
        ttl: Duration::from_nanos(terms.ttl_ns),
        delay: Duration::from_nanos(terms.delay_ns),
    };
    let bound = dns::Server::bind(config.listen, &zone);
    bound.map(Some).map_err(system("start a name server"))
}

/// Answers about names, until that is no longer possible.
pub(super) async fn answer(server: Option<dns::Server>, shared: &Shared) -> ChildError {
    let Some(server) = server else { return pending().await };
    let nanos = |duration: Duration| u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX);
    let paused = |planned: Duration, actual: Duration| {
        shared.ledger.paused(Pause::Name, nanos(planned), nanos(actual));
    };
    match server.run(|duration| shared.timer.sleep(duration), paused).await {
        Ok(never) => match never {},
        Err(error) => system("read queries for names")(error),
    }
}
