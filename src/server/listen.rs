//! Sockets: listening, accepting, and what runs on a connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use super::Shared;
use super::answer::answer;
use super::error::{ServerError, system};
use super::timer::Moment;

/// Time without accepting after the system could not give a file for a connection. Long enough to
/// cost no CPU, short against the delays of a trial; the connections wait in the accept queue.
const BACK_OFF: Duration = Duration::from_millis(5);

/// Listens on a port with an accept queue of this length.
pub(super) fn listen(ip: IpAddr, port: u16, backlog: u32) -> Result<TcpListener, ServerError> {
    let addr = SocketAddr::from((ip, port));
    let socket = TcpSocket::new_v4().map_err(system("make a socket"))?;
    // The port of a server that has just ended is free at once.
    socket.set_reuseaddr(true).map_err(system("share a port"))?;
    let refused = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ServerError::PortInUse { port },
        _ => ServerError::System { what: format!("listen on {addr}"), source },
    };
    socket.bind(addr).map_err(refused)?;
    socket.listen(backlog).map_err(refused)
}

/// Accepts connections, for ever.
pub(super) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => drop(tokio::spawn(serve_connection(stream, shared.clone()))),
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

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let connection = shared.ledger.connected();
    // It fails only for a connection that is gone, and reading from it will tell.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let start = Moment::now();
        shared.ledger.requested(connection);
        answer(shared.clone(), request, start)
    });
    // An error is the peer's end of the connection, which the client's record explains better.
    let _ = http1::Builder::new()
        .header_read_timeout(None)
        .keep_alive(true)
        // An answer is a function of seed and index; its date would be one more difference.
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}
