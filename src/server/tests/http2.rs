//! HTTP/2, with TLS and without.

use std::future::poll_fn;

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http2::{Builder, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncRead, AsyncWrite};

use super::encrypted::{encrypted, shake_hands, trusting};
use super::*;
use crate::vocabulary::Protocol;

type Sender = SendRequest<Empty<Bytes>>;

async fn client<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(stream: S) -> Sender {
    let mut builder = Builder::new(TokioExecutor::new());
    // What a server allows is known once its settings have come; one stream until then.
    builder.initial_max_send_streams(1);
    let (sender, connection) = builder.handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

async fn unencrypted(server: &Running) -> Sender {
    client(tokio::net::TcpStream::connect(server.addr).await.unwrap()).await
}

/// One answer: its delay header is there, its body is whole.
async fn get(sender: &mut Sender, index: u64, delay: &str) -> Bytes {
    let uri = format!("http://127.0.0.1/{index}");
    let request = Request::get(uri).header("inflight-delay", delay).body(Empty::new()).unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["inflight-index"], index.to_string());
    assert!(response.headers().contains_key("server-timing"));
    response.into_body().collect().await.unwrap().to_bytes()
}

#[test]
fn a_client_that_knows_speaks_it_at_once() {
    let server = Running::start(config(100_000, 0));
    runtime().unwrap().block_on(async {
        let mut sender = unencrypted(&server).await;
        for index in 0..3 {
            assert_eq!(get(&mut sender, index, "1ms").await, payload::pattern(7, 100_000));
        }
    });
    // The other version is there as well.
    assert_eq!(server.connect().get(3, "").status, 200);
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.connections), (4, 4, 2));
    assert_eq!(report.requests_per_connection_max, 3);
    assert_eq!((report.tls_full, report.tls_failed), (0, 0));
}

#[test]
fn alpn_chooses_the_version() {
    let server = Running::start(encrypted(0, true));
    runtime().unwrap().block_on(async {
        let connector = trusting(&server, Protocol::Http2);
        let stream = shake_hands(&server, &connector, "127.0.0.1").await.unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
        let mut sender = client(stream).await;
        assert_eq!(get(&mut sender, 5, "0s").await, payload::pattern(7, 100));
    });
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.tls_full), (1, 1, 1));
}

#[test]
fn streams_bound_what_is_in_flight() {
    let server = Running::start(ServerConfig { streams: 4, ..config(10, 0) });
    let took = runtime().unwrap().block_on(async {
        let mut sender = unencrypted(&server).await;
        // The settings have come with the first answer.
        get(&mut sender, 0, "0s").await;
        let start = Instant::now();
        let requests = (0..10).map(|index| {
            let mut sender = sender.clone();
            async move { get(&mut sender, index, "50ms").await }
        });
        futures_util::future::join_all(requests).await;
        start.elapsed()
    });
    // Ten requests of 50 ms in three rounds: no more than four at once, although all were sent.
    assert!(took >= Duration::from_millis(150), "{took:?}");
    let report = server.stop();
    assert_eq!((report.requests, report.answered, report.connections), (11, 11, 1));
    assert_eq!(report.peak_in_flight, 4);
}

#[test]
fn a_window_bounds_no_upload() {
    // More than hyper's default windows of 1 MiB, before the server has anything to read.
    const BYTES: usize = 3 << 20;
    let server = Running::start(ServerConfig { upload_bytes: Some(BYTES as u64), ..config(1, 0) });
    runtime().unwrap().block_on(async {
        let stream = tokio::net::TcpStream::connect(server.addr).await.unwrap();
        let mut builder = h2::client::Builder::new();
        // What the client itself would hold, so that only the windows bound it.
        builder.max_send_buffer_size(2 * BYTES);
        let (mut sender, connection) = builder.handshake(stream).await.unwrap();
        tokio::spawn(async move { connection.await.unwrap() });
        let request = Request::get("http://127.0.0.1/0").body(()).unwrap();
        let (head, _) = sender.send_request(request, true).unwrap();
        assert_eq!(head.await.unwrap().status(), 200);
        let request = Request::post("http://127.0.0.1/1").body(()).unwrap();
        let (head, mut stream) = sender.send_request(request, false).unwrap();
        stream.reserve_capacity(BYTES);
        let capacity = poll_fn(|context| stream.poll_capacity(context)).await;
        assert_eq!(capacity.unwrap().unwrap(), BYTES);
        stream.send_data(payload::pattern(7, BYTES), true).unwrap();
        assert_eq!(head.await.unwrap().status(), 200);
    });
    let report = server.stop();
    assert_eq!((report.uploaded_bytes, report.answered), (BYTES as u64, 2));
}

#[test]
fn pieces_come_apart_here_too() {
    let server =
        Running::start(ServerConfig { chunks: 3, chunk_delay_ns: 20_000_000, ..config(10, 0) });
    runtime().unwrap().block_on(async {
        let mut sender = unencrypted(&server).await;
        let request = Request::get("http://127.0.0.1/0").body(Empty::new()).unwrap();
        let mut body = sender.send_request(request).await.unwrap().into_body();
        let start = Instant::now();
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            let bytes = frame.unwrap().into_data().unwrap();
            // An empty frame may end the stream.
            if !bytes.is_empty() {
                pieces.push(bytes);
            }
        }
        assert!(start.elapsed() >= Duration::from_millis(35), "{:?}", start.elapsed());
        assert_eq!(pieces.iter().map(Bytes::len).collect::<Vec<_>>(), [4, 3, 3]);
        assert_eq!(pieces.concat(), payload::pattern(7, 10));
    });
    assert_eq!(server.stop().answered, 1);
}
