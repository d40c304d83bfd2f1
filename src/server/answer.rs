//! A request and its answer.

use std::convert::Infallible;
use std::io::Write;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Shared;
use super::timer::Moment;
use crate::units::parse_duration;

const INFLIGHT_DELAY: HeaderName = HeaderName::from_static("inflight-delay");
const INFLIGHT_INDEX: HeaderName = HeaderName::from_static("inflight-index");
const SERVER_TIMING: HeaderName = HeaderName::from_static("server-timing");

/// Bytes of a body that are handed over at once: as much as a socket takes in one write without
/// waiting for the reader, with Linux's defaults (`tcp_wmem` grows from 16 KiB to megabytes).
const FRAME_BYTES: usize = 64 * 1024;

/// Answers a request whose head was parsed at `start`.
pub(super) async fn answer(
    shared: Arc<Shared>,
    request: Request<Incoming>,
    start: Moment,
) -> Result<Response<AnswerBody>, Infallible> {
    let (index, planned_ns) = match asked_for(&shared, &request) {
        Ok(asked) => asked,
        Err(refusal) => return Ok(refusal),
    };
    // Thousands may wait from here on; their heads need no memory.
    drop(request);
    let in_flight = InFlight::enter(shared);
    let shared = &in_flight.shared;
    if planned_ns > 0 {
        shared.timer.sleep_until(start.after_ns(planned_ns)).await;
    }
    let actual_ns = Moment::now().ns_since(start);
    shared.ledger.delayed(planned_ns, actual_ns);
    let body = shared.body.clone();
    let mut response = Response::new(AnswerBody::of(body, in_flight));
    let headers = response.headers_mut();
    headers.insert(SERVER_TIMING, server_timing(actual_ns));
    headers.insert(INFLIGHT_INDEX, HeaderValue::from(index));
    Ok(response)
}

/// The index of a request and its delay, or the answer that says what is wrong with it.
#[expect(clippy::result_large_err, reason = "the error is an answer too, and is sent as it is")]
fn asked_for(
    shared: &Shared,
    request: &Request<Incoming>,
) -> Result<(u64, u64), Response<AnswerBody>> {
    if request.method() != Method::GET {
        let text = format!("{} is not possible here: use GET\n", request.method());
        let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, text);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET"));
        return Err(response);
    }
    let path = request.uri().path();
    let index = path.strip_prefix('/').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    let Some(index) = index.and_then(|digits| digits.parse().ok()) else {
        let text = format!("`{path}` is unknown: ask for the index of a request, as in `/0`\n");
        return Err(refusal(StatusCode::NOT_FOUND, text));
    };
    let planned_ns = match request.headers().get(INFLIGHT_DELAY) {
        None => shared.delay.planned_ns(shared.seed, index, shared.time_scale),
        Some(value) => {
            parse_duration(&String::from_utf8_lossy(value.as_bytes())).map_err(|why| {
                refusal(StatusCode::BAD_REQUEST, format!("header Inflight-Delay: {why}\n"))
            })?
        }
    };
    Ok((index, planned_ns))
}

fn refusal(status: StatusCode, text: String) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody { rest: Bytes::from(text), in_flight: None });
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

/// `delay;dur=12.345678`: milliseconds, as the header wants, down to the nanosecond, so that an
/// actual delay is never printed shorter than the planned one.
fn server_timing(actual_ns: u64) -> HeaderValue {
    // The longest is 10 bytes of name, 14 digits, a point and 6 digits.
    let mut text = [0; 32];
    let mut rest = &mut text[..];
    let (ms, fraction) = (actual_ns / 1_000_000, actual_ns % 1_000_000);
    write!(rest, "delay;dur={ms}.{fraction:06}").expect("room for the longest");
    let unused = rest.len();
    HeaderValue::from_bytes(&text[..text.len() - unused]).expect("visible ASCII")
}

/// A request in flight, until it is dropped.
#[derive(Debug)]
struct InFlight {
    shared: Arc<Shared>,
    whole: bool,
}

impl InFlight {
    fn enter(shared: Arc<Shared>) -> InFlight {
        shared.ledger.entered();
        InFlight { shared, whole: false }
    }

    /// All of the body is handed over.
    fn leave(mut self) {
        self.whole = true;
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.shared.ledger.left(self.whole);
    }
}

/// The body of an answer: slices of shared bytes.
#[derive(Debug)]
pub(super) struct AnswerBody {
    rest: Bytes,
    in_flight: Option<InFlight>,
}

impl AnswerBody {
    fn of(body: Bytes, in_flight: InFlight) -> AnswerBody {
        let mut body = AnswerBody { rest: body, in_flight: Some(in_flight) };
        // Nobody asks for the frames of an empty body: its head is the last write.
        body.leave_at_end();
        body
    }

    fn leave_at_end(&mut self) {
        if self.rest.is_empty()
            && let Some(in_flight) = self.in_flight.take()
        {
            in_flight.leave();
        }
    }
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        let length = self.rest.len().min(FRAME_BYTES);
        let frame = self.rest.split_to(length);
        self.leave_at_end();
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.rest.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
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
