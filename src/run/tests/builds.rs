//! Runs that compare two builds.

use super::*;
use crate::analyse::Analysis;
use crate::record::{Origin, Side};

const NAMES: [&str; 2] = ["base", "new"];

fn two() -> Plan {
    plan().with_builds(&NAMES)
}

fn create_two(results: &Path, plan: &Plan) -> RunWriter {
    let side = |name: &str| Side {
        name: name.to_owned(),
        build: Build { commit: Some(name.to_owned()), ..Build::this() },
        origin: Origin::WorkingTree,
        binary: "00".to_owned(),
    };
    create_with(results, EXPERIMENT, plan, NAMES.map(side).to_vec())
}

#[test]
fn every_build_runs_every_cell_and_is_read_back_apart() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = two();
    let mut writer = create_two(results.path(), &plan);
    let mut executor = Planned::default();
    let summary = go(&mut writer, &plan, &Done::default(), &mut executor);
    assert_eq!(summary, Summary { ok: 24, ..Summary::default() });
    let ran: Vec<usize> = executor.jobs.iter().map(|j| j.build).collect();
    let planned: Vec<usize> = plan.trials.iter().map(|t| t.build).collect();
    assert_eq!(ran, planned);
    assert_whole(writer.dir(), &plan);

    let recording = Recording::read(writer.dir()).expect("a readable record");
    assert_eq!(recording.builds(), NAMES);
    for name in NAMES {
        let view = recording.of_build(name);
        assert_eq!(view.builds(), Vec::<String>::new());
        assert_eq!(view.manifest.build.commit.as_deref(), Some(name));
        assert_eq!((view.trials.len(), view.plan.trials.len()), (12, 12));
        assert!(view.all_trials.iter().all(|t| t.build == name));
        assert_eq!(view.complete_blocks(), [1, 2, 3]);
        for cell in &plan.cells {
            assert_eq!(view.of_cell(&cell.id.to_string()).count(), 3);
        }
        let twins = view.measured().filter(|t| t.replica == "b").count();
        assert_eq!(twins, 3);
        // Each side has rows and timelines of its own.
        let logged = view.trials.iter().filter(|t| has_log(&executor, &recording, t)).count();
        assert_eq!(logged, 2);
    }
    assert_eq!(recording.subject().trials, recording.of_build("new").trials);
    assert_eq!(Analysis::of(&recording).cells[0].walls.len(), 3);
}

fn has_log(executor: &Planned, recording: &Recording, row: &TrialRow) -> bool {
    let at = recording.all_trials.iter().position(|t| t.trial == row.trial).expect("a row");
    executor.jobs[at].client.request_log.is_some()
}

#[test]
fn an_interrupted_comparison_goes_on_from_every_trial() {
    let plan = two();
    for stop in 1..=plan.trials.len() {
        let results = tempfile::tempdir().expect("a folder");
        let mut writer = create_two(results.path(), &plan);
        let mut executor = Planned { abort_at: Some(stop), ..Planned::default() };
        assert!(go(&mut writer, &plan, &Done::default(), &mut executor).interrupted);
        let dir = writer.dir().to_owned();
        drop(writer);
        let mut second = Planned::default();
        assert!(!resume(&dir, &mut second).interrupted);
        assert_whole(&dir, &plan);
        // What finished blocks left is not taken again, and nothing is missing.
        let logs = |e: &Planned| e.jobs.iter().filter(|j| j.client.request_log.is_some()).count();
        assert!(logs(&executor) + logs(&second) >= 4);
        if stop > 2 * 8 {
            assert_eq!(logs(&second), 0, "stopped at trial {stop}");
        }
    }
}

#[test]
fn a_torn_row_of_a_comparison_is_cut_and_repeated() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = two();
    let mut writer = create_two(results.path(), &plan);
    let mut executor = Planned { abort_at: Some(13), ..Planned::default() };
    go(&mut writer, &plan, &Done::default(), &mut executor);
    let dir = writer.dir().to_owned();
    drop(writer);
    let path = dir.join("trials.csv");
    let rows = fs_err::read(&path).expect("rows");
    fs_err::write(&path, &rows[..rows.len() - 7]).expect("a torn file");
    let torn = Recording::read(&dir).expect("a record that is torn at its end");
    assert_eq!(torn.all_trials.len(), 12);
    resume(&dir, &mut Planned::default());
    assert_whole(&dir, &plan);
}

#[test]
fn a_row_of_the_other_build_is_damage() {
    let results = tempfile::tempdir().expect("a folder");
    let plan = two();
    let mut writer = create_two(results.path(), &plan);
    go(&mut writer, &plan, &Done::default(), &mut Planned::default());
    let path = writer.dir().join("trials.csv");
    let text = fs_err::read_to_string(&path).expect("rows");
    let swapped = text.replacen(",base,", ",new,", 1);
    fs_err::write(&path, swapped).expect("a spoiled file");
    let error = Recording::read(writer.dir()).expect_err("damage").to_string();
    assert!(error.starts_with(&*path.to_string_lossy()), "{error}");
    assert!(
        error.contains("column `build`: `new` is not what manifest.json has: `base`"),
        "{error}"
    );
}

#[test]
fn a_usual_run_has_no_column_and_no_field_of_builds() {
    let results = tempfile::tempdir().expect("a folder");
    let header = |dir: &Path| {
        let text = fs_err::read_to_string(dir.join("plan.csv")).expect("a plan");
        text.lines().next().unwrap_or_default().to_owned()
    };
    let usual = create(results.path(), &plan());
    assert_eq!(header(usual.dir()), "block,position,trial,cell,replica,seed");
    let manifest = fs_err::read_to_string(usual.dir().join("manifest.json")).expect("a manifest");
    assert!(!manifest.contains("builds"), "{manifest}");
    let compared = create_two(results.path(), &two());
    assert_eq!(header(compared.dir()), "block,position,trial,cell,replica,seed,build");
}
