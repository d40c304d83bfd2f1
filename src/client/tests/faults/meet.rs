//! Every library meets every case.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::record::RequestRow;

/// Trials at once. Most of them only wait, and few enough begin together that a timeout is not met by
/// a request that waits for a processor.
const AT_ONCE: usize = 8;

/// A library that meets a case.
struct Meeting<'a> {
    case: &'a Case,
    library: &'static Library,
    protocol: Protocol,
}

/// Has every library that speaks its version of HTTP meet every case. All that is not as the table
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
        library::ALL.iter().flat_map(move |&library| {
            let spoken = case.protocols.iter().filter(|p| library.protocols.contains(p));
            spoken.map(move |&protocol| Meeting { case, library, protocol })
        })
    }

    /// What is not as the table says, with all that was told.
    fn complaints(&self) -> Option<String> {
        let Meeting { case, library, protocol } = self;
        let trial = self.trial();
        let wrong = self.wrong(&trial);
        (!wrong.is_empty()).then(|| {
            let report = &trial.report;
            let classes: Vec<_> =
                report.failures.iter().map(|f| (&*f.class, f.phase.name(), f.requests)).collect();
            let told = trial.requests.iter().find_map(|row| row.error_chain.as_deref());
            format!(
                "{}: {} {protocol}: {}\n    {} ok, {classes:?}, errno {:?}, {}",
                case.name,
                library.name,
                wrong.join("; "),
                report.ok,
                trial.requests.iter().find_map(|row| row.errno),
                told.unwrap_or("no chain"),
            )
        })
    }

    fn trial(&self) -> Recorded {
        let faulty = (self.case.server)();
        let scenario = Scenario {
            tls: faulty.ready.certificate.is_some(),
            dns_delay_ns: faulty.ready.dns.map(|_| 0),
            ..scenario(REQUESTS, fixed_ms(0))
        };
        let wanted = wanted(self.library, self.protocol, Reuse::Session);
        let mut strategy = Strategy::new(wanted).expect("valid");
        strategy.timeout_ns = self.case.timeout.then_some(TIMEOUT.as_nanos() as u64);
        recorded(ClientConfig::of(&(self.case.scenario)(scenario), &strategy, &faulty.ready))
    }

    fn wrong(&self, trial: &Recorded) -> Vec<String> {
        let said = self.case.said_by(self.library);
        let report = &trial.report;
        let meets = |index: &u32| said.class.is_some() && (self.case.meets)(*index);
        let failing = (0..REQUESTS).filter(meets).count() as u64;
        let mut wrong = Vec::new();
        let mut check = |holds: bool, what: String| {
            if !holds {
                wrong.push(what);
            }
        };

        let expected: BTreeMap<String, u64> =
            said.class.iter().map(|class| (class.to_string(), failing)).collect();
        check(report.errors == expected, format!("{:?} instead of {expected:?}", report.errors));
        check(
            (report.issued, report.ok) == (REQUESTS.into(), u64::from(REQUESTS) - failing),
            format!("{} issued, {} ok", report.issued, report.ok),
        );
        let mismatches = if said.class == Some("body_mismatch") { failing } else { 0 };
        check(report.body_mismatches == mismatches, format!("{} wrong", report.body_mismatches));
        check(
            report.first_error.as_ref().is_some_and(|c| !c.is_empty()) == (failing > 0),
            format!("first error {:?}", report.first_error),
        );
        if let Some(phase) = said.phase {
            let phase = told(self.library, phase);
            check(
                report.failures.iter().all(|failures| failures.phase == phase),
                format!("not in phase {}", phase.name()),
            );
        }

        check(trial.requests.len() == REQUESTS as usize, format!("{} rows", trial.requests.len()));
        for row in &trial.requests {
            if !meets(&row.index) {
                let nothing: (_, _, &Option<String>) = (&None, None, &None);
                check(
                    (&row.error, row.errno, &row.error_chain) == nothing,
                    format!("request {} fails", row.index),
                );
                continue;
            }
            check(row.error.as_deref() == said.class, format!("{} has {:?}", row.index, row.error));
            check(has_chain(row), format!("request {} has no chain", row.index));
            check(
                row.errno.map_or(said.errnos.is_empty(), |errno| said.errnos.contains(&errno)),
                format!("errno {:?} instead of {:?}", row.errno, said.errnos),
            );
        }
        wrong.dedup();
        wrong
    }
}

fn has_chain(row: &RequestRow) -> bool {
    row.error_chain.as_ref().is_some_and(|chain| !chain.is_empty())
}

/// The phase in which a library's failure is counted that happens in this one: the next that it tells.
/// The recorder knows three for all of them.
fn told(library: &Library, phase: Phase) -> Phase {
    let known = |phase: &Phase| {
        [Phase::Queue, Phase::Wait, Phase::Receive].contains(phase) || library.tells.contains(phase)
    };
    let from = Phase::ALL.into_iter().skip(phase as usize);
    from.clone().find(known).unwrap_or(Phase::Receive)
}
