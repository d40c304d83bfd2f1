//! Why a request failed: a class that is the same for every library, and the raw chain.

use std::error::Error;
use std::fmt;
use std::io;

use crate::dns::ResolveError;

/// Class of a failed request. Where a chain of errors holds several, the first of this order names
/// the failure: an error number tells more than the layers above it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// Nobody listens (`ECONNREFUSED`).
    Refused,
    /// The other side cut the connection (`ECONNRESET`, `EPIPE`, `ECONNABORTED`).
    Reset,
    /// No more open files (`EMFILE`, `ENFILE`).
    Emfile,
    /// No more local ports (`EADDRNOTAVAIL`).
    AddressUnavailable,
    /// No stack for a green thread (`ENOMEM`): no more mappings, or no more memory.
    Stack,
    /// Too slow, by the strategy's timeout.
    Timeout(Stage),
    /// No TLS session: a wrong certificate, a wrong name, or something that is no TLS.
    Tls,
    /// The host's name has no address.
    Dns,
    /// More redirects than are followed.
    Redirects,
    /// Not HTTP.
    Parse,
    /// The other side gave up a stream of HTTP/2 (`RST_STREAM`).
    H2Reset,
    /// The other side gave up a connection of HTTP/2 (`GOAWAY`).
    H2Goaway,
    /// The body ended too early.
    Truncated,
    /// The connection was closed before there was a head.
    Closed,
    /// Given up before its end.
    Canceled,
    /// An answer with a status other than 200: its hundreds.
    Status(u16),
    /// An answer with status 200 and the wrong bytes, or to another request.
    BodyMismatch,
    /// Something else; see the chain.
    Other,
}

/// Stage that a request had reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stage {
    /// Known to wait for a place among the connections that there may be.
    Pool,
    /// Known to look up a name.
    Dns,
    /// Known to wait for a connection.
    Connect,
    /// Known to wait for a TLS handshake.
    Tls,
    /// Known to wait for a stream of an HTTP/2 connection.
    Stream,
    /// Before the response head was there; connecting too, where a library does not tell.
    Head,
    /// After the response head.
    Body,
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self {
            Class::Refused => "refused",
            Class::Reset => "reset",
            Class::Emfile => "emfile",
            Class::AddressUnavailable => "eaddrnotavail",
            Class::Stack => "stack",
            Class::Timeout(Stage::Pool) => "timeout(pool)",
            Class::Timeout(Stage::Stream) => "timeout(stream)",
            Class::Timeout(Stage::Dns) => "timeout(dns)",
            Class::Timeout(Stage::Tls) => "timeout(tls)",
            Class::Timeout(Stage::Connect) => "timeout(connect)",
            Class::Timeout(Stage::Head) => "timeout(head)",
            Class::Timeout(Stage::Body) => "timeout(body)",
            Class::Tls => "tls",
            Class::Dns => "dns",
            Class::Redirects => "redirects",
            Class::Parse => "parse",
            Class::H2Reset => "h2_reset",
            Class::H2Goaway => "h2_goaway",
            Class::Truncated => "truncated",
            Class::Closed => "closed",
            Class::Canceled => "canceled",
            Class::Status(hundreds) => return write!(f, "status({hundreds}xx)"),
            Class::BodyMismatch => "body_mismatch",
            Class::Other => "other",
        };
        f.write_str(word)
    }
}

/// A failed request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Failure {
    /// Class of the failure.
    pub class: Class,
    /// The number that the system gave, if it did: the innermost one of the chain.
    pub errno: Option<i32>,
    /// The errors, outermost first, joined by ` <- `.
    pub chain: String,
}

/// One error value of a library's chain, classified.
pub struct Link<'a> {
    /// Its class, if this value alone tells.
    pub class: Option<Class>,
    /// The error below it.
    pub cause: Option<&'a (dyn Error + 'static)>,
}

impl Failure {
    /// A failure without a chain of errors.
    pub fn new(class: Class, text: impl Into<String>) -> Failure {
        Failure { class, errno: None, chain: text.into() }
    }

    /// Walks the chain from `outermost` on. `read` says what a library's own error types mean;
    /// `None` leaves a value to `source()`. What several libraries build on is read here.
    pub fn of<'a>(
        outermost: &'a (dyn Error + 'static),
        read: impl Fn(&'a (dyn Error + 'static)) -> Option<Link<'a>>,
    ) -> Failure {
        let (mut class, mut errno, mut chain) = (Class::Other, None, String::new());
        let mut next = Some(outermost);
        while let Some(error) = next {
            if !chain.is_empty() {
                chain.push_str(" <- ");
            }
            chain.push_str(&error.to_string());
            errno = number(error).or(errno);
            let link = shared(error)
                .or_else(|| read(error))
                .unwrap_or(Link { class: None, cause: error.source() });
            class = link.class.map_or(class, |c| c.min(class));
            next = link.cause;
        }
        Failure { class, errno, chain }
    }

    /// Adds the error of the connection that the request depended on: its class where the request
    /// was told none.
    pub fn because(self, cause: &Failure) -> Failure {
        let class = match self.class {
            Class::Canceled | Class::Other => cause.class,
            class => class.min(cause.class),
        };
        let chain = format!("{} <- {}", self.chain, cause.chain);
        // What the connection ends with may be what came of the first error.
        Failure { class, errno: self.errno.or(cause.errno), chain }
    }

    /// Adds what is known of the answer: an early end after the head is a truncated body, and so
    /// on.
    pub fn after_head(mut self) -> Failure {
        self.class = match self.class {
            Class::Closed => Class::Truncated,
            Class::Timeout(_) => Class::Timeout(Stage::Body),
            class => class,
        };
        self
    }
}

/// The number that the system gave. h2 keeps of an error of the system its kind alone; that of a
/// connection that was cut has one number.
fn number(error: &(dyn Error + 'static)) -> Option<i32> {
    let error = error.downcast_ref::<io::Error>()?;
    let kind_alone = error.raw_os_error().is_none() && error.get_ref().is_none();
    let cut = kind_alone && error.kind() == io::ErrorKind::ConnectionReset;
    error.raw_os_error().or(cut.then_some(libc::ECONNRESET))
}

/// Errors of what the libraries have in common: the system, TLS, HTTP/2, and our resolver.
fn shared<'a>(error: &'a (dyn Error + 'static)) -> Option<Link<'a>> {
    // The `source()` of an `io::Error` skips the error that it wraps.
    if let Some(error) = error.downcast_ref::<io::Error>() {
        return Some(of_io(error));
    }
    if let Some(error) = error.downcast_ref::<h2::Error>() {
        return Some(of_h2(error));
    }
    let class = if error.is::<rustls::Error>() {
        Class::Tls
    } else {
        match error.downcast_ref::<ResolveError>()? {
            ResolveError::Timeout { .. } => Class::Timeout(Stage::Dns),
            _ => Class::Dns,
        }
    };
    Some(Link { class: Some(class), cause: error.source() })
}

/// An error of HTTP/2 does not give the error of the system below it as its source.
fn of_h2(error: &h2::Error) -> Link<'_> {
    let class = if error.is_go_away() && error.is_remote() {
        Some(Class::H2Goaway)
    } else if error.is_reset() && error.is_remote() {
        Some(Class::H2Reset)
    } else if error.is_go_away() || error.is_reset() {
        // Our own side found that the other did not keep to the protocol.
        Some(Class::Parse)
    } else {
        None
    };
    Link { class, cause: error.get_io().map(|e| e as &(dyn Error + 'static)) }
}

/// Whether this is what h2 tells requests of a connection that has ended under them, as it does when
/// the other side closes it: a broken pipe with words of its own. That of the system comes without.
fn is_end_of_h2(error: &io::Error) -> bool {
    let words = error.get_ref().map(ToString::to_string);
    error.kind() == io::ErrorKind::BrokenPipe
        && words.is_some_and(|words| words.ends_with("closed because of a broken pipe"))
}

fn of_io(error: &io::Error) -> Link<'_> {
    let class = error.raw_os_error().and_then(of_errno).or(match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Some(Class::Timeout(Stage::Head)),
        io::ErrorKind::UnexpectedEof => Some(Class::Closed),
        io::ErrorKind::BrokenPipe if is_end_of_h2(error) => Some(Class::Closed),
        // hyper reports a connection that it gave up as a broken pipe without a number.
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe => Some(Class::Reset),
        io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput => Some(Class::Parse),
        _ => None,
    });
    Link { class, cause: error.get_ref().map(|e| e as &(dyn Error + 'static)) }
}

fn of_errno(number: i32) -> Option<Class> {
    match number {
        libc::ECONNREFUSED => Some(Class::Refused),
        libc::ECONNRESET | libc::EPIPE | libc::ECONNABORTED => Some(Class::Reset),
        libc::EMFILE | libc::ENFILE => Some(Class::Emfile),
        libc::EADDRNOTAVAIL => Some(Class::AddressUnavailable),
        libc::ETIMEDOUT => Some(Class::Timeout(Stage::Connect)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(error: &(dyn Error + 'static)) -> Failure {
        Failure::of(error, |_| None)
    }

    #[test]
    fn the_innermost_error_number_names_the_failure() {
        let refused = io::Error::from_raw_os_error(libc::ECONNREFUSED);
        let wrapped = io::Error::new(io::ErrorKind::InvalidData, refused);
        let failure = plain(&wrapped);
        assert_eq!((failure.class, failure.errno), (Class::Refused, Some(libc::ECONNREFUSED)));
        assert_eq!(failure.chain.matches(" <- ").count(), 1, "{}", failure.chain);
    }

    #[test]
    fn an_unknown_error_is_other_with_its_text() {
        assert_eq!(plain(&io::Error::other("what")), Failure::new(Class::Other, "what <- what"));
    }

    #[test]
    fn what_libraries_have_in_common_is_read_wherever_it_stands() {
        let wrong = rustls::Error::General("wrong".to_owned());
        let in_io = io::Error::new(io::ErrorKind::InvalidData, wrong);
        assert_eq!(plain(&in_io).class, Class::Tls);
        let reset = h2::Error::from(h2::Reason::INTERNAL_ERROR);
        assert_eq!(
            plain(&io::Error::other(reset)).class,
            Class::Other,
            "a reason alone is no reset"
        );
        let nothing = ResolveError::Timeout {
            name: crate::dns::Name::new("host0.test").expect("a name"),
            after: std::time::Duration::from_secs(1),
        };
        assert_eq!(plain(&nothing).class.to_string(), "timeout(dns)");
    }

    #[test]
    fn what_h2_keeps_tells_a_connection_that_was_cut_from_one_that_was_closed() {
        let cut = plain(&io::Error::from(io::ErrorKind::ConnectionReset));
        assert_eq!((cut.class, cut.errno), (Class::Reset, Some(libc::ECONNRESET)));
        let words = "stream closed because of a broken pipe";
        let closed = plain(&io::Error::new(io::ErrorKind::BrokenPipe, words));
        assert_eq!((closed.class, closed.errno), (Class::Closed, None));
        let broken = plain(&io::Error::from_raw_os_error(libc::EPIPE));
        assert_eq!((broken.class, broken.errno), (Class::Reset, Some(libc::EPIPE)));
    }

    #[test]
    fn the_head_tells_closed_from_truncated() {
        let eof = plain(&io::Error::from(io::ErrorKind::UnexpectedEof));
        assert_eq!(eof.class, Class::Closed);
        assert_eq!(eof.after_head().class, Class::Truncated);
        let slow = Failure::new(Class::Timeout(Stage::Head), "slow");
        assert_eq!(slow.after_head().class.to_string(), "timeout(body)");
    }
}
