//! hyper: its bare connections (`hyper::client::conn`) with a pool of our own.
//!
//! The library with nothing hidden: a request opens the connections that it needs itself, so every
//! phase is exact, a connection is known by the request that it was begun for, and open connections
//! have a real limit.
//!
//! A connection of HTTP/1.1 has no task: the request that has it drives it, so that no second task
//! is woken on the way, and an error of the connection is the request's. One of HTTP/2 is shared and
//! has tasks.

mod driven;
mod http1;
mod http2;
mod io;
mod opener;
mod pool;
mod progress;
mod target;

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use ::hyper::body::Incoming;
use ::hyper::header::{HOST, HeaderMap, HeaderValue, LOCATION};
use ::hyper::http::response::Parts;
use ::hyper::{Request, Response, StatusCode};
use futures_util::future::BoxFuture;

use super::upload::Upload;
use super::{Answer, AsyncClient, Connect, Library, NOTHING, Settings, Ways};
use crate::payload::Body;
use crate::strategy::Service;
use crate::strategy::failure::{Class, Failure, Link, Stage};
use crate::strategy::probe::Phase;
use crate::vocabulary::{Protocol, Reuse};
use opener::Opener;
use pool::{Alone, Pool, Share, Taken};
use progress::Progress;
use target::{Call, Target};

pub(super) const LIBRARY: Library = Library {
    name: "hyper",
    reuse: &[Reuse::Session, Reuse::None, Reuse::Pool],
    connections_per_slot: 1,
    settled_after: SETTLED_AFTER,
    protocols: &[Protocol::Http1, Protocol::Http2],
    bounds_connections: true,
    green_threads: false,
    tells: &[Phase::Pool, Phase::Dns, Phase::Connect, Phase::Tls, Phase::Stream, Phase::Send],
    tells_starter: true,
    tells_closing: true,
    tells_hops: true,
    retries_over: &[],
    ways: Ways {
        resolves: "when it connects",
        connects: "for the request that needs it, which waits for it; with HTTP/2, later requests to the same host wait for it too",
        pools: "every idle connection, the last used first, or one for each host with HTTP/2; a limit on open ones if the strategy has one",
        retries: NOTHING,
    },
    summary: "async, hyper's bare connections with a pool of the harness's own and a limit on open ones",
    connect: Connect::Async(connect),
};

/// A connection of hyper takes its requests from a channel of tokio's, whose memory is blocks of 32
/// slots. The first 32 requests fill the first block, the next 32 a second; then the two take turns.
pub(super) const SETTLED_AFTER: u32 = 2 * 32;

fn connect(settings: &Settings) -> Result<Box<dyn AsyncClient>, Failure> {
    let terms = Terms {
        targets: Target::all(settings)?,
        redirects: settings.redirects,
        service: settings.service.clone(),
        upload: settings.upload.clone(),
        probes: settings.probes.is_some(),
        timeout: settings.timeout,
    };
    let pool = Pool::new(Opener::new(settings), settings);
    Ok(Box::new(match settings.reuse {
        Reuse::None | Reuse::Session => Sessions::One(Session { terms, pool }),
        Reuse::Pool => Sessions::Fresh { terms, pool },
    }))
}

/// The client objects of a trial.
enum Sessions {
    /// One for all requests.
    One(Session),
    /// A new one for every request, over one pool.
    Fresh { terms: Terms, pool: Arc<Pool> },
}

impl AsyncClient for Sessions {
    fn fetch<'a>(
        &'a self,
        index: u32,
        answer: &'a mut dyn Answer,
    ) -> BoxFuture<'a, Result<(), Failure>> {
        match self {
            Sessions::One(session) => Box::pin(session.fetch(index, answer)),
            Sessions::Fresh { terms, pool } => Box::pin(async move {
                let session = Session { terms: terms.clone(), pool: Arc::clone(pool) };
                session.fetch(index, answer).await
            }),
        }
    }
}

impl Drop for Sessions {
    fn drop(&mut self) {
        let (Sessions::One(Session { pool, .. }) | Sessions::Fresh { pool, .. }) = self;
        pool.end();
    }
}

/// A client object.
struct Session {
    terms: Terms,
    pool: Arc<Pool>,
}

/// Settings that all requests of a client object share.
#[derive(Debug, Clone)]
struct Terms {
    targets: Box<[Target]>,
    redirects: u32,
    /// The service that is asked, in place of the delay server.
    service: Option<Service>,
    upload: Body,
    probes: bool,
    timeout: Option<Duration>,
}

impl Session {
    async fn fetch(&self, index: u32, answer: &mut dyn Answer) -> Result<(), Failure> {
        let mut progress = Progress::new(self.terms.probes, self.terms.timeout);
        let result = match progress.deadline() {
            None => self.follow(index, answer, &mut progress).await,
            Some(deadline) => {
                let following = Box::pin(self.follow(index, answer, &mut progress));
                let in_time = tokio::time::timeout_at(deadline, following).await;
                in_time.unwrap_or_else(|_| Err(progress.too_slow()))
            }
        };
        if self.terms.probes {
            answer.marks(&progress.marks());
        }
        result
    }

    /// A request, and those that it is redirected to.
    async fn follow(
        &self,
        index: u32,
        answer: &mut dyn Answer,
        progress: &mut Progress,
    ) -> Result<(), Failure> {
        let Terms { targets, redirects, service, .. } = &self.terms;
        let first = index as usize % targets.len();
        let mut call = match service {
            None => Call::new(first, index, *redirects),
            Some(service) => Call::of_service(first, &service.path_of(index))?,
        };
        loop {
            match self.step(&call, index, answer, progress).await? {
                Step::Done => return Ok(()),
                Step::Redirect(to) => {
                    progress.redirected(*redirects)?;
                    let (status, location) = *to;
                    call = call.redirected(status, &location, targets)?;
                }
            }
        }
    }

    /// One request and its answer.
    async fn step(
        &self,
        call: &Call,
        index: u32,
        answer: &mut dyn Answer,
        progress: &mut Progress,
    ) -> Result<Step, Failure> {
        loop {
            match self.pool.take(call.target, index, progress).await? {
                Taken::Alone(mut connection) => {
                    let answered = self.exchange(&mut connection, call, progress).await?;
                    let Some(response) = answered else {
                        // Its server had closed it while it was idle: found as it was taken, before
                        // a byte of the request was written.
                        continue;
                    };
                    let (head, mut body) = response.into_parts();
                    let step = self.head(&head, answer, progress);
                    let headers = head.headers;
                    while let Some(bytes) = connection.chunk(&mut body).await? {
                        step.chunk(&bytes, answer);
                    }
                    drop(body);
                    if connection.rest(headers) {
                        self.pool.put_back(call.target, connection);
                    }
                    return Ok(step);
                }
                Taken::Shared(connection) => {
                    let address = call.absolute_form(&self.terms.targets[call.target]);
                    let upload = &self.terms.upload;
                    let request = call.request(address, HeaderMap::new(), upload, progress);
                    // In a place of its own, which those with HTTP/1.1 do not need.
                    let shared = Box::pin(self.shared(connection, request, answer, progress));
                    return shared.await;
                }
            }
        }
    }

    /// Sends a request over a connection that it has to itself, and waits for the head of its answer.
    async fn exchange(
        &self,
        connection: &mut Alone,
        call: &Call,
        progress: &mut Progress,
    ) -> Result<Option<Response<Incoming>>, Failure> {
        let mut headers = connection.spare_headers();
        headers.insert(HOST, self.terms.targets[call.target].host.clone());
        let address = call.origin_form(connection.memory());
        let request = call.request(address, headers, &self.terms.upload, progress);
        // It could hold the whole request, given back, and never does but for a closed connection.
        let mut sent = Box::pin(connection.send(request));
        connection.answered(sent.as_mut(), progress).await
    }

    /// One request and its answer over a connection that others use too.
    async fn shared(
        &self,
        mut connection: Share,
        request: Request<Upload>,
        answer: &mut dyn Answer,
        progress: &mut Progress,
    ) -> Result<Step, Failure> {
        let response = connection.send(request, progress).await?;
        let (head, mut body) = response.into_parts();
        let step = self.head(&head, answer, progress);
        while let Some(bytes) = connection.chunk(&mut body).await? {
            step.chunk(&bytes, answer);
        }
        Ok(step)
    }

    /// The response head is there.
    fn head(&self, head: &Parts, answer: &mut dyn Answer, progress: &mut Progress) -> Step {
        progress.answered();
        if self.terms.redirects > 0
            && head.status.is_redirection()
            && let Some(location) = head.headers.get(LOCATION)
        {
            return Step::Redirect(Box::new((head.status, location.clone())));
        }
        answer.head(head.status.as_u16(), &head.headers);
        Step::Done
    }
}

/// Outcome of one exchange.
enum Step {
    Done,
    /// The status of a redirect, and where it leads.
    Redirect(Box<(StatusCode, HeaderValue)>),
}

impl Step {
    /// Bytes of the body are there; those of a redirect are of no interest.
    fn chunk(&self, bytes: &[u8], answer: &mut dyn Answer) {
        if matches!(self, Step::Done) {
            answer.chunk(bytes);
        }
    }
}

/// Reads the errors of hyper, and what is below them.
fn failure(error: &(dyn Error + 'static)) -> Failure {
    Failure::of(error, |error| {
        let class = of_hyper(error.downcast_ref::<::hyper::Error>()?);
        Some(Link { class, cause: error.source() })
    })
}

/// hyper's words for a connection that had ended when it was to take a request.
const ENDED: [&str; 2] = ["connection closed", "connection was not ready"];

pub(super) fn of_hyper(error: &::hyper::Error) -> Option<Class> {
    if error.is_timeout() {
        Some(Class::Timeout(Stage::Head))
    } else if error.is_parse() {
        Some(Class::Parse)
    } else if error.is_incomplete_message() {
        Some(Class::Closed)
    } else if error.is_canceled() {
        let ended = error.source().is_some_and(|why| ENDED.contains(&&*why.to_string()));
        Some(if ended { Class::Closed } else { Class::Canceled })
    } else if error.to_string() == "received unexpected message from connection" {
        // Bytes that nobody has asked for. There is nothing but words to know it by.
        Some(Class::Parse)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dns;
    use crate::strategy::probe::Marks;
    use crate::vocabulary::Retries;

    struct Nobody;

    impl Answer for Nobody {
        fn head(&mut self, _: u16, _: &::hyper::HeaderMap) {}
        fn chunk(&mut self, _: &[u8]) {}
        fn marks(&mut self, _: &Marks) {}
    }

    /// Each request moves it to the heap. What is rare has a place of its own, so that this does not
    /// grow with it: a TLS handshake alone takes kilobytes. More than 1 032 bytes are no longer handed
    /// out from a thread's own store by glibc, which takes several times as long.
    #[test]
    fn a_request_is_small() {
        let settings = Settings {
            server: ([127, 0, 0, 1], 1).into(),
            reuse: Reuse::Session,
            max_connections: None,
            protocol: Protocol::Http1,
            tls: None,
            resolver: None::<dns::Resolver>,
            targets: 1,
            redirects: 0,
            service: None,
            upload: Body::default(),
            retries: Retries::None,
            probes: None,
            green: false,
            timeout: None,
        };
        let pool = Pool::new(Opener::new(&settings), &settings);
        let terms = Terms {
            targets: Target::all(&settings).expect("an address"),
            redirects: 0,
            service: None,
            upload: Body::default(),
            probes: false,
            timeout: None,
        };
        let session = Session { terms, pool };
        let mut answer = Nobody;
        let size = size_of_val(&session.fetch(0, &mut answer));
        assert!(size <= 1_024, "{size} bytes");
    }
}
