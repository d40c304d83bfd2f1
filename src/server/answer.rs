//! A request and its answer.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{BufMut, BytesMut};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue, LOCATION, RETRY_AFTER};
use hyper::{Request, Response, StatusCode};

use super::body::AnswerBody;
use super::in_flight::InFlight;
use super::pause::pause;
use super::request::{Asked, refusal};
use super::{Shared, upload};
use crate::protocol::{Capacity, Pause};
use crate::timer::Moment;

const INFLIGHT_INDEX: HeaderName = HeaderName::from_static("inflight-index");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Answers a request whose head was parsed at `start`.
pub(super) async fn answer(
    shared: Arc<Shared>,
    connection: usize,
    request: Request<Incoming>,
    start: Moment,
) -> Result<Response<AnswerBody>, Infallible> {
    let asked = match Asked::by(&request, &shared) {
        Ok(asked) => asked,
        Err(refusal) => {
            shared.ledger.requested(connection);
            return Ok(refusal);
        }
    };
    // Thousands may wait from here on; their heads need no memory.
    let body = request.into_body();
    shared.ledger.asked_for(asked.index);
    let upload = asked.uploads.then_some(body);
    if asked.redirects > 0 {
        shared.ledger.hopped(connection);
        return Ok(redirect(asked, upload, &shared).await);
    }
    shared.ledger.requested(connection);
    if let Some(capacity) = shared.capacity.filter(|c| shared.ledger.is_full(c.requests)) {
        return Ok(over_capacity(capacity, upload, &shared).await);
    }
    Ok(delayed(asked, upload, shared, start).await)
}

/// Refuses a request, as soon as it is there: what it brings is read, so that the client hears the
/// refusal and not the end of its connection.
async fn over_capacity(
    capacity: Capacity,
    upload: Option<Incoming>,
    shared: &Shared,
) -> Response<AnswerBody> {
    shared.ledger.refused();
    if let Some(body) = upload
        && let Err(text) = upload::receive(body, shared).await
    {
        return refusal(StatusCode::BAD_REQUEST, text);
    }
    let Capacity { requests, retry_after_ns } = capacity;
    let text = format!("{requests} requests are in flight, which is all that this server takes\n");
    let mut response = refusal(StatusCode::TOO_MANY_REQUESTS, text);
    // The header has whole seconds (RFC 9110, section 10.2.3).
    let seconds = HeaderValue::from(retry_after_ns.div_ceil(1_000_000_000));
    response.headers_mut().insert(RETRY_AFTER, seconds);
    response
}

/// Sends the client on, at once: the delay is that of the answer.
async fn redirect(asked: Asked, upload: Option<Incoming>, shared: &Shared) -> Response<AnswerBody> {
    // A client keeps method and body for 307; 302 makes a GET of a POST (RFC 9110, section 15.4).
    let mut status = StatusCode::FOUND;
    if let Some(body) = upload {
        if let Err(text) = upload::receive(body, shared).await {
            return refusal(StatusCode::BAD_REQUEST, text);
        }
        status = StatusCode::TEMPORARY_REDIRECT;
    }
    shared.ledger.redirected();
    let location = match asked.redirects - 1 {
        0 => format!("/{}", asked.index),
        more => format!("/{}?redirects={more}", asked.index),
    };
    let mut response = Response::new(AnswerBody::text(String::new()));
    *response.status_mut() = status;
    let location = HeaderValue::try_from(location).expect("digits and letters");
    response.headers_mut().insert(LOCATION, location);
    response
}

/// Waits, then answers.
async fn delayed(
    asked: Asked,
    upload: Option<Incoming>,
    shared: Arc<Shared>,
    mut start: Moment,
) -> Response<AnswerBody> {
    let in_flight = InFlight::enter(shared);
    let shared = in_flight.shared();
    if let Some(body) = upload {
        if let Err(text) = upload::receive(body, shared).await {
            return refusal(StatusCode::BAD_REQUEST, text);
        }
        // Only now has the server what it is to think about.
        start = Moment::now();
    }
    let actual_ns = pause(shared, Pause::Delay, start, asked.planned_ns).await;
    shared.ledger.delayed(actual_ns);
    let mut response = Response::new(AnswerBody::of(in_flight));
    let headers = response.headers_mut();
    headers.insert(SERVER_TIMING, server_timing(actual_ns));
    headers.insert(INFLIGHT_INDEX, HeaderValue::from(asked.index));
    response
}

/// `delay;dur=12.345678`: milliseconds, as the header wants, down to the nanosecond, so that an
/// actual delay is never printed shorter than the planned one.
fn server_timing(actual_ns: u64) -> HeaderValue {
    const NAME: &[u8] = b"delay;dur=";
    /// With 14 digits of milliseconds and six after the point.
    const LONGEST: usize = NAME.len() + 14 + 1 + 6;
    let (ms, mut fraction) = (actual_ns / 1_000_000, actual_ns % 1_000_000);
    let mut text = BytesMut::with_capacity(LONGEST);
    text.put_slice(NAME);
    text.put_slice(itoa::Buffer::new().format(ms).as_bytes());
    let mut digits = *b".000000";
    for digit in digits[1..].iter_mut().rev() {
        *digit += (fraction % 10) as u8;
        fraction /= 10;
    }
    text.put_slice(&digits);
    HeaderValue::from_maybe_shared(text.freeze()).expect("visible ASCII")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_actual_delay_is_printed_exactly() {
        assert_eq!(server_timing(0), "delay;dur=0.000000");
        assert_eq!(server_timing(12_000_345), "delay;dur=12.000345");
        assert_eq!(server_timing(u64::MAX), "delay;dur=18446744073709.551615");
    }
}
