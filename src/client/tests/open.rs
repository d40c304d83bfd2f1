//! Open arrival: every model that can meets requests at their time and never before it.

use super::manipulated::found_of;
use super::*;
use crate::arrival::{Arrival, Rate};
use crate::protocol::OpenReport;
use crate::vocabulary::Flavour;

const REQUESTS: u32 = 40;

/// Slower than they come: five slots of 20 ms carry 250 a second.
fn flooded() -> Scenario {
    Scenario { arrival: Arrival::Poisson(Rate::per_s(1_000)), ..scenario(REQUESTS, fixed_ms(20)) }
}

fn strategies() -> Vec<Strategy> {
    let models = model::ALL.iter().filter(|m| m.open.is_some());
    let with = |m: &&'static crate::strategy::Model| {
        let client = match m.flavour() {
            Flavour::Blocking => "ureq",
            Flavour::Async => "hyper",
        };
        strategy(m.name, client, Reuse::Session, 5)
    };
    models.map(with).collect()
}

fn measured(scenario: &Scenario, strategy: &Strategy) -> (ClientReport, OpenReport) {
    let serving = Serving::with(ServerConfig::of(scenario));
    let client = run(&ClientConfig::of(scenario, strategy, &serving.ready)).expect("a report");
    serving.stop();
    let open = client.open.expect("arrival is open");
    (client, open)
}

#[test]
fn every_model_keeps_the_arrivals() {
    for strategy in strategies() {
        let name = strategy.model.name();
        let found = found_of(flooded(), strategy.clone());
        assert_eq!(found, Vec::<String>::new(), "{name}");
        let (client, open) = measured(&flooded(), &strategy);
        assert_eq!((client.ok, open.misplanned, open.early), (40, 0, 0), "{name}");
        let arrivals = flooded().arrivals_ns().expect("open");
        assert_eq!(open.span_ns, arrivals[39] - arrivals[0], "{name}");
        let waits = flooded().waits_ns();
        let ideal = strategy.ideal_open(&arrivals, &waits, 200).expect("it can");
        assert!(client.wall_ns >= ideal.wall_ns, "{name}: {} ns", client.wall_ns);
        let (latency, service) = (client.latency_percentiles.expect("some"), open.service);
        let service = service.expect("some");
        assert!(service.p50_ns >= 20_000_000, "{name}: {service:?}");
        assert!(latency.p50_ns >= service.p50_ns && latency.max_ns >= service.max_ns, "{name}");
        // The histogram is of latencies, not of service times.
        let counted: u64 = client.latency.iter().map(|(_, n)| n).sum();
        assert_eq!(counted, 40, "{name}");
        let longest = client.latency.last().expect("some").0;
        assert!(longest >= latency.max_ns, "{name}: {longest} of {latency:?}");
    }
}

#[test]
fn a_limit_that_is_too_low_leaves_a_backlog_and_none_does_not() {
    let slow = strategy("async-workers", "hyper", Reuse::Session, 5);
    let (client, open) = measured(&flooded(), &slow);
    // 40 requests in some 40 ms, of which 15 at most can have started by then.
    assert!(open.backlog_peak >= 10, "{open:?}");
    assert!(open.lateness_end_ns > open.lateness_before_ns, "{open:?}");
    // The last of them waits for most of eight turns.
    assert!(client.latency_percentiles.expect("some").max_ns > 80_000_000, "{client:?}");
    assert!(open.start_lateness.expect("some").max_ns > 60_000_000, "{open:?}");
}

/// Nothing of it is said where arrival is closed.
#[test]
fn a_closed_trial_says_nothing_of_arrivals() {
    let serving = Serving::start(fixed_ms(1));
    let strategy = strategy("async-all", "hyper", Reuse::Session, 0);
    let config = config(serving.addr, strategy, 5, fixed_ms(1));
    let told = serde_json::to_value(&config).expect("plain data");
    assert!(told.get("arrival").is_none(), "{told}");
    let report = run(&config).expect("a report");
    serving.stop();
    assert_eq!((report.ok, report.open), (5, None));
    let told = serde_json::to_value(&report).expect("plain data");
    assert!(told.get("open").is_none(), "{told}");
}

#[test]
fn a_request_without_a_connection_fails_at_its_time() {
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 1));
    let scenario =
        Scenario { arrival: Arrival::Constant(Rate::per_s(200)), ..scenario(10, fixed_ms(0)) };
    for strategy in strategies() {
        let config = ClientConfig::of(&scenario, &strategy, &ServerReady::at(nowhere));
        let report = run(&config).expect("a report");
        let open = report.open.expect("open");
        assert_eq!((report.ok, report.issued, open.early), (0, 10, 0), "{}", strategy.model.name());
        assert_eq!((open.service, open.lateness_end_ns), (None, None));
        assert!(report.wall_ns >= 45_000_000, "{} ns", report.wall_ns);
    }
}
