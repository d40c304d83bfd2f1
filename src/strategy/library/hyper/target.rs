//! Targets of requests, and the addressing of each.

use ::hyper::Method;
use ::hyper::Request;
use ::hyper::StatusCode;
use ::hyper::Uri;
use ::hyper::header::{HeaderMap, HeaderValue};
use ::hyper::http::uri::{Authority, Parts, PathAndQuery, Scheme};
use bytes::{BufMut, BytesMut};

use super::super::Settings;
use super::super::upload::Upload;
use super::progress::Progress;
use crate::dns::host;
use crate::payload::Body;
use crate::strategy::failure::{Class, Failure};

/// A host that requests go to.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Value of the `Host` header.
    pub(super) host: HeaderValue,
    scheme: Scheme,
    authority: Authority,
}

impl Target {
    /// Every host of the trial, by number.
    pub(super) fn all(settings: &Settings) -> Result<Box<[Target]>, Failure> {
        let scheme = if settings.tls.is_some() { Scheme::HTTPS } else { Scheme::HTTP };
        let invalid = |e: &dyn std::error::Error| Failure::new(Class::Other, e.to_string());
        (0..settings.targets)
            .map(|target| {
                let address = match settings.resolver {
                    None => settings.server.to_string(),
                    Some(_) => format!("{}:{}", host(target), settings.server.port()),
                };
                Ok(Target {
                    host: HeaderValue::from_str(&address).map_err(|e| invalid(&e))?,
                    scheme: scheme.clone(),
                    authority: address.parse().map_err(|e| invalid(&e))?,
                })
            })
            .collect()
    }
}

/// A request: what it asks of whom.
#[derive(Debug)]
pub(super) struct Call {
    /// The number of its target.
    pub(super) target: usize,
    path: Path,
    /// Whether it has a body, if requests have one: a redirect may ask for it no more.
    with_body: bool,
}

/// Path of a request.
#[derive(Debug)]
enum Path {
    /// An answer by its index, which is to be redirected so many times.
    Of { index: u32, redirects: u32 },
    /// The location that a redirect gave, or the path of a service.
    Located(PathAndQuery),
}

impl Call {
    /// Request `index`, which is to be redirected so many times.
    pub(super) fn new(target: usize, index: u32, redirects: u32) -> Call {
        Call { target, path: Path::Of { index, redirects }, with_body: true }
    }

    /// The request of a service's path.
    pub(super) fn of_service(target: usize, path: &str) -> Result<Call, Failure> {
        let invalid = |e: ::hyper::http::uri::InvalidUri| {
            Failure::new(Class::Other, format!("{path:?} is no path: {e}"))
        };
        let path = Path::Located(path.parse().map_err(invalid)?);
        Ok(Call { target, path, with_body: true })
    }

    /// Builds the request; `upload` is the body of requests, or empty.
    pub(super) fn request(
        &self,
        address: Uri,
        headers: HeaderMap,
        upload: &Body,
        progress: &mut Progress,
    ) -> Request<Upload> {
        let body = if self.with_body { upload.clone() } else { Body::default() };
        let method = if body.is_empty() { Method::GET } else { Method::POST };
        let upload = match body.is_empty() {
            true => Upload::none(),
            false => Upload::new(body, progress.sending()),
        };
        let mut request = Request::new(upload);
        *request.method_mut() = method;
        *request.uri_mut() = address;
        *request.headers_mut() = headers;
        request
    }

    /// The address without the host, as HTTP/1.1 wants it. Its text is written into `memory`, which
    /// can be used again once the request is written.
    pub(super) fn origin_form(&self, memory: &mut BytesMut) -> Uri {
        Uri::from(self.path.written(memory))
    }

    /// The whole address, as HTTP/2 wants it.
    pub(super) fn absolute_form(&self, target: &Target) -> Uri {
        let mut parts = Parts::default();
        parts.scheme = Some(target.scheme.clone());
        parts.authority = Some(target.authority.clone());
        parts.path_and_query = Some(self.path.written(&mut BytesMut::new()));
        Uri::from_parts(parts).expect("a scheme, an authority and a path are an address")
    }

    /// The request that an answer with this status and `Location` asks for: with method and body of
    /// this one after 307 and 308, a GET after the others.
    pub(super) fn redirected(
        self,
        status: StatusCode,
        location: &HeaderValue,
        targets: &[Target],
    ) -> Result<Call, Failure> {
        let elsewhere =
            |why: &str| Failure::new(Class::Other, format!("{why}: redirected to {location:?}"));
        let address =
            Uri::try_from(location.as_bytes()).map_err(|_| elsewhere("not an address"))?;
        let Parts { authority, path_and_query, .. } = address.into_parts();
        let target = match authority {
            None => self.target,
            // A host has several numbers where hosts have no names: it is still the same one.
            Some(to) if targets[self.target].authority == to => self.target,
            Some(to) => targets
                .iter()
                .position(|target| target.authority == to)
                .ok_or_else(|| elsewhere("none of the hosts"))?,
        };
        let path = path_and_query.ok_or_else(|| elsewhere("no path"))?;
        let with_body = self.with_body && matches!(status.as_u16(), 307 | 308);
        Ok(Call { target, path: Path::Located(path), with_body })
    }
}

/// The longest: a slash, ten digits, the query's name and ten digits more.
const PATH_BYTES: usize = 1 + 10 + "?redirects=".len() + 10;

impl Path {
    fn written(&self, memory: &mut BytesMut) -> PathAndQuery {
        let (index, redirects) = match self {
            Path::Located(path) => return path.clone(),
            Path::Of { index, redirects } => (*index, *redirects),
        };
        let mut digits = itoa::Buffer::new();
        // Nothing that was written there before is needed any more: it is reclaimed.
        memory.reserve(PATH_BYTES);
        memory.put_u8(b'/');
        memory.put_slice(digits.format(index).as_bytes());
        if redirects > 0 {
            memory.put_slice(b"?redirects=");
            memory.put_slice(digits.format(redirects).as_bytes());
        }
        PathAndQuery::from_maybe_shared(memory.split().freeze())
            .expect("a path of plain characters")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(authority: &str) -> Target {
        Target {
            host: HeaderValue::from_str(authority).expect("visible"),
            scheme: Scheme::HTTP,
            authority: authority.parse().expect("an authority"),
        }
    }

    fn sent(call: &Call, body: &str) -> (Method, u64) {
        let (body, mut progress) = (Body::from(body.to_owned()), Progress::new(false, None));
        let address = call.origin_form(&mut BytesMut::new());
        let request = call.request(address, HeaderMap::new(), &body, &mut progress);
        (request.method().clone(), request.body().len())
    }

    #[test]
    fn a_request_asks_for_its_index() {
        let mut memory = BytesMut::new();
        let call = Call::new(0, u32::MAX, u32::MAX);
        assert_eq!(call.origin_form(&mut memory), "/4294967295?redirects=4294967295");
        let target = target("host0.test:80");
        let call = Call::new(0, 7, 0);
        assert_eq!(call.absolute_form(&target), "http://host0.test:80/7");
        assert_eq!(sent(&call, "x"), (Method::POST, 1));
        assert_eq!(sent(&call, ""), (Method::GET, 0));
    }

    #[test]
    fn only_some_redirects_keep_the_body() {
        let targets = [target("host0.test:80"), target("host1.test:80")];
        let to = |status: u16, location: &'static str| {
            let status = StatusCode::from_u16(status).expect("a status");
            let location = HeaderValue::from_static(location);
            Call::new(0, 1, 2).redirected(status, &location, &targets)
        };
        let call = to(302, "/1?redirects=1").expect("a path");
        assert_eq!((call.target, sent(&call, "x")), (0, (Method::GET, 0)));
        let call = to(307, "http://host1.test:80/1").expect("a host");
        assert_eq!((call.target, sent(&call, "x")), (1, (Method::POST, 1)));
        assert_eq!(call.origin_form(&mut BytesMut::new()), "/1");
        for bad in ["http://elsewhere.test/1", "", "1?redirects=1 "] {
            assert_eq!(to(302, bad).expect_err(bad).class, Class::Other);
        }
    }
}
