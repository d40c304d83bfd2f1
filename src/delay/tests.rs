//! Laws of quantiles and of stratified samples, for every model.

use proptest::prelude::*;

use super::*;

fn trace() -> Model {
    let delays_ns = vec![9_000_000, 1_000_000, 4_000_000];
    Model::Trace(Trace { file: "t.csv".to_owned(), delays_ns })
}

/// Every model but mixtures, with settings of all sizes, zeros among them.
fn simple() -> impl Strategy<Value = Model> {
    let ns = || prop_oneof![Just(0_u64), 1_000_u64..5_000_000_000];
    let list = || prop::collection::vec(prop_oneof![ns(), Just(7_000_000)], 1..20);
    prop_oneof![
        ns().prop_map(|ns| Model::Fixed(Fixed { ns })),
        (ns(), ns())
            .prop_map(|(a, b)| { Model::Uniform(Uniform { low_ns: a.min(b), high_ns: a.max(b) }) }),
        list().prop_map(|of_ns| Model::Choice(Choice { of_ns })),
        (ns(), ns()).prop_map(|(mean_ns, sd_ns)| Model::Normal(Normal { mean_ns, sd_ns })),
        ns().prop_map(|mean_ns| Model::Exponential(Exponential { mean_ns })),
        (ns(), 0.0..3.0)
            .prop_map(|(median_ns, sigma)| { Model::Lognormal(Lognormal { median_ns, sigma }) }),
        (ns(), 0.3..5.0).prop_map(|(scale_ns, shape)| Model::Pareto(Pareto { scale_ns, shape })),
    ]
}

fn any_model() -> impl Strategy<Value = Model> {
    let part = (0.01..10.0, simple()).prop_map(|(weight, model)| Part { weight, model });
    let mixture = prop::collection::vec(part, 1..5);
    prop_oneof![3 => simple(), 2 => mixture.prop_map(|parts| Model::Mixture(Mixture { parts }))]
}

fn any_delay() -> impl Strategy<Value = Delay> {
    let max_ns = prop::option::of(1_000_000_u64..1_000_000_000);
    (any_model(), max_ns).prop_map(|(model, max_ns)| Delay { model, max_ns })
}

fn stratified(delay: &Delay, seed: u64, requests: u32) -> Planned<'_> {
    Planned { delay, sampling: Sampling::Stratified, requests, seed, time_scale: 1.0 }
}

proptest! {
    /// A quantile is the inverse of the share: up to it lies the share at least, below it no more.
    #[test]
    fn quantiles_and_shares_invert_each_other(delay in any_delay(), share in 0.0..0.999_f64) {
        let draw = delay.model.as_draw();
        let at = draw.quantile(share);
        prop_assert!(draw.share_up_to(at + 1.0) >= share - 1e-9);
        prop_assert!(at <= 1.0 || draw.share_up_to(at - 1.0) <= share + 1e-9);
        prop_assert!(draw.quantile(share / 2.0) <= at);
    }

    /// The law of a stratified sample: its distribution is nowhere farther than 1/n from the model's.
    #[test]
    fn a_stratified_sample_follows_its_model(
        delay in any_delay(), seed in any::<u64>(), requests in 1..400_u32,
    ) {
        let planned = stratified(&delay, seed, requests);
        let n = f64::from(requests);
        let mut sample: Vec<f64> =
            (0..u64::from(requests)).map(|i| planned.unscaled(i)).collect();
        sample.sort_by(f64::total_cmp);
        for (rank, &ns) in sample.iter().enumerate() {
            // Quantiles are rounded to whole nanoseconds in a mixture: one to each side is free.
            let beyond = |ns: f64| delay.share_beyond(ns);
            let up_to = sample.partition_point(|&other| other <= ns) as f64 / n;
            let below = sample.partition_point(|&other| other < ns) as f64 / n;
            prop_assert!(up_to <= 1.0 - beyond(ns + 1.0) + 1.0 / n + 1e-9, "rank {} at {}", rank, ns);
            prop_assert!(
                ns <= 1.0 || below >= 1.0 - beyond(ns - 1.0) - 1.0 / n - 1e-9,
                "rank {} at {}", rank, ns
            );
        }
    }

    /// Parts of which each has a delay of its own meet as many requests as expected, up to rounding.
    #[test]
    fn parts_have_their_requests(
        weights in prop::collection::vec(0.01..10.0_f64, 1..6),
        seed in any::<u64>(), requests in 1..2_000_u32, down in any::<bool>(),
    ) {
        let mut parts: Vec<Part> = weights.iter().zip(1..).map(|(&weight, ms)| Part {
            weight, model: Model::Fixed(Fixed { ns: ms * 1_000_000 }),
        }).collect();
        if down {
            parts.reverse();
        }
        let delay = Delay { model: Model::Mixture(Mixture { parts }), max_ns: None };
        let planned = stratified(&delay, seed, requests);
        let parts = delay.parts();
        let met = planned.parts_met(0..u64::from(requests)).expect("parts are apart");
        for (part, met) in parts.iter().zip(met) {
            let expected = part.share * f64::from(requests);
            prop_assert!((met as f64 - expected).abs() < 1.0 + 1e-6, "{met} of {expected}");
        }
    }

    #[test]
    fn a_delay_follows_from_seed_index_and_number(
        delay in any_delay(), seed in any::<u64>(), requests in 1..200_u32,
    ) {
        let planned = stratified(&delay, seed, requests);
        let all = planned.all_ns();
        prop_assert_eq!(&all, &stratified(&delay, seed, requests).all_ns());
        let last = u64::from(requests - 1);
        prop_assert_eq!(planned.ns(last), all[last as usize]);
        // Whoever asks for more meets the sample again.
        prop_assert_eq!(planned.ns(u64::from(requests)), all[0]);
    }

    /// Independent samples are what they were before there were others.
    #[test]
    fn independent_delays_stay(delay in any_delay(), seed in any::<u64>(), index in 0..1_000_u64) {
        let sampling = Sampling::Independent;
        let planned = Planned { delay: &delay, sampling, requests: 7, seed, time_scale: 0.3 };
        prop_assert_eq!(planned.ns(index), delay.planned_ns(seed, index, 0.3));
    }
}

#[test]
fn seeds_differ_in_their_order() {
    let model = Model::Choice(Choice { of_ns: (0..10).collect() });
    let delay = Delay { model, max_ns: None };
    let order = |seed| stratified(&delay, seed, 10).all_ns();
    let orders: std::collections::BTreeSet<Vec<u64>> = (0..50).map(order).collect();
    // Fifty of 3.6 million orders: hardly two are alike.
    assert!(orders.len() >= 49, "{}", orders.len());
    for mut order in orders {
        order.sort_unstable();
        assert_eq!(order, (0..10).collect::<Vec<u64>>());
    }
}

#[test]
fn the_stratified_delays_of_a_seed_never_change() {
    // As those of independent draws: another order would be another experiment.
    let model = Model::Uniform(Uniform { low_ns: 0, high_ns: 1_000 });
    let delay = Delay { model, max_ns: None };
    assert_eq!(stratified(&delay, 1, 8).all_ns(), [546, 922, 46, 171, 296, 421, 797, 672]);
}

#[test]
fn what_goes_in_turn_is_not_drawn() {
    for model in [trace(), Model::Cycle(Cycle { of_ns: vec![3, 1, 2] })] {
        let delay = Delay { model, max_ns: None };
        assert_eq!(stratified(&delay, 5, 7).all_ns(), delay.all_ns(5, 7, 1.0));
    }
    let part = |model| Part { weight: 1.0, model };
    let mixture = |model| Model::Mixture(Mixture { parts: vec![part(model)] });
    assert!(mixture(trace()).needs_index() && mixture(mixture(trace())).needs_index());
    assert!(!mixture(Model::Fixed(Fixed { ns: 1 })).needs_index() && !trace().needs_index());
}

/// Parts of independent draws are counted by the draw itself, those that overlap too.
#[test]
fn overlapping_parts_are_counted_where_they_were_drawn() {
    let part =
        |weight, mean_ns| Part { weight, model: Model::Exponential(Exponential { mean_ns }) };
    let model = Model::Mixture(Mixture { parts: vec![part(3.0, 1_000), part(1.0, 2_000)] });
    let delay = Delay { model, max_ns: None };
    let planned = Planned {
        delay: &delay,
        sampling: Sampling::Independent,
        requests: 4_000,
        seed: 1,
        time_scale: 1.0,
    };
    let met = planned.parts_met(0..4_000).expect("the draw tells");
    // Four standard errors of a quarter of 4 000 are 110.
    assert!(met[1].abs_diff(1_000) < 110 && met[0] + met[1] == 4_000, "{met:?}");
    assert_eq!(stratified(&delay, 1, 10).parts_met(0..10), None);
}
