//! Meaning of `time_scale`: which time stands for which, and which times it does not scale.

use std::collections::BTreeSet;

use super::{Caution, Cell, Plan, schedules};
use crate::spec::Scenario;
use crate::units::exact_duration;

/// Overhead of more than this share of an ideal can turn the order of two strategies whose schedules
/// differ by as much. Half of it is already more than twice the usual margin.
pub const MUCH_OVERHEAD: f64 = 0.1;

impl Plan {
    /// The ideal wall time of a cell without a scale: the same requests with the delays that the
    /// experiment names. `None` if it is longer than can be counted.
    pub fn unscaled_ideal_ns(&self, cell: &Cell) -> Option<u64> {
        let scenario = unscaled(self.scenario_of(cell));
        let waits = scenario.waits_ns();
        // An ideal is at most the sum of all waits after the last arrival.
        let sum: u128 = waits.iter().map(|&ns| u128::from(ns)).sum();
        if sum > u128::from(u64::MAX) / 32 {
            return None;
        }
        let arrivals = scenario.arrivals_ns();
        let (ideal, _) = schedules(&cell.strategy, &scenario, arrivals.as_deref(), &waits);
        Some(ideal?.wall_ns)
    }

    /// Cautions about times that the scale of a scenario leaves as they are and that could change
    /// an answer; none at a scale of 1.
    pub fn scale_cautions(&self, scenario: usize) -> Vec<Caution> {
        let point = &self.experiment.scenarios[scenario];
        if point.time_scale == 1.0 {
            return Vec::new();
        }
        let cells = || self.cells.iter().filter(|cell| cell.scenario == scenario);
        let works = cells().filter_map(|cell| cell.strategy.own_work);
        let works: BTreeSet<String> = works.map(|work| format!("`work` {work}")).collect();
        let times: Vec<String> = fixed_times(point).into_iter().chain(works).collect();
        let fixed =
            (!times.is_empty()).then_some(Caution::FixedTimes { scale: point.time_scale, times });
        let mut cautions: Vec<Caution> = fixed.into_iter().collect();
        let timeouts: BTreeSet<u64> = cells().filter_map(|cell| cell.strategy.timeout_ns).collect();
        cautions.extend(timeouts.into_iter().filter_map(|timeout_ns| timed_out(point, timeout_ns)));
        cautions.extend(self.expected_overhead(scenario));
        cautions
    }

    /// A caution if the CPU time that requests take is much at this scale and would not be at × 1.
    fn expected_overhead(&self, scenario: usize) -> Option<Caution> {
        let point = &self.experiment.scenarios[scenario];
        let shortest = self
            .cells
            .iter()
            .filter(|cell| cell.scenario == scenario)
            .min_by_key(|cell| cell.ideal.wall_ns)?;
        let overhead_ns = super::expected_cpu_ns(point.requests);
        let is_much = |ideal_ns: u64| overhead_ns as f64 > MUCH_OVERHEAD * ideal_ns as f64;
        let turns = is_much(shortest.ideal.wall_ns) && !is_much(self.unscaled_ideal_ns(shortest)?);
        turns.then_some(Caution::Overhead {
            scale: point.time_scale,
            requests: point.requests,
            ideal_ns: shortest.ideal.wall_ns,
            overhead_ns,
        })
    }
}

/// A caution if a time-out ends other requests at this scale than at × 1.
pub fn timed_out(scenario: &Scenario, timeout_ns: u64) -> Option<Caution> {
    let longer =
        |scenario: &Scenario| scenario.waits_ns().into_iter().filter(|&ns| ns > timeout_ns).count();
    let (here, there) = (longer(scenario), longer(&unscaled(scenario)));
    (here != there).then_some(Caution::Timeout {
        timeout_ns,
        scale: scenario.time_scale,
        here,
        there,
        requests: scenario.requests,
    })
}

fn unscaled(scenario: &Scenario) -> Scenario {
    Scenario { time_scale: 1.0, ..scenario.clone() }
}

/// Times of a scenario beside its delays, as the experiment file names them.
fn fixed_times(scenario: &Scenario) -> Vec<String> {
    let pauses = scenario.chunks > 1 && scenario.body_bytes > 1;
    let refuses = scenario.capacity.is_some();
    let times = [
        ("rtt", scenario.rtt_ns),
        ("chunk_delay", pauses.then_some(scenario.chunk_delay_ns)),
        ("connect_delay", Some(scenario.connect_delay_ns)),
        ("handshake_delay", scenario.tls.then_some(scenario.handshake_delay_ns)),
        ("dns_delay", scenario.dns_delay_ns),
        ("retry_after", refuses.then_some(scenario.retry_after_ns)),
    ];
    let some = times.into_iter().filter_map(|(key, ns)| Some((key, ns.filter(|&ns| ns > 0)?)));
    let mut named: Vec<String> =
        some.map(|(key, ns)| format!("`{key}` {}", exact_duration(ns))).collect();
    if let Some(rate) = scenario.arrival.rate() {
        named.push(format!("the `arrival` of {rate}"));
    }
    named
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::arrival::{Arrival, Rate};
    use crate::delay::{Delay, Fixed, Model};
    use crate::plan::Only;
    use crate::record::synthetic::{experiment, strategy};
    use crate::strategy::OwnWork;
    use proptest::prelude::*;

    const MS: u64 = 1_000_000;

    /// Twelve requests that are 10 s away, at a scale.
    fn plan(
        time_scale: f64,
        change: impl Fn(&mut Scenario, &mut crate::strategy::Strategy),
    ) -> Plan {
        let mut strategy = strategy("all", "async-all", None);
        let delay = Delay { model: Model::Fixed(Fixed { ns: 10_000 * MS }), max_ns: None };
        let mut scenario = Scenario { time_scale, ..Scenario::plain(12, delay) };
        change(&mut scenario, &mut strategy);
        let mut experiment = experiment(vec![strategy], 12);
        experiment.scenarios = vec![scenario];
        Plan::new(experiment, &Only::default()).expect("a plan")
    }

    fn told(plan: &Plan) -> Vec<String> {
        plan.scale_cautions(0).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn an_ideal_is_scaled_back() {
        let plan = plan(0.01, |_, _| {});
        let cell = &plan.cells[0];
        assert_eq!(
            (cell.ideal.wall_ns, plan.unscaled_ideal_ns(cell)),
            (100 * MS, Some(10_000 * MS))
        );
        assert_eq!(told(&plan), [""; 0]);
    }

    #[test]
    fn own_work_is_not_scaled() {
        let plan = plan(0.01, |_, strategy| {
            *strategy = self::strategy("behind", "offload", Some(12));
            strategy.own_work = Some(OwnWork::Sleep(1_000 * MS));
        });
        let cell = &plan.cells[0];
        assert_eq!((cell.ideal.wall_ns, cell.bound_ns), (1_000 * MS, 1_000 * MS));
        assert_eq!(plan.requests_alone_ns(cell), Some(100 * MS));
        assert_eq!(plan.unscaled_ideal_ns(cell), Some(10_000 * MS));
        assert_eq!(told(&plan), ["× 0.01 scales the delays, but not `work` 1s"]);
    }

    #[test]
    fn time_outs_that_meet_other_requests_are_told() {
        let with = |timeout_ms: u64, scale: f64| {
            told(&plan(scale, |_, strategy| strategy.timeout_ns = Some(timeout_ms * MS)))
        };
        assert_eq!(
            with(1_000, 0.01),
            [
                "`timeout` 1.00 s is not scaled: it is shorter than the delays of 0 of 12 requests at \
              × 0.01, and of 12 at × 1; scale it along, or ask at × 1"
            ]
        );
        // It ends all requests under both scales, or none under either.
        assert_eq!(with(50, 0.01), [""; 0]);
        assert_eq!(with(20_000, 0.01), [""; 0]);
        assert_eq!(with(1_000, 1.0), [""; 0]);
    }

    #[test]
    fn times_that_are_not_scaled_are_told() {
        let change = |scenario: &mut Scenario, _: &mut _| {
            (scenario.rtt_ns, scenario.connect_delay_ns) = (Some(15 * MS), 20 * MS);
            (scenario.handshake_delay_ns, scenario.dns_delay_ns) = (5 * MS, Some(2 * MS));
            scenario.arrival = Arrival::Constant(Rate::per_s(100));
        };
        let words = "× 0.1 scales the delays, but not `rtt` 15ms, `connect_delay` 20ms, `dns_delay` 2ms and \
                     the `arrival` of 100/s";
        assert_eq!(told(&plan(0.1, change)), [words]);
        assert_eq!(told(&plan(1.0, change)), [""; 0]);
    }

    #[test]
    fn overhead_that_is_no_longer_small_is_told() {
        // 12 × 60 µs are 0.72 ms: little of 10 ms, much of 1 ms.
        assert_eq!(told(&plan(0.001, |_, _| {})), [""; 0]);
        let told = told(&plan(0.0001, |_, _| {}));
        let words = "at × 0.0001 the delays leave 1.00 ms for 12 requests, which take about 720 µs of CPU \
                     at any scale: a ranking may not hold at × 1; take a scale nearer to 1";
        assert_eq!(told, [words]);
    }

    proptest! {
        /// At a scale of 1 there is nothing to say, whatever else is set.
        #[test]
        fn nothing_is_said_of_no_scale(timeout_ms in 1..20_000_u64, rtt_ms in 1..100_u64) {
            let plan = plan(1.0, |scenario, strategy| {
                strategy.timeout_ns = Some(timeout_ms * MS);
                scenario.rtt_ns = Some(rtt_ms * MS);
            });
            prop_assert!(plan.scale_cautions(0).is_empty());
            let cell = &plan.cells[0];
            prop_assert_eq!(plan.unscaled_ideal_ns(cell), Some(cell.ideal.wall_ns));
        }
    }
}
