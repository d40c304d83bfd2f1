//! Requests as a delay server reads them.

use hyper::header::{ALLOW, CONTENT_TYPE, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};

use super::Shared;
use super::body::AnswerBody;
use crate::strategy::IndexBy;
use crate::units::parse_duration;

const INFLIGHT_DELAY: HeaderName = HeaderName::from_static("inflight-delay");

/// Beginning of the query that asks for redirects.
const REDIRECTS: &str = "redirects=";

/// Values that a request asks for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Asked {
    pub(super) index: u64,
    /// The delay of its answer.
    pub(super) planned_ns: u64,
    /// Redirects before the answer.
    pub(super) redirects: u32,
    /// Whether it brings a body.
    pub(super) uploads: bool,
}

impl Asked {
    /// Reads a request, or makes the answer that says what is wrong with it.
    #[expect(clippy::result_large_err, reason = "the error is an answer too, and is sent as it is")]
    pub(super) fn by<B>(
        request: &Request<B>,
        shared: &Shared,
    ) -> Result<Asked, Response<AnswerBody>> {
        let uploads = request.method() == Method::POST;
        if !uploads && request.method() != Method::GET {
            let text = format!("{} is not possible here: use GET or POST\n", request.method());
            let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, text);
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, POST"));
            return Err(response);
        }
        let index = match shared.index_by {
            IndexBy::Path => index(request.uri().path())?,
            IndexBy::Arrival => shared.ledger.next_index(),
        };
        let bad_request = |text| refusal(StatusCode::BAD_REQUEST, text);
        let planned_ns = match request.headers().get(INFLIGHT_DELAY) {
            None => shared.planned().ns(index),
            Some(value) => parse_duration(&String::from_utf8_lossy(value.as_bytes()))
                .map_err(|why| bad_request(format!("header Inflight-Delay: {why}\n")))?,
        };
        let redirects = request.uri().query().map_or(Ok(0), redirects).map_err(bad_request)?;
        Ok(Asked { index, planned_ns, redirects, uploads })
    }
}

/// An answer that says what is wrong with a request.
pub(super) fn refusal(status: StatusCode, text: String) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::text(text));
    *response.status_mut() = status;
    let plain = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, plain);
    response
}

/// The index that a path names.
#[expect(clippy::result_large_err, reason = "the error is an answer too, and is sent as it is")]
fn index(path: &str) -> Result<u64, Response<AnswerBody>> {
    let digits = path.strip_prefix('/').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
    digits.and_then(|digits| digits.parse().ok()).ok_or_else(|| {
        let text = format!("`{path}` is unknown: ask for the index of a request, as in `/0`\n");
        refusal(StatusCode::NOT_FOUND, text)
    })
}

fn redirects(query: &str) -> Result<u32, String> {
    let number = query.split('&').find_map(|field| field.strip_prefix(REDIRECTS));
    number.map_or(Ok(0), |number| {
        number.parse().map_err(|_| {
            format!("`{REDIRECTS}{number}` is no number of redirects: `{REDIRECTS}2` is one\n")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects_are_found_in_the_query() {
        assert_eq!(redirects(""), Ok(0));
        assert_eq!(redirects("x=y"), Ok(0));
        assert_eq!(redirects("redirects=3"), Ok(3));
        assert_eq!(redirects("x=y&redirects=0"), Ok(0));
        for query in ["redirects=", "redirects=-1", "redirects=a"] {
            assert!(redirects(query).unwrap_err().contains("`redirects=2` is one"));
        }
    }
}
