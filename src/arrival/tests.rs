//! Laws of rates and of arrivals.

use proptest::prelude::*;

use super::{Arrival, Rate};

fn rate(text: &str) -> Rate {
    Rate::parse(text).expect("a rate")
}

#[test]
fn rates_need_a_unit() {
    assert_eq!(rate("500/s"), Rate::per_s(500));
    assert_eq!(rate("30/min"), rate("0.5/s"));
    assert_eq!(rate(" 1.250 / s "), rate("75/min"));
    for bad in ["500", "500/h", "/s", "-1/s", "1e3/s", "1.2345/s", "1./s", ".5/s", "5 per s", ""] {
        let told = Rate::parse(bad).expect_err(bad);
        assert!(told.contains("500/s"), "{told}");
    }
    assert!(Rate::parse("99999999999999999999/s").is_err());
    assert!(Rate::parse("9999999999999999/s").is_err());
}

#[test]
fn rates_are_shown_per_second_where_that_is_exact() {
    let shown = ["500/s", "30/min", "1/min", "0.125/s", "0.5/min"].map(|t| rate(t).to_string());
    assert_eq!(shown, ["500/s", "0.5/s", "1/min", "0.125/s", "0.5/min"]);
}

#[test]
fn constant_arrivals_are_evenly_spaced_from_the_start() {
    let all = Arrival::Constant(rate("3/s")).all_ns(7, 4).expect("open");
    assert_eq!(all, [0, 333_333_333, 666_666_666, 1_000_000_000]);
    assert_eq!(Arrival::Constant(rate("3/s")).all_ns(8, 4), Some(all));
    assert_eq!(Arrival::Closed.all_ns(7, 4), None);
}

#[test]
fn the_arrivals_of_a_seed_never_change() {
    // Recordings are compared across builds: another generator would be another experiment.
    let all = Arrival::Poisson(rate("1000/s")).all_ns(1, 4).expect("open");
    assert_eq!(all, [11_071, 1_012_019, 1_578_545, 1_880_338]);
}

#[test]
fn poisson_gaps_have_mean_and_variance_of_an_exponential() {
    for seed in 1..=8 {
        let all = Arrival::Poisson(rate("1000/s")).all_ns(seed, 20_000).expect("open");
        let gaps: Vec<f64> = all.windows(2).map(|w| (w[1] - w[0]) as f64 / 1e6).collect();
        let n = gaps.len() as f64;
        let mean = gaps.iter().sum::<f64>() / n;
        let variance = gaps.iter().map(|g| (g - mean).powi(2)).sum::<f64>() / (n - 1.0);
        // Six standard errors: 1/√n of the mean, √(8/n) of the variance (fourth moment 9).
        assert!((mean - 1.0).abs() < 6.0 / n.sqrt(), "seed {seed}: mean {mean} ms");
        assert!((variance - 1.0).abs() < 6.0 * (8.0 / n).sqrt(), "seed {seed}: {variance} ms²");
        // And neighbours know nothing of each other: the lag-1 correlation is within six of 1/√n.
        let pairs = gaps.windows(2).map(|w| (w[0] - mean) * (w[1] - mean)).sum::<f64>();
        assert!((pairs / n / variance).abs() < 6.0 / n.sqrt(), "seed {seed}");
    }
}

#[test]
fn arrivals_and_exponential_delays_are_independent() {
    use crate::delay::{Delay, Exponential, Model};
    let delay =
        Delay { model: Model::Exponential(Exponential { mean_ns: 1_000_000 }), max_ns: None };
    let delays = delay.all_ns(1, 10_000, 1.0);
    let all = Arrival::Poisson(rate("1000/s")).all_ns(1, 10_000).expect("open");
    let gaps = std::iter::once(all[0]).chain(all.windows(2).map(|w| w[1] - w[0]));
    let of = |ns: u64| ns as f64 / 1e6 - 1.0;
    let n = delays.len() as f64;
    let correlation = gaps.zip(&delays).map(|(g, &d)| of(g) * of(d)).sum::<f64>() / n;
    assert!(correlation.abs() < 6.0 / n.sqrt(), "{correlation}");
}

proptest! {
    #[test]
    fn a_rate_parses_back(milli in 1u64..10_000_000_000, per_min in any::<bool>()) {
        let unit = if per_min { "min" } else { "s" };
        let written = rate(&format!("{}.{:03}/{unit}", milli / 1_000, milli % 1_000));
        prop_assert_eq!(rate(&written.to_string()), written);
        prop_assert!((written.as_per_s() * written.mean_gap_ns() / 1e9 - 1.0).abs() < 1e-9);
    }

    #[test]
    fn arrivals_are_in_order_and_known_from_seed_and_index(
        seed in any::<u64>(), per_s in 1u32..1_000_000, requests in 1u32..300, poisson in any::<bool>(),
    ) {
        let rate = Rate::per_s(per_s);
        let arrival = if poisson { Arrival::Poisson(rate) } else { Arrival::Constant(rate) };
        let all = arrival.all_ns(seed, requests).expect("open");
        prop_assert_eq!(all.len(), requests as usize);
        prop_assert!(all.is_sorted());
        // A longer trial has the same beginning.
        let longer = arrival.all_ns(seed, requests + 50).expect("open");
        prop_assert_eq!(&longer[..all.len()], all.as_slice());
    }

    #[test]
    fn as_many_come_as_the_time_has_room_for(per_s in 1u32..1_000_000, requests in 1u32..1_000_000) {
        let rate = Rate::per_s(per_s);
        let found = rate.within_ns(rate.times_ns(requests));
        prop_assert!(found.abs_diff(requests.into()) <= 1, "{} instead of {}", found, requests);
    }
}
