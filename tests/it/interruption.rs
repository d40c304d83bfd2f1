//! Nothing is lost when a run is killed, and it goes on where it was.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use inflight::record::{Recording, Status, TrialRow};

use crate::bench::{Bench, TINY, alone, files_under, interrupted_after, wait_for};

/// Times that a run is killed before it may end.
const KILLS: u32 = 12;

fn start(bench: &Bench, args: &[&str]) -> Child {
    bench
        .command(args)
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts")
}

/// Every planned trial is chosen once, is a measurement, and has its files.
fn assert_whole(run: &Path) {
    let recording = Recording::read(run).expect("a readable record");
    let chosen: Vec<(u32, u32)> = recording.trials.iter().map(|t| (t.block, t.position)).collect();
    let planned: Vec<(u32, u32)> =
        recording.plan.trials.iter().map(|t| (t.block, t.position)).collect();
    assert_eq!(chosen, planned);
    // A busy machine may make a trial invalid, never fail it.
    let measured = |status| matches!(status, Status::Ok | Status::Invalid);
    assert!(recording.trials.iter().all(|t| measured(t.status)), "{:?}", recording.trials);
    let latencies = recording.latencies().expect("histograms");
    for trial in &recording.trials {
        let requests: u64 = latencies[&trial.trial].iter().map(|(_, n)| n).sum();
        assert_eq!(requests, 8, "{}", trial.trial);
    }
    // The first good trial of a cell leaves them; one that was invalid before it has left them too.
    let good = |block: u32| recording.trials.iter().filter(move |t| t.block == block && t.is_ok());
    let cells = |trials: Vec<&TrialRow>| -> Vec<String> {
        let mut cells: Vec<String> = trials.iter().map(|t| t.cell.clone()).collect();
        cells.sort();
        cells
    };
    let once = |trials: Vec<&TrialRow>| -> Vec<String> {
        let mut cells = cells(trials);
        cells.dedup();
        cells
    };
    let has_rows = |t: &&TrialRow| recording.requests(&t.trial).expect("rows").is_some();
    let speaking = good(1).filter(|t| t.replica == "a");
    assert_eq!(cells(good(1).filter(has_rows).collect()), once(speaking.collect()));
    let has_timeline = |t: &&TrialRow| recording.timeline(&t.trial).expect("samples").is_some();
    assert_eq!(cells(good(0).filter(has_timeline).collect()), once(good(0).collect()));
}

#[test]
fn a_killed_run_goes_on_and_loses_nothing() {
    let _alone = alone();
    let bench = Bench::new();
    bench.file("tiny.toml", TINY);
    let mut child = start(&bench, &["run", "--quiet", "tiny.toml"]);
    wait_for("the run's folder", || bench.runs().len() == 1);
    let run = bench.runs().pop().expect("a run");
    let name = run.display().to_string();
    let trials = run.join("trials.csv");
    let rows = || fs_err::read(&trials).map_or(0, |t| t.iter().filter(|&&b| b == b'\n').count());
    for kill in 0..KILLS {
        // Up to five rows more than before, so that blocks of three are finished on the way; then a
        // different moment of the next trial each time.
        let before = rows();
        let more = 1 + kill as usize % 5;
        let finished =
            || Recording::read(&run).is_ok_and(|recording| recording.manifest.is_finished());
        wait_for("some trials", || rows() >= before + more || finished());
        std::thread::sleep(Duration::from_millis(u64::from(kill) * 7 % 60));
        child.kill().expect("a kill");
        child.wait().expect("an end");
        // Its children die with it, so nothing is written any more.
        let sizes = || -> Vec<u64> {
            let files = files_under(&run);
            files.iter().map(|f| fs_err::metadata(run.join(f)).map_or(0, |m| m.len())).collect()
        };
        std::thread::sleep(Duration::from_millis(10));
        let still = sizes();
        std::thread::sleep(Duration::from_millis(30));
        assert_eq!(sizes(), still, "no child of a killed run goes on writing");
        child = start(&bench, &["run", "--quiet", "--resume", &name]);
    }
    let output = child.wait_with_output().expect("an end");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!([Some(0), Some(5)].contains(&output.status.code()), "{said}");
    assert_whole(&run);
    let recording = Recording::read(&run).expect("a readable record");
    let repeated = recording.trials.iter().filter(|t| t.block > 0 && t.attempt > 1).count();
    assert!(repeated > 0, "a measured block was interrupted");
    bench.call(&["report", "--check"]).exits(0);
}

#[test]
fn ctrl_c_ends_a_run_safely_and_says_how_to_go_on() {
    let _alone = alone();
    let bench = Bench::new();
    // Long enough that the signal meets a trial, whatever the machine does.
    let slow = TINY.replace("requests = 8", "requests = 100").replace("\"4ms\"", "\"20ms\"");
    bench.file("slow.toml", &slow);
    let said = interrupted_after(&bench, &["run", "slow.toml"], 1);
    let run = bench.runs().pop().expect("a run");
    let resume = said.lines().last().expect("a last line").trim().to_owned();
    assert!(resume.starts_with("inflight run --resume results/"), "{said}");
    let rows = fs_err::read_to_string(run.join("trials.csv")).expect("rows");
    assert!(rows.ends_with('\n'));
    // The signal meets a trial, or the moment between two.
    assert!(rows.lines().filter(|l| l.contains(",aborted,")).count() <= 1, "{rows}");

    let args: Vec<&str> = resume.split(' ').skip(1).collect();
    bench.call(&args).has_recorded().says("going on with");
    bench.call(&args).has_recorded().says("nothing is left to run");
}
