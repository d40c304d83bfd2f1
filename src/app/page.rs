//! Requests and answers of the application: enough of HTTP/1.1 for a server that closes each connection.

use std::io;

/// The longest head of a request.
pub(super) const LONGEST_HEAD: usize = 16 * 1024;

/// Something that can be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// Whether it is ready.
    Ready,
    /// The page with this number.
    Page(u32),
    /// Anything else.
    Unknown,
}

impl Asked {
    /// From the path of a request.
    pub(super) fn of_path(path: &str) -> Asked {
        let path = path.split('?').next().unwrap_or(path);
        let named = path.strip_prefix('/').unwrap_or(path);
        match named.parse() {
            Ok(number) => Asked::Page(number),
            Err(_) if named == "ready" || named.is_empty() => Asked::Ready,
            Err(_) => Asked::Unknown,
        }
    }

    /// From the head of a request; `None` if it is none.
    pub(super) fn of_head(head: &[u8]) -> Option<Asked> {
        let head = std::str::from_utf8(head).ok()?;
        let mut words = head.lines().next()?.split(' ');
        (words.next()? == "GET").then_some(())?;
        let path = words.next()?;
        words.next()?.starts_with("HTTP/1.").then(|| Asked::of_path(path))
    }
}

/// Whether the head of a request is whole.
pub(super) fn is_whole(head: &[u8]) -> bool {
    head.windows(4).any(|end| end == b"\r\n\r\n")
}

/// Status and body of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) body: String,
}

impl Reply {
    pub(super) fn ready() -> Reply {
        Reply { status: 200, body: "{\"ready\":true}".to_owned() }
    }

    pub(super) fn unknown() -> Reply {
        Reply { status: 404, body: "{\"error\":\"there is no such page\"}".to_owned() }
    }

    /// The answer to a page, from the bytes of each call.
    pub(super) fn page(number: u32, calls: io::Result<Vec<u64>>) -> Reply {
        match calls {
            Ok(bytes) => {
                let body = serde_json::json!({ "page": number, "bytes": bytes });
                Reply { status: 200, body: body.to_string() }
            }
            Err(error) => {
                let body = serde_json::json!({ "page": number, "error": error.to_string() });
                Reply { status: 502, body: body.to_string() }
            }
        }
    }

    /// The whole answer, for a connection that ends with it.
    pub(super) fn closing(&self) -> Vec<u8> {
        let Reply { status, body } = self;
        let (reason, length, worker) = (reason(*status), body.len(), std::process::id());
        format!(
            "HTTP/1.1 {status} {reason}\r\ncontent-type: application/json\r\n\
             content-length: {length}\r\ninflight-worker: {worker}\r\nconnection: close\r\n\r\n{body}"
        )
        .into_bytes()
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        404 => "Not Found",
        _ => "Bad Gateway",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_number_is_a_page() {
        let of = |head: &str| Asked::of_head(head.as_bytes());
        assert_eq!(of("GET /17 HTTP/1.1\r\nhost: x\r\n\r\n"), Some(Asked::Page(17)));
        assert_eq!(of("GET /17?a=b HTTP/1.0\r\n\r\n"), Some(Asked::Page(17)));
        assert_eq!(of("GET /ready HTTP/1.1\r\n\r\n"), Some(Asked::Ready));
        assert_eq!(of("GET /x HTTP/1.1\r\n\r\n"), Some(Asked::Unknown));
        assert_eq!(of("POST /17 HTTP/1.1\r\n\r\n"), None);
        assert_eq!(of("GET /17"), None);
    }

    #[test]
    fn a_call_that_fails_is_no_good_page() {
        assert_eq!(Reply::page(3, Ok(vec![4, 5])).body, r#"{"bytes":[4,5],"page":3}"#);
        assert_eq!(Reply::page(3, Err(io::Error::other("gone"))).status, 502);
        let text = String::from_utf8(Reply::ready().closing()).expect("text");
        assert!(text.starts_with("HTTP/1.1 200 OK\r\n") && text.ends_with("{\"ready\":true}"));
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_request_or_refused(head in prop::collection::vec(any::<u8>(), 0..60)) {
            let _ = (Asked::of_head(&head), is_whole(&head));
        }
    }
}
