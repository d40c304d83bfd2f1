//! Addresses that ureq connects to. It asks before every request and every redirect, even if it
//! will reuse a connection; and with a timeout, its own resolver starts a thread for each look-up.

use std::net::SocketAddr;

use ureq::Error;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::probe;
use crate::dns;
use crate::strategy::library::Settings;

/// Resolver of the server's address.
#[derive(Debug, Clone)]
pub(super) struct Names {
    server: SocketAddr,
    /// Without it, the server's address, whatever the URL says.
    resolver: Option<dns::Resolver>,
    /// Whether a look-up waits in a green thread.
    green: bool,
}

impl Names {
    pub(super) fn new(settings: &Settings) -> Names {
        Names {
            server: settings.server,
            resolver: settings.resolver.clone(),
            green: settings.green,
        }
    }

    fn address(&self, uri: &Uri) -> Result<SocketAddr, Error> {
        let Some(resolver) = &self.resolver else { return Ok(self.server) };
        let host = uri.host().ok_or(Error::HostNotFound)?;
        let resolved = match self.green {
            true => probe::wait(resolver.resolve(host)),
            false => resolver.resolve_blocking(host),
        };
        let resolved = resolved.map_err(|e| Error::Other(Box::new(e)))?;
        probe::resolved(resolved.source);
        let port = uri.port_u16().unwrap_or(self.server.port());
        Ok(SocketAddr::from((resolved.address, port)))
    }
}

impl Resolver for Names {
    fn resolve(&self, uri: &Uri, _: &Config, _: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        probe::hop();
        let mut addrs = self.empty();
        addrs.push(self.address(uri)?);
        Ok(addrs)
    }
}
