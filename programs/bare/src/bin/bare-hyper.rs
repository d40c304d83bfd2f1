//! Bare hyper: a connection for each request in flight, on one thread.

use std::sync::Arc;

use http_body_util::{BodyExt, Empty};
use hyper::body::Bytes;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use inflight_bare::Task;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

type Error = Box<dyn std::error::Error + Send + Sync>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let task = Arc::new(Task::of_environment());
    let mut slots: JoinSet<Result<(), Error>> = JoinSet::new();
    for _ in 0..task.limit {
        let task = Arc::clone(&task);
        slots.spawn(async move {
            let authority = task.url.trim_start_matches("http://").to_owned();
            let stream = TcpStream::connect(&authority).await?;
            stream.set_nodelay(true)?;
            let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            tokio::spawn(connection);
            while let Some(index) = task.next() {
                let request = hyper::Request::get(format!("/{index}"))
                    .header("host", &authority)
                    .body(Empty::<Bytes>::new())?;
                let answer = sender.send_request(request).await?;
                assert!(answer.status().is_success());
                let mut body = answer.into_body();
                while let Some(frame) = body.frame().await {
                    frame?;
                }
            }
            Ok(())
        });
    }
    while let Some(slot) = slots.join_next().await {
        slot??;
    }
    Ok(())
}
