//! Recordings with models and clients that this build does not have.

use std::path::Path;

use super::page;
use crate::machine::Machine;
use crate::protocol::{ClientConfig, ServerReady};
use crate::record::synthetic::recording;
use crate::record::{Build, Happening, Manifest, NewRun, Recording, RunPredictions};
use crate::spec::{Experiment, Scenario, Source};
use crate::strategy::Strategy;
use crate::vocabulary::Runtime;

const TEXT: &str = r#"
title = "t"
question = "q?"
workload = { requests = 4, delay = "10ms" }
blocks = { count = 8 }
baseline = { client = "curl", model = "fibres" }

[[strategy]]
label = "known"
model = "sequential"
client = ["ureq", "curl"]

[[strategy]]
label = "new"
model = "fibres"
client = "curl"

[[strategy]]
label = "by default"
model = "fibres"
limit = 2
"#;

/// Ideal of `fibres`, which the other build knew.
const IDEAL_NS: u64 = 10_000_000;

#[test]
fn a_recording_of_an_unknown_client_and_model_is_read_and_reported() {
    let folder = tempfile::tempdir().expect("a folder");
    let (here, start) = (Path::new("."), jiff::Timestamp::UNIX_EPOCH);
    let source = Source { name: "t.toml".to_owned(), text: TEXT.to_owned(), overrides: Vec::new() };
    let refused = Experiment::parse(&source, here).expect_err("nothing can be run").to_string();
    assert!(refused.contains("unknown model \"fibres\""), "{refused}");
    assert!(refused.contains("unknown client \"curl\""), "{refused}");

    // To the other build, fibres were async.
    let is_planned = |_: &Scenario, strategy: &Strategy| {
        strategy.model.known().is_some() || strategy.runtime == Some(Runtime::CurrentThread)
    };
    let planned = Experiment::parse_recorded(&source, here, &is_planned).expect("good");
    let made = recording(planned, |_, _, row| {
        row.build = Build::this().short();
        if row.model == "fibres" {
            (row.ideal_ns, row.expected_peak_in_flight) = (IDEAL_NS, 4);
            row.wall_ns = Some(IDEAL_NS + 1);
        }
    });
    let machine = Machine::this();
    let new = NewRun {
        results: folder.path(),
        experiment: TEXT,
        traces: Vec::new(),
        plan: &made.plan,
        predictions: RunPredictions::default(),
        manifest: Manifest::of(&made.plan, &machine),
        machine: &machine,
        start,
    };
    let mut writer = new.create().expect("a run");
    writer.note(Happening::Started, start).expect("a note");
    for row in &made.all_trials {
        writer.append_trial(row, &[(1_000, 3), (2_000, 1)]).expect("a row");
    }
    writer.note(Happening::Finished, start).expect("a note");

    let recording = Recording::read(writer.dir()).expect("a readable record");
    let shown: Vec<String> = (recording.plan.cells.iter())
        .map(|c| format!("{} {} {:?}", c.strategy.model, c.strategy.library, c.strategy.runtime))
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r"
    sequential ureq None
    sequential curl None
    fibres curl Some(CurrentThread)
    fibres reqwest Some(CurrentThread)
    ");
    let ideals = recording.plan.cells.iter().map(|cell| cell.ideal.wall_ns);
    assert!(ideals.eq([4 * IDEAL_NS, 4 * IDEAL_NS, IDEAL_NS, IDEAL_NS]));
    let page = page(&recording);
    for name in ["`known curl`", "`new`", "`by default`"] {
        assert!(page.contains(name), "the report lacks {name}:\n{page}");
    }
    let sent = serde_json::to_string(&recording.plan.cells[2].strategy).expect("a document");
    let strategy: Strategy = serde_json::from_str(&sent).expect("the same strategy");
    let nowhere = ServerReady::at(([127, 0, 0, 1], 1).into());
    let config = ClientConfig::of(&recording.plan.experiment.scenarios[0], &strategy, &nowhere);
    let error = crate::client::run(&config).expect_err("it cannot be run").to_string();
    assert_eq!(error, "there is no model `fibres`");
}
