//! Observation of reqwest's TLS handshakes: when one begins, and whether it resumes a session.
//!
//! rustls asks its store of sessions for a ticket when a handshake begins, which is when the TCP
//! connection is open; and it has a certificate verified in a full handshake only.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{
    ClientSessionMemoryCache, ClientSessionStore, Resumption, Tls12ClientSessionValue,
    Tls13ClientSessionValue, WebPkiServerVerifier,
};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, NamedGroup, RootCertStore, SignatureScheme};

use super::probe::opening;
use crate::strategy::failure::{Class, Failure};
use crate::strategy::library::Tls;
use crate::strategy::probe::Handshake;
use crate::timer::Moment;
use crate::tls::SESSIONS;

/// A copy of the configuration whose connections note their handshakes.
pub(super) fn noting(tls: &Tls) -> Result<ClientConfig, Failure> {
    let mut config = tls.config.clone();
    let verifier = verifier(tls).map_err(|e| Failure::new(Class::Tls, e))?;
    config.dangerous().set_certificate_verifier(Arc::new(NotingFull(verifier)));
    let sessions = ClientSessionMemoryCache::new(SESSIONS);
    config.resumption = Resumption::store(Arc::new(NotingStart(sessions)));
    Ok(config)
}

/// A verifier that trusts the one certificate: a configuration does not give its own away.
fn verifier(tls: &Tls) -> Result<Arc<WebPkiServerVerifier>, String> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(tls.certificate.clone())).map_err(|e| e.to_string())?;
    let provider = Arc::clone(tls.config.crypto_provider());
    WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider)
        .build()
        .map_err(|e| e.to_string())
}

#[derive(Debug)]
struct NotingStart(ClientSessionMemoryCache);

impl ClientSessionStore for NotingStart {
    fn set_kx_hint(&self, server: ServerName<'static>, group: NamedGroup) {
        self.0.set_kx_hint(server, group);
    }

    fn kx_hint(&self, server: &ServerName<'_>) -> Option<NamedGroup> {
        self.0.kx_hint(server)
    }

    fn set_tls12_session(&self, server: ServerName<'static>, session: Tls12ClientSessionValue) {
        self.0.set_tls12_session(server, session);
    }

    fn tls12_session(&self, server: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        self.0.tls12_session(server)
    }

    fn remove_tls12_session(&self, server: &ServerName<'static>) {
        self.0.remove_tls12_session(server);
    }

    fn insert_tls13_ticket(&self, server: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.0.insert_tls13_ticket(server, ticket);
    }

    fn take_tls13_ticket(&self, server: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        opening(|connection| {
            let mut opening = connection.opening();
            opening.connect = Some(Moment::now());
            // Until a certificate comes.
            opening.handshake = Some(Handshake::Resumed);
        });
        self.0.take_tls13_ticket(server)
    }
}

#[derive(Debug)]
struct NotingFull(Arc<WebPkiServerVerifier>);

impl ServerCertVerifier for NotingFull {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        opening(|connection| connection.opening().handshake = Some(Handshake::Full));
        self.0.verify_server_cert(certificate, intermediates, server, ocsp_response, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls12_signature(message, certificate, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.0.verify_tls13_signature(message, certificate, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.supported_verify_schemes()
    }
}
