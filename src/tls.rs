//! TLS for client and server: a certificate made for each trial, and what both sides agree on.
//!
//! rustls with ring, on both sides, for every library. The certificate is made by the server child,
//! handed to the client by the harness and trusted by it alone: nothing of the machine's own roots
//! is read (a default client would read some hundred files for each client object).

use std::sync::Arc;

use base64::prelude::{BASE64_STANDARD, Engine};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::NoServerSessionStorage;
use rustls::{ClientConfig, RootCertStore, ServerConfig};

use crate::vocabulary::Protocol;

/// Names of HTTP/1.1 and HTTP/2 in ALPN (RFC 7301, RFC 9113).
const HTTP1: &[u8] = b"http/1.1";
const HTTP2: &[u8] = b"h2";

/// Characters of a line, by RFC 7468.
const PEM_LINE: usize = 64;

/// TLS sessions that each side keeps: more than targets there can be, so that none is pushed out.
pub(crate) const SESSIONS: usize = 4_096;

/// Tickets that the server hands out on each connection: rustls's default is 2, and TLS 1.3 wants
/// each used once. With more connections opened at once than tickets at hand, the rest would make
/// full handshakes; the record tells how many were resumed.
const TICKETS: usize = 2;

/// Error of setting up TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate could not be made.
    #[error("cannot make a certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// rustls refused a certificate or a key.
    #[error("cannot set up TLS: {0}")]
    Config(#[from] rustls::Error),
    /// The verifier refused the certificate.
    #[error("cannot trust the certificate of the server: {0}")]
    Trust(#[source] rustls::Error),
}

/// A certificate and its key.
#[derive(Debug)]
pub struct Identity {
    certificate: CertificateDer<'static>,
    key: PrivatePkcs8KeyDer<'static>,
}

impl Identity {
    /// A self-signed certificate for these host names and addresses.
    ///
    /// # Errors
    ///
    /// If a name is none.
    pub fn new(names: Vec<String>) -> Result<Identity, TlsError> {
        let made = rcgen::generate_simple_self_signed(names)?;
        let key = PrivatePkcs8KeyDer::from(made.signing_key.serialize_der());
        Ok(Identity { certificate: made.cert.der().clone(), key })
    }

    /// The certificate in DER, for [`client`].
    pub fn certificate(&self) -> &[u8] {
        &self.certificate
    }

    /// Configuration of a server: both versions of HTTP by ALPN, session tickets only with
    /// `resumption`.
    ///
    /// # Errors
    ///
    /// If rustls refuses the certificate.
    pub fn server(&self, resumption: bool) -> Result<Arc<ServerConfig>, TlsError> {
        let key = PrivateKeyDer::Pkcs8(self.key.clone_key());
        let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.clone()], key)?;
        config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
        config.send_tls13_tickets = TICKETS;
        // rustls keeps 256, which would silently cap how many can be resumed.
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(SESSIONS);
        if !resumption {
            config.send_tls13_tickets = 0;
            config.session_storage = Arc::new(NoServerSessionStorage {});
        }
        Ok(Arc::new(config))
    }
}

/// A certificate (DER) as text: what other programs take, as `curl --cacert` does (RFC 7468).
pub fn pem(certificate: &[u8]) -> String {
    let text = BASE64_STANDARD.encode(certificate);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(PEM_LINE));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// Configuration of a client: trusts this certificate (DER) alone, asks for this version of HTTP,
/// and resumes sessions where the server hands out tickets. Clones of the configuration share the
/// sessions.
///
/// # Errors
///
/// If the certificate is none.
pub fn client(certificate: &[u8], protocol: Protocol) -> Result<ClientConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate.to_vec())).map_err(TlsError::Trust)?;
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = match protocol {
        Protocol::Http1 => vec![HTTP1.to_vec()],
        Protocol::Http2 => vec![HTTP2.to_vec()],
    };
    config.resumption = rustls::client::Resumption::in_memory_sessions(SESSIONS);
    Ok(config)
}

/// Makes ring the provider of the process, for libraries that ask for one. Twice does no harm.
pub fn install_provider() {
    // An error says that there is one already: ours, or the one that a test has set.
    let _ = ring::default_provider().install_default();
}

#[cfg(test)]
mod tests {
    use rustls::pki_types::pem::PemObject;

    use super::*;

    #[test]
    fn a_certificate_as_text_is_the_same_one() {
        let made = Identity::new(vec!["a.test".to_owned()]).unwrap();
        let text = pem(made.certificate());
        assert!(text.lines().all(|line| line.len() <= PEM_LINE));
        let read = CertificateDer::from_pem_slice(text.as_bytes()).unwrap();
        assert_eq!(&*read, made.certificate());
    }
}
