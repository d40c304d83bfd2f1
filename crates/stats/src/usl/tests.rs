use proptest::prelude::*;

use super::*;

const LIMITS: [u32; 8] = [1, 2, 5, 10, 20, 50, 100, 200];

/// Gunther's (2007) measurements of a ray tracer, which are an example of the `usl` crate.
const RAY_TRACER: [(f64, f64); 7] = [
    (1.0, 955.16),
    (5.0, 4315.54),
    (10.0, 7867.61),
    (15.0, 9645.37),
    (20.0, 10798.52),
    (25.0, 12075.41),
    (30.0, 12118.04),
];

fn near(a: f64, b: f64, share: f64) -> bool {
    (a / b - 1.0).abs() <= share
}

/// Eight blocks of throughputs that differ from a curve by a few per mille, the same in each call.
fn blocks_of(limits: &[u32], curve: impl Fn(f64) -> f64) -> Vec<Vec<Option<f64>>> {
    let noise = |b: u32, limit: u32| 1.0 + f64::from((b * 7 + limit * 13) % 11) / 2_000.0;
    (1..=8)
        .map(|b| limits.iter().map(|&n| Some(curve(f64::from(n)) * noise(b, n))).collect())
        .collect()
}

fn refusal(limits: &[u32], blocks: &[Vec<Option<f64>>]) -> NoLaw {
    *scalability(limits, blocks, 1).expect_err("a refusal")
}

#[test]
fn scipys_fit_of_the_same_measurements_agrees() {
    let law = Usl::fit(&RAY_TRACER).unwrap();
    // `scipy.optimize.least_squares` of ln X, bounded at 0, with tolerances of 1e-15.
    assert!(near(law.lambda, 956.6602120, 1e-6), "{law:?}");
    assert!(near(law.sigma, 0.01953724, 1e-6), "{law:?}");
    assert!(near(law.kappa, 9.2152227e-4, 1e-5), "{law:?}");
    // No neighbour is better.
    let least = squares(&RAY_TRACER, |n| law.throughput(n));
    for change in [0.999, 1.001] {
        for other in [
            Usl { lambda: law.lambda * change, ..law },
            Usl { sigma: law.sigma * change, ..law },
            Usl { kappa: law.kappa * change, ..law },
        ] {
            assert!(squares(&RAY_TRACER, |n| other.throughput(n)) > least);
        }
    }
}

#[test]
fn a_sweep_with_a_peak_has_it_in_its_interval() {
    let truth = Usl { lambda: 90.0, sigma: 0.02, kappa: 2e-4 };
    let found = scalability(&LIMITS, &blocks_of(&LIMITS, |n| truth.throughput(n)), 1).unwrap();
    for (estimate, true_value) in [(&found.sigma, 0.02), (&found.kappa, 2e-4)] {
        assert!(near(estimate.value, true_value, 0.05), "{estimate:?}");
        let interval = estimate.interval.as_ref().unwrap();
        assert!(interval.low <= estimate.value && estimate.value <= interval.high);
    }
    let Peak::Within { concurrency, throughput } = &found.peak else { panic!("{found:?}") };
    assert!(near(concurrency.value, 70.0, 0.05), "{concurrency:?}");
    assert!(near(throughput.value, truth.throughput(70.0), 0.01));
    assert!(found.misses < 0.01);
}

#[test]
fn linear_growth_says_nothing_about_contention() {
    let found = refusal(&LIMITS, &blocks_of(&LIMITS, |n| 95.0 * n));
    let NoLaw::Linear { largest: 200, lambda, .. } = found else { panic!("{found:?}") };
    assert!(near(lambda.value, 95.0, 0.01));
}

#[test]
fn a_full_resource_is_not_taken_for_contention() {
    let found = refusal(&LIMITS, &blocks_of(&LIMITS, |n| (100.0 * n).min(4_000.0)));
    let NoLaw::Saturates { capacity, knee, .. } = found else { panic!("{found:?}") };
    assert!(near(capacity.value, 4_000.0, 0.01) && near(knee.value, 40.0, 0.01));
}

#[test]
fn a_curve_that_is_none_is_refused() {
    let zigzag = |n: f64| if (n as u32).is_multiple_of(10) { 60.0 * n } else { 150.0 };
    let found = refusal(&LIMITS, &blocks_of(&LIMITS, zigzag));
    assert!(matches!(found, NoLaw::Misses { by, .. } if by > MISSES), "{found:?}");
}

#[test]
fn a_peak_beyond_what_was_measured_is_not_given() {
    let truth = Usl { lambda: 90.0, sigma: 0.01, kappa: 1e-6 };
    let found = scalability(&LIMITS, &blocks_of(&LIMITS, |n| truth.throughput(n)), 1).unwrap();
    assert_eq!(found.peak, Peak::Beyond { largest: 200 });
}

#[test]
fn few_limits_and_few_blocks_are_refused() {
    let blocks = blocks_of(&LIMITS, |n| n);
    let five: Vec<Vec<Option<f64>>> = blocks.iter().map(|b| b[..5].to_vec()).collect();
    assert_eq!(refusal(&LIMITS[..5], &five), NoLaw::TooFewLimits { has: 5 });
    assert_eq!(refusal(&LIMITS, &blocks[..5]), NoLaw::TooFewBlocks { has: 5 });
    assert_eq!(refusal(&[], &[]), NoLaw::TooFewLimits { has: 0 });
}

#[test]
fn without_coherency_there_is_no_peak() {
    let law = Usl { lambda: 10.0, sigma: 0.1, kappa: 0.0 };
    assert!(law.peak().is_infinite());
    assert!(near(law.throughput_at_peak(), 100.0, 1e-12));
    assert_eq!(Usl { sigma: 1.5, ..law }.peak(), 1.0);
}

proptest! {
    #[test]
    fn noiseless_points_give_their_parameters_back(
        lambda in 1.0..1e5f64,
        sigma in prop_oneof![Just(0.0), 1e-4..0.5f64],
        kappa in prop_oneof![Just(0.0), 1e-6..1e-2f64],
    ) {
        let truth = Usl { lambda, sigma, kappa };
        let points = LIMITS.map(|n| (f64::from(n), truth.throughput(f64::from(n))));
        let found = Usl::fit(&points).expect("a fit");
        prop_assert!(near(found.lambda, lambda, 1e-6));
        prop_assert!((found.sigma - sigma).abs() < 1e-6 * sigma.max(0.01));
        prop_assert!((found.kappa - kappa).abs() < 1e-6 * kappa.max(1e-4));
    }

    #[test]
    fn noise_moves_the_curve_no_farther_than_the_points(
        noise in prop::collection::vec(-0.05..0.05f64, LIMITS.len()),
        sigma in 1e-3..0.2f64, kappa in 1e-5..1e-3f64,
    ) {
        let truth = Usl { lambda: 100.0, sigma, kappa };
        let points: Vec<(f64, f64)> = LIMITS.iter().zip(noise)
            .map(|(&n, e)| (f64::from(n), truth.throughput(f64::from(n)) * (1.0 + e)))
            .collect();
        let found = Usl::fit(&points).expect("a fit");
        prop_assert!(found.sigma >= 0.0 && found.kappa >= 0.0);
        // The least sum of squares is at most that of the truth.
        let of = |law: &Usl| squares(&points, |n| law.throughput(n));
        prop_assert!(of(&found) <= of(&truth) * (1.0 + 1e-9));
        for n in LIMITS.map(f64::from) {
            prop_assert!(near(found.throughput(n), truth.throughput(n), 0.2));
        }
    }

    #[test]
    fn a_unit_of_throughput_changes_lambda_alone(
        unit in 1e-3..1e3f64, sigma in 1e-3..0.2f64, kappa in 1e-5..1e-3f64,
        noise in prop::collection::vec(-0.05..0.05f64, LIMITS.len()),
    ) {
        let truth = Usl { lambda: 100.0, sigma, kappa };
        let points: Vec<(f64, f64)> = LIMITS.iter().zip(noise)
            .map(|(&n, e)| (f64::from(n), truth.throughput(f64::from(n)) * (1.0 + e)))
            .collect();
        let scaled: Vec<(f64, f64)> = points.iter().map(|&(n, x)| (n, x * unit)).collect();
        let (one, other) = (Usl::fit(&points).unwrap(), Usl::fit(&scaled).unwrap());
        prop_assert!(near(other.lambda, one.lambda * unit, 1e-6));
        prop_assert!((other.sigma - one.sigma).abs() < 1e-7);
        prop_assert!((other.kappa - one.kappa).abs() < 1e-8);
    }
}
