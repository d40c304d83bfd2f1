//! Recordings made of planned numbers, for tests: no sockets, no clock, and no files unless asked
//! for.

mod disk;

use std::num::NonZeroU32;
use std::path::PathBuf;

use super::{Build, FORMAT, Manifest, Origin, Recording, Side, Status, TrialRow};
use crate::delay::{Delay, Fixed, Model};
use crate::machine::Machine;
use crate::plan::{Only, Plan, PlannedTrial};
use crate::spec::{Blocks, Experiment, RecordLevel, Scenario};
use crate::strategy::{Strategy, library, model};

pub(crate) use disk::on_disk;

/// An experiment of these strategies, 100 requests with delays of 10 ms, and this many blocks
/// after one of warm-up.
pub(crate) fn experiment(strategies: Vec<Strategy>, blocks: u32) -> Experiment {
    Experiment {
        name: "synthetic".to_owned(),
        title: "A synthetic experiment".to_owned(),
        question: "Which strategy is the fastest?".to_owned(),
        scenarios: vec![Scenario {
            body_bytes: 4_000,
            ..Scenario::plain(
                100,
                Delay { model: Model::Fixed(Fixed { ns: 10_000_000 }), max_ns: None },
            )
        }],
        strategies,
        excludes: Vec::new(),
        baseline: None,
        control: None,
        blocks: Blocks {
            count: blocks,
            count_is_default: false,
            until: None,
            warmup: 1,
            seed: 1,
            repeat_invalid: 0,
        },
        claims: Vec::new(),
        gates: Vec::new(),
        record: RecordLevel::Sample,
        margin: 0.02,
        deadline_ns: None,
        program_files: Vec::new(),
    }
}

/// A strategy with the default client of its model.
pub(crate) fn strategy(label: &str, model: &str, limit: Option<u32>) -> Strategy {
    let model = model::named(model).expect("a model");
    let library = library::of_flavour(model.flavour()).next().expect("a library");
    let limit = limit.and_then(NonZeroU32::new);
    Strategy { limit, ..Strategy::of(label, model, library) }.checked().expect("a valid strategy")
}

/// A recording of an experiment in which `fill` decided what became of each trial; before that, a
/// row is `ok`, took its ideal time, and everything else about it is plausible.
pub(crate) fn recording(
    experiment: Experiment,
    fill: impl FnMut(&Plan, &PlannedTrial, &mut TrialRow),
) -> Recording {
    recording_of_builds(experiment, &[], fill)
}

/// A recording with several builds in every block; `fill` finds the name of a trial's build in
/// `row.build`. The commits of the builds begin with their position and are zeros otherwise.
pub(crate) fn recording_of_builds(
    experiment: Experiment,
    builds: &[&str],
    mut fill: impl FnMut(&Plan, &PlannedTrial, &mut TrialRow),
) -> Recording {
    let plan = Plan::new(experiment, &Only::default()).expect("a plan").with_builds(builds);
    let machine = Machine {
        label: "test".to_owned(),
        os: "linux".to_owned(),
        arch: "x86_64".to_owned(),
        cpu_model: "Test CPU".to_owned(),
        cpus: 2,
        memory_gib: 8,
    };
    let trials: Vec<TrialRow> = plan
        .trials
        .iter()
        .map(|planned| {
            let mut row = TrialRow::planned(&plan, planned, 1);
            plausible(&plan, planned, &mut row);
            fill(&plan, planned, &mut row);
            row
        })
        .collect();
    let build = Build {
        version: "0.1.0".to_owned(),
        commit: Some("0123456789abcdef0123456789abcdef01234567".to_owned()),
        dirty: None,
        rustc: "rustc 1.95.0".to_owned(),
        profile: "release".to_owned(),
        lock: "00ff".to_owned(),
        patched: None,
    };
    let sides = builds.iter().enumerate().map(|(index, name)| Side {
        name: (*name).to_owned(),
        build: Build { commit: Some(format!("{index}{}", "0".repeat(39))), ..build.clone() },
        origin: Origin::Revision(format!("v{index}")),
        binary: format!("{index:016}"),
    });
    Recording {
        dir: PathBuf::from("results/test/synthetic"),
        name: "20260101T000000Z-synthetic-01234567".to_owned(),
        manifest: Manifest {
            format: FORMAT,
            id: None,
            experiment: "synthetic".to_owned(),
            builds: sides.collect(),
            build,
            plan: plan.digest(),
            overrides: Vec::new(),
            only: Vec::new(),
            argv: vec!["inflight".to_owned(), "run".to_owned(), "synthetic.toml".to_owned()],
            given: None,
            machine: machine.id(),
            kernel: "Linux 6.0".to_owned(),
            server_cpus: vec![1],
            client_cpus: vec![0],
            programs: Vec::new(),
            model_lines: plan.model_lines(),
            nofile: Some(20_000),
            events: Vec::new(),
        },
        machine: Some(machine),
        experiment_text: String::new(),
        all_trials: trials.clone(),
        trials,
        env: Vec::new(),
        plan,
    }
}

fn plausible(plan: &Plan, planned: &PlannedTrial, row: &mut TrialRow) {
    let cell = &plan.cells[planned.cell];
    let requests = u64::from(plan.scenario_of(cell).requests);
    row.set_status(Status::Ok, "");
    row.wall_ns = Some(row.ideal_ns);
    row.issued = Some(requests);
    row.ok = Some(requests);
    row.errors = Some(0);
    row.latency_p50_ns = Some(10_100_000);
    row.latency_p90_ns = Some(10_300_000);
    row.latency_p99_ns = Some(10_900_000);
    row.latency_max_ns = Some(12_000_000);
    row.client_peak_in_flight = Some(u64::from(cell.ideal.peak));
    row.client_cpu_user_ns = Some(5_000_000);
    row.client_cpu_sys_ns = Some(3_000_000);
    row.client_cpu_process_ns = Some(10_000_000);
    row.client_max_rss_bytes = Some(9_000_000);
    row.client_peak_threads = Some(2);
    row.client_body_bytes = Some(requests * 4_000);
    row.client_body_mismatches = Some(0);
    row.server_requests = Some(requests);
    row.server_answered = Some(requests);
    row.server_connections = Some(u64::from(cell.ideal.peak));
    row.server_accept_failures = Some(0);
    row.server_peak_in_flight = Some(u64::from(cell.ideal.peak));
    row.server_delay_sum_ns = Some(requests * 10_020_000);
    row.server_delay_error_p50_ns = Some(20_000);
    row.server_delay_error_p99_ns = Some(60_000);
    row.server_delay_error_max_ns = Some(90_000);
    row.server_cpu_user_ns = Some(2_000_000);
    row.server_cpu_sys_ns = Some(2_000_000);
    row.server_max_rss_bytes = Some(7_000_000);
    row.listen_overflows = Some(0);
    row.retransmits = Some(0);
}
