//! Set-up of reqwest, for its async client and for its blocking one.

use std::error::Error;
use std::iter;
use std::net::SocketAddr;
use std::sync::Arc;

use reqwest::ClientBuilder;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::redirect::Policy;

use super::probe::{self, Probe};
use super::tls;
use crate::dns::Resolver;
use crate::strategy::failure::Failure;
use crate::strategy::library::Settings;
use crate::timer::Moment;
use crate::vocabulary::{Protocol, Retries, Reuse};

/// HTTP/2 window of a stream and of a connection: as much as the longest body that a delay server
/// sends. The defaults (2 MiB and 5 MiB) would hold bodies back where many share a connection, and
/// add round trips to long ones. Clients read each body as it comes, so nothing piles up.
const WINDOW_BYTES: u32 = 1 << 30;

/// Everything but the timeout, of which the blocking client has one more, and what notes connections.
pub(in crate::strategy::library) fn builder(
    settings: &Settings,
    probe: Option<&Probe>,
) -> Result<ClientBuilder, Failure> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(redirects(settings.redirects, probe))
        .referer(false)
        .tcp_nodelay(true)
        // No age limit: with one, hyper keeps a timer going.
        .pool_idle_timeout(None)
        .pool_max_idle_per_host(most_idle(settings.reuse));
    builder = match (settings.retries, probe) {
        (Retries::None, _) => builder.retry(reqwest::retry::never()),
        (Retries::Library, None) => builder,
        (Retries::Library, Some(probe)) => builder.retry(counted(probe)),
    };
    builder = match (&settings.tls, probe) {
        // Nothing is encrypted; the default would read the machine's roots all the same.
        (None, _) => builder.tls_certs_only([]),
        (Some(tls), None) => builder.tls_backend_preconfigured(tls.config.clone()),
        (Some(tls), Some(_)) => builder.tls_backend_preconfigured(tls::noting(tls)?),
    };
    builder = match (settings.protocol, &settings.tls) {
        (Protocol::Http1, _) => builder.http1_only(),
        (Protocol::Http2, None) => builder.http2_prior_knowledge(),
        // By what TLS negotiates.
        (Protocol::Http2, Some(_)) => builder,
    };
    if settings.protocol == Protocol::Http2 {
        builder = builder
            .http2_initial_stream_window_size(WINDOW_BYTES)
            .http2_initial_connection_window_size(WINDOW_BYTES);
    }
    if let Some(resolver) = &settings.resolver {
        builder = builder.dns_resolver(Arc::new(Names(resolver.clone())));
    }
    Ok(builder)
}

/// Retries of a request at most, as reqwest has it by default.
const MOST_RETRIES: u32 = 2;

/// reqwest's default retries, which cannot be watched, said once more
/// (`reqwest::retry::Builder::default` in the version that this is built with); a test compares the
/// two.
fn counted(probe: &Probe) -> reqwest::retry::Builder {
    let probe = probe.clone();
    reqwest::retry::for_host(AnyHost).no_budget().max_retries_per_request(MOST_RETRIES).classify_fn(
        move |sent| {
            if sent.error().is_some_and(is_refused) {
                probe.retried();
                sent.retryable()
            } else {
                sent.success()
            }
        },
    )
}

struct AnyHost;

impl PartialEq<&str> for AnyHost {
    fn eq(&self, _: &&str) -> bool {
        true
    }
}

/// Whether the server did not begin the request, and says so: its stream is refused, or the connection is
/// given up without an error.
fn is_refused(error: &(dyn Error + 'static)) -> bool {
    // Below reqwest's, hyper-util's and hyper's own.
    let h2 = error.source().and_then(Error::source).and_then(Error::source);
    let Some(h2) = h2.and_then(|error| error.downcast_ref::<h2::Error>()) else { return false };
    let reason = h2.reason();
    h2.is_remote()
        && (h2.is_go_away() && reason == Some(h2::Reason::NO_ERROR)
            || h2.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
}

/// With no idle connection allowed, every request opens one and closes it.
fn most_idle(reuse: Reuse) -> usize {
    match reuse {
        Reuse::None => 0,
        Reuse::Session | Reuse::Pool => usize::MAX,
    }
}

/// Redirect policy of a client. Where no redirect is expected, one is an answer with an unexpected
/// status.
fn redirects(most: u32, probe: Option<&Probe>) -> Policy {
    let most_hops = most as usize;
    match probe.cloned() {
        _ if most == 0 => Policy::none(),
        None => Policy::limited(most_hops),
        Some(probe) => {
            let limited = Policy::limited(most_hops);
            Policy::custom(move |attempt| {
                // The first address is the request's own: its path is the index.
                let index =
                    attempt.previous().first().and_then(|url| url.path().get(1..)?.parse().ok());
                if let Some(index) = index.filter(|_| attempt.previous().len() <= most_hops) {
                    probe.redirected(index);
                }
                limited.redirect(attempt)
            })
        }
    }
}

/// Our resolver, which reqwest asks when it opens a connection.
struct Names(Resolver);

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        let resolver = self.0.clone();
        Box::pin(async move {
            probe::looking_up(name.as_str());
            let resolved = resolver.resolve(name.as_str()).await?;
            probe::opening(|connection| {
                let mut opening = connection.opening();
                opening.dns = Some(Moment::now());
                opening.source = Some(resolved.source);
            });
            // Port 0 stands for that of the URL.
            let address = SocketAddr::from((resolved.address, 0));
            Ok(Box::new(iter::once(address)) as Addrs)
        })
    }
}
