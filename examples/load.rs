//! Issues requests to a delay server that is already running (`inflight serve`), with one strategy,
//! and prints what its client measured as JSON. For comparisons with other load generators against
//! the same server: `tests/against-others.py`. With `--no-probes` it takes no phases, as `probes =
//! false` in an experiment.
//!
//! ```sh
//! cargo run --release --example load -- 127.0.0.1:8080 async-workers hyper 64 100000 1000 rows.csv.zst
//! ```

use std::num::NonZeroU32;
use std::path::PathBuf;

use inflight::client;
use inflight::delay::Delay;
use inflight::protocol::{ClientConfig, RequestLog, ServerReady};
use inflight::spec::Scenario;
use inflight::strategy::{Strategy, library, model};

const USAGE: &str =
    "load ADDRESS MODEL CLIENT LIMIT REQUESTS BODY-BYTES [ROWS.csv.zst] [--no-probes]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (switches, args): (Vec<String>, Vec<String>) =
        std::env::args().skip(1).partition(|arg| arg.starts_with("--"));
    let probes = match switches.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => true,
        ["--no-probes"] => false,
        _ => return Err(USAGE.into()),
    };
    let [address, model, client, limit, requests, body, rows @ ..] = args.as_slice() else {
        return Err(USAGE.into());
    };
    let model = model::named(model).ok_or("no such model")?;
    let library = library::named(client).ok_or("no such client")?;
    let limit = Some(limit.parse::<NonZeroU32>()?);
    let strategy = Strategy { limit, probes, ..Strategy::of("load", model, library) }.checked()?;
    let requests = requests.parse()?;
    let scenario = Scenario { body_bytes: body.parse()?, ..Scenario::plain(requests, Delay::NONE) };
    let request_log =
        rows.first().map(|path| RequestLog { path: PathBuf::from(path), rows: requests });
    let report = client::run(&ClientConfig {
        request_log,
        ..ClientConfig::of(&scenario, &strategy, &ServerReady::at(address.parse()?))
    })?;
    println!("{}", serde_json::to_string(&report)?);
    Ok(())
}
