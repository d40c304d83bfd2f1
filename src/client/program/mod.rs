//! A trial whose requests a program issues.
//!
//! The program runs below this process, in a tree that is counted as a whole and ended as a whole: when
//! the program ends, when it fails, and when the harness is gone (its end of the standard input closes).
//! Processes that the program leaves behind make the trial fail.

mod report;

use std::collections::BTreeMap;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Stdio;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::outcome::Outcome;
use super::output;
use super::report::histogram;
use crate::child::tree::{Cpu, Readings, Tree, end_of, wait_for_any};
use crate::child::{ChildError, system};
use crate::machine::process::Usage;
use crate::protocol::{
    self, ClientConfig, ClientReport, CpuBy, Failures, FirstFailure, Percentiles, ProgramReport,
};
use crate::strategy::probe::Phase;
use crate::strategy::program::Call;
use crate::strategy::{Program, Service, Settings};
use crate::timer::Moment;
use report::{Reported, Row};

/// Time between two looks at the processes, and its part of the time so far: a long trial needs no
/// more looks than a short one.
const LOOK_EVERY: Duration = Duration::from_millis(10);
const LOOKS: u32 = 1_000;

/// Time that processes may outlive the program that started them: helpers that end by themselves do
/// so in a moment.
const OUTLIVE: Duration = Duration::from_secs(1);

/// A row of a report has fewer bytes than this, however it is written.
const ROW_BYTES: u64 = 1_000;

/// Runs the trial. This process must have no other children.
pub(super) fn run(config: &ClientConfig, program: &Program) -> Result<ClientReport, ChildError> {
    let folder = tempfile::tempdir().map_err(system("make a folder for the report"))?;
    let path = folder.path().join("report.csv");
    std::fs::File::create(&path).map_err(system("make the file of the report"))?;
    let none = Settings::default();
    let call = Call {
        program,
        settings: config.strategy.settings.as_ref().unwrap_or(&none),
        server: config.server,
        base: config.strategy.service.as_ref().and_then(Service::base).unwrap_or_default(),
        requests: config.requests,
        limit: config.strategy.limit.map(Into::into),
        timeout_ns: config.strategy.timeout_ns,
        max_connections: config.strategy.max_connections.map(Into::into),
        seed: config.seed,
        body_bytes: config.body_bytes,
        report: &path,
    };
    let mut command = call.command();
    // Its own words are quoted if it fails. Our standard output is for the report to the harness.
    let words = || io::stderr().as_fd().try_clone_to_owned().map(Stdio::from);
    let words = || words().map_err(system("give the program an output"));
    command.stdin(Stdio::null()).stdout(words()?).stderr(words()?);
    let mut tree = Tree::new().map_err(system("count the processes of a program"))?;
    let began = Moment::now();
    let leader = match tree.start(command) {
        Ok(leader) => leader,
        Err(error) => {
            let why = format!("did not start: {error}");
            return Ok(failed(ProgramReport { failure: Some(why), ..ProgramReport::default() }));
        }
    };
    let ran = watch(Arc::new(tree), leader)?;
    let mut program = ProgramReport {
        failure: ran.failure,
        reports: false,
        reports_bodies: false,
        cpu_by: ran.readings.cpu().map_or(CpuBy::Wait, |_| CpuBy::Cgroup),
        process_wall_ns: ran.ended.monotonic_ns().saturating_sub(began.monotonic_ns()),
        peak_processes: ran.readings.peak.processes,
    };
    let reported = match read(&path, config) {
        Ok(reported) => reported,
        // A program that failed for a reason of its own may have left half a line.
        Err(why) => {
            program.failure.get_or_insert(why);
            None
        }
    };
    program.reports = reported.is_some();
    let has_bytes = |row: &Row| row.bytes.is_some() || row.failure.is_some();
    program.reports_bodies = reported.as_ref().is_some_and(|r| r.rows.iter().all(has_bytes));
    let window = reported.as_ref().map(|reported| (reported.begin_ns, reported.end_ns));
    // The times of a program are moments of this machine's clock only if they are within its life.
    let life = began.monotonic_ns()..=ran.ended.monotonic_ns();
    let window = window.filter(|(begin, end)| life.contains(begin) && life.contains(end));
    let waited = Cpu { user_ns: ran.waited.user_ns, sys_ns: ran.waited.sys_ns };
    let cpu = ran.readings.cpu().unwrap_or(waited);
    let within = window.and_then(|(begin, end)| ran.readings.cpu_within(begin, end));
    let used = within.unwrap_or(cpu);
    let peak = ran.readings.peak;
    let measured = ClientReport {
        protocol: protocol::VERSION,
        began_ns: window.map(|(begin, _)| begin),
        cpu_user_ns: used.user_ns,
        cpu_sys_ns: used.sys_ns,
        cpu_process_ns: cpu.user_ns + cpu.sys_ns,
        max_rss_bytes: Some(peak.rss_bytes.max(peak.max_rss_bytes)),
        peak_threads: Some(peak.threads),
        peak_open_files: peak.open_files,
        voluntary_switches: ran.waited.voluntary_switches,
        involuntary_switches: ran.waited.involuntary_switches,
        minor_faults: Some(ran.waited.minor_faults),
        major_faults: Some(ran.waited.major_faults),
        program: Some(program),
        ..ClientReport::default()
    };
    let Some(reported) = reported else { return Ok(measured) };
    write_rows(config, &reported).map_err(system("write the rows of the trial"))?;
    Ok(with_requests(measured, reported))
}

fn failed(program: ProgramReport) -> ClientReport {
    ClientReport { protocol: protocol::VERSION, program: Some(program), ..ClientReport::default() }
}

/// Facts about a tree of processes that is gone.
struct Ran {
    ended: Moment,
    failure: Option<String>,
    readings: Readings,
    /// Usage of all processes that were waited for.
    waited: Usage,
}

/// Waits for the end of a program, and sees that nothing of it is left.
fn watch(tree: Arc<Tree>, leader: u32) -> Result<Ran, ChildError> {
    let gone = Arc::new(AtomicBool::new(false));
    spawn("harness", {
        let (tree, gone) = (Arc::clone(&tree), Arc::clone(&gone));
        move || {
            wait_for_hangup();
            gone.store(true, Ordering::Release);
            tree.kill();
        }
    })?;
    let seen = Arc::new(Mutex::new(Readings::default()));
    let is_over = Arc::new(AtomicBool::new(false));
    let looking = spawn("processes", {
        let (tree, seen, is_over) = (Arc::clone(&tree), Arc::clone(&seen), Arc::clone(&is_over));
        move || {
            let begun = Instant::now();
            while !is_over.load(Ordering::Acquire) {
                seen.lock().unwrap_or_else(PoisonError::into_inner).note(&tree);
                std::thread::park_timeout(LOOK_EVERY.max(begun.elapsed() / LOOKS));
            }
        }
    })?;
    let leader = leader.cast_signed();
    let status = loop {
        match wait_for_any(0) {
            Some((pid, status)) if pid == leader => break status,
            // A process that the program left, and that has ended.
            Some(_) => {}
            None => return Err(ChildError::Failed("the program cannot be waited for".to_owned())),
        }
    };
    let ended = Moment::now();
    let (end, is_success) = end_of(status);
    let mut failure = (!is_success).then_some(end);
    let until = Instant::now() + OUTLIVE;
    let left = loop {
        while wait_for_any(libc::WNOHANG).is_some_and(|(pid, _)| pid > 0) {}
        let alive = tree.alive();
        if alive.is_empty() || Instant::now() > until || gone.load(Ordering::Acquire) {
            break alive;
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    if !left.is_empty() {
        let (n, names) = (left.len(), Tree::names(&left));
        failure.get_or_insert(format!("ended, and left {n} processes behind ({names})"));
        tree.kill();
    }
    seen.lock().unwrap_or_else(PoisonError::into_inner).note(&tree);
    is_over.store(true, Ordering::Release);
    looking.thread().unpark();
    looking.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
    while wait_for_any(libc::WNOHANG).is_some_and(|(pid, _)| pid > 0) {}
    if gone.load(Ordering::Acquire) {
        failure = Some("was given up".to_owned());
    }
    let readings = seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
    Ok(Ran { ended, failure, readings, waited: Usage::of_children() })
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<std::thread::JoinHandle<T>, ChildError> {
    let builder = std::thread::Builder::new().name(name.to_owned());
    builder.spawn(work).map_err(system("start a thread"))
}

/// Returns when the other end of the standard input is closed.
fn wait_for_hangup() {
    let mut input = libc::pollfd { fd: 0, events: 0, revents: 0 };
    loop {
        // SAFETY: the pointer is to one live `pollfd`, as the length says.
        let ready = unsafe { libc::poll(&raw mut input, 1, -1) };
        let interrupted =
            ready < 0 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted;
        if !interrupted {
            return;
        }
    }
}

/// Reads the report.
fn read(path: &Path, config: &ClientConfig) -> Result<Option<Reported>, String> {
    let cannot = |error: io::Error| format!("its report cannot be read: {error}");
    let most = ROW_BYTES * (u64::from(config.requests) + 2);
    let bytes = std::fs::metadata(path).map_err(cannot)?.len();
    if bytes > most {
        return Err(format!(
            "its report has {bytes} B, more than {} requests need",
            config.requests
        ));
    }
    let text = std::fs::read(path).map_err(cannot)?;
    // How long the answers of a service are is not known.
    let body_bytes = config.strategy.service.is_none().then_some(config.body_bytes);
    report::parse(&text, config.requests, body_bytes)
}

impl Row {
    /// The request, with times since the begin of the window.
    fn outcome(&self, begin_ns: u64) -> Outcome {
        Outcome {
            scheduled_ns: self.start_ns - begin_ns,
            start_ns: self.start_ns - begin_ns,
            head_ns: self.head_ns.map(|ns| ns - begin_ns),
            end_ns: self.end_ns - begin_ns,
            status: self.status,
            body_bytes: self.bytes.unwrap_or(0),
            failure: self.failure.clone().map(Box::new),
            ..Outcome::default()
        }
    }
}

fn write_rows(config: &ClientConfig, reported: &Reported) -> io::Result<()> {
    let Some(log) = &config.request_log else { return Ok(()) };
    let mut rows: Vec<&Row> = reported.rows.iter().filter(|row| row.index < log.rows).collect();
    rows.sort_unstable_by_key(|row| row.index);
    let rows = rows.into_iter().map(|row| row.outcome(reported.begin_ns).row(config, row.index));
    output::write_new(&log.path, rows)
}

/// Adds what the program reported of its requests.
fn with_requests(measured: ClientReport, reported: Reported) -> ClientReport {
    let Reported { begin_ns, end_ns, mut rows } = reported;
    rows.sort_by_key(|row| row.index);
    let good = rows.iter().filter(|row| row.failure.is_none());
    let mut latencies: Vec<u64> = good.map(|row| row.end_ns - row.start_ns).collect();
    latencies.sort_unstable();
    let mut errors: BTreeMap<String, u64> = BTreeMap::new();
    let mut failures: BTreeMap<(String, Phase), u64> = BTreeMap::new();
    for (row, failure) in rows.iter().filter_map(|row| Some((row, row.failure.as_ref()?))) {
        let class = failure.class.to_string();
        *errors.entry(class.clone()).or_default() += 1;
        *failures.entry((class, row.failed_in())).or_default() += 1;
    }
    let failures = failures.into_iter();
    let failures = failures.map(|((class, phase), requests)| Failures { class, phase, requests });
    let flight = Flight::of(&rows);
    ClientReport {
        wall_ns: end_ns - begin_ns,
        issued: rows.len() as u64,
        ok: latencies.len() as u64,
        body_bytes: rows.iter().filter_map(|row| row.bytes).sum(),
        body_mismatches: errors.get("body_mismatch").copied().unwrap_or(0),
        peak_in_flight: flight.peak,
        first_error: rows.iter().find_map(|row| Some(row.failure.as_ref()?.chain.clone())),
        first_failure: flight.first_failure.map(|(row, in_flight, started)| FirstFailure {
            class: row.failure.as_ref().map(|f| f.class.to_string()).unwrap_or_default(),
            phase: row.failed_in(),
            at_ns: row.end_ns - begin_ns,
            in_flight,
            started,
        }),
        failures: failures.collect(),
        errors,
        latency: histogram(&latencies),
        latency_percentiles: Percentiles::of(&latencies),
        ..measured
    }
}

impl Row {
    /// The phase that it did not come to the end of, as far as a program tells.
    fn failed_in(&self) -> Phase {
        if self.head_ns.is_some() { Phase::Receive } else { Phase::Wait }
    }
}

/// Requests over time.
struct Flight<'a> {
    peak: u64,
    /// The failure that came first, requests in flight then (itself included), and requests started.
    first_failure: Option<(&'a Row, u64, u64)>,
}

impl Flight<'_> {
    fn of(rows: &[Row]) -> Flight<'_> {
        // Of what happens at one moment, ends come first.
        let ends = rows.iter().map(|row| (row.end_ns, false, row));
        let mut events: Vec<_> =
            rows.iter().map(|row| (row.start_ns, true, row)).chain(ends).collect();
        // But a request that takes no time starts before it ends.
        events.sort_by_key(|(ns, is_start, row)| (*ns, *is_start && row.end_ns > *ns));
        let (mut now, mut peak, mut started) = (0i64, 0i64, 0u64);
        let mut first_failure = None;
        for (_, is_start, row) in events {
            if is_start {
                now += 1;
                started += 1;
                peak = peak.max(now);
            } else {
                if row.failure.is_some() && first_failure.is_none() {
                    first_failure = Some((row, now.max(1).unsigned_abs(), started.max(1)));
                }
                now -= 1;
            }
        }
        Flight { peak: peak.unsigned_abs(), first_failure }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strategy::failure::{Class, Failure};

    fn row(index: u32, start_ns: u64, end_ns: u64, fails: bool) -> Row {
        let failure = fails.then(|| Failure::new(Class::Reset, "cut"));
        Row { index, start_ns, head_ns: None, end_ns, status: None, bytes: None, failure }
    }

    #[test]
    fn requests_in_flight_are_counted_from_start_to_end() {
        let rows = [
            row(0, 0, 10, false),
            row(1, 10, 30, false),
            row(2, 12, 20, true),
            row(3, 15, 40, true),
        ];
        let flight = Flight::of(&rows);
        assert_eq!(flight.peak, 3);
        let (first, in_flight, started) = flight.first_failure.expect("two failed");
        assert_eq!((first.index, in_flight, started), (2, 3, 4));
        assert_eq!(Flight::of(&[]).peak, 0);
        assert_eq!(Flight::of(&[row(0, 5, 5, false)]).peak, 1);
    }

    #[test]
    fn the_sum_of_results_is_the_number_of_rows() {
        let reported = Reported {
            begin_ns: 0,
            end_ns: 50,
            rows: vec![row(1, 0, 10, true), row(0, 5, 20, false)],
        };
        let report = with_requests(ClientReport::default(), reported);
        assert_eq!((report.issued, report.ok, report.wall_ns), (2, 1, 50));
        assert_eq!(report.errors.values().sum::<u64>(), 1);
        assert_eq!(report.failures[0].phase, Phase::Wait);
        assert_eq!(report.first_error.as_deref(), Some("cut"));
    }
}
