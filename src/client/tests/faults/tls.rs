//! Servers of TLS. What is within it is HTTP/1.1.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};

use super::server::{server, stall};
use super::*;
use crate::tls::Identity;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case::new("the certificate is for another name", HTTP1, elsewhere, fails("tls")),
        Case::new("the certificate is not trusted", HTTP1, untrusted, fails("tls")),
        Case::new(
            "what answers is not TLS",
            HTTP1,
            || {
                trusted(server(|mut stream: TcpStream| {
                    drop(stream.write_all(b"220 what do you want?\r\n"));
                }))
            },
            fails("tls"),
        ),
        Case::new(
            "the connection is closed in the handshake",
            HTTP1,
            || {
                trusted(server(|mut stream: TcpStream| {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.shutdown(Shutdown::Both);
                }))
            },
            fails("closed"),
        ),
        Case::new(
            "the handshake does not come",
            HTTP1,
            || trusted(server(stall)),
            fails("timeout(head)"),
        )
        .in_time()
        .unlike(
            &["hyper"],
            fails("timeout(tls)"),
            "The others' timeout of a whole request does not say what it has waited for.",
        ),
    ]
}

fn identity(name: &str) -> Identity {
    Identity::new(vec![name.to_owned()]).expect("a certificate")
}

/// A server here, with a certificate that its client trusts, though it may not use it.
fn trusted(addr: SocketAddr) -> Faulty {
    let certificate = Some(identity("127.0.0.1").certificate().to_vec());
    Faulty::ready(ServerReady { certificate, ..ServerReady::at(addr) })
}

/// Shakes hands as it should, with this identity.
fn shaking(identity: &Identity) -> SocketAddr {
    let config = identity.server(true).expect("a configuration");
    server(move |mut stream| {
        let mut session = rustls::ServerConnection::new(config.clone()).expect("a session");
        let _ = session.complete_io(&mut stream);
    })
}

fn elsewhere() -> Faulty {
    let identity = identity("elsewhere.test");
    let certificate = Some(identity.certificate().to_vec());
    Faulty::ready(ServerReady { certificate, ..ServerReady::at(shaking(&identity)) })
}

fn untrusted() -> Faulty {
    trusted(shaking(&identity("127.0.0.1")))
}
