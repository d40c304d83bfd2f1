//! What one request costs with each model, client library and way of reuse, over loopback from a
//! delay server that does not wait. Without reuse is left out: every request would leave a local
//! port behind for a minute.
//!
//! Criterion sees the trial's own wall time over its requests, so setting up and reporting are not
//! in it. The server is a thread of this process: where there is one CPU for both, its share of
//! about 10 µs is in the time too.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::sync::mpsc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use inflight::client;
use inflight::delay::Delay;
use inflight::protocol::{ClientConfig, ServerConfig, ServerReady};
use inflight::server;
use inflight::spec::Scenario;
use inflight::strategy::model::LimitRule;
use inflight::strategy::{Strategy, library, model};
use inflight::vocabulary::Reuse;

/// Requests of a trial: the start of the model's threads and the opening of its connections are
/// shared by so many.
const REQUESTS: u32 = 1_000;
/// Requests of a trial in which each has a connection of its own, which leaves a local port behind.
const REQUESTS_AT_ONCE: u32 = 50;
/// In flight at most, where the model has a limit.
const LIMIT: NonZeroU32 = NonZeroU32::new(10).expect("not zero");
const BODY_BYTES: u64 = 4_000;

fn scenario(requests: u32) -> Scenario {
    Scenario { body_bytes: BODY_BYTES, ..Scenario::plain(requests, Delay::NONE) }
}

/// A server that serves until the process ends.
fn serve() -> SocketAddr {
    let config = ServerConfig::of(&scenario(1));
    let (ready, is_ready) = mpsc::channel();
    std::thread::spawn(move || {
        let on_ready = |r: ServerReady| ready.send(r.addr).unwrap();
        server::serve(config, on_ready, std::future::pending()).unwrap();
    });
    is_ready.recv().unwrap()
}

/// Wall time of a trial.
fn trial(server: SocketAddr, strategy: &Strategy, requests: u32) -> Duration {
    let config = ClientConfig::of(&scenario(requests), strategy, &ServerReady::at(server));
    let report = client::run(&config).unwrap();
    assert_eq!(report.ok, u64::from(requests), "{:?}", report.first_error);
    Duration::from_nanos(report.wall_ns)
}

fn requests(criterion: &mut Criterion) {
    let server = serve();
    let mut group = criterion.benchmark_group("request");
    group.sample_size(10).warm_up_time(Duration::from_millis(100));
    group.measurement_time(Duration::from_secs(1));
    for &model in model::ALL {
        let limit = (model.limit == LimitRule::Required).then_some(LIMIT);
        for library in library::ALL.iter().filter(|library| model.drives(library)) {
            for &reuse in library.reuse.iter().filter(|r| **r != Reuse::None) {
                let choice = Strategy { reuse, limit, ..Strategy::of("bench", model, *library) };
                let strategy = choice.checked().unwrap();
                let at_once = strategy.concurrency(REQUESTS, 1) == REQUESTS;
                let requests = if at_once { REQUESTS_AT_ONCE } else { REQUESTS };
                group.throughput(Throughput::Elements(u64::from(requests)));
                let id = BenchmarkId::new(model.name, format!("{}/{reuse}", library.name));
                group.bench_function(id, |bencher| {
                    bencher
                        .iter_custom(|n| (0..n).map(|_| trial(server, &strategy, requests)).sum());
                });
            }
        }
    }
    group.finish();
}

criterion_group!(benches, requests);
criterion_main!(benches);
