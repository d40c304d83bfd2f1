//! A caller that hands its requests over does its own work meanwhile.

use super::*;
use crate::strategy::OwnWork;

const MS: u64 = 1_000_000;
const REQUESTS: u32 = 20;
const DELAY_MS: u64 = 100;

/// A trial of requests of 100 ms, beside or after work of 400 ms.
fn measured(strategy: Strategy, own_work: OwnWork) -> (ClientReport, u64) {
    let strategy = Strategy { own_work: Some(own_work), ..strategy }.checked().expect("valid");
    let ideal = strategy.ideal(&[DELAY_MS * MS; REQUESTS as usize], 200).expect("a known model");
    let serving = Serving::start(fixed_ms(DELAY_MS));
    let config = config(serving.addr, strategy, REQUESTS, fixed_ms(DELAY_MS));
    let report = run(&config).expect("a report");
    let server = serving.stop();
    let all = u64::from(REQUESTS);
    assert_eq!((report.ok, report.issued, server.requests), (all, all, all), "{report:?}");
    assert!(report.wall_ns >= ideal.wall_ns, "{} of {}", report.wall_ns, ideal.wall_ns);
    (report, ideal.wall_ns)
}

#[test]
fn requests_go_on_while_the_caller_works() {
    for client in ["reqwest", "hyper"] {
        let several = NonZeroU32::new(2).map(Runtime::MultiThread);
        for runtime in [Some(Runtime::CurrentThread), several] {
            for own_work in [OwnWork::Sleep(400 * MS), OwnWork::Compute(400 * MS)] {
                let offload = strategy("offload", client, Reuse::Session, REQUESTS);
                let (report, ideal_ns) = measured(Strategy { runtime, ..offload }, own_work);
                assert_eq!(ideal_ns, 400 * MS);
                assert_eq!(report.peak_in_flight, u64::from(REQUESTS));
                // The last answer came long before the work was done: it did not wait for the caller.
                let longest = report.latency_percentiles.expect("some").max_ns;
                assert!(longest < report.wall_ns, "{longest} of {}", report.wall_ns);
                let cpu_ns = report.cpu_user_ns + report.cpu_sys_ns;
                let computed = matches!(own_work, OwnWork::Compute(_));
                assert!(!computed || cpu_ns >= 400 * MS, "{cpu_ns} ns");
            }
        }
    }
}

#[test]
fn work_hides_behind_requests_that_take_longer() {
    let offload = strategy("offload", "hyper", Reuse::Session, 2);
    let (_, ideal_ns) = measured(offload, OwnWork::Sleep(400 * MS));
    assert_eq!(ideal_ns, 10 * DELAY_MS * MS);
}

#[test]
fn one_after_the_other_nothing_hides() {
    let sequential = strategy("sequential", "ureq", Reuse::Session, 0);
    let (_, ideal_ns) = measured(sequential, OwnWork::Sleep(400 * MS));
    assert_eq!(ideal_ns, (u64::from(REQUESTS) * DELAY_MS + 400) * MS);
}

#[test]
fn no_other_model_has_work_of_its_own() {
    for &model in model::ALL {
        let library = library::ALL.iter().copied().find(|l| model.drives(l)).expect("a library");
        let limit = NonZeroU32::new(5).filter(|_| model::limited().contains(&model.name));
        let own_work = Some(OwnWork::Sleep(MS));
        let wanted = Strategy { limit, own_work, ..Strategy::of("x", model, library) };
        let can = ["sequential", "offload"].contains(&model.name);
        match wanted.checked() {
            Ok(_) => assert!(can, "{}", model.name),
            Err(why) => {
                let said = why.to_string();
                assert!(
                    !can && said.ends_with("choose a model that has: sequential, offload"),
                    "{said}"
                );
            }
        }
    }
}
