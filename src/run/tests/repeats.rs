//! Blocks that are repeated because the machine was busy.

use super::*;

/// Answers after 100 ms, so that a trial takes longer than what is allowed; two repeats at most.
fn text(repeats: u32) -> String {
    EXPERIMENT.replace("1ms", "100ms") + &format!("repeat_invalid = {repeats}\n")
}

/// Three blocks after one of warm-up, with as many trials each.
fn run(results: &Path, repeats: u32, late_at: &[usize]) -> (Summary, Recording, Planned) {
    let text = text(repeats);
    let plan = plan_of(&text);
    let mut writer = create_of(results, &text, &plan);
    let mut executor = Planned { late_at: late_at.to_vec(), ..Planned::default() };
    let summary = go(&mut writer, &plan, &Done::default(), &mut executor);
    (summary, Recording::read(writer.dir()).expect("a record"), executor)
}

fn attempts(recording: &Recording) -> Vec<u32> {
    let mut attempts = vec![0; 4];
    recording.trials.iter().for_each(|t| attempts[t.block as usize] = t.attempt);
    attempts
}

#[test]
fn a_block_is_repeated_whole_and_what_was_thrown_away_stays() {
    let results = tempfile::tempdir().expect("a folder");
    let per_block = plan_of(&text(2)).trials.len() / 4;
    let second = 2 * per_block + 2;
    let (summary, recording, executor) = run(results.path(), 2, &[second]);
    assert_eq!(summary, Summary { ok: 4 * per_block as u64, repeats: 1, ..Summary::default() });
    assert_eq!(executor.executed, 5 * per_block);
    assert_eq!(attempts(&recording), [1, 1, 2, 1]);
    assert_eq!(recording.all_trials.len(), 5 * per_block);
    assert!(recording.trials.iter().all(TrialRow::is_ok));
    let thrown = recording.all_trials.iter().filter(|t| t.status == Status::Invalid);
    let reasons: Vec<&str> = thrown.map(|t| t.reason.as_str()).collect();
    let [reason] = reasons[..] else { panic!("{reasons:?}") };
    assert!(reason.contains("the server's lateness cost"), "{reason}");
    assert_eq!(recording.repeated_blocks(), 1);
    assert_eq!(recording.env.iter().filter(|e| e.block == 2).count(), 2);
}

#[test]
fn it_is_repeated_so_often_and_no_more_and_the_last_one_counts() {
    let results = tempfile::tempdir().expect("a folder");
    let all: Vec<usize> = (0..100).collect();
    let per_block = plan_of(&text(2)).trials.len() / 4;
    let (summary, recording, _) = run(results.path(), 2, &all);
    // Warm-up is not looked at.
    assert_eq!(
        summary,
        Summary { invalid: 4 * per_block as u64, repeats: 6, ..Summary::default() }
    );
    assert_eq!(attempts(&recording), [1, 3, 3, 3]);
    assert_eq!(recording.repeated_blocks(), 6);
}

#[test]
fn without_the_rule_nothing_is_repeated() {
    let results = tempfile::tempdir().expect("a folder");
    let per_block = plan_of(&text(0)).trials.len() / 4;
    let (summary, recording, _) = run(results.path(), 0, &[2 * per_block]);
    assert_eq!((summary.invalid, summary.repeats), (1, 0));
    assert_eq!(attempts(&recording), [1; 4]);
    assert_eq!(recording.repeated_blocks(), 0);
}

/// A run that is interrupted anywhere and resumed ends with the same attempts as one that is not.
#[test]
fn a_resumed_run_repeats_what_the_whole_one_does() {
    let per_block = plan_of(&text(1)).trials.len() / 4;
    // The first attempt of block 1 is late, whenever it runs.
    let late: Vec<usize> = (per_block + 1..=2 * per_block).collect();
    for abort_at in per_block + 1..=4 * per_block {
        let results = tempfile::tempdir().expect("a folder");
        let text = text(1);
        let plan = plan_of(&text);
        let mut writer = create_of(results.path(), &text, &plan);
        let mut executor =
            Planned { late_at: late.clone(), abort_at: Some(abort_at), ..Planned::default() };
        let summary = go(&mut writer, &plan, &Done::default(), &mut executor);
        assert!(summary.interrupted);
        let dir = writer.dir().to_owned();
        drop(writer);
        resume(&dir, &mut Planned::default());
        let recording = Recording::read(&dir).expect("a record");
        assert!(recording.trials.iter().all(TrialRow::is_ok), "{abort_at}");
        assert!(recording.manifest.is_finished());
        // The attempt that was late was whole, or it was the one that was interrupted.
        let repeats = usize::from(abort_at > 2 * per_block);
        assert_eq!(recording.repeated_blocks(), repeats, "{abort_at}");
    }
}

/// A wrong answer is the strategy's, and repeating it would not help.
#[test]
fn other_reasons_repeat_nothing() {
    let text = text(2);
    let plan = plan_of(&text);
    let cell = &plan.cells[0];
    let mut row = TrialRow::planned(&plan, &plan.trials[plan.trials.len() - 1], 1);
    row.cell = cell.id.to_string();
    (row.issued, row.errors, row.ok) = (Some(10), Some(0), Some(10));
    (row.server_requests, row.server_answered) = (Some(10), Some(10));
    (row.server_connections, row.server_requests_per_connection_max) = (Some(1), Some(10));
    (row.server_peak_in_flight, row.wall_ns) = (Some(1), Some(2_000_000_000));
    (row.server_pause_sum_ns, row.server_late_sum_ns) = (Some(1_000_000_000), Some(0));
    (row.server_late_max_ns, row.server_shared_cpu_ns) = (Some(0), Some(0));
    row.server_stalled_ns = Some(700_000_000);
    row.status = Status::Invalid;
    assert!(must_repeat(&plan, std::slice::from_ref(&row), 1));
    assert!(!must_repeat(&plan, std::slice::from_ref(&row), 2));
    // Invalid for its strategy as well.
    let both =
        TrialRow { server_requests_per_connection_max: Some(10), issued: Some(9), ..row.clone() };
    assert!(!must_repeat(&plan, &[both], 0));
    let other = TrialRow { server_stalled_ns: Some(0), ..row };
    assert!(!must_repeat(&plan, &[other], 0));
}

/// Names of events, without the trials.
#[derive(Default)]
struct Heard(Vec<String>);

impl Sink for Heard {
    fn note(&mut self, _plan: &Plan, event: Event) {
        self.0.push(match event {
            Event::Planned(left) => format!("{} planned", left.len()),
            Event::TrialBegun(_) => "<".to_owned(),
            Event::TrialEnded(..) => ">".to_owned(),
            Event::BlockEnded(block) => format!("{block} ended"),
            Event::Repeated(block, repeats) => format!("{} repeated {repeats}", block[0].block),
            Event::Ended(summary) => format!("interrupted: {}", summary.interrupted),
            Event::Warning(_) | Event::Tick(..) => "?".to_owned(),
        });
    }
}

#[test]
fn events_are_told_in_the_order_in_which_they_happen() {
    let text = text(1);
    let plan = plan_of(&text);
    let heard = |mut executor: Planned| {
        let results = tempfile::tempdir().expect("a folder");
        let mut writer = create_of(results.path(), &text, &plan);
        let (done, mut heard) = (Done::default(), Heard::default());
        record(&plan, &cpus(), &done, narrow_enough, &mut writer, &mut executor, &mut heard)
            .expect("a record");
        heard.0.join(" ")
    };
    // A block is three trials; one in the block after the warm-up is late.
    assert_eq!(
        heard(Planned { late_at: vec![5], ..Planned::default() }),
        "12 planned < > < > < > 0 ended < > < > < > 1 ended 1 repeated 1 < > < > < > 1 ended \
         < > < > < > 2 ended < > < > < > 3 ended interrupted: false"
    );
    assert_eq!(
        heard(Planned { abort_at: Some(5), ..Planned::default() }),
        "12 planned < > < > < > 0 ended < > < > interrupted: true"
    );
}
