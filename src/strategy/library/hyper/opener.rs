//! Opening a connection.

use std::sync::Arc;

use rustls::HandshakeKind;
use rustls::pki_types::ServerName;
use std::net::SocketAddr;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::super::Settings;
use super::failure;
use super::http1::Alone;
use super::http2::Shared;
use super::io::{Io, Stream, Watch};
use super::progress::Progress;
use crate::dns::{Resolver, host};
use crate::strategy::failure::{Class, Failure, Stage};
use crate::strategy::probe::{Connection, Connections, Handshake, Phase};
use crate::timer::Moment;
use crate::vocabulary::Protocol;

/// Opens connections.
pub(super) struct Opener {
    server: SocketAddr,
    resolver: Option<Resolver>,
    tls: Option<TlsConnector>,
    protocol: Protocol,
    probes: Option<Connections>,
}

/// A connection that is open, for one request or to be shared.
pub(super) enum Opened<P> {
    Alone(Box<Alone<P>>),
    Shared(Shared),
}

impl Opener {
    pub(super) fn new(settings: &Settings) -> Opener {
        let tls = settings.tls.as_ref();
        Opener {
            server: settings.server,
            resolver: settings.resolver.clone(),
            tls: tls.map(|tls| TlsConnector::from(Arc::new(tls.config.clone()))),
            protocol: settings.protocol,
            probes: settings.probes.clone(),
        }
    }

    /// A connection to `target`, begun for request `index`. It holds `permit` until it is closed.
    pub(super) async fn open<P: Send + 'static>(
        &self,
        target: usize,
        index: u32,
        permit: Option<P>,
        progress: &mut Progress,
    ) -> Result<Opened<P>, Failure> {
        let connection = self.probes.as_ref().map(|probes| probes.begin(Some(index)));
        if let Some(connection) = &connection {
            progress.opening(connection);
        }
        let note = connection.as_ref();
        let opened = self.open_noted(target, note, permit, progress).await;
        match (&opened, note) {
            (Ok(_), Some(connection)) => {
                let mut opening = connection.opening();
                let now = Moment::now();
                opening.protocol = Some(self.protocol);
                opening.ready = Some(now);
                if self.protocol == Protocol::Http1 {
                    // It is there for this request alone, and takes it at once.
                    progress.seen()[Phase::Stream] = Some(now);
                }
            }
            (Err(failure), Some(connection)) => connection.fail(failure),
            (_, None) => {}
        }
        progress.opened();
        opened
    }

    async fn open_noted<P: Send + 'static>(
        &self,
        target: usize,
        note: Option<&Arc<Connection>>,
        permit: Option<P>,
        progress: &mut Progress,
    ) -> Result<Opened<P>, Failure> {
        let name = self.resolver.as_ref().map(|resolver| (resolver, host(target as u32)));
        let mut to = self.server;
        if let Some((resolver, name)) = &name {
            progress.at(Stage::Dns);
            let resolved = resolver.resolve(name).await.map_err(|e| failure(&e))?;
            to.set_ip(resolved.address.into());
            if let Some(connection) = note {
                let (now, source) = (Some(Moment::now()), Some(resolved.source));
                (progress.seen()[Phase::Dns], progress.seen().source) = (now, source);
                let mut opening = connection.opening();
                (opening.dns, opening.source) = (now, source);
            }
        }

        progress.at(Stage::Connect);
        progress.in_time()?;
        let tcp = TcpStream::connect(to).await.map_err(|e| failure(&e))?;
        tcp.set_nodelay(true).map_err(|e| failure(&e))?;
        if let Some(connection) = note {
            let now = Some(Moment::now());
            progress.seen()[Phase::Connect] = now;
            let mut opening = connection.opening();
            opening.connect = now;
            opening.local_port = tcp.local_addr().ok().map(|addr| addr.port());
        }

        let stream = match &self.tls {
            None => Stream::Tcp(tcp),
            Some(connector) => {
                progress.at(Stage::Tls);
                let server = match &name {
                    Some((_, name)) => ServerName::try_from(name.clone())
                        .map_err(|e| Failure::new(Class::Tls, e.to_string()))?,
                    None => ServerName::IpAddress(to.ip().into()),
                };
                let stream = connector.connect(server, tcp).await.map_err(|e| failure(&e))?;
                if let Some(connection) = note {
                    let now = Some(Moment::now());
                    progress.seen()[Phase::Tls] = now;
                    let mut opening = connection.opening();
                    opening.tls = now;
                    opening.handshake =
                        stream.get_ref().1.handshake_kind().map(|kind| match kind {
                            HandshakeKind::Resumed => Handshake::Resumed,
                            HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest => {
                                Handshake::Full
                            }
                        });
                }
                self.agreed(&stream)?;
                Stream::Tls(Box::new(stream))
            }
        };

        progress.at(Stage::Connect);
        let note = note.map(Arc::clone);
        match self.protocol {
            Protocol::Http1 => {
                let watch = note.as_ref().map(|connection| Arc::new(Watch::new(connection.start)));
                let io = Io::new(stream, watch.clone(), true);
                let alone = Alone::start(io, note.zip(watch), permit).await?;
                Ok(Opened::Alone(Box::new(alone)))
            }
            Protocol::Http2 => {
                let watch = Arc::new(Watch::new(Moment::now()));
                let io = Io::new(stream, Some(Arc::clone(&watch)), false);
                Ok(Opened::Shared(Shared::start(io, note, watch, permit).await?))
            }
        }
    }

    /// Both sides have to mean the same version of HTTP.
    fn agreed(&self, stream: &TlsStream<TcpStream>) -> Result<(), Failure> {
        let agreed = stream.get_ref().1.alpn_protocol();
        match (self.protocol, agreed) {
            (Protocol::Http1, None | Some(b"http/1.1")) | (Protocol::Http2, Some(b"h2")) => Ok(()),
            (wanted, _) => {
                let text = format!("the server did not agree on {wanted} in its TLS handshake");
                Err(Failure::new(Class::Tls, text))
            }
        }
    }
}
