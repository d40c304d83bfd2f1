//! The client over real sockets: against the delay server, and against servers that misbehave.

mod faults;
mod green;
mod honest;
mod hyper;
mod manipulated;
mod offload;
mod open;
mod phases;
mod protocol;
mod strategies;

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::Path;
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::sync::oneshot;

use super::*;
use crate::delay::{Delay, Fixed, Model};
use crate::protocol::{RequestLog, ServerConfig, ServerReady, ServerReport};
use crate::record::{ConnectionRow, RequestRow, Row, read_compressed};
use crate::server;
use crate::spec::Scenario;
use crate::strategy::{Library, library, model};
use crate::vocabulary::{Flavour, Protocol, Reuse};

const SEED: u64 = 7;
const BODY_BYTES: u64 = 20_000;

fn fixed_ms(ms: u64) -> Delay {
    Delay { model: Model::Fixed(Fixed { ns: ms * 1_000_000 }), max_ns: None }
}

/// A delay server on a thread of its own.
struct Serving {
    addr: SocketAddr,
    ready: ServerReady,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<Result<ServerReport, ChildError>>,
}

impl Serving {
    fn start(delay: Delay) -> Serving {
        Serving::with(ServerConfig::of(&scenario(1, delay)))
    }

    fn with(config: ServerConfig) -> Serving {
        let (ready, is_ready) = mpsc::channel();
        let (stop, stopped) = oneshot::channel::<()>();
        let thread = std::thread::spawn(move || {
            let on_ready = |r: ServerReady| ready.send(r).expect("a test");
            server::serve(config, on_ready, async { drop(stopped.await) })
        });
        let ready = is_ready.recv_timeout(Duration::from_secs(20)).expect("a server");
        Serving { addr: ready.addr, ready, stop, thread }
    }

    fn stop(self) -> ServerReport {
        drop(self.stop);
        self.thread.join().expect("no panic").expect("a report")
    }
}

/// Calls it with a delay, and with longer ones until what should overlap does: on a busy machine a thread may
/// stand still for longer than a short delay takes.
fn overlapping(first_ms: u64, overlaps: impl Fn(u64) -> bool) {
    let delays: Vec<u64> = (0..4).map(|power| first_ms * 4u64.pow(power)).collect();
    assert!(
        delays.iter().any(|&ms| overlaps(ms)),
        "nothing overlapped with delays of {delays:?} ms"
    );
}

/// A strategy by its words; the limit is left out where the model takes none.
fn strategy(model: &str, client: &str, reuse: Reuse, limit: u32) -> Strategy {
    let model = model::named(model).expect("a model");
    let library = library::named(client).expect("a library");
    let limit = NonZeroU32::new(limit).filter(|_| model::limited().contains(&model.name));
    Strategy { reuse, limit, ..Strategy::of("x", model, library) }.checked().expect("valid")
}

fn config(server: SocketAddr, strategy: Strategy, requests: u32, delay: Delay) -> ClientConfig {
    ClientConfig::of(&scenario(requests, delay), &strategy, &ServerReady::at(server))
}

fn scenario(requests: u32, delay: Delay) -> Scenario {
    Scenario { body_bytes: BODY_BYTES, seed: SEED, ..Scenario::plain(requests, delay) }
}

/// Models that have a library wait in every way that it can; the usual one comes first.
fn models_of(library: &Library) -> impl Iterator<Item = &'static str> {
    let usual = match library.flavour() {
        Flavour::Blocking => "threads",
        Flavour::Async => "async-workers",
    };
    [usual].into_iter().chain(library.green_threads.then_some("green"))
}

/// Every library with each of its [`models_of`].
fn driven() -> impl Iterator<Item = (&'static Library, &'static str)> {
    library::ALL.iter().flat_map(|&library| models_of(library).map(move |model| (library, model)))
}

/// A strategy of any library: four requests in flight.
fn wanted(library: &'static Library, protocol: Protocol, reuse: Reuse) -> Strategy {
    let usual = models_of(library).next().expect("a model");
    wanted_by(usual, library, protocol, reuse)
}

/// Such a strategy, by this model.
fn wanted_by(model: &str, library: &'static Library, protocol: Protocol, reuse: Reuse) -> Strategy {
    let limit = NonZeroU32::new(4);
    let model = model::named(model).expect("a model");
    Strategy { protocol, reuse, limit, ..Strategy::of("x", model, library) }
}

/// A trial with all its rows.
struct Recorded {
    report: ClientReport,
    requests: Vec<RequestRow>,
    connections: Vec<ConnectionRow>,
}

fn recorded(mut config: ClientConfig) -> Recorded {
    let dir = tempfile::tempdir().expect("a directory");
    let (requests, connections) = (dir.path().join("r.csv.zst"), dir.path().join("c.csv.zst"));
    config.request_log = Some(RequestLog { path: requests.clone(), rows: u32::MAX });
    config.connection_log = Some(connections.clone());
    let report = run(&config).expect("a report");
    Recorded { report, requests: rows(&requests), connections: rows(&connections) }
}

fn rows<T: Row>(path: &Path) -> Vec<T> {
    let file = fs_err::File::open(path).expect("a file");
    read_compressed(&path.display().to_string(), file).expect("rows")
}
