//! Connections under TLS.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::protocol::{DnsTerms, TlsTerms};
use crate::tls;
use crate::vocabulary::Protocol;

/// A server under TLS that pauses this long before a handshake.
pub(super) fn encrypted(handshake_delay_ms: u64, resumption: bool) -> ServerConfig {
    let handshake_delay_ns = handshake_delay_ms * 1_000_000;
    let tls = Some(TlsTerms { handshake_delay_ns, resumption });
    ServerConfig { tls, ..config(100, 0) }
}

pub(super) fn trusting(server: &Running, protocol: Protocol) -> TlsConnector {
    let certificate = server.ready.certificate.as_deref().expect("a certificate");
    TlsConnector::from(Arc::new(tls::client(certificate, protocol).unwrap()))
}

pub(super) async fn shake_hands(
    server: &Running,
    connector: &TlsConnector,
    name: &str,
) -> std::io::Result<TlsStream<tokio::net::TcpStream>> {
    let stream = tokio::net::TcpStream::connect(server.addr).await?;
    connector.connect(name.to_owned().try_into().unwrap(), stream).await
}

/// Sends a request over HTTP/1.1 that is to be the last, and reads to the end.
async fn get(stream: &mut TlsStream<tokio::net::TcpStream>) -> Vec<u8> {
    stream.write_all(b"GET /3 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 200 OK\r\n"), "{}", String::from_utf8_lossy(&answer));
    answer
}

#[test]
fn handshakes_are_paused_and_counted() {
    let server = Running::start(encrypted(30, true));
    let took = runtime().unwrap().block_on(async {
        let connector = trusting(&server, Protocol::Http1);
        let mut longest = Duration::ZERO;
        for _ in 0..3 {
            let start = Instant::now();
            let mut stream = shake_hands(&server, &connector, "127.0.0.1").await.unwrap();
            assert!(start.elapsed() >= Duration::from_millis(30));
            longest = longest.max(start.elapsed());
            assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
            assert!(get(&mut stream).await.ends_with(&payload::pattern(7, 100)));
        }
        longest
    });
    assert!(took < PATIENCE);
    let report = server.stop();
    assert_eq!((report.tls_full, report.tls_resumed, report.tls_failed), (1, 2, 0));
    assert_eq!((report.connections, report.requests, report.answered), (3, 3, 3));
}

#[test]
fn without_tickets_nothing_is_resumed() {
    let server = Running::start(encrypted(0, false));
    runtime().unwrap().block_on(async {
        let connector = trusting(&server, Protocol::Http1);
        for _ in 0..3 {
            get(&mut shake_hands(&server, &connector, "127.0.0.1").await.unwrap()).await;
        }
    });
    let report = server.stop();
    assert_eq!((report.tls_full, report.tls_resumed, report.tls_failed), (3, 0, 0));
}

#[test]
fn the_certificate_is_for_all_names_and_no_others() {
    let dns = Some(DnsTerms {
        targets: 3,
        address: [127, 0, 0, 2].into(),
        delay_ns: 0,
        ttl_ns: 1_000_000_000,
    });
    let reached_at = Some([10, 9, 0, 2].into());
    let server = Running::start(ServerConfig { dns, reached_at, ..encrypted(0, true) });
    runtime().unwrap().block_on(async {
        let connector = trusting(&server, Protocol::Http1);
        for name in ["host0.test", "host2.test", "127.0.0.1", "127.0.0.2", "10.9.0.2"] {
            get(&mut shake_hands(&server, &connector, name).await.unwrap()).await;
        }
        for name in ["host3.test", "localhost", "127.0.0.3"] {
            let error = shake_hands(&server, &connector, name).await.unwrap_err();
            assert!(error.to_string().contains("certificate"), "{name}: {error}");
        }
    });
    let report = stop_after_failures(server, 3);
    assert_eq!((report.tls_full + report.tls_resumed, report.tls_failed), (5, 3));
}

/// Failed handshakes are counted when the server hears of them, which may be a moment later.
fn stop_after_failures(server: Running, want: u64) -> ServerReport {
    let start = Instant::now();
    while server.shared.ledger.failed_handshakes() < want && start.elapsed() < PATIENCE {
        std::thread::sleep(Duration::from_millis(1));
    }
    server.stop()
}

#[test]
fn clients_that_shake_no_hands_disturb_nobody() {
    let server = Running::start(encrypted(5, true));
    // One says nothing, one goes at once, one speaks another language, one goes in the middle.
    let silent = server.connect();
    drop(server.connect());
    let mut plain = server.connect();
    plain.send("GET /0", "");
    let mut answer = Vec::new();
    // The server's alert, or a reset: in any case no answer.
    let _ = plain.0.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    let mut halfway = server.connect();
    // The beginning of a record that announces 512 bytes of ClientHello.
    halfway.0.get_mut().write_all(&[0x16, 3, 1, 2, 0, 1, 0, 1]).unwrap();
    drop(halfway);
    runtime().unwrap().block_on(async {
        let connector = trusting(&server, Protocol::Http1);
        get(&mut shake_hands(&server, &connector, "127.0.0.1").await.unwrap()).await;
    });
    let report = stop_after_failures(server, 3);
    drop(silent);
    assert_eq!((report.tls_full, report.tls_failed), (1, 3));
    assert_eq!((report.connections, report.requests, report.answered), (5, 1, 1));
    let requests: Vec<u32> = report.accepted.iter().map(|(_, requests)| *requests).collect();
    assert_eq!(requests, [0, 0, 0, 0, 1]);
}
