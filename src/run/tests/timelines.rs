//! Tests of which timelines stay.

use super::*;

/// Writes a timeline as a client does, and lets some requests of the pool fail from a block on.
struct Sampling {
    planned: Planned,
    breaks_from: usize,
}

impl Executor for Sampling {
    fn execute(&mut self, job: &Job, told: &mut dyn FnMut(Tick)) -> Result<Reports, Ended> {
        if let Some(timeline) = &job.client.timeline {
            fs_err::write(
                &timeline.path,
                "at_ns,in_flight,completed,cpu_ns,rss_bytes,threads,open_files\n0,0,0,0,,,\n",
            )
            .expect("a file");
        }
        let mut outcome = self.planned.execute(job, told);
        let breaks = self.planned.executed >= self.breaks_from;
        if let Ok(Reports { client, .. }) = &mut outcome
            && breaks
            && job.client.strategy.label != "sync"
        {
            client.ok = 5;
            client.errors = [("timeout(head)".to_owned(), 5)].into_iter().collect();
        }
        outcome
    }

    fn self_check(&mut self, cpus: &[usize]) -> Option<SelfCheck> {
        self.planned.self_check(cpus)
    }

    fn stopping(&self) -> bool {
        false
    }
}

fn kept(recording: &Recording) -> Vec<(u32, String)> {
    let has = |t: &&TrialRow| recording.timeline(&t.trial).expect("a timeline").is_some();
    recording.trials.iter().filter(has).map(|t| (t.block, t.label.clone())).collect()
}

fn run(text: &str, breaks_from: usize) -> (Recording, Vec<Job>) {
    let results = tempfile::tempdir().expect("a folder");
    let plan = plan_of(text);
    let mut writer = create_of(results.path(), text, &plan);
    let mut executor = Sampling { planned: Planned::default(), breaks_from };
    record(&plan, &cpus(), &Done::default(), narrow_enough, &mut writer, &mut executor, &mut Quiet)
        .expect("a record");
    let recording = Recording::read(writer.dir()).expect("a readable record");
    let mut all = kept(&recording);
    all.sort();
    println!("{all:?}");
    // Read while the folder is there.
    let files = fs_err::read_dir(writer.dir().join("timeline")).expect("a folder").count();
    assert_eq!(files, all.len());
    (Recording { name: format!("{all:?}"), ..recording }, executor.planned.jobs)
}

#[test]
fn all_trials_are_sampled_and_the_first_good_one_of_each_cell_keeps_it() {
    let (recording, jobs) = run(EXPERIMENT, usize::MAX);
    assert_eq!(recording.name, r#"[(0, "Fäden"), (0, "sync")]"#);
    assert!(jobs.iter().all(|j| j.client.timeline.is_some()));
    let every = |j: &Job| j.client.timeline.as_ref().map(|t| t.every_ns);
    // Short trials: 500 times a second in the warm-up, 100 times when it counts.
    assert_eq!((every(&jobs[0]), every(&jobs[11])), (Some(2_000_000), Some(10_000_000)));
    let long = EXPERIMENT.replace("1ms", "100s");
    assert_eq!(every(&run(&long, usize::MAX).1[11]), Some(50_000_000), "20 times a second");
}

#[test]
fn the_first_broken_trials_keep_theirs_too() {
    let six = EXPERIMENT.replace("count = 3", "count = 6");
    // The warm-up and block 1 are three trials each.
    let (recording, _) = run(&six, 7);
    let of_broken: Vec<u32> =
        recording.trials.iter().filter(|t| t.errors > Some(0)).take(3).map(|t| t.block).collect();
    let mut want: Vec<(u32, String)> = of_broken.iter().map(|b| (*b, "Fäden".to_owned())).collect();
    want.extend([(0, "Fäden".to_owned()), (0, "sync".to_owned())]);
    want.sort();
    assert_eq!(recording.name, format!("{want:?}"));
    assert_eq!(of_broken.len(), 3);
}
