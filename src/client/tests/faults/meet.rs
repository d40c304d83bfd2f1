//! Every library meets every case.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::record::RequestRow;

/// Trials at once. Most of them only wait, and few enough begin together that a timeout is not met by
/// a request that waits for a processor.
const AT_ONCE: usize = 16;

/// A trial has ended by then, however busy the machine is: none waits for more than five seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A library that meets a case.
struct Meeting<'a> {
    case: &'a Case,
    library: &'static Library,
    model: &'static str,
    protocol: Protocol,
}

/// Has every library that speaks its version of HTTP meet every case, in every way that it waits. All that is not as the table
/// says is told together.
pub(super) fn all(cases: &[Case]) {
    let meetings: Vec<Meeting<'_>> = cases.iter().flat_map(Meeting::of).collect();
    let (next, complaints) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(meeting) = meetings.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let found = meeting.complaints();
                    complaints.lock().expect("no panic").extend(found);
                }
            });
        }
    });
    let complaints = complaints.into_inner().expect("no panic");
    let (wrong, all) = (complaints.len(), meetings.len());
    assert!(complaints.is_empty(), "{wrong} of {all}:\n{}", complaints.join("\n"));
}

impl<'a> Meeting<'a> {
    fn of(case: &'a Case) -> impl Iterator<Item = Meeting<'a>> {
        driven().flat_map(move |(library, model)| {
            let spoken = case.protocols.iter().filter(|p| library.protocols.contains(p));
            spoken.map(move |&protocol| Meeting { case, library, model, protocol })
        })
    }

    /// Differences from the table, with all that was told.
    fn complaints(&self) -> Option<String> {
        let Meeting { case, library, model, protocol } = self;
        let begun = std::time::Instant::now();
        let trial = self.trial();
        let mut wrong = self.wrong(&trial);
        if begun.elapsed() > PATIENCE {
            wrong.push(format!("took {:?}", begun.elapsed()));
        }
        (!wrong.is_empty()).then(|| {
            let report = &trial.report;
            let classes: Vec<_> =
                report.failures.iter().map(|f| (&*f.class, f.phase.name(), f.requests)).collect();
            let told = trial.requests.iter().find_map(|row| row.error_chain.as_deref());
            format!(
                "{}: {model} {} {protocol}: {}\n    {} ok, {classes:?}, errno {:?}, {}",
                case.name,
                library.name,
                wrong.join("; "),
                report.ok,
                trial.requests.iter().find_map(|row| row.errno),
                told.unwrap_or("no chain"),
            )
        })
    }

    fn scenario(&self) -> Scenario {
        let scenario = (self.case.scenario)(scenario(REQUESTS, fixed_ms(0)));
        if self.case.protocols.len() > 1 && self.protocol == Protocol::Http2 {
            // What happens before there is a connection happens to the one request that opens it.
            // What those are told that wait for it are cases of their own.
            return Scenario { requests: scenario.targets, ..scenario };
        }
        scenario
    }

    fn strategy(&self) -> Strategy {
        let wanted = wanted_by(self.model, self.library, self.protocol, Reuse::Session);
        let mut strategy = wanted.checked().expect("valid");
        strategy.timeout_ns = self.case.timeout.then_some(TIMEOUT.as_nanos() as u64);
        strategy
    }

    /// The phase in which a failure is counted that happens in this one: the next that is told.
    fn told(&self, phase: Phase) -> Phase {
        let tells = self.strategy().tells(true, true);
        let known = |phase: &Phase| tells[*phase as usize];
        Phase::ALL.into_iter().skip(phase as usize).find(known).unwrap_or(Phase::Receive)
    }

    fn trial(&self) -> Recorded {
        let faulty = (self.case.server)();
        let scenario = Scenario {
            tls: faulty.ready.certificate.is_some(),
            dns_delay_ns: faulty.ready.dns.map(|_| 0),
            ..self.scenario()
        };
        recorded(ClientConfig::of(&scenario, &self.strategy(), &faulty.ready))
    }

    /// Whether this request is to fail.
    fn fails(&self, index: u32) -> bool {
        self.case.said_by(self.library).class.is_some() && (self.case.meets)(index)
    }

    fn wrong(&self, trial: &Recorded) -> Vec<String> {
        let mut wrong = Wrong::default();
        self.check_report(&trial.report, &mut wrong);
        let requests = self.scenario().requests as usize;
        wrong.unless(trial.requests.len() == requests, || "rows are missing".to_owned());
        trial.requests.iter().for_each(|row| self.check_row(row, &mut wrong));
        wrong.0
    }

    fn check_report(&self, report: &ClientReport, wrong: &mut Wrong) {
        let said = self.case.said_by(self.library);
        let requests = self.scenario().requests;
        let failing = (0..requests).filter(|index| self.fails(*index)).count() as u64;
        let errors = |class: Option<&str>| class.and_then(|c| report.errors.get(c)).unwrap_or(&0);
        let expected = [said.class, said.or];
        wrong.unless(expected.into_iter().map(errors).sum::<u64>() == failing, || {
            format!("{:?} instead of {failing} {expected:?}", report.errors)
        });
        let (issued, ok) = (report.issued, report.ok);
        wrong.unless((issued, ok + failing) == (requests.into(), requests.into()), || {
            format!("{issued} issued, {ok} ok")
        });
        let mismatches = if said.class == Some("body_mismatch") { failing } else { 0 };
        wrong.unless(report.body_mismatches == mismatches, || {
            format!("{} mismatches", report.body_mismatches)
        });
        let told = report.first_error.as_ref().is_some_and(|chain| !chain.is_empty());
        wrong.unless(told == (failing > 0), || format!("first error {:?}", report.first_error));
        if let Some(phase) = said.phase {
            let phase = self.told(phase);
            let mut of_class = report.failures.iter().filter(|f| Some(&*f.class) == said.class);
            wrong.unless(of_class.all(|failures| failures.phase == phase), || {
                format!("not in phase {}", phase.name())
            });
        }
    }

    fn check_row(&self, row: &RequestRow, wrong: &mut Wrong) {
        let said = self.case.said_by(self.library);
        let RequestRow { index, error, errno, error_chain, .. } = row;
        if !self.fails(*index) {
            let nothing = error.is_none() && errno.is_none() && error_chain.is_none();
            wrong.unless(nothing, || format!("request {index} fails"));
            return;
        }
        let chain = error_chain.as_deref().unwrap_or_default();
        wrong.unless(!chain.is_empty(), || format!("request {index} has no chain"));
        if error.as_deref() == said.class {
            let known = errno.map_or(said.errnos.is_empty(), |errno| said.errnos.contains(&errno));
            wrong.unless(known, || format!("errno {errno:?} instead of {:?}", said.errnos));
        } else {
            wrong.unless(error.is_some() && error.as_deref() == said.or, || {
                format!("request {index} has {error:?}: {chain}")
            });
        }
    }
}

/// Differences from the table.
#[derive(Default)]
struct Wrong(Vec<String>);

impl Wrong {
    fn unless(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds {
            self.0.push(what());
        }
    }
}
