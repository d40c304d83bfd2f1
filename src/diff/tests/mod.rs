//! Exact output for planned recordings, the rules of comparability, and simulations.

mod calibration;
mod failures;
mod gates;
mod grown;
mod history;
mod narrow;
mod rules;

use crate::diff::{self, Contest, Diff, Options, Relative, Side};
use crate::exit::Exit;
use crate::page::terminal::Screen;
use crate::plan::PlannedTrial;
use crate::record::{Event, Happening, Recording, Status, TrialRow, synthetic};
use crate::spec::Experiment;

/// Twelve blocks of four strategies.
fn four() -> Experiment {
    let strategies = vec![
        synthetic::strategy("sync", "sequential", None),
        synthetic::strategy("threads", "threads", Some(10)),
        synthetic::strategy("pool", "thread-pool", Some(20)),
        synthetic::strategy("async", "async-semaphore", Some(50)),
    ];
    synthetic::experiment(strategies, 12)
}

/// A finished recording of the day; `change` acts on trials that vary by ± 0.5 %, out of step
/// between days, replicas and cells.
fn recorded(
    day: u32,
    experiment: Experiment,
    mut change: impl FnMut(&PlannedTrial, &mut TrialRow),
) -> Recording {
    let mut recording = synthetic::recording(experiment, |_, planned, row| {
        let replica = if row.replica == "b" { 5 } else { 0 };
        let step = (planned.block * 7 + day * 3 + planned.cell as u32 * 4 + replica) % 11;
        scale(row, 1.01 + f64::from(step) / 1_000.0);
        change(planned, row);
    });
    recording.name = format!("202601{day:02}T000000Z-synthetic-{day:08}");
    recording.manifest.build.commit = Some(format!("{day:08}{}", "0".repeat(32)));
    recording.manifest.events =
        [Happening::Started, Happening::Finished].map(|what| Event { what, at_unix_ms: 0 }).into();
    recording
}

fn scale(row: &mut TrialRow, factor: f64) {
    row.wall_ns = row.wall_ns.map(|ns| (ns as f64 * factor) as u64);
}

fn unchanged(_: &PlannedTrial, _: &mut TrialRow) {}

fn of(base: &Recording, new: &Recording) -> Diff {
    with(base, new, &Options::default())
}

fn with(base: &Recording, new: &Recording, options: &Options) -> Diff {
    let contest = Contest::between(Side::of(base, "base"), Side::of(new, "new"));
    diff::compare(&[contest], options).remove(0)
}

fn exit(diff: &Diff, strict: bool) -> Exit {
    diff::exit(std::slice::from_ref(diff), strict)
}

fn text(diff: &Diff, color: bool) -> String {
    diff::text(std::slice::from_ref(diff), Screen { width: None, color }, false)
}

fn markdown(diff: &Diff) -> String {
    diff::markdown(std::slice::from_ref(diff))
}

fn csv(diff: &Diff) -> String {
    diff::csv(std::slice::from_ref(diff))
}

fn json(diff: &Diff) -> String {
    diff::json(std::slice::from_ref(diff))
}

/// `label outcome` of every cell, in the order of the table.
fn outcomes(diff: &Diff) -> Vec<String> {
    diff.cells.iter().map(|c| format!("{} {}", c.name, c.outcome.name())).collect()
}

/// Cells that are slower, faster, gone, new, failing, fixed, drifting and losing requests, on
/// another commit of a tree with changes.
fn eventful() -> Diff {
    let mut base = four();
    base.strategies.push(synthetic::strategy("gone", "async-buffered", Some(5)));
    base.strategies.push(synthetic::strategy("broken", "async-workers", Some(5)));
    base.strategies.push(synthetic::strategy("mended", "async-workers", Some(6)));
    base.strategies.push(synthetic::strategy("lossy", "async-workers", Some(7)));
    let mut new = base.clone();
    new.strategies[4] = synthetic::strategy("added", "async-buffered", Some(6));
    let base = recorded(1, base, |_, row| {
        if row.label == "mended" {
            row.set_status(Status::Failed, "the client took longer than 21 s");
            row.wall_ns = None;
        }
    });
    let mut new = recorded(2, new, |planned, row| match row.label.as_str() {
        "threads" => scale(row, 1.10),
        "pool" => scale(row, 0.80),
        "async" => scale(row, 1.0 + f64::from(planned.block) / 200.0),
        "broken" => {
            let (status, reason) = match planned.block % 3 {
                0 => (Status::Invalid, "in flight 6, limit 5"),
                _ => (Status::Failed, "the client ended with exit code 70"),
            };
            row.set_status(status, reason);
        }
        "lossy" => (row.ok, row.errors) = (Some(60), Some(40)),
        _ => {}
    });
    new.manifest.build.dirty = Some("fedcba9876543210".to_owned());
    new.manifest.kernel = "Linux 6.1".to_owned();
    of(&base, &new)
}

#[test]
fn eventful_in_every_form() {
    let diff = eventful();
    insta::assert_snapshot!("eventful_text", text(&diff, false));
    insta::assert_snapshot!("eventful_markdown", markdown(&diff));
    insta::assert_snapshot!("eventful_csv", csv(&diff));
    insta::assert_snapshot!("eventful_json", json(&diff));
    assert_eq!(exit(&diff, true), Exit::Worse);
}

#[test]
fn equal_builds() {
    let diff = of(&recorded(1, four(), unchanged), &recorded(2, four(), unchanged));
    insta::assert_snapshot!("equal_text", text(&diff, false));
    assert_eq!((exit(&diff, false), exit(&diff, true)), (Exit::Fine, Exit::Fine));
}

#[test]
fn a_recording_and_itself() {
    let recording = recorded(1, four(), unchanged);
    let refused = of(&recording, &recording);
    assert!(refused.same_recording && !refused.is_judged());
    assert_eq!(exit(&refused, false), Exit::NotComparable);
    insta::assert_snapshot!("itself_text", text(&refused, false));
    insta::assert_snapshot!("itself_markdown", markdown(&refused));
    let forced = with(&recording, &recording, &Options { force: true, ..Options::default() });
    let ratios = forced.cells.iter().map(|c| c.ratio.as_ref().expect("a ratio").ratio.value);
    assert!(ratios.into_iter().all(|ratio| ratio == 1.0));
    assert_eq!(exit(&forced, false), Exit::Fine);
}

#[test]
fn a_copy_is_the_same_recording_and_a_changed_one_is_not() {
    let recording = recorded(1, four(), unchanged);
    let copy = Recording { name: "copy".to_owned(), ..recording.clone() };
    assert_eq!(exit(&of(&recording, &copy), false), Exit::NotComparable);
    // One that was made before the other went on.
    let mut earlier = copy.clone();
    earlier.trials.retain(|trial| trial.block < 9);
    earlier.manifest.events.truncate(1);
    assert_eq!(exit(&of(&earlier, &recording), false), Exit::NotComparable);
    let mut changed = copy.clone();
    changed.trials.iter_mut().for_each(|row| scale(row, 1.001));
    let diff = of(&recording, &changed);
    assert!(diff.is_judged() && !diff.same_recording);
    assert!(diff.warnings.iter().any(|w| w.contains("changed copy")), "{:?}", diff.warnings);
    // Two that happen to be of the same numbers, with ids of their own.
    let mut other = copy;
    other.manifest.build.commit = Some("f".repeat(40));
    assert!(of(&recording, &other).is_judged());
}

#[test]
fn of_several_recordings_every_pair_is_looked_at() {
    let [base, new] = [1, 2].map(|day| recorded(day, four(), unchanged));
    let side = |recording: &Recording, label: &str| Side::of(recording, label);
    let contests = |news: [&Recording; 2]| {
        news.map(|new| Contest::between(side(&base, "base"), side(new, &new.name)))
    };
    let exits = |news: [&Recording; 2]| -> Vec<Exit> {
        let diffs = diff::compare(&contests(news), &Options::default());
        diffs.iter().map(|diff| exit(diff, false)).collect()
    };
    assert_eq!(exits([&new, &base]), [Exit::Fine, Exit::NotComparable]);
    assert_eq!(exits([&new, &new]), [Exit::Fine, Exit::NotComparable], "not twice in one family");
    let diffs = diff::compare(&contests([&new, &new]), &Options::default());
    assert!(!diffs[1].same_recording);
    assert!(text(&diffs[1], false).contains("are one recording"), "{}", text(&diffs[1], false));
}

#[test]
fn another_machine_and_another_profile() {
    let base = recorded(1, four(), unchanged);
    let mut new = recorded(2, four(), |_, row| scale(row, 2.0));
    new.manifest.machine = "linux-aarch64-8cpu-16gib-0000".to_owned();
    let never = Options { relative: Relative::Never, ..Options::default() };
    let diff = with(&base, &new, &never);
    insta::assert_snapshot!("other_machine_text", text(&diff, false));
    insta::assert_snapshot!("other_machine_csv", csv(&diff));
    assert_eq!(exit(&diff, false), Exit::NotComparable);
    let forced = with(&base, &new, &Options { force: true, ..never.clone() });
    insta::assert_snapshot!("forced_text", text(&forced, false));
    assert_eq!(exit(&forced, false), Exit::Worse);

    // Both are labelled `test`; labels are shown where they tell the two apart.
    new.machine.as_mut().expect("a machine").label = "laptop".to_owned();
    let shown = text(&with(&base, &new, &never), false);
    assert!(shown.contains("machine differs (test against laptop)"), "{shown}");
    new.manifest.machine.clone_from(&base.manifest.machine);
    let labelled = exit(&with(&base, &new, &never), false);
    assert_ne!(labelled, Exit::NotComparable, "a label is no identity");

    let mut new = recorded(2, four(), |_, row| scale(row, 2.0));
    new.manifest.build.profile = "debug".to_owned();
    let diff = of(&base, &new);
    insta::assert_snapshot!("debug_markdown", markdown(&diff));
    assert_eq!(exit(&diff, false), Exit::NotComparable);
}

#[test]
fn too_few_blocks() {
    let few = || Experiment { blocks: crate::spec::Blocks { count: 3, ..four().blocks }, ..four() };
    let diff = of(
        &recorded(1, few(), unchanged),
        &recorded(2, few(), |_, row| {
            if row.label == "async" {
                scale(row, 3.0);
            }
        }),
    );
    insta::assert_snapshot!("too_few_text", text(&diff, false));
    assert_eq!((exit(&diff, false), exit(&diff, true)), (Exit::Fine, Exit::Inconclusive));
}

#[test]
fn colours_only_where_asked() {
    let diff = eventful();
    let plain = text(&diff, false);
    let colored = text(&diff, true);
    assert!(!plain.contains('\u{1b}'));
    assert!(colored.contains("\u{1b}[31mslower\u{1b}[0m"), "{colored}");
    let stripped = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(stripped, plain);
}
