//! Sockets: listening and accepting.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};

use super::{Shared, connection};
use crate::child::{ChildError, system};

/// Time without accepting after the system could not give a file for a connection. Long enough to
/// cost no CPU, short against the delays of a trial; the connections wait in the accept queue.
const BACK_OFF: Duration = Duration::from_millis(5);

/// Listens on a port with an accept queue of this length.
pub(super) fn listen(ip: IpAddr, port: u16, backlog: u32) -> Result<TcpListener, ChildError> {
    let addr = SocketAddr::from((ip, port));
    let socket = if ip.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = socket.map_err(system("make a socket"))?;
    // The port of a server that has just ended is free at once.
    socket.set_reuseaddr(true).map_err(system("share a port"))?;
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ChildError::Failed(format!(
            "port {port} of {ip} is in use: stop the program that listens there \
             (`ss -ltnp 'sport = :{port}'` names it), or take port 0 for a free one"
        )),
        _ => system(format!("listen on {addr}"))(source),
    };
    socket.bind(addr).map_err(refused)?;
    socket.listen(backlog).map_err(refused)
}

/// Accepts connections, for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => {
                let number = shared.ledger.connected(peer.port());
                tokio::spawn(connection::serve(stream, number, shared.clone()));
            }
            // The peer was gone before it was accepted.
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            // No files left (`EMFILE`, `ENFILE`), or no memory: the connection stays in the queue,
            // so asking again at once would spin.
            Err(_) => {
                shared.ledger.accept_failed();
                shared.timer.sleep(BACK_OFF).await;
            }
        }
    }
}
