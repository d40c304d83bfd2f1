//! Every client, with everything that a scenario can ask for: the checks find nothing.

use super::manipulated::found_of;
use super::*;

/// With names, encryption, redirects and bodies, over each protocol and way of reuse.
fn each_way(library: &'static Library) {
    for (&protocol, model) in
        library.protocols.iter().flat_map(|p| models_of(library).map(move |m| (p, m)))
    {
        for &reuse in library.reuse {
            for (tls, redirects, upload_bytes) in [(false, 0, 0), (true, 0, 3_000), (true, 2, 0)] {
                let scenario = Scenario {
                    tls,
                    redirects,
                    upload_bytes,
                    targets: 2,
                    dns_delay_ns: Some(1_000_000),
                    ..scenario(24, fixed_ms(20))
                };
                let strategy = wanted_by(model, library, protocol, reuse).checked().expect("valid");
                let client = library.name;
                let name = format!("{model} {client} {protocol} {reuse} {tls} {redirects}");
                assert_eq!(found_of(scenario, strategy), [""; 0], "{name}");
            }
        }
    }
}

#[test]
fn ureq_is_not_accused() {
    each_way(library::named("ureq").expect("a library"));
}

#[test]
fn reqwest_blocking_is_not_accused() {
    each_way(library::named("reqwest-blocking").expect("a library"));
}

#[test]
fn reqwest_is_not_accused() {
    each_way(library::named("reqwest").expect("a library"));
}

#[test]
fn hyper_is_not_accused() {
    each_way(library::named("hyper").expect("a library"));
}

#[test]
fn a_cache_of_names_and_resumption_may_be_off() {
    for (library, model) in driven() {
        let scenario =
            Scenario { tls: true, dns_delay_ns: Some(1_000_000), ..scenario(24, fixed_ms(20)) };
        let off = Strategy {
            tls_resumption: false,
            dns_cache: false,
            ..wanted_by(model, library, Protocol::Http1, Reuse::None)
        };
        let strategy = off.checked().expect("valid");
        assert_eq!(found_of(scenario, strategy), [""; 0], "{model} {}", library.name);
    }
}
