//! Requests that get to no answer although nothing is broken: the class of each, for every library.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};

use super::*;
use crate::protocol::ClientReport;
use crate::tls::Identity;

const REQUESTS: u32 = 4;

/// Runs a trial of every library, of which every request of `fails` has this class.
fn all_fail_as(class: &str, scenario: &Scenario, ready: &ServerReady, fails: impl Fn(u32) -> bool) {
    let failing = (0..REQUESTS).filter(|index| fails(*index)).count() as u64;
    for &library in library::ALL {
        let strategy = Strategy::new(wanted(library, Protocol::Http1, Reuse::Session));
        let config = ClientConfig::of(scenario, &strategy.expect("valid"), ready);
        let report: ClientReport = run(&config).expect("a report");
        let expected = BTreeMap::from([(class.to_owned(), failing)]);
        assert_eq!(report.errors, expected, "{}: {:?}", library.name, report.first_error);
        assert_eq!(report.ok, u64::from(REQUESTS) - failing, "{}", library.name);
    }
}

#[test]
fn a_name_that_does_not_exist() {
    let known = Scenario { dns_delay_ns: Some(0), ..scenario(REQUESTS, fixed_ms(0)) };
    let serving = Serving::with(ServerConfig::of(&known));
    // The name server knows the first of these two hosts.
    let asked = Scenario { targets: 2, ..known };
    all_fail_as("dns", &asked, &serving.ready, |index| index % 2 == 1);
    assert!(serving.stop().dns_unknown > 0);
}

#[test]
fn a_certificate_that_is_not_trusted() {
    let scenario = Scenario { tls: true, ..scenario(REQUESTS, fixed_ms(0)) };
    let serving = Serving::with(ServerConfig::of(&scenario));
    let other = Identity::new(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let ready =
        ServerReady { certificate: Some(other.certificate().to_vec()), ..serving.ready.clone() };
    all_fail_as("tls", &scenario, &ready, |_| true);
    let report = serving.stop();
    assert_eq!((report.requests, report.tls_full, report.tls_resumed), (0, 0, 0));
    assert!(report.tls_failed > 0);
}

#[test]
fn something_that_is_no_tls() {
    let chatty = |mut stream: TcpStream| drop(stream.write_all(b"220 what do you want?\r\n"));
    let scenario = Scenario { tls: true, ..scenario(REQUESTS, fixed_ms(0)) };
    let certificate = Identity::new(vec!["127.0.0.1".to_owned()]).expect("a certificate");
    let certificate = Some(certificate.certificate().to_vec());
    let ready = ServerReady { certificate, ..ServerReady::at(server(chatty)) };
    all_fail_as("tls", &scenario, &ready, |_| true);
}

#[test]
fn a_redirect_after_the_last() {
    let round = |mut stream: TcpStream| {
        let mut lines = BufReader::new(stream.try_clone().expect("a socket")).lines();
        while let Some(Ok(line)) = lines.next() {
            if line.is_empty() {
                let head = "HTTP/1.1 302 Found\r\nLocation: /0\r\nContent-Length: 0\r\n\r\n";
                let _ = stream.write_all(head.as_bytes());
            }
        }
    };
    let scenario = Scenario { redirects: 2, ..scenario(REQUESTS, fixed_ms(0)) };
    all_fail_as("redirects", &scenario, &ServerReady::at(server(round)), |_| true);
}

/// A server that does this with every connection, until the test process ends.
pub(super) fn server(each: impl Fn(TcpStream) + Copy + Send + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let addr = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || each(stream));
        }
    });
    addr
}
