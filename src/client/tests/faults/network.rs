//! What happens to requests before there is a connection, or with no server at fault.

use std::net::{TcpListener, TcpStream};

use rustix::net::{AddressFamily, SocketType};

use super::server::{reset, server};
use super::*;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("nobody listens", HTTP1, nobody, fails("refused").errno(&[libc::ECONNREFUSED])),
        Case::new(
            "the connection is cut as it is accepted",
            HTTP1,
            cut,
            fails("reset").errno(&[libc::ECONNRESET, libc::EPIPE]),
        ),
        Case::new("the connection is never opened", HTTP1, full, fails("timeout(head)"))
            .in_time()
            .unlike(
                &["hyper", "ureq"],
                fails("timeout(connect)"),
                "The others' timeout of a whole request does not say what it has waited for.",
            ),
        Case::new("the name has no address", HTTP1, one_name, fails("dns"))
            // The name server knows the first of these two hosts.
            .with(|scenario| Scenario { targets: 2, ..scenario })
            .to(|index| index % 2 == 1),
    ]
}

fn nobody() -> Faulty {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    Faulty::at(listener.local_addr().expect("an address"))
}

fn cut() -> Faulty {
    Faulty::at(server(reset))
}

/// Nobody accepts, and the queue of those who wait is full.
fn full() -> Faulty {
    let socket = rustix::net::socket(AddressFamily::INET, SocketType::STREAM, None).expect("one");
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    rustix::net::bind(&socket, &any).expect("a port");
    rustix::net::listen(&socket, 0).expect("a queue");
    let listener = TcpListener::from(socket);
    let at = listener.local_addr().expect("an address");
    // The queue holds one more than its length; the others keep trying.
    let waiting: Vec<_> =
        (0..4).map(|_| TcpStream::connect_timeout(&at, Duration::from_millis(50))).collect();
    Faulty::at(at).keeping((listener, waiting))
}

/// A delay server with names, which knows one host.
fn one_name() -> Faulty {
    let serving = Serving::with(ServerConfig::of(&Scenario {
        dns_delay_ns: Some(0),
        ..scenario(REQUESTS, fixed_ms(0))
    }));
    Faulty::ready(serving.ready.clone()).keeping(serving)
}
