//! `reqwest::blocking`: the async client behind a thread of its own.

use reqwest::blocking::{self, Body, RequestBuilder, Response};

use super::hyper::SETTLED_AFTER;
use super::reqwest::{ByThread, CONNECTIONS_PER_SLOT, Probe, builder, failure};
use super::upload::Upload;
use super::{Answer, BlockingClient, Connect, Library, Settings, Ways, read_body};
use crate::strategy::failure::Failure;
use crate::strategy::probe::Sent;
use crate::strategy::{Protocol, Reuse};

pub(super) const LIBRARY: Library = Library {
    name: "reqwest-blocking",
    reuse: &[Reuse::Session, Reuse::None],
    connections_per_slot: CONNECTIONS_PER_SLOT,
    settled_after: SETTLED_AFTER,
    protocols: &[Protocol::Http1, Protocol::Http2],
    bounds_connections: false,
    // Requests travel to the hidden thread through a channel: nothing there knows which one opens
    // a connection, so its phases are those of the connection alone.
    tells: &[],
    tells_starter: false,
    tells_closing: false,
    tells_hops: false,
    ways: Ways {
        resolves: "when it connects",
        connects: "races a new connection with one that becomes idle; the loser goes to the pool or to nobody",
        pools: "every idle connection; no limit on open ones",
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
    fn request(&self, index: u32) -> (RequestBuilder, Sent) {
        let url = self.settings.url(index);
        let Some(upload) = Upload::of(&self.settings) else {
            return (self.client.get(url), Sent::default());
        };
        let (taken, length) = (upload.taken(), upload.len());
        (self.client.post(url).body(Body::sized(upload, length)), taken)
    }

    /// Sends a request and waits for the head of its answer.
    fn send(&self, index: u32, answer: &mut dyn Answer) -> Result<Response, Failure> {
        let (request, taken) = self.request(index);
        let sent = request.send();
        if let Some(probe) = &self.probe {
            let mut marks = match &sent {
                Ok(response) => probe.answered(index, response.extensions()),
                Err(e) => probe.failed(index, e),
            };
            marks.sent = taken;
            answer.marks(&marks);
        }
        sent.map_err(|e| failure(&e))
    }
}

impl BlockingClient for Client {
    fn fetch(&self, index: u32, answer: &mut dyn Answer) -> Result<(), Failure> {
        let response = self.send(index, answer)?;
        answer.head(response.status().as_u16(), response.headers());
        read_body(response, answer).map_err(|e| failure(&e))
    }
}
