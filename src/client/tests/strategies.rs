//! Every strategy does what its name says.

use super::*;
use crate::vocabulary::Flavour;

const REQUESTS: u32 = 24;
const LIMIT: u32 = 6;
/// Runs it, and holds what client and server say against what the strategy claims.
fn check(strategy: &Strategy) {
    overlapping(30, |delay_ms| reaches_its_concurrency(strategy, delay_ms));
}

fn reaches_its_concurrency(strategy: &Strategy, delay_ms: u64) -> bool {
    let name = format!("{} {} {}", strategy.model.name(), strategy.library.name(), strategy.reuse);
    let serving = Serving::start(fixed_ms(delay_ms));
    let client = run(&config(serving.addr, strategy.clone(), REQUESTS, fixed_ms(delay_ms)));
    let (client, server) = (client.expect("a report"), serving.stop());
    let (requests, most) = (u64::from(REQUESTS), u64::from(strategy.concurrency(REQUESTS, 200)));

    // Each answer names its request, and no slot takes two: so all were issued exactly once.
    assert_eq!(
        (client.ok, client.issued, server.requests),
        (requests, requests, requests),
        "{name}: {client:?}"
    );
    assert_eq!((client.body_bytes, &client.first_error), (requests * BODY_BYTES, &None), "{name}");
    let peaks = (client.peak_in_flight, server.peak_in_flight);
    assert!(peaks.0 <= most && peaks.1 <= most, "{name}: {peaks:?} of {most}");
    let connections = strategy.connections(REQUESTS, 1);
    assert!(
        connections.contains(&(server.connections as u32)),
        "{name}: {} connections instead of {connections:?}",
        server.connections,
    );
    let latency = client.latency_percentiles.expect("latencies");
    assert!(latency.p50_ns >= delay_ms * 1_000_000, "{name}: {latency:?}");
    let ideal =
        strategy.ideal(&vec![delay_ms * 1_000_000; REQUESTS as usize], 200).expect("a known model");
    assert!(client.wall_ns >= ideal.wall_ns, "{name}: {} ns", client.wall_ns);
    assert!(client.peak_threads >= Some(1) && client.max_rss_bytes > Some(0), "{name}");
    peaks == (most, most)
}

/// A thread that waits for its answer lets the connection go back first.
#[test]
fn a_connection_serves_one_request_after_the_other() {
    for (client, reuse) in
        [("ureq", Reuse::Session), ("ureq", Reuse::Pool), ("reqwest-blocking", Reuse::Session)]
    {
        let serving = Serving::start(fixed_ms(1));
        let strategy = strategy("sequential", client, reuse, 0);
        assert_eq!(strategy.connections(20, 1).start(), &1);
        let report = run(&config(serving.addr, strategy, 20, fixed_ms(1))).expect("a report");
        let server = serving.stop();
        assert_eq!((report.ok, server.connections), (20, 1), "{client} {reuse}");
    }
}

fn each_reuse(model: &'static crate::strategy::Model, client: &'static str) {
    let library = library::named(client).expect("a library");
    for &reuse in library.reuse {
        check(&strategy(model.name, client, reuse, LIMIT));
    }
}

/// The models that can drive a client.
fn models(client: &str) -> impl Iterator<Item = &'static crate::strategy::Model> {
    let library = library::named(client).expect("a library");
    model::ALL.iter().copied().filter(|model| model.drives(library))
}

#[test]
fn blocking_models_do_what_they_say_with_ureq() {
    models("ureq").for_each(|model| each_reuse(model, "ureq"));
}

#[test]
fn blocking_models_do_what_they_say_with_reqwest() {
    models("reqwest-blocking").for_each(|model| each_reuse(model, "reqwest-blocking"));
}

#[test]
fn async_models_do_what_they_say_with_reqwest() {
    models("reqwest").for_each(|model| each_reuse(model, "reqwest"));
}

#[test]
fn async_models_do_what_they_say_with_hyper() {
    models("hyper").for_each(|model| each_reuse(model, "hyper"));
}

#[test]
fn async_models_do_what_they_say_on_several_threads() {
    for client in library::of_flavour(Flavour::Async) {
        for model in models(client.name) {
            let mut strategy = strategy(model.name, client.name, Reuse::Session, LIMIT);
            strategy.runtime = NonZeroU32::new(2).map(Runtime::MultiThread);
            check(&strategy);
        }
    }
}

#[test]
fn a_trial_without_requests_ends() {
    for model in model::ALL {
        let client = library::of_flavour(model.flavour()).next().expect("a library");
        let strategy = strategy(model.name, client.name, Reuse::Session, LIMIT);
        let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
        let report = run(&config(nowhere, strategy, 0, fixed_ms(1))).expect("a report");
        assert_eq!((report.issued, report.latency_percentiles), (0, None), "{}", model.name);
    }
}

#[test]
fn a_thousand_threads_fit() {
    let serving = Serving::start(fixed_ms(300));
    let strategy = strategy("threads", "ureq", Reuse::Session, 1_000);
    let report = run(&config(serving.addr, strategy, 1_000, fixed_ms(300))).expect("a report");
    serving.stop();
    assert_eq!((report.ok, report.first_error), (1_000, None));
    assert!(report.peak_threads > Some(500), "{:?}", report.peak_threads);
}
