//! `reqwest::blocking`: the async client behind a thread of its own.

use reqwest::blocking::{self, Body, RequestBuilder, Response};
use reqwest::header::ACCEPT;

use super::hyper::SETTLED_AFTER;
use super::reqwest::{ByThread, CONNECTIONS_PER_SLOT, Ending, Probe, REFUSED, builder, failure};
use super::upload::Upload;
use super::{Answer, BlockingClient, Connect, Library, Settings, Ways, read_body};
use crate::strategy::failure::{Class, Failure, Stage};
use crate::strategy::probe::{Marks, Sent};
use crate::timer::Moment;
use crate::vocabulary::{Protocol, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "reqwest-blocking",
    reuse: &[Reuse::Session, Reuse::None],
    connections_per_slot: CONNECTIONS_PER_SLOT,
    settled_after: SETTLED_AFTER,
    protocols: &[Protocol::Http1, Protocol::Http2],
    bounds_connections: false,
    green_threads: false,
    // Requests travel to the hidden thread through a channel: nothing there knows which one opens
    // a connection, so its phases are those of the connection alone.
    tells: &[],
    tells_starter: false,
    tells_closing: false,
    tells_hops: false,
    retries_over: &[Protocol::Http2],
    ways: Ways {
        resolves: "when it connects",
        connects: "races a new connection with one that becomes idle; the loser goes to the pool or to nobody",
        pools: "every idle connection; no limit on open ones",
        retries: REFUSED,
    },
    summary: "blocking facade; one hidden thread drives all connections",
    connect: Connect::Blocking(connect),
};

fn connect(settings: &Settings) -> Result<Box<dyn BlockingClient>, Failure> {
    let probe = Probe::new(settings);
    let mut builder = builder(settings, probe.as_ref())?;
    if let Some(probe) = &probe {
        builder = builder.connector_layer(ByThread(probe.clone()));
    }
    if let Some(timeout) = settings.timeout {
        // Of the whole request. The blocking client's own begins anew with every read of a body, so that
        // one which drips would never be too slow.
        builder = builder.timeout(timeout);
    }
    let client = blocking::ClientBuilder::from(builder)
        // Said even where there is none: the default is 30 s.
        .timeout(settings.timeout)
        .build()
        .map_err(|e| failure(&e))?;
    Ok(Box::new(Client { client, probe, settings: settings.clone() }))
}

struct Client {
    client: blocking::Client,
    probe: Option<Probe>,
    settings: Settings,
}

impl Client {
    /// A request, what is noted of its body, and how to learn how it ended, if it may hide that.
    fn request(&self, index: u32) -> (RequestBuilder, Sent, Option<Ending>) {
        let url = self.settings.url(index);
        let Some(upload) = Upload::of(&self.settings) else {
            return (self.client.get(url), Sent::default(), None);
        };
        let (taken, length) = (upload.taken(), upload.len());
        let mut request = self.client.post(url).body(Body::sized(upload, length));
        let ending = self.probe.as_ref().map(|_| Ending::default());
        if let Some(ending) = &ending {
            request = request.header(ACCEPT, ending.accept());
        }
        (request, taken, ending)
    }

    /// Sends a request and waits for the head of its answer.
    fn send(&self, index: u32, answer: &mut dyn Answer) -> Result<Response, Failure> {
        let (request, taken, ending) = self.request(index);
        let Some(probe) = &self.probe else {
            return request.send().map_err(|e| failure(&e));
        };
        let (since, begun) = (probe.now(), Moment::now());
        let sent = request.send();
        let (marks, sent) = match sent {
            Ok(response) => (probe.answered(index, response.extensions()), Ok(response)),
            Err(e) => {
                let ended = Moment::now();
                let (marks, told) = probe.failed(index, since, &e);
                let told = match ending {
                    Some(ending) if e.is_body() && told.class == Class::Other => {
                        let is_late =
                            self.settings.timeout.is_some_and(|t| ended >= begun.after(t));
                        let told = self.hidden(&ending, is_late, probe.never_opened(index), told);
                        probe.why(index, since, told)
                    }
                    _ => told,
                };
                (marks, Err(told))
            }
        };
        answer.marks(&Marks { sent: taken, ..marks });
        sent
    }

    /// The failure of a request whose body nobody took any more, as far as it is known.
    fn hidden(&self, ending: &Ending, is_late: bool, never_opened: bool, told: Failure) -> Failure {
        if let Some(why) = ending.unopened() {
            return told.because(&why);
        }
        if is_late {
            // The request's time is over by the clock of either thread; this one heard of it second.
            let limit = self.settings.timeout.unwrap_or_default();
            let slow = Failure::new(Class::Timeout(Stage::Head), format!("no end after {limit:?}"));
            return told.because(&slow);
        }
        if never_opened {
            // It had begun no connection and got none: it waited for that of another request.
            return Failure { class: Class::Canceled, ..told };
        }
        told
    }
}

impl BlockingClient for Client {
    fn fetch(&self, index: u32, answer: &mut dyn Answer) -> Result<(), Failure> {
        let response = self.send(index, answer)?;
        answer.head(response.status().as_u16(), response.headers());
        read_body(response, answer).map_err(|e| failure(&e))
    }
}
